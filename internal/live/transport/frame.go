package transport

import (
	"bytes"

	"sipscribe/sip"
)

// frameStatus says what a framer found.
type frameStatus uint8

const (
	frameNone      frameStatus = iota // nothing has begun
	frameHalf                         // a message has begun
	frameWhole                        // a message
	frameBadLength                    // the header of a message whose Content-Length cannot be believed; what follows is not framed
	frameTooLong                      // a message that is longer than it may be
	frameInvalid                      // no SIP
)

// framer cuts a stream into messages (RFC 3261 §18.3), as sip.Frame does, but looks at each byte once however small the pieces are in which it
// comes, and believes no length that is open to doubt: a Content-Length that is none, or a second one that differs, would let
// the next message be chosen by whoever wrote the body of this one (the same bytes framed in two ways).
type framer struct {
	limit int    // longest message
	buf   []byte // buf[read:] is what was not handed out yet
	read  int

	seen   int // of buf[read:], by the search for the end of the header
	line   int // where in it the line begins that seen stands in
	lines  int // that ended
	header int // length of the header with its empty line; 0: not seen yet
	length int // of the body

	newlines int // line ends since the last message or ping
	pings    int // double CRLFs between messages (RFC 5626 §4.4.1), to be answered
}

// room returns where to read the next bytes to.
func (f *framer) room() []byte {
	if f.read == len(f.buf) {
		f.buf, f.read = f.buf[:0], 0
		if cap(f.buf) > 2*firstRoom {
			f.buf = nil // an idle connection holds little
		}
	}
	if cap(f.buf)-len(f.buf) < firstRoom/2 {
		if f.read > 0 {
			f.buf = f.buf[:copy(f.buf, f.buf[f.read:])]
			f.read = 0
		}
		if cap(f.buf)-len(f.buf) < firstRoom/2 {
			grown := make([]byte, len(f.buf), max(firstRoom, 2*cap(f.buf)))
			copy(grown, f.buf)
			f.buf = grown
		}
	}
	return f.buf[len(f.buf):cap(f.buf)]
}

// firstRoom is the size of a buffer to begin with.
const firstRoom = 4096

// took tells that n bytes were read to room.
func (f *framer) took(n int) { f.buf = f.buf[:len(f.buf)+n] }

// next returns the next message. It borrows the buffer until room is called.
func (f *framer) next() ([]byte, frameStatus) {
	if f.seen == 0 {
		for f.read < len(f.buf) && (f.buf[f.read] == '\r' || f.buf[f.read] == '\n') {
			if f.buf[f.read] == '\n' {
				if f.newlines++; f.newlines == 2 {
					f.newlines, f.pings = 0, f.pings+1
				}
			}
			f.read++
		}
	}
	b := f.buf[f.read:]
	if len(b) == 0 {
		return nil, frameNone
	}
	f.newlines = 0
	for f.header == 0 {
		if f.seen == 0 && !couldBegin(b) {
			return nil, frameInvalid
		}
		i := bytes.IndexByte(b[f.seen:], '\n')
		if i < 0 {
			f.seen = len(b)
			if len(b) > f.limit {
				return nil, frameTooLong
			}
			return nil, frameHalf
		}
		end := f.seen + i
		line := b[f.line:end]
		f.seen, f.line = end+1, end+1
		if f.lines++; f.lines == 1 {
			if !sip.IsStartLine(bytes.TrimSuffix(line, cr)) {
				return nil, frameInvalid
			}
			continue
		}
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			f.header = f.seen
			var ok bool
			if f.length, ok = contentLength(b[:f.header]); !ok {
				m := b[:f.header]
				f.read += len(m)
				return m, frameBadLength
			}
		} else if f.seen > f.limit {
			return nil, frameTooLong
		}
	}
	if f.length > f.limit-f.header {
		return nil, frameTooLong
	}
	n := f.header + f.length
	if len(b) < n {
		return nil, frameHalf
	}
	f.read += n
	f.seen, f.line, f.lines, f.header, f.length = 0, 0, 0, 0, 0
	return b[:n:n], frameWhole
}

var cr = []byte{'\r'}

// couldBegin reports whether a start line may begin so: a token and a blank (a method), or SIP/ (RFC 3261 §7.1, §7.2). It keeps a
// connection that brings something else from being read up to its first line end.
func couldBegin(b []byte) bool {
	_, status := sip.Frame(b[:min(len(b), 64)])
	return status != sip.FrameInvalid || bytes.IndexByte(b, '\n') >= 0 // then the line is looked at
}

// contentLength returns what the Content-Length fields of a header say: 0 if there is none (RFC 3261 §18.3 wants one in a stream; only the
// end of the connection could end a body without), false if one is no number, or two differ.
func contentLength(header []byte) (n int, ok bool) {
	seen := false
	for p := 0; p < len(header); {
		end := p + bytes.IndexByte(header[p:], '\n')
		line := header[p:end]
		p = end + 1
		if len(line) == 0 || line[0]|0x20 != 'c' && line[0]|0x20 != 'l' {
			continue
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 || sip.LookupField(bytes.TrimRight(line[:colon], " \t")) != sip.FieldContentLength {
			continue
		}
		// The value goes on over folded lines (§7.3.1).
		from := end - len(line) + colon + 1
		for p < len(header) && (header[p] == ' ' || header[p] == '\t') {
			end = p + bytes.IndexByte(header[p:], '\n')
			p = end + 1
		}
		k := 0
		digits := bytes.TrimSpace(header[from:end])
		if len(digits) == 0 {
			return 0, false
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return 0, false
			}
			k = min(k*10+int(c-'0'), 1<<30) // more is too long in any case
		}
		if seen && k != n {
			return 0, false
		}
		n, seen = k, true
	}
	return n, true
}
