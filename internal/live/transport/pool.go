package transport

import (
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// pool holds the connections: each by its number, and those that may be used for what goes to an address (RFC 3261 §18: "indexed by the
// tuple formed from the address, port, and transport protocol at the far end"). The lock of the driver holds it.
type pool struct {
	last    uint64
	streams map[uint64]*stream
	to      map[poolKey]*stream
	sources map[netip.Addr]int // connections that were accepted, by where they come from
	// How many of streams were accepted, and made.
	accepted, made int
}

// poolKey is what a connection is reused for. For TLS the name that the certificate was checked against is part of it: a connection that was
// verified for one name proves nothing about another at the same address (CVE-2020-15260).
type poolKey struct {
	transport capture.Transport
	remote    netip.AddrPort
	name      string
}

func (p *pool) init() {
	p.streams, p.to, p.sources = map[uint64]*stream{}, map[poolKey]*stream{}, map[netip.Addr]int{}
}

// sourceOf returns what connections are counted by: an address; of IPv6 the /64, whose addresses one host has all for itself.
func sourceOf(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// full reports whether one more connection from an address is too many.
func (p *pool) full(from netip.Addr, l *Limits) bool {
	return p.accepted >= l.Connections || p.sources[sourceOf(from)] >= l.ConnectionsPerSource
}

// number gives a stream its number and counts it.
func (p *pool) number(s *stream) {
	p.last++
	s.flow.Conn = p.last
	p.streams[p.last] = s
	if s.accepted {
		p.accepted++
		p.sources[sourceOf(s.flow.Remote.Addr())]++
	} else {
		p.made++
	}
}

// offer makes a connection the one to use for what goes to its other end. One that was accepted over TLS is not offered: nobody has shown
// who is at its other end.
func (p *pool) offer(s *stream) {
	if !s.accepted || s.flow.Transport != capture.TLS {
		p.to[s.key()] = s
	}
}

// forget takes a connection out. False: it is out.
func (p *pool) forget(s *stream) bool {
	if p.streams[s.flow.Conn] != s {
		return false
	}
	delete(p.streams, s.flow.Conn)
	if k := s.key(); p.to[k] == s {
		delete(p.to, k)
	}
	if !s.accepted {
		p.made--
		return true
	}
	p.accepted--
	from := sourceOf(s.flow.Remote.Addr())
	if p.sources[from]--; p.sources[from] == 0 {
		delete(p.sources, from)
	}
	return true
}

// find returns the connection for a flow, nil if there is none.
func (p *pool) find(f live.Flow) *stream {
	if f.Conn == 0 {
		return p.to[poolKey{f.Transport, f.Remote, f.Name}]
	}
	// The number says it all; the rest is compared since a number of another driver may have been kept over a restart.
	if s := p.streams[f.Conn]; s != nil && s.flow.Transport == f.Transport && s.flow.Remote == f.Remote {
		return s
	}
	return nil
}

// closeFlow ends the connection of a flow once what waits has been written.
func (p *pool) closeFlow(f live.Flow) {
	if s := p.find(f); s != nil {
		s.finish(time.Time{})
	}
}

// closeAll ends all connections, those with something to write a little later.
func (p *pool) closeAll(linger time.Duration) {
	by := time.Now().Add(linger)
	for _, s := range p.streams {
		s.finish(by)
	}
}
