package rules

import (
	"fmt"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// ClockGoesBack tells that the order of the file and its times contradict each other.
var ClockGoesBack = &diagnose.Rule{
	Code:     "clock-goes-back",
	Title:    "The times in the file go back",
	Severity: diagnose.SeverityNote,
	Text: `A later line of the file has an earlier time. Two logs may stand behind each other in it, or the clock of the logger was set. Within a file its order holds as
long as the messages do not contradict it; where they do, and the times do not, see out-of-order.`,
	Mend:  "Give each log as a file of its own: several are merged by their times.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		var before *callflow.Hop
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || h.Time.IsZero() {
				continue
			}
			if b := before; b != nil && b.Time.Domain() == h.Time.Domain() {
				back := b.Time.Sub(h.Time)
				above, here := p.Call.Evidence(b), p.Call.Evidence(h)
				if back >= max(time.Second, h.Time.Precision()) && above.Source == here.Source && above.Number < here.Number {
					p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}),
						Text: fmt.Sprintf("order: the clock goes back by %s here; the messages are told in the order of the file", about(back))})
					return
				}
			}
			before = h
		}
	},
}

// about writes how far a clock went back, in the unit in which one would say it.
func about(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int64(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int64(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int64(d.Round(time.Hour)/time.Hour))
	}
	return fmt.Sprintf("%d days", int64(d.Round(24*time.Hour)/(24*time.Hour)))
}
