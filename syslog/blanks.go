package syslog

import "bytes"

// flat is what findFlat knows of a SIP message whose line ends became blanks.
type flat struct {
	ok    bool
	first int // offset of the first line end
	width int // blanks that a line end became: 2 (CR and LF) or 1
}

// findFlat looks for the end of the start line in a message whose line ends became blanks.
//
// A request line ends behind "SIP/2.0". The reason phrase of a status line may have blanks and colons of its own, so that
// line ends at the first blanks behind which a header field begins.
func findFlat(text []byte) flat {
	if !isStartLine(text) {
		return flat{}
	}
	at := 0
	if !bytes.HasPrefix(text, sipVersion) {
		i := bytes.Index(text, []byte(" SIP/2.0 "))
		if i < 0 {
			return flat{}
		}
		at = i + len(" SIP/2.0")
	}
	for at < len(text) {
		i := bytes.IndexByte(text[at:], ' ')
		if i < 0 {
			break
		}
		at += i
		n := blanks(text[at:])
		rest := text[at+n:]
		switch {
		case n >= 2 && fieldLen(rest) > 0:
			return flat{true, at, 2}
		case n == 1 && knownField(rest):
			return flat{true, at, 1}
		}
		if text[0] != 'S' {
			break // a request line ends here or nowhere
		}
		at += n
	}
	return flat{}
}

func blanks(b []byte) int {
	for i, c := range b {
		if c != ' ' {
			return i
		}
	}
	return len(b)
}

// fieldLen returns the length of "Name:" at the beginning of b, 0 if there is none.
func fieldLen(b []byte) int {
	n := tokenLen(b[:min(len(b), maxFieldName)])
	if n == 0 || n == len(b) || b[n] != ':' {
		return 0
	}
	return n + 1
}

func knownField(b []byte) bool {
	n := fieldLen(b)
	return n > 0 && isFieldName(b[:n-1])
}

// appendUnflattened undoes EscapeBlanks by the rules that AppendUnescaped states.
func appendUnflattened(dst, text []byte, m OffsetMap) ([]byte, OffsetMap) {
	f := findFlat(text)
	if !f.ok {
		return append(dst, text...), m
	}
	base := len(dst)
	mapped := 0
	body, quoted := false, false
	// end writes one line end for n blanks that are taken from text.
	end := func(n int) {
		if n == 1 {
			// CR stands for the blank, and so does LF.
			dst = append(dst, '\r')
			m = m.step(len(dst)-base-mapped, -1)
			mapped = len(dst) - base
			dst = append(dst, '\n')
			return
		}
		dst = append(dst, '\r', '\n')
	}
	dst = append(dst, text[:f.first]...)
	for i := f.first; i < len(text); {
		if text[i] != ' ' {
			// Up to the next blank.
			k := bytes.IndexByte(text[i:], ' ')
			if k < 0 {
				k = len(text) - i
			}
			if f.width == 1 && !body {
				for x := i; x < i+k; x++ {
					if text[x] == '"' && text[x-1] != '\\' {
						quoted = !quoted
					}
				}
			}
			dst = append(dst, text[i:i+k]...)
			i += k
			continue
		}
		n := blanks(text[i:])
		rest := text[i+n:]
		used := 0
		switch {
		case f.width == 2 && n >= 2 && !body:
			switch {
			case len(rest) == 0 && n <= 5: // the end of a message without a body: CR LF CR LF, or what a cut left of it
				for ; used+2 <= n && used < 4; used += 2 {
					end(2)
				}
			case n == 4:
				end(2)
				end(2)
				used, body = 4, true
			case fieldLen(rest) > 0:
				// Blanks before the last two are the end of a value: "Subject: " is more likely than a folded line (RFC 3261
				// §7.3.1) that looks like a header field.
				dst = append(dst, text[i:i+n-2]...)
				end(2)
				used = n
			}
		case f.width == 2 && n >= 2:
			k := tokenLen(rest[:min(len(rest), maxFieldName)])
			if len(rest) == 0 && n == 2 || len(rest) > 0 && rest[0] == '<' || k > 0 && k < len(rest) && (rest[k] == '=' || rest[k] == ':') {
				end(2)
				used = 2
			}
		case f.width == 1 && !body:
			switch {
			case n == 2 && len(rest) >= 4 && string(rest[:3]) == "v=0" && rest[3] == ' ' && !quoted:
				for ; used < n; used++ {
					end(1)
				}
				body = true
			case n == 1 && !quoted && knownField(rest), len(rest) == 0 && n <= 2:
				for ; used < n; used++ {
					end(1)
				}
			}
			if used > 0 {
				quoted = false
			}
		case f.width == 1:
			if n == 1 && len(rest) >= 2 && rest[1] == '=' && bytes.IndexByte([]byte("vosiuepcbtrzkam"), rest[0]) >= 0 ||
				len(rest) == 0 && n == 1 {
				end(1)
				used = 1
			}
		}
		dst = append(dst, text[i+used:i+n]...)
		i += n
	}
	return dst, m
}
