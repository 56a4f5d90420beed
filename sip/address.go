package sip

import "bytes"

// Address is a name-addr or addr-spec with its parameters, as in From, To, Contact, Route, Refer-To (RFC 3261 §20.10, §25.1).
//
//	"Alice" <sip:alice@example.com;lr>;tag=1
//	└──┬──┘  └───────────┬──────────┘ └──┬─┘
//	DisplayName         URI            Params
//
// Without angle brackets, parameters after the URI belong to the header field, not to the URI (§20.10).
type Address struct {
	DisplayName []byte // as written, with quotes if it has them
	URI         URI
	Params      Params
	// Bracketed: the URI stands in angle brackets.
	Bracketed bool
	// Star: the value is "*" (Contact in a REGISTER that removes all bindings, §10.2.2).
	Star bool
}

// ParseAddress reads one value of a header field. It never fails.
func ParseAddress(b []byte) Address {
	b = trimLWS(b)
	var a Address
	if len(b) == 1 && b[0] == '*' {
		a.Star = true
		return a
	}
	name := 0
	if len(b) > 0 && b[0] == '"' {
		name = quotedLen(b)
		if name == len(b) && bytes.IndexByte(b, '<') >= 0 {
			name = 0 // the closing quote is missing: the bracket still tells where the URI begins
		}
	} else if n := curlyLen(b); curlyQuoteLen(b) > 0 && n > 0 {
		name = n
	}
	if i := bytes.IndexByte(b[name:], '<'); i >= 0 {
		i += name
		a.Bracketed = true
		a.DisplayName = trimLWS(b[:i])
		rest := b[i+1:]
		j := bytes.IndexByte(rest, '>')
		if j < 0 {
			a.URI = ParseURI(trimLWS(rest))
			return a
		}
		a.URI = ParseURI(trimLWS(rest[:j]))
		a.Params = Params{raw: trimLWS(rest[j+1:])}
		return a
	}
	a.DisplayName = trimLWS(b[:name])
	b = trimLWS(b[name:])
	// A "?" begins a headers component, which is not allowed here (§20.10); the ";" after it belongs to the field all the same.
	from := 0
	if n := bytes.IndexByte(b, '['); n >= 0 {
		if k := maskedAddressLen(b[n:]); k > 0 {
			from = n + k
		}
	}
	if at := bytes.LastIndexByte(b, '@'); at > from {
		from = at
	}
	if i := bytes.IndexByte(b[from:], ';'); i >= 0 {
		a.URI = ParseURI(trimLWS(b[:from+i]))
		a.Params = Params{raw: b[from+i:]}
		return a
	}
	a.URI = ParseURI(b)
	return a
}

// Name returns the display name without quotes and escapes, nil if there is none.
func (a *Address) Name() []byte { return Unquote(a.DisplayName) }

// Tag returns the tag parameter, nil if there is none.
func (a *Address) Tag() []byte {
	v, _ := a.Params.Get("tag")
	return v
}

// From returns the From header field; the zero Address if there is none.
func (m *Message) From() Address { return ParseAddress(m.Value(FieldFrom)) }

// To returns the To header field.
func (m *Message) To() Address { return ParseAddress(m.Value(FieldTo)) }

// FromTag returns the tag in From, nil if there is none. It is cheaper than From.
func (m *Message) FromTag() []byte { return tagOf(m.Value(FieldFrom)) }

// ToTag returns the tag in To.
func (m *Message) ToTag() []byte { return tagOf(m.Value(FieldTo)) }

// tagOf finds ";tag=" after the URI without reading the rest. A tag is what a parser meets first in nine of ten messages.
func tagOf(v []byte) []byte {
	from := bytes.LastIndexByte(v, '>') + 1
	p := v[from:]
	for len(p) > 0 {
		i := bytes.IndexByte(p, ';')
		if i < 0 {
			return nil
		}
		p = p[i+1:]
		q := p
		for len(q) > 0 && isLWS(q[0]) {
			q = q[1:]
		}
		if len(q) > 3 && equalFold(q[:3], "tag") {
			q = trimLeftLWS(q[3:])
			if len(q) > 0 && q[0] == '=' {
				q = trimLeftLWS(q[1:])
				n := 0
				for n < len(q) && q[n] != ';' && q[n] != ',' && !isLWS(q[n]) {
					n++
				}
				return q[:n]
			}
		}
	}
	return nil
}

func trimLeftLWS(b []byte) []byte {
	for len(b) > 0 && isLWS(b[0]) {
		b = b[1:]
	}
	return b
}

// Contact returns the first value of Contact, and false if there is none.
func (m *Message) Contact() (Address, bool) {
	for s := range m.Values(FieldContact) {
		return ParseAddress(m.Text(s)), true
	}
	return Address{}, false
}

// RequestURI returns the Request-URI of a request.
func (m *Message) RequestURI() URI {
	u := m.Text(m.URISpan)
	if n := len(u); n > 1 && u[0] == '<' && u[n-1] == '>' {
		u = u[1 : n-1] // not allowed (RFC 4475 §3.1.2.7), and clear
	}
	return ParseURI(u)
}

// CallID returns the Call-ID, nil if there is none.
func (m *Message) CallID() []byte { return m.Value(FieldCallID) }
