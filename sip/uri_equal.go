package sip

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
)

// maxCompared is how many parameters, and how many headers, of a URI are compared one by one. The work grows with the square; a URI with more
// is equal only to one that is the same byte for byte.
const maxCompared = 32

// Equal compares two URIs by the rules of RFC 3261 §19.1.4; tel URIs by those of RFC 3966 §4, and others byte for byte. It is not transitive:
// a parameter that only one of two has may be ignored.
func (u *URI) Equal(v *URI) bool {
	if bytes.Equal(u.Raw, v.Raw) {
		return true
	}
	switch {
	case u.IsSIP() && v.IsSIP():
	case u.IsTel() && v.IsTel():
		return equalNumber(u.User, v.User) && equalParams(u.Params, v.Params, func(string) bool { return true })
	default:
		return false
	}
	return len(u.Scheme) == len(v.Scheme) && // a SIP and a SIPS URI are never equivalent
		equalEscaped(u.User, v.User, false) &&
		(u.Password == nil) == (v.Password == nil) && equalEscaped(u.Password, v.Password, false) &&
		equalHost(u.Host, v.Host) &&
		(u.PortText == nil) == (v.PortText == nil) && u.Port == v.Port &&
		equalParams(u.Params, v.Params, isDecisive) &&
		equalHeaders(u.Headers, v.Headers)
}

// AppendComparable appends the URI in a form that two URIs share only if they are Equal, for whoever has to compare one with another that he has not kept, but, say,
// a hash of. Case, escapes and the order of parameters do not change it, as in §19.1.4; but every parameter counts, also one that Equal ignores where only one of the two has
// it, and so does an "@" without a user.
func (u *URI) AppendComparable(dst []byte) []byte {
	odd := func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' } // what no URI has: parts would end elsewhere in another order
	params, ok := comparableParams(u.Params)
	if !u.IsSIP() || !ok || bytes.ContainsFunc(u.Raw, odd) {
		return append(dst, u.Raw...)
	}
	dst = append(appendLower(dst, u.Scheme), ':')
	dst = appendPlain(dst, u.User, false)
	if u.Password != nil {
		dst = appendPlain(append(dst, ':'), u.Password, false)
	}
	if u.HasAt {
		dst = append(dst, '@')
	}
	if a, ok := ipv6Of(u.Host); ok {
		dst = append(a.AppendTo(append(dst, '[')), ']')
	} else {
		dst = appendLower(dst, u.Host)
	}
	switch {
	case u.Port != 0:
		dst = strconv.AppendUint(append(dst, ':'), uint64(u.Port), 10)
	case u.PortText != nil:
		dst = append(append(dst, ':'), u.PortText...) // no port, whatever it is
	}
	slices.SortFunc(params, func(a, b comparableParam) int { return bytes.Compare(a.name, b.name) })
	for _, p := range params {
		dst = append(dst, p.text...)
	}
	if u.Headers != nil {
		dst = append(append(dst, '?'), u.Headers...)
	}
	return dst
}

// comparableParam is a parameter in the form in which it can be compared.
type comparableParam struct{ name, text []byte }

// comparableParams returns parameters in their order; false if no other order says the same: there are too many to look, or one is there twice, which no URI has (§19.1.1).
func comparableParams(p Params) ([]comparableParam, bool) {
	if countParams(p) > maxCompared {
		return nil, false
	}
	var params []comparableParam
	for p := range p.All {
		name := appendPlain(nil, p.Name, true)
		if slices.ContainsFunc(params, func(q comparableParam) bool { return bytes.Equal(q.name, name) }) {
			return nil, false
		}
		text := append([]byte{';'}, name...)
		if p.HasValue {
			text = appendPlain(append(text, '='), p.Value, !equalFold(p.Name, "method"))
		}
		params = append(params, comparableParam{name, text})
	}
	return params, true
}

// appendPlain appends a part of a URI with escapes only where they are not the same as their character, and in lower case if fold. A "%" that begins no escape is doubled, so
// that it begins none here either.
func appendPlain(dst, b []byte, fold bool) []byte {
	for len(b) > 0 {
		var c byte
		var escaped bool
		c, escaped, b = nextChar(b)
		switch {
		case escaped:
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		case c == '%':
			dst = append(dst, "%%"...)
		case fold && c >= 'A' && c <= 'Z':
			dst = append(dst, c|0x20)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// isDecisive reports whether a parameter that only one of two URIs has makes them differ.
func isDecisive(name string) bool {
	switch name {
	case "user", "ttl", "method", "maddr", "transport":
		return true
	}
	return false
}

// equalParams compares parameters in any order. decisive tells, of a name in lower case, whether it counts where only one of the two has it.
func equalParams(a, b Params, decisive func(string) bool) bool {
	if len(a.raw) == 0 && len(b.raw) == 0 {
		return true
	}
	if countParams(a) > maxCompared || countParams(b) > maxCompared {
		return bytes.Equal(a.raw, b.raw)
	}
	for p := range a.All {
		value, has := b.find(p.Name)
		if !has {
			if decisive(string(bytes.ToLower(p.Name))) {
				return false
			}
			continue
		}
		// A method is case-sensitive (§7.1), all else is not.
		if !equalEscaped(p.Value, value, !equalFold(p.Name, "method")) {
			return false
		}
	}
	for p := range b.All {
		if _, has := a.find(p.Name); !has && decisive(string(bytes.ToLower(p.Name))) {
			return false
		}
	}
	return true
}

func countParams(p Params) (n int) { return bytes.Count(p.raw, []byte(";")) }

// find returns the value of the first parameter of a name, with escapes undone for the comparison.
func (p Params) find(name []byte) (value []byte, ok bool) {
	for q := range p.All {
		if equalEscaped(q.Name, name, true) {
			return q.Value, true
		}
	}
	return nil, false
}

// equalHeaders compares the headers of two URIs in any order: each must be in both.
func equalHeaders(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	as, bs := bytes.Split(a, []byte("&")), bytes.Split(b, []byte("&"))
	if len(as) != len(bs) || len(as) > maxCompared {
		return false
	}
next:
	for _, x := range as {
		name, value, _ := bytes.Cut(x, []byte("="))
		for i, y := range bs {
			if y == nil {
				continue
			}
			n, v, _ := bytes.Cut(y, []byte("="))
			if equalEscaped(name, n, true) && equalEscaped(value, v, false) {
				bs[i] = nil
				continue next
			}
		}
		return false
	}
	return true
}

// equalEscaped compares two parts of a URI. A character that is not reserved is the same as its escape (§19.1.4).
func equalEscaped(a, b []byte, fold bool) bool {
	if len(a) == len(b) && bytes.Equal(a, b) {
		return true
	}
	for len(a) > 0 && len(b) > 0 {
		var x, y byte
		var ex, ey bool
		x, ex, a = nextChar(a)
		y, ey, b = nextChar(b)
		if ex != ey {
			return false
		}
		if x == y {
			continue
		}
		if !fold || x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return len(a) == len(b)
}

// nextChar returns the first character of b, and whether it is an escaped one that is not the same without its escape.
func nextChar(b []byte) (c byte, escaped bool, rest []byte) {
	if b[0] != '%' || len(b) < 3 || !isHex(b[1]) || !isHex(b[2]) {
		return b[0], false, b[1:]
	}
	c = unhex(b[1])<<4 | unhex(b[2])
	return c, bytes.IndexByte([]byte(";/?:@&=+$,%"), c) >= 0, b[3:] // RFC 2396 §2.2; "%25" is no "%", which would begin an escape
}

// equalHost compares hosts: names without regard to case, IPv6 addresses by their value.
func equalHost(a, b []byte) bool {
	if bytes.EqualFold(a, b) {
		return true
	}
	x, ok := ipv6Of(a)
	y, ok2 := ipv6Of(b)
	return ok && ok2 && x == y
}

// ipv6Of returns the address of a host that is an IPv6 address in its brackets.
func ipv6Of(host []byte) (netip.Addr, bool) {
	n := len(host)
	if n < 4 || host[0] != '[' || host[n-1] != ']' {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(host[1 : n-1]))
	return a, err == nil
}

// equalNumber compares telephone numbers without their visual separators (RFC 3966 §4).
func equalNumber(a, b []byte) bool {
	i, j := 0, 0
	for {
		for i < len(a) && isSeparator(a[i]) {
			i++
		}
		for j < len(b) && isSeparator(b[j]) {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if a[i]|0x20 != b[j]|0x20 {
			return false
		}
		i++
		j++
	}
}

// isSeparator reports whether c is a visual-separator (RFC 3966 §3).
func isSeparator(c byte) bool { return c == '-' || c == '.' || c == '(' || c == ')' }
