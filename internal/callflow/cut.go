package callflow

import (
	"slices"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// A log may cut its messages so early that parts of their headers are missing: with a limit of 200 bytes a response keeps little more than its Via.
//
//	SIP/2.0 200 OK^M Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-fd30f6d4;rport^M From: Good Body <sip:sp
//
// What was cut off is not known, and nothing may be concluded from its absence. A message without Call-ID is put into its call by its tags and its branch. A response
// without CSeq belongs to a transaction by its branch; INVITE and CANCEL share one (RFC 3261 §9.1), and which of the two it answers is open until something
// decides it: a 487, an ACK of this branch, a BYE. What nothing decides stays open, and so does the outcome.

// sawCut notes a message that was cut in its header. As long as a call with such a message is open, calls can be found by branch and tag.
func (a *Assembler) sawCut() {
	a.cut = true
	if !a.tying {
		a.tying, a.tiedAt, a.tied = true, a.moves, 0
		for _, c := range a.opened {
			if c == nil {
				continue
			}
			for i := range c.records {
				p := &c.records[i]
				a.tieCut(c, uint64(p.fromTag)<<32, uint64(p.toTag)<<32, uint64(p.branch)<<32, p.flags)
			}
			a.tied += int64(len(c.records))
		}
	}
}

// stray notes a message of which nothing says where it belongs: to any of the calls that are open, or to one that begins soon.
func (a *Assembler) stray(rec *capture.Record) {
	a.strays, a.strayed = true, a.seq
	a.bare, a.bareTime, a.bareClock, a.bareTimed = true, rec.Time.Clock, a.domain, a.timed
}

// afterStray notes that a call begins. One that begins while nobody gives up waiting for an answer may have begun with a stray.
func (a *Assembler) afterStray(c *openCall, rec *capture.Record) {
	if !a.bareTimed || !a.timed || a.domain != a.bareClock || rec.Time.Clock-a.bareTime <= int64(timerEarly) {
		a.strayed = c.seq
	}
}

// named notes that it is known to which call the messages of c belong, or that it never will be.
func (a *Assembler) named(c *openCall) {
	if c.unnamed {
		c.unnamed = false
		a.unnamed--
	}
}

// holdsCut notes that a call has a message that was cut in its header.
func (a *Assembler) holdsCut(c *openCall) {
	if !c.cut {
		c.cut = true
		a.cutCalls++
	}
}

// forgetCut notes that a call is not open any more. With the last that had a cut message nobody is looked for by branch and tag. The next one makes all open calls findable anew:
// not before as many messages have come as that took to look at, so that it cannot be asked for again and again.
func (a *Assembler) forgetCut(c *openCall) {
	if c.cut {
		a.cutCalls--
	}
	if a.tying && a.cutCalls == 0 && a.moves-a.tiedAt >= a.tied {
		a.tying = false
	}
}

// firstLineOnly reports whether nothing but the start line of a message can be used.
func firstLineOnly(m *sip.Message) bool {
	switch n := len(m.Fields); n {
	case 0:
		return true
	case 1:
		_, cut := m.Problem(sip.ProblemCutInLine)
		return cut && m.Fields[0].ID == sip.FieldOther
	}
	return false
}

// cutKey is the key of a tag or branch by which the messages of logs that cut are found: made of what is kept of it in a packed record.
func cutKey(hash uint64) uint64 { return mix(uint64(fold(hash)), 0xc07) }

// tieCut makes a call findable by the tags and the branch of one of its messages.
func (a *Assembler) tieCut(c *openCall, from, to, branch uint64, flags hopFlags) {
	if from != 0 {
		a.tie(c, cutKey(from))
	}
	if to != 0 {
		a.tie(c, cutKey(to))
	}
	if branch != 0 && flags&hopNoBranch == 0 {
		a.tie(c, cutKey(branch))
	}
}

// ofCut returns the call of a message of which the Call-ID was cut off.
func (a *Assembler) ofCut(h *Hop) *openCall {
	if h.flags&hopNoBranch == 0 {
		if c := a.byTag[cutKey(h.branch)]; c != nil {
			return c
		}
	}
	for _, t := range [...]uint64{h.fromTag, h.toTag} {
		if t != 0 {
			if c := a.byTag[cutKey(t)]; c != nil {
				return c
			}
		}
	}
	return nil
}

// cutBefore returns the call that a message with a new Call-ID belongs to: one of which every message so far was cut before its Call-ID.
func (a *Assembler) cutBefore(h *Hop) *openCall {
	if !a.tying {
		return nil
	}
	if c := a.ofCut(h); c != nil && c.id.len == 0 {
		return c
	}
	return nil
}

// answersLeg reports whether a response of which CSeq is missing has the branch of an INVITE of the newest attempt. As long as the call is open it is taken for the
// answer to that.
func (s *openCall) answersLeg(h *Hop) bool {
	if h.Method != sip.MethodUnknown || h.Status == 0 || h.flags&hopCut == 0 {
		return false
	}
	return slices.ContainsFunc(s.legs, func(l leg) bool { return l.branch == fold(h.branch) })
}

// withoutEmptyLines takes hopCut from the messages of a call that all end behind a line, without an empty one: a copy through a web page loses those. Where
// one is cut surely, or has its empty line, the others lack theirs because they were cut there.
func (c *Call) withoutEmptyLines() {
	for i := range c.Hops {
		if h := &c.Hops[i]; h.Kind == capture.KindMessage && (h.flags&hopCut == 0 || h.flags&hopCutSurely != 0) {
			return
		}
	}
	for i := range c.Hops {
		c.Hops[i].flags &^= hopCut
	}
}

// undecided is what ofBranch returns for a response to an INVITE or its CANCEL.
const undecided = -2

// maxOpen is how many responses of a call may be open: each is looked for among the others, and a hostile log may have any number. A further one is taken for a transaction of its own.
const maxOpen = 64

// ofBranch returns the transaction of a message by its branch, where CSeq or From tag of it, or of those before it, are missing: -1 if there is none.
func (c *Call) ofBranch(h *Hop) int {
	if h.flags&hopNoBranch != 0 {
		return -1
	}
	t, cancel := -1, false
	for j := len(c.Transactions) - 1; j >= 0 && j >= len(c.Transactions)-64; j-- {
		tx := &c.Transactions[j]
		switch {
		case tx.branch != h.branch || tx.CSeq != 0 && h.CSeq != 0 && tx.CSeq != h.CSeq:
			continue
		case h.Method != sip.MethodUnknown:
			if txMethod(h.Method) != txMethod(tx.Method) || h.fromTag != 0 && c.fromTagOf(tx) != 0 && h.fromTag != c.fromTagOf(tx) {
				continue
			}
		case h.Status == 0:
			continue
		case tx.Method == sip.MethodCancel:
			cancel = true
			if t >= 0 {
				continue
			}
		}
		if t < 0 || c.Transactions[t].Method == sip.MethodCancel {
			t = j
		}
	}
	if t < 0 {
		return -1
	}
	tx := &c.Transactions[t]
	if h.Method == sip.MethodUnknown && tx.Method == sip.MethodCancel && (h.Status < 200 || h.Status == 487) {
		return -1 // of an INVITE that is not in the log
	}
	if cancel && h.Method == sip.MethodUnknown && tx.Method == sip.MethodInvite && h.Status >= 200 && h.Status != 487 {
		return undecided
	}
	if h.CSeq == 0 {
		h.CSeq = tx.CSeq
	} else if tx.CSeq == 0 {
		tx.CSeq = h.CSeq
	}
	if h.Method == sip.MethodUnknown {
		h.Method = tx.Method
	}
	return t
}

// fromTagOf returns the From tag of a transaction, as far as its newest message has one.
func (c *Call) fromTagOf(tx *Transaction) uint64 {
	if tx.last < 0 {
		return 0
	}
	return c.Hops[tx.last].fromTag
}

// decide settles what the responses in c.open answer, as far as the rest of the call proves it.
func (c *Call) decide() {
	pairs, answered := c.openPairs(), c.wasAnswered()
	left := c.open[:0]
	for _, i := range c.open {
		h := &c.Hops[i]
		pair := pairs[h.branch]
		h.Transaction = int32(pair.invite)
		inv, can := &c.Transactions[pair.invite], &c.Transactions[pair.cancel]
		t := -1
		switch ok := h.Status < 300; {
		case inv.Final >= 0 && (can.Final < 0 || !ok):
			t = pair.cancel
		case inv.Final >= 0, can.Final >= 0:
			t = pair.invite
		case h.Status == 481: // there was nothing left to cancel (§9.2); an INVITE outside a dialog is not answered so
			t = pair.cancel
		case ok && inv.Ack >= 0, ok && c.refusalOf(inv, i):
			t = pair.cancel // its ACK has the branch of the INVITE: that was refused (§17.1.1.3)
		case !ok && inv.Ack >= 0:
			t = pair.invite
		case ok && (answered || c.makesDialog(h)):
			t = pair.invite
		}
		if t < 0 {
			left = append(left, i)
			continue
		}
		tx := &c.Transactions[t]
		h.Transaction, h.Method, h.CSeq = int32(t), tx.Method, tx.CSeq
		h.flags |= hopDecided
		c.place(i, tx)
	}
	c.open = left
}

// openPair is an INVITE and the CANCEL with its branch.
type openPair struct{ invite, cancel int }

// openPairs returns the first INVITE and the first CANCEL of each branch that a response in c.open has.
func (c *Call) openPairs() map[uint64]openPair {
	pairs := map[uint64]openPair{}
	for _, i := range c.open {
		pairs[c.Hops[i].branch] = openPair{-1, -1}
	}
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method != sip.MethodInvite && tx.Method != sip.MethodCancel {
			continue
		}
		pair, ok := pairs[tx.branch]
		switch {
		case !ok:
			continue
		case tx.Method == sip.MethodInvite && pair.invite < 0:
			pair.invite = t
		case tx.Method == sip.MethodCancel && pair.cancel < 0:
			pair.cancel = t
		}
		pairs[tx.branch] = pair
	}
	return pairs
}

// refusalOf reports whether a refusal among the responses that are open must be the INVITE's: the 2xx beside it is that of the CANCEL then, since nobody answers
// and refuses the same INVITE. There are maxOpen of them at most.
func (c *Call) refusalOf(inv *Transaction, but int) bool {
	return slices.ContainsFunc(c.open, func(i int) bool {
		h := &c.Hops[i]
		return i != but && h.branch == inv.branch && h.Status >= 300 && h.Status != 481
	})
}

// makesDialog reports whether a 2xx has what that to an INVITE has and that to a CANCEL has not (RFC 3261 §12.1.1): Contact, Record-Route, a body.
func (c *Call) makesDialog(h *Hop) bool {
	m := sip.Parse(c.Data(h))
	return m.Has(sip.FieldContact) || m.Has(sip.FieldRecordRoute) || m.Body.Len() > 2
}

// wasAnswered reports whether the call has what only follows an answer: a BYE, or the ACK of a 2xx, which is a transaction of its own (§13.2.2.4).
func (c *Call) wasAnswered() bool {
	return slices.ContainsFunc(c.Transactions, func(tx Transaction) bool {
		return (tx.Method == sip.MethodBye || tx.Method == sip.MethodAck) && (tx.Request >= 0 || tx.Ack >= 0)
	})
}

// IsOpen reports whether it is not known what response i answers, an INVITE or its CANCEL.
func (c *Call) IsOpen(i int) bool { return slices.Contains(c.open, i) }

// WasDecided reports whether a response lacks CSeq, and what it answers was concluded from the messages beside it.
func (h *Hop) WasDecided() bool { return h.flags&hopDecided != 0 }

// HeaderCut reports whether the log does not show the header of the message to its end: a field that is missing may have been sent.
func (h *Hop) HeaderCut() bool { return h.flags&hopCut != 0 }

// Unidentified reports whether the Call-ID was cut off from all messages of the call: others may belong to it.
func (c *Call) Unidentified() bool { return c.cut && len(c.ids) == 0 }

// cutOutcome takes back what the messages that are missing from a call, or what was cut off from those that are there, may contradict.
func (c *Call) cutOutcome() {
	silent := c.Outcome == OutcomeInProgress || c.Outcome == OutcomeUnanswered && c.Status == 0
	switch {
	case len(c.open) > 0 && c.Outcome != OutcomeAnswered:
		// Neither a 487 nor a BYE need be missing, as long as nobody knows which of them was to come.
		c.Outcome, c.Status, c.Ring, c.RingFrom, c.Missing = OutcomeUnknown, 0, -1, -1, c.Missing[:0]
	case c.Unidentified() && (silent || c.goesOn() || c.Kind == KindOther && c.Root < 0):
		c.Outcome, c.Status, c.Ring, c.RingFrom = OutcomeUnknown, 0, -1, -1
	case c.Unidentified() && c.Outcome == OutcomeAnswered && c.mayBePart():
		// One call that a log cuts so early has many such parts: counted as answered, each would be a call.
		c.Outcome, c.Status, c.Talk, c.Missing = OutcomeUnknown, 0, -1, c.Missing[:0]
	case c.Unidentified():
	case silent && c.strays:
		c.Outcome = OutcomeUnknown
	case c.strays && len(c.Missing) > 0 && c.cut: // one of its messages was cut itself, and what would lead here may be cut off from others
	default:
		return
	}
	if !slices.Contains(c.Missing, MissingCut) {
		c.Missing = append(c.Missing, MissingCut)
	}
}

// mayBePart reports whether messages without a Call-ID that show an answer may be a part of a call that the log has already: a BYE, or an INVITE of which it is cut off whether it has a
// tag in To and at which nothing rings.
func (c *Call) mayBePart() bool {
	if c.Kind != KindCall || c.Root >= 0 && (c.RingFrom >= 0 || c.Hops[c.Root].flags&hopCut == 0) {
		return false
	}
	if c.Root < 0 {
		return true
	}
	m := sip.Parse(c.Data(&c.Hops[c.Root]))
	return !m.Has(sip.FieldTo)
}

// goesOn reports whether the last answer is one after which the request is usually tried again, in another transaction: with credentials, at another place, for a longer
// time.
func (c *Call) goesOn() bool {
	switch {
	case c.Outcome == OutcomeAnswered || c.Outcome == OutcomeDone || c.Outcome == OutcomeRegistered || c.Outcome == OutcomeUnregistered:
		return false
	case c.Status == 401 || c.Status == 407 || c.Status == 422 || c.Status == 423:
		return true
	}
	return c.Status/100 == 3
}
