package transaction

import (
	"fmt"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// stepClient hands an event to the machine of a client and does what it wants. m is the response that came.
func (l *Layer) stepClient(now time.Time, c *Client, e Event, m *sip.Message, err error, out *live.Outbox) {
	before, waited := c.state, time.Duration(0)
	switch {
	case e != EventGiveUp:
	case c.kind == NonInviteClient:
		waited = l.timers.F
	case before == StateCalling:
		waited = l.timers.B
	default:
		waited = 64 * l.timers.T1
	}
	a := l.handle(l.at(now), &c.transaction, e)
	if a&actKeep != 0 {
		c.kept = c.request
	}
	if a&actForget != 0 {
		c.kept = nil
	}
	if a&(actSend|actAgain) != 0 {
		l.repeated(a)
		l.send(&c.transaction, c.kept, out)
	}
	if a&actAck != 0 {
		if e == EventFailure && before != StateCompleted {
			l.parsed.Parse(c.request)
			l.made = appendAck(l.made[:0], &l.parsed, m, l.fields(c, sip.MethodAck, &l.parsed))
			c.kept = clone(l.made)
		} else {
			l.counts.Absorbed++
			l.counts.Sent++
		}
		l.send(&c.transaction, c.kept, out)
		if a&actEnd != 0 {
			c.kept = nil
		}
	}
	if m != nil && a == 0 {
		l.counts.Absorbed++
	}
	if a&actTell != 0 {
		l.config.User.Response(now, c, m, out)
	}
	if a&actCancel != 0 {
		l.sendCancel(now, c, out)
	}
	switch {
	case a&actTimeout != 0 && before == StateProceeding && c.kind == InviteClient:
		l.config.User.ClientFailed(now, c, EndTimeout, fmt.Errorf("no final response to the INVITE within %v of its CANCEL", waited), out)
	case a&actTimeout != 0:
		l.config.User.ClientFailed(now, c, EndTimeout, fmt.Errorf("no response to the %s within %v", methodName(&c.transaction), waited), out)
	case a&actTransport != 0:
		l.config.User.ClientFailed(now, c, EndTransport, err, out)
	}
	if c.state >= StateAccepted {
		c.request, c.pending = nil, nil
	}
}

// stepServer hands an event to the machine of a server and does what it wants, but for actTell, which only its caller can do. response is
// what the user sends.
func (l *Layer) stepServer(now time.Time, s *Server, e Event, response []byte, err error, out *live.Outbox) action {
	a := l.handle(l.at(now), &s.transaction, e)
	if e == EventRepeat || e == EventAck && a&actTell == 0 {
		l.counts.Absorbed++
	}
	if a&actForget != 0 {
		s.kept = nil
	}
	if a&actKeep != 0 && a&actEnd == 0 {
		s.kept = clone(response)
	}
	switch {
	case a&actSend != 0:
		l.send(&s.transaction, response, out)
	case a&actAgain != 0 && s.kept != nil:
		l.repeated(a)
		l.send(&s.transaction, s.kept, out)
	case a&actTrying != 0 && s.kept != nil:
		l.send(&s.transaction, s.kept, out)
	}
	switch {
	case a&actTimeout != 0:
		l.config.User.ServerFailed(now, s, EndTimeout, fmt.Errorf("no final response to the %s within %v, when its client gave up", methodName(&s.transaction), l.timers.F), out)
	case a&actNoAck != 0:
		l.config.User.ServerFailed(now, s, EndNoAck, fmt.Errorf("no ACK for the final response within %v", l.timers.H), out)
	case a&actTransport != 0 && !s.told:
		s.told = true
		l.config.User.ServerFailed(now, s, EndTransport, err, out)
	}
	return a
}

// handle hands an event to a machine, and keeps tables and counts in step with it. A transaction is out of the tables before the user
// hears of it ("destroyed the instant it enters the Terminated state", §17.1.1.2).
func (l *Layer) handle(at instant, t *transaction, e Event) action {
	a := l.transit(at, t, e)
	// Timers of zero length (§17: D, I, J, K over reliable transports) fire now.
	if t.reliable && t.end <= at {
		if e, ok := t.due(at); ok && e == EventLinger {
			a |= l.transit(at, t, e)
		}
	}
	if a&actEnd != 0 {
		l.leave(t)
	} else {
		l.deadlines.set(t, t.machine.next())
	}
	return a
}

func (l *Layer) transit(at instant, t *transaction, e Event) action {
	from := t.state
	a := t.machine.handle(at, &l.timers, e)
	if from != t.state {
		if from != 0 {
			l.counts.In[t.kind][from]--
		}
		if t.state != StateTerminated {
			l.counts.In[t.kind][t.state]++
		}
	}
	if l.config.Observe != nil {
		l.config.Observe(Transition{t.kind, from, t.state, e})
	}
	return a
}

// enter puts a transaction that is in the table of its kind into the other tables.
func (l *Layer) enter(t *transaction) {
	l.slots.add(t)
	l.peers.add(t)
}

// leave takes a transaction out of all tables.
func (l *Layer) leave(t *transaction) {
	l.deadlines.set(t, never)
	l.peers.remove(t)
	if t.client != nil {
		delete(l.clients, t.key)
		if t.client.own {
			l.ownClients--
		}
	} else {
		delete(l.servers, t.key)
		if t.server.own {
			l.ownServers--
		}
		if h := t.server.merge; h != 0 {
			if l.merges[h]--; l.merges[h] == 0 {
				delete(l.merges, h)
			}
		}
	}
	l.ended = append(l.ended, t)
}

// report tells the user which transactions are gone. It is the last thing that a call does, so that nothing about a transaction comes after.
func (l *Layer) report(now time.Time) {
	for i := 0; i < len(l.ended); i++ { // the user may end more
		t := l.ended[i]
		l.slots.remove(t)
		if t.client != nil {
			l.config.User.ClientEnded(now, t.client)
		} else {
			l.config.User.ServerEnded(now, t.server)
		}
	}
	clear(l.ended)
	l.ended = l.ended[:0]
	clear(l.batch)
	l.batch = l.batch[:0]
}

// send puts a message into the outbox.
func (l *Layer) send(t *transaction, data []byte, out *live.Outbox) {
	flow := t.flow
	if t.server != nil {
		flow = t.server.reply()
	}
	out.Send(flow, l.slots.ref(t), data)
}

func (l *Layer) repeated(a action) {
	if a&actAgain != 0 {
		l.counts.Sent++
	}
}

func (l *Layer) fields(c *Client, method sip.Method, invite *sip.Message) []sip.DraftField {
	if l.config.Fields == nil {
		return nil
	}
	return l.config.Fields(c, method, invite)
}

func methodName(t *transaction) string {
	if name := t.method.String(); name != "" {
		return name
	}
	return "request"
}

// clone copies b into storage of its own, no larger than it must be.
func clone(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}
