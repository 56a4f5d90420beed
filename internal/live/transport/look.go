package transport

// looks is what some bytes are at the first glance.
type looks uint8

const (
	isEmpty looks = iota
	isKeepAlive
	isMessage // or may be one: the element parses it
	isNotSIP
)

// lookAt says what a datagram is. Line ends may stand before a start line (RFC 3261 §7.5); a NUL is what some devices hold their
// binding of a NAT with; a message begins with a letter, a digit or another character of a token, which STUN, RTP and DNS do not.
func lookAt(b []byte) looks {
	if len(b) == 0 {
		return isEmpty
	}
	for _, c := range b {
		switch {
		case c == '\r' || c == '\n' || c == ' ' || c == 0 && len(b) <= 4:
		case c <= ' ' || c >= 0x7f:
			return isNotSIP
		default:
			return isMessage
		}
	}
	return isKeepAlive
}
