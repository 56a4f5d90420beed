package sdp

import "net/netip"

// Connection is a c= line (RFC 8866 §5.7): the address to which media is sent.
type Connection struct {
	NetType  []byte // "IN"
	AddrType []byte // "IP4" or "IP6"
	Address  []byte // an address or a host name, without TTL and count
	TTL      int    // of an IP4 multicast address, 0 to 255; -1 if none is given
	Count    int    // how many contiguous multicast addresses; 1 if none is given
	Line     Line
}

// Connection returns the connection of the session part and whether there is one.
func (s *Session) Connection() (Connection, bool) { return s.connection(s.SessionLines()) }

// Connection returns the connection that holds for this media section, its own or else that of the session (RFC 8866 §5.7), and
// whether there is one. Of several, which layered multicast may have, it returns the first.
func (m Media) Connection() (Connection, bool) {
	if m.s == nil {
		return Connection{}, false
	}
	if c, ok := m.s.connection(m.Lines()); ok {
		return c, true
	}
	return m.s.Connection()
}

// HasConnection reports whether the media section has a connection of its own.
func (m Media) HasConnection() bool {
	if m.s == nil {
		return false
	}
	_, ok := m.s.connection(m.Lines())
	return ok
}

func (s *Session) connection(lines []Line) (Connection, bool) {
	for _, l := range lines {
		if l.Type == 'c' {
			return parseConnection(s.Value(l), l), true
		}
	}
	return Connection{}, false
}

// parseConnection reads nettype, addrtype and base[/ttl][/number]. IP6 has no TTL, so that one number after its address is the count.
func parseConnection(v []byte, l Line) Connection {
	f := fields{rest: v}
	c := Connection{TTL: -1, Count: 1, Line: l}
	c.NetType, c.AddrType = f.next(), f.next()
	base, first, slash := cutByte(f.next(), '/')
	c.Address = base
	if !slash {
		return c
	}
	first, second, two := cutByte(first, '/')
	count, given := first, true
	if !equalFold(c.AddrType, "ip6") {
		if n, ok := number(first, 255); ok {
			c.TTL = int(n)
		}
		count, given = second, two
	}
	if n, ok := number(count, 65535); ok && given && n > 0 {
		c.Count = int(n)
	}
	return c
}

// Addr returns the address as an IP address. It reports false for a host name and for anything else that is not an address,
// such as one that a log has masked.
func (c Connection) Addr() (netip.Addr, bool) {
	if len(c.Address) > 64 { // no address is that long, and ParseAddr wants a string
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(c.Address))
	return a, err == nil
}

// IsNowhere reports whether the address is 0.0.0.0, by which RFC 2543 put a call on hold and by which an offerer may say that it
// does not know its address yet: no media is to be sent (RFC 3264 §8.4).
func (c Connection) IsNowhere() bool { return string(c.Address) == "0.0.0.0" }
