package sim

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
)

// TestSchedules runs some thousands of schedules from fixed seeds; make sim runs a million.
func TestSchedules(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	c := NewCoverage()
	Campaign(context.Background(), c, 1, n, runtime.GOMAXPROCS(0))
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
