// Package live has the words that the live half shares: what an element of SIP is when it does no I/O, the way by which a message
// comes and goes, and the outbox into which an element puts what it wants done.
//
// An element (a user agent, a proxy with its registrar) is a plain value. Whoever drives it hands it what happens and carries out what
// it asks for; it reads no clock, opens no socket, starts no goroutine and draws no chance of its own:
//
//	             Receive, Resolved, Failed, Closed, Wake
//	driver  ───────────────────────────────────────────────▶  Element
//	        ◀───────────────────────────────────────────────
//	             Outbox: Send, Resolve, Close, Say; Next
//
// There are two drivers. internal/live/transport has sockets and the clock of the machine; internal/sim has virtual time and a network
// that loses, doubles, delays and reorders. Both tap what passes as capture.Record, so that our own calls are read as anyone's.
//
// Timers are not named to the driver: an element says by Next when it wants to be woken, and looks at its own deadlines when it is.
// (DESIGN.md has "start this timer" as an action. An action that sets a timer needs one that stops it, and the two get out of step:
// the driver's copy of the truth is what leaks.)
package live

import (
	"net/netip"
	"time"

	"sipscribe/internal/capture"
)

// Flow is the way by which a message came or goes (RFC 5626 §2): a transport, the two addresses, and for TCP and TLS the connection.
// It is comparable; two messages of one flow are delivered in the order in which they came.
type Flow struct {
	Transport capture.Transport
	// Local is the address and port of this side; the zero value lets the driver choose (its first listener of the transport).
	Local  netip.AddrPort
	Remote netip.AddrPort
	// Conn is the driver's number of a connection. 0: datagrams, or whatever connection to Remote there is, or a new one.
	Conn uint64
	// Name is the host name that the certificate of the other side must have (RFC 5922 §4); only for TLS, and only where the name is known.
	Name string
}

// Reliable reports whether the transport delivers by itself, so that nothing is sent again (RFC 3261 §17).
func (f Flow) Reliable() bool {
	return f.Transport != capture.UDP
}

// Target is where a request should go, before it is known which addresses that means: the host part of a URI, after RFC 3263 §4 has
// been told what it may use.
type Target struct {
	Host string // a name or an address, without brackets
	Port uint16 // 0: not given, so that SRV records are asked for
	// Transport that the URI names; TransportUnknown: not given, so that NAPTR records are asked for.
	Transport capture.Transport
	// Secure: the URI is a sips URI.
	Secure bool
}

// Element is a SIP element without I/O. Its methods are called by one goroutine at a time. What they are given is borrowed: an element
// that keeps bytes of data copies them. now never goes back.
type Element interface {
	// Receive takes one message (one datagram, or one message out of a stream) that came over a flow.
	Receive(now time.Time, from Flow, data []byte, out *Outbox)
	// Resolved answers Outbox.Resolve: flows in the order in which they should be tried (RFC 3263 §4.3), without Local and Conn; none and
	// an error if the target has no address.
	Resolved(now time.Time, ref uint64, flows []Flow, err error, out *Outbox)
	// Failed tells that what was sent over the flow did not go out (the connection was refused, a port is unreachable; RFC 3261 §18.4).
	// ref is that of the Send.
	Failed(now time.Time, to Flow, ref uint64, err error, out *Outbox)
	// Closed tells that a connection has ended, by either side.
	Closed(now time.Time, flow Flow, out *Outbox)
	// Wake is called when the time that Next named has come; to be called earlier, or late, does no harm.
	Wake(now time.Time, out *Outbox)
	// Next returns when the element wants to be woken; the zero time: never.
	Next() time.Time
}

// ItemKind says what an item of an outbox asks for.
type ItemKind uint8

const (
	// ItemSend: send Data over Flow.
	ItemSend ItemKind = iota + 1
	// ItemResolve: find the addresses of Target and answer with Resolved.
	ItemResolve
	// ItemClose: end the connection of Flow.
	ItemClose
	// ItemSay: the device says Data beside SIP (a line in the syslog of an SPA, as spalog writes it), which is Event; for the tap.
	ItemSay
)

// Item is one thing that an element asks for.
type Item struct {
	Kind   ItemKind
	Flow   Flow
	Ref    uint64 // of ItemSend and ItemResolve: comes back in Failed and Resolved; 0: nobody waits for it
	Data   []byte // of ItemSend and ItemSay; belongs to the outbox
	Target Target
	Event  capture.Event // of ItemSay; Subject belongs to the outbox
}

// Outbox gathers what an element wants done, in order. The driver carries the items out and calls Reset. The zero Outbox is empty and
// ready.
type Outbox struct {
	Items []Item
	buf   []byte
}

// Send asks for a copy of data to be sent over a flow.
func (o *Outbox) Send(to Flow, ref uint64, data []byte) {
	o.Items = append(o.Items, Item{Kind: ItemSend, Flow: to, Ref: ref, Data: o.keep(data)})
}

// Resolve asks for the addresses of a target.
func (o *Outbox) Resolve(ref uint64, t Target) {
	o.Items = append(o.Items, Item{Kind: ItemResolve, Ref: ref, Target: t})
}

// Close asks for the end of a connection.
func (o *Outbox) Close(f Flow) {
	o.Items = append(o.Items, Item{Kind: ItemClose, Flow: f})
}

// Say tells what the device does beside SIP: the event, by the names of package spalog, and the line that says it.
func (o *Outbox) Say(e capture.Event, line []byte) {
	e.Subject = o.keep(e.Subject)
	o.Items = append(o.Items, Item{Kind: ItemSay, Event: e, Data: o.keep(line)})
}

// Reset empties the outbox. What its items held may be overwritten from then on.
func (o *Outbox) Reset() {
	clear(o.Items)
	o.Items, o.buf = o.Items[:0], o.buf[:0]
}

// keep copies b into the storage of the outbox. Growing moves to new storage; what was handed out before stays where it was.
func (o *Outbox) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if len(b) > cap(o.buf)-len(o.buf) {
		o.buf = make([]byte, 0, max(4096, 2*cap(o.buf), len(b)))
	}
	n := len(o.buf)
	o.buf = append(o.buf, b...)
	return o.buf[n:len(o.buf):len(o.buf)]
}
