package explain

import (
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// request tells a request.
func (t *Teller) request(i int, h *callflow.Hop, m *sip.Message) {
	if h.RepeatOf >= 0 {
		t.repeatedRequest(h)
		return
	}
	switch h.Method {
	case sip.MethodInvite:
		t.invite(i, h, m)
	case sip.MethodAck:
		t.ack(i, h, m)
	case sip.MethodCancel:
		t.cancel(i, h, m)
	case sip.MethodBye:
		t.bye(i, h, m)
	case sip.MethodRegister:
		t.register(h, m)
	case sip.MethodOptions:
		t.plain(h, "options")
	case sip.MethodPrack:
		t.plain(h, "prack")
	case sip.MethodUpdate:
		t.update(h, m)
	case sip.MethodInfo:
		t.info(h, m)
	case sip.MethodRefer:
		t.refer(i, h, m)
	case sip.MethodNotify:
		t.notify(h, m)
	case sip.MethodSubscribe:
		t.subscribe(h, m)
	case sip.MethodMessage:
		t.plain(h, "message")
	case sip.MethodPublish:
		if t.fill[placeText] = t.eventName(m); t.fill[placeText] == "" {
			t.plain(h, "request.other")
			return
		}
		t.plain(h, "publish")
	default:
		t.plain(h, "request.other")
	}
}

func (t *Teller) repeatedRequest(h *callflow.Hop) {
	if t.sameInstant(h) {
		t.say("repeat.same")
		return
	}
	if h.Method != sip.MethodAck && h.Transaction >= 0 {
		// An answer may stand in the log and still not have reached the sender.
		if tx := &t.call.Transactions[h.Transaction]; tx.Final >= 0 && tx.Final < h.Index() || tx.Provisional >= 0 && tx.Provisional < h.Index() {
			t.say("request.again.late")
			return
		}
	}
	switch h.Method {
	case sip.MethodInvite:
		t.say("invite.again")
	case sip.MethodAck:
		t.say("repeat.ack")
	case sip.MethodRegister:
		t.say("register.again")
	default:
		t.say("request.again")
	}
}

// sameInstant reports whether a message comes again within one step of a clock of whole seconds: nobody can tell then whether it was sent again.
func (t *Teller) sameInstant(h *callflow.Hop) bool {
	if h.Time.IsZero() || h.Time.Precision() < time.Second {
		return false
	}
	for k := h.Index() - 1; k >= int(h.RepeatOf) && k > h.Index()-64; k-- {
		if o := &t.call.Hops[k]; (k == int(h.RepeatOf) || o.RepeatOf == h.RepeatOf) && !o.Duplicate {
			return o.Time.Domain() == h.Time.Domain() && o.Time.Clock == h.Time.Clock
		}
	}
	return false
}

// plain tells a request that needs no more than one sentence, and how it is passed on or tried again.
func (t *Teller) plain(h *callflow.Hop, key string) {
	switch {
	case h.Forwards >= 0:
		t.say("request.forward")
	case t.hasCredentials(h) && t.state.challenged >= 0 && t.call.Hops[t.state.challenged].Method == h.Method:
		t.say("request.credentials")
	default:
		t.say(key)
	}
}

// lacksCSeq reports whether the CSeq of a message was cut off.
func (t *Teller) lacksCSeq(h *callflow.Hop) bool { return h.HeaderCut() && h.CSeq == 0 }

// bringsFar reports whether a server in the middle brings a request within the call: it is not who wants that, but the far end.
func (t *Teller) bringsFar(h *callflow.Hop) bool {
	return h.From >= 0 && h.Forwards < 0 && t.middle(int(h.From)) && t.call.Kind == callflow.KindCall && !h.IsInitial()
}

// sayFar says the sentence of a request within the call; where a server in the middle brings it, the one that names the far end.
func (t *Teller) sayFar(h *callflow.Hop, key, far string) {
	if t.bringsFar(h) {
		key = far
	}
	t.say(key)
}
