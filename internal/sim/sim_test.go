package sim

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
)

// allKinds is how many kinds of schedules there are: of two transports there are some without regard to the number of proxies.
const allKinds = int(rows) * (int(links)*4 + 1)

// ofEachKind returns the first seeds of each kind of schedule: the row of the CANCEL matrix that it aims at, its link and how many proxies there are. To draw
// a schedule takes a hundredth of what it takes to run it.
func ofEachKind(each int) (seeds []uint64, kinds int) {
	type kind struct {
		aim Row
		Column
	}
	have := map[kind]int{}
	for seed := uint64(1); len(seeds) < allKinds*each && seed <= 20_000; seed++ {
		s := Draw(seed)
		k := kind{aim: s.Aim}
		link, proxies, ok := s.column()
		if k.Column = (Column{link, proxies}); !ok {
			k.Column = Column{links, 0} // two transports
		}
		if have[k]++; have[k] <= each {
			seeds = append(seeds, seed)
		}
	}
	return seeds, len(have)
}

// TestSchedules runs schedules of every kind from fixed seeds; make sim runs a million. It runs fewer of each with the race detector, which has little to
// find here: a schedule is one goroutine.
func TestSchedules(t *testing.T) {
	each := 6
	if raceDetector {
		each = 2
	}
	if testing.Short() {
		each = 1
	}
	seeds, kinds := ofEachKind(each)
	n := len(seeds)
	if n != allKinds*each {
		t.Errorf("%d schedules of %d kinds, want %d of %d", n, kinds, allKinds*each, allKinds)
	}
	c := NewCoverage()
	campaign(context.Background(), c, n, runtime.GOMAXPROCS(0), func(i uint64) uint64 { return seeds[i] })
	var b strings.Builder
	c.Write(&b)
	t.Log(b.String())
	for _, r := range c.Failed {
		b.Reset()
		Run(Shrink(r.Schedule, Options{}, 200), Options{Ladder: true}).Write(&b)
		t.Error(b.String())
		if len(c.Failed) > 3 {
			break
		}
	}
	if c.Schedules != n || c.Counted < n*9/10 {
		t.Errorf("%d schedules, %d of them with a call and a fault", c.Schedules, c.Counted)
	}
	if testing.Short() {
		return
	}
	if empty, all := c.Matrix.Empty(); len(empty) > all/10 {
		t.Errorf("%d of the %d cells of the CANCEL matrix were not seen: %v", len(empty), all, empty)
	}
}

// A seed that fails is of use only if it fails again.
func TestSameSeedSameRun(t *testing.T) {
	for seed := uint64(1); seed <= 60; seed++ {
		var runs [2]bytes.Buffer
		for i := range runs {
			Run(Draw(seed), Options{Ladder: true}).Write(&runs[i])
		}
		if a, b := runs[0].String(), runs[1].String(); a != b {
			la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
			for i := range la {
				if i >= len(lb) || la[i] != lb[i] {
					t.Fatalf("seed %d, line %d:\n%s\n%s", seed, i, la[i], lb[min(i, len(lb)-1)])
				}
			}
		}
	}
}
