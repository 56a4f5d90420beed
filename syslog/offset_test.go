package syslog

import "testing"

func TestOffsetMap(t *testing.T) {
	var m OffsetMap
	if m.Logged(7) != 7 {
		t.Error("the nil map is the identity")
	}
	m = m.Add(3, 2).Add(200, -1).Add(0, 100)
	for clean, want := range map[int]int{0: 0, 2: 2, 3: 5, 202: 204, 203: 304, 1000: 1101} {
		if got := m.Logged(clean); got != want {
			t.Errorf("%d leads to %d, want %d", clean, got, want)
		}
	}
	for cut := range m {
		m[:cut].Logged(1000) // a map that was cut is still a map
	}
	// step writes what Add writes.
	for _, run := range []int{0, 1, 127, 128, 5000} {
		for _, extra := range []int{-70, -1, 0, 1, 3, 63, 64, 1000} {
			if a, b := OffsetMap(nil).Add(run, extra), OffsetMap(nil).step(run, extra); string(a) != string(b) {
				t.Errorf("%d, %d: Add writes %x, step %x", run, extra, a, b)
			}
		}
	}
}
