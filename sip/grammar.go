package sip

import (
	"bytes"
	"net/netip"
	"strings"
)

// The productions of RFC 3261 §25.1 that the validator checks. Each takes the bytes of one construct, whole.

func isTokenAll(b []byte) bool { return len(b) > 0 && allOf(b, classToken, false) }

func isDigits(b []byte) bool { return len(b) > 0 && allOf(b, classDigit, false) }

// hostForm says what a host is.
type hostForm uint8

const (
	hostBad        hostForm = iota
	hostName                // hostname
	hostIPv4                // IPv4address
	hostIPv6                // IPv6reference, with brackets
	hostIPv6Bare            // IPv6address, without brackets: the form of "received" only
	hostIPv6Colons          // "[2001:db8:::192.0.2.1]", which the grammar of RFC 3261 allows by mistake (RFC 5118 §4.10)
	hostLoose               // a hostname with "_", or with a last label that begins with a digit: not by the grammar, and met everywhere
)

// hostOf classifies a host.
func hostOf(b []byte) hostForm {
	if len(b) == 0 || len(b) > 255 {
		return hostBad
	}
	if b[0] == '[' {
		if b[len(b)-1] != ']' {
			return hostBad
		}
		in := b[1 : len(b)-1]
		if isIPv6(in) {
			return hostIPv6
		}
		if i := bytes.Index(in, []byte(":::")); i >= 0 && isIPv6(append(append([]byte(nil), in[:i]...), in[i+1:]...)) {
			return hostIPv6Colons
		}
		return hostBad
	}
	if bytes.IndexByte(b, ':') >= 0 {
		if isIPv6(b) {
			return hostIPv6Bare
		}
		return hostBad
	}
	if isIPv4(b) {
		return hostIPv4
	}
	form := hostName
	b = bytes.TrimSuffix(b, []byte(".")) // hostname = *( domainlabel "." ) toplabel [ "." ]
	for more := true; more; {
		var label []byte
		label, b, more = bytes.Cut(b, []byte("."))
		if len(label) == 0 || label[0] == '-' || label[len(label)-1] == '-' {
			return hostBad
		}
		for _, c := range label {
			switch {
			case isAlpha(c) || isDigit(c) || c == '-':
			case c == '_':
				form = hostLoose
			default:
				return hostBad
			}
		}
		if !more && !isAlpha(label[0]) {
			form = hostLoose
		}
	}
	return form
}

// isIPv6 reports whether b is an IPv6address in the grammar of RFC 4291, which RFC 5118 §4.10 asks for.
func isIPv6(b []byte) bool {
	if len(b) < 2 || len(b) > 45 || bytes.IndexByte(b, ':') < 0 || bytes.IndexByte(b, '%') >= 0 {
		return false
	}
	a, err := netip.ParseAddr(string(b))
	return err == nil && a.Is6()
}

// isIPv4 reports whether b is four groups of one to three digits; the grammar puts no bound on their value.
func isIPv4(b []byte) bool {
	groups := 0
	for more := true; more; groups++ {
		var g []byte
		g, b, more = bytes.Cut(b, []byte("."))
		if len(g) > 3 || !isDigits(g) {
			return false
		}
	}
	return groups == 4
}

// isPort reports whether b is a port that exists.
func isPort(b []byte) bool {
	n, ok := parseLength(b)
	return ok && n <= 65535
}

// quotedForm reports whether b is one quoted-string and nothing else, and whether its closing quote is missing. CR and LF cannot be
// escaped.
func quotedForm(b []byte) (ok, open bool) {
	if len(b) == 0 || b[0] != '"' {
		return false, false
	}
	n, closed := quoted(b)
	if !closed {
		return false, true
	}
	if n != len(b) {
		return false, false
	}
	in := b[1 : n-1]
	for i := 0; i < len(in); i++ {
		switch c := in[i]; {
		case c == '\\':
			i++
			if i == len(in) || in[i] == '\r' || in[i] == '\n' || in[i] >= 0x80 {
				return false, false
			}
		case c < ' ' && !isLWS(c), c == 0x7f:
			return false, false
		}
	}
	return true, false
}

// isGenValue reports whether b is a gen-value: token, host or quoted-string.
func isGenValue(b []byte) bool {
	if isTokenAll(b) {
		return true
	}
	if ok, _ := quotedForm(b); ok {
		return true
	}
	return hostOf(b) != hostBad
}

// isQValue reports whether b is a qvalue: 0 to 1 with up to three decimals.
func isQValue(b []byte) bool {
	if len(b) == 0 || len(b) > 5 || b[0] != '0' && b[0] != '1' || len(b) > 1 && b[1] != '.' {
		return false
	}
	for i := 2; i < len(b); i++ {
		if !isDigit(b[i]) || b[0] == '1' && b[i] != '0' {
			return false
		}
	}
	return true
}

// isSeconds reports whether b is a delta-seconds of at most 2**32-1 (RFC 3261 §20.19).
func isSeconds(b []byte) bool {
	if !isDigits(b) {
		return false
	}
	var n uint64
	for _, c := range b {
		if n = n*10 + uint64(c-'0'); n >= 1<<32 {
			return false
		}
	}
	return true
}

// isCallID reports whether b is a callid: word [ "@" word ].
func isCallID(b []byte) bool {
	left, right, at := bytes.Cut(b, []byte("@"))
	return isWord(left) && (!at || isWord(right))
}

func isWord(b []byte) bool {
	for _, c := range b {
		if !isToken(c) && strings.IndexByte(`()<>:\"/[]?{}`, c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

// isSIPDate reports whether b is a SIP-date: "Sat, 13 Nov 2010 23:29:00 GMT", in GMT only (RFC 3261 §20.17).
func isSIPDate(b []byte) bool {
	const form = "Aaa, 00 Aaa 0000 00:00:00 GMT"
	if len(b) != len(form) || string(b[25:]) != " GMT" {
		return false
	}
	for i := range 25 {
		ok := b[i] == form[i]
		switch form[i] {
		case 'A', 'a':
			ok = isAlpha(b[i])
		case '0':
			ok = isDigit(b[i])
		}
		if !ok {
			return false
		}
	}
	two := func(i int) int { return int(b[i]-'0')*10 + int(b[i+1]-'0') }
	return strings.Contains("Mon Tue Wed Thu Fri Sat Sun", string(b[:3])) &&
		strings.Contains("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", string(b[8:11])) &&
		two(5) >= 1 && two(5) <= 31 && two(17) <= 23 && two(20) <= 59 && two(23) <= 60
}

// mediaType reads a media-type: type "/" subtype, with white space around the slash, and its parameters; ok is false if it is none.
func mediaType(b []byte) (typ, subtype, params []byte, ok bool) {
	b, params = b[:elementEnd(b, ';')], b[elementEnd(b, ';'):]
	typ, subtype, ok = bytes.Cut(b, []byte("/"))
	typ, subtype = trimLWS(typ), trimLWS(subtype)
	return typ, subtype, params, ok && isTokenAll(typ) && isTokenAll(subtype)
}

// paramForm says what is wrong with a list of parameters.
type paramForm uint8

const (
	paramsGood  paramForm = iota
	paramsEmpty           // ";;", or a ";" at the end
	paramsBad             // not token [ "=" gen-value ]
	paramsOpen            // a closing quote is missing
)

// paramsOf checks *( SEMI generic-param ) and returns the worst thing in it.
func paramsOf(b []byte) paramForm {
	b = trimLWS(b)
	worst := paramsGood
	for len(b) > 0 {
		if b[0] != ';' {
			return paramsBad
		}
		b = trimLeftLWS(b[1:])
		n := elementEnd(b, ';')
		el := trimLWS(b[:n])
		b = b[n:]
		if len(el) == 0 {
			return paramsEmpty
		}
		name, value, has := bytes.Cut(el, []byte("="))
		name, value = trimLWS(name), trimLWS(value)
		if isTokenAll(name) && (!has || isGenValue(value) || Masked(value)) {
			continue
		}
		worst = paramsBad
		if _, open := quotedForm(value); has && open {
			worst = paramsOpen
		}
	}
	return worst
}

// uriForm says what is wrong with a URI.
type uriForm uint8

const (
	uriGood   uriForm = iota
	uriLoose          // a host that is met everywhere, but not in the grammar
	uriColons         // the third colon of RFC 5118 §4.10
	uriParts          // a character in user, password, parameters or headers that had to be escaped
	uriBlanks         // white space inside
	uriBad            // no scheme, no host, a port that is none
)

// uriOf checks a SIP-URI, SIPS-URI, tel URI or absoluteURI. One that somebody masked is good: nobody knows what it was.
func uriOf(b []byte) uriForm {
	u := ParseURI(b)
	if u.Masked {
		return uriGood
	}
	if len(u.Scheme) == 0 {
		return uriBad
	}
	if hasBlank(b) {
		return uriBlanks
	}
	switch {
	case u.IsSIP():
	case u.IsTel():
		if len(u.User) == 0 {
			return uriBad
		}
		for _, c := range u.User {
			if !isHex(c) && strings.IndexByte("+-.()*#", c) < 0 {
				return uriParts
			}
		}
		return uriParamsOf(u.Params.raw)
	default:
		// reserved, unreserved and escapes; "#" begins a fragment, which is no part of an absoluteURI.
		if len(u.Opaque) == 0 {
			return uriBad
		}
		if !allOf(u.Opaque, classUser|classParam|classReason, true) {
			return uriParts
		}
		return uriGood
	}
	form := uriGood
	switch hostOf(u.Host) {
	case hostBad, hostIPv6Bare:
		return uriBad
	case hostIPv6Colons:
		form = uriColons
	case hostLoose:
		form = uriLoose
	}
	if u.PortText != nil && !isPort(u.PortText) {
		return uriBad
	}
	if u.HasAt && (len(u.User) == 0 || !allOf(u.User, classUser, true) || !allOf(u.Password, classPassword, true)) {
		return uriParts
	}
	if f := uriParamsOf(u.Params.raw); f != uriGood {
		return f
	}
	if u.Headers == nil {
		return form
	}
	for h := u.Headers; ; {
		one, rest, more := bytes.Cut(h, []byte("&"))
		name, value, has := bytes.Cut(one, []byte("="))
		if !has || len(name) == 0 || !allOf(name, classHeader, true) || !allOf(value, classHeader, true) {
			return uriParts
		}
		if h = rest; !more {
			return form
		}
	}
}

// uriParamsOf checks *( ";" pname [ "=" pvalue ] ).
func uriParamsOf(b []byte) uriForm {
	for len(b) > 0 {
		one := b[1:] // b begins with ";"
		if i := bytes.IndexByte(one, ';'); i >= 0 {
			one, b = one[:i], one[i:]
		} else {
			b = nil
		}
		name, value, has := bytes.Cut(one, []byte("="))
		if len(name) == 0 || !allOf(name, classParam, true) || has && (len(value) == 0 || !allOf(value, classParam, true)) {
			return uriParts
		}
	}
	return uriGood
}
