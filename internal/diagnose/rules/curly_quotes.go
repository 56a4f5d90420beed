package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// CurlyQuotes finds typographic quotation marks in the place of straight ones.
var CurlyQuotes = &diagnose.Rule{
	Code:     "curly-quotes",
	Title:    "Quotation marks were turned into typographic ones",
	Severity: diagnose.SeverityNote,
	Text: `A web page or a word processor replaced the quotes of the messages by typographic ones. They are not quotes in SIP; sipscribe reads them as if they
were. A digest cannot be checked against a text that was changed so.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "25.1")},
	Mend:  "Send the log as a file, not as text in a page or a word processor.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if !p.Call.MayHold(sip.CurlyQuote) {
			return
		}
		var evidence []capture.Evidence
		fields := 0
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || h.Duplicate {
				continue
			}
			if !sip.HasCurlyQuotes(p.Call.Text(h)) {
				continue
			}
			m := p.Message(i)
			for _, f := range m.Fields {
				if !sip.HasCurlyQuotes(m.Text(f.Value)) {
					continue
				}
				if fields++; len(evidence) < 64 {
					evidence = append(evidence, p.Evidence(i, f.Value)...)
				}
			}
		}
		if len(evidence) > 0 {
			p.Report(diagnose.Finding{Evidence: evidence,
				Text: fmt.Sprintf("quotes: typographic in %s (a web page or editor changed them)", count(fields, "header field", "header fields"))})
		}
	},
}
