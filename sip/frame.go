package sip

import "bytes"

// FrameStatus says what stands at the beginning of a stream.
type FrameStatus uint8

const (
	// FrameIncomplete: a message begins here, or may, but more bytes are needed.
	FrameIncomplete FrameStatus = iota
	// FrameComplete: the first n bytes are one message.
	FrameComplete
	// FrameKeepAlive: the first n bytes are line ends between messages (RFC 3261 §7.5, RFC 5626 §3.5.1).
	FrameKeepAlive
	// FrameInvalid: the first n bytes are no SIP; a message may begin after them.
	FrameInvalid
)

// MaxHeader is the longest header that Frame waits for, in bytes; a stream that goes on longer without an empty line is no SIP.
const MaxHeader = 128 << 10

// Frame finds the first message of a stream (TCP, TLS; RFC 3261 §18.3): its length is its header and the body that
// Content-Length announces. In a message without Content-Length the body is taken to be empty, since only the end of the
// connection could end it. A message has at most MaxMessage bytes: one that announces more is invalid up to the next start line.
func Frame(b []byte) (n int, status FrameStatus) {
	if len(b) == 0 {
		return 0, FrameIncomplete
	}
	for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	if n > 0 {
		return n, FrameKeepAlive
	}
	first := bytes.IndexByte(b, '\n')
	if first < 0 {
		// No line end yet. Wait as long as this can still be a start line.
		if len(b) <= MaxHeader && couldStart(b) {
			return 0, FrameIncomplete
		}
		return resync(b), FrameInvalid
	}
	if end, _ := lineEnd(b, 0); !IsStartLine(b[:end]) {
		return resync(b), FrameInvalid
	}
	length, seen := 0, false
	for p := first + 1; ; {
		if p > MaxHeader {
			return resync(b), FrameInvalid
		}
		i := bytes.IndexByte(b[p:], '\n')
		if i < 0 {
			if len(b) > MaxHeader {
				return resync(b), FrameInvalid
			}
			return 0, FrameIncomplete
		}
		line := b[p : p+i]
		p += i + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			if p+length > MaxMessage {
				return resync(b), FrameInvalid
			}
			if p+length > len(b) {
				return 0, FrameIncomplete
			}
			return p + length, FrameComplete
		}
		if seen || line[0] != 'C' && line[0] != 'c' && line[0] != 'L' && line[0] != 'l' {
			continue
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 || LookupField(bytes.TrimRight(line[:colon], " \t")) != FieldContentLength {
			continue
		}
		// The value goes on over folded lines, as in Parse.
		from := p - 1 - i + colon + 1
		for p < len(b) && (b[p] == ' ' || b[p] == '\t') {
			j := bytes.IndexByte(b[p:], '\n')
			if j < 0 {
				break // not all here yet, and then neither is the empty line
			}
			p += j + 1
		}
		if k, ok := parseLength(trimLWS(b[from:p])); ok {
			length, seen = k, true
		}
	}
}

// couldStart reports whether b, which has no line end, may be the beginning of a start line.
func couldStart(b []byte) bool {
	const version = "SIP/"
	for i := 0; i < len(b) && i < len(version); i++ {
		if b[i]&^0x20 != version[i]&^0x20 {
			// Not a status line, then a method: a token and a blank.
			for j, c := range b {
				if c == ' ' || c == '\t' {
					return j > 0
				}
				if !isToken(c) || j > 64 {
					return false
				}
			}
			return true
		}
	}
	return true
}

// resync returns how many bytes stand before the next line that is a start line, len(b) if there is none. The last line, if it is
// incomplete and may still become one, is kept.
func resync(b []byte) int {
	for p := 0; ; {
		i := bytes.IndexByte(b[p:], '\n')
		if i < 0 {
			if p > 0 && len(b)-p < MaxHeader && couldStart(b[p:]) {
				return p
			}
			return len(b)
		}
		p += i + 1
		if j := bytes.IndexByte(b[p:], '\n'); j >= 0 {
			end := p + j
			if j > 0 && b[end-1] == '\r' {
				end--
			}
			if IsStartLine(b[p:end]) {
				return p
			}
		}
	}
}

// IsStartLine reports whether a line, without its line end, is a start line by its form: "METHOD SP URI SP SIP/x.y" with a URI that
// has a scheme, or "SIP/x.y SP nnn". Parse takes each such line for a start line, and some more that are damaged.
func IsStartLine(line []byte) bool {
	if len(line) < 9 {
		return false
	}
	if isVersion(line) {
		i := 4
		for i < len(line) && (isDigit(line[i]) || line[i] == '.') {
			i++
		}
		blanks := i
		for i < len(line) && line[i] == ' ' {
			i++
		}
		return i > blanks && i < len(line) && isDigit(line[i])
	}
	r, ok := readRequestLine(line)
	return ok && r.method > 0 && schemeLen(line[r.uri:r.uriEnd]) > 0 && r.plausible(line)
}
