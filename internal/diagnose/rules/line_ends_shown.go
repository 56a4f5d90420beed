package rules

import (
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
	Mend:  "Nothing needs mending: the messages are read as they were sent.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage {
				continue
			}
			if text := shownLineEnd(h.Escape); text != "" {
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}),
					Text: "line ends: the collector wrote them as " + text + ", each message on one line"})
				return
			}
		}
	},
}

// shownLineEnd is how a line end looks that was written in a way that people see; "" for the others.
func shownLineEnd(e syslog.Escape) string {
	switch e {
	case syslog.EscapeCaret, syslog.EscapeMeta:
		return "^M"
	case syslog.EscapeHashOctal:
		return "#015#012"
	case syslog.EscapeBackslashOctal:
		return `\015\012`
	case syslog.EscapeC:
		return `\r\n`
	case syslog.EscapeDecimal:
		return "<013><010>"
	case syslog.EscapeNamed:
		return "<CR><LF>"
	case syslog.EscapeBlanks, syslog.EscapeSpaceLF:
		return "blanks"
	}
	return ""
}
