package proxyd

import (
	"context"
	"time"

	"sipscribe/internal/live"
)

// drainEvery is how often a draining server looks whether anybody is left.
const drainEvery = 100 * time.Millisecond

// drainLinger is how long it stays after that, so that the last answer can be asked for again by somebody who did not get it.
const drainLinger = time.Second

// Drain lets calls in progress finish and refuses new ones; then, or when its time is over, Run returns. It may be called more than once.
func (s *Server) Drain() {
	if s.draining.Swap(true) {
		return
	}
	_ = s.driver.Do(func(time.Time, *live.Outbox) { s.proxy.Drain() }) // or it is closed already
	close(s.drain)
}

// awaitDrained returns when a draining server may stop, or when ctx ends.
func (s *Server) awaitDrained(ctx context.Context) {
	select {
	case <-s.drain:
	case <-ctx.Done():
		return
	}
	limit := s.drainFor()
	pending, calls := s.busy()
	s.log.Info("draining: new calls are refused", "calls", calls, "requests", pending, "at_most", limit.String())
	over := time.NewTimer(limit)
	defer over.Stop()
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for pending > 0 || calls > 0 {
		select {
		case <-ctx.Done():
			return
		case <-over.C:
			s.log.Warn("the time to drain is over; calls go on by themselves, and end as they should if this proxy comes back with its database", "calls", calls, "requests", pending)
			return
		case <-tick.C:
			pending, calls = s.busy()
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(drainLinger):
	}
}

func (s *Server) drainFor() time.Duration {
	d := defaultDrain
	_ = s.driver.Do(func(time.Time, *live.Outbox) {
		if s.settings.Drain > 0 {
			d = s.settings.Drain
		}
	})
	return d
}

// busy returns what a draining server waits for.
func (s *Server) busy() (pending, calls int) {
	_ = s.driver.Do(func(now time.Time, _ *live.Outbox) { pending, calls = s.proxy.Busy(now) })
	return pending, calls
}
