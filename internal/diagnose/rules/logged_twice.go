package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// LoggedTwice tells that messages stand in the log more than once without having been sent more than once.
var LoggedTwice = &diagnose.Rule{
	Code:     "logged-twice",
	Title:    "Messages stand in the log twice",
	Severity: diagnose.SeverityNote,
	Text: `The same message was recorded more than once: an SPA whose Syslog Server and Debug Server are one host sends each text to both; a capture on several
interfaces, or at both ends, sees a packet several times; a log was put behind another of the same hours; two of the files that were given have it, a log and a capture, say. They
count as one message, not as retransmissions. Where one of the files has cut a message, it is told as the other has it. Where the clocks of two files differ by the same in all
that both have, they are told by one of them: that of a capture, the finer one, or that of the file that was named first.`,
	Mend:  "Set the Debug Server of the device to another host than the Syslog Server, or leave it empty.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		type copies struct{ n, first, cut int }
		var here, elsewhere copies
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || !h.Duplicate {
				continue
			}
			k := &here
			if h.Source() != p.Call.Hops[h.RepeatOf].Source() {
				k = &elsewhere
			}
			if k.n++; k.n == 1 {
				k.first = i
			}
			if p.Call.IsCutCopy(i) {
				k.cut++
			}
		}
		if here.n > 0 {
			p.Report(diagnose.Finding{Evidence: p.Evidence(here.first, sip.Span{}),
				Text: fmt.Sprintf("doubled: %s in the log once more than sent", count(here.n, "message is", "messages are"))})
		}
		if k := elsewhere; k.n > 0 {
			text := fmt.Sprintf("in two files: %s in another of them, too, and counted once", count(k.n, "message is", "messages are"))
			switch {
			case k.cut == 1 && k.n == 1:
				text += "; it is cut here, and told as it is there"
			case k.cut == k.n:
				text += "; they are cut here, and told as they are there"
			case k.cut > 0:
				text += "; " + count(k.cut, "of them is cut here, and told as it is there", "of them are cut here, and told as they are there")
			}
			p.Report(diagnose.Finding{Evidence: p.Evidence(k.first, sip.Span{}), Text: text})
		}
		for n := 0; ; n++ {
			hop, than, ahead, ok := p.Call.ClocksDiffer(n)
			if !ok {
				break
			}
			way, whose := "ahead of", "that of the other file"
			if ahead < 0 {
				way, ahead = "behind", -ahead
			}
			if p.Call.Hops[hop].Source() == p.Call.Hops[than].Source() {
				whose = "that of the capture"
			}
			p.Report(diagnose.Finding{Evidence: p.Evidence(hop, sip.Span{}),
				Text: fmt.Sprintf("clock: by what both have it is %s %s %s, by which the messages are told", exactly(ahead), way, whose)})
		}
	},
}

// exactly writes by how much clocks differ, in hours, minutes and seconds.
func exactly(d time.Duration) string {
	var parts []string
	for _, u := range [...]struct {
		step time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}} {
		if n := d / u.step; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.step
		}
	}
	if d > 0 {
		parts = append(parts, strconv.FormatFloat(d.Seconds(), 'f', -1, 64)+" s")
	}
	return strings.Join(parts, " ")
}
