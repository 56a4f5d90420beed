package cli

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sipscribe/internal/report"
)

// order is the order of a list: a key, and in it the order in which the calls began.
type order struct {
	key     string
	reverse bool
	compare func(a, b *report.Row) int
}

var orders = map[string]func(a, b *report.Row) int{
	"time":     func(a, b *report.Row) int { return 0 },
	"from":     func(a, b *report.Row) int { return strings.Compare(a.From, b.From) },
	"to":       func(a, b *report.Row) int { return strings.Compare(a.To, b.To) },
	"outcome":  func(a, b *report.Row) int { return strings.Compare(a.Outcome.String(), b.Outcome.String()) },
	"ring":     func(a, b *report.Row) int { return cmp.Compare(a.Ring, b.Ring) },
	"talk":     func(a, b *report.Row) int { return cmp.Compare(a.Talk, b.Talk) },
	"messages": func(a, b *report.Row) int { return cmp.Compare(a.Messages, b.Messages) },
}

func parseOrder(s string) (*order, error) {
	o := &order{key: strings.TrimPrefix(s, "-"), reverse: strings.HasPrefix(s, "-")}
	o.compare = orders[o.key]
	if o.compare == nil {
		return nil, fmt.Errorf("--sort: there is no key %q; there are time, from, to, outcome, ring, talk, messages", o.key)
	}
	return o, nil
}

// streams reports whether the rows come in this order anyway.
func (o *order) streams() bool { return o.key == "time" && !o.reverse }

// rank is negative if a comes before b, positive if after it.
func (o *order) rank(a, b *report.Row) int {
	c := o.compare(a, b)
	if c == 0 {
		c = cmp.Compare(a.Seq, b.Seq)
		if o.key != "time" {
			return c
		}
	}
	if o.reverse {
		return -c
	}
	return c
}

// maxRowsInMemory is how many rows are sorted in memory; more go to temporary files in sorted runs, which are merged at the end.
const maxRowsInMemory = 200_000

// rowSorter sorts any number of rows in bounded memory.
type rowSorter struct {
	order *order
	limit int // rows in memory
	rows  []report.Row
	runs  []*os.File
}

func newRowSorter(o *order, limit int) *rowSorter { return &rowSorter{order: o, limit: limit} }

func (s *rowSorter) add(r *report.Row) error {
	s.rows = append(s.rows, *r)
	if len(s.rows) < s.limit {
		return nil
	}
	return s.spill()
}

func (s *rowSorter) sort() {
	slices.SortFunc(s.rows, func(a, b report.Row) int { return s.order.rank(&a, &b) })
}

// spill writes the rows in memory to a run.
func (s *rowSorter) spill() error {
	s.sort()
	f, err := os.CreateTemp("", "sipscribe-sort-*")
	if err != nil {
		return fmt.Errorf("--sort needs a temporary file: %w", err)
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, 256<<10)
	enc := gob.NewEncoder(w)
	for i := range s.rows {
		if err := enc.Encode(&s.rows[i]); err != nil {
			return fmt.Errorf("--sort: %s: %w", f.Name(), err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("--sort: %s: %w", f.Name(), err)
	}
	s.rows = s.rows[:0]
	return nil
}

func (s *rowSorter) close() {
	for _, f := range s.runs {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	s.runs = nil
}

// each calls yield with every row, in order.
func (s *rowSorter) each(yield func(*report.Row) error) error {
	s.sort()
	if len(s.runs) == 0 {
		for i := range s.rows {
			if err := yield(&s.rows[i]); err != nil {
				return err
			}
		}
		return nil
	}
	m := &runHeap{order: s.order}
	for _, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		dec := gob.NewDecoder(bufio.NewReaderSize(f, 64<<10))
		m.runs = append(m.runs, run{next: func(r *report.Row) error { *r = report.Row{}; return dec.Decode(r) }})
	}
	at := 0
	m.runs = append(m.runs, run{next: func(r *report.Row) error {
		if at == len(s.rows) {
			return io.EOF
		}
		*r = s.rows[at]
		at++
		return nil
	}})
	for i := 0; i < len(m.runs); {
		switch err := m.runs[i].next(&m.runs[i].row); {
		case errors.Is(err, io.EOF):
			m.runs = slices.Delete(m.runs, i, i+1)
		case err != nil:
			return err
		default:
			i++
		}
	}
	heap.Init(m)
	for len(m.runs) > 0 {
		if err := yield(&m.runs[0].row); err != nil {
			return err
		}
		switch err := m.runs[0].next(&m.runs[0].row); {
		case errors.Is(err, io.EOF):
			heap.Pop(m)
		case err != nil:
			return err
		default:
			heap.Fix(m, 0)
		}
	}
	return nil
}

// run is a sorted run of rows with its next one.
type run struct {
	next func(*report.Row) error
	row  report.Row
}

type runHeap struct {
	runs  []run
	order *order
}

func (h *runHeap) Len() int           { return len(h.runs) }
func (h *runHeap) Less(i, j int) bool { return h.order.rank(&h.runs[i].row, &h.runs[j].row) < 0 }
func (h *runHeap) Swap(i, j int)      { h.runs[i], h.runs[j] = h.runs[j], h.runs[i] }
func (h *runHeap) Push(x any)         { h.runs = append(h.runs, x.(run)) }
func (h *runHeap) Pop() any {
	n := len(h.runs) - 1
	x := h.runs[n]
	h.runs = h.runs[:n]
	return x
}
