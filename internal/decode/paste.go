package decode

import "bytes"

// What terminals and web pages leave in a log that was copied from them:
//
//	ESC [32mINVITE sip:…ESC [0m    colours; the escape character itself is sometimes lost: "[0m" or "[K" at the edge of a line
//	From: Bob &lt;sip:bob&commat;example.com&gt;    character references
//
// clean takes them out. It is not for lines without them: those are used as they are.

// entities are the character references that a copy from a web page leaves in a log.
var entities = [...]struct {
	name string
	char byte
}{{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&colon;", ':'}, {"&commat;", '@'}, {"&semi;", ';'},
	{"&equals;", '='}, {"&apos;", '\''}, {"&nbsp;", ' '}, {"&#39;", '\''}, {"&#58;", ':'}, {"&#64;", '@'}, {"&#34;", '"'},
	{"&#60;", '<'}, {"&#62;", '>'}, {"&#38;", '&'}}

// telling are the references that tell a page's text from a URI with "&" in it and from XML in a body, where "&amp;" is as it
// was sent.
var telling = [...]string{"&lt;sip", "&lt;tel", "&gt;;", "&colon;", "&commat;", "&quot;", "&#", "&semi;", "&lt;[email"}

// fromPage reports whether a line was copied from the source of a web page.
func fromPage(line []byte) bool {
	i := bytes.IndexByte(line, '&')
	if i < 0 {
		return false
	}
	for _, t := range telling {
		if bytes.Contains(line[i:], []byte(t)) {
			return true
		}
	}
	return false
}

// clean appends line without colours and, if page is set, with character references resolved to dst; and to at the offset in line of each byte
// of it, and that of the end of line.
func clean(line []byte, page bool, dst []byte, at []int32) ([]byte, []int32) {
	end := len(trimEOL(line))
	for i := 0; i < len(line); {
		n := 0
		switch c := line[i]; {
		case c == '\x1b':
			n = ansiLen(line[i:])
		case c == '[' && i < end:
			if k := sgrLen(line[i:end]); k > 0 && (i == 0 || i+k == end) {
				n = k
			}
		case c == '&' && page:
			for _, e := range entities {
				if len(line)-i >= len(e.name) && string(line[i:i+len(e.name)]) == e.name {
					dst, at = append(dst, e.char), append(at, int32(i))
					n = len(e.name)
					break
				}
			}
		}
		if n == 0 {
			dst, at = append(dst, line[i]), append(at, int32(i))
			n = 1
		}
		i += n
	}
	return dst, append(at, int32(len(line)))
}

// ansiLen returns the length of the control sequence (ECMA-48 §5.4) at the beginning of b, which begins with ESC.
func ansiLen(b []byte) int {
	if len(b) < 2 {
		return 1
	}
	if b[1] != '[' {
		return 1 // ESC alone has no business in a message
	}
	i := 2
	for i < len(b) && i < 32 && b[i] >= 0x20 && b[i] <= 0x3f {
		i++
	}
	if i < len(b) && b[i] >= 0x40 && b[i] <= 0x7e {
		return i + 1
	}
	return i
}

// sgrLen returns the length of a colour or of "erase to the end of the line" whose ESC was lost: "[0m", "[1;32m", "[K"; 0 if b does not
// begin with one.
func sgrLen(b []byte) int {
	i := 1
	for i < len(b) && i < 12 && (isDigit(b[i]) || b[i] == ';') {
		i++
	}
	if i < len(b) && (b[i] == 'm' || b[i] == 'K') && b[0] == '[' {
		return i + 1
	}
	return 0
}

// hasLostColour reports whether a line begins or ends with a colour whose ESC was lost.
func hasLostColour(line []byte) bool {
	if len(line) < 2 {
		return false
	}
	if line[0] == '[' && sgrLen(line) > 0 {
		return true
	}
	b := trimEOL(line)
	if n := len(b); n < 2 || b[n-1] != 'm' && b[n-1] != 'K' {
		return false
	}
	i := bytes.LastIndexByte(b, '[')
	return i >= 0 && i+sgrLen(b[i:]) == len(b)
}

// isPageFooter and isPageHeader recognise the last line of a page of an RFC and the first of the next.
func isPageFooter(line []byte) bool {
	b := bytes.TrimRight(line, " \t\r\n")
	if len(b) < 20 || b[len(b)-1] != ']' || b[0] == ' ' {
		return false
	}
	i := bytes.LastIndex(b, []byte("[Page "))
	if i < 0 {
		return false
	}
	for _, c := range b[i+6 : len(b)-1] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func isPageHeader(line []byte) bool {
	return len(line) > 40 && bytes.HasPrefix(line, []byte("RFC ")) && isDigit(line[4]) && bytes.Contains(line, []byte("     "))
}
