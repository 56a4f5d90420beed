package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/decode"
	"sipscribe/internal/explain"
	"sipscribe/internal/proof/calls"
)

// TestLogAndCapture reads the log and the capture of each scenario together: each call is told once, as from the log alone. So it is where the log has neither year nor
// zone, since in all messages of a call the two clocks differ by the same; and where the logger cut the messages, since the capture has them whole. The parties and the ways of
// the messages are those of the log, the times those of the capture.
func TestLogAndCapture(t *testing.T) {
	rules := &decode.ClockRules{Year: 2026, Zone: time.UTC}
	type spans struct {
		ring, talk time.Duration
		precision  float64
	}
	captured := map[string]spans{} // of each call of the capture alone, of which both have the finer clock
	told := map[string]string{}    // parties and ways of each call of the log alone
	var rower Rower
	read := func(clock *decode.ClockRules, list bool, sources ...[]byte) (rows []Row) {
		teller := explain.NewTeller(nil)
		calls.ReadAll(t, sources, calls.Options{Decode: decode.Options{Clock: clock, Shown: list}, Flow: callflow.Options{Rows: list}}, func(c *callflow.Call) {
			r := rower.Row(c)
			if k, ok := captured[r.CallID]; ok && len(sources) == 2 && k != (spans{r.Ring, r.Talk, float64(r.Precision)}) {
				t.Errorf("%s: rings %v, talks %v, in steps of %v; the capture has %v", r.CallID, r.Ring, r.Talk, r.Precision, k)
			}
			rows = append(rows, Row{From: r.From, To: r.To, Kind: r.Kind, Outcome: r.Outcome, Status: r.Status, Messages: r.Messages, Complete: r.Complete, CallID: r.CallID})
			if list {
				return
			}
			if j := (&Call{Flow: c, Story: teller.Tell(c)}).JSON(); len(sources) == 2 && j.PrecisionMS >= 1 {
				t.Errorf("%s: steps of %v ms", r.CallID, j.PrecisionMS)
			}
			story := teller.Tell(c)
			ways := story.Headline + ":"
			for _, p := range story.Parties {
				ways += " " + p.Name
			}
			for i, s := range story.Steps {
				if s.RepeatOf != "" {
					t.Errorf("%s is told as a repeat of %s", s.Label, s.RepeatOf)
				}
				if strings.Contains(s.Text, "cut") {
					t.Errorf("%s: %s", s.Label, s.Text)
				}
				if k := i - 1; k >= 0 && s.Method != "" && len(sources) == 2 && story.Steps[k].Time.Sub(s.Time) > 0 {
					t.Errorf("%s is told behind %s, which has a later time", s.Label, story.Steps[k].Label)
				}
				ways += fmt.Sprintf(", %s %s %d-%d", s.Label, s.Direction, s.From, s.To)
			}
			if len(sources) == 1 {
				told[r.CallID] = ways
			} else if ways != told[r.CallID] {
				t.Errorf("%s\nin the log alone: %s", ways, told[r.CallID])
			}
		})
		return rows
	}
	for _, l := range calls.Labs(t) {
		calls.Read(t, l.Pcap, calls.Options{}, func(c *callflow.Call) {
			r := rower.Row(c)
			captured[r.CallID] = spans{r.Ring, r.Talk, float64(r.Precision)}
		})
		alone := read(rules, false, l.Log)
		for name, clock := range map[string]*decode.ClockRules{"with year and zone": rules, "without": nil} {
			for _, limit := range []int{0, 1022, 400, 200} {
				log := l.Log
				if limit > 0 {
					log = calls.Cut(log, limit)
				}
				for order, sources := range [][][]byte{{log, l.Pcap}, {l.Pcap, log}} {
					for _, list := range []bool{false, true} {
						both := read(clock, list, sources...)
						if len(both) != len(alone) {
							t.Errorf("%s, %s, limit %d, order %d, list %v: %d calls, want %d", l.Name, name, limit, order, list, len(both), len(alone))
							continue
						}
						for i := range both {
							if both[i] != alone[i] {
								t.Errorf("%s, %s, limit %d, order %d, list %v:\n got %+v\nwant %+v", l.Name, name, limit, order, list, both[i], alone[i])
							}
						}
					}
				}
			}
		}
	}
}

// TestLogAndCaptureOfOthers: messages that are merely alike are not joined. The cut log of one call and the capture of another are two of each.
func TestLogAndCaptureOfOthers(t *testing.T) {
	labs := calls.Labs(t)
	for i, l := range labs {
		other := labs[(i+1)%len(labs)]
		log := calls.Cut(l.Log, 200)
		count := func(sources ...[]byte) (n int) {
			calls.ReadAll(t, sources, calls.Options{}, func(c *callflow.Call) {
				n++
				for i := range c.Hops {
					if c.Hops[i].Duplicate {
						t.Errorf("%s and the capture of %s: a message counts as a copy", l.Name, other.Name)
					}
				}
			})
			return n
		}
		if got, want := count(log, other.Pcap), count(log)+count(other.Pcap); got != want {
			t.Errorf("%s and the capture of %s: %d calls, want %d", l.Name, other.Name, got, want)
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
