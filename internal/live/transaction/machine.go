package transaction

import (
	"math"
	"strings"
	"time"
)

// instant is a time as nanoseconds since the layer was first used: a third of a time.Time, and compared in one instruction.
type instant int64

// never is the deadline that does not come.
const never instant = math.MaxInt64

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// machine is the state of a transaction, without its bytes. handle is the whole of what it does.
type machine struct {
	kind     Machine
	state    State
	reliable bool
	cancel   cancelling
	repeats  uint8   // how often Timer A, E or G was set
	again    instant // Timer A, E, G; time for a 100
	end      instant // every other timer: a state has one of them at most
}

// cancelling says how far the CANCEL of an INVITE client is.
type cancelling uint8

const (
	cancelNone cancelling = iota
	cancelHeld            // until a provisional response comes (RFC 3261 §9.1)
	cancelSent
)

// action is what a machine wants done, a set of the bits below. They are carried out in this order.
type action uint16

const (
	actKeep      action = 1 << iota // remember the message at hand, to be sent again
	actForget                       // nothing of what was kept is needed any more
	actSend                         // send the message at hand
	actAgain                        // send what was kept
	actTrying                       // send a 100, and keep it
	actAck                          // send the ACK
	actTell                         // hand the message to the user
	actCancel                       // send the CANCEL
	actTimeout                      // tell the user: EndTimeout
	actTransport                    // tell the user: EndTransport
	actNoAck                        // tell the user: EndNoAck
	actEnd                          // the transaction is over
)

var actionNames = []string{"keep", "forget", "send", "again", "100", "ACK", "tell", "CANCEL", "timeout", "transport", "no ACK", "end"}

func (a action) String() string {
	var s []string
	for i, name := range actionNames {
		if a&(1<<i) != 0 {
			s = append(s, name)
		}
	}
	return strings.Join(s, "+")
}

// start makes the machine of a new transaction.
func start(kind Machine, reliable bool) machine {
	return machine{kind: kind, reliable: reliable, again: never, end: never}
}

// handle takes an event and returns what is to be done. What a figure has no arrow for changes nothing.
func (m *machine) handle(now instant, t *Timers, e Event) action {
	switch m.kind {
	case InviteClient:
		return m.inviteClient(now, t, e)
	case NonInviteClient:
		return m.nonInviteClient(now, t, e)
	case InviteServer:
		return m.inviteServer(now, t, e)
	default:
		return m.nonInviteServer(now, t, e)
	}
}

// next is when the machine has something to do by itself.
func (m *machine) next() instant { return min(m.again, m.end) }

// due returns the timer that has run out. The one that ends a state is first: who comes late sends nothing that is out of date.
func (m *machine) due(now instant) (e Event, ok bool) {
	switch {
	case m.end <= now:
		switch {
		case m.state == StateAccepted, m.state == StateConfirmed, m.state == StateCompleted && m.kind != InviteServer:
			return EventLinger, true
		}
		return EventGiveUp, true
	case m.again <= now:
		if m.kind == InviteServer && m.state == StateProceeding || m.kind == NonInviteServer {
			return EventTrying, true
		}
		return EventAgain, true
	}
	return 0, false
}

// repeat sets Timer A, E or G: for the first time, or with twice the interval up to the longest.
func (m *machine) repeat(now instant, first, longest time.Duration) {
	if m.reliable { // RFC 3261 §17: nothing is sent again
		return
	}
	interval := first
	for i := uint8(0); i < m.repeats && interval < longest; i++ {
		interval *= 2
	}
	if m.repeats > 0 {
		interval = min(interval, longest)
	}
	if m.repeats < math.MaxUint8 {
		m.repeats++
	}
	m.again = now.after(interval)
}

// linger enters a state that waits for repeats only: for no time over a reliable transport, where none come.
func (m *machine) linger(now instant, t *Timers, state State, d time.Duration) {
	m.state, m.again = state, never
	if m.reliable {
		d = 0
	}
	m.end = t.end(now, d)
}

// terminate ends the transaction.
func (m *machine) terminate() action {
	m.state, m.again, m.end = StateTerminated, never, never
	return actForget | actEnd
}
