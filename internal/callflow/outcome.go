package callflow

import (
	"bytes"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// analyse draws the conclusions that need the whole call; those that a row of a list shows, or all.
func (c *Call) analyse(rows bool) {
	c.Caller, c.Callee, c.Root, c.Ring, c.Talk = -1, -1, -1, -1, -1
	c.RingFrom, c.Answer, c.Bye, c.Refused, c.Redirected, c.late = -1, -1, -1, -1, -1, false
	if c.several {
		c.findSkews()
	}
	if c.several || c.disordered {
		c.findOrder()
	}
	looked := c.disordered
	if c.findTransactions(); !looked && !c.mayCut && len(c.copies) == 0 && (c.disordered || c.contradictory()) {
		c.disordered = true
		if c.findOrder() {
			c.forgetTransactions()
			c.findTransactions()
		}
	}
	c.findDoubleLogging()
	c.findOverlap()
	if len(c.copies) > 0 {
		c.takeFinerClock()
	}
	c.findForwards()
	if !rows {
		c.findDirections()
		if len(c.copies) > 0 {
			c.shareDirections()
		}
	}
	c.findDialogs()
	c.findOutcome()
	if !rows {
		c.findParticipants()
	}
}

// findOutcome decides how the call ended, by the transactions that nobody else's pass on: what the initiator itself saw.
func (c *Call) findOutcome() {
	if c.firstLinesOnly() {
		if c.startLineOutcome(); c.mixed {
			c.Outcome, c.Status = OutcomeUnknown, 0
			c.Missing = append(c.Missing, MissingCut)
		}
		return
	}
	switch c.Kind {
	case KindCall:
		c.callOutcome()
	case KindRegistration:
		c.registrationOutcome()
	default:
		c.requestOutcome()
	}
	if c.cut || c.strays {
		c.cutOutcome()
	}
	if c.Rest {
		c.restOutcome()
	}
}

// restOutcome takes back what was concluded from what does not follow: it was told before.
func (c *Call) restOutcome() {
	c.Missing = c.Missing[:0]
	switch c.Outcome {
	case OutcomeUnanswered, OutcomeInProgress:
	case OutcomeRejected:
		if c.Status != 401 && c.Status != 407 {
			return
		}
	default:
		return
	}
	c.Outcome, c.Status = OutcomeUnknown, 0
}

// firstLinesOnly reports whether the log has no more of any message than its first line.
func (c *Call) firstLinesOnly() bool {
	any := false
	for i := range c.Hops {
		if h := &c.Hops[i]; h.Kind == capture.KindMessage {
			if h.Missing != capture.MissingHead {
				return false
			}
			any = true
		}
	}
	return any
}

// attempt reports whether transaction t is an INVITE outside a dialog as its initiator sent it.
func (c *Call) attempt(t int) bool {
	tx := &c.Transactions[t]
	return tx.Method == sip.MethodInvite && tx.Upstream < 0 && (tx.Request < 0 || c.Hops[tx.Request].toTag == 0)
}

func (c *Call) callOutcome() {
	last := -1 // the last attempt
	answered := -1
	redirected := -1 // hop of the first redirection
	replaced := 0    // attempts of further Call-IDs are other legs: the call is what its first leg was
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if !c.attempt(t) {
			continue
		}
		if len(c.Joined) > 0 && c.Root >= 0 && tx.Request >= 0 && c.Hops[tx.Request].fromTag != c.Hops[c.Root].fromTag {
			replaced++
			continue
		}
		if tx.Request >= 0 && c.IsOtherCall(&c.Hops[tx.Request]) {
			continue
		}
		if tx.Request < 0 && c.Root >= 0 && tx.Final < 0 && tx.Provisional < 0 {
			continue
		}
		if last >= 0 {
			if f := c.Transactions[last].Final; redirected < 0 && f >= 0 && c.Hops[f].Status/100 == 3 {
				redirected = f
			}
			if redirected >= 0 && c.goesElsewhere(t, last, redirected) {
				c.Redirected = tx.Request
			}
		}
		last = t
		if tx.Request >= 0 && c.Root < 0 {
			c.Root = tx.Request
		}
		if tx.Final >= 0 && c.Hops[tx.Final].Status/100 == 2 && answered < 0 {
			answered = t
		}
	}
	bye, byeTx := -1, -1
	for t := range c.Transactions {
		if tx := &c.Transactions[t]; tx.Method == sip.MethodBye && tx.Request >= 0 {
			if len(c.Joined) > 0 && c.Root >= 0 && c.Hops[tx.Request].fromTag != c.Hops[c.Root].fromTag && c.Hops[tx.Request].toTag != c.Hops[c.Root].fromTag {
				continue
			}
			bye, byeTx = tx.Request, t
			break
		}
	}
	if last < 0 {
		// The beginning is not in the log: a BYE or a re-INVITE says that somebody had answered.
		c.Missing = append(c.Missing, MissingBeginning)
		if len(c.Dialogs) > 0 || bye >= 0 || c.hasReinvite() {
			c.Outcome = OutcomeAnswered
			if bye >= 0 {
				c.byeMissing(byeTx)
			} else {
				c.Missing = append(c.Missing, MissingBye)
			}
		}
		return
	}
	deciding := last
	if answered >= 0 {
		deciding = answered
		// Of several answers the caller keeps the first: its dialog's BYE ends the call, the others are hung up at once (RFC 3261 §13.2.2.4). Of
		// another telephone that answered nothing but its BYE may have come.
		if d := c.Dialog(&c.Hops[c.Transactions[answered].Final]); d >= 0 && len(c.Joined) == 0 && (len(c.Dialogs) > 1 || c.Dialogs[d].Bye >= 0) {
			if bye = c.Dialogs[d].Bye; bye >= 0 {
				byeTx = int(c.Hops[bye].Transaction)
			}
		}
	}
	tx := &c.Transactions[deciding]
	if c.Root < 0 {
		c.Missing = append(c.Missing, MissingBeginning)
	}
	ringAt := -1
	if tx.Provisional >= 0 {
		ringAt = c.firstRinging(deciding)
	}
	if tx.Final >= 0 {
		c.Status = int(c.Hops[tx.Final].Status)
	}
	cancel := -1
	if tx.Cancel >= 0 && !c.cancelRefused(tx) {
		cancel = c.Transactions[tx.Cancel].Request
	}
	end := tx.Final
	switch {
	case answered >= 0:
		c.Outcome = OutcomeAnswered
	case cancel >= 0:
		c.Outcome = OutcomeCancelled
		if end < 0 || cancel < end { // one that comes behind the end stops no ringing
			end = cancel
		}
	case tx.Final >= 0:
		c.Outcome = c.outcomeOf(tx)
	case bye >= 0 || c.wasAcknowledged(tx):
		c.Outcome = OutcomeAnswered // nobody hangs up what nobody answered; the answer is not in the log
	case tx.Ack >= 0:
		c.Outcome = OutcomeUnknown // refused: its ACK is here (RFC 3261 §17.1.1.3), the refusal is not in the log
	case c.noAnswerAtAll(deciding) && (!c.LogEnded && !c.Evicted && !c.Continued || c.timedOut(tx.Request)):
		c.Outcome = OutcomeUnanswered
	case c.LogEnded || c.Evicted || c.Continued:
		c.Outcome = OutcomeInProgress
	case c.expired(deciding):
		c.Outcome = OutcomeUnanswered
	default:
		c.Outcome = OutcomeUnknown
	}
	if c.late && answered >= 0 {
		if c.Refused = c.refusedBefore(answered); c.Refused >= 0 {
			end = c.Refused
		}
	}
	if ringAt >= 0 && end >= 0 {
		c.Ring, c.RingFrom = c.between(ringAt, end), ringAt
	}
	if c.Bye = bye; answered >= 0 {
		c.Answer = tx.Final
		if bye >= 0 {
			c.Talk = c.between(tx.Final, c.reaches(byeTx, tx.Final))
		}
	}
	// What was not seen.
	switch c.Outcome {
	case OutcomeAnswered:
		if c.changeUnanswered() {
			c.Missing = append(c.Missing, MissingChange)
		}
		if answered < 0 {
			c.Missing = append(c.Missing, MissingFinal)
		} else if !c.hasAck(answered) {
			c.Missing = append(c.Missing, MissingAck)
		}
		switch {
		case bye < 0 && c.byeAnswered():
			c.Missing = append(c.Missing, MissingBye) // the call is over all the same
		case bye < 0 || c.legUp():
			c.Missing = append(c.Missing, MissingBye)
		default:
			c.byeMissing(byeTx)
		}
	case OutcomeCancelled:
		// A 487 says that there was a CANCEL; it may have gone another way than past this observer.
		if tx.Cancel >= 0 && c.Transactions[tx.Cancel].Final < 0 {
			c.Missing = append(c.Missing, MissingCancelOK)
		}
		switch {
		case tx.Final < 0 && tx.Ack >= 0:
			c.Missing = append(c.Missing, MissingInvite487)
		case tx.Final < 0:
			c.Missing = append(c.Missing, MissingInvite487, MissingAck487)
		case tx.Ack < 0:
			c.Missing = append(c.Missing, MissingAck487)
		}
	default:
		switch {
		case tx.Final < 0:
			c.Missing = append(c.Missing, MissingFinal)
		case tx.Ack < 0:
			c.Missing = append(c.Missing, MissingAck)
		}
	}
}

// refusedBefore returns the refusal in an INVITE's transaction behind which its 2xx came, -1 if there is none. A demand for credentials is none.
func (c *Call) refusedBefore(t int) int {
	for i := c.Transactions[t].Final - 1; i >= 0; i-- {
		if h := &c.Hops[i]; int(h.Transaction) == t && h.Status >= 300 && h.Status != 401 && h.Status != 407 && !h.Duplicate && h.RepeatOf < 0 {
			return i
		}
	}
	return -1
}

// reaches returns the hop in which a BYE comes by where the answer of the call was seen, by which the talk time is measured: the caller's end. One that the callee sends is seen
// there last, behind all the proxies that pass it on.
func (c *Call) reaches(bye, answer int) int {
	hop := c.Transactions[bye].Request
	if c.Hops[hop].fromTag != c.Hops[answer].toTag {
		return hop // of the caller, who sends it first of all
	}
	for t := bye + 1; t < len(c.Transactions); t++ {
		if tx := &c.Transactions[t]; tx.Upstream == bye && tx.Request >= 0 {
			bye, hop = t, tx.Request
		}
	}
	return hop
}

// cancelRefused reports whether the CANCEL of an INVITE cancelled nothing: one that came before its INVITE, or long after, is refused by 481 (RFC 3261 §9.2), and the INVITE ends in its
// own way. One that has no answer at all the caller gives up (§9.1).
func (c *Call) cancelRefused(invite *Transaction) bool {
	f := c.Transactions[invite.Cancel].Final
	return f >= 0 && c.Hops[f].Status >= 300 && invite.Final >= 0 && c.Hops[invite.Final].Status != 487
}

// changeUnanswered reports whether an INVITE within the call has no final answer in the log, and no ACK that tells of one.
func (c *Call) changeUnanswered() bool {
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method != sip.MethodInvite || tx.Request < 0 || tx.Upstream >= 0 || tx.Final >= 0 || tx.Ack >= 0 || c.Hops[tx.Request].toTag == 0 {
			continue
		}
		acked := false
		const maxLook = 64 // its ACK follows at once
		for a := max(0, t-maxLook); a < min(len(c.Transactions), t+maxLook); a++ {
			x := &c.Transactions[a]
			acked = acked || x.Method == sip.MethodAck && x.CSeq == tx.CSeq && x.Request >= 0 && c.Hops[x.Request].fromTag == c.Hops[tx.Request].fromTag
		}
		if !acked {
			return true
		}
	}
	return false
}

// wasAcknowledged reports whether the call has the ACK of a 2xx to the INVITE of a transaction, which is a transaction of its own (RFC 3261 §13.2.2.4), or the answer to a BYE.
func (c *Call) wasAcknowledged(invite *Transaction) bool {
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method == sip.MethodAck && tx.Upstream < 0 && tx.CSeq == invite.CSeq {
			i := tx.Request
			if i < 0 {
				i = tx.Ack
			}
			if i >= 0 && c.Hops[i].toTag != 0 && c.Hops[i].flags&hopNoBranch == 0 {
				return true
			}
		}
	}
	return c.byeAnswered()
}

// byeAnswered reports whether the call has the answer to a BYE that is not in the log.
func (c *Call) byeAnswered() bool {
	for t := range c.Transactions {
		if tx := &c.Transactions[t]; tx.Method == sip.MethodBye && tx.Request < 0 && tx.Final >= 0 && c.Hops[tx.Final].Status/100 == 2 {
			return true
		}
	}
	return false
}

// IsOtherCall reports whether a request is the INVITE of another call than that which began under this Call-ID: the same caller sends it with another From tag to another To. Somebody
// has edited the log then, or uses one Call-ID for all that he does.
func (c *Call) IsOtherCall(h *Hop) bool {
	if c.Root < 0 || len(c.Joined) > 0 || h.Method != sip.MethodInvite || h.toTag != 0 || h.fromTag == 0 {
		return false
	}
	root := &c.Hops[c.Root]
	if root.fromTag == 0 || root.fromTag == h.fromTag || root.Method != sip.MethodInvite || root.toTag != 0 {
		return false
	}
	from, to, ok := c.FromTo(h)
	rootFrom, rootTo, rootOK := c.FromTo(root)
	if !ok || !rootOK {
		return false
	}
	a, b := bytes.Index(from, []byte(";tag=")), bytes.Index(rootFrom, []byte(";tag="))
	return a >= 0 && b >= 0 && bytes.Equal(from[:a], rootFrom[:b]) && !bytes.Equal(to, rootTo)
}

// goesElsewhere reports whether the INVITE of transaction t, behind a redirection, goes to one of the places that this named (RFC 3261 §8.1.3.4): right behind it to the
// first, behind the answer from there to another address, if the first was no good. What was sent before the redirection went to none of them.
func (c *Call) goesElsewhere(t, earlier, redirection int) bool {
	tx, e := &c.Transactions[t], &c.Transactions[earlier]
	if e.Final < 0 || tx.Request < e.Final || e.Request < 0 {
		return false
	}
	if c.Hops[e.Final].Status/100 == 3 {
		return true
	}
	// Of neither the text is missing where only rows are asked for; see openCall.redirected.
	return e.Request > redirection && !bytes.Equal(sip.Parse(c.Data(&c.Hops[tx.Request])).RequestURI().Raw, sip.Parse(c.Data(&c.Hops[e.Request])).RequestURI().Raw)
}

func (c *Call) byeMissing(t int) {
	if c.Transactions[t].Final < 0 {
		c.Missing = append(c.Missing, MissingByeOK)
	}
}

// legUp reports whether a dialog of the call was answered and no BYE ends it: another branch that answered too, the leg that a transfer made.
func (c *Call) legUp() bool {
	for i := range c.Dialogs {
		if d := &c.Dialogs[i]; d.Confirmed >= 0 && d.Bye < 0 && c.Hops[d.Confirmed].Method == sip.MethodInvite {
			return true
		}
	}
	return false
}

func (c *Call) hasReinvite() bool {
	for t := range c.Transactions {
		if tx := &c.Transactions[t]; tx.Method == sip.MethodInvite && tx.Request >= 0 && c.Hops[tx.Request].toTag != 0 {
			return true
		}
	}
	return false
}

// hasAck reports whether the 2xx of transaction t was acknowledged: an ACK with its CSeq number and tag.
func (c *Call) hasAck(t int) bool {
	f := &c.Hops[c.Transactions[t].Final]
	for i := range c.Hops {
		h := &c.Hops[i]
		if c.late && int(h.Transaction) == t && i < c.Transactions[t].Final {
			continue // of the refusal that came first
		}
		if h.IsRequest() && h.Method == sip.MethodAck && h.Missing != capture.MissingBody && (h.CSeq == f.CSeq || h.CSeq == 0 && h.flags&hopCut != 0) && (h.toTag == f.toTag || h.toTag == 0 || f.toTag == 0) {
			return true
		}
	}
	return false
}

// firstRinging returns the first response of transaction t that says that somebody is being alerted, or that the call is making
// progress: 180 to 183.
func (c *Call) firstRinging(t int) int {
	for i := range c.Hops {
		if h := &c.Hops[i]; int(h.Transaction) == t && h.Status >= 180 && h.Status <= 183 {
			return i
		}
	}
	return -1
}

// timedOut reports whether the client has given the request up by now, for want of any answer: 64*T1, 32 s, after it was first sent (timers B and F; RFC 3261
// §17.1.1.2, §17.1.2.2).
func (c *Call) timedOut(request int) bool {
	if request < 0 {
		return false
	}
	t := c.Hops[request].Time
	return !t.IsZero() && c.now[t.Domain()]-t.Clock >= int64(32*time.Second)
}

// noAnswerAtAll reports whether the request of transaction t got no response at all.
func (c *Call) noAnswerAtAll(t int) bool {
	for i := range c.Hops {
		if h := &c.Hops[i]; int(h.Transaction) == t && h.Status != 0 {
			return false
		}
	}
	return true
}

// expired reports whether the invitation's own time (Expires; RFC 3261 §13.3.1) had passed when the call was closed. The assembler closes a
// ringing call after more than that.
func (c *Call) expired(t int) bool {
	tx := &c.Transactions[t]
	if tx.Request < 0 {
		return false
	}
	h := &c.Hops[tx.Request]
	if h.flags&hopBrief != 0 {
		return h.flags&hopExpires != 0
	}
	n, ok := c.parsed(0, tx.Request).Number(sip.FieldExpires)
	return ok && ringsBriefly(n)
}

// ringsBriefly reports whether an invitation with this Expires has passed when the assembler closes a call that rings.
func ringsBriefly(expires uint32) bool {
	return expires > 0 && time.Duration(expires)*time.Second <= timerEarly
}

// outcomeOf classes the final status of a transaction. A demand for credentials of which the request is not in the log is no refusal yet: whether that had any is not known,
// and without them it is the normal first step (RFC 3261 §22.1).
func (c *Call) outcomeOf(tx *Transaction) Outcome {
	status := int(c.Hops[tx.Final].Status)
	if tx.Request < 0 && (status == 401 || status == 407) {
		return OutcomeUnknown
	}
	return outcomeOf(status)
}

// outcomeOf classes a final status other than 2xx (docs/json.md, "Outcomes").
func outcomeOf(status int) Outcome {
	switch {
	case status == 486 || status == 600:
		return OutcomeBusy
	case status/100 == 3:
		return OutcomeRedirected
	case status == 408 || status == 480:
		return OutcomeUnanswered
	case status == 487:
		return OutcomeCancelled
	case status/100 == 4 || status/100 == 6:
		return OutcomeRejected
	case status/100 == 5:
		return OutcomeFailed
	}
	return OutcomeUnknown
}

// between returns the time between two hops, -1 if one has none.
func (c *Call) between(i, j int) time.Duration {
	a, b := c.Hops[i].Time, c.Hops[j].Time
	if a.IsZero() || b.IsZero() || a.Domain() != b.Domain() {
		return -1
	}
	if d := b.Sub(a); d >= 0 {
		return d
	}
	return -1
}

// Between returns the time between two hops by their clocks, and false if it cannot be told.
func (c *Call) Between(i, j int) (time.Duration, bool) {
	d := c.between(i, j)
	return d, d >= 0
}

func (c *Call) registrationOutcome() {
	last := -1
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method != sip.MethodRegister || tx.Upstream >= 0 {
			continue
		}
		if c.Root < 0 && tx.Request >= 0 {
			c.Root = tx.Request
		}
		last = t
	}
	if last < 0 {
		c.requestOutcome()
		return
	}
	tx := &c.Transactions[last]
	if tx.Request < 0 {
		c.Missing = append(c.Missing, MissingBeginning)
	}
	if tx.Final < 0 {
		c.Missing = append(c.Missing, MissingFinal)
		if c.Outcome = OutcomeUnanswered; (c.LogEnded || c.Evicted || c.Continued) && !c.timedOut(tx.Request) {
			c.Outcome = OutcomeInProgress
		}
		return
	}
	c.Status = int(c.Hops[tx.Final].Status)
	switch c.Status / 100 {
	case 2:
		c.Outcome = OutcomeRegistered
		if tx.Request >= 0 {
			c.Outcome = c.Registered(tx.Request, tx.Final)
		}
		if c.Outcome == OutcomeUnknown && !c.OnlyOthers(tx.Request, tx.Final) {
			c.Missing = append(c.Missing, MissingCut)
		}
	case 3:
		c.Outcome = OutcomeRedirected
	case 5:
		c.Outcome = OutcomeFailed
	default:
		c.Outcome = c.outcomeOf(tx)
	}
}

// parsed returns the message of a hop, in one of the places that there are for messages: until another is asked for in it.
func (c *Call) parsed(place, hop int) *sip.Message {
	if c.places == nil {
		c.places = new([2]sip.Message)
	}
	m := &c.places[place]
	m.Parse(c.Data(&c.Hops[hop]))
	return m
}

// Registered returns what a REGISTER and its 200, two hops, have come to. Where a header was cut, a Contact or Expires may have stood in what is missing.
func (c *Call) Registered(asked, granted int) Outcome {
	request, response := c.parsed(0, asked), c.parsed(1, granted)
	whole := c.Hops[asked].flags&hopCut == 0
	switch {
	case request.Has(sip.FieldContact) && (Unregisters(request) || Unregisters(response)):
		return OutcomeUnregistered // the second grants nothing of what was asked
	case whole && c.Hops[granted].flags&hopCut == 0 && onlyOthers(request, response):
		return OutcomeUnknown // it does not say that the one who asked is registered
	case request.Has(sip.FieldContact) && (whole || request.Has(sip.FieldExpires) || grants(response)):
		return OutcomeRegistered
	case !whole:
	case request.Has(sip.FieldContact), response.Has(sip.FieldContact):
		return OutcomeRegistered
	case c.Hops[granted].flags&hopCut == 0:
		return OutcomeUnregistered // asked, and nothing is there
	}
	return OutcomeUnknown
}

// grants reports whether a 200 to a REGISTER says that a binding lives on.
func grants(m *sip.Message) bool {
	a, ok := m.Contact()
	v, has := a.Params.Get("expires")
	return ok && has && len(v) > 0 && v[0] != '0'
}

// Unregisters reports whether a REGISTER removes all the bindings that it names (RFC 3261 §10.2.2).
func Unregisters(m *sip.Message) bool {
	expires, has := m.Number(sip.FieldExpires)
	contacts, zero := 0, 0
	for s := range m.Values(sip.FieldContact) {
		addr := sip.ParseAddress(m.Text(s))
		contacts++
		v, ok := addr.Params.Get("expires")
		if ok && string(v) == "0" || !ok && has && expires == 0 {
			zero++
		}
	}
	return contacts > 0 && contacts == zero
}

// livesOn reports whether a refusal of the request of transaction t still says all that was asked, that somebody is there: of the keep-alive NOTIFY of an SPA, to which most
// servers say 481 or 489, and of an OPTIONS by one that does not know OPTIONS. Any other refusal of an OPTIONS is what an INVITE would have got (RFC 3261 §11.2).
func (c *Call) livesOn(t int) bool {
	tx := &c.Transactions[t]
	switch {
	case tx.Method == sip.MethodOptions:
		return c.Status == 405 || c.Status == 501
	case tx.Method != sip.MethodNotify || tx.Request < 0 || c.Hops[tx.Request].toTag != 0:
		return false
	}
	return c.Status != 408 && c.Status/100 != 5 && string(c.parsed(0, tx.Request).Value(sip.FieldEvent)) == "keep-alive"
}

// requestOutcome concludes how a request that is neither a call nor a registration ended.
func (c *Call) requestOutcome() {
	open := false
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Upstream >= 0 {
			continue
		}
		if c.Root < 0 && tx.Request >= 0 {
			c.Root = tx.Request
		}
		switch {
		case tx.Final >= 0 && c.Root >= 0 && tx.Method != c.Hops[c.Root].Method:
			// What follows from it: the NOTIFY of a SUBSCRIBE.
		case tx.Final >= 0:
			open = false
			c.Status = int(c.Hops[tx.Final].Status)
			if c.Outcome = c.outcomeOf(tx); c.Status/100 == 2 || c.livesOn(t) {
				c.Outcome = OutcomeDone
			}
		case tx.Method == sip.MethodAck:
		default:
			open = true
			c.Status = 0
			if c.Outcome = OutcomeUnanswered; (c.LogEnded || c.Evicted || c.Continued) && !c.timedOut(tx.Request) {
				c.Outcome = OutcomeInProgress
			}
		}
	}
	if c.Root < 0 {
		c.Missing = append(c.Missing, MissingBeginning)
	} else if open {
		c.Missing = append(c.Missing, MissingFinal)
	}
}
