package ua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// UPDATE before the call is answered (RFC 3311 §5.2), on the caller's side: with an offer it crosses the INVITE's, without one it is taken; in a dialog that no
// phone has begun it is refused.
func TestUpdateInAnEarlyDialogOfTheCaller(t *testing.T) {
	tb := newTable(t, nil)
	var invite *sip.Message
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method == sip.MethodInvite {
			invite = m
			reply(from, m, 180, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:b@127.0.0.2:5060>"}}, "", out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	for i, c := range []struct {
		tag, body string
		status    int
	}{{"b", "", 200}, {"b", sdpB, 491}, {"other", "", 481}, {"other", sdpB, 481}} {
		before := len(tb.seen)
		kind := ""
		if c.body != "" {
			kind = "Content-Type: application/sdp\n"
		}
		tb.sendToA(fmt.Sprintf("UPDATE sip:spa1@127.0.0.1:5062 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKu%d;rport\nMax-Forwards: 70\nFrom: <sip:18005551212@127.0.0.2>;tag=%s\nTo: <sip:spa1@127.0.0.2>;tag=%s\nCall-ID: %s\nCSeq: %d UPDATE\nContact: <sip:b@127.0.0.2:5060>\n%sContent-Length: %d\n\n%s",
			i, c.tag, invite.FromTag(), invite.CallID(), i+1, kind, len(c.body), strings.ReplaceAll(c.body, "\r\n", "\n")))
		tb.net.Run(100 * time.Millisecond)
		if got := strings.Join(tb.seen[before:], "\n"); !strings.Contains(got, fmt.Sprintf("> %d UPDATE", c.status)) {
			t.Errorf("tag %s, %d bytes: %s, want %d", c.tag, len(c.body), got, c.status)
		}
	}
}

// The same on the side that rings: an UPDATE without an offer says where the caller is now.
func TestUpdateInAnEarlyDialogOfTheCallee(t *testing.T) {
	h := newHand(t, nil)
	ringing := h.take("INVITE", "z9hG4bKa", "")
	h.status(ringing, 180)
	if t.Failed() {
		return
	}
	update := func(seq int, from, body string) *sip.Message {
		kind := ""
		if body != "" {
			kind = "Content-Type: application/sdp\r\n"
		}
		text := fmt.Sprintf("UPDATE sip:18005551212@127.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKu%d%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:spa1@h>;tag=%s\r\nTo: <sip:18005551212@127.0.0.2>;tag=%s\r\nCall-ID: c1\r\nCSeq: %d UPDATE\r\nContact: <sip:moved@127.0.0.1:5099>\r\n%sContent-Length: %d\r\n\r\n%s",
			atA, seq, from, from, ringing[0].ToTag(), seq, kind, len(body), body)
		h.out.Reset()
		h.phone.Receive(h.now, live.Flow{Transport: capture.UDP, Local: atB, Remote: atA}, []byte(text), &h.out)
		return sip.Parse(h.out.Items[0].Data)
	}
	if m := update(102, "1", sdpB); m.Status != 500 || !m.Has(sip.FieldRetryAfter) {
		t.Errorf("an offer before the answer to the INVITE's: %s", m.Raw)
	}
	if m := update(103, "2", ""); m.Status != 481 {
		t.Errorf("of somebody else: %s", m.Raw)
	}
	if m := update(103, "1", ""); m.Status != 200 || !m.Has(sip.FieldContact) {
		t.Errorf("%s", m.Raw)
	}
	if m := update(102, "1", ""); m.Status != 500 {
		t.Errorf("an older one: %s", m.Raw)
	}
	h.out.Reset()
	if err := h.phone.Answer(h.now, 1, &h.out); err != nil {
		t.Fatal(err)
	}
	for _, s := range h.phone.sessions {
		if s.dialog.Target != "sip:moved@127.0.0.1:5099" {
			t.Errorf("requests go to %s", s.dialog.Target)
		}
		if again := s.dialog.Receive(sip.Parse([]byte("BYE sip:x SIP/2.0\r\nCSeq: 102 BYE\r\n\r\n"))); again != 500 {
			t.Errorf("a number below that of the UPDATE: %d", again)
		}
	}
	if len(h.phone.sessions) != 1 {
		t.Errorf("%d sessions", len(h.phone.sessions))
	}
}

// A hold that the other side refuses for the moment (500 with Retry-After, RFC 3261 §14.2) is tried once more; then, or where it does not say when, it is told.
func TestHoldIsTriedOnceMore(t *testing.T) {
	for _, c := range []struct {
		name    string
		after   string
		refusal int // how many re-INVITEs are refused
		invites int
		told    bool
	}{
		{"the second is taken", "3", 1, 2, false},
		{"the second is refused too", "3", 2, 2, true},
		{"no time is said", "", 1, 1, true},
		{"a time that nobody waits for", "3600", 1, 1, true},
	} {
		tb := newTable(t, nil)
		n, invites := 0, 0
		rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
			if !m.IsRequest() {
				return
			}
			contact := []sip.DraftField{{Name: "Contact", Value: "<sip:b@127.0.0.2:5060>"}}
			switch m.Method {
			case sip.MethodInvite:
				if n++; n > 1 {
					invites++
				}
				if n > 1 && invites <= c.refusal {
					var fields []sip.DraftField
					if c.after != "" {
						fields = append(fields, sip.DraftField{Name: "Retry-After", Value: c.after})
					}
					reply(from, m, 500, "b", fields, "", out)
					return
				}
				reply(from, m, 200, "b", contact, sdpB, out)
			case sip.MethodBye:
				reply(from, m, 200, "", nil, "", out)
			}
		})
		tb.dial()
		tb.net.Run(time.Second)
		tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
		tb.net.Run(time.Second)
		if invites != 1 {
			t.Errorf("%s: %d re-INVITEs in the first second", c.name, invites)
		}
		tb.net.Run(20 * time.Second)
		events := strings.Join(tb.events, "\n")
		if invites != c.invites || strings.Contains(events, "unchanged") != c.told {
			t.Errorf("%s: %d re-INVITEs; %s", c.name, invites, events)
		}
		// Another hold may be tried again, too.
		if c.told && c.after == "3" {
			c.refusal = invites + 1
			tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
			tb.net.Run(20 * time.Second)
			if invites != c.invites+2 {
				t.Errorf("%s: a later one: %d re-INVITEs", c.name, invites)
			}
		}
		tb.hangUp(0)
		tb.settle()
	}
}

// What rings after a redirection is told of, as what rang before it was.
func TestRingingAfterARedirection(t *testing.T) {
	tb := newTable(t, nil)
	n := 0
	rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if !m.IsRequest() || m.Method != sip.MethodInvite {
			return
		}
		n++
		reply(from, m, 180, fmt.Sprint("b", n), nil, "", out)
		if n == 1 {
			reply(from, m, 302, "b1", []sip.DraftField{{Name: "Contact", Value: "<sip:other@127.0.0.2:5060>"}}, "", out)
			return
		}
		reply(from, m, 486, "b2", nil, "", out)
	})
	tb.dial()
	tb.net.Run(time.Second)
	if got := strings.Count(strings.Join(tb.events, "\n"), "a ringing"); got != 2 {
		t.Errorf("%d events: %s", got, strings.Join(tb.events, "\n"))
	}
}

// Requests of a dialog begin with the Max-Forwards of the settings, as those before it.
func TestMaxForwardInADialog(t *testing.T) {
	tb := newTable(t, func(a, _ *Config) { a.MaxForward = 20 })
	peer := rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if m.IsRequest() && m.Method != sip.MethodAck {
			reply(from, m, 200, "b", []sip.DraftField{{Name: "Contact", Value: "<sip:b@127.0.0.2:5060>"}}, sdpB, out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.net.Run(time.Second)
	seen := ""
	for _, text := range peer.got {
		m := sip.Parse([]byte(text))
		seen += string(m.MethodName()) + " " + string(m.Value(sip.FieldMaxForwards)) + " "
	}
	if seen != "INVITE 20 ACK 20 BYE 20 " {
		t.Error(seen)
	}
}

// A 2xx that comes again while the address of the ACK is looked up begins no other look-up.
func TestOneLookUpForAnAck(t *testing.T) {
	h := newHand(t, nil)
	h.out.Reset()
	if err := h.phone.Dial(h.now, 1, "5", &h.out); err != nil {
		t.Fatal(err)
	}
	var invite *sip.Message
	for _, it := range h.out.Items {
		if it.Kind == live.ItemSend {
			invite = sip.Parse(append([]byte(nil), it.Data...))
		}
	}
	lookUps, acks, ref := 0, 0, uint64(0)
	flow := live.Flow{Transport: capture.UDP, Local: atB, Remote: atA}
	count := func() {
		for _, it := range h.out.Items {
			switch {
			case it.Kind == live.ItemResolve:
				lookUps, ref = lookUps+1, it.Ref
			case it.Kind == live.ItemSend && sip.Parse(it.Data).Method == sip.MethodAck:
				acks++
			}
		}
		h.out.Reset()
	}
	ok := live.AppendReply(nil, invite, flow, &live.Reply{Status: 200, ToTag: "b", Body: []byte(sdpB), Fields: []sip.DraftField{
		{Name: "Contact", Value: "<sip:b@b.example.com>"}, {Name: "Content-Type", Value: "application/sdp"}}})
	h.out.Reset()
	for range 3 {
		h.phone.Receive(h.now, flow, append([]byte(nil), ok...), &h.out)
		count()
	}
	if lookUps != 1 || acks != 0 {
		t.Fatalf("%d look-ups, %d ACKs", lookUps, acks)
	}
	h.phone.Resolved(h.now, ref, []live.Flow{flow}, nil, &h.out)
	count()
	h.phone.Receive(h.now, flow, append([]byte(nil), ok...), &h.out)
	count()
	if lookUps != 1 || acks != 2 {
		t.Errorf("%d look-ups, %d ACKs", lookUps, acks)
	}
}

// The ACK for the 2xx to a re-INVITE goes where that 2xx says that the other side is now (RFC 3261 §12.2.1.2), and again for each repeat.
func TestAckGoesToTheNewTarget(t *testing.T) {
	tb := newTable(t, nil)
	n := 0
	peer := rawB(tb, func(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
		if !m.IsRequest() || m.Method == sip.MethodAck {
			return
		}
		n++
		contact := fmt.Sprintf("<sip:b%d@127.0.0.2:5060>", n)
		for range n {
			reply(from, m, 200, "b", []sip.DraftField{{Name: "Contact", Value: contact}}, sdpB, out)
		}
	})
	tb.dial()
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(time.Second)
	var acks []string
	for _, text := range peer.got {
		if m := sip.Parse([]byte(text)); m.Method == sip.MethodAck {
			acks = append(acks, string(m.Text(m.URISpan)))
		}
	}
	tb.want("ACKs", acks, "sip:b1@127.0.0.2:5060", "sip:b2@127.0.0.2:5060", "sip:b2@127.0.0.2:5060")
	tb.hangUp(0)
	tb.settle()
}
