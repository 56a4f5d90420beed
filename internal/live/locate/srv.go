package locate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"sipscribe/internal/capture"
)

// serviceName returns the name of the SRV records of a transport (RFC 3263 §4.2): for TLS "_sips._tcp", not "_sip._tls".
func serviceName(t capture.Transport, host string) string {
	switch t {
	case capture.TLS:
		return "_sips._tcp." + host
	case capture.TCP:
		return "_sip._tcp." + host
	}
	return "_sip._udp." + host
}

// maxServices bounds how many servers of a service are looked at.
const maxServices = 16

// services adds the flows to the servers that SRV records name. False: there are no such records.
func (l *lookup) services(t capture.Transport, name string) (found bool) {
	var servers []*dns.SRV
	for _, rr := range l.ask(name, dns.TypeSRV) {
		if s, ok := rr.(*dns.SRV); ok {
			servers = append(servers, s)
		}
	}
	if len(servers) == 1 && servers[0].Target == "." {
		// RFC 2782: "A Target of "." means that the service is decidedly not available at this domain."
		l.none = true
		return true
	}
	servers = inOrder(servers, l.r.chance)
	for _, s := range servers[:min(len(servers), maxServices)] {
		l.addresses(t, strings.TrimSuffix(s.Target, "."), s.Port)
	}
	return len(servers) > 0
}

// inOrder returns SRV records in the order in which to try them: by priority, and within one by chance, each as likely to come next as its
// weight is of those that are left (RFC 2782, "Usage rules").
func inOrder(records []*dns.SRV, chance func(n int) int) []*dns.SRV {
	left := slices.Clone(records)
	// "To select a target […] arrange all SRV RRs […] in any order, except that all those with weight 0 are placed at the beginning."
	slices.SortStableFunc(left, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	var out []*dns.SRV
	for len(left) > 0 {
		same, sum := 0, 0
		for same < len(left) && left[same].Priority == left[0].Priority {
			sum += int(left[same].Weight)
			same++
		}
		// "Choose a uniform random number between 0 and the sum computed (inclusive), and select the RR whose running sum value is the
		// first in the selected order which is greater than or equal to the random number selected."
		n := chance(sum + 1)
		i, running := 0, int(left[0].Weight)
		for i < same-1 && running < n {
			i++
			running += int(left[i].Weight)
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}
