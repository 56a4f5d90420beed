package explain

import (
	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// ack tells an ACK.
func (t *Teller) ack(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	tx := &c.Transactions[h.Transaction]
	if h.Forwards >= 0 {
		t.say("ack.forward")
		return
	}
	final := tx.Final
	if final > i && tx.Method != sip.MethodAck {
		// A 2xx may come behind the refusal that this acknowledges.
		for j := i - 1; j >= tx.Request && j >= 0; j-- {
			if o := &c.Hops[j]; o.Transaction == h.Transaction && o.Status >= 300 {
				final = j
				break
			}
		}
	}
	if tx.Method != sip.MethodAck && final >= 0 && c.Hops[final].Status >= 300 {
		switch f := &c.Hops[final]; {
		case tx.Request >= 0 && !c.Hops[tx.Request].IsInitial() && (f.Status == 481 || f.Status == 408):
			t.say("ack.reinvite.dead")
		case tx.Request >= 0 && !c.Hops[tx.Request].IsInitial():
			t.say("ack.reinvite.refused")
		case f.Status == 401 || f.Status == 407:
			t.say("ack.challenge")
		case f.Status == 487 && tx.Cancel >= 0:
			t.say("ack.cancelled")
		default:
			t.say("ack.final")
		}
		return
	}
	// The ACK of a 2xx: to the first answer, or to that of a change.
	ok := -1
	for j := i - 1; j >= 0; j-- {
		o := &c.Hops[j]
		if o.Status/100 == 2 && o.Method == sip.MethodInvite && (o.CSeq == h.CSeq || t.lacksCSeq(h)) && c.SameDialog(o, h) {
			ok = j
			break
		}
	}
	for j := i + 1; ok < 0 && j < len(c.Hops) && j < i+64; j++ {
		if o := &c.Hops[j]; o.Status/100 == 2 && o.Method == sip.MethodInvite && o.CSeq == h.CSeq && c.SameDialog(o, h) {
			t.say("ack.before") // the lines of a log need not stand in the order of the messages
			return
		}
	}
	if ok < 0 {
		t.acceptUnseen(h)
	}
	switch {
	case ok < 0 && c.Unidentified():
		t.say("ack.cut")
	case ok < 0 && tx.Method == sip.MethodInvite && tx.Request >= 0 && tx.Final < 0:
		t.say("ack.refused.unseen") // its branch is that of the INVITE (RFC 3261 §17.1.1.3)
	case ok < 0 && t.lacksCSeq(h):
		t.say("ack.cut")
	case ok < 0:
		t.say("ack.unknown")
	case t.isChange(ok):
		t.say("ack.reanswer")
	case ok != s.answered && t.isFork(ok):
		t.say("ack.fork")
	case s.cancelled >= 0 && s.cancelled < ok:
		t.say("ack.answer.late")
	default:
		t.say("ack.answer")
		s.acked = true
	}
	if t.hasSDP(h) {
		t.remember(h, m)
		t.say("ack.offer")
	}
}

// isFork reports whether answer i is that of a further branch of the call, beside the one that answered first.
func (t *Teller) isFork(i int) bool {
	s := &t.state
	return s.answered >= 0 && s.answered < i && len(t.call.Joined) == 0 && !t.call.SameDialog(&t.call.Hops[s.answered], &t.call.Hops[i])
}

// isChange reports whether response i answers an INVITE inside the call.
func (t *Teller) isChange(i int) bool {
	tx := &t.call.Transactions[t.call.Hops[i].Transaction]
	return tx.Request >= 0 && !t.call.Hops[tx.Request].IsInitial()
}
