package registrarcore

import "sipscribe/sip"

// AOR returns the canonical form of an address of record (§10.3 step 5): the scheme and the host in lower case, the user part without escapes,
// no password, port, parameters or headers; a sips URI has the same form as the sip URI (RFC 5630 §5.2). false: it is not a SIP URI with a user.
// The result is a key: it may hold any byte, and is not to be printed as it is.
func AOR(u *sip.URI) (string, bool) { return "", false }
