package locate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"sipscribe/internal/neterror"
)

// client asks name servers, by way of the cache.
type client struct {
	servers []netip.AddrPort
	timeout time.Duration
	allow   func(netip.AddrPort) bool
	cache   cache
}

// rounds is how often each server is asked.
const rounds = 2

// ask returns the records of a kind that a name has: none if there are none.
func (c *client) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q := question{strings.ToLower(dns.Fqdn(name)), kind}
	return c.cache.get(ctx, q, func(ctx context.Context) ([]dns.RR, time.Duration, error) { return c.query(ctx, q) })
}

// query asks the servers one after the other until one answers.
func (c *client) query(ctx context.Context, q question) (rrs []dns.RR, ttl time.Duration, err error) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.kind)
	m.SetEdns0(1232, false) // what goes over any path in one piece
	for range rounds {
		for _, s := range c.servers {
			if !c.allow(s) {
				err = fmt.Errorf("the name server %s was not asked: the network guard does not let it through", s)
				continue
			}
			m.Id = dns.Id()
			answer, failed := c.exchange(ctx, m, s)
			if failed != nil {
				if ctx.Err() != nil {
					return nil, 0, fmt.Errorf("the name server %s: %w", s, neterror.Plain(ctx.Err()))
				}
				err = fmt.Errorf("the name server %s: %w", s, neterror.Plain(failed))
				continue
			}
			switch answer.Rcode {
			case dns.RcodeSuccess, dns.RcodeNameError:
				rrs, ttl = read(answer, q)
				return rrs, ttl, nil
			}
			err = fmt.Errorf("the name server %s answers %s about %s %s", s, dns.RcodeToString[answer.Rcode], dns.TypeToString[q.kind], strings.TrimSuffix(q.name, "."))
		}
	}
	return nil, 0, err
}

// exchange asks one server: over UDP, and over TCP if the answer was too long.
func (c *client) exchange(ctx context.Context, m *dns.Msg, server netip.AddrPort) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, _, err := (&dns.Client{Net: "udp", Timeout: c.timeout}).ExchangeContext(ctx, m, server.String())
	if err == nil && answer.Truncated {
		answer, _, err = (&dns.Client{Net: "tcp", Timeout: c.timeout}).ExchangeContext(ctx, m, server.String())
	}
	if err != nil {
		return nil, err
	}
	if len(answer.Question) != 1 || !strings.EqualFold(answer.Question[0].Name, m.Question[0].Name) || answer.Question[0].Qtype != m.Question[0].Qtype {
		return nil, errors.New("it answers another question")
	}
	return answer, nil
}

// How long an answer is believed: at least so long that one call asks once, at most so long that a change is seen within the hour.
const (
	shortest = time.Second
	longest  = time.Hour
	nothing  = time.Minute // that there is nothing, at most (RFC 2308 §5 allows hours)
)

// read returns the records of the kind in an answer, whatever aliases lead to them, and how long they are valid.
func read(m *dns.Msg, q question) ([]dns.RR, time.Duration) {
	var rrs []dns.RR
	ttl := longest
	for _, rr := range m.Answer {
		// An alias counts, too: when it changes, so does where it leads.
		ttl = min(ttl, time.Duration(rr.Header().Ttl)*time.Second)
		if rr.Header().Rrtype == q.kind {
			rrs = append(rrs, rr)
		}
	}
	if len(rrs) == 0 {
		ttl = min(ttl, nothing)
		for _, rr := range m.Ns {
			if soa, ok := rr.(*dns.SOA); ok {
				ttl = min(ttl, time.Duration(min(soa.Hdr.Ttl, soa.Minttl))*time.Second)
			}
		}
	}
	return rrs, max(ttl, shortest)
}
