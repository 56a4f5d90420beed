package registrarcore

import (
	"container/heap"
	"time"
)

// defaultAORs is how many addresses of record a Memory holds; only users who proved who they are add any.
const defaultAORs = 100_000

// Memory keeps bindings in the memory of one process. The zero Memory is not ready: NewMemory is.
type Memory struct {
	max     int
	version uint64
	records map[string]*record
	queue   recordQueue
}

// record is an address of record with its bindings.
type record struct {
	aor      string
	bindings []Binding
	version  uint64
	expires  time.Time // of the first that runs out
	at       int       // in the queue
}

// NewMemory returns an empty one that holds at most maxAORs addresses of record; 0 is 100,000.
func NewMemory(maxAORs int) *Memory {
	if maxAORs <= 0 {
		maxAORs = defaultAORs
	}
	return &Memory{max: maxAORs, records: make(map[string]*record)}
}

// Load implements Bindings.
func (s *Memory) Load(aor string) ([]Binding, uint64, error) {
	r := s.records[aor]
	if r == nil {
		return nil, 0, nil
	}
	return r.bindings, r.version, nil
}

// Store implements Bindings.
func (s *Memory) Store(aor string, bindings []Binding, version uint64) error {
	r := s.records[aor]
	switch {
	case r == nil && version != 0 || r != nil && r.version != version:
		return ErrConflict
	case len(bindings) == 0:
		if r != nil {
			s.drop(r)
		}
		return nil
	case r == nil && len(s.records) >= s.max:
		return ErrFull
	}
	s.version++ // never 0, and never one that another record of this name had
	first := bindings[0].Expires
	for i := range bindings[1:] {
		if e := bindings[i+1].Expires; e.Before(first) {
			first = e
		}
	}
	if r == nil {
		r = &record{aor: aor}
		s.records[aor] = r
		heap.Push(&s.queue, r)
	}
	r.bindings, r.version, r.expires = bindings, s.version, first
	heap.Fix(&s.queue, r.at)
	return nil
}

func (s *Memory) drop(r *record) {
	heap.Remove(&s.queue, r.at)
	delete(s.records, r.aor)
}

// Expire deletes what has run out, and returns how many bindings that were.
func (s *Memory) Expire(now time.Time) int {
	n := 0
	for len(s.queue) > 0 && !now.Before(s.queue[0].expires) {
		r := s.queue[0]
		left := unexpired(r.bindings, now)
		n += len(r.bindings) - len(left)
		// A store under its own version cannot fail.
		_ = s.Store(r.aor, left, r.version)
	}
	return n
}

// Next returns when the next binding runs out; the zero time: never.
func (s *Memory) Next() time.Time {
	if len(s.queue) == 0 {
		return time.Time{}
	}
	return s.queue[0].expires
}

// Len returns the number of addresses of record.
func (s *Memory) Len() int { return len(s.records) }

// recordQueue has the record first whose binding runs out first; it implements heap.Interface.
type recordQueue []*record

func (q recordQueue) Len() int           { return len(q) }
func (q recordQueue) Less(i, j int) bool { return q[i].expires.Before(q[j].expires) }
func (q recordQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}
func (q *recordQueue) Push(x any) {
	r := x.(*record)
	r.at = len(*q)
	*q = append(*q, r)
}
func (q *recordQueue) Pop() any {
	old := *q
	n := len(old) - 1
	r := old[n]
	old[n] = nil
	*q = old[:n]
	return r
}
