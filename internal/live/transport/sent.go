package transport

import (
	"hash/maphash"
	"net/netip"

	"sipscribe/internal/live"
)

// sentRing remembers the last datagrams that were sent, so that what an ICMP error quotes is known again. Anybody can send such an error,
// also one that names ports that are known to all: one that does not quote the beginning of what was sent to that address lately, with
// the branch that nobody can guess, is not believed. The ring does not grow.
type sentRing struct {
	seed    maphash.Seed
	entries []sentEntry
	next    int
}

type sentEntry struct {
	flow   live.Flow
	ref    uint64
	length int // of what was sent
	sum    uint64
}

const (
	sentKept = 1024
	// sentPrefix is how much of a datagram has to be quoted: the start line and a Via with its branch. Routers quote up to 576 bytes of the
	// whole packet (RFC 1812 §4.3.2.3); what an old one quotes, 8 bytes, tells nothing.
	sentPrefix = 192
)

func (r *sentRing) sumOf(b []byte) uint64 { return maphash.Bytes(r.seed, b[:min(len(b), sentPrefix)]) }

func (r *sentRing) add(o *outgoing) {
	if r.entries == nil {
		r.seed = maphash.MakeSeed()
		r.entries = make([]sentEntry, sentKept)
	}
	r.entries[r.next] = sentEntry{o.flow, o.ref, len(o.data), r.sumOf(o.data)}
	r.next = (r.next + 1) % len(r.entries)
}

// find returns the last datagram to an address that begins as quoted.
func (r *sentRing) find(to netip.AddrPort, quote []byte) (outgoing, bool) {
	for i := range r.entries {
		e := &r.entries[(r.next+len(r.entries)-1-i)%len(r.entries)]
		if n := min(e.length, sentPrefix); e.flow.Remote == to && n > 0 && len(quote) >= n && e.sum == r.sumOf(quote[:n]) {
			return outgoing{flow: e.flow, ref: e.ref}, true
		}
	}
	return outgoing{}, false
}
