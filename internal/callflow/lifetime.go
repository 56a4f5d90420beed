package callflow

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// How long a call is kept after its last message, in the log's own time. The timers are those of RFC 3261 §17 with their default T1 of 500 ms;
// a log's clock may have a step of a second, and a person who dials again is not a timer, so each is rounded up.
const (
	timerTail    = 40 * time.Second // 64*T1 (timers B, F, H, J) and some
	timerEarly   = 5 * time.Minute  // a ringing call: Timer C (§16.6, more than 3 minutes), SPA's INVITE Expires of 240 s
	timerUnheard = 40 * time.Second // no response at all: Timer B or F, 32 s
	// A telephone registers under one Call-ID as long as it runs (RFC 3261 §10.2), and one that is refused tries again; so does one that asks for
	// answers to OPTIONS.
	timerRegister = time.Hour
	timerOther    = 10 * time.Minute
	// A confirmed call ends by BYE. If Session-Expires (RFC 4028) is known, it lapses when not refreshed.
	timerSession = 24 * time.Hour
)

// live updates what is known about the end of the call by its newest hop.
func (a *Assembler) live(c *Call, rec *capture.Record, h *Hop, m *sip.Message) {
	s := &c.asm
	if c.Kind != KindCall {
		switch h.Method {
		case sip.MethodInvite, sip.MethodAck, sip.MethodBye, sip.MethodCancel, sip.MethodPrack:
			c.Kind = KindCall
		case sip.MethodRegister:
			c.Kind = KindRegistration
		case sip.MethodSubscribe, sip.MethodNotify, sip.MethodPublish:
			if c.Kind == KindOther {
				c.Kind = KindSubscription
			}
		}
	}
	wait := timerTail
	switch {
	case h.Status == 0:
		switch h.Method {
		case sip.MethodInvite:
			if h.toTag == 0 {
				s.over, s.attempt = false, h.CSeq
			}
			wait = timerUnheard
		case sip.MethodBye:
			s.confirmed, s.over = false, true
		case sip.MethodCancel:
			if len(c.records) == 1 {
				wait = timerEarly // its INVITE is older than the log
			}
		case sip.MethodAck:
			// It ends an attempt, and the next may take its time; or, first in the log, it is of a call that was answered before.
			if len(c.records) == 1 && h.toTag != 0 {
				s.confirmed, s.session = true, int64(timerSession)
			} else if left := s.deadline - a.now[s.domain]; left > int64(wait) {
				wait = time.Duration(left)
			}
		}
	case h.Method == sip.MethodInvite && h.CSeq < s.attempt:
		// A late repeat of the answer to an attempt that another one has followed.
		wait = timerEarly
	case h.Method == sip.MethodInvite:
		switch {
		case h.Status < 200:
			wait = timerEarly
		case h.Status < 300:
			s.confirmed, s.over = true, true
			s.session = int64(timerSession)
			if n, ok := m.Number(sip.FieldSessionExpires); ok {
				s.session = int64(n)*int64(time.Second) + int64(timerTail)
			}
		case h.Status == 401 || h.Status == 407:
			s.over = true
			wait = timerEarly // somebody may have to type a password
		default:
			s.over = true
		}
	case h.Method == sip.MethodRegister && h.Status >= 200:
		s.over = true
		// The next refresh comes before the binding lapses (RFC 3261 §10.2.4).
		wait = max(timerRegister, registrationLife(m)) + timerTail
	case h.Method == sip.MethodSubscribe && h.Status/100 == 2:
		s.over = true
		if n, ok := m.Number(sip.FieldExpires); ok {
			wait += time.Duration(min(n, 86400)) * time.Second
		}
	case h.Status >= 200 && c.Kind != KindCall:
		s.over = true
		wait = timerOther
	}
	now := a.now[s.domain]
	if s.confirmed {
		wait = time.Duration(s.session)
	}
	s.deadline = now + int64(wait)
	if !s.timed && !rec.Time.IsZero() {
		s.timed = true
		a.timers.push(timer{s.deadline, c, s.seq, s.domain})
	}
}

// registrationLife returns the longest time that a 200 to REGISTER grants to a binding, at most a day.
func registrationLife(m *sip.Message) time.Duration {
	var longest uint32
	if n, ok := m.Number(sip.FieldExpires); ok {
		longest = n
	}
	for s := range m.Values(sip.FieldContact) {
		addr := sip.ParseAddress(m.Text(s))
		if v, ok := addr.Params.Get("expires"); ok {
			n := uint32(0)
			for _, c := range v {
				if c < '0' || c > '9' || n > 86400 {
					break
				}
				n = n*10 + uint32(c-'0')
			}
			longest = max(longest, n)
		}
	}
	return time.Duration(min(longest, 86400)) * time.Second
}

// expire hands on the calls whose time has come.
func (a *Assembler) expire(d capture.Domain) error {
	for len(a.timers[d]) > 0 && a.timers[d][0].at <= a.now[d] {
		t := a.timers.pop(d)
		c := t.call
		if c.asm.seq != t.seq {
			continue // handed on already
		}
		if c.asm.deadline > a.now[d] {
			a.timers.push(timer{c.asm.deadline, c, t.seq, d})
			continue
		}
		if err := a.handOn(c); err != nil {
			return err
		}
	}
	return nil
}

// timer says when to look at a call again. A call has one, which is moved lazily: when it fires too early it is set anew.
type timer struct {
	at   int64
	call *Call
	seq  int64
	d    capture.Domain
}

// timerHeap is a binary heap for each clock domain.
type timerHeap [capture.Domains][]timer

func (h *timerHeap) push(t timer) {
	q := append(h[t.d], t)
	i := len(q) - 1
	for i > 0 {
		p := (i - 1) / 2
		if q[p].at <= q[i].at {
			break
		}
		q[p], q[i] = q[i], q[p]
		i = p
	}
	h[t.d] = q
}

func (h *timerHeap) pop(d capture.Domain) timer {
	q := h[d]
	top := q[0]
	n := len(q) - 1
	q[0] = q[n]
	q[n] = timer{}
	q = q[:n]
	for i := 0; ; {
		k := 2*i + 1
		if k >= n {
			break
		}
		if k+1 < n && q[k+1].at < q[k].at {
			k++
		}
		if q[i].at <= q[k].at {
			break
		}
		q[i], q[k] = q[k], q[i]
		i = k
	}
	h[d] = q
	return top
}
