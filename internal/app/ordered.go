package app

import "io"

// Ordered writes what belongs to calls in the order in which the calls began, though they end in another. A call that goes on for very long does not hold the others
// back without limit: past the budget they are written before it.
//
// One call that nobody ends holds back all that began after it, up to the budget. So the texts stand one behind the other on shelves, which are used again,
// and not each in memory of its own.
type Ordered struct {
	w      io.Writer
	budget int
	held   heldHeap
	bytes  int
	shelf  *shelf   // where the next text goes
	idle   []*shelf // that hold nothing
}

// OrderedBudget is the default budget for what is held back, in bytes.
const OrderedBudget = 64 << 20

// shelf has texts that are held back, one behind the other.
type shelf struct {
	bytes []byte
	texts int // that are still held
}

const (
	shelfSize = 256 << 10
	// shelfRoom is how much room a text finds at least on its shelf: so much of each may lie idle. A longer text has memory of its own.
	shelfRoom = 16 << 10
	// maxIdle is how many shelves that hold nothing are kept.
	maxIdle = 16
)

// NewOrdered returns an Ordered that writes to w.
func NewOrdered(w io.Writer, budget int) *Ordered { return &Ordered{w: w, budget: budget} }

type heldText struct {
	seq   int64
	text  []byte
	shelf *shelf // nil: in memory of its own
}

// heldHeap has the lowest seq at its root. It is not container/heap, which would box each text.
type heldHeap []heldText

func (h *heldHeap) push(t heldText) {
	q := append(*h, t)
	i := len(q) - 1
	for i > 0 {
		p := (i - 1) / 2
		if q[p].seq <= q[i].seq {
			break
		}
		q[p], q[i] = q[i], q[p]
		i = p
	}
	*h = q
}

func (h *heldHeap) pop() heldText {
	q := *h
	top := q[0]
	n := len(q) - 1
	q[0] = q[n]
	q[n] = heldText{}
	q = q[:n]
	for i := 0; ; {
		k := 2*i + 1
		if k >= n {
			break
		}
		if k+1 < n && q[k+1].seq < q[k].seq {
			k++
		}
		if q[i].seq <= q[k].seq {
			break
		}
		q[i], q[k] = q[k], q[i]
		i = k
	}
	*h = q
	return top
}

// Buffer returns an empty slice to write a text into and give to Put.
func (o *Ordered) Buffer() []byte {
	if o.shelf == nil || cap(o.shelf.bytes)-len(o.shelf.bytes) < shelfRoom {
		o.turn()
	}
	return o.shelf.bytes[len(o.shelf.bytes):]
}

// turn takes an empty shelf for the texts to come.
func (o *Ordered) turn() {
	if full := o.shelf; full != nil && full.texts == 0 {
		full.bytes = full.bytes[:0]
		return
	}
	if n := len(o.idle); n > 0 {
		o.shelf, o.idle = o.idle[n-1], o.idle[:n-1]
		return
	}
	o.shelf = &shelf{bytes: make([]byte, 0, shelfSize)}
}

// Put takes the text of a call. What has to wait stays where Buffer had it written, or is copied. All calls with a lower seq than oldest have been put, or never
// will be.
func (o *Ordered) Put(seq int64, text []byte, oldest int64) error {
	if seq < oldest && (len(o.held) == 0 || seq < o.held[0].seq) {
		// Its turn: nothing before it is open or held.
		if _, err := o.w.Write(text); err != nil {
			return err
		}
		return o.flush(oldest)
	}
	o.held.push(o.hold(seq, text))
	o.bytes += len(text)
	return o.flush(oldest)
}

// hold keeps a text.
func (o *Ordered) hold(seq int64, text []byte) heldText {
	room := o.Buffer()
	if len(text) > cap(room) {
		// As long as it is and no longer: there may be as much as the budget of them.
		return heldText{seq, append([]byte(nil), text...), nil}
	}
	if cap(text) == 0 || &text[:1][0] != &room[:1][0] {
		text = append(room, text...)
	}
	s := o.shelf
	s.bytes = s.bytes[:len(s.bytes)+len(text)]
	s.texts++
	return heldText{seq, text[:len(text):len(text)], s}
}

// release gives back the room of a text that is held no longer.
func (o *Ordered) release(t heldText) {
	s := t.shelf
	if s == nil {
		return
	}
	if s.texts--; s.texts == 0 && s != o.shelf && len(o.idle) < maxIdle {
		s.bytes = s.bytes[:0]
		o.idle = append(o.idle, s)
	}
}

func (o *Ordered) flush(oldest int64) error {
	for len(o.held) > 0 && (o.held[0].seq < oldest || o.bytes > o.budget) {
		t := o.held.pop()
		o.bytes -= len(t.text)
		_, err := o.w.Write(t.text)
		o.release(t)
		if err != nil {
			return err
		}
	}
	return nil
}

// Close writes all that is held.
func (o *Ordered) Close() error { return o.flush(1<<63 - 1) }
