package decode

import (
	"bytes"
	"unicode/utf8"

	"sipscribe/sip"
	"sipscribe/syslog"
)

// A log that was mailed or copied from a terminal has its lines broken at a column, and a message that stood on one line stands on a dozen:
//
//	Aug 20 16:40:00 192.0.2.5 INVITE sip:bob@example.com SIP/2.0^M Via: SIP/2.0/
//	UDP 192.0.2.5:5062;branch=z9hG4bK-96000994;rport^M From: Alice <sip:alice@ex
//	ample.com>;tag=6240770a208ec24o0^M To: <sip:bob@example.com>^M …
//
// A terminal breaks every line at the same column, in the middle of a word. A mail program breaks before the word that does not fit, and the blank
// there is lost, or stays at the end of the line (fold -s). Which of the two it was is seen from the lengths of the lines, and where the record ends from a line
// after which more would have fitted.
//
// What is put together has to be a message: a start line and the escaped line ends behind it, or a start line that is whole then. Anything else stays as it is.

// wrapping is what is known of how the lines of a source were broken.
type wrapping struct {
	words bool // before a word that does not fit; false: at a column
	text  []byte
	at    []int32
	raw   []byte
	head  []byte
	// checks is how often it may yet be asked whether a record is whole.
	checks int
}

const (
	minWrapped    = 20       // columns: a line may be short if a long word follows
	maxWrapped    = 260      // columns, of a wide terminal
	maxUnwrapped  = 16 << 10 // bytes of a record that is put together; collectors cut at 8 KiB
	maxFoldedWord = 512
	// A record has few lines without an escape in them, and only before those it is asked whether the message is whole.
	maxWholeChecks = 16
)

// unwrap puts a record together whose first line is p and whose lines were broken; false if nothing was. Each line is looked at once: no look ahead goes beyond a
// line at which another one would begin.
func (t *Text) unwrap(h *syslog.Header, p *piece) bool {
	first := trimEOL(p.line)
	if n := len(first); n < minWrapped || n > maxWrapped || n == len(p.line) || p.at != nil || len(t.held) > 0 || t.longLine {
		return false
	}
	text := first[h.TextStart:]
	if t.Bare && isBareStart(trimEscapedEOL(text)) {
		return false // behind it stands a line of its own
	}
	if len(h.Host) > 0 && len(h.App) > 0 && isMethod(h.Host) {
		// "INVITE sip: bob@exam": rsyslog put the blank there, and with the rest of the line it would be seen that this is no host and no TAG.
		text = first[len(first)-len(text)-len(h.App)-len(": ")-len(h.Host)-1:]
	}
	if !beginsWrapped(text, h.Shape != syslog.ShapeNone) {
		return false
	}
	w := &t.wrap
	whole, plain := isStartLine(text), !hasEscape(text)
	w.head = append(w.head[:0], p.line...) // to look further ahead may move what the reader has
	p.line = w.head
	h.Parse(p.line)
	if ahead := t.in.R.Peek(maxWrapped); !t.mayGoOn(ahead) || (whole || plain && knownField(ahead)) && !hasEscape(firstLine(ahead)) {
		return false // or a message on several lines
	}
	w.checks = maxWholeChecks
	lines := t.foldedLines(t.in.R.Peek(maxUnwrapped))
	if len(lines) < 2 {
		return false
	}
	k := 0
	hard, soft := hardFold(lines, t.wholeMessage), softFold(lines, t.wholeMessage)
	for _, words := range [...]bool{t.prefersWords(lines, hard, soft), !t.prefersWords(lines, hard, soft)} {
		n := hard
		if words {
			n = soft
		}
		if n > 0 {
			if t.putTogether(lines[:n+1], words); t.isUnwrapped(lines, n) {
				k = n
				if hard != soft {
					w.words = words
				}
				break
			}
		}
	}
	if k == 0 {
		return false
	}
	for range k {
		if _, _, _, err := t.in.R.ReadLine(); err != nil {
			return false // cannot be: the lines were seen
		}
	}
	p.line, p.at, p.raw, p.wrapped = w.text, w.at, w.raw, true
	h.Parse(p.line)
	return true
}

// beginsWrapped reports whether a text can be the beginning of a message whose line goes on below. Without a header of syslog it must be surer.
func beginsWrapped(text []byte, headed bool) bool {
	if len(text) < 3 || text[0] < 'A' || text[0] > 'Z' {
		return false
	}
	if text[0] == 'S' && bytes.HasPrefix(text, sipVersion) {
		return statusLen(text[len(sipVersion):]) > 0
	}
	n := 1
	for n < len(text) && n < 10 && text[n] >= 'A' && text[n] <= 'Z' {
		n++
	}
	switch {
	case !isMethod(text[:n]):
		return false
	case len(bytes.TrimSpace(text[n:])) == 0:
		return headed
	}
	uri := text[n+1:]
	if text[n] != ' ' || !headed {
		return text[n] == ' ' && uriBegins(uri)
	}
	scheme, _, _ := bytes.Cut(uri, []byte(":"))
	return uriBegins(uri) || bytes.HasPrefix([]byte("sips"), scheme) || string(scheme) == "tel"
}

// isMethod reports whether a word is a method that a request can begin with inside other text.
func isMethod(word []byte) bool {
	for _, m := range methods {
		if string(word) == m {
			return true
		}
	}
	return false
}

// isStartLine reports whether a text is a request line, and nothing more.
func isStartLine(text []byte) bool {
	return bytes.HasSuffix(trimRightBlank(text), sipVersion) && bytes.Count(text, sipVersion) == 1 && !hasEscape(text)
}

// mayGoOn reports whether the line that ahead begins with can belong to the one before it.
func (t *Text) mayGoOn(ahead []byte) bool {
	line := t.unquoted(firstLine(ahead))
	if len(bytes.TrimSpace(line)) == 0 {
		return false
	}
	if line[0] == '<' || isDigit(line[0]) || line[0] >= 'A' && line[0] <= 'Z' {
		var h syslog.Header
		if h.Parse(line); h.Shape != syslog.ShapeNone {
			return false
		}
	}
	return !beginsWrapped(line, false) && !isRule(line) && !readMarker(line).set
}

func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// unquoted takes the mark of the quotation off a line that is not a piece yet.
func (t *Text) unquoted(line []byte) []byte {
	if len(t.quote) > 0 && bytes.HasPrefix(line, t.quote) {
		return line[len(t.quote):]
	}
	return line
}

// foldedLine is a line of a record that was broken: its text without its line end, its place counted from the first, and its end, line end included.
type foldedLine struct {
	text    []byte
	at, end int
}

// foldedLines returns the lines that can belong to the record in w.head: those ahead, up to an empty one, one with a header or with the beginning of a
// message.
func (t *Text) foldedLines(ahead []byte) []foldedLine {
	w := &t.wrap
	lines := []foldedLine{{trimEOL(w.head), 0, len(w.head)}}
	w.raw = append(append(w.raw[:0], w.head...), ahead...)
	for at := len(w.head); t.mayGoOn(w.raw[at:]); {
		i := bytes.IndexByte(w.raw[at:], '\n')
		if i < 0 {
			if len(ahead) == maxUnwrapped {
				break // it goes on beyond what is looked at
			}
			i = len(w.raw) - at - 1
		}
		raw := w.raw[at : at+i+1]
		text := t.unquoted(trimEOL(raw))
		if len(text) > maxWrapped+maxFoldedWord {
			break
		}
		lines = append(lines, foldedLine{text, at + len(trimEOL(raw)) - len(text), at + i + 1})
		if at += i + 1; at >= len(w.raw) {
			break
		}
	}
	return lines
}

// hardFold returns how many lines after the first belong to the record if the lines were broken at a column: each but the last is full. What
// copies from a terminal may drop a blank at the end of a line.
func hardFold(lines []foldedLine, whole func([]foldedLine, bool) bool) int {
	for _, columns := range [...]func([]byte) int{func(b []byte) int { return len(b) }, utf8.RuneCount} {
		width := columns(lines[0].text)
		for _, l := range lines[1:max(1, min(len(lines)-1, 6))] {
			if columns(l.text) == width+1 && !endsInBlank(lines[0].text) {
				width++
				break
			}
		}
		full := func(b []byte) bool {
			n := columns(b)
			return n == width || n == width-1 && !endsInBlank(b)
		}
		k := 0
		for k+1 < len(lines) && full(lines[k].text) && columns(lines[k+1].text) <= width {
			if !hasEscape(lines[k+1].text) && whole(lines[:k+1], false) {
				break
			}
			k++
		}
		if k > 0 {
			return k
		}
	}
	return 0
}

// softFold is the same if the lines were broken before a word that did not fit.
func softFold(lines []foldedLine, whole func([]foldedLine, bool) bool) int {
	width := utf8.RuneCount(trimRightBlank(lines[0].text))
	k := 0
	for k+1 < len(lines) {
		n := utf8.RuneCount(trimRightBlank(lines[k].text))
		width = max(width, n)
		word := lines[k+1].text
		if i := bytes.IndexByte(word, ' '); i >= 0 {
			word = word[:i]
		}
		if n+1+utf8.RuneCount(word) < width || // fold -s wants room for the blank behind the word, too
			!hasEscape(lines[k+1].text) && whole(lines[:k+1], true) {
			break
		}
		k++
	}
	return k
}

func endsInBlank(b []byte) bool { return len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') }

// prefersWords chooses between the two. Lines that are full one after the other were broken at a column, unless the message goes on behind the first that is not.
func (t *Text) prefersWords(lines []foldedLine, hard, soft int) bool {
	if hard == soft {
		return t.wrap.words // this one says nothing; others in the source do
	}
	for k := hard + 1; k <= soft; k++ {
		if hasEscape(lines[k].text) {
			return true
		}
	}
	return hard == 0
}

// hasEscape reports whether a line has the escape of a line end.
func hasEscape(line []byte) bool {
	for _, e := range [...]string{"^M", "#015", "#012", "\\015", "\\012", "\\r", "\\n", "<013>", "<010>", "<CR>", "<LF>", "\\x0d", "\\x0D"} {
		if bytes.Contains(line, []byte(e)) {
			return true
		}
	}
	return false
}

// insideEscape reports whether a text ends in the middle of the escape of a line end.
func insideEscape(text []byte) bool {
	tail := text[max(0, len(text)-len("<013")):]
	i := bytes.LastIndexAny(tail, "^#\\<")
	return i >= 0 && (tail[i] == '^' && i == len(tail)-1 || tail[i] == '<' || len(tail)-i < len("#015") && tail[i] != '^' && !hasEscape(tail[i:]))
}

// putTogether joins lines into w.text. A blank is put in where one was lost.
func (t *Text) putTogether(lines []foldedLine, words bool) {
	w := &t.wrap
	w.text, w.at = w.text[:0], w.at[:0]
	width := 0
	for _, l := range lines[:len(lines)-1] {
		width = max(width, utf8.RuneCount(l.text))
	}
	for i, l := range lines {
		for j, c := range l.text {
			w.text, w.at = append(w.text, c), append(w.at, int32(l.at+j))
		}
		if i < len(lines)-1 && lostBlank(l.text, lines[i+1].text, width, words) {
			w.text, w.at = append(w.text, ' '), append(w.at, int32(l.at+len(l.text)))
		}
	}
	last := lines[len(lines)-1]
	for j := last.at + len(last.text); j < last.end; j++ {
		w.text, w.at = append(w.text, w.raw[j]), append(w.at, int32(j))
	}
	w.at = append(w.at, int32(last.end))
}

// lostBlank reports whether a blank stood where a line was broken: between words always, unless the word was too long for a line; at a column where the line is one
// short of it, since then the blank was the last character.
func lostBlank(line, next []byte, width int, words bool) bool {
	if endsInBlank(line) || len(next) == 0 || next[0] == ' ' || next[0] == '\t' {
		return false
	}
	if words {
		return bytes.IndexByte(line, ' ') >= 0 || utf8.RuneCount(line) < width
	}
	return utf8.RuneCount(line) < width && len(line) < width
}

// wholeMessage reports whether the lines make a message to its end: the empty line, and the body that Content-Length announces; or a start line alone.
func (t *Text) wholeMessage(lines []foldedLine, words bool) bool {
	if t.wrap.checks--; t.wrap.checks < 0 {
		return false
	}
	t.putTogether(lines, words)
	var h syslog.Header
	h.Parse(t.wrap.text)
	text := trimEOL(h.Text)
	if isStartLine(text) {
		return true
	}
	e := quickEscape(text)
	if e == syslog.EscapeNone || insideEscape(text) {
		return false
	}
	msg, _ := e.AppendUnescaped(nil, text, nil)
	if n := len(msg); n > 3 && msg[n-1] == '\r' {
		msg = append(msg, '\n')
	}
	if !bytes.Contains(msg, []byte("\r\n\r\n")) {
		return false
	}
	var m sip.Message
	m.Parse(msg)
	return m.Body.Len() >= max(0, m.DeclaredLength) && (m.DeclaredLength >= 0 || !m.Has(sip.FieldContentType))
}

// isUnwrapped reports whether w.text, which is lines[:k+1], is a message on one line, or its start line alone.
func (t *Text) isUnwrapped(lines []foldedLine, k int) bool {
	var h syslog.Header
	h.Parse(t.wrap.text)
	text := h.Text
	if start, ok := findStart(text); !ok || start != 0 {
		return false
	}
	if quickEscape(text) != syslog.EscapeNone && hasEscape(text) {
		return true
	}
	text = trimEOL(text)
	if h.Shape != syslog.ShapeNone {
		return isStartLine(text) || isStandardStatus(text)
	}
	// Without a header only what follows can tell it from prose.
	return isStartLine(text) && k+1 < len(lines) && knownField(lines[k+1].text)
}

// isStandardStatus reports whether a text is a status line whose reason phrase is whole: one that the RFCs have.
func isStandardStatus(text []byte) bool {
	n := statusLen(text[len(sipVersion):])
	if n == 0 {
		return false
	}
	code := text[len(sipVersion)+n-3 : len(sipVersion)+n]
	for _, r := range reasons[string(code)] {
		if string(bytes.TrimSpace(text[len(sipVersion)+n:])) == r {
			return true
		}
	}
	return false
}
