package callflow

import (
	"testing"

	"sipscribe/internal/capture"
)

// TestSameNumber: what a dial plan may have made of a number is that number, another one is not.
func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		dialled, called string
		same            bool
	}{
		{"15035551", "15035551", true},
		{"915035551", "15035551", true},     // <9,:>
		{"5551", "15035551", true},          // <:1503>
		{"0305551234", "49305551234", true}, // <0:49>
		{"00493055512", "+493055512", true}, // <00:+>
		{"1-503-555 (01)", "150355501", true},
		{"alice", "Alice", true},
		{"xxxxxxxx", "15035551", true}, // hidden
		{"****", "15035551", true},
		{"alice", "15035551", true}, // a speed dial
		{"*69", "*69", true},
		{"15035550199", "15035551", false},
		{"15035551", "15035550199", false},
		{"5550123", "6550123", false},         // as long: two numbers
		{"15035550123", "12125550123", false}, // two towns
		{"777", "1778", false},
		{"*69", "*70", false},
	} {
		if got := sameNumber([]byte(c.dialled), []byte(c.called)); got != c.same {
			t.Errorf("%s dialled, %s called: %v", c.dialled, c.called, got)
		}
	}
}

// TestNumberOf: what an event says of the number that is called.
func TestNumberOf(t *testing.T) {
	for _, c := range []struct{ name, subject, number string }{
		{"calling", "15035551", "15035551"},
		{"failed", "w/ Calling 15035551", "15035551"},
		{"failed", "w/ Calling", ""},
		{"failed", "", ""},
		{"audio-allocated", "(port=16384)", ""},
	} {
		if got := string(numberOf(&capture.Event{Name: c.name, Subject: []byte(c.subject)})); got != c.number {
			t.Errorf("%s %q: %q, want %q", c.name, c.subject, got, c.number)
		}
	}
}
