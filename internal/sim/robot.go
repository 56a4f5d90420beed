package sim

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Robot is what a scripted callee does, in bits: the behaviours that our own telephone does not have, and others do.
type Robot uint32

const (
	// RobotOn: there is one. It rings, and says nothing more.
	RobotOn Robot = 1 << iota
	// RobotTrying: it says 100 at once, and rings after three seconds.
	RobotTrying
	// RobotChallenge: it asks for credentials once; RobotEndless: again and again, each time with another nonce.
	RobotChallenge
	RobotEndless
	// RobotTwoTags: it rings as if a proxy had forked, with two tags.
	RobotTwoTags
	// RobotAnswers: it answers four seconds after the INVITE; RobotTwice: with two tags, so two 2xx.
	RobotAnswers
	RobotTwice
	// What it does about a CANCEL, if it is not 200 and 487:
	RobotBackwards  // 487 first
	Robot481        // 481, and goes on ringing
	RobotNo487      // 200, and then nothing ever
	RobotNoCancelOK // no answer to the CANCEL, 487 to the INVITE
	RobotDeafOnce   // the first CANCEL is not heard
	RobotAnyway     // 200 to the CANCEL, and 200 to the INVITE
)

func (r Robot) String() string {
	names := []string{"rings", "says 100 first", "challenges", "challenges without end", "rings with two tags", "answers", "answers twice", "487 before 200(CANCEL)",
		"481 to CANCEL", "no 487 ever", "no 200(CANCEL)", "does not hear the first CANCEL", "answers when cancelled"}
	var on []string
	for i, n := range names {
		if r&(1<<i) != 0 {
			on = append(on, n)
		}
	}
	return strings.Join(on, ", ")
}

// robot is the element. It keeps no more rules than its script needs: what it says is not held to the RFC, what is said to it is.
type robot struct {
	does  Robot
	at    netip.AddrPort
	calls map[string]*robotCall // by branch of the INVITE
	order []*robotCall
	asked int
	msg   sip.Message
	due   []robotTimer
	count int
}

type robotCall struct {
	invite    []byte
	from      live.Flow
	tag       string
	last      [][]byte // what is said again when the INVITE comes again
	final     bool
	cancelled int
	acked     bool
}

type robotTimer struct {
	at   time.Time
	call *robotCall
	do   func(now time.Time, out *live.Outbox)
}

func newRobot(does Robot, at netip.AddrPort) *robot {
	return &robot{does: does, at: at, calls: map[string]*robotCall{}}
}

func (r *robot) has(b Robot) bool { return r.does&b != 0 }

func (r *robot) later(at time.Time, c *robotCall, do func(now time.Time, out *live.Outbox)) {
	r.due = append(r.due, robotTimer{at, c, do})
}

func (r *robot) reply(c *robotCall, status int, tag string, fields []sip.DraftField, body []byte) []byte {
	return live.AppendReply(nil, sip.Parse(c.invite), c.from, &live.Reply{Status: status, ToTag: tag, Fields: fields, Body: body})
}

// say sends a response to the INVITE.
func (r *robot) say(c *robotCall, out *live.Outbox, b ...[]byte) {
	c.last = b
	for _, x := range b {
		out.Send(live.ReplyFlow(sip.Parse(c.invite), c.from), 0, x)
	}
}

// conclude sends a final response, and sends it again until the ACK comes.
func (r *robot) conclude(now time.Time, c *robotCall, out *live.Outbox, b ...[]byte) {
	c.final = true
	r.say(c, out, b...)
	interval, end := 500*time.Millisecond, now.Add(32*time.Second)
	var again func(now time.Time, out *live.Outbox)
	again = func(now time.Time, out *live.Outbox) {
		if c.acked || !now.Before(end) {
			return
		}
		r.say(c, out, c.last...)
		interval = min(2*interval, 4*time.Second)
		r.later(now.Add(interval), c, again)
	}
	r.later(now.Add(interval), c, again)
}

func (r *robot) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	m := &r.msg
	m.Parse(data)
	if !m.IsRequest() {
		return
	}
	via, ok := m.TopVia()
	if !ok {
		return
	}
	branch := string(via.Branch())
	switch m.Method {
	case sip.MethodInvite:
		r.invited(now, from, m, branch, out)
	case sip.MethodAck:
		for _, c := range r.order {
			if bytes.Equal(sip.Parse(c.invite).CallID(), m.CallID()) {
				c.acked = true
			}
		}
	case sip.MethodCancel:
		r.cancel(now, from, m, branch, out)
	default:
		out.Send(live.ReplyFlow(m, from), 0, live.AppendReply(nil, m, from, &live.Reply{Status: 200, ToTag: "robot-other"}))
	}
}

func (r *robot) invited(now time.Time, from live.Flow, m *sip.Message, branch string, out *live.Outbox) {
	if c := r.calls[branch]; c != nil {
		r.say(c, out, c.last...)
		return
	}
	r.count++
	c := &robotCall{invite: bytes.Clone(m.Raw), from: from, tag: "robot" + strconv.Itoa(r.count)}
	r.calls[branch] = c
	r.order = append(r.order, c)
	if len(m.ToTag()) > 0 { // a change to a call
		c.tag = ""
		r.conclude(now, c, out, r.reply(c, 200, "", r.described(c), r.answer()))
		return
	}
	if r.has(RobotEndless) || r.has(RobotChallenge) && !m.Has(sip.FieldProxyAuthorization) {
		r.asked++
		ch := fmt.Sprintf(`Digest realm="robot", nonce="%d-%d", algorithm=MD5, qop="auth"`, r.asked, now.UnixNano())
		r.conclude(now, c, out, r.reply(c, 407, c.tag, []sip.DraftField{{Name: "Proxy-Authenticate", Value: ch}}, nil))
		return
	}
	ring := func(now time.Time, out *live.Outbox) {
		if c.final {
			return
		}
		contact := r.described(c)[:1]
		b := [][]byte{r.reply(c, 180, c.tag, contact, nil)}
		if r.has(RobotTwoTags) {
			b = append(b, r.reply(c, 180, c.tag+"b", contact, nil))
		}
		r.say(c, out, b...)
	}
	if r.has(RobotTrying) {
		r.say(c, out, r.reply(c, 100, "", nil, nil))
		r.later(now.Add(3*time.Second), c, ring)
	} else {
		ring(now, out)
	}
	if r.has(RobotAnswers) {
		r.later(now.Add(4*time.Second), c, func(now time.Time, out *live.Outbox) { r.accept(now, c, out) })
	}
	// A call that nobody cancels ends by itself, as Expires has it; RobotNo487 may be cancelled, and goes on for ever.
	if n, ok := m.Number(sip.FieldExpires); ok {
		r.later(now.Add(time.Duration(n)*time.Second), c, func(now time.Time, out *live.Outbox) {
			if !c.final && c.cancelled == 0 {
				r.conclude(now, c, out, r.reply(c, 480, c.tag, nil, nil))
			}
		})
	}
}

func (r *robot) described(c *robotCall) []sip.DraftField {
	contact := "<sip:robot@" + r.at.String() + ">"
	if c.from.Reliable() {
		contact = "<sip:robot@" + r.at.String() + param(c.from.Transport) + ">"
	}
	return []sip.DraftField{{Name: "Contact", Value: contact}, {Name: "Allow", Value: "ACK, BYE, CANCEL, INVITE"},
		{Name: "Supported", Value: ""}, {Name: "Content-Type", Value: "application/sdp"}}
}

func (r *robot) answer() []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 " + r.at.Addr().String() + "\r\ns=-\r\nc=IN IP4 " + r.at.Addr().String() + "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")
}

func (r *robot) accept(now time.Time, c *robotCall, out *live.Outbox) {
	if c.final {
		return
	}
	b := [][]byte{r.reply(c, 200, c.tag, r.described(c), r.answer())}
	if r.has(RobotTwice) {
		b = append(b, r.reply(c, 200, c.tag+"b", r.described(c), r.answer()))
	}
	r.conclude(now, c, out, b...)
}

func (r *robot) cancel(now time.Time, from live.Flow, m *sip.Message, branch string, out *live.Outbox) {
	say := func(status int, tag string) {
		out.Send(live.ReplyFlow(m, from), 0, live.AppendReply(nil, m, from, &live.Reply{Status: status, ToTag: tag}))
	}
	c := r.calls[branch]
	if c == nil {
		say(481, "robot-none")
		return
	}
	c.cancelled++
	end := func() {
		if !c.final {
			r.conclude(now, c, out, r.reply(c, 487, c.tag, nil, nil))
		}
	}
	switch {
	case r.has(RobotDeafOnce) && c.cancelled == 1 && !from.Reliable():
	case r.has(Robot481):
		say(481, c.tag)
	case r.has(RobotNo487):
		say(200, c.tag)
	case r.has(RobotNoCancelOK):
		end()
	case r.has(RobotBackwards):
		end()
		say(200, c.tag)
	case r.has(RobotAnyway):
		say(200, c.tag)
		r.accept(now, c, out)
	default:
		say(200, c.tag)
		end()
	}
}

func (r *robot) Wake(now time.Time, out *live.Outbox) {
	for i := 0; i < len(r.due); {
		if t := r.due[i]; !now.Before(t.at) {
			r.due = append(r.due[:i], r.due[i+1:]...)
			t.do(now, out)
			continue
		}
		i++
	}
}

func (r *robot) Next() time.Time {
	var next time.Time
	for _, t := range r.due {
		if next.IsZero() || t.at.Before(next) {
			next = t.at
		}
	}
	return next
}

func (r *robot) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (r *robot) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (r *robot) Closed(_ time.Time, _ live.Flow, _ *live.Outbox)              {}
