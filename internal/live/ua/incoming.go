package ua

import (
	"bytes"
	"strconv"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/dialog"
	"sipscribe/sip"
)

// ring takes an INVITE that begins a call (RFC 3261 §13.3.1).
func (p *Phone) ring(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	if p.layer.Merged(m) {
		p.reply(now, from, m, 482, p.layer.Tag(), nil, nil, out) // §8.2.2.2
		return
	}
	l := p.lineFor(from, m)
	switch {
	case l == nil:
		p.reply(now, from, m, 404, p.layer.Tag(), nil, nil, out)
		return
	case l.CfwdAll != "":
		p.turnCallAway(now, from, m, l, 302, l.CfwdAll, "all calls are forwarded", out)
		return
	case l.DND:
		p.turnCallAway(now, from, m, l, 486, "", "DND is on", out)
		return
	case l.call != nil:
		p.turnCallAway(now, from, m, l, 486, l.CfwdBusy, "there is a call already", out)
		return
	case l.offHook:
		p.turnCallAway(now, from, m, l, 486, l.CfwdBusy, HandsetOff, out)
		return
	}
	tag := p.layer.Tag() + "i" + strconv.Itoa(l.number-1)
	if _, err := dialog.FromRequest(m, tag, from); err != nil {
		// Nobody could talk to whoever calls so (§8.1.1.8, §12.1.1).
		p.reply(now, from, m, 400, tag, []sip.DraftField{{Name: "Warning", Value: `399 ` + l.Local.Addr().String() + ` "no usable Contact"`}}, nil, out)
		return
	}
	server, err := p.layer.Accept(now, from, m)
	if err != nil {
		return // so many that another answer would make it worse; the caller tries again
	}
	a := m.From()
	c := &call{line: l, id: string(m.CallID()), peer: string(a.URI.Raw), server: server, received: bytes.Clone(m.Raw), from: from, tag: tag}
	server.User = c
	c.audio = l.newAudio()
	l.call = c
	if n, ok := m.Number(sip.FieldExpires); ok && n > 0 && n < 1<<20 {
		c.expires = now.Add(time.Duration(n) * time.Second)
	}
	if l.AutoAnswer {
		c.autoAnswer = now.Add(l.AutoAnswerDelay)
	}
	if l.CfwdNoAns != "" {
		c.forward = now.Add(l.CfwdNoAnsDelay)
	}
	c.respond(now, 180, []sip.DraftField{{Name: "Contact", Value: nameAddr(l.DisplayName, l.contact())}}, nil, out)
	p.notify(Event{Time: now, Kind: EventIncoming, Line: l.number, Call: c.id, Peer: c.peer})
}

// turnCallAway refuses a call as busy, or redirects it if there is somewhere to forward it to, and tells whoever sits at the phone, who hears nothing of it
// otherwise: of one call a second, however many come.
func (p *Phone) turnCallAway(now time.Time, from live.Flow, m *sip.Message, l *line, status int, forward, why string, out *live.Outbox) {
	var fields []sip.DraftField
	if forward != "" {
		status, fields = 302, l.redirection(forward)
	}
	p.reply(now, from, m, status, p.layer.Tag(), fields, nil, out)
	if !l.turnedAway.IsZero() && now.Sub(l.turnedAway) < time.Second {
		return
	}
	l.turnedAway = now
	a := m.From()
	p.notify(Event{Time: now, Kind: EventTurnedAway, Line: l.number, Call: string(m.CallID()), Peer: string(a.URI.Raw), By: Local, Status: status, Reason: why})
}

// lineFor returns the line that a request is for: by the user in the Request-URI, at the port that it came to if two lines have one name.
func (p *Phone) lineFor(from live.Flow, m *sip.Message) *line {
	uri := m.RequestURI()
	user := string(sip.Unescape(uri.User))
	var found *line
	for _, l := range p.lines {
		if l.UserID != user {
			continue
		}
		if found == nil || l.Local.Port() == from.Local.Port() {
			found = l
		}
	}
	return found
}

// respond answers the INVITE of an incoming call.
func (c *call) respond(now time.Time, status int, fields []sip.DraftField, body []byte, out *live.Outbox) []byte {
	p := c.line.phone
	fields = append(fields, sip.DraftField{Name: "Server", Value: p.cfg.UserAgent})
	b := live.AppendReply(nil, sip.Parse(c.received), c.from, &live.Reply{Status: status, ToTag: c.tag, Fields: fields, Body: body})
	p.layer.Respond(now, c.server, b, out)
	return b
}

// answer takes the call (§13.3.1.4). Its 200 is sent again until the ACK comes, also over TCP, since a proxy on the way may use UDP.
func (c *call) answer(now time.Time, out *live.Outbox) error {
	l := c.line
	c.expires, c.autoAnswer, c.forward = time.Time{}, time.Time{}, time.Time{}
	m := sip.Parse(c.received)
	d, err := dialog.FromRequest(m, c.tag, c.from)
	if err != nil {
		c.refuse(now, 400, []sip.DraftField{{Name: "Warning", Value: `399 ` + l.Local.Addr().String() + ` "no usable Contact"`}}, Local, out)
		return err
	}
	if err := c.open(now); err != nil {
		c.refuse(now, 500, []sip.DraftField{{Name: "Warning", Value: `399 ` + l.Local.Addr().String() + ` "no port for the audio"`}}, Local, out)
		return err
	}
	var description []byte
	if len(m.BodyBytes()) > 0 {
		var ok bool
		if description, ok = c.audio.answer(m.BodyBytes()); !ok {
			c.refuse(now, 488, nil, Local, out)
			return errNoCodec
		}
	} else {
		description = c.audio.offer()
	}
	if !l.offHook {
		l.lift(out)
		c.lifted = c.automatic
	}
	if c.update != nil {
		update := sip.Parse(c.update)
		d.Receive(update)
		d.Refresh(update)
	}
	s := newSession(c, d)
	s.dialog.State = dialog.Confirmed
	s.server, s.offered = c.server, len(m.BodyBytes()) == 0
	s.inviteSeq = m.CSeq().Number
	l.phone.keep(s)
	c.session, c.answerAt = s, now
	if !s.offered {
		c.describe(now)
	}
	s.sendOK(now, c.respond(now, 200, l.describedFields(), description, out))
	l.phone.notify(Event{Time: now, Kind: EventAnswered, Line: l.number, Call: c.id, Peer: c.peer, By: Local})
	return nil
}

// describedFields are those of a 200 with a session description (§13.3.1.4: Contact, Allow, Supported).
func (l *line) describedFields() []sip.DraftField {
	return []sip.DraftField{{Name: "Contact", Value: nameAddr(l.DisplayName, l.contact())}, {Name: "Allow", Value: allow},
		{Name: "Content-Type", Value: "application/sdp"}}
}

// refuse answers the call with a final response other than 2xx, and ends it.
func (c *call) refuse(now time.Time, status int, fields []sip.DraftField, by Party, out *live.Outbox) {
	c.respond(now, status, fields, nil, out)
	c.end(now, by, status, sip.ReasonPhrase(status), out)
}

// withdrawn takes the caller's CANCEL (§9.2), or a BYE before the call was answered (§15.1.2).
func (c *call) withdrawn(now time.Time, out *live.Outbox) {
	if c.ended || c.session != nil {
		return // it came too late: the final response stands
	}
	c.refuse(now, 487, nil, Remote, out)
}
