package rules

import (
	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// MessageInvalid finds messages that are meant as SIP and are none by its grammar, where the log is not the cause.
var MessageInvalid = &diagnose.Rule{
	Code:     "message-invalid",
	Title:    "This is no valid SIP message",
	Severity: diagnose.SeverityWarning,
	Text: `The message breaks a rule that is not to be forgiven. A request like it is answered 400, or 505 for another version of SIP, and a response like it is discarded, if the
other side is as strict as it should be. Only messages are judged that the log shows whole and as they were sent.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "7"), diagnose.RFC(3261, "25.1"), diagnose.RFC(4475, "3.1.2")},
	Mend:  "Whoever sends it must be mended, or kept out.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if p.Sound() {
			return
		}
		var broken []sip.Violation
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || h.Missing != capture.MissingNothing || h.HeaderCut() || p.Damaged(i) || h.RepeatOf >= 0 || !oddStart(p.Message(i)) {
				continue
			}
			const most = 3
			said := 0
			v := sip.Validator{Role: sip.RoleProxy}
			broken = v.Append(broken[:0], p.Message(i))
			for k := range broken {
				b := &broken[k]
				if b.Severity != sip.SeverityFatal && b.Code != sip.ViolationNoVersion || b.Code == sip.ViolationBodyShort || said == most {
					continue
				}
				said++
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, b.Span), Text: "invalid: " + b.Text, Why: diagnose.RFC(b.RFC, b.Section).String()})
			}
		}
	},
}

// oddStart reports whether the start line of a message has another version than SIP/2.0, none, or a status code of more than three digits.
func oddStart(m *sip.Message) bool {
	if _, ok := m.Problem(sip.ProblemVersion); ok {
		return true
	}
	switch m.Kind {
	case sip.KindRequest:
		return m.Version.IsEmpty() && !m.MethodSpan.IsEmpty()
	case sip.KindResponse:
		return m.Status == 0 && !m.Version.IsEmpty()
	}
	return false
}
