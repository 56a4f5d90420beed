package transaction

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Client is a client transaction (RFC 3261 §17.1). The user may hold on to it for as long as it likes; two of them are the same if the
// pointers are.
type Client struct {
	// User is the transaction user's own.
	User any
	transaction
	request []byte         // until a final response came; kept is the same bytes, or the ACK
	pending *pendingCancel // until a provisional response comes
}

// pendingCancel is what Cancel was given.
type pendingCancel struct {
	reason string
	user   any
}

// State returns the state of the transaction.
func (c *Client) State() State { return c.state }

// Method returns the method of the request; of a CANCEL made by Layer.Cancel it is CANCEL.
func (c *Client) Method() sip.Method { return c.method }

// Flow returns the flow that the request was sent over; without its Conn if that connection has ended since.
func (c *Client) Flow() live.Flow { return c.flow }

// Branch returns the branch of the topmost Via of the request. A CANCEL has that of its INVITE.
func (c *Client) Branch() string { return branchOf(c.key) }

// Request returns the request as it was sent. It is nil when it is not needed any more: once the user has been handed the final response, or
// told that none will come.
func (c *Client) Request() []byte { return c.request }
