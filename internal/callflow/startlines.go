package callflow

import (
	"bytes"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// A device may log no more of each message than its first line (the SPA's "1-line" option):
//
//	16:40:00 INVITE sip:18005551212@sip.example.net SIP/2.0
//	16:40:00 SIP/2.0 407 Proxy Authentication Required
//	16:40:00 ACK sip:18005551212@sip.example.net SIP/2.0
//	16:40:00 INVITE sip:18005551212@sip.example.net SIP/2.0
//
// Nothing in such a line says which call it belongs to, and nothing in a response what it answers. What one host logs is followed in its order: which requests
// wait for an answer, and where a call must have ended before the next INVITE. Two calls at once cannot be told apart; they stay together, and nothing is concluded of
// them.

// startLines is where a host that logs only first lines stands.
type startLines struct {
	// kinds are the exchanges that go on: calls, registrations, all else.
	kinds  [3]startLineKind
	newest int // of the newest request
	// Of the call:
	inviting  bool // an INVITE waits for its final response
	cancelled bool
	answered  bool
	over      bool   // what follows is only the tail: its ACK, or the answer to its BYE
	status    uint16 // the newest final response to an INVITE
	decided   int64  // the log's time of it
	target    uint64 // hash of the newest INVITE's Request-URI, 0: hidden
	remote    uint64 // of the ACK's to the answer: where requests inside the dialog go
}

// startLineKind is an exchange: the call that its messages are put into, and the request other than INVITE that waits for its answer.
type startLineKind struct {
	call    *openCall
	seq     int64
	waiting bool
	asked   int64 // the log's time of the request
}

// open returns the call if it is still open.
func (k *startLineKind) open() *openCall {
	if k.call != nil && k.call.seq == k.seq {
		return k.call
	}
	return nil
}

const (
	startLineCalls = iota
	startLineRegistrations
	startLineOthers
)

func startLineKindOf(m sip.Method) int {
	switch m {
	case sip.MethodRegister:
		return startLineRegistrations
	case sip.MethodOptions, sip.MethodNotify, sip.MethodSubscribe, sip.MethodPublish, sip.MethodMessage:
		return startLineOthers
	}
	return startLineCalls
}

const (
	// promptAnswer is how soon a request other than INVITE is answered, if it is: behind that a final response is the INVITE's that waits.
	promptAnswer = int64(4 * time.Second)
	// promptRetry is how soon a device follows a redirection, or tries again with what a refusal asks for. Nobody dials again so quickly.
	promptRetry = int64(2 * time.Second)
	// timerStartLines is how long an answered call is kept for its BYE.
	timerStartLines = 4 * time.Hour
)

// startLine returns the call that a first line belongs to, nil if it begins one.
func (a *Assembler) startLine(rec *capture.Record, h *Hop, m *sip.Message) *openCall {
	s := &a.device(a.startLineHost(rec)).lines
	now := a.at(rec.Time.Domain(), rec)
	if h.Status == 0 {
		return s.request(h, requestTarget(m), now)
	}
	return s.response(h, now)
}

// startLineHost returns the host whose lines are followed: the one that logs, or, where the source has both addresses, those two.
func (a *Assembler) startLineHost(rec *capture.Record) uint64 {
	if !rec.Src.IsValid() || !rec.Dst.IsValid() {
		return a.deviceKey(rec.Observer, rec.Origin.Source)
	}
	low, high := rec.Src.Addr.As16(), rec.Dst.Addr.As16()
	if bytes.Compare(low[:], high[:]) > 0 {
		low, high = high, low
	}
	return hashOf(append(append([]byte("\x00"), low[:]...), high[:]...)) // no host name begins so
}

// requestTarget returns a hash of the Request-URI, 0 if it is hidden.
func requestTarget(m *sip.Message) uint64 {
	u := m.RequestURI()
	return referKey(&u)
}

func (s *startLines) request(h *Hop, target uint64, now int64) *openCall {
	s.newest = startLineKindOf(h.Method)
	k := &s.kinds[s.newest]
	if s.newest != startLineCalls {
		k.waiting, k.asked = true, now
		return k.open()
	}
	if k.open() == nil || h.Method == sip.MethodInvite && s.anotherCall(target, now) {
		*s = startLines{kinds: s.kinds}
		*k = startLineKind{}
	}
	switch h.Method {
	case sip.MethodInvite:
		if !s.answered {
			s.target = target
		}
		s.inviting, s.cancelled = true, false
	case sip.MethodAck:
		if s.inviting {
			// The answer to the INVITE was taken for that to another request, which waits again.
			s.inviting = false
			for i := range s.kinds {
				s.kinds[i].waiting = s.kinds[i].waiting || s.kinds[i].asked != 0 && now-s.kinds[i].asked < promptAnswer
			}
		}
		if s.answered && s.remote == 0 {
			s.remote = target
		}
	case sip.MethodCancel:
		s.cancelled = s.inviting
		k.waiting, k.asked = true, now
	case sip.MethodBye:
		s.over = true
		k.waiting, k.asked = true, now
	default:
		k.waiting, k.asked = true, now
	}
	return k.open()
}

// anotherCall reports whether an INVITE begins a call of its own.
func (s *startLines) anotherCall(target uint64, now int64) bool {
	switch {
	case s.over:
		return true
	case s.answered:
		// A re-INVITE, or a second call beside the first. Who dials the same number once more sends no re-INVITE: that goes to the Contact.
		return target != 0 && target == s.target && s.remote != 0 && s.remote != target
	case s.inviting:
		return s.cancelled // sent again, or a second call beside the first
	case s.status == 401 || s.status == 407:
		return target != s.target
	case s.status/100 == 3 || s.status == 422:
		return now-s.decided > promptRetry
	}
	return s.status != 0
}

func (s *startLines) response(h *Hop, now int64) *openCall {
	at := s.newest
	calls := &s.kinds[startLineCalls]
	switch k := &s.kinds[at]; {
	case h.Status > 100 && h.Status < 200, h.Status == 487:
		at = startLineCalls // only an INVITE is answered so
	case h.Status < 200:
	case k.waiting && !(at != startLineCalls && s.inviting && now-k.asked > promptAnswer):
	case s.inviting:
		at = startLineCalls
	default:
		for i := range s.kinds {
			if s.kinds[i].waiting && !k.waiting {
				at = i
				break
			}
		}
	}
	k := &s.kinds[at]
	if c := k.open(); c == nil || h.Status < 200 {
		return c
	}
	switch {
	case h.Status == 487, k != calls && k.waiting, !s.inviting && k.waiting, s.inviting && k.waiting && (h.Status/100 == 2 || s.newest != startLineCalls):
	case s.inviting && k == calls:
		s.inviting = false
		s.status, s.decided = h.Status, now
		switch {
		case h.Status < 300:
			s.answered = true
		case s.answered: // of a re-INVITE
		case h.Status != 401 && h.Status != 407 && h.Status/100 != 3 && h.Status != 422:
			s.over = true
		}
		return k.open()
	}
	if h.Status == 487 {
		s.inviting, s.over = false, true
	} else {
		k.waiting = false
	}
	return k.open()
}

// keepStartLine remembers the call for what follows.
func (a *Assembler) keepStartLine(c *openCall, rec *capture.Record) {
	s := &a.device(a.startLineHost(rec)).lines
	at := s.newest
	for i := range s.kinds {
		if s.kinds[i].call == c && s.kinds[i].seq == c.seq {
			at = i
		}
	}
	s.kinds[at].call, s.kinds[at].seq = c, c.seq
	wait := timerEarly
	if at == startLineCalls && s.answered && !s.over {
		wait = timerStartLines
	}
	c.until = a.at(c.domain, rec) + int64(wait)
	c.over = at == startLineCalls && s.over
}

// startLineReading is what the first lines of a call prove. Numbers are indexes of hops, -1.
type startLineReading struct {
	invite, ringing, final, ack, cancel, bye, byeOK int

	cancelOK bool
	again    bool // an INVITE after the answer: inside the dialog, or of another call
	mixed    bool // two calls at once
	unclear  bool // the INVITE was answered, and it is not known how
	refused  bool // the CANCEL came too late, or something else went on after it
}

// readStartLines follows the first lines of a call.
func (c *Call) readStartLines() startLineReading {
	r := startLineReading{invite: -1, ringing: -1, final: -1, ack: -1, cancel: -1, bye: -1, byeOK: -1}
	var m sip.Message
	var target uint64
	inviting, answered := false, false
	var waiting []sip.Method // requests other than INVITE without an answer, the newest last
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage {
			continue
		}
		if h.Status == 0 {
			switch h.Method {
			case sip.MethodInvite:
				m.Parse(c.Data(h))
				to := requestTarget(&m)
				switch {
				case answered || r.bye >= 0:
					r.again = true
				case inviting && to != target:
					r.mixed = true
				case !inviting:
					r.final, r.ack, r.cancel, r.ringing, r.cancelOK, r.unclear = -1, -1, -1, -1, false, false
				}
				if r.invite < 0 {
					r.invite = i
				}
				target, inviting = to, true
			case sip.MethodAck:
				switch {
				case inviting:
					inviting, r.unclear = false, !answered
				case r.final >= 0 && r.ack < 0:
					r.ack = i
				}
			default:
				if h.Method == sip.MethodCancel && r.cancel < 0 && inviting && !answered {
					r.cancel = i
				}
				if h.Method == sip.MethodBye && r.bye < 0 {
					r.bye = i
				}
				if n := len(waiting); n == 0 || waiting[n-1] != h.Method { // or sent again
					waiting = append(waiting[max(0, n-7):], h.Method)
				}
			}
			continue
		}
		switch n := len(waiting); {
		case h.Status < 200:
			if h.Status >= 180 && h.Status <= 183 && inviting && !answered && r.ringing < 0 {
				r.ringing = i
			}
		case inviting && h.Status != 487 && n > 0:
			// The answer to the newest request; if it was not, the ACK will show it.
			if waiting[n-1] == sip.MethodCancel {
				r.refused = r.refused || h.Status >= 300
				r.cancelOK = true
			}
			waiting = waiting[:n-1]
		case inviting:
			if inviting = false; !answered {
				r.final, r.ack = i, -1
				answered = h.Status < 300
			}
		case n > 0:
			if waiting[n-1] == sip.MethodBye {
				r.byeOK = i
			}
			waiting = waiting[:n-1]
		}
	}
	return r
}

// startLineOutcome decides how a call ended of which the log has only first lines, where they prove it.
func (c *Call) startLineOutcome() {
	for i := range c.Hops {
		if c.Hops[i].IsRequest() {
			c.Root = i
			break
		}
	}
	miss := func(m ...Missing) { c.Missing = append(c.Missing, m...) }
	if c.Kind != KindCall {
		c.startLineRequestOutcome()
		return
	}
	r := c.readStartLines()
	status := 0
	if r.final >= 0 {
		status = int(c.Hops[r.final].Status)
	}
	end := r.final
	c.Bye = r.bye
	switch {
	case r.invite < 0:
		c.Root = -1
		if miss(MissingBeginning); r.bye >= 0 {
			c.Outcome = OutcomeAnswered
			if r.byeOK < 0 {
				miss(MissingByeOK)
			}
		}
		return
	case r.mixed:
		c.Bye = -1
		miss(MissingFinal)
		return
	case status/100 == 2 || r.bye >= 0 && r.cancel < 0:
		// Nobody hangs up what nobody answered.
		if c.Outcome = OutcomeAnswered; status/100 == 2 {
			if c.Answer, c.Status = r.final, status; r.bye >= 0 && !r.again {
				c.Talk = c.between(r.final, r.bye)
			}
		}
	case r.unclear:
		miss(MissingFinal)
		return
	case r.cancel >= 0 && status != 0 && status != 487, r.refused:
		miss(MissingFinal) // the CANCEL and something else crossed
		return
	case r.cancel >= 0:
		c.Outcome, c.Status, end = OutcomeCancelled, status, r.cancel
	case status != 0:
		c.Outcome, c.Status = outcomeOf(status), status
	case c.LogEnded || c.Evicted || c.Continued:
		c.Outcome = OutcomeInProgress
	}
	c.Root = r.invite
	if r.ringing >= 0 && end >= 0 {
		c.Ring, c.RingFrom = c.between(r.ringing, end), r.ringing
	}
	switch {
	case c.Outcome == OutcomeAnswered:
		if r.final < 0 {
			miss(MissingFinal)
		} else if r.ack < 0 {
			miss(MissingAck)
		}
		if r.bye < 0 {
			miss(MissingBye)
		} else if r.byeOK < 0 {
			miss(MissingByeOK)
		}
	case c.Outcome == OutcomeCancelled && r.cancel >= 0:
		if !r.cancelOK {
			miss(MissingCancelOK)
		}
		if r.final < 0 {
			miss(MissingInvite487, MissingAck487)
		} else if r.ack < 0 {
			miss(MissingAck487)
		}
	case r.final < 0:
		miss(MissingFinal)
	case r.ack < 0:
		miss(MissingAck)
	}
}

// startLineRequestOutcome does the same for requests other than INVITE: a refusal is one, but what a 2xx to a REGISTER did is in the header fields that are
// missing.
func (c *Call) startLineRequestOutcome() {
	last, asked := -1, false
	for i := range c.Hops {
		switch h := &c.Hops[i]; {
		case h.Kind != capture.KindMessage:
		case h.Status == 0:
			asked, last = true, -1
		case h.Status >= 200 && asked:
			last = i
		}
	}
	if c.Root < 0 {
		c.Missing = append(c.Missing, MissingBeginning)
		return
	}
	if last < 0 {
		c.Missing = append(c.Missing, MissingFinal)
		return
	}
	c.Status = int(c.Hops[last].Status)
	if c.Kind == KindRegistration && c.Status >= 300 {
		c.Outcome = outcomeOf(c.Status)
	}
}
