package decode

import "sipscribe/syslog"

// prefix is what a logger writes before each line of a message, learned from the first.
type prefix struct {
	syslog bool   // each line has a syslog header
	shape  []byte // the text before the start line, with every digit as 0 and every letter as a
}

// maxPrefix is the longest prefix that is learned, in bytes.
const maxPrefix = maxBefore

// learn takes the prefix from the line in which a message begins at text[start:].
func (p *prefix) learn(h *syslog.Header, text []byte, start int) {
	p.syslog = h.Shape != syslog.ShapeNone
	p.shape = p.shape[:0]
	if start > 0 && start <= maxPrefix {
		for _, c := range text[:start] {
			p.shape = append(p.shape, shapeOf(c))
		}
	}
}

// strip returns the length of the prefix of a further line: as long as the first line's if it has the same shape, or, for numbered
// lines ("  9. " before "  10. "), as long as it goes; 0 if the line has none.
func (p *prefix) strip(line []byte) int {
	n := len(p.shape)
	if n == 0 {
		return 0
	}
	if len(line) >= n {
		same := true
		for i, s := range p.shape {
			if shapeOf(line[i]) != s {
				same = false
				break
			}
		}
		if same {
			return n
		}
	}
	if k := numbering(line); k > 0 && p.numbered() {
		return k
	}
	// The empty line of a message may have lost the blank at the end of its prefix.
	if m := len(trimEOL(line)); m < n && m > 0 {
		for i := 0; i < m; i++ {
			if shapeOf(line[i]) != p.shape[i] {
				return 0
			}
		}
		if m >= n-2 {
			return m
		}
	}
	return 0
}

// numbered reports whether the learned prefix is a line number: blanks, digits, a full stop or colon, blanks.
func (p *prefix) numbered() bool {
	return numbering(append(append([]byte(nil), p.shape...), 'x')) == len(p.shape)
}

func numbering(line []byte) int {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	d := i
	for i < len(line) && isDigit(line[i]) {
		i++
	}
	if i == d || i >= len(line) || line[i] != '.' && line[i] != ':' && line[i] != ')' {
		return 0
	}
	i++
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i
}

func shapeOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return 'a'
	}
	return c
}
