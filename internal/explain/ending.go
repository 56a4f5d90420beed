package explain

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// tellEnding tells how it ends, and what of it is not in the log.
func (t *Teller) tellEnding() {
	c := t.call
	t.clear()
	t.begin()
	t.fill[placeStatus] = StatusCode(c.Status)
	t.fill[placeReason] = t.finalReason()
	t.fill[placeMethod] = t.rootMethod()
	missing := c.Missing
	firstLines := t.onlyFirstLines()
	cut := slices.Contains(missing, callflow.MissingCut)
	if cut {
		missing = slices.DeleteFunc(slices.Clone(missing), func(m callflow.Missing) bool { return m == callflow.MissingCut })
	}
	if len(missing) > 0 && !firstLines && c.LogEnded && missing[0] == callflow.MissingBeginning && len(missing) > 1 {
		missing = missing[1:] // it does not follow where the log stops
	}
	if len(missing) > 0 {
		t.fill[placeText] = t.missingList(missing)
	}
	switch {
	case firstLines && c.Outcome == callflow.OutcomeUnknown:
		t.say("end.line")
	case firstLines:
		t.say("end.line.order")
		if len(missing) > 0 {
			t.say("end.line.gap")
		}
	case c.Continued:
		t.say("end.continued")
	case c.Evicted:
		t.say("end.evicted")
	case cut && len(missing) == 0:
	case cut:
		t.say("end.gap.cut")
	case len(c.Missing) == 1 && c.Missing[0] == callflow.MissingBeginning:
		t.say("end.gap")
	case len(c.Missing) > 0 && c.LogEnded && len(t.tail(missing)) == 0:
		t.say("end.gap")
		if c.Missing[0] == callflow.MissingBeginning && missing[0] != callflow.MissingBeginning {
			t.say("end.begin")
		}
	case len(c.Missing) > 0 && c.LogEnded:
		tail := t.tail(missing)
		t.fill[placeText] = t.missingList(tail)
		t.say("end.stops")
		if gaps := slices.DeleteFunc(slices.Clone(missing), func(m callflow.Missing) bool { return slices.Contains(tail, m) }); len(gaps) > 0 {
			t.fill[placeText] = t.missingList(gaps)
			t.say("end.gap.too")
		}
		if len(missing) > 0 && c.Missing[0] == callflow.MissingBeginning && missing[0] != callflow.MissingBeginning {
			t.say("end.begin")
		}
	case (c.Outcome == callflow.OutcomeUnanswered) && c.Status == 0:
		if d, ok := t.waited(); ok {
			t.fill[placeDuration] = d
			t.say("end.unanswered")
		} else {
			t.say("end.gap")
		}
	case c.Outcome == callflow.OutcomeUnknown && len(c.Missing) > 0 && !c.Resumed:
		t.say("end.unknown")
		t.say("end.gap")
	case len(c.Missing) > 0:
		t.say("end.gap")
	case c.Rest:
	default:
		t.fill[placeText] = t.word("word.complete")
		if t.state.cut {
			t.fill[placeText] = t.word("word.complete.cut")
		}
		t.say(t.completeKey())
	}
	t.sayCause(".proof")
	if cut {
		t.sayCut()
	}
	if c.Resumed {
		t.say("end.resumed")
	}
	if c.Rest {
		t.say("end.rest")
	}
	t.end()
	// The last message is the proof of where the log stops.
	for i := len(c.Hops) - 1; i >= 0; i-- {
		if c.Hops[i].Kind == capture.KindMessage {
			t.story.Ending.Evidence = t.evidence(c.Evidence(&c.Hops[i]))
			break
		}
	}
}

// tail returns what of a list would follow where the log stops: not that of which something later is there.
func (t *Teller) tail(missing []callflow.Missing) []callflow.Missing {
	c := t.call
	hungUp, acked, cancelAcked := false, false, false
	for i := range c.Transactions {
		tx := &c.Transactions[i]
		switch tx.Method {
		case sip.MethodBye:
			hungUp = true
		case sip.MethodAck:
			acked = true
		case sip.MethodInvite:
			cancelAcked = cancelAcked || tx.Ack >= 0 && tx.Final < 0
		}
	}
	return slices.DeleteFunc(slices.Clone(missing), func(m callflow.Missing) bool {
		switch m {
		case callflow.MissingFinal:
			return c.Kind == callflow.KindCall && (hungUp || acked || cancelAcked)
		case callflow.MissingAck, callflow.MissingChange:
			return c.Outcome == callflow.OutcomeAnswered && hungUp
		case callflow.MissingBye:
			return hungUp && c.Bye < 0
		case callflow.MissingCancelOK, callflow.MissingInvite487:
			return cancelAcked
		}
		return false
	})
}

// sayCause adds why it ended as it did, where a status alone does not say: in few words behind the summary, with its proof at the end.
func (t *Teller) sayCause(form string) {
	c, s := t.call, &t.state
	add := func(why string) {
		key := "why." + why
		if _, ok := catalogueEN[key+form]; ok {
			key += form
		}
		t.say(key)
	}
	switch {
	case s.crossed && c.Outcome == callflow.OutcomeAnswered:
		add("crossed")
	case c.Refused >= 0 && c.Outcome == callflow.OutcomeAnswered:
		f := &c.Hops[c.Refused]
		t.fill[placeStatus], t.fill[placeReason] = StatusCode(int(f.Status)), t.shown(t.parse(f).Text(t.parse(f).Reason))
		add("afterall")
	case s.tooLate && c.Outcome == callflow.OutcomeAnswered:
		add("late")
	case s.inVain && s.cause == "":
		add("vain")
	case c.Outcome == callflow.OutcomeUnknown && s.cause == "first" && (c.Status == 401 || c.Status == 407):
		add("first")
	case c.Outcome != callflow.OutcomeRejected || s.cause == "" || s.cause == "first" || c.Status != 401 && c.Status != 407 && c.Status != 403 || (c.Status == 403) != (s.cause == "forbidden"):
	default:
		t.fill[placeUser] = s.causeUser
		add(s.cause)
	}
	if t.severalAddresses() {
		t.fill[placeUser], _ = t.lastAddress()
		t.say("why.last")
	}
	if c.Kind != callflow.KindRegistration {
		return
	}
	switch _, a := t.lastAddress(); {
	case !a.up:
	case c.Outcome == callflow.OutcomeUnanswered || c.Outcome == callflow.OutcomeInProgress || c.Status == 504:
		add("before") // the registrar may have got it
	case c.Status >= 300:
		add("unchanged") // what fails changes no binding (RFC 3261 §10.3)
	}
}

// sayCut tells what cannot be known because the log cut its messages.
func (t *Teller) sayCut() {
	c := t.call
	switch {
	case c.Unidentified():
		t.say("end.cut.unidentified")
	case c.Kind == callflow.KindRegistration && c.Status/100 == 2:
		t.say("end.cut.registration")
	case !t.hasOpen() && !t.onlyFirstLines():
		t.say("end.cut.strays")
	default:
		t.say("end.cut")
	}
}

// hasOpen reports whether there is an answer of which it is not known what it answers.
func (t *Teller) hasOpen() bool {
	for i := range t.call.Hops {
		if t.call.IsOpen(i) {
			return true
		}
	}
	return false
}

func (t *Teller) completeKey() string {
	c := t.call
	if c.Kind == callflow.KindCall {
		switch c.Outcome {
		case callflow.OutcomeAnswered:
			if c.Bye >= 0 && c.Hops[c.Bye].Transaction >= 0 {
				if f := c.Transactions[c.Hops[c.Bye].Transaction].Final; f >= 0 && c.Hops[f].Status >= 300 {
					m := t.parse(&c.Hops[f])
					t.fill[placeStatus], t.fill[placeReason] = strconv.Itoa(int(c.Hops[f].Status)), t.shown(m.Text(m.Reason))
					return "end.complete.bye"
				}
			}
			return "end.complete.answered"
		case callflow.OutcomeCancelled:
			// A CANCEL may come too late, or be lost: then something else ended the attempt.
			if t.state.cancelled >= 0 && c.Status == 487 {
				return "end.complete.cancelled"
			}
		}
		return "end.complete.final"
	}
	switch {
	case t.lastAsks():
	case t.state.others && c.Status/100 == 2:
		return "end.complete.others"
	case c.Outcome == callflow.OutcomeRegistered:
		return "end.complete.registered"
	case c.Outcome == callflow.OutcomeUnregistered && t.state.nothing:
		return "end.complete.zero"
	case c.Outcome == callflow.OutcomeUnregistered:
		return "end.complete.unregistered"
	case c.Status >= 300:
		return "end.complete.refused"
	}
	return "end.complete.done"
}

// lastAsks reports whether the last REGISTER only asks which registrations there are: nothing was registered by it.
func (t *Teller) lastAsks() bool {
	for i := len(t.call.Hops) - 1; i >= 0; i-- {
		h := &t.call.Hops[i]
		if h.IsRequest() && h.Method == sip.MethodRegister {
			return t.call.Status/100 == 2 && !h.HeaderCut() && !t.parse(h).Has(sip.FieldContact)
		}
	}
	return false
}

// onlyFirstLines reports whether the log has no more than first lines.
func (t *Teller) onlyFirstLines() bool {
	some := false
	for i := range t.call.Hops {
		if h := &t.call.Hops[i]; h.Kind == capture.KindMessage {
			if some = true; h.Missing != capture.MissingHead {
				return false
			}
		}
	}
	return some
}

// waited returns how long no answer came, as far as repeats of the request show.
func (t *Teller) waited() (string, bool) {
	c := t.call
	if c.Root < 0 || len(c.Hops) == 0 {
		return "", false
	}
	last := len(c.Hops) - 1
	d, ok := c.Between(c.Root, last)
	if !ok || d == 0 {
		return "", false
	}
	return t.duration(d, max(c.Hops[last].Time.Precision(), c.Hops[c.Root].Time.Precision())), true
}

var missingKeys = map[callflow.Missing]string{
	callflow.MissingBeginning: "missing.beginning", callflow.MissingFinal: "missing.final", callflow.MissingAck: "missing.ack",
	callflow.MissingCancelOK: "missing.cancelok", callflow.MissingBye: "missing.bye", callflow.MissingByeOK: "missing.byeok",
	callflow.MissingInvite487: "missing.invite487", callflow.MissingAck487: "missing.ack487",
	callflow.MissingChange: "missing.change", callflow.MissingCut: "missing.cut",
}

// MissingText returns what was not seen, in words.
func (t *Teller) missingText(m callflow.Missing) string {
	key := missingKeys[m]
	at := len(t.buf)
	t.put(t.template(key))
	s := string(t.buf[at:])
	t.buf = t.buf[:at]
	return s
}

func (t *Teller) missingList(list []callflow.Missing) string {
	var parts []string
	for _, m := range list {
		parts = append(parts, t.missingText(m))
	}
	switch n := len(parts); n {
	case 1:
		return parts[0]
	case 2:
		return parts[0] + " " + t.word("word.and") + " " + parts[1]
	default:
		return strings.Join(parts[:n-1], ", ") + ", " + t.word("word.and") + " " + parts[n-1]
	}
}

// Incomplete returns what was not seen of the call that was told last, in words, one for each of Call.Missing.
func (t *Teller) Incomplete() []string {
	var parts []string
	t.fill[placeMethod] = t.rootMethod()
	for _, m := range t.call.Missing {
		parts = append(parts, t.missingText(m))
	}
	return parts
}

// rootMethod returns the method that the call is about.
func (t *Teller) rootMethod() string {
	c := t.call
	h := 0
	if c.Root >= 0 {
		h = c.Root
	}
	if h >= len(c.Hops) {
		return ""
	}
	if s := c.Hops[h].Method.String(); s != "" {
		return s
	}
	return t.shown(t.parse(&c.Hops[h]).MethodName())
}

// finalReason returns the reason phrase of the status that decided.
func (t *Teller) finalReason() string {
	c := t.call
	for i := len(c.Hops) - 1; i >= 0; i-- {
		if h := &c.Hops[i]; h.Kind == capture.KindMessage && int(h.Status) == c.Status && c.Status != 0 {
			m := t.parse(h)
			if s := t.shown(m.Text(m.Reason)); s != "" {
				return s
			}
			break
		}
	}
	return sip.ReasonPhrase(c.Status)
}

// tellHead tells the call in a line, and its outcome in another.
func (t *Teller) tellHead() {
	c := t.call
	t.clear()
	// The names as at the beginning: here the number is mentioned first.
	t.callerName, t.calleeName, t.calleeLater = t.endNames[0], t.endNames[1], t.endNames[2]
	t.fill[placeMethod] = t.rootMethod()
	t.begin()
	if c.Root >= 0 {
		t.to = int(c.Hops[c.Root].To)
		t.from = int(c.Hops[c.Root].From)
		if t.callerName == t.word("word.nobody") && t.from >= 0 {
			t.callerName = t.withArticle(t.from)
		} else if n := t.displayed(); n != "" {
			t.callerName = n
		}
	}
	if c.Kind == callflow.KindRegistration {
		// The registration goes to the registrar, also where a proxy passes it on.
		for i := range c.Participants {
			if c.Participants[i].Role == callflow.RoleRegistrar {
				t.to = i
				break
			}
		}
	}
	switch {
	case c.Root < 0 && t.onlyFirstLines():
		t.say("head.line")
	case c.Root < 0 && c.Unidentified():
		t.say("head.partial.cut")
	case c.Root < 0 && c.Kind == callflow.KindRegistration:
		t.say("head.partial.registration")
	case c.Root < 0 && c.Kind != callflow.KindCall:
		t.say("head.partial.request")
	case c.Root < 0:
		t.say("head.partial")
	case c.Redirected >= 0:
		t.fill[placeTarget] = t.redirectedTo()
		t.say("head.call.redirected")
	case c.Kind == callflow.KindCall:
		t.say("head.call")
	case t.severalAddresses():
		if t.fill[placeCount] = countWord(len(t.addresses)); len(t.addresses) == maxAddresses {
			t.fill[placeCount] = "at least " + t.fill[placeCount]
		}
		t.say("head.registration.several")
	case c.Outcome == callflow.OutcomeUnregistered && t.state.nothing:
		t.say("head.registration")
	case c.Outcome == callflow.OutcomeUnregistered && t.state.everLive && t.state.removed:
		t.say("head.registration.both")
	case c.Outcome == callflow.OutcomeUnregistered:
		t.say("head.unregistration")
	case c.Kind == callflow.KindRegistration && c.Status/100 != 2 && t.lastRemoves() && t.state.everLive:
		t.say("head.registration.removal")
	case c.Kind == callflow.KindRegistration && c.Status/100 != 2 && t.lastRemoves() && callflow.Unregisters(t.parse(&c.Hops[c.Root])):
		t.say("head.unregistration")
	case c.Kind == callflow.KindRegistration && c.Hops[c.Root].HeaderCut() && c.Hops[c.Root].Missing != capture.MissingHead && c.Outcome != callflow.OutcomeRegistered:
		t.say("head.request")
	case c.Kind == callflow.KindRegistration && c.Hops[c.Root].Method == sip.MethodRegister && c.Hops[c.Root].Missing != capture.MissingHead && !t.parse(&c.Hops[c.Root]).Has(sip.FieldContact):
		t.say("head.fetch")
	case c.Kind == callflow.KindRegistration:
		t.say("head.registration")
	default:
		t.say("head.request")
	}
	t.end()
	t.begin()
	t.summary()
	t.end()
}

// redirectedTo names the last place that the call was redirected to: by the user alone, if it is another one than that which was called first.
func (t *Teller) redirectedTo() string {
	c := t.call
	u := t.parse(&c.Hops[c.Redirected]).RequestURI()
	if user := userName(u.User); len(user) > 0 && !u.Masked && !bytes.Equal(user, userName(t.parse(&c.Hops[c.Root]).RequestURI().User)) {
		return t.shown(user)
	}
	return t.uriName(u)
}

// displayed returns the caller as the facts have it: the user ID and the display name.
func (t *Teller) displayed() string {
	name, user := t.fact(factDisplayName), t.fact(factUserID)
	switch {
	case t.call.Caller >= 0 && !t.call.Participants[t.call.Caller].Device && t.near != t.call.Caller:
		return "" // the facts are those of another
	case user != nil && user.Value != "" && name != nil && strings.EqualFold(name.Value, user.Value):
		return name.Value
	case user != nil && user.Value != "" && name != nil:
		return t.joined(user.Value, ` "`, name.Value, `"`)
	case user != nil && user.Value != "":
		return user.Value
	case name != nil:
		return name.Value
	}
	return ""
}

// harmless reports whether the request is one whose refusal harms nothing: a keep-alive that wants any answer at all, an OPTIONS to one that does not know OPTIONS.
func (t *Teller) harmless() bool {
	c := t.call
	if c.Root < 0 {
		return false
	}
	h := &c.Hops[c.Root]
	return h.Method == sip.MethodOptions && (c.Status/100 == 2 || c.Status == 405 || c.Status == 501) || h.Method == sip.MethodNotify && t.eventName(t.parse(h)) == "keep-alive"
}

// outcomeKeys are the keys of the sentences that tell an outcome, made once.
var outcomeKeys = func() []string {
	var keys []string
	for _, outcome := range callflow.Outcomes() {
		keys = append(keys, "sum."+outcome)
	}
	return keys
}()

func (t *Teller) summary() {
	c := t.call
	precision := c.Precision()
	if t.onlyFirstLines() && c.Outcome == callflow.OutcomeUnknown {
		if t.fill[placeStatus] = StatusCode(c.Status); c.Status == 0 {
			t.say("sum.line")
			return
		}
		if t.fill[placeReason], t.fill[placeText] = t.finalReason(), ""; c.Kind == callflow.KindRegistration {
			t.say("sum.line.request")
		} else {
			t.say("sum.done")
		}
		return
	}
	extra := ""
	phrase := func(key string) {
		at := len(t.buf)
		t.put(t.template(key))
		extra = t.joined(extra, string(t.buf[at:]))
		t.buf = t.buf[:at]
	}
	if c.Ring >= 0 {
		t.fill[placeDuration] = t.duration(c.Ring, precision)
		extra = " "
		if c.Outcome != callflow.OutcomeAnswered && c.Outcome != callflow.OutcomeCancelled {
			extra = ", " // a status and its words stand before it
		}
		if c.RingFrom >= 0 && c.Hops[c.RingFrom].Status != 180 {
			phrase("sum.early")
		} else {
			phrase("sum.ring")
		}
	}
	if c.Talk >= 0 {
		t.fill[placeDuration] = t.duration(c.Talk, precision)
		phrase("sum.talk")
	}
	t.fill[placeText] = extra
	t.fill[placeStatus] = StatusCode(c.Status)
	t.fill[placeReason] = t.finalReason()
	key := outcomeKeys[c.Outcome]
	cut := slices.Contains(c.Missing, callflow.MissingCut)
	switch {
	case t.state.others && c.Outcome == callflow.OutcomeUnknown && c.Kind == callflow.KindRegistration && c.Status/100 == 2:
		key = "sum.registered.others"
	case c.Kind == callflow.KindRegistration && c.Status >= 300 && c.Status != 408 && c.Status != 504 && t.lastRemoves():
		key = "sum.removal.refused"
	case c.Rest && c.Outcome == callflow.OutcomeUnknown:
		key = "sum.rest"
	case cut && c.Outcome == callflow.OutcomeUnknown && c.Kind == callflow.KindRegistration && c.Status != 0:
		key = "sum.registered.cut"
	case cut && c.Outcome == callflow.OutcomeUnknown:
		key = "sum.unknown.cut"
	case c.Outcome == callflow.OutcomeUnregistered && t.state.nothing:
		key = "sum.unregistered.zero"
	case c.Outcome == callflow.OutcomeUnregistered && t.state.everLive && t.state.removed && !t.lastAsks():
		key = "sum.unregistered.after"
	case c.Outcome == callflow.OutcomeUnanswered && c.Kind == callflow.KindCall && c.Status == 480 && c.RingFrom < 0 && c.Root >= 0:
		key = "sum.unreachable"
	case c.Outcome == callflow.OutcomeUnanswered && c.Kind != callflow.KindCall && c.Status != 0:
		key = "sum.unreached"
	case c.Outcome == callflow.OutcomeUnanswered && c.Kind == callflow.KindCall && c.Status == 408 && c.RingFrom < 0 && c.Root >= 0:
		key = "sum.unanswered.silent"
	case c.Outcome == callflow.OutcomeCancelled && t.state.elsewhere:
		key = "sum.cancelled.elsewhere"
	case c.Outcome == callflow.OutcomeCancelled && t.state.cancelled < 0:
		key = "sum.cancelled.ended"
	case c.Kind == callflow.KindRegistration && t.lastAsks(),
		c.Status != 0 && t.harmless():
		key = "sum.done"
	}
	t.say(key)
	t.sayCause("")
	begin := len(c.Missing) > 0 && c.Missing[0] == callflow.MissingBeginning
	switch {
	case len(c.Missing) == 0 || c.Outcome == callflow.OutcomeInProgress || c.Outcome == callflow.OutcomeUnknown && !begin:
	case cut && c.Outcome == callflow.OutcomeUnknown:
	case cut:
		t.say("sum.incomplete.cut")
	case begin && c.Kind != callflow.KindCall:
		t.say("sum.incomplete.start")
	case begin:
		t.say("sum.incomplete.begin")
	case c.LogEnded && len(t.tail(c.Missing)) > 0:
		t.say("sum.incomplete")
	default:
		t.say("sum.incomplete.gap")
	}
}
