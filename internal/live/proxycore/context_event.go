package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Target is one place to which a request may go (§16.5).
type Target struct {
	// URI is the Request-URI for it.
	URI string
	// Q is its preference in thousandths, 1000 the highest. Targets of one Q are tried in parallel, those of a lower one after them (§16.6).
	Q uint16
	// Push are values for Route: the Path of a binding (RFC 3327 §5.4), a gateway that has to be visited.
	Push []string
	// Flow, if it has a transport, is where the request goes, whatever the URI says: the flow of a binding (RFC 5626 §5.3).
	// Otherwise the addresses are asked for with ActionResolve.
	Flow live.Flow
	// Else, if it has a transport, is tried when Flow cannot be used any more: its connection has ended.
	Else live.Flow
	// User is the caller's own.
	User any
}

// EventKind says what happened.
type EventKind uint8

const (
	// EventBegin comes first, once.
	EventBegin EventKind = iota + 1
	// EventResolved: Flows are the addresses of Target, in order (RFC 3263 §4.3); none if it has none.
	EventResolved
	// EventLocated: Targets are what the location service has for Target, whose place they take; none: Status is what is owed for it.
	EventLocated
	// EventResponse: Message came to the client transaction Branch.
	EventResponse
	// EventTimeout: no final response will come to Branch (timers B, F, or 64·T1 after a CANCEL).
	EventTimeout
	// EventTransport: the request of Branch could not be sent (§16.9).
	EventTransport
	// EventEnded: the client transaction of Branch is gone.
	EventEnded
	// EventCancel: the CANCEL Message matched the server transaction (§16.10); its 200 is the caller's.
	EventCancel
	// EventWake: the time of Next has come.
	EventWake
)

// Event is something that happens to a Context. Message is borrowed.
type Event struct {
	Kind    EventKind
	Target  int
	Branch  int
	Flows   []live.Flow
	Targets []Target
	Status  int
	Message *sip.Message
}

// ActionKind says what is to be done.
type ActionKind uint8

const (
	// ActionResolve: find the addresses of Target (Forward.NextHop) and tell them with EventResolved.
	ActionResolve ActionKind = iota + 1
	// ActionLocate: Target came from a redirection and is a URI of ours: ask the location service (§16.5) and tell with EventLocated.
	ActionLocate
	// ActionForward: send the request to Target over Flow as client transaction Branch, with Breadth as its Max-Breadth.
	ActionForward
	// ActionCancel: cancel Branch, with Reason as the value of a Reason header field (RFC 3326), "" for none. Whether a provisional
	// response has come is the transaction layer's question (§9.1).
	ActionCancel
	// ActionRelay: hand Response, whole, to the server transaction.
	ActionRelay
	// ActionRespond: answer with a final response of our own, Reply; its To tag is the caller's.
	ActionRespond
	// ActionDrop: nothing will be answered (RFC 4320 §4.2): let the server transaction go.
	ActionDrop
	// ActionEnd: the context is over; it is always the last action.
	ActionEnd
)

// Action is one thing that a Context wants done.
type Action struct {
	Kind    ActionKind
	Target  int
	Branch  int
	Flow    live.Flow
	Breadth int
	Reason  string
	// Status is that of Response or Reply.
	Status int
	// Response belongs to the context and holds until the next Handle.
	Response []byte
	Reply    live.Reply
}
