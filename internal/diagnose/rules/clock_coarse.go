package rules

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// ClockCoarse tells what the clock of the log cannot tell.
var ClockCoarse = &diagnose.Rule{
	Code:     "clock-coarse",
	Title:    "What the clock of this log cannot tell",
	Severity: diagnose.SeverityNote,
	Text: `Classic syslog writes a time without year, without zone and in whole seconds. Messages of one second are in order only because they stand so in the
file, times between messages are right to a second either way, and what year it was has to be known from elsewhere (--year, --timezone).`,
	Refs:  []diagnose.Ref{diagnose.RFC(3164, "4.1.2"), diagnose.RFC(5424, "6.2.3")},
	Mend:  "Have the collector write the time with year, zone and fractions of a second (RFC 5424); or supply --year and --timezone.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		first := -1
		for i := range p.Call.Hops {
			if p.Call.Hops[i].Kind == capture.KindMessage {
				first = i
				break
			}
		}
		if first < 0 {
			return
		}
		t := p.Call.Hops[first].Time
		if t.IsZero() {
			if len(p.Call.Hops) > 1 {
				p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}),
					Text: "clock: none; the messages are told in the order of the file"})
			}
			return
		}
		var step, lack string
		if t.Precision() >= time.Second {
			step = "whole seconds (within one the order is that of the file)"
		}
		if t.Basis == capture.BasisNone || t.Basis == capture.BasisTwice {
			switch {
			case t.Basis == capture.BasisTwice:
				lack = "an hour that the zone has twice or not at all, at the change of daylight saving"
			case !t.Stamp.HasDate():
				lack = "no date and no zone"
			case t.Stamp.Year == 0:
				lack = "no year and no zone"
			default:
				lack = "no zone"
			}
		}
		between := ""
		if step != "" && lack != "" {
			between = "; "
		}
		if step != "" || lack != "" {
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}), Text: "clock: " + step + between + lack})
		}
	},
}
