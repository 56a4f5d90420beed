package transport

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errors reads the queue of the errors that came back for datagrams (ip(7), IP_RECVERR), and calls unreachable for each that RFC 3261
// §18.4 wants told: host, network, port and protocol unreachable, parameter problem. Source quench and time exceeded are ignored, as is
// what was too large (the system has learned the size, and cuts what is sent again).
func (u *batchIO) errors(fd uintptr, unreachable func(netip.AddrPort, []byte, error)) {
	var name [unix.SizeofSockaddrInet6]byte
	var ctl [256]byte
	for {
		iov := unix.Iovec{Base: &u.quote[0]}
		iov.SetLen(len(u.quote))
		h := unix.Msghdr{Name: &name[0], Namelen: uint32(len(name)), Iov: &iov, Control: &ctl[0]}
		h.SetIovlen(1)
		h.SetControllen(len(ctl))
		n, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return
		}
		err := readExtendedError(ctl[:min(uint64(h.Controllen), uint64(len(ctl)))])
		if err == nil {
			continue
		}
		unreachable(readSockaddr(&name), u.quote[:min(int(n), len(u.quote))], err)
	}
}

// readExtendedError returns what struct sock_extended_err says, nil if it is not to be told.
//
//	 0       4        5      6      7     8      12     16
//	├─ errno ┼ origin ┼ type ┼ code ┼ pad ┼ info ┼ data ┼─ address of who complained
func readExtendedError(ctl []byte) error {
	const icmp4, icmp6 = 2, 3 // SO_EE_ORIGIN_ICMP, _ICMP6
	for len(ctl) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&ctl[0]))
		if uint64(h.Len) < unix.SizeofCmsghdr || uint64(h.Len) > uint64(len(ctl)) {
			return nil
		}
		body := ctl[unix.CmsgLen(0):h.Len]
		if (h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR || h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR) && len(body) >= 16 {
			errno, origin, kind := syscall.Errno(binary.NativeEndian.Uint32(body)), body[4], body[5]
			switch {
			case errno == unix.EMSGSIZE:
				return nil
			case origin == icmp4 && (kind == 3 || kind == 12), origin == icmp6 && (kind == 1 || kind == 4): // unreachable, parameter problem
				return errno
			}
			return nil
		}
		next := unix.CmsgSpace(int(h.Len) - unix.CmsgLen(0))
		if next > len(ctl) {
			return nil
		}
		ctl = ctl[next:]
	}
	return nil
}
