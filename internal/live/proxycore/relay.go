package proxycore

import (
	"slices"

	"sipscribe/sip"
)

// Relay says how a response is handed back (§16.7).
type Relay struct {
	// RecordRoute, if not "", takes the place of the first Record-Route value that is ours (§16.7 step 8).
	RecordRoute string
	// Without are the Contact values to leave out: those tried here (§16.7 step 4).
	Without []sip.Span
	// Challenges are rows of other branches' challenges, each with its line end (§16.7 step 7).
	Challenges []byte
}

// IsRelayable reports whether the topmost Via of a response is ours and another is under it. Otherwise the response must go no further: it
// was meant for somebody else (§18.1.2), or for this element itself (§16.7 step 3).
func (c *Core) IsRelayable(m *sip.Message) bool {
	n := 0
	for s := range m.Values(sip.FieldVia) {
		if n++; n == 2 {
			return true
		}
		v := sip.ParseVia(m.Text(s))
		if !c.IsOurVia(&v) {
			return false
		}
	}
	return false
}

// AppendRelay appends a response without its topmost Via: all other rows, the status line and the body as they came, but for what how says, a
// Content-Length where there is none, and the line ends as AppendForward has them. false: the response is not relayable, and nothing is appended.
func (c *Core) AppendRelay(dst []byte, m *sip.Message, how *Relay) ([]byte, bool) {
	if !m.IsResponse() || !c.IsRelayable(m) {
		return dst, false
	}
	dst = slices.Grow(dst, len(m.Raw)+len(how.RecordRoute)+len(how.Challenges)+32)
	dst = append(dst, "SIP/2.0 "...)
	dst = append(dst, m.Text(m.StatusSpan)...)
	dst = append(dst, ' ')
	dst = appendLines(dst, m.Text(m.Reason))
	dst = append(dst, "\r\n"...)
	ours := sip.Span{}
	if how.RecordRoute != "" {
		ours = c.ownRecordRoute(m)
	}
	top := valuesOf(m, sip.FieldVia, 0, 1)
	length, first := false, true
	for i := range m.Fields {
		f := &m.Fields[i]
		switch f.ID {
		case sip.FieldVia:
			if !first {
				break
			}
			first = false
			if rest := valuesIn(m, f, top.End); !rest.IsEmpty() {
				dst = append(dst, m.Text(f.Name)...)
				dst = append(dst, ": "...)
				dst = appendLines(dst, m.Text(rest))
				dst = append(dst, "\r\n"...)
			}
			continue
		case sip.FieldContentLength:
			if !length {
				dst = appendNumber(dst, "Content-Length: ", m.Body.Len())
			}
			length = true
			continue
		case sip.FieldRecordRoute:
			if !ours.IsEmpty() && ours.Start >= f.Row.Start && ours.End <= f.Row.End {
				row := m.Text(f.Row)
				dst = appendLines(dst, row[:ours.Start-f.Row.Start])
				dst = appendPlain(dst, how.RecordRoute)
				dst = appendLines(dst, trimLineEnd(row[ours.End-f.Row.Start:]))
				dst = append(dst, "\r\n"...)
				continue
			}
		case sip.FieldContact:
			if len(how.Without) > 0 {
				dst = appendWithout(dst, m, f, how.Without)
				continue
			}
		}
		dst = appendRowOf(dst, m, f)
	}
	dst = append(dst, how.Challenges...)
	if !length {
		dst = appendNumber(dst, "Content-Length: ", m.Body.Len())
	}
	dst = append(dst, "\r\n"...)
	return append(dst, m.BodyBytes()...), true
}

// ownRecordRoute returns the first Record-Route value that is ours, an empty span if there is none. After a spiral there are several; the first
// is that of this round (§16.7 step 8).
func (c *Core) ownRecordRoute(m *sip.Message) sip.Span {
	for s := range m.Values(sip.FieldRecordRoute) {
		a := sip.ParseAddress(m.Text(s))
		if _, ours := c.isOurs(&a.URI); ours {
			return s
		}
	}
	return sip.Span{}
}

// valuesIn returns the values of a row that begin behind a place.
func valuesIn(m *sip.Message, f *sip.Field, behind uint32) sip.Span {
	var out sip.Span
	for s := range m.Values(f.ID) {
		if s.Start >= f.Value.End {
			break
		}
		if s.Start < behind {
			continue
		}
		if out.IsEmpty() {
			out.Start = s.Start
		}
		out.End = s.End
	}
	return out
}

// appendWithout appends a row of Contact without some of its values.
func appendWithout(dst []byte, m *sip.Message, f *sip.Field, without []sip.Span) []byte {
	// Only the rows of the first MaxTargets values have any; the others are not looked through again for each row.
	if !slices.ContainsFunc(without, func(s sip.Span) bool { return s.Start >= f.Value.Start && s.End <= f.Value.End }) {
		return appendRowOf(dst, m, f)
	}
	n, start := 0, len(dst)
	for s := range m.Values(f.ID) {
		if s.Start >= f.Value.End {
			break
		}
		if s.Start < f.Value.Start || slices.Contains(without, s) {
			continue
		}
		if n++; n == 1 {
			dst = append(append(dst, m.Text(f.Name)...), ": "...)
		} else {
			dst = append(dst, ", "...)
		}
		dst = appendLines(dst, m.Text(s))
	}
	if len(dst) > start {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendPlain appends a text of ours without line ends.
func appendPlain(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c == '\r' || c == '\n' {
			dst = append(dst, ' ')
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}
