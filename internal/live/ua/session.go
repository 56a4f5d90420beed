package ua

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/dialog"
	"sipscribe/internal/live/transaction"
	"sipscribe/internal/media"
	"sipscribe/sip"
)

var errNoCodec = errors.New("the offer has no codec that the phone knows")

// session is a confirmed dialog of a call: the call's own, or one that is ended as soon as it began because another was there before.
type session struct {
	call   *call
	dialog dialog.Dialog
	auth   *credentials

	// The caller's side: the number of the INVITE, and its ACK.
	inviteSeq uint32
	ack       ack

	// The side that answered an INVITE: the 2xx, to be sent again until the ACK comes (§13.3.1.4).
	server   *transaction.Server
	ok       []byte
	again    time.Time
	interval time.Duration
	giveUp   time.Time
	offered  bool // the 2xx had the offer, so that the ACK has the answer
	byeAfter bool // BYE as soon as the ACK has come (§15)

	// change is a re-INVITE of this side under way; retry when it is made again after a 491 (§14.1), with the direction wanted.
	change  *request
	expires time.Time // of the change
	retry   time.Time
	wanted  bool
	retried bool // it was made again after a 500, which is done once

	over   bool
	ending bool // a BYE is on its way
	// reason is the BYE's; byeAgain when one that could not go out is made again, byeWait how long that was after the last.
	reason   string
	byeAgain time.Time
	byeWait  time.Duration
	forget   time.Time
}

func newSession(c *call, d dialog.Dialog) *session {
	d.MaxForwards = c.line.phone.cfg.MaxForward
	return &session{call: c, dialog: d, auth: newCredentials(c.line, c.line.account)}
}

func (s *session) timers() transaction.Timers {
	t := s.call.line.phone.cfg.Timers
	if t.T1 == 0 {
		t.T1 = 500 * time.Millisecond
	}
	if t.T2 == 0 {
		t.T2 = 4 * time.Second
	}
	return t
}

// ack is the ACK for a 2xx: made once, and sent again as it is for each repeat of the 2xx (RFC 3261 §13.2.2.4).
type ack struct {
	message []byte
	flow    live.Flow
	pending bool // the address that it goes to is being looked up: a repeat of the 2xx begins no other look-up
}

// acknowledge sends the ACK for the 2xx to the INVITE that made the session.
func (s *session) acknowledge(now time.Time, out *live.Outbox) {
	s.sendAck(now, &s.ack, s.inviteSeq, s.auth.shown, out)
}

// sendAck makes an ACK with the CSeq number of its INVITE and with its credentials (§13.2.2.4), and sends it where the dialog's requests go.
func (s *session) sendAck(now time.Time, a *ack, seq uint32, shown []sip.DraftField, out *live.Outbox) {
	switch {
	case a.message != nil:
		out.Send(a.flow, 0, a.message)
		return
	case a.pending:
		return
	}
	a.pending = true
	l := s.call.line
	_, _, next := s.dialog.Route()
	s.resolve(now, next, func(now time.Time, flow live.Flow, out *live.Outbox) {
		fields := []sip.DraftField{{Name: "User-Agent", Value: l.phone.cfg.UserAgent}}
		if l.isServer(flow) {
			fields = append(fields, shown...) // and only there, against §13.2.2.4: see request.transmit
		}
		d := s.dialog.Request("ACK", seq, l.via(flow), fields, nil)
		a.message, a.flow, a.pending = d.AppendTo(nil), flow, false
		out.Send(flow, 0, a.message)
	}, out)
}

// resolve finds the first address of the next hop of a dialog. One without a route goes by the line's outbound proxy if that is set so, else
// to the other side's Contact.
func (s *session) resolve(now time.Time, next string, f func(now time.Time, flow live.Flow, out *live.Outbox), out *live.Outbox) {
	l := s.call.line
	if uri := s.proxied(); uri != "" {
		next = uri
	}
	l.phone.resolve(now, next, func(now time.Time, flows []live.Flow, _ error, out *live.Outbox) {
		flow := s.dialog.Flow // where the other side's messages come from is better than nothing
		if len(flows) > 0 {
			flow = flows[0]
		}
		if flow.Transport == l.Transport {
			flow.Local = l.Local
		}
		f(now, flow, out)
	}, out)
}

// proxied returns the outbound proxy that a request of the dialog goes to, "" if it goes by the dialog's own route.
func (s *session) proxied() string {
	l := s.call.line
	if len(s.dialog.RouteSet) == 0 && l.UseOutboundProxy && !l.NoOutboundProxyInDialog {
		return l.server()
	}
	return ""
}

// request returns a request in the dialog (§12.2.1.1).
func (s *session) request(method string) *request {
	l := s.call.line
	seq := s.dialog.NextSeq()
	r := &request{line: l, session: s, method: method, seq: seq, auth: s.auth.follow(), nextSeq: s.dialog.NextSeq}
	_, _, r.next = s.dialog.Route()
	if uri := s.proxied(); uri != "" {
		r.next = uri
	}
	r.draft = s.dialog.Request(method, seq, "", []sip.DraftField{{Name: "User-Agent", Value: l.phone.cfg.UserAgent}}, nil)
	r.failed = func(now time.Time, status int, reason string, out *live.Outbox) { s.lost(now, status, reason, out) }
	return r
}

// lost ends the session after a request of it was not answered, or by 481 (§12.2.1.2).
func (s *session) lost(now time.Time, status int, reason string, out *live.Outbox) {
	if !s.ending {
		s.bye(now, "", out)
	}
	if s.call.session == s {
		s.call.end(now, Network, status, reason, out)
	}
}

// bye ends the session from this side (§15.1.1). The side that answered waits for the ACK first, or until it gives that up (§15).
func (s *session) bye(now time.Time, reason string, out *live.Outbox) {
	if s.ending || s.over {
		return
	}
	s.release(now)
	if s.ok != nil {
		s.byeAfter = true
		return
	}
	s.ending, s.retry, s.reason = true, time.Time{}, reason
	s.dropChange(now, out)
	s.sendBye(now, out)
}

// sendBye sends the BYE. One that could not go out, or whose connection ended before it was answered (with a challenge, for all that is known), is made again
// after 4, 8 and 16 s: without it the other side would stay in the call. One that went out and was not answered was sent often enough.
func (s *session) sendBye(now time.Time, out *live.Outbox) {
	s.byeAgain = time.Time{}
	r := s.request("BYE")
	if s.reason != "" {
		r.add("Reason", s.reason)
	}
	r.draft.Fields = append(r.draft.Fields, s.statsField()...)
	r.answered = func(now time.Time, _ *response, _ *live.Outbox) { s.close(now) }
	r.failed = func(now time.Time, status int, _ string, _ *live.Outbox) {
		t2 := s.timers().T2
		if status != 503 || s.byeWait >= 4*t2 {
			s.close(now)
			return
		}
		s.byeWait = max(t2, 2*s.byeWait)
		s.byeAgain = now.Add(s.byeWait)
	}
	r.send(now, out)
}

// dropChange cancels a re-INVITE that waits for its answer. The other side may not answer it any more once there is a BYE, and an INVITE that has had a
// 100 waits for ever.
func (s *session) dropChange(now time.Time, out *live.Outbox) {
	s.expires = time.Time{}
	if s.change != nil {
		s.change.cancel(now, "", out)
	}
}

// close ends the session. It is kept for as long as its INVITE can be answered again.
func (s *session) close(now time.Time) {
	s.over = true
	s.dialog.State = dialog.Terminated
	s.ok, s.again, s.giveUp, s.retry, s.byeAgain = nil, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	s.forget = now.Add(64 * s.timers().T1)
}

// sendOK keeps the 2xx that was just sent, to be sent again until the ACK comes.
func (s *session) sendOK(now time.Time, ok []byte) {
	t := s.timers()
	s.ok, s.interval = ok, t.T1
	s.again, s.giveUp = now.Add(t.T1), now.Add(64*t.T1)
}

// acked takes the ACK of the other side. A body is the answer to the offer that the 2xx had.
func (s *session) acked(now time.Time, m *sip.Message, out *live.Outbox) {
	if s.ok == nil || m.CSeq().Number != s.inviteSeq {
		return
	}
	s.ok, s.again, s.giveUp = nil, time.Time{}, time.Time{}
	if s.offered {
		s.offered = false
		if !s.byeAfter && !s.call.audio.accept(m.BodyBytes()) {
			s.bye(now, `SIP;cause=488;text="Not Acceptable Here"`, out)
			s.call.end(now, Local, 488, "the answer has no codec that was offered", out)
			return
		}
		if !s.byeAfter {
			s.call.describe(now)
		}
	}
	if s.byeAfter {
		s.byeAfter = false
		s.bye(now, "", out)
	}
}

func (s *session) wake(now time.Time, out *live.Outbox) {
	switch {
	case due(s.giveUp, now):
		// No ACK within 64·T1: the session is confirmed and must be ended (§13.3.1.4).
		s.ok, s.again, s.giveUp = nil, time.Time{}, time.Time{}
		s.bye(now, "", out)
		if s.call.session == s {
			s.call.end(now, Network, 408, "no ACK", out)
		}
	case due(s.again, now):
		s.interval = min(2*s.interval, s.timers().T2)
		s.again = now.Add(s.interval)
		s.call.line.phone.layer.Respond(now, s.server, s.ok, out)
	}
	if due(s.expires, now) {
		s.dropChange(now, out)
	}
	if due(s.retry, now) {
		s.retry = time.Time{}
		s.reinvite(now, out)
	}
	if due(s.byeAgain, now) {
		s.sendBye(now, out)
	}
}

func (s *session) next() time.Time {
	if s.over {
		return s.forget
	}
	return earlier(earlier(s.again, s.giveUp), earlier(s.retry, earlier(s.expires, s.byeAgain)))
}

// ErrBusy says that a change is under way already.
var ErrBusy = errors.New("the call is being changed already")

// hold puts the other side on hold, or takes it back (RFC 3264 §8.4).
func (s *session) hold(now time.Time, on bool, out *live.Outbox) error {
	if s.change != nil || s.ok != nil || s.ending || s.over || !s.retry.IsZero() {
		return ErrBusy
	}
	s.wanted, s.retried = on, false
	s.reinvite(now, out)
	return nil
}

// reinvite offers the session again (§14.1).
func (s *session) reinvite(now time.Time, out *live.Outbox) {
	if s.ending || s.over || s.change != nil {
		return
	}
	c := s.call
	before := c.audio.hold
	c.audio.hold = s.wanted
	r := s.request("INVITE")
	r.add("Contact", nameAddr(c.line.DisplayName, c.line.contact()))
	c.line.addSupported(r)
	r.body("application/sdp", c.audio.offer())
	var acked ack
	r.answered = func(now time.Time, m *response, out *live.Outbox) {
		s.expires = time.Time{}
		if m.Status < 300 {
			if s.change == r {
				s.dialog.Refresh(m.Message) // before the ACK, which goes where the 2xx says (§12.2.1.2)
			}
			// Each 2xx gets its ACK, also when it comes again.
			s.sendAck(now, &acked, r.seq, r.auth.shown, out)
			if s.change != r {
				return
			}
			s.change = nil
			if !c.audio.accept(m.BodyBytes()) && !s.ending {
				s.bye(now, `SIP;cause=488;text="Not Acceptable Here"`, out)
				c.end(now, Local, 488, "the answer has no codec that was offered", out)
			}
			c.describe(now)
			return
		}
		s.change = nil
		c.audio.hold = before
		switch m.Status {
		case 491:
			// Both sides at once: whoever made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms (§14.1).
			ticks, base := 200, time.Duration(0)
			if c.outgoing {
				ticks, base = 190, 2100*time.Millisecond
			}
			n, _ := strconv.ParseUint(c.line.phone.random(2), 16, 16)
			s.retry = now.Add(base + time.Duration(int(n)%ticks)*10*time.Millisecond)
		case 500:
			// The other side was in the middle of something: it says when it will be done (§14.2: up to 10 s). Once.
			if n, ok := m.Number(sip.FieldRetryAfter); ok && n <= longestRetry && !s.retried {
				s.retried = true
				s.retry = now.Add(time.Duration(n) * time.Second)
				return
			}
			s.unchanged(now, m)
		case 481, 408:
			s.lost(now, int(m.Status), string(m.Text(m.Reason)), out)
		default:
			s.unchanged(now, m)
		}
	}
	s.change, s.expires = r, now.Add(c.line.phone.cfg.ReInviteExpires)
	r.failed = func(now time.Time, status int, reason string, out *live.Outbox) {
		s.change, s.expires = nil, time.Time{}
		s.lost(now, status, reason, out)
	}
	r.send(now, out)
}

// longestRetry is how many seconds a Retry-After may ask to wait with a change of the call: twice what §14.2 allows. Whoever holds a call does not wait longer.
const longestRetry = 20

// unchanged tells that the other side has refused a change of the call.
func (s *session) unchanged(now time.Time, m *response) {
	c := s.call
	s.notify(Event{Time: now, Kind: EventUnchanged, Line: c.line.number, Call: c.id, Peer: c.peer, By: Remote, Status: int(m.Status), Reason: string(m.Text(m.Reason))})
}

// changed takes a re-INVITE or UPDATE of the other side (§14.2, RFC 3311 §5.2).
func (s *session) changed(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	c := s.call
	p := c.line.phone
	switch {
	case s.change != nil:
		p.reply(now, from, m, 491, "", nil, nil, out)
		return
	case s.byeAfter:
		// It was hung up here, and waits for its ACK to say so. Who changes the call has had the answer.
		p.reply(now, from, m, 481, "", nil, nil, out)
		s.ok, s.again, s.giveUp, s.byeAfter = nil, time.Time{}, time.Time{}, false
		s.bye(now, "", out)
		return
	case s.ok != nil && s.offered:
		// Our offer in the 2xx has no answer yet: two offers at once. (An answer of ours whose ACK was lost is no reason to refuse: RFC 5407 §3.1.4.)
		p.reply(now, from, m, 491, "", nil, nil, out)
		return
	}
	was := c.audio
	var description []byte
	offered := false
	switch body := m.BodyBytes(); {
	case len(body) > 0:
		var ok bool
		if description, ok = c.audio.answer(body); !ok {
			c.audio = was
			p.reply(now, from, m, 488, "", nil, nil, out)
			return
		}
	case m.Method == sip.MethodInvite:
		description, offered = c.audio.offer(), true
	}
	s.dialog.Refresh(m)
	fields := c.line.describedFields()
	if description == nil {
		fields = fields[:2]
	}
	if m.Method == sip.MethodUpdate {
		p.reply(now, from, m, 200, "", fields, description, out)
	} else {
		server, err := p.layer.Accept(now, from, m)
		if err != nil {
			return
		}
		server.User = c
		s.server, s.offered, s.inviteSeq = server, offered, m.CSeq().Number
		b := live.AppendReply(nil, m, from, &live.Reply{Status: 200, Fields: append(fields, p.server()), Body: description})
		p.layer.Respond(now, server, b, out)
		s.sendOK(now, b)
	}
	if description != nil && !offered {
		c.describe(now)
	}
	e := Event{Time: now, Line: c.line.number, Call: c.id, Peer: c.peer, By: Remote}
	switch {
	case c.audio.held && !was.held:
		e.Kind = EventHeld
		s.notify(e)
	case !c.audio.held && was.held:
		e.Kind = EventResumed
		s.notify(e)
	}
}

// notify tells what the other side does, but not to a user whose call is over: one that was hung up before the ACK came goes on until then.
func (s *session) notify(e Event) {
	if s.call.session == s && !s.call.ended {
		s.call.line.phone.notify(e)
	}
}

// hungUp takes the BYE of the other side (§15.1.2).
func (s *session) hungUp(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	s.release(now)
	s.call.line.phone.reply(now, from, m, 200, "", s.statsField(), nil, out)
	if s.over {
		return
	}
	s.dropChange(now, out)
	s.close(now)
	if s.call.session == s {
		s.call.end(now, Remote, 0, "", out)
	}
}

// sendDigit sends a key, as DTMF Tx Method has it: with the sound, or by INFO.
func (s *session) sendDigit(now time.Time, key byte, out *live.Outbox) error {
	if s.ending || s.over {
		return ErrNoCall
	}
	if method := s.call.line.DTMFTx; method != DTMFINFO {
		err := media.ErrDigits
		if s.call.sound != nil {
			err = s.call.sound.Dial(now, string(key), 0)
		}
		if method == DTMFAVT || !errors.Is(err, media.ErrDigits) {
			return err
		}
	}
	r := s.request("INFO")
	r.body("application/dtmf-relay", []byte("Signal="+string(key)+"\r\nDuration=160\r\n"))
	r.answered = func(now time.Time, m *response, out *live.Outbox) {
		if m.Status == 481 || m.Status == 408 {
			s.lost(now, int(m.Status), string(m.Text(m.Reason)), out)
		}
	}
	r.send(now, out)
	return nil
}

// informed takes an INFO: the keys that the other side presses.
func (s *session) informed(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	c := s.call
	p := c.line.phone
	p.reply(now, from, m, 200, "", nil, nil, out)
	kind, _, _ := strings.Cut(strings.ToLower(string(m.Value(sip.FieldContentType))), ";")
	key := ""
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		for line := range bytes.Lines(m.BodyBytes()) {
			name, value, ok := bytes.Cut(line, []byte("="))
			if ok && strings.EqualFold(strings.TrimSpace(string(name)), "signal") {
				key = strings.TrimSpace(string(value))
			}
		}
	case "application/dtmf":
		key = strings.TrimSpace(string(m.BodyBytes()))
	}
	if len(key) == 1 && strings.ContainsAny(key, "0123456789*#ABCD") {
		if c.session == s && !c.ended {
			c.pressed(now, key)
		}
	}
}
