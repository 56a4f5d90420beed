// Package diagnose runs rules over a call: what the log itself did to the messages, and what the parties did.
//
//	callflow.Call ─ Runner.Run ─▶ []Finding
//
// A rule is a value: what it is called, what it means, how bad it is, where it is written, and a function that looks. Rules
// stand in internal/diagnose/rules, one a file, in an explicit list.
//
// Rules of severity note speak of artefacts: the log was cut, edited, hidden, doubled. They come first, because a finding about the
// parties may rest on what is only the log's doing; a rule asks Pass.Damaged before it takes a message at its word.
package diagnose

import (
	"strconv"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Severity is how bad a finding is.
type Severity uint8

const (
	SeverityUnknown Severity = iota
	SeverityNote             // about the log, not about the call
	SeverityInfo             // legal, and worth knowing
	SeverityWarning          // against the rules, or likely to make trouble
	SeverityError            // it has made trouble
)

// String returns the word of the data contract.
func (s Severity) String() string {
	return [...]string{"unknown", "note", "info", "warning", "error"}[min(s, SeverityError)]
}

// Ref is a place in an RFC.
type Ref struct {
	RFC     int
	Section string
}

// RFC returns a Ref.
func RFC(number int, section string) Ref { return Ref{number, section} }

// String returns "RFC 3261 §18.3".
func (r Ref) String() string {
	if r.Section == "" {
		return "RFC " + strconv.Itoa(r.RFC)
	}
	return "RFC " + strconv.Itoa(r.RFC) + " §" + r.Section
}

// Rule is a check.
type Rule struct {
	Code     string // "message-cut"
	Title    string // a line
	Text     string // what it means, for people, a paragraph
	Severity Severity
	Mend     string // what to do about it, for people, a sentence or two
	Refs     []Ref
	Since    string
	// DependsOn names rules whose finding about the same call makes this one a mere symptom: then it stays silent.
	DependsOn []*Rule
	Run       func(*Pass)
}

// Finding is what a rule concluded.
type Finding struct {
	Rule *Rule
	// Text says what was found here, in a sentence or two. Why says what it comes from, and may be empty. Mend says what to do about it
	// here, where that is more than Rule.Mend says.
	Text, Why, Mend string
	Evidence        []capture.Evidence
}

// Pass is one run of one rule over one call. It holds until the rule returns.
type Pass struct {
	Call *callflow.Call

	runner *Runner
	rule   *Rule
}

// Report adds a finding.
func (p *Pass) Report(f Finding) {
	f.Rule = p.rule
	p.runner.findings = append(p.runner.findings, f)
}

// Message returns the parsed message of hop i. It holds as callflow.Messages says.
func (p *Pass) Message(i int) *sip.Message { return p.runner.messages.Of(p.Call, i) }

// HasSDP reports whether the message of hop i has a session description.
func (p *Pass) HasSDP(i int) bool { return p.runner.messages.HasSDP(p.Call, &p.Call.Hops[i]) }

// Evidence returns the place of part, which is a part of the message of hop i; of the whole message if part is empty.
func (p *Pass) Evidence(i int, part sip.Span) []capture.Evidence {
	h, r := &p.Call.Hops[i], p.runner
	if part.IsEmpty() {
		r.places = append(r.places, p.Call.Evidence(h))
	} else {
		r.places = append(r.places, p.Call.EvidenceOf(h, int(part.Start), int(part.End)))
	}
	n := len(r.places)
	return r.places[n-1 : n : n]
}

// Sound reports whether the log shows every message of the call as a message should be: whole, and without anything that the parser had to object to. Of most calls it
// does, and rules about single messages need not look at each of them then.
func (p *Pass) Sound() bool {
	r := p.runner
	if !r.looked {
		r.looked, r.sound = true, r.isSound(p.Call)
	}
	return r.sound
}

func (r *Runner) isSound(c *callflow.Call) bool {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind == capture.KindMessage && (h.Missing != capture.MissingNothing || h.HeaderCut() || len(r.messages.Of(c, i).Problems) > 0) {
			return false
		}
	}
	return true
}

// MarkDamaged notes that the log shows hop i not as it was sent.
func (p *Pass) MarkDamaged(i int) { p.runner.damaged[i] = true }

// Damaged reports whether an artefact rule found that the log shows hop i not as it was sent.
func (p *Pass) Damaged(i int) bool { return p.runner.damaged[i] }

// Runner runs a list of rules over calls, one after the other.
type Runner struct {
	rules    []*Rule
	findings []Finding
	places   []capture.Evidence // storage of evidence
	damaged  map[int]bool
	messages *callflow.Messages
	fired    map[*Rule]bool
	looked   bool // whether the call is sound was asked for, and sound is the answer
	sound    bool
	pass     Pass // that is given to the rules, one after the other
}

// NewRunner returns a Runner of rules, which stand in the order in which they are to run. It takes parsed messages from messages, which others may share;
// nil: from its own.
func NewRunner(rules []*Rule, messages *callflow.Messages) *Runner {
	if messages == nil {
		messages = &callflow.Messages{}
	}
	return &Runner{rules: rules, messages: messages, damaged: map[int]bool{}, fired: map[*Rule]bool{}}
}

// Run returns the findings of all rules about a call, in the order of the rules. They hold until the next Run.
func (r *Runner) Run(c *callflow.Call) []Finding {
	r.findings, r.places = r.findings[:0], r.places[:0]
	clear(r.damaged)
	clear(r.fired)
	r.looked = false
	for _, rule := range r.rules {
		silent := false
		for _, cause := range rule.DependsOn {
			silent = silent || r.fired[cause]
		}
		if silent {
			continue
		}
		n := len(r.findings)
		r.pass = Pass{Call: c, runner: r, rule: rule}
		rule.Run(&r.pass)
		if len(r.findings) > n {
			r.fired[rule] = true
		}
	}
	return r.findings
}
