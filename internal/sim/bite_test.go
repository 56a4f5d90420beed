package sim

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/sip"
)

// broken stands between the network and an element and lets it do wrong.
type broken struct {
	live.Element
	// edit is shown each message that the element sends, and returns what goes out in its place: nothing, it, or more.
	edit func(now time.Time, m *sip.Message, data []byte) [][]byte
	// next, if it is there, stands for the element's own.
	next func(own time.Time) time.Time
}

func (b *broken) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	b.Element.Receive(now, from, data, out)
	b.change(now, out)
}

func (b *broken) Wake(now time.Time, out *live.Outbox) {
	b.Element.Wake(now, out)
	b.change(now, out)
}

func (b *broken) Next() time.Time {
	if b.next != nil {
		return b.next(b.Element.Next())
	}
	return b.Element.Next()
}

// Commanded is shown what a user has brought about.
func (b *broken) Commanded(now time.Time, out *live.Outbox) { b.change(now, out) }

func (b *broken) change(now time.Time, out *live.Outbox) {
	if b.edit == nil {
		return
	}
	items := append([]live.Item(nil), out.Items...)
	out.Items = out.Items[:0]
	for _, it := range items {
		if it.Kind != live.ItemSend {
			out.Items = append(out.Items, it)
			continue
		}
		for _, data := range b.edit(now, sip.Parse(it.Data), it.Data) {
			it.Data = data
			out.Items = append(out.Items, it)
		}
	}
}

// call is a schedule without faults: a call through one proxy (or none) that is answered after two seconds, and hung up by the caller five seconds later.
func call(proxies int) *Schedule {
	set := func(name, user string, caller bool) PhoneSet {
		return PhoneSet{Name: name, User: user, Caller: caller, Register: time.Hour, Expires: 20 * time.Second}
	}
	return &Schedule{Seed: 2, Topology: Topology{Proxies: proxies, Transport: capture.UDP, Far: capture.UDP, Phones: []PhoneSet{set("caller", numberCaller, true), set("callee", numberPhones, false)}},
		Network: Network{DelayMin: 10 * time.Millisecond, DelayMax: 10 * time.Millisecond},
		Actions: []Action{{Phone: 0, Verb: Dial, Number: numberPhones, At: script}, {Phone: 1, Verb: Answer, On: ua.EventIncoming, Of: 1, At: 2 * time.Second},
			{Phone: 0, Verb: HangUp, On: ua.EventAnswered, Of: 0, At: 5 * time.Second}}}
}

// rings is the same call, but it is cancelled after three seconds of ringing.
func rings(proxies int) *Schedule {
	s := call(proxies)
	s.Actions = append(s.Actions[:1], Action{Phone: 0, Verb: HangUp, On: ua.EventRinging, Of: 0, At: 3 * time.Second})
	return s
}

// slow takes a schedule with a longer way.
func slow(s *Schedule) *Schedule {
	s.Network.DelayMin, s.Network.DelayMax = 150*time.Millisecond, 150*time.Millisecond
	return s
}

func is(m *sip.Message, method sip.Method, status int) bool {
	if m.IsRequest() {
		return status == 0 && m.Method == method
	}
	return int(m.Status) == status && m.CSeq().Method == method
}

// Each invariant can fail: an element that breaks it is found out, and a sound one is not.
func TestInvariantsBite(t *testing.T) {
	keep := func(data []byte) [][]byte { return [][]byte{data} }
	replace := func(data []byte, old, new string) [][]byte {
		return [][]byte{bytes.Replace(bytes.Clone(data), []byte(old), []byte(new), 1)}
	}
	// on edits one kind of message.
	on := func(method sip.Method, status int, f func(now time.Time, data []byte) [][]byte) func(time.Time, *sip.Message, []byte) [][]byte {
		return func(now time.Time, m *sip.Message, data []byte) [][]byte {
			if is(m, method, status) {
				return f(now, data)
			}
			return keep(data)
		}
	}
	drop := func(time.Time, []byte) [][]byte { return nil }
	twice := func(_ time.Time, data []byte) [][]byte { return [][]byte{data, data} }
	for _, c := range []struct {
		name     string
		schedule *Schedule
		node     string
		edit     func(now time.Time, m *sip.Message, data []byte) [][]byte
		next     func(time.Time) time.Time
		rule     string
	}{
		{"nobody breaks anything", call(1), "", nil, nil, ""},
		{"nobody breaks anything, and the call is cancelled", rings(1), "", nil, nil, ""},
		{"an ACK for a 200 is never sent", call(0), "caller", on(sip.MethodAck, 0, drop), nil, "ack"},
		{"an ACK for a refusal is never sent", rings(1), "proxy1", on(sip.MethodAck, 0, drop), nil, "ack"},
		{"the caller keeps its BYE to itself", call(0), "caller", on(sip.MethodBye, 0, drop), nil, "ghost"},
		{"the callee answers twice: 200 and 486", call(0), "callee", on(sip.MethodInvite, 200, func(_ time.Time, data []byte) [][]byte {
			return append(keep(data), replace(data, "200 OK", "486 Busy")...)
		}), nil, "final"},
		{"a refusal is followed by another", rings(0), "callee", on(sip.MethodInvite, 487, func(_ time.Time, data []byte) [][]byte {
			return append(keep(data), replace(data, "487", "486")...)
		}), nil, "final"},
		{"a proxy swallows the final response", rings(1), "proxy1", on(sip.MethodInvite, 487, drop), nil, "final"},
		{"a request is sent again at once", call(0), "caller", on(sip.MethodInvite, 0, twice), nil, "retransmission"},
		{"a refusal is sent again though the ACK has come", rings(0), "callee", on(sip.MethodInvite, 487, twice), nil, "retransmission"},
		{"a proxy says nothing for longer than 200 ms", slow(call(1)), "proxy1", on(sip.MethodInvite, 100, drop), nil, "100"},
		{"a CANCEL has another CSeq number", rings(0), "caller", on(sip.MethodCancel, 0, func(_ time.Time, data []byte) [][]byte { return replace(data, "CSeq: 101", "CSeq: 102") }), nil, "cancel"},
		{"a BYE has the number of the INVITE", call(0), "caller", on(sip.MethodBye, 0, func(_ time.Time, data []byte) [][]byte { return replace(data, "CSeq: 102 BYE", "CSeq: 102 INFO") }), nil, "cseq"},
		{"the tag changes between 180 and 487", rings(0), "callee", on(sip.MethodInvite, 487, func(_ time.Time, data []byte) [][]byte {
			m := sip.Parse(data)
			return replace(data, string(m.ToTag()), "another")
		}), nil, "tag"},
		{"a response has no To tag", call(0), "callee", on(sip.MethodInvite, 200, func(_ time.Time, data []byte) [][]byte {
			m := sip.Parse(data)
			return replace(data, ";tag="+string(m.ToTag()), "")
		}), nil, "tag"},
		{"a message is not valid", call(0), "caller", on(sip.MethodInvite, 0, func(_ time.Time, data []byte) [][]byte { return replace(data, "Max-Forwards: 70", "Max-Forwards: x") }), nil, "valid"},
		{"a timer is left", call(0), "caller", nil, func(own time.Time) time.Time {
			if own.IsZero() {
				return start.Add(1000 * time.Hour)
			}
			return own
		}, "leak"},
	} {
		r := Run(c.schedule, Options{Ladder: true, Wrap: func(name string, e live.Element) live.Element {
			if name != c.node {
				return e
			}
			return &broken{Element: e, edit: c.edit, next: c.next}
		}})
		found := ""
		for _, f := range r.Failures {
			found += f.Rule + ": " + f.Text + "\n"
		}
		if c.rule == "" && found != "" || c.rule != "" && !strings.Contains("\n"+found, "\n"+c.rule+": ") {
			t.Errorf("%s: want %q, found\n%s", c.name, c.rule, found)
			if testing.Verbose() {
				var b strings.Builder
				r.Write(&b)
				t.Log(b.String())
			}
		}
	}
}

// What is right is not found fault with, however narrow it is.
func TestInvariantsDoNotBiteWhatIsRight(t *testing.T) {
	for _, c := range []struct {
		name     string
		schedule *Schedule
	}{
		{"the refusal of a cancelled call comes at the instant at which the caller gives up", func() *Schedule {
			// The CANCEL goes out at 5.5 s and arrives at 5.75 s; the last 487 goes out 31.5 s later, and arrives 64·T1 after the CANCEL went out. All
			// before is kept from the caller.
			s := rings(0)
			s.Network.DelayMin, s.Network.DelayMax = 250*time.Millisecond, 250*time.Millisecond
			s.Faults = []Fault{{Kind: OneWay, Node: "caller", At: 5600 * time.Millisecond, For: 31500 * time.Millisecond}}
			s.Topology.Phones[0].Expires, s.Tail = 40*time.Second, time.Minute
			return s
		}()},
		{"who had answered was restarted, and a repeat of the INVITE that was under way makes him ring again", func() *Schedule {
			s := call(0)
			s.Network.DelayMin, s.Network.DelayMax = 1200*time.Millisecond, 1200*time.Millisecond // the third INVITE goes out at 3.5 s
			s.Actions = s.Actions[:2]
			s.Actions[1].At = 300 * time.Millisecond
			s.Faults = []Fault{{Kind: RestartNode, Node: "callee", At: 4600 * time.Millisecond}}
			return s
		}()},
		{"a repeat of an INVITE that was answered comes when Timer L is over", func() *Schedule {
			s := call(0)
			s.Actions = s.Actions[:2]
			s.Actions[1].At = 0
			s.Faults = []Fault{{Kind: OneWay, Node: "caller", At: script, For: time.Minute}}
			s.Topology.Phones[0].Expires = 40 * time.Second
			return s
		}()},
		{"a repeat of an INVITE comes when Timer L is over, and only the last 200 could go out", func() *Schedule {
			s := call(0)
			s.Actions = s.Actions[:2]
			s.Actions[1].At = 0
			s.Faults = []Fault{{Kind: Blocked, Node: "callee", At: script, For: 31300 * time.Millisecond}}
			s.Topology.Phones[0].Expires, s.Tail = 40*time.Second, time.Minute
			return s
		}()},
		{"a repeat of an INVITE that was refused comes when Timer H is over", func() *Schedule {
			s := call(0)
			s.Actions = s.Actions[:1]
			s.Faults = []Fault{{Kind: OneWay, Node: "caller", At: script, For: time.Minute}}
			s.Topology.Phones[0].Expires, s.Topology.Phones[1].DND = 40*time.Second, true
			return s
		}()},
		{"nobody answers, and half of a piece of junk might have been the answer", func() *Schedule {
			s := call(0)
			s.Topology.Hostile = true
			s.Actions = s.Actions[:1]
			s.Faults = []Fault{{Kind: Partition, Node: "callee", At: time.Second, For: 59 * time.Second}, {Kind: Junk, Node: "caller", At: 3 * time.Second}, {Kind: Junk, Node: "caller", At: 4 * time.Second}}
			return s
		}()},
		{"a call comes back to the caller, and another telephone rings for 40 s, in a log of whole seconds", func() *Schedule {
			s := call(1)
			t := &s.Topology
			s.Seed, t.Recurse = 3, true // the story is the caller's
			forwards := t.Phones[1]
			forwards.Name, forwards.Forward = "callee2", numberCaller
			t.Phones = append(t.Phones, forwards)
			t.Phones[0].Expires, t.Phones[1].Expires, t.Phones[0].Register = 40*time.Second, time.Minute, time.Minute
			s.Network.DelayMin, s.Network.DelayMax = 5*time.Millisecond, 5*time.Millisecond
			s.Actions = s.Actions[:1]
			s.Actions[0].At = 2144 * time.Millisecond
			s.Faults = []Fault{{Kind: HangConnections, Node: "callee", At: time.Minute}} // there are none; it keeps the script going
			return s
		}()},
		{"a CANCEL comes when the INVITE is refused and over", func() *Schedule {
			// The connection goes with the refusal, and the caller cancels when he has rung long enough.
			s := call(0)
			t := &s.Topology
			s.Seed, t.Transport, t.Far = 3, capture.TLS, capture.TLS // the story is the callee's
			t.Phones[0].Expires = 40 * time.Second
			s.Actions[1].Verb, s.Actions[1].Status = Decline, 488
			s.Actions = s.Actions[:2]
			s.Faults = []Fault{{Kind: Offline, Node: "caller", At: 3 * time.Second, For: 19 * time.Second}}
			return s
		}()},
		{"nonces live shorter than the way to the proxy is long", func() *Schedule {
			s := call(1)
			s.Topology.NonceLifetime, s.Topology.NoRecordRoute = time.Second, true
			s.Network.DelayMin, s.Network.DelayMax = 100*time.Millisecond, 100*time.Millisecond
			return s
		}()},
		{"the caller has given up when the ringing comes", func() *Schedule {
			// The last INVITE goes out at 33.5 s, Timer B fires at 34 s.
			s := rings(0)
			s.Network.DelayMin, s.Network.DelayMax = 300*time.Millisecond, 300*time.Millisecond
			s.Faults = []Fault{{Kind: OneWay, Node: "caller", At: script, For: 32 * time.Second}, {Kind: OneWay, Node: "caller", At: 40 * time.Second, For: 40 * time.Second}}
			s.Topology.Phones[0].Expires = 40 * time.Second
			return s
		}()},
		{"the caller has given up when the answer to his cancelled call comes", func() *Schedule {
			// The CANCEL goes out at 6 s; the last 200 to the INVITE goes out at 38 s.
			s := rings(0)
			s.Topology.Phones, s.Topology.Robot = s.Topology.Phones[:1], RobotOn|RobotAnyway
			s.Actions[0].Number = numberRobot
			s.Network.DelayMin, s.Network.DelayMax = 500*time.Millisecond, 500*time.Millisecond
			s.Faults = []Fault{{Kind: OneWay, Node: "caller", At: 5 * time.Second, For: 33200 * time.Millisecond}}
			s.Tail = time.Minute
			return s
		}()},
		{"a BYE is asked for credentials, and the connection ends with the 407", func() *Schedule {
			// The BYE goes out at 10.5 s, the 407 at 10.75 s; it would arrive at 11 s.
			s := call(1)
			t := &s.Topology
			t.Transport, t.Far, t.NoRecordRoute, t.NonceLifetime = capture.TLS, capture.TLS, true, time.Second
			s.Network.DelayMin, s.Network.DelayMax = 250*time.Millisecond, 250*time.Millisecond
			s.Faults = []Fault{{Kind: HangConnections, Node: "proxy1", At: 10850 * time.Millisecond}}
			return s
		}()},
		{"who had refused was restarted, and answers a repeat of the INVITE", func() *Schedule {
			// Both call each other at 2 s and are busy; the 486 arrives at 4.4 s, the INVITE of 3.5 s at 4.7 s.
			s := call(0)
			s.Network.DelayMin, s.Network.DelayMax = 1200*time.Millisecond, 1200*time.Millisecond
			s.Actions = []Action{{Phone: 1, Verb: Dial, Number: numberCaller, At: script}, s.Actions[0], s.Actions[1]}
			s.Actions[2].At = 0
			s.Faults = []Fault{{Kind: RestartNode, Node: "callee", At: 4 * time.Second}}
			return s
		}()},
	} {
		w := newWorld(c.schedule, Options{Ladder: true})
		if c.schedule.Topology.NonceLifetime > 0 && len(c.schedule.Faults) == 0 {
			w.agenda.add(start.Add(6*time.Second), func() { w.net.Faults.DelayMin, w.net.Faults.DelayMax = 700*time.Millisecond, 700*time.Millisecond })
		} else if c.schedule.Faults[0].For == time.Minute || c.schedule.Faults[0].Kind == Blocked {
			w.agenda.add(start.Add(30*time.Second), func() { w.net.Faults.DelayMin, w.net.Faults.DelayMax = 1500*time.Millisecond, 1500*time.Millisecond })
		}
		w.run()
		if len(w.result.Failures) > 0 || w.result.Told == 0 {
			var b strings.Builder
			w.result.Write(&b)
			t.Errorf("%s:\n%s", c.name, b.String())
		}
	}
}

// The ACK of a caller of RFC 2543 is for the response that has its tag (RFC 3261 §17.2.3); another of the same branch leaves the refusal to be sent again.
func TestAckOfAnOldCaller(t *testing.T) {
	for _, c := range []struct {
		branch string
		bites  bool
	}{{"old", false}, {"z9hG4bKnew", true}} {
		w := newWorld(call(0), Options{})
		at := w.phones[1].node
		pass := func(d capture.Direction, first, tag string) {
			seq := "1 INVITE"
			if first == "ACK sip:1001@10.0.0.2 SIP/2.0" {
				seq = "1 ACK"
			}
			text := first + "\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=" + c.branch + "\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:c@d>" + tag +
				"\r\nCall-ID: x\r\nCSeq: " + seq + "\r\nContact: <sip:a@10.0.0.1>\r\nContent-Length: 0\r\n\r\n"
			rec := &capture.Record{Kind: capture.KindMessage, Direction: d, Data: []byte(text)}
			rec.Src, rec.Dst = capture.Endpoint{Transport: capture.UDP, Addr: w.phones[0].local.Addr(), Port: 5060}, capture.Endpoint{Transport: capture.UDP, Addr: w.phones[1].local.Addr(), Port: 5060}
			if d == capture.Sent {
				rec.Src, rec.Dst = rec.Dst, rec.Src
			}
			w.watch.tap(at, rec)
		}
		pass(capture.Received, "INVITE sip:1001@10.0.0.2 SIP/2.0", "")
		pass(capture.Sent, "SIP/2.0 486 Busy Here", ";tag=second")
		pass(capture.Received, "ACK sip:1001@10.0.0.2 SIP/2.0", ";tag=first")
		w.net.Run(t1)
		pass(capture.Sent, "SIP/2.0 486 Busy Here", ";tag=second")
		if got := len(w.result.Failures) > 0; got != c.bites {
			t.Errorf("branch %s: %v", c.branch, w.result.Failures)
		}
	}
}

// A story that is not what the telephone told is found.
func TestWrongStory(t *testing.T) {
	s := rings(0)
	w := newWorld(s, Options{})
	w.run()
	if len(w.result.Failures) > 0 || w.result.Told != 1 {
		t.Fatalf("%+v", w.result)
	}
	c := w.reader.st.order[0]
	for name, change := range map[string]func(){
		"another ring time": func() { c.ringing = c.ringing.Add(-time.Second) },
		"answered":          func() { c.answered = c.ended },
		"a message less":    func() { w.reader.heard[c.id]-- },
	} {
		saved, heard := *c, w.reader.heard[c.id]
		change()
		w.result.Failures = nil
		want, ok := w.expected(c)
		w.reader.compare(w, "the tap", c, w.reader.direct[c.id], want, ok, 0)
		if len(w.result.Failures) == 0 {
			t.Errorf("%s is not found", name)
		}
		*c, w.reader.heard[c.id] = saved, heard
	}
}
