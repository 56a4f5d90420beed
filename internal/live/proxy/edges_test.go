package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

type rawNode struct {
	got []string
	on  func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox)
}

func (r *rawNode) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	r.got = append(r.got, string(data))
	if r.on != nil {
		r.on(now, from, sip.Parse(append([]byte(nil), data...)), out)
	}
}
func (r *rawNode) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (r *rawNode) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (r *rawNode) Closed(time.Time, live.Flow, *live.Outbox)                    {}
func (r *rawNode) Wake(time.Time, *live.Outbox)                                 {}
func (r *rawNode) Next() time.Time                                              { return time.Time{} }

func respond(from live.Flow, m *sip.Message, status int, tag string, fields []sip.DraftField, out *live.Outbox) {
	out.Send(live.ReplyFlow(m, from), 0, live.AppendReply(nil, m, from, &live.Reply{Status: status, ToTag: tag, Fields: fields}))
}

var atGW = netip.MustParseAddrPort("127.0.0.9:5060")

func firstLines(list []string) string {
	var b strings.Builder
	for _, g := range list {
		m := sip.Parse([]byte(g))
		line, _, _ := strings.Cut(g, "\r\n")
		fmt.Fprintf(&b, "  %s  [CSeq %s]\n", line, m.Value(sip.FieldCSeq))
	}
	return b.String()
}

// The caller gives up while the gateway's challenge is on its way.
func TestGatewayChallengeCrossesCancel(t *testing.T) {
	gw := &rawNode{}
	invites := 0
	gw.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if !m.IsRequest() {
			return
		}
		switch m.Method {
		case sip.MethodInvite:
			invites++
			if !m.Has(sip.FieldProxyAuthorization) {
				respond(from, m, 100, "", nil, out)
				return // the 407 comes later, by hand
			}
			respond(from, m, 180, "g", []sip.DraftField{{Name: "Contact", Value: "<sip:g@127.0.0.9>"}}, out)
		case sip.MethodCancel:
			respond(from, m, 200, "g", nil, out)
		}
	}
	d := newDesk(t, func(p *Config, _ *ua.Config) {
		p.Gateways = []Gateway{{Name: "gw", URI: "sip:127.0.0.9:5060", User: "me", Password: "pw"}}
		p.Routes = []Route{{Prefix: "1999", Gateway: "gw"}}
	})
	node := d.net.Add("gw", gw, atGW)
	d.forget()
	d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "19995551212", out) })
	d.net.Run(time.Second)
	// The gateway sends its 407 just before the CANCEL reaches it.
	var invite *sip.Message
	var from live.Flow
	for _, g := range gw.got {
		if m := sip.Parse([]byte(g)); m.IsRequest() && m.Method == sip.MethodInvite {
			invite = m
		}
	}
	from = live.Flow{Transport: capture.UDP, Local: atGW, Remote: atProxy}
	d.hangUp(0)
	d.net.Run(6 * time.Millisecond) // the CANCEL has passed the proxy
	d.net.Do(node, func(now time.Time, out *live.Outbox) {
		respond(from, invite, 407, "g", []sip.DraftField{{Name: "Proxy-Authenticate", Value: `Digest realm="g", nonce="n", qop="auth"`}}, out)
	})
	d.net.Run(10 * time.Second)
	t.Logf("gateway got\n%s", firstLines(gw.got))
	after := false
	for _, g := range gw.got {
		m := sip.Parse([]byte(g))
		if m.Method == sip.MethodCancel {
			after = true
		}
		if after && m.Method == sip.MethodInvite && m.IsRequest() {
			t.Errorf("an INVITE went out after the CANCEL, and rings there:\n%s", g)
			break
		}
	}
	d.net.Run(2 * time.Minute)
	t.Logf("gateway got in all\n%s\n%v", firstLines(gw.got), d.events)
}

// Whoever has once seen a Record-Route of ours may go on calling through it, without credentials.
func TestTokenOutlivesCall(t *testing.T) {
	gw := &rawNode{}
	gw.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodInvite {
			respond(from, m, 180, "g", []sip.DraftField{{Name: "Contact", Value: "<sip:g@127.0.0.9>"}}, out)
		}
	}
	d := newDesk(t, func(p *Config, _ *ua.Config) {
		p.Gateways = []Gateway{{Name: "gw", URI: "sip:127.0.0.9:5060", User: "me", Password: "pw"}}
		p.Routes = []Route{{Prefix: "1999", Gateway: "gw"}}
	})
	d.net.Add("gw", gw, atGW)
	d.dial()
	d.net.Run(time.Second)
	d.hangUp(0)
	d.net.Run(24 * time.Hour)
	m := sip.Parse([]byte(d.last["180 INVITE"]))
	rr := string(m.Value(sip.FieldRecordRoute))
	if rr == "" {
		t.Fatal("no Record-Route")
	}
	evil := &rawNode{}
	atEvil := netip.MustParseAddrPort("127.0.0.66:5060")
	node := d.net.Add("evil", evil, atEvil)
	text := fmt.Sprintf("INVITE sip:19995551212@%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bKevil;rport\r\nMax-Forwards: 70\r\nRoute: %s\r\nFrom: <sip:boss@%s>;tag=x\r\nTo: <sip:19995551212@%s>;tag=y\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:e@127.0.0.66>\r\nContent-Length: 0\r\n\r\n",
		domain, rr, domain, domain, m.CallID())
	d.net.Do(node, func(now time.Time, out *live.Outbox) {
		out.Send(live.Flow{Transport: capture.UDP, Local: atEvil, Remote: atProxy}, 0, []byte(text))
	})
	d.net.Run(time.Second)
	t.Logf("evil got\n%s", firstLines(evil.got))
	for _, g := range gw.got {
		t.Errorf("a day after the call, a stranger with its Route calls through the gateway, From the boss, without credentials:\n%s", g)
		break
	}
}

// NAT: a phone whose Contact is not where its packets come from.
func TestInDialogBehindNAT(t *testing.T) {
	nat := netip.MustParseAddrPort("127.0.0.50:40000")
	phone := &rawNode{}
	phone.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if !m.IsRequest() {
			if m.Status == 401 {
				return
			}
			return
		}
		switch m.Method {
		case sip.MethodInvite:
			respond(from, m, 200, "n", []sip.DraftField{{Name: "Contact", Value: "<sip:18005551212@10.0.0.5:5060>"}, {Name: "Content-Type", Value: "application/sdp"}}, out)
		case sip.MethodBye:
			respond(from, m, 200, "", nil, out)
		}
	}
	d := newDesk(t, func(p *Config, _ *ua.Config) { p.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.50/32")} }, callee(atPhone))
	// the callee behind the NAT registers (trusted, so that the test needs no digest)
	d.net.Do(d.nodes[1], func(now time.Time, out *live.Outbox) { d.phones[1].Stop(now, out) })
	node := d.net.Add("nat", phone, nat)
	d.net.Run(time.Second)
	d.net.Do(node, func(now time.Time, out *live.Outbox) {
		out.Send(live.Flow{Transport: capture.UDP, Local: nat, Remote: atProxy}, 0, []byte("REGISTER sip:"+domain+" SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKq;rport\r\nMax-Forwards: 70\r\nFrom: <sip:18005551212@"+domain+">;tag=f\r\nTo: <sip:18005551212@"+domain+">\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContact: <sip:18005551212@10.0.0.5:5060>\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n"))
	})
	d.net.Run(time.Second)
	d.dial()
	d.net.Run(2 * time.Second)
	d.hangUp(0)
	d.net.Run(40 * time.Second)
	s := firstLines(phone.got)
	t.Logf("the phone behind the NAT got\n%s", s)
	if !strings.Contains(s, "ACK sip") || !strings.Contains(s, "BYE sip") {
		t.Errorf("neither ACK nor BYE reach a phone behind a NAT, whose INVITE went by the flow of its binding")
	}
}

// A final response that cannot be read well, and nothing more.
func TestBadFinalResponse(t *testing.T) {
	for _, tr := range []capture.Transport{capture.UDP, capture.TCP} {
		gw := &rawNode{}
		gw.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
			if m.IsRequest() && m.Method == sip.MethodInvite {
				b := string(live.AppendReply(nil, m, from, &live.Reply{Status: 486, ToTag: "g"}))
				i := strings.Index(b, "From:")
				j := i + strings.Index(b[i:], "\r\n")
				b = b[:i] + b[j+2:] // no From
				out.Send(live.ReplyFlow(m, from), 0, []byte(b))
			}
		}
		d := newDesk(t, func(p *Config, s *ua.Config) {
			p.Gateways = []Gateway{{Name: "gw", URI: "sip:127.0.0.9:5060"}}
			p.Routes = []Route{{Prefix: "1999", Gateway: "gw"}}
			if tr == capture.TCP {
				p.Listeners = append(p.Listeners, Listener{Transport: capture.TCP, Addr: atProxy})
				s.Lines[0].Transport = capture.TCP
			}
		})
		tap := d.net.Tap
		d.net.Tap = func(n *wire.Node, r *capture.Record) {
			if n.Name != "gw" && n.Name != "proxy" {
				tap(n, r)
			}
		}
		d.net.Add("gw", gw, atGW)
		d.forget()
		d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "19995551212", out) })
		d.net.Run(5 * time.Minute)
		t.Logf("%v: %v %v", tr, d.events, d.seen[0])
		ok := false
		for _, s := range d.seen[0] {
			ok = ok || strings.HasPrefix(s, "< 408") || strings.HasPrefix(s, "< 5") || strings.HasPrefix(s, "< 486")
		}
		if !ok {
			t.Errorf("%v: the caller never got a final response", tr)
		}
	}
}

// Somebody else's guesses lock a user out.
func TestLockout(t *testing.T) {
	d := newDesk(t, nil)
	evil := &rawNode{}
	atEvil := netip.MustParseAddrPort("127.0.0.66:5060")
	node := d.net.Add("evil", evil, atEvil)
	n := 0
	send := func(auth string) {
		n++
		d.net.Do(node, func(now time.Time, out *live.Outbox) {
			out.Send(live.Flow{Transport: capture.UDP, Local: atEvil, Remote: atProxy}, 0, []byte(fmt.Sprintf("REGISTER sip:"+domain+" SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bK%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:spa1@"+domain+">;tag=f\r\nTo: <sip:spa1@"+domain+">\r\nCall-ID: c\r\nCSeq: %d REGISTER\r\n%sContact: <sip:spa1@127.0.0.66>\r\nContent-Length: 0\r\n\r\n", n, n, auth)))
		})
		d.net.Run(20 * time.Millisecond)
	}
	send("")
	ch := sip.ParseChallenge(sip.Parse([]byte(evil.got[0])).Value(sip.FieldWWWAuthenticate))
	nonce, _ := ch.Get("nonce")
	alg, _ := ch.Get("algorithm")
	for i := range 40 {
		send(fmt.Sprintf("Authorization: Digest username=\"spa1\", realm=\"%s\", nonce=%s, uri=\"sip:%s\", algorithm=%s, qop=auth, nc=%08x, cnonce=\"a\", response=\"%064x\"\r\n", domain, strings.TrimSpace(quoted(string(nonce))), domain, alg, i+1, i))
	}
	t.Logf("evil got last\n%s", firstLines(evil.got[len(evil.got)-2:]))
	d.forget()
	d.dial()
	d.net.Run(2 * time.Second)
	t.Log(d.seen[0], d.events)
	for _, s := range d.seen[0] {
		if strings.HasPrefix(s, "< 503") {
			t.Errorf("the user with the right password, at another address, is refused because somebody else guesses: %v", d.events)
		}
	}
}

func quoted(s string) string {
	if strings.HasPrefix(s, `"`) {
		return s
	}
	return `"` + s + `"`
}

// What a finished call leaves behind.
func TestWakesKeepRelays(t *testing.T) {
	d := newDesk(t, nil)
	for range 20 {
		d.dial()
		d.net.Run(time.Second)
		d.hangUp(0)
		d.net.Run(time.Second)
	}
	d.net.Run(45 * time.Second) // all transactions are gone
	n := d.proxy.layer.Counts()
	ended := 0
	for _, r := range d.proxy.wakes {
		if r.ended {
			ended++
		}
	}
	t.Logf("%d transactions, %d relays, %d entries of ended relays", n.All(), d.proxy.counters.Relaying, ended)
	if ended > 0 {
		t.Errorf("%d relays that have ended are held by the heap of wakes", ended)
	}
}

// CANCEL and the dialog state with a doubled To.
func TestDoubledTo(t *testing.T) {
	d := newDesk(t, nil)
	evil := &rawNode{}
	atEvil := netip.MustParseAddrPort("127.0.0.66:5060")
	node := d.net.Add("evil", evil, atEvil)
	tap := d.net.Tap
	d.net.Tap = func(n *wire.Node, r *capture.Record) {
		if n.Name != "evil" && n.Name != "proxy" {
			tap(n, r)
		}
	}
	d.net.Do(node, func(now time.Time, out *live.Outbox) {
		out.Send(live.Flow{Transport: capture.UDP, Local: atEvil, Remote: atProxy}, 0, []byte("INVITE sip:a@"+domain+" SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bKq;rport\r\nMax-Forwards: 70\r\nFrom: <sip:e@e.example>;tag=f\r\nTo: <sip:a@x>\r\nTo: <sip:b@x>;tag=\r\nCSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\nCall-ID: c\r\nCall-ID: d\r\nContent-Length: 0\r\n\r\n"))
	})
	d.net.Run(time.Second)
	for _, g := range evil.got {
		if strings.Count(g, "\r\nTo:") > 1 || strings.Count(g, "\r\nCSeq:") > 1 {
			t.Errorf("a response with a field twice that may be there once:\n%s", g)
		}
	}
}

// A gateway whose name has no address is told of: the caller hears a 500, which says nothing of it.
func TestNoAddressIsTold(t *testing.T) {
	d := newDoor(t, func(c *Config) { c.Open = true })
	d.send(stranger, d.request("INVITE", "sip:bob@nosuch.example", "spa1"))
	if len(d.events) != 1 || d.events[0].Kind != EventUnlocated || d.events[0].Method != "INVITE" || d.events[0].Because != "of sip:bob@nosuch.example: no such name" {
		t.Errorf("told: %+v", d.events)
	}
}
