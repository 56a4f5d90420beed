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
	read := func(clock *decode.ClockRules, sources ...[]byte) (rows []Row) {
		var rower Rower
		teller := explain.NewTeller(nil)
		calls.ReadAll(t, sources, calls.Options{Decode: decode.Options{Clock: clock}}, func(c *callflow.Call) {
			r := rower.Row(c)
			rows = append(rows, Row{From: r.From, To: r.To, Kind: r.Kind, Outcome: r.Outcome, Status: r.Status, Messages: r.Messages, Complete: r.Complete, CallID: r.CallID})
			for _, s := range teller.Tell(c).Steps {
				if s.RepeatOf != "" {
					t.Errorf("%s is told as a repeat of %s", s.Label, s.RepeatOf)
				}
			}
		})
		return rows
	}
	for _, l := range calls.Labs(t) {
		alone := read(rules, l.Log)
		for name, clock := range map[string]*decode.ClockRules{"with year and zone": rules, "without": nil} {
			for order, sources := range [][][]byte{{l.Log, l.Pcap}, {l.Pcap, l.Log}} {
				both := read(clock, sources...)
				if len(both) != len(alone) {
					t.Errorf("%s, %s, order %d: %d calls, want %d", l.Name, name, order, len(both), len(alone))
					continue
				}
				for i := range both {
					if both[i] != alone[i] {
						t.Errorf("%s, %s, order %d:\n got %+v\nwant %+v", l.Name, name, order, both[i], alone[i])
					}
				}
			}
		}
	}
}
