package proxyd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// listener is an address with one transport.
type listener struct {
	transport capture.Transport
	addr      netip.AddrPort
	name      string
}

// parseListen returns the listeners of an entry: "192.0.2.10:5060" for UDP and TCP (RFC 3261 §18.2.1 wants both), "tls:192.0.2.10:5061" for one
// transport, "0.0.0.0:5060 as sip.example.com" with the host that Via and Record-Route have instead of the address, behind a NAT the public one.
func parseListen(entry string) ([]listener, error) {
	at, as, named := strings.Cut(entry, " as ")
	at, as = strings.TrimSpace(at), strings.TrimSpace(as)
	transports := []capture.Transport{capture.UDP, capture.TCP}
	port := uint16(5060)
	if name, rest, ok := strings.Cut(at, ":"); ok && !strings.ContainsAny(name, ".[") && len(name) == 3 {
		t := live.TransportNamed(name)
		if t == capture.TransportUnknown {
			return nil, fmt.Errorf("cannot listen at %q: there is no transport %q; there are udp, tcp and tls", entry, name)
		}
		transports, at = []capture.Transport{t}, rest
		if t == capture.TLS {
			port = 5061
		}
	}
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		a, aerr := netip.ParseAddr(strings.Trim(at, "[]"))
		if aerr != nil {
			return nil, fmt.Errorf("cannot listen at %q: write an address of this machine with a port, such as 192.0.2.10:5060, tls:192.0.2.10:5061 or 0.0.0.0:5060 (every address)", entry)
		}
		addr = netip.AddrPortFrom(a, port)
	}
	if addr.Addr().IsMulticast() {
		return nil, fmt.Errorf("cannot listen at %q: that is a multicast address, and registration by multicast (RFC 3261 §10.2.6) is not known here", entry)
	}
	if named {
		host := as
		if h, _, err := net.SplitHostPort(as); err == nil {
			host = h
		}
		if err := CheckHost(host); err != nil {
			return nil, fmt.Errorf("cannot listen at %q: %w", entry, err)
		}
	}
	var out []listener
	for _, t := range transports {
		out = append(out, listener{t, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), as})
	}
	return out, nil
}

// listeners returns the listeners of all entries.
func (s *Settings) listeners() ([]listener, error) {
	var out []listener
	for _, entry := range s.Listen {
		ls, err := parseListen(entry)
		if err != nil {
			return nil, err
		}
		for _, l := range ls {
			for _, o := range out {
				if o.transport == l.transport && o.addr == l.addr && l.addr.Port() != 0 {
					return nil, fmt.Errorf("%s:%s is listened at twice", strings.ToLower(l.transport.String()), l.addr)
				}
			}
			if l.addr.Addr().IsUnspecified() && l.name == "" {
				if len(s.Names) == 0 {
					return nil, errors.New(l.addr.String() + " is every address of this machine, and a phone has to be told one: say by which name or address it reaches the proxy (--name sip.example.com)")
				}
				l.name = s.Names[0]
			}
			out = append(out, l)
		}
	}
	return out, nil
}

// sentBy returns what Via and Record-Route call a listener: the name with the port.
func (l *listener) sentBy() string {
	if l.name == "" {
		return l.addr.String()
	}
	if _, _, err := net.SplitHostPort(l.name); err == nil {
		return l.name
	}
	return net.JoinHostPort(strings.Trim(l.name, "[]"), fmt.Sprint(l.addr.Port()))
}

// machineAddrs returns the addresses of this machine: what a listener at every address is reached by.
func machineAddrs() []string {
	var out []string
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // it is reached by its name, then
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			out = append(out, p.Addr().String())
		}
	}
	return out
}
