package sip

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	const req = "OPTIONS sip:bob@example.com SIP/2.0\r\n"
	for _, c := range []struct {
		name, in string
		n        int // -1: all
		status   FrameStatus
	}{
		{"nothing", "", 0, FrameIncomplete},
		{"a ping", "\r\n\r\n", -1, FrameKeepAlive},
		{"a pong and a message", "\r\n" + req + "\r\n", 2, FrameKeepAlive},
		{"no Content-Length is an empty body", req + "\r\nbody", len(req) + 2, FrameComplete},
		{"a body", req + "Content-Length: 4\r\n\r\nbodymore", len(req) + 19 + 2 + 4, FrameComplete},
		{"the compact form", req + "l:4\r\n\r\nbodymore", len(req) + 5 + 2 + 4, FrameComplete},
		{"a folded length", req + "Content-Length:\r\n  4\r\n\r\nbodymore", len(req) + 17 + 5 + 2 + 4, FrameComplete},
		{"LF line ends", "SIP/2.0 200 OK\nl: 1\n\nxy", 15 + 5 + 1 + 1, FrameComplete},
		{"a body that is not all here", req + "l: 4\r\n\r\nbod", 0, FrameIncomplete},
		{"a header that is not all here", req + "l: 4\r\n", 0, FrameIncomplete},
		{"half a start line", "OPTIONS sip:bob", 0, FrameIncomplete},
		{"half a status line", "SIP", 0, FrameIncomplete},
		{"a CR may be the first half of a line end", req[:len(req)-1], 0, FrameIncomplete},
		{"no SIP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", -1, FrameInvalid},
		{"no SIP, then a message", "junk junk\r\nmore: junk\r\n" + req + "\r\n", 23, FrameInvalid},
		{"no SIP, then half a message", "junk\x00\r\nOPTIONS sip:b", 7, FrameInvalid},
		{"no SIP and no line end", "\x16\x03\x01\x02\x00\x01", -1, FrameInvalid},
		{"a length that no message has", req + "Content-Length: 2000000\r\n\r\n" + req + "\r\n", len(req) + 25 + 2, FrameInvalid},
		{"a negative length counts as none", req + "Content-Length: -999\r\n\r\nv=0", len(req) + 22 + 2, FrameComplete},
		{"a header without end", req + strings.Repeat("x: y\r\n", MaxHeader/6+1), -1, FrameInvalid},
		{"a line without end", "OPTIONS " + strings.Repeat("x", MaxHeader), -1, FrameInvalid},
	} {
		want := c.n
		if want < 0 {
			want = len(c.in)
		}
		if n, status := Frame([]byte(c.in)); n != want || status != c.status {
			t.Errorf("%s: %d bytes, status %d; want %d, %d", c.name, n, status, want, c.status)
		}
	}
}

// checkFrame walks a stream and holds the framer to the parser.
func checkFrame(t *testing.T, stream []byte) (frames []string) {
	t.Helper()
	for rest := stream; ; {
		n, status := Frame(rest)
		if n < 0 || n > len(rest) {
			t.Fatalf("%d of %d bytes", n, len(rest))
		}
		if (status == FrameIncomplete) != (n == 0) {
			t.Fatalf("status %d with %d bytes of %q", status, n, rest)
		}
		switch status {
		case FrameIncomplete:
			return frames
		case FrameComplete:
			m := Parse(rest[:n])
			checkLossless(t, "frame", rest[:n], m)
			if m.Kind == KindUnknown || !m.Lead.IsEmpty() {
				t.Fatalf("the parser finds kind %d after %q in the frame %q", m.Kind, m.Text(m.Lead), rest[:n])
			}
			// The parser ends a header at "v=0", for the sake of pages that lost the empty line. It says so, and the validator
			// refuses the message; in all others both mean the same bytes.
			if _, lost := m.Problem(ProblemNoBlankLine); !lost {
				_, short := m.Problem(ProblemBodyShort)
				_, several := m.Problem(ProblemContentLength)
				if short && !several || !m.Trail.IsEmpty() && !several {
					t.Fatalf("the frame of %d bytes has a body of %d, declared %d, and %d behind it: %q", n, m.Body.Len(), m.DeclaredLength, m.Trail.Len(), rest[:n])
				}
			}
			frames = append(frames, string(rest[:n]))
		}
		rest = rest[n:]
	}
}

func TestFrameSplitAtEveryByte(t *testing.T) {
	a, b := string(benchInvite), "SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nContent-Length:\r\n 3\r\n\r\nabc"
	a = a[:strings.Index(a, "a=sendrecv")+len("a=sendrecv\r\n")]
	a = strings.Replace(a, "Content-Length: 432", fmt.Sprintf("Content-Length: %d", len(a)-strings.Index(a, "v=0")), 1)
	stream := []byte("\r\n\r\n" + a + "\r\n" + b + a)
	want := []string{a, b, a}
	if got := checkFrame(t, stream); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("whole: %q", got)
	}
	// However the bytes arrive, the frames are the same.
	for step := 1; step < len(stream); step += 1 + step/3 {
		for first := 0; first < step; first += 1 + step/5 {
			var got []string
			var buf []byte
			for at := 0; at < len(stream); {
				k := step
				if at == 0 && first > 0 {
					k = first
				}
				k = min(k, len(stream)-at)
				buf = append(buf, stream[at:at+k]...)
				at += k
				for {
					n, status := Frame(buf)
					if status == FrameIncomplete {
						break
					}
					if status == FrameInvalid {
						t.Fatalf("step %d, first %d: invalid at %q", step, first, buf[:n])
					}
					if status == FrameComplete {
						got = append(got, string(buf[:n]))
					}
					buf = buf[n:]
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("step %d, first %d: %d frames", step, first, len(got))
			}
		}
	}
	for n := range []byte(a) {
		if k, status := Frame([]byte(a[:n])); k != 0 || status != FrameIncomplete {
			t.Fatalf("%d bytes: %d, status %d", n, k, status)
		}
	}
}

func TestFrameFindsItsWayBack(t *testing.T) {
	msg := "OPTIONS sip:bob@example.com SIP/2.0\r\nl: 0\r\n\r\n"
	for _, junk := range []string{"x\r\n", "Via: a\r\n\r\n", "\x00\x01\x02\n", "see RFC 3261 SIP/2.0\r\n", "Server: x SIP/2.0\r\n\r\n", "OPTIONS\r\n"} {
		got := checkFrame(t, []byte(junk+msg+junk+msg))
		if len(got) != 2 || got[0] != msg || got[1] != msg {
			t.Errorf("%q: %q", junk, got)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, name := range tortureFiles(f) {
		f.Add(tortureFile(f, name))
	}
	f.Add([]byte("\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nContent-Length:\r\n 1\r\n\r\nxSIP/2.0 200 OK\n\n"))
	f.Add([]byte("BYE sip:a SIP/2.0\r\nv=0\r\nl: 2\r\n\r\nab"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkFrame(t, b)
		// More bytes never change what the first ones are.
		n, status := Frame(b)
		if status != FrameComplete {
			return
		}
		if k, s := Frame(b[:n]); k != n || s != FrameComplete {
			t.Fatalf("%d bytes, status %d with bytes behind; %d, %d without", n, status, k, s)
		}
		for _, cut := range []int{n - 1, n / 2, 1} {
			if k, s := Frame(b[:cut]); cut > 0 && cut < n && s != FrameIncomplete {
				t.Fatalf("cut at %d of %d: %d, status %d: %q", cut, n, k, s, bytes.Clone(b[:cut]))
			}
		}
	})
}
