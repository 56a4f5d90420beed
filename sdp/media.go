package sdp

import "iter"

// Media is one media section: an m= line and the lines up to the next (RFC 8866 §5.14). It is a small value that borrows its
// Session. All methods may be called on the zero Media, which has no lines.
type Media struct {
	s          *Session
	index      int32
	start, end int32 // its lines in s.Lines
}

// IsZero reports whether this is no media section at all.
func (m Media) IsZero() bool { return m.s == nil }

// Index returns the place of the section among the media sections, from 0. Offer and answer are matched by it (RFC 3264 §6).
func (m Media) Index() int { return int(m.index) }

// Lines returns the lines of the section; the first is its m= line.
func (m Media) Lines() []Line {
	if m.s == nil {
		return nil
	}
	return m.s.Lines[m.start:m.end]
}

// Line returns the m= line.
func (m Media) Line() Line {
	if m.s == nil {
		return Line{}
	}
	return m.s.Lines[m.start]
}

// field returns the n-th subfield of the m= line.
func (m Media) field(n int) []byte {
	if m.s == nil {
		return nil
	}
	f := fields{rest: m.s.Value(m.Line())}
	for range n {
		f.next()
	}
	return f.next()
}

// Type returns the media type as written: "audio", "video", "image", "text", "application", "message" or another.
func (m Media) Type() []byte { return m.field(0) }

// Port returns the port to which media is sent, and whether the m= line has a number up to 65535 there.
func (m Media) Port() (int, bool) {
	port, _, _ := cutByte(m.field(1), '/')
	n, ok := number(port, 65535)
	return int(n), ok
}

// PortCount returns the number of ports that is written after the port and a slash; 1 if none is.
func (m Media) PortCount() int {
	_, count, slash := cutByte(m.field(1), '/')
	if n, ok := number(count, maxPortCount); slash && ok && n > 0 {
		return int(n)
	}
	return 1
}

// Proto returns the transport protocol as written: "RTP/AVP", "RTP/SAVP", "udptl".
func (m Media) Proto() []byte { return m.field(2) }

// Formats iterates over the formats as written, all of them, in order of preference. For RTP they are payload types.
func (m Media) Formats() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if m.s == nil {
			return
		}
		f := fields{rest: m.s.Value(m.Line())}
		f.next()
		f.next()
		f.next()
		for b := f.next(); b != nil; b = f.next() {
			if !yield(b) {
				return
			}
		}
	}
}

// IsAudio reports whether the media type is audio.
func (m Media) IsAudio() bool { return equalFold(m.Type(), "audio") }

// IsVideo reports whether the media type is video.
func (m Media) IsVideo() bool { return equalFold(m.Type(), "video") }

// IsRTP reports whether the stream is RTP, secured or not.
func (m Media) IsRTP() bool { return hasProtoToken(m.Proto(), "rtp") }

// IsT38 reports whether the section is a T.38 fax: m=image with the format t38, over UDPTL or another transport.
func (m Media) IsT38() bool {
	if !equalFold(m.Type(), "image") {
		return false
	}
	for f := range m.Formats() {
		if equalFold(f, "t38") {
			return true
		}
	}
	return false
}

// IsRejected reports whether the port is 0: the stream is not wanted in an offer, refused in an answer, ended in a later offer (RFC
// 3264 §5.1, §6, §8.2). A stream marked a=bundle-only is not rejected by its port 0 (RFC 8843, which updates RFC 3264 here).
func (m Media) IsRejected() bool {
	port, ok := m.Port()
	return ok && port == 0 && !m.has(attrBundleOnly)
}

// isProto reports whether b is a proto: tokens parted by slashes (RFC 8866 §9).
func isProto(b []byte) bool {
	for {
		token, rest, more := cutByte(b, '/')
		if !isToken(token) {
			return false
		}
		if !more {
			return true
		}
		b = rest
	}
}

// hasProtoToken reports whether one of the tokens of a proto is this one, in any case; lower is in lower case.
func hasProtoToken(proto []byte, lower string) bool {
	for more := true; more; {
		var token []byte
		token, proto, more = cutByte(proto, '/')
		if equalFold(token, lower) {
			return true
		}
	}
	return false
}
