package ua

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

// chance is a source of chance that a seed decides.
type chance struct{ *rand.ChaCha8 }

func seeded(n byte) chance {
	var seed [32]byte
	seed[0] = n
	return chance{rand.NewChaCha8(seed)}
}

// table is two phones that call each other without a proxy between, and a record of what passes.
type table struct {
	*testing.T
	net    *wire.Network
	phones [2]*Phone
	nodes  [2]*wire.Node
	// seen are the messages that a has sent and received, events what the phones have told, said what a's syslog has beside SIP.
	seen, events, said []string
	messages           []string
}

var (
	atA = netip.MustParseAddrPort("127.0.0.1:5062")
	atB = netip.MustParseAddrPort("127.0.0.2:5060")
)

func newTable(t *testing.T, change func(a, b *Config)) *table {
	tb := &table{T: t, net: wire.New(time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC), 1)}
	cfg := [2]Config{
		{UserAgent: "a", Lines: []LineConfig{{Local: atA, Proxy: atB.String(), UserID: "spa1", DisplayName: "Good Body", Password: "secret"}}},
		{UserAgent: "b", Lines: []LineConfig{{Local: atB, Proxy: atA.String(), UserID: "18005551212"}}},
	}
	if change != nil {
		change(&cfg[0], &cfg[1])
	}
	for i := range cfg {
		cfg[i].Rand = seeded(byte(i + 1))
		name := string(rune('a' + i))
		cfg[i].Notify = func(e Event) {
			line := fmt.Sprintf("%s %s", name, e.Kind)
			if e.By != Nobody {
				line += " by " + e.By.String()
			}
			if e.Status != 0 {
				line += fmt.Sprint(" ", e.Status)
			}
			if e.Kind == EventDigit || e.Kind == EventUndialled {
				line += " " + e.Reason
			}
			tb.events = append(tb.events, line)
		}
		p, err := New(cfg[i])
		if err != nil {
			t.Fatal(err)
		}
		tb.phones[i] = p
		tb.nodes[i] = tb.net.Add(name, p, cfg[i].Lines[0].Local)
	}
	tb.net.Faults.DelayMin, tb.net.Faults.DelayMax = 10*time.Millisecond, 10*time.Millisecond
	tb.net.Tap = func(node *wire.Node, rec *capture.Record) {
		if node != tb.nodes[0] {
			return
		}
		if rec.Kind == capture.KindEvent {
			tb.said = append(tb.said, string(rec.Data))
			return
		}
		m := sip.Parse(rec.Data)
		arrow := "<"
		if rec.Direction == capture.Sent {
			arrow = ">"
		}
		what := m.Method.String()
		if m.IsResponse() {
			what = fmt.Sprintf("%d %s", m.Status, what)
		}
		tb.seen = append(tb.seen, fmt.Sprintf("%s %s %d", arrow, what, m.CSeq().Number))
		tb.messages = append(tb.messages, string(rec.Data))
		for _, v := range sip.Validate(m, sip.RoleUAS) {
			if v.Severity > sip.SeverityTolerated {
				t.Errorf("%s: %s\n%s", what, v.Text, rec.Data)
			}
		}
	}
	return tb
}

// do runs a command of phone a (0) or b (1) and fails the test if it does not work.
func (tb *table) do(i int, f func(p *Phone, now time.Time, out *live.Outbox) error) {
	tb.Helper()
	tb.net.Do(tb.nodes[i], func(now time.Time, out *live.Outbox) {
		if err := f(tb.phones[i], now, out); err != nil {
			tb.Error(err)
		}
	})
}

func (tb *table) dial() {
	tb.Helper()
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "1-800-555-1212", out) })
}

func (tb *table) hangUp(i int) {
	tb.Helper()
	tb.do(i, func(p *Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, 1, out) })
}

func (tb *table) answer() {
	tb.Helper()
	tb.do(1, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Answer(now, 1, out) })
}

// settle runs until nothing is left: no transaction, no timer, no session.
func (tb *table) settle() {
	tb.Helper()
	if !tb.net.Settle(10 * time.Minute) {
		tb.Errorf("something is left after ten minutes: %v %v", tb.phones[0].Next(), tb.phones[1].Next())
	}
	for i, p := range tb.phones {
		if n := p.layer.Counts(); n.All() != 0 || len(p.sessions) != 0 || len(p.waiting) != 0 || !p.Idle() {
			tb.Errorf("phone %d: %d transactions, %d sessions, %d lookups left", i, n.All(), len(p.sessions), len(p.waiting))
		}
	}
}

func (tb *table) want(what string, got []string, want ...string) {
	tb.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		tb.Errorf("%s:\n%s\nwant\n%s", what, g, w)
	}
}

func TestCallIsCancelledWhileItRings(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(16 * time.Second)
	tb.hangUp(0)
	tb.settle()
	tb.want("messages at a", tb.seen, "> INVITE 101", "< 180 INVITE 101", "> CANCEL 101", "< 200 CANCEL 101", "< 487 INVITE 101", "> ACK 101")
	tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b ended by remote 487", "a ended by local 487")
	tb.want("syslog of a", tb.said, "[0]Off Hook", "Calling:18005551212@127.0.0.2", "CC:CallProgress", "[0]On Hook", "[0]AUD Rel Call")
	tag := func(i int) string { return string(sip.Parse([]byte(tb.messages[i])).ToTag()) }
	if tag(1) == "" || tag(1) != tag(3) || tag(1) != tag(4) {
		t.Errorf("the tags of 180, 200 and 487 differ (RFC 3261 §8.2.6.2, §9.2): %q %q %q", tag(1), tag(3), tag(4))
	}
}

func TestCallIsAnswered(t *testing.T) {
	for _, by := range []int{0, 1} {
		tb := newTable(t, nil)
		tb.dial()
		tb.net.Run(3 * time.Second)
		tb.answer()
		tb.net.Run(30 * time.Second)
		tb.hangUp(by)
		tb.settle()
		if by == 0 {
			tb.want("messages at a", tb.seen, "> INVITE 101", "< 180 INVITE 101", "< 200 INVITE 101", "> ACK 101", "> BYE 102", "< 200 BYE 102")
			tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b answered by local", "a answered by remote", "a ended by local", "b ended by remote")
		} else {
			tb.want("messages at a", tb.seen, "> INVITE 101", "< 180 INVITE 101", "< 200 INVITE 101", "> ACK 101", "< BYE 1", "> 200 BYE 1")
		}
	}
}

func TestCancelCrossesTheAnswer(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.hangUp(0) // at the same time: the 200 is on its way
	tb.settle()
	tb.want("messages at a", tb.seen, "> INVITE 101", "< 180 INVITE 101", "> CANCEL 101", "< 200 INVITE 101", "> ACK 101", "> BYE 102", "< 200 CANCEL 101", "< 200 BYE 102")
	tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b answered by local", "a ended by local 200", "b ended by remote")
}

func TestHangUpBeforeAnyResponse(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.hangUp(0)
	tb.settle()
	tb.want("messages at a: the CANCEL waits for a provisional response (§9.1)", tb.seen, "> INVITE 101", "< 180 INVITE 101", "> CANCEL 101", "< 200 CANCEL 101",
		"< 487 INVITE 101", "> ACK 101")
}

func TestBusyAndRefused(t *testing.T) {
	tb := newTable(t, func(_, b *Config) { b.Lines[0].DND = true })
	tb.dial()
	tb.settle()
	tb.want("messages at a", tb.seen, "> INVITE 101", "< 486 INVITE 101", "> ACK 101")
	tb.want("events", tb.events, "a calling", "b turned-away by local 486", "a ended by remote 486")

	tb = newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.hangUp(1)
	tb.settle()
	tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b ended by local 603", "a ended by remote 603")
}

func TestNobodyThere(t *testing.T) {
	tb := newTable(t, nil)
	tb.net.SetDown(tb.nodes[1], true)
	tb.dial()
	tb.settle()
	want := []string{}
	for range 7 {
		want = append(want, "> INVITE 101")
	}
	tb.want("messages at a (timers A and B)", tb.seen, want...)
	tb.want("events", tb.events, "a calling", "a ended by network 408")
}

func TestAnswerIsSentAgainUntilItIsAcknowledged(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.net.Cut = func(from, to *wire.Node) bool { return to == tb.nodes[0] } // nothing reaches a
	tb.answer()
	tb.net.Run(5 * time.Second)
	tb.net.Cut = nil
	tb.net.Run(5 * time.Second)
	tb.hangUp(1)
	tb.settle()
	tb.want("messages at a", tb.seen, "> INVITE 101", "< 180 INVITE 101", "< 200 INVITE 101", "> ACK 101", "< BYE 1", "> 200 BYE 1")
	tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b answered by local", "a answered by remote", "b ended by local", "a ended by remote")
}

func TestNoAcknowledgementEndsTheCall(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.net.Cut = func(from, to *wire.Node) bool { return to == tb.nodes[0] }
	tb.answer()
	tb.net.Run(31 * time.Second)
	if strings.Join(tb.events, " ") != "a calling b incoming a ringing 180 b answered by local" {
		t.Errorf("after 31 s: %v", tb.events)
	}
	tb.net.Run(2 * time.Second)
	tb.want("events", tb.events, "a calling", "b incoming", "a ringing 180", "b answered by local", "b ended by network 408")
}

func TestHoldAndResume(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	tb.net.Run(time.Second)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Resume(now, 1, out) })
	tb.net.Run(time.Second)
	tb.do(1, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, '7', out) })
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.settle()
	tb.want("messages at a", tb.seen[3:], "> ACK 101", "> INVITE 102", "< 200 INVITE 102", "> ACK 102", "> INVITE 103", "< 200 INVITE 103", "> ACK 103",
		"< INFO 1", "> 200 INFO 1", "> BYE 104", "< 200 BYE 104")
	tb.want("events", tb.events[5:], "b held by remote", "b resumed by remote", "a digit by remote 7", "a ended by local", "b ended by remote")
}

func TestBothHoldAtOnce(t *testing.T) {
	tb := newTable(t, nil)
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	for i := range 2 {
		tb.do(i, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	}
	tb.net.Run(10 * time.Second)
	for i, p := range tb.phones {
		if a := p.lines[0].call.audio; !a.hold || !a.held {
			t.Errorf("phone %d: %+v", i, a)
		}
	}
	if s := strings.Join(tb.seen, " "); strings.Count(s, "491") != 2 {
		t.Errorf("both refuse by 491 and try again (§14.1): %s", s)
	}
	tb.hangUp(0)
	tb.settle()
}

func TestRedirection(t *testing.T) {
	tb := newTable(t, func(_, b *Config) { b.Lines[0].CfwdAll = "sip:other@127.0.0.2:5060" })
	tb.dial()
	tb.settle()
	tb.want("messages at a", tb.seen, "> INVITE 101", "< 302 INVITE 101", "> ACK 101", "> INVITE 102", "< 404 INVITE 102", "> ACK 102")
}

func TestRingsTooLong(t *testing.T) {
	tb := newTable(t, func(a, _ *Config) { a.InviteExpires = 20 * time.Second })
	tb.dial()
	tb.settle()
	// The callee reads Expires and gives up at the same time; whichever comes first.
	if e := tb.events[len(tb.events)-1]; !strings.HasPrefix(e, "a ended by") || !strings.HasSuffix(e, "487") {
		t.Errorf("%v", tb.events)
	}
}

func TestWrongConfigurations(t *testing.T) {
	good := LineConfig{Local: atA, Proxy: "h", UserID: "u"}
	for want, change := range map[string]func(*Config){
		"User ID is empty":          func(c *Config) { c.Lines[0].UserID = "" },
		"Proxy is empty":            func(c *Config) { c.Lines[0].Proxy = "" },
		"Outbound Proxy is empty":   func(c *Config) { c.Lines[0].UseOutboundProxy = true },
		"no address and SIP Port":   func(c *Config) { c.Lines[0].Local = netip.AddrPort{} },
		"a control character":       func(c *Config) { c.Lines[0].DisplayName = "a\r\nEvil: 1" },
		"dial plan":                 func(c *Config) { c.Lines[0].DialPlan = "x" },
		"at least one line":         func(c *Config) { c.Lines = nil },
		"Register Expires is under": func(c *Config) { c.Lines[0].RegisterExpires = time.Millisecond },
		"needs a source of chance":  func(c *Config) { c.Rand = nil },
	} {
		c := Config{Rand: seeded(1), Lines: []LineConfig{good}}
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
