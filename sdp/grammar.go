package sdp

// This file is the "generic sub-rules: datatypes" of the grammar in RFC 8866 §9.

// tokenChars marks the bytes of token-char.
var tokenChars = func() (t [256]bool) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-0x20] = true, true
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for _, c := range "!#$%&'*+-.^_`{|}~" {
		t[c] = true
	}
	return t
}()

// isToken reports whether b is a token: one or more token characters.
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenChars[c] {
			return false
		}
	}
	return len(b) > 0
}

// isNonWS reports whether b is a non-ws-string: one or more bytes that are neither control characters nor blanks.
func isNonWS(b []byte) bool {
	for _, c := range b {
		if !isNonWSChar(c) {
			return false
		}
	}
	return len(b) > 0
}

func isNonWSChar(c byte) bool { return c > ' ' && c != 0x7f }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isDigits reports whether b is 1*DIGIT.
func isDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// isInteger reports whether b is POS-DIGIT *DIGIT.
func isInteger(b []byte) bool { return isDigits(b) && b[0] != '0' }

// number returns the number that b is the decimal digits of. It reports false if there is another byte than digits, no byte,
// or more than max.
func number(b []byte, max uint64) (uint64, bool) {
	var n uint64
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		d := uint64(c - '0')
		if n > (max-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(b) > 0
}

// fields reads the subfields of a value, "delimited by a single space character" (RFC 8866 §5). Other white space is
// accepted, and remembered.
type fields struct {
	rest  []byte
	begun bool
	loose bool // there is white space other than one blank between two subfields
}

// next returns the next subfield, nil after the last.
func (f *fields) next() []byte {
	b := f.rest
	i := 0
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	switch {
	case i == len(b):
		f.loose = f.loose || i > 0
		f.rest = b[i:]
		return nil
	case f.begun:
		f.loose = f.loose || i != 1 || b[0] != ' '
	default:
		f.loose = i != 0
		f.begun = true
	}
	j := i + 1
	for j < len(b) && !isBlank(b[j]) {
		j++
	}
	f.rest = b[j:]
	return b[i:j]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trimBlanks takes blanks away at both ends, without shortening the capacity at the end.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// cutByte splits b at the first c; found says whether there is one. Without one, before is b and after is nil.
func cutByte(b []byte, c byte) (before, after []byte, found bool) {
	for i := range b {
		if b[i] == c {
			return b[:i], b[i+1:], true
		}
	}
	return b, nil, false
}

// equalFold compares ASCII without regard to case; lower must be in lower case. Bytes past ASCII are compared as they are, unlike in
// bytes.EqualFold, which would take the Kelvin sign for a k.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if lowerByte(c) != lower[i] {
			return false
		}
	}
	return true
}

// equalFoldBytes is equalFold for two texts of any case.
func equalFoldBytes(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if lowerByte(c) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
