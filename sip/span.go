package sip

// Span is a half-open range of bytes of a message: from Start up to, not including, End.
type Span struct{ Start, End uint32 }

// Len returns the number of bytes in the span.
func (s Span) Len() int { return int(s.End - s.Start) }

// IsEmpty reports whether there are no bytes in the span.
func (s Span) IsEmpty() bool { return s.Start >= s.End }

// Of returns the bytes of the span, out of the message that it belongs to.
func (s Span) Of(b []byte) []byte {
	if int(s.End) > len(b) || s.Start > s.End {
		return nil
	}
	return b[s.Start:s.End:s.End]
}

func span(start, end int) Span { return Span{uint32(start), uint32(end)} }
