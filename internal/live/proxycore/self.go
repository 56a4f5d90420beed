package proxycore

import (
	"bytes"
	"net/netip"
	"strings"

	"sipscribe/sip"
)

// host is a Host with its address, if its name is one.
type host struct {
	Host
	addr netip.Addr
}

// isHost reports whether a host, with brackets if it is an IPv6 address, is one of ours at a port. port 0: none was given.
func (c *Core) isHost(host []byte, port uint16, secure bool) bool {
	host = bytes.TrimSuffix(host, []byte("."))
	var addr netip.Addr
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		addr, _ = netip.ParseAddr(string(host[1 : n-1]))
		addr = addr.Unmap().WithZone("")
	}
	for i := range c.hosts {
		h := &c.hosts[i]
		if addr.IsValid() && h.addr != addr || !addr.IsValid() && !equalFold(host, h.Name) {
			continue
		}
		// Without a port the default is meant; a name without one may come from SRV, which any port can stand in.
		address := h.addr.IsValid()
		want := port
		if want == 0 && address {
			want = defaultPort(secure)
		}
		if h.Port == 0 || want == 0 || want == h.Port {
			return true
		}
	}
	return false
}

// isDomain reports whether a host is a domain that the proxy is responsible for.
func (c *Core) isDomain(host []byte) bool {
	host = bytes.TrimSuffix(host, []byte("."))
	for _, d := range c.cfg.Domains {
		if equalFold(host, strings.TrimSuffix(d, ".")) {
			return true
		}
	}
	return false
}

// IsSelf reports whether a SIP URI names this proxy: one of its hosts, or one of its domains without a port or at a port of ours.
func (c *Core) IsSelf(u *sip.URI) bool {
	if !u.IsSIP() || u.Masked || len(u.Host) == 0 || u.PortText != nil && u.Port == 0 {
		return false
	}
	if c.isHost(u.Host, u.Port, isSecure(u)) {
		return true
	}
	return c.isDomain(u.Host) && (u.Port == 0 || c.isPort(u.Port))
}

func (c *Core) isPort(port uint16) bool {
	for i := range c.cfg.Hosts {
		if p := c.cfg.Hosts[i].Port; p == 0 || p == port {
			return true
		}
	}
	return false
}

// IsResponsible reports whether the location service has the say about a URI (§16.5): a SIP URI of one of our domains or hosts, or a
// telephone number, which names no domain.
func (c *Core) IsResponsible(u *sip.URI) bool {
	if u.IsTel() {
		return true
	}
	return c.IsSelf(u) || u.IsSIP() && u.Port == 0 && u.PortText == nil && c.isDomain(u.Host)
}

// DomainsOf returns the domains one of whose users a URI may name that the location service has the say about (§16.5): that of its host. Where the host is the proxy itself, all of them in their
// order: a gateway that was given an address, and no domain, writes that into the Request-URI (§19.1.1: "either a fully-qualified domain name or numeric IPv4 or IPv6 address").
func (c *Core) DomainsOf(u *sip.URI) []string {
	host := bytes.TrimSuffix(u.Host, []byte("."))
	for i, d := range c.cfg.Domains {
		if equalFold(host, strings.TrimSuffix(d, ".")) {
			return c.cfg.Domains[i : i+1]
		}
	}
	if c.IsSelf(u) {
		return c.cfg.Domains
	}
	return nil
}

// isOurs reports whether a URI is one that this proxy put into Record-Route or Path, and returns what follows the mark.
func (c *Core) isOurs(u *sip.URI) (token []byte, ok bool) {
	if !c.IsSelf(u) {
		return nil, false
	}
	if c.cfg.Mark == "" {
		return nil, !u.HasAt && u.Params.Has("lr")
	}
	rest, ok := bytes.CutPrefix(u.User, []byte(c.cfg.Mark))
	if !ok || len(rest) > 0 && rest[0] != '.' {
		return nil, false
	}
	if len(rest) > 0 {
		rest = rest[1:]
	}
	return rest, true
}

// IsOurVia reports whether a Via value has a sent-by of ours (§18.1.2, §16.7 step 3).
func (c *Core) IsOurVia(v *sip.Via) bool {
	if len(v.Host) == 0 || v.PortText != nil && v.Port == 0 {
		return false
	}
	port := v.Port
	if port == 0 {
		port = defaultPort(equalFold(v.Transport, "TLS"))
	}
	return c.isHost(v.Host, port, false)
}

// AppendRecordRoute appends a value for Record-Route or Path that the proxy knows again: hostport as in a URI; secure for a sips URI, which
// §16.6 step 4 wants where the Request-URI or the topmost Route is one; token is the caller's and comes back in Route.Token. It consists
// of letters, digits, "-" and "_"; other bytes of it are left out.
func (c *Core) AppendRecordRoute(dst []byte, hostport string, secure bool, token string) []byte {
	dst = append(dst, "<sip"...)
	if secure {
		dst = append(dst, 's')
	}
	dst = append(dst, ':')
	if c.cfg.Mark != "" {
		dst = append(dst, c.cfg.Mark...)
		if token != "" {
			dst = append(dst, '.')
			for i := range len(token) {
				if isPlain(token[i]) {
					dst = append(dst, token[i])
				}
			}
		}
		dst = append(dst, '@')
	}
	dst = append(dst, hostport...)
	return append(dst, ";lr>"...)
}

func isSecure(u *sip.URI) bool {
	return equalFold(u.Scheme, "sips")
}

// defaultPort is that of RFC 3261 §19.1.2.
func defaultPort(secure bool) uint16 {
	if secure {
		return 5061
	}
	return 5060
}

// equalFold compares without regard to the case of ASCII letters; unlike that of package bytes it knows no other alphabet.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		x, y := b[i], s[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
