package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// LinesWrapped tells that the lines of the log were broken and put together again.
var LinesWrapped = &diagnose.Rule{
	Code:     "lines-wrapped",
	Title:    "Long lines of the log were broken",
	Severity: diagnose.SeverityNote,
	Text: `A mail program, a terminal or a logger broke long lines of the log in two or more. They were put together again, by their lengths and by what
stands in them. Where a line was broken between two words the blank is lost, and whether there was one is not always certain.`,
	Mend:  "Send the log as a file, not in the text of a mail.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		n, first := 0, -1
		for i := range p.Call.Hops {
			if h := &p.Call.Hops[i]; h.Kind == capture.KindMessage && h.Wrapped() {
				if n++; first < 0 {
					first = i
				}
			}
		}
		if n > 0 {
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}),
				Text: fmt.Sprintf("wrapped: long lines were broken, as mail and terminals do it; those of %s are put together again", count(n, "message", "messages"))})
		}
	},
}
