package digest

import "strings"

// AuthenticationInfo is a value of Authentication-Info or Proxy-Authentication-Info (RFC 7616 §3.5, RFC 3261 §20.6): what a server says in the
// response to a request that it accepted.
type AuthenticationInfo struct {
	NextNonce string // for the next request; "": go on with this one
	QOP       QOP
	RspAuth   string // proves that the server knows HA1 too: Credentials.ComputeRspAuth
	CNonce    string
	NC        uint32
}

// ParseAuthenticationInfo reads a value. The error is a *SyntaxError.
func ParseAuthenticationInfo(value []byte) (AuthenticationInfo, error) {
	p := scanner{what: "authentication info", s: string(value)}
	if len(value) > maxValue {
		p.fail(maxValue, "%d bytes, of which at most %d are read", len(value), maxValue)
	}
	var i AuthenticationInfo
	var seen params
	for p.next() {
		switch {
		case strings.EqualFold(p.name, "nextnonce"):
			p.once(&seen, seenNonce)
			i.NextNonce = p.value
		case strings.EqualFold(p.name, "qop"):
			p.once(&seen, seenQOP)
			i.QOP = parseQOP(p.value)
		case strings.EqualFold(p.name, "rspauth"):
			p.once(&seen, seenResponse)
			i.RspAuth = p.value
		case strings.EqualFold(p.name, "cnonce"):
			p.once(&seen, seenCNonce)
			i.CNonce = p.value
		case strings.EqualFold(p.name, "nc"):
			p.once(&seen, seenNC)
			n, ok := parseNC(p.value)
			if !ok {
				p.fail(p.start, "nc is %q, not 8 hexadecimal digits in lower case", p.value)
			}
			i.NC = n
		}
	}
	if p.err != nil {
		return AuthenticationInfo{}, p.err
	}
	return i, nil
}

// AppendTo appends the value.
func (i *AuthenticationInfo) AppendTo(dst []byte) []byte {
	from := len(dst)
	comma := func() {
		if len(dst) > from {
			dst = append(dst, ',')
		}
	}
	if i.NextNonce != "" {
		dst = appendQuoted(dst, "nextnonce", i.NextNonce)
	}
	if q := i.QOP.String(); q != "" {
		comma()
		dst = appendToken(dst, "qop", q)
	}
	if i.RspAuth != "" {
		comma()
		dst = appendQuoted(dst, "rspauth", i.RspAuth)
	}
	if i.CNonce != "" {
		comma()
		dst = appendQuoted(dst, "cnonce", i.CNonce)
	}
	if i.NC != 0 {
		comma()
		dst = appendNC(append(dst, "nc="...), i.NC)
	}
	return dst
}
