package sip

import "bytes"

// Via is one value of a Via header field (RFC 3261 §20.42).
//
//	SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;received=198.51.100.7;rport=5060
type Via struct {
	Protocol  []byte // "SIP"
	Version   []byte // "2.0"
	Transport []byte // "UDP"
	Host      []byte // of sent-by; an IPv6 address with its brackets
	PortText  []byte
	Port      uint16 // of sent-by; 0: none, or not a number up to 65535
	Params    Params
}

// MagicCookie begins every branch of RFC 3261 (§8.1.1.7); without it a branch identifies nothing.
const MagicCookie = "z9hG4bK"

// ParseVia reads one value. It never fails; white space around "/" and ":" is allowed (§25.1).
func ParseVia(b []byte) Via {
	var v Via
	part := func(stop byte) []byte {
		b = trimLeftLWS(b)
		i := 0
		for i < len(b) && b[i] != '/' && b[i] != ';' && !isLWS(b[i]) {
			i++
		}
		p := b[:i]
		if stop != 0 {
			b = trimLeftLWS(b[i:])
			if len(b) > 0 && b[0] == stop {
				b = b[1:]
			}
			return p
		}
		b = b[i:]
		return p
	}
	v.Protocol = part('/')
	v.Version = part('/')
	v.Transport = part(0)
	b = trimLeftLWS(b)
	i := 0
	if len(b) > 0 && b[0] == '[' {
		if j := bytes.IndexByte(b, ']'); j >= 0 {
			i = j + 1
		}
	}
	for i < len(b) && b[i] != ':' && b[i] != ';' && !isLWS(b[i]) {
		i++
	}
	v.Host = b[:i]
	b = trimLeftLWS(b[i:])
	if len(b) > 0 && b[0] == ':' {
		b = trimLeftLWS(b[1:])
		j := 0
		for j < len(b) && b[j] != ';' && !isLWS(b[j]) {
			j++
		}
		v.PortText = b[:j]
		if n, ok := parseLength(v.PortText); ok && n <= 65535 {
			v.Port = uint16(n)
		}
		b = trimLeftLWS(b[j:])
	}
	v.Params = Params{raw: b}
	return v
}

// Branch returns the branch parameter, nil if there is none.
func (v *Via) Branch() []byte {
	b, _ := v.Params.Get("branch")
	return b
}

// TopVia returns the first Via value, and false if there is none.
func (m *Message) TopVia() (Via, bool) {
	for s := range m.Values(FieldVia) {
		return ParseVia(m.Text(s)), true
	}
	return Via{}, false
}

// ViaCount returns the number of Via values, over all rows: the number of hops that a request has behind it.
func (m *Message) ViaCount() int {
	n := 0
	for range m.Values(FieldVia) {
		n++
	}
	return n
}
