package sim

import (
	"time"

	"sipscribe/internal/live/ua"
	"sipscribe/sip"
)

// told is what a telephone has told its user of a call.
type told struct {
	id       string
	outgoing bool
	begun    time.Time
	ringing  time.Time
	answered time.Time
	ended    time.Time
	over     bool
	by       ua.Party
	status   int
	// cutShort: the telephone was restarted while it went on.
	cutShort bool
	// again: another call followed under the same Call-ID.
	again bool
}

// notify takes an event of a telephone, and holds it to what may follow what.
func (w *world) notify(st *station, e ua.Event) {
	now := w.net.Now()
	w.ladder.event(now, st.set.Name, e)
	fail := func(format string, args ...any) { w.watch.fail("event", st.set.Name+": "+format, args...) }
	if !e.Time.Equal(now) {
		fail("%s at %v is said to be at %v", e.Kind, now, e.Time)
	}
	c := st.calls[e.Call]
	switch e.Kind {
	case ua.EventCalling, ua.EventIncoming:
		if c != nil {
			if e.Kind == ua.EventIncoming && (c.over || c.cutShort) {
				// Another INVITE of the same call: a redirection, a spiral, one that was forged, or the telephone has forgotten the first.
				w.result.Calls++
				c.again = true
				st.begin(e, now)
				st.calls[e.Call].again = true
				break
			}
			fail("%s of a call that there is already: %s", e.Kind, e.Call)
		}
		w.result.Calls++
		st.begin(e, now)
	case ua.EventTrying, ua.EventRinging, ua.EventAnswered, ua.EventEnded, ua.EventHeld, ua.EventResumed, ua.EventDigit:
		switch {
		case c == nil:
			fail("%s of a call that has not begun: %s", e.Kind, e.Call)
		case c.over:
			fail("%s of a call that is over: %s", e.Kind, e.Call)
		case e.Kind == ua.EventAnswered && !c.answered.IsZero():
			fail("answered twice: %s", e.Call)
		case e.Kind == ua.EventRinging && !c.answered.IsZero():
			fail("rings after it was answered: %s", e.Call)
		default:
			w.tell(st, c, e, now)
		}
	case ua.EventRegisterFailed:
		w.timely(st, sip.MethodRegister, e, now)
	}
	w.result.Events[e.Kind]++
	w.happened(st, e.Kind)
}

func (st *station) begin(e ua.Event, now time.Time) {
	c := &told{id: e.Call, outgoing: e.Kind == ua.EventCalling, begun: now}
	if !c.outgoing {
		c.ringing = now
	}
	st.calls[e.Call] = c
	st.order = append(st.order, c)
}

func (w *world) tell(st *station, c *told, e ua.Event, now time.Time) {
	switch e.Kind {
	case ua.EventRinging:
		c.ringing = now
	case ua.EventAnswered:
		c.answered = now
	case ua.EventEnded:
		c.over, c.ended, c.by, c.status = true, now, e.By, e.Status
		if c.outgoing && c.answered.IsZero() {
			w.timely(st, sip.MethodInvite, e, now)
		}
	}
}

// timely holds the end of a request that nobody has answered to Timers B and F, to the nanosecond; and to 64·T1 after its CANCEL (§9.1).
func (w *world) timely(st *station, method sip.Method, e ua.Event, now time.Time) {
	if e.Status != 408 {
		return
	}
	c := w.watch.of(st.node).lastRequest(method, e.Call)
	if c == nil || c.final != 0 {
		return
	}
	from := c.first
	if c.method == sip.MethodInvite && c.provisional != 0 {
		if from = c.cancel; from.IsZero() {
			w.watch.fail("give-up", "%s gives an INVITE up that rings and was not cancelled", st.set.Name)
			return
		}
	}
	if d := now.Sub(from); d != giveUp {
		w.watch.fail("give-up", "%s gives up its %s after %v, want %v (RFC 3261 §17.1.1.2, §17.1.2.2, §9.1)", st.set.Name, method, d, giveUp)
	}
}
