package transport

import (
	"bytes"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// cut hands a stream to a framer in pieces of some length and returns the messages, and how it ended.
func cut(stream []byte, piece int) (messages []string, end frameStatus) {
	f := framer{limit: 65535}
	for len(stream) > 0 {
		n := copy(f.room(), stream[:min(piece, len(stream))])
		f.took(n)
		stream = stream[n:]
		for {
			m, status := f.next()
			if m == nil {
				if status != frameHalf && status != frameNone {
					return messages, status
				}
				end = status
				break
			}
			messages = append(messages, string(m))
			if status == frameBadLength {
				return messages, status
			}
		}
	}
	return messages, end
}

// Whatever comes: how it comes in pieces makes no difference, the messages are stretches of the stream in order, and each is what
// sip.Frame takes for a message.
func FuzzFramer(f *testing.F) {
	m := request("INVITE", "1", capture.TCP, 20)
	for _, s := range []string{m, "\r\n\r\n" + m + m, m[:40], "GET / HTTP/1.1\r\n\r\n", strings.Replace(m, "Content-Length: 20", "l:\r\n 20", 1),
		strings.Replace(m, "Content-Length: 20", "Content-Length: -1", 1), strings.Replace(m, "Content-Length: 20", "Content-Length: 1\r\nl: 2", 1),
		strings.ReplaceAll(m, "\r\n", "\n"), "SIP/2.0 200 OK\r\n\r\nSIP/2.0 100 T\r\n\r\n\r\n"} {
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		whole, end := cut(stream, len(stream)+1)
		pieces, end2 := cut(stream, max(piece&0xff, 1))
		// What cannot begin a message may be seen before its line has ended, and only then.
		if strings.Join(whole, "\x00") != strings.Join(pieces, "\x00") || end != end2 && !(end == frameHalf && end2 == frameInvalid || end == frameInvalid && end2 == frameHalf) {
			t.Errorf("in one piece: %q, %d; in pieces: %q, %d", whole, end, pieces, end2)
		}
		rest := stream
		for i, m := range whole {
			at := bytes.Index(rest, []byte(m))
			if at < 0 || len(bytes.Trim(rest[:at], "\r\n")) > 0 {
				t.Fatalf("message %d is not what comes next: %q", i, m)
			}
			rest = rest[at+len(m):]
			if i == len(whole)-1 && end == frameBadLength {
				break
			}
			if n, status := sip.Frame([]byte(m)); status != sip.FrameComplete || n != len(m) {
				t.Errorf("sip.Frame takes %d of %q (%d)", n, m, status)
			}
		}
	})
}

// Each byte is looked at once: twice the bytes, however small the pieces, are not four times the work.
func TestFramerIsNotMadeToLookTwice(t *testing.T) {
	f := framer{limit: 1 << 20}
	head := "INVITE sip:b@h SIP/2.0\r\n"
	f.took(copy(f.room(), head))
	f.next()
	for range 20000 {
		f.took(copy(f.room(), "A\n"))
		before := f.seen
		if _, status := f.next(); status != frameHalf || f.seen != before+2 || f.line != f.seen {
			t.Fatalf("%d: looked at %d bytes", status, f.seen-before)
		}
	}
}

// An idle connection holds little.
func TestFramerGivesBack(t *testing.T) {
	f := framer{limit: 1 << 20}
	m := request("INVITE", "1", capture.TCP, 60000)
	for len(m) > 0 {
		n := copy(f.room(), m)
		f.took(n)
		m = m[n:]
		f.next()
	}
	f.room()
	if cap(f.buf) > 2*firstRoom {
		t.Errorf("%d bytes", cap(f.buf))
	}
}
