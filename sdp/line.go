package sdp

import "bytes"

// Span is a half-open range of bytes of a description: from Start up to, not including, End.
type Span struct{ Start, End uint32 }

// Len returns the number of bytes in the span.
func (s Span) Len() int { return int(s.End - s.Start) }

// IsEmpty reports whether there are no bytes in the span.
func (s Span) IsEmpty() bool { return s.Start >= s.End }

// Of returns the bytes of the span, out of the description that it belongs to.
func (s Span) Of(b []byte) []byte {
	if int(s.End) > len(b) || s.Start > s.End {
		return nil
	}
	return b[s.Start:s.End]
}

// of is Of without the checks, for spans that the parser made.
func (s Span) of(b []byte) []byte { return b[s.Start:s.End] }

func span(start, end int) Span { return Span{uint32(start), uint32(end)} }

// Line is one line of a description: <type>=<value> (RFC 8866 §5).
type Line struct {
	Type  byte // the letter before "=", known or not; 0 if the line does not begin with a letter and "="
	Span  Span // the whole line with its line end
	Value Span // what comes after "="; of a line without type the whole line. Never the line end.
}

// splitter cuts the input into lines. A line ends in CRLF, in LF, which parsers SHOULD accept (RFC 8866 §5), or in CR alone,
// as logs leave it that swallow the LF. Several CR before one LF are one line end.
//
// The places of the next CR, LF and NUL are remembered and searched again only when passed, so that each byte is looked at a
// fixed number of times whatever mixture of line ends comes.
type splitter struct {
	raw []byte
	at  int // where the next line begins

	lf, cr, nul    int // the next one at or after at; len(raw) if there is none. nul: -1 if there is none
	searched       int // bytes that find has looked at; a test holds it to twice the input
	toldLF, toldCR bool
}

func newSplitter(raw []byte) splitter {
	return splitter{raw: raw, nul: bytes.IndexByte(raw, 0), lf: -1, cr: -1}
}

// find returns the place of the next c at or after at.
func (sp *splitter) find(c byte, at int) int {
	to := len(sp.raw)
	if i := bytes.IndexByte(sp.raw[at:], c); i >= 0 {
		to = at + i
	}
	sp.searched += to - at
	return to
}

func (sp *splitter) next(s *Session) Line {
	raw, start := sp.raw, sp.at
	if sp.lf < start {
		sp.lf = sp.find('\n', start)
	}
	if sp.cr < start {
		sp.cr = sp.find('\r', start)
	}
	var valueEnd, end int
	switch {
	case sp.cr < sp.lf:
		valueEnd, end = sp.cr, sp.cr+1
		for end < len(raw) && raw[end] == '\r' {
			end++
		}
		if end < len(raw) && raw[end] == '\n' {
			end++
		}
		if !sp.toldCR && (end-valueEnd != 2 || raw[end-1] != '\n') {
			sp.toldCR = true
			s.problem(ProblemBareCR, span(valueEnd, end))
		}
	case sp.lf < len(raw):
		valueEnd, end = sp.lf, sp.lf+1
		if !sp.toldLF {
			sp.toldLF = true
			s.problem(ProblemBareLF, span(valueEnd, end))
		}
	default:
		valueEnd, end = len(raw), len(raw)
		s.problem(ProblemNoLineEnd, span(start, end))
	}
	if sp.nul >= 0 && sp.nul < end {
		if i := bytes.IndexByte(raw[start:end], 0); i >= 0 {
			s.problem(ProblemForbiddenByte, span(start+i, start+i+1))
		}
	}
	sp.at = end

	l := Line{Span: span(start, end), Value: span(start, valueEnd)}
	if valueEnd-start >= 2 && raw[start+1] == '=' && isLetter(raw[start]) {
		l.Type = raw[start]
		l.Value.Start += 2
	}
	return l
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
