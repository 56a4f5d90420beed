package report

import (
	"slices"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/decode"
	"sipscribe/internal/proof/calls"
)

// end is what is told of a call: how it ended.
type end struct {
	id       string
	kind     callflow.Kind
	outcome  callflow.Outcome
	status   int
	complete bool
}

func endsOf(t *testing.T, log []byte, rows bool) []end {
	t.Helper()
	var ends []end
	calls.Read(t, log, calls.Options{Decode: decode.Options{Shown: rows}, Flow: callflow.Options{Rows: rows}}, func(c *callflow.Call) {
		ends = append(ends, end{string(c.FirstCallID()), c.Kind, c.Outcome, c.Status, len(c.Missing) == 0})
	})
	return ends
}

// TestCut cuts the logs of all scenarios at all limits: what is told of the rest is what is told of the whole, or that it cannot be known.
func TestCut(t *testing.T) {
	step := 5
	if testing.Short() {
		step = 29
	}
	for _, l := range calls.Labs(t) {
		whole := endsOf(t, l.Log, false)
		known := 0
		for limit := 64; limit <= 1022; limit += step {
			ends, list := endsOf(t, calls.Cut(l.Log, limit), false), endsOf(t, calls.Cut(l.Log, limit), true)
			if !slices.Equal(ends, list) {
				t.Errorf("%s cut after %d: a list has %v, the stories %v", l.Name, limit, list, ends)
			}
			for _, e := range ends {
				if e.outcome == callflow.OutcomeUnknown {
					continue
				}
				known++
				same := func(w end) bool {
					return (e.id == "" || e.id == w.id) && (e.kind == w.kind || e.kind == callflow.KindOther) && e.outcome == w.outcome && (e.status == w.status || !e.complete)
				}
				if e.kind == callflow.KindOther && !e.complete && e.id == "" {
					continue // an answer of which nobody knows what it answers is no outcome of anything
				}
				if !slices.ContainsFunc(whole, same) {
					t.Errorf("%s cut after %d: told %v %v %d (complete %v) of %q, which is none of %v", l.Name, limit, e.kind, e.outcome, e.status, e.complete, e.id, whole)
				}
			}
		}
		if known == 0 {
			t.Errorf("%s: nothing is ever known", l.Name)
		}
	}
}
