package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// acks are, where no route is recorded, the INVITEs that were answered lately: their ACKs bring no token, and cannot be challenged (RFC 3261 §22.1), but a
// telephone that uses its outbound proxy within dialogs sends them here. "Any credentials in the INVITE that were accepted by a server MUST be
// accepted by that server for the ACK": what says that they are the same is Call-ID, From tag, CSeq number and the hop, as for a CANCEL; many telephones do
// not repeat the credentials.
//
// An ACK comes as long as the 2xx is sent again, 64·T1 (§13.3.1.4). Two generations are kept, each for that time, so that nothing has to be looked
// for to be forgotten.
type acks struct {
	seed       maphash.Seed
	young, old map[uint64]struct{}
	turned     time.Time
	life       time.Duration
	limit      int
	buf        []byte
}

// ackLife is 64·T1 with the T1 of the RFC: that of whoever answers is not known here.
const ackLife = 32 * time.Second

func newACKs(life time.Duration, limit int) acks {
	return acks{seed: maphash.MakeSeed(), young: map[uint64]struct{}{}, old: map[uint64]struct{}{}, life: life, limit: limit}
}

// key returns what an INVITE and its ACK have in common.
func (a *acks) key(from live.Flow, m *sip.Message) uint64 {
	addr := from.Remote.Addr().As16()
	b := append(a.buf[:0], addr[:]...)
	b = binary.BigEndian.AppendUint32(b, m.CSeq().Number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.FromTag())))
	b = append(b, m.FromTag()...)
	a.buf = append(b, m.CallID()...)
	return maphash.Bytes(a.seed, a.buf)
}

// answered takes note of an INVITE whose 2xx is handed back; past the limit of none more.
func (a *acks) answered(now time.Time, key uint64) {
	a.turn(now)
	if len(a.young) < a.limit {
		a.young[key] = struct{}{}
	}
}

// expected reports whether an ACK belongs to one of them.
func (a *acks) expected(now time.Time, key uint64) bool {
	a.turn(now)
	_, young := a.young[key]
	_, old := a.old[key]
	return young || old
}

// turn lets the older ones go.
func (a *acks) turn(now time.Time) {
	switch passed := now.Sub(a.turned); {
	case passed >= 2*a.life:
		clear(a.young)
		clear(a.old)
	case passed >= a.life:
		a.young, a.old = a.old, a.young
		clear(a.young)
	default:
		return
	}
	a.turned = now
}
