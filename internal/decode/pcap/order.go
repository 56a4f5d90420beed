package pcap

import (
	"container/heap"
	"container/list"
	"time"

	"sipscribe/internal/capture"
)

// Records come in the order of the frames in which their messages begin. A message that is spread over frames is whole only
// later, and until then the messages of the frames between are held back:
//
//	frame    5         6          7         8
//	         TCP: ½ A  UDP: B     UDP: C    TCP: ½ A
//	given    –         –          –         A, B, C
//
// Limits of the holding back.
const (
	maxHold      = 5 * time.Second // of the capture's clock
	maxHeld      = 16 << 10        // records
	maxHeldBytes = 8 << 20
)

// waiting is a message that began in a frame and is not whole.
type waiting struct {
	number  int64 // of the frame
	clock   int64 // of the frame; 0 if it has no time
	element *list.Element
}

// held is a record that waits for messages that began earlier.
type held struct {
	rec    capture.Record
	serial int64 // the order in which records came about, for those of one frame
}

type heldHeap []held

func (h heldHeap) Len() int { return len(h) }
func (h heldHeap) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	if a.rec.Origin.Number != b.rec.Origin.Number {
		return a.rec.Origin.Number < b.rec.Origin.Number
	}
	return a.serial < b.serial
}
func (h heldHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heldHeap) Push(x any)   { *h = append(*h, x.(held)) }
func (h *heldHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = held{}
	*h = old[:len(old)-1]
	return x
}

// order holds records back until nothing that began before them can still come.
type order struct {
	pending list.List // of *waiting, by frame
	held    heldHeap
	bytes   int
	serial  int64
}

// mustWait reports whether a record that begins in the frame cannot be told yet.
func (o *order) mustWait(number int64) bool {
	if len(o.held) > 0 {
		return true
	}
	front := o.pending.Front()
	return front != nil && front.Value.(*waiting).number < number
}

// await notes that a message which began in the frame is not whole.
func (o *order) await(w *waiting, number, clock int64) {
	if w.element != nil {
		if w.number == number {
			return
		}
		o.settle(w)
	}
	w.number, w.clock = number, clock
	// Nearly always it is the youngest, and after a loss among the oldest: the search goes from both ends at once.
	back, front := o.pending.Back(), o.pending.Front()
	for back != nil {
		if back.Value.(*waiting).number <= number {
			w.element = o.pending.InsertAfter(w, back)
			return
		}
		if front.Value.(*waiting).number > number {
			w.element = o.pending.InsertBefore(w, front)
			return
		}
		back, front = back.Prev(), front.Next()
	}
	w.element = o.pending.PushFront(w)
}

// settle notes that a message is whole, given up or no longer waited for.
func (o *order) settle(w *waiting) {
	if w.element != nil {
		o.pending.Remove(w.element)
		w.element = nil
	}
}

// emit tells of a record now, or holds a copy back.
func (d *decoder) emit(r capture.Record) {
	o := &d.order
	if !o.mustWait(r.Origin.Number) {
		d.ready = append(d.ready, r)
		return
	}
	r.Data = append([]byte(nil), r.Data...)
	o.bytes += len(r.Data)
	o.serial++
	heap.Push(&o.held, held{rec: r, serial: o.serial})
}

// release tells of the records that need not be held back any longer; of all, at the end.
func (d *decoder) release(all bool) {
	o := &d.order
	if len(o.held) == 0 {
		if o.pending.Len() > 0 {
			d.forgetOld()
		}
		return
	}
	d.forgetOld()
	for len(o.held) > 0 {
		over := len(o.held) > maxHeld || o.bytes > maxHeldBytes
		if front := o.pending.Front(); front != nil && !all {
			if front.Value.(*waiting).number < o.held[0].rec.Origin.Number {
				if !over {
					return
				}
				o.settle(front.Value.(*waiting))
				continue
			}
		}
		h := heap.Pop(&o.held).(held)
		o.bytes -= len(h.rec.Data)
		d.ready = append(d.ready, h.rec)
	}
}

// forgetOld stops waiting for messages that began more than maxHold ago.
func (d *decoder) forgetOld() {
	if !d.frame.timed {
		return
	}
	o := &d.order
	for e := o.pending.Front(); e != nil; e = o.pending.Front() {
		w := e.Value.(*waiting)
		if w.clock != 0 && d.clock.time.Clock-w.clock <= int64(maxHold) {
			return
		}
		// Frames without a time in a capture that has times elsewhere: counted instead.
		if w.clock == 0 && d.frame.number-w.number < maxHeld {
			return
		}
		o.settle(w)
	}
}
