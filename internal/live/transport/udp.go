package transport

import (
	"errors"
	"net"
	"net/netip"

	"sipscribe/internal/capture"

	"sipscribe/internal/live"
)

// datagram is one as it was read. data borrows the socket's buffer. local is the address that it was sent to.
type datagram struct {
	data          []byte
	remote, local netip.AddrPort
}

// outgoing is a message on its way out, as the element asked for it.
type outgoing struct {
	flow  live.Flow
	ref   uint64
	data  []byte
	local netip.AddrPort // of a datagram: what it is sent from, if that is known
}

// maxDatagram is the most bytes that a UDP datagram can carry over IPv4: its length field, without the headers (RFC 3261 §18.1.1:
// 65,535 bytes with them). Over IPv6 it is 20 more.
const maxDatagram = 65535

// udpBatch is how many datagrams are read and written at a time. Past some tens more of them save nothing.
const udpBatch = 32

// udpSocket is a UDP socket with what is needed to read and write several datagrams at a time.
type udpSocket struct {
	conn     *net.UDPConn
	addr     netip.AddrPort // bound to
	wildcard bool           // addr is unspecified: what it was sent to is known of each datagram, and chosen for each
	in       []datagram     // what the last read brought
	out      []outgoing     // what the next write takes
	sent     sentRing
	datagramIO
}

// datagramIO is how a socket is read and written: batchIO on Linux, portableIO elsewhere.
type datagramIO interface {
	// open sets the socket up.
	open(s *udpSocket) error
	// serve reads until the socket is closed, and calls handle with what each read brought, in s.in; and unreachable for each ICMP
	// error, with what it quotes of the datagram that it is about.
	serve(s *udpSocket, handle func(), unreachable func(to netip.AddrPort, quote []byte, err error)) error
	// send writes s.out, in order, calls done for each, and empties it. What is wrong may be errSendFull.
	send(s *udpSocket, done func(*outgoing, error))
	// dropped returns how many datagrams the system threw away since nobody read them in time; 0 where it does not tell.
	dropped() uint64
}

// errSendFull: the socket's buffer takes no more. UDP may lose; nobody waits for it.
var errSendFull = errors.New("the socket's send buffer is full")

func listenUDP(addr netip.AddrPort, limits Limits, io datagramIO) (*udpSocket, error) {
	network := "udp4"
	if addr.Addr().Is6() {
		network = "udp6" // and IPv6 alone: 0.0.0.0 is a listener of its own
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	// As far as the system's limit goes; less is no error.
	_ = conn.SetReadBuffer(limits.ReceiveBuffer)
	_ = conn.SetWriteBuffer(limits.ReceiveBuffer)
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s := &udpSocket{conn: conn, addr: netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port()), datagramIO: io}
	s.wildcard = s.addr.Addr().IsUnspecified()
	s.in = make([]datagram, 0, udpBatch)
	s.out = make([]outgoing, 0, udpBatch)
	if err := s.open(s); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// flow returns the flow that a datagram came over.
func (s *udpSocket) flow(d *datagram) live.Flow {
	return live.Flow{Transport: capture.UDP, Local: d.local, Remote: d.remote}
}

// source returns the address to send from, if the system has to be told: a wildcard listener's socket is bound to none.
func (s *udpSocket) source(o *outgoing) netip.Addr {
	if !s.wildcard {
		return netip.Addr{}
	}
	return o.local.Addr()
}
