package digest

import "strings"

// QOP is a set of qualities of protection (RFC 7616 §3.3). Credentials have one at most.
type QOP uint8

const (
	// QOPAuth: method and URI are protected.
	QOPAuth QOP = 1 << iota
	// QOPAuthInt: the body too. It is recognised and computed, but neither offered nor chosen: what stands between (a NAT's application
	// gateway) rewrites bodies.
	QOPAuthInt
	// QOPOther: at least one word that is neither; it MUST be ignored (RFC 7616 §3.3).
	QOPOther
)

// String returns the words as they are written, "auth,auth-int"; "" for none.
func (q QOP) String() string {
	switch q &^ QOPOther {
	case QOPAuth:
		return "auth"
	case QOPAuthInt:
		return "auth-int"
	case QOPAuth | QOPAuthInt:
		return "auth,auth-int"
	}
	return ""
}

// parseQOP reads the words between the quotes of a challenge, or the one of credentials. The word goes into the hash as it is written, so its
// case counts.
func parseQOP(s string) QOP {
	var q QOP
	for w := range strings.SplitSeq(s, ",") {
		switch strings.Trim(w, " \t") {
		case "auth":
			q |= QOPAuth
		case "auth-int":
			q |= QOPAuthInt
		default:
			q |= QOPOther
		}
	}
	return q
}
