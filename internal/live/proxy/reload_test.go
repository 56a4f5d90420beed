package proxy

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/sip"
)

func usersOf(t *testing.T, names ...string) digest.UserTable {
	t.Helper()
	var users []digest.User
	for _, name := range names {
		for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
			u, err := digest.NewUser(name, domain, "secret", a)
			if err != nil {
				t.Fatal(err)
			}
			users = append(users, u)
		}
	}
	return digest.NewUserTable(users)
}

// What is new counts from the next request on; what is being relayed goes on.
func TestReload(t *testing.T) {
	var cfg Config
	d := newDoor(t, func(c *Config) {
		c.Gateways = []Gateway{{Name: "old", URI: "sip:198.51.100.1"}}
		c.Routes = []Route{{Prefix: "1", Gateway: "old"}}
		cfg = *c
	})
	outer, _ := d.ringing() // a call in progress
	invite := func(from netip.AddrPort, number string) string {
		got := d.as("spa1", "secret", from, "INVITE", "sip:"+number+"@"+domain, "Call-ID: "+number+from.String())
		return told(got)
	}
	if s := invite(stranger, "1999"); !strings.Contains(s, "INVITE to 198.51.100.1:5060") {
		t.Fatal(s)
	}
	next := cfg
	next.Users = usersOf(t, "spa1", "new")
	next.Gateways = []Gateway{{Name: "fresh", URI: "sip:198.51.100.2", User: "u", Password: "p"}}
	next.Routes = []Route{{Prefix: "1", Strip: 1, Prepend: "+1", Gateway: "fresh"}, {Prefix: "2", Gateway: "fresh"}}
	next.Trusted = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	next.Limits = Limits{Rate: 1, Burst: 3, Sources: 5}
	kept, err := d.proxy.Reload(next)
	if err != nil || len(kept) != 0 {
		t.Fatal(kept, err)
	}
	if s := invite(stranger, "1999"); !strings.Contains(s, "INVITE to 198.51.100.2:5060") {
		t.Errorf("the new route: %s", s)
	}
	if s := invite(stranger, "2999"); !strings.Contains(s, "INVITE to 198.51.100.2:5060") {
		t.Errorf("a route that there was not: %s", s)
	}
	d.register("new", netip.MustParseAddrPort("203.0.113.31:5060"))
	d.one(d.as("spa2", "secret", stranger, "REGISTER", "sip:"+domain, "To: <sip:spa2@"+domain+">"), 401) // he was taken out
	if got := d.send(netip.MustParseAddrPort("198.51.100.9:5060"), d.request("INVITE", "sip:new@"+domain, "gw", "From: <sip:gw@example.org>;tag=1")); len(got) < 2 {
		t.Errorf("from a network that is trusted now: %s", told(got))
	}
	if n := d.proxy.gate.sources.limit; n != 5 {
		t.Errorf("the table of sources holds %d", n)
	}
	cancel := strings.NewReplacer("INVITE sip", "CANCEL sip", " INVITE\r\n", " CANCEL\r\n").Replace(string(outer.Raw))
	if got := told(d.send(caller, cancel)); !strings.Contains(got, "200 CANCEL") || !strings.Contains(got, "CANCEL to "+callee1.String()) {
		t.Errorf("the call that rang before: %s", got)
	}
}

func TestReloadAllOrNothing(t *testing.T) {
	var cfg Config
	d := newDoor(t, func(c *Config) { cfg = *c })
	for name, change := range map[string]func(*Config){
		"a route to no gateway":    func(c *Config) { c.Routes = []Route{{Prefix: "1", Gateway: "none"}} },
		"a gateway that is no URI": func(c *Config) { c.Gateways = []Gateway{{Name: "a", URI: "gw"}} },
		"no users":                 func(c *Config) { c.Users = nil },
		"no domain":                func(c *Config) { c.Domains = nil },
		"less than more":           func(c *Config) { c.MinExpires, c.MaxExpires = time.Minute, time.Second },
		"a prefix that is no number": func(c *Config) {
			c.Gateways = []Gateway{{Name: "a", URI: "sip:1.2.3.4"}}
			c.Routes = []Route{{Prefix: "x", Gateway: "a"}}
		},
		"two gateways with one name": func(c *Config) {
			c.Gateways = []Gateway{{Name: "a", URI: "sip:1.2.3.4"}, {Name: "a", URI: "sip:1.2.3.5"}}
		},
	} {
		next := cfg
		next.Trusted = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		change(&next)
		if _, err := d.proxy.Reload(next); err == nil {
			t.Errorf("%s was taken", name)
		}
		d.one(d.send(stranger, d.request("INVITE", "sip:1@"+domain, "spa1")), 407)
	}
	next := cfg
	next.Realm, next.Algorithms, next.Aliases, next.Limits.Transactions, next.Timers.T1 = "other", []digest.Algorithm{digest.MD5}, []string{"a"}, 5, time.Second
	kept, err := d.proxy.Reload(next)
	if want := "realm algorithms names timers t1, t2, t4 limit of transactions"; err != nil || strings.Join(kept, " ") != want {
		t.Errorf("%q, %v, want %q", kept, err, want)
	}
}

// A draining proxy lets what is in progress finish and says to others when to come again, if they have said who they are.
func TestDrain(t *testing.T) {
	d := newDoor(t, nil)
	outer, inner := d.ringing()
	d.proxy.Drain()
	got := d.one(d.as("spa1", "secret", stranger, "INVITE", "sip:18005551212@"+domain, "Call-ID: new"), 503)
	if string(got.Value(sip.FieldRetryAfter)) == "" {
		t.Errorf("no Retry-After in\n%s", got.Raw)
	}
	d.one(d.send(stranger, d.request("OPTIONS", "sip:"+domain, "spa1")), 503)
	d.register("spa2", netip.MustParseAddrPort("203.0.113.40:5060")) // registrations go on, for the proxy that comes after this one
	if pending, calls := d.proxy.Busy(d.now); pending != 1 || calls != 0 {
		t.Errorf("%d pending, %d calls", pending, calls)
	}
	answered := d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
	if pending, calls := d.proxy.Busy(d.now); pending != 0 || calls != 1 {
		t.Errorf("answered: %d pending, %d calls", pending, calls)
	}
	bye := d.send(caller, d.request("BYE", "sip:18005551212@203.0.113.20:5060", "spa1", "To: <sip:18005551212@"+domain+">;tag=callee", "Call-ID: "+string(outer.CallID()),
		"Route: "+string(answered[0].Value(sip.FieldRecordRoute))))
	if len(bye) != 1 || bye[0].Method != sip.MethodBye {
		t.Fatal(told(bye))
	}
	d.reply(bye[0].Message, 200, "")
	if pending, calls := d.proxy.Busy(d.now); pending != 0 || calls != 0 {
		t.Errorf("ended: %d pending, %d calls", pending, calls)
	}
	d.wait(25 * time.Hour)
	d.idle()
}

// Calls whose end nobody saw are forgotten.
func TestCallsAreBounded(t *testing.T) {
	now := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	c := newCalls(3)
	for n := range 5 {
		c.answered(now, uint64(n))
	}
	c.seen(now.Add(5*time.Hour), 1)
	c.seen(now.Add(5*time.Hour), 9)
	if n := c.count(now); n != 3 {
		t.Errorf("%d", n)
	}
	if n := c.count(now.Add(7 * time.Hour)); n != 1 {
		t.Errorf("%d after seven hours", n)
	}
}
