package transaction

import (
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// User is the transaction user (RFC 3261 §5): the core of a user agent or proxy that owns the layer. Its methods are called from within
// Receive, Failed, Closed and Wake of the layer, never from within Send, Respond, Cancel or Accept, and it may call those four from
// within them. Messages are borrowed.
type User interface {
	// Request is a request that belongs to no transaction: the user answers it statelessly (§8.2.7), takes it on with Layer.Accept, or lets
	// it be. An ACK for a 2xx comes here too, and wants no answer.
	//
	// A CANCEL comes with the INVITE server transaction that it is for (§9.2), whatever the state of that, or nil if there is none,
	// or none that came from the same address (§22.1, "the same hop"): a 481 is owed then. It is a request as any other: the user
	// takes it on with Accept and answers it (200), and answers the INVITE (487) or passes the CANCEL on (§16.10); the layer does neither.
	Request(now time.Time, from live.Flow, m *sip.Message, cancels *Server, out *live.Outbox)
	// Response is a response to c: each provisional one in order, the final one, and of an INVITE each further 2xx (RFC 6026: repeats,
	// and those of other branches). c.Request is there until this returns from the final one.
	Response(now time.Time, c *Client, m *sip.Message, out *live.Outbox)
	// StrayResponse is a response that belongs to no client transaction. A proxy drops it (RFC 6026 §7.3), so does a user agent (§8.9).
	StrayResponse(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox)
	// ClientFailed tells that no final response will come. err says more, for people, and is never nil.
	ClientFailed(now time.Time, c *Client, why End, err error, out *live.Outbox)
	// ServerFailed tells of a server transaction what the user cannot see: EndNoAck, EndTimeout, or EndTransport, the latter once, and
	// the transaction stays (RFC 6026 §8.8). err is as in ClientFailed.
	ServerFailed(now time.Time, s *Server, why End, err error, out *live.Outbox)
	// ClientEnded tells that the transaction is gone from the layer; it is called once for each Client, last.
	ClientEnded(now time.Time, c *Client)
	// ServerEnded is the same for a Server.
	ServerEnded(now time.Time, s *Server)
}
