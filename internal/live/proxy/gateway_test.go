package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/sip"
)

var atGateway = netip.MustParseAddrPort("198.51.100.1:5060")

// withGateway gives a proxy a gateway with an account, to which numbers with 1900 go.
func withGateway(c *Config) {
	c.Gateways = []Gateway{{Name: "out", URI: "sip:198.51.100.1", User: "u", Password: "p"}}
	c.Routes = []Route{{Prefix: "1900", Gateway: "out"}}
}

const asks = `Digest realm="gw", nonce="n1", qop="auth"`

// gatewaySays has the gateway answer a request, and returns what the proxy sends for that.
func (d *door) gatewaySays(m *sip.Message, status int, tag string, fields ...sip.DraftField) []sent {
	return d.send(atGateway, string(live.AppendReply(nil, m, live.Flow{Remote: atProxy}, &live.Reply{Status: status, ToTag: tag, Fields: fields})))
}

// asksWith is what a gateway asks with.
func asksWith(status int) sip.DraftField {
	if status == 401 {
		return sip.DraftField{Name: "WWW-Authenticate", Value: asks}
	}
	return sip.DraftField{Name: "Proxy-Authenticate", Value: asks}
}

// throughGateway makes a call that the gateway has challenged and answered, and returns the INVITE as the caller sent it and the Route of his next requests.
func (d *door) throughGateway() (invite *sip.Message, route string) {
	d.Helper()
	got := d.as("spa1", "secret", caller, "INVITE", "sip:19005551212@"+domain, "Via: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bKcall", "Call-ID: through")
	var inner *sip.Message
	for _, m := range got {
		if m.to.Remote == atGateway {
			inner = m.Message
		}
	}
	if inner == nil {
		d.Fatalf("nothing reached the gateway: %s", told(got))
	}
	for _, m := range d.gatewaySays(inner, 407, "gw0", asksWith(407)) {
		if m.Method == sip.MethodInvite && m.IsRequest() {
			inner = m.Message
		}
	}
	if !inner.Has(sip.FieldProxyAuthorization) {
		d.Fatal("the challenge of the INVITE was not answered")
	}
	got = d.gatewaySays(inner, 200, "gw1", sip.DraftField{Name: "Contact", Value: "<sip:19005551212@198.51.100.1>"})
	if len(got) != 1 || got[0].to.Remote != caller {
		d.Fatal(told(got))
	}
	return inner, string(got[0].Value(sip.FieldRecordRoute))
}

// within writes a request of the caller in the dialog that throughGateway made; more fields win.
func (d *door) within(method, route string, more ...string) string {
	via := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKwithin%d", caller, d.branch)
	return d.request(method, "sip:19005551212@198.51.100.1", "spa1", append([]string{via, "To: <sip:19005551212@" + domain + ">;tag=gw1", "Call-ID: through", "Route: " + route}, more...)...)
}

// signed is within with the caller's credentials, where the proxy asks for them; first is what that has sent meanwhile to anybody else.
func (d *door) signed(method, uri, route string, more ...string) (got, first []sent) {
	d.Helper()
	write := func(more ...string) string {
		return strings.Replace(d.within(method, route, more...), " sip:19005551212@198.51.100.1 ", " "+uri+" ", 1)
	}
	got = d.send(caller, write(more...))
	if len(got) != 1 || got[0].to.Remote != caller || got[0].Status != 407 {
		return got, nil
	}
	ask := got[0]
	first = d.send(caller, strings.Replace(write(append(more, "CSeq: "+fmt.Sprint(ask.CSeq().Number)+" ACK", "Via: "+string(ask.Value(sip.FieldVia)))...), method+" ", "ACK ", 1))
	return d.send(caller, write(append(more, d.credentials(ask, method, uri, "spa1", "secret"))...)), first
}

// What a gateway asks of a request within a dialog that was opened with our account, the proxy answers: the caller has no account there, and could not hang up.
func TestGatewayAsksInDialog(t *testing.T) {
	for _, method := range []string{"BYE", "INVITE", "UPDATE", "INFO"} {
		for _, status := range []int{401, 407} {
			d := newDoor(t, withGateway)
			_, route := d.throughGateway()
			var first *sip.Message
			got, early := d.signed(method, "sip:19005551212@198.51.100.1", route)
			for _, m := range got {
				if m.to.Remote == atGateway && m.IsRequest() {
					first = m.Message
				}
			}
			if len(early) > 0 {
				t.Errorf("%s %d: for a request that was challenged, and its ACK: %s", method, status, told(early))
			}
			if first == nil || first.Has(sip.FieldAuthorization) || first.Has(sip.FieldProxyAuthorization) {
				t.Fatalf("%s %d: to the gateway: %v", method, status, first)
			}
			var second *sip.Message
			for _, m := range d.gatewaySays(first, status, "gw1", asksWith(status)) {
				switch {
				case m.to.Remote == caller:
					t.Errorf("%s %d: the caller is asked for what he cannot have: %d", method, status, m.Status)
				case m.IsRequest() && string(m.MethodName()) == method:
					second = m.Message
				}
			}
			if second == nil {
				t.Fatalf("%s %d: it was not sent again", method, status)
			}
			field := sip.FieldAuthorization
			if status == 407 {
				field = sip.FieldProxyAuthorization
			}
			if v := string(second.Value(field)); !strings.Contains(v, `username="u"`) || !strings.Contains(v, `realm="gw"`) || !strings.Contains(v, `uri="sip:19005551212@198.51.100.1"`) {
				t.Errorf("%s %d: %s", method, status, v)
			}
			if a, b := string(first.Value(sip.FieldCSeq)), string(second.Value(sip.FieldCSeq)); a != b {
				t.Errorf("%s %d: CSeq %s, then %s", method, status, a, b)
			}
			if got := d.gatewaySays(second, 200, "gw1"); len(got) != 1 || got[0].to.Remote != caller || got[0].Status != 200 {
				t.Errorf("%s %d: %s", method, status, told(got))
			}
		}
	}
}

// A password that the gateway does not like is not tried for ever; the caller learns how it ended.
func TestGatewayRefusesInDialog(t *testing.T) {
	d := newDoor(t, withGateway)
	_, route := d.throughGateway()
	got := d.send(caller, d.within("BYE", route))
	for range 5 {
		got = d.gatewaySays(got[0].Message, 407, "gw1", asksWith(407))
		if len(got) != 1 {
			t.Fatal(told(got))
		}
		if got[0].to.Remote == caller {
			if got[0].Status != 407 {
				t.Error(told(got))
			}
			if len(d.events) == 0 || d.events[len(d.events)-1].Kind != EventGateway || !strings.Contains(d.events[len(d.events)-1].Because, "gateway out refuses the account") {
				t.Errorf("the operator is told %+v", d.events)
			}
			return
		}
	}
	t.Error("it tries for ever")
}

// A gateway that is silent is told of: the caller hears a 408.
func TestGatewayIsSilent(t *testing.T) {
	d := newDoor(t, withGateway)
	d.as("spa1", "secret", caller, "INVITE", "sip:19005551212@"+domain, "Via: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bKcall", "Call-ID: through")
	d.events = nil
	d.wait(40 * time.Second)
	if len(d.events) != 1 || d.events[0].Kind != EventGateway || d.events[0].Method != "INVITE" || !strings.HasPrefix(d.events[0].Because, "gateway out does not answer: check its address, sip:") {
		t.Errorf("the operator is told %+v", d.events)
	}
}

// The account is for that dialog, with that gateway: not for another dialog under the Call-ID, not for what the gateway's side is asked by the caller, not
// for a gateway that has been taken out or has become another.
func TestTheTokenOfAGatewayIsForOneDialog(t *testing.T) {
	d := newDoor(t, withGateway)
	_, route := d.throughGateway()
	for name, more := range map[string]string{
		"another To tag":   "To: <sip:19005551212@" + domain + ">;tag=other",
		"no To tag":        "To: <sip:19005551212@" + domain + ">",
		"another From tag": "From: <sip:spa1@" + domain + ">;tag=other",
		"another Call-ID":  "Call-ID: other",
		// The parts one after the other are the same.
		"tags cut elsewhere": "To: <sip:19005551212@" + domain + ">;tag=w1",
	} {
		fields := []string{more}
		if name == "tags cut elsewhere" {
			fields = append(fields, "From: <sip:spa1@"+domain+">;tag=t1g")
		}
		if got := d.send(stranger, d.within("INVITE", route, fields...)); len(got) != 1 || got[0].Status != 407 || got[0].to.Remote.Addr() != stranger.Addr() {
			t.Errorf("%s: %s", name, told(got))
		}
	}
	for name, change := range map[string]func(*Config){
		"taken out":   func(c *Config) { c.Gateways, c.Routes = nil, nil },
		"another URI": func(c *Config) { withGateway(c); c.Gateways[0].URI = "sip:198.51.100.9" },
		"no account":  func(c *Config) { withGateway(c); c.Gateways[0].User = "" },
	} {
		d := newDoor(t, withGateway)
		_, route := d.throughGateway()
		next := d.proxy.cfg
		change(&next)
		if _, err := d.proxy.Reload(next); err != nil {
			t.Fatal(err)
		}
		got := d.send(caller, d.within("BYE", route))
		if len(got) != 1 || got[0].to.Remote != atGateway {
			t.Fatalf("%s: %s", name, told(got))
		}
		if got = d.gatewaySays(got[0].Message, 407, "gw1", asksWith(407)); len(got) != 1 || got[0].to.Remote != caller || got[0].Status != 407 {
			t.Errorf("%s: %s", name, told(got))
		}
	}
}

// A REFER has the gateway make a call, to a number that no route may lead to: the account is not for it.
func TestGatewayAsksForAReferral(t *testing.T) {
	d := newDoor(t, withGateway)
	_, route := d.throughGateway()
	got := d.send(caller, d.within("REFER", route, "Refer-To: <sip:900@198.51.100.1>"))
	if len(got) != 1 || got[0].to.Remote != atGateway {
		t.Fatal(told(got))
	}
	if got = d.gatewaySays(got[0].Message, 407, "gw1", asksWith(407)); len(got) != 1 || got[0].to.Remote != caller || got[0].Status != 407 {
		t.Error(told(got))
	}
}

// The tags do not prove that the gateway knows the dialog: what it may take for a new call goes with the account only to the Contact that it gave, however a telephone
// writes that, and only for a user. What calls nobody gets through with the token alone, and after a target refresh as well (RFC 3261 §12.2.1.1).
func TestGatewayAsksForAnotherTarget(t *testing.T) {
	const contact = "sip:19005551212@198.51.100.1"
	for _, c := range []struct {
		method, uri, more string
		account, signs    bool
	}{
		{"INVITE", contact, "", true, true},
		{"INVITE", "SIP:1900555%31212@198.51.100.1", "", true, true},
		{"MESSAGE", contact, "", true, true},
		{"INVITE", "sip:19009999999@198.51.100.1", "", false, false},
		{"INVITE", "sip:1900555121@198.51.100.1", "", false, false},
		{"INVITE", "sip:1900555121%32%30@198.51.100.1", "", false, false},
		{"INVITE", "tel:19005551212", "", false, false},
		{"INVITE", "sip:19005551212", "", false, false},
		// What a NAT, or a telephone, makes of the Contact, and another machine of the gateway.
		{"INVITE", contact + ":5060;transport=udp;ob", "", true, true},
		{"INVITE", contact + ";user=phone", "", true, true},
		{"INVITE", "sip:19005551212@198.51.100.2:5080", "", true, true},
		{"INVITE", contact, ", <sip:edge@198.51.100.1;lr>", true, true},
		{"INVITE", contact, ", <sip:19009999999@198.51.100.1>", false, false}, // a strict router's takes its place
		{"MESSAGE", "sip:19009999999@198.51.100.1", "", false, false},
		{"UPDATE", "sip:19009999999@198.51.100.1", "", true, false},
		{"INFO", "sip:19009999999@198.51.100.1", "", true, false},
		{"PRACK", "sip:19009999999@198.51.100.1", "", true, false},
		{"BYE", "sip:19009999999@198.51.100.1", "", true, false},
		{"BYE", contact, ", <sip:19009999999@198.51.100.1>", true, false},
	} {
		d := newDoor(t, withGateway)
		_, route := d.throughGateway()
		alone := d.send(caller, strings.Replace(d.within(c.method, route+c.more), " "+contact+" ", " "+c.uri+" ", 1))
		if asked := len(alone) == 1 && alone[0].to.Remote == caller && alone[0].Status == 407; asked != c.signs {
			t.Errorf("%+v: with the token alone: %s", c, told(alone))
		}
		d = newDoor(t, withGateway)
		_, route = d.throughGateway()
		got, _ := d.signed(c.method, c.uri, route+c.more)
		var first *sip.Message
		for _, m := range got {
			if m.to.Remote == atGateway {
				first = m.Message
			}
		}
		if first == nil {
			t.Fatalf("%+v: %s", c, told(got))
		}
		if first.Has(sip.FieldProxyAuthorization) {
			t.Errorf("%+v: the gateway is shown the caller's credentials", c)
		}
		again, asked := false, false
		for _, m := range d.gatewaySays(first, 407, "gw1", asksWith(407)) {
			again = again || m.to.Remote == atGateway && m.Has(sip.FieldProxyAuthorization)
			asked = asked || m.to.Remote == caller && m.Status == 407
		}
		if again != c.account || asked == c.account {
			t.Errorf("%+v: sent again %t, the caller asked %t", c, again, asked)
		}
	}
}

// Whoever holds the token of a call with a gateway, and no password, has the gateway call nobody: nor a user who was taken out, nor one for another.
func TestTheTokenOfAGatewayCallsNobody(t *testing.T) {
	const contact = "sip:19005551212@198.51.100.1"
	d := newDoor(t, withGateway)
	_, route := d.throughGateway()
	challenge := d.one(d.send(stranger, d.within("INVITE", route)), 407)
	for n, name := range []string{"nobody", "spa2"} {
		want := []int{407, 403}[n]
		if got := d.send(caller, d.within("INVITE", route, d.credentials(challenge, "INVITE", contact, name, "secret"))); len(got) != 1 || got[0].Status != uint16(want) {
			t.Errorf("%s: %s", name, told(got))
		}
	}
	next := d.proxy.cfg
	next.Users = digest.NewUserTable(nil)
	if _, err := d.proxy.Reload(next); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.signed("INVITE", contact, route); len(got) != 1 || got[0].Status != 407 || got[0].to.Remote != caller {
		t.Errorf("taken out: %s", told(got))
	}
	if got := d.send(caller, d.within("BYE", route)); len(got) != 1 || got[0].to.Remote != atGateway {
		t.Errorf("taken out, and hangs up: %s", told(got))
	}
	for name, change := range map[string]func(*Config){
		"trusted": func(c *Config) { c.Trusted = []netip.Prefix{netip.PrefixFrom(caller.Addr(), 32)} },
		"open":    func(c *Config) { c.Open = true },
	} {
		d := newDoor(t, func(c *Config) { withGateway(c); change(c) })
		_, route := d.throughGateway()
		got := d.send(caller, d.within("INVITE", route))
		if len(got) != 2 || got[1].to.Remote != atGateway {
			t.Fatalf("%s: %s", name, told(got))
		}
		if got = d.gatewaySays(got[1].Message, 407, "gw1", asksWith(407)); len(got) != 2 || !got[1].Has(sip.FieldProxyAuthorization) {
			t.Errorf("%s: %s", name, told(got))
		}
	}
}

// A telephone that is asked for its password within a call holds and resumes all the same, and hangs up as ever; the gateway hears nothing of what was between.
func TestHoldThroughAGateway(t *testing.T) {
	provider := callee(atPhone)
	provider.Lines[0].UserID, provider.Lines[0].Register = "900", false
	d := newDesk(t, func(p *Config, spa *ua.Config) {
		p.Gateways = []Gateway{{Name: "gw", URI: "sip:" + atPhone.String(), User: "u", Password: "p"}}
		p.Routes = []Route{{Prefix: "900", Gateway: "gw"}}
	}, provider)
	d.forget()
	d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "900", out) })
	d.net.Run(2 * time.Second)
	d.answer(1)
	d.net.Run(2 * time.Second)
	d.forget()
	// Long after, so that the phone's nonce is stale too.
	d.net.Run(time.Hour)
	d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	d.net.Run(2 * time.Second)
	d.hangUp(0)
	d.net.Run(2 * time.Second)
	d.want("messages at the gateway", d.seen[1], "< INVITE", "> 200 INVITE", "< ACK", "< BYE", "> 200 BYE")
	seen := slices.DeleteFunc(d.seen[0], func(m string) bool { return strings.HasSuffix(m, "REGISTER") })
	d.want("messages at the SPA", seen, "> INVITE", "< 407 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE")
	d.settle()
}

// Of a Contact without a user all counts but its writing; a gateway that gives no Contact has no target that the account could be for.
func TestGatewayWithoutUserInContact(t *testing.T) {
	door := newDoor(t, withGateway)
	p := door.proxy
	f := udpFrom(atGateway)
	for _, c := range []struct {
		contact, uri string
		target       bool
	}{
		{"sip:gw.example;lr;transport=udp?x=1", "sip:GW.example;transport=UDP;lr", true},
		{"sip:gw.example", "sip:19005551212", false},
		{"sip:gw.example", "sip:19005551212@gw.example", false},
		{"sip:gw.example", "sip:gw.example:5060", false},
		{"sip:gw.example", "tel:19005551212", false},
		{"tel:19005551212", "tel:19005551212;phone-context=+1", false},
		{"", "sip:19005551212@gw.example", false},
		{"", "sip:", false},
		{"", "", false},
	} {
		d := dialogOf{callID: []byte("c"), from: []byte("f"), to: []byte("t"), target: []byte(c.contact)}
		value := p.seal(door.now, d, f, p.gateways["out"])
		d.target = []byte(c.uri)
		if w, ok := p.open(door.now, d, []byte(value)); !ok || w.gateway == nil || w.target != c.target || w.flow.Remote != atGateway {
			t.Errorf("%+v: %+v %t", c, w, ok)
		}
	}
}

// What the caller asks of the gateway's BYE is for the gateway to answer.
func TestCallerAsksGateway(t *testing.T) {
	d := newDoor(t, withGateway)
	inner, _ := d.throughGateway()
	bye := d.request("BYE", "sip:spa1@203.0.113.10:5062", "x", "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKgw", "From: <sip:19005551212@"+domain+">;tag=gw1",
		"To: <sip:spa1@"+domain+">;tag=t1", "Call-ID: through", "Route: "+string(inner.Value(sip.FieldRecordRoute)))
	got := d.send(atGateway, bye)
	if len(got) != 1 || got[0].to.Remote != caller {
		t.Fatal(told(got))
	}
	got = d.send(caller, string(live.AppendReply(nil, got[0].Message, live.Flow{Remote: atProxy}, &live.Reply{Status: 401, ToTag: "t1", Fields: []sip.DraftField{asksWith(401)}})))
	if len(got) != 1 || got[0].Status != 401 || got[0].to.Remote != atGateway {
		t.Errorf("%s", told(got))
	}
}

// Where no route is recorded a BYE of the one who was called comes with credentials, and its From is what the caller had dialled: another domain, or another user,
// who had redirected the caller. Nobody can call as that user by it.
func TestFromInADialog(t *testing.T) {
	d := newDoor(t, func(p *Config) { p.NoRecordRoute = true })
	for n, c := range []struct {
		method, from, tag string
		want              int
	}{
		{"BYE", "sip:sales@alias.example", ";tag=t1", 0}, {"BYE", "sip:18005551212@" + domain, ";tag=t1", 0}, {"BYE", "sip:ceo@" + domain, ";tag=t1", 0},
		{"BYE", "sip:ceo@" + domain, "", 403}, {"INFO", "sip:ceo@" + domain, ";tag=t1", 403}, {"MESSAGE", "sip:ceo@" + domain, ";tag=t1", 403},
	} {
		got := d.as("18005551212", "secret", callee1, c.method, "sip:spa1@203.0.113.10:5062", "From: <"+c.from+">;tag=callee", "To: <sip:spa1@"+domain+">"+c.tag, fmt.Sprint("Call-ID: x", n))
		if len(got) != 1 || int(got[0].Status) != c.want || c.want == 0 && got[0].to.Remote != caller {
			t.Errorf("%+v: %s", c, told(got))
		}
	}
}

// A To tag proves no dialog: with one that is made up nobody calls, or writes to, a user of ours as somebody at another domain.
func TestFromWithAToTag(t *testing.T) {
	for _, c := range []struct {
		method, uri string
		unrecorded  bool
		want        int
	}{
		{"INVITE", "sip:spa1@" + domain, false, 403}, {"MESSAGE", "sip:spa1@" + domain, false, 403}, {"INVITE", "sip:spa1@203.0.113.10:5062", false, 403},
		{"INVITE", "sip:spa1@" + domain, true, 403}, {"MESSAGE", "sip:spa1@" + domain, true, 403}, {"MESSAGE", "sip:spa1@203.0.113.10:5062", true, 403},
		// These may be of a dialog.
		{"INVITE", "sip:spa1@203.0.113.10:5062", true, 0}, {"UPDATE", "sip:spa1@203.0.113.10:5062", true, 0},
		{"BYE", "sip:spa1@203.0.113.10:5062", false, 0}, {"BYE", "sip:spa1@203.0.113.10:5062", true, 0},
	} {
		d := newDoor(t, func(p *Config) { p.NoRecordRoute = c.unrecorded })
		d.register("spa1", caller)
		got := d.as("18005551212", "secret", callee1, c.method, c.uri, "From: <sip:ceo@bank.example>;tag=callee", "To: <sip:spa1@"+domain+">;tag=t1", "Call-ID: made-up")
		status, reached := 0, false
		for _, m := range got {
			reached = reached || m.to.Remote == caller
			if m.Status >= 200 {
				status = int(m.Status)
			}
		}
		if status != c.want || reached != (c.want == 0) {
			t.Errorf("%+v: %s", c, told(got))
		}
	}
}

// A user may call as himself or as nobody, and as somebody else where any-from says so.
func TestFromIsYou(t *testing.T) {
	for _, c := range []struct {
		from  string
		any   bool
		wants int
	}{
		{"sip:spa1@" + domain, false, 0},
		{"sip:ceo@" + domain, false, 403},
		{"sip:ceo@bank.example", false, 403},
		{"sip:spa1@bank.example", false, 403},
		{"tel:+18005550100", false, 403},
		{"sip:anonymous@anonymous.invalid", false, 0},
		{"sip:ceo@bank.example", true, 0},
		{"tel:+18005550100", true, 0},
	} {
		d := newDoor(t, func(p *Config) { withGateway(p); p.AnyFrom = c.any })
		got := d.as("spa1", "secret", caller, "INVITE", "sip:19005551212@"+domain, "From: <"+c.from+">;tag=t1", "Call-ID: from")
		relayed, status := false, 0
		for _, m := range got {
			relayed = relayed || m.to.Remote == atGateway
			if m.Status >= 200 {
				status = int(m.Status)
			}
		}
		if status != c.wants || relayed != (c.wants == 0) {
			t.Errorf("%s, any %t: %s", c.from, c.any, told(got))
		}
	}
}

// What a telephone shows in the place of From is of the user himself too, or goes no further; somebody who is trusted is believed.
func TestAssertedIdentity(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		field  string
		passes bool
	}{
		{"his own", nil, "P-Asserted-Identity: \"Good Body\" <sip:spa1@" + domain + ">", true},
		{"as an SPA sends it", nil, "Remote-Party-ID: Good Body <sip:spa1@" + domain + ">;screen=yes;party=calling", true},
		{"nobody's", nil, "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>", true},
		{"another's", nil, "P-Asserted-Identity: <sip:ceo@" + domain + ">", false},
		{"another's, the old way", nil, "Remote-Party-ID: <sip:ceo@" + domain + ">;screen=yes;party=calling", false},
		{"elsewhere", nil, "P-Asserted-Identity: <sip:spa1@bank.example>", false},
		{"a number", nil, "P-Asserted-Identity: <sip:spa1@" + domain + ">, <tel:+18005550100>", false},
		{"what he wishes to be called by the gateway", nil, "P-Preferred-Identity: <tel:+18005550100>", true},
		{"any_from", func(c *Config) { c.AnyFrom = true }, "P-Asserted-Identity: <tel:+18005550100>", true},
		{"open", func(c *Config) { c.Open = true }, "P-Asserted-Identity: <tel:+18005550100>", true},
		{"trusted", func(c *Config) { c.Trusted = []netip.Prefix{netip.PrefixFrom(caller.Addr(), 32)} }, "P-Asserted-Identity: <tel:+18005550100>", true},
	} {
		d := newDoor(t, func(p *Config) {
			withGateway(p)
			if c.change != nil {
				c.change(p)
			}
		})
		var there *sip.Message
		for _, m := range d.as("spa1", "secret", caller, "INVITE", "sip:19005551212@"+domain, "Call-ID: asserted", c.field) {
			if m.to.Remote == atGateway {
				there = m.Message
			}
		}
		if there == nil {
			t.Fatalf("%s: nothing came", c.name)
		}
		if got := strings.Contains(string(there.Raw), "\r\n"+c.field+"\r\n"); got != c.passes {
			t.Errorf("%s: passed on %t:\n%s", c.name, got, there.Raw)
		}
		if !strings.Contains(string(there.Raw), "From: <sip:spa1@") {
			t.Errorf("%s: From is gone", c.name)
		}
	}
	// Within a call nobody says who he is, and the caller could become another.
	d := newDoor(t, withGateway)
	_, route := d.throughGateway()
	for _, uri := range []string{"sip:spa1@" + domain, "sip:" + domain} {
		got := d.send(caller, d.within("UPDATE", route, "P-Asserted-Identity: <"+uri+">"))
		if len(got) != 1 || got[0].to.Remote != atGateway || got[0].Has(sip.FieldPAssertedIdentity) {
			t.Errorf("%s: %s", uri, told(got))
		}
	}
}
