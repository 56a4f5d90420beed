package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Outcome says what to do with a message.
type Outcome uint8

const (
	// OutcomePass: go on with it.
	OutcomePass Outcome = iota
	// OutcomeAnswer: answer it with Verdict.Reply, and keep no state for it (§8.2.7).
	OutcomeAnswer
	// OutcomeDrop: no word about it: it is a response or an ACK, or nothing in it says whom to answer.
	OutcomeDrop
)

// Verdict is what a message is owed.
type Verdict struct {
	Outcome Outcome
	// Reply is the response owed, without a To tag, which the caller adds.
	Reply live.Reply
	// Because is the violation that decided; its Code is ViolationNone for a loop.
	Because sip.Violation
}

// Check tells whether a request that came over a flow may pass, in the order of §16.3; credentials are the last of those checks, and the caller's.
func (c *Core) Check(m *sip.Message, from live.Flow) Verdict { return Verdict{} }

// CheckResponse tells whether a response may be looked at: OutcomePass or OutcomeDrop.
func (c *Core) CheckResponse(m *sip.Message) Verdict { return Verdict{} }
