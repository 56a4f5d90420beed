package sip

import "bytes"

// oneOf reports whether word is in the list.
func oneOf(list []string, word []byte, fold bool) bool {
	for _, s := range list {
		if string(word) == s || fold && equalFold(word, s) {
			return true
		}
	}
	return false
}

// method checks whether the element supports the method (§8.2.1): 405 for one that is known and not allowed, 501 for one that is not
// known (§21.5.2). ACK is always allowed: it is the end of INVITE.
func (c *checker) method() {
	m := c.m
	if m.MethodSpan.IsEmpty() || m.Method == MethodAck {
		return
	}
	allowed := false
	switch {
	case c.Methods != nil:
		allowed = oneOf(c.Methods, m.Text(m.MethodSpan), false)
	case c.Role == RoleRegistrar:
		allowed = m.Method == MethodRegister
	default:
		allowed = m.Method != MethodOther && m.Method != MethodRegister
	}
	switch {
	case allowed:
	case m.Method == MethodOther:
		c.addStatus(ViolationMethodUnknown, FieldOther, m.MethodSpan, SeverityFatal, 501)
	default:
		c.addStatus(ViolationMethodRefused, FieldOther, m.MethodSpan, SeverityFatal, 405)
	}
}

// scheme checks the scheme of the Request-URI (§8.2.2.1, §16.3 item 2).
func (c *checker) scheme() {
	u := c.m.RequestURI()
	list := c.Schemes
	if list == nil {
		list = defaultSchemes
	}
	if len(u.Scheme) > 0 && !oneOf(list, u.Scheme, true) {
		c.addStatus(ViolationScheme, FieldOther, c.m.URISpan, SeverityFatal, 416)
		if c.Role == RoleProxy {
			c.out[len(c.out)-1].Section = "16.3"
		}
	}
}

// hops refuses a request that has no hops left, in a proxy only (§16.3 item 3). A proxy may answer OPTIONS itself instead; this one
// does not, as RFC 4475 §3.3.11 has it.
func (c *checker) hops() {
	f, ok := c.m.Field(FieldMaxForwards)
	if n, number := parseLength(c.m.Text(f.Value)); ok && number && n == 0 {
		c.addStatus(ViolationTooManyHops, FieldOther, f.Value, SeverityFatal, 483)
	}
}

// options checks Require or Proxy-Require (§8.2.2.3, §16.3 item 5). In CANCEL and ACK they are ignored (§8.2.2.3). There is one violation for each
// option tag, so that the Unsupported field of the 420 can be made of their spans.
func (c *checker) options(id FieldID, code ViolationCode) {
	if c.m.Method == MethodCancel || c.m.Method == MethodAck {
		return
	}
	list := c.Extensions
	if list == nil {
		list = defaultExtensions
	}
	for s := range c.m.Values(id) {
		if !oneOf(list, c.m.Text(s), true) {
			c.addStatus(code, FieldOther, s, SeverityFatal, 420)
		}
	}
}

// credentials checks that there are some of a known scheme, if the element wants any (§22.1). ACK and CANCEL cannot be challenged.
func (c *checker) credentials(id FieldID, status int) {
	m := c.m
	if len(c.AuthSchemes) == 0 || m.Method == MethodAck || m.Method == MethodCancel {
		return
	}
	for _, f := range m.Fields {
		if f.ID == id && oneOf(c.AuthSchemes, ParseChallenge(m.Text(f.Value)).Scheme, true) {
			return
		}
	}
	at := m.Blank
	if f, ok := m.Field(id); ok {
		at = f.Value
	}
	c.addStatus(ViolationCredentials, FieldOther, at, SeverityFatal, status)
}

// content checks whether the element understands the body (§8.2.3). One that is optional by Content-Disposition may be passed over.
func (c *checker) content() {
	m := c.m
	if m.Body.IsEmpty() || bytes.EqualFold(dispositionHandling(m.Value(FieldContentDisposition)), []byte("optional")) {
		return
	}
	if f, ok := m.Field(FieldContentType); ok {
		typ, subtype, _, good := mediaType(m.Text(f.Value))
		list := c.ContentTypes
		if list == nil {
			list = defaultContentTypes
		}
		if good && !hasMediaType(list, typ, subtype) {
			c.addStatus(ViolationMediaType, FieldOther, f.Value, SeverityFatal, 415)
		}
	}
	for s := range m.Values(FieldContentEncoding) {
		if v := m.Text(s); !equalFold(v, "identity") && !oneOf(c.ContentEncodings, v, true) {
			c.addStatus(ViolationContentEncoding, FieldOther, s, SeverityFatal, 415)
		}
	}
}

func dispositionHandling(v []byte) []byte {
	p := Params{raw: v[elementEnd(v, ';'):]}
	return paramValue(p, "handling")
}

// hasMediaType reports whether the list has type/subtype, or type/*.
func hasMediaType(list []string, typ, subtype []byte) bool {
	for _, s := range list {
		t, sub, _ := bytes.Cut([]byte(s), []byte("/"))
		if bytes.EqualFold(t, typ) && (string(sub) == "*" || bytes.EqualFold(sub, subtype)) {
			return true
		}
	}
	return false
}

// accept refuses an INVITE that would not take a session description as an answer (§20.1). 400 would do as well (RFC 4475 §3.3.15); 406 says
// what is wrong.
func (c *checker) accept() {
	m := c.m
	if m.Method != MethodInvite || !m.Has(FieldAccept) {
		return
	}
	for s := range m.Values(FieldAccept) {
		typ, subtype, _, ok := mediaType(m.Text(s))
		any, anySub := string(typ) == "*", string(subtype) == "*"
		if ok && (any || equalFold(typ, "application")) && (anySub || equalFold(subtype, "sdp")) {
			return
		}
	}
	f, _ := m.Field(FieldAccept)
	c.addStatus(ViolationAccept, FieldOther, f.Value, SeverityFatal, 406)
}

// registration checks what a registrar looks at (§10.3): the address of record, and "Contact: *".
func (c *checker) registration() {
	m := c.m
	if m.Method != MethodRegister {
		return
	}
	if to := m.To(); len(to.URI.Scheme) > 0 && !to.URI.IsSIP() {
		f, _ := m.Field(FieldTo)
		c.add(ViolationRecordAddress, FieldOther, f.Value, SeverityFatal)
	}
	star, n := Span{}, 0
	for s := range m.Values(FieldContact) {
		n++
		if string(m.Text(s)) == "*" {
			star = s
		}
	}
	if star.IsEmpty() {
		return
	}
	if e, ok := m.Number(FieldExpires); n > 1 || !ok || e != 0 {
		c.add(ViolationStar, FieldOther, star, SeverityFatal)
	}
}
