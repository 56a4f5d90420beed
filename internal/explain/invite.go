package explain

import (
	"bytes"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// invite tells an INVITE.
func (t *Teller) invite(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	if !h.IsInitial() {
		t.reInvite(h, m)
		return
	}
	if h.HeaderCut() && s.answered >= 0 && h.Forwards < 0 && !m.Has(sip.FieldTo) {
		t.say("reinvite.cut")
		return
	}
	if h.Forwards >= 0 {
		up := c.Hops[h.Forwards].Transaction
		key := "invite.forward"
		for n := range c.Transactions {
			tx := &c.Transactions[n]
			if n == int(h.Transaction) || tx.Request < 0 || tx.Request >= i || tx.Upstream != int(up) {
				continue
			}
			if key = "invite.fork"; tx.Final >= 0 && tx.Final < i || tx.Cancel >= 0 && c.Transactions[tx.Cancel].Request < i {
				key = "invite.next"
			}
		}
		if t.say(key); t.joinReason(i) == callflow.JoinSessionID {
			t.say("invite.session.leg")
		}
		return
	}
	direct := h.To >= 0 && int(h.To) == c.Callee
	offers := false
	switch joined := t.joinReason(i); {
	case joined == callflow.JoinReplaces:
		t.say("invite.replaces")
		offers = true
	case joined == callflow.JoinRefer:
		t.fill[placeTarget] = t.uriName(m.RequestURI())
		t.say("invite.refer")
		offers = true
	case joined == callflow.JoinSessionID:
		t.say("invite.session")
		offers = true
	case s.redirected > s.challenged, s.redirected >= 0 && !bytes.Equal(m.RequestURI().Raw, t.parse(&c.Hops[s.invite]).RequestURI().Raw): // it may carry the credentials that were asked for before
		t.fill[placeTarget] = t.uriName(m.RequestURI())
		if t.say("invite.redirect"); s.redirected < i {
			s.redirected = 0 // there may be further places
		}
		t.callsNow(m.RequestURI())
	case t.otherCall(h):
		t.fill[placeTarget] = t.addressName(m.To())
		t.say("invite.other")
		offers = true
	case s.challenged >= 0 && t.hasCredentials(h):
		t.retry(h, m)
	case s.refused422 && t.longerSession(m):
		t.say("invite.interval")
	case s.challenged >= 0 || i != c.Root && c.Root >= 0 && c.Root < i && c.Hops[c.Root].Transaction != h.Transaction:
		t.say("invite.another")
	case direct:
		t.say("invite.direct")
		offers = true
	default:
		t.say("invite.first")
		offers = true
	}
	s.refused422 = false
	s.invite = i
	if offers {
		t.tellOffer(h, m)
		if !h.HeaderCut() && !t.hasCredentials(h) && t.challengedLater(h) {
			t.say("credentials.none")
		}
	}
	if t.hasCredentials(h) {
		s.credentials = true
	}
}

// otherCall reports whether an INVITE is of another call than that which began under this Call-ID: it has another From tag and another To. Somebody has edited the log then, or
// uses one Call-ID for all that he does.
func (t *Teller) otherCall(h *callflow.Hop) bool { return t.call.IsOtherCall(h) }

// longerSession reports whether an INVITE asks for at least the session interval that the last 422 named (RFC 4028 §6).
func (t *Teller) longerSession(m *sip.Message) bool {
	n, ok := m.Number(sip.FieldSessionExpires)
	return ok && n >= t.state.shortest
}

// challengedLater reports whether the request is answered with 401 or 407: only then is it worth saying that it has no credentials.
func (t *Teller) challengedLater(h *callflow.Hop) bool {
	if h.Transaction < 0 {
		return false
	}
	f := t.call.Transactions[h.Transaction].Final
	return f >= 0 && (t.call.Hops[f].Status == 407 || t.call.Hops[f].Status == 401)
}

// joinReason returns why the Call-ID that hop i begins belongs to this call, 0 if it is the first.
func (t *Teller) joinReason(i int) callflow.JoinReason {
	for _, j := range t.call.Joined {
		if j.Hop == i {
			return j.Reason
		}
	}
	return 0
}

// reInvite tells an INVITE inside a call.
func (t *Teller) reInvite(h *callflow.Hop, m *sip.Message) {
	if t.call.Root < 0 && len(t.call.Dialogs) == 0 && t.call.Transactions[h.Transaction].Final < 0 {
		t.say("invite.late")
		return
	}
	if h.Forwards >= 0 {
		t.say("reinvite.forward")
		return
	}
	switch t.mediaChange(h, m) {
	case changeHold:
		t.sayFar(h, "reinvite.hold", "reinvite.hold.far")
	case changeResume:
		t.sayFar(h, "reinvite.resume", "reinvite.resume.far")
	case changeFax:
		t.sayFar(h, "reinvite.fax", "reinvite.fax.far")
	case changeMedia:
		t.sayFar(h, "reinvite.media", "reinvite.media.far")
	case changeUnknown:
		t.sayFar(h, "reinvite.unknown", "reinvite.unknown.far")
	case changeCut:
		t.sayFar(h, "reinvite.unknown.cut", "reinvite.unknown.cut.far")
	case changeNoOffer:
		t.sayFar(h, "reinvite.offer", "reinvite.offer.far")
	default:
		t.sayFar(h, "reinvite.refresh", "reinvite.refresh.far")
	}
}
