package sip

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

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
	name, uri, params, bracketed := splitAddress(b)
	a.Bracketed = bracketed
	a.DisplayName = trimLWS(b[:name])
	a.URI = ParseURI(trimLWS(uri))
	a.Params = Params{raw: params}
	return a
}

// UserOf returns the user of an address as nearly all are written, `Alice <sip:alice@example.com>`: what ParseAddress would find, where nothing of it is quoted,
// escaped or hidden. Of any other it returns nil.
func UserOf(v []byte) []byte {
	open := plainName(v)
	if len(v)-open < 6 || string(v[open:open+5]) != "<sip:" {
		return nil
	}
	b := v[open+5:]
	n := 0
	for n < len(b) && charClass[b[n]]&(classToken|classHex) != 0 && b[n] != '%' && b[n] != '*' {
		n++
	}
	if n == 0 || n == len(b) || b[n] != '@' {
		return nil
	}
	end, host := n+1, 0
	for ; end < len(b) && (charClass[b[end]]&classToken != 0 && b[end] != '*' || b[end] == ':'); end++ {
		if b[end] == ':' && host == 0 {
			host = end // its end
		}
	}
	if host == 0 {
		host = end
	}
	if end == len(b) || b[end] != '>' || Masked(b[:n]) || Masked(b[n+1:host]) {
		return nil
	}
	return b[:n:n]
}

// splitAddress finds the end of the display name, the URI and the parameters in a value that has no white space around it.
func splitAddress(b []byte) (name int, uri, params []byte, bracketed bool) {
	if i := openBracket(b); i >= 0 {
		rest := b[i+1:]
		j := bytes.IndexByte(rest, '>')
		if j < 0 {
			return i, rest, nil, true
		}
		return i, rest[:j], trimLeftLWS(rest[j+1:]), true
	}
	if len(b) > 0 && b[0] == '"' {
		name = quotedLen(b)
	} else {
		name = curlyLen(b)
	}
	// Without brackets the first ";" ends the URI (§20.10), but for one inside the mask "[email&nbsp;protected]".
	b = b[name:]
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '[':
			i += max(maskedAddressLen(b[i:])-1, 0)
		case ';':
			return name, b[:i], b[i:], false
		}
	}
	return name, b, nil, false
}

// openBracket returns where the "<" is that begins the URI: the first outside quotes, straight or curly. Where the closing quote is
// missing, the bracket still tells where the URI begins. -1 if there is none.
func openBracket(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '<':
			return i
		case c == '"':
			n, closed := quoted(b[i:])
			if !closed {
				if j := bytes.IndexByte(b[i:], '<'); j >= 0 {
					return i + j
				}
				return -1
			}
			i += n - 1
		case c >= 0xe2:
			if n := curlyLen(b[i:]); n > 0 {
				i += n - 1
			}
		}
	}
	return -1
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
func (m *Message) FromTag() []byte { return TagOf(m.Value(FieldFrom)) }

// ToTag returns the tag in To.
func (m *Message) ToTag() []byte { return TagOf(m.Value(FieldTo)) }

// TagOf returns the tag in a value of From or To, nil if there is none, without reading the URI.
func TagOf(v []byte) []byte {
	// Nearly always there are no quotes before the URI, and the value ends in ">" or in ">;tag=" and the tag.
	if open := plainName(v); open < len(v) && v[open] == '<' {
		uri := v[open:]
		end := bytes.IndexByte(uri, '>')
		if end == len(uri)-1 {
			return nil
		}
		if tail := uri[end+1:]; end > 0 && len(tail) > 5 && string(tail[:5]) == ";tag=" && !isLWS(tail[5]) && !hasSemicolonOrQuote(tail[5:]) {
			return tail[5:]
		}
	}
	_, _, params, _ := splitAddress(v)
	if len(params) > 5 && string(params[:5]) == ";tag=" && bytes.IndexByte(params[5:], ';') < 0 &&
		bytes.IndexByte(params, '"') < 0 && !isLWS(params[5]) {
		return params[5:] // nearly always
	}
	p := Params{raw: params}
	t, _ := p.Get("tag")
	return t
}

// hasSemicolonOrQuote reports whether another parameter or a quoted string may be in b.
func hasSemicolonOrQuote(b []byte) bool {
	// Eight bytes at a time: what is looked for becomes a zero byte, which borrows.
	const each = 0x0101010101010101
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		x, y := w^';'*each, w^'"'*each
		if ((x-each)&^x|(y-each)&^y)&(each<<7) != 0 {
			return true
		}
		b = b[8:]
	}
	for _, c := range b {
		if c == ';' || c == '"' {
			return true
		}
	}
	return false
}

// plainName returns where a display name without quotation marks, straight or curly, ends: before "<", or before the first such mark.
func plainName(b []byte) int {
	const each = 0x0101010101010101
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		// Eight bytes at a time: what is looked for becomes a zero byte, which borrows; so may a byte behind it, but none before.
		w := binary.LittleEndian.Uint64(b[i:])
		x, y := w^'<'*each, w^'"'*each
		if found := ((x-each)&^x | (y-each)&^y | w) & (each << 7); found != 0 {
			i += bits.TrailingZeros64(found) >> 3
			break
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '<' || c == '"' || c >= 0xe2 {
			break
		}
	}
	return i
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
