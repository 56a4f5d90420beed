package explain

import (
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// bye tells a BYE.
func (t *Teller) bye(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	if h.Forwards >= 0 {
		t.say("bye.forward")
		return
	}
	if t.otherLegUp(i, h) {
		t.say("bye.leg")
		return
	}
	answered := s.answered
	if d := c.Dialog(h); d >= 0 && c.Dialogs[d].Confirmed >= 0 && c.Dialogs[d].Confirmed < i {
		if answered = c.Dialogs[d].Confirmed; t.isFork(answered) {
			t.say("bye.fork")
			return
		}
	}
	// What a server in the middle brings is the far end's.
	key := "bye"
	if h.From >= 0 && t.middle(int(h.From)) {
		key = "bye.far"
	}
	d, ok := time.Duration(0), false
	precision := max(h.Time.Precision(), c.Precision())
	if i == c.Bye && c.Talk >= 0 {
		d, ok = c.Talk, true // as the summary has it, also where the BYE was seen nearer to the callee
	} else if answered >= 0 {
		d, ok = c.Between(answered, i)
	}
	switch {
	case !ok:
		t.say(key)
	case key == "bye":
		t.fill[placeDuration] = t.duration(d, precision)
		t.say("bye.talk")
	default:
		t.fill[placeDuration] = t.duration(d, precision)
		t.say("bye.far.talk")
	}
	t.tellRTPStat(m)
	t.tellReason(m)
}

// otherLegUp reports whether the call goes on in another dialog of its own when this BYE ends one: after a transfer.
func (t *Teller) otherLegUp(i int, h *callflow.Hop) bool {
	if len(t.call.Joined) == 0 {
		return false
	}
	mine := t.call.Dialog(h)
	for d := range t.call.Dialogs {
		g := &t.call.Dialogs[d]
		if g.Bye >= 0 && int(t.call.Hops[g.Bye].Forwards) == i {
			return false // the hang-up is passed on
		}
		if d != mine && (g.Bye < 0 || g.Bye > i) && g.Created > 0 {
			return true
		}
	}
	return false
}

// otherBranchUp reports whether the call goes on in the branch that answered first when this BYE ends that of another.
func (t *Teller) otherBranchUp(h *callflow.Hop) bool {
	d := t.call.Dialog(h)
	return d >= 0 && t.call.Dialogs[d].Confirmed >= 0 && t.isFork(t.call.Dialogs[d].Confirmed)
}
