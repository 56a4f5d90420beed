package transport

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// portableIO reads and writes a datagram at a time, with what package net has, for systems without recvmmsg(2). ICMP errors are not seen
// (RFC 3261 §18.4): the systems tell them to connected sockets alone. Where the system does not tell the address that a datagram was sent
// to (Windows), the Local of a flow of a wildcard listener has an unspecified address, and the system chooses what to answer from.
type portableIO struct {
	v6       bool
	infos    bool // the address that a datagram was sent to is told
	buf, oob []byte
}

func (p *portableIO) open(s *udpSocket) error {
	p.v6 = s.addr.Addr().Is6()
	p.buf, p.oob = make([]byte, maxDatagram), make([]byte, 128)
	if s.wildcard {
		var err error
		if p.v6 {
			err = ipv6.NewPacketConn(s.conn).SetControlMessage(ipv6.FlagDst, true)
		} else {
			err = ipv4.NewPacketConn(s.conn).SetControlMessage(ipv4.FlagDst, true)
		}
		p.infos = err == nil
	}
	return nil
}

func (p *portableIO) serve(s *udpSocket, handle func(), _ func(netip.AddrPort, []byte, error)) error {
	for failed := 0; ; {
		n, oobn, _, remote, err := s.conn.ReadMsgUDPAddrPort(p.buf, p.oob)
		if err != nil {
			// On Windows an ICMP error for something sent makes a read fail; the next one works.
			if failed++; errors.Is(err, net.ErrClosed) || failed > 1000 {
				return err
			}
			continue
		}
		failed = 0
		d := datagram{data: p.buf[:n], remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port()), local: s.addr}
		if a := p.destination(p.oob[:oobn]); a.IsValid() {
			d.local = netip.AddrPortFrom(a, s.addr.Port())
		}
		s.in = append(s.in[:0], d)
		handle()
	}
}

// destination returns the address that a datagram was sent to.
func (p *portableIO) destination(oob []byte) netip.Addr {
	var ip net.IP
	if p.infos && p.v6 {
		var cm ipv6.ControlMessage
		if cm.Parse(oob) == nil {
			ip = cm.Dst
		}
	} else if p.infos {
		var cm ipv4.ControlMessage
		if cm.Parse(oob) == nil {
			ip = cm.Dst
		}
	}
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

func (p *portableIO) dropped() uint64 { return 0 }

func (p *portableIO) send(s *udpSocket, done func(*outgoing, error)) {
	for i := range s.out {
		o := &s.out[i]
		var oob []byte
		if from := s.source(o); p.infos && from.IsValid() {
			if p.v6 {
				oob = (&ipv6.ControlMessage{Src: from.AsSlice()}).Marshal()
			} else {
				oob = (&ipv4.ControlMessage{Src: from.AsSlice()}).Marshal()
			}
		}
		_, _, err := s.conn.WriteMsgUDPAddrPort(o.data, oob, o.flow.Remote)
		done(o, err)
	}
	clear(s.out)
	s.out = s.out[:0]
}
