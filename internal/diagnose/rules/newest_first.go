package rules

import (
	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// NewestFirst tells that the file was turned round.
var NewestFirst = &diagnose.Rule{
	Code:     "newest-first",
	Title:    "The file has its newest line first",
	Severity: diagnose.SeverityNote,
	Text: `The times in the file fall from line to line, as in the log pages of routers and storage boxes and what they export. The file was read from its end, so
that what came first is told first.`,
	Mend:  "Nothing has to be done; to read the file yourself, turn it round (tac on Linux, tail -r on macOS).",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if _, mended := p.Call.PutRight(); mended {
			return // the call was, and not the file
		}
		first, last := -1, -1
		var below capture.Evidence
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage {
				continue
			}
			at := p.Call.Evidence(h)
			if last >= 0 && (at.Source != below.Source || at.Number >= below.Number) {
				return
			}
			if last, below = i, at; first < 0 {
				first = i
			}
		}
		if first != last {
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}), Text: "order: the file has the newest first; it was read from its end"})
		}
	},
}
