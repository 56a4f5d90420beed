package decode

import "testing"

func TestCounted(t *testing.T) {
	for n, want := range map[int64][2]string{0: {"0 events", "first 0 lines"}, 1: {"1 event", "first line"}, 2: {"2 events", "first 2 lines"}} {
		if got := [2]string{Counted(n, "event"), FirstLines(n)}; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
