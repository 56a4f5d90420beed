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
// sent so. Behind that end the next record begins with a header of syslog, or with a start line right there. One without Content-Length, and one that was cut, ends before the
// next header that the same collector wrote for the same host; so does an event. What stands between two records, and behind the last, is a line of its own too: not recognised
// and counted. Line ends may be lost within the messages as well, and be blanks: then a message ends by Content-Length alone, and the marker of a PBX shows where the next begins.
//
// Bytes behind a body may have been sent, too (RFC 3261 §18.3 has them discarded): whoever sends a message could so put a record of his own into the log. Therefore the first
// line of a source with a message decides for all of it: if it holds one alone, the log has its line ends, and no line is split. Nor does a header end the first message if
// lines with headers follow, if it is not of the host that logs, or if the body before it is a text; and a start line without a header never does. That lines are split is told; so is that what seems to be more messages is not read.

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

// unstick cuts a line behind the record that it begins with if another stands there, and holds the rest.
func (t *Text) unstick(h *syslog.Header, p *piece) {
	start, ok := findStart(h.Text)
	if start > 0 || !ok {
		if t.unstickWords(h, p) {
			return
		}
	}
	if !ok {
		return
	}
	first := h.TextStart + start
	t.trimCopied(h, p, first) // behind the last record, too
	more := 0
	for at := first; more < maxStuckEnds; more++ {
		message, after := nextStuck(p.line, at, first)
		if message < 0 {
			break
		}
		at = after
		record := t.stuckHeader(p.line, max(first, message-maxStuckHeader), message)
		if t.stuckEnd(p.line[first:record], record < message) > 0 {
			t.foundStuck(h, p, first)
			t.holdStuck(p.from(record))
			t.cutStuck(h, p, first, record)
			return
		}
	}
	if t.stuck || more > 0 && t.lastLine(h, p) {
		// Its end is not counted: there is no Content-Length, or the message was cut. It is at the next record of the host that logs.
		if record := t.nextHeaded(p.line, first, h); record > 0 && (t.stuck || t.headEnds(p.line[first:record])) {
			t.foundStuck(h, p, first)
			t.holdStuck(p.from(record))
			t.cutStuck(h, p, first, record)
			return
		}
		if record := t.bareEnd(p.line, first); t.stuck && record > 0 {
			t.foundStuck(h, p, first)
			t.holdStuck(p.from(record))
			*p = p.upTo(record)
			h.Parse(p.line)
			return
		}
		if message, _ := nextStuck(p.line, first, first); message > 0 {
			if end := t.flatEnd(p.line, first, message); end > 0 {
				t.foundStuck(h, p, first)
				if record := flatMarker(p.line, end, message); record > end {
					t.holdStuck(p.from(record))
					between := p.upTo(record)
					t.holdStuck(between.from(end))
				} else {
					t.holdStuck(p.from(end))
				}
				*p = p.upTo(end)
				h.Parse(p.line)
				return
			}
		}
	}
	switch {
	case t.stuck:
		if end := t.flatEnd(p.line, first, len(p.line)); end > 0 {
			t.holdStuck(p.from(end))
			*p = p.upTo(end)
			h.Parse(p.line)
			return
		}
		t.cutStuck(h, p, first, len(p.line))
	case more > 0 && t.stuckEnd(p.line[first:], true) == 0:
		t.losses = append(t.losses, loss{origin: t.stuckOrigin(p, first),
			text: fmt.Sprintf("in line %d more messages seem to stand behind the first; where each ends cannot be told, and they are not read", p.number)})
	}
	t.lined = !t.stuck
}

// unstickWords cuts a line that begins with something else than a message, before the next record on it.
func (t *Text) unstickWords(h *syslog.Header, p *piece) bool {
	like := h
	if !t.stuck && !t.eventBegins(h.Text) {
		return false
	}
	if h.Shape == syslog.ShapeNone {
		like = &t.stuckLike // the line is the rest of one that was cut
		if t.stuckBare == p.place(len(p.line)) {
			return false // none was found in more of it
		}
	}
	record := t.nextHeaded(p.line, h.TextStart, like)
	if record < 0 {
		t.stuckBare = p.place(len(p.line))
		return false
	}
	if !t.stuck {
		// An event is what a device wrote, and no one else; words may quote a log.
		if !t.isEvent(p.line[h.TextStart:record]) || !t.lastLine(h, p) {
			return false
		}
	}
	t.foundStuck(h, p, h.TextStart)
	t.holdStuck(p.from(record))
	*p = p.upTo(record)
	h.Parse(p.line)
	return true
}

// eventBegins reports whether a text may begin with an event, whatever stands behind it.
func (t *Text) eventBegins(text []byte) bool {
	if t.Event == nil || len(text) == 0 {
		return false
	}
	for _, s := range [...]string{"[", "CC:", "SYSCFG:", "AUD ", "RTP ", "RSE_DEBUG", "fu:", "Calling:", "lcfg->", "system request "} {
		if len(text) > len(s) && string(text[:len(s)]) == s {
			return true
		}
	}
	return false
}

// foundStuck says that the source has lines with several records, once.
func (t *Text) foundStuck(h *syslog.Header, p *piece, first int) {
	if t.stuck {
		return
	}
	t.stuck = true
	t.stuckLike.Shape, t.stuckLike.Host = h.Shape, bytes.Clone(h.Host)
	t.losses = append(t.losses, loss{origin: t.stuckOrigin(p, first),
		text: fmt.Sprintf("line %d holds several messages one behind the other; from there on each is read as a record of its own", p.number)})
}

func (t *Text) stuckOrigin(p *piece, first int) capture.Origin {
	return capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(first), End: p.place(len(p.line))}
}

// holdStuck holds what stands behind a record, without the blanks that a copy put in the place of the line end.
func (t *Text) holdStuck(p piece) {
	n := 0
	for n < len(p.line) && (p.line[n] == ' ' || p.line[n] == '\r') {
		n++
	}
	t.hold(p.from(n))
}

// cutStuck makes p the message at p.line[first:] alone and holds what stands behind it before p.line[record:].
func (t *Text) cutStuck(h *syslog.Header, p *piece, first, record int) {
	end := first + t.stuckEnd(p.line[first:record], true)
	if end == first {
		if record == len(p.line) {
			return
		}
		end = record // it was cut, or the rest of the datagram is the body (RFC 3261 §18.3)
	}
	if between := p.upTo(record); len(bytes.TrimSpace(between.line[end:])) > 0 {
		t.holdStuck(between.from(end))
	} else if record == len(p.line) {
		return // its line end
	}
	*p = p.upTo(end)
	h.Parse(p.line)
	t.trimCopied(h, p, first)
}

// trimCopied takes off what a copy put behind the message at p.line[first:] in the place of CR and LF, if its own line ends are written otherwise.
func (t *Text) trimCopied(h *syslog.Header, p *piece, first int) {
	text := trimStuck(p.line)
	if len(text) == len(p.line) || len(text) <= first {
		return
	}
	if e := quickEscape(text[first:min(len(text), first+maxRequestURI)]); e != syslog.EscapeNone && e != syslog.EscapeSpaceLF && e != syslog.EscapeBlanks {
		*p = p.upTo(len(text))
		h.Parse(p.line)
	}
}

// lastLine reports whether no line with a header stands behind p in the source, as far as it is looked at: then the log has lost its line ends. p is copied, since to look
// ahead may move what the reader has.
func (t *Text) lastLine(h *syslog.Header, p *piece) bool {
	if len(t.held) > 0 {
		return false
	}
	*p = p.copyOf()
	h.Parse(p.line)
	for ahead := t.in.R.Peek(maxUnwrapped); len(ahead) > 0; {
		line, rest, _ := bytes.Cut(ahead, lineFeed)
		var h syslog.Header
		if h.Parse(line); h.Shape != syslog.ShapeNone {
			return false
		}
		ahead = rest
	}
	return true
}

// nextHeaded returns where behind line[from:] the next record begins with a header like h: written by the same collector for the same host, or, where a message hides the
// host, or it is another one, with a start line or an event. It is -1 if there is none.
func (t *Text) nextHeaded(line []byte, from int, h *syslog.Header) int {
	if h.Shape == syslog.ShapeNone || h.Shape == syslog.ShapePRI {
		return -1
	}
	var next syslog.Header
	for i := from + 1; i < len(line); i++ {
		if !mayBeginHeader(line, i, from) {
			continue
		}
		next.Parse(line[i:min(len(line), i+maxStuckHeader)])
		if next.Shape != h.Shape {
			continue
		}
		if len(h.Host) > 0 && bytes.Equal(next.Host, h.Host) || len(h.Host) == 0 && len(next.Host) > 0 && t.stuck {
			return i
		}
		if !t.stuck {
			continue // another host may be one that somebody has made up in what he sent
		}
		text := line[i+next.TextStart:]
		if start, ok := findStart(text[:min(len(text), maxRequestURI)]); ok && start == 0 {
			return i
		}
		text = text[:min(len(text), maxStuckHeader)]
		for k := 1; k < len(text); k++ {
			if mayBeginHeader(text, k, 0) {
				if next.Parse(text[k:]); next.Shape == h.Shape {
					text = text[:k]
				}
			}
		}
		if t.isEvent(text) {
			return i
		}
	}
	return -1
}

// mayBeginHeader reports whether a header may begin at line[i]: with a date, or a PRI.
func mayBeginHeader(line []byte, i, from int) bool {
	switch c := line[i]; {
	case c == '<', c >= 'A' && c <= 'Z':
		return true
	case isDigit(c): // the number before it may be of the record before, if it is a year
		return i == from || !isDigit(line[i-1]) || i+4 < len(line) && line[i+4] == '-'
	}
	return false
}

// headEnds reports whether a text with escaped line ends has the empty line of a message, and behind it nothing or a session description.
func (t *Text) headEnds(text []byte) bool {
	e := quickEscape(trimStuck(text))
	if e == syslog.EscapeNone {
		return false
	}
	t.whole, t.spare = e.AppendUnescaped(t.whole[:0], text, t.spare[:0])
	_, body, ok := bytes.Cut(t.whole, headEnd)
	body = bytes.TrimSpace(body)
	return ok && (len(body) == 0 || bytes.HasPrefix(body, []byte("v=0\r\n")))
}

// bareEnd returns where a start line stands right behind the empty line of the message at line[first:], which has no Content-Length and, by its Content-Type, no body
// (RFC 3261 §7.4.1); -1 if it is not so.
func (t *Text) bareEnd(line []byte, first int) int {
	message, _ := nextStuck(line, first, first)
	if message < 0 {
		return -1
	}
	text := line[first:message]
	e := quickEscape(trimStuck(text))
	if e == syslog.EscapeNone {
		return -1
	}
	t.whole, t.spare = e.AppendUnescaped(t.whole[:0], text, t.spare[:0])
	_, body, ok := bytes.Cut(t.whole, headEnd)
	if t.msg.Parse(t.whole); !ok || len(bytes.TrimSpace(body)) > 0 || t.msg.DeclaredLength >= 0 || t.msg.Has(sip.FieldContentType) {
		return -1
	}
	return message
}

// flatEnd returns where the message ends that line[first:] begins with, if its line ends are blanks: behind the body that Content-Length gives, and before line[limit:]. It
// is -1 if that cannot be told.
func (t *Text) flatEnd(line []byte, first, limit int) int {
	text := line[first:limit]
	i := bytes.Index(text, flatLength)
	if i < 0 || quickEscape(text) != syslog.EscapeBlanks {
		return -1
	}
	i += len(flatLength)
	length, digits := 0, 0
	for ; digits < 6 && i < len(text) && isDigit(text[i]); i, digits = i+1, digits+1 {
		length = 10*length + int(text[i]-'0')
	}
	if digits == 0 || i+2 > len(text) || text[i] != ' ' || text[i+1] != ' ' {
		return -1 // header fields follow
	}
	i += 2 // its line end, and the empty line
	for n := 0; n < length; i++ {
		switch {
		case n == length-2 && (i == len(text) || text[i] == ' '):
			return first + min(i+1, len(text))
		case i >= len(text):
			return -1
		case text[i] == ' ' && isSDPLine(text[i+1:]):
			n += 2
		default:
			n++
		}
	}
	return first + i
}

var flatLength = []byte(" Content-Length: ")

// flatMarker returns where behind line[end:] the marker of a PBX begins that stands right before the message at line[message:]; message if there is none, or if what is
// between is short enough to be read with it.
func flatMarker(line []byte, end, message int) int {
	from := max(end, message-maxStuckHeader)
	if i := bytes.LastIndex(line[from:message], flatArrow); i >= 0 {
		return from + i
	}
	return message
}

var flatArrow = []byte("<--- ")

// trimStuck takes off what a copy put between a record and the next in the place of the line end.
func trimStuck(text []byte) []byte {
	if n := len(text); n > 2 && text[n-1] == ' ' && text[n-2] == '\r' {
		return text[:n-2]
	}
	return text
}

var colonBlank, headEnd = []byte(": "), []byte("\r\n\r\n")

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
	if i := bytes.LastIndex(b, colonBlank); i > 0 && i+3 < len(b) && bytes.IndexByte(b[i+2:len(b)-1], ' ') < 0 {
		// rsyslog put a blank into the Request-URI.
		if i = bytes.LastIndexByte(b[:i], ' '); i > 0 {
			method := i
			for method > 0 && b[method-1] >= 'A' && b[method-1] <= 'Z' {
				method--
			}
			if isMethod(b[method:i]) && syslog.TagBlank(line[base+method:]) > 0 {
				return base + method
			}
		}
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
		if !mayBeginHeader(line, i, from) {
			continue
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
	e := quickEscape(trimStuck(text))
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
