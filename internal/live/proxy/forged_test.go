package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

var (
	caller  = netip.MustParseAddrPort("203.0.113.10:5062")
	callee1 = netip.MustParseAddrPort("203.0.113.20:5060")
)

// ringing makes a call that rings, and returns the INVITE as the caller sent it and as the callee got it.
func (d *door) ringing() (outer, inner *sip.Message) {
	d.Helper()
	d.register("18005551212", callee1)
	uri := "sip:18005551212@" + domain
	via := "Via: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bKcall"
	first := d.one(d.send(caller, d.request("INVITE", uri, "spa1", strings.Replace(via, "call", "first", 1))), 407)
	request := d.request("INVITE", uri, "spa1", via, d.credentials(first, "INVITE", uri, "spa1", "secret"))
	for _, s := range d.send(caller, request) {
		if s.to.Remote == callee1 {
			inner = s.Message
		}
	}
	if inner == nil {
		d.Fatal("the INVITE was not relayed")
	}
	d.reply(inner, 180, "")
	return sip.Parse([]byte(request)), inner
}

// reply answers a relayed request as the callee would, and returns what the proxy sends for it.
func (d *door) reply(inner *sip.Message, status int, more string) []sent {
	r := live.Reply{Status: status, ToTag: "callee"}
	if more != "" {
		name, value, _ := strings.Cut(more, ": ")
		r.Fields = append(r.Fields, sip.DraftField{Name: name, Value: value})
	}
	b := live.AppendReply(nil, inner, live.Flow{Remote: atProxy}, &r)
	// The proxy's Via is as it was: its own address.
	return d.send(callee1, string(b))
}

// A CANCEL counts from the address that the INVITE came from (RFC 3261 §22.1: the same hop). From elsewhere it is owed 481, and the phone rings on.
func TestForgedCancel(t *testing.T) {
	d := newDoor(t, nil)
	outer, _ := d.ringing()
	cancel := strings.NewReplacer("INVITE sip", "CANCEL sip", " INVITE\r\n", " CANCEL\r\n").Replace(string(outer.Raw))
	d.one(d.send(stranger, cancel), 481)
	// The same branch guessed wrong, from the right address.
	d.one(d.send(caller, strings.Replace(cancel, "z9hG4bKcall", "z9hG4bKother", 1)), 481)
	if pending, _ := d.proxy.Busy(d.now); pending != 1 {
		t.Errorf("%d calls ring", pending)
	}
	got := d.send(caller, cancel)
	if text := told(got); !strings.Contains(text, "200 CANCEL to 203.0.113.10:5062") || !strings.Contains(text, "0 CANCEL to 203.0.113.20:5060") {
		t.Errorf("the true one: %s", text)
	}
}

// A request within a dialog needs no password, if it can show that its dialog went through here. Another has to say who it is.
func TestForgedBye(t *testing.T) {
	d := newDoor(t, nil)
	outer, inner := d.ringing()
	answered := d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
	if len(answered) != 1 || answered[0].to.Remote != caller {
		t.Fatal(told(answered))
	}
	if _, calls := d.proxy.Busy(d.now); calls != 1 {
		t.Errorf("%d calls", calls)
	}
	route := string(answered[0].Value(sip.FieldRecordRoute))
	if !strings.Contains(route, mark+".") {
		t.Fatalf("Record-Route: %s", route)
	}
	uri := "sip:18005551212@203.0.113.20:5060"
	bye := func(callID, route string) string {
		more := []string{"To: <sip:18005551212@" + domain + ">;tag=callee", "Call-ID: " + callID}
		if route != "" {
			more = append(more, "Route: "+route)
		}
		return d.request("BYE", uri, "spa1", more...)
	}
	id := string(outer.CallID())
	for name, forged := range map[string]string{
		"without our Route":         bye(id, ""),
		"with a Route but no token": bye(id, "<sip:127.0.0.1:5060;lr>"),
		"with a made-up token":      bye(id, "<sip:"+mark+".0123456789abcdef0123@127.0.0.1:5060;lr>"),
		"for another call":          bye("another@call", route),
		"with no tag in To":         strings.Replace(bye(id, route), ";tag=callee", "", 1),
	} {
		if got := d.send(stranger, forged); len(got) != 1 || got[0].Status != 407 {
			t.Errorf("%s: %s", name, told(got))
		}
	}
	got := d.send(caller, bye(id, route))
	if len(got) != 1 || got[0].to.Remote != callee1 || got[0].Method != sip.MethodBye {
		t.Fatalf("the true one: %s", told(got))
	}
	if got[0].Has(sip.FieldRoute) {
		t.Errorf("the Route of the proxy is left in\n%s", got[0].Raw)
	}
	d.reply(got[0].Message, 200, "")
	if _, calls := d.proxy.Busy(d.now); calls != 0 {
		t.Errorf("%d calls after the BYE", calls)
	}
}

// Whoever has called somebody, or been called, has a token that leads to him. With it nobody calls, or writes to, him as another: telephones may show what comes with tags that
// they do not know as something new.
func TestTheTokenOpensNoFrom(t *testing.T) {
	for _, c := range []struct {
		name, who    string
		method, from string
		to           string
		want         int // as a stranger; 0: it passes
		signed       int
	}{
		{"the caller", "caller", "INVITE", "<sip:spa1@" + domain + ">;tag=t1", "callee", 0, 0},
		{"the caller, written otherwise", "caller", "INVITE", "Me <sip:%73pa1@other.example>;tag=t1", "callee", 0, 0},
		{"the caller hangs up", "caller", "BYE", "<sip:spa1@" + domain + ">;tag=t1", "callee", 0, 0},
		{"another caller", "caller", "INVITE", "<sip:ceo@bank.example>;tag=t1", "callee", 407, 403},
		{"a message of another", "caller", "MESSAGE", "<sip:ceo@" + domain + ">;tag=t1", "callee", 407, 403},
		{"another dialog", "caller", "INVITE", "<sip:spa1@" + domain + ">;tag=t1", "made-up", 407, 0},
		{"who is called", "callee", "INVITE", "<sip:18005551212@" + domain + ">;tag=callee", "t1", 0, 0},
		{"who is called hangs up", "callee", "BYE", "<sip:18005551212@" + domain + ">;tag=callee", "t1", 0, 0},
		{"another who is called", "callee", "INVITE", "<sip:ceo@bank.example>;tag=callee", "t1", 407, 403},
		{"who is called, to another dialog", "callee", "MESSAGE", "<sip:18005551212@" + domain + ">;tag=callee", "made-up", 407, 0},
	} {
		d := newDoor(t, nil)
		d.register("spa1", caller)
		outer, inner := d.ringing()
		answered := d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
		at, there, uri, user, route := caller, callee1, "sip:18005551212@203.0.113.20:5060", "spa1", string(answered[0].Value(sip.FieldRecordRoute))
		if c.who == "callee" {
			at, there, uri, user, route = callee1, caller, "sip:spa1@203.0.113.10:5062", "18005551212", string(inner.Value(sip.FieldRecordRoute))
		}
		more := []string{"From: " + c.from, "To: <sip:x@" + domain + ">;tag=" + c.to, "Call-ID: " + string(outer.CallID()), "Route: " + route}
		check := func(how string, got []sent, want int) {
			status, reached := 0, false
			for _, m := range got {
				reached = reached || m.IsRequest() && m.to.Remote == there
				if m.Status >= 200 {
					status = int(m.Status)
				}
			}
			if status != want || reached != (want == 0) {
				t.Errorf("%s, %s: %s, want %d", c.name, how, told(got), want)
			}
		}
		check("alone", d.send(at, d.request(c.method, uri, user, more...)), c.want)
		check("signed in", d.as(user, "secret", at, c.method, uri, more...), c.signed)
	}
}

// Somebody who is called and writes the caller's address anew in his answer does not take the token from him.
func TestTheTokenOfAnAlteredFrom(t *testing.T) {
	d := newDoor(t, nil)
	outer, inner := d.ringing()
	answer := live.AppendReply(nil, inner, live.Flow{Remote: atProxy}, &live.Reply{Status: 200, ToTag: "callee", Fields: []sip.DraftField{{Name: "Contact", Value: "<sip:18005551212@203.0.113.20:5060>"}}})
	answered := d.send(callee1, strings.Replace(string(answer), "From: <sip:spa1@", "From: <sip:+18005550100@", 1))
	if len(answered) != 1 {
		t.Fatal(told(answered))
	}
	ack := d.request("ACK", "sip:18005551212@203.0.113.20:5060", "spa1", "To: <sip:18005551212@"+domain+">;tag=callee", "Call-ID: "+string(outer.CallID()), "CSeq: "+fmt.Sprint(outer.CSeq().Number)+" ACK",
		"Route: "+string(answered[0].Value(sip.FieldRecordRoute)))
	if got := d.send(caller, ack); len(got) != 1 || got[0].to.Remote != callee1 {
		t.Error(told(got))
	}
}

// Who is trusted, or called somewhere else, may write his address anew within a call, and still reaches the other side by its flow, whatever its Contact says. So may anybody where From is not looked at.
func TestTheTokenOfTheTrusted(t *testing.T) {
	invite := func(d *door) (inner, answered *sip.Message) {
		d.register("18005551212", callee1)
		for _, m := range d.as("spa1", "secret", caller, "INVITE", "sip:18005551212@"+domain, "Via: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bKt") {
			if m.to.Remote == callee1 {
				inner = m.Message
			}
		}
		if inner == nil {
			d.Fatal("the INVITE was not relayed")
		}
		return inner, d.reply(inner, 200, "Contact: <sip:18005551212@192.168.1.7:5060>")[0].Message
	}
	for name, change := range map[string]func(*Config){
		"trusted":  func(c *Config) { c.Trusted = []netip.Prefix{netip.PrefixFrom(caller.Addr(), 32)} },
		"any_from": func(c *Config) { c.AnyFrom = true },
		"open":     func(c *Config) { c.Open = true },
	} {
		d := newDoor(t, change)
		inner, answered := invite(d)
		bye := d.request("BYE", "sip:18005551212@192.168.1.7:5060", "anonymous", "To: <sip:18005551212@"+domain+">;tag=callee", "Route: "+string(answered.Value(sip.FieldRecordRoute)))
		if got := d.send(caller, bye); len(got) != 1 || got[0].to.Remote != callee1 {
			t.Errorf("%s: %s", name, told(got))
		}
		back := d.request("INVITE", "sip:spa1@192.168.1.8:5060", "x", "From: <sip:+18005551212@elsewhere.example>;tag=callee", "To: <sip:spa1@"+domain+">;tag=t1", "Route: "+string(inner.Value(sip.FieldRecordRoute)))
		if got := d.send(callee1, back); name != "trusted" && (len(got) == 0 || got[len(got)-1].to.Remote != caller) {
			t.Errorf("%s, who is called: %s", name, told(got))
		}
	}
	d := newDoor(t, withGateway)
	inner, _ := d.throughGateway()
	back := d.request("INVITE", "sip:spa1@192.168.1.8:5060", "x", "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKback", "From: <sip:+19005551212@gw.example>;tag=gw1", "To: <sip:spa1@"+domain+">;tag=t1",
		"Call-ID: through", "Route: "+string(inner.Value(sip.FieldRecordRoute)))
	if got := d.send(atGateway, back); len(got) != 2 || got[1].to.Remote != caller {
		t.Errorf("a gateway: %s", told(got))
	}
}

// Whoever is called gets the token of that call with Record-Route. It leads to the caller, whatever the
// Request-URI says, and never to a gateway.
func TestTheTokenOpensNoGateway(t *testing.T) {
	d := newDoor(t, func(c *Config) {
		c.Gateways = []Gateway{{Name: "out", URI: "sip:198.51.100.1", User: "u", Password: "p"}}
		c.Routes = []Route{{Prefix: "1900", Gateway: "out"}}
	})
	outer, inner := d.ringing()
	d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
	route := string(inner.Value(sip.FieldRecordRoute))
	for _, uri := range []string{"sip:19005551212@" + domain, "sip:19005551212@127.0.0.1:5060", "tel:+19005551212", "tel:19005551212"} {
		got := d.send(callee1, d.request("INVITE", uri, "x", "Via: SIP/2.0/UDP 203.0.113.20:5060;branch=z9hG4bKf"+uri[len(uri)-4:]+uri[:3], "From: <sip:18005551212@"+domain+">;tag=callee", "To: <sip:spa1@"+domain+">;tag=t1",
			"Call-ID: "+string(outer.CallID()), "Route: "+route))
		for _, m := range got {
			if m.IsRequest() && m.to.Remote != caller {
				t.Errorf("%s: %s", uri, told(got))
			}
		}
	}
	if got := told(d.as("spa1", "secret", caller, "INVITE", "sip:19005551212@"+domain, "Call-ID: own")); !strings.Contains(got, "INVITE to 198.51.100.1:5060") {
		t.Errorf("a user of ours: %s", got)
	}
}

// A proxy that is started again with its secret knows its calls.
func TestCallsOutliveARestart(t *testing.T) {
	secret := func(c *Config) { c.Secret = []byte("0123456789abcdef0123456789abcdef") }
	d := newDoor(t, secret)
	outer, inner := d.ringing()
	answered := d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
	bye := d.request("BYE", "sip:18005551212@203.0.113.20:5060", "spa1", "To: <sip:18005551212@"+domain+">;tag=callee", "Call-ID: "+string(outer.CallID()),
		"Route: "+string(answered[0].Value(sip.FieldRecordRoute)))
	if got := newDoor(t, secret).send(caller, bye); len(got) != 1 || got[0].to.Remote != callee1 {
		t.Errorf("with the secret: %s", told(got))
	}
	newDoor(t, nil).one(newDoor(t, nil).send(caller, bye), 407)
}

// Nobody registers for somebody else (RFC 3261 §10.3 step 4), and nobody makes the proxy send calls where it alone can reach.
func TestRegistrationsOfOthers(t *testing.T) {
	d := newDoor(t, nil)
	uri := "sip:" + domain
	for _, c := range []struct {
		name    string
		user    string
		more    []string
		want    int
		because string
	}{
		{"himself", "spa1", []string{"To: <sip:spa1@" + domain + ">"}, 200, ""},
		{"somebody else, with his own password", "spa1", []string{"To: <sip:spa2@" + domain + ">"}, 403, ""},
		{"the name of somebody else in From too", "spa1", []string{"To: <sip:spa2@" + domain + ">", "From: <sip:spa2@" + domain + ">;tag=1"}, 403, ""},
		{"an escaped name that is the same", "spa1", []string{"To: <sip:%73pa1@" + domain + ">"}, 200, ""},
		{"a name that is longer", "spa1", []string{"To: <sip:spa1%00@" + domain + ">"}, 403, ""},
		{"of another domain", "spa1", []string{"To: <sip:spa1@example.org>"}, 404, ""},
		{"a contact on the machine of the proxy, not from there", "spa1", []string{"To: <sip:spa1@" + domain + ">", "Contact: <sip:spa1@127.0.0.1:5060>", "Via: SIP/2.0/UDP phone.example.com;branch=z9hG4bKc1"}, 200, "the flow"},
		{"more contacts than there may be", "spa1", []string{"To: <sip:spa1@" + domain + ">", "Contact: <sip:1@203.0.113.66>, <sip:2@203.0.113.66>, <sip:3@203.0.113.66>, <sip:4@203.0.113.66>, <sip:5@203.0.113.66>, <sip:6@203.0.113.66>, <sip:7@203.0.113.66>, <sip:8@203.0.113.66>, <sip:9@203.0.113.66>, <sip:10@203.0.113.66>, <sip:11@203.0.113.66>"}, 403, ""},
	} {
		got := d.as(c.user, "secret", stranger, "REGISTER", uri, append(c.more, "Call-ID: "+strings.NewReplacer(" ", "-", ",", "").Replace(c.name))...)
		if len(got) != 1 || int(got[0].Status) != c.want {
			t.Errorf("%s: %s", c.name, told(got))
		}
	}
	if b, _ := d.proxy.Lookup(d.now, "sip:spa2@"+domain); len(b) != 0 {
		t.Errorf("spa2 is at %+v", b)
	}
	// Whatever a contact says, requests for it go where the REGISTER came from.
	bindings, _ := d.proxy.Lookup(d.now, "sip:spa1@"+domain)
	for _, b := range bindings {
		if strings.Contains(b.URI, "127.0.0.1") && b.Flow.Remote != stranger {
			t.Errorf("%s is reached at %v", b.URI, b.Flow)
		}
	}
	if len(bindings) == 0 {
		t.Error("spa1 is nowhere")
	}
	d.wait(25 * time.Hour)
	d.idle()
}

// Whoever calls as a user of ours has proved to be him.
func TestForgedFrom(t *testing.T) {
	for from, want := range map[string]int{
		"<sip:spa1@" + domain + ">;tag=1": 480, "<sip:spa2@" + domain + ">;tag=1": 403, `"Boss" <sips:spa2@` + domain + ">;tag=1": 403,
		"<sip:SPA1@" + domain + ">;tag=1": 403, "<sip:%73pa1@" + domain + ">;tag=1": 480, "<sip:spa2@sip.VOIP-info.org>;tag=1": 403,
		"<sip:anonymous@anonymous.invalid>;tag=1": 480,
	} {
		d := newDoor(t, nil)
		got := d.as("spa1", "secret", stranger, "INVITE", "sip:spa2@"+domain, "From: "+from)
		if len(got) == 0 || int(got[len(got)-1].Status) != want {
			t.Errorf("From: %s: %s, want %d", from, told(got), want)
		}
	}
}

// What is in a request does not become a line of its own in what is told of it, nor in what is answered.
func TestHeaderInjection(t *testing.T) {
	d := newDoor(t, nil)
	evil := "spa1\x1b[2J\r\n Aug 20 16:40:00 host INVITE\u202e"
	got := d.send(stranger, d.request("INVITE", "sip:1@"+domain, "spa1", `Proxy-Authorization: Digest username="`+evil+`",realm="`+domain+`",nonce="x",uri="sip:1@`+domain+
		`",response="0123456789abcdef0123456789abcdef",algorithm=MD5`, "Call-ID: a\r\n b"))
	for _, s := range got {
		for _, line := range strings.Split(string(s.Raw), "\r\n") {
			if strings.HasPrefix(line, " ") || strings.ContainsAny(line, "\r\n") {
				t.Errorf("a line of its own: %q", line)
			}
		}
	}
	if len(d.events) == 0 {
		t.Error("nothing is told")
	}
	for _, e := range d.events {
		if len(e.User) > 64 {
			t.Errorf("a name of %d bytes", len(e.User))
		}
	}
}
