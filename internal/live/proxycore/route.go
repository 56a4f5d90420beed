package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Route is what the routing information of a request comes to (§16.4). Its slices are of the message, but for a URI that lost its maddr.
type Route struct {
	// URI is the Request-URI to go on with.
	URI []byte
	// Skip is the number of Route values at the top that named this proxy, and are gone.
	Skip int
	// Popped: a strict router sent the request. The last Route value has become the Request-URI, and is gone too.
	Popped bool
	// Remaining is the number of Route values that are left.
	Remaining int
	// Token is what follows the mark in the Route value of ours (or the Request-URI, from a strict router), nil if there was none.
	Token []byte
	// Ours: the request came here because of a value that this proxy had put into Record-Route or Path.
	Ours bool
	// Responsible: the location service has the say about URI (§16.5); otherwise URI is the only target.
	Responsible bool
}

// Preprocess reads the routing information of a request that came over a flow (§16.4).
func (c *Core) Preprocess(m *sip.Message, from live.Flow) Route { return Route{} }
