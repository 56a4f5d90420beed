package registrarcore

import (
	"bytes"
	"strings"

	"sipscribe/sip"
)

// AOR returns the canonical form of an address of record (§10.3 step 5): the scheme and the host in lower case, the user part without escapes,
// no password, port, parameters or headers; a sips URI has the same form as the sip URI (RFC 5630 §5.2). false: it is not a SIP URI with a user.
// The result is a key: it may hold any byte, and is not to be printed as it is.
func AOR(u *sip.URI) (string, bool) {
	if !u.IsSIP() || len(u.User) == 0 || len(u.Host) == 0 || u.Masked {
		return "", false
	}
	user := sip.Unescape(u.User)
	host := bytes.TrimSuffix(u.Host, []byte("."))
	var b strings.Builder
	b.Grow(len("sip:@") + len(user) + len(host))
	b.WriteString("sip:")
	b.Write(user)
	b.WriteByte('@') // the last "@" is this one, since no host has any
	for _, c := range host {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		b.WriteByte(c)
	}
	return b.String(), true
}
