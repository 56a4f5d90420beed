// Package transport is the transport layer of RFC 3261 §18: it drives one live.Element on the sockets of the machine and with its clock.
//
//	UDP socket ── recvmmsg ─┐                        ┌─ sendmmsg ── UDP socket
//	connection ── frames ───┤   ┌────────────────┐   ├─ queue ───── connection (made if there is none)
//	timer ──────────────────┼──▶│ one at a time: ├──▶┤
//	lookup, ICMP, close ────┤   │    Element     │   ├─ lookup (Resolver)
//	Do ─────────────────────┘   └───────┬────────┘   └─ Say
//	                                    ▼
//	                                   Tap
//
// The element is owned by whoever has something for it: the goroutine that read from a socket takes the lock, hands over all that it
// read, carries out what the element asked for, in order, and lets go. So a datagram is read, dealt with and answered by one goroutine
// without a switch to another. A queue to a goroutine of the element's own was measured beside it and costs more (docs/measurements.md);
// the queue that bounds what waits is the socket's receive buffer.
//
// What of one flow comes in order is handed over in order, since each socket and each connection has one reader. No goroutine is started
// for a message, and nothing is remembered of the sources of datagrams.
package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// Listener is a transport address to listen at: capture.UDP, TCP or TLS. Port 0 is any port that is free; of the listeners with port 0
// at one address UDP and TCP get the same one (RFC 3261 §18.2.1). An unspecified address (0.0.0.0, ::) is every address of its family
// of the machine, and what is received there has the address that it was sent to as the Local of its flow.
type Listener struct {
	Transport capture.Transport
	Addr      netip.AddrPort
}

// Resolver finds the addresses of a target (RFC 3263). internal/live/locate has one that asks the DNS. It is called by goroutines of its
// own, several at a time, and never for what is an address already.
type Resolver interface {
	Resolve(ctx context.Context, t live.Target) ([]live.Flow, error)
}

// Config is what a driver is made with. The zero value of a field is usable unless it says otherwise.
type Config struct {
	// Listen are the addresses to listen at. A driver that only connects may have none.
	Listen []Listener
	// TLS has the certificates of this side, those that it trusts (nil RootCAs: the system's) and what it asks of clients. Needed to listen
	// with TLS; nil: connections are made with the system's trust. How the certificate of the other side is checked against the name in
	// a flow is not up to it: RFC 5922 §7.
	TLS *tls.Config
	// Tap gets every message received and sent, and what the element says, in the order in which it happened. It is called while the element
	// is held: it must not wait, nor call the driver. The record and its bytes are borrowed.
	Tap func(*capture.Record)
	// Allow is the network guard: nothing is sent to an address, and no connection is made to or taken from one, for which it returns false.
	// nil: everything is allowed. Loopback is the guard of tests and of the lab.
	Allow func(netip.AddrPort) bool
	// Resolver finds the addresses of names. nil: names have none.
	Resolver Resolver
	// Logger gets what happens to listeners and connections. nil: nothing is logged.
	Logger *slog.Logger
	Limits Limits

	portable bool // UDP as on systems that are not Linux, for tests
}
