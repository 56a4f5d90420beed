package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// StartLineOnly tells that the device logs only the first line of each message.
var StartLineOnly = &diagnose.Rule{
	Code:     "start-line-only",
	Title:    "Only the first line of each message is logged",
	Severity: diagnose.SeverityNote,
	Text: `An SPA whose SIP Debug Option is "1-line" logs the start line of each message and nothing else. Who sent it cannot be told from that; which messages belong
to one call, and what became of it, only by their order and times, and not where two calls run at once. The same is left of messages that a collector cuts so early that no header
field is whole.`,
	Mend:  `Set SIP Debug Option to "full" on the line of the device.`,
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		n, cut, first := 0, 0, -1
		for i := range p.Call.Hops {
			if h := &p.Call.Hops[i]; h.Kind == capture.KindMessage && h.Missing == capture.MissingHead {
				if n++; first < 0 {
					first = i
				}
				if len(p.Message(i).Fields) > 0 {
					cut++
				}
				p.MarkDamaged(i)
			}
		}
		if n == 0 {
			return
		}
		if cut > 0 {
			p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}), Mend: MessageCut.Mend,
				Text: fmt.Sprintf("cut: %s of which the log has no more than the first line and the beginning of the next", count(cut, "message", "messages"))})
			return
		}
		mend := ""
		if p.Call.Src(&p.Call.Hops[first]).IsValid() {
			mend = "Read the capture itself: this is only a list of its packets."
		}
		p.Report(diagnose.Finding{Evidence: p.Evidence(first, sip.Span{}), Mend: mend,
			Text: fmt.Sprintf("first lines only: the log has no more of %s", count(n, "message", "messages"))})
	},
}
