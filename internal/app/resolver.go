package app

import (
	"context"
	"net"

	"sipscribe/internal/live"
	"sipscribe/internal/live/locate"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/neterror"
)

// resolver finds servers as RFC 3263 has it and, where the DNS knows none, as the system does: its file of hosts, and names of the local network.
type resolver struct {
	dns *locate.Resolver // nil: the system does not say whom to ask
}

func newResolver() transport.Resolver {
	dns, err := locate.New(locate.Config{})
	if err != nil {
		return resolver{}
	}
	return resolver{dns}
}

// Resolve returns the flows to a target in the order in which they should be tried.
func (r resolver) Resolve(ctx context.Context, t live.Target) ([]live.Flow, error) {
	if r.dns != nil {
		if flows, err := r.dns.Resolve(ctx, t); err == nil && len(flows) > 0 {
			return flows, nil
		}
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.Host)
	if err != nil {
		return nil, neterror.Plain(err)
	}
	var flows []live.Flow
	for _, a := range addrs {
		at := t
		at.Host = a.Unmap().String()
		if f, ok := live.FlowOf(at); ok {
			f.Name = t.Host
			flows = append(flows, f)
		}
	}
	return flows, nil
}
