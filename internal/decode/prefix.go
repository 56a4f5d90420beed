package decode

// prefix is what a logger writes before each line of a message, learned from the first line. Each further line must have the
// same letters and punctuation; numbers may differ, also in length, since they are times and counters:
//
//	[Aug  5 11:43:53] INVITE sip:…       [Aug  5 11:43:54] Via: …
//	  9. INVITE sip:…                     10. Via: …
//	> INVITE sip:…                       > Via: …
type prefix struct {
	text []byte
}

// maxPrefix is the longest prefix that is learned, in bytes.
const maxPrefix = maxBefore + 200

// learn takes the prefix from the line in which a message begins at line[start:].
func (p *prefix) learn(line []byte, start int) {
	p.text = p.text[:0]
	if start > 0 && start <= maxPrefix {
		p.text = append(p.text, line[:start]...)
	}
}

// strip returns the length of the prefix of a further line, and false if it does not have it. An empty line may have lost the blanks at the end
// of its prefix.
func (p *prefix) strip(line []byte) (int, bool) {
	text := p.text
	if len(text) == 0 {
		return 0, false
	}
	end := len(trimEOL(line))
	// Blanks at the end count one by one: a further one continues a header field (RFC 3261 §7.3.1).
	tail := len(text)
	for tail > 0 && (text[tail-1] == ' ' || text[tail-1] == '\t') {
		tail--
	}
	i, j := 0, 0 // in line, in text
	for j < tail {
		switch c := text[j]; {
		case isDigit(c):
			if i >= end || !isDigit(line[i]) {
				return 0, false
			}
			for j < tail && isDigit(text[j]) {
				j++
			}
			for i < end && isDigit(line[i]) {
				i++
			}
		case c == ' ' || c == '\t':
			// A number is padded to the width of the widest.
			from := j
			for j < tail && (text[j] == ' ' || text[j] == '\t') {
				j++
			}
			k := i
			for i < end && (line[i] == ' ' || line[i] == '\t') {
				i++
			}
			if i-k != j-from && (j == tail || !isDigit(text[j])) || i == k && from > 0 {
				return 0, false
			}
		case i >= end || line[i] != c:
			return 0, false
		default:
			i++
			j++
		}
	}
	for ; j < len(text); j++ {
		if i >= end {
			return i, true
		}
		if line[i] != text[j] {
			return 0, false
		}
		i++
	}
	return i, true
}
