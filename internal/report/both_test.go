package report

import (
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/decode"
	"sipscribe/internal/explain"
	"sipscribe/internal/proof/calls"
)

// TestLogAndCapture reads the log and the capture of each scenario together: each call is told once, as from the log alone. So it is where the log has neither year nor
// zone, since in all messages of a call the two clocks differ by the same.
func TestLogAndCapture(t *testing.T) {
	rules := &decode.ClockRules{Year: 2026, Zone: time.UTC}
	read := func(clock *decode.ClockRules, list bool, sources ...[]byte) (rows []Row) {
		var rower Rower
		teller := explain.NewTeller(nil)
		calls.ReadAll(t, sources, calls.Options{Decode: decode.Options{Clock: clock, Shown: list}, Flow: callflow.Options{Rows: list}}, func(c *callflow.Call) {
			r := rower.Row(c)
			rows = append(rows, Row{From: r.From, To: r.To, Kind: r.Kind, Outcome: r.Outcome, Status: r.Status, Messages: r.Messages, Complete: r.Complete, CallID: r.CallID})
			if list {
				return
			}
			for _, s := range teller.Tell(c).Steps {
				if s.RepeatOf != "" {
					t.Errorf("%s is told as a repeat of %s", s.Label, s.RepeatOf)
				}
			}
		})
		return rows
	}
	for _, l := range calls.Labs(t) {
		alone := read(rules, false, l.Log)
		for name, clock := range map[string]*decode.ClockRules{"with year and zone": rules, "without": nil} {
			for order, sources := range [][][]byte{{l.Log, l.Pcap}, {l.Pcap, l.Log}} {
				for _, list := range []bool{false, true} {
					both := read(clock, list, sources...)
					if len(both) != len(alone) {
						t.Errorf("%s, %s, order %d, list %v: %d calls, want %d", l.Name, name, order, list, len(both), len(alone))
						continue
					}
					for i := range both {
						if both[i] != alone[i] {
							t.Errorf("%s, %s, order %d, list %v:\n got %+v\nwant %+v", l.Name, name, order, list, both[i], alone[i])
						}
					}
				}
			}
		}
	}
}

// TestRedirected: a row says where a call was redirected to, also where no more than rows are asked for.
func TestRedirected(t *testing.T) {
	for _, l := range calls.Labs(t) {
		if l.Name != "redirect" {
			continue
		}
		for _, rows := range []bool{false, true} {
			var rower Rower
			calls.Read(t, l.Log, calls.Options{Flow: callflow.Options{Rows: rows}, Decode: decode.Options{Shown: rows}}, func(c *callflow.Call) {
				want := ""
				if c.Kind == callflow.KindCall {
					want = "18005550100"
				}
				if r := rower.Row(c); r.RedirectedTo != want {
					t.Errorf("%v: redirected to %q", rows, r.RedirectedTo)
				}
			})
		}
	}
}
