package app

import (
	"slices"
	"testing"
)

func TestLogsOf(t *testing.T) {
	names := []string{"b.log", "spa.log", "a.log", "spa.log.1", "spa.log-20260820.gz", "x/spa.log.1"}
	if got, want := logsOf(names), []int32{0, 1, 2, 1, 1, 5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOldestFirst(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  []int
	}{
		{nil, []int{}},
		{[]string{"a.log"}, []int{0}},
		{[]string{"spa.log", "spa.log.1"}, []int{1, 0}},
		{[]string{"spa.log.1", "spa.log"}, []int{0, 1}},
		{[]string{"spa.log", "spa.log.1", "spa.log.10.gz", "spa.log.2.zst"}, []int{2, 3, 1, 0}},
		{[]string{"spa.log", "spa.log-20260819.gz", "spa.log-20260820"}, []int{1, 2, 0}},
		{[]string{"b.log", "spa.log", "a.log", "spa.log.1"}, []int{0, 3, 2, 1}},          // others keep their places
		{[]string{"x/spa.log", "y/spa.log.1"}, []int{0, 1}},                              // of two folders
		{[]string{"call1.pcap", "call.pcap", "10.0.0.1", "10.0.0.2"}, []int{0, 1, 3, 2}}, // an address looks like one, and little follows from it
		{[]string{"-", ".1", "", "a.99999999999"}, []int{0, 1, 2, 3}},
		{[]string{"spa.log", "spa.log"}, []int{0, 1}},
	} {
		if got := oldestFirst(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.names, got, c.want)
		}
	}
}
