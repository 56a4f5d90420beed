package proxy

import (
	"hash/maphash"
	"iter"
	"net/netip"
	"slices"
	"time"
)

// Limits bound what strangers can make the proxy do. Zero values take the defaults.
type Limits struct {
	// Transactions of each side at a time (100,000).
	Transactions int
	// AORs is how many addresses of record may have bindings in memory (100,000).
	AORs int
	// Sources is how many sources are remembered (10,000); past that the one that was idle longest is forgotten. An IPv6 source is its /64.
	Sources int
	// Rate and Burst are the new requests that a source may send, a second and at once (200, 1000). Authenticated ones do not count.
	Rate, Burst float64
	// Bytes and BytesBurst are what a source may be sent before it has said who it is, a second and at once (16 KiB, 256 KiB). Past that it
	// hears nothing: with a forged address that would be somebody else.
	Bytes, BytesBurst float64
	// Failures is how many wrong passwords a source, or a user, may try before each further one has to wait (10). The wait begins at a second
	// and doubles up to five minutes; after ten minutes without any all is forgotten. The repeats of one request count once.
	Failures int
}

// WithDefaults returns the limits with the default of each that is 0.
func (l Limits) WithDefaults() Limits {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	whole := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	whole(&l.Transactions, 100_000)
	whole(&l.AORs, 100_000)
	whole(&l.Sources, 10_000)
	def(&l.Rate, 200)
	def(&l.Burst, 1000)
	def(&l.Bytes, 16<<10)
	def(&l.BytesBurst, 256<<10)
	whole(&l.Failures, 10)
	return l
}

// gate knows the sources that have lately sent requests without saying who they are, and the users whose passwords were guessed at. Both tables are
// bounded: they are rings of entries in the order of use, found by a map.
type gate struct {
	limits  Limits
	seed    maphash.Seed // of try
	sources table[netip.Addr]
	users   table[string]
}

// visitor is what is known of a source or a user.
type visitor struct {
	seen            time.Time
	requests, bytes float64 // left in its two buckets
	failures        int
	lastFailure     time.Time
	home            netip.Addr // of a user: where he last proved who he is
	// tried are the credentials of a user that were wrong lately, hashed: a request that comes again, as any does over a lossy network, is no other guess.
	tried [4]uint64
	next  uint8 // place in tried
}

func newGate(l Limits) *gate {
	return &gate{limits: l, seed: maphash.MakeSeed(), sources: newTable[netip.Addr](l.Sources), users: newTable[string](l.Sources)}
}

// setLimits changes the limits. Tables that have to be smaller begin anew.
func (g *gate) setLimits(l Limits) {
	if l.Sources != g.limits.Sources {
		g.sources, g.users = newTable[netip.Addr](l.Sources), newTable[string](l.Sources)
	}
	g.limits = l
}

// source returns the part of an address that stands for who is behind it: all of IPv4, the /64 of IPv6.
func source(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}

// visit returns the entry of a source with its buckets filled up to now.
func (g *gate) visit(now time.Time, a netip.Addr) *visitor {
	v, fresh := g.sources.get(source(a))
	if fresh {
		*v = visitor{seen: now, requests: g.limits.Burst, bytes: g.limits.BytesBurst}
		return v
	}
	if d := now.Sub(v.seen).Seconds(); d > 0 {
		v.requests = min(g.limits.Burst, v.requests+d*g.limits.Rate)
		v.bytes = min(g.limits.BytesBurst, v.bytes+d*g.limits.Bytes)
		v.seen = now
	}
	return v
}

// request takes a request of a source, and reports whether it may send one now.
func (g *gate) request(now time.Time, a netip.Addr) bool {
	v := g.visit(now, a)
	if v.requests < 1 {
		return false
	}
	v.requests--
	return true
}

// known gives requests back: they were from somebody known.
func (g *gate) known(now time.Time, a netip.Addr, requests float64) {
	v := g.visit(now, a)
	v.requests = min(g.limits.Burst, v.requests+requests)
}

// challengeSize is about what a challenge has in bytes.
const challengeSize = 1024

// proved gives back what it took to find out that somebody is known: his request, the one before it that was challenged, and the challenge. It
// has reached him, so that the address was not forged. So a thousand users behind one address are not held for a flood.
func (g *gate) proved(now time.Time, a netip.Addr) {
	g.known(now, a, 2)
	v := g.visit(now, a)
	v.bytes = min(g.limits.BytesBurst, v.bytes+challengeSize)
}

// answer reports whether a source may be sent n bytes before it has said who it is.
func (g *gate) answer(now time.Time, a netip.Addr, n int) bool {
	v := g.visit(now, a)
	if v.bytes < float64(n) {
		return false
	}
	v.bytes -= float64(n)
	return true
}

// forgetFailures is after how long without a wrong password those of before count no more.
const forgetFailures = 10 * time.Minute

func (v *visitor) wait(now time.Time, limit int) time.Duration {
	if v.failures <= limit || now.Sub(v.lastFailure) > forgetFailures {
		return 0
	}
	d := min(time.Second<<min(v.failures-limit-1, 16), 5*time.Minute)
	return max(0, d-now.Sub(v.lastFailure))
}

// mustWait reports whether a source, or a user, has tried so many wrong passwords lately that another try has to wait, and how long.
func (g *gate) mustWait(now time.Time, a netip.Addr, name string) time.Duration {
	d := g.visit(now, a).wait(now, g.limits.Failures)
	// Whoever guesses at a user's password from elsewhere must not lock him out at home.
	if v, ok := g.users.look(name); ok && v.home != source(a) {
		d = max(d, v.wait(now, g.limits.Failures))
	}
	return d
}

// try returns what stands for the credentials of a request, never 0.
func (g *gate) try(rows iter.Seq[[]byte]) uint64 {
	n := uint64(0)
	for row := range rows {
		n = n*31 + maphash.Bytes(g.seed, row)
	}
	return max(n, 1)
}

// failed takes note of a wrong password, and reports whether it was another one: credentials that come again are one guess.
func (g *gate) failed(now time.Time, a netip.Addr, name string, credentials iter.Seq[[]byte]) bool {
	u, _ := g.users.get(name)
	try := g.try(credentials)
	if slices.Contains(u.tried[:], try) {
		return false
	}
	u.tried[u.next%uint8(len(u.tried))] = try
	u.next++
	for _, v := range []*visitor{g.visit(now, a), u} {
		if now.Sub(v.lastFailure) > forgetFailures {
			v.failures = 0
		}
		v.failures++
		v.lastFailure = now
	}
	return true
}

// hasTried reports whether credentials of a user are known to be wrong, so that they need not wait to hear it again.
func (g *gate) hasTried(name string, credentials iter.Seq[[]byte]) bool {
	v, ok := g.users.look(name)
	return ok && slices.Contains(v.tried[:], g.try(credentials))
}

// succeeded takes note of a right one: the user is who he says. What his source did otherwise stays.
func (g *gate) succeeded(a netip.Addr, name string) {
	v, _ := g.users.get(name)
	v.failures, v.home = 0, source(a)
}

// table is a bounded map that forgets what was used longest ago. Entries are slots of one slice, so that none is an allocation.
type table[K comparable] struct {
	limit int
	index map[K]int32
	slots []slot[K]
	head  int32 // used last
	tail  int32 // used longest ago
}

type slot[K comparable] struct {
	key        K
	visitor    visitor
	newer, old int32 // -1: none
}

func newTable[K comparable](limit int) table[K] {
	return table[K]{limit: max(limit, 1), index: map[K]int32{}, head: -1, tail: -1}
}

// look returns the entry of a key, if there is one.
func (t *table[K]) look(k K) (*visitor, bool) {
	i, ok := t.index[k]
	if !ok {
		return nil, false
	}
	return &t.slots[i].visitor, true
}

// get returns the entry of a key, and whether it was made just now. It holds until the next get.
func (t *table[K]) get(k K) (*visitor, bool) {
	i, ok := t.index[k]
	switch {
	case ok:
		t.unlink(i)
	case len(t.slots) < t.limit:
		i = int32(len(t.slots))
		t.slots = append(t.slots, slot[K]{})
	default:
		i = t.tail
		t.unlink(i)
		delete(t.index, t.slots[i].key)
	}
	s := &t.slots[i]
	if !ok {
		*s = slot[K]{key: k}
		t.index[k] = i
	}
	s.newer, s.old = -1, t.head
	if t.head >= 0 {
		t.slots[t.head].newer = i
	}
	t.head = i
	if t.tail < 0 {
		t.tail = i
	}
	return &s.visitor, !ok
}

func (t *table[K]) unlink(i int32) {
	s := &t.slots[i]
	if s.newer >= 0 {
		t.slots[s.newer].old = s.old
	} else {
		t.head = s.old
	}
	if s.old >= 0 {
		t.slots[s.old].newer = s.newer
	} else {
		t.tail = s.newer
	}
}
