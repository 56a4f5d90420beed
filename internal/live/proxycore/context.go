package proxycore

import (
	"time"

	"sipscribe/sip"
)

// Context is the response context of one request (§16.2, §16.7): its targets, the branches to them, what they answered, and what was
// handed back. Exactly one final response goes upstream, but for the further 2xx of an INVITE.
type Context struct {
	core    *Core
	invite  bool
	secure  bool // the Request-URI is a sips URI
	breadth int  // incoming Max-Breadth (RFC 5393 §5.3.2)
	targets []target
}

type target struct{ Target }

// NewContext returns the context of a request that has passed Check. targets may come in any order; of equal ones the first counts, and
// what goes past MaxTargets is left out. The request itself is the caller's to keep.
func (c *Core) NewContext(m *sip.Message, targets []Target) *Context {
	return &Context{core: c, invite: m.Method == sip.MethodInvite}
}

// Handle takes an event and returns what is to be done, in order. The actions hold until the next call.
func (x *Context) Handle(now time.Time, e Event) []Action { return nil }

// Next returns when the context wants an EventWake; the zero time: never.
func (x *Context) Next() time.Time { return time.Time{} }
