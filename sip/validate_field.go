package sip

import "bytes"

// elements calls yield with each element of a list row, empty ones too.
func (c *checker) elements(f Field) func(yield func(Span) bool) {
	return func(yield func(Span) bool) {
		v := c.m.Text(f.Value)
		for at := 0; ; {
			n := elementEnd(v[at:], ',')
			s, e := at, at+n
			for s < e && isLWS(v[s]) {
				s++
			}
			for e > s && isLWS(v[e-1]) {
				e--
			}
			if !yield(Span{f.Value.Start + uint32(s), f.Value.Start + uint32(e)}) {
				return
			}
			if at += n + 1; at > len(v) {
				return
			}
		}
	}
}

// vias checks all Via values (§20.42), the branch of the first (§8.1.1.7), and of a response whether it may be passed on.
func (c *checker) vias() {
	m := c.m
	n := 0
	for _, f := range m.Fields {
		if f.ID != FieldVia {
			continue
		}
		for s := range c.elements(f) {
			if s.IsEmpty() {
				c.add(ViolationEmptyValue, FieldVia, f.Value, SeverityFatal)
				break
			}
			n++
			c.via(s, n == 1)
		}
	}
	if m.Kind == KindResponse && c.Role != RoleProxy && n > 1 {
		c.add(ViolationViaCount, FieldOther, m.Fields[m.first[FieldVia]-1].Value, SeverityFatal)
	}
}

func (c *checker) via(s Span, top bool) {
	m := c.m
	v := ParseVia(m.Text(s))
	loose := false
	good := isTokenAll(v.Protocol) && isTokenAll(v.Version) && isTokenAll(v.Transport) && (v.PortText == nil || isPort(v.PortText))
	switch hostOf(v.Host) {
	case hostBad, hostIPv6Bare:
		good = good && Masked(v.Host)
	case hostIPv6Colons:
		c.add(ViolationIPv6Colons, FieldVia, s, SeverityTolerated)
	case hostLoose:
		loose = true
	}
	var branch []byte
	hasBranch, brackets := false, false
	worst := paramsOf(v.Params.raw)
	for p := range v.Params.All {
		switch {
		case equalFold(p.Name, "branch"):
			branch, hasBranch = p.Value, true
			good = good && isTokenAll(branch)
		case equalFold(p.Name, "ttl"):
			n, ok := parseLength(p.Value)
			good = good && ok && n <= 255 && len(p.Value) <= 3
		case equalFold(p.Name, "maddr"):
			good = good && (hostOf(p.Value) != hostBad || Masked(p.Value))
		case equalFold(p.Name, "rport"): // RFC 3581 §5
			good = good && (!p.HasValue || isPort(p.Value))
		case equalFold(p.Name, "received"):
			switch hostOf(p.Value) {
			case hostIPv6:
				brackets = true
			case hostIPv4, hostIPv6Bare:
			default:
				good = good && Masked(p.Value)
			}
		}
	}
	if !good || worst != paramsGood {
		c.add(ViolationVia, FieldOther, s, SeverityFatal)
		return
	}
	if loose {
		c.add(ViolationHostName, FieldVia, s, SeverityTolerated)
	}
	if brackets {
		c.add(ViolationReceived, FieldOther, s, SeverityTolerated)
	}
	if !equalFold(v.Protocol, "SIP") || string(v.Version) != "2.0" {
		c.add(ViolationViaVersion, FieldOther, s, SeverityFatal)
	}
	if m.Kind == KindResponse {
		for _, h := range [...][]byte{v.Host, paramValue(v.Params, "received"), paramValue(v.Params, "maddr")} {
			if string(h) == "255.255.255.255" {
				c.add(ViolationBroadcast, FieldOther, s, SeverityFatal)
			}
		}
	}
	if !top {
		return
	}
	switch {
	case !hasBranch:
		c.add(ViolationNoBranch, FieldOther, s, SeverityTolerated)
	case len(branch) < len(MagicCookie) || !equalFold(branch[:len(MagicCookie)], MagicCookie):
		c.add(ViolationBranchCookie, FieldOther, s, SeverityTolerated)
	case len(branch) == len(MagicCookie):
		c.add(ViolationBranchEmpty, FieldOther, s, SeverityRepairable)
	}
}

func paramValue(p Params, name string) []byte {
	v, _ := p.Get(name)
	return v
}

// needless reports whether a field is one that a proxy does not need, and so leaves as it is (§16.3, item 1).
func (c *checker) needless(id FieldID) bool {
	if c.Role != RoleProxy {
		return false
	}
	switch id {
	case FieldVia, FieldFrom, FieldTo, FieldCallID, FieldCSeq, FieldRoute, FieldRecordRoute, FieldMaxForwards, FieldContentLength,
		FieldProxyRequire, FieldProxyAuthorization:
		return false
	}
	return true
}

// report adds a violation of a header field, milder in a proxy that does not need the field.
func (c *checker) report(code ViolationCode, id FieldID, s Span, sev Severity) {
	if c.needless(id) {
		sev = SeverityTolerated
	}
	c.add(code, id, s, sev)
}

// address checks a field that has one address in one row.
func (c *checker) address(id FieldID) {
	f, ok := c.m.Field(id)
	if !ok || f.Value.IsEmpty() {
		return
	}
	c.nameAddr(id, f.Value)
	if id == FieldFrom || id == FieldTo && c.m.Kind == KindResponse && c.m.Status > 100 {
		if len(TagOf(c.m.Text(f.Value))) == 0 {
			c.add(ViolationNoTag, id, f.Value, SeverityTolerated) // RFC 2543 did without
		}
	}
}

// addresses checks a field that is a list of addresses.
func (c *checker) addresses(id FieldID) {
	if !c.m.Has(id) {
		return
	}
	for _, f := range c.m.Fields {
		if f.ID != id {
			continue
		}
		for s := range c.elements(f) {
			if s.IsEmpty() {
				c.report(ViolationEmptyValue, id, f.Value, SeverityFatal)
				break
			}
			c.nameAddr(id, s)
		}
	}
}

// nameAddr checks ( name-addr / addr-spec ) *( SEMI generic-param ) (§25.1).
func (c *checker) nameAddr(id FieldID, s Span) {
	b := c.m.Text(s)
	if len(b) == 1 && b[0] == '*' && id == FieldContact {
		return
	}
	name, uri, params, bracketed := splitAddress(b)
	if bracketed {
		display := trimLWS(b[:name])
		ok, open := quotedForm(display)
		switch {
		case open:
			// The closing quote can be inferred if only one bracket can begin the URI (RFC 4475 §3.1.2.6).
			sev := SeverityRepairable
			if bytes.Count(b, []byte("<")) > 1 {
				sev = SeverityFatal
			}
			c.report(ViolationQuote, id, s, sev)
		case ok, Masked(display):
		default:
			for _, ch := range display {
				if !isToken(ch) && !isLWS(ch) {
					c.report(ViolationDisplayName, id, s, SeverityRepairable)
					break
				}
			}
		}
		if 1+name+len(uri) >= len(b) { // no ">"
			c.report(ViolationAddress, id, s, SeverityFatal)
			return
		}
	} else {
		if name > 0 {
			c.report(ViolationAddress, id, s, SeverityFatal)
			return
		}
		// RFC 3261 §20: a URI with a comma, question mark or semicolon must be in brackets; in routes every one must (§20.34).
		if uri = trimLWS(uri); !Masked(uri) &&
			(bytes.ContainsAny(uri, "?,") || id == FieldRoute || id == FieldRecordRoute || id == FieldPath || id == FieldServiceRoute) {
			c.report(ViolationAddressBrackets, id, s, SeverityRepairable)
		}
	}
	trimmed := trimLWS(uri)
	form := uriOf(trimmed)
	if form == uriBlanks || len(trimmed) != len(uri) {
		c.report(ViolationAddressBlanks, id, s, SeverityRepairable)
	}
	switch form {
	case uriBad:
		c.report(ViolationAddress, id, s, SeverityFatal)
	case uriParts:
		c.report(ViolationURIParts, id, s, SeverityRepairable)
	case uriColons:
		c.report(ViolationIPv6Colons, id, s, SeverityTolerated)
	case uriLoose:
		c.report(ViolationHostName, id, s, SeverityTolerated)
	}
	switch paramsOf(params) {
	case paramsEmpty:
		c.report(ViolationParameter, id, s, SeverityFatal)
	case paramsBad:
		c.report(ViolationParameter, id, s, SeverityRepairable)
	case paramsOpen:
		c.report(ViolationQuote, id, s, SeverityRepairable)
	}
	if id != FieldContact {
		return
	}
	p := Params{raw: params}
	if q, has := p.Get("q"); has && !isQValue(q) {
		c.report(ViolationQValue, id, s, SeverityRepairable)
	}
	if e, has := p.Get("expires"); has && !isSeconds(e) {
		c.report(ViolationNumber, id, s, SeverityRepairable)
	}
}

// callID checks Call-ID (§20.8).
func (c *checker) callID() {
	f, ok := c.m.Field(FieldCallID)
	if v := c.m.Text(f.Value); ok && len(v) > 0 && !isCallID(v) && !Masked(v) {
		c.add(ViolationCallID, FieldOther, f.Value, SeverityRepairable)
	}
}

// cseq checks CSeq (§8.1.1.5, §20.16).
func (c *checker) cseq() {
	m := c.m
	f, ok := m.Field(FieldCSeq)
	if !ok || f.Value.IsEmpty() {
		return
	}
	q := m.CSeq()
	v := m.Text(f.Value)
	n := 0
	for n < len(v) && isDigit(v[n]) {
		n++
	}
	switch {
	case !isSeconds(v[:n]) || n == len(v) || !isLWS(v[n]) || !isTokenAll(q.MethodName):
		c.add(ViolationCSeq, FieldOther, f.Value, SeverityFatal)
	case q.Number >= 1<<31:
		c.add(ViolationCSeqLarge, FieldOther, f.Value, SeverityRepairable)
	}
	if m.Kind == KindRequest && !m.MethodSpan.IsEmpty() && !bytes.Equal(q.MethodName, m.Text(m.MethodSpan)) {
		// A method that nobody here knows may have its reasons: 501 has the better future (RFC 4475 §3.1.2.18).
		status := 400
		if m.Method == MethodOther && !oneOf(c.Methods, m.MethodName(), false) {
			status = 501
		}
		c.addStatus(ViolationCSeqMethod, FieldOther, f.Value, SeverityFatal, status)
	}
}

// maxForwards checks the form of Max-Forwards (§20.22).
func (c *checker) maxForwards() {
	f, ok := c.m.Field(FieldMaxForwards)
	if !ok {
		return
	}
	v := c.m.Text(f.Value)
	if n, number := parseLength(v); !number || n > 255 {
		// An element may go on as if the field were not there (RFC 4475 §3.1.2.4).
		c.add(ViolationMaxForwards, FieldOther, f.Value, SeverityRepairable)
	}
}

// otherFields checks the fields on which processing rarely hangs. A response has no others to be refused for.
func (c *checker) otherFields() {
	m := c.m
	for _, f := range m.Fields {
		v := m.Text(f.Value)
		switch f.ID {
		case FieldContact, FieldRecordRoute, FieldPath, FieldServiceRoute:
			for s := range c.elements(f) {
				if s.IsEmpty() {
					c.report(ViolationEmptyValue, f.ID, f.Value, SeverityFatal)
					break
				}
				c.nameAddr(f.ID, s)
			}
		case FieldReferTo, FieldReferredBy:
			c.nameAddr(f.ID, f.Value)
		case FieldExpires, FieldMinExpires:
			if !isSeconds(v) {
				c.report(ViolationNumber, f.ID, f.Value, SeverityRepairable)
			}
		case FieldRSeq:
			if !isSeconds(v) {
				c.report(ViolationNumber, f.ID, f.Value, SeverityRepairable)
			}
		case FieldRetryAfter:
			// RFC 3261 gives no bound, but a number of seconds that no clock reaches is none.
			if _, ok := m.Number(FieldRetryAfter); !ok {
				c.report(ViolationNumber, f.ID, f.Value, SeverityRepairable)
			}
		case FieldDate:
			if !isSIPDate(v) {
				c.report(ViolationDate, FieldDate, f.Value, SeverityRepairable)
			}
		case FieldWarning:
			for s := range c.elements(f) {
				if !isWarning(m.Text(s)) {
					c.report(ViolationWarning, FieldOther, s, SeverityRepairable)
				}
			}
		case FieldAllow, FieldSupported, FieldRequire, FieldProxyRequire, FieldUnsupported:
			if f.Value.IsEmpty() && (f.ID == FieldAllow || f.ID == FieldSupported) {
				continue // the list may be empty (§25.1)
			}
			for s := range c.elements(f) {
				if !isTokenAll(m.Text(s)) {
					c.report(ViolationToken, f.ID, f.Value, SeverityRepairable)
					break
				}
			}
		case FieldContentType:
			if _, _, params, ok := mediaType(v); !ok || paramsOf(params) != paramsGood {
				c.report(ViolationContentType, FieldOther, f.Value, SeverityRepairable)
			}
		}
	}
	if !m.Body.IsEmpty() && !m.Has(FieldContentType) && m.DeclaredLength > 0 {
		c.report(ViolationNoContentType, FieldContentType, m.Blank, SeverityRepairable)
	}
}

// isWarning reports whether b is a warning-value: warn-code SP warn-agent SP warn-text.
func isWarning(b []byte) bool {
	if len(b) < 7 || !isDigits(b[:3]) || b[3] != ' ' {
		return false
	}
	agent, text, ok := bytes.Cut(b[4:], []byte(" "))
	if quoted, _ := quotedForm(text); !ok || !quoted {
		return false
	}
	host, port := agent, []byte(nil)
	if i := bytes.LastIndexByte(agent, ':'); i >= 0 && hostOf(agent) == hostBad {
		if host, port = agent[:i], agent[i+1:]; !isPort(port) {
			return false
		}
	}
	return isTokenAll(host) || hostOf(host) != hostBad
}
