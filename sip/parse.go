package sip

import (
	"bytes"
	"encoding/binary"
)

// Parse reads a message out of b into m, which loses what it held. It never fails. It borrows b, and allocates only if
// this message has more header rows or problems than any that m held before.
func (m *Message) Parse(b []byte) {
	m.reset(b)
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

// reset empties m for a message in b. It is as *m = Message{…} would be, but for that this is put together elsewhere and copied.
func (m *Message) reset(b []byte) {
	m.Raw, m.Fields, m.Problems = b, m.Fields[:0], m.Problems[:0]
	m.Kind, m.Method, m.Status = KindUnknown, MethodUnknown, 0
	m.Lead, m.StartLine, m.Blank, m.Body, m.Trail = Span{}, Span{}, Span{}, Span{}, Span{}
	m.MethodSpan, m.URISpan, m.Version, m.StatusSpan, m.Reason = Span{}, Span{}, Span{}, Span{}, Span{}
	m.DeclaredLength = -1
	m.first = [fieldIDs]uint16{}
	m.bareLF = false
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
	if next-end != 1 || m.bareLF || m.Raw[end] != '\n' {
		return
	}
	m.bareLF = true
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
	if m.goodStatusLine(line, p) || m.goodRequestLine(line, p) {
		return true
	}
	if isVersion(line) {
		return m.statusLine(b, p, end)
	}
	r, ok := readRequestLine(line)
	if !ok || !r.plausible(line) {
		if r, ok = readUnversioned(line, b[end:]); !ok {
			return m.bareStatus(b, p, end)
		}
	}
	m.Kind = KindRequest
	m.MethodSpan = span(p, p+r.method)
	m.URISpan = span(p+r.uri, p+r.uriEnd)
	m.Version = span(p+r.version, p+r.versionEnd)
	m.Method = ParseMethod(line[:r.method])
	// One blank on each side of the URI, none inside it and none after the version.
	if r.method == 0 || r.uri != r.method+1 || r.uriEnd != r.version-1 || r.versionEnd != len(line) ||
		line[r.method] != ' ' || line[r.uriEnd] != ' ' || hasBlank(line[r.uri:r.uriEnd]) {
		m.problem(ProblemStartLine, p, end)
	}
	if !equalFold(line[r.version:r.versionEnd], sipVersion) {
		m.problem(ProblemVersion, p+r.version, p+r.versionEnd)
	}
	return true
}

// goodStatusLine reads a line at p as it should be, and leaves all others alone. It finds in them what statusLine finds.
func (m *Message) goodStatusLine(line []byte, p int) bool {
	status, ok := plainStatus(line)
	if !ok {
		return false
	}
	m.Kind, m.Status = KindResponse, status
	m.Version, m.StatusSpan, m.Reason = span(p, p+7), span(p+8, p+11), span(p+12, p+len(line))
	return true
}

// plainStatus returns the status code of a status line without any defect: "SIP/2.0 200 OK".
func plainStatus(line []byte) (uint16, bool) {
	if len(line) < 12 || string(line[:8]) != "SIP/2.0 " || line[11] != ' ' {
		return 0, false
	}
	d0, d1, d2 := line[8]-'0', line[9]-'0', line[10]-'0'
	if d0 > 9 || d1 > 9 || d2 > 9 {
		return 0, false
	}
	for _, c := range line[12:] {
		if c == '\r' {
			return 0, false
		}
	}
	return uint16(d0)*100 + uint16(d1)*10 + uint16(d2), true
}

// goodRequestLine reads a line at p as it should be, and leaves all others alone. It finds in them what readRequestLine finds.
func (m *Message) goodRequestLine(line []byte, p int) bool {
	id, uri := plainRequest(line)
	if uri == 0 {
		return false
	}
	m.Kind, m.Method = KindRequest, id
	v := len(line) - len(" SIP/2.0")
	m.MethodSpan, m.URISpan, m.Version = span(p, p+uri-1), span(p+uri, p+v), span(p+v+1, p+len(line))
	return true
}

// plainRequest returns the method of a request line without any defect, with a known method and a SIP URI, and where the URI begins; 0 for any other line:
// "BYE sip:bob@example.com SIP/2.0".
func plainRequest(line []byte) (id Method, uri int) {
	const longest = len("SUBSCRIBE")
	v := len(line) - len(" SIP/2.0")
	if v < longest+1 || string(line[v:]) != " SIP/2.0" {
		return 0, 0
	}
	i := 0
	for i <= longest && line[i] != ' ' {
		i++
	}
	uri = i + 1
	if uri+4 > v || string(line[uri:uri+4]) != "sip:" || hasBlank(line[uri:v]) {
		return 0, 0
	}
	if id = ParseMethod(line[:i]); id == MethodUnknown || id == MethodOther {
		return 0, 0
	}
	return id, uri
}

// sipVersion is the version that sipscribe speaks. It is compared without regard to case (RFC 3261 §7.1).
const sipVersion = "SIP/2.0"

// hasBlank reports whether b has a blank or another control character below it.
func hasBlank(b []byte) bool {
	// Eight bytes at a time: a byte below 0x21 borrows from its top bit, which it has not set itself.
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		if (w-0x2121212121212121)&^w&0x8080808080808080 != 0 {
			return true
		}
		b = b[8:]
	}
	for _, c := range b {
		if c <= ' ' {
			return true
		}
	}
	return false
}

// requestLine says where the parts of a request line are: offsets in the line.
type requestLine struct {
	method              int // end of the method; 0: it was lost
	uri, uriEnd         int
	version, versionEnd int
}

// readRequestLine splits a line that ends in a version: METHOD SP Request-URI SP SIP/2.0, or, where a syslog daemon took the
// method for a host name, Request-URI SP SIP/2.0 with a URI of one of the schemes that phones use. The version is looked for from
// the end, since a URI may hold blanks.
func readRequestLine(line []byte) (r requestLine, ok bool) {
	v := lastVersion(line)
	if v < 0 {
		return r, false
	}
	r.version, r.versionEnd = v, len(line)
	for r.versionEnd > v && (line[r.versionEnd-1] == ' ' || line[r.versionEnd-1] == '\t') {
		r.versionEnd--
	}
	i := 0
	for i < v && isToken(line[i]) {
		i++
	}
	r.uriEnd = v
	for r.uriEnd > i && (line[r.uriEnd-1] == ' ' || line[r.uriEnd-1] == '\t') {
		r.uriEnd--
	}
	if i == 0 || i > maxMethod || i >= r.uriEnd {
		return r, false
	}
	if line[i] == ':' {
		return r, isPhoneScheme(line[:i])
	}
	if line[i] != ' ' && line[i] != '\t' {
		return r, false
	}
	r.method, r.uri = i, i
	for r.uri < r.uriEnd && (line[r.uri] == ' ' || line[r.uri] == '\t') {
		r.uri++
	}
	return r, r.uri < r.uriEnd
}

// maxMethod is the longest word that is taken for a method. Methods have up to nine letters; RFC 4475 §3.1.1.2 tries 43.
const maxMethod = 64

// plausible reports whether the URI of a request line is one. Prose and header fields end in "SIP/2.0" too ("see RFC 3261
// SIP/2.0"); but they have no scheme there, or a blank after it.
func (r *requestLine) plausible(line []byte) bool {
	uri := line[r.uri:r.uriEnd]
	if n := schemeLen(uri); n > 0 {
		return isPhoneScheme(bytes.TrimLeft(uri[:n], "<")) || !hasBlank(uri)
	}
	// No scheme. After one of the known methods an address is still an address.
	switch ParseMethod(line[:r.method]) {
	case MethodUnknown, MethodOther:
		return false
	}
	return Masked(uri) || !hasBlank(uri) && bytes.ContainsAny(uri, "@.")
}

// schemeLen returns the length of the scheme that a URI begins with, an angle bracket before it included; 0 if there is none.
// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3261 §25.1).
func schemeLen(uri []byte) int {
	i := 0
	if len(uri) > 0 && uri[0] == '<' {
		i = 1
	}
	if i >= len(uri) || !isAlpha(uri[i]) {
		return 0
	}
	for i < len(uri) && (isAlpha(uri[i]) || isDigit(uri[i]) || uri[i] == '+' || uri[i] == '-' || uri[i] == '.') {
		i++
	}
	if i < len(uri) && uri[i] == ':' {
		return i
	}
	return 0
}

func isPhoneScheme(b []byte) bool {
	return equalFold(b, "sip") || equalFold(b, "sips") || equalFold(b, "tel")
}

// readUnversioned reads "INVITE sip:bob@example.com" with nothing behind it: a known method, a URI of a phone's scheme, and a header
// field that sipscribe knows on the next line. Less than that is prose.
func readUnversioned(line, rest []byte) (r requestLine, ok bool) {
	i := bytes.IndexByte(line, ' ')
	if i < 0 || i > maxMethod {
		return r, false
	}
	if id := ParseMethod(line[:i]); id == MethodUnknown || id == MethodOther {
		return r, false
	}
	uri := trimLWS(line[i:])
	n := schemeLen(uri)
	if n == 0 || !isPhoneScheme(bytes.TrimLeft(uri[:n], "<")) || hasBlank(uri) && !Masked(uri) {
		return r, false
	}
	rest = bytes.TrimLeft(rest, "\r\n")
	j := 0
	for j < len(rest) && j < maxMethod && (isToken(rest[j]) || rest[j] == ' ' || rest[j] == '\t') {
		j++
	}
	if j == len(rest) || rest[j] != ':' || LookupField(trimLWS(rest[:j])) == FieldOther {
		return r, false
	}
	r.method, r.uri = i, i
	for line[r.uri] == ' ' || line[r.uri] == '\t' {
		r.uri++
	}
	r.uriEnd = r.uri + len(uri)
	r.version, r.versionEnd = len(line), len(line)
	return r, true
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
	if gap != 1 || b[blanks] != ' ' || digits != 3 || i >= end || b[i] != ' ' || bytes.IndexByte(b[i:end], '\r') >= 0 {
		m.problem(ProblemStartLine, p, end)
	}
	if i < end && b[i] == ' ' {
		i++
	}
	m.Reason = span(i, end)
	if !equalFold(version.Of(b), sipVersion) {
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
	for {
		if p = m.commonRows(b, p, LineEndCRLF); p >= len(b) {
			break
		}
		c := b[p]
		if c == '\n' || c == '\r' && (p+1 == len(b) || b[p+1] == '\n') {
			end, next := lineEnd(b, p)
			m.noteLF(end, next)
			m.Blank = span(p, next)
			return next
		}
		if len(m.Fields) >= MaxFields {
			rest := emptyLine(b, p)
			m.problem(ProblemTooManyFields, p, rest)
			m.Fields = append(m.Fields, Field{Name: span(p, p), Value: span(p, rest), Row: span(p, rest)})
			p = rest
			continue
		}
		if c == ' ' || c == '\t' {
			p = m.foldedFirst(b, p)
			continue
		}
		// The name: a token up to the colon, white space before which is legal (HCOLON).
		i := p
		for i < len(b) && isToken(b[i]) {
			i++
		}
		name := i
		if i == len(b) || b[i] != ':' {
			for i < len(b) && b[i] != ':' && b[i] != '\n' {
				i++
			}
			if i == len(b) || b[i] == '\n' {
				if m.bodyBegins(b, p) {
					m.problem(ProblemNoBlankLine, p, p)
					m.Blank = span(p, p)
					return p
				}
				end, next := lineEnd(b, p)
				m.Fields = append(m.Fields, Field{Name: span(p, p), Value: span(p, end), Row: span(p, next)})
				if next == end {
					m.problem(ProblemCutInLine, p, end)
				} else {
					m.problem(ProblemNoColon, p, end)
					m.noteLF(end, next)
				}
				p = next
				continue
			}
			last := i
			for last > p && (b[last-1] == ' ' || b[last-1] == '\t') {
				last--
			}
			if last != i {
				m.problem(ProblemBlankBeforeColon, last, i)
			}
			if last != name || name == p {
				m.problem(ProblemFieldName, p, last)
			}
			name = last
		} else if name == p {
			m.problem(ProblemFieldName, p, p)
		}
		p = m.field(b, p, name, i, LookupField(b[p:name]))
	}
	m.problem(ProblemNoBlankLine, p, p)
	m.Blank = span(p, p)
	return p
}

// field reads the row at p, of which the name ends at name and the colon stands at colon, and returns the offset after it.
func (m *Message) field(b []byte, p, name, colon int, id FieldID) int {
	n := len(m.Fields)
	if n < cap(m.Fields) {
		m.Fields = m.Fields[:n+1]
	} else {
		m.Fields = append(m.Fields, Field{})
	}
	f := &m.Fields[n]
	f.ID, f.Folded = id, false
	f.Name = span(p, name)
	v := colon + 1
	var end, next int
	if i := bytes.IndexByte(b[v:], '\n'); i > 0 && b[v+i-1] == '\r' {
		end, next = v+i-1, v+i+1 // lineEnd, for the line end that a message should have
	} else {
		end, next = lineEnd(b, v)
		m.noteLF(end, next)
	}
	for next < len(b) && (b[next] == ' ' || b[next] == '\t') {
		f.Folded = true
		end, next = lineEnd(b, next)
		m.noteLF(end, next)
	}
	for v < end && isLWS(b[v]) {
		v++
	}
	for end > v && isLWS(b[end-1]) {
		end--
	}
	f.Value, f.Row = span(v, end), span(p, next)
	if next == len(b) && b[next-1] != '\n' && b[next-1] != '\r' {
		m.problem(ProblemCutInLine, p, next)
		if id != FieldContentLength || string(m.Text(f.Value)) != "0" {
			// Half a number, tag or branch is another one than the whole: nobody may take it for the field. "0" is what stands last in most messages without a
			// body, of which only the line ends are gone.
			id, f.ID = FieldOther, FieldOther
		}
	}
	if id != FieldOther && m.first[id] == 0 {
		m.first[id] = uint16(n + 1)
	}
	return next
}

// commonRows reads rows from p on as long as they are such as nearly all rows of nearly all messages: commonField knows the name, and the row is one line that
// ends as ends says. It returns the offset after them. It finds in them what field finds.
func (m *Message) commonRows(b []byte, p int, ends LineEnd) int {
	mark, behind, width := byte('\n'), 1, 2 // what a line end is found by, what follows it, and all of a line end
	if ends == LineEndCaret {
		mark, behind, width = '^', 3, 3
	}
	n := len(m.Fields)
	fields := m.Fields[:min(cap(m.Fields), MaxFields)]
	for n < len(fields) && p < len(b) {
		row := b[p:]
		id, v := commonField(row)
		if id == FieldOther {
			break
		}
		nameLen := v - 1
		next := bytes.IndexByte(row, mark) + behind
		end := next - width
		if end < v || ends == LineEndCRLF && row[end] != '\r' || next < len(row) && (row[next] == ' ' || row[next] == '\t') {
			break
		}
		if row[v] == ' ' {
			v++ // at end the line end begins
		}
		for v < end && row[v] <= ' ' && isLWS(row[v]) {
			v++
		}
		for end > v && row[end-1] <= ' ' && isLWS(row[end-1]) {
			end--
		}
		f := &fields[n]
		f.Name.Start, f.Name.End = uint32(p), uint32(p+nameLen)
		f.Value.Start, f.Value.End = uint32(p+v), uint32(p+end)
		f.Row.Start, f.Row.End = uint32(p), uint32(p+next)
		f.ID, f.Folded = id, false
		n++
		if first := &m.first[id]; *first == 0 {
			*first = uint16(n)
		}
		p += next
	}
	m.Fields = m.Fields[:n]
	return p
}

// commonField recognises the header fields that most messages have, written as the RFCs write them, at the beginning of a row, and returns the offset after the
// colon. FieldOther for all else: the caller then reads the name letter by letter.
func commonField(b []byte) (FieldID, int) {
	if len(b) < 20 {
		return FieldOther, 0
	}
	switch b[0] {
	case 'V':
		if string(b[:4]) == "Via:" {
			return FieldVia, 4
		}
	case 'F':
		if string(b[:5]) == "From:" {
			return FieldFrom, 5
		}
	case 'T':
		if string(b[:3]) == "To:" {
			return FieldTo, 3
		}
	case 'C':
		switch b[1] {
		case 'S':
			if string(b[:5]) == "CSeq:" {
				return FieldCSeq, 5
			}
		case 'a':
			if string(b[:8]) == "Call-ID:" {
				return FieldCallID, 8
			}
		case 'o':
			switch {
			case string(b[:8]) == "Contact:":
				return FieldContact, 8
			case string(b[:8]) != "Content-":
			case string(b[8:15]) == "Length:":
				return FieldContentLength, 15
			case string(b[8:13]) == "Type:":
				return FieldContentType, 13
			}
		}
	case 'M':
		if string(b[:13]) == "Max-Forwards:" {
			return FieldMaxForwards, 13
		}
	case 'U':
		if string(b[:11]) == "User-Agent:" {
			return FieldUserAgent, 11
		}
	case 'A':
		switch {
		case string(b[:6]) == "Allow:":
			return FieldAllow, 6
		case string(b[:14]) == "Authorization:":
			return FieldAuthorization, 14
		}
	case 'P':
		switch {
		case string(b[:8]) != "Proxy-Au":
		case string(b[8:20]) == "thorization:":
			return FieldProxyAuthorization, 20
		case string(b[8:19]) == "thenticate:":
			return FieldProxyAuthenticate, 19
		}
	case 'R':
		switch {
		case string(b[:13]) == "Record-Route:":
			return FieldRecordRoute, 13
		case string(b[:6]) == "Route:":
			return FieldRoute, 6
		}
	case 'S':
		switch {
		case string(b[:10]) == "Supported:":
			return FieldSupported, 10
		case string(b[:7]) == "Server:":
			return FieldServer, 7
		}
	case 'W':
		if string(b[:17]) == "WWW-Authenticate:" {
			return FieldWWWAuthenticate, 17
		}
	case 'E':
		switch {
		case string(b[:8]) == "Expires:":
			return FieldExpires, 8
		case string(b[:6]) == "Event:":
			return FieldEvent, 6
		}
	}
	return FieldOther, 0
}

// emptyLine returns where the first empty line at or after the line at p begins, len(b) if there is none.
func emptyLine(b []byte, p int) int {
	for p < len(b) {
		end, next := lineEnd(b, p)
		if end == p {
			return p
		}
		p = next
	}
	return len(b)
}

// foldedFirst keeps a line that begins with white space but continues nothing.
func (m *Message) foldedFirst(b []byte, p int) int {
	end, next := lineEnd(b, p)
	m.problem(ProblemFoldedFirst, p, end)
	m.noteLF(end, next)
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
	first := int(m.first[FieldContentLength])
	if first == 0 {
		return
	}
	f := &m.Fields[first-1]
	n, ok := parseLength(m.Text(f.Value))
	if !ok {
		m.problem(ProblemContentLength, int(f.Value.Start), int(f.Value.End))
		return
	}
	for i := first; i < len(m.Fields); i++ {
		g := &m.Fields[i]
		if g.ID != FieldContentLength {
			continue
		}
		if k, ok := parseLength(m.Text(g.Value)); !ok || k != n {
			m.problem(ProblemContentLength, int(g.Value.Start), int(g.Value.End))
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
	n := int64(0)
	for _, c := range v {
		if !isDigit(c) {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n > 1<<31-1 {
			return 0, false
		}
	}
	return int(n), true
}
