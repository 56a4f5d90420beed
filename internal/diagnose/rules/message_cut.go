package rules

import (
	"bytes"
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// MessageCut finds messages of which only the beginning is there.
var MessageCut = &diagnose.Rule{
	Code:     "message-cut",
	Title:    "This message is not whole",
	Severity: diagnose.SeverityNote,
	Text: `The log shows only the beginning of the message. What was sent was whole, as a rule: a device sends a message in one datagram, and the syslog daemon
keeps as much as its line holds, classically 1,024 bytes; a capture keeps as much as its snap length. Only where a capture has the whole packet was the
message sent so. Nothing can be concluded from what is missing.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3164, "4.1")},
	Mend:  "Use a collector that keeps longer lines (8 KiB is usual today), and capture whole packets (tcpdump -s 0).",
	Since: "0.1.0",
	Run:   runMessageCut,
}

func runMessageCut(p *diagnose.Pass) {
	if p.Sound() {
		return
	}
	c := p.Call
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage || h.Missing == capture.MissingHead || h.Duplicate {
			continue
		}
		m := p.Message(i)
		where := sip.Span{Start: uint32(max(0, len(m.Raw)-1)), End: uint32(len(m.Raw))}
		switch h.Missing {
		case capture.MissingSnap:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, where),
				Text: "cut by the capture: it has only the first bytes of the packet (snap length, or the end of a file that breaks off)",
				Mend: "Capture whole packets (tcpdump -s 0)."})
			continue
		case capture.MissingStream:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, where), Text: "not whole: bytes of its TCP stream are not in the capture"})
			continue
		case capture.MissingPart:
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, where), Text: "not whole: it came in parts, and not all of them are here"})
			continue
		}
		if c.Captured(h) {
			runSentShort(p, i, m, where)
			continue
		}
		if problem, ok := m.Problem(sip.ProblemCutInLine); ok {
			p.MarkDamaged(i)
			by := "cut by the logger"
			if h.Time.IsZero() {
				by = "cut" // a text that no logger stamped
			}
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, problem.Span),
				Text: fmt.Sprintf("%s in the middle of its header, after %d bytes%s", by, len(m.Raw), nearLimit(h.Missing, logged(p, i)))})
			continue
		}
		if h.HeaderCut() {
			p.MarkDamaged(i)
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, where),
				Text: fmt.Sprintf("cut in its header, behind a line, after %d bytes: the empty line that ends a header is not there", len(m.Raw))})
			continue
		}
		if _, ok := m.Problem(sip.ProblemBodyShort); ok && !lostLineEnd(m) && bodyCut(p, i, m) {
			p.MarkDamaged(i)
			if h.Time.IsZero() {
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, where), Mend: mendSender,
					Text: fmt.Sprintf("its Content-Length names %d bytes, and %d bytes of a body are here", m.DeclaredLength, m.Body.Len())})
				continue
			}
			p.Report(diagnose.Finding{Evidence: p.Evidence(i, where),
				Text: fmt.Sprintf("cut by the logger: %d of %d bytes of the body are there%s", m.Body.Len(), m.DeclaredLength, nearLimit(h.Missing, logged(p, i))),
				Mend: "Use a collector that keeps longer lines (8 KiB is usual today)."})
		}
	}
}

// mendSender is for what is not the doing of a log or capture.
const mendSender = "Look at the program that sent it: a header ends with an empty line (RFC 3261 §7), and Content-Length is the length of the body (§20.14)."

// runSentShort reports a message that is not whole although the packets that it came in are: it was sent so.
func runSentShort(p *diagnose.Pass, i int, m *sip.Message, where sip.Span) {
	_, inLine := m.Problem(sip.ProblemCutInLine)
	_, short := m.Problem(sip.ProblemBodyShort)
	text := ""
	switch {
	case inLine || p.Call.Hops[i].HeaderCut():
		text = fmt.Sprintf("sent so: its header has no empty line behind it, and nothing follows its %d bytes", len(m.Raw))
	case short:
		text = fmt.Sprintf("sent so: its Content-Length names %d bytes, and %d bytes of a body came", m.DeclaredLength, m.Body.Len())
	default:
		return
	}
	p.MarkDamaged(i)
	p.Report(diagnose.Finding{Evidence: p.Evidence(i, where), Text: text, Mend: mendSender})
}

// logged returns how many bytes the message takes in the log.
func logged(p *diagnose.Pass, i int) int64 {
	o := p.Call.Evidence(&p.Call.Hops[i])
	return o.End - o.Start
}

// nearLimit names the limit at which classic syslog cuts, if the message ends near one. Addresses that were shortened since leave fewer
// bytes than were logged.
func nearLimit(missing capture.Missing, n int64) string {
	switch {
	case missing != capture.MissingNothing:
		return ""
	case n >= 850 && n <= 1030:
		return " (classic syslog ends a line near 1,024)"
	case n >= 1900 && n <= 2050:
		return " (some syslog daemons end a line at 2,048)"
	case n >= 7900 && n <= 8200:
		return " (many syslog daemons end a line at 8 KiB)"
	}
	return ""
}

// bodyCut reports whether a body that is shorter than its Content-Length was cut: there is none at all, it ends inside a line, an earlier message of the same
// Content-Length goes on where it stops, or a session description lacks more than longer addresses in their places could bring.
func bodyCut(p *diagnose.Pass, i int, m *sip.Message) bool {
	body := m.BodyBytes()
	deficit := m.DeclaredLength - len(body)
	if len(body) == 0 || !bytes.HasSuffix(body, []byte("\n")) {
		return true
	}
	kept := append([]byte(nil), body...)
	declared := m.DeclaredLength
	for j := range p.Call.Hops[:i] {
		h := &p.Call.Hops[j]
		if h.Kind != capture.KindMessage || !p.HasSDP(j) {
			continue
		}
		other := p.Message(j)
		if other.DeclaredLength == declared && other.Body.Len() > len(kept) && bytes.HasPrefix(other.BodyBytes(), kept) {
			p.Message(i)
			return true
		}
	}
	m = p.Message(i)
	return isDescription(m.BodyBytes()) && deficit > longestAddress*addressPlaces(m.BodyBytes())
}

// longestAddress is the length of the longest address in text, an IPv6 address with a zone aside.
const longestAddress = len("2001:db8:1111:2222:3333:4444:5555:6666")

// isDescription reports whether a body is a session description, whole or not.
func isDescription(body []byte) bool { return bytes.HasPrefix(body, []byte("v=")) }

// addressPlaces counts the addresses that a session description has, hidden or not: one in o= and one in each c=.
func addressPlaces(body []byte) int { return bytes.Count(body, []byte("IN IP")) }

// lostLineEnd reports whether all that a body lacks is the line end after its last line: what stands at the end of a line of a log loses
// it, and nobody is told about that.
func lostLineEnd(m *sip.Message) bool {
	body := m.BodyBytes()
	return len(body) > 0 && body[len(body)-1] != '\n' && m.DeclaredLength-len(body) <= 2
}
