package rules

import (
	"fmt"

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
interfaces, or at both ends, sees a packet several times; a log was put behind another of the same hours. They count as one message, not as retransmissions.`,
	Mend:  "Set the Debug Server of the device to another host than the Syslog Server, or leave it empty.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		n, first := 0, -1
		for i := range p.Call.Hops {
			if h := &p.Call.Hops[i]; h.Kind == capture.KindMessage && h.Duplicate {
				if n++; first < 0 {
					first = i
				}
			}
		}
		if n > 0 {
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}),
				Text: fmt.Sprintf("doubled: %s in the log once more than sent", count(n, "message is", "messages are"))})
		}
	},
}
