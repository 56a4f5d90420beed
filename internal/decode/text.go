package decode

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// Text reads SIP out of the lines of a log. It is the engine under the formats that are made of lines; what they differ in
// is in its fields.
//
// A message stands in a log in one of three ways, and a log may mix them:
//
//	on one line, its line ends escaped          Aug 20 16:40:00 192.168.0.2 INVITE sip:… SIP/2.0^M Via: …^M ^M v=0^M …
//	on several lines, the first with a prefix   2022-02-11 17:40:45 DEBUG: INVITE sip:… SIP/2.0 ⏎ Via: … ⏎ ⏎ v=0 ⏎ …
//	on several lines, each with a prefix        [Aug  5 11:43:53] INVITE sip:… SIP/2.0 ⏎ [Aug  5 11:43:53] Via: … ⏎ …
//
// A record's Data is the message with its escapes and prefixes undone and CRLF at the end of each line; Origin.Map leads
// back.
type Text struct {
	// Event, if set, recognises a device's lines beside SIP. The event's Subject may borrow text.
	Event func(text []byte) (EventLine, bool)

	in    *Input
	clock *Clock

	// The message that is being put together from several lines.
	open    bool
	body    bool // past the empty line
	left    int  // bytes of body to come, -1 if Content-Length does not say
	rec     capture.Record
	buf     []byte
	omap    syslog.OffsetMap
	host    []byte
	label   []byte
	srcName []byte
	dstName []byte
	runAt   int   // length of buf at the last step of omap
	next    int64 // offset in the source of the byte that would follow buf one to one
	prefix  prefix

	// held are pieces of the source still to be looked at, the next one last: the line that ended a message, the rest of a line that was
	// split.
	held   []piece
	header syslog.Header
	marker marker
}

// piece is a line, or what is left of one.
type piece struct {
	line   []byte
	number int64
	offset int64
}

// EventLine is a line that a device writes beside SIP.
type EventLine struct {
	Event capture.Event
	// Announces: the line is no event of its own but says which way the message went that follows it, on the same line or the next.
	Announces bool
	Direction capture.Direction
	Peer      capture.Endpoint
}

// NewText returns an engine that reads in.
func NewText(in *Input) *Text { return &Text{in: in, clock: NewClock(in.Options.Clock)} }

// maxTextMessage bounds a message that is put together from lines, in bytes.
const maxTextMessage = 256 << 10

// Next implements Decoder.
func (t *Text) Next(rec *capture.Record) error {
	for {
		var p piece
		if n := len(t.held); n > 0 {
			p = t.held[n-1]
			t.held = t.held[:n-1]
		} else {
			var err error
			p.line, p.number, p.offset, err = t.in.R.ReadLine()
			if err != nil {
				if t.open {
					t.finish(rec)
					return nil
				}
				return err
			}
			if p.number == 1 {
				p.line = bytes.TrimPrefix(p.line, utf8BOM)
				p.offset = t.in.R.Offset() - int64(len(p.line))
			}
		}
		if t.line(rec, p) {
			return nil
		}
	}
}

var utf8BOM = []byte("\xef\xbb\xbf")

// line takes one line. It returns true if rec was filled; if the line was not used up it is held.
func (t *Text) line(rec *capture.Record, p piece) bool {
	h := &t.header
	h.Parse(p.line)
	if h.Shape == syslog.ShapePRI {
		// A dump without a collector puts datagrams one after the other, without a line end between them.
		if n := syslog.NextDatagram(h.Text); n > 0 {
			cut := h.TextStart + n
			t.held = append(t.held, piece{p.line[cut:], p.number, p.offset + int64(cut)})
			p.line = p.line[:cut]
			h.Parse(p.line)
		}
	}
	text, at := h.Text, p.offset+int64(h.TextStart)
	start, ok := findStart(text)
	if ok {
		if t.open {
			t.held = append(t.held, p)
			t.finish(rec)
			return true
		}
		return t.begin(rec, h, text, start, p.number, at)
	}
	if t.open && t.goesOn(h, p.line, p.offset) {
		return false
	}
	if t.open {
		t.held = append(t.held, p)
		t.finish(rec)
		return true
	}
	return t.between(rec, h, text, p.number, at)
}

// begin starts a message at text[start:]. A message whose line ends are escaped is whole on its line and fills rec.
func (t *Text) begin(rec *capture.Record, h *syslog.Header, text []byte, start int, number, at int64) bool {
	t.rec = capture.Record{Kind: capture.KindMessage}
	stamp := h.Time
	before := text[:start]
	if stamp.IsZero() {
		stamp = findTime(before)
	}
	t.host = append(t.host[:0], h.Host...)
	t.label, t.srcName, t.dstName = t.label[:0], t.srcName[:0], t.dstName[:0]
	if t.marker.set && number-t.marker.line <= markerReach {
		t.applyMarker(&stamp)
	}
	t.marker = marker{}
	if len(before) > 0 && t.Event != nil {
		if e, ok := t.Event(text); ok && e.Announces {
			t.marker = marker{set: true, direction: e.Direction, peer: e.Peer}
			t.applyMarker(&stamp)
			t.marker, before = marker{}, nil
		}
	}
	if len(before) > 0 && t.rec.Direction == capture.DirectionUnknown {
		if m := readMarker(before); m.set {
			t.marker = m
			t.applyMarker(&stamp)
			t.marker = marker{}
		}
	}
	t.rec.Time = t.clock.Time(stamp)
	t.rec.Origin = capture.Origin{Source: t.in.Source, Number: number, Start: at + int64(start)}
	t.buf, t.omap, t.runAt = t.buf[:0], t.omap[:0], 0
	t.next = t.rec.Origin.Start
	msg := text[start:]
	if e := quickEscape(msg); e != syslog.EscapeNone {
		msg = trimEOL(msg)
		t.buf, t.omap = e.AppendUnescaped(t.buf, msg, t.omap)
		t.rec.Origin.End = t.rec.Origin.Start + int64(len(msg))
		t.fill(rec)
		return true
	}
	t.prefix.learn(h, text, start)
	t.open, t.body, t.left = true, false, -1
	t.appendLine(msg, t.rec.Origin.Start)
	return false
}

// quickEscape is syslog.DetectEscape with a short way for the common case.
func quickEscape(text []byte) syslog.Escape {
	head := text[:min(len(text), 512)]
	if i := bytes.IndexByte(head, '^'); i >= 0 && i+2 < len(text) && text[i+1] == 'M' {
		if c := text[i+2]; c == ' ' || c >= 'A' && c <= 'Z' {
			return syslog.EscapeCaret
		}
	}
	return syslog.DetectEscape(text)
}

func trimEOL(b []byte) []byte {
	n := len(b)
	if n > 0 && b[n-1] == '\n' {
		n--
		if n > 0 && b[n-1] == '\r' {
			n--
		}
	}
	return b[:n]
}

// appendLine appends a line of the message, of which the first byte is at offset in the source, with CRLF.
func (t *Text) appendLine(line []byte, offset int64) {
	text := trimEOL(line)
	if offset != t.next {
		t.omap = t.omap.Add(len(t.buf)-t.runAt, int(offset-t.next))
		t.runAt = len(t.buf)
	}
	if bytes.IndexByte(text, '&') >= 0 {
		t.appendEntities(text, offset)
	} else {
		t.buf = append(t.buf, text...)
	}
	t.next = offset + int64(len(text))
	t.rec.Origin.End = offset + int64(len(line))
	if len(line) == len(text) {
		return // the last line of the source
	}
	if line[len(text)] == '\r' {
		t.buf = append(t.buf, '\r', '\n')
		t.next += 2
		return
	}
	// CR has no byte in the source, LF has one.
	t.buf = append(t.buf, '\r')
	t.omap = t.omap.Add(len(t.buf)-t.runAt, -1)
	t.runAt = len(t.buf)
	t.buf = append(t.buf, '\n')
	t.next++
}

// entities are the character references that a copy from a web page leaves in a log.
var entities = [...]struct {
	name string
	char byte
}{{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&colon;", ':'}, {"&#39;", '\''}, {"&#58;", ':'},
	{"&#64;", '@'}, {"&commat;", '@'}, {"&nbsp;", ' '}, {"&semi;", ';'}}

func (t *Text) appendEntities(text []byte, offset int64) {
	for i := 0; i < len(text); {
		n := 0
		for _, e := range entities {
			if text[i] == '&' && bytes.HasPrefix(text[i:], []byte(e.name)) {
				t.buf = append(t.buf, e.char)
				n = len(e.name)
				t.omap = t.omap.Add(len(t.buf)-t.runAt, n-1)
				t.runAt = len(t.buf)
				break
			}
		}
		if n == 0 {
			t.buf = append(t.buf, text[i])
			n = 1
		}
		i += n
	}
}

// goesOn reports whether a line belongs to the message that is open, and appends it.
func (t *Text) goesOn(h *syslog.Header, line []byte, offset int64) bool {
	text := line
	if h.Shape != syslog.ShapeNone {
		if !t.prefix.syslog || !bytes.Equal(h.Host, t.host) {
			return false // a record of its own
		}
		text = h.Text
	} else {
		text = line[t.prefix.strip(line):]
	}
	at := offset + int64(len(line)-len(text))
	bare := trimEOL(text)
	if len(t.buf)+len(text) > maxTextMessage {
		return false
	}
	if !t.body {
		switch {
		case len(bytes.TrimSpace(bare)) == 0:
			t.body = true
			t.left = t.declared()
			t.appendLine(text[len(bare):], at+int64(len(bare)))
			return true
		case isSDPVersion(bare):
			// The empty line was lost on the way here. The parser knows the case.
			t.body = true
			t.left = t.declared()
		case bare[0] == ' ' || bare[0] == '\t':
			if !foldable(bare) {
				return false
			}
			t.appendLine(text, at)
			return true
		default:
			if !isFieldLine(bare) {
				return false
			}
			t.appendLine(text, at)
			return true
		}
	}
	// The body. With Content-Length it is as long as that says, one byte more or less for each line end forgiven; what stands
	// in a log after it is not part of it.
	if t.left == 0 {
		return false
	}
	sdp := len(bare) >= 2 && bare[1] == '=' && bare[0] >= 'a' && bare[0] <= 'z'
	if t.left < 0 && !sdp {
		return false
	}
	if len(bare) == 0 && t.left > 0 && t.isSDP() {
		return false // no empty line in a session description: the message was short
	}
	if t.isSDP() && !sdp {
		return false
	}
	t.appendLine(text, at)
	if t.left > 0 {
		if t.left -= len(bare) + 2; t.left <= 1 {
			t.left = 0
		}
	}
	return true
}

// isSDP reports whether the body that is being read is a session description, by its first line or Content-Type.
func (t *Text) isSDP() bool { return bytes.Contains(t.buf, []byte("application/sdp")) }

// declared returns the Content-Length of the open message, -1 if it has none.
func (t *Text) declared() int {
	m := sip.Parse(t.buf)
	return m.DeclaredLength
}

func isSDPVersion(line []byte) bool {
	return len(line) >= 3 && line[0] == 'v' && line[1] == '=' && line[2] >= '0' && line[2] <= '9'
}

// foldable reports whether a line that begins with white space can continue a header field: it is not itself indented prose under
// a message, which would begin a new sentence after a blank line anyway.
func foldable(line []byte) bool { return len(bytes.TrimSpace(line)) > 0 }

// isFieldLine reports whether a line looks like a header field: a token, and a colon.
func isFieldLine(line []byte) bool {
	for i, c := range line {
		switch {
		case c == ':':
			return i > 0
		case c == ' ' || c == '\t':
			// Blanks are allowed before the colon only (RFC 3261 §25.1, HCOLON).
			rest := bytes.TrimLeft(line[i:], " \t")
			return i > 0 && len(rest) > 0 && rest[0] == ':'
		case i > 64 || !isTokenByte(c):
			return false
		}
	}
	return false
}

func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || bytes.IndexByte([]byte("-.!%*_+`'~"), c) >= 0
}

// finish closes the open message into rec.
func (t *Text) finish(rec *capture.Record) {
	t.open = false
	m := sip.Parse(t.buf)
	if len(m.Fields) == 0 {
		t.rec.Missing = capture.MissingHead
	}
	t.fill(rec)
}

// fill gives the record away.
func (t *Text) fill(rec *capture.Record) {
	*rec = t.rec
	rec.Data = t.buf
	rec.Origin.Map = t.omap
	rec.Observer = t.host
	rec.Label, rec.SrcName, rec.DstName = t.label, t.srcName, t.dstName
}

// between takes a line that is no part of a message: an event, a marker, or something that was not recognised.
func (t *Text) between(rec *capture.Record, h *syslog.Header, text []byte, number, at int64) bool {
	bare := trimEOL(text)
	if len(bytes.TrimSpace(bare)) == 0 {
		return false
	}
	if t.Event != nil && h.Shape != syslog.ShapeNone {
		switch e, ok := t.Event(bare); {
		case ok && e.Announces:
			t.marker = marker{set: true, line: number, direction: e.Direction, peer: e.Peer, time: h.Time}
			return false
		case ok:
			*rec = capture.Record{Kind: capture.KindEvent, Data: bare, Event: e.Event, Observer: h.Host, Time: t.clock.Time(h.Time),
				Origin: capture.Origin{Source: t.in.Source, Number: number, Start: at, End: at + int64(len(bare))}}
			return true
		}
	}
	if m := readMarker(bare); m.set {
		m.line = number
		if m.time.IsZero() {
			m.time = h.Time
		}
		// Two lines may share the work ("Sent:" under a line with the time): the later one adds to the earlier.
		if t.marker.set && number-t.marker.line <= 2 {
			m.merge(&t.marker)
		}
		m.keep()
		t.marker = m
		return false
	}
	if isRule(bare) {
		return false
	}
	if t.marker.set && number-t.marker.line > markerReach {
		t.marker = marker{}
	}
	t.in.Stats.UnrecognisedLines++
	if !t.in.Options.KeepUnrecognised {
		return false
	}
	*rec = capture.Record{Kind: capture.KindUnknown, Data: bare, Observer: h.Host, Time: t.clock.Time(h.Time),
		Origin: capture.Origin{Source: t.in.Source, Number: number, Start: at, End: at + int64(len(bare))}}
	return true
}

// isRule reports whether a line only draws a line: "-----", "=====", "---".
func isRule(line []byte) bool {
	line = bytes.TrimSpace(line)
	if len(line) < 2 {
		return false
	}
	for _, c := range line {
		if c != '-' && c != '=' && c != '*' && c != '_' && c != '<' && c != '>' && c != '#' {
			return false
		}
	}
	return true
}
