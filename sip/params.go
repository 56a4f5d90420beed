package sip

import "bytes"

// Params is a list of parameters as it stands in the message: ";lr;transport=udp" after a URI or a value, or
// "realm=\"a\", nonce=\"b\"" in a challenge. It is read when asked.
type Params struct {
	raw []byte
	sep byte // ';' or ','; 0 as ';'
}

// Param is one parameter. Value keeps its quotes; Unquote takes them away.
type Param struct {
	Name, Value []byte
	HasValue    bool // "lr" has none, "lr=" an empty one
}

// Raw returns the list as it stands in the message.
func (p Params) Raw() []byte { return p.raw }

// All calls yield with each parameter in order. Separators inside quotes do not separate.
func (p Params) All(yield func(Param) bool) {
	sep := p.sep
	if sep == 0 {
		sep = ';'
	}
	b := p.raw
	for len(b) > 0 {
		if b[0] == sep || isLWS(b[0]) {
			b = b[1:]
			continue
		}
		n := elementEnd(b, sep)
		el := b[:n]
		b = b[n:]
		q := Param{Name: trimLWS(el)}
		if i := bytes.IndexByte(el, '='); i >= 0 {
			q = Param{Name: trimLWS(el[:i]), Value: trimLWS(el[i+1:]), HasValue: true}
		}
		if !yield(q) {
			return
		}
	}
}

// Get returns the value of the first parameter of a name, in any case, and whether it is there.
func (p Params) Get(name string) (value []byte, ok bool) {
	sep := p.sep
	if sep == 0 {
		sep = ';'
	}
	for b := p.raw; len(b) > 0; {
		if b[0] == sep || isLWS(b[0]) {
			b = b[1:]
			continue
		}
		n := elementEnd(b, sep)
		el := b[:n]
		b = b[n:]
		if len(el) < len(name) || !equalFold(el[:len(name)], name) {
			continue // most are others
		}
		switch rest := trimLeftLWS(el[len(name):]); {
		case len(rest) == 0:
			return nil, true
		case rest[0] == '=':
			return trimLWS(rest[1:]), true
		}
	}
	return nil, false
}

// Has reports whether there is a parameter of the name.
func (p Params) Has(name string) bool {
	_, ok := p.Get(name)
	return ok
}

// elementEnd returns where the first element of b ends: at a separator that is not inside a quoted string or angle brackets, or at the end.
func elementEnd(b []byte, sep byte) int {
	angle := false
	for i := 0; i < len(b); i++ {
		if !marks[b[i]] {
			continue
		}
		switch c := b[i]; {
		case c == '"':
			i += quotedLen(b[i:]) - 1
		case c == 0xe2 && isCurlyQuote(b[i:]):
			if n := curlyLen(b[i:]); n > 0 {
				i += n - 1
			}
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == sep && !angle:
			return i
		}
	}
	return len(b)
}

// marks are the bytes that elementEnd looks at: the separators that it is asked for, and what hides one. Most bytes are none.
var marks = [256]bool{'"': true, '<': true, '>': true, ',': true, ';': true, '&': true, 0xe2: true}

// quotedLen returns the length of the quoted string that b begins with, quotes and all; all of b if the closing quote is missing.
func quotedLen(b []byte) int {
	n, _ := quoted(b)
	return n
}

// quoted also tells whether there is a closing quote.
func quoted(b []byte) (n int, closed bool) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return len(b), false
}

// isCurlyQuote reports whether b begins with a quotation mark that a web page or word processor put in place of a straight one: U+201C,
// U+201D, U+201E, U+201F, U+2033 (a double prime, after a digit), or « ».
func isCurlyQuote(b []byte) bool { return curlyQuoteLen(b) > 0 }

func curlyQuoteLen(b []byte) int {
	if len(b) >= 3 && b[0] == 0xe2 && b[1] == 0x80 && (b[2] >= 0x9c && b[2] <= 0x9f || b[2] == 0xb3) {
		return 3
	}
	return 0
}

// curlyLen returns the length of the string in curly quotes that b begins with; 0 if no closing one follows.
func curlyLen(b []byte) int {
	n := curlyQuoteLen(b)
	if n == 0 {
		return 0
	}
	for i := n; i < len(b); i++ {
		if k := curlyQuoteLen(b[i:]); k > 0 {
			return i + k
		}
		if b[i] == '"' {
			return i + 1
		}
	}
	return 0
}

// Unquote takes the quotes of a quoted string away, straight or curly, and undoes its escapes (RFC 3261 §25.1, quoted-pair). It
// allocates only if there is an escape.
func Unquote(b []byte) []byte {
	b = trimLWS(b)
	open := 0
	if len(b) > 0 && b[0] == '"' {
		open = 1
	} else {
		open = curlyQuoteLen(b)
	}
	if open == 0 {
		return b
	}
	b = b[open:]
	if n := len(b); n > 0 && b[n-1] == '"' {
		b = b[:n-1]
	} else if n >= 3 && isCurlyQuote(b[n-3:]) {
		b = b[:n-3]
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		out = append(out, b[i])
	}
	return out
}

// CurlyQuote is the first byte of any curly quotation mark.
const CurlyQuote = 0xe2

// HasCurlyQuotes reports whether b has a curly quotation mark. It is not a quote in SIP (RFC 3261 §25.1): somebody's web page
// or editor put it there.
func HasCurlyQuotes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, CurlyQuote)
		if i < 0 {
			return false
		}
		if isCurlyQuote(b[i:]) {
			return true
		}
		b = b[i+1:]
	}
}

// Values calls yield with the span of each value of a header field, over all its rows, and within a row at the commas
// where the field is a list (RFC 3261 §7.3.1).
func (m *Message) Values(id FieldID) func(yield func(Span) bool) {
	return func(yield func(Span) bool) {
		if !m.Has(id) {
			return
		}
		for _, f := range m.Fields[m.first[id]-1:] {
			if f.ID != id {
				continue
			}
			if !id.list() {
				if !yield(f.Value) {
					return
				}
				continue
			}
			v := m.Text(f.Value)
			for at := 0; at < len(v); {
				n := elementEnd(v[at:], ',')
				s, e := at, at+n
				for s < e && isLWS(v[s]) {
					s++
				}
				for e > s && isLWS(v[e-1]) {
					e--
				}
				if e > s && !yield(Span{f.Value.Start + uint32(s), f.Value.Start + uint32(e)}) {
					return
				}
				at += n + 1
			}
		}
	}
}
