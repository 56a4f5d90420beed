package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// A gateway that has no domain of ours calls a user at an address of the proxy, and so may a telephone.
func TestAUserAtAnAddressOfTheProxy(t *testing.T) {
	home := netip.MustParseAddrPort("198.51.100.5:5060")
	wide := netip.MustParseAddrPort("0.0.0.0:5070")
	change := func(c *Config) {
		c.Trusted = []netip.Prefix{netip.PrefixFrom(atGateway.Addr(), 32)}
		c.Listeners = append(c.Listeners, Listener{Transport: capture.UDP, Addr: wide, Name: "203.0.113.5:5070"})
		c.Aliases = []string{"192.168.1.2", "proxy.example.org"}
	}
	for uri, status := range map[string]int{
		"sip:18005551212@" + domain:                 0,
		"sip:18005551212@127.0.0.1":                 0,
		"sip:18005551212@127.0.0.1:5060":            0,
		"sip:1800555%31212@127.0.0.1;transport=udp": 0,
		"sip:18005551212@203.0.113.5:5070":          0,
		"sip:18005551212@192.168.1.2":               0,
		"sip:18005551212@proxy.example.org":         0,
		"sip:18005551212@127.0.0.1;maddr=127.0.0.1": 0, // the address of the proxy there is none (§16.4)
		"sip:spa2@127.0.0.1":                        480,
		"sip:nobody@127.0.0.1":                      404,
		"sip:127.0.0.1":                             404,
		"sip:scribe.Zm9v@127.0.0.1":                 404, // as in our Record-Route, and without a Route
	} {
		for _, by := range []string{"gateway", "phone"} {
			d := newDoor(t, change)
			d.register("18005551212", home)
			d.events = nil
			var got []sent
			if by == "gateway" {
				got = d.send(atGateway, d.request("INVITE", uri, "1777", "Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKin"))
			} else {
				got = d.as("spa1", "secret", caller, "INVITE", uri)
			}
			if status != 0 {
				d.one(got, status)
				continue
			}
			if len(got) != 2 || got[0].Status != 100 || got[1].to.Remote != home {
				t.Errorf("%s of a %s: %s", uri, by, told(got))
				continue
			}
			if u := got[1].RequestURI(); string(u.Raw) != "sip:18005551212@"+home.String() {
				t.Errorf("%s of a %s: to %s", uri, by, u.Raw)
			}
		}
	}
}

// With several domains it is the user of the first of them in which he has a phone; a domain that is named is that and no other.
func TestAUserAtAnAddressOfSeveralDomains(t *testing.T) {
	first, second := netip.MustParseAddrPort("198.51.100.5:5060"), netip.MustParseAddrPort("198.51.100.6:5060")
	const other = "example.net"
	d := newDoor(t, func(c *Config) {
		c.Domains = []string{domain, other}
		c.Trusted = []netip.Prefix{netip.PrefixFrom(atGateway.Addr(), 32)}
	})
	call := func(uri string) []sent {
		d.Helper()
		return d.send(atGateway, d.request("INVITE", uri, "1777", "Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK"+strings.Repeat("i", d.branch+1)))
	}
	d.one(d.as("spa2", "secret", second, "REGISTER", "sip:"+other, "From: <sip:spa2@"+other+">;tag=t1", "To: <sip:spa2@"+other+">", "Contact: <sip:spa2@"+second.String()+">", "Call-ID: reg2"), 200)
	d.one(call("sip:spa2@"+domain), 480)
	if got := call("sip:spa2@127.0.0.1"); len(got) != 2 || got[1].to.Remote != second {
		t.Error("the second domain: " + told(got))
	}
	d.register("spa2", first)
	if got := call("sip:spa2@127.0.0.1"); len(got) != 2 || got[1].to.Remote != first {
		t.Error("both domains: " + told(got))
	}
	if got := call("sip:spa2@" + other); len(got) != 2 || got[1].to.Remote != second {
		t.Error("the domain that is named: " + told(got))
	}
}

// A binding that leads to the proxy itself, at an address that is looked up, leads no request round in circles (§16.3 item 4).
func TestAContactThatIsTheProxy(t *testing.T) {
	d := newDoor(t, func(c *Config) { c.Trusted = []netip.Prefix{netip.PrefixFrom(atProxy.Addr(), 32)} })
	d.one(d.send(atProxy, d.request("REGISTER", "sip:"+domain, "spa2", "Via: SIP/2.0/UDP "+atProxy.String()+";branch=z9hG4bKself", "To: <sip:spa2@"+domain+">", "Contact: <sip:spa2@"+atProxy.String()+">")), 200)
	var uris []string
	final := 0
	for got := d.as("spa1", "secret", caller, "INVITE", "sip:spa2@"+domain, "Via: SIP/2.0/UDP "+caller.String()+";branch=z9hG4bKround"); len(got) > 0; got = got[1:] {
		m := got[0]
		switch {
		case m.to.Remote == caller && m.Status >= 200:
			final = int(m.Status)
		case m.to.Remote == atProxy:
			if m.IsRequest() && m.Method == sip.MethodInvite {
				uris = append(uris, string(m.Text(m.URISpan)))
			}
			if len(uris) > 10 {
				t.Fatal("round in circles")
			}
			got = append(got, d.send(atProxy, string(m.Raw))...)
		}
	}
	if final != 482 || len(uris) != 2 || uris[1] != "sip:spa2@"+atProxy.String() {
		t.Errorf("%d after %v", final, uris)
	}
}
