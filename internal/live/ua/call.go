package ua

import (
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/dialog"
	"sipscribe/internal/live/transaction"
	"sipscribe/internal/media"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// call is an attempt to talk, until it has failed or its session has ended.
type call struct {
	line     *line
	outgoing bool
	id       string // Call-ID
	peer     string // the other side's URI
	audio    audio
	sound    media.Port    // nil: it has none
	counts   *media.Counts // once the sound has ended
	answerAt time.Time
	session  *session // once it is answered
	ended    bool

	// An outgoing call:
	request   *request
	tag       string
	seq       uint32
	visited   []string // where it was redirected to
	tried     bool     // a 100 has been told of
	rang      bool     // a 180 or 183 has been told of
	cancelled Party    // whose doing it is that it was cancelled
	gone      []string // tags of those who have hung up, and whose answer has not come
	earlyTags []string // the tags of the phones that ring: each has an early dialog with the caller (§12.1)

	// An incoming call:
	server   *transaction.Server
	received []byte // the INVITE
	from     live.Flow
	update   []byte // the last UPDATE before it is answered

	// automatic: it is answered by itself. lifted: the handset was lifted so, and is put back so.
	automatic, lifted bool
	// extra is how many dialogs were ended as soon as they began.
	extra int

	// expires is when the call has rung long enough; autoAnswer when it is answered by itself; forward when it is redirected.
	expires, autoAnswer, forward time.Time
}

// allow is what the phone takes (RFC 3261 §20.5).
const allow = "ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, UPDATE"

// firstSeq is where an SPA begins to count the INVITEs of a call.
const firstSeq = 101

func newOutgoing(l *line, uri string) *call {
	p := l.phone
	// The letter at the end of the tag is an SPA's: o for the caller, i for the callee, then the line. A log of one side tells the parties by it.
	c := &call{line: l, outgoing: true, id: p.random(4) + "-" + p.random(4) + "@" + l.Local.Addr().String(), peer: uri,
		tag: p.layer.Tag() + "o" + strconv.Itoa(l.number-1), seq: firstSeq}
	c.audio = l.newAudio()
	return c
}

// invite sends the INVITE to the other side (§13.2.1).
func (c *call) invite(now time.Time, out *live.Outbox) {
	c.expires = now.Add(c.line.phone.cfg.InviteExpires)
	c.sendInvite(now, c.peer, out)
}

func (c *call) sendInvite(now time.Time, uri string, out *live.Outbox) {
	l := c.line
	r := l.newRequest("INVITE", uri, nameAddr(l.DisplayName, l.aor())+";tag="+c.tag, "<"+c.peer+">", c.id, c.seq)
	r.nextSeq = func() uint32 { c.seq++; return c.seq }
	if c.request != nil {
		r.auth = c.request.auth.follow()
	}
	r.add("Contact", nameAddr(l.DisplayName, l.contact()))
	r.add("Expires", strconv.Itoa(int(c.line.phone.cfg.InviteExpires/time.Second)))
	l.addSupported(r)
	r.body("application/sdp", c.audio.offer())
	r.provisional, r.answered, r.failed = c.provisional, c.answered, c.failed
	c.request = r
	r.send(now, out)
}

// addSupported says what the phone can do.
func (l *line) addSupported(r *request) {
	r.add("Allow", allow)
	if l.phone.cfg.Quirks.Sipura {
		r.add("Supported", "x-sipura")
	}
}

func (c *call) provisional(now time.Time, m *response, out *live.Outbox) {
	if c.ended || c.session != nil {
		return
	}
	p := c.line.phone
	if m.Status > 100 {
		if tag := string(m.ToTag()); tag != "" && len(c.earlyTags) < maxForks && !contains(c.earlyTags, tag) {
			c.earlyTags = append(c.earlyTags, tag)
		}
		c.earlyMedia(now, m.BodyBytes())
	}
	e := Event{Time: now, Line: c.line.number, Call: c.id, Peer: c.peer, Status: int(m.Status), Reason: string(m.Text(m.Reason))}
	switch {
	case m.Status == 100 && !c.tried:
		c.tried = true
		e.Kind = EventTrying
		p.notify(e)
	case m.Status > 100 && !c.rang:
		c.rang = true
		say(out, spalog.Event{Kind: spalog.CallProgress})
		e.Kind = EventRinging
		p.notify(e)
	}
}

// answered takes the final response to the INVITE, and every further 2xx (§13.2.2).
func (c *call) answered(now time.Time, m *response, out *live.Outbox) {
	switch {
	case m.Status < 300:
		c.accepted(now, m, out)
	case m.Status < 400 && c.cancelled == Nobody && c.redirect(now, m.Message, out):
	case c.cancelled != Nobody:
		c.end(now, c.cancelled, int(m.Status), string(m.Text(m.Reason)), out)
	default:
		c.end(now, Remote, int(m.Status), string(m.Text(m.Reason)), out)
	}
}

// redirect follows a 3xx to the first address in it that was not tried (§8.1.3.4).
func (c *call) redirect(now time.Time, m *sip.Message, out *live.Outbox) bool {
	if len(c.visited) >= c.line.phone.cfg.MaxRedirection {
		return false
	}
	if len(c.visited) == 0 {
		c.visited = append(c.visited, c.peer)
	}
	for s := range m.Values(sip.FieldContact) {
		a := sip.ParseAddress(m.Text(s))
		uri := string(a.URI.AppendRequestURI(nil))
		if !a.URI.IsSIP() || len(a.URI.Host) == 0 || contains(c.visited, uri) {
			continue
		}
		c.visited = append(c.visited, uri)
		c.seq++
		c.tried, c.rang, c.earlyTags = false, false, nil // that was elsewhere
		c.sendInvite(now, uri, out)
		return true
	}
	return false
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// maxForks is how many phones that answer one call get an ACK (and all but one a BYE).
const maxForks = 32

// accepted takes a 2xx (§13.2.2.4). Each gets its ACK. One dialog is the call's; any other, and one that comes after the call was cancelled or
// given up, is ended by BYE at once: the CANCEL and the 200 have crossed, or a proxy has forked. One whose BYE has come before it is over.
func (c *call) accepted(now time.Time, m *response, out *live.Outbox) {
	p := c.line.phone
	if s, ok := p.sessions[dialog.IDOfResponse(m.Message)]; ok {
		s.acknowledge(now, out) // the ACK has got lost
		return
	}
	// Forks have a few phones; whoever answers with ever more tags wants ever more messages sent.
	if c.extra++; c.extra > maxForks {
		return
	}
	sent := sip.Parse(c.request.sent)
	d, err := dialog.FromResponse(sent, m.Message, m.from)
	if d.Target == "" {
		d.Target = c.request.draft.URI // no Contact: the best guess of where an ACK and a BYE go
	}
	s := newSession(c, d)
	s.inviteSeq, s.auth = c.request.seq, c.request.auth
	p.keep(s)
	s.acknowledge(now, out)
	switch {
	case contains(c.gone, string(m.ToTag())):
		s.close(now)
		if c.session == nil {
			by := Remote
			if c.cancelled != Nobody {
				by = c.cancelled
			}
			c.end(now, by, int(m.Status), "hung up before the answer came", out)
		}
	case c.ended || c.session != nil:
		s.bye(now, "", out)
	case c.cancelled != Nobody:
		s.bye(now, "", out)
		c.end(now, c.cancelled, int(m.Status), "answered while it was cancelled", out)
	case err != nil:
		s.bye(now, "", out)
		c.end(now, Local, int(m.Status), err.Error(), out)
	case !c.audio.accept(m.BodyBytes()):
		s.bye(now, `SIP;cause=488;text="Not Acceptable Here"`, out)
		c.end(now, Local, 488, "the answer has no codec that was offered", out)
	default:
		c.session, c.expires, c.answerAt = s, time.Time{}, now
		c.describe(now)
		say(out, spalog.Event{Kind: spalog.Answered})
		p.notify(Event{Time: now, Kind: EventAnswered, Line: c.line.number, Call: c.id, Peer: c.peer, By: Remote})
	}
}

func (c *call) failed(now time.Time, status int, reason string, out *live.Outbox) {
	by := Network
	if c.cancelled != Nobody {
		by = c.cancelled
	}
	c.end(now, by, status, reason, out)
}

// end tells that the call is over and frees the line.
func (c *call) end(now time.Time, by Party, status int, reason string, out *live.Outbox) {
	if c.ended {
		return
	}
	c.ended = true
	c.expires, c.autoAnswer, c.forward = time.Time{}, time.Time{}, time.Time{}
	c.release(now)
	if c.outgoing && c.session == nil && by != Local && status >= 300 {
		say(out, spalog.Event{Kind: spalog.Failed, Text: []byte(strconv.Itoa(status))})
	}
	say(out, spalog.Event{Kind: spalog.AudioReleased, Line: c.line.number})
	if c.lifted && c.line.offHook {
		c.line.offHook = false
		say(out, spalog.Event{Kind: spalog.OnHook, Line: c.line.number})
	}
	if c.line.call == c {
		c.line.call = nil
		if c.line.offHook && by != Local {
			c.line.digits = ""
		}
	}
	var demand Demand
	if c.request != nil && c.session == nil {
		demand = c.request.auth.demand
	}
	c.line.phone.notify(Event{Time: now, Kind: EventEnded, Demand: demand, Line: c.line.number, Call: c.id, Peer: c.peer, By: by, Status: status, Reason: reason,
		Audio: c.heard(), OffHook: c.line.offHook && c.line.call == nil})
}

// hangUp ends the call from this side, whatever it has come to.
func (c *call) hangUp(now time.Time, out *live.Outbox) {
	switch {
	case c.session != nil:
		c.session.bye(now, "", out)
		c.end(now, Local, 0, "", out)
	case !c.outgoing:
		c.refuse(now, 603, nil, Local, out)
	default:
		c.cancel(now, Local, "", out)
	}
}

// cancel cancels an outgoing call. It is over when the answer has come, or will not come (§9.1).
func (c *call) cancel(now time.Time, by Party, reason string, out *live.Outbox) {
	if c.cancelled != Nobody {
		return
	}
	c.cancelled, c.expires = by, time.Time{}
	c.request.cancel(now, reason, out)
}

func (c *call) wake(now time.Time, out *live.Outbox) {
	switch {
	case due(c.expires, now) && c.outgoing:
		c.cancel(now, Network, "", out)
	case due(c.expires, now):
		c.refuse(now, 487, nil, Network, out) // the time in the INVITE's Expires is over (§13.3.1)
	case due(c.forward, now):
		c.refuse(now, 302, c.line.redirection(c.line.CfwdNoAns), Local, out)
	case due(c.autoAnswer, now):
		c.autoAnswer, c.automatic = time.Time{}, true
		_ = c.answer(now, out) // a refusal has been told of
	}
}

func (c *call) next() time.Time {
	return earlier(earlier(c.expires, c.autoAnswer), c.forward)
}

// redirection returns the Contact of a 302 to a number or URI.
func (l *line) redirection(to string) []sip.DraftField {
	return []sip.DraftField{{Name: "Contact", Value: "<" + strings.TrimSpace(l.address(to)) + ">"}}
}
