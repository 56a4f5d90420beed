// Package scan looks over a whole text at once for the few bytes that decide how it is to be read: the ends of its lines, and whether
// anything is in it that makes it an unusual one. What needs a place or a yes gets it for half an instruction a byte, where a search for each row
// begins and ends at every row.
//
//	in    INVITE sip:bob@example.com SIP/2.0^M Via: SIP/2.0/UDP …^M ^M v=0^M …
//	out                                     1                   1  1      1      a bit for each byte; and whether anything else is escaped
//
// On amd64 with AVX2 it takes 64 bytes at a time (scan_amd64.s); elsewhere, and for short texts, Go does the same. The two are held against each other by the tests. That there
// is assembly at all is since these four searches were a quarter of what reading a log costs (docs/measurements.md); there is none anywhere else.
package scan

import "bytes"

// Words is how many words hold a bit for each of n bytes.
func Words(n int) int { return (n + 63) / 64 }

// CaretEnds sets in ends, a bit for each byte of b, where a line ends as sysklogd shows it: at the caret of "^M ", or of "^M" at the end of b. All other bits are
// cleared. It reports whether nothing else in b is escaped: no other caret, and no backslash. ends has Words(len(b)) words at least.
func CaretEnds(ends []uint64, b []byte) (only bool) {
	if useVector && len(b) >= vectorMin {
		return caretEndsVector(ends, b)
	}
	return caretEndsGo(ends, b)
}

func caretEndsGo(ends []uint64, b []byte) (only bool) {
	clear(ends[:Words(len(b))])
	only = bytes.IndexByte(b, '\\') < 0
	for i := 0; ; i++ {
		k := bytes.IndexByte(b[i:], '^')
		if k < 0 {
			return only
		}
		if i += k; isCaretEnd(b[i:]) {
			ends[i>>6] |= 1 << (i & 63)
		} else {
			only = false
		}
	}
}

// isCaretEnd reports whether b, which begins with a caret, begins with the end of a line.
func isCaretEnd(b []byte) bool {
	return len(b) > 1 && b[1] == 'M' && (len(b) == 2 || b[2] == ' ')
}

// OtherEscape returns the offset of the first caret that ends no line, or backslash, in b; len(b) if there is none.
func OtherEscape(b []byte) int {
	for i, c := range b {
		if c == '\\' || c == '^' && !isCaretEnd(b[i:]) {
			return i
		}
	}
	return len(b)
}

// Newlines sets in ends a bit for each LF of b and clears all others. ends has Words(len(b)) words at least.
func Newlines(ends []uint64, b []byte) {
	if useVector && len(b) >= vectorMin {
		newlinesVector(ends, b)
		return
	}
	newlinesGo(ends, b)
}

func newlinesGo(ends []uint64, b []byte) {
	clear(ends[:Words(len(b))])
	for i := 0; ; i++ {
		k := bytes.IndexByte(b[i:], '\n')
		if k < 0 {
			return
		}
		i += k
		ends[i>>6] |= 1 << (i & 63)
	}
}

// Plain reports of a text whether it is ASCII, and whether it has an ampersand, with which a character reference of a web page begins.
func Plain(b []byte) (ascii, ampersand bool) {
	if useVector && len(b) >= vectorMin {
		return plainVector(b)
	}
	return plainGo(b)
}

func plainGo(b []byte) (ascii, ampersand bool) {
	var or byte
	for _, c := range b {
		or |= c
	}
	return or < 0x80, bytes.IndexByte(b, '&') >= 0
}
