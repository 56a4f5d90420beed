package ua

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/dialog"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// user is the phone as the user of its transactions (RFC 3261 §8).
type user Phone

var _ transaction.User = (*user)(nil)

// Request takes a request that belongs to no transaction (§8.2).
func (u *user) Request(now time.Time, from live.Flow, m *sip.Message, cancels *transaction.Server, out *live.Outbox) {
	p := (*Phone)(u)
	if m.Method == sip.MethodAck {
		if s, ok := p.sessions[dialog.IDOfRequest(m)]; ok {
			s.acked(now, m, out)
		}
		return
	}
	v := sip.Validator{Role: sip.RoleUAS, Stream: from.Reliable(), Extensions: []string{}, ContentTypes: contentTypes}
	switch verdict := v.Verdict(m); verdict.Action {
	case sip.ActionDrop:
		return
	case sip.ActionReject:
		if verdict.Status != 0 {
			p.turnAway(from, m, verdict.Status, owed(verdict.Status, m), out)
		}
		return
	}
	if m.Method == sip.MethodCancel {
		u.cancel(now, from, m, cancels, out)
		return
	}
	if len(m.ToTag()) > 0 {
		u.inDialog(now, from, m, out)
		return
	}
	switch m.Method {
	case sip.MethodInvite:
		p.ring(now, from, m, out)
	case sip.MethodOptions:
		u.options(now, from, m, out)
	case sip.MethodNotify:
		p.reply(now, from, m, 481, p.layer.Tag(), nil, nil, out) // no subscription that it could be of (RFC 6665 §4.1.3)
	case sip.MethodBye, sip.MethodUpdate, sip.MethodInfo, sip.MethodPrack:
		p.reply(now, from, m, 481, p.layer.Tag(), nil, nil, out)
	default:
		p.reply(now, from, m, 405, p.layer.Tag(), []sip.DraftField{{Name: "Allow", Value: allow}}, nil, out) // §8.2.1
	}
}

// contentTypes are the bodies that the phone can read.
var contentTypes = []string{"application/sdp", "application/dtmf-relay", "application/dtmf"}

// owed returns the header fields that a refusal must have (§8.2.1, §8.2.2.3, §8.2.3).
func owed(status int, m *sip.Message) []sip.DraftField {
	switch status {
	case 405:
		return []sip.DraftField{{Name: "Allow", Value: allow}}
	case 415:
		return []sip.DraftField{{Name: "Accept", Value: strings.Join(contentTypes, ", ")}, {Name: "Accept-Encoding", Value: "identity"}}
	case 420:
		return []sip.DraftField{{Name: "Unsupported", Value: string(m.Value(sip.FieldRequire))}}
	}
	return nil
}

// cancel takes a CANCEL (§9.2): it is answered by 200 with the To tag of the call, and the INVITE by 487.
func (u *user) cancel(now time.Time, from live.Flow, m *sip.Message, cancels *transaction.Server, out *live.Outbox) {
	p := (*Phone)(u)
	if cancels == nil {
		p.turnAway(from, m, 481, nil, out)
		return
	}
	switch of := cancels.User.(type) {
	case *call:
		p.reply(now, from, m, 200, of.tag, nil, nil, out)
		of.withdrawn(now, out)
	case refused:
		p.reply(now, from, m, 200, string(of), nil, nil, out)
	default:
		p.reply(now, from, m, 200, p.layer.Tag(), nil, nil, out)
	}
}

// refused is the user of an INVITE transaction that was answered for good at once: the tag of the answer. The 200 to a CANCEL that crosses the answer
// has the same (§9.2).
type refused string

// inDialog takes a request with a To tag (§12.2.2).
func (u *user) inDialog(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	p := (*Phone)(u)
	s, ok := p.sessions[dialog.IDOfRequest(m)]
	if !ok {
		c := u.early(m)
		switch {
		case c != nil && m.Method == sip.MethodUpdate:
			c.updated(now, from, m, out)
		case c != nil && m.Method == sip.MethodBye && !c.outgoing:
			p.reply(now, from, m, 200, "", nil, nil, out)
			c.withdrawn(now, out)
		default:
			if m.Method == sip.MethodBye {
				u.missed(m)
			}
			p.reply(now, from, m, 481, "", nil, nil, out)
		}
		return
	}
	if s.over {
		if m.Method == sip.MethodBye {
			s.hungUp(now, from, m, out) // both have hung up at once
			return
		}
		p.reply(now, from, m, 481, "", nil, nil, out)
		return
	}
	if s.ending && m.Method != sip.MethodBye {
		p.reply(now, from, m, 481, "", nil, nil, out) // the session ended as the BYE went out (§15.1.1)
		return
	}
	if status := s.dialog.Receive(m); status != 0 {
		p.reply(now, from, m, status, "", nil, nil, out)
		return
	}
	switch m.Method {
	case sip.MethodInvite, sip.MethodUpdate:
		s.changed(now, from, m, out)
	case sip.MethodBye:
		s.hungUp(now, from, m, out)
	case sip.MethodInfo:
		s.informed(now, from, m, out)
	case sip.MethodOptions:
		u.options(now, from, m, out)
	case sip.MethodNotify:
		p.reply(now, from, m, 489, "", nil, nil, out)
	default:
		p.reply(now, from, m, 405, "", []sip.DraftField{{Name: "Allow", Value: allow}}, nil, out)
	}
}

// missed takes note of a BYE that has overtaken the 2xx of an outgoing call: whoever answered waited 64·T1 for the ACK and hung up (§13.3.1.4). When the 2xx
// comes after all nobody is there any more.
func (u *user) missed(m *sip.Message) {
	for _, l := range u.lines {
		if c := l.call; c != nil && c.outgoing && c.id == string(m.CallID()) && c.tag == string(m.ToTag()) && len(c.gone) < maxForks {
			c.gone = append(c.gone, string(m.FromTag()))
		}
	}
}

// early returns the call, not answered yet, whose early dialog a request belongs to (§12.1).
func (u *user) early(m *sip.Message) *call {
	for _, l := range u.lines {
		c := l.call
		if c == nil || c.session != nil || c.id != string(m.CallID()) || c.tag != string(m.ToTag()) {
			continue
		}
		theirs := c.outgoing && contains(c.earlyTags, string(m.FromTag()))
		if theirs || !c.outgoing && string(sip.Parse(c.received).FromTag()) == string(m.FromTag()) {
			return c
		}
	}
	return nil
}

// updated takes an UPDATE before the call is answered (RFC 3311 §5.2). The offer of the INVITE has no answer yet (none is given in a provisional response, which
// would have to be reliable), so that another one is refused, by either side in its way; an UPDATE without one changes where the other side is.
func (c *call) updated(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	p := c.line.phone
	before := c.received
	if c.update != nil {
		before = c.update
	}
	switch {
	case !c.outgoing && m.CSeq().Number <= sip.Parse(before).CSeq().Number:
		p.reply(now, from, m, 500, "", nil, nil, out) // RFC 3261 §12.2.2
	case len(m.BodyBytes()) > 0 && c.outgoing:
		p.reply(now, from, m, 491, "", nil, nil, out)
	case len(m.BodyBytes()) > 0:
		wait, _ := strconv.ParseUint(p.random(1), 16, 8)
		p.reply(now, from, m, 500, "", []sip.DraftField{{Name: "Retry-After", Value: strconv.Itoa(int(wait % 11))}}, nil, out)
	default:
		if !c.outgoing {
			c.update = bytes.Clone(m.Raw)
		}
		p.reply(now, from, m, 200, "", c.line.describedFields()[:2], nil, out)
	}
}

// options answers OPTIONS as it would an INVITE (§11.2).
func (u *user) options(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	p := (*Phone)(u)
	l := p.lineFor(from, m)
	uri := m.RequestURI()
	status := 200
	switch {
	case len(m.ToTag()) > 0:
	case l == nil && len(uri.User) > 0:
		status = 404
	case l != nil && (l.call != nil || l.DND):
		status = 486
	}
	tag := ""
	if len(m.ToTag()) == 0 {
		tag = p.layer.Tag()
	}
	fields := []sip.DraftField{{Name: "Allow", Value: allow}, {Name: "Accept", Value: "application/sdp"}, {Name: "Accept-Encoding", Value: "identity"},
		{Name: "Accept-Language", Value: "en"}}
	p.reply(now, from, m, status, tag, fields, nil, out)
}

// server returns the Server header field.
func (p *Phone) server() sip.DraftField {
	return sip.DraftField{Name: "Server", Value: p.cfg.UserAgent}
}

// turnAway answers a request without a transaction (§8.2.7), with the same To tag each time. What breaks the rules may be anybody's: with a transaction, a
// CANCEL or half an INVITE with the branch of a call would take the place of the caller's, and a refusal would be sent eleven times to an
// address that nobody has proved.
func (p *Phone) turnAway(from live.Flow, m *sip.Message, status int, fields []sip.DraftField, out *live.Outbox) {
	via, _ := m.TopVia()
	sum := sha256.Sum256(via.Branch())
	b := live.AppendReply(nil, m, from, &live.Reply{Status: status, ToTag: hex.EncodeToString(sum[:8]), Fields: append(fields, p.server())})
	out.Send(live.ReplyFlow(m, from), 0, b)
}

// reply takes a request on as a transaction and answers it for good.
func (p *Phone) reply(now time.Time, from live.Flow, m *sip.Message, status int, tag string, fields []sip.DraftField, body []byte, out *live.Outbox) {
	s, err := p.layer.Accept(now, from, m)
	if err != nil {
		return // too many, or not a request that can be answered
	}
	if m.Method == sip.MethodInvite {
		s.User = refused(tag)
	}
	b := live.AppendReply(nil, m, from, &live.Reply{Status: status, ToTag: tag, Fields: append(fields[:len(fields):len(fields)], p.server()), Body: body})
	p.layer.Respond(now, s, b, out)
}

// Response takes a response to a request of the phone.
func (u *user) Response(now time.Time, c *transaction.Client, m *sip.Message, out *live.Outbox) {
	if r, ok := c.User.(*request); ok {
		r.respond(now, &response{m, c.Flow()}, out)
	}
}

// StrayResponse is nobody's (RFC 6026 §8.9).
func (u *user) StrayResponse(time.Time, live.Flow, *sip.Message, *live.Outbox) {}

// ClientFailed tells that no answer will come (§8.1.3.1).
func (u *user) ClientFailed(now time.Time, c *transaction.Client, why transaction.End, err error, out *live.Outbox) {
	r, ok := c.User.(*request)
	if !ok || r.client != c {
		return
	}
	status := 503
	if why == transaction.EndTimeout {
		status = 408
	}
	r.fail(now, status, err.Error(), out)
}

// ServerFailed: that an ACK for a refusal did not come changes nothing.
func (u *user) ServerFailed(time.Time, *transaction.Server, transaction.End, error, *live.Outbox) {}

// ClientEnded and ServerEnded: what belongs to a transaction is let go by itself.
func (u *user) ClientEnded(time.Time, *transaction.Client) {}

// ServerEnded is the same for a Server.
func (u *user) ServerEnded(time.Time, *transaction.Server) {}
