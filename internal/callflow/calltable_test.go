package callflow

import (
	"math/rand/v2"
	"testing"
)

// TestCallTable holds the table to a map, with hashes of which many lead to the same slots.
func TestCallTable(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var table callTable
		want := map[uint64]*openCall{}
		calls := make([]openCall, 50)
		for step := range 4000 {
			hash := r.Uint64N(1 + 7*(seed+1)*(seed+1)) // from ever the same to hardly ever
			if seed%2 == 1 {
				hash *= 61 << (seed % 5)
			}
			c := &calls[r.IntN(len(calls))]
			switch held := want[hash]; r.IntN(4) {
			case 0:
				table.put(hash, c)
				want[hash] = c
			case 1:
				table.forget(hash, c)
				if held == c {
					delete(want, hash)
				}
			case 2:
				if held != nil {
					table.forget(hash, held)
					delete(want, hash)
				}
			default:
				if got := table.get(hash); got != held {
					t.Fatalf("seed %d, step %d: %p, want %p", seed, step, got, held)
				}
			}
			if table.n != len(want) || 4*table.n > 3*len(table.slots) {
				t.Fatalf("seed %d, step %d: %d in %d slots, want %d", seed, step, table.n, len(table.slots), len(want))
			}
		}
		for hash, c := range want {
			if got := table.get(hash); got != c {
				t.Fatalf("seed %d: %p, want %p", seed, got, c)
			}
		}
	}
}
