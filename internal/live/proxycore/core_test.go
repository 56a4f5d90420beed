package proxycore

import (
	"net/netip"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// newCore returns the core of a proxy; what is not set of its Config is that of p.example.com.
func newCore(t testing.TB, cfg Config) *Core {
	t.Helper()
	if cfg.Hosts == nil {
		cfg.Hosts = []Host{{"p.example.com", 5060}, {"192.0.2.1", 5060}, {"2001:db8::1", 5060}}
	}
	if cfg.Domains == nil {
		cfg.Domains = []string{"example.com"}
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func udp(remote string) live.Flow {
	return live.Flow{Transport: capture.UDP, Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.MustParseAddrPort(remote)}
}

// wire joins lines as they go over the wire.
func wire(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

// request returns an OPTIONS, or whatever the start line says, that is valid; lines are added.
func request(start string, lines ...string) *sip.Message {
	method, _, _ := strings.Cut(start, " ")
	all := append([]string{start}, lines...)
	has := func(name string) bool {
		for _, l := range lines {
			if strings.HasPrefix(l, name+":") {
				return true
			}
		}
		return false
	}
	for _, f := range []struct{ name, value string }{
		{"Via", "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKup"}, {"Max-Forwards", "70"}, {"From", "<sip:alice@example.com>;tag=a"},
		{"To", "<sip:bob@example.com>"}, {"Call-ID", "c1@h"}, {"CSeq", "1 " + method}, {"Content-Length", "0"},
	} {
		if !has(f.name) {
			all = append(all, f.name+": "+f.value)
		}
	}
	return sip.Parse([]byte(wire(all...)))
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no host", Config{}, "no host"},
		{"a host that is none", Config{Hosts: []Host{{"a b", 5060}}}, "neither a name nor an address"},
		{"a mark that needs escapes", Config{Hosts: []Host{{"a", 0}}, Mark: "x@y"}, "escaped"},
	} {
		if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestIsSelf(t *testing.T) {
	c := newCore(t, Config{Mark: "rr"})
	for _, x := range []struct {
		uri               string
		self, responsible bool
	}{
		{"sip:p.example.com", true, true},
		{"sip:P.Example.COM.;lr", true, true},
		{"sip:p.example.com:5060", true, true},
		{"sip:p.example.com:5070", false, false},
		{"sip:192.0.2.1", true, true},
		{"sips:192.0.2.1", false, false}, // port 5061
		{"sip:192.0.2.1:5061", false, false},
		{"sip:[2001:DB8:0::1]:5060", true, true},
		{"sip:[2001:db8::2]", false, false},
		{"sip:bob@example.com", true, true},
		{"sip:bob@example.com:5060", true, true},
		{"sip:bob@example.com:5070", false, false},
		{"sip:bob@example.com:99999", false, false},
		{"sip:bob@sub.example.com", false, false},
		{"tel:+18005551212", false, true},
		{"http://example.com", false, false},
	} {
		u := sip.ParseURI([]byte(x.uri))
		if got := c.IsSelf(&u); got != x.self {
			t.Errorf("IsSelf(%s) = %v", x.uri, got)
		}
		if got := c.IsResponsible(&u); got != x.responsible {
			t.Errorf("IsResponsible(%s) = %v", x.uri, got)
		}
	}
	for _, x := range []struct {
		via  string
		want bool
	}{
		{"SIP/2.0/UDP p.example.com;branch=z9hG4bK1", true},
		{"SIP/2.0/UDP p.example.com:5060", true},
		{"SIP/2.0/UDP p.example.com:5070", false},
		{"SIP/2.0/TLS p.example.com", false}, // 5061
		{"SIP/2.0/UDP example.com", false},   // a domain is no sent-by of ours
		{"SIP/2.0/UDP 192.0.2.2", false},
	} {
		v := sip.ParseVia([]byte(x.via))
		if got := c.IsOurVia(&v); got != x.want {
			t.Errorf("IsOurVia(%s) = %v", x.via, got)
		}
	}
}

func TestRecordRouteIsKnownAgain(t *testing.T) {
	c := newCore(t, Config{Mark: "rr"})
	got := string(c.AppendRecordRoute(nil, "192.0.2.1:5060", true, "flow_7\r\n>"))
	if got != "<sips:rr.flow_7@192.0.2.1:5060;lr>" {
		t.Fatalf("got %s", got)
	}
	got = string(c.AppendRecordRoute(nil, "192.0.2.1:5060", false, "flow_7"))
	a := sip.ParseAddress([]byte(got))
	if token, ours := c.isOurs(&a.URI); !ours || string(token) != "flow_7" {
		t.Errorf("%s: token %q, %v", got, token, ours)
	}
}

func TestDomainsOf(t *testing.T) {
	c := newCore(t, Config{Domains: []string{"example.com", "192.0.2.9", "example.net."}, Hosts: []Host{{"192.0.2.1", 5060}, {"2001:db8::1", 5060}, {"sip.example.org", 5060}}})
	all := "example.com 192.0.2.9 example.net."
	for uri, want := range map[string]string{
		"sip:102@Example.COM":       "example.com",
		"sip:102@example.net":       "example.net.",
		"sip:102@192.0.2.9":         "192.0.2.9", // an address that is a domain is that domain
		"sip:102@192.0.2.1":         all,
		"sip:102@192.0.2.1:5060":    all,
		"sips:102@sip.example.org":  all,
		"sip:102@sip.example.org.":  all,
		"sip:102@[2001:DB8:0::1]":   all,
		"sip:102@192.0.2.1:5070":    "", // somebody else's port
		"sip:102@192.0.2.1:0":       "",
		"sip:102@192.0.2.2":         "",
		"tel:102":                   "",
		"sip:102@another.example":   "",
		"sip:102@x.sip.example.org": "",
	} {
		u := sip.ParseURI([]byte(uri))
		if got := strings.Join(c.DomainsOf(&u), " "); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}
