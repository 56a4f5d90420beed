package transport

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// names is a Resolver of a test: each look-up waits for its turn.
type names struct {
	turn  chan struct{}
	flows map[string][]live.Flow
}

func (n names) Resolve(ctx context.Context, t live.Target) ([]live.Flow, error) {
	select {
	case <-n.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t.Host == "error" {
		return nil, errors.New("out of order")
	}
	return n.flows[t.Host], nil
}

func TestLookUpsDoNotHoldTheElement(t *testing.T) {
	flow := live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort("127.0.0.1:5060")}
	n := names{turn: make(chan struct{}), flows: map[string][]live.Flow{"a": {flow}}}
	e := newScript()
	d := start(t, e, Config{Resolver: n, Limits: Limits{Lookups: 3}})
	d.Do(func(_ time.Time, out *live.Outbox) {
		for i, host := range []string{"a", "a", "a", "a"} {
			out.Resolve(uint64(i+1), live.Target{Host: host})
		}
	})
	if h := e.expect(t, "resolved"); h.ref != 4 || h.err == nil || h.err.Error() != "no address for a: 3 look-ups are going on already" {
		t.Errorf("%+v", h)
	}
	d.Do(func(time.Time, *live.Outbox) {}) // which works while they wait
	close(n.turn)
	seen := map[uint64]bool{}
	for range 3 {
		h := e.expect(t, "resolved")
		if len(h.flows) != 1 || h.flows[0] != flow || h.err != nil {
			t.Errorf("%+v", h)
		}
		seen[h.ref] = true
	}
	if len(seen) != 3 {
		t.Error(seen)
	}
	for _, host := range []string{"error", "nobody"} {
		d.Do(func(_ time.Time, out *live.Outbox) { out.Resolve(9, live.Target{Host: host}) })
		if h := e.expect(t, "resolved"); h.ref != 9 || h.err == nil || h.flows != nil {
			t.Errorf("%+v", h)
		}
	}
}

// A look-up that is going on when the driver ends, ends with it: goleak sees it if it does not.
func TestEndWhileLookingUp(t *testing.T) {
	d := start(t, newScript(), Config{Resolver: names{turn: make(chan struct{})}})
	d.Do(func(_ time.Time, out *live.Outbox) { out.Resolve(1, live.Target{Host: "a"}) })
}
