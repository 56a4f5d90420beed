// Package sdp reads and writes session descriptions (RFC 8866, which replaced RFC 4566) and compares an offer with its
// answer (RFC 3264).
//
// A session is a view of the bytes it came in. Parsing finds lines and sections and checks their form; what a line means is
// read when somebody asks for it.
//
//	v=0␍␊                                    SessionLines: the session part, up to the first m=
//	o=alice 1 1 IN IP4 192.0.2.1␍␊             Origin
//	s=-␍␊                                    Name
//	c=IN IP4 192.0.2.1␍␊                      Connection, for every media section that has none
//	t=0 0␍␊                                  Times
//	m=audio 16388 RTP/AVP 0 101␍␊            Media(0): Type, Port, Proto, Formats, Codecs
//	a=rtpmap:101 telephone-event/8000␍␊        Attributes of Media(0)
//	a=fmtp:101 0-15␍␊
//	m=image 4000 udptl t38␍␊                 Media(1)
//	│ └───────── Value ────┘│
//	└──────── Span ─────────┘
//
// The Spans of all Lines joined are the input again, for any input. Parsing never fails: what is wrong is listed in Problems
// with its place, and everything else is still there. A description without problems (a clean one) turned into a Description
// and written with Append is the same description again.
//
// The text is taken as the device wrote it: to undo the escapes of a log is the work of whoever read the log.
//
// Parse into a Session that is used again allocates nothing.
package sdp

import (
	"iter"
	"math"
)

// Limits of the parser. What goes past them is kept in the lines but not looked into, and a problem says so.
const (
	// MaxLines is the largest number of lines that are told apart; the rest of the input is one last line without a type.
	MaxLines = 4096
	// MaxMedia is the largest number of media sections.
	MaxMedia = 64
	// MaxFormats is the largest number of formats of one media section whose codecs are told.
	MaxFormats = 256
	// MaxProblems is the largest number of problems; the last of them is then ProblemTooManyProblems.
	MaxProblems = 256
)

// Session is a session description, as a view of Raw. The zero Session is empty and ready for Parse.
//
// What its methods return are slices of Raw: they are to be read, not written or appended to, and hold until Raw changes or
// the Session is parsed again.
type Session struct {
	Raw      []byte
	Lines    []Line
	Problems []Problem

	sessionEnd int       // the number of lines before the first m=
	media      []section // at most MaxMedia
}

// section is the range of lines of one media section: from its m= up to, not including, end.
type section struct{ start, end int32 }

// Parse reads a description out of b. It never fails; see Problems. The session borrows b.
func Parse(b []byte) *Session {
	s := &Session{}
	s.Parse(b)
	return s
}

// Parse reads a description out of b in place of what the session held before. It never fails; see Problems. The session
// borrows b. It takes time linear in the length of b. Of more than 4 GiB, which no transport of SIP carries and a Span cannot
// count, the first 4 GiB are taken.
func (s *Session) Parse(b []byte) {
	if !s.take(b) {
		return
	}
	b = s.Raw
	c := checker{s: s}
	sp := newSplitter(b)
	for sp.at < len(b) {
		if len(s.Lines) == MaxLines-1 {
			s.problem(ProblemTooManyLines, s.restLine(&sp))
			break
		}
		l := sp.next(s)
		s.Lines = append(s.Lines, l)
		c.line(l)
	}
	c.end()
}

// Scan is Parse for who asks what a description says and not whether it is well written: it finds the same lines and sections, checks the
// form of nothing, and leaves Problems empty whatever is wrong. It costs a fraction of Parse.
func (s *Session) Scan(b []byte) {
	if !s.take(b) {
		s.Problems = s.Problems[:0]
		return
	}
	b = s.Raw
	sp := newSplitter(b)
	described := 0
	for sp.at < len(b) {
		if len(s.Lines) == MaxLines-1 {
			s.restLine(&sp)
			break
		}
		l := sp.next(s)
		if l.Type == 'm' {
			s.closeSection(described)
			if described++; described <= MaxMedia {
				s.media = append(s.media, section{start: int32(len(s.Lines))})
			}
		}
		s.Lines = append(s.Lines, l)
	}
	s.closeSection(described)
	s.Problems = s.Problems[:0]
}

// closeSection ends the section before the line that comes next, of which described media sections began.
func (s *Session) closeSection(described int) {
	switch {
	case described == 0:
		s.sessionEnd = len(s.Lines)
	case described <= MaxMedia:
		s.media[described-1].end = int32(len(s.Lines))
	}
}

// restLine takes all that is left as one last line without a type, and returns where it is.
func (s *Session) restLine(sp *splitter) Span {
	rest := span(sp.at, len(s.Raw))
	s.Lines = append(s.Lines, Line{Span: rest, Value: rest})
	return rest
}

// take empties the session and has it borrow b; false if there is nothing in it.
func (s *Session) take(b []byte) bool {
	if uint64(len(b)) > math.MaxUint32 {
		b = b[:math.MaxUint32]
	}
	s.Raw = b
	s.Lines = s.Lines[:0]
	s.Problems = s.Problems[:0]
	s.media = s.media[:0]
	s.sessionEnd = 0
	if len(b) == 0 {
		s.problem(ProblemEmpty, Span{})
		return false
	}
	return true
}

// problem adds one to the list, up to MaxProblems.
func (s *Session) problem(code ProblemCode, at Span) {
	switch n := len(s.Problems); {
	case n < MaxProblems-1:
		s.Problems = append(s.Problems, Problem{Code: code, Span: at})
	case n == MaxProblems-1:
		s.Problems = append(s.Problems, Problem{Code: ProblemTooManyProblems, Span: at})
	}
}

// IsClean reports whether the description has no problems.
func (s *Session) IsClean() bool { return len(s.Problems) == 0 }

// SessionLines returns the lines before the first media section.
func (s *Session) SessionLines() []Line { return s.Lines[:s.sessionEnd] }

// MediaCount returns the number of media sections, at most MaxMedia.
func (s *Session) MediaCount() int { return len(s.media) }

// Media returns the i-th media section, counted from 0, or the zero Media if there is none.
func (s *Session) Media(i int) Media {
	if i < 0 || i >= len(s.media) {
		return Media{}
	}
	return Media{s: s, index: int32(i), start: s.media[i].start, end: s.media[i].end}
}

// AllMedia iterates over the media sections in their order.
func (s *Session) AllMedia() iter.Seq2[int, Media] {
	return func(yield func(int, Media) bool) {
		for i := range s.media {
			if !yield(i, s.Media(i)) {
				return
			}
		}
	}
}

// Value returns the value of a line of this session, without its line end.
func (s *Session) Value(l Line) []byte { return l.Value.of(s.Raw) }

// SpanOf returns where in Raw a slice lies that a method of this session or of its media returned. It reports false for an
// empty slice and for one that is not part of Raw, such as the name of a static payload type.
func (s *Session) SpanOf(part []byte) (Span, bool) {
	// Both slices end, in capacity, where the backing array ends, because no method shortens the capacity of what it returns.
	at := cap(s.Raw) - cap(part)
	if len(part) == 0 || at < 0 || at+len(part) > len(s.Raw) || &s.Raw[at] != &part[0] {
		return Span{}, false
	}
	return span(at, at+len(part)), true
}

// Name returns the session name (s=, RFC 8866 §5.3) and whether there is such a line.
func (s *Session) Name() ([]byte, bool) {
	return s.first(s.SessionLines(), 's')
}

// first returns the value of the first line of a type.
func (s *Session) first(lines []Line, typ byte) ([]byte, bool) {
	for _, l := range lines {
		if l.Type == typ {
			return s.Value(l), true
		}
	}
	return nil, false
}

// IsHeld reports whether every stream that is in use is held: what RFC 3264 §8.4 calls held SDP. It is false if none is in use.
func (s *Session) IsHeld() bool {
	held := false
	for _, m := range s.AllMedia() {
		if m.IsRejected() {
			continue
		}
		if !m.isHeld() {
			return false
		}
		held = true
	}
	return held
}
