package sim

import (
	"bytes"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// serverSeen is a server transaction, as its messages show it.
type serverSeen struct {
	method   sip.Method
	callID   string
	fromTag  string
	toTag    string // that the request had
	branch   string
	cseq     uint32
	source   netip.Addr
	reliable bool
	first    time.Time
	last     time.Time // when the request came last
	requests int

	responses int
	early     int // the first provisional response
	answered  time.Time
	tag       string // of the responses
	final     int
	finalTag  string
	finalAt   time.Time
	finals    int
	// next is when the final response must be sent again, zero if it must not be.
	next     time.Time
	interval time.Duration
	acked    bool
	implied  bool // a later request shows that the 2xx has come; whether its ACK was lost nobody can tell
	// refused: a response could not be sent.
	refused bool
	// cancelled: a CANCEL for it has come.
	cancelled bool
	cancelAt  time.Time
}

func (n *watched) serverKey(m sip.Method, branch []byte, source netip.Addr) []byte {
	n.key = append(append(n.key[:0], byte(m)), branch...)
	a := source.As4()
	n.key = append(n.key, a[:]...)
	return n.key
}

// requestCame takes a request that has come to the node.
func (n *watched) requestCame(x *watcher, now time.Time, rec *capture.Record, m *sip.Message) {
	via, ok := m.TopVia()
	if !ok {
		return
	}
	if x.w.hostile != nil && rec.Src.Addr == x.w.hostile.at.Addr() {
		// What has the branch of a transaction is a repeat to it, wherever it comes from (RFC 3261 §17.2.3).
		for _, s := range n.served {
			if s.method == m.Method && s.branch == string(via.Branch()) {
				s.requests++
				s.last = now
			}
		}
		return
	}
	if m.Method == sip.MethodAck {
		n.ackCame(x, now, rec, m, via.Branch())
		return
	}
	s := n.servers[string(n.serverKey(m.Method, via.Branch(), rec.Src.Addr))]
	if s != nil && s.gone(now) {
		s = nil // what comes now is new
	}
	if s != nil {
		s.requests++
		s.last = now
		if m.Method == sip.MethodCancel {
			x.w.hits.hit(x.w, RowRepeated)
		}
		if m.Method == sip.MethodInvite && s.cancelled {
			x.w.hits.hit(x.w, RowReordered)
		}
	} else {
		s = &serverSeen{method: m.Method, callID: string(m.CallID()), fromTag: string(m.FromTag()), toTag: string(m.ToTag()), branch: string(via.Branch()), cseq: m.CSeq().Number,
			source: rec.Src.Addr, reliable: rec.Src.Transport != capture.UDP, first: now, last: now, requests: 1}
		n.servers[string(n.serverKey(m.Method, via.Branch(), rec.Src.Addr))] = s
		n.served = append(n.served, s)
	}
	if (m.Method == sip.MethodBye || m.Method == sip.MethodInvite && s.toTag != "") && n.kind == kindPhone {
		for _, i := range n.served {
			if i.method == sip.MethodInvite && i.final/100 == 2 && i.callID == s.callID && i.tag == s.toTag && i != s && !i.acked {
				i.owing(x, n, now)
				i.implied = true // whoever hangs up, or changes the call again, has had the 2xx (RFC 5407 §3.1.4)
			}
		}
	}
	if m.Method == sip.MethodCancel {
		if c := x.cancels[s.branch]; c != nil {
			c.came++
		}
		if i := n.servers[string(n.serverKey(sip.MethodInvite, via.Branch(), rec.Src.Addr))]; i != nil {
			if !i.cancelled {
				i.cancelAt = now
			}
			i.cancelled = true
		} else {
			x.w.hits.hit(x.w, RowReordered)
		}
	}
}

// gone reports whether the transaction is over: by Timer H or J (§17.2.1, §17.2.2), or, of an INVITE that was answered, by Timer L (RFC 6026 §8.11).
func (s *serverSeen) gone(now time.Time) bool {
	return s.final != 0 && now.Sub(s.finalAt) > giveUp
}

// doubtful reports whether the transaction may be over: of one whose responses could not go out it is not known when its timer began, at the soonest with the
// request.
func (s *serverSeen) doubtful(now time.Time) bool { return s.refused && now.Sub(s.first) > giveUp }

// ackCame takes an ACK: for a refusal by its branch (RFC 3261 §17.2.3), for a 2xx by Call-ID and CSeq.
func (n *watched) ackCame(x *watcher, now time.Time, rec *capture.Record, m *sip.Message, branch []byte) {
	if s := n.servers[string(n.serverKey(sip.MethodInvite, branch, rec.Src.Addr))]; s != nil && s.final >= 300 {
		if !bytes.HasPrefix(branch, []byte(sip.MagicCookie)) && s.tag != string(m.ToTag()) {
			return // by the rules of RFC 2543 its tag is that of the response
		}
		s.owing(x, n, now)
		s.acked = true
		return
	}
	if n.kind != kindPhone {
		return
	}
	for _, s := range n.served {
		if s.method == sip.MethodInvite && s.final/100 == 2 && s.callID == string(m.CallID()) && s.cseq == m.CSeq().Number && s.tag == string(m.ToTag()) {
			s.owing(x, n, now)
			s.acked = true
		}
	}
}

// owing complains if the final response should have been sent again by now.
func (s *serverSeen) owing(x *watcher, n *watched, now time.Time) {
	if !s.next.IsZero() && !s.acked && !s.implied && !s.refused && s.next.Before(now) && s.next.Sub(s.finalAt) < giveUp {
		x.fail("retransmission", "%s should have sent its %d to %s again at %v after it first did", n.node.Name, s.final, s.method, s.next.Sub(s.finalAt))
	}
}

// responseSent takes a response that the node has sent.
func (n *watched) responseSent(x *watcher, now time.Time, rec *capture.Record, m *sip.Message) {
	via, ok := m.TopVia()
	if !ok || x.w.hostile != nil && rec.Dst.Addr == x.w.hostile.at.Addr() {
		return
	}
	seq := m.CSeq()
	s := n.servers[string(n.serverKey(seq.Method, via.Branch(), rec.Dst.Addr))]
	if s == nil {
		x.fail("final", "%s answers what nobody has asked: %d %s to %v", n.node.Name, m.Status, seq.Method, rec.Dst)
		return
	}
	s.responses++
	tag := string(m.ToTag())
	switch {
	case seq.Number != s.cseq, string(m.CallID()) != s.callID, string(m.FromTag()) != s.fromTag:
		x.fail("cseq", "%s answers with another CSeq, Call-ID or From tag (RFC 3261 §8.2.6.2): %d %s", n.node.Name, m.Status, seq.Method)
	case s.toTag != "" && tag != s.toTag:
		x.fail("tag", "%s changes the To tag of a request: %q to %q", n.node.Name, s.toTag, tag)
	case m.Status > 100 && tag == "":
		x.fail("tag", "%s sends a %d without a To tag (RFC 3261 §8.2.6.2)", n.node.Name, m.Status)
	case n.kind == kindPhone && !s.doubtful(now) && s.tag != "" && tag != "" && tag != s.tag && !(s.method == sip.MethodCancel && s.final == 481):
		x.fail("tag", "%s: %s: %q and %q", n.node.Name, onceTag, s.tag, tag)
	}
	if tag != "" {
		s.tag = tag
	}
	if s.answered.IsZero() {
		s.answered = now
		if d := now.Sub(s.first); s.method == sip.MethodInvite && d > trying && !s.refused {
			x.fail("100", "%s says the first word about an INVITE after %v, want a 100 within 200 ms (RFC 3261 §17.2.1)", n.node.Name, d)
		}
	}
	if m.Status < 200 {
		if s.early == 0 {
			s.early = int(m.Status)
		}
		if s.final != 0 {
			x.fail("final", "%s sends a %d after the %d", n.node.Name, m.Status, s.final)
		}
		if s.method != sip.MethodInvite && m.Status != 100 {
			x.fail("final", "%s sends a %d to a %s (RFC 4320 §4.1)", n.node.Name, m.Status, s.method)
		}
		return
	}
	if s.method == sip.MethodCancel {
		if c := x.cancels[s.branch]; c != nil {
			c.answered++
		}
		n.sameTag(x, s, m, rec.Dst.Addr)
	}
	n.finalSent(x, s, now, int(m.Status), tag)
}

// sameTag holds the 200 to a CANCEL to the tag of the INVITE's responses (§9.2), where no proxy has forked.
func (n *watched) sameTag(x *watcher, s *serverSeen, m *sip.Message, to netip.Addr) {
	i := n.servers[string(n.serverKey(sip.MethodInvite, []byte(s.branch), to))]
	if n.kind == kindPhone && m.Status == 200 && i != nil && i.tag != "" && i.tag != string(m.ToTag()) {
		x.fail("tag", "%s answers the CANCEL with tag %q and the INVITE with %q (RFC 3261 §9.2)", n.node.Name, m.ToTag(), i.tag)
	}
}

func (n *watched) finalSent(x *watcher, s *serverSeen, now time.Time, status int, tag string) {
	s.finals++
	if s.final == 0 {
		s.final, s.finalTag, s.finalAt = status, tag, now
		// A 2xx is repeated by a user agent over any transport (§13.3.1.4), by a proxy never; a refusal over UDP (Timer G), but for a
		// challenge and the like, which a proxy makes without a transaction: then it has not said 100 before.
		switch {
		case s.method != sip.MethodInvite:
		case status < 300 && n.kind == kindPhone, status >= 300 && !s.reliable && !n.stateless(s, status):
			s.interval, s.next = t1, now.Add(t1)
		}
		return
	}
	success, before := status/100 == 2, s.final/100 == 2
	switch {
	case success && before && s.method == sip.MethodInvite && n.kind == kindProxy:
		return // each 2xx that comes is passed on
	case s.method == sip.MethodCancel && s.final == 481 && success:
		// The CANCEL came before its INVITE, and again after it. The 481 is made without a transaction.
		s.final, s.finalTag = status, tag
	case n.kind == kindProxy && s.final == 503 && (status == 401 || status == 407):
		// A proxy answers strangers without state: one that has guessed too often hears something else when he has waited.
		s.final, s.finalTag = status, tag
	case s.doubtful(now):
		s.final, s.finalTag = status, tag
	case status != s.final:
		x.fail("final", "%s answers a %s twice: %d and %d", n.node.Name, s.method, s.final, status)
	case tag != s.finalTag:
		x.fail("final", "%s answers a %s twice: %d with the tags %q and %q", n.node.Name, s.method, s.final, s.finalTag, tag)
	case s.refused:
	case now.Equal(s.next) && !s.acked:
		s.interval = min(2*s.interval, t2)
		s.next = s.next.Add(s.interval)
	case now.Equal(s.last) && s.requests > 1 && !(success && s.method == sip.MethodInvite):
		// The request came again, and is answered again (§17.2.1, §17.2.2).
	case s.acked:
		x.fail("retransmission", "%s sends its %d to %s again after the ACK", n.node.Name, status, s.method)
	case s.next.IsZero():
		x.fail("retransmission", "%s sends its %d to %s again, and nobody has asked", n.node.Name, status, s.method)
	default:
		x.fail("retransmission", "%s sends its %d to %s again %v after it first did, want %v", n.node.Name, status, s.method, now.Sub(s.finalAt), s.next.Sub(s.finalAt))
	}
}

// stateless reports whether a proxy has made a response without a transaction (RFC 3261 §8.2.7, §26.3.2.4).
func (n *watched) stateless(s *serverSeen, status int) bool {
	if n.kind != kindProxy || s.early != 0 {
		return false
	}
	switch status {
	case 403, 404, 480: // of somebody known
		return false
	}
	return true
}

// finish looks at what is owed at the end.
func (s *serverSeen) finish(x *watcher, n *watched, now time.Time) {
	s.owing(x, n, now)
	switch {
	case s.final != 0, s.refused:
	case s.method == sip.MethodInvite:
		x.fail("final", "%s never answers the INVITE %d of %s (RFC 3261 §17.2.1)", n.node.Name, s.cseq, s.callID)
	case n.kind == kindPhone:
		x.fail("final", "%s never answers the %s %d of %s", n.node.Name, s.method, s.cseq, s.callID)
	}
}
