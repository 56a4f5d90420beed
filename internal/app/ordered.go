package app

import "io"

// Ordered writes what belongs to calls in the order in which the calls began, though they end in another. A call that goes on for very long does not hold the others
// back without limit: past the budget they are written before it.
//
//	slots   │ – │ 0:0 │ 0:310 │ – │ 0:95 │      by seq, from first on: where its text stands; –: not put yet, or nothing to write
//	          └ still open
//	pages   │text text text …│text …   │       texts in the order in which they were put
type Ordered struct {
	w      io.Writer
	budget int
	slots  []slot
	first  int64 // all calls with a lower seq are written; those that come late are written at once
	bytes  int   // of slots, and of pages with texts that are not written
	pages  []page
	filled int     // the page that is filled, -1: none
	idle   []int32 // pages without texts that are not written
	newest []byte  // what Buffer gave, used again
}

// slot is the place of a text.
type slot struct {
	page   int32
	at, to uint32 // to is 0 where there is none
}

// page holds texts one behind the other.
type page struct {
	text []byte
	held int // texts in it that are not written
}

// OrderedBudget is the default budget for what is held back, in bytes.
const OrderedBudget = 64 << 20

const (
	slotSize = 12
	// pageSize is how long a page is, and pagesLeast how many there is room for. A text that is longer has one of its own.
	pageSize, pagesLeast = 64 << 10, 64
	// maxIdle is how many pages are kept that hold nothing.
	maxIdle = 16
	// maxNewest bounds what Buffer keeps.
	maxNewest = 1 << 20
)

// NewOrdered returns an Ordered that writes to w. Seqs count from 1.
func NewOrdered(w io.Writer, budget int) *Ordered {
	return &Ordered{w: w, budget: budget, first: 1, filled: -1}
}

// Buffer returns an empty slice to write a text into and give to Put.
func (o *Ordered) Buffer() []byte { return o.newest[:0] }

// Put takes the text of a call; what is to wait it copies. All calls with a lower seq than oldest have been put, or never will be.
func (o *Ordered) Put(seq int64, text []byte, oldest int64) error {
	if cap(text) <= maxNewest {
		o.newest = text
	}
	if seq <= o.first || seq < oldest && len(o.slots) == 0 {
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

// hold keeps a text.
func (o *Ordered) hold(seq int64, text []byte) {
	at := int(seq - o.first)
	for at >= len(o.slots) {
		o.slots = append(o.slots, slot{})
		o.bytes += slotSize
	}
	if o.filled < 0 || len(o.pages[o.filled].text)+len(text) > cap(o.pages[o.filled].text) {
		o.turn(len(text))
	}
	p := &o.pages[o.filled]
	n := len(p.text)
	p.text = append(p.text, text...)
	p.held++
	o.slots[at] = slot{int32(o.filled), uint32(n), uint32(len(p.text))}
}

// turn begins another page, with room for n bytes.
func (o *Ordered) turn(n int) {
	if k := len(o.idle); k > 0 {
		o.filled, o.idle = int(o.idle[k-1]), o.idle[:k-1]
	} else {
		o.filled = len(o.pages)
		o.pages = append(o.pages, page{})
	}
	p := &o.pages[o.filled]
	if cap(p.text) < n {
		p.text = make([]byte, 0, max(n, min(pageSize, o.budget/pagesLeast)))
	}
	o.bytes += cap(p.text)
}

// flush writes what has its turn.
func (o *Ordered) flush(oldest int64) error {
	for len(o.slots) > 0 && (o.first < oldest || o.bytes > o.budget) {
		s := o.slots[0]
		o.slots = o.slots[1:]
		o.first++
		o.bytes -= slotSize
		if s.to == 0 {
			continue
		}
		p := &o.pages[s.page]
		if _, err := o.w.Write(p.text[s.at:s.to]); err != nil {
			return err
		}
		if p.held--; p.held > 0 {
			continue
		}
		o.bytes -= cap(p.text)
		if p.text = p.text[:0]; cap(p.text) > pageSize || len(o.idle) >= maxIdle {
			p.text = nil
		}
		if o.idle = append(o.idle, s.page); int(s.page) == o.filled {
			o.filled = -1
		}
	}
	if len(o.slots) == 0 {
		o.first = max(o.first, oldest)
	}
	return nil
}

// Close writes all that is held.
func (o *Ordered) Close() error { return o.flush(1<<63 - 1) }
