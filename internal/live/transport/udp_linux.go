package transport

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchIO reads and writes several datagrams with one system call each, recvmmsg(2) and sendmmsg(2), and allocates nothing a
// datagram. golang.org/x/net has both, too, and allocates two objects for the address of each datagram.
//
// Both calls are made with MSG_DONTWAIT by way of RawSyscall: they cannot wait, and the scheduler, if told of them, would take the
// processor away from a batch that takes more than 20 µs.
type batchIO struct {
	raw    syscall.RawConn
	rx, tx []message
	used   int // of rx, to be set up again
	v6     bool
	quote  []byte // what an ICMP error quotes
	rxh    [udpBatch]mmsghdr
	txh    [udpBatch]mmsghdr

	// What sendmmsg is called with and returns; here, and not in a closure, since that would be allocated for each call.
	sendmmsg       func(fd uintptr)
	sendAt, sendTo int // of txh
	sendN          uintptr
	sendErrno      syscall.Errno
}

// newDatagramIO returns the way to read and write datagrams that is best here.
func newDatagramIO() datagramIO { return &batchIO{} }

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// message is what a mmsghdr points to.
type message struct {
	name [unix.SizeofSockaddrInet6]byte
	ctl  [64]byte // IP_PKTINFO or IPV6_PKTINFO: 28 and 40 bytes
	iov  unix.Iovec
	buf  []byte
}

func (u *batchIO) open(s *udpSocket) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	u.raw, u.v6 = raw, s.addr.Addr().Is6()
	u.rx, u.tx = make([]message, udpBatch), make([]message, udpBatch)
	u.quote = make([]byte, 2048)
	u.sendmmsg = func(fd uintptr) {
		u.sendN, _, u.sendErrno = syscall.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&u.txh[u.sendAt])), uintptr(u.sendTo-u.sendAt), unix.MSG_DONTWAIT, 0, 0)
	}
	for i := range u.rx {
		m := &u.rx[i]
		m.buf = make([]byte, maxDatagram)
		m.iov.Base = &m.buf[0]
		m.iov.SetLen(len(m.buf))
		h := &u.rxh[i].hdr
		h.Name, h.Iov = &m.name[0], &m.iov
		h.SetIovlen(1)
		if s.wildcard {
			h.Control = &m.ctl[0]
		}
		t := &u.tx[i]
		h = &u.txh[i].hdr
		h.Name, h.Iov = &t.name[0], &t.iov
		h.SetIovlen(1)
	}
	u.used = udpBatch
	var failed error
	err = raw.Control(func(fd uintptr) {
		level, pktinfo, recverr := unix.IPPROTO_IP, unix.IP_PKTINFO, unix.IP_RECVERR
		if u.v6 {
			level, pktinfo, recverr = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, unix.IPV6_RECVERR
		}
		// RFC 3261 §18.4: without it, ICMP errors are told to connected sockets alone.
		if failed = unix.SetsockoptInt(int(fd), level, recverr, 1); failed == nil && s.wildcard {
			failed = unix.SetsockoptInt(int(fd), level, pktinfo, 1)
		}
	})
	return errors.Join(err, failed)
}

// serve reads until the socket is closed.
//
// All is one call of RawConn.Read, whose function returns false to wait. The wait is for datagrams that come after the read before it
// (epoll, edge triggered), so that a read that brought less than it could take needs no second one that finds nothing: two system calls
// a wake-up with the answer, beside epoll_wait.
func (u *batchIO) serve(s *udpSocket, handle func(), unreachable func(netip.AddrPort, []byte, error)) error {
	return u.raw.Read(func(fd uintptr) bool {
		for {
			n, errno := u.receive(s, fd)
			switch {
			case n > 0:
				handle()
				if n < udpBatch {
					return false
				}
			case errno == unix.EAGAIN:
				return false
			case errno == unix.EINTR:
			default:
				// An error that ICMP brought (RFC 3261 §18.4), or what is left of one that was read already.
				u.errors(fd, unreachable)
			}
		}
	})
}

// receive reads what is there, up to udpBatch datagrams, into s.in.
func (u *batchIO) receive(s *udpSocket, fd uintptr) (int, syscall.Errno) {
	for i := range u.used {
		h := &u.rxh[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		if s.wildcard {
			h.SetControllen(len(u.rx[i].ctl))
		}
	}
	u.used = 0
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&u.rxh[0])), udpBatch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	u.used = int(n)
	s.in = s.in[:n]
	for i := range s.in {
		m, h := &u.rx[i], &u.rxh[i]
		d := &s.in[i]
		d.data = m.buf[:min(int(h.len), len(m.buf))]
		d.remote = readSockaddr(&m.name)
		d.local = s.addr
		if s.wildcard {
			if a := readPktinfo(m.ctl[:min(uint64(h.hdr.Controllen), uint64(len(m.ctl)))]); a.IsValid() {
				d.local = netip.AddrPortFrom(a, s.addr.Port())
			}
		}
	}
	return int(n), 0
}

// send writes s.out, in order, and calls done for each: nil, errSendFull, or what is wrong with it.
func (u *batchIO) send(s *udpSocket, done func(*outgoing, error)) {
	for i := range s.out {
		o, m, h := &s.out[i], &u.tx[i], &u.txh[i].hdr
		h.Namelen = writeSockaddr(&m.name, o.flow.Remote, u.v6)
		m.iov.Base = unsafe.SliceData(o.data)
		m.iov.SetLen(len(o.data))
		h.Control = nil
		h.SetControllen(0)
		if from := s.source(o); from.IsValid() {
			h.Control = &m.ctl[0]
			h.SetControllen(writePktinfo(&m.ctl, from, u.v6))
		}
	}
	for at := 0; at < len(s.out); {
		n, err := u.sendSome(s.out[at:], at)
		for i := at; i < at+n; i++ {
			s.sent.add(&s.out[i])
			done(&s.out[i], nil)
		}
		at += n
		if err != nil {
			done(&s.out[at], err)
			at++
		}
	}
	for i := range s.out {
		u.tx[i].iov.Base = nil
	}
	clear(s.out)
	s.out = s.out[:0]
}

// sendSome writes the first of the messages from at on, and says how many; with an error about the one after them, if there is one.
func (u *batchIO) sendSome(out []outgoing, at int) (n int, err error) {
	u.sendAt, u.sendTo = at, at+len(out)
	for try := 0; ; try++ {
		err := u.raw.Control(u.sendmmsg)
		errno := u.sendErrno
		switch {
		case err != nil:
			return 0, err
		case errno == 0:
			return int(u.sendN), nil
		case errno == unix.EAGAIN || errno == unix.ENOBUFS:
			return 0, errSendFull
		case errno == unix.EINTR:
		case try < 16 && (errno == unix.ECONNREFUSED || errno == unix.EHOSTUNREACH || errno == unix.ENETUNREACH || errno == unix.EPROTO ||
			errno == unix.ENOPROTOOPT || errno == unix.EMSGSIZE && len(out[0].data) <= 1300):
			// What ICMP said about a datagram before is told at the next call, whatever that is about (ip(7), IP_RECVERR). The reader
			// learns what it was about. If it is about this one, it will come again.
		default:
			return 0, errno
		}
	}
}

func (u *batchIO) dropped() uint64 {
	const drops = 8               // SK_MEMINFO_DROPS
	var info [drops + 1]uint32    // SO_MEMINFO, socket(7)
	size := uint32(4 * len(info)) // of it
	var errno syscall.Errno
	err := u.raw.Control(func(fd uintptr) {
		_, _, errno = syscall.RawSyscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 {
		return 0
	}
	return uint64(info[drops])
}

// readSockaddr returns the address of a struct sockaddr_in or sockaddr_in6.
func readSockaddr(b *[unix.SizeofSockaddrInet6]byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(b[2:])
	switch binary.NativeEndian.Uint16(b[:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case unix.AF_INET6:
		a := netip.AddrFrom16([16]byte(b[8:24])).Unmap()
		if scope := binary.NativeEndian.Uint32(b[24:]); scope != 0 && a.Is6() {
			a = a.WithZone(zoneName(scope))
		}
		return netip.AddrPortFrom(a, port)
	}
	return netip.AddrPort{}
}

// writeSockaddr writes an address and returns the length.
func writeSockaddr(b *[unix.SizeofSockaddrInet6]byte, a netip.AddrPort, v6 bool) uint32 {
	binary.BigEndian.PutUint16(b[2:], a.Port())
	if !v6 {
		binary.NativeEndian.PutUint16(b[:], unix.AF_INET)
		ip := a.Addr().As4()
		copy(b[4:], ip[:])
		clear(b[8:16])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(b[:], unix.AF_INET6)
	clear(b[4:8])
	ip := a.Addr().As16()
	copy(b[8:], ip[:])
	binary.NativeEndian.PutUint32(b[24:], zoneIndex(a.Addr().Zone()))
	return unix.SizeofSockaddrInet6
}

// zoneName returns the zone of link-local addresses as package net does.
func zoneName(scope uint32) string {
	if i, err := net.InterfaceByIndex(int(scope)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(scope), 10)
}

func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}

// readPktinfo returns the address that a datagram was sent to, from struct in_pktinfo or in6_pktinfo (ip(7), RFC 3542 §6.1).
func readPktinfo(ctl []byte) netip.Addr {
	for len(ctl) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&ctl[0]))
		if uint64(h.Len) < unix.SizeofCmsghdr || uint64(h.Len) > uint64(len(ctl)) {
			break
		}
		body := ctl[unix.CmsgLen(0):h.Len]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(body) >= unix.SizeofInet4Pktinfo:
			return netip.AddrFrom4([4]byte(body[8:12])) // ipi_addr
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(body) >= unix.SizeofInet6Pktinfo:
			return netip.AddrFrom16([16]byte(body[:16])).Unmap()
		}
		next := unix.CmsgSpace(int(h.Len) - unix.CmsgLen(0))
		if next > len(ctl) {
			break
		}
		ctl = ctl[next:]
	}
	return netip.Addr{}
}

// writePktinfo writes the address to send from, and returns the length.
func writePktinfo(ctl *[64]byte, from netip.Addr, v6 bool) int {
	clear(ctl[:])
	h := (*unix.Cmsghdr)(unsafe.Pointer(&ctl[0]))
	body := ctl[unix.CmsgLen(0):]
	if !v6 {
		h.Level, h.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		h.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		ip := from.As4()
		copy(body[4:], ip[:]) // ipi_spec_dst
		return unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	}
	h.Level, h.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
	h.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
	ip := from.As16()
	copy(body, ip[:])
	return unix.CmsgSpace(unix.SizeofInet6Pktinfo)
}
