package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// LineEndsShown tells that a collector wrote the line ends of the messages as visible characters.
var LineEndsShown = &diagnose.Rule{
	Code:     "line-ends-shown",
	Title:    "The collector wrote line ends as visible characters",
	Severity: diagnose.SeverityNote,
	Text: `A syslog daemon writes a message on one line, and shows the characters that a line cannot hold in its own way: sysklogd writes CR as ^M and LF as
a blank, rsyslog #015#012, Kiwi <013><010>. The messages were sent with ordinary line ends.`,
	Refs:  []diagnose.Ref{diagnose.RFC(5424, "8.2")},
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		shown := map[syslog.Escape]string{syslog.EscapeCaret: "^M", syslog.EscapeMeta: "^M", syslog.EscapeHashOctal: "#015#012",
			syslog.EscapeBackslashOctal: `\015\012`, syslog.EscapeC: `\r\n`, syslog.EscapeDecimal: "<013><010>", syslog.EscapeBlanks: "blanks", syslog.EscapeSpaceLF: "blanks"}
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage {
				continue
			}
			if text, ok := shown[h.Escape]; ok {
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}),
					Text: fmt.Sprintf("line ends: the collector wrote them as %s, each message on one line", text)})
				return
			}
		}
	},
}
