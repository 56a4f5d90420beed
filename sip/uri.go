package sip

import "bytes"

// URI is a SIP, SIPS or tel URI (RFC 3261 §19.1, RFC 3966), or one of another scheme with the rest in Opaque. Its parts are slices of the message,
// as written, with escapes.
//
//	sips:alice:secret@example.com:5061;transport=tcp?subject=x
//	└─┬┘ └─┬─┘ └─┬──┘ └────┬────┘ └┬─┘ └─────┬─────┘ └───┬───┘
//	Scheme User Password  Host   Port     Params      Headers
type URI struct {
	Raw      []byte
	Scheme   []byte
	User     []byte
	Password []byte
	Host     []byte // a name, an IPv4 address, or an IPv6 address with its brackets
	PortText []byte // as written
	Port     uint16 // 0: none, or not a number up to 65535
	Params   Params
	Headers  []byte
	// Opaque is what follows the colon of a scheme other than sip, sips and tel.
	Opaque []byte
	// Masked: somebody replaced the address in the log, so that User and Host are not those of the message. See Masked.
	Masked bool
	// HasAt: there is an "@", so that an empty User is really empty.
	HasAt bool
}

// ParseURI reads a URI without angle brackets. It never fails; what it cannot make out stays empty.
func ParseURI(b []byte) URI {
	u := URI{Raw: b}
	n := schemeLen(b)
	if n == 0 || b[0] == '<' {
		// No scheme: a bare "bob@example.com", as logs and dial plans write it.
		u.address(b)
		return u
	}
	u.Scheme = b[:n]
	rest := b[n+1:]
	switch {
	case u.IsSIP():
		u.address(rest)
	case u.IsTel():
		u.User = rest
		if j := bytes.IndexByte(rest, ';'); j >= 0 {
			u.User, u.Params = rest[:j], Params{raw: rest[j:]}
		}
		u.Masked = Masked(u.User)
	case len(rest) > 0 && isDigit(rest[0]) && bytes.IndexByte(u.Scheme, '.') >= 0:
		// "bob.example.com:5060" is not a URI, but a host and a port look like scheme and path.
		u.Scheme = nil
		u.address(b)
	default:
		u.Opaque = rest
	}
	return u
}

// IsSIP reports whether the scheme is sip or sips.
func (u *URI) IsSIP() bool { return equalFold(u.Scheme, "sip") || equalFold(u.Scheme, "sips") }

// IsTel reports whether the scheme is tel.
func (u *URI) IsTel() bool { return equalFold(u.Scheme, "tel") }

// What tells the parts of an address, and what ends a host: nearly all characters do neither.
var (
	addressMarks = [256]bool{'@': true, ';': true, '?': true, '>': true, '"': true}
	hostEnds     = [256]bool{':': true, ';': true, '?': true, ' ': true, '\t': true, '\r': true, '\n': true}
)

// address reads [userinfo "@"] hostport uri-parameters [headers].
func (u *URI) address(b []byte) {
	if n := maskedAddressLen(b); n > 0 {
		// "[email protected]:5062;user=phone": what follows the mask is real.
		u.Masked = true
		u.Host = b[:n]
		u.tail(b[n:])
		return
	}
	// The user part may hold ";", "?" and "/" (§25.1, user-unreserved), so the first "@" ends it: no part may hold an unescaped
	// one. Devices write it nevertheless, in the user ("bob@example.com@proxy") and in headers ("?Replaces=1@host"): so the last
	// one before parameters or headers counts.
	at := -1
scan:
	for i := 0; i < len(b); i++ {
		if !addressMarks[b[i]] {
			continue
		}
		switch b[i] {
		case '@':
			at = i
		case ';', '?':
			if at >= 0 {
				break scan
			}
		case '>', '"':
			break scan
		}
	}
	if at >= 0 {
		u.HasAt = true
		info := b[:at]
		if i := bytes.IndexByte(info, ':'); i >= 0 {
			u.User, u.Password = info[:i], info[i+1:]
		} else {
			u.User = info
		}
		b = b[at+1:]
	}
	// The host.
	i := 0
	if len(b) > 0 && b[0] == '[' {
		if j := bytes.IndexByte(b, ']'); j >= 0 {
			i = j + 1
		}
	}
	for i < len(b) && !hostEnds[b[i]] {
		i++
	}
	u.Host = b[:i]
	if Masked(u.Host) || Masked(u.User) {
		u.Masked = true
	}
	u.tail(b[i:])
}

// tail reads what follows the host: port, parameters, headers.
func (u *URI) tail(b []byte) {
	if len(b) > 0 && b[0] == ':' {
		j := 1
		for j < len(b) && b[j] != ';' && b[j] != '?' {
			j++
		}
		u.PortText = b[1:j]
		if n, ok := parseLength(u.PortText); ok && n <= 65535 {
			u.Port = uint16(n)
		}
		b = b[j:]
	}
	if i := bytes.IndexByte(b, '?'); i >= 0 {
		u.Headers = b[i+1:]
		b = b[:i]
	}
	if i := bytes.IndexByte(b, ';'); i >= 0 {
		u.Params = Params{raw: b[i:]}
	}
}

// Unescape undoes the "%41" escapes of a part of a URI, once (RFC 3261 §19.1.2). It allocates only if there is one.
func Unescape(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
