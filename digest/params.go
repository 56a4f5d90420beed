package digest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. A value beyond them is refused; real ones are far below.
const (
	maxValue = 4096 // bytes of a header field value
	maxParam = 1024 // bytes of one parameter's value, without quotes and escapes
	maxCount = 32   // parameters of a value
)

// SyntaxError tells what is wrong with a header field value, and where.
type SyntaxError struct {
	What   string // "challenge", "credentials" or "authentication info"
	Offset int    // in bytes, into the value
	Text   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: %s at offset %d", e.What, e.Text, e.Offset)
}

// SchemeError tells that a challenge or credentials are of another scheme than Digest: a challenge to be ignored (RFC 8760 §2.4). Basic
// MUST NOT be used at all (RFC 3261 §22).
type SchemeError struct{ Scheme string }

func (e *SchemeError) Error() string {
	return fmt.Sprintf("the scheme is %q, not Digest", e.Scheme)
}

// scanner reads auth-params, "name=token" or "name=quoted-string", separated by commas (RFC 3261 §25.1):
//
//	auth-param = auth-param-name EQUAL ( token / quoted-string )
//
// It is for live traffic, and strict: only straight quotes are quotes, what is open must be closed, no control characters. It is lenient in
// what real devices do and what has one meaning only: quotes where the grammar has a token, a token where it has quotes, empty elements.
// The lenient reader for logs is that of package sip.
type scanner struct {
	what  string
	s     string
	at    int
	count int
	// the parameter that next found
	name, value string
	start       int // of the parameter
	quoted      bool
	err         *SyntaxError
}

func (p *scanner) fail(at int, format string, args ...any) bool {
	if p.err == nil {
		p.err = &SyntaxError{p.what, at, fmt.Sprintf(format, args...)}
	}
	return false
}

// skipSpace passes over SWS: blanks, tabs and folded line ends (a CR LF and white space, RFC 3261 §7.3.1).
func (p *scanner) skipSpace() {
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c == ' ' || c == '\t':
			p.at++
		case c == '\r' && strings.HasPrefix(p.s[p.at:], "\r\n") && p.at+2 < len(p.s) && (p.s[p.at+2] == ' ' || p.s[p.at+2] == '\t'):
			p.at += 3
		default:
			return
		}
	}
}

func (p *scanner) token() string {
	from := p.at
	for p.at < len(p.s) && isToken(p.s[p.at]) {
		p.at++
	}
	return p.s[from:p.at]
}

// scheme reads "Digest" LWS.
func (p *scanner) scheme() error {
	if len(p.s) > maxValue {
		p.fail(maxValue, "%d bytes, of which at most %d are read", len(p.s), maxValue)
		return p.err
	}
	p.skipSpace()
	scheme := p.token()
	if !strings.EqualFold(scheme, "Digest") {
		return &SchemeError{scheme}
	}
	from := p.at
	p.skipSpace()
	if p.at == from {
		p.fail(p.at, "no white space behind the scheme")
		return p.err
	}
	return nil
}

// next finds the next parameter; false at the end or at an error.
func (p *scanner) next() bool {
	if p.err != nil {
		return false
	}
	sep := p.count == 0
	for {
		p.skipSpace()
		if p.at == len(p.s) {
			return false
		}
		if p.s[p.at] != ',' {
			break
		}
		p.at++
		sep = true
	}
	if !sep {
		return p.fail(p.at, "no comma between parameters")
	}
	if p.count++; p.count > maxCount {
		return p.fail(p.at, "more than %d parameters", maxCount)
	}
	p.start = p.at
	p.name = p.token()
	if p.name == "" {
		return p.fail(p.at, "no parameter name but %s", show(p.s[p.at:]))
	}
	p.skipSpace()
	if p.at == len(p.s) || p.s[p.at] != '=' {
		return p.fail(p.at, "no \"=\" behind the parameter name %q", p.name)
	}
	p.at++
	p.skipSpace()
	if p.at < len(p.s) && p.s[p.at] == '"' {
		p.quoted = true
		return p.quotedString()
	}
	p.quoted = false
	from := p.at
	p.value = p.token()
	switch {
	case p.value == "" && p.at < len(p.s):
		return p.fail(p.at, "the value of %s begins with %s, neither a quote nor a token", p.name, show(p.s[p.at:]))
	case p.value == "":
		return p.fail(p.at, "%s has no value", p.name)
	case len(p.value) > maxParam:
		return p.fail(from, "%s has %d bytes, of which at most %d are read", p.name, len(p.value), maxParam)
	}
	return true
}

// quotedString reads a quoted-string and undoes its escapes. It allocates only if there is one.
func (p *scanner) quotedString() bool {
	open := p.at
	p.at++
	from := p.at
	var undone []byte
	for p.at < len(p.s) {
		c := p.s[p.at]
		switch {
		case c == '"':
			if undone != nil {
				p.value = string(undone)
			} else {
				p.value = p.s[from:p.at]
			}
			if len(p.value) > maxParam {
				return p.fail(open, "%s has %d bytes, of which at most %d are read", p.name, len(p.value), maxParam)
			}
			p.at++
			return true
		case c == '\\' && p.at+1 < len(p.s):
			if undone == nil {
				undone = append(make([]byte, 0, len(p.s)-from), p.s[from:p.at]...)
			}
			p.at++
			c = p.s[p.at]
			fallthrough
		default:
			// The grammar lets other control characters be escaped; nobody means one, and what passes here ends up in logs.
			if isControl(c) {
				return p.fail(p.at, "the control character %#02x in %s", c, p.name)
			}
			if undone != nil {
				undone = append(undone, c)
			}
			p.at++
		}
	}
	return p.fail(open, "the quote of %s is not closed", p.name)
}

// show shows the first character of what was found instead.
func show(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case size == 0:
		return "the end"
	case r >= '“' && r <= '‟' || r == '″':
		return fmt.Sprintf("%q (a quotation mark of a word processor)", r)
	}
	return fmt.Sprintf("%q", s[:size])
}

// isControl reports whether c may not stand in a quoted string. The tab is white space.
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func isToken(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
		return true
	}
	return c != 0 && strings.IndexByte("-.!%*_+`'~", c) >= 0
}

// appendQuoted appends name="value" with what has to be escaped escaped. A control character would let the value leave its quotes or its
// line; each is written as a blank, so that the answer does not fit any more and nothing else is harmed.
func appendQuoted(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), '=', '"')
	for i := range len(value) {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case isControl(c):
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func appendToken(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), '=')
	return append(dst, value...)
}

// params are names of parameters already read: a second one could show one value to us and another to whoever reads behind us.
type params uint32

func (p *scanner) once(seen *params, bit params) bool {
	if *seen&bit != 0 {
		return p.fail(p.start, "a second %s", p.name)
	}
	*seen |= bit
	return true
}
