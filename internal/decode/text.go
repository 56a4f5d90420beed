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
// back. The first way is in escaped.go, the other two are in lines.go.
//
// A start line alone is a message only where something says that it was logged as one: a header of syslog right before it, or a line that
// says which way the message went, or a whole log that has nothing but such lines (bare.go). Anywhere else a header field must follow; without, it is prose about SIP.
type Text struct {
	// Event, if set, recognises a device's lines beside SIP. The event's Subject may borrow text.
	Event func(text []byte) (EventLine, bool)
	// Bare says that a start line that is a line of its own is a message: see bare.go.
	Bare bool

	in    *Input
	clock *Clock

	header syslog.Header // of the line that is looked at
	dates  syslog.Dates
	marker marker
	near   nearTime
	stuck  bool // the source has lines with several records; see unstick
	// stuckLike has the form and the host of the first of these.
	stuckLike syslog.Header
	stuckBare int64  // the end of a line in which none with such a header begins any more, in the source
	lined     bool   // the first line with a message holds one alone: the source has its line ends
	pri       bool   // the source has datagrams with a PRI and no other header: Wireshark glues them
	page      bool   // inside the break between two pages of an RFC
	quote     []byte // what somebody's mail puts before the lines of a log that it quotes; see unquote
	begun     bool   // a line with more than blanks was looked at
	losses    []loss // limits that were reached and are to be told
	longLine  bool   // the last line is a piece of one that may be longer than MaxLine
	// longStart is its first piece, until it is told.
	longStart capture.Origin
	asPaste   pasted
	wrap      wrapping

	// held are pieces of the source still to be looked at, the next one last: the line that ended a message, the rest of a line that was
	// split, lines that turned out not to belong to a message.
	held []piece
	// waiting are the records from a marker on of which it is not settled that it is one; see waiting.go.
	waiting []waiting

	// The message that is read.
	open    bool
	torn    int64 // the line that begins where the header of the message before it has not ended
	within  int64 // where in the source a body that was too short would end, by its Content-Length: what begins before that may be a part of it
	rec     capture.Record
	buf     []byte
	omap    syslog.OffsetMap
	host    []byte
	label   []byte
	srcName []byte
	dstName []byte
	lines   lines
	msg     sip.Message
	spare   syslog.OffsetMap
	whole   []byte // an escaped message without the blank that rsyslog put into it
	parts   parts
}

// pasted holds the text of a line that a terminal or a web page left something in.
type pasted struct {
	text []byte
	at   []int32
}

// piece is a line, or what is left of one.
type piece struct {
	line   []byte
	number int64
	offset int64
	// at are the places of the bytes of line, and of its end, counted from offset. Nil: one after the other.
	at []int32
	// raw is the line as it stands in the source, from offset on, if at is set.
	raw []byte
	// passed: the line was looked at and is not recognised.
	passed bool
	// unquoted: the mark of a quotation is taken off already.
	unquoted bool
	// copied: the piece does not borrow the reader's buffer.
	copied bool
	// wrapped: it was put together from several lines of the source.
	wrapped bool
}

// place returns the offset in the source of line[i], or of the end of the line.
func (p *piece) place(i int) int64 {
	if p.at != nil {
		return p.offset + int64(p.at[i])
	}
	return p.offset + int64(i)
}

// from returns the rest of a piece.
func (p *piece) from(i int) piece {
	rest := *p
	rest.line = p.line[i:]
	if p.at != nil {
		rest.at = p.at[i:]
	} else {
		rest.offset += int64(i)
	}
	return rest
}

// upTo returns the beginning of a piece.
func (p *piece) upTo(i int) piece {
	head := *p
	head.line = p.line[:i]
	if p.at != nil {
		head.at = p.at[:i+1]
	}
	return head
}

// copyOf returns a piece that does not borrow.
func (p *piece) copyOf() piece {
	c := *p
	c.line = append([]byte(nil), p.line...)
	if p.at != nil {
		c.at = append([]int32(nil), p.at...)
		c.raw = append([]byte(nil), p.raw...)
	}
	c.copied = true
	return c
}

// EventLine is a line that a device writes beside SIP.
type EventLine struct {
	Event capture.Event
	// Announces: the line is no event of its own but says which way the message went that follows it, on the same line or the next.
	Announces bool
	Direction capture.Direction
	Peer      capture.Endpoint
	// Blank is the offset in the text of a blank that a collector put there; 0: none. The record's Data is without it.
	Blank int
	// Weak: the line is an event only if a header of syslog stands before it; in a page it may be prose ("[1] see below").
	Weak bool
}

// NewText returns an engine that reads in.
func NewText(in *Input) *Text {
	in.R.turnLoneCRs()
	in.Turned, in.TurnedWhole = in.R.turnUpsideDown(in.Options.Room)
	return &Text{in: in, clock: NewClock(in.Options.Clock)}
}

// maxTextMessage bounds a message that is put together from lines, in bytes.
const maxTextMessage = 256 << 10

var utf8BOM = []byte("\xef\xbb\xbf")

// Next implements Decoder.
func (t *Text) Next(rec *capture.Record) error {
	for {
		if len(t.waiting) > 0 && t.giveWaiting(rec) {
			return nil
		}
		filled := false
		if len(t.losses) > 0 && t.tellLoss(rec) {
			filled = true
		} else if n := len(t.held); n > 0 {
			p := t.held[n-1]
			t.held = t.held[:n-1]
			filled = t.line(rec, &p)
		} else {
			var p piece
			var err error
			p.line, p.number, p.offset, err = t.in.R.ReadLine()
			switch {
			case err == nil:
				if len(p.line) == MaxLine || t.longLine {
					if t.noteLongLine(&p) {
						t.hold(p) // it is told before what stands in the piece
						continue
					}
				}
				if p.number == 1 && bytes.HasPrefix(p.line, utf8BOM) {
					p = p.from(len(utf8BOM))
				}
				filled = t.line(rec, &p)
			case t.open:
				filled = t.finish(rec)
			case t.marker.set:
				t.dropMarker()
			default:
				return err
			}
		}
		if filled && (len(t.waiting) == 0 || t.wait(rec)) {
			return nil
		}
	}
}

// hold puts a piece back, to be looked at next.
func (t *Text) hold(p piece) { t.held = append(t.held, p) }

// line takes one line. It returns true if rec was filled; if the line was not used up it is held.
func (t *Text) line(rec *capture.Record, p *piece) bool {
	if p.passed {
		return t.unrecognised(rec, p)
	}
	if t.marker.set && !t.open {
		page := t.pageBreak(p.line)
		switch {
		case page || len(p.line) < 16 && len(bytes.TrimSpace(p.line)) == 0:
			// Empty lines and the ends of pages do not count.
			if p.number > t.marker.line {
				t.marker.line++
			} else {
				t.marker.line-- // the source is read from its end
			}
			if page {
				return false
			}
		case apart(p.number, t.marker.line) > markerReach || t.marker.gap > maxMarkerGap:
			t.hold(*p)
			t.dropMarker()
			return false
		}
		t.marker.gap += len(p.line) + recordBytes
	}
	h := &t.header
	if !t.begun || len(p.line) > 0 && p.line[0] == '>' || len(t.quote) > 0 {
		t.unquote(p)
	}
	t.dates.Parse(h, p.line)
	t.unglue(h, p) // first, so that nothing below looks at the whole line again for each datagram on it
	if t.mayBeStuck(p) {
		t.unstick(h, p)
	}
	if h.Shape == syslog.ShapeRFC5424 {
		t.restore(h, p)
	}
	if !t.open && p.at == nil {
		if len(p.line) <= maxWrapped {
			t.unwrap(h, p)
		}
		if c := firstByte(p.line); (t.marker.set || c == 'U' || c == 'T') && t.dotted(rec, h, p) {
			return true
		}
	}
	if !t.open && p.at == nil {
		if start, ok := findStart(h.Text); ok {
			if used, filled := t.escaped(rec, h, start, p); used {
				return filled
			}
		}
	}
	if p.at == nil && t.cleaned(p) {
		h.Parse(p.line)
		t.unglue(h, p)
	}
	if t.parts.want > 0 {
		if used, ended := t.nextPart(rec, h, p); used {
			return ended
		}
	}
	if t.open && t.pageBreak(p.line) {
		return false
	}
	if t.open && t.insideFragment() {
		if t.goesOn(h, p) {
			return false
		}
	}
	start, ok := findStart(h.Text)
	odd := !ok && !t.open && isOddStart(h.Text)
	if ok || odd {
		if t.open {
			if h.Shape == syslog.ShapeNone && t.lines.firstAt > 0 && t.lines.fields == 0 && bytes.Equal(trimEOL(h.Text[start:]), trimEOL(t.lines.first.line[t.lines.firstAt:])) {
				// tcpdump prints the start line twice: in its own line about the packet, and then as part of it. A logger that stamps both has two messages.
				t.again()
			} else {
				if t.tornBefore(h) {
					t.torn = p.number
				}
				if t.shortBefore(h, p) {
					*p = p.copyOf() // what comes is looked at, too
					if n := t.restOfBody(p); n > 0 {
						t.rec.Missing, t.within = capture.MissingRest, p.offset+n
					}
				}
				t.hold(*p)
				return t.finish(rec)
			}
		}
		if used, filled := t.escaped(rec, h, start, p); used {
			return filled
		}
		t.begin(h, start, p)
		t.lines.odd = odd
		return false
	}
	if t.open {
		if t.goesOn(h, p) {
			return false
		}
		t.hold(*p)
		return t.finish(rec)
	}
	return t.between(rec, h, p)
}

// unglue cuts a line before the second datagram on it and holds the rest: a dump without a collector puts datagrams one after the other, without
// a line end between them.
func (t *Text) unglue(h *syslog.Header, p *piece) {
	if h.Shape != syslog.ShapePRI && !(t.pri && (h.Shape == syslog.ShapeNone || h.Shape == syslog.ShapeTftpd64)) {
		return
	}
	t.pri = true
	if n := syslog.NextDatagram(h.Text); n > 0 {
		cut := h.TextStart + n
		t.hold(p.from(cut))
		*p = p.upTo(cut)
		h.Parse(p.line)
	}
}

// firstByte returns the first byte of a line, 0 if it has none.
func firstByte(line []byte) byte {
	if len(line) == 0 {
		return 0
	}
	return line[0]
}

// cleaned takes colours and character references out of a line; it reports whether there were any.
func (t *Text) cleaned(p *piece) bool {
	page := fromPage(p.line) || t.open && t.lines.page && bytes.IndexByte(p.line, '&') >= 0
	if !page && bytes.IndexByte(p.line, '\x1b') < 0 && !hasLostColour(p.line) {
		return false
	}
	if page && t.open {
		t.lines.page = true
	}
	p.raw = p.line
	if p.copied {
		p.line, p.at = clean(p.line, page, nil, nil)
		return true
	}
	t.asPaste.text, t.asPaste.at = clean(p.line, page, t.asPaste.text[:0], t.asPaste.at[:0])
	p.line, p.at = t.asPaste.text, t.asPaste.at
	return true
}

// heading sets up the record of a message that begins at h.Text[start:], and its time.
func (t *Text) heading(h *syslog.Header, start int, p *piece) {
	t.rec = capture.Record{Kind: capture.KindMessage}
	stamp := h.Time
	before := h.Text[:start]
	t.host = append(t.host[:0], h.Host...)
	t.label, t.srcName, t.dstName = t.label[:0], t.srcName[:0], t.dstName[:0]
	t.lines.marked = false
	if len(before) > 0 {
		if stamp.IsZero() {
			stamp = findTime(before)
		}
		var m marker
		if t.Event != nil {
			if e, ok := t.Event(trimEscapedEOL(before)); ok && e.Announces {
				m = marker{set: true, direction: e.Direction, peer: e.Peer}
			}
		}
		if !m.set {
			m = readMarkerBefore(before)
		}
		if m.set {
			if t.marker.set {
				m.merge(&t.marker)
			}
			t.marker = m
		}
	}
	if t.marker.set {
		t.applyMarker(&stamp)
		t.lines.marked = true
		t.takeMarker() // it speaks for one message
	}
	if stamp.IsZero() && t.near.opens && apart(p.number, t.near.line) <= 2 {
		stamp = t.near.time
	}
	t.near = nearTime{}
	t.rec.Time = t.clock.Time(stamp)
	t.rec.Origin = capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(h.TextStart + start)}
	t.rec.Wrapped = p.wrapped
}

// apart returns how far two lines are from each other; a source may be read from its end.
func apart(a, b int64) int64 { return max(a-b, b-a) }

// fill gives the record away.
func (t *Text) fill(rec *capture.Record) {
	*rec = t.rec
	if t.in.R.turned != nil {
		t.in.R.turned.origin(&rec.Origin, len(trimEOL(t.lines.first.line))-t.lines.firstAt)
	}
	rec.Data = t.buf
	if len(t.omap) > 0 {
		rec.Origin.Map = t.omap
	}
	rec.Observer = t.host
	rec.Label, rec.SrcName, rec.DstName = t.label, t.srcName, t.dstName
}

// between takes a line that is no part of a message: an event, a marker, or something that was not recognised.
func (t *Text) between(rec *capture.Record, h *syslog.Header, p *piece) bool {
	bare := trimEOL(h.Text)
	if len(bytes.TrimSpace(bare)) == 0 {
		return false
	}
	if n, ok := t.lines.prefix.strip(p.line); ok && len(bytes.TrimSpace(t.lines.prefix.text)) > 0 {
		// What a logger or a quotation puts before every line is there before an empty one and a rule, too.
		if rest := bytes.TrimSpace(p.line[n:]); len(rest) == 0 || isRule(rest) {
			return false
		}
	}
	if t.Event != nil {
		bare := trimEscapedEOL(bare)
		lead := 0 // rsyslog puts a blank before a text that begins with a bracket
		for lead < len(bare) && bare[lead] == ' ' {
			lead++
		}
		bare = bare[lead:]
		e, ok := t.Event(bare)
		if !ok && firstByte(bare) == '<' {
			// A collector put its own header before the one that the device sent.
			var inner syslog.Header
			if inner.Parse(bare); inner.Shape != syslog.ShapeNone {
				lead += inner.TextStart
				bare = inner.Text
				e, ok = t.Event(bare)
			}
		}
		if k := h.TextStart - len(h.App) - len(": "); !ok && len(h.App) > 0 && k >= 0 && bytes.HasPrefix(p.line[k:], h.App) {
			// "RSE_DEBUG: …" looks like a TAG, and of "CC:CallProgress" rsyslog makes one.
			tagged := p.line[k : h.TextStart+lead+len(bare)]
			if e, ok = t.Event(tagged); ok {
				h.App, h.TextStart, h.Text, bare, lead = nil, k, p.line[k:], tagged, 0
			}
		}
		switch {
		case ok && e.Announces:
			return t.announce(p, marker{set: true, direction: e.Direction, peer: e.Peer, time: h.Time})
		case ok && (!e.Weak || t.Bare || h.Shape != syslog.ShapeNone):
			start := h.TextStart + lead
			end := start + len(bare)
			t.omap = t.omap[:0]
			if e.Blank > 0 || p.at != nil {
				t.buf = append(t.buf[:0], bare...)
				if e.Blank > 0 {
					t.buf = append(t.buf[:e.Blank], bare[e.Blank+1:]...)
					t.omap = t.omap.Add(e.Blank, 1)
					e, _ = t.Event(t.buf) // the parts of it are those of what was sent
				}
				if bare = t.buf; p.at != nil {
					t.compose(p.at[start:])
				}
			}
			*rec = capture.Record{Kind: capture.KindEvent, Data: bare, Event: e.Event, Observer: h.Host, Time: t.clock.Time(h.Time)}
			rec.Origin = capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(start), End: p.place(end)}
			if len(t.omap) > 0 {
				rec.Origin.Map = t.omap
			}
			return true
		}
	}
	if used, filled := t.summary(rec, p); used {
		return filled
	}
	if t.hexDump(rec, h, p) {
		return true
	}
	text := bare
	if string(h.Host) == "On" {
		text = p.line[h.TextStart-len("On ") : h.TextStart+len(bare)] // "Aug 20 16:40:00.123 On 192.0.2.1:5060 sent to …"
	}
	if m := readMarker(text); m.set {
		if m.time.IsZero() {
			m.time = h.Time
		}
		if m.time.IsZero() && apart(p.number, t.near.line) <= 2 {
			m.time = t.near.time
		}
		return t.announce(p, m)
	}
	if isRule(bare) {
		return false
	}
	return t.unrecognised(rec, p)
}

// announce keeps what a marker says for the message that follows.
func (t *Text) announce(p *piece, m marker) bool {
	if t.marker.set {
		// Two lines may share the work ("Sent:" under a line with the time): the later one adds to the earlier. If it says
		// the same thing otherwise, it is about another message.
		if m.conflicts(&t.marker) || t.marker.lines >= maxMarkerLines {
			t.hold(*p)
			t.dropMarker()
			return false
		}
		m.merge(&t.marker)
	}
	m.keep()
	m.line, m.lines, m.gap = p.number, t.marker.lines+1, t.marker.gap
	m.near = t.asUnrecognised(p)
	t.marker = m
	if t.in.Options.KeepUnrecognised {
		var rec capture.Record
		t.unknown(&rec, p)
		t.waiting = append(t.waiting, waiting{rec: keep(rec), marker: true})
	}
	return false
}

// unrecognised counts a line, and fills rec if such lines are wanted.
func (t *Text) unrecognised(rec *capture.Record, p *piece) bool {
	t.near = t.asUnrecognised(p)
	t.in.Stats.UnrecognisedLines++
	if !t.in.Options.KeepUnrecognised {
		return false
	}
	t.unknown(rec, p)
	return true
}

// asUnrecognised makes of p the line as it stands in the source, reads its header again and returns the time in it.
func (t *Text) asUnrecognised(p *piece) nearTime {
	if p.at != nil {
		p.line, p.offset, p.at = p.raw[p.at[0]:p.at[len(p.line)]], p.place(0), nil
	}
	t.header.Parse(p.line)
	return readNearTime(p.line, &t.header, p.number)
}

// unknown fills rec with a line whose header was read.
func (t *Text) unknown(rec *capture.Record, p *piece) {
	h := &t.header
	bare := trimEOL(h.Text)
	*rec = capture.Record{Kind: capture.KindUnknown, Data: bare, Observer: h.Host, Time: t.clock.Time(h.Time)}
	rec.Origin = capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(h.TextStart), End: p.place(h.TextStart + len(bare))}
}

// trimEscapedEOL takes the line ends off that a collector escaped at the end of a line.
func trimEscapedEOL(b []byte) []byte {
	for {
		n := len(b)
		for _, e := range [...]string{"<010>", "<013>", "<CR>", "<LF>", "#012", "#015", "^M", "\\012", "\\015", "\\n", "\\r"} {
			b = bytes.TrimSuffix(b, []byte(e))
		}
		if b = trimRightBlank(b); len(b) == n {
			return b
		}
	}
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

// isRule reports whether a line only draws a line or ends what a logger prints around a message: "-----", "<------------->",
// "--- (9 headers 0 lines) ---", "--end msg--", "}", "[5,NET]", "$$end_record".
func isRule(line []byte) bool {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case '}', '#':
		if len(line) == 1 {
			return true
		}
	case '$':
		return string(line) == "$$end_record"
	case '[':
		return bytes.HasSuffix(line, []byte(",NET]"))
	case '-':
		if string(line) == "--end msg--" || bytes.HasPrefix(line, []byte("--- (")) && bytes.HasSuffix(line, []byte(") ---")) {
			return true
		}
	}
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
