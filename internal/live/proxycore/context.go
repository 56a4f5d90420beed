package proxycore

import (
	"slices"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Context is the response context of one request (§16.2, §16.7): its targets, the branches to them, what they answered, and what was
// handed back. Exactly one final response goes upstream, but for the further 2xx of an INVITE.
type Context struct {
	// RecordRoute, if not "", is put in the place of our Record-Route value in what is handed back (§16.7 step 8).
	RecordRoute string
	// Fixed: the Request-URI is none that the proxy is responsible for, or that of a dialog. "If the proxy is not responsible for that URI, it will
	// not recurse on 3xx" (§16.5).
	Fixed bool

	core    *Core
	invite  bool
	secure  bool // the Request-URI is a sips URI
	breadth int  // incoming Max-Breadth (RFC 5393 §5.3.2)
	targets []target
	order   []int // of targets, the highest Q first
	// branches are never removed: their number is what the caller knows them by.
	branches []branch

	begun     bool
	cancelled bool // from upstream
	closed    bool // no new branches (§16.7 step 5: a 6xx; a 2xx; a CANCEL)
	final     bool // a final response went upstream, or none ever will
	ended     bool
	ring      time.Time // when the group that is tried has rung long enough
	ringQ     int       // of which Q that group is; -1: none yet

	best       []byte // the best final response so far, as it would be handed back (§16.7 step 6)
	bestStatus int
	bestBranch int
	bestBody   int // length of its body
	challenges []challenge
	collected  int  // bytes of challenges
	timedOut   bool // a branch ended as by a 408
	unsent     bool // a branch ended as by a 503
	unknown    int  // what is owed for a redirection to somebody of ours who is not there

	actions []Action
	buf     []byte
}

type targetState uint8

const (
	targetWaiting   targetState = iota // for its turn
	targetResolving                    // for its addresses, or for what the location service has
	targetReady                        // for Max-Breadth to be free
	targetTrying                       // a branch is under way
	targetDone
)

type target struct {
	Target
	state targetState
	flows []live.Flow // that have not been tried
	// uri is Target.URI, parsed.
	uri sip.URI
	// ours: the location service is to be asked.
	ours bool
}

// NewContext returns the context of a request that has passed Check. targets may come in any order; of equal ones the first counts, and
// what goes past MaxTargets is left out. The request itself is the caller's to keep.
func (c *Core) NewContext(m *sip.Message, targets []Target) *Context {
	u := m.RequestURI()
	x := &Context{core: c, invite: m.Method == sip.MethodInvite, secure: isSecure(&u), breadth: c.cfg.MaxBreadth, ringQ: -1}
	if m.Has(sip.FieldMaxBreadth) {
		// RFC 5393 §5.3.3: more than the maximum is overwritten with it.
		if n, ok := m.Number(sip.FieldMaxBreadth); ok {
			x.breadth = int(min(n, uint32(c.cfg.MaxBreadth)))
		}
	}
	for _, t := range targets {
		x.add(t)
	}
	return x
}

// add puts a target into the set, unless it is there: "Targets can only be placed in the target set once" (§16.5). Two bindings of one
// URI and two flows are two devices behind two NATs.
func (x *Context) add(t Target) bool {
	if len(x.targets) >= MaxTargets {
		return false
	}
	u := sip.ParseURI([]byte(t.URI))
	for i := range x.targets {
		if x.targets[i].Flow == t.Flow && x.targets[i].uri.Equal(&u) {
			return false
		}
	}
	t.Q = min(t.Q, 1000)
	x.targets = append(x.targets, target{Target: t, uri: u})
	n := len(x.targets) - 1
	at := len(x.order)
	for at > 0 && x.targets[x.order[at-1]].Q < t.Q {
		at--
	}
	x.order = slices.Insert(x.order, at, n)
	return true
}

// Target returns a target, as it was given or as a redirection made it.
func (x *Context) Target(n int) *Target { return &x.targets[n].Target }

// Handle takes an event and returns what is to be done, in order. The actions hold until the next call for any context of the core. An event that names a target or a
// branch that there is not, or that is done, changes nothing.
func (x *Context) Handle(now time.Time, e Event) []Action {
	if x.ended {
		return nil
	}
	// The storage is the core's: a context that only waits for its last transaction holds none.
	x.actions, x.buf = x.core.actions[:0], x.core.buf[:0]
	switch e.Kind {
	case EventBegin:
		x.begin()
	case EventResolved:
		x.resolved(e)
	case EventLocated:
		x.located(e)
	case EventResponse:
		if b := x.branch(e.Branch); b != nil && e.Message != nil {
			x.response(now, e.Branch, e.Message)
		}
	case EventTimeout:
		if b := x.branch(e.Branch); b != nil {
			x.fail(b, false)
		}
	case EventTransport:
		if b := x.branch(e.Branch); b != nil {
			x.fail(b, true) // §16.9
		}
	case EventEnded:
		if b := x.branch(e.Branch); b != nil {
			x.fail(b, false) // it has told its end before; if not, nothing will come any more
			b.ended = true
		}
	case EventCancel:
		x.cancel(e.Message)
	case EventWake:
		x.wake(now)
	}
	if x.begun {
		x.advance(now)
	}
	actions := x.actions
	x.core.actions, x.core.buf = x.actions, x.buf
	x.actions, x.buf = nil, nil
	return actions
}

// begin looks at what there is to try.
func (x *Context) begin() {
	if x.begun {
		return
	}
	x.begun = true
	widest, n := 0, 0
	for i, t := range x.order {
		if i > 0 && x.targets[t].Q != x.targets[x.order[i-1]].Q {
			n = 0
		}
		n++
		widest = max(widest, n)
	}
	switch {
	case len(x.targets) == 0:
		x.respond(480) // §16.5: "the proxy MUST return an error response, which SHOULD be the 480"
	case x.breadth < 1 || x.core.cfg.Breadth440 && widest > x.breadth:
		x.respond(440) // RFC 5393 §5.3.3
	}
}

// resolved takes the addresses of a target.
func (x *Context) resolved(e Event) {
	if e.Target < 0 || e.Target >= len(x.targets) {
		return
	}
	t := &x.targets[e.Target]
	if t.state != targetResolving || t.ours {
		return
	}
	if len(e.Flows) == 0 {
		// There is no way to it: as if it could not be sent (§8.1.3.1, §16.9).
		x.unsent = true
		t.state = targetDone
		return
	}
	t.flows = append(t.flows, e.Flows[:min(len(e.Flows), MaxFlows)]...)
	t.state = targetReady
}

// located puts what the location service has for a target in its place. Who has been tried already is not tried again, so that two telephones that
// redirect to each other end it.
func (x *Context) located(e Event) {
	if e.Target < 0 || e.Target >= len(x.targets) {
		return
	}
	t := x.targets[e.Target]
	if t.state != targetResolving || !t.ours {
		return
	}
	x.targets[e.Target].state = targetDone
	if len(e.Targets) == 0 && (x.unknown == 0 || x.rank(e.Status) < x.rank(x.unknown)) {
		x.unknown = e.Status
	}
	for _, n := range e.Targets {
		n.Q = uint16(int(t.Q) * int(min(n.Q, 1000)) / 1000)
		x.add(n)
	}
}

// advance starts what may be started, and when nothing is left chooses the response (§16.7 step 6).
func (x *Context) advance(now time.Time) {
	if x.closed || x.final {
		for i := range x.targets {
			if s := x.targets[i].state; s != targetTrying {
				x.targets[i].state = targetDone
			}
		}
	} else {
		x.start(now)
	}
	if !x.final && x.idle() {
		x.choose()
	}
	if x.final && !x.ended && x.allEnded() {
		x.ended = true
		x.actions = append(x.actions, Action{Kind: ActionEnd})
	}
}

// start begins the targets of the highest Q that are not done: in parallel as far as Max-Breadth goes (§16.6, RFC 5393 §5.5).
func (x *Context) start(now time.Time) {
	q := -1
	left := 0 // targets of the group that have no branch yet
	for _, i := range x.order {
		t := &x.targets[i]
		if t.state == targetDone {
			continue
		}
		if q < 0 {
			q = int(t.Q)
		}
		if int(t.Q) != q {
			break
		}
		if t.state == targetWaiting {
			switch {
			case t.ours:
				t.state = targetResolving
				x.actions = append(x.actions, Action{Kind: ActionLocate, Target: i})
			case t.Flow.Transport != 0:
				t.flows, t.state = append(t.flows, t.Flow), targetReady
				if t.Else.Transport != 0 {
					t.flows = append(t.flows, t.Else)
				}
			default:
				t.state = targetResolving
				x.actions = append(x.actions, Action{Kind: ActionResolve, Target: i})
			}
		}
		if t.state != targetTrying {
			left++
		}
	}
	free := x.breadth - x.outgoing()
	for _, i := range x.order {
		t := &x.targets[i]
		if t.state != targetReady || int(t.Q) != q {
			continue
		}
		if free < 1 {
			return // it waits until a branch is done ("their portion of the Max-Breadth value becomes available")
		}
		share := max(free/left, 1)
		free -= share
		left--
		flow := t.flows[0]
		t.flows = t.flows[1:]
		t.state = targetTrying
		b := branch{target: i, breadth: share}
		if x.invite {
			b.timerC = now.Add(x.core.cfg.TimerC) // §16.6 step 11
			if x.ringQ != q && x.core.cfg.Ring > 0 {
				x.ringQ, x.ring = q, now.Add(x.core.cfg.Ring)
			}
		}
		x.branches = append(x.branches, b)
		x.actions = append(x.actions, Action{Kind: ActionForward, Target: i, Branch: len(x.branches) - 1, Flow: flow, Breadth: share})
	}
}

// outgoing is the Outgoing Max-Breadth (RFC 5393 §5.3.2): that of the branches without a final response.
func (x *Context) outgoing() int {
	n := 0
	for i := range x.branches {
		if b := &x.branches[i]; !b.done {
			n += b.breadth
		}
	}
	return n
}

// idle reports whether nothing is under way and nothing is left to try.
func (x *Context) idle() bool {
	for i := range x.targets {
		if x.targets[i].state != targetDone {
			return false
		}
	}
	for i := range x.branches {
		if !x.branches[i].done {
			return false
		}
	}
	return true
}

// allEnded reports whether all client transactions are gone: "the proxy MUST maintain the response context until all of its associated
// transactions have been terminated" (§16.7 step 9).
func (x *Context) allEnded() bool {
	for i := range x.branches {
		if !x.branches[i].ended {
			return false
		}
	}
	return true
}

// response takes a response of a client transaction (§16.7).
func (x *Context) response(now time.Time, n int, m *sip.Message) {
	b := &x.branches[n]
	switch status := int(m.Status); {
	case status < 200:
		if b.done {
			return
		}
		b.proceeding = true
		if status == 100 {
			return // step 5: "MUST NOT forward any 100"
		}
		if x.invite && !b.cancelled {
			b.timerC = now.Add(x.core.cfg.TimerC) // step 2
		}
		// RFC 4320 §4.1: no provisional response but 100 to a non-INVITE request.
		if x.invite && !x.final {
			x.relay(m, &Relay{RecordRoute: x.RecordRoute}, status)
		}
	case status < 300:
		// Step 5: a 2xx MUST be forwarded at once; to an INVITE also after a final response, whatever was cancelled meanwhile.
		// To a non-INVITE exactly one final response is (RFC 4320 §4.2: no late ones).
		if !x.invite && (x.final || b.done) {
			x.finish(b)
			return
		}
		if !x.relay(m, &Relay{RecordRoute: x.RecordRoute}, status) {
			x.fail(b, false)
			return
		}
		x.finish(b)
		x.final, x.closed = true, true
		x.cancelAll(`SIP;cause=200;text="Call completed elsewhere"`) // step 10, RFC 3326 §3.1
	default:
		if b.answered || x.final {
			x.finish(b)
			return
		}
		b.answered = true
		if status >= 600 {
			x.closed = true // step 5: "MUST NOT create any new branches in this context"
		}
		how := &Relay{RecordRoute: x.RecordRoute}
		t := &x.targets[b.target]
		if status == 503 && !b.done && len(t.flows) > 0 && !x.closed && !b.cancelled {
			// RFC 3263 §4.3: a 503 is a failure of this address, and the next is tried.
			x.collect(n, m, how)
			b.done = true
			t.state = targetReady
			return
		}
		if b.done || !x.redirect(b, m, how) { // what comes after timer C has only its say
			x.collect(n, m, how)
		}
		x.finish(b)
		if status >= 600 {
			x.cancelAll("SIP;cause=600;text=\"Busy Everywhere\"") // step 10
		}
	}
}

// relay hands a response back. false: it cannot be.
func (x *Context) relay(m *sip.Message, how *Relay, status int) bool {
	start := len(x.buf)
	out, ok := x.core.AppendRelay(x.buf, m, how)
	if !ok {
		return false
	}
	x.buf = out
	x.actions = append(x.actions, Action{Kind: ActionRelay, Status: status, Response: out[start:]})
	return true
}

// respond answers the request with a response of our own.
func (x *Context) respond(status int) {
	x.final, x.closed = true, true
	x.actions = append(x.actions, Action{Kind: ActionRespond, Status: status, Reply: live.Reply{Status: status}})
}

// Next returns when the context wants an EventWake; the zero time: never.
func (x *Context) Next() time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if x.ended {
		return next
	}
	for i := range x.branches {
		if b := &x.branches[i]; !b.done {
			sooner(b.timerC)
		}
	}
	if !x.closed && x.ringing() {
		sooner(x.ring)
	}
	return next
}
