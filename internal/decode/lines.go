package decode

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// lines is the state of a message that is put together from several lines of a log.
type lines struct {
	first   piece // the line in which the message begins, copied
	firstAt int   // where in it
	prefix  prefix
	repeat  repeat
	headed  bool // the first line had a header of syslog
	app     []byte
	marked  bool // something before the message said which way it went
	page    bool // it comes from the source of a web page
	dots    dots
	inside  bool // the header of the message before it had not ended
	odd     bool // the start line is none of SIP/2.0

	assembly
	doubt doubt
	// blank is what to go back to if the empty line was not the end of the header but the foot of a page.
	blank struct {
		buf, omap int
		state     assembly
	}
}

// assembly is what is known of a message so far.
type assembly struct {
	fields    int  // header fields
	length    bool // the last field was Content-Length
	spacing   spacing
	gap       bool // the last line was an empty one that somebody added
	body      bool // past the empty line, or what stands for it
	bodyLines int
	left      int // bytes of body to come; -1 if Content-Length does not say
	content   content
	width     int  // bytes of the last line in the source
	broken    bool // the last line ends inside a quoted string or angle brackets
	wrapped   bool // lines of it were put together
	eol       lineEnd
	next      int64 // offset in the source of the byte that would follow buf one to one
	runAt     int   // length of buf at the last step of the map
}

// lineEnd is a line end that is not written yet: whether it is one is seen from the line that follows.
type lineEnd struct {
	pending bool
	cr, lf  int64 // what stands for CR and for LF in the source
}

// repeat says whether the prefix of the first line is on every line.
type repeat uint8

const (
	repeatUnknown repeat = iota
	repeatEvery
	repeatNever
)

// spacing says whether somebody put an empty line behind every line of the message, as some pages of the web do. Then of the empty lines between
// two others the first, the third … were added, and the second is the one that ends the header.
type spacing uint8

const (
	spacingNone   spacing = iota
	spacingMaybe          // behind the start line there is one
	spacingDouble         // and behind the first header field, too: it cannot be the end of the header
)

// dots says whether the log shows CR as a full stop (ngrep -W byline).
type dots uint8

const (
	dotsNo    dots = iota
	dotsMaybe      // the first line ends in one
	dotsYes
)

// content is the kind of body, as far as its end depends on it.
type content uint8

const (
	contentUnknown   content = iota
	contentSDP               // lines of one letter and "="
	contentFragment          // message/sipfrag: a message, or the beginning of one
	contentMultipart         // has empty lines, and ends in a boundary with two hyphens behind it
	contentOther
)

// doubt holds lines that were taken for the rest of a header field or body line that was broken in two, until the next line shows
// that the message goes on.
type doubt struct {
	lines []piece
	buf   int // what to go back to
	omap  int
	end   int64
	state assembly
}

// maxDoubt is how many lines in a row may be in doubt.
const maxDoubt = 6

// begin starts a message of several lines at h.Text[start:].
func (t *Text) begin(h *syslog.Header, start int, p *piece) {
	t.heading(h, start, p)
	l := &t.lines
	at := h.TextStart + start
	l.first, l.firstAt = p.copyInto(l.first), at
	l.prefix.learn(p.line, at)
	l.repeat, l.headed, l.page, l.dots = repeatUnknown, h.Shape != syslog.ShapeNone, p.at != nil && fromPage(l.first.line), dotsNo
	l.app = append(l.app[:0], h.App...)
	l.inside, l.odd = t.torn == p.number, false
	l.assembly = assembly{left: -1, next: t.rec.Origin.Start}
	l.doubt.lines = l.doubt.lines[:0]
	t.buf, t.omap = t.buf[:0], t.omap[:0]
	t.open = true
	t.parts = parts{}
	line := trimEOL(p.line)
	to := len(line)
	if n := to; n > at && line[n-1] == '.' {
		l.dots = dotsMaybe
	}
	if l.headed || t.Bare {
		to -= escapedCR(line[at:]) // a start line alone, its LF dropped
	}
	if k := methodBreak(line[at:]); k > 0 {
		t.appendText(p, at, at+k)
		at += k + 1
	} else if k := tagBlank(h, start); k > 0 && at+k < to {
		t.appendText(p, at, at+k)
		at += k + 1
	}
	t.appendText(p, at, to)
	t.endLine(p, to)
	if start > 0 {
		if part, of, _ := readPart(h.Text[:start]); part > 0 && of > part {
			t.rec.Missing = capture.MissingPart
		}
	}
}

// escapedCR returns the length of a CR at the end of a line that a collector escaped, 0 if there is none.
func escapedCR(line []byte) int {
	for _, e := range [...]string{"#015", "\\015", "\\r", "<013>", "<013><010>", "#015#012", "<CR>", "<CR><LF>"} {
		if len(line) > len(e) && string(line[len(line)-len(e):]) == e {
			return len(e)
		}
	}
	return 0
}

// copyInto is copyOf into the room that an older copy has.
func (p *piece) copyInto(old piece) piece {
	c := *p
	c.line = append(old.line[:0], p.line...)
	c.at = nil
	if p.at != nil {
		c.at = append(old.at[:0], p.at...)
		c.raw = append(old.raw[:0], p.raw...)
	}
	c.copied = true
	return c
}

// again takes the message that is open, of which only the start line is here, for a marker of the one that follows.
func (t *Text) again() {
	t.open = false
	r := &t.rec
	t.marker = marker{set: true, line: r.Origin.Number, direction: r.Direction, src: r.Src, dst: r.Dst, time: r.Time.Stamp, label: t.label, from: t.srcName, to: t.dstName}
	t.marker.keep()
}

// step makes the map lead to offset for the byte that is appended next.
func (t *Text) step(offset int64) {
	if l := &t.lines; offset != l.next {
		t.omap = t.omap.Add(len(t.buf)-l.runAt, int(offset-l.next))
		l.runAt = len(t.buf)
		l.next = offset
	}
}

// appendText appends p.line[from:to], after the line end that is due.
func (t *Text) appendText(p *piece, from, to int) {
	t.appendEOL()
	if from >= to {
		return
	}
	l := &t.lines
	if p.at == nil {
		t.step(p.place(from))
		t.buf = append(t.buf, p.line[from:to]...)
		l.next += int64(to - from)
		return
	}
	for i := from; i < to; i++ {
		t.step(p.place(i))
		t.buf = append(t.buf, p.line[i])
		l.next++
	}
}

func (t *Text) appendEOL() {
	l := &t.lines
	if !l.eol.pending {
		return
	}
	l.eol.pending = false
	t.step(l.eol.cr)
	t.buf = append(t.buf, '\r')
	l.next++
	t.step(l.eol.lf)
	t.buf = append(t.buf, '\n')
	l.next++
}

// endLine notes the line end at p.line[to:].
func (t *Text) endLine(p *piece, to int) {
	l := &t.lines
	n := len(p.line)
	t.rec.Origin.End = p.place(n)
	l.width = n
	if n == 0 || p.line[n-1] != '\n' {
		return // the last line of the source, or a datagram that another is glued to
	}
	lf := p.place(n - 1)
	l.eol = lineEnd{true, lf, lf}
	if to < n-1 {
		l.eol.cr = p.place(to) // CR, or the full stop that stands for it
		if p.line[to] == ' ' && n >= 2 && p.line[n-2] == '\r' {
			l.eol.cr = p.place(n - 2)
		}
	}
}

// insideFragment reports whether a start line would be part of the body: message/sipfrag begins with one (RFC 3420 §2).
func (t *Text) insideFragment() bool {
	l := &t.lines
	return l.body && (l.left != 0 && l.content == contentFragment && l.bodyLines == 0 || l.left > 0 && l.content == contentMultipart)
}

// goesOn reports whether a line belongs to the message that is open, and appends it.
func (t *Text) goesOn(h *syslog.Header, p *piece) bool {
	l := &t.lines
	if t.rec.Missing == capture.MissingPart && t.partGoesOn(h, p) {
		return true
	}
	from, ok := t.strip(h, p)
	if !ok {
		return false
	}
	bare := trimEOL(p.line)
	bare = bare[min(from, len(bare)):]
	if !t.fits(len(bare)) {
		return false
	}
	bare = t.undot(p, bare)
	if l.spacing != spacingNone && l.addedLine(len(bytes.TrimSpace(bare)) == 0) {
		return true
	}
	if !l.body {
		return t.headerLine(p, from, bare)
	}
	return t.bodyLine(p, from, bare)
}

// addedLine takes a line of a message whose start line has an empty line behind it, and reports whether it is an empty one that was added.
func (l *lines) addedLine(empty bool) bool {
	if !empty {
		if l.spacing == spacingMaybe && l.fields > 0 && !l.gap {
			l.spacing = spacingNone // two header fields, and nothing between them
		}
		l.gap = false
		return false
	}
	if l.spacing == spacingMaybe {
		if l.fields != 1 {
			return false
		}
		l.spacing = spacingDouble
	}
	l.gap = !l.gap
	return l.gap
}

// strip returns where the text of a further line begins; false if the line is a record of its own.
func (t *Text) strip(h *syslog.Header, p *piece) (int, bool) {
	l := &t.lines
	if l.repeat != repeatNever {
		n, ok := l.prefix.strip(p.line)
		if !ok && l.headed && h.Shape != syslog.ShapeNone && bytes.Equal(h.Host, t.host) && bytes.Equal(h.App, l.app) {
			n, ok = h.TextStart, true
		}
		switch {
		case ok && l.repeat == repeatEvery:
			return n, !t.isEvent(p.line[n:])
		case ok:
			// The first line that could show it must be a header field that is known, or go on after one.
			if text := trimEOL(p.line[n:]); knownField(text) || l.blankPrefix() && isFieldLine(text) {
				l.repeat = repeatEvery
				return n, true
			}
		case l.repeat == repeatEvery && len(bytes.TrimSpace(p.line)) == 0:
			return 0, true // the empty line lost its prefix
		case l.repeat == repeatEvery:
			return 0, false
		}
	}
	if h.Shape != syslog.ShapeNone {
		if l.headed || !l.body || l.left <= 0 {
			return 0, false
		}
	}
	if len(bytes.TrimSpace(p.line)) > 0 {
		l.repeat = repeatNever
	}
	return 0, true
}

// blankPrefix reports whether the message is indented and nothing more.
func (l *lines) blankPrefix() bool { return len(bytes.TrimSpace(l.prefix.text)) == 0 }

func (t *Text) isEvent(text []byte) bool {
	if t.Event == nil {
		return false
	}
	_, ok := t.Event(trimEOL(text))
	return ok
}

// undot takes the full stop off that stands for CR.
func (t *Text) undot(p *piece, bare []byte) []byte {
	l := &t.lines
	n := len(bare)
	if l.dots == dotsNo {
		return bare
	}
	if n == 0 || bare[n-1] != '.' {
		if l.dots == dotsMaybe {
			l.dots = dotsNo
		}
		return bare
	}
	if l.dots == dotsMaybe {
		l.dots = dotsYes
		// The line before ends in a full stop that is already in buf.
		t.buf = t.buf[:len(t.buf)-1]
		l.next--
		l.eol.cr = l.next
	}
	return bare[:n-1]
}

// headerLine takes a line of the header.
func (t *Text) headerLine(p *piece, from int, bare []byte) bool {
	l := &t.lines
	trimmed := bytes.TrimSpace(bare)
	to := from + len(bare)
	switch {
	case len(trimmed) == 0:
		if l.fields == 0 {
			l.spacing, l.gap = spacingMaybe, true
			return true // between a start line and its fields: a copy with empty lines added
		}
		l.settle()
		t.appendEOL()
		l.blank.buf, l.blank.omap, l.blank.state = len(t.buf), len(t.omap), l.assembly
		t.endLine(p, to)
		t.beginBody()
		return true
	case isSDPVersion(bare):
		// The empty line was lost on the way here. The parser knows the case.
		l.settle()
		t.beginBody()
		return t.bodyLine(p, from, bare)
	case bytes.HasPrefix(bare, messageBody) && l.fields > 0:
		// Lync has no empty line but a name before the body.
		l.settle()
		text := bytes.TrimLeft(bare[len(messageBody):], " ")
		from = to - len(text)
		t.appendEOL()
		l.eol = lineEnd{true, p.place(from), p.place(from)}
		t.beginBody()
		if len(text) == 0 || !t.bodyLine(p, from, text) {
			t.rec.Origin.End = p.place(len(p.line))
		}
		return true
	case isRule(trimmed):
		return false
	case bare[0] == ' ' || bare[0] == '\t':
		// A header field that goes on (RFC 3261 §7.3.1).
		if l.fields == 0 || readMarker(bare).set {
			return false
		}
		l.settle()
		t.appendField(p, from, bare)
		return true
	case isFieldLine(bare):
		known := knownField(bare)
		switch {
		case l.fields == 0 && !known && (l.repeat == repeatUnknown && l.firstAt > 0 || !extensionField(bare)):
			return false
		case known:
		case l.broken:
			return t.join(p, from, bare)
		case readMarker(bare).set:
			return false
		case l.length && !extensionField(bare):
			// Header fields may follow Content-Length, but so does what somebody wrote under a message whose empty line is lost
			// ("Note: …").
			if !t.mayDoubt(p) {
				return false
			}
			t.appendField(p, from, bare)
			l.fields++
			return true
		}
		l.settle()
		t.appendField(p, from, bare)
		l.fields++
		l.length = known && sip.LookupField(fieldName(bare)) == sip.FieldContentLength
		return true
	}
	return t.join(p, from, bare)
}

var messageBody = []byte("Message-Body:")

// appendField appends a line of a header field.
func (t *Text) appendField(p *piece, from int, bare []byte) {
	t.appendText(p, from, from+len(bare))
	t.endLine(p, from+len(bare))
	t.lines.broken = isBroken(bare)
}

// isBroken reports whether a line ends inside a quoted string or angle brackets.
func isBroken(line []byte) bool {
	quoted, angle := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		}
	}
	return quoted || angle
}

// join takes a line for the rest of the one before, which a terminal or logger broke in two; whether it was is seen from the
// line after.
func (t *Text) join(p *piece, from int, bare []byte) bool {
	l := &t.lines
	if !l.eol.pending || l.fields == 0 || !t.couldBreak(bare) || readMarker(bare).set || isRule(bare) {
		return false
	}
	if !t.mayDoubt(p) {
		return false
	}
	l.eol.pending = false
	if word, atEnd := isWordByte(bare[0]), isWordByte(t.buf[len(t.buf)-1]); word && atEnd && !l.broken && l.repeat != repeatEvery && !terminalWidth(l.doubt.state.width) {
		// Broken between words: the blank is lost.
		t.buf = append(t.buf, ' ')
		l.next++
	}
	t.appendText(p, from, from+len(bare))
	t.endLine(p, from+len(bare))
	l.wrapped = true
	l.broken = isBroken(t.buf[bytes.LastIndexByte(t.buf, '\n')+1:])
	if l.body && l.left > 0 {
		l.left = max(0, l.left-len(bare))
	}
	return true
}

// couldBreak reports whether the line before may have been broken before this text.
func (t *Text) couldBreak(bare []byte) bool {
	l := &t.lines
	if l.broken || l.width >= 66 {
		return true
	}
	// The end of a logger's buffer: in the middle of a word, or after a separator.
	switch c := t.buf[len(t.buf)-1]; {
	case c == ',' || c == ';' || c == '=' || c == '-' || c == '/':
		return bytes.IndexByte(bare, ' ') < 0 || c == ',' || c == ';'
	case l.repeat == repeatEvery:
		return true // the logger put its prefix before the rest, too
	}
	return false
}

// terminalWidth reports whether a line of so many bytes, its line end included, was broken because the terminal ends there.
func terminalWidth(n int) bool {
	switch n - 1 {
	case 72, 76, 78, 79, 80, 99, 100, 119, 120, 127, 128, 131, 132, 159, 160:
		return true
	}
	return false
}

// mayDoubt gets ready to go back to where the message is now, should the line p not belong to it.
func (t *Text) mayDoubt(p *piece) bool {
	l := &t.lines
	d := &l.doubt
	if len(d.lines) >= maxDoubt {
		return false
	}
	if len(d.lines) == 0 {
		d.buf, d.omap, d.end, d.state = len(t.buf), len(t.omap), t.rec.Origin.End, l.assembly
	}
	d.lines = append(d.lines, p.copyOf())
	return true
}

// settle ends the doubt: the message goes on.
func (l *lines) settle() { l.doubt.lines = l.doubt.lines[:0] }

// retreat gives up the lines in doubt.
func (t *Text) retreat() {
	d := &t.lines.doubt
	if len(d.lines) == 0 {
		return
	}
	for i := len(d.lines) - 1; i >= 0; i-- {
		t.hold(d.lines[i])
	}
	t.buf, t.omap, t.rec.Origin.End, t.lines.assembly = t.buf[:d.buf], t.omap[:d.omap], d.end, d.state
	d.lines = d.lines[:0]
}

// beginBody reads from the header what the body is.
func (t *Text) beginBody() {
	l := &t.lines
	t.appendEOL()
	l.body, l.broken = true, false
	t.msg.Parse(t.buf)
	l.left = t.msg.DeclaredLength
	if l.left < 0 {
		l.left = -1
	}
	kind := bytes.ToLower(t.msg.Value(sip.FieldContentType))
	switch {
	case len(kind) == 0:
	case bytes.HasPrefix(kind, []byte("application/sdp")):
		l.content = contentSDP
	case bytes.HasPrefix(kind, []byte("message/sip")):
		l.content = contentFragment
	case bytes.HasPrefix(kind, []byte("multipart/")):
		l.content = contentMultipart
	default:
		l.content = contentOther
	}
}

// bodyLine takes a line of the body. A session description ends with its last line that can be one, whatever Content-Length says: whoever
// edited the log has not counted. Any other body ends by Content-Length; without it, with the first empty line.
func (t *Text) bodyLine(p *piece, from int, bare []byte) bool {
	l := &t.lines
	sdp := isSDPLine(bare)
	if l.content == contentUnknown && l.bodyLines == 0 && isSDPVersion(bare) && l.left != 0 {
		l.content = contentSDP
	}
	empty := len(bytes.TrimSpace(bare)) == 0
	switch {
	case empty && l.bodyLines == 0 && l.left != 0:
		return true // the header of a message and its body are on two pages, or somebody added empty lines
	case l.content == contentSDP:
		if l.left == 0 && l.bodyLines == 0 {
			return false
		}
		if empty {
			return l.left > 2 && t.mayDoubt(p) // the same inside the body
		}
		if !sdp {
			return l.bodyLines > 0 && l.left > 0 && t.join(p, from, bare)
		}
	case l.left > 0:
		if isRule(bare) && !empty || !empty && readMarker(bare).set {
			return false // the message was shorter than it says
		}
	case l.left < 0 && l.content == contentMultipart:
		if n := len(bare); l.bodyLines > 0 && n > 4 && bytes.HasPrefix(bare, []byte("--")) && bytes.HasSuffix(bare, []byte("--")) {
			l.left = 0
		}
	case l.left < 0 && l.content == contentFragment && empty && l.bodyLines > 0 && len(l.doubt.lines) == 0:
		// The end, or the fragment has a body itself: then a session description follows.
		if !t.mayDoubt(p) {
			return false
		}
		t.appendText(p, from, from)
		t.endLine(p, from+len(bare))
		return true
	case l.left < 0 && l.content == contentFragment && len(l.doubt.lines) > 0:
		if !isSDPVersion(bare) {
			return false
		}
		l.content = contentSDP
	case l.left < 0 && l.content != contentUnknown:
		if empty || isRule(bare) || readMarker(bare).set {
			return false
		}
	default:
		return false
	}
	l.settle()
	to := from + len(bare)
	if l.left > 0 && l.content != contentSDP && len(bare) > l.left {
		return false // what stands here is longer than what is to come
	}
	t.appendText(p, from, to)
	t.endLine(p, to)
	l.bodyLines++
	if l.left > 0 {
		if l.left -= len(bare) + 2; l.left <= 0 {
			if l.left <= -2 && l.content != contentSDP {
				l.eol.pending = false // the body ends without a line end
			}
			l.left = 0
		}
	}
	return true
}

// isSDPLine reports whether a line has the form of one of a session description: a letter and "=" (RFC 8866 §5).
func isSDPLine(line []byte) bool {
	return len(line) >= 2 && line[1] == '=' && line[0] >= 'a' && line[0] <= 'z'
}

func isSDPVersion(line []byte) bool {
	return len(line) >= 3 && line[0] == 'v' && line[1] == '=' && line[2] >= '0' && line[2] <= '9' && len(bytes.TrimRight(line[2:], " .\r")) == 1
}

// isFieldLine reports whether a line looks like a header field: a token, and a colon.
func isFieldLine(line []byte) bool {
	n := tokenLen(line[:min(len(line), maxFieldName+1)])
	if n == 0 || n > maxFieldName {
		return false
	}
	rest := bytes.TrimLeft(line[n:], " \t") // RFC 3261 §25.1, HCOLON
	if len(rest) == 0 || rest[0] != ':' {
		return false
	}
	if knownField(line) {
		return true
	}
	// A time ("20:25:11.561#"), a URI and a path are no fields.
	digits := 0
	for digits < n && isDigit(line[digits]) {
		digits++
	}
	if digits == n || len(rest) > 1 && (rest[1] == '/' || rest[1] == '\\' || rest[1] == ':') {
		return false
	}
	switch string(bytes.ToLower(line[:n])) {
	case "sip", "sips", "tel", "urn":
		return false
	}
	return true
}

// maxFieldName is how long the name of a header field may be, in bytes; that of RFC 4475 §3.1.1.7 has 93.
const maxFieldName = 128

// fieldName returns the name of a header field.
func fieldName(line []byte) []byte { return line[:tokenLen(line[:min(len(line), maxFieldName+1)])] }

// knownField reports whether a line begins with the name of a header field that is registered, and a colon.
func knownField(line []byte) bool {
	name := fieldName(line)
	if len(name) == 0 {
		return false
	}
	rest := bytes.TrimLeft(line[len(name):], " \t")
	return len(rest) > 0 && rest[0] == ':' && sip.LookupField(name) != sip.FieldOther
}

// extensionField reports whether a header field has the name of somebody's extension: X-… or P-….
func extensionField(line []byte) bool {
	return len(line) > 2 && line[1] == '-' && (line[0]|0x20 == 'x' || line[0]|0x20 == 'p')
}

// finish closes the open message. It fills rec, or returns false if there was none after all; its line is held then.
func (t *Text) finish(rec *capture.Record) bool {
	l := &t.lines
	t.open = false
	if t.parts.want > 0 {
		t.parts = parts{} // parts did not come; the record says so
		t.fill(rec)
		return true
	}
	t.retreat()
	if t.rec.Missing == capture.MissingNothing && l.fields == 0 {
		if l.odd || !l.marked && !t.standsAlone() {
			p := l.first
			p.passed = true
			t.hold(p)
			return false
		}
		t.rec.Missing = capture.MissingHead
	}
	t.appendEOL()
	if l.inside && l.body && t.rec.Missing == capture.MissingNothing && !t.hasOwnFields() {
		t.rec.Missing = capture.MissingFields
	}
	if t.rec.Origin.Start < t.within && t.rec.Missing == capture.MissingNothing {
		t.rec.Missing = capture.MissingBody
	}
	t.rec.Wrapped = t.rec.Wrapped || l.wrapped
	t.fill(rec)
	return true
}

// standsAlone reports whether the start line that was read is a record by itself: right behind a header of syslog, or, in a log without headers, at the beginning of its line.
func (t *Text) standsAlone() bool {
	l := &t.lines
	if !l.headed && !t.Bare {
		return false
	}
	text := t.textStart(&l.first)
	return l.firstAt == text || t.Bare && text < l.firstAt && len(bytes.TrimSpace(l.first.line[text:l.firstAt])) == 0
}

// tornBefore reports whether a record with a header of its own, at which the open message ends, stands in the middle of its header: a collector that keeps the line ends of
// messages writes a line that was sent as any other.
func (t *Text) tornBefore(h *syslog.Header) bool {
	l := &t.lines
	return h.Shape != syslog.ShapeNone && l.headed && l.repeat == repeatNever && l.fields > 0 && !l.body && len(l.doubt.lines) == 0 && t.rec.Missing == capture.MissingNothing
}

// maxRest is how many bytes of a body that is too short are looked for in what follows: what is sent over UDP is shorter, and each short message costs a look.
const maxRest = 2048

// shortBefore reports whether a record with a header of its own, at which the open message ends, stands where its body would go on, in a log that keeps the line ends of messages.
func (t *Text) shortBefore(h *syslog.Header, p *piece) bool {
	l := &t.lines
	return h.Shape != syslog.ShapeNone && l.headed && l.repeat == repeatNever && l.body && l.left > 0 && l.left <= maxRest && len(l.doubt.lines) == 0 && len(t.held) == 0 && p.at == nil &&
		t.rec.Missing == capture.MissingNothing && t.rec.Origin.Start >= t.within && t.in.R.Offset() == p.offset+int64(len(p.line))
}

// restOfBody returns how many bytes of the source, from the line p on, the body of the open message lacks by its Content-Length, if the next record of the log begins right behind them: then
// that line and what follows up to there may be a part of the body. The sender counted his line ends, CR LF or LF; the log may have LF alone, and puts one behind a body without. 0 if it
// does not fit: a body that a logger has cut ends anywhere.
func (t *Text) restOfBody(p *piece) int64 {
	l := &t.lines
	crlf, lf := l.left, l.left+l.bodyLines // bodyLine counts two bytes for each line end
	next := t.in.R.Peek(lf + 256)
	line, size := p.line, 0
	for {
		bare := len(trimEOL(line))
		size += len(line)
		crlf -= bare + 2
		lf -= bare + 1
		if crlf < -2 && lf < -1 {
			return 0
		}
		end := bytes.IndexByte(next, '\n') + 1
		if end == 0 {
			end = len(next)
		}
		line = next[:end]
		if crlf == 0 || crlf == -2 || lf == 0 || lf == -1 {
			var h syslog.Header
			if h.Parse(line); len(line) == 0 || h.Shape != syslog.ShapeNone && !h.Time.IsZero() {
				return int64(size)
			}
		}
		if end == 0 {
			return 0
		}
		next = next[end:]
	}
}

// hasOwnFields reports whether the message whose header was read has any of the fields that every message has (RFC 3261 §8.1.1).
func (t *Text) hasOwnFields() bool {
	for _, id := range [...]sip.FieldID{sip.FieldVia, sip.FieldFrom, sip.FieldTo, sip.FieldCallID, sip.FieldCSeq} {
		if t.msg.Has(id) {
			return true
		}
	}
	return false
}

// textStart returns where the text of a line begins behind its header.
func (t *Text) textStart(p *piece) int {
	t.header.Parse(p.line)
	return t.header.TextStart
}

// pageBreak passes over the end of a page of an RFC and the beginning of the next, which may be in the middle of a message.
func (t *Text) pageBreak(line []byte) bool {
	l := &t.lines
	switch {
	case isPageFooter(line):
		t.page = true
		if t.open && l.body && l.bodyLines == 0 && !t.msg.Has(sip.FieldContentLength) {
			// The empty line was the foot of the page.
			t.buf, t.omap, l.assembly = t.buf[:l.blank.buf], t.omap[:l.blank.omap], l.blank.state
		}
		return true
	case !t.page:
		return false
	case len(bytes.TrimSpace(line)) == 0, isPageHeader(bytes.TrimLeft(line, "\f")):
		return true
	}
	t.page = false
	return false
}
