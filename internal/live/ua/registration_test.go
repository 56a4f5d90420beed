package ua

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

// script is an element that answers requests as a test wants it.
type script struct {
	answer func(m *sip.Message) *live.Reply
	got    []string
}

func (s *script) Receive(_ time.Time, from live.Flow, data []byte, out *live.Outbox) {
	m := sip.Parse(data)
	if m.IsResponse() {
		s.got = append(s.got, fmt.Sprint(m.Status))
		return
	}
	line := string(m.MethodName())
	if v := m.Value(sip.FieldExpires); v != nil {
		line += " " + string(v)
	}
	if m.Has(sip.FieldAuthorization) || m.Has(sip.FieldProxyAuthorization) {
		line += " with credentials"
	}
	s.got = append(s.got, line)
	if r := s.answer(m); r != nil {
		out.Send(live.ReplyFlow(m, from), 0, live.AppendReply(nil, m, from, r))
	}
}
func (s *script) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (s *script) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (s *script) Closed(time.Time, live.Flow, *live.Outbox)                    {}
func (s *script) Wake(time.Time, *live.Outbox)                                 {}
func (s *script) Next() time.Time                                              { return time.Time{} }

// alone is a phone whose server is a script.
type alone struct {
	*testing.T
	net    *wire.Network
	phone  *Phone
	node   *wire.Node
	server *script
	events []string
}

func newAlone(t *testing.T, cfg Config, answer func(m *sip.Message) *live.Reply) *alone {
	t.Helper()
	a := &alone{T: t, net: wire.New(time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC), 1), server: &script{answer: answer}}
	l := &cfg.Lines[0]
	l.Local, l.Proxy, l.UserID, l.Password = atA, "example.com", "spa1", "secret"
	if l.OutboundProxy == "" {
		l.OutboundProxy = atB.String()
	}
	l.UseOutboundProxy = true
	cfg.Rand = seeded(7)
	cfg.Notify = func(e Event) {
		line := e.Kind.String()
		if e.Status != 0 {
			line += fmt.Sprint(" ", e.Status)
		}
		if e.Expires != 0 {
			line += " " + e.Expires.String()
		}
		a.events = append(a.events, line)
	}
	var err error
	if a.phone, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	a.node = a.net.Add("phone", a.phone, atA)
	a.net.Add("server", a.server, atB)
	a.net.Do(a.node, func(now time.Time, out *live.Outbox) { a.phone.Start(now, out) })
	return a
}

func (a *alone) want(what string, got []string, want ...string) {
	a.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		a.Errorf("%s:\n%s\nwant\n%s", what, g, w)
	}
}

func granted(m *sip.Message, seconds string) *live.Reply {
	c, _ := m.Contact()
	return &live.Reply{Status: 200, ToTag: "t", Fields: []sip.DraftField{{Name: "Contact", Value: "<" + string(c.URI.Raw) + ">;expires=" + seconds}}}
}

func challenge(status int, field, realm, nonce string) *live.Reply {
	return &live.Reply{Status: status, ToTag: "t", Fields: []sip.DraftField{{Name: field, Value: `Digest realm="` + realm + `",nonce="` + nonce + `",qop="auth"`}}}
}

func TestRegistrationIsRefreshedAndTakenBack(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true, RegisterExpires: 600 * time.Second}}}, func(m *sip.Message) *live.Reply {
		if string(m.Value(sip.FieldExpires)) == "0" {
			return &live.Reply{Status: 200, ToTag: "t"}
		}
		return granted(m, "300")
	})
	a.net.Run(time.Second)
	a.want("at first", a.server.got, "REGISTER 600")
	a.net.Run(268 * time.Second)
	a.want("half a minute before the end of what was granted", a.server.got, "REGISTER 600")
	a.net.Run(3 * time.Second)
	a.want("in time", a.server.got, "REGISTER 600", "REGISTER 600")
	a.net.Do(a.node, func(now time.Time, out *live.Outbox) { a.phone.Stop(now, out) })
	if !a.net.Settle(time.Hour) {
		t.Error("something is left")
	}
	a.want("taken back", a.server.got, "REGISTER 600", "REGISTER 600", "REGISTER 0")
	a.want("events", a.events, "registered 5m0s", "registered 5m0s", "unregistered")
}

func TestIntervalTooBrief(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true, RegisterExpires: 60 * time.Second}}}, func(m *sip.Message) *live.Reply {
		if string(m.Value(sip.FieldExpires)) == "60" {
			return &live.Reply{Status: 423, ToTag: "t", Fields: []sip.DraftField{{Name: "Min-Expires", Value: "900"}}}
		}
		return granted(m, "900")
	})
	a.net.Run(time.Second)
	a.want("asked again with what the registrar wants (§10.2.8)", a.server.got, "REGISTER 60", "REGISTER 900")
}

func TestIntervalTooBriefWithoutEnd(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true, RegisterExpires: 60 * time.Second}}}, func(m *sip.Message) *live.Reply {
		return &live.Reply{Status: 423, ToTag: "t", Fields: []sip.DraftField{{Name: "Min-Expires", Value: "60"}}}
	})
	a.net.Run(time.Second)
	a.want("no loop", a.server.got, "REGISTER 60")
	a.want("events", a.events, "register-failed 423")
}

// A server that challenges for ever is answered Max Auth times, stale or not (the loop of CVE-2020-28242).
func TestEndlessChallenges(t *testing.T) {
	n := 0
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true}}}, func(m *sip.Message) *live.Reply {
		n++
		r := challenge(401, "WWW-Authenticate", "example.com", fmt.Sprint("nonce", n))
		r.Fields[0].Value += ",stale=true"
		return r
	})
	a.net.Run(10 * time.Second)
	a.want("requests", a.server.got, "REGISTER 3600", "REGISTER 3600 with credentials", "REGISTER 3600 with credentials")
	a.want("events", a.events, "register-failed 401")
	a.net.Run(25 * time.Second)
	if len(a.server.got) != 6 {
		t.Errorf("after Reg Retry Intvl it is tried again: %v", a.server.got)
	}
}

// Somebody who was called, or who calls, asks for credentials: the phone answers its own server only, and its own realm.
func TestCredentialsAreForTheOwnServerOnly(t *testing.T) {
	stranger := netip.MustParseAddrPort("127.0.0.66:5060")
	a := newAlone(t, Config{Lines: []LineConfig{{}}}, func(m *sip.Message) *live.Reply {
		if m.Method == sip.MethodInvite {
			return &live.Reply{Status: 302, ToTag: "t", Fields: []sip.DraftField{{Name: "Contact", Value: "<sip:x@127.0.0.66>"}}}
		}
		return nil
	})
	evil := &script{answer: func(m *sip.Message) *live.Reply {
		if m.Method == sip.MethodAck {
			return nil
		}
		return challenge(407, "Proxy-Authenticate", "example.com", "n")
	}}
	a.net.Add("stranger", evil, stranger)
	a.net.Do(a.node, func(now time.Time, out *live.Outbox) {
		if err := a.phone.Dial(now, 1, "123", out); err != nil {
			t.Error(err)
		}
	})
	a.net.Run(5 * time.Second)
	for _, line := range evil.got {
		if strings.Contains(line, "with credentials") {
			t.Errorf("a stranger got credentials: %v", evil.got)
		}
	}

	// The own server names a realm that is not the line's.
	a = newAlone(t, Config{Lines: []LineConfig{{Register: true, Realms: []string{"example.com"}}}}, func(m *sip.Message) *live.Reply {
		return challenge(401, "WWW-Authenticate", "elsewhere", "n")
	})
	a.net.Run(time.Second)
	a.want("another realm", a.server.got, "REGISTER 3600")
}

// Whose credentials a refusal wanted is told: the line's own, or, once those are accepted, those of somebody behind the proxy.
func TestWhoDemandsCredentials(t *testing.T) {
	invite := func(reply func(m *sip.Message) *live.Reply) func(m *sip.Message) *live.Reply {
		return func(m *sip.Message) *live.Reply {
			switch m.Method {
			case sip.MethodAck:
				return nil
			case sip.MethodRegister:
				if !m.Has(sip.FieldAuthorization) {
					return challenge(401, "WWW-Authenticate", "example.com", "r")
				}
				return granted(m, "3600")
			}
			return reply(m)
		}
	}
	after := func(realm string) func(m *sip.Message) *live.Reply {
		return func(m *sip.Message) *live.Reply {
			if !m.Has(sip.FieldProxyAuthorization) {
				return challenge(407, "Proxy-Authenticate", "example.com", "p")
			}
			return challenge(407, "Proxy-Authenticate", realm, "p2")
		}
	}
	for _, c := range []struct {
		name   string
		line   LineConfig
		answer func(m *sip.Message) *live.Reply
		want   Demand
	}{
		{"a gateway, after the proxy has accepted", LineConfig{}, after("provider.example"), Demand{Realm: "provider.example", Accepted: "example.com", Unknown: true}},
		{"the proxy itself", LineConfig{}, after("example.com"), Demand{Realm: "example.com"}},
		{"a realm that has accepted the registration", LineConfig{Register: true}, invite(after("example.com")), Demand{Realm: "example.com", Accepted: "example.com"}},
		{"a gateway alone", LineConfig{Register: true}, invite(func(*sip.Message) *live.Reply { return challenge(407, "Proxy-Authenticate", "provider.example", "x") }),
			Demand{Realm: "provider.example", Accepted: "example.com"}},
		{"not the one of the setting", LineConfig{Realms: []string{"mine"}}, after("other"), Demand{Realm: "example.com", Unknown: true}},
	} {
		var got *Event
		a := newAlone(t, Config{Lines: []LineConfig{c.line}}, c.answer)
		notify := a.phone.cfg.Notify
		a.phone.cfg.Notify = func(e Event) {
			if notify(e); e.Kind == EventEnded {
				got = &e
			}
		}
		a.net.Run(time.Second)
		a.net.Do(a.node, func(now time.Time, out *live.Outbox) {
			if err := a.phone.Dial(now, 1, "123", out); err != nil {
				t.Error(err)
			}
		})
		a.net.Run(5 * time.Second)
		if got == nil || got.Status != 407 || got.Demand != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestProxyAndRegistrarBothAsk(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true}}}, func(m *sip.Message) *live.Reply {
		switch {
		case !m.Has(sip.FieldProxyAuthorization):
			return challenge(407, "Proxy-Authenticate", "example.com", "p")
		case !m.Has(sip.FieldAuthorization):
			return challenge(401, "WWW-Authenticate", "example.com", "r")
		}
		return granted(m, "3600")
	})
	a.net.Run(time.Second)
	a.want("events", a.events, "registered 1h0m0s")
	if len(a.server.got) != 3 {
		t.Errorf("%v", a.server.got)
	}
}

func TestKeepAlive(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{NATKeepAlive: true}}}, func(*sip.Message) *live.Reply { return &live.Reply{Status: 489, ToTag: "t"} })
	a.net.Run(31 * time.Second)
	a.want("every 15 s", a.server.got, "NOTIFY", "NOTIFY")
	a.want("events", a.events)
}

func TestServerByName(t *testing.T) {
	a := newAlone(t, Config{Lines: []LineConfig{{Register: true, OutboundProxy: "proxy.example.com"}}}, func(m *sip.Message) *live.Reply { return granted(m, "60") })
	a.net.Run(time.Second)
	a.want("a name without addresses", a.events, "register-failed 503")
	a.net.Names = map[string][]netip.Addr{"proxy.example.com": {netip.MustParseAddr("127.0.0.77"), atB.Addr()}}
	a.net.Run(40 * time.Second)
	if a.phone.Registered(1) {
		t.Errorf("the first address does not answer yet: %v", a.events)
	}
	a.net.Run(40 * time.Second)
	if !a.phone.Registered(1) {
		t.Errorf("after timer F of the first address the second is tried (RFC 3263 §4.3): %v %v", a.events, a.server.got)
	}
}

// requestsTo sends a phone a request of somebody else and returns the status that it answers with; 0: none.
func requestTo(t *testing.T, a *alone, lines ...string) int {
	t.Helper()
	got := 0
	a.net.Tap = func(node *wire.Node, rec *capture.Record) {
		if node == a.node && rec.Kind == capture.KindMessage && rec.Direction == capture.Sent {
			if m := sip.Parse(rec.Data); m.IsResponse() && got == 0 {
				got = int(m.Status)
			}
		}
	}
	flow := live.Flow{Transport: capture.UDP, Local: atA, Remote: atB}
	a.net.Do(a.node, func(now time.Time, out *live.Outbox) {
		a.phone.Receive(now, flow, []byte(strings.Join(lines, "\r\n")+"\r\n\r\n"), out)
	})
	return got
}

func TestRequestsOfStrangers(t *testing.T) {
	request := func(method, uri string, more ...string) []string {
		cseq := "CSeq: 1 " + method
		return append([]string{method + " " + uri + " SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK1", "From: <sip:x@127.0.0.2>;tag=1", "Call-ID: c" + method,
			cseq, "Max-Forwards: 70", "Contact: <sip:x@127.0.0.2>"}, more...)
	}
	const me, to = "sip:spa1@127.0.0.1", "To: <sip:spa1@127.0.0.1>"
	for _, c := range []struct {
		name string
		msg  []string
		want int
	}{
		{"OPTIONS", request("OPTIONS", me, to), 200},
		{"OPTIONS for nobody here", request("OPTIONS", "sip:other@127.0.0.1", to), 404},
		{"a call", request("INVITE", me, to), 180},
		{"a call for nobody here", request("INVITE", "sip:other@127.0.0.1", to), 404},
		{"BYE of no dialog", request("BYE", me, to+";tag=9"), 481},
		{"CANCEL of no call", request("CANCEL", me, to), 481},
		{"NOTIFY of no subscription", request("NOTIFY", me, to, "Event: presence"), 481},
		{"an extension that nobody knows", request("INVITE", me, to, "Require: nonsense"), 420},
		{"a method that nobody knows", request("DANCE", me, to), 501},
		{"a body that it cannot read", request("INVITE", me, to, "Content-Type: text/plain", "Content-Length: 2", "", "hi"), 415},
		{"an ACK of nothing", request("ACK", me, to), 0},
		{"no To", request("INVITE", me), 400},
		{"another version", []string{"INVITE " + me + " SIP/7.0", "Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKv", "From: <sip:x@h>;tag=1", to, "Call-ID: c", "CSeq: 1 INVITE", "Max-Forwards: 70"}, 505},
		{"junk", []string{"hello"}, 0},
	} {
		a := newAlone(t, Config{Lines: []LineConfig{{}}}, func(*sip.Message) *live.Reply { return nil })
		if got := requestTo(t, a, c.msg...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A name may have addresses of both families: each is dialled from an address of its own, and why none of them would do is told, not of the last alone.
func TestServerOfBothFamilies(t *testing.T) {
	var told Event
	p, err := New(Config{Rand: seeded(7), Notify: func(e Event) { told = e }, Lines: []LineConfig{{Local: atA, Proxy: "localhost", UserID: "spa1", Register: true, Transport: capture.TLS}}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	var out live.Outbox
	last := func(kind live.ItemKind) live.Item {
		t.Helper()
		i := out.Items[len(out.Items)-1]
		if i.Kind != kind {
			t.Fatalf("kind %d, want %d", i.Kind, kind)
		}
		return i
	}
	p.Start(now, &out)
	var flows []live.Flow
	for _, a := range []string{"127.0.0.1:5061", "[::1]:5061"} {
		flows = append(flows, live.Flow{Transport: capture.TLS, Remote: netip.MustParseAddrPort(a), Name: "localhost"})
	}
	p.Resolved(now, last(live.ItemResolve).Ref, flows, nil, &out)
	for i, want := range []netip.AddrPort{atA, {}} {
		sent := last(live.ItemSend)
		if sent.Flow.Remote != flows[i].Remote || sent.Flow.Local != want {
			t.Errorf("sent to %s from %s, want from %s", sent.Flow.Remote, sent.Flow.Local, want)
		}
		p.Failed(now, sent.Flow, sent.Ref, errors.New([]string{"its certificate is for example.org", "connection refused"}[i]), &out)
	}
	if told.Kind != EventRegisterFailed || told.By != Network || told.Status != 503 || told.Reason != "its certificate is for example.org; then connection refused" {
		t.Errorf("told %+v", told)
	}
}
