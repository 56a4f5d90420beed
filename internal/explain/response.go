package explain

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// response tells a response.
func (t *Teller) response(i int, h *callflow.Hop, m *sip.Message) {
	if h.RepeatOf >= 0 {
		t.repeatedResponse(h)
		return
	}
	if t.call.IsOpen(i) {
		t.say("response.open")
		return
	}
	if tx := &t.call.Transactions[h.Transaction]; tx.Request < 0 {
		t.orphan(i, h)
		return
	}
	if h.WasDecided() {
		defer t.say("response.decided")
	}
	if r := t.call.Transactions[h.Transaction].Request; h.Method == sip.MethodInvite && t.otherCall(&t.call.Hops[r]) {
		// Of another call under the same Call-ID: its own callee, and nothing of what is known of this one.
		name, later := t.calleeName, t.calleeLater
		t.calleeName = t.addressName(t.parse(&t.call.Hops[r]).To())
		t.calleeLater = t.calleeName
		defer func() { t.calleeName, t.calleeLater = name, later }()
	}
	switch h.Method {
	case sip.MethodInvite:
		switch {
		case h.Status < 200:
			t.provisional(i, h, m)
		case h.Status < 300:
			t.answer(i, h, m)
		default:
			t.refusal(i, h, m)
		}
	case sip.MethodCancel:
		switch {
		case h.Status < 200:
			t.say("response.trying")
		case h.Status < 300:
			t.say("cancel.ok")
		case h.Status == 481:
			t.say("cancel.none")
			if inv := t.call.Transactions[h.Transaction].Invite; inv >= 0 && t.call.Transactions[inv].Final > i && t.call.Hops[t.call.Transactions[inv].Final].Status != 487 {
				t.state.cancelled, t.state.inVain = -1, true // the INVITE goes on
			}
		default:
			t.say("cancel.refused")
		}
	default:
		switch {
		case h.Status < 200:
			t.say("response.trying")
		case h.Status < 300:
			t.success(i, h, m)
		default:
			t.refusal(i, h, m)
		}
	}
}

// orphan tells a response whose request was not seen.
func (t *Teller) orphan(i int, h *callflow.Hop) {
	if h.Method == sip.MethodInvite {
		switch {
		case h.Status >= 180 && h.Status <= 183 && t.state.ringing < 0:
			t.state.ringing = i
		case h.Status/100 == 2 && t.state.answered < 0:
			t.state.answered = i
		}
	}
	t.state.cause = ""
	if h.Status == 401 || h.Status == 407 {
		t.state.cause = "first"
	}
	if t.fill[placeMethod] == "" {
		if h.HeaderCut() {
			t.say("response.orphan.cut")
			return
		}
		t.say("response.orphan.bare")
		return
	}
	t.say("response.orphan")
}

func (t *Teller) repeatedResponse(h *callflow.Hop) {
	switch {
	case t.sameInstant(h):
		t.say("repeat.same")
	case h.Method == sip.MethodInvite && h.Status >= 200 && t.acknowledged(h):
		t.say("final.again.late")
	case h.Method == sip.MethodInvite && h.Status/100 == 2:
		t.say("answer.again")
	case h.Method == sip.MethodInvite && h.Status >= 300:
		t.say("final.again")
	case h.Method == sip.MethodInvite && h.Status >= 180:
		t.say("ringing.again")
	default:
		t.say("response.again")
	}
}

// acknowledged reports whether the log has an ACK of a final response to an INVITE before that comes again.
func (t *Teller) acknowledged(h *callflow.Hop) bool {
	const maxLook = 64
	for k := h.Index() - 1; k > int(h.RepeatOf) && k > h.Index()-maxLook; k-- {
		if o := &t.call.Hops[k]; o.IsRequest() && o.Method == sip.MethodAck && o.CSeq == h.CSeq && t.call.SameDialog(o, h) {
			return true
		}
	}
	return false
}

// fromCallee reports whether the sender is the telephone that is called, as far as is known.
func (t *Teller) fromCallee(h *callflow.Hop) bool {
	if h.From < 0 {
		return false
	}
	p := &t.call.Participants[h.From]
	switch p.Role {
	case callflow.RoleProxy, callflow.RoleRegistrar, callflow.RoleServer:
		return false
	case callflow.RoleCallee:
		return true
	}
	return !p.Forwarded && (p.Device || t.call.Callee >= 0)
}

// provisional tells a 1xx to an INVITE.
func (t *Teller) provisional(i int, h *callflow.Hop, m *sip.Message) {
	s := &t.state
	if h.Forwards >= 0 {
		if h.Status == 180 {
			t.say("ringing.forward")
		} else {
			t.say("response.forward")
		}
		if s.ringing < 0 && h.Status >= 180 && h.Status <= 183 {
			s.ringing = i
		}
		return
	}
	if h.Status == 100 {
		switch {
		case t.isChange(i):
			t.say("trying.reinvite")
		case t.fromCallee(h):
			t.say("trying.server")
		default:
			t.say("trying.proxy")
		}
		return
	}
	dialog := t.call.Dialog(h)
	switch {
	case h.Status == 180 && s.ringing >= 0 && dialog >= 0 && s.ringTag >= 0 && dialog != s.ringTag && t.stillRings(i, h):
		if t.fromCallee(h) && h.From != t.call.Hops[s.ringing].From {
			t.say("ringing.also")
		} else {
			t.say("ringing.fork")
		}
	case h.Status == 180 && t.hasSDP(h):
		t.say("ringing.early")
	case h.Status == 180 && t.fromCallee(h):
		t.say("ringing.self")
	case h.Status == 180:
		t.say("ringing")
	case h.Status == 181:
		t.say("forwarded")
	case h.Status == 182:
		t.say("queued")
	case h.Status == 183 && t.hasSDP(h):
		t.say("progress.early")
	case h.Status == 183:
		t.say("progress")
	case h.Status == 199:
		t.say("early.ended")
	default:
		t.say("provisional")
	}
	if s.ringing < 0 && h.Status >= 180 && h.Status <= 183 {
		s.ringing, s.ringTag = i, dialog
	}
}

// stillRings reports whether the dialog that rang before is still ringing when another one begins to: a fork, not the next place that a proxy
// tries, and not the next leg of a transfer.
func (t *Teller) stillRings(i int, h *callflow.Hop) bool {
	first := &t.call.Hops[t.state.ringing]
	if first.Transaction == h.Transaction {
		return true
	}
	tx := &t.call.Transactions[first.Transaction]
	return !(tx.Final >= 0 && tx.Final < i) && t.call.Transactions[h.Transaction].Upstream >= 0 && tx.Upstream >= 0
}

// answer tells a 2xx to an INVITE.
func (t *Teller) answer(i int, h *callflow.Hop, m *sip.Message) {
	s := &t.state
	if t.isChange(i) {
		if h.Forwards >= 0 {
			t.say("response.forward")
			return
		}
		c := t.changeOf(h)
		t.accepted(h, m, c)
		switch {
		case c != nil && c.kind == changeHold:
			t.say("reanswer.hold")
		case c != nil && c.kind == changeResume:
			t.say("reanswer.resume")
		case c != nil && c.kind == changeFax:
			t.say("reanswer")
			t.tellAnswer(h, m)
		case c != nil && c.kind == changeNothing:
			t.say("reanswer.refresh")
		default:
			t.say("reanswer")
		}
		return
	}
	if h.Forwards >= 0 {
		t.say("answer.forward")
		if s.answered < 0 {
			s.answered = i
		}
		return
	}
	first := s.answered < 0
	if r := t.call.Transactions[h.Transaction].Request; !first && t.call.Hops[r].HeaderCut() && !t.parse(&t.call.Hops[r]).Has(sip.FieldTo) {
		t.say("reanswer.cut") // a change of the call, or another call
		return
	}
	if t.isFork(i) {
		t.say("answer.fork")
		return
	}
	if first {
		s.answered = i
	}
	r := t.call.Refused
	switch {
	case r >= 0 && r < i && t.call.Hops[r].Transaction == h.Transaction && t.call.Hops[r].Status != 487:
		switch {
		case !t.call.SameDialog(&t.call.Hops[r], h):
			t.say("answer.refused.fork")
		case t.fromCallee(h):
			t.say("answer.refused")
		default:
			t.say("answer.refused.reported")
		}
	case s.cancelled >= 0 && s.cancelled < i && t.call.Transactions[h.Transaction].Cancel >= 0:
		t.say("answer.crossed")
		s.crossed = true
	case t.fromCallee(h) || len(t.call.Joined) > 0:
		t.say("answer.callee")
	default:
		t.say("answer.reported")
	}
	switch {
	case !t.hasSDP(h):
	case t.madeNoOffer(h):
		t.tellOfferBack(h, m)
	default:
		t.tellAnswer(h, m)
	}
}

// refusal tells a final response of 300 and more to any request.
func (t *Teller) refusal(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	status := int(h.Status)
	if status == 401 || status == 407 {
		t.challenge(i, h, m)
		return
	}
	if h.Forwards >= 0 {
		t.say("final.forward")
		t.noteRefusal(i, h)
		return
	}
	if status/100 == 3 {
		t.redirect(status, m)
		t.noteRefusal(i, h)
		return
	}
	side := ".proxy"
	if t.fromCallee(h) {
		side = ".callee"
	}
	switch {
	case h.Method == sip.MethodOptions:
		t.optionsRefused(status, h)
		return
	case h.Method == sip.MethodNotify && (status == 481 || status == 489) && t.isKeepAlive(h):
		t.say("notify.keepalive.other")
		return
	case h.Method == sip.MethodRegister && status == 404:
		t.fill[placeUser] = t.registrant(m)
		t.say("register.unknown")
	case status == 403 && s.credentials && !h.HeaderCut() && c.Transactions[h.Transaction].Request >= 0 &&
		t.hasCredentials(&c.Hops[c.Transactions[h.Transaction].Request]):
		t.say("final.403.credentials")
		s.cause, s.causeUser = "forbidden", t.credentialsUser(t.parse(&c.Hops[c.Transactions[h.Transaction].Request]))
	case status == 404 || status == 480 || status == 486:
		t.say("final." + strconv.Itoa(status) + side)
	case status == 422:
		n, ok := m.Number(sip.FieldMinSE)
		t.atLeast("final.422", n, ok)
		s.refused422, s.shortest = true, n
	case status == 423:
		n, ok := m.Number(sip.FieldMinExpires)
		t.atLeast("final.423", n, ok)
		s.tooBrief = true
	case status == 481 && (h.Method == sip.MethodNotify || h.Method == sip.MethodSubscribe):
		t.say("final.481.event")
	case status == 603 && h.Method != sip.MethodInvite:
		t.say("final.603.request")
	case status == 487 && s.cancelled < 0 && c.Transactions[h.Transaction].Cancel < 0:
		t.say("final.487.plain")
	default:
		key := "final." + strconv.Itoa(status)
		if _, ok := catalogueEN[key]; !ok {
			key = "final." + strconv.Itoa(status/100) + "xx"
			if _, ok := catalogueEN[key]; !ok {
				key = "final.other"
			}
		}
		t.say(key)
	}
	t.ownWords(m, status)
	t.tellWhy(m)
	if t.isChange(i) && h.Method == sip.MethodInvite {
		if status == 481 || status == 408 { // they end the dialog (RFC 3261 §12.2.1.2)
			t.say("final.reinvite.dead")
		} else {
			t.say("final.reinvite")
		}
	}
	t.noteRefusal(i, h)
}

// redirect tells a 3xx: where the call is to go instead.
func (t *Teller) redirect(status int, m *sip.Message) {
	contacts := 0
	for range m.Values(sip.FieldContact) {
		contacts++
	}
	a, ok := m.Contact()
	if ok {
		t.fill[placeTarget] = t.uriName(a.URI)
	}
	switch {
	case status == 380: // Alternative Service (RFC 3261 §21.3.5)
		t.say("redirect.service")
	case !ok:
		t.say("redirect.bare")
	case status == 305: // Use Proxy (§21.3.4)
		t.say("redirect.proxy")
	case contacts > 1:
		t.say("redirect.several")
	default:
		t.say("redirect")
	}
}

// atLeast tells a refusal of too short a time, with the least that is taken if the answer names it, as it must.
func (t *Teller) atLeast(key string, n uint32, ok bool) {
	if !ok {
		t.say(key + ".bare")
		return
	}
	t.fill[placeNumber] = strconv.FormatUint(uint64(n), 10)
	t.say(key)
}

// optionsRefused tells a refusal of OPTIONS, which is what an INVITE would have got (RFC 3261 §11.2).
func (t *Teller) optionsRefused(status int, h *callflow.Hop) {
	switch {
	case status == 404 || status == 604:
		t.fill[placeTarget] = t.word("word.hidden.first")
		if r := t.call.Transactions[h.Transaction].Request; r >= 0 {
			t.fill[placeTarget] = t.uriName(t.parse(&t.call.Hops[r]).RequestURI())
		}
		t.say("options.unknown")
	case status == 486 || status == 600:
		t.say("options.busy")
	case status == 405 || status == 501:
		t.say("options.unsupported")
	case status/100 == 5:
		t.say("options.failed")
	default:
		t.say("options.other")
	}
}

// noteRefusal remembers what the next request may follow from.
func (t *Teller) noteRefusal(i int, h *callflow.Hop) {
	if h.Method == sip.MethodInvite && h.Status/100 == 3 && t.call.Transactions[h.Transaction].Upstream < 0 {
		t.state.redirected = i
	}
}

// tellWhy adds what the server says about its reasons: Reason, Warning, Retry-After.
func (t *Teller) tellWhy(m *sip.Message) {
	if v := m.Value(sip.FieldWarning); len(v) > 0 {
		// warn-code SP warn-agent SP quoted text (RFC 3261 §20.43)
		if i := bytes.IndexByte(v, '"'); i >= 0 {
			t.fill[placeText] = t.joined(`"`, t.shown(sip.Unquote(v[i:])), `"`)
			t.say("final.why")
		}
	} else {
		t.tellReason(m)
	}
	if n, ok := m.Number(sip.FieldRetryAfter); ok && n > 0 {
		t.fill[placeDuration] = t.span(time.Duration(n) * time.Second)
		t.say("final.retry")
	}
}

// isKeepAlive reports whether the request that a response answers is a keep-alive.
func (t *Teller) isKeepAlive(h *callflow.Hop) bool {
	r := t.call.Transactions[h.Transaction].Request
	return r >= 0 && t.eventName(t.parse(&t.call.Hops[r])) == "keep-alive"
}

// challenge tells a 401 or 407. What it means depends on whether the request had credentials, and for which realm and nonce. A challenge that a proxy passes on has been told
// where it was made; who is asked in the end is the caller.
func (t *Teller) challenge(i int, h *callflow.Hop, m *sip.Message) {
	c, s := t.call, &t.state
	ch, _, ok := m.Challenge()
	realm, _ := ch.Get("realm")
	nonce, _ := ch.Get("nonce")
	stale, _ := ch.Get("stale")
	shown := t.shown(realm)
	req := c.Transactions[h.Transaction].Request
	if h.Forwards >= 0 {
		t.say("challenge.forward")
		if shown != s.realm && c.Transactions[h.Transaction].Upstream < 0 {
			s.realms++
		}
		s.challenged, s.realm, s.nonce = i, shown, nonce
		return
	}
	middle := req >= 0 && c.Hops[req].Forwards >= 0
	t.fill[placeRealm] = shown
	if !middle {
		defer func() { s.challenged, s.realm, s.nonce = i, shown, nonce }()
	}
	s.cause = ""
	if req < 0 || !t.hasCredentials(&c.Hops[req]) {
		if req >= 0 && !c.Hops[req].HeaderCut() {
			s.cause = "none"
		}
		switch {
		case req >= 0 && c.Hops[req].HeaderCut():
			t.say("challenge.cut")
			s.realms = max(s.realms, 1)
		case middle && ok && shown != "":
			t.say("challenge.caller")
		case !ok || shown == "":
			t.say("challenge.bare")
			s.realms = 1
		default:
			t.say("challenge.first")
			s.realms = 1
		}
		return
	}
	request := t.parse(&c.Hops[req])
	used, forRealm := t.usedNonce(request, realm)
	switch {
	case bytes.EqualFold(stale, []byte("true")):
		t.say("challenge.stale")
		s.cause = "stale"
	case !forRealm && shown != s.realm:
		if !middle {
			s.realms++
		}
		t.say("challenge.more")
	case s.nonce != nil && used != nil && !bytes.Equal(used, s.nonce), s.nonce == nil && !bytes.Equal(used, nonce):
		// Other credentials than the last challenge asked for: an old nonce is as likely as a wrong password. So it is where the log
		// begins with credentials from an earlier time.
		t.say("challenge.nonce")
		s.cause = "nonce"
	case !usualReason(m.Text(m.Reason), int(h.Status)):
		// The server says itself what is wrong; a password need not be.
		t.say("challenge.again")
		t.ownWords(m, int(h.Status))
	case t.acceptedLater(h, request):
		t.fill[placeUser] = t.credentialsUser(request)
		t.say("challenge.nonce.later")
		s.cause = "nonce"
	default:
		t.fill[placeUser] = t.credentialsUser(request)
		t.say("challenge.refused")
		s.cause, s.causeUser = "refused", t.fill[placeUser]
	}
}

// acceptedLater reports whether the next request of the same kind, with credentials for the same user, and within a time in which nobody types a password, is not asked for
// credentials again. Many servers refuse an old nonce without saying that it is stale.
func (t *Teller) acceptedLater(h *callflow.Hop, request *sip.Message) bool {
	c := t.call
	user := t.credentialsUser(request)
	for n := int(h.Transaction) + 1; n < len(c.Transactions) && n < int(h.Transaction)+8; n++ {
		tx := &c.Transactions[n]
		if tx.Method != h.Method || tx.CSeq <= h.CSeq || tx.Request < 0 || tx.Final < 0 {
			continue
		}
		if d, ok := c.Between(h.Index(), tx.Request); !ok || d > 2*time.Second || !t.hasCredentials(&c.Hops[tx.Request]) {
			return false
		}
		again := c.Hops[tx.Final].Status
		return again != 401 && again != 407 && again != 403 && t.credentialsUser(t.parse(&c.Hops[tx.Request])) == user
	}
	return false
}

// ownWords adds the reason phrase of a refusal, if it is not the one that the RFCs give its status: then somebody meant something by it.
func (t *Teller) ownWords(m *sip.Message, status int) {
	reason := m.Text(m.Reason)
	if usualReason(reason, status) {
		return
	}
	for _, key := range [...]string{"final.400", "final.4xx", "final.5xx", "final.6xx", "final.other"} {
		if t.lastKey == key {
			return // it stands there already
		}
	}
	t.fill[placeText] = t.joined(`"`, t.shown(reason), `"`)
	t.say("final.says")
}

// usualReason reports whether a reason phrase is what a status code says anyway: that of the RFC, in any case, or one of those that are in use beside it.
func usualReason(reason []byte, status int) bool {
	reason = bytes.TrimSpace(reason)
	if len(reason) == 0 || strings.EqualFold(string(reason), sip.ReasonPhrase(status)) {
		return true
	}
	for _, other := range otherReasons[status] {
		if strings.EqualFold(string(reason), other) {
			return true
		}
	}
	return false
}

var otherReasons = map[int][]string{
	401: {"Unauthorised"}, 404: {"User not found", "Not here"}, 407: {"Proxy Authorization Required", "Authentication Required"},
	408: {"Request Time-out", "Request Timed Out", "Timeout"}, 480: {"Temporarily not available", "Not available"},
	481: {"Call Leg/Transaction Does Not Exist", "Call/Transaction Does Not Exist.", "Dialog/Transaction Does Not Exist", "Subscription does not exist"},
	486: {"Busy"}, 487: {"Request Cancelled", "Request Canceled", "Canceled", "Cancelled"}, 488: {"Not Acceptable"}, 489: {"Bad event"},
	500: {"Internal Server Error", "Internal Error", "Server Internal Failure"}, 504: {"Gateway Time-out", "Server Timeout", "Gateway Timeout"}, 603: {"Declined"},
}

// usedNonce returns the nonce that a request's credentials for a realm use, and whether it has any for it.
func (t *Teller) usedNonce(m *sip.Message, realm []byte) ([]byte, bool) {
	for _, id := range [...]sip.FieldID{sip.FieldProxyAuthorization, sip.FieldAuthorization} {
		for v := range m.Values(id) {
			cr := sip.ParseChallenge(m.Text(v))
			if r, _ := cr.Get("realm"); bytes.Equal(r, realm) {
				n, _ := cr.Get("nonce")
				return n, true
			}
		}
	}
	return nil, false
}

// success tells a 2xx to anything but INVITE and CANCEL.
func (t *Teller) success(i int, h *callflow.Hop, m *sip.Message) {
	if h.Forwards >= 0 {
		switch h.Method {
		case sip.MethodBye:
			t.say("bye.ok.forward")
		case sip.MethodRegister:
			t.say("register.forward.ok")
			t.setRegistered(t.registrant(m), true)
		default:
			t.say("response.forward")
		}
		return
	}
	switch h.Method {
	case sip.MethodBye:
		if t.otherLegUp(i, h) || t.otherBranchUp(h) {
			t.say("bye.ok.leg")
		} else {
			t.say("bye.ok")
		}
		t.tellRTPStat(m)
	case sip.MethodRegister:
		t.registered(h, m)
	case sip.MethodOptions:
		t.say("options.ok")
	case sip.MethodPrack:
		t.say("prack.ok")
	case sip.MethodUpdate:
		t.accepted(h, m, t.changeOf(h))
		t.say("update.ok")
	case sip.MethodInfo:
		t.say("info.ok")
	case sip.MethodRefer:
		t.say("refer.ok")
	case sip.MethodNotify:
		if t.isKeepAlive(h) {
			t.say("notify.keepalive.ok")
		} else {
			t.say("notify.ok")
		}
	case sip.MethodSubscribe:
		if t.ends(h) {
			t.say("subscribe.ok.end")
		} else {
			t.say("subscribe.ok")
		}
	case sip.MethodMessage:
		t.say("message.ok")
	case sip.MethodPublish:
		t.say("publish.ok")
	default:
		t.say("response.ok")
	}
}

// ends reports whether the SUBSCRIBE that a response answers ends its subscription.
func (t *Teller) ends(h *callflow.Hop) bool {
	r := &t.call.Hops[t.call.Transactions[h.Transaction].Request]
	n, ok := t.parse(r).Number(sip.FieldExpires)
	return ok && n == 0 && !r.IsInitial()
}

// registered tells a 200 to REGISTER: what the registrar has now.
func (t *Teller) registered(h *callflow.Hop, m *sip.Message) {
	req := t.call.Transactions[h.Transaction].Request
	request := t.parse(&t.call.Hops[req])
	t.fill[placeUser] = t.registrant(request)
	asked, hasContact := request.Contact()
	count, longest, known := 0, uint32(0), false
	global, hasGlobal := m.Number(sip.FieldExpires)
	for v := range m.Values(sip.FieldContact) {
		a := sip.ParseAddress(m.Text(v))
		count++
		if e, ok := a.Params.Get("expires"); ok {
			if n, err := strconv.ParseUint(string(e), 10, 32); err == nil {
				longest, known = max(longest, uint32(n)), true
				continue
			}
		}
		if hasGlobal {
			longest, known = max(longest, global), true
		}
	}
	if count == 0 && hasGlobal {
		longest, known = global, true
	}
	t.fill[placeCount] = countWord(count)
	t.fill[placeDuration] = t.span(time.Duration(longest) * time.Second)
	expires, has := request.Number(sip.FieldExpires)
	if e, ok := asked.Params.Get("expires"); ok {
		if n, err := strconv.ParseUint(string(e), 10, 32); err == nil {
			expires, has = uint32(n), true
		}
	}
	outcome := t.call.Registered(req, h.Index())
	t.state.others = false
	switch {
	case !hasContact && !t.call.Hops[req].HeaderCut() && h.HeaderCut():
		t.say("registered.list.cut")
	case outcome == callflow.OutcomeUnknown && t.call.OnlyOthers(req, h.Index()):
		t.fill[placeTarget] = t.uriName(asked.URI)
		if other, _ := m.Contact(); count == 1 {
			if t.fill[placeText] = t.uriName(other.URI); t.fill[placeText] == t.fill[placeTarget] { // they differ by their ports
				t.fill[placeText], t.fill[placeTarget] = t.hostPort(other.URI), t.hostPort(asked.URI)
			}
			t.say("registered.other")
		} else {
			t.say("registered.others")
		}
		t.state.others = true
	case outcome == callflow.OutcomeUnknown:
		t.say("registered.cut")
	case !hasContact && count == 0:
		t.say("registered.none")
	case !hasContact && count == 1:
		t.say("registered.list.one")
	case !hasContact:
		t.say("registered.list")
	case asked.Star:
		t.say("unregistered.all")
		t.setRegistered(t.fill[placeUser], false)
		t.state.removed, t.state.nothing = true, false
	case has && expires == 0:
		t.say("unregistered")
		t.setRegistered(t.fill[placeUser], false)
		t.state.removed, t.state.nothing = true, false
	case outcome == callflow.OutcomeUnregistered:
		t.say("registered.zero")
		t.setRegistered(t.fill[placeUser], false)
		t.state.nothing = true
	case count > 1 && known:
		t.say("registered.several")
		t.setRegistered(t.fill[placeUser], true)
		t.state.nothing = false
	case known:
		t.say("registered")
		t.setRegistered(t.fill[placeUser], true)
		t.state.nothing = false
	default:
		t.say("registered.notime")
		t.setRegistered(t.fill[placeUser], true)
		t.state.nothing = false
	}
}
