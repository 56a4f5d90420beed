package sip

// The character classes of RFC 3261 §25.1.

const (
	classToken    = 1 << iota // token
	classDigit                // DIGIT
	classLWS                  // SP, HTAB, CR, LF
	classUser                 // unreserved and user-unreserved, without escapes
	classParam                // paramchar without escapes
	classHeader               // hnv-unreserved and unreserved, without escapes
	classHex                  // HEXDIG
	classReason               // reason phrase, ASCII part
	classPassword             // password without escapes (RFC 3261 §25.1)
)

var charClass = func() (t [256]uint16) {
	set := func(class uint16, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const unreserved = alnum + "-_.!~*'()"
	set(classToken, alnum+"-.!%*_+`'~")
	set(classDigit, "0123456789")
	set(classLWS, " \t\r\n")
	set(classUser, unreserved+"&=+$,;?/")
	set(classParam, unreserved+"[]/:&+$")
	set(classHeader, unreserved+"[]/?:+$")
	set(classHex, "0123456789abcdefABCDEF")
	set(classPassword, unreserved+"&=+$,")
	set(classReason, unreserved+";/?:@&=+$, \t")
	return t
}()

func isToken(c byte) bool { return charClass[c]&classToken != 0 }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isLWS(c byte) bool   { return charClass[c]&classLWS != 0 }
func isHex(c byte) bool   { return charClass[c]&classHex != 0 }

// trimLWS takes white space away on both sides.
func trimLWS(b []byte) []byte {
	for len(b) > 0 && isLWS(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isLWS(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// allOf reports whether all bytes are of the class, an escape "%41" counting as one where escapes is true.
func allOf(b []byte, class uint16, escapes bool) bool {
	for i := 0; i < len(b); i++ {
		if charClass[b[i]]&class != 0 {
			continue
		}
		if escapes && b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			i += 2
			continue
		}
		return false
	}
	return true
}
