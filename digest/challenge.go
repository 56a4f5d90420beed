package digest

import "strings"

// Challenge is a value of WWW-Authenticate or Proxy-Authenticate (RFC 7616 §3.3; RFC 3261 §20.27, §20.44).
type Challenge struct {
	Realm     string
	Nonce     string
	Opaque    string
	HasOpaque bool // an empty opaque is returned too
	Domain    string
	Algorithm Algorithm
	QOP       QOP // 0: the parameter is not there, as in RFC 2069
	Stale     bool
	// Proxy: it stands in Proxy-Authenticate. That is not part of the value; Field tells the name.
	Proxy bool
}

// Field returns the name of the header field that the challenge stands in.
func (c *Challenge) Field() string {
	if c.Proxy {
		return "Proxy-Authenticate"
	}
	return "WWW-Authenticate"
}

const (
	seenRealm params = 1 << iota
	seenNonce
	seenOpaque
	seenDomain
	seenAlgorithm
	seenQOP
	seenStale
	seenUsername
	seenURI
	seenResponse
	seenCNonce
	seenNC
)

// ParseChallenge reads a value. An algorithm that is not known is no error (Challenge.Algorithm is AlgorithmUnknown): that challenge is
// ignored, not the response that it came in (RFC 8760 §2.4). The error is a *SchemeError for another scheme, else a *SyntaxError.
func ParseChallenge(value []byte) (Challenge, error) {
	p := scanner{what: "challenge", s: string(value)}
	if err := p.scheme(); err != nil {
		return Challenge{}, err
	}
	var c Challenge
	var seen params
	for p.next() {
		switch {
		case strings.EqualFold(p.name, "realm"):
			p.once(&seen, seenRealm)
			c.Realm = p.value
		case strings.EqualFold(p.name, "nonce"):
			p.once(&seen, seenNonce)
			c.Nonce = p.value
		case strings.EqualFold(p.name, "opaque"):
			p.once(&seen, seenOpaque)
			c.Opaque, c.HasOpaque = p.value, true
		case strings.EqualFold(p.name, "domain"):
			p.once(&seen, seenDomain)
			c.Domain = p.value
		case strings.EqualFold(p.name, "algorithm"):
			p.once(&seen, seenAlgorithm)
			c.Algorithm = ParseAlgorithm(p.value)
		case strings.EqualFold(p.name, "qop"):
			p.once(&seen, seenQOP)
			c.QOP = parseQOP(p.value)
		case strings.EqualFold(p.name, "stale"):
			// "a case-insensitive flag"; anything but true is false (RFC 7616 §3.3).
			p.once(&seen, seenStale)
			c.Stale = strings.EqualFold(p.value, "true")
		}
	}
	switch {
	case p.err != nil:
	case seen&seenRealm == 0:
		p.fail(p.at, "no realm")
	case seen&seenNonce == 0:
		p.fail(p.at, "no nonce")
	}
	if p.err != nil {
		return Challenge{}, p.err
	}
	return c, nil
}

// AppendTo appends the value. What RFC 7616 §3.3 has in quotes is in quotes, and nothing else is. Parameters are joined by a comma without
// a blank: a challenge goes to whoever claims to have sent a request, and should be small.
func (c *Challenge) AppendTo(dst []byte) []byte {
	dst = appendQuoted(append(dst, "Digest "...), "realm", c.Realm)
	if c.Domain != "" {
		dst = appendQuoted(append(dst, ','), "domain", c.Domain)
	}
	dst = appendQuoted(append(dst, ','), "nonce", c.Nonce)
	if c.HasOpaque {
		dst = appendQuoted(append(dst, ','), "opaque", c.Opaque)
	}
	if c.Algorithm != AlgorithmUnnamed {
		dst = appendToken(append(dst, ','), "algorithm", c.Algorithm.String())
	}
	if q := c.QOP.String(); q != "" {
		dst = appendQuoted(append(dst, ','), "qop", q)
	}
	if c.Stale {
		dst = append(dst, ",stale=true"...)
	}
	return dst
}

// String returns the value.
func (c *Challenge) String() string { return string(c.AppendTo(nil)) }
