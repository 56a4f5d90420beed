package digest

import (
	"strconv"
	"strings"
)

// Credentials are a value of Authorization or Proxy-Authorization (RFC 7616 §3.4; RFC 3261 §20.7, §20.28).
type Credentials struct {
	Username  string
	Realm     string
	Nonce     string
	URI       string // the Request-URI, exactly, with its parameters (RFC 3261 §22.4, 3)
	Response  string // hexadecimal digits
	Algorithm Algorithm
	QOP       QOP // one, or 0: none, as in RFC 2069
	NC        uint32
	CNonce    string
	Opaque    string
	HasOpaque bool
	// Proxy: they stand in Proxy-Authorization. That is not part of the value; Field tells the name.
	Proxy bool
}

// Field returns the name of the header field that the credentials stand in.
func (c *Credentials) Field() string {
	if c.Proxy {
		return "Proxy-Authorization"
	}
	return "Authorization"
}

// ParseCredentials reads a value. The error is a *SchemeError for another scheme, else a *SyntaxError: the request is owed a 400
// (RFC 7616 §3.4). The value is copied once, and the strings are parts of the copy.
//
// A hashed username (userhash, RFC 7616 §3.4.4) and username* are not read: no server of ours asks for them.
func ParseCredentials(value []byte) (Credentials, error) {
	p := scanner{what: "credentials", s: string(value)}
	if err := p.scheme(); err != nil {
		return Credentials{}, err
	}
	var c Credentials
	var seen params
	for p.next() {
		switch {
		case strings.EqualFold(p.name, "username"):
			p.once(&seen, seenUsername)
			c.Username = p.value
		case strings.EqualFold(p.name, "realm"):
			p.once(&seen, seenRealm)
			c.Realm = p.value
		case strings.EqualFold(p.name, "nonce"):
			p.once(&seen, seenNonce)
			c.Nonce = p.value
		case strings.EqualFold(p.name, "uri"):
			p.once(&seen, seenURI)
			c.URI = p.value
		case strings.EqualFold(p.name, "response"):
			p.once(&seen, seenResponse)
			c.Response = p.value
		case strings.EqualFold(p.name, "algorithm"):
			p.once(&seen, seenAlgorithm)
			c.Algorithm = ParseAlgorithm(p.value)
		case strings.EqualFold(p.name, "cnonce"):
			p.once(&seen, seenCNonce)
			c.CNonce = p.value
		case strings.EqualFold(p.name, "opaque"):
			p.once(&seen, seenOpaque)
			c.Opaque, c.HasOpaque = p.value, true
		case strings.EqualFold(p.name, "qop"):
			p.once(&seen, seenQOP)
			if c.QOP = parseQOP(p.value); c.QOP&(c.QOP-1) != 0 {
				p.fail(p.start, "several qops, %q, where one was to be chosen", p.value)
			}
		case strings.EqualFold(p.name, "nc"):
			p.once(&seen, seenNC)
			n, ok := parseNC(p.value)
			if !ok {
				p.fail(p.start, "nc is %q, not 8 hexadecimal digits in lower case", p.value)
			}
			c.NC = n
		case strings.EqualFold(p.name, "username*"):
			p.fail(p.start, "username* was not asked for")
		}
	}
	for _, m := range [...]struct {
		bit  params
		name string
	}{{seenUsername, "username"}, {seenRealm, "realm"}, {seenNonce, "nonce"}, {seenURI, "uri"}, {seenResponse, "response"}} {
		if p.err == nil && seen&m.bit == 0 {
			p.fail(p.at, "no %s", m.name)
		}
	}
	if p.err == nil && c.QOP != 0 {
		// "MUST be specified if a qop directive is sent" (RFC 2617 §3.2.2).
		switch {
		case seen&seenNC == 0:
			p.fail(p.at, "a qop but no nc")
		case seen&seenCNonce == 0:
			p.fail(p.at, "a qop but no cnonce")
		}
	}
	if p.err != nil {
		return Credentials{}, p.err
	}
	return c, nil
}

// parseNC reads 8LHEX (RFC 3261 §25.1). Upper case is refused, not mended: the text goes into the hash.
func parseNC(s string) (uint32, bool) {
	if len(s) != 8 || strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) >= 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return uint32(n), err == nil
}

func appendNC(dst []byte, nc uint32) []byte {
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[nc>>shift&0xf])
	}
	return dst
}

// AppendTo appends the value, its parameters in the order and with the commas of an SPA. What RFC 7616 §3.4 has in quotes is in quotes, and
// nothing else is.
func (c *Credentials) AppendTo(dst []byte) []byte {
	dst = appendQuoted(append(dst, "Digest "...), "username", c.Username)
	dst = appendQuoted(append(dst, ','), "realm", c.Realm)
	dst = appendQuoted(append(dst, ','), "nonce", c.Nonce)
	dst = appendQuoted(append(dst, ','), "uri", c.URI)
	if c.Algorithm != AlgorithmUnnamed {
		dst = appendToken(append(dst, ','), "algorithm", c.Algorithm.String())
	}
	dst = appendQuoted(append(dst, ','), "response", c.Response)
	if c.HasOpaque {
		dst = appendQuoted(append(dst, ','), "opaque", c.Opaque)
	}
	if q := c.QOP.String(); q != "" {
		dst = appendToken(append(dst, ','), "qop", q)
		dst = appendNC(append(dst, ",nc="...), c.NC)
	}
	if c.QOP != 0 || c.CNonce != "" {
		dst = appendQuoted(append(dst, ','), "cnonce", c.CNonce)
	}
	return dst
}

// String returns the value.
func (c *Credentials) String() string { return string(c.AppendTo(nil)) }
