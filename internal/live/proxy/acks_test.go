package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live/ua"
	"sipscribe/sip"
)

// A telephone that uses its outbound proxy within dialogs, where no route is recorded, gets its ACK through: it cannot be challenged (RFC 3261 §22.1), and its
// call was answered through here.
func TestCallWithoutRecordRoute(t *testing.T) {
	d := newDesk(t, func(p *Config, _ *ua.Config) { p.NoRecordRoute = true })
	d.forget()
	d.dial()
	d.net.Run(3 * time.Second)
	d.answer(1)
	d.net.Run(40 * time.Second)
	d.hangUp(1)
	d.net.Run(time.Second)
	d.want("messages at the SPA", d.seen[0], "> INVITE", "< 407 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "< BYE", "> 200 BYE")
	d.want("events", d.events, "0 calling", "0 trying 100", "1 incoming", "0 ringing 180", "1 answered by local", "0 answered by remote", "1 ended by local", "0 ended by remote")
	d.settle()
}

// Only that ACK: not one of another call, number, tag or address, not of a call that was not answered, and not for ever.
func TestACKsOfNobody(t *testing.T) {
	home := netip.MustParseAddrPort("198.51.100.5:5060")
	for _, c := range []struct {
		name    string
		records bool // a route
		answer  int
		later   time.Duration
		from    netip.AddrPort
		more    string // another field
		passes  bool
	}{
		{"of the call", false, 200, 0, stranger, "", true},
		{"of the call, from another port", false, 200, 0, netip.AddrPortFrom(stranger.Addr(), 40000), "", true},
		{"as long as the 200 is sent again", false, 200, 32 * time.Second, stranger, "", true},
		{"long after", false, 200, 65 * time.Second, stranger, "", false},
		{"a day after", false, 200, 24 * time.Hour, stranger, "", false},
		{"from somewhere else", false, 200, 0, home, "", false},
		{"another number", false, 200, 0, stranger, "CSeq: 999 ACK", false},
		{"another call", false, 200, 0, stranger, "Call-ID: other", false},
		{"another caller", false, 200, 0, stranger, "From: <sip:spa1@" + domain + ">;tag=t2", false},
		{"of a call that only rings", false, 180, 0, stranger, "", false},
		{"where a route is recorded it has to be there", true, 200, 0, stranger, "", false},
	} {
		d := newDoor(t, func(p *Config) { p.NoRecordRoute = !c.records })
		d.register("18005551212", home)
		got := d.as("spa1", "secret", stranger, "INVITE", "sip:18005551212@"+domain)
		if len(got) != 2 {
			t.Fatalf("%s: %s", c.name, told(got))
		}
		invite := got[1]
		var response strings.Builder
		fmt.Fprintf(&response, "SIP/2.0 %d X\r\n", c.answer)
		for i := range invite.Fields {
			f := &invite.Fields[i]
			switch name := string(invite.Text(f.Name)); name {
			case "Via", "From", "Call-ID", "CSeq":
				fmt.Fprintf(&response, "%s: %s\r\n", name, invite.Text(f.Value))
			case "To":
				fmt.Fprintf(&response, "To: %s;tag=b\r\n", invite.Text(f.Value))
			}
		}
		response.WriteString("Contact: <sip:18005551212@198.51.100.5>\r\nContent-Length: 0\r\n\r\n")
		if got = d.send(home, response.String()); len(got) != 1 {
			t.Fatalf("%s: %s", c.name, told(got))
		}
		d.wait(c.later)
		fields := []string{fmt.Sprintf("CSeq: %d ACK", invite.CSeq().Number), "To: <sip:18005551212@" + domain + ">;tag=b"}
		if c.more != "" {
			name, _, _ := strings.Cut(c.more, ":")
			for i, f := range fields {
				if strings.HasPrefix(f, name+":") {
					fields = append(fields[:i], fields[i+1:]...)
					break
				}
			}
			fields = append(fields, c.more)
		}
		got = d.send(c.from, d.request("ACK", "sip:18005551212@198.51.100.5", "spa1", fields...))
		if passed := len(got) == 1 && got[0].to.Remote == home; passed != c.passes || len(got) > 1 {
			t.Errorf("%s: %s, want it passed on: %v", c.name, told(got), c.passes)
		}
		if !c.passes || c.later > 0 { // what comes after 64·T1 is not handed back
			continue
		}
		// The 200 comes again: so may the ACK, and not for ever.
		again := 0
		for range 3 {
			d.send(home, response.String())
			for range 10 {
				again += len(d.send(c.from, d.request("ACK", "sip:18005551212@198.51.100.5", "spa1", fields...)))
			}
		}
		if again < 3 || again > 4*acksEach {
			t.Errorf("%s: %d more ACKs are passed on for three more answers", c.name, again)
		}
	}
}

// A call that is older than its token, or than the secret of a proxy that was started again, can be changed with the password; the ACK of that cannot be asked for it, and passes.
func TestACKWithoutItsToken(t *testing.T) {
	d := newDoor(t, nil)
	outer, inner := d.ringing()
	route := string(d.reply(inner, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")[0].Value(sip.FieldRecordRoute))
	uri := "sip:18005551212@203.0.113.20:5060"
	more := []string{"To: <sip:18005551212@" + domain + ">;tag=callee", "Call-ID: " + string(outer.CallID()), "Route: " + route}
	if got := d.send(caller, d.request("INVITE", uri, "spa1", more...)); len(got) != 2 || got[1].to.Remote != callee1 {
		t.Fatal(told(got))
	} else {
		d.reply(got[1].Message, 200, "Contact: <"+uri+">")
		if got = d.send(caller, d.request("ACK", uri, "spa1", append(more[:2:2], fmt.Sprintf("CSeq: %d ACK", got[1].CSeq().Number))...)); len(got) != 0 {
			t.Errorf("without the token that its INVITE had: %s", told(got))
		}
	}
	d.wait(50 * time.Hour)
	got := d.as("spa1", "secret", caller, "INVITE", uri, more...)
	if len(got) != 2 || got[1].to.Remote != callee1 {
		t.Fatal(told(got))
	}
	again := got[1].Message
	ack := func(number uint32) string {
		return d.request("ACK", uri, "spa1", append(more, fmt.Sprintf("CSeq: %d ACK", number))...)
	}
	if got := d.send(caller, ack(again.CSeq().Number)); len(got) != 0 {
		t.Errorf("before the answer: %s", told(got))
	}
	d.reply(again, 200, "Contact: <sip:18005551212@203.0.113.20:5060>")
	if got := d.send(caller, ack(again.CSeq().Number+1)); len(got) != 0 {
		t.Errorf("of another: %s", told(got))
	}
	if got := d.send(caller, ack(again.CSeq().Number)); len(got) != 1 || got[0].to.Remote != callee1 {
		t.Errorf("its ACK: %s", told(got))
	}
}

// An answer is good for its ACK, and not for whatever is thought up in the minute after; each time it is sent again for another.
func TestACKsAreCounted(t *testing.T) {
	now := time.Unix(0, 0)
	a := newACKs(ackLife, 10)
	passed := func(key uint64) (n int) {
		for a.take(now, key) {
			if n++; n > 1000 {
				t.Fatal("without end")
			}
		}
		return n
	}
	a.answered(now, 1)
	if n := passed(1); n != acksEach {
		t.Errorf("%d ACKs for one answer", n)
	}
	for range 3 {
		a.answered(now, 1)
		now = now.Add(ackLife - 1)
	}
	if n := passed(1); n != 3*acksEach {
		t.Errorf("%d ACKs for three answers, of one generation and the next", n)
	}
	for range 1000 {
		a.answered(now, 1)
	}
	if n := passed(1); n != maxACKs {
		t.Errorf("%d ACKs for a thousand answers", n)
	}
}

// Somebody whose calls fill the table does not keep the ACKs of others out.
func TestManyACKs(t *testing.T) {
	now := time.Unix(0, 0)
	a := newACKs(ackLife, 10)
	for key := range uint64(1000) {
		a.answered(now, key)
		if len(a.young) > 10 || len(a.old) > 10 {
			t.Fatalf("%d and %d are kept", len(a.young), len(a.old))
		}
		if key >= 9 && !a.take(now, key-9) {
			t.Fatalf("the ACK of %d is not expected nine calls later", key-9)
		}
	}
	if a.take(now, 1) {
		t.Error("nothing is forgotten")
	}
}
