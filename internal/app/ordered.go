package app

import "io"

// Ordered writes what belongs to calls in the order in which the calls began, though they end in another. A call that goes on for very long does not hold the others
// back without limit: past the budget they are written before it.
//
//	held   │ nil │ text │ text │ nil │ text │     from first on; nil: not put yet, or nothing to write
//	         └ still open
type Ordered struct {
	w      io.Writer
	budget int
	held   [][]byte // by seq, from first on
	first  int64    // all calls with a lower seq are written; those that come late are written at once
	bytes  int      // of held, and what it holds
	newest []byte   // what Buffer gave, used again
	free   [][]byte // what held texts that are written, used again
}

// OrderedBudget is the default budget for what is held back, in bytes.
const OrderedBudget = 64 << 20

// slotSize is what a call takes in held, in bytes.
const slotSize = 24

// maxFree and maxFreeText bound what is kept of written texts, maxNewest what Buffer keeps.
const (
	maxFree     = 1 << 14
	maxFreeText = 256
	maxNewest   = 1 << 20
)

// NewOrdered returns an Ordered that writes to w. Seqs count from 1.
func NewOrdered(w io.Writer, budget int) *Ordered { return &Ordered{w: w, budget: budget, first: 1} }

// Buffer returns an empty slice to write a text into and give to Put.
func (o *Ordered) Buffer() []byte { return o.newest[:0] }

// Put takes the text of a call; what is to wait it copies. All calls with a lower seq than oldest have been put, or never will be.
func (o *Ordered) Put(seq int64, text []byte, oldest int64) error {
	if cap(text) <= maxNewest {
		o.newest = text
	}
	if seq <= o.first || seq < oldest && len(o.held) == 0 {
		// Its turn, or too late for it: nothing before it is open or held.
		if len(text) > 0 {
			if _, err := o.w.Write(text); err != nil {
				return err
			}
		}
	} else if len(text) > 0 {
		o.hold(seq, text)
	}
	return o.flush(oldest)
}

// hold keeps a text, as long as it is and no longer: there may be as much as the budget of them.
func (o *Ordered) hold(seq int64, text []byte) {
	for at := seq - o.first; at >= int64(len(o.held)); {
		o.held = append(o.held, nil)
		o.bytes += slotSize
	}
	var kept []byte
	if n := len(o.free); n > 0 && len(text) <= maxFreeText {
		kept, o.free = o.free[n-1], o.free[:n-1]
	}
	o.held[seq-o.first] = append(kept[:0], text...)
	o.bytes += len(text)
}

// flush writes what has its turn.
func (o *Ordered) flush(oldest int64) error {
	for len(o.held) > 0 && (o.first < oldest || o.bytes > o.budget) {
		text := o.held[0]
		o.held[0] = nil
		o.held = o.held[1:]
		o.first++
		o.bytes -= slotSize + len(text)
		if text == nil {
			continue
		}
		if _, err := o.w.Write(text); err != nil {
			return err
		}
		if cap(text) <= maxFreeText && len(o.free) < maxFree {
			o.free = append(o.free, text)
		}
	}
	if len(o.held) == 0 {
		o.first = max(o.first, oldest)
	}
	return nil
}

// Close writes all that is held.
func (o *Ordered) Close() error { return o.flush(1<<63 - 1) }
