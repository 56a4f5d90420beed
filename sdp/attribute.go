package sdp

import "iter"

// Attribute is an a= line (RFC 8866 §5.13).
type Attribute struct {
	Name  []byte
	Value []byte // empty for a property attribute ("a=sendrecv")
	Line  Line
}

// attributeID names an attribute that this package reads.
type attributeID uint8

const (
	attrOther attributeID = iota
	attrRTPMap
	attrFMTP
	attrPtime
	attrMaxptime
	attrSendRecv
	attrSendOnly
	attrRecvOnly
	attrInactive
	attrRTCP
	attrRTCPMux
	attrCrypto
	attrFingerprint
	attrICEUfrag
	attrICEPwd
	attrCandidate
	attrBundleOnly
)

// attributeLength are the lengths of the names.
var attributeLength = [...]uint8{attrRTPMap: 6, attrFMTP: 4, attrPtime: 5, attrMaxptime: 8, attrSendRecv: 8, attrSendOnly: 8, attrRecvOnly: 8, attrInactive: 8,
	attrRTCP: 4, attrRTCPMux: 8, attrCrypto: 6, attrFingerprint: 11, attrICEUfrag: 9, attrICEPwd: 7, attrCandidate: 9, attrBundleOnly: 11}

func attributeNamed(name []byte) attributeID {
	switch string(name) {
	case "rtpmap":
		return attrRTPMap
	case "fmtp":
		return attrFMTP
	case "ptime":
		return attrPtime
	case "maxptime":
		return attrMaxptime
	case "sendrecv":
		return attrSendRecv
	case "sendonly":
		return attrSendOnly
	case "recvonly":
		return attrRecvOnly
	case "inactive":
		return attrInactive
	case "rtcp":
		return attrRTCP
	case "rtcp-mux":
		return attrRTCPMux
	case "crypto":
		return attrCrypto
	case "fingerprint":
		return attrFingerprint
	case "ice-ufrag":
		return attrICEUfrag
	case "ice-pwd":
		return attrICEPwd
	case "candidate":
		return attrCandidate
	case "bundle-only":
		return attrBundleOnly
	}
	return attrOther
}

// lookUpAttribute finds an attribute by name. Names are case-significant (RFC 8866 §5), but stacks are about that write
// "a=SendRecv" and mean it, so that is accepted; exact is false then.
func lookUpAttribute(name []byte) (id attributeID, exact bool) {
	if id = attributeNamed(name); id != attrOther {
		return id, true
	}
	var lower [len("fingerprint")]byte // the longest of the names
	if len(name) > len(lower) {
		return attrOther, true
	}
	for i, c := range name {
		lower[i] = lowerByte(c)
	}
	id = attributeNamed(lower[:len(name)])
	return id, id == attrOther
}

// attributeOf reads an a= line.
func (s *Session) attributeOf(l Line) Attribute {
	name, value, _ := cutByte(s.Value(l), ':')
	return Attribute{Name: name, Value: value, Line: l}
}

func (s *Session) attributes(lines []Line) iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		for _, l := range lines {
			if l.Type == 'a' && !yield(s.attributeOf(l)) {
				return
			}
		}
	}
}

// firstAttribute returns the first of the attributes in lines that is one of want.
func (s *Session) firstAttribute(lines []Line, want ...attributeID) (Attribute, attributeID) {
	for _, l := range lines {
		if l.Type != 'a' || !hasNameLike(s.Value(l), want) {
			continue
		}
		a := s.attributeOf(l)
		id, _ := lookUpAttribute(a.Name)
		if id == attrOther {
			continue
		}
		for _, w := range want {
			if id == w {
				return a, id
			}
		}
	}
	return Attribute{}, attrOther
}

// hasNameLike reports whether a name that ends the value of an a= line or stands before a colon in it is as long as one of want: few are.
func hasNameLike(value []byte, want []attributeID) bool {
	for _, w := range want {
		if n := int(attributeLength[w]); len(value) == n || len(value) > n && value[n] == ':' {
			return true
		}
	}
	return false
}

// namedAttribute returns the first of the attributes in lines with this name, in any case.
func (s *Session) namedAttribute(lines []Line, name string) (Attribute, bool) {
	for _, l := range lines {
		if l.Type != 'a' {
			continue
		}
		if a := s.attributeOf(l); len(a.Name) == len(name) && equalFoldString(a.Name, name) {
			return a, true
		}
	}
	return Attribute{}, false
}

func equalFoldString(b []byte, s string) bool {
	for i, c := range b {
		if lowerByte(c) != lowerByte(s[i]) {
			return false
		}
	}
	return true
}

// Attributes iterates over the attributes of the session part, in their order.
func (s *Session) Attributes() iter.Seq[Attribute] { return s.attributes(s.SessionLines()) }

// Attribute returns the first attribute of the session part with this name, in any case of letters.
func (s *Session) Attribute(name string) (Attribute, bool) {
	return s.namedAttribute(s.SessionLines(), name)
}

// Attributes iterates over the attributes of this media section, in their order.
func (m Media) Attributes() iter.Seq[Attribute] { return m.s.attributes(m.Lines()) }

// Attribute returns the first attribute of this media section with this name, in any case of letters. The session part is not
// looked at: which attributes of it hold for media is a matter of each attribute.
func (m Media) Attribute(name string) (Attribute, bool) { return m.s.namedAttribute(m.Lines(), name) }

// has reports whether the section has one of these attributes.
func (m Media) has(want ...attributeID) bool {
	_, id := m.s.firstAttribute(m.Lines(), want...)
	return id != attrOther
}

// hasWithSession reports whether the section or the session part has one of these attributes.
func (m Media) hasWithSession(want ...attributeID) bool {
	if m.s == nil {
		return false
	}
	if m.has(want...) {
		return true
	}
	_, id := m.s.firstAttribute(m.s.SessionLines(), want...)
	return id != attrOther
}
