// Package locate finds the servers of a SIP URI in the DNS: RFC 3263.
//
//	Target{example.com}                          neither port nor transport: ask which transports there are (§4.1)
//	  NAPTR example.com                          50 50 "s" "SIPS+D2T" _sips._tcp.example.com
//	  └ SRV  _sips._tcp.example.com              0 1 5061 a.example.com, 0 2 5061 b.example.com     (§4.2, RFC 2782)
//	    └ A, AAAA  b.example.com, a.example.com  192.0.2.2, 192.0.2.1
//	[]Flow{TLS 192.0.2.2:5061 example.com, TLS 192.0.2.1:5061 example.com}                          to be tried in this order (§4.3)
//
//	Target{example.com, transport}               SRV, else A and AAAA with the transport's port
//	Target{example.com, port}                    A and AAAA
//	Target{192.0.2.1}                            nothing is asked
//
// Whoever sends tries the first flow and, if that fails, the next.
//
// The names "localhost" and those below it are loopback and never asked for (RFC 6761 §6.3). The hosts file of the machine is not read.
package locate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// Config is what a resolver is made with. The zero value asks the servers that the system asks.
type Config struct {
	// Servers are the name servers, asked in this order. None: those of /etc/resolv.conf.
	Servers []netip.AddrPort
	// Transports that this side can send over. None: UDP, TCP and TLS.
	Transports []capture.Transport
	// Timeout is how long one question waits for one server; each is asked twice. 0: 2 s.
	Timeout time.Duration
	// Allow is the network guard: a server for which it returns false is not asked. nil: all are.
	Allow func(netip.AddrPort) bool
	// Chance returns a number from 0 to n-1, for the weights of SRV records. nil: the system's.
	Chance func(n int) int
	// Now is the clock by which the cache forgets. nil: the system's.
	Now func() time.Time
}

// Resolver finds servers. It may be used by several goroutines at a time.
type Resolver struct {
	transports []capture.Transport
	chance     func(int) int
	dns        client
}

// maxFlows bounds what one target may lead to. Whoever tries them one after the other has given up long before.
const maxFlows = 32

// New makes a resolver. The error says what is missing.
func New(cfg Config) (*Resolver, error) {
	if len(cfg.Servers) == 0 {
		var err error
		if cfg.Servers, err = systemServers("/etc/resolv.conf"); err != nil {
			return nil, err
		}
	}
	if len(cfg.Transports) == 0 {
		cfg.Transports = []capture.Transport{capture.UDP, capture.TCP, capture.TLS}
	}
	if cfg.Chance == nil {
		cfg.Chance = systemChance
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.Allow == nil {
		cfg.Allow = func(netip.AddrPort) bool { return true }
	}
	return &Resolver{transports: cfg.Transports, chance: cfg.Chance, dns: client{servers: cfg.Servers, timeout: cfg.Timeout, allow: cfg.Allow,
		cache: cache{now: cfg.Now, entries: map[question]entry{}, asking: map[question]*asking{}}}}, nil
}

// systemChance is the chance of the system.
func systemChance(n int) int {
	k, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0
	}
	return int(k.Int64())
}

// systemServers reads the servers that the system asks.
func systemServers(path string) ([]netip.AddrPort, error) {
	c, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("which name servers to ask is not known; give one, such as 127.0.0.1:53: %w", err)
	}
	var servers []netip.AddrPort
	for _, s := range c.Servers {
		if a, err := netip.ParseAddr(s); err == nil {
			servers = append(servers, netip.AddrPortFrom(a, 53))
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("%s names no name server; give one, such as 127.0.0.1:53", path)
	}
	return servers, nil
}

// Resolve returns the flows to a target in the order in which they should be tried, without Local and Conn. For TLS their Name is the
// host of the target, whatever names the DNS led over (RFC 5922 §7.3).
func (r *Resolver) Resolve(ctx context.Context, t live.Target) ([]live.Flow, error) {
	if t.Secure {
		// RFC 3261 §26.2.2: TLS, over TCP; a transport=tcp in a sips URI says the same.
		t.Transport = capture.TLS
	}
	if f, ok := live.FlowOf(t); ok {
		return []live.Flow{f}, nil
	}
	host := strings.TrimSuffix(t.Host, ".")
	if _, ok := dns.IsDomainName(host); !ok || host == "" {
		return nil, fmt.Errorf("%q is no name that the DNS could have", t.Host)
	}
	if t.Transport != capture.TransportUnknown && !slices.Contains(r.transports, t.Transport) {
		return nil, fmt.Errorf("%s wants transport %s, which is not to be had here", host, t.Transport)
	}
	l := lookup{ctx: ctx, r: r, host: host}
	switch {
	case t.Port != 0:
		// §4.2: a port leaves nothing to ask but the address.
		l.addresses(orUDP(t.Transport), host, t.Port)
	case t.Transport != capture.TransportUnknown:
		// §4.2: a transport is given (by a sips URI, too): its SRV records.
		if !l.services(t.Transport, serviceName(t.Transport, host)) {
			l.addresses(t.Transport, host, defaultPort(t.Transport))
		}
	default:
		l.any()
	}
	if len(l.flows) > 0 {
		return l.flows, nil
	}
	if l.err == nil {
		l.err = errors.New("the DNS has none")
		if l.none {
			l.err = errors.New("the DNS says that it has no such service")
		}
	}
	return nil, fmt.Errorf("no address for %s: %w", host, l.err)
}

// lookup is one look-up going on.
type lookup struct {
	ctx   context.Context
	r     *Resolver
	host  string
	flows []live.Flow
	err   error // the first thing that went wrong
	none  bool  // a service is expressly not offered
}

// any finds the transport, too (§4.1).
func (l *lookup) any() {
	found := l.naptr()
	if found {
		return
	}
	// "If no NAPTR records are found, the client constructs SRV queries for those transport protocols it supports […] The client MAY use any
	// transport protocol it desires": the first that there is.
	for _, t := range l.r.transports {
		if l.services(t, serviceName(t, l.host)) && len(l.flows) > 0 {
			return
		}
	}
	if l.none {
		return
	}
	// "If no SRV records are found, the client SHOULD use […] UDP for a SIP URI."
	l.addresses(capture.UDP, l.host, defaultPort(capture.UDP))
}

// addresses adds the flows to a host whose transport and port are known.
func (l *lookup) addresses(t capture.Transport, host string, port uint16) {
	for _, a := range l.hostAddresses(host) {
		if len(l.flows) == maxFlows {
			return
		}
		f := live.Flow{Transport: t, Remote: netip.AddrPortFrom(a, port)}
		if t == capture.TLS {
			f.Name = l.host
		}
		l.flows = append(l.flows, f)
	}
}

// hostAddresses returns the addresses of a host, those of IPv4 first: more of what SIP runs on has them.
func (l *lookup) hostAddresses(host string) []netip.Addr {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	var addrs []netip.Addr
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		for _, rr := range l.ask(host, kind) {
			var a netip.Addr
			switch rr := rr.(type) {
			case *dns.A:
				a, _ = netip.AddrFromSlice(rr.A)
			case *dns.AAAA:
				a, _ = netip.AddrFromSlice(rr.AAAA)
			}
			if a = a.Unmap(); a.IsValid() && !a.IsUnspecified() && !slices.Contains(addrs, a) {
				addrs = append(addrs, a)
			}
		}
	}
	return addrs
}

// ask asks the DNS. What goes wrong is kept: it is told if nothing else leads anywhere.
func (l *lookup) ask(name string, kind uint16) []dns.RR {
	rrs, err := l.r.dns.ask(l.ctx, name, kind)
	if err != nil && l.err == nil {
		l.err = err
	}
	return rrs
}

// orUDP returns the transport where only a port is given (§4.1).
func orUDP(t capture.Transport) capture.Transport {
	if t == capture.TransportUnknown {
		return capture.UDP
	}
	return t
}

func defaultPort(t capture.Transport) uint16 {
	if t == capture.TLS {
		return 5061
	}
	return 5060
}
