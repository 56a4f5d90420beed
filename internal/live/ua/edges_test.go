package ua

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// raw is an element that the test plays by hand.
type raw struct {
	got []string
	on  func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox)
}

func (r *raw) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	r.got = append(r.got, string(data))
	if r.on != nil {
		r.on(now, from, sip.Parse(append([]byte(nil), data...)), out)
	}
}
func (r *raw) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (r *raw) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (r *raw) Closed(time.Time, live.Flow, *live.Outbox)                    {}
func (r *raw) Wake(time.Time, *live.Outbox)                                 {}
func (r *raw) Next() time.Time                                              { return time.Time{} }

var _ live.Element = (*raw)(nil)

func reply(from live.Flow, m *sip.Message, status int, tag string, fields []sip.DraftField, body string, out *live.Outbox) {
	if body != "" {
		fields = append(fields, sip.DraftField{Name: "Content-Type", Value: "application/sdp"})
	}
	out.Send(live.ReplyFlow(m, from), 0, live.AppendReply(nil, m, from, &live.Reply{Status: status, ToTag: tag, Fields: fields, Body: []byte(body)}))
}

const sdpB = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

// rawB puts a hand-played peer in b's place.
func rawB(tb *table, on func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox)) *raw {
	r := &raw{on: on}
	tb.net.Restart(tb.nodes[1], r)
	return r
}

func (tb *table) sendToA(text string) {
	tb.net.Do(tb.nodes[1], func(now time.Time, out *live.Outbox) {
		out.Send(live.Flow{Transport: capture.UDP, Local: atB, Remote: atA}, 0, []byte(strings.ReplaceAll(text, "\n", "\r\n")))
	})
}

// a re-INVITE that gets 100 and nothing more: change for ever, transaction for ever.
func TestReinviteWithoutFinal(t *testing.T) {
	tb := newTable(t, nil)
	n := 0
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if !m.IsRequest() {
			return
		}
		switch m.Method {
		case sip.MethodInvite:
			n++
			if n == 1 {
				reply(from, m, 200, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:b@127.0.0.2:5060>"}}, sdpB, out)
				return
			}
			reply(from, m, 100, "", nil, "", out)
		case sip.MethodBye:
			reply(from, m, 200, "", nil, "", out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(10 * time.Minute)
	tb.net.Do(tb.nodes[0], func(now time.Time, out *live.Outbox) {
		if err := tb.phones[0].Resume(now, 1, out); err == nil {
			t.Error("nobody has answered the change, nor the CANCEL of it: the call is over (RFC 3261 §12.2.1.2)")
		}
	})
	tb.net.Run(time.Hour)
	if c := tb.phones[0].layer.Counts(); c.All() != 0 {
		t.Errorf("an hour after BYE: %d transactions left: %v", c.All(), c)
	}
	t.Log(tb.seen)
}

// a call is over (BYE on its way), the other side's re-INVITE and INFO cross it.
func TestRequestsAfterBye(t *testing.T) {
	tb := newTable(t, nil)
	var invite *sip.Message
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodInvite {
			invite = m
			reply(from, m, 200, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:b@127.0.0.2:5060>"}}, sdpB, out)
		} // BYE: not answered yet
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	head := func(method string, seq int, ct string, body string) string {
		return fmt.Sprintf("%s sip:spa1@127.0.0.1:5062 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKx%d;rport\nMax-Forwards: 70\nFrom: <sip:18005551212@127.0.0.2>;tag=b\nTo: <sip:spa1@127.0.0.2>;tag=%s\nCall-ID: %s\nCSeq: %d %s\nContact: <sip:b@127.0.0.2:5060>\n%sContent-Length: %d\n\n%s",
			method, seq, invite.FromTag(), invite.CallID(), seq, method, ct, len(strings.ReplaceAll(body, "\n", "\r\n")), body)
	}
	tb.sendToA(head("INVITE", 1, "Content-Type: application/sdp\n", strings.ReplaceAll(sdpB, "\r\n", "\n")+"a=sendonly\n"))
	tb.sendToA(head("INFO", 2, "Content-Type: application/dtmf-relay\n", "Signal=5\n"))
	tb.net.Run(100 * time.Millisecond)
	t.Log(strings.Join(tb.seen, "\n"))
	t.Log(strings.Join(tb.events, "\n"))
	for _, s := range tb.seen {
		if strings.HasPrefix(s, "> 200 INVITE") || strings.HasPrefix(s, "> 200 INFO") {
			t.Errorf("after BYE was sent: %s (RFC 3261 §15.1.1: the session is terminated as soon as the BYE is passed to the transaction)", s)
		}
	}
	after := false
	for _, e := range tb.events {
		if after {
			t.Errorf("told after the end of the call: %s", e)
		}
		after = after || strings.HasPrefix(e, "a ended")
	}
}

// auto answer: the second call is busy, since nobody hangs up.
func TestAutoAnswerTwice(t *testing.T) {
	tb := newTable(t, func(_, b *Config) { b.Lines[0].AutoAnswer = true })
	for range 2 {
		tb.dial()
		tb.net.Run(3 * time.Second)
		tb.hangUp(0)
		tb.net.Run(time.Minute)
	}
	t.Log(tb.events)
	for _, e := range tb.events {
		if strings.Contains(e, "486") {
			t.Errorf("the second call: %s", e)
		}
	}
}

// credentials of the proxy in a BYE that goes straight to the other side.
func TestCredentialsToPeer(t *testing.T) {
	atX := netip.MustParseAddrPort("127.0.0.66:5060")
	tb := newTable(t, nil)
	x := &raw{}
	x.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodBye {
			reply(from, m, 200, "", nil, "", out)
		}
	}
	tb.net.Add("x", x, atX)
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) { // the proxy; it does not record a route
		if !m.IsRequest() || m.Method != sip.MethodInvite {
			return
		}
		if !m.Has(sip.FieldProxyAuthorization) {
			reply(from, m, 407, "p", []sip.DraftField{{Name: "Proxy-Authenticate", Value: `Digest realm="r", nonce="abc", algorithm=MD5, qop="auth"`}}, "", out)
			return
		}
		reply(from, m, 200, "x", []sip.DraftField{{Name: "Contact", Value: "<sip:x@127.0.0.66:5060>"}}, sdpB, out)
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.net.Run(time.Second)
	for _, g := range x.got {
		if strings.Contains(g, "Proxy-Authorization") {
			t.Errorf("the other side, who is no proxy of the line, got credentials to guess the password from:\n%s", g)
		}
	}
}

// a challenge from another port of the proxy's address is answered.
func TestChallengeFromOtherPort(t *testing.T) {
	atX := netip.MustParseAddrPort("127.0.0.2:6666")
	tb := newTable(t, nil)
	x := &raw{}
	x.on = func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodBye {
			reply(from, m, 401, "", []sip.DraftField{{Name: "WWW-Authenticate", Value: `Digest realm="r", nonce="evil", algorithm=MD5`}}, "", out)
		}
	}
	tb.net.Add("x", x, atX)
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodInvite {
			reply(from, m, 200, "x", []sip.DraftField{{Name: "Contact", Value: "<sip:x@127.0.0.2:6666>"}}, sdpB, out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.net.Run(time.Second)
	for _, g := range x.got {
		if strings.Contains(g, "Authorization") {
			t.Errorf("another port of the proxy's machine got credentials:\n%s", g)
		}
	}
}

// map iteration in Wake.
func TestDeterminism(t *testing.T) {
	run := func() string {
		tb := newTable(t, func(a, b *Config) {
			for i := 2; i <= 6; i++ {
				b.Lines = append(b.Lines, LineConfig{Local: netip.AddrPortFrom(atB.Addr(), uint16(5060+i)), Proxy: atA.String(), UserID: fmt.Sprint("u", i), AutoAnswer: true})
				a.Lines = append(a.Lines, LineConfig{Local: netip.AddrPortFrom(atA.Addr(), uint16(5062+i)), Proxy: atB.String(), UserID: fmt.Sprint("v", i)})
			}
		})
		for i := 2; i <= 6; i++ {
			tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error {
				return p.Dial(now, i, fmt.Sprintf("sip:u%d@127.0.0.2:5060", i), out)
			})
		}
		tb.net.Run(50 * time.Millisecond)
		tb.net.Cut = nil
		tb.net.Run(20 * time.Second)
		return strings.Join(tb.messages, "\n")
	}
	_ = run
	// two calls answered, no ACKs: 2xx are repeated at the same instants
	seen := map[string]bool{}
	for range 8 {
		var order []string
		cfg := Config{Rand: seeded(7)}
		for i := range 5 {
			cfg.Lines = append(cfg.Lines, LineConfig{Local: netip.AddrPortFrom(atA.Addr(), uint16(5062+i)), Proxy: atB.String(), UserID: fmt.Sprint("v", i), AutoAnswer: true})
		}
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
		var out live.Outbox
		for i := range 5 {
			inv := fmt.Sprintf("INVITE sip:v%d@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:b@127.0.0.2>;tag=%d\r\nTo: <sip:v%d@127.0.0.1>\r\nCall-ID: c%d\r\nCSeq: 1 INVITE\r\nContact: <sip:b@127.0.0.2>\r\nContent-Length: 0\r\n\r\n", i, i, i, i, i)
			p.Receive(now, live.Flow{Transport: capture.UDP, Local: netip.AddrPortFrom(atA.Addr(), uint16(5062+i)), Remote: atB}, []byte(inv), &out)
		}
		p.Wake(now, &out)
		out.Reset()
		for range 3 {
			now = p.Next()
			p.Wake(now, &out)
			for _, it := range out.Items {
				m := sip.Parse(it.Data)
				order = append(order, fmt.Sprintf("%s/%d", m.CallID(), m.Status))
			}
			out.Reset()
		}
		seen[strings.Join(order, " ")] = true
	}
	if len(seen) > 1 {
		t.Errorf("%d different runs of one schedule (sessions are woken in the order of a map)", len(seen))
		for s := range seen {
			t.Log(s)
		}
	}
}

// Contact with headers and method in a redirect / 2xx end up in the Request-URI
func TestContactHeaders(t *testing.T) {
	tb := newTable(t, nil)
	b := rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodInvite {
			if m.CSeq().Number == 101 {
				reply(from, m, 302, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:z@127.0.0.2;method=BYE?Subject=x&Route=%3Csip:evil%3E>"}}, "", out)
			} else {
				reply(from, m, 200, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:z@127.0.0.2;method=INFO?Subject=x>"}}, sdpB, out)
			}
		}
		if m.IsRequest() && m.Method == sip.MethodBye {
			reply(from, m, 200, "b", nil, "", out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.net.Run(time.Second)
	for _, g := range b.got {
		line, _, _ := strings.Cut(g, "\r\n")
		if strings.Contains(line, "?") || strings.Contains(line, "method=") {
			t.Errorf("Request-URI with what must not stand there (§19.1.1 table 1): %s", line)
		}
	}
}

// empty tag in To.
func TestEmptyToTag(t *testing.T) {
	tb := newTable(t, nil)
	tb.net.Tap = nil // what comes is not as it should be, and checked by it
	b := rawB(tb, nil)
	tb.sendToA("INVITE sip:spa1@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:b@127.0.0.2>;tag=1\nTo: <sip:spa1@127.0.0.1>;tag=\nCall-ID: c\nCSeq: 1 INVITE\nContact: <sip:b@127.0.0.2>\nContent-Length: 0\n\n")
	tb.net.Run(time.Second)
	for _, g := range b.got {
		m := sip.Parse([]byte(g))
		t.Logf("%d %q", m.Status, m.ToTag())
		if m.Status > 100 && m.Status != 400 && len(m.ToTag()) == 0 {
			t.Errorf("a %d that makes a dialog without a tag (§12.1.1)", m.Status)
		}
	}
}

// INVITE without Contact rings.
func TestNoContact(t *testing.T) {
	tb := newTable(t, nil)
	b := rawB(tb, nil)
	tb.sendToA("INVITE sip:spa1@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:b@127.0.0.2>;tag=1\nTo: <sip:spa1@127.0.0.1>\nCall-ID: c\nCSeq: 1 INVITE\nContent-Length: 0\n\n")
	tb.net.Run(time.Second)
	for _, g := range b.got {
		if m := sip.Parse([]byte(g)); m.Status == 180 {
			t.Errorf("rings for a call that cannot be answered")
		}
	}
}

// after ACK loss, re-INVITE of the peer before ACK; covered elsewhere. Here: answered call, the peer forks 2xx with n tags.
func TestOfferChange(t *testing.T) {
	// a re-INVITE offer that cannot be answered leaves the session, the version of o= must not count back
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.settle()
}

// the remote side hangs up; the line stays off hook: the next call in is busy without anybody knowing why.
func TestProxyWithScheme(t *testing.T) {
	_, err := New(Config{Rand: seeded(1), Lines: []LineConfig{{Local: atA, Proxy: "sip:example.com", UserID: "u"}}})
	if err == nil {
		p, _ := New(Config{Rand: seeded(1), Lines: []LineConfig{{Local: atA, Proxy: "sip:example.com", UserID: "u"}}})
		t.Errorf("Proxy sip:example.com is taken; the address of record is %s, server %s", p.lines[0].aor(), p.lines[0].server())
	}
	for _, bad := range []string{"exa mple.com", "a>b", "example.com;transport=tcp", "user@example.com", "example.com:notaport"} {
		p, err := New(Config{Rand: seeded(1), Lines: []LineConfig{{Local: atA, Proxy: bad, UserID: "u"}}})
		if err == nil {
			t.Errorf("Proxy %q is taken; the address of record is %s, server %s", bad, p.lines[0].aor(), p.lines[0].server())
		}
	}
}
