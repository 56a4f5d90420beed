package callflow

import (
	"math"
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

// leg is an INVITE transaction of the newest attempt, as long as its call is open.
type leg struct {
	branch uint32
	vias   uint8
	final  bool
}

// maxLegs is how many branches of an attempt are followed while the call is open. More than that are told right all the same; only their call is held longer.
const maxLegs = 8

// invited notes an INVITE outside a dialog.
func (s *openCall) invited(h *Hop) {
	if h.CSeq != s.attempt {
		s.disordered = s.disordered || h.CSeq < s.attempt
		s.attempt, s.legs, s.until = h.CSeq, s.legs[:0], 0
		s.early = false // a further branch of the same attempt leaves those that ring ringing
	}
	if s.from == 0 {
		s.from = h.fromTag
	}
	s.over, s.done, s.hungUp = false, false, false
	for i := range s.legs {
		if s.legs[i].branch == fold(h.branch) {
			return
		}
	}
	if len(s.legs) < maxLegs {
		s.legs = append(s.legs, leg{branch: fold(h.branch), vias: h.vias})
	}
}

// end is one end of a confirmed dialog, by its tag. ended: a BYE was seen in it.
type end struct {
	tag   uint32
	ended bool
}

// answered notes a 2xx to an INVITE, and reports whether its dialog is up. An INVITE that was forked may have several (RFC 3261 §13.2.2.4), and
// of each the 2xx may come again.
func (s *openCall) answered(toTag uint64) bool {
	for _, e := range s.ends {
		if e.tag == fold(toTag) {
			return !e.ended
		}
	}
	if len(s.ends) < maxLegs {
		s.ends = append(s.ends, end{tag: fold(toTag)})
	}
	return true
}

// ended notes a BYE, and reports whether no dialog is up any more: the caller ends at once what a second telephone has answered, and goes on
// talking to the first.
func (s *openCall) ended(h *Hop) bool {
	known, up := false, false
	for i := range s.ends {
		e := &s.ends[i]
		if e.tag == fold(h.toTag) || e.tag == fold(h.fromTag) {
			e.ended, known = true, true
		}
		up = up || !e.ended
	}
	return !known || !up
}

// refused notes a final response other than 2xx to an INVITE, and reports whether it decides the attempt: all legs that nobody passes on have one.
func (s *openCall) refused(h *Hop) bool {
	top := uint8(255)
	for i := range s.legs {
		if s.legs[i].branch == fold(h.branch) {
			s.legs[i].final = true
		}
		top = min(top, s.legs[i].vias)
	}
	for i := range s.legs {
		if s.legs[i].vias == top && !s.legs[i].final {
			return false
		}
	}
	return true
}

// live updates what is known about the end of the call by its newest message.
func (a *Assembler) live(s *openCall, rec *capture.Record, h *Hop) {
	if s.kind != KindCall {
		switch h.Method {
		case sip.MethodInvite, sip.MethodAck, sip.MethodBye, sip.MethodCancel, sip.MethodPrack:
			s.kind = KindCall
		case sip.MethodRegister:
			s.kind = KindRegistration
		case sip.MethodSubscribe, sip.MethodNotify, sip.MethodPublish:
			if s.kind == KindOther {
				s.kind = KindSubscription
			}
		}
	}
	if !s.timed && a.timed {
		s.domain = a.domain
	}
	now := a.at(s.domain, rec)
	challenge := h.Status == 401 || h.Status == 407
	wait := timerTail
	if h.flags&hopCut != 0 && s.answersLeg(h) {
		guess := *h
		guess.Method, guess.CSeq = sip.MethodInvite, s.attempt
		if s.confirmed = s.confirmed && h.Status < 300; h.Status >= 300 {
			s.ends = s.ends[:0] // the 2xx before it was that to the CANCEL
		}
		h = &guess
	}
	if h.Status == 0 {
		wait = s.request(h, len(s.records) == 1)
	} else {
		switch {
		case h.Method == sip.MethodInvite && h.CSeq < s.attempt:
			// A late repeat of the answer to an attempt that another one has followed.
		case h.Method == sip.MethodInvite && h.Status < 200:
			s.early = true
		case h.Method == sip.MethodInvite && h.Status < 300 && !s.answered(h.toTag):
			// A late repeat of the answer in a dialog that a BYE has ended.
		case h.Method == sip.MethodInvite && h.Status < 300:
			s.confirmed, s.over, s.early, s.done = true, true, false, false
			s.session = int32(timerSession / time.Second)
			if n, ok := a.number(sip.FieldSessionExpires); ok {
				s.session = int32(min(int64(n)+int64(timerTail/time.Second), math.MaxInt32))
			}
		case h.Method == sip.MethodInvite:
			if s.refused(h) {
				s.over, s.early = true, false
			}
			if s.challenged = challenge; challenge {
				s.until = max(s.until, now+int64(timerEarly)) // somebody may have to type a password
			}
		case h.Method == sip.MethodRegister && h.Status >= 200:
			// A telephone registers under one Call-ID as long as it runs; the next refresh comes before the binding lapses (RFC 3261 §10.2.4).
			s.over, s.done = true, !challenge
			s.until = now + int64(max(timerRegister, registrationLife(a.message(rec)))+timerTail)
		case h.Method == sip.MethodSubscribe && h.Status/100 == 2:
			s.over, s.done = true, true
			if n, ok := a.message(rec).Number(sip.FieldExpires); ok {
				s.until = now + int64(min(n, 86400))*int64(time.Second) + int64(timerTail)
			}
		case h.Method == sip.MethodBye && h.Status >= 200:
			s.done = true
		case h.Status >= 200 && s.kind != KindCall:
			s.over, s.done = true, !challenge
			wait = timerOther
		}
	}
	if s.early && !s.over {
		wait = max(wait, timerEarly)
	}
	if s.confirmed {
		wait = time.Duration(s.session) * time.Second
	}
	s.deadline = max(now+int64(wait), s.until)
	if !a.timed && !s.timed {
		return // no clock: only the end of the log, or the budget, ends this call
	}
	// One timer a call. A deadline that moves away is seen when the timer fires; one that comes nearer needs a new timer, and the old one is stale.
	if !s.timed || s.deadline < s.due {
		s.timed, s.due = true, s.deadline
		a.timers.push(timer{s.due, s, s.seq}, s.domain)
	}
}

// request notes a request and returns how long the call is kept for the answer.
func (s *openCall) request(h *Hop, first bool) time.Duration {
	switch h.Method {
	case sip.MethodInvite:
		if h.toTag == 0 {
			s.invited(h)
		}
		return timerUnheard
	case sip.MethodBye:
		if s.ended(h) {
			s.confirmed, s.over, s.done, s.hungUp = false, true, false, true
		}
	case sip.MethodCancel:
		if first {
			return timerEarly // its INVITE is older than the log
		}
	case sip.MethodAck:
		if first && h.toTag != 0 {
			s.confirmed, s.session = true, int32(timerSession/time.Second) // of a call that was answered before the log begins
		}
		if s.over && !s.confirmed && !s.challenged {
			s.done = true
		}
	default:
		s.done = false
	}
	return timerTail
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

// maxLeap is how far one record alone moves the log's time on. It is less than any call is kept after its last message.
const maxLeap = int64(30 * time.Second)

// advance takes the time of a record that is later than the log's, and reports whether the log's time moves. A time far ahead must be borne out by the next record: one
// message with a bogus date would end every call that is open.
func (a *Assembler) advance(d capture.Domain, rec *capture.Record) bool {
	clock := rec.Time.Clock
	if clock-a.now[d] > maxLeap {
		fell := a.hostFell(rec, true)
		if ahead := a.ahead[d]; ahead == 0 || clock < ahead-maxLeap {
			a.ahead[d] = clock // the nearer of two is more likely
			if ahead != 0 {
				a.sawFall(fell)
			}
			return false
		} else if clock-ahead > maxLeap {
			clock, a.ahead[d] = ahead, clock // a log with few records leaps each time
			a.now[d] = clock
			return true
		}
	}
	a.fell = a.fell || clock < a.ahead[d]
	a.now[d], a.ahead[d] = clock, 0
	return true
}

// at returns the log's time as a call sees it whose newest message is rec: that of the message, if it is ahead.
func (a *Assembler) at(d capture.Domain, rec *capture.Record) int64 {
	if a.timed && a.domain == d {
		return max(a.now[d], rec.Time.Clock)
	}
	return a.now[d]
}

// number returns the number in a header field that no message with an outline has.
func (a *Assembler) number(id sip.FieldID) (uint32, bool) {
	if !a.parsed {
		return 0, false
	}
	return a.msg.Number(id)
}

// A log whose lines were shuffled has the messages of a call hours of its time apart. As long as the times of a host go up and down, no call ends by its time: for so many messages behind
// a step far back, and up to so many open calls.
const (
	shuffledMessages = 512
	shuffledCalls    = 4096
	maxFar           = 4096 // hosts
)

// hostFell notes the time of a record that is far from the log's, ahead of it or behind, and reports whether the last such time of its host was far later. A host whose clock is wrong by
// hours is far with each record, and its own times go forward: it shuffles nothing.
func (a *Assembler) hostFell(rec *capture.Record, ahead bool) bool {
	key := mix(a.deviceKey(rec.Observer, rec.Origin.Source), uint64(a.domain))
	if ahead {
		key = ^key
	}
	last, ok := a.far[key]
	if a.far == nil || len(a.far) >= maxFar {
		a.far = map[uint64]int64{}
	}
	a.far[key] = rec.Time.Clock
	return ok && rec.Time.Clock < last-maxLeap
}

// sawBehind takes a record far behind the log's time.
func (a *Assembler) sawBehind(rec *capture.Record) {
	if a.hostFell(rec, false) {
		a.shuffled = a.stats.Messages + 1
	}
}

// sawFall takes a record far behind the one before it, which was ahead of the log's time; of its host, or not. One of a host alone is a bogus date.
func (a *Assembler) sawFall(host bool) {
	a.fell = true
	if !host {
		return
	}
	if a.stepped != 0 && a.stats.Messages-a.stepped < shuffledMessages {
		a.shuffled = a.stats.Messages + 1
	}
	a.stepped = a.stats.Messages + 1
}

// expire hands on the calls whose time has come.
func (a *Assembler) expire(d capture.Domain) error {
	if a.shuffled != 0 && a.stats.Messages-a.shuffled < shuffledMessages && a.count < shuffledCalls {
		return nil
	}
	for len(a.timers[d]) > 0 && a.timers[d][0].at <= a.now[d] {
		t := a.timers.pop(d)
		c := t.call
		if c.seq != t.seq || c.due != t.at {
			continue // handed on already, or another timer stands for it
		}
		if c.deadline > a.now[d] {
			c.due = c.deadline
			a.timers.push(timer{c.due, c, t.seq}, d)
			continue
		}
		a.leaveRest(c)
		if err := a.handOn(c); err != nil {
			return err
		}
	}
	return nil
}

// leaveTwice moves the time of the hour on that a zone has twice, or not at all, when UTC is past it: no record of it may come any more, and a call would stay open to the end of the
// log. Its clock is that of UTC but for an hour.
func (a *Assembler) leaveTwice() error {
	now := a.now[capture.DomainUTC] - int64(2*time.Hour)
	for d, twice := range a.twice {
		if twice && now > a.now[d] {
			a.now[d] = now
			if err := a.expire(capture.Domain(d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// timer says when to look at a call again. A call has one that counts, which is moved lazily: when it fires too early it is set anew.
type timer struct {
	at   int64
	call *openCall
	seq  int64
}

// timerHeap is a binary heap for each clock domain.
type timerHeap [capture.Domains][]timer

func (h *timerHeap) push(t timer, d capture.Domain) {
	q := append(h[d], t)
	i := len(q) - 1
	for i > 0 {
		p := (i - 1) / 2
		if q[p].at <= q[i].at {
			break
		}
		q[p], q[i] = q[i], q[p]
		i = p
	}
	h[d] = q
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
