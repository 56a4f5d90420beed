package sip

import "strconv"

// Draft is a message to be written. Fields go out in the order given; Content-Length is written from the body, last, and is
// not among Fields.
type Draft struct {
	// A request has Method and URI, a response has Status and Reason.
	Method string
	URI    string
	Status int
	Reason string
	Fields []DraftField
	Body   []byte
}

// DraftField is a header field row to be written.
type DraftField struct{ Name, Value string }

// AppendTo appends the message as RFC 3261 §7 writes it. A line end inside a value would begin a header field of somebody else's
// choosing: each run of CR and LF is written as one blank.
func (d *Draft) AppendTo(dst []byte) []byte {
	if d.Method != "" || d.URI != "" {
		dst = appendLine(dst, d.Method)
		dst = append(dst, ' ')
		dst = appendLine(dst, d.URI)
		dst = append(dst, " SIP/2.0\r\n"...)
	} else {
		dst = append(dst, "SIP/2.0 "...)
		for n := 100; n > 1 && d.Status < n; n /= 10 {
			dst = append(dst, '0') // Status-Code = 3DIGIT (§25.1)
		}
		dst = strconv.AppendInt(dst, int64(d.Status), 10)
		dst = append(dst, ' ')
		dst = appendLine(dst, d.Reason)
		dst = append(dst, "\r\n"...)
	}
	for _, f := range d.Fields {
		dst = appendLine(dst, f.Name)
		dst = append(dst, ": "...)
		dst = appendLine(dst, f.Value)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(d.Body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, d.Body...)
}

func appendLine(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '\r' && c != '\n' {
			dst = append(dst, c)
			continue
		}
		for i+1 < len(s) && isLWS(s[i+1]) {
			i++
		}
		dst = append(dst, ' ')
	}
	return dst
}

// Draft returns a draft of the message, to be changed and written. Folded values are joined into one line (RFC 3261 §7.3.1),
// a row without a name is left out.
func (m *Message) Draft() Draft {
	d := Draft{Method: string(m.Text(m.MethodSpan)), URI: string(m.Text(m.URISpan)), Status: int(m.Status),
		Reason: string(m.Text(m.Reason)), Body: append([]byte(nil), m.BodyBytes()...)}
	if m.Kind == KindRequest && d.Method == "" {
		d.Method = string(m.MethodName()) // lost in the start line, still in CSeq
	}
	for _, f := range m.Fields {
		if f.Name.IsEmpty() || f.ID == FieldContentLength {
			continue
		}
		d.Fields = append(d.Fields, DraftField{string(m.Text(f.Name)), string(unfold(m.Text(f.Value)))})
	}
	return d
}

// unfold replaces each line end and the white space around it by one blank.
func unfold(v []byte) []byte {
	for i, c := range v {
		if c != '\r' && c != '\n' {
			continue
		}
		out := append([]byte(nil), v[:i]...)
		for _, c := range v[i:] {
			if isLWS(c) {
				if n := len(out); n > 0 && !isLWS(out[n-1]) {
					out = append(out, ' ')
				}
				continue
			}
			out = append(out, c)
		}
		return out
	}
	return v
}
