package sip

import "bytes"

// Parse reads a message out of b into m, which loses what it held. It never fails. It borrows b, and allocates only if
// this message has more header rows or problems than any that m held before.
func (m *Message) Parse(b []byte) {
	fields, problems := m.Fields[:0], m.Problems[:0]
	*m = Message{Raw: b, Fields: fields, Problems: problems, DeclaredLength: -1}
	if m.Fields == nil {
		m.Fields = make([]Field, 0, 24)
	}
	whole := b
	if len(b) > MaxMessage {
		m.problem(ProblemTooLong, MaxMessage, len(b))
		b = b[:MaxMessage]
	}
	p := m.parseStart(b)
	if m.Kind == KindUnknown {
		m.Lead = span(0, len(b))
		m.Trail = span(len(b), len(whole))
		m.StartLine, m.Blank, m.Body = span(len(b), len(b)), span(len(b), len(b)), span(len(b), len(b))
		m.problem(ProblemNotSIP, 0, len(b))
		return
	}
	p = m.parseHeader(b, p)
	if m.Kind == KindResponse {
		m.Method = m.CSeq().Method
	} else if m.MethodSpan.IsEmpty() {
		m.Method = m.CSeq().Method
		m.problem(ProblemNoMethod, int(m.StartLine.Start), int(m.StartLine.Start))
	}
	m.parseBody(b, p, len(whole))
}

func (m *Message) problem(code ProblemCode, start, end int) {
	// A hostile message can have a defect in every line: the list is as long as the header at most.
	if len(m.Problems) < MaxFields {
		m.Problems = append(m.Problems, Problem{code, span(start, end)})
	}
}

// parseStart finds the start line and returns the offset after it.
func (m *Message) parseStart(b []byte) int {
	p := 0
	for p < len(b) && (b[p] == '\r' || b[p] == '\n') {
		p++
	}
	for junk := false; p < len(b); junk = true {
		end, next := lineEnd(b, p)
		if m.startLine(b, p, end) {
			m.Lead = span(0, p)
			m.StartLine = span(p, next)
			if junk {
				m.problem(ProblemJunkBefore, 0, p)
			}
			m.noteLF(end, next)
			return next
		}
		p = next
	}
	return p
}

// noteLF reports the first line that ends in a bare LF. end is the end of the text of the line, next the beginning of the next line.
func (m *Message) noteLF(end, next int) {
	if next-end != 1 {
		return
	}
	for _, p := range m.Problems {
		if p.Code == ProblemBareLF {
			return
		}
	}
	m.problem(ProblemBareLF, end, next)
}

// lineEnd returns where the text of the line at p ends and where the next line begins.
func lineEnd(b []byte, p int) (end, next int) {
	i := bytes.IndexByte(b[p:], '\n')
	if i < 0 {
		end = len(b)
		if end > p && b[end-1] == '\r' {
			end--
		}
		return end, len(b)
	}
	end, next = p+i, p+i+1
	if end > p && b[end-1] == '\r' {
		end--
	}
	return end, next
}

// startLine tries to read b[p:end] as a start line (RFC 3261 §7.1, §7.2), also in the damaged forms that logs have: several
// blanks, a blank inside the URI, no reason, a lost method or a lost version.
func (m *Message) startLine(b []byte, p, end int) bool {
	line := b[p:end]
	if len(line) < 5 {
		return false
	}
	if isVersion(line) {
		return m.statusLine(b, p, end)
	}
	// A request: METHOD SP Request-URI SP SIP/2.0. The version is looked for from the end, since a URI may hold blanks.
	v := lastVersion(line)
	if v < 0 {
		return m.bareStatus(b, p, end)
	}
	tail := len(line)
	for tail > v && (line[tail-1] == ' ' || line[tail-1] == '\t') {
		tail--
	}
	i := 0
	for i < v && isToken(line[i]) {
		i++
	}
	uri, uriEnd := i, v
	for uriEnd > uri && (line[uriEnd-1] == ' ' || line[uriEnd-1] == '\t') {
		uriEnd--
	}
	for uri < uriEnd && (line[uri] == ' ' || line[uri] == '\t') {
		uri++
	}
	switch {
	case i > 0 && i < v && (line[i] == ' ' || line[i] == '\t') && uri < uriEnd:
		m.MethodSpan = span(p, p+i)
		m.Method = ParseMethod(line[:i])
		// One blank on each side of the URI, none inside it and none after the version.
		if uri != i+1 || uriEnd != v-1 || tail != len(line) || bytes.IndexByte(line[uri:uriEnd], ' ') >= 0 {
			m.problem(ProblemStartLine, p, end)
		}
	case i > 0 && i < v && line[i] == ':':
		// "sip:bob@example.com SIP/2.0": a syslog daemon took the method for a host name. CSeq still has it.
		uri = 0
		m.MethodSpan = span(p, p)
		m.problem(ProblemStartLine, p, end)
	default:
		return false
	}
	m.Kind = KindRequest
	m.URISpan = span(p+uri, p+uriEnd)
	m.Version = span(p+v, p+tail)
	if string(line[v:tail]) != "SIP/2.0" {
		m.problem(ProblemVersion, p+v, p+tail)
	}
	return true
}

// statusLine reads "SIP/2.0 SP Status-Code SP Reason-Phrase".
func (m *Message) statusLine(b []byte, p, end int) bool {
	i := p + 4
	for i < end && (isDigit(b[i]) || b[i] == '.') {
		i++
	}
	version := span(p, i)
	blanks := i
	for i < end && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	gap := i - blanks
	code, digits := i, 0
	status := 0
	for i < end && isDigit(b[i]) {
		if status <= 65535 {
			status = status*10 + int(b[i]-'0')
		}
		i++
		digits++
	}
	if digits == 0 || gap == 0 {
		return false
	}
	m.Kind = KindResponse
	m.Version = version
	m.StatusSpan = span(code, i)
	if status <= 65535 {
		m.Status = uint16(status)
	}
	// The blank before the reason is not optional, even if the reason is empty (§7.2). The reason is taken as it stands.
	if gap != 1 || digits != 3 || i >= end || b[i] != ' ' {
		m.problem(ProblemStartLine, p, end)
	}
	if i < end && b[i] == ' ' {
		i++
	}
	m.Reason = span(i, end)
	if string(version.Of(b)) != "SIP/2.0" {
		m.problem(ProblemVersion, p, int(version.End))
	}
	return true
}

// bareStatus reads "407 Proxy Authentication Required" followed by a Via field: a syslog daemon took "SIP/2.0" for a host
// name.
func (m *Message) bareStatus(b []byte, p, end int) bool {
	line := b[p:end]
	if len(line) < 4 || line[0] < '1' || line[0] > '6' || !isDigit(line[1]) || !isDigit(line[2]) || line[3] != ' ' {
		return false
	}
	rest := b[min(end, len(b)):]
	rest = bytes.TrimLeft(rest, "\r\n")
	if len(rest) < 4 || !(equalFold(rest[:4], "Via:") || equalFold(rest[:2], "v:")) {
		return false
	}
	m.Kind = KindResponse
	m.Version = span(p, p)
	m.StatusSpan = span(p, p+3)
	m.Status = uint16(line[0]-'0')*100 + uint16(line[1]-'0')*10 + uint16(line[2]-'0')
	m.Reason = span(p+4, end)
	m.problem(ProblemStartLine, p, end)
	return true
}

// isVersion reports whether the line begins with a SIP version, "SIP/" and a digit.
func isVersion(line []byte) bool {
	return len(line) >= 5 && line[3] == '/' && isDigit(line[4]) && equalFold(line[:3], "SIP")
}

// lastVersion returns where the version at the end of a request line begins, -1 if there is none.
func lastVersion(line []byte) int {
	// The common case: the line ends in " SIP/2.0".
	if n := len(line) - 8; n > 0 && string(line[n:]) == " SIP/2.0" {
		return n + 1
	}
	end := len(line)
	for end > 0 && (line[end-1] == ' ' || line[end-1] == '\t') {
		end--
	}
	i := end
	for i > 0 && (isDigit(line[i-1]) || line[i-1] == '.') {
		i--
	}
	if i == end || i < 5 || !equalFold(line[i-4:i], "SIP/") || (line[i-5] != ' ' && line[i-5] != '\t') {
		return -1
	}
	return i - 4
}

// parseHeader reads header rows from p up to the empty line and returns the offset after it.
func (m *Message) parseHeader(b []byte, p int) int {
	for p < len(b) {
		c := b[p]
		if c == '\n' || c == '\r' && (p+1 == len(b) || b[p+1] == '\n') {
			end, next := lineEnd(b, p)
			m.noteLF(end, next)
			m.Blank = span(p, next)
			return next
		}
		if len(m.Fields) >= MaxFields {
			rest := len(b)
			if i := bytes.Index(b[p:], []byte("\r\n\r\n")); i >= 0 {
				rest = p + i + 2
			}
			m.problem(ProblemTooManyFields, p, rest)
			m.Fields = append(m.Fields, Field{Name: span(p, p), Value: span(p, rest), Row: span(p, rest)})
			p = rest
			continue
		}
		if c == ' ' || c == '\t' {
			p = m.foldedFirst(b, p)
			continue
		}
		// The name: a token up to the colon.
		i := p
		for i < len(b) && b[i] != ':' && b[i] != '\n' {
			i++
		}
		if i == len(b) || b[i] == '\n' {
			end, next := lineEnd(b, p)
			m.Fields = append(m.Fields, Field{Name: span(p, p), Value: span(p, end), Row: span(p, next)})
			if m.bodyBegins(b, p) {
				m.Fields = m.Fields[:len(m.Fields)-1]
				m.problem(ProblemNoBlankLine, p, p)
				m.Blank = span(p, p)
				return p
			}
			if next == end {
				m.problem(ProblemCutInLine, p, end)
			} else {
				m.problem(ProblemNoColon, p, end)
			}
			p = next
			continue
		}
		if m.bodyBegins(b, p) {
			m.problem(ProblemNoBlankLine, p, p)
			m.Blank = span(p, p)
			return p
		}
		name := i
		for name > p && (b[name-1] == ' ' || b[name-1] == '\t') {
			name--
		}
		if name != i {
			m.problem(ProblemBlankBeforeColon, name, i)
		}
		f := Field{Name: span(p, name), ID: LookupField(b[p:name])}
		end, next := lineEnd(b, i+1)
		if next == end+1 {
			m.noteLF(end, next)
		}
		for next < len(b) && (b[next] == ' ' || b[next] == '\t') {
			f.Folded = true
			end, next = lineEnd(b, next)
		}
		v := i + 1
		for v < end && isLWS(b[v]) {
			v++
		}
		for end > v && isLWS(b[end-1]) {
			end--
		}
		f.Value, f.Row = span(v, end), span(p, next)
		m.Fields = append(m.Fields, f)
		if f.ID != FieldOther && m.first[f.ID] == 0 {
			m.first[f.ID] = uint16(len(m.Fields))
		}
		if next == len(b) && b[next-1] != '\n' && b[next-1] != '\r' {
			m.problem(ProblemCutInLine, p, next)
		}
		p = next
	}
	m.problem(ProblemNoBlankLine, p, p)
	m.Blank = span(p, p)
	return p
}

// foldedFirst keeps a line that begins with white space but continues nothing. One of nothing but white space is the end of
// the header: pasting through an editor turns an empty line into it.
func (m *Message) foldedFirst(b []byte, p int) int {
	end, next := lineEnd(b, p)
	m.problem(ProblemFoldedFirst, p, end)
	m.Fields = append(m.Fields, Field{Name: span(p, p), Value: span(p, end), Row: span(p, next)})
	return next
}

// bodyBegins reports whether an SDP body begins at p though no empty line came before: "v=0" where a header field should be.
// A copy through a web page loses empty lines.
func (m *Message) bodyBegins(b []byte, p int) bool {
	return len(b)-p >= 3 && b[p] == 'v' && b[p+1] == '=' && isDigit(b[p+2]) &&
		(len(b)-p == 3 || b[p+3] == '\r' || b[p+3] == '\n')
}

// parseBody sets Body and Trail by Content-Length (RFC 3261 §18.3, §20.14). total is the length of Raw.
func (m *Message) parseBody(b []byte, p, total int) {
	m.Body = span(p, total)
	m.Trail = span(total, total)
	f, ok := m.Field(FieldContentLength)
	if !ok {
		return
	}
	n, ok := parseLength(m.Text(f.Value))
	if !ok {
		m.problem(ProblemContentLength, int(f.Value.Start), int(f.Value.End))
		return
	}
	if m.Count(FieldContentLength) > 1 {
		for _, g := range m.Fields[m.first[FieldContentLength]:] {
			if g.ID != FieldContentLength {
				continue
			}
			if k, ok := parseLength(m.Text(g.Value)); !ok || k != n {
				m.problem(ProblemContentLength, int(g.Value.Start), int(g.Value.End))
			}
		}
	}
	m.DeclaredLength = n
	switch have := total - p; {
	case have < n:
		m.problem(ProblemBodyShort, p, total)
	case have > n:
		m.Body, m.Trail = span(p, p+n), span(p+n, total)
		m.problem(ProblemBodyLong, p+n, total)
	}
}

// parseLength reads 1*DIGIT up to the length of an int32; larger numbers are not lengths of anything.
func parseLength(v []byte) (int, bool) {
	if len(v) == 0 {
		return 0, false
	}
	n := 0
	for _, c := range v {
		if !isDigit(c) {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > 1<<31-1 {
			return 0, false
		}
	}
	return n, true
}
