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
	flow live.Flow
}

// State returns the state of the transaction.
func (c *Client) State() State { return StateTerminated }

// Method returns the method of the request; of a CANCEL made by Layer.Cancel it is CANCEL.
func (c *Client) Method() sip.Method { return sip.MethodUnknown }

// Flow returns the flow that the request was sent over.
func (c *Client) Flow() live.Flow { return c.flow }

// Branch returns the branch of the topmost Via of the request. A CANCEL has that of its INVITE.
func (c *Client) Branch() string { return "" }

// Request returns the request as it was sent. It is nil when it is not needed any more: once the user has been handed the final response, or
// told that none will come.
func (c *Client) Request() []byte { return nil }
