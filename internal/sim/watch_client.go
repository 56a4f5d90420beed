package sim

import (
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// clientSeen is a client transaction, as its messages show it.
type clientSeen struct {
	method   sip.Method
	callID   string
	fromTag  string
	branch   string
	cseq     uint32
	reliable bool
	auth     bool
	sends    int
	first    time.Time
	// next is when it must be sent again, if nothing comes before; interval the time to the one after that.
	next        time.Time
	interval    time.Duration
	provisional int // the highest so far
	final       int
	toTag       string   // of the request
	toTags      []string // of responses from 101 on
	successes   int
	// owes are the To tags of 2xx that a telephone has not acknowledged yet (§13.2.2.4); acked: a refusal was (§17.1.1.3).
	owes    []string
	acked   bool
	success time.Time // of the first 2xx
	late    bool      // a response came when it had been given up
	// cancel is when its CANCEL was sent, byCancel that CANCEL.
	cancel   time.Time
	byCancel *clientSeen
	// invite is, of a CANCEL, what it cancels.
	invite *clientSeen
	ended  bool // the connection ended, or nothing could be sent: what is owed then is not a matter of messages
}

// cancelSeen is a CANCEL seen from both ends.
type cancelSeen struct{ sent, came, answered, heard int }

func (n *watched) clientKey(m sip.Method, branch []byte) []byte {
	n.key = append(append(n.key[:0], byte(m)), branch...)
	return n.key
}

// requestSent takes a request that the node has sent.
func (n *watched) requestSent(x *watcher, now time.Time, rec *capture.Record, m *sip.Message) {
	via, _ := m.TopVia()
	seq := m.CSeq()
	if m.Method == sip.MethodAck {
		n.acknowledges(m)
		n.ackSent(x, m)
		return
	}
	if c := n.clients[string(n.clientKey(m.Method, via.Branch()))]; c != nil {
		n.sentAgain(x, c, now, m)
		return
	}
	c := &clientSeen{method: m.Method, callID: string(m.CallID()), fromTag: string(m.FromTag()), toTag: string(m.ToTag()), branch: string(via.Branch()), cseq: seq.Number, first: now, sends: 1,
		reliable: rec.Src.Transport != capture.UDP, auth: m.Has(sip.FieldProxyAuthorization) || m.Has(sip.FieldAuthorization)}
	if !c.reliable {
		c.interval, c.next = t1, now.Add(t1)
	}
	n.clients[string(n.clientKey(m.Method, via.Branch()))] = c
	n.order = append(n.order, c)
	if string(seq.MethodName) != string(m.MethodName()) {
		x.fail("cseq", "%s sends a %s whose CSeq is of %s", n.node.Name, m.Method, seq.MethodName)
	}
	if m.Method == sip.MethodCancel {
		n.cancelSent(x, c, now, m)
		return
	}
	if n.kind == kindPhone {
		if m.ViaCount() != 1 {
			x.fail("cseq", "%s sends a request of its own with %d Via", n.node.Name, m.ViaCount())
		}
		// Numbers count in each dialog by themselves; out of any, in the Call-ID.
		key := c.callID + "\x00" + c.fromTag + "\x00" + string(m.ToTag())
		if last, ok := n.seqs[key]; ok && seq.Number <= last {
			x.fail("cseq", "%s sends %d %s after %d (RFC 3261 §8.1.1.5, §12.2.1.1)", n.node.Name, seq.Number, m.Method, last)
		}
		n.seqs[key] = seq.Number
	}
}

// cancelSent holds a CANCEL to §9.1.
func (n *watched) cancelSent(x *watcher, c *clientSeen, now time.Time, m *sip.Message) {
	invite := n.clients[string(n.clientKey(sip.MethodInvite, []byte(c.branch)))]
	seen := x.cancels[c.branch]
	if seen == nil {
		seen = &cancelSeen{}
		x.cancels[c.branch] = seen
	}
	seen.sent++
	switch {
	case invite == nil:
		x.fail("cancel", "%s cancels what it has not sent", n.node.Name)
		return
	case invite.cseq != c.cseq:
		x.fail("cancel", "%s cancels CSeq %d by %d (RFC 3261 §9.1)", n.node.Name, invite.cseq, c.cseq)
	case m.ViaCount() != 1:
		x.fail("cancel", "%s sends a CANCEL with %d Via (RFC 3261 §9.1)", n.node.Name, m.ViaCount())
	case invite.provisional == 0:
		x.fail("cancel", "%s sends the CANCEL before any provisional response (RFC 3261 §9.1)", n.node.Name)
	case invite.final != 0:
		x.fail("cancel", "%s cancels what has been answered by %d (RFC 3261 §9.1)", n.node.Name, invite.final)
	case string(m.ToTag()) != invite.toTag:
		x.fail("cancel", "%s sends a CANCEL with another To tag than the INVITE (RFC 3261 §9.1)", n.node.Name)
	}
	invite.cancel, invite.byCancel, c.invite = now, c, invite
	x.w.hits.cancelled(x.w, n, invite)
}

// acknowledges takes note of an ACK that was sent, or should have been and there was no connection.
func (n *watched) acknowledges(m *sip.Message) {
	via, _ := m.TopVia()
	if c := n.clients[string(n.clientKey(sip.MethodInvite, via.Branch()))]; c != nil {
		c.acked = true
	}
	for _, c := range n.order {
		if c.method == sip.MethodInvite && c.cseq == m.CSeq().Number && c.callID == string(m.CallID()) {
			c.owes = slices.DeleteFunc(c.owes, func(tag string) bool { return tag == string(m.ToTag()) })
		}
	}
}

// ackSent holds an ACK to the INVITE that it is for.
func (n *watched) ackSent(x *watcher, m *sip.Message) {
	if n.kind != kindPhone {
		return // a proxy passes on what it gets
	}
	seq := m.CSeq().Number
	for _, c := range n.order {
		if c.method == sip.MethodInvite && c.cseq == seq && c.callID == string(m.CallID()) && c.fromTag == string(m.FromTag()) {
			if c.final == 0 {
				break
			}
			return
		}
	}
	x.fail("cseq", "%s acknowledges what was not answered: ACK %d of %s", n.node.Name, seq, m.CallID())
}

// sentAgain holds a repeat to Timers A and E.
func (n *watched) sentAgain(x *watcher, c *clientSeen, now time.Time, m *sip.Message) {
	c.sends++
	if c.method == sip.MethodCancel {
		x.cancels[c.branch].sent++
		x.w.hits.hit(x.w, RowRepeated)
		if x.cancels[c.branch].answered > 0 {
			x.w.hits.hit(x.w, RowNoCancelOK)
		}
	}
	switch {
	case c.reliable:
		x.fail("retransmission", "%s sends a %s again over a reliable transport", n.node.Name, c.method)
	case c.final != 0:
		x.fail("retransmission", "%s sends a %s again after its final response %d", n.node.Name, c.method, c.final)
	case c.provisional != 0 && c.method == sip.MethodInvite:
		x.fail("retransmission", "%s sends an INVITE again after a provisional response (RFC 3261 §17.1.1.2)", n.node.Name)
	case !now.Equal(c.next):
		x.fail("retransmission", "%s sends a %s again %v after it first did, want %v", n.node.Name, c.method, now.Sub(c.first), c.next.Sub(c.first))
	}
	c.step()
}

// step goes on to the next repeat.
func (c *clientSeen) step() {
	switch {
	case c.method == sip.MethodInvite:
		c.interval *= 2 // Timer A
	case c.provisional != 0:
		c.interval = t2 // Timer E in Proceeding
	default:
		c.interval = min(2*c.interval, t2)
	}
	c.next = c.next.Add(c.interval)
}

// owed reports whether a repeat should have gone out by now and did not.
func (c *clientSeen) owed(now time.Time) bool {
	return !c.reliable && !c.ended && c.final == 0 && (c.method != sip.MethodInvite || c.provisional == 0) && c.next.Before(now) && c.next.Sub(c.first) < giveUp
}

// gone reports whether the client has given the INVITE up (Timer B; §9.1), so that what comes is no answer to it any more. What comes at the very
// instant of the timer is one: the network delivers before it wakes (wire.Network).
func (c *clientSeen) gone(now time.Time) bool {
	if c.method != sip.MethodInvite || c.final != 0 {
		return false
	}
	return c.provisional == 0 && now.Sub(c.first) > giveUp || c.provisional != 0 && !c.cancel.IsZero() && now.Sub(c.cancel) > giveUp
}

// responseCame takes a response that has come to the node.
func (n *watched) responseCame(x *watcher, now time.Time, rec *capture.Record, m *sip.Message) {
	via, ok := m.TopVia()
	if !ok {
		return
	}
	seq := m.CSeq()
	c := n.clients[string(n.clientKey(seq.Method, via.Branch()))]
	if c == nil {
		return
	}
	if c.gone(now) {
		c.late = true
		return
	}
	if c.owed(now) {
		x.fail("retransmission", "%s should have sent its %s again at %v", n.node.Name, c.method, c.next.Sub(c.first))
	}
	if c.method == sip.MethodCancel && m.IsFinal() {
		x.cancels[c.branch].heard++
		if m.Status == 481 {
			x.w.hits.hit(x.w, Row481)
		}
	}
	tag := string(m.ToTag())
	if m.Status > 100 && tag != "" {
		known := false
		for _, t := range c.toTags {
			known = known || t == tag
		}
		if !known {
			c.toTags = append(c.toTags, tag)
		}
	}
	x.w.hits.answered(x.w, n, c, m)
	switch {
	case m.Status < 200:
		c.provisional = max(c.provisional, int(m.Status))
	case c.final == 0:
		c.final = int(m.Status)
	}
	if m.Status/100 == 2 {
		if c.successes++; c.successes == 1 {
			c.success = now
		}
		// After Timer M nobody listens for further ones (RFC 6026 §8.4), and after a refusal for none: whoever refused may have been restarted since.
		if c.final/100 == 2 && n.kind == kindPhone && c.method == sip.MethodInvite && now.Sub(c.success) <= giveUp && !slices.Contains(c.owes, tag) {
			c.owes = append(c.owes, tag)
		}
	}
}

// finish looks at what a client transaction should have done and did not.
func (c *clientSeen) finish(x *watcher, n *watched, now time.Time) {
	if c.owed(now) {
		x.fail("retransmission", "%s should have sent its %s of %s again at %v", n.node.Name, c.method, c.callID, c.next.Sub(c.first))
	}
	switch {
	case c.method != sip.MethodInvite || c.ended || c.reliable && x.w.net.Stats().Ended > 0: // a connection that ends ends what waits for it
	case c.final >= 300 && !c.acked:
		x.fail("ack", "%s does not acknowledge the %d to its INVITE of %s (RFC 3261 §17.1.1.3)", n.node.Name, c.final, c.callID)
	case len(c.owes) > 0:
		x.fail("ack", "%s does not acknowledge the answer to its INVITE of %s (RFC 3261 §13.2.2.4)", n.node.Name, c.callID)
	}
	if c.method == sip.MethodInvite && c.byCancel != nil && c.byCancel.final/100 == 2 && c.final == 0 {
		x.w.hits.hit(x.w, RowNo487)
	}
	if c.method == sip.MethodCancel {
		if s := x.cancels[c.branch]; s.came > 0 && s.heard == 0 || s.answered > s.heard {
			x.w.hits.hit(x.w, RowNoCancelOK)
		}
	}
}
