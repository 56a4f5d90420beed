package rules

import (
	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// StartLineDamaged finds start lines that lost their first word to a syslog daemon.
var StartLineDamaged = &diagnose.Rule{
	Code:     "start-line-damaged",
	Title:    "The collector took a word of the message for a host name",
	Severity: diagnose.SeverityNote,
	Text: `A datagram without a syslog header begins with the SIP message itself. Some daemons take the first word of it for the name of the sender and remove it:
INVITE and SIP/2.0 vanish. The method of a request is still in its CSeq.`,
	Mend:  "Use a collector that takes datagrams without a header as they are, or have it write the message without host and TAG.",
	Since: "0.1.0",
	Run: func(p *diagnose.Pass) {
		if p.Sound() {
			return
		}
		for i := range p.Call.Hops {
			h := &p.Call.Hops[i]
			if h.Kind != capture.KindMessage || h.Duplicate {
				continue
			}
			m := p.Message(i)
			lost := ""
			switch {
			case m.Kind == sip.KindRequest && m.MethodSpan.IsEmpty():
				lost = "its method; CSeq still has it"
			case m.Kind == sip.KindResponse && m.Version.IsEmpty():
				lost = `the word "SIP/2.0"`
			}
			if lost != "" {
				p.MarkDamaged(i)
				p.Report(diagnose.Finding{Evidence: p.Evidence(i, m.StartLine), Text: "damaged: the collector took away the first word: " + lost})
			}
		}
	},
}
