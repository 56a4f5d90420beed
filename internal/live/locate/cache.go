package locate

import (
	"context"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// cache keeps answers as long as they are valid, and lets one of several that ask the same at a time ask for all.
type cache struct {
	now     func() time.Time
	mu      sync.Mutex
	entries map[question]entry
	asking  map[question]*asking
}

type question struct {
	name string
	kind uint16
}

type entry struct {
	rrs   []dns.RR
	until time.Time
}

// asking is a question on its way.
type asking struct {
	done chan struct{}
	rrs  []dns.RR
	err  error
}

// cacheKept bounds the cache: names come out of requests, which anybody can write.
const cacheKept = 4096

// get returns the answer to a question, which ask gets if it is not known. What goes wrong is not kept.
func (c *cache) get(ctx context.Context, q question, ask func(context.Context) ([]dns.RR, time.Duration, error)) ([]dns.RR, error) {
	c.mu.Lock()
	if e, ok := c.entries[q]; ok && c.now().Before(e.until) {
		c.mu.Unlock()
		return e.rrs, nil
	}
	if a, ok := c.asking[q]; ok {
		c.mu.Unlock()
		select {
		case <-a.done:
			return a.rrs, a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	a := &asking{done: make(chan struct{})}
	c.asking[q] = a
	c.mu.Unlock()

	rrs, ttl, err := ask(ctx)

	c.mu.Lock()
	delete(c.asking, q)
	if err == nil {
		c.makeRoom()
		c.entries[q] = entry{rrs, c.now().Add(ttl)}
	}
	c.mu.Unlock()
	a.rrs, a.err = rrs, err
	close(a.done)
	return rrs, err
}

// makeRoom forgets what is no longer valid, and whatever else if that is not enough, once the cache is full.
func (c *cache) makeRoom() {
	if len(c.entries) < cacheKept {
		return
	}
	for q, e := range c.entries {
		if !c.now().Before(e.until) {
			delete(c.entries, q)
		}
	}
	for q := range c.entries {
		if len(c.entries) < cacheKept*3/4 {
			return
		}
		delete(c.entries, q)
	}
}
