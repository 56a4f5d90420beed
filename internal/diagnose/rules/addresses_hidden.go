package rules

import (
	"bytes"
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
	Mend:  "Take the log from the device or its collector, not from a web page; or supply what you know with --assume.",
	Since: "0.1.0",
	Run:   runAddressesHidden,
}

func runAddressesHidden(p *diagnose.Pass) {
	var evidence []capture.Evidence
	total, messages := 0, 0
	sample := ""
	var plain plainTexts
	for i := range p.Call.Hops {
		h := &p.Call.Hops[i]
		if h.Kind != capture.KindMessage || h.Duplicate {
			continue
		}
		m := p.Message(i)
		header := m.Raw
		if !m.Blank.IsEmpty() {
			header = header[:m.Blank.Start]
		}
		if !sip.MayBeMasked(header) {
			continue
		}
		n := 0
		if uri := m.Text(m.URISpan); !plain.has(uri) {
			if u := m.RequestURI(); u.Masked || sip.Masked(uri) {
				n++
				if sample == "" {
					sample = mask(uri)
				}
			}
		}
		for k := range m.Fields {
			f := &m.Fields[k]
			if addressFields>>f.ID&1 == 0 || plain.has(m.Text(f.Value)) {
				continue
			}
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
			count(messages, "message", "messages"))})
}

// addressFields are the fields that the rule looks at, a bit for each: it is asked about each field of each message.
const addressFields uint64 = 1<<sip.FieldFrom | 1<<sip.FieldTo | 1<<sip.FieldContact | 1<<sip.FieldRoute | 1<<sip.FieldRecordRoute | 1<<sip.FieldReferTo |
	1<<sip.FieldReferredBy | 1<<sip.FieldCallID | 1<<sip.FieldVia | 1<<sip.FieldAuthorization | 1<<sip.FieldProxyAuthorization

// plainTexts are texts of a call in which nothing can be a mask, in places by what is cheap to see of them. The messages of a call carry
// the same few values again and again (RFC 3261 §8.2.6.2: a response has Via, From, To and Call-ID of its request), so that few have to
// be searched.
type plainTexts [64][]byte

// has reports whether nothing in a text can be a mask.
func (p *plainTexts) has(text []byte) bool {
	n := uint(len(text))
	if n == 0 {
		return true
	}
	seen := &p[(n*9+uint(text[n-1])+uint(text[n/2])*5)%uint(len(p))]
	if bytes.Equal(*seen, text) {
		return true
	}
	if sip.MayBeMasked(text) {
		return false
	}
	*seen = text
	return true
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
