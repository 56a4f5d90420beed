package pcap

import (
	"bytes"
	"encoding/binary"
	"strings"

	"sipscribe/sip"
)

// payload is what a datagram carries.
type payload uint8

const (
	payloadUnknown payload = iota // on a SIP port, but no SIP
	payloadSIP
	payloadKeepAlive
	payloadMedia // RTP, RTCP
	payloadOther // another protocol
)

// Limits of what is passed over before a start line.
const (
	maxLead = 64      // bytes of blanks and line ends, on any port
	maxJunk = 2 << 10 // bytes of anything, on a SIP port
)

// classify says what a datagram carries, by its content, and where in it the SIP message begins. A SIP port (5060 or 5061 at
// either end) is reason to look closer: there junk may stand before the start line, and text whose start line
// is broken still is a message, since the reader of a log wants to see the broken message. cut says that the capture lacks its end.
//
// Nothing can be missed by the quick look at the first byte: no start line begins with a byte above 0x7F, and RTP, RTCP
// (RFC 3550 §5.1, version 2) and most DNS identifiers do.
func classify(b []byte, sipPort, cut bool) (kind payload, start int) {
	for start < len(b) && start < maxLead {
		switch b[start] {
		case '\r', '\n', ' ', '\t', 0:
			start++
			continue
		}
		break
	}
	rest := b[start:]
	if len(rest) == 0 {
		// CRLF CRLF and CRLF (RFC 5626 §3.5.1); on a SIP port also an empty datagram and zero bytes, which many phones send. A
		// datagram of which the capture has nothing is not known to be one.
		switch {
		case sipPort && cut:
			return payloadUnknown, 0
		case sipPort, len(b) > 0 && len(bytes.Trim(b, "\r\n")) == 0:
			return payloadKeepAlive, 0
		}
		return payloadOther, 0
	}
	if c := rest[0]; c < 0x80 && c > ' ' && sip.IsStartLine(firstLine(rest)) {
		return payloadSIP, start
	}
	if k := binaryProtocol(b); k != payloadUnknown {
		if k == payloadKeepAlive && !sipPort {
			k = payloadOther
		}
		return k, 0
	}
	if !sipPort {
		return payloadOther, 0
	}
	if at := startLineAfterJunk(rest, maxJunk); at >= 0 {
		return payloadSIP, start + at
	}
	if brokenMessage(rest) {
		return payloadSIP, start
	}
	return payloadUnknown, 0
}

// firstLine returns b up to its first line end.
func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// binaryProtocol recognises STUN, which may keep a flow alive (RFC 5626 §3.5.2), by its magic cookie (RFC 8489 §5), and RTP and
// RTCP by version and, for RTCP, packet type (RFC 5761 §4).
func binaryProtocol(b []byte) payload {
	switch {
	case len(b) >= 20 && b[0] < 0x40 && binary.BigEndian.Uint32(b[4:]) == 0x2112A442:
		return payloadKeepAlive
	case len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223:
		return payloadMedia
	case len(b) >= 12 && b[0]>>6 == 2:
		return payloadMedia
	}
	return payloadUnknown
}

// startLineAfterJunk returns the offset of the first start line whose line begins in the first limit bytes, -1 if there is none. It
// may begin a line, or follow bytes that no token has.
func startLineAfterJunk(b []byte, limit int) int {
	limit = min(limit, len(b))
	for p := 0; p < limit; {
		line := firstLine(b[p:])
		if sip.IsStartLine(line) {
			return p
		}
		if at := startLineWithin(line); at > 0 {
			return p + at
		}
		i := bytes.IndexByte(b[p:], '\n')
		if i < 0 {
			break
		}
		p += i + 1
	}
	return -1
}

// startLineWithin returns the offset of a start line that begins within a line, as in "\x00\x07INVITE sip:…" or, after a body without a
// line end, "a=sendrecvSIP/2.0 200 OK"; -1 if there is none.
func startLineWithin(line []byte) int {
	v := bytes.LastIndex(line, []byte("SIP/"))
	if v < 0 {
		return -1
	}
	if v > 0 && sip.IsStartLine(line[v:]) {
		return v
	}
	// A request: the token before one of the first blanks.
	const maxBlanks = 16
	for p, n := 0, 0; n < maxBlanks; n++ {
		i := bytes.IndexByte(line[p:], ' ')
		if i < 0 {
			break
		}
		at := p + i
		for at > p && isTokenByte(line[at-1]) {
			at--
		}
		if at > 0 && at < p+i && sip.IsStartLine(line[at:]) {
			return at
		}
		p += i + 1
	}
	return -1
}

// isTokenByte reports whether c may stand in a token (RFC 3261 §25.1).
func isTokenByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("-.!%*_+`'~", c) >= 0
}

// brokenMessage reports whether b, sent to a SIP port, is a message whose start line is broken: text that speaks of SIP near
// its beginning.
func brokenMessage(b []byte) bool {
	for _, c := range b[:min(len(b), 64)] {
		if c < ' ' && c != '\r' && c != '\n' && c != '\t' || c == 0x7F {
			return false
		}
	}
	head := b[:min(len(b), 512)]
	for i := 0; i+3 <= len(head); i++ {
		if head[i]&^0x20 == 'S' && head[i+1]&^0x20 == 'I' && head[i+2]&^0x20 == 'P' {
			return true
		}
	}
	return false
}
