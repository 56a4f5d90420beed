package workload

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Scenario is a course that a call or registration takes.
type Scenario uint8

// The scenarios. "Incoming" is a call to the adapter; all others are its own. An outgoing call is challenged with 407 and
// tried again first, a registration with 401, as on the page that sipscribe starts from.
const (
	Cancelled             Scenario = iota // 100 180 CANCEL 200 487 ACK
	AnsweredCallerHangsUp                 // 100 180 200 ACK, BYE sent
	AnsweredCalleeHangsUp                 // 100 180 200 ACK, BYE received
	AnsweredHeld                          // answered, held and taken back by two more INVITEs, BYE sent
	Busy486
	Unanswered480 // after ringing
	Unanswered408 // after ringing
	Rejected403
	Rejected404
	Rejected603 // after ringing
	Failed500
	Failed503
	Redirected302      // not followed
	IncomingAnswered   // BYE received
	IncomingWeHangUp   // BYE sent
	IncomingCancelled  // CANCEL received while ringing
	IncomingBusy486    // the line is in use
	Registered         // REGISTER 401 REGISTER 200
	RegistrationDenied // REGISTER 401 REGISTER 403
	Unregistered       // the same as Registered with expires=0
	InProgressTrying   // the log ends after 100
	InProgressRinging  // the log ends after 180
	InProgressTalking  // the log ends before the BYE: answered
)

// scenario is what the truth says of a scenario, and its course.
type scenario struct {
	name    string
	kind    Kind
	outcome string // in the words of docs/json.md
	status  int    // of the last final response to the INVITE that makes the call, or to the REGISTER; 0: none
	course  func(*script)
}

var scenarios = [...]scenario{
	Cancelled:             {"cancelled", KindCall, "cancelled", 487, (*script).cancelled},
	AnsweredCallerHangsUp: {"answered-caller-hangs-up", KindCall, "answered", 200, (*script).answeredCallerHangsUp},
	AnsweredCalleeHangsUp: {"answered-callee-hangs-up", KindCall, "answered", 200, (*script).answeredCalleeHangsUp},
	AnsweredHeld:          {"answered-held", KindCall, "answered", 200, (*script).answeredHeld},
	Busy486:               {"busy-486", KindCall, "busy", 486, (*script).refusedAtOnce},
	Unanswered480:         {"unanswered-480", KindCall, "unanswered", 480, (*script).refusedAfterRinging},
	Unanswered408:         {"unanswered-408", KindCall, "unanswered", 408, (*script).refusedAfterRinging},
	Rejected403:           {"rejected-403", KindCall, "rejected", 403, (*script).refusedAtOnce},
	Rejected404:           {"rejected-404", KindCall, "rejected", 404, (*script).refusedAtOnce},
	Rejected603:           {"rejected-603", KindCall, "rejected", 603, (*script).refusedAfterRinging},
	Failed500:             {"failed-500", KindCall, "failed", 500, (*script).refusedAtOnce},
	Failed503:             {"failed-503", KindCall, "failed", 503, (*script).refusedAtOnce},
	Redirected302:         {"redirected-302", KindCall, "redirected", 302, (*script).refusedAtOnce},
	IncomingAnswered:      {"incoming-answered", KindCall, "answered", 200, (*script).incomingAnswered},
	IncomingWeHangUp:      {"incoming-we-hang-up", KindCall, "answered", 200, (*script).incomingWeHangUp},
	IncomingCancelled:     {"incoming-cancelled", KindCall, "cancelled", 487, (*script).incomingCancelled},
	IncomingBusy486:       {"incoming-busy-486", KindCall, "busy", 486, (*script).incomingBusy},
	Registered:            {"registered", KindRegistration, "registered", 200, (*script).registration},
	RegistrationDenied:    {"registration-denied", KindRegistration, "rejected", 403, (*script).registration},
	Unregistered:          {"unregistered", KindRegistration, "unregistered", 200, (*script).registration},
	InProgressTrying:      {"in-progress-trying", KindCall, "in-progress", 0, (*script).inProgressTrying},
	InProgressRinging:     {"in-progress-ringing", KindCall, "in-progress", 0, (*script).inProgressRinging},
	InProgressTalking:     {"in-progress-talking", KindCall, "answered", 200, (*script).inProgressTalking},
}

// String returns the name that the truth has: "busy-486".
func (s Scenario) String() string {
	if int(s) < len(scenarios) {
		return scenarios[s].name
	}
	return "unknown"
}

// scenarioNamed returns the scenario of a name in the truth, and false if there is none.
func scenarioNamed(name string) (Scenario, bool) {
	i := slices.IndexFunc(scenarios[:], func(s scenario) bool { return s.name == name })
	return Scenario(max(i, 0)), i >= 0
}

// DefaultMix returns the mix that benchmarks use: all outcomes, about ten messages a call with the default retransmissions.
func DefaultMix() []Weight {
	return []Weight{
		{Cancelled, 17},
		{AnsweredCallerHangsUp, 26},
		{AnsweredCalleeHangsUp, 12},
		{AnsweredHeld, 12},
		{Busy486, 5},
		{Unanswered480, 3},
		{Unanswered408, 2},
		{Rejected403, 1},
		{Rejected404, 2},
		{Rejected603, 1},
		{Failed500, 1},
		{Failed503, 1},
		{Redirected302, 1},
		{IncomingAnswered, 5},
		{IncomingWeHangUp, 3},
		{IncomingCancelled, 2},
		{IncomingBusy486, 1},
		{Registered, 3},
		{RegistrationDenied, 1},
		{Unregistered, 1},
	}
}

// The courses of the calls that the adapter makes. Times are drawn so that no call is longer than longestCall, and so that
// every timer of a retransmission has run out before the next step of the people.

func (c *script) cancelled() {
	c.dial()
	c.ring()
	c.wait(2000, 40000)
	c.cancel()
}

func (c *script) answeredCallerHangsUp() {
	c.dial()
	c.ring()
	c.wait(1000, 25000)
	c.answer()
	c.talk()
	c.hangUp()
}

func (c *script) answeredCalleeHangsUp() {
	c.dial()
	c.ring()
	c.wait(1000, 25000)
	c.answer()
	c.talk()
	c.hungUp()
}

func (c *script) answeredHeld() {
	c.dial()
	c.ring()
	c.wait(1000, 25000)
	c.answer()
	c.wait(4000, 30000)
	c.reinvite("sendonly")
	c.wait(4000, 40000)
	c.reinvite("sendrecv")
	c.wait(4000, 30000)
	c.hangUp()
}

func (c *script) refusedAtOnce() {
	c.dial()
	c.wait(20, 1500)
	c.refuse(c.call.Status)
}

func (c *script) refusedAfterRinging() {
	c.dial()
	c.ring()
	c.wait(18000, 60000)
	c.refuse(c.call.Status)
}

// The courses of the calls to the adapter.

func (c *script) incomingAnswered() {
	c.incoming()
	c.ringHere()
	c.wait(1000, 25000)
	c.answerHere()
	c.talk()
	c.hungUp()
}

func (c *script) incomingWeHangUp() {
	c.incoming()
	c.ringHere()
	c.wait(1000, 25000)
	c.answerHere()
	c.talk()
	c.hangUp()
}

func (c *script) incomingCancelled() {
	c.incoming()
	c.ringHere()
	c.wait(2000, 40000)
	c.cancelledThere()
}

func (c *script) incomingBusy() {
	c.incoming()
	c.step(2, 10)
	c.refuseHere(486)
}

func (c *script) registration() { c.register() }

// The courses of the calls that the log does not see the end of.

func (c *script) inProgressTrying() { c.dial() }

func (c *script) inProgressRinging() {
	c.dial()
	c.ring()
}

func (c *script) inProgressTalking() {
	c.dial()
	c.ring()
	c.wait(500, 3000)
	c.answer()
}

// unfinishedCall is a call in progress at the end of the log, and when it begins in microseconds.
type unfinishedCall struct {
	scenario Scenario
	at       int64
}

// unfinished returns n calls that begin before the end of the log, not before the time from, in the order of time. They begin
// so late that a reader cannot take them for calls that were given up: one that rings has its 240 s (Expires) not behind it.
func (g *generator) unfinished(n int, from, end int64) []unfinishedCall {
	calls := make([]unfinishedCall, n)
	for i := range calls {
		s, early := InProgressRinging, int64(60e6)
		switch i % 4 {
		case 1:
			s, early = InProgressTrying, 3e6
		case 3:
			s = InProgressTalking
		}
		first := max(from, end-early)
		calls[i] = unfinishedCall{s, first + g.rng.Int64N(end-first+1)}
	}
	slices.SortStableFunc(calls, func(a, b unfinishedCall) int { return cmp.Compare(a.at, b.at) })
	return calls
}

// newRand returns the source of chance of a workload.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x53495053435249)) }
