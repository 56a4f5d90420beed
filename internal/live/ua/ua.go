// Package ua is a telephone adapter in software: a user agent (RFC 3261 §8, §13 to §15) with the settings, the dial plan, the lines and the
// syslog of a Sipura, Linksys or Cisco SPA. It is a live.Element: no I/O, no clock, no chance of its own.
//
//	p.OffHook(now, 1, out)                     the handset of line 1 is lifted              [0]Off Hook
//	p.Dial(now, 1, "18005551212", out)         INVITE, CSeq 101                             Calling:18005551212@sip.voip-info.org
//	p.Receive(now, flow, 407 …, out)           ACK; INVITE with credentials, CSeq 102
//	p.Receive(now, flow, 180 …, out)           Notify EventRinging                          CC:CallProgress
//	p.HangUp(now, 1, out)                      CANCEL                                       [0]On Hook
//	p.Receive(now, flow, 487 …, out)           ACK; Notify EventEnded, by Local
//
// Who does what:
//
//	Phone         the element: finds the line, call or session of a message
//	line          one line: hook, digits, registration, at most one call
//	request       one request on its way through addresses and challenges
//	registration  REGISTER and its refresh (§10.2)
//	call          an attempt to talk, out or in, until it is answered or has failed
//	session       a confirmed dialog: ACK, BYE, changes by re-INVITE (§14)
//	audio         offer and answer (RFC 3264)
//
// The sound is not the phone's: Config.Media opens a pair of ports before an offer or answer names it, and is told what the two have come to. A
// flow of RTP through the element's own outbox would have needed no interface, but fifty packets a second of each call would share a lock, a
// clock and an order with the signalling, and every element and driver would have had to tell the two apart. An Opener is as easily virtual:
// internal/live/wire carries it in virtual time.
//
// Not here: PRACK (100rel is not offered, RFC 3262), REFER, more than one call a line.
package ua

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/dialog"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// Phone is a telephone adapter with its lines.
type Phone struct {
	cfg   Config
	layer *transaction.Layer
	lines []*line
	// order has the sessions as they began, so that they are woken in one order.
	order []*session
	// sessions are the confirmed dialogs, and for 64·T1 those that have ended, whose 2xx may come again.
	sessions map[dialog.ID]*session
	// waiting are the requests and ACKs whose addresses are being looked up.
	waiting map[uint64]func(now time.Time, flows []live.Flow, err error, out *live.Outbox)
	ref     uint64
	msg     sip.Message
}

var _ live.Element = (*Phone)(nil)

// New returns a phone that does nothing yet: Start has its lines register.
func New(cfg Config) (*Phone, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	p := &Phone{cfg: cfg, sessions: map[dialog.ID]*session{}, waiting: map[uint64]func(time.Time, []live.Flow, error, *live.Outbox){}}
	p.layer = transaction.NewLayer(transaction.Config{Timers: cfg.Timers, Rand: cfg.Rand, User: (*user)(p), Fields: p.quirks, Observe: cfg.Observe})
	for i := range cfg.Lines {
		plan, err := ParseDialPlan(cfg.Lines[i].DialPlan)
		if err != nil {
			return nil, err
		}
		l := &line{phone: p, LineConfig: &p.cfg.Lines[i], number: i + 1, plan: plan}
		account := digest.SessionConfig{Username: l.AuthName(), Password: l.Password, Realms: l.Realms, MaxAuth: cfg.MaxAuth, Preemptive: cfg.Preemptive,
			NameAlgorithm: cfg.Quirks.NameAlgorithm, Rand: cfg.Rand}
		if l.account, err = digest.NewSession(account); err == nil {
			l.registrar, err = digest.NewSession(account)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		p.lines = append(p.lines, l)
	}
	return p, nil
}

// Errors of commands.
var (
	ErrNoLine        = errors.New("there is no such line")
	ErrLineBusy      = errors.New("there is a call on the line already")
	ErrNoCall        = errors.New("there is no call")
	ErrNothingRings  = errors.New("nothing rings: there is no call to answer")
	ErrOutgoing      = errors.New("this call was made here: it is for the other side to answer it")
	ErrAnswered      = errors.New("the call is answered already")
	ErrNotAnswered   = errors.New("the call is not answered yet")
	ErrOnHook        = errors.New("there is no call, and the handset is on its hook")
	ErrOffHook       = errors.New("the handset is off already")
	ErrNotRegistered = errors.New("the line is not registered, and its setting Make Call Without Reg is no")
	ErrRefused       = errors.New("the dial plan refuses the number")
)

func (p *Phone) line(n int) (*line, error) {
	if n < 1 || n > len(p.lines) {
		return nil, fmt.Errorf("line %d: %w", n, ErrNoLine)
	}
	return p.lines[n-1], nil
}

// Start registers the lines that are to be.
func (p *Phone) Start(now time.Time, out *live.Outbox) {
	for _, l := range p.lines {
		if l.Register {
			l.registration = newRegistration(l)
			l.registration.send(now, out)
		}
		if l.NATKeepAlive {
			l.keepAlive = now.Add(p.cfg.KeepAlive)
		}
	}
}

// Stop ends calls and takes the registrations back. The phone is quiet when Idle says so.
func (p *Phone) Stop(now time.Time, out *live.Outbox) {
	for _, l := range p.lines {
		l.keepAlive = time.Time{}
		if l.call != nil {
			l.hangUp(now, out)
		}
		if l.registration != nil {
			l.registration.end(now, out)
		}
	}
}

// Idle reports whether nothing is under way: no transaction that still waits for the other side, no call.
func (p *Phone) Idle() bool {
	for _, l := range p.lines {
		if l.call != nil || l.registration != nil && l.registration.request != nil {
			return false
		}
	}
	for _, s := range p.sessions {
		if !s.over {
			return false
		}
	}
	return len(p.waiting) == 0
}

// Receive takes a message.
func (p *Phone) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	p.msg.Parse(data)
	if p.msg.Kind == sip.KindUnknown {
		return // not SIP, or a keep-alive; nobody to answer (§18.3)
	}
	p.layer.Receive(now, from, &p.msg, out)
}

// Resolved takes the addresses of a name.
func (p *Phone) Resolved(now time.Time, ref uint64, flows []live.Flow, err error, out *live.Outbox) {
	if f, ok := p.waiting[ref]; ok {
		delete(p.waiting, ref)
		f(now, flows, err, out)
	}
}

// Failed takes word that something did not go out.
func (p *Phone) Failed(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox) {
	p.layer.Failed(now, to, ref, err, out)
}

// Closed takes word of the end of a connection.
func (p *Phone) Closed(now time.Time, flow live.Flow, out *live.Outbox) {
	p.layer.Closed(now, flow, out)
	for _, l := range p.lines {
		if g := l.registration; g != nil && g.registered && !g.ending && g.request == nil && l.isServer(flow) {
			g.again(now) // calls come over that connection
		}
	}
}

// Wake does what has become due.
func (p *Phone) Wake(now time.Time, out *live.Outbox) {
	p.layer.Wake(now, out)
	for _, l := range p.lines {
		l.wake(now, out)
	}
	for _, s := range p.order[:len(p.order):len(p.order)] {
		s.wake(now, out)
	}
	p.order = slices.DeleteFunc(p.order, func(s *session) bool {
		if !s.over || now.Before(s.forget) {
			return false
		}
		delete(p.sessions, s.dialog.ID)
		return true
	})
}

// Next returns when Wake has something to do.
func (p *Phone) Next() time.Time {
	next := p.layer.Next()
	for _, l := range p.lines {
		next = earlier(next, l.next())
	}
	for _, s := range p.order {
		next = earlier(next, s.next())
	}
	return next
}

// keep takes a session in.
func (p *Phone) keep(s *session) {
	p.sessions[s.dialog.ID] = s
	p.order = append(p.order, s)
}

// earlier returns the earlier of two times of which the zero one means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// due reports whether a deadline has come; the zero one never does.
func due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// resolve finds the addresses of a URI, and calls f with them, now or later.
func (p *Phone) resolve(now time.Time, uri string, f func(now time.Time, flows []live.Flow, err error, out *live.Outbox), out *live.Outbox) {
	t, ok := live.TargetOf([]byte(uri))
	if !ok {
		f(now, nil, fmt.Errorf("%q is not a SIP URI with a host", uri), out)
		return
	}
	if flow, ok := live.FlowOf(t); ok {
		f(now, []live.Flow{flow}, nil, out)
		return
	}
	p.ref++
	p.waiting[p.ref] = f
	out.Resolve(p.ref, t)
}

func (p *Phone) notify(e Event) { p.cfg.Notify(e) }

// random returns n random bytes in hexadecimal.
func (p *Phone) random(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.cfg.Rand, b); err != nil {
		panic("ua: the source of chance has failed: " + err.Error()) // identifiers that can be guessed are worse (§19.3)
	}
	return hex.EncodeToString(b)
}

// say tells the tap what an SPA's syslog would have.
func say(out *live.Outbox, e spalog.Event) {
	out.Say(capture.Event{Name: e.Kind.String(), Line: e.Line, Subject: e.Number}, spalog.Append(nil, e))
}

// token reports whether s needs no quotes as a display name: words of token characters (RFC 3261 §25.1, display-name).
func plainName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-.!%*_+`'~ ", c) >= 0 {
			continue
		}
		return false
	}
	return s != "" && s == strings.TrimSpace(s)
}

// nameAddr returns a name-addr: as an SPA writes it, without quotes, where that is allowed.
func nameAddr(name, uri string) string {
	switch {
	case name == "":
		return "<" + uri + ">"
	case plainName(name):
		return name + " <" + uri + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ").Replace(name) + `" <` + uri + ">"
}
