package sip

// Challenge is a WWW-Authenticate or Proxy-Authenticate value; Credentials an Authorization or Proxy-Authorization value
// (RFC 3261 §20.7, §20.27, §20.28, §20.44). Both have a scheme and, in Digest, parameters separated by commas.
type Challenge struct {
	Scheme []byte
	Params Params
}

// Credentials have the same form as a Challenge.
type Credentials = Challenge

// ParseChallenge reads a value. It never fails.
func ParseChallenge(b []byte) Challenge {
	b = trimLWS(b)
	i := 0
	for i < len(b) && isToken(b[i]) {
		i++
	}
	return Challenge{Scheme: b[:i], Params: Params{raw: trimLWS(b[i:]), sep: ','}}
}

// IsDigest reports whether the scheme is Digest (RFC 7616).
func (c *Challenge) IsDigest() bool { return equalFold(c.Scheme, "Digest") }

// Get returns a parameter without quotes, and whether it is there.
func (c *Challenge) Get(name string) ([]byte, bool) {
	v, ok := c.Params.Get(name)
	return Unquote(v), ok
}

// Challenge returns the first challenge in a 401 or 407, the field that it stands in, and false if there is none.
func (m *Message) Challenge() (Challenge, FieldID, bool) {
	for _, id := range [...]FieldID{FieldProxyAuthenticate, FieldWWWAuthenticate} {
		if m.Has(id) {
			return ParseChallenge(m.Value(id)), id, true
		}
	}
	return Challenge{}, FieldOther, false
}

// Credentials returns the first credentials of a request, the field that they stand in, and false if there are none.
func (m *Message) Credentials() (Credentials, FieldID, bool) {
	for _, id := range [...]FieldID{FieldProxyAuthorization, FieldAuthorization} {
		if m.Has(id) {
			return ParseChallenge(m.Value(id)), id, true
		}
	}
	return Credentials{}, FieldOther, false
}
