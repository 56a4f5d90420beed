package app

import "io"

// Ordered writes what belongs to calls in the order in which the calls began, though they end in another. A call that goes on for very long does not hold the others
// back without limit: past the budget they are written before it.
//
//	slots     │ – │ 0:0 │ 0:310 │ – │ 0:95 │     by seq, from first on: where its text stands; –: not put yet, or nothing to write
//	            └ still open
//	shelves   │text text text …│text …   │      texts in the order in which they were put
//
// One call that nobody ends holds back all that began after it, up to the budget. So the texts stand one behind the other on shelves, which are used again,
// and not each in memory of its own.
type Ordered struct {
	w       io.Writer
	budget  int
	slots   []slot
	first   int64 // all calls with a lower seq are written; those that come late are written at once
	bytes   int   // of slots, and of shelves with texts that are held
	shelves []shelf
	filled  int // the shelf where the next text goes, -1: none yet
	// idle are shelves that hold nothing, spare those of them that have memory.
	idle, spare []int32
}

// slot is the place of a text.
type slot struct {
	shelf  int32
	at, to uint32 // to is 0 where there is none
}

// shelf has texts that are held back, one behind the other.
type shelf struct {
	text []byte
	held int // texts that are not written
}

// OrderedBudget is the default budget for what is held back, in bytes.
const OrderedBudget = 64 << 20

const (
	slotSize = 12
	// shelfSize is how long a shelf is, and shelvesLeast how many the budget has room for. A longer text has one of its own.
	shelfSize, shelvesLeast = 256 << 10, 64
	// A text finds at least a sixteenth of a shelf to be written in: so much of each may lie idle.
	shelfRoom = 16
	// maxSpare is how many shelves that hold nothing are kept.
	maxSpare = 16
)

// NewOrdered returns an Ordered that writes to w. Seqs count from 1.
func NewOrdered(w io.Writer, budget int) *Ordered {
	return &Ordered{w: w, budget: budget, first: 1, filled: -1}
}

// size is how long a shelf is.
func (o *Ordered) size() int { return max(min(shelfSize, o.budget/shelvesLeast), 2*shelfRoom) }

// Buffer returns an empty slice to write a text into and give to Put.
func (o *Ordered) Buffer() []byte {
	if o.filled < 0 || o.room() < o.size()/shelfRoom {
		o.turn(o.size())
	}
	s := &o.shelves[o.filled]
	return s.text[len(s.text):]
}

// room returns how many bytes more go on the shelf that is filled.
func (o *Ordered) room() int {
	s := &o.shelves[o.filled]
	return cap(s.text) - len(s.text)
}

// turn takes an empty shelf of n bytes for the texts to come.
func (o *Ordered) turn(n int) {
	if o.filled >= 0 && o.shelves[o.filled].held == 0 {
		o.put(int32(o.filled)) // it was not while it was filled
	}
	if k := len(o.spare); k > 0 && n <= o.size() {
		o.filled, o.spare = int(o.spare[k-1]), o.spare[:k-1]
		return
	}
	if k := len(o.idle); k > 0 {
		o.filled, o.idle = int(o.idle[k-1]), o.idle[:k-1]
	} else {
		o.filled = len(o.shelves)
		o.shelves = append(o.shelves, shelf{})
	}
	o.shelves[o.filled].text = make([]byte, 0, n)
}

// Put takes the text of a call. What has to wait stays where Buffer had it written, or is copied. All calls with a lower seq than oldest have been put, or never
// will be.
func (o *Ordered) Put(seq int64, text []byte, oldest int64) error {
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
	if o.filled < 0 || o.room() < len(text) {
		o.turn(max(len(text), o.size()))
	}
	s := &o.shelves[o.filled]
	n := len(s.text)
	if room := s.text[n : n+len(text)]; &room[0] == &text[0] {
		s.text = s.text[:n+len(text)]
	} else {
		s.text = append(s.text, text...)
	}
	if s.held++; s.held == 1 {
		o.bytes += cap(s.text)
	}
	o.slots[at] = slot{int32(o.filled), uint32(n), uint32(len(s.text))}
}

// flush writes what has its turn.
func (o *Ordered) flush(oldest int64) error {
	for len(o.slots) > 0 && (o.first < oldest || o.bytes > o.budget) {
		p := o.slots[0]
		o.slots = o.slots[1:]
		o.first++
		o.bytes -= slotSize
		if p.to == 0 {
			continue
		}
		s := &o.shelves[p.shelf]
		_, err := o.w.Write(s.text[p.at:p.to])
		if s.held--; s.held == 0 {
			o.clear(s, p.shelf)
		}
		if err != nil {
			return err
		}
	}
	if len(o.slots) == 0 {
		o.first = max(o.first, oldest)
	}
	return nil
}

// clear takes back a shelf of which all texts are written.
func (o *Ordered) clear(s *shelf, n int32) {
	o.bytes -= cap(s.text)
	if s.text = s.text[:0]; cap(s.text) > shelfSize {
		s.text = nil
	}
	if int(n) != o.filled {
		o.put(n)
	}
}

// put puts away a shelf that holds nothing.
func (o *Ordered) put(n int32) {
	if s := &o.shelves[n]; cap(s.text) == o.size() && len(o.spare) < maxSpare {
		o.spare = append(o.spare, n)
	} else {
		s.text = nil
		o.idle = append(o.idle, n)
	}
}

// Close writes all that is held.
func (o *Ordered) Close() error { return o.flush(1<<63 - 1) }
