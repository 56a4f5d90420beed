package rules

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// AddressesHidden finds addresses that somebody hid before the log was shown.
var AddressesHidden = &diagnose.Rule{
	Code:     "addresses-hidden",
	Title:    "Addresses are hidden in this log",
	Severity: diagnose.SeverityNote,
	Text: `Somebody or something replaced addresses by a mask: a web page that protects e-mail addresses turns each user@host into "[email protected]",
people write XX.XX. Masks that look the same stand for different addresses; nothing is compared by them. Messages are put together by tags,
branch, CSeq and order instead.`,
	Since: "0.1.0",
	Run:   runAddressesHidden,
}

func runAddressesHidden(p *diagnose.Pass) {
	var evidence []capture.Evidence
	total, messages := 0, 0
	sample := ""
	for i := range p.Call.Hops {
		h := &p.Call.Hops[i]
		if h.Kind != capture.KindMessage || h.Duplicate {
			continue
		}
		m := p.Message(i)
		if !sip.MayBeMasked(m.Raw[:m.Body.Start]) {
			continue // all that is looked at below stands before the body
		}
		n := 0
		if u := m.RequestURI(); u.Masked || sip.Masked(m.Text(m.URISpan)) {
			n++
			if sample == "" {
				sample = mask(m.Text(m.URISpan))
			}
		}
		for _, f := range m.Fields {
			switch f.ID {
			case sip.FieldFrom, sip.FieldTo, sip.FieldContact, sip.FieldRoute, sip.FieldRecordRoute, sip.FieldReferTo, sip.FieldReferredBy:
				a := sip.ParseAddress(m.Text(f.Value))
				if a.URI.Masked {
					n++
				}
			case sip.FieldCallID, sip.FieldVia:
				if sip.Masked(m.Text(f.Value)) {
					n++
				}
			case sip.FieldAuthorization, sip.FieldProxyAuthorization:
				cr := sip.ParseChallenge(m.Text(f.Value))
				if v, ok := cr.Get("uri"); ok {
					if u := sip.ParseURI(v); u.Masked {
						n++
					}
				}
			}
		}
		if n > 0 {
			total += n
			messages++
			if len(evidence) < 64 {
				evidence = append(evidence, p.Evidence(i, sip.Span{})...)
			}
		}
	}
	if total == 0 {
		return
	}
	why := ""
	if sample == "[email protected]" {
		why = "by a web page, as e-mail addresses"
	}
	p.Report(diagnose.Finding{Evidence: evidence, Why: why,
		Text: fmt.Sprintf("hidden: %s in %s; those that look the same may differ", count(total, "address", "addresses"),
			count(messages, "message", "messages")),
		Mend: "take the log from the device or its collector, not from a web page; or supply what you know with --assume"})
}

// mask names the mask that stands in an address.
func mask(b []byte) string {
	if sip.Masked(b) {
		for i := range b {
			if b[i] == '[' {
				return "[email protected]"
			}
		}
	}
	return "a mask"
}
