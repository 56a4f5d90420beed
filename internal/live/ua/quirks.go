package ua

import (
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// quirks returns the header fields of an ACK or CANCEL that the transaction layer makes: User-Agent, and what a real SPA puts there besides.
func (p *Phone) quirks(c *transaction.Client, method sip.Method, _ *sip.Message) []sip.DraftField {
	fields := []sip.DraftField{{Name: "User-Agent", Value: p.cfg.UserAgent}}
	r, ok := c.User.(*request)
	if !ok {
		return fields
	}
	l := r.line
	switch {
	case method == sip.MethodAck && p.cfg.Quirks.AckContact:
		fields = append(fields, sip.DraftField{Name: "Contact", Value: nameAddr(l.DisplayName, l.contact())})
	case method == sip.MethodCancel && p.cfg.Quirks.CancelCredentials:
		follow := r.auth.follow()
		fields = append(fields, follow.fields("CANCEL", r.draft.URI)...)
	}
	return fields
}
