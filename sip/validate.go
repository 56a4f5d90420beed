package sip

import "bytes"

// Role is the part in which an element receives a message.
type Role uint8

const (
	// RoleUnknown is taken as RoleUAS.
	RoleUnknown Role = iota
	// RoleUAS is a user agent; a response that it receives is checked as a UAC does.
	RoleUAS
	// RoleUAC is a user agent too; a request that it receives is checked as a UAS does.
	RoleUAC
	// RoleProxy passes messages on, and leaves alone what it does not need (RFC 3261 §16.3).
	RoleProxy
	// RoleRegistrar is a UAS for REGISTER only (§10.3).
	RoleRegistrar
)

var roleNames = [...]string{"unknown", "UAS", "UAC", "proxy", "registrar"}

// String returns the name as RFC 3261 writes it.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return ""
}

// Validator checks messages against the grammar and the rules of RFC 3261, in one role. A list that is nil means the default
// named beside it; one that is empty means none.
type Validator struct {
	Role Role
	// Stream: messages come over TCP or TLS, not in datagrams, so that they need a Content-Length (§18.3).
	Stream bool
	// Methods that the element supports. Nil: the methods that have a constant here, but REGISTER for a registrar only, and for
	// it nothing else. A proxy passes every method on (§16.3) and does not look.
	Methods []string
	// Schemes of a Request-URI. Nil: sip, sips, tel.
	Schemes []string
	// Extensions are option tags for Require, or Proxy-Require in a proxy. Nil: 100rel, timer, replaces, path, outbound.
	Extensions []string
	// ContentTypes, as type/subtype or type/*. Nil: the bodies of the methods that are known (see defaultContentTypes).
	ContentTypes []string
	// ContentEncodings beside identity. Nil: none.
	ContentEncodings []string
	// AuthSchemes: credentials of one of these schemes must be there. Nil or empty: nobody asks for credentials. Whether they are right is
	// not looked into.
	AuthSchemes []string
}

var (
	defaultSchemes    = []string{"sip", "sips", "tel"}
	defaultExtensions = []string{"100rel", "timer", "replaces", "path", "outbound"} // RFC 3262, 4028, 3891, 3327, 5626
	// defaultContentTypes: RFC 3264; RFC 3261 §23; RFC 3515; RFC 3428; RFC 3842; RFC 3856; RFC 4235; INFO as phones send it.
	defaultContentTypes = []string{"application/sdp", "multipart/*", "message/sip", "message/sipfrag", "text/*",
		"application/simple-message-summary", "application/pidf+xml", "application/dialog-info+xml", "application/dtmf-relay",
		"application/dtmf", "application/pkcs7-mime"}
)

// MaxViolations is how many violations of a message are listed; past it, only one that is worse than all before.
const MaxViolations = 256

// Validate checks a message with the defaults of Validator. It returns nil for a message that breaks no rule.
func Validate(m *Message, role Role) []Violation {
	v := Validator{Role: role}
	return v.Append(nil, m)
}

// Append appends the violations of a message to dst, in the order in which RFC 3261 §8.2 (for a proxy §16.3) has them checked:
// whether it can be read and answered at all; authentication; the method; the Request-URI, loops and extensions; content;
// then the other header fields. It allocates nothing if there are none.
func (v *Validator) Append(dst []Violation, m *Message) []Violation {
	c := checker{Validator: v, m: m, out: dst, owed: 400}
	if m.Kind == KindResponse || m.Method == MethodAck {
		c.owed = 0 // neither is ever answered (§8.1.3, §17.1.1.3)
	}
	c.framing()
	if m.Kind == KindUnknown {
		return c.out
	}
	c.startLine()
	c.contentLength()
	c.mandatory()
	c.vias()
	c.address(FieldFrom)
	c.address(FieldTo)
	c.callID()
	c.cseq()
	if m.Kind == KindRequest {
		c.maxForwards()
		c.addresses(FieldRoute)
		if v.Role == RoleProxy {
			c.scheme()
			c.hops()
			c.options(FieldProxyRequire, ViolationProxyRequire)
			c.credentials(FieldProxyAuthorization, 407)
		} else {
			c.credentials(FieldAuthorization, 401)
			c.method()
			c.scheme()
			c.options(FieldRequire, ViolationRequire)
			c.content()
			c.accept()
		}
		if v.Role == RoleRegistrar {
			c.registration()
		}
	}
	c.otherFields()
	return c.out
}

// Verdict checks a message and says what to do with it.
func (v *Validator) Verdict(m *Message) Verdict { return Judge(v.Append(nil, m)) }

// checker is one run of a Validator over one message.
type checker struct {
	*Validator
	m    *Message
	out  []Violation
	owed int // the status code owed for bad syntax: 400, or 0 where nothing is answered

	count int // of violations found
	worst Severity
}

// add reports a violation for which 400 is owed.
func (c *checker) add(code ViolationCode, id FieldID, s Span, sev Severity) {
	c.addStatus(code, id, s, sev, 400)
}

// addStatus reports a violation for which another status code is owed.
func (c *checker) addStatus(code ViolationCode, id FieldID, s Span, sev Severity, status int) {
	if c.count >= MaxViolations && sev <= c.worst {
		return
	}
	c.count++
	c.worst = max(c.worst, sev)
	if c.owed == 0 || sev == SeverityTolerated {
		status = 0
	}
	r := &violationRules[code]
	text := r.text
	if id != FieldOther {
		text = id.String() + ": " + text
	}
	c.out = append(c.out, Violation{Code: code, Field: id, Severity: sev, Span: s, Status: status, Text: text, RFC: r.rfc, Section: r.section})
}

// framing turns the problems of the parser into violations.
func (c *checker) framing() {
	m := c.m
	for _, p := range m.Problems {
		switch p.Code {
		case ProblemNotSIP:
			c.owed = 0 // nothing in it says whom to answer
			c.add(ViolationNotSIP, FieldOther, p.Span, SeverityFatal)
		case ProblemTooLong, ProblemTooManyFields:
			c.addStatus(ViolationTooLong, FieldOther, p.Span, SeverityFatal, 513)
		case ProblemJunkBefore:
			c.add(ViolationJunkBefore, FieldOther, p.Span, SeverityRepairable)
		case ProblemBareLF:
			c.add(ViolationBareLF, FieldOther, p.Span, SeverityTolerated)
		case ProblemNoColon, ProblemFoldedFirst, ProblemFieldName:
			c.add(ViolationHeaderLine, FieldOther, p.Span, SeverityRepairable)
		case ProblemCutInLine:
			c.add(ViolationCut, FieldOther, p.Span, SeverityFatal)
		case ProblemNoBlankLine:
			sev := SeverityFatal
			if !m.headerOpen() {
				sev = SeverityTolerated
			}
			c.add(ViolationNoBlankLine, FieldOther, p.Span, sev)
		}
	}
}

// startLine checks the start line (§7.1, §7.2): first the version, since everything else hangs on it.
func (c *checker) startLine() {
	m := c.m
	line := span(int(m.StartLine.Start), int(m.StartLine.Start)+len(bytes.TrimRight(m.Text(m.StartLine), "\r\n")))
	if m.Version.IsEmpty() {
		c.add(ViolationNoVersion, FieldOther, line, SeverityRepairable)
	} else if !equalFold(m.Text(m.Version), sipVersion) {
		c.addStatus(ViolationVersion, FieldOther, m.Version, SeverityFatal, 505)
	}
	if m.Kind == KindResponse {
		c.statusLine(line)
		return
	}
	if m.MethodSpan.IsEmpty() {
		c.add(ViolationNoMethod, FieldOther, line, SeverityFatal)
	} else if m.URISpan.Start != m.MethodSpan.End+1 || m.Raw[m.MethodSpan.End] != ' ' ||
		!m.Version.IsEmpty() && (m.Version.Start != m.URISpan.End+1 || m.Raw[m.URISpan.End] != ' ' || m.Version.End != line.End) {
		c.add(ViolationStartLineBlanks, FieldOther, line, SeverityRepairable)
	}
	uri := m.Text(m.URISpan)
	if n := len(uri); n > 1 && uri[0] == '<' && uri[n-1] == '>' {
		c.add(ViolationURIBrackets, FieldOther, m.URISpan, SeverityRepairable)
		uri = uri[1 : n-1]
	}
	switch uriOf(uri) {
	case uriBad:
		c.add(ViolationURI, FieldOther, m.URISpan, SeverityFatal)
	case uriBlanks:
		c.add(ViolationURIBlanks, FieldOther, m.URISpan, SeverityRepairable)
	case uriParts:
		c.add(ViolationURIParts, FieldOther, m.URISpan, SeverityRepairable)
	case uriColons:
		c.add(ViolationIPv6Colons, FieldOther, m.URISpan, SeverityTolerated)
	case uriLoose:
		c.add(ViolationHostName, FieldOther, m.URISpan, SeverityTolerated)
	}
	if u := ParseURI(uri); u.Headers != nil {
		c.add(ViolationURIHeaders, FieldOther, m.URISpan, SeverityRepairable)
	}
}

// statusLine checks status code and reason phrase.
func (c *checker) statusLine(line Span) {
	m := c.m
	if m.StatusSpan.Len() != 3 || m.Status < 100 || m.Status > 699 {
		c.add(ViolationStatusCode, FieldOther, m.StatusSpan, SeverityFatal)
	}
	// The space after the status code is there even if the reason phrase is empty (§25.1).
	if !m.Version.IsEmpty() && m.StatusSpan.Start != m.Version.End+1 || m.StatusSpan.End == line.End || m.Raw[m.StatusSpan.End] != ' ' {
		c.add(ViolationStartLineBlanks, FieldOther, line, SeverityRepairable)
	}
	for _, b := range m.Text(m.Reason) {
		if b < 0x80 && charClass[b]&classReason == 0 && b != '%' {
			c.add(ViolationReason, FieldOther, m.Reason, SeverityTolerated)
			break
		}
	}
}

// contentLength checks Content-Length against itself and the body (§18.3, §20.14).
func (c *checker) contentLength() {
	m := c.m
	if !m.Has(FieldContentLength) {
		if c.Stream {
			c.add(ViolationNoContentLength, FieldOther, m.Blank, SeverityRepairable)
		}
		return
	}
	first, seen := -1, false
	for _, f := range m.Fields {
		if f.ID != FieldContentLength {
			continue
		}
		n, ok := parseLength(m.Text(f.Value))
		switch {
		case !ok:
			c.add(ViolationContentLength, FieldOther, f.Value, SeverityFatal)
		case seen && n != first:
			c.add(ViolationContentLengths, FieldOther, f.Value, SeverityFatal)
		case seen:
			c.add(ViolationContentLengths, FieldOther, f.Value, SeverityRepairable)
		default:
			first, seen = n, true
		}
	}
	if p, ok := m.Problem(ProblemBodyShort); ok {
		sev := SeverityFatal
		if !m.bodyShort() {
			sev = SeverityTolerated
		}
		c.add(ViolationBodyShort, FieldOther, p.Span, sev)
	}
	if p, ok := m.Problem(ProblemBodyLong); ok {
		sev := SeverityTolerated
		if _, lost := m.Problem(ProblemNoBlankLine); lost || c.Stream {
			sev = SeverityRepairable
		}
		c.add(ViolationBodyLong, FieldOther, p.Span, sev)
	}
}

// mandatory checks which header fields are there, and how often (§8.1.1, §8.2.6.2, §7.3.1).
func (c *checker) mandatory() {
	m := c.m
	for _, id := range [...]FieldID{FieldVia, FieldFrom, FieldTo, FieldCallID, FieldCSeq} {
		if len(m.Value(id)) == 0 {
			c.add(ViolationMissing, id, m.Blank, SeverityFatal)
		}
	}
	if m.Kind == KindRequest {
		if !m.Has(FieldMaxForwards) {
			c.add(ViolationMissing, FieldMaxForwards, m.Blank, SeverityTolerated) // RFC 2543 did not have it
		}
		if m.Method == MethodInvite && !m.Has(FieldContact) {
			c.add(ViolationMissing, FieldContact, m.Blank, SeverityTolerated) // §8.1.1.8; RFC 2543 did without
		}
	}
	for _, f := range m.Fields {
		once, sev := f.ID.single()
		if once && m.Fields[m.first[f.ID]-1].Row != f.Row {
			c.add(ViolationRepeated, f.ID, f.Row, sev)
		}
	}
}

// single reports whether a header field has one value only, and how bad it is if there are more: which transaction or dialog is
// meant must not be in doubt.
func (id FieldID) single() (bool, Severity) {
	switch id {
	case FieldFrom, FieldTo, FieldCallID, FieldCSeq, FieldMaxForwards:
		return true, SeverityFatal
	case FieldContentType, FieldContentDisposition, FieldExpires, FieldMinExpires, FieldDate, FieldEvent, FieldSubscriptionState,
		FieldReferTo, FieldReferredBy, FieldReplaces, FieldJoin, FieldRetryAfter, FieldRSeq, FieldRAck, FieldSessionExpires,
		FieldMinSE, FieldTimestamp, FieldSIPETag, FieldSIPIfMatch, FieldSessionID, FieldMaxBreadth, FieldSubject, FieldServer,
		FieldUserAgent:
		return true, SeverityRepairable
	}
	return false, SeverityNone
}
