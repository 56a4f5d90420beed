package transaction

import (
	"testing"
	"time"
)

const (
	ms = time.Millisecond
	s  = time.Second
	// no is a timer that does not run.
	no = time.Duration(-1)
	// T64 is 64·T1.
	T64 = 32 * s
	// once is a timer of zero length.
	once = time.Duration(-2)
	// same is a timer that is left as it was.
	same = time.Duration(0)
)

// over says which transports a row is for.
type over uint8

const (
	both over = iota
	udp
	tcp
)

// row is a cell of a state diagram: what an event does in a state. again and end are what is left of the two deadlines after it. Where a
// timer runs out, it is from the time that it does.
type row struct {
	from   State
	event  Event
	over   over
	to     State
	act    string
	again  time.Duration
	end    time.Duration
	cancel cancelling // before
	after  cancelling
}

// figures has every arrow of the state diagrams. A state and an event that are not here are not in the figure: nothing may happen.
var figures = []struct {
	name string
	kind Machine
	rows []row
}{
	{"RFC 6026 Figure 5: INVITE client transaction", InviteClient, []row{
		{0, EventStart, udp, StateCalling, "keep+send", 500 * ms, T64, 0, 0},  // INVITE from TU / INVITE sent; A, B
		{0, EventStart, tcp, StateCalling, "keep+send", no, T64, 0, 0},        // §17.1.1.2: over a reliable transport no A
		{StateCalling, EventAgain, udp, StateCalling, "again", s, same, 0, 0}, // Timer A fires / Reset A, INVITE sent
		{StateCalling, EventProvisional, both, StateProceeding, "tell", no, no, 0, 0},
		{StateCalling, EventSuccess, both, StateAccepted, "forget+tell", no, T64, 0, 0}, // M, for all transports
		{StateCalling, EventFailure, udp, StateCompleted, "ACK+tell", no, 32 * s, 0, 0}, // D
		{StateCalling, EventFailure, tcp, StateCompleted, "ACK+tell", no, once, 0, 0},
		{StateCalling, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, 0, 0}, // Timer B fires
		{StateCalling, EventTransport, both, StateTerminated, "forget+transport+end", no, no, 0, 0},
		{StateProceeding, EventProvisional, both, StateProceeding, "tell", same, same, 0, 0},
		{StateProceeding, EventSuccess, both, StateAccepted, "forget+tell", no, T64, 0, 0},
		{StateProceeding, EventFailure, udp, StateCompleted, "ACK+tell", no, 32 * s, 0, 0},
		{StateProceeding, EventFailure, tcp, StateCompleted, "ACK+tell", no, once, 0, 0},
		{StateAccepted, EventSuccess, both, StateAccepted, "tell", same, same, 0, 0},
		{StateAccepted, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0}, // Timer M fires
		{StateCompleted, EventFailure, both, StateCompleted, "ACK", same, same, 0, 0},
		{StateCompleted, EventTransport, both, StateTerminated, "forget+end", no, no, 0, 0},
		{StateCompleted, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0}, // Timer D fires

		// RFC 3261 §9.1.
		{StateCalling, EventCancel, both, StateCalling, "", same, same, cancelNone, cancelHeld},
		{StateCalling, EventCancel, both, StateCalling, "", same, same, cancelHeld, cancelHeld},
		{StateCalling, EventProvisional, both, StateProceeding, "tell+CANCEL", no, T64, cancelHeld, cancelSent},
		{StateCalling, EventSuccess, both, StateAccepted, "forget+tell", no, T64, cancelHeld, cancelHeld},
		{StateCalling, EventFailure, udp, StateCompleted, "ACK+tell", no, 32 * s, cancelHeld, cancelHeld},
		{StateCalling, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, cancelHeld, cancelHeld},
		{StateProceeding, EventCancel, both, StateProceeding, "CANCEL", same, T64, cancelNone, cancelSent},
		{StateProceeding, EventCancel, both, StateProceeding, "", same, same, cancelSent, cancelSent},
		{StateProceeding, EventProvisional, both, StateProceeding, "tell", same, same, cancelSent, cancelSent},
		{StateProceeding, EventSuccess, both, StateAccepted, "forget+tell", no, T64, cancelSent, cancelSent},
		{StateProceeding, EventFailure, udp, StateCompleted, "ACK+tell", no, 32 * s, cancelSent, cancelSent},
		{StateProceeding, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, cancelSent, cancelSent},
		{StateProceeding, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, cancelNone, cancelNone},
	}},
	{"RFC 3261 Figure 6: non-INVITE client transaction", NonInviteClient, []row{
		{0, EventStart, udp, StateTrying, "keep+send", 500 * ms, T64, 0, 0}, // E, F
		{0, EventStart, tcp, StateTrying, "keep+send", no, T64, 0, 0},
		{StateTrying, EventAgain, udp, StateTrying, "again", s, same, 0, 0}, // MIN(2*T1, T2)
		{StateTrying, EventProvisional, both, StateProceeding, "tell", same, same, 0, 0},
		{StateTrying, EventSuccess, udp, StateCompleted, "forget+tell", no, 5 * s, 0, 0}, // K is T4
		{StateTrying, EventSuccess, tcp, StateCompleted, "forget+tell", no, once, 0, 0},
		{StateTrying, EventFailure, udp, StateCompleted, "forget+tell", no, 5 * s, 0, 0},
		{StateTrying, EventFailure, tcp, StateCompleted, "forget+tell", no, once, 0, 0},
		{StateTrying, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, 0, 0}, // Timer F
		{StateTrying, EventTransport, both, StateTerminated, "forget+transport+end", no, no, 0, 0},
		{StateProceeding, EventAgain, udp, StateProceeding, "again", 4 * s, same, 0, 0}, // T2
		{StateProceeding, EventProvisional, both, StateProceeding, "tell", same, same, 0, 0},
		{StateProceeding, EventSuccess, udp, StateCompleted, "forget+tell", no, 5 * s, 0, 0},
		{StateProceeding, EventSuccess, tcp, StateCompleted, "forget+tell", no, once, 0, 0},
		{StateProceeding, EventFailure, udp, StateCompleted, "forget+tell", no, 5 * s, 0, 0},
		{StateProceeding, EventFailure, tcp, StateCompleted, "forget+tell", no, once, 0, 0},
		{StateProceeding, EventGiveUp, both, StateTerminated, "forget+timeout+end", no, no, 0, 0},
		{StateProceeding, EventTransport, both, StateTerminated, "forget+transport+end", no, no, 0, 0},
		{StateCompleted, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0}, // Timer K
	}},
	{"RFC 6026 Figure 7: INVITE server transaction", InviteServer, []row{
		{0, EventStart, both, StateProceeding, "", no, no, 0, 0}, // INVITE / pass INV to TU (the layer sets the 200 ms)
		{StateProceeding, EventTrying, both, StateProceeding, "100", no, same, 0, 0},
		{StateProceeding, EventSendProvisional, both, StateProceeding, "keep+send", no, same, 0, 0},
		{StateProceeding, EventSendSuccess, both, StateAccepted, "forget+send", no, T64, 0, 0}, // L, for all transports
		{StateProceeding, EventSendFailure, udp, StateCompleted, "keep+send", 500 * ms, T64, 0, 0},
		{StateProceeding, EventSendFailure, tcp, StateCompleted, "keep+send", no, T64, 0, 0}, // no G; H for all transports
		{StateProceeding, EventTransport, both, StateProceeding, "transport", same, same, 0, 0},
		{StateAccepted, EventAck, both, StateAccepted, "tell", same, same, 0, 0},         // ACK / to TU
		{StateAccepted, EventSendSuccess, both, StateAccepted, "send", same, same, 0, 0}, // 2xx from TU / send response
		{StateAccepted, EventTransport, both, StateAccepted, "transport", same, same, 0, 0},
		{StateAccepted, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0}, // Timer L fires
		{StateCompleted, EventRepeat, both, StateCompleted, "again", same, same, 0, 0},
		{StateCompleted, EventAgain, udp, StateCompleted, "again", s, same, 0, 0}, // Timer G fires
		{StateCompleted, EventAck, udp, StateConfirmed, "forget", no, 5 * s, 0, 0},
		{StateCompleted, EventAck, tcp, StateConfirmed, "forget", no, once, 0, 0},
		{StateCompleted, EventTransport, both, StateCompleted, "transport", same, same, 0, 0},
		{StateCompleted, EventGiveUp, both, StateTerminated, "forget+no ACK+end", no, no, 0, 0}, // Timer H fires
		{StateConfirmed, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0},        // Timer I fires
	}},
	{"RFC 3261 Figure 8: non-INVITE server transaction, with RFC 4320 §4.1, §4.2 and RFC 6026 §8.8", NonInviteServer, []row{
		{0, EventStart, both, StateTrying, "", 3500 * ms, T64, 0, 0},
		{StateTrying, EventTrying, both, StateProceeding, "100", no, same, 0, 0},
		{StateTrying, EventSendProvisional, tcp, StateProceeding, "keep+send", no, same, 0, 0}, // over UDP not yet
		{StateTrying, EventSendSuccess, udp, StateCompleted, "keep+send", no, T64, 0, 0},       // J
		{StateTrying, EventSendSuccess, tcp, StateCompleted, "keep+send", no, once, 0, 0},
		{StateTrying, EventSendFailure, udp, StateCompleted, "keep+send", no, T64, 0, 0},
		{StateTrying, EventSendFailure, tcp, StateCompleted, "keep+send", no, once, 0, 0},
		{StateTrying, EventSendTimeout, udp, StateCompleted, "forget", no, T64, 0, 0},
		{StateTrying, EventSendTimeout, tcp, StateCompleted, "forget", no, once, 0, 0},
		{StateTrying, EventGiveUp, udp, StateCompleted, "forget+timeout", no, T64, 0, 0},
		{StateTrying, EventGiveUp, tcp, StateCompleted, "forget+timeout", no, once, 0, 0},
		{StateProceeding, EventRepeat, both, StateProceeding, "again", same, same, 0, 0},
		{StateProceeding, EventSendProvisional, both, StateProceeding, "keep+send", no, same, 0, 0},
		{StateProceeding, EventTrying, both, StateProceeding, "100", no, same, 0, 0}, // cannot be: it runs in Trying only
		{StateProceeding, EventSendSuccess, udp, StateCompleted, "keep+send", no, T64, 0, 0},
		{StateProceeding, EventSendSuccess, tcp, StateCompleted, "keep+send", no, once, 0, 0},
		{StateProceeding, EventSendFailure, udp, StateCompleted, "keep+send", no, T64, 0, 0},
		{StateProceeding, EventSendFailure, tcp, StateCompleted, "keep+send", no, once, 0, 0},
		{StateProceeding, EventSendTimeout, udp, StateCompleted, "forget", no, T64, 0, 0},
		{StateProceeding, EventSendTimeout, tcp, StateCompleted, "forget", no, once, 0, 0},
		{StateProceeding, EventGiveUp, udp, StateCompleted, "forget+timeout", no, T64, 0, 0},
		{StateProceeding, EventGiveUp, tcp, StateCompleted, "forget+timeout", no, once, 0, 0},
		{StateProceeding, EventTransport, both, StateProceeding, "transport", same, same, 0, 0},
		{StateCompleted, EventRepeat, both, StateCompleted, "again", same, same, 0, 0},
		{StateCompleted, EventTransport, both, StateCompleted, "transport", same, same, 0, 0},
		{StateCompleted, EventLinger, both, StateTerminated, "forget+end", no, no, 0, 0}, // Timer J fires
	}},
}

// TestFigures goes through every cell of every state diagram: each state, event and kind of transport, those that the figures do not
// have too.
func TestFigures(t *testing.T) {
	timers := Timers{}.filled()
	const now = instant(1000 * s)
	for _, f := range figures {
		for from := State(0); from < states; from++ {
			for event := EventStart; event < events; event++ {
				for _, transport := range []over{udp, tcp} {
					for cancel := cancelNone; cancel <= cancelSent; cancel++ {
						if cancel != cancelNone && f.kind != InviteClient {
							continue
						}
						// A CANCEL is held while Calling, sent while Proceeding; the rest looks at it no more.
						if cancel == cancelHeld && from != StateCalling || cancel == cancelSent && from != StateProceeding {
							continue
						}
						if transport == tcp && event == EventAgain {
							continue // never runs
						}
						want := row{to: from, after: cancel}
						found := false
						for _, r := range f.rows {
							if r.from == from && r.event == event && r.cancel == cancel && (r.over == both || r.over == transport) {
								want, found = r, true
							}
						}
						if !found && cancel != cancelNone {
							// What is not said of a CANCEL is as without.
							for _, r := range f.rows {
								if r.from == from && r.event == event && r.cancel == cancelNone && (r.over == both || r.over == transport) {
									want = r
									want.after = cancel
								}
							}
						}
						m := machine{kind: f.kind, state: from, reliable: transport == tcp, cancel: cancel, again: now.after(7 * s), end: now.after(9 * s)}
						if from == 0 {
							m = start(f.kind, transport == tcp)
						}
						if event == EventAgain || from == StateTrying && f.kind == NonInviteClient {
							m.repeats = 1
						}
						// An INVITE server that has said nothing, and one that has.
						if f.kind == InviteServer && from == StateProceeding && event == EventRepeat {
							want.act = ""
						}
						check := m
						act := check.handle(now, &timers, event)
						where := func() string {
							return f.name + ": " + from.String() + ", " + event.String() + map[over]string{udp: ", UDP", tcp: ", TCP"}[transport]
						}
						if check.state != want.to || act.String() != want.act || check.cancel != want.after {
							t.Errorf("%s: became %v with %q, cancel %d; want %v with %q, %d", where(), check.state, act, check.cancel, want.to, want.act, want.after)
						}
						left := func(name string, was, is instant, d time.Duration) {
							wanted := now.after(d)
							switch {
							case d == no:
								wanted = never
							case d == once:
								wanted = now
							case d == same:
								wanted = was
							}
							if is != wanted {
								t.Errorf("%s: deadline %s is in %v, want %v", where(), name, time.Duration(is-now), time.Duration(wanted-now))
							}
						}
						left("again", m.again, check.again, want.again)
						left("end", m.end, check.end, want.end)
					}
				}
			}
		}
	}
}

// TestProceedingRepeats has the one arrow whose action depends on what was said before (RFC 6026 Figure 7: "most recent provisional
// response").
func TestProceedingRepeats(t *testing.T) {
	timers := Timers{}.filled()
	m := start(InviteServer, false)
	m.handle(0, &timers, EventStart)
	m.again = 200
	if a := m.handle(1, &timers, EventRepeat); a != 0 {
		t.Errorf("before the user said anything an INVITE that comes again is answered: %v", a)
	}
	m.handle(2, &timers, EventSendProvisional)
	if a := m.handle(3, &timers, EventRepeat); a != actAgain {
		t.Errorf("after a provisional response an INVITE that comes again does %q, want it sent again", a)
	}
}

// TestTransitionsAreTheFigures compares the list for the simulator with what the machines do.
func TestTransitionsAreTheFigures(t *testing.T) {
	drawn := map[Transition]bool{}
	for _, f := range figures {
		for _, r := range f.rows {
			if f.kind == NonInviteServer && r.from == StateProceeding && r.event == EventTrying { // cannot be
				continue
			}
			if f.kind == InviteClient && r.from == StateProceeding && r.event == EventGiveUp && r.cancel == cancelNone { // neither
				continue
			}
			drawn[Transition{f.kind, r.from, r.to, r.event}] = true
		}
	}
	listed := map[Transition]bool{}
	for _, a := range Transitions() {
		if listed[a] {
			t.Errorf("%v: %v -%v-> is listed twice", a.Machine, a.From, a.Event)
		}
		listed[a] = true
		switch {
		case drawn[a]:
		case a.From == a.To && a.Event == EventRepeat: // absorbed, or sent again if there is something to send
		case a.From == a.To && a.From == StateConfirmed && a.Event == EventAck: // absorbed, RFC 3261 §17.2.1
		default:
			t.Errorf("%v: %v -%v-> %v is listed and in no figure", a.Machine, a.From, a.Event, a.To)
		}
	}
	for a := range drawn {
		if !listed[a] {
			t.Errorf("%v: %v -%v-> %v is in a figure and not listed", a.Machine, a.From, a.Event, a.To)
		}
	}
}

// TestTimersOfTable4 lets every timer of RFC 3261 table 4 and RFC 6026 §8.11 run with the machines alone, and wants each to fire to the
// millisecond.
func TestTimersOfTable4(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   Machine
		tcp    bool
		timers Timers
		events []Event // at 0
		want   []time.Duration
		last   State
	}{
		{"A doubles from T1 until B ends it", InviteClient, false, Timers{}, []Event{EventStart},
			[]time.Duration{500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 15500 * ms, 31500 * ms, 32 * s}, StateTerminated},
		{"B alone over TCP", InviteClient, true, Timers{}, []Event{EventStart}, []time.Duration{32 * s}, StateTerminated},
		{"A and B with a T1 of 1 s", InviteClient, false, Timers{T1: s}, []Event{EventStart},
			[]time.Duration{1 * s, 3 * s, 7 * s, 15 * s, 31 * s, 63 * s, 64 * s}, StateTerminated},
		{"nothing after a provisional response", InviteClient, false, Timers{}, []Event{EventStart, EventProvisional}, nil, StateProceeding},
		{"64·T1 after the CANCEL", InviteClient, false, Timers{}, []Event{EventStart, EventProvisional, EventCancel}, []time.Duration{32 * s}, StateTerminated},
		{"D is 32 s", InviteClient, false, Timers{}, []Event{EventStart, EventFailure}, []time.Duration{32 * s}, StateTerminated},
		{"D is never less than 32 s", InviteClient, false, Timers{T1: 100 * ms}, []Event{EventStart, EventFailure}, []time.Duration{32 * s}, StateTerminated},
		{"D is zero over TCP", InviteClient, true, Timers{}, []Event{EventStart, EventFailure}, []time.Duration{0}, StateTerminated},
		{"M is 64·T1", InviteClient, false, Timers{T1: 100 * ms}, []Event{EventStart, EventSuccess}, []time.Duration{6400 * ms}, StateTerminated},
		{"M runs over TCP too", InviteClient, true, Timers{}, []Event{EventStart, EventSuccess}, []time.Duration{32 * s}, StateTerminated},
		{"E doubles from T1 to T2 until F ends it", NonInviteClient, false, Timers{}, []Event{EventStart},
			[]time.Duration{500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 11500 * ms, 15500 * ms, 19500 * ms, 23500 * ms, 27500 * ms, 31500 * ms, 32 * s}, StateTerminated},
		{"E is T2 after a provisional response", NonInviteClient, false, Timers{}, []Event{EventStart, EventProvisional},
			[]time.Duration{500 * ms, 4500 * ms, 8500 * ms, 12500 * ms, 16500 * ms, 20500 * ms, 24500 * ms, 28500 * ms, 32 * s}, StateTerminated},
		{"F alone over TCP", NonInviteClient, true, Timers{}, []Event{EventStart}, []time.Duration{32 * s}, StateTerminated},
		{"K is T4, not D", NonInviteClient, false, Timers{}, []Event{EventStart, EventSuccess}, []time.Duration{5 * s}, StateTerminated},
		{"K is zero over TCP", NonInviteClient, true, Timers{}, []Event{EventStart, EventFailure}, []time.Duration{0}, StateTerminated},
		{"G doubles from T1 to T2 until H ends it", InviteServer, false, Timers{}, []Event{EventStart, EventSendFailure},
			[]time.Duration{500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 11500 * ms, 15500 * ms, 19500 * ms, 23500 * ms, 27500 * ms, 31500 * ms, 32 * s}, StateTerminated},
		{"H alone over TCP", InviteServer, true, Timers{}, []Event{EventStart, EventSendFailure}, []time.Duration{32 * s}, StateTerminated},
		{"I is T4", InviteServer, false, Timers{}, []Event{EventStart, EventSendFailure, EventAck}, []time.Duration{5 * s}, StateTerminated},
		{"I is zero over TCP", InviteServer, true, Timers{}, []Event{EventStart, EventSendFailure, EventAck}, []time.Duration{0}, StateTerminated},
		{"L is 64·T1", InviteServer, false, Timers{}, []Event{EventStart, EventSendSuccess}, []time.Duration{32 * s}, StateTerminated},
		{"L runs over TCP too", InviteServer, true, Timers{T1: s}, []Event{EventStart, EventSendSuccess}, []time.Duration{64 * s}, StateTerminated},
		{"J is 64·T1", NonInviteServer, false, Timers{}, []Event{EventStart, EventSendSuccess}, []time.Duration{32 * s}, StateTerminated},
		{"J is zero over TCP", NonInviteServer, true, Timers{}, []Event{EventStart, EventSendSuccess}, []time.Duration{0}, StateTerminated},
		{"100 when Timer E reaches T2; unanswered after F; J", NonInviteServer, false, Timers{}, []Event{EventStart},
			[]time.Duration{3500 * ms, 32 * s, 64 * s}, StateTerminated},
		{"100 over TCP at the same time", NonInviteServer, true, Timers{}, []Event{EventStart}, []time.Duration{3500 * ms, 32 * s, 32 * s}, StateTerminated},
		{"100 with a T1 of 1 s", NonInviteServer, false, Timers{T1: s}, []Event{EventStart}, []time.Duration{3 * s, 64 * s, 128 * s}, StateTerminated},
		{"each timer can be given", NonInviteClient, false, Timers{K: 7 * s}, []Event{EventStart, EventSuccess}, []time.Duration{7 * s}, StateTerminated},
	} {
		timers := c.timers.filled()
		m := start(c.kind, c.tcp)
		for _, e := range c.events {
			m.handle(0, &timers, e)
		}
		var got []time.Duration
		for m.next() != never && len(got) < 50 {
			now := m.next()
			if e, ok := m.due(now - 1); ok && now > 0 && !c.tcp {
				t.Errorf("%s: %v a nanosecond early, at %v", c.name, e, time.Duration(now))
			}
			e, ok := m.due(now)
			if !ok {
				t.Fatalf("%s: nothing is due when it should be, at %v", c.name, time.Duration(now))
			}
			m.handle(now, &timers, e)
			got = append(got, time.Duration(now))
		}
		if len(got) != len(c.want) || m.state != c.last {
			t.Errorf("%s: fired at %v and is %v, want %v and %v", c.name, got, m.state, c.want, c.last)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: fired at %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}
