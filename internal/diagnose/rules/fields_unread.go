package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// FieldsUnread finds messages of whose header only the beginning is read here, since it has more lines than any message needs.
var FieldsUnread = &diagnose.Rule{
	Code:     "fields-unread",
	Title:    "The header has more lines than are read",
	Severity: diagnose.SeverityNote,
	Text: fmt.Sprintf(`Of a header %d lines are told apart, so that nobody can make this program slow with one. What stands behind them is not read: a Contact, a Content-Length or any other field
may be among it, and what is told of the message is told of its beginning.`, sip.MaxFields),
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "21.5.7")},
	Mend:  "No phone or proxy sends such a header: look for the loop that adds a line at each turn, or for whoever tries what the other side can bear.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if p.Sound() {
			return
		}
		for i := range p.Call.Hops {
			if p.Call.Hops[i].Kind != capture.KindMessage || p.Call.Hops[i].Duplicate {
				continue
			}
			if problem, unread := p.Message(i).Problem(sip.ProblemTooManyFields); unread {
				p.MarkDamaged(i)
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, problem.Span),
					Text: fmt.Sprintf("header: it has more than %d lines; what stands behind them was left out, and what is told is told without it", sip.MaxFields)})
			}
		}
	},
}
