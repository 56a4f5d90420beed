package transport

import "sync/atomic"

// Counters count what a driver did. All only grow, but for Connections.
type Counters struct {
	UDP, TCP, TLS Traffic

	Batches    atomic.Uint64 // reads of UDP sockets that brought something
	KeepAlives atomic.Uint64 // line ends between messages and datagrams of nothing else (RFC 5626 §3.5.1)

	// Received and dropped.
	Empty      atomic.Uint64 // datagrams without a byte
	NotSIP     atomic.Uint64 // datagrams that cannot be SIP, and connections that were closed since what they brought is none
	TooLong    atomic.Uint64 // connections closed since a message was longer than Limits.Message
	BadLength  atomic.Uint64 // connections closed since a Content-Length was none, or two differed
	Slow       atomic.Uint64 // connections closed since a first message, a message or a handshake was not whole in time
	Overrun    atomic.Uint64 // connections closed since they did not take what was written to them
	Idle       atomic.Uint64 // connections closed since nothing passed
	Refused    atomic.Uint64 // connections not taken since there were too many, in all or from one source
	Handshakes atomic.Uint64 // TLS handshakes that failed

	// Not sent.
	Guarded     atomic.Uint64 // to or from an address that Config.Allow does not let through
	Unreachable atomic.Uint64 // ICMP errors that came back for a datagram
	SendFull    atomic.Uint64 // datagrams lost since the socket's buffer was full
	Failed      atomic.Uint64 // sends that failed otherwise

	TooLarge    atomic.Uint64 // requests that went over TCP since they were too large for UDP (RFC 3261 §18.1.1)
	Accepted    atomic.Uint64 // connections
	Connected   atomic.Uint64
	Connections atomic.Int64 // now
	Lookups     atomic.Uint64
}

// Traffic counts the messages of a transport.
type Traffic struct {
	Received, ReceivedBytes, Sent, SentBytes atomic.Uint64
}
