package locate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"sipscribe/internal/capture"
)

// naptr follows the NAPTR records of the host (RFC 3263 §4.1, RFC 3403). False: there are none that apply.
//
// Only records of the lowest order that has one that applies are followed, those of one order by their preference (RFC 3403 §4.1: "once a
// match is found, […] MUST NOT consider any NAPTRs with a different ORDER"). So where TLS comes first, TLS that fails does not become UDP.
func (l *lookup) naptr() (found bool) {
	type service struct {
		order, preference uint16
		transport         capture.Transport
		replacement       string
	}
	var services []service
	for _, rr := range l.ask(l.host, dns.TypeNAPTR) {
		n, ok := rr.(*dns.NAPTR)
		if !ok || !strings.EqualFold(n.Flags, "s") || n.Regexp != "" {
			continue // §4.1: an empty regular expression, and a replacement that is the name of SRV records
		}
		var t capture.Transport
		switch strings.ToUpper(n.Service) {
		case "SIP+D2U":
			t = capture.UDP
		case "SIP+D2T":
			t = capture.TCP
		case "SIPS+D2T":
			t = capture.TLS
		}
		if t != capture.TransportUnknown && slices.Contains(l.r.transports, t) {
			services = append(services, service{n.Order, n.Preference, t, strings.TrimSuffix(n.Replacement, ".")})
		}
	}
	slices.SortStableFunc(services, func(a, b service) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.preference, b.preference))
	})
	for _, s := range services {
		if s.order != services[0].order {
			break
		}
		found = true
		if !l.services(s.transport, s.replacement) {
			// RFC 3263 §4.2: "If no SRV records were found, the client performs an A or AAAA record lookup of the domain name."
			l.addresses(s.transport, l.host, defaultPort(s.transport))
		}
	}
	return found
}
