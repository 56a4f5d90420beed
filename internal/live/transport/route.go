package transport

import (
	"net"
	"net/netip"
	"time"
)

// routes remembers for a while which of our addresses the system sends from to an address. Only what this side sends to by itself is
// asked for, never where a datagram came from; it is emptied when it is full.
type routes struct {
	addrs map[netip.Addr]netip.Addr
	since time.Time
}

const (
	routesKept = 1024
	routesFor  = 30 * time.Second
)

// from returns the address to send from, with a port; the zero value if the system does not know.
func (r *routes) from(now time.Time, to netip.AddrPort, port uint16) netip.AddrPort {
	if r.addrs == nil || len(r.addrs) >= routesKept || now.Sub(r.since) > routesFor {
		r.addrs, r.since = map[netip.Addr]netip.Addr{}, now
	}
	a, ok := r.addrs[to.Addr()]
	if !ok {
		a, _ = Source(to)
		r.addrs[to.Addr()] = a
	}
	if !a.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, port)
}

// Source returns which of the machine's addresses is sent from to an address: what an element that listens at 0.0.0.0 has to write into
// its Via and Contact. Nothing is sent.
func Source(to netip.AddrPort) (netip.Addr, error) {
	if to.Port() == 0 {
		to = netip.AddrPortFrom(to.Addr(), 5060)
	}
	// A socket that is connected has its address; connecting a datagram socket sends nothing.
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
