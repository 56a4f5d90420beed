package proxy

import (
	"hash/maphash"
	"time"
)

// calls are those that were answered and have not ended, as far as their requests pass here (§16.6 step 4: by our Record-Route). They are counted, so
// that a proxy that is to be stopped knows whether anybody still talks; nothing else depends on them.
type calls struct {
	seed  maphash.Seed
	since map[uint64]time.Time // the last request of each, by its Call-ID
	limit int
	swept time.Time
}

// callForgotten is after how long without a request a call counts as over: its BYE was lost, or a phone its power. It is more than the longest
// interval at which RFC 4028 refreshes are usual, and longer than nearly all calls.
const callForgotten = 6 * time.Hour

// sweepEvery is how often those are looked for.
const sweepEvery = time.Minute

func newCalls(limit int) calls {
	return calls{seed: maphash.MakeSeed(), since: map[uint64]time.Time{}, limit: limit}
}

func (c *calls) key(callID []byte) uint64 { return maphash.Bytes(c.seed, callID) }

// answered takes note of a call; past the limit of none more, which then are not waited for.
func (c *calls) answered(now time.Time, key uint64) {
	if len(c.since) < c.limit {
		c.since[key] = now
	}
}

// seen takes note of a request of a call.
func (c *calls) seen(now time.Time, key uint64) {
	if _, ok := c.since[key]; ok {
		c.since[key] = now
	}
}

func (c *calls) ended(key uint64) { delete(c.since, key) }

// count returns how many there are.
func (c *calls) count(now time.Time) int {
	if now.Sub(c.swept) >= sweepEvery {
		c.swept = now
		for k, at := range c.since {
			if now.Sub(at) > callForgotten {
				delete(c.since, k)
			}
		}
	}
	return len(c.since)
}
