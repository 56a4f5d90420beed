package proxycore

import "sipscribe/sip"

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

// NewStaticRoutes checks the routes and makes them searchable.
func NewStaticRoutes(routes []StaticRoute) (*StaticRoutes, error) { return nil, nil }

// Lookup returns the route of the number that a sip or tel URI names, and the URI at its gateway.
func (r *StaticRoutes) Lookup(u *sip.URI) (route StaticRoute, uri string, ok bool) { return }
