package explain

import (
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

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
		s.tooLate = true
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
			t.fill[placeDuration] = t.span(allowed)
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
		t.fill[placeDuration] = t.duration(d, max(h.Time.Precision(), c.Hops[ring].Time.Precision()))
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
