package transaction

import (
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// transaction is what client and server transactions have in common: the machine, and where they are in the tables of the layer.
type transaction struct {
	machine
	method sip.Method
	own    bool      // outside the limits: a CANCEL of the layer, or one for an INVITE that is there
	key    string    // in the table of clients or servers
	flow   live.Flow // of a client where the request went, of a server where it came from
	kept   []byte    // what may be sent again

	place int32  // in deadlines, counted from 1
	slot  uint32 // in slots
	// before and behind are of the same peer.
	before, behind *transaction

	client *Client // the transaction that this is a part of: one of the two
	server *Server
}

// slots gives each transaction a number for the outbox (Item.Ref), which is not valid for another one that has the same place later.
type slots struct {
	list []slot
	free []uint32
}

type slot struct {
	t          *transaction
	generation uint32
}

const refBit = 1 << 63

// Owns reports whether a ref of an outbox item is one that a layer gave: those have the highest bit set. The element's own do not.
func Owns(ref uint64) bool { return ref&refBit != 0 }

func (s *slots) add(t *transaction) {
	if n := len(s.free); n > 0 {
		t.slot = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		t.slot = uint32(len(s.list))
		s.list = append(s.list, slot{})
	}
	s.list[t.slot].t = t
}

func (s *slots) remove(t *transaction) {
	s.list[t.slot].t = nil
	s.list[t.slot].generation++
	s.free = append(s.free, t.slot)
}

func (s *slots) ref(t *transaction) uint64 {
	return refBit | uint64(s.list[t.slot].generation&(1<<31-1))<<32 | uint64(t.slot)
}

// find returns the transaction of a ref, nil if it is gone.
func (s *slots) find(ref uint64) *transaction {
	i := uint32(ref)
	if int(i) >= len(s.list) || s.list[i].t == nil || s.ref(s.list[i].t) != ref {
		return nil
	}
	return s.list[i].t
}

// peers lists the transactions by the other side, so that the end of a connection costs no more than the transactions that it had. The
// connection itself is not part of the key: what was sent with Conn 0 went over whatever there was.
type peers map[peer]*ends

type peer struct {
	transport capture.Transport
	remote    netip.AddrPort
}

type ends struct{ first, last *transaction }

func (p peers) add(t *transaction) {
	k := t.peer()
	e := p[k]
	if e == nil {
		e = &ends{}
		p[k] = e
	}
	t.before = e.last
	if e.last != nil {
		e.last.behind = t
	} else {
		e.first = t
	}
	e.last = t
}

func (p peers) remove(t *transaction) {
	e := p[t.peer()]
	if t.before != nil {
		t.before.behind = t.behind
	} else {
		e.first = t.behind
	}
	if t.behind != nil {
		t.behind.before = t.before
	} else {
		e.last = t.before
	}
	t.before, t.behind = nil, nil
	if e.first == nil {
		delete(p, t.peer())
	}
}

// at appends the transactions of a peer, in the order in which they began.
func (p peers) at(dst []*transaction, k peer) []*transaction {
	if e := p[k]; e != nil {
		for t := e.first; t != nil; t = t.behind {
			dst = append(dst, t)
		}
	}
	return dst
}

// peer is where the transaction sends.
func (t *transaction) peer() peer {
	f := t.flow
	if t.server != nil {
		f = t.server.reply()
	}
	return peer{f.Transport, f.Remote}
}
