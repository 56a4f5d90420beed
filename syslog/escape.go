package syslog

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Escape is what a collector made of the characters that a line of a log cannot hold.
type Escape uint8

const (
	// EscapeNone: nothing; the text is as it was sent.
	EscapeNone Escape = iota
	// EscapeCaret is sysklogd 1.3 to 1.6: LF is a blank, any other character below 0x20 is '^' and the character plus 0x40
	// (CR is ^M), DEL and 0x80 to 0x9f are a backslash and three octal digits. The text ends at NUL.
	EscapeCaret
	// EscapeMeta is the BSD family and sysklogd 2.x: as EscapeCaret, but TAB is kept, DEL is ^?, and 0x80 to 0x9f are "M-" and
	// what the lower seven bits are.
	EscapeMeta
	// EscapeHashOctal is rsyslog's default: '#' and three octal digits (CR LF is #015#012). An LF at the end of the text is
	// dropped. With the SpaceLF option LF is a blank; of CR versions differ: see EscapeSpaceLF.
	EscapeHashOctal
	// EscapeBackslashOctal is the same with a backslash, the prefix that rsyslog's older documentation names.
	EscapeBackslashOctal
	// EscapeC is rsyslog's C style: \r, \n, \t and so on, others \x and two hexadecimal digits.
	EscapeC
	// EscapeDecimal is Kiwi: three decimal digits in angle brackets (CR LF is <013><010>).
	EscapeDecimal
	// EscapeHex is syslog-ng: bytes that are not UTF-8 are \x and two hexadecimal digits; all else is kept.
	EscapeHex
	// EscapeBlanks is syslog-ng's flag no-multi-line: CR, LF and NUL are each a blank. Others make one blank of CR LF. What was
	// a blank and what a line end can only be guessed: see AppendUnescaped.
	EscapeBlanks
	// EscapeSpaceLF is rsyslog with the SpaceLF option as 8.2302 was seen to write it: LF is a blank, and every other character is
	// kept, so that a raw CR stands inside the line. Only the last character of the text is escaped, as EscapeHashOctal or
	// EscapeC would: a message ends in #015, its LF dropped.
	EscapeSpaceLF
	// EscapeNamed writes the line ends as their names in angle brackets (CR LF is <CR><LF>), as terminals and viewers show them; all
	// else is kept.
	EscapeNamed
)

var escapeNames = [...]string{"none", "caret", "meta", "hash-octal", "backslash-octal", "c", "decimal", "hex", "blanks", "space-lf", "named"}

// String returns a short name: "caret", "hash-octal".
func (e Escape) String() string {
	if int(e) < len(escapeNames) {
		return escapeNames[e]
	}
	return "unknown"
}

// DetectEscape says which escape the line ends of a SIP message in text were written with. It goes by line ends alone: a ^M or
// #015 that no line of a message follows (in prose, in a URI) does not count. Raw line ends inside the text mean that no
// escape was needed. EscapeHex has no line ends, so it is never returned.
//
// It reads the text a few times at most, and no further than the first line end that it is sure of.
func DetectEscape(text []byte) Escape {
	if i := bytes.IndexByte(text, '\n'); i >= 0 && i < len(bytes.TrimRight(text, "\r\n")) {
		return EscapeNone
	}
	text = bytes.TrimRight(text, "\r\n")
	for at := 0; at < len(text); {
		i := bytes.IndexByte(text[at:], '\r')
		if i < 0 {
			break
		}
		at += i + 1
		if at == len(text) || text[at] != ' ' {
			continue
		}
		if rest := text[at+1:]; len(rest) == 0 || rest[0] == '\r' || beginsLine(rest) || escapedCR(rest) == len(rest) {
			return EscapeSpaceLF
		}
	}
	for at := 0; at < len(text); {
		i := bytes.Index(text[at:], []byte("^M"))
		if i < 0 {
			break
		}
		i += at
		at = i + 2
		rest := text[at:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		if len(rest) == 0 && !endsLine(text[:i]) || len(rest) > 0 && !bytes.HasPrefix(rest, []byte("^M")) && !beginsLine(rest) {
			continue
		}
		if isMeta(text) {
			return EscapeMeta
		}
		return EscapeCaret
	}
	for at := 0; at < len(text); {
		i := bytes.IndexByte(text[at:], '#')
		if i < 0 {
			break
		}
		at += i
		if separates(text[at:], "#015", "#012") {
			return EscapeHashOctal
		}
		at++
	}
	for at := 0; at < len(text); {
		i := bytes.IndexByte(text[at:], '\\')
		if i < 0 {
			break
		}
		at += i
		switch b := text[at:]; {
		case separates(b, `\015`, `\012`):
			return EscapeBackslashOctal
		case separates(b, `\r`, `\n`), separates(b, `\x0D`, `\x0A`), separates(b, `\x0d`, `\x0a`):
			return EscapeC
		}
		at++
	}
	for at := 0; at < len(text); {
		i := bytes.Index(text[at:], []byte("<01"))
		if i < 0 {
			break
		}
		at += i
		if separates(text[at:], "<013>", "<010>") {
			return EscapeDecimal
		}
		at++
	}
	for at := 0; at < len(text); {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i
		if separates(text[at:], "<CR>", "<LF>") {
			return EscapeNamed
		}
		at++
	}
	if f := findFlat(text); f.ok {
		return EscapeBlanks
	}
	return EscapeNone
}

// separates reports whether b begins with a line end that is written as cr and lf, or with one of the two before a line.
func separates(b []byte, cr, lf string) bool {
	if len(b) >= len(cr) && string(b[:len(cr)]) == cr {
		b = b[len(cr):]
		if len(b) >= len(lf) && string(b[:len(lf)]) == lf {
			return true
		}
		if len(b) > 0 && b[0] == ' ' { // SpaceLF
			b = b[1:]
		}
		return beginsLine(b) || len(b) >= len(cr) && string(b[:len(cr)]) == cr
	}
	return len(b) >= len(lf) && string(b[:len(lf)]) == lf && beginsLine(b[len(lf):])
}

// beginsLine reports whether b begins as a line of a SIP message or of SDP does: "Name:" or "x=". A line that was cut inside its
// name counts if it is the end of a name that is known.
func beginsLine(b []byte) bool {
	n := tokenLen(b[:min(len(b), maxFieldName)])
	if n == 0 {
		return false
	}
	if n == len(b) {
		return isFieldName(b)
	}
	switch b[n] {
	case ':':
		// A URI has no blank behind its colon; a header field mostly has, and where it has not its name is known.
		return n+1 == len(b) || b[n+1] == ' ' || b[n+1] == '\t' || n == 1 || isFieldName(b[:n])
	case '=':
		return n == 1 && b[0] >= 'a' && b[0] <= 'z'
	case ' ', '\t':
		// RFC 3261 §7.3.1 allows blanks before the colon.
		k := n + len(b[n:]) - len(bytes.TrimLeft(b[n:], " \t"))
		return k < len(b) && b[k] == ':' && isFieldName(b[:n])
	}
	return false
}

// endsLine reports whether a ^M after b is the end of a line: it stands directly behind a word, as an escaped CR does, and in prose
// mostly does not; or behind another ^M.
func endsLine(b []byte) bool {
	b2 := bytes.TrimSuffix(b, []byte(" "))
	if bytes.HasSuffix(b2, []byte("^M")) {
		return true
	}
	if len(b) == 0 {
		return false
	}
	switch b[len(b)-1] {
	case ' ', '\t', '"', '\'', '(', '`':
		return false
	}
	return true
}

// isMeta reports whether a text with carets is of the BSD family: it has an escape that only that family writes.
func isMeta(text []byte) bool {
	if bytes.IndexByte(text, '\t') >= 0 {
		return true
	}
	// "M-^X" by its hyphen: each line has an M and a caret.
	for at := 1; at < len(text); at++ {
		i := bytes.IndexByte(text[at:], '-')
		if i < 0 {
			break
		}
		at += i
		if at+2 < len(text) && text[at-1] == 'M' && text[at+1] == '^' && text[at+2] != 'M' {
			return true
		}
	}
	return false
}

// AppendUnescaped appends text with the escape undone to dst, and to m the steps by which the offset map leads from the text
// appended (counted from its beginning, not from that of dst) back to text. m is mostly empty when it comes in. Nothing is
// allocated if dst and m have room.
//
// What the line ends become is CR LF:
//
//   - EscapeCaret, EscapeMeta: "^M " and "^M" (the blank is sometimes lost), at the end of the text too. Single blanks stay: LF
//     alone cannot be told from a blank. "M-^M" is 0x8d only behind a byte from 0x80, else "M-" and a line end.
//   - EscapeHashOctal, EscapeBackslashOctal, EscapeC, EscapeDecimal, EscapeNamed: the escapes of CR and LF; CR and a blank (SpaceLF); and CR at
//     the end of the text, whose LF rsyslog drops. In C style a pair of backslashes is left alone: it is a quoted pair of SIP.
//   - EscapeBlanks: only if text begins with a start line of SIP. If two blanks follow that line, each two blanks before
//     "Name:" are a line end, four are the empty line before the body, and in the body each two before "x=", "name=", "name:"
//     or '<'. If one blank follows it, a blank before the name of a registered header field and its colon is one, outside
//     quotes; a body is recognised by "v=0" alone, and its lines by "x=". Everything else stays as it is.
//   - EscapeSpaceLF: CR and a blank; and CR at the end of the text, raw or escaped, whose LF rsyslog drops.
//
// The three octal, decimal or hexadecimal digits must be those of a character that the collector escapes: control
// characters and bytes from 0x7f. "#123" and "\"" stay, and a lone "#200".
func (e Escape) AppendUnescaped(dst, text []byte, m OffsetMap) ([]byte, OffsetMap) {
	switch e {
	case EscapeCaret:
		if bytes.IndexByte(text, '\\') < 0 {
			return appendUncareted(dst, text, m)
		}
		return appendUncaretedSlowly(dst, text, m, false, len(dst), 0, 0)
	case EscapeMeta:
		return appendUncaretedSlowly(dst, text, m, true, len(dst), 0, 0)
	case EscapeHashOctal:
		return appendDecoded(dst, text, m, '#', decodeOctal)
	case EscapeBackslashOctal:
		return appendDecoded(dst, text, m, '\\', decodeOctal)
	case EscapeC:
		return appendDecoded(dst, text, m, '\\', decodeC)
	case EscapeDecimal:
		return appendDecoded(dst, text, m, '<', decodeDecimal)
	case EscapeNamed:
		return appendDecoded(dst, text, m, '<', decodeNamed)
	case EscapeHex:
		return appendDecoded(dst, text, m, '\\', decodeHex)
	case EscapeBlanks:
		return appendUnflattened(dst, text, m)
	case EscapeSpaceLF:
		return appendLFs(dst, text, m)
	}
	return append(dst, text...), m
}

// step is Add, but for small numbers without calls: it is on the path of every line of every message.
func (m OffsetMap) step(run, extra int) OffsetMap {
	if uint(run) < 128 && uint(extra) < 64 {
		return append(m, byte(run), byte(extra<<1))
	}
	return m.Add(run, extra)
}

// appendUncareted undoes EscapeCaret where it has no octal escapes, which is nearly always.
func appendUncareted(dst, text []byte, m OffsetMap) ([]byte, OffsetMap) {
	base := len(dst)
	dst = slices.Grow(dst, len(text))
	out := dst[base : base+len(text)]
	i, j, mapped := 0, 0, 0
	for {
		k := bytes.IndexByte(text[i:], '^')
		if k < 0 || i+k+2 > len(text) || text[i+k+1] != 'M' {
			// The end, or something else is behind the caret.
			return appendUncaretedSlowly(dst[:base+j], text, m, false, base, i, mapped)
		}
		copy(out[j:], text[i:i+k])
		i += k + 2
		j += k
		out[j], out[j+1] = '\r', '\n'
		if i < len(text) && text[i] == ' ' {
			if run := j + 1 - mapped; run < 128 {
				m = append(m, byte(run), 1<<1) // step, in place
			} else {
				m = m.Add(run, 1)
			}
			mapped = j + 1
			i++
		}
		j += 2
	}
}

// AppendCaretLines undoes EscapeCaret in the usual case: all that is escaped in text are line ends, each of them "^M " (the one at the end of text may have lost
// its blank). Then the clean text is appended to dst, and no map is needed: each line end took one byte more in text than in the clean
// text. In any other case it returns dst as it was, and false.
func AppendCaretLines(dst, text []byte) ([]byte, bool) {
	if bytes.IndexByte(text, '\\') >= 0 {
		return dst, false
	}
	base := len(dst)
	dst = slices.Grow(dst, len(text))
	out := dst[base : base+len(text)]
	// Lines are short, and calls would cost more than what they do: 16 bytes at a time are looked at and copied, those behind the
	// caret too, over which the next line is written. j never passes i, so that there is room.
	const each, carets = 0x0101010101010101, 0x5e5e5e5e5e5e5e5e
	i, j := 0, 0
	for i >= 0 && i <= len(text)-16 && j >= 0 && j <= len(out)-16 {
		// binary.LittleEndian would take slices, and those cost as much again.
		v := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		w := uint64(text[i+8]) | uint64(text[i+9])<<8 | uint64(text[i+10])<<16 | uint64(text[i+11])<<24 |
			uint64(text[i+12])<<32 | uint64(text[i+13])<<40 | uint64(text[i+14])<<48 | uint64(text[i+15])<<56
		out[j], out[j+1], out[j+2], out[j+3], out[j+4], out[j+5], out[j+6], out[j+7] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24),
			byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
		out[j+8], out[j+9], out[j+10], out[j+11], out[j+12], out[j+13], out[j+14], out[j+15] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24),
			byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
		// A caret becomes a zero byte, and one less has the top bit; so has one less of most bytes that are not ASCII, and those are
		// sorted out after. The lowest zero byte borrows for certain.
		v ^= carets
		w ^= carets
		if ((v-each)|(w-each))&(each<<7) == 0 {
			i += 16
			j += 16
			continue
		}
		if v = (v - each) &^ v & (each << 7); v == 0 {
			i += 8
			j += 8
			if v = (w - each) &^ w & (each << 7); v == 0 {
				i += 8
				j += 8
				continue
			}
		}
		k := bits.TrailingZeros64(v) >> 3
		i += k
		j += k
		if i > len(text)-3 {
			break // the last line end, without its blank
		}
		if text[i+1] != 'M' || text[i+2] != ' ' {
			return dst[:base], false
		}
		out[j], out[j+1] = '\r', '\n'
		i += 3
		j += 2
	}
	for i < len(text) {
		c := text[i]
		if c != '^' {
			out[j] = c
			i++
			j++
			continue
		}
		if rest := text[i:]; len(rest) < 2 || rest[1] != 'M' || len(rest) > 2 && rest[2] != ' ' {
			return dst[:base], false
		}
		out[j], out[j+1] = '\r', '\n'
		i += 3
		j += 2
	}
	return dst[:base+j], true
}

// appendUncaretedSlowly undoes EscapeCaret, or EscapeMeta, from text[i:] on, when dst[base:] is the clean text before and m covers
// mapped bytes of it. The clean text is never longer than the logged one.
func appendUncaretedSlowly(dst, text []byte, m OffsetMap, meta bool, base, i, mapped int) ([]byte, OffsetMap) {
	j := len(dst) - base // clean bytes
	dst = slices.Grow(dst, len(text)-i)
	out := dst[base : len(dst)+len(text)-i]
	// Offsets in text of the next backslash and of the next caret, -1 if there is none. Each is looked for again when it is behind, and no sooner: of the one
	// there may be thousands before the other.
	next, caret := -1, indexFrom(text, i, '^')
	if !meta {
		next = indexFrom(text, i, '\\')
	}
	for {
		if next >= 0 && next < i {
			next = indexFrom(text, i, '\\')
		}
		if caret >= 0 && caret < i {
			caret = indexFrom(text, i, '^')
		}
		if next >= 0 && (caret < 0 || next < caret) {
			// A backslash comes first.
			j += copy(out[j:], text[i:next])
			c, n := octalAt(text, next)
			if n == 0 || c < 0x7f || c > 0x9f {
				out[j] = '\\'
				j++
				i = next + 1
			} else {
				out[j] = c
				j++
				m = m.step(j-mapped, n-1)
				mapped = j
				i = next + n
			}
			continue
		}
		if caret < 0 || caret+1 >= len(text) {
			j += copy(out[j:], text[i:])
			return dst[:base+j], m
		}
		c := text[caret+1]
		k := copy(out[j:], text[i:caret])
		j += k
		i = caret
		switch {
		case meta && k >= 2 && text[i-2] == 'M' && text[i-1] == '-' && c >= '@' && c <= '_' &&
			(c != 'M' || j > 2 && out[j-3] >= 0x80):
			// "M-^X" is one byte.
			out[j-2] = c ^ 0x40 | 0x80
			j--
			m = m.step(j-mapped, 3)
			mapped = j
			i += 2
		case c == 'M':
			out[j], out[j+1] = '\r', '\n'
			i += 2
			if i < len(text) && text[i] == ' ' {
				m = m.step(j+1-mapped, 1)
				mapped = j + 1
				i++
			}
			j += 2
		case c >= '@' && c <= '_' || meta && c == '?':
			out[j] = c ^ 0x40
			j++
			m = m.step(j-mapped, 1)
			mapped = j
			i += 2
		default:
			out[j] = '^'
			j++
			i++
		}
	}
}

// indexFrom returns the offset in b of the first c from offset i on, -1 if there is none.
func indexFrom(b []byte, i int, c byte) int {
	if k := bytes.IndexByte(b[i:], c); k >= 0 {
		return i + k
	}
	return -1
}

// appendDecoded undoes an escape that begins with a certain character and that decode reads.
func appendDecoded(dst, text []byte, m OffsetMap, mark byte, decode func([]byte, int) (byte, int)) ([]byte, OffsetMap) {
	base := len(dst)
	dst = slices.Grow(dst, len(text)+1)
	mapped := 0
	for i := 0; ; {
		k := bytes.IndexByte(text[i:], mark)
		if k < 0 {
			return append(dst, text[i:]...), m
		}
		dst = append(dst, text[i:i+k]...)
		i += k
		c, n := decode(text, i)
		if n == 0 {
			n = 1
			if mark == '\\' && i+1 < len(text) && text[i+1] == '\\' {
				n = 2 // a pair; the second does not begin an escape
			}
			dst = append(dst, text[i:i+n]...)
			i += n
			continue
		}
		i += n
		dst = append(dst, c)
		run := len(dst) - base - mapped
		switch {
		case c == '\r' && i == len(text):
			// LF was dropped. It stands for the last byte of the escape.
			m = m.step(run, n-2)
			return append(dst, '\n'), m
		case c == '\r' && text[i] == ' ':
			dst = append(dst, '\n')
			m = m.step(run, n-1)
			mapped += run
			i++
		default:
			m = m.step(run, n-1)
			mapped += run
		}
	}
}

// escapedCR returns the length of an escaped CR at the beginning of b, 0 if there is none.
func escapedCR(b []byte) int {
	switch {
	case len(b) >= 4 && (string(b[:4]) == "#015" || string(b[:4]) == `\015`):
		return 4
	case len(b) >= 2 && string(b[:2]) == `\r`:
		return 2
	}
	return 0
}

// appendLFs undoes EscapeSpaceLF.
func appendLFs(dst, text []byte, m OffsetMap) ([]byte, OffsetMap) {
	// The character at the end, which is c, stands at text[end:].
	c, end := byte(0), len(text)
	if n := len(text); n > 0 && text[n-1] == '\r' {
		c, end = '\r', n-1
	} else if n >= 2 && escapedCR(text[n-2:]) == 2 {
		c, end = '\r', n-2
	} else if n >= 4 && (text[n-4] == '#' || text[n-4] == '\\') {
		if x, k := octalAt(text, n-4); k > 0 && x < 0x20 {
			c, end = x, n-4
		}
	}
	base := len(dst)
	for i := 0; i < end; {
		k := bytes.IndexByte(text[i:end], '\r')
		if k < 0 {
			dst = append(dst, text[i:end]...)
			break
		}
		dst = append(dst, text[i:i+k+1]...)
		i += k + 1
		if i < end && text[i] == ' ' {
			dst = append(dst, '\n')
			i++
		}
	}
	if end == len(text) {
		return dst, m
	}
	if dst = append(dst, c); c == '\r' {
		// LF was dropped. It stands for the last byte of the escape.
		if extra := len(text) - end - 2; extra != 0 {
			m = m.Add(len(dst)-base, extra)
		}
		dst = append(dst, '\n')
	}
	return dst, m
}

// The decoders return the character and the length of the escape at text[at:], which begins with their mark; 0 if it is not an
// escape.

// decodeOctal reads rsyslog's two octal forms. It escapes bytes from 0x80 only with an option that is off by default; then all bytes
// of a character in UTF-8 are escaped. So one alone is not an escape: "#200" may be something that was dialled.
func decodeOctal(text []byte, at int) (byte, int) {
	c, n := octalAt(text, at)
	if n == 0 || c < 0x80 {
		return c, n
	}
	if next, k := octalAt(text, at+4); k > 0 && next >= 0x80 && text[at+4] == text[at] {
		return c, n
	}
	if at >= 4 && text[at-4] == text[at] {
		if last, k := octalAt(text, at-4); k > 0 && last >= 0x80 {
			return c, n
		}
	}
	return 0, 0
}

// octalAt reads three octal digits behind the mark at text[at].
func octalAt(text []byte, at int) (byte, int) {
	if at+4 > len(text) {
		return 0, 0
	}
	b := text[at : at+4]
	if b[1]-'0' > 3 || b[2]-'0' > 7 || b[3]-'0' > 7 {
		return 0, 0
	}
	return escaped((b[1]-'0')<<6|(b[2]-'0')<<3|(b[3]-'0'), 4)
}

func decodeDecimal(text []byte, at int) (byte, int) {
	b := text[at:]
	if len(b) < 5 || b[4] != '>' || b[1]-'0' > 9 || b[2]-'0' > 9 || b[3]-'0' > 9 {
		return 0, 0
	}
	v := int(b[1]-'0')*100 + int(b[2]-'0')*10 + int(b[3]-'0')
	// From 128 on <134> is a PRI; Kiwi keeps those bytes.
	if v > 0x7f {
		return 0, 0
	}
	return escaped(byte(v), 5)
}

func decodeNamed(text []byte, at int) (byte, int) {
	b := text[at:]
	if len(b) < len("<CR>") {
		return 0, 0
	}
	switch string(b[:len("<CR>")]) {
	case "<CR>":
		return '\r', len("<CR>")
	case "<LF>":
		return '\n', len("<LF>")
	}
	return 0, 0
}

func decodeHex(text []byte, at int) (byte, int) {
	b := text[at:]
	if len(b) < 4 || b[1] != 'x' {
		return 0, 0
	}
	hi, ok1 := hexDigit(b[2])
	lo, ok2 := hexDigit(b[3])
	if c := hi<<4 | lo; ok1 && ok2 && c >= 0x80 {
		return c, 4
	}
	return 0, 0
}

const cLetters = "abefnrtv0"
const cValues = "\a\b\x1b\f\n\r\t\v\x00"

func decodeC(text []byte, at int) (byte, int) {
	b := text[at:]
	if len(b) < 2 {
		return 0, 0
	}
	if b[1] == 'x' {
		if len(b) < 4 {
			return 0, 0
		}
		hi, ok1 := hexDigit(b[2])
		lo, ok2 := hexDigit(b[3])
		if !ok1 || !ok2 {
			return 0, 0
		}
		return escaped(hi<<4|lo, 4)
	}
	for i := 0; i < len(cLetters); i++ {
		if b[1] == cLetters[i] {
			return cValues[i], 2
		}
	}
	return 0, 0
}

// escaped returns c and n if c is a character that collectors escape.
func escaped(c byte, n int) (byte, int) {
	if c < 0x20 || c >= 0x7f {
		return c, n
	}
	return 0, 0
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// AppendEscaped appends text as the collector writes it into its file. It is what AppendUnescaped undoes, as far as it can be
// undone: EscapeCaret and EscapeMeta end the text at NUL, and rsyslog's four drop an LF at its end.
func (e Escape) AppendEscaped(dst, text []byte) []byte {
	return e.AppendEscapedLimit(dst, text, Limit{})
}

// Limit is how much a collector takes of a message. The zero Limit is none.
type Limit struct {
	Text    int // bytes that are received, after the PRI; more are cut before anything is escaped
	Escaped int // bytes after which no further character is written; an escape that begins before may end after them
}

// SysklogdLimit is what sysklogd 1.3 to 1.6 takes of a datagram with a PRI of priLen bytes (0: none): 1022 bytes are received, and no
// character is begun after 1021 bytes of escaped text.
func SysklogdLimit(priLen int) Limit { return Limit{Text: max(1, 1022-priLen), Escaped: 1021} }

// AppendEscapedLimit is AppendEscaped for a collector that cuts long messages.
func (e Escape) AppendEscapedLimit(dst, text []byte, limit Limit) []byte {
	if limit.Text > 0 && len(text) > limit.Text {
		text = text[:limit.Text]
	}
	switch e {
	case EscapeCaret, EscapeMeta:
		if i := bytes.IndexByte(text, 0); i >= 0 {
			text = text[:i]
		}
	case EscapeHashOctal, EscapeBackslashOctal, EscapeC, EscapeSpaceLF:
		text = bytes.TrimSuffix(text, []byte{'\n'})
	}
	start := len(dst)
	for i, c := range text {
		if limit.Escaped > 0 && len(dst)-start >= limit.Escaped {
			break
		}
		switch {
		case c >= 0x20 && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = e.appendEscape(dst, c, text, i)
		}
	}
	return dst
}

// appendEscape appends text[i], which is c and not a printing ASCII character.
func (e Escape) appendEscape(dst []byte, c byte, text []byte, i int) []byte {
	const hex = "0123456789ABCDEF"
	switch e {
	case EscapeCaret:
		switch {
		case c == '\n':
			return append(dst, ' ')
		case c < 0x20:
			return append(dst, '^', c^0x40)
		case c == 0x7f || c >= 0x80 && c < 0xa0:
			return appendOctal(append(dst, '\\'), c)
		}
	case EscapeMeta:
		if c >= 0x80 && c < 0xa0 {
			dst = append(dst, 'M', '-')
			c &= 0x7f
		}
		switch {
		case c == '\n':
			// 0x8a too: the program looks at what is left after the high bit.
			return append(dst, ' ')
		case c < 0x20 && c != '\t' || c == 0x7f:
			return append(dst, '^', c^0x40)
		}
	case EscapeHashOctal:
		if c < 0x20 {
			return appendOctal(append(dst, '#'), c)
		}
	case EscapeBackslashOctal:
		if c < 0x20 {
			return appendOctal(append(dst, '\\'), c)
		}
	case EscapeC:
		if c < 0x20 {
			for k := 0; k < len(cValues); k++ {
				if cValues[k] == c {
					return append(dst, '\\', cLetters[k])
				}
			}
			return append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		}
	case EscapeDecimal:
		if c < 0x20 {
			return append(dst, '<', '0', '0'+c/10, '0'+c%10, '>')
		}
	case EscapeHex:
		if c >= 0x80 && !inRune(text, i) {
			const hex = "0123456789abcdef"
			return append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		}
	case EscapeNamed:
		switch c {
		case '\r':
			return append(dst, "<CR>"...)
		case '\n':
			return append(dst, "<LF>"...)
		}
	case EscapeBlanks:
		if c == '\r' || c == '\n' || c == 0 {
			return append(dst, ' ')
		}
	case EscapeSpaceLF:
		switch {
		case c == '\n':
			return append(dst, ' ')
		case c < 0x20 && i == len(text)-1:
			return appendOctal(append(dst, '#'), c)
		}
	}
	return append(dst, c)
}

func appendOctal(dst []byte, c byte) []byte {
	return append(dst, '0'+c>>6, '0'+c>>3&7, '0'+c&7)
}

// inRune reports whether the byte at i is part of a valid UTF-8 sequence.
func inRune(text []byte, i int) bool {
	for start := i; start >= 0 && start > i-utf8.UTFMax; start-- {
		if utf8.RuneStart(text[start]) {
			r, n := utf8.DecodeRune(text[start:])
			return (r != utf8.RuneError || n > 1) && start+n > i
		}
	}
	return false
}
