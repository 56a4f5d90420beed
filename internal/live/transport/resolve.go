package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// resolve finds the addresses of a target: an address at once, a name by the Resolver, in a goroutine of its own.
func (d *Driver) resolve(ref uint64, t live.Target) {
	d.flush()
	if t.Secure && t.Transport != capture.WSS {
		t.Transport = capture.TLS // RFC 3261 §26.2.2
	}
	if f, ok := live.FlowOf(t); ok {
		d.element.Resolved(d.now, ref, []live.Flow{f}, nil, &d.out)
		return
	}
	var err error
	switch {
	case d.cfg.Resolver == nil:
		err = errors.New("no DNS is set up")
	case d.lookups >= d.cfg.Limits.Lookups:
		err = fmt.Errorf("%d look-ups are going on already", d.lookups)
	default:
		d.lookups++
		d.counters.Lookups.Add(1)
		d.running.Go(func() { d.lookUp(ref, t) })
		return
	}
	d.element.Resolved(d.now, ref, nil, fmt.Errorf("no address for %s: %w", t.Host, err), &d.out)
}

func (d *Driver) lookUp(ref uint64, t live.Target) {
	ctx, cancel := context.WithTimeout(d.ctx, lookUpFor)
	defer cancel()
	flows, err := d.cfg.Resolver.Resolve(ctx, t)
	if err == nil && len(flows) == 0 {
		err = fmt.Errorf("%s has no address", t.Host)
	}
	d.event(func(now time.Time, out *live.Outbox) {
		d.lookups--
		d.element.Resolved(now, ref, flows, err, out)
	})
}

// lookUpFor bounds a look-up: a transaction gives up after 32 s (RFC 3261 §17.1.1.2, Timer B).
const lookUpFor = 20 * time.Second
