package sip

import "bytes"

// ReadShown reads the header of b into m, which loses what it held, where the line ends stand as a log shows them, with carets: what is read again and again need not be
// undone first. It must be known that b has an Outline (see Outline.Read) with these line ends. What it finds is what Parse finds in the message that b shows, but that all
// places are those of b. It returns where the body begins, which is for ReadBody; false if the header has a line that Parse should see.
func (m *Message) ReadShown(b []byte) (body int, ok bool) {
	m.reset(b)
	if m.Fields == nil {
		m.Fields = make([]Field, 0, 24)
	}
	const width = len("^M ")
	line := bytes.IndexByte(b, '^')
	if line < 1 || !m.goodStatusLine(b[:line], 0) && !m.goodRequestLine(b[:line], 0) {
		return 0, false
	}
	p := line + width
	m.StartLine = span(0, p)
	for {
		p = m.commonRows(b, p, LineEndCaret)
		if isBlankRow(b[min(p, len(b)):], LineEndCaret) {
			break
		}
		name := p
		for name < len(b) && isToken(b[name]) {
			name++
		}
		end := p + bytes.IndexByte(b[p:], '^')
		if name == p || name >= end || b[name] != ':' || len(m.Fields) == MaxFields {
			return 0, false
		}
		p = m.shownRow(b, p, name, end)
	}
	body = min(p+width, len(b)) // the last blank may be missing
	if bytes.IndexByte(b[:body], '\n') >= 0 {
		return 0, false // a line end that was not escaped
	}
	m.Blank = span(p, body)
	if m.Kind == KindResponse {
		m.Method = m.CSeq().Method
	}
	return body, true
}

// shownRow keeps the row at p, of which the name ends at colon and the text at end, and returns the offset after it.
func (m *Message) shownRow(b []byte, p, colon, end int) int {
	v, next := colon+1, end+len("^M ")
	for v < end && isLWS(b[v]) {
		v++
	}
	last := end
	for last > v && isLWS(b[last-1]) {
		last--
	}
	id := LookupField(b[p:colon])
	m.Fields = append(m.Fields, Field{Name: span(p, colon), Value: span(v, last), Row: span(p, next), ID: id})
	if id != FieldOther && m.first[id] == 0 {
		m.first[id] = uint16(len(m.Fields))
	}
	return next
}

// ReadBody reads the body of a message of which ReadShown has read the header: b is what that read, but that the body, which begins at an offset, stands as it was sent.
func (m *Message) ReadBody(b []byte, body int) {
	m.Raw = b
	m.parseBody(b, body, len(b))
}
