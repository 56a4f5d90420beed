package decode

import (
	"bytes"
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// A copy may lose the line ends between the records of a log (tr -d '\n', a JSON array, a web page in one line), and several messages stand on one physical line:
//
//	Aug 20 16:40:00 192.0.2.5 BYE sip:bob@example.com SIP/2.0^M Via: …^M Content-Length: 0^M ^M Aug 20 16:40:01 192.0.2.5 SIP/2.0 200 OK^M Via: …
//
// Each becomes a record of its own. A message ends where its Content-Length says (RFC 3261 §20.14): what looks like a record inside a header field or a body may have been
// sent so. One without Content-Length ends before the header of the next record, once others have shown that the line holds several. Behind that end the next record begins with a header of syslog and a start line, or with a start line right there. What stands between the two, and behind the
// last, is a line of its own too: an event, or not recognised and counted.
//
// Bytes behind a body may have been sent, too (RFC 3261 §18.3 has them discarded): whoever sends a message could so put a record of his own into the log. Therefore the first
// line of a source with a message decides for all of it: if it holds one alone, the log has its line ends, and no line is split. That lines are split is told.

const (
	// maxStuckHeader is how long the header of a record may be, in bytes.
	maxStuckHeader = 160
	// maxStuckEnds bounds how often the end of a message is looked for: each time the text is unescaped up to there.
	maxStuckEnds = 8
)

// mayBeStuck reports whether a line is to be searched for further records.
func (t *Text) mayBeStuck(p *piece) bool {
	return p.at == nil && !t.lined
}

// unstick cuts a line behind the message that it begins with if another record stands there, and holds the rest.
func (t *Text) unstick(h *syslog.Header, p *piece) {
	start, ok := findStart(h.Text)
	if !ok {
		return
	}
	first := h.TextStart + start
	for at, ends := first, 0; ends < maxStuckEnds; {
		message, after := nextStuck(p.line, at, first)
		if message < 0 {
			if t.stuck {
				t.cutStuck(h, p, first, len(p.line))
			}
			break
		}
		at = after
		record := t.stuckHeader(p.line, max(first, message-maxStuckHeader), message)
		ends++
		if t.stuckEnd(p.line[first:record], record < message) == 0 {
			continue
		}
		if !t.stuck {
			t.stuck = true
			t.losses = append(t.losses, loss{origin: capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(first), End: p.place(len(p.line))},
				text: fmt.Sprintf("line %d holds several messages one behind the other; from there on each is read as a record of its own", p.number)})
		}
		t.hold(p.from(record))
		t.cutStuck(h, p, first, record)
		return
	}
	t.lined = !t.stuck
}

// cutStuck makes p the message at p.line[first:] alone and holds what stands behind it before p.line[record:].
func (t *Text) cutStuck(h *syslog.Header, p *piece, first, record int) {
	end := first + t.stuckEnd(p.line[first:record], true)
	if end == first {
		return
	}
	if between := p.upTo(record); len(bytes.TrimSpace(between.line[end:])) > 0 {
		t.hold(between.from(end))
	} else if record == len(p.line) {
		return // its line end
	}
	*p = p.upTo(end)
	h.Parse(p.line)
}

// nextStuck returns where the next start line begins whose version is in line[at:] and which is not that of the message at line[first:], and where its version ends. The
// first is -1 if there is none.
func nextStuck(line []byte, at, first int) (message, after int) {
	for {
		k := bytes.Index(line[at:], sipVersion)
		if k < 0 {
			return -1, at
		}
		version := at + k
		at = version + len(sipVersion)
		rest := line[at:]
		s := 0
		if n := statusLen(rest); n > 0 {
			if statusGoesOn(rest[n:]) {
				s = version
			}
		} else if endsStartLine(rest) {
			s = stuckRequest(line, first, version)
		}
		if s > first {
			return s, at
		}
	}
}

// stuckRequest returns where the request begins whose version stands at line[version:], behind line[first:]; -1 if there is none.
func stuckRequest(line []byte, first, version int) int {
	b := line[max(first, version-maxRequestURI):version]
	base := version - len(b)
	if len(b) == 0 || b[len(b)-1] != ' ' {
		return -1
	}
	uri := bytes.LastIndexByte(b[:len(b)-1], ' ')
	if uri <= 0 || !uriBegins(b[uri+1:]) {
		return -1
	}
	method := uri
	for method > 0 && b[method-1] >= 'A' && b[method-1] <= 'Z' {
		method--
	}
	if !isMethod(b[method:uri]) {
		return -1
	}
	return base + method
}

// stuckHeader returns where the record begins whose message stands at line[message:]: at a header of syslog before it, not before line[from:], with nothing between
// them but what says which way the message went. It is message if there is none.
func (t *Text) stuckHeader(line []byte, from, message int) int {
	var h syslog.Header
	for i := from; i < message; i++ {
		if c := line[i]; !isDigit(c) && (c < 'A' || c > 'Z') && c != '<' || i > from && isDigit(line[i-1]) && isDigit(c) {
			continue // no date begins so
		}
		// With the version behind the header the host is not taken for the beginning of the text.
		h.Parse(line[i:min(len(line), message+maxStuckHeader)])
		text := i + h.TextStart
		if h.Shape == syslog.ShapeNone || h.Shape == syslog.ShapePRI || text > message {
			continue
		}
		if text == message || t.Event != nil && t.announces(line[text:message]) {
			return i
		}
	}
	return message
}

// announces reports whether a text says which way the message behind it went, and nothing else.
func (t *Text) announces(text []byte) bool {
	e, ok := t.Event(trimEscapedEOL(text))
	return ok && e.Announces
}

// stuckEnd returns where the message ends that text begins with, if it is whole there: its empty line is in it, and the body that Content-Length gives. It is 0 if that is
// not so. headed says that behind text stands a record with a header; without one only a Content-Length that fits to the byte shows that a start line is not of the body.
func (t *Text) stuckEnd(text []byte, headed bool) int {
	e := quickEscape(text)
	if e == syslog.EscapeNone {
		return 0
	}
	t.whole, t.spare = e.AppendUnescaped(t.whole[:0], text, t.spare[:0])
	head := bytes.Index(t.whole, []byte("\r\n\r\n"))
	if head < 0 {
		return 0
	}
	var m sip.Message
	if m.Parse(t.whole[:head+len("\r\n\r\n")]); m.DeclaredLength < 0 {
		// The rest of the datagram is the body (RFC 3261 §18.3). Where the line ends of the log are lost, as another message has shown, that is up to the next record.
		if t.stuck && headed {
			return len(text)
		}
		return 0
	}
	end := head + len("\r\n\r\n") + m.DeclaredLength
	if end > len(t.whole) || !headed && end < len(t.whole) {
		return 0
	}
	// Whoever edited a log has not counted: what was put into the body is read, up to its last line end.
	if k := bytes.LastIndex(t.whole[end:], []byte("\r\n")); k >= 0 {
		end += k + len("\r\n")
	}
	if end == len(t.whole) {
		return len(text)
	}
	return min(len(text), t.spare.Logged(end))
}
