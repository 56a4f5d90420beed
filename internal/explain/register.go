package explain

import (
	"strconv"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// register tells a REGISTER.
func (t *Teller) register(h *callflow.Hop, m *sip.Message) {
	s := &t.state
	t.fill[placeUser] = t.registrant(m)
	t.addressOf(t.fill[placeUser], true)
	if h.Forwards >= 0 {
		t.say("register.forward")
		return
	}
	if t.hasCredentials(h) && s.challenged >= 0 && t.call.Hops[s.challenged].CSeq+1 == h.CSeq {
		if s.credentials {
			t.say("register.retry.nonce")
			return
		}
		t.fill[placeText] = t.credentialsUser(m)
		s.credentials = true
		t.say("register.retry")
		return
	}
	if s.tooBrief {
		s.tooBrief = false
		t.say("register.longer")
		return
	}
	contact, ok := m.Contact()
	expires, has := m.Number(sip.FieldExpires)
	if v, found := contact.Params.Get("expires"); found {
		if n, err := strconv.ParseUint(string(v), 10, 32); err == nil {
			expires, has = uint32(n), true
		}
	}
	t.fill[placeTarget] = t.hostPort(contact.URI)
	contacts := 0
	for range m.Values(sip.FieldContact) {
		contacts++
	}
	t.fill[placeCount] = countWord(contacts)
	switch {
	case h.HeaderCut() && !ok && s.challenged >= 0:
		t.say("register.cut.again")
	case h.HeaderCut() && !ok:
		t.say("register.cut")
	case h.HeaderCut() && !has && !contact.Star:
		t.say("register.cut.at")
	case contacts > 1 && !(has && expires == 0):
		t.say("register.several")
	case !ok:
		t.say("register.fetch")
	case contact.Star:
		t.say("register.removeall")
	case has && expires == 0:
		t.say("register.remove")
	case t.registeredNow(t.fill[placeUser]):
		t.say("register.refresh")
	case has:
		t.fill[placeDuration] = t.span(time.Duration(expires) * time.Second)
		t.say("register.first")
	default:
		t.say("register.first.notime")
	}
}

// registrant names whose registration a REGISTER is about, in words where the log does not say.
func (t *Teller) registrant(m *sip.Message) string {
	name := t.addressName(*t.toOf(m))
	if name == "" {
		name = t.addressName(*t.fromOf(m)) // nearly always the same (RFC 3261 §10.2)
	}
	if name == "" {
		return t.word("word.user.cut")
	}
	return name
}
