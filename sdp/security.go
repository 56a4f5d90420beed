package sdp

// IsSecure reports whether the protocol of the section is a secured one: RTP/SAVP, RTP/SAVPF (RFC 3711, RFC 5124) or anything over TLS or DTLS.
func (m Media) IsSecure() bool {
	p := m.Proto()
	return hasProtoToken(p, "savp") || hasProtoToken(p, "savpf") || hasProtoToken(p, "tls") || hasProtoToken(p, "dtls")
}

// HasCrypto reports whether the section offers keys in the description itself (a=crypto, RFC 4568 §4). With a protocol that is not
// secured it means that encryption is a wish.
func (m Media) HasCrypto() bool { return m.has(attrCrypto) }

// Fingerprint returns the value of a=fingerprint, the hash of the certificate for DTLS-SRTP, of the section or else of the
// session, and whether there is one.
func (m Media) Fingerprint() ([]byte, bool) {
	if m.s == nil {
		return nil, false
	}
	a, id := m.s.firstAttribute(m.Lines(), attrFingerprint)
	if id == attrOther {
		a, id = m.s.firstAttribute(m.s.SessionLines(), attrFingerprint)
	}
	return a.Value, id != attrOther
}

// HasICE reports whether the section takes part in ICE: credentials of its own or of the session, or candidates (RFC 8839).
func (m Media) HasICE() bool { return m.hasWithSession(attrICEUfrag, attrICEPwd, attrCandidate) }
