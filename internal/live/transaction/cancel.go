package transaction

import (
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Cancel cancels an INVITE (RFC 3261 §9.1). The CANCEL goes out at once if a provisional response has come, else after the first that
// comes; it is dropped if a final response comes first, and if one has come already there is nothing to cancel. It is a client
// transaction of its own, whose responses the user gets, with user as its Client.User. reason is the value of a Reason header field (RFC
// 3326), "" for none. If no final response comes within 64·T1 of the CANCEL, the INVITE ends as EndTimeout. Only the first Cancel
// counts; a request other than INVITE is not cancelled.
func (l *Layer) Cancel(now time.Time, c *Client, reason string, user any, out *live.Outbox) {
	if c.kind != InviteClient || c.cancel != cancelNone || c.state != StateCalling && c.state != StateProceeding {
		return
	}
	c.pending = &pendingCancel{reason, user}
	l.stepClient(now, c, EventCancel, nil, nil, out)
}

// sendCancel makes the transaction of the CANCEL.
func (l *Layer) sendCancel(now time.Time, c *Client, out *live.Outbox) {
	p := c.pending
	c.pending = nil
	l.parsed.Parse(c.request)
	l.made = l.appendCancel(l.made[:0], c, &l.parsed, p.reason)
	cancel := &Client{User: p.user}
	cancel.method, cancel.own = sip.MethodCancel, true
	key := appendClientKey(l.scratch[:0], sip.MethodCancel, nil, []byte(c.Branch()))
	l.scratch = key
	if l.clients[string(key)] != nil {
		return // the user sent a CANCEL of its own with this branch; one is enough
	}
	l.begin(now, cancel, string(key), c.flow, l.made, out)
}

// appendCancel appends the CANCEL of an INVITE (§9.1): no Require, no Proxy-Require, and no credentials, since nobody may challenge it
// (§22.1).
func (l *Layer) appendCancel(dst []byte, c *Client, invite *sip.Message, reason string) []byte {
	dst = appendHop(dst, invite, sip.MethodCancel, invite.Value(sip.FieldTo))
	if reason != "" {
		dst = appendRow(dst, sip.FieldReason, []byte(reason))
	}
	return appendEnd(dst, l.fields(c, sip.MethodCancel, invite))
}
