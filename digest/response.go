package digest

// HA1 returns H(username ":" realm ":" password) in hexadecimal digits (RFC 7616 §3.4.2): what a server keeps in place of a password. It is
// the same for "-sess", whose A1 is made from it and the nonces. It is "" for AlgorithmUnknown.
func HA1(a Algorithm, username, realm, password string) string {
	b := append(make([]byte, 0, 128), username...)
	b = append(append(b, ':'), realm...)
	b = append(append(b, ':'), password...)
	return string(a.appendHash(nil, b))
}

// Compute returns the response that the credentials must have (RFC 7616 §3.4.1, RFC 2617 §3.2.2.1 without qop), from HA1 and the method of
// the request; everything else stands in the credentials. The body counts only for QOPAuthInt. It is "" for AlgorithmUnknown.
func (c *Credentials) Compute(ha1, method string, body []byte) string {
	var h hasher
	return string(h.response(c, ha1, method, body))
}

// ComputeRspAuth returns what the server proves itself with (RFC 7616 §3.5): the same without the method in A2.
func (c *Credentials) ComputeRspAuth(ha1 string, body []byte) string {
	return c.Compute(ha1, "", body)
}

// hasher computes responses in storage of its own, and counts the hashes.
type hasher struct {
	hashes uint64
	buf    []byte
	out    [maxHexLen]byte
	a1, a2 [maxHexLen]byte
}

func (h *hasher) hash(a Algorithm, dst []byte) []byte {
	h.hashes++
	return a.appendHash(dst[:0], h.buf)
}

// response computes the response; it is valid until the next call.
func (h *hasher) response(c *Credentials, ha1, method string, body []byte) []byte {
	a := c.Algorithm
	key := append(h.a1[:0], ha1[:min(len(ha1), maxHexLen)]...)
	if a.Session() {
		// A1 = H( … ) ":" nonce-prime ":" cnonce-prime
		h.buf = append(h.buf[:0], key...)
		h.buf = append(append(h.buf, ':'), c.Nonce...)
		h.buf = append(append(h.buf, ':'), c.CNonce...)
		key = h.hash(a, h.a1[:])
	}
	// A2 = Method ":" request-uri [ ":" H(entity-body) ]
	var entity []byte
	if c.QOP == QOPAuthInt {
		h.buf = append(h.buf[:0], body...)
		entity = h.hash(a, h.out[:])
	}
	h.buf = append(h.buf[:0], method...)
	h.buf = append(append(h.buf, ':'), c.URI...)
	if entity != nil {
		h.buf = append(append(h.buf, ':'), entity...)
	}
	ha2 := h.hash(a, h.a2[:])
	// KD(H(A1), nonce [ ":" nc ":" cnonce ":" qop ] ":" H(A2))
	h.buf = append(h.buf[:0], key...)
	h.buf = append(append(h.buf, ':'), c.Nonce...)
	if c.QOP != 0 {
		h.buf = appendNC(append(h.buf, ':'), c.NC)
		h.buf = append(append(h.buf, ':'), c.CNonce...)
		h.buf = append(append(h.buf, ':'), c.QOP.String()...)
	}
	h.buf = append(append(h.buf, ':'), ha2...)
	return h.hash(a, h.out[:])
}
