package explain

import (
	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// retry tells a request that comes again with credentials.
func (t *Teller) retry(h *callflow.Hop, m *sip.Message) {
	s := &t.state
	t.fill[placeUser] = t.credentialsUser(m)
	t.fill[placeRealm] = t.joined(`"`, s.realm, `"`)
	switch {
	case s.credentials && s.realms > 1:
		t.say("invite.retry.more")
	case s.credentials:
		t.say("invite.retry.stale")
	case t.fill[placeUser] == "":
		t.say("invite.retry.anonymous")
	default:
		t.say("invite.retry")
	}
}

// credentialsUser returns the user name in the credentials of a request.
func (t *Teller) credentialsUser(m *sip.Message) string {
	// Of several credentials those for the last challenge's realm.
	for _, id := range [...]sip.FieldID{sip.FieldProxyAuthorization, sip.FieldAuthorization} {
		for s := range m.Values(id) {
			cr := sip.ParseChallenge(m.Text(s))
			user, ok := cr.Get("username")
			realm, _ := cr.Get("realm")
			if ok && (t.state.realm == "" || t.shown(realm) == t.state.realm) {
				return t.shown(user)
			}
		}
	}
	if cr, _, ok := m.Credentials(); ok {
		user, _ := cr.Get("username")
		return t.shown(user)
	}
	return ""
}
