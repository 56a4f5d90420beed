package rules

import (
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// OutOfOrder tells that the lines of a call were put right.
var OutOfOrder = &diagnose.Rule{
	Code:     "out-of-order",
	Title:    "The file has the lines in another order",
	Severity: diagnose.SeverityNote,
	Text: `The order of the lines contradicts what they say: an answer stands before what it answers, or a second attempt before the first. Parts of the log may have been put
together in another order, or some of them were turned round. The messages are told in the order of their times, and those of one time in the order in which one follows from the
other. A device's own lines (Off Hook and the like) say less: of several of one second the order may be another.`,
	Mend:  "Sort the file by its times, or give each part as a file of its own: several are merged by their times.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if hop, mended := p.Call.PutRight(); mended {
			p.Report(diagnose.Finding{Evidence: p.Evidence(hop, sip.Span{}),
				Text: "order: the file has them in another; told by their times, and within one by what follows from what"})
		}
	},
}
