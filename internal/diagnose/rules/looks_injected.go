package rules

import (
	"bytes"
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// LooksInjected finds what has the form of a record of a log and stands inside a message, and what was read as a message though it stands inside another.
var LooksInjected = &diagnose.Rule{
	Code:     "looks-injected",
	Title:    "Something here looks like a record of the log and may not be one",
	Severity: diagnose.SeverityNote,
	Text: `The text of a message is its sender's. He may put a line into it that looks like a record of a log, to be told as one where the collector keeps line
ends. Such a line is marked in a header, behind the end of a body, and where a message begins before the header of the one above it has ended and has none
of the fields that every message has: they stand above it. Also marked is what stands where a body would go on that is too short, if the next record of the log begins exactly where its
Content-Length says that it ends: what is told of it is doubtful, and nothing else is concluded from it. By chance a body that the logger cut may fit so, too. A line that has all
the fields is else not told from a record, nor is one in a body of which the rest was cut. Behind the end of a body the cause may be another: two lines of the log were joined.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "18.3")},
	Mend:  "Use a collector that writes a message on one line with its line ends escaped (rsyslog and sysklogd do). Of two lines that were joined, separate them again.",
	Since: "0.1.0",
	Run:   runLooksInjected,
}

func runLooksInjected(p *diagnose.Pass) {
	if p.Sound() {
		return
	}
	for i := range p.Call.Hops {
		h := &p.Call.Hops[i]
		switch {
		case h.Kind != capture.KindMessage || h.Missing == capture.MissingHead || h.Duplicate:
			continue
		case h.Missing == capture.MissingFields:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}),
				Text: "perhaps put in: it begins inside the header of the one above, and has none of the fields that all have"})
			continue
		}
		m := p.Message(i)
		switch h.Missing {
		case capture.MissingBody:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{}),
				Text: "perhaps put in: the body above, by its Content-Length, reaches over this to exactly where a record begins"})
			continue
		case capture.MissingRest:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, m.Body),
				Text: fmt.Sprintf("the body has %d of %d bytes; the rest may be the lines below: a record begins exactly where it would end", m.Body.Len(), m.DeclaredLength)})
			continue
		}
		if trail := m.Text(m.Trail); looksLikeRecord(trail, true) {
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, m.Trail),
				Text: fmt.Sprintf("not read: %d bytes behind the body look like another message; two lines were joined, or its sender put it there", len(trail))})
			continue
		}
		for at := m.StartLine.End; at < m.Body.Start; {
			end := m.Body.Start
			if k := bytes.IndexByte(m.Raw[at:end], '\n'); k >= 0 {
				end = at + uint32(k) + 1
			}
			if looksLikeRecord(m.Raw[at:end], false) {
				p.MarkDamaged(i)
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, sip.Span{Start: at, End: end}),
					Text: "put in: a line of the header looks like a record of the log; its sender did it, or two lines were joined"})
				break
			}
			at = end
		}
	}
}

// looksLikeRecord reports whether a text begins with the header of a record, with a time in it, and the start line of a message; bare: the start line will do.
func looksLikeRecord(text []byte, bare bool) bool {
	text = bytes.TrimLeft(text, " \r\n")
	var h syslog.Header
	if h.Parse(text); h.Shape != syslog.ShapeNone && !h.Time.IsZero() {
		text, bare = h.Text, true
	}
	if !bare {
		return false
	}
	const version = "SIP/2.0"
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimRight(line, " \r")
	if bytes.HasPrefix(line, []byte(version+" ")) {
		return len(line) > len(version)+3 && line[len(version)+1] >= '1' && line[len(version)+1] <= '6'
	}
	method, rest, _ := bytes.Cut(line, []byte(" "))
	return sip.ParseMethod(method) != sip.MethodUnknown && bytes.HasSuffix(rest, []byte(" "+version))
}
