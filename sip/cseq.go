package sip

// CSeq is the CSeq header field (RFC 3261 §20.16).
type CSeq struct {
	Number     uint32
	Method     Method
	MethodName []byte
	// Valid: there is a number below 2**31 (§8.1.1.5) and a method.
	Valid bool
}

// CSeq returns the CSeq header field.
func (m *Message) CSeq() CSeq {
	v := m.Value(FieldCSeq)
	var c CSeq
	var n uint64
	i := 0
	for ; i < len(v) && isDigit(v[i]); i++ {
		if n < 1<<32 {
			n = n*10 + uint64(v[i]-'0')
		}
	}
	digits := i
	for i < len(v) && isLWS(v[i]) {
		i++
	}
	c.MethodName = v[i:] // Value has no white space at its end
	c.Method = ParseMethod(c.MethodName)
	if n < 1<<32 {
		c.Number = uint32(n)
	}
	c.Valid = digits > 0 && i > digits && n < 1<<31 && len(c.MethodName) > 0
	return c
}

// Number returns the value of a header field that is a number (Max-Forwards, Expires, RSeq …), and false if it is not there or is not
// one number up to 2**32-1.
func (m *Message) Number(id FieldID) (uint32, bool) {
	v := m.Value(id)
	if len(v) == 0 {
		return 0, false
	}
	var n uint64
	for i, c := range v {
		if !isDigit(c) {
			// Parameters and comments may follow (Retry-After: 120 (busy);duration=3600).
			if i > 0 && (c == ';' || c == '(' || isLWS(c)) {
				return uint32(n), true
			}
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n >= 1<<32 {
			return 0, false
		}
	}
	return uint32(n), true
}
