package app

import "io"

// Ordered writes what belongs to calls in the order in which the calls began, though they end in another. A call that goes on for very long does not hold the others
// back without limit: past the budget they are written before it.
type Ordered struct {
	w       io.Writer
	budget  int
	held    heldHeap
	bytes   int
	scratch []byte // of the newest text
}

// OrderedBudget is the default budget for what is held back, in bytes.
const OrderedBudget = 64 << 20

// NewOrdered returns an Ordered that writes to w.
func NewOrdered(w io.Writer, budget int) *Ordered { return &Ordered{w: w, budget: budget} }

type heldText struct {
	seq  int64
	text []byte
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
func (o *Ordered) Buffer() []byte { return o.scratch[:0] }

// Put takes the text of a call; what is to wait it copies. All calls with a lower seq than oldest have been put, or never will be.
func (o *Ordered) Put(seq int64, text []byte, oldest int64) error {
	if cap(text) <= 1<<20 {
		o.scratch = text
	}
	if seq < oldest && (len(o.held) == 0 || seq < o.held[0].seq) {
		// Its turn: nothing before it is open or held.
		if _, err := o.w.Write(text); err != nil {
			return err
		}
		return o.flush(oldest)
	}
	// As long as it is and no longer: there may be as much as the budget of them.
	o.held.push(heldText{seq, append([]byte(nil), text...)})
	o.bytes += len(text)
	return o.flush(oldest)
}

func (o *Ordered) flush(oldest int64) error {
	for len(o.held) > 0 && (o.held[0].seq < oldest || o.bytes > o.budget) {
		t := o.held.pop()
		o.bytes -= len(t.text)
		if _, err := o.w.Write(t.text); err != nil {
			return err
		}
	}
	return nil
}

// Close writes all that is held.
func (o *Ordered) Close() error { return o.flush(1<<63 - 1) }
