package wire

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// recorder is an element that writes down what happens to it, and echoes what begins with "ping".
type recorder struct {
	got   []string
	wakes []time.Time
}

func (r *recorder) note(now time.Time, format string, args ...any) {
	r.got = append(r.got, fmt.Sprintf("%s ", now.Format("05.000"))+fmt.Sprintf(format, args...))
}

func (r *recorder) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	r.note(now, "%s from %s", data, from.Remote.Addr())
	if strings.HasPrefix(string(data), "ping") {
		out.Send(from, 0, []byte("pong"))
	}
}

func (r *recorder) Resolved(now time.Time, ref uint64, flows []live.Flow, err error, _ *live.Outbox) {
	r.note(now, "resolved %d: %d addresses, %v", ref, len(flows), err)
}

func (r *recorder) Failed(now time.Time, to live.Flow, ref uint64, err error, _ *live.Outbox) {
	r.note(now, "failed %d to %s: %v", ref, to.Remote.Addr(), err)
}
func (r *recorder) Closed(now time.Time, _ live.Flow, _ *live.Outbox) { r.note(now, "closed") }

func (r *recorder) Wake(now time.Time, _ *live.Outbox) {
	r.note(now, "woken")
	for len(r.wakes) > 0 && !now.Before(r.wakes[0]) {
		r.wakes = r.wakes[1:]
	}
}

func (r *recorder) Next() time.Time {
	if len(r.wakes) == 0 {
		return time.Time{}
	}
	return r.wakes[0]
}

var (
	start = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	atA   = netip.MustParseAddrPort("127.0.0.1:5060")
	atB   = netip.MustParseAddrPort("127.0.0.2:5060")
)

func pair(seed uint64) (n *Network, a, b *recorder, na, nb *Node) {
	n = New(start, seed)
	a, b = &recorder{}, &recorder{}
	return n, a, b, n.Add("a", a, atA), n.Add("b", b, atB)
}

func send(n *Network, from *Node, to netip.AddrPort, transport capture.Transport, texts ...string) {
	n.Do(from, func(_ time.Time, out *live.Outbox) {
		for i, s := range texts {
			out.Send(live.Flow{Transport: transport, Remote: to}, uint64(i+1), []byte(s))
		}
	})
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestDelayAndAnswer(t *testing.T) {
	n, a, b, na, _ := pair(1)
	n.Faults.DelayMin, n.Faults.DelayMax = 20*time.Millisecond, 20*time.Millisecond
	send(n, na, atB, capture.UDP, "ping")
	if !n.Settle(time.Second) {
		t.Error("not settled")
	}
	want(t, b.got, "00.020 ping from 127.0.0.1")
	want(t, a.got, "00.040 pong from 127.0.0.2")
}

func TestWakesAndMessagesComeInTheOrderOfTime(t *testing.T) {
	n, a, _, _, nb := pair(1)
	n.Faults.DelayMin, n.Faults.DelayMax = 20*time.Millisecond, 20*time.Millisecond
	a.wakes = []time.Time{start.Add(10 * time.Millisecond), start.Add(30 * time.Millisecond)}
	send(n, nb, atA, capture.UDP, "x")
	n.Run(time.Second)
	want(t, a.got, "00.010 woken", "00.020 x from 127.0.0.2", "00.030 woken")
	if got := n.Now(); !got.Equal(start.Add(time.Second)) {
		t.Errorf("the clock stands at %v", got)
	}
}

// What a mute node sends fails, over datagrams and connections, and is seen by nobody; what is sent to it arrives.
func TestMuteNode(t *testing.T) {
	n, a, b, na, nb := pair(1)
	n.Faults.DelayMin, n.Faults.DelayMax = 20*time.Millisecond, 20*time.Millisecond
	send(n, na, atB, capture.TCP, "x")
	n.Run(30 * time.Millisecond)
	muted := true
	n.Mute = func(node *Node) bool { return muted && node == na }
	n.Tap = func(node *Node, rec *capture.Record) {
		if node == na && rec.Direction == capture.Sent {
			t.Errorf("%s is tapped", rec.Data)
		}
	}
	send(n, na, atB, capture.UDP, "y")
	send(n, na, atB, capture.TCP, "z")
	send(n, nb, atA, capture.UDP, "ping")
	n.Run(30 * time.Millisecond)
	want(t, a.got, "00.030 failed 1 to 127.0.0.2: network is unreachable", "00.030 failed 1 to 127.0.0.2: network is unreachable", "00.050 ping from 127.0.0.2", "00.050 failed 0 to 127.0.0.2: network is unreachable")
	want(t, b.got, "00.020 x from 127.0.0.1")
	muted, n.Tap = false, nil
	send(n, na, atB, capture.UDP, "again")
	n.Run(30 * time.Millisecond)
	want(t, b.got[1:], "00.080 again from 127.0.0.1")
}

// What arrives at the instant at which an element wants to be woken is delivered first: who looks on from outside relies on it (internal/sim).
func TestDeliveryComesBeforeAWakeOfTheSameInstant(t *testing.T) {
	n, a, _, _, nb := pair(1)
	n.Faults.DelayMin, n.Faults.DelayMax = 20*time.Millisecond, 20*time.Millisecond
	a.wakes = []time.Time{start.Add(20 * time.Millisecond)}
	send(n, nb, atA, capture.UDP, "x")
	n.Run(time.Second)
	want(t, a.got, "00.020 x from 127.0.0.2", "00.020 woken")
}

func TestFaultsOfDatagrams(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		least  int
		most   int
	}{{"none", Faults{}, 1000, 1000}, {"everything lost", Faults{Loss: 1}, 0, 0}, {"everything doubled", Faults{Duplicate: 1}, 2000, 2000}, {"a third lost", Faults{Loss: 0.3}, 620, 780}} {
		n, _, b, na, _ := pair(3)
		n.Faults = c.faults
		for i := range 1000 {
			send(n, na, atB, capture.UDP, fmt.Sprint(i))
		}
		n.Settle(time.Second)
		if len(b.got) < c.least || len(b.got) > c.most {
			t.Errorf("%s: %d came", c.name, len(b.got))
		}
	}
}

// Datagrams overtake each other, what goes over a connection does not, and the same seed does it all again.
func TestOrder(t *testing.T) {
	run := func(seed uint64, transport capture.Transport) string {
		n, _, b, na, _ := pair(seed)
		n.Faults.DelayMax = 100 * time.Millisecond
		send(n, na, atB, transport, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
		n.Settle(time.Second)
		return strings.Join(b.got, "\n")
	}
	inOrder := func(s string) bool {
		at := -1
		for i := range 10 {
			j := strings.Index(s, fmt.Sprintf(" %d from", i))
			if j < at {
				return false
			}
			at = j
		}
		return true
	}
	if s := run(5, capture.UDP); inOrder(s) || s != run(5, capture.UDP) || s == run(6, capture.UDP) {
		t.Errorf("datagrams:\n%s", s)
	}
	if s := run(5, capture.TCP); !inOrder(s) {
		t.Errorf("connection:\n%s", s)
	}
}

func TestConnections(t *testing.T) {
	n, a, b, na, nb := pair(1)
	send(n, na, atB, capture.TCP, "ping")
	n.Settle(time.Second)
	want(t, a.got, "00.000 pong from 127.0.0.2")
	n.Restart(nb, b)
	n.Settle(time.Second)
	want(t, a.got, "00.000 pong from 127.0.0.2", "00.000 closed")
	send(n, na, netip.MustParseAddrPort("127.0.0.9:1"), capture.TCP, "x")
	n.Settle(time.Second)
	want(t, a.got[2:], "00.000 failed 1 to 127.0.0.9: connection refused")
	n.SetDown(nb, true)
	send(n, na, atB, capture.TCP, "x")
	n.Settle(time.Second)
	want(t, a.got[3:], "00.000 failed 1 to 127.0.0.2: connection refused")
}

func TestPartitionAndNodesThatAreDown(t *testing.T) {
	n, a, b, na, nb := pair(1)
	n.Cut = func(from, to *Node) bool { return from == na }
	send(n, na, atB, capture.UDP, "lost")
	send(n, nb, atA, capture.UDP, "comes")
	n.Settle(time.Second)
	n.Cut = nil
	n.SetDown(na, true)
	send(n, nb, atA, capture.UDP, "lost too")
	n.Settle(time.Second)
	want(t, a.got, "00.000 comes from 127.0.0.2")
	want(t, b.got)
	if s := n.Stats(); s.Lost != 2 || s.Delivered != 1 || s.Sent != 3 {
		t.Errorf("%+v", s)
	}
}

func TestNames(t *testing.T) {
	n, a, _, na, _ := pair(1)
	n.Names = map[string][]netip.Addr{"b.example": {atB.Addr(), atA.Addr()}}
	n.Do(na, func(_ time.Time, out *live.Outbox) {
		out.Resolve(1, live.Target{Host: "b.example"})
		out.Resolve(2, live.Target{Host: "127.0.0.1"})
		out.Resolve(3, live.Target{Host: "nowhere.example"})
	})
	n.Settle(time.Second)
	want(t, a.got, "00.000 resolved 1: 2 addresses, <nil>", "00.000 resolved 2: 1 addresses, <nil>", "00.000 resolved 3: 0 addresses, nowhere.example: no such host")
}

func TestTap(t *testing.T) {
	n, _, _, na, _ := pair(1)
	var got []string
	n.Tap = func(node *Node, rec *capture.Record) {
		got = append(got, fmt.Sprintf("%s %s %s %s-%s", node.Name, rec.Direction, rec.Data, rec.Src, rec.Dst))
	}
	n.Do(na, func(_ time.Time, out *live.Outbox) {
		out.Say(capture.Event{Name: "off-hook", Line: 1}, []byte("[0]Off Hook"))
		out.Send(live.Flow{Transport: capture.UDP, Remote: atB}, 0, []byte("x"))
	})
	n.Settle(time.Second)
	want(t, got, "a unknown [0]Off Hook -", "a sent x 127.0.0.1:5060-127.0.0.2:5060", "b received x 127.0.0.1:5060-127.0.0.2:5060")
}
