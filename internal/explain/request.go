package explain

import (
	"bytes"
	"strconv"
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
		t.say("reinvite.hold")
	case changeResume:
		t.say("reinvite.resume")
	case changeFax:
		t.say("reinvite.fax")
	case changeMedia:
		t.say("reinvite.media")
	case changeUnknown:
		t.say("reinvite.unknown")
	case changeCut:
		t.say("reinvite.unknown.cut")
	case changeNoOffer:
		t.say("reinvite.offer")
	default:
		t.say("reinvite.refresh")
	}
}

// ack tells an ACK.
func (t *Teller) ack(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	tx := &c.Transactions[h.Transaction]
	if h.Forwards >= 0 {
		t.say("ack.forward")
		return
	}
	if tx.Method != sip.MethodAck && tx.Final >= 0 && c.Hops[tx.Final].Status >= 300 {
		switch f := &c.Hops[tx.Final]; {
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

// cancel tells a CANCEL.
func (t *Teller) cancel(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	inv := c.Transactions[h.Transaction].Invite
	if inv < 0 || c.Transactions[inv].Request < 0 {
		if s.cancelled < 0 {
			s.cancelled = i
		}
		t.say("cancel.unknown")
		return
	}
	tx := &c.Transactions[inv]
	if tx.Upstream >= 0 {
		up := &c.Transactions[tx.Upstream]
		switch {
		case up.Cancel >= 0 && c.Transactions[up.Cancel].Request >= 0 && c.Transactions[up.Cancel].Request < i:
			t.say("cancel.forward")
		case s.answered >= 0:
			t.say("cancel.elsewhere")
		default:
			t.say("cancel.branch")
		}
		return
	}
	if s.cancelled < 0 {
		s.cancelled = i
	}
	if tx.Final >= 0 && tx.Final < i && c.Hops[tx.Final].Status/100 == 2 {
		t.say("cancel.late")
		return
	}
	if reasonOf(m.Value(sip.FieldReason)).cause == 200 {
		// "Call completed elsewhere" (RFC 3326 §3.1)
		s.elsewhere = true
		t.say("cancel.elsewhere")
		return
	}
	if allowed, ok := t.allowed(tx); ok {
		if d, ok := c.Between(tx.Request, i); ok && d >= allowed-time.Second {
			t.fill[placeDuration] = span(allowed)
			t.say("cancel.expired")
			return
		}
	}
	ring := -1
	for j := 0; j < i; j++ {
		if o := &c.Hops[j]; int(o.Transaction) == inv && o.Status >= 180 && o.Status <= 183 {
			ring = j
			break
		}
	}
	if ring < 0 {
		t.say("cancel.early")
		return
	}
	if d, ok := c.Between(ring, i); ok {
		t.fill[placeDuration] = duration(d, h.Time.Precision())
		t.say("cancel.ringing")
		return
	}
	t.say("cancel.ringing.notime")
}

// allowed returns the time that an INVITE allows for an answer (RFC 3261 §13.2.1), and false if it does not say.
func (t *Teller) allowed(tx *callflow.Transaction) (time.Duration, bool) {
	n, ok := t.parse(&t.call.Hops[tx.Request]).Number(sip.FieldExpires)
	return time.Duration(n) * time.Second, ok && n > 0
}

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
		key = "bye.reported"
	}
	d, ok := time.Duration(0), false
	if i == c.Bye && c.Talk >= 0 {
		d, ok = c.Talk, true // as the summary has it, also where the BYE was seen nearer to the callee
	} else if answered >= 0 {
		d, ok = c.Between(answered, i)
	}
	switch {
	case !ok:
		t.say(key)
	case key == "bye":
		t.fill[placeDuration] = duration(d, h.Time.Precision())
		t.say("bye.talk")
	default:
		t.fill[placeDuration] = duration(d, h.Time.Precision())
		t.say("bye.reported.talk")
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
		t.fill[placeDuration] = span(time.Duration(expires) * time.Second)
		t.say("register.first")
	default:
		t.say("register.first.notime")
	}
}

// lacksCSeq reports whether the CSeq of a message was cut off.
func (t *Teller) lacksCSeq(h *callflow.Hop) bool { return h.HeaderCut() && h.CSeq == 0 }

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

// update tells an UPDATE.
func (t *Teller) update(h *callflow.Hop, m *sip.Message) {
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	switch t.mediaChange(h, m) {
	case changeHold:
		t.say("update.hold")
	case changeResume:
		t.say("update.resume")
	case changeMedia, changeFax, changeUnknown:
		t.say("update.media")
	case changeCut:
		t.plain(h, "request.other")
	default:
		t.say("update.refresh")
	}
}

// info tells an INFO: a key press in one of the two ways that devices have for it, or anything else.
func (t *Teller) info(h *callflow.Hop, m *sip.Message) {
	kind := m.Value(sip.FieldContentType)
	body := m.BodyBytes()
	switch {
	case h.Forwards >= 0:
		t.say("request.forward")
	case bytes.Contains(kind, []byte("dtmf-relay")):
		digit := lineValue(body, "Signal", '=')
		t.fill[placeText] = t.shown(digit)
		if len(digit) == 0 {
			t.say("info.bare")
			return
		}
		if string(digit) == "16" || bytes.EqualFold(digit, []byte("hf")) {
			t.say("info.flash")
			return
		}
		t.say("info.digit")
	case bytes.Contains(kind, []byte("application/dtmf")):
		t.fill[placeText] = t.shown(bytes.TrimSpace(body))
		t.say("info.digit")
	case bytes.Contains(kind, []byte("hook-flash")), bytes.Contains(kind, []byte("hook_flash")):
		t.say("info.flash")
	case len(kind) > 0:
		t.fill[placeText] = t.shown(kind)
		t.say("info")
	default:
		t.say("info.bare")
	}
}

// lineValue returns the value of "Name=value" (or another sign between them) on a line of a body.
func lineValue(body []byte, name string, sign byte) []byte {
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		if i := bytes.IndexByte(line, sign); i >= 0 && bytes.EqualFold(bytes.TrimSpace(line[:i]), []byte(name)) {
			return bytes.TrimSpace(line[i+1:])
		}
	}
	return nil
}

// refer tells a REFER.
func (t *Teller) refer(i int, h *callflow.Hop, m *sip.Message) {
	t.state.refer = i
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	a := sip.ParseAddress(m.Value(sip.FieldReferTo))
	t.fill[placeTarget] = t.addressName(a)
	if h.HeaderCut() && t.fill[placeTarget] == "" {
		t.say("refer.cut")
		return
	}
	if bytes.Contains(a.URI.Headers, []byte("Replaces=")) {
		t.say("refer.attended")
		return
	}
	t.say("refer")
}

// notify tells a NOTIFY.
func (t *Teller) notify(h *callflow.Hop, m *sip.Message) {
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	event := t.eventName(m)
	t.fill[placeText] = event
	switch {
	case event == "":
		t.say("request.other")
	case event == "keep-alive":
		t.say("notify.keepalive")
	case event == "refer":
		frag := sip.Parse(m.BodyBytes())
		if frag.Kind != sip.KindResponse {
			t.say("notify")
			return
		}
		t.fill[placeStatus], t.fill[placeReason] = strconv.Itoa(int(frag.Status)), t.shown(frag.Text(frag.Reason))
		switch {
		case frag.Status == 100:
			t.say("notify.refer.trying")
		case frag.Status/100 == 1:
			t.say("notify.refer.going")
		case frag.Status/100 == 2:
			t.say("notify.refer.ok")
		default:
			t.say("notify.refer.failed")
		}
	case event == "message-summary":
		// RFC 3842 §5.2: "Messages-Waiting: yes"
		switch waiting := lineValue(m.BodyBytes(), "Messages-Waiting", ':'); {
		case bytes.EqualFold(waiting, []byte("yes")):
			t.say("notify.mwi.yes")
		case bytes.EqualFold(waiting, []byte("no")):
			t.say("notify.mwi.no")
		case bytes.HasPrefix(m.Value(sip.FieldSubscriptionState), []byte("terminated")):
			t.say("notify.end")
		default:
			t.say("notify.mwi")
		}
	case bytes.HasPrefix(m.Value(sip.FieldSubscriptionState), []byte("terminated")):
		t.say("notify.end")
	default:
		t.say("notify")
	}
}

// subscribe tells a SUBSCRIBE.
func (t *Teller) subscribe(h *callflow.Hop, m *sip.Message) {
	key := "subscribe"
	if t.fill[placeText] = t.eventName(m); t.fill[placeText] == "" {
		t.plain(h, "request.other")
		return
	}
	if n, ok := m.Number(sip.FieldExpires); ok && n == 0 {
		// Within a subscription it ends it; outside one it asks for one report (RFC 6665 §4.1.2.2, §4.4.3).
		if key = "subscribe.remove"; h.IsInitial() {
			key = "subscribe.once"
		}
	}
	t.plain(h, key)
}

// eventName returns the event package of a SUBSCRIBE, NOTIFY or PUBLISH, without its parameters.
func (t *Teller) eventName(m *sip.Message) string {
	v := m.Value(sip.FieldEvent)
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return t.shown(v)
}

// addressName names an address as a person would: its user part, or its host.
func (t *Teller) addressName(a sip.Address) string {
	if n := personName(&sip.Address{URI: a.URI}); n != nil {
		return t.shown(n)
	}
	if a.URI.Masked {
		return t.word("word.hidden.later")
	}
	return t.shown(a.URI.Host)
}

// uriName names a URI: user and host.
func (t *Teller) uriName(u sip.URI) string {
	if u.Masked {
		return t.word("word.hidden.later")
	}
	if len(u.User) > 0 {
		if both := userAtHost(u); both != nil {
			return t.shown(both)
		}
		return t.joined(t.shown(userName(u.User)), "@", t.shown(u.Host))
	}
	if len(u.Host) > 0 {
		return t.shown(u.Host)
	}
	return t.shown(u.Raw)
}

// userAtHost returns "user@host" where it stands so in a URI, as it mostly does; nil elsewhere.
func userAtHost(u sip.URI) []byte {
	at := offsetIn(u.Raw, u.User)
	end := at + len(u.User) + 1 + len(u.Host)
	if at < 0 || end > len(u.Raw) || end-at > maxShown || offsetIn(u.Raw, u.Host) != at+len(u.User)+1 || len(userName(u.User)) != len(u.User) ||
		bytes.IndexByte(u.Raw[at:end], ' ') >= 0 {
		return nil
	}
	return u.Raw[at:end]
}

// hostPort names where a contact is.
func (t *Teller) hostPort(u sip.URI) string {
	if u.Masked {
		return t.word("word.hidden.later")
	}
	if len(u.Host) == 0 {
		return t.shown(u.Raw)
	}
	s := t.shown(u.Host)
	if u.Port != 0 {
		s = t.joined(s, ":", strconv.Itoa(int(u.Port)))
	}
	return s
}

// event tells what the device says beside SIP.
func (t *Teller) event(h *callflow.Hop) {
	name, line := t.call.Event(h)
	t.fill[placeNumber] = strconv.Itoa(line)
	suffix := ""
	if line == 0 {
		suffix = ".noline"
	}
	switch name {
	case "off-hook", "on-hook", "hook-flash":
		t.say("event." + name + suffix)
	case "calling":
		text := t.call.Data(h)
		if i := bytes.IndexByte(text, ':'); i >= 0 {
			text = text[i+1:]
		}
		if sip.Masked(text) {
			t.say("event.calling.hidden")
			return
		}
		if i := bytes.IndexByte(text, '@'); i >= 0 {
			text = text[:i]
		}
		t.fill[placeText] = t.shown(text)
		t.say("event.calling")
	default:
		t.say("event." + name)
	}
}
