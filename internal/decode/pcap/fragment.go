package pcap

import (
	"container/list"
	"net/netip"
	"slices"
	"time"

	"sipscribe/internal/capture"
)

// Limits of what waits for its other fragments. RFC 8200 §4.5 lets a receiver wait 60 seconds; fragments of one datagram
// leave together, and what is missing after a few seconds is not in the capture.
const (
	maxFragmentWait  = 5 * time.Second // of the capture's clock
	maxFragmentSets  = 4096
	maxFragmentBytes = 16 << 20
	maxDatagram      = 65535
	maxPieces        = 1024 // of one datagram
	// pieceOverhead is what a piece costs beside its bytes, so that empty-handed pieces count too.
	pieceOverhead = 128
)

// fragmentKey is what the fragments of one datagram have in common (RFC 791 §2.3, RFC 8200 §4.5).
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    byte // not compared in IPv6, but always the same there
}

// piece is a fragment that was kept.
type piece struct {
	start, end int // in the datagram; end may lie behind data if the capture cut it
	data       []byte
	at         place
}

// fragmentSet is what has come of one datagram: pieces sorted by start, which do not overlap.
type fragmentSet struct {
	key     fragmentKey
	pieces  []piece
	end     int // of the datagram, -1: the last fragment has not come
	bytes   int
	cut     bool  // a piece was cut by the snap length
	begun   place // of the first piece that came
	wait    waiting
	element *list.Element
}

// fragments keeps the datagrams that are not whole, oldest first.
type fragments struct {
	sets  map[fragmentKey]*fragmentSet
	age   list.List // of *fragmentSet
	bytes int
}

func (f *fragments) init() { f.sets = make(map[fragmentKey]*fragmentSet) }

// fragment takes in a fragment that stands at offset in its datagram.
func (d *decoder) fragment(id uint32, proto byte, offset int, more bool, body []byte) verdict {
	whole := d.pkt.lack == 0
	if d.pkt.first != nil {
		return other // a fragment within a datagram that was put together from fragments: nobody sends SIP so
	}
	if len(body) == 0 || offset+len(body) > maxDatagram {
		return malformed
	}
	if more && whole {
		body = body[:len(body)&^7] // RFC 791 §3.2: all but the last come in units of 8 bytes
		if len(body) == 0 {
			return malformed
		}
	}
	f := &d.fragments
	key := fragmentKey{src: d.pkt.src, dst: d.pkt.dst, id: id, proto: proto}
	set := f.sets[key]
	if set == nil {
		set = &fragmentSet{key: key, end: -1, begun: d.place(body)}
		f.sets[key] = set
		set.element = f.age.PushBack(set)
	}
	p := piece{start: offset, end: offset + len(body), data: append([]byte(nil), body...), at: d.place(body)}
	i, found := slices.BinarySearchFunc(set.pieces, p.start, func(q piece, start int) int { return q.start - start })
	switch {
	case found, i > 0 && set.pieces[i-1].end > p.start, i < len(set.pieces) && set.pieces[i].start < p.end, set.end >= 0 && p.end > set.end:
		// A repetition, or an overlap. What came first stays, since RFC 5722 forbids overlaps and a doubled capture repeats.
		return done
	}
	if !whole {
		set.cut = true
	}
	set.pieces = slices.Insert(set.pieces, i, p)
	set.bytes += len(p.data) + pieceOverhead
	f.bytes += len(p.data) + pieceOverhead
	if !more && whole {
		set.end = p.end
	}
	if whole && set.complete() {
		d.datagram(set, capture.MissingNothing)
		return done
	}
	d.order.await(&set.wait, min(set.begun.number, set.pieces[0].at.number), set.begun.time.Clock)
	if len(set.pieces) >= maxPieces {
		d.giveUp(set)
	}
	for len(f.sets) > maxFragmentSets || f.bytes > maxFragmentBytes {
		d.giveUp(f.age.Front().Value.(*fragmentSet))
	}
	return done
}

// complete reports whether all pieces are there.
func (s *fragmentSet) complete() bool {
	if s.end < 0 || s.cut {
		return false
	}
	at := 0
	for i := range s.pieces {
		if s.pieces[i].start != at {
			return false
		}
		at = s.pieces[i].end
	}
	return at == s.end
}

// giveUp ends the waiting for a datagram and decodes what is there from its beginning on.
func (d *decoder) giveUp(set *fragmentSet) {
	missing := capture.MissingPart
	if set.cut {
		missing = capture.MissingSnap
	}
	d.datagram(set, missing)
}

// datagram puts the pieces together as far as they follow on each other and decodes the result. A datagram without its
// first piece has no ports, and is counted.
func (d *decoder) datagram(set *fragmentSet, missing capture.Missing) {
	f := &d.fragments
	delete(f.sets, set.key)
	f.age.Remove(set.element)
	f.bytes -= set.bytes
	d.order.settle(&set.wait)
	total := 0
	for i := range set.pieces {
		if set.pieces[i].start != total {
			break
		}
		total += len(set.pieces[i].data)
	}
	if total == 0 {
		d.in.Stats.Other++
		return
	}
	b := make([]byte, 0, total)
	for i := range set.pieces {
		if set.pieces[i].start != len(b) {
			break
		}
		b = append(b, set.pieces[i].data...)
	}
	first := set.pieces[0].at
	first.end = first.offset + int64(len(set.pieces[0].data))
	outer := d.pkt
	d.pkt = packet{src: set.key.src, dst: set.key.dst, base: b, first: &first, missing: missing, nesting: outer.nesting}
	switch d.extension(set.key.proto, b) {
	case other:
		d.in.Stats.Other++
	case malformed:
		d.unrecognised(first, b)
	}
	d.pkt = outer
}

// expireFragments gives up on datagrams whose first fragment came too long before now.
func (d *decoder) expireFragments(now int64) {
	for e := d.fragments.age.Front(); e != nil; e = d.fragments.age.Front() {
		set := e.Value.(*fragmentSet)
		if now-set.begun.time.Clock <= int64(maxFragmentWait) {
			return
		}
		d.giveUp(set)
	}
}
