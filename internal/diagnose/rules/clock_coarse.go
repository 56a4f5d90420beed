package rules

import (
	"strings"
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
		step, lack := 0, lacksNothing
		if t.Precision() >= time.Second {
			step = 1
		}
		if t.Basis == capture.BasisNone || t.Basis >= capture.BasisTwice {
			switch {
			case t.Basis == capture.BasisNoDay:
				lack = lacksDay
			case t.Basis == capture.BasisTwice:
				lack = lacksSide
			case !t.Stamp.HasDate():
				lack = lacksDate
			case t.Stamp.Year == 0:
				lack = lacksYear
			default:
				lack = lacksZone
			}
		}
		if text := clockTexts[step][lack]; text != "" {
			if _, mended := p.Call.PutRight(); mended {
				text = strings.Replace(text, inFile, byMessages, 1)
			} else if p.Call.Meshed() {
				text = strings.Replace(text, inFile, inFiles, 1)
			}
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}), Text: text})
		}
	},
}

// What a time may lack.
const (
	lacksNothing = iota
	lacksSide
	lacksDay
	lacksDate
	lacksYear
	lacksZone
)

// What the order within a second comes from.
const (
	inFile     = "the order is that of the file"
	inFiles    = "each file has its order, and they mesh by what follows from what"
	byMessages = "the order is that of what follows from what"
)

// clockTexts says what a clock cannot tell: one that is finer than whole seconds, and one that is not, by what its times lack. Most calls of most logs have one: it is put
// together once.
var clockTexts = func() (texts [2][lacksZone + 1]string) {
	lacks := [...]string{
		lacksSide: "an hour that the zone has twice or not at all, at the change of daylight saving",
		lacksDay:  "a day that its year does not have: the year cannot be right",
		lacksDate: "no date and no zone",
		lacksYear: "no year and no zone",
		lacksZone: "no zone",
	}
	const step = "clock: whole seconds (within one " + inFile + ")"
	for i, lack := range lacks {
		if texts[1][i] = step; i != lacksNothing {
			texts[0][i], texts[1][i] = "clock: "+lack, step+"; "+lack
		}
	}
	return texts
}()
