package proxycore

import (
	"strings"

	"sipscribe/internal/capture"
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

// Check tells whether a request that came over a flow may pass, in the order of §16.3; credentials are the last of those checks, and the
// caller's.
func (c *Core) Check(m *sip.Message, from live.Flow) Verdict {
	if !m.IsRequest() {
		return Verdict{Outcome: OutcomeDrop}
	}
	c.validator.Stream = from.Transport != capture.UDP
	c.violations = c.validator.Append(c.violations[:0], m)

	// 1. Reasonable syntax, 2. scheme, 3. Max-Forwards come in this order out of the validator; Proxy-Require behind them. What RFC 4475 leaves
	// to be refused or mended is passed where AppendForward mends it by what it writes anew.
	because := decisive(c.violations)
	owed := because.Status
	reason := ""
	switch because.Code {
	case sip.ViolationNone:
		if u := m.RequestURI(); u.Masked {
			// Somebody's web page has been at it: no URI that a request could be sent to.
			owed, reason = 400, "Request-URI is masked"
		}
	case sip.ViolationProxyRequire:
		owed = 0 // the loop comes first
	case sip.ViolationTooManyHops:
		// §16.3 item 3: an OPTIONS MAY be answered as by its final recipient (§11.2); all else MUST have a 483.
		if m.Method == sip.MethodOptions && c.cfg.Options != nil {
			return Verdict{OutcomeAnswer, live.Reply{Status: 200, Fields: c.cfg.Options}, because}
		}
	default:
		if owed == 400 || owed == 0 {
			reason = because.Text // §21.4.1: the reason phrase SHOULD identify the syntax problem
		}
	}
	if owed == 0 && (because.Code == sip.ViolationNone || because.Code == sip.ViolationProxyRequire) && m.Method != sip.MethodCancel && c.looped(m) {
		because, owed = sip.Violation{}, 482 // §16.3 item 4 as in RFC 5393 §4.2.2
	}
	if owed == 0 && because.Code == sip.ViolationProxyRequire {
		// §16.3 item 5: 420 with Unsupported, which lists every option tag that is not understood.
		return c.answer(m, because, live.Reply{Status: 420, Fields: []sip.DraftField{{Name: "Unsupported", Value: c.unsupported(m)}}})
	}
	switch {
	case owed != 0:
		r := live.Reply{Status: owed}
		if reason != "" {
			r.Reason = sip.ReasonPhrase(owed) + " (" + reason + ")"
		}
		return c.answer(m, because, r)
	case because.Code != sip.ViolationNone:
		return Verdict{Outcome: OutcomeDrop, Because: because}
	}
	return Verdict{}
}

// decisive returns the violation for which a request may not pass: the first fatal one, and without one the first that is not mended.
func decisive(violations []sip.Violation) sip.Violation {
	for _, v := range violations {
		if v.Severity == sip.SeverityFatal {
			return v
		}
	}
	for _, v := range violations {
		if v.Severity == sip.SeverityRepairable && !mended(v.Code) {
			return v
		}
	}
	return sip.Violation{}
}

// answer is the verdict with a reply, but for an ACK, which nothing ever answers (§17.1.1.3).
func (c *Core) answer(m *sip.Message, because sip.Violation, r live.Reply) Verdict {
	if m.Method == sip.MethodAck {
		return Verdict{Outcome: OutcomeDrop, Because: because}
	}
	return Verdict{OutcomeAnswer, r, because}
}

// unsupported lists the option tags of Proxy-Require that are not understood.
func (c *Core) unsupported(m *sip.Message) string {
	var tags []string
	for _, v := range c.violations {
		if v.Code == sip.ViolationProxyRequire {
			tags = append(tags, string(m.Text(v.Span)))
		}
	}
	return strings.Join(tags, ", ")
}

// mended reports whether a repairable violation is in what AppendForward writes anew: the start line, Max-Forwards, Content-Length, what
// stands before and behind the message; or in what a proxy does not need and leaves as it is (§16.3 item 1: two User-Agent fields). A branch without anything behind its cookie is matched as RFC 2543 has it (RFC 4475 §3.2.1).
func mended(code sip.ViolationCode) bool {
	switch code {
	case sip.ViolationURIBrackets, sip.ViolationURIHeaders, sip.ViolationStartLineBlanks, sip.ViolationJunkBefore, sip.ViolationMaxForwards,
		sip.ViolationContentLengths, sip.ViolationNoContentLength, sip.ViolationBodyLong, sip.ViolationBranchEmpty,
		sip.ViolationRepeated:
		return true
	}
	return false
}

// CheckResponse tells whether a response may be looked at: OutcomePass or OutcomeDrop. A response is never answered, and one that is only
// in need of repair is passed on as it is where it hurts none but its receiver (§16.7 step 9: no header field is removed).
func (c *Core) CheckResponse(m *sip.Message) Verdict {
	if !m.IsResponse() {
		return Verdict{Outcome: OutcomeDrop}
	}
	c.violations = c.validator.Append(c.violations[:0], m)
	for _, v := range c.violations {
		if v.Severity == sip.SeverityFatal {
			return Verdict{Outcome: OutcomeDrop, Because: v}
		}
	}
	return Verdict{}
}
