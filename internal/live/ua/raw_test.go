package ua

import (
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

// hand is a phone that is handed messages by hand, without a network.
type hand struct {
	*testing.T
	phone *Phone
	now   time.Time
	out   live.Outbox
	// spoil, if it is there, changes what is handed over.
	spoil func(text string) string
}

func newHand(t *testing.T, change func(*LineConfig)) *hand {
	l := LineConfig{Local: atB, Proxy: atA.String(), UserID: "18005551212"}
	if change != nil {
		change(&l)
	}
	p, err := New(Config{Rand: seeded(1), Lines: []LineConfig{l}})
	if err != nil {
		t.Fatal(err)
	}
	return &hand{T: t, phone: p, now: time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)}
}

// take hands the phone a request and returns what it sends.
func (h *hand) take(method, branch, from string) []*sip.Message {
	h.Helper()
	text := fmt.Sprintf("%s sip:18005551212@127.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:spa1@h>;tag=1\r\n"+
		"To: <sip:18005551212@127.0.0.2>\r\nCall-ID: c1\r\nCSeq: 101 %s\r\nContact: <sip:spa1@%s>\r\nContent-Length: 0\r\n\r\n", method, atA, branch, method, atA)
	if h.spoil != nil {
		text = h.spoil(text)
	}
	flow := live.Flow{Transport: capture.UDP, Local: atB, Remote: atA}
	if from != "" {
		flow.Remote = netip.MustParseAddrPort(from)
	}
	h.out.Reset()
	h.phone.Receive(h.now, flow, []byte(text), &h.out)
	var sent []*sip.Message
	for _, it := range h.out.Items {
		if it.Kind == live.ItemSend {
			sent = append(sent, sip.Parse([]byte(string(it.Data))))
		}
	}
	return sent
}

func (h *hand) status(m []*sip.Message, want ...uint16) {
	h.Helper()
	var got []uint16
	for _, r := range m {
		got = append(got, r.Status)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("got %v, want %v", got, want)
	}
}

// Somebody who knows the branch of a call's INVITE cannot cancel the call (RFC 3261 §22.1, "same hop"), and does not keep the caller from it either.
func TestForgedCancelDoesNotTakeThePlaceOfTheCallers(t *testing.T) {
	h := newHand(t, nil)
	h.status(h.take("INVITE", "z9hG4bKa", ""), 180)
	h.status(h.take("CANCEL", "z9hG4bKa", "203.0.113.9:5060"), 481)
	h.status(h.take("CANCEL", "z9hG4bKa", ""), 200, 487)
}

// Who answered and never had an ACK hangs up; his BYE may overtake his 200 in a network that loses much. The call is not taken up with nobody.
func TestByeOvertakesTheAnswer(t *testing.T) {
	for _, tag := range []string{"early", "another"} {
		h := newHand(t, nil)
		var events []string
		h.phone.cfg.Notify = func(e Event) { events = append(events, fmt.Sprintf("%s by %s %d", e.Kind, e.By, e.Status)) }
		if err := h.phone.Dial(h.now, 1, "sip:bob@"+atA.String(), &h.out); err != nil {
			t.Fatal(err)
		}
		invite := sip.Parse([]byte(string(h.out.Items[len(h.out.Items)-1].Data)))
		if invite.Method != sip.MethodInvite {
			t.Fatalf("%s", invite.Raw)
		}
		h.spoil = func(s string) string {
			s = strings.Replace(s, "Call-ID: c1", "Call-ID: "+string(invite.CallID()), 1)
			s = strings.Replace(s, "tag=1", "tag=early", 1)
			return strings.Replace(s, "To: <sip:18005551212@127.0.0.2>", "To: <sip:18005551212@127.0.0.2>;tag="+string(invite.FromTag()), 1)
		}
		h.status(h.take("BYE", "z9hG4bKb", ""), 481)
		ok := live.AppendReply(nil, invite, live.Flow{Transport: capture.UDP, Remote: atB}, &live.Reply{Status: 200, ToTag: tag, Fields: []sip.DraftField{{Name: "Contact", Value: "<sip:bob@" + atA.String() + ">"}, {Name: "Content-Type", Value: "application/sdp"}},
			Body: []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\n")})
		h.spoil = func(string) string { return string(ok) }
		var sent []string
		for range 2 { // the 200 comes again
			for _, m := range h.take("", "", "") {
				sent = append(sent, string(m.MethodName()))
			}
		}
		want := []string{"calling by nobody 0", "ended by remote 200"}
		if tag != "early" { // it is of another phone, which is there
			want[1] = "answered by remote 0"
		}
		if fmt.Sprint(sent) != "[ACK ACK]" || fmt.Sprint(events) != fmt.Sprint(want) {
			t.Errorf("sent %v, told %v, want %v", sent, events, want)
		}
		if n := len(h.phone.Dialogs()); n != 0 && tag == "early" {
			t.Errorf("%d dialogs are up", n)
		}
	}
}

// What was asked for credentials when the call was hung up is not sent again: it could overtake the BYE, whose lower number would be out of order
// (RFC 3261 §12.2.2).
func TestNothingIsSentAgainBehindABye(t *testing.T) {
	for _, hungUp := range []bool{false, true} {
		h := newHand(t, func(l *LineConfig) { l.OutboundProxy, l.UseOutboundProxy, l.Password = atA.String(), true, "secret" })
		offer := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\n"
		h.spoil = func(s string) string {
			return strings.Replace(s, "Content-Length: 0\r\n\r\n", fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(offer), offer), 1)
		}
		h.status(h.take("INVITE", "z9hG4bKa", ""), 180)
		h.spoil = nil
		sent := func(f func(time.Time, int, *live.Outbox) error) *sip.Message {
			t.Helper()
			h.out.Reset()
			if err := f(h.now, 1, &h.out); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(h.out.Items); i++ {
				if it := h.out.Items[i]; it.Kind == live.ItemResolve {
					f, _ := live.FlowOf(it.Target)
					h.phone.Resolved(h.now, it.Ref, []live.Flow{f}, nil, &h.out)
				}
			}
			for _, it := range h.out.Items {
				if it.Kind == live.ItemSend {
					return sip.Parse([]byte(string(it.Data)))
				}
			}
			return nil
		}
		if ok := sent(h.phone.Answer); ok == nil || ok.Status != 200 {
			t.Fatal("no answer")
		}
		info := sent(func(now time.Time, n int, out *live.Outbox) error { return h.phone.Digit(now, n, '5', out) })
		if info == nil || string(info.MethodName()) != "INFO" {
			t.Fatalf("a digit is sent as %+v", info)
		}
		if hungUp {
			h.spoil = func(s string) string {
				return strings.Replace(s, "To: <sip:18005551212@127.0.0.2>", "To: <sip:18005551212@127.0.0.2>;tag="+string(info.FromTag()), 1)
			}
			h.take("ACK", "z9hG4bKack", "")
			if bye := sent(h.phone.HangUp); bye == nil || string(bye.MethodName()) != "BYE" {
				t.Fatalf("hung up by %+v", bye)
			}
		}
		asked := live.AppendReply(nil, info, live.Flow{Transport: capture.UDP, Remote: atB}, &live.Reply{Status: 407, ToTag: "x",
			Fields: []sip.DraftField{{Name: "Proxy-Authenticate", Value: `Digest realm="h", nonce="1", algorithm=MD5, qop="auth"`}}})
		h.spoil = func(string) string { return string(asked) }
		if again := h.take("", "", ""); (len(again) == 0) != hungUp {
			t.Errorf("hung up %v: %d messages follow the challenge", hungUp, len(again))
		}
	}
}

// What breaks the rules is answered without a transaction (RFC 3261 §8.2.7): it neither takes the place of what has its branch, nor is its answer sent
// again to somebody who may not have asked.
func TestWhatBreaksTheRulesLeavesNoTransaction(t *testing.T) {
	for _, c := range []struct {
		name, method string
		spoil        func(text string) string
	}{
		{"a CANCEL without a number", "CANCEL", func(s string) string { return strings.Replace(s, "CSeq: 101 ", "CSeq: ", 1) }},
		{"half an INVITE", "INVITE", func(s string) string { return s[:strings.Index(s, "Contact:")] }},
		{"an INVITE cut within a line", "INVITE", func(s string) string { return s[:strings.Index(s, "Contact:")+12] }},
	} {
		h := newHand(t, nil)
		if c.method != "INVITE" {
			h.status(h.take("INVITE", "z9hG4bKa", ""), 180)
		}
		h.spoil = c.spoil
		refused := h.take(c.method, "z9hG4bKa", "203.0.113.9:5060")
		h.status(refused, 400)
		again := h.take(c.method, "z9hG4bKa", "203.0.113.9:5060")
		h.status(again, 400)
		if !t.Failed() && (len(refused[0].ToTag()) == 0 || string(refused[0].ToTag()) != string(again[0].ToTag())) {
			t.Errorf("%s: the To tags are %q and %q", c.name, refused[0].ToTag(), again[0].ToTag())
		}
		h.spoil = nil
		if c.method == "INVITE" {
			if l := h.phone.Load(); l.Transactions.All() != 0 {
				t.Errorf("%s: %d transactions", c.name, l.Transactions.All())
			}
			h.status(h.take("INVITE", "z9hG4bKa", ""), 180)
		}
		h.status(h.take("CANCEL", "z9hG4bKa", ""), 200, 487)
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
}

// The 200 to a CANCEL that crosses a refusal has the tag of the refusal (RFC 3261 §9.2).
func TestCancelThatCrossesARefusal(t *testing.T) {
	h := newHand(t, func(l *LineConfig) { l.DND = true })
	busy := h.take("INVITE", "z9hG4bKa", "")
	h.status(busy, 486)
	ok := h.take("CANCEL", "z9hG4bKa", "")
	h.status(ok, 200)
	if !t.Failed() && string(busy[0].ToTag()) != string(ok[0].ToTag()) {
		t.Errorf("tags %q and %q", busy[0].ToTag(), ok[0].ToTag())
	}
}

// A request that a proxy before has forked, and that comes by two ways, is refused by 482 (§8.2.2.2), which has a tag like any other (§8.2.6.2).
func TestMergedRequest(t *testing.T) {
	h := newHand(t, nil)
	h.take("INVITE", "z9hG4bKa", "")
	merged := h.take("INVITE", "z9hG4bKb", "")
	h.status(merged, 482)
	if !t.Failed() && len(merged[0].ToTag()) == 0 {
		t.Error("no To tag")
	}
}

// A caller who hangs up while a change to the call waits for its answer does not wait for ever: the other side need not answer any more.
func TestHangUpWhileAChangeWaits(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	tb.nodes[1].Element = &mute{Element: tb.phones[1], what: "200", instead: "100"}
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(100 * time.Millisecond)
	tb.hangUp(0)
	tb.settle()
}

// A BYE that cannot go out is made again, for as long as any request is tried: the other side does not stay in a call that is over.
func TestByeThatCannotGoOut(t *testing.T) {
	for _, c := range []struct {
		mute time.Duration
		left int // dialogs at the other side
	}{{0, 0}, {3 * time.Second, 0}, {27 * time.Second, 0}, {time.Hour, 1}} {
		tb := newTable(t, nil)
		tb.dial()
		tb.net.Run(time.Second)
		tb.answer()
		tb.net.Run(time.Second)
		until := tb.net.Now().Add(c.mute)
		tb.net.Mute = func(n *wire.Node) bool { return n == tb.nodes[0] && tb.net.Now().Before(until) }
		tb.hangUp(0)
		tb.net.Run(40 * time.Second)
		if n := len(tb.phones[1].Dialogs()); n != c.left {
			t.Errorf("nothing goes out for %v: %d dialogs are left, want %d", c.mute, n, c.left)
		}
		if !tb.phones[0].Idle() {
			t.Errorf("nothing goes out for %v: the phone that has hung up is not idle", c.mute)
		}
	}
}

// A change that is not answered within ReINVITE Expires is cancelled.
func TestChangeThatIsNotAnswered(t *testing.T) {
	tb := newTable(t, func(a, _ *Config) { a.ReInviteExpires = 10 * time.Second })
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	tb.nodes[1].Element = &mute{Element: tb.phones[1], what: "200", instead: "100"}
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(11 * time.Second)
	if s := strings.Join(tb.seen, "\n"); !strings.Contains(s, "> CANCEL 102") {
		t.Errorf("no CANCEL:\n%s", s)
	}
	tb.hangUp(0)
	tb.settle()
}

// mute is an element that says "instead" in the place of some final responses to INVITE.
type mute struct {
	live.Element
	what, instead string
}

func (m *mute) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	m.Element.Receive(now, from, data, out)
	m.edit(out)
}

func (m *mute) Wake(now time.Time, out *live.Outbox) {
	m.Element.Wake(now, out)
	m.edit(out)
}

func (m *mute) edit(out *live.Outbox) {
	for i := range out.Items {
		it := &out.Items[i]
		if r := sip.Parse(it.Data); it.Kind == live.ItemSend && r.CSeq().Method == sip.MethodInvite && strings.HasPrefix(string(it.Data), "SIP/2.0 "+m.what) {
			it.Data = []byte("SIP/2.0 " + m.instead + string(it.Data[len("SIP/2.0 200"):]))
		}
	}
}

// What the other side does to a call that was hung up before its ACK came is not told any more.
func TestHungUpBeforeTheAck(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Cut = func(_, to *wire.Node) bool { return to == tb.nodes[1] } // the ACK
	tb.net.Run(100 * time.Millisecond)
	tb.net.Cut = nil
	tb.hangUp(1)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, '7', out) })
	tb.settle()
	tb.want("events", tb.events[4:], "a answered by remote", "b ended by local", "a ended by remote")
}

// What cannot stand in the first line of an INVITE is not called.
func TestWhatCannotBeCalled(t *testing.T) {
	h := newHand(t, nil)
	for number, ok := range map[string]bool{"1-800-555-1212": true, "+1 (800) 555-1212": true, "alice": true, "*69#": true, "sip:alice@example.com;transport=tcp": true, "alice@[2001:db8::1]:5060": true,
		"alice@127.0.0.1": true, "my office": true, // escaped
		"": false, "  ": false, "sip:a b@example.com": false, "sip:a@exa mple.com": false, "a@b\r\nEvil: 1": false, "abc@@@": false, "a@b@c": false, "sip:@example.com": false, "sip:example.com": false,
		"sip:a@": false, "a@<b>": false, "a@b_c!": false, "sip:a@example.com:99999": false, "sip:a@example.com;transport=pigeon": false} {
		h.out.Reset()
		err := h.phone.Dial(h.now, 1, number, &h.out)
		if (err == nil) != ok || err == nil && h.phone.lines[0].call == nil || err != nil && (h.phone.lines[0].call != nil || h.phone.lines[0].offHook || len(h.out.Items) != 0) {
			t.Errorf("%q: %v", number, err)
		}
		h.phone.lines[0].call, h.phone.lines[0].offHook = nil, false
	}
}
