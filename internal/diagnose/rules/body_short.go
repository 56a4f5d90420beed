package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// BodyShort finds bodies that are shorter than they say, where neither a cut nor an edit explains it.
var BodyShort = &diagnose.Rule{
	Code:     "body-short",
	Title:    "The body is shorter than it says",
	Severity: diagnose.SeverityNote,
	Text: `The body has fewer bytes than Content-Length announces, and the log does not show why. If the message was really sent so, over UDP a request should
be answered 400 and a response be discarded; but a log that lost bytes is by far the likelier cause.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "18.3")},
	Mend:  "Compare with the log of the other side, or with a capture: one of the two may show what is missing.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if p.Sound() {
			return
		}
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || h.Missing != capture.MissingNothing || p.Damaged(i) || h.Duplicate {
				continue
			}
			m := p.Message(i)
			if _, short := m.Problem(sip.ProblemBodyShort); short && !lostLineEnd(m) {
				p.MarkDamaged(i)
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, m.Body),
					Text: fmt.Sprintf("shorter than declared: the body has %d of %d bytes; the log does not show why", m.Body.Len(), m.DeclaredLength)})
			}
		}
	},
}
