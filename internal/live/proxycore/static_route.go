package proxycore

import (
	"fmt"
	"strings"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// StaticRoute sends numbers that begin with Prefix to a gateway.
type StaticRoute struct {
	// Prefix is of digits, "*" and "#", perhaps with a "+" before them; "" is every number.
	Prefix string
	// Strip is how many characters are taken from the beginning of the number, Prepend what is put there then.
	Strip   int
	Prepend string
	// Gateway is a SIP URI without user: "sip:gw.example.com:5060;transport=tcp". The number becomes its user part.
	Gateway string
	// Name is the caller's own, to find the credentials for it.
	Name string
}

// StaticRoutes finds the route of the longest prefix.
type StaticRoutes struct {
	routes  map[string]StaticRoute
	longest int
}

// maxNumber is the longest number that is looked up: E.164 has 15 digits, prefixes and what a PBX adds may come before them.
const maxNumber = 64

// NewStaticRoutes checks the routes and makes them searchable.
func NewStaticRoutes(routes []StaticRoute) (*StaticRoutes, error) {
	r := &StaticRoutes{routes: make(map[string]StaticRoute, len(routes))}
	for _, s := range routes {
		switch {
		case !beginsNumber(s.Prefix):
			return nil, fmt.Errorf(`route %q: a prefix has digits, "*" and "#", and a "+" only at its beginning`, s.Prefix)
		case s.Strip < 0 || s.Strip > len(s.Prefix):
			return nil, fmt.Errorf("route %q: cannot strip %d of a prefix that has %d characters", s.Prefix, s.Strip, len(s.Prefix))
		case !beginsNumber(s.Prepend):
			return nil, fmt.Errorf("route %q: %q cannot begin a number", s.Prefix, s.Prepend)
		}
		if _, twice := r.routes[s.Prefix]; twice {
			return nil, fmt.Errorf("route %q is given twice", s.Prefix)
		}
		u := sip.ParseURI([]byte(s.Gateway))
		if _, ok := live.TargetOf([]byte(s.Gateway)); !ok || u.HasAt || u.Headers != nil {
			return nil, fmt.Errorf("route %q: gateway %q is not a SIP URI without a user, like sip:gw.example.com", s.Prefix, s.Gateway)
		}
		r.routes[s.Prefix] = s
		r.longest = max(r.longest, len(s.Prefix))
	}
	return r, nil
}

// beginsNumber reports whether a number without separators can begin so.
func beginsNumber(s string) bool {
	number, ok := Number([]byte(s + "0"))
	return ok && number == s+"0"
}

// Lookup returns the route of the number that a sip or tel URI names, and the URI at its gateway: false if it names no number, or no prefix
// fits.
func (r *StaticRoutes) Lookup(u *sip.URI) (route StaticRoute, uri string, ok bool) {
	if r == nil || !u.IsSIP() && !u.IsTel() {
		return StaticRoute{}, "", false
	}
	number, ok := Number(sip.Unescape(u.User))
	if !ok {
		return StaticRoute{}, "", false
	}
	for n := min(r.longest, len(number)); n >= 0; n-- {
		s, has := r.routes[number[:n]]
		if !has {
			continue
		}
		gw := sip.ParseURI([]byte(s.Gateway))
		user := strings.ReplaceAll(s.Prepend+number[s.Strip:], "#", "%23") // §25.1: "#" is not for the user part as it is
		return s, string(gw.Scheme) + ":" + user + "@" + s.Gateway[len(gw.Scheme)+1:], true
	}
	return StaticRoute{}, "", false
}

// Number reads a telephone number out of the user part of a URI, its escapes undone: digits, "*" and "#", with a "+" before them or not, and
// the visual separators of RFC 3966 §5.1.1 and blanks, which go: "1-800-555-1212" is "18005551212". What follows a ";" are parameters of a
// telephone-subscriber (§19.1.6). false: it is no number, but a name.
func Number(user []byte) (string, bool) {
	if len(user) > 4*maxNumber {
		return "", false
	}
	var out [maxNumber]byte
	n := 0
	for _, c := range user {
		switch {
		case c >= '0' && c <= '9' || c == '*' || c == '#' || c == '+' && n == 0:
			if n == maxNumber {
				return "", false
			}
			out[n] = c
			n++
			continue
		case c == '-' || c == '.' || c == '(' || c == ')' || c == ' ':
			continue
		}
		if c == ';' {
			break
		}
		return "", false
	}
	if n == 0 || n == 1 && out[0] == '+' {
		return "", false
	}
	return string(out[:n]), true
}
