package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// DirectionOpen tells that the evidence for the way of a message contradicts itself.
var DirectionOpen = &diagnose.Rule{
	Code:     "direction-open",
	Title:    "Which way a message went cannot be told",
	Severity: diagnose.SeverityNote,
	Text: `What the log shows about a message says both that it was sent and that it was received: a proxy logs what comes in and goes out under one name, or both
ends of a call were logged by one collector. sipscribe does not guess.`,
	Mend:  "Take the log of one device at a time, or a capture, which has the addresses.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		var evidence []capture.Evidence
		for _, i := range p.Call.Conflicts {
			if len(evidence) < 64 {
				evidence = append(evidence, p.Evidence(i, sip.Span{})...)
			}
		}
		if len(evidence) > 0 {
			p.Report(diagnose.Finding{Evidence: evidence,
				Text: fmt.Sprintf("direction: the log says both ways of %s", count(len(p.Call.Conflicts), "message", "messages"))})
		}
	},
}
