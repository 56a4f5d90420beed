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
			if int(h.Escape) < len(shownLineEnds) && shownLineEnds[h.Escape] != "" {
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}), Text: shownLineEnds[h.Escape]})
				return
			}
		}
	},
}

// shownLineEnds says how a line end looks that was written in a way that people see; "" of the others. Most calls of most logs have one: it is put together once.
var shownLineEnds = func() [syslog.EscapeNamed + 1]string {
	texts := [syslog.EscapeNamed + 1]string{
		syslog.EscapeCaret:          "^M",
		syslog.EscapeMeta:           "^M",
		syslog.EscapeHashOctal:      "#015#012",
		syslog.EscapeBackslashOctal: `\015\012`,
		syslog.EscapeC:              `\r\n`,
		syslog.EscapeDecimal:        "<013><010>",
		syslog.EscapeNamed:          "<CR><LF>",
		syslog.EscapeBlanks:         "blanks",
		syslog.EscapeSpaceLF:        "blanks",
	}
	for i, text := range texts {
		if text != "" {
			texts[i] = "line ends: the collector wrote them as " + text + ", each message on one line"
		}
	}
	return texts
}()
