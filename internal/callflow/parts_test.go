package callflow

import (
	"testing"

	"sipscribe/internal/workload"
)

// A retransmission that was logged twice is one retransmission and one duplicate.
func TestRetransmissionsTwice(t *testing.T) {
	for _, syslog := range []bool{false, true} {
		tr := makeTraffic(t, workload.Options{Calls: 300, Seed: 5, InProgress: -1}, syslog)
		want := assemble(t, tr.records)
		for id, w := range want {
			w.duplicate = w.messages
			if syslog {
				w.unknownWay = 0
			}
			want[id] = w
		}
		compare(t, "doubled", assemble(t, doubled(tr)), want)
	}
}

// A call that is handed on early is marked, or nothing comes after it: a challenge (407) or a refusal without its ACK is not
// the end of a call.
func TestEveryFurtherPartIsMarked(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 200, Seed: 8, InProgress: -1}, false)
	l := newLedger(t, 100_000)
	for i, r := range tr.records {
		r.Origin.Number = int64(i + 1)
		l.feed(r)
	}
	l.close()
	if got := int64(len(tr.truth)) + int64(l.resumed); got != l.calls {
		t.Errorf("%d calls and %d further parts make %d, not %d", len(tr.truth), l.resumed, got, l.calls)
	}
}
