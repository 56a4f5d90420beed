package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// acks are the INVITEs that were answered lately and whose ACKs bring no token: where no route is recorded, and of a call that is changed with a password, since its token is too old or of
// before a restart. An ACK cannot be challenged (RFC 3261 §22.1), but a telephone that uses its outbound proxy within dialogs sends it here. "Any credentials in the INVITE that were accepted by a server MUST be
// accepted by that server for the ACK": what says that they are the same is Call-ID, From tag, CSeq number and the hop, as for a CANCEL; many telephones do
// not repeat the credentials.
//
// An ACK comes as long as the 2xx is sent again, 64·T1 (§13.3.1.4). Two generations are kept, each for that time, so that nothing has to be looked
// for to be forgotten. One that is full makes room for the next: an ACK comes within moments, and to push the note of it out somebody would have to be answered as
// many times as there is room for meanwhile.
//
// Each 2xx that is handed back, again or of another branch, is good for acksEach ACKs. The proxy cannot know where an ACK has to go, and is not to send what somebody
// thinks up to whomever he likes for a minute.
type acks struct {
	seed       maphash.Seed
	young, old map[uint64]uint8 // how many ACKs may come
	turned     time.Time
	life       time.Duration
	limit      int
	buf        []byte
}

// ackLife is 64·T1 with the T1 of the RFC: that of whoever answers is not known here.
const ackLife = 32 * time.Second

const (
	// acksEach: one, and one that a network has made two.
	acksEach = 2
	// maxACKs of one INVITE: a 2xx is sent eleven times (§13.3.1.4), and branches answer together now and then.
	maxACKs = 64
)

func newACKs(life time.Duration, limit int) acks {
	return acks{seed: maphash.MakeSeed(), young: map[uint64]uint8{}, old: map[uint64]uint8{}, life: life, limit: limit}
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

// answered takes note of an INVITE whose 2xx is handed back.
func (a *acks) answered(now time.Time, key uint64) {
	a.turn(now)
	may := max(a.young[key], a.old[key])
	if _, noted := a.young[key]; !noted && len(a.young) >= a.limit {
		a.next(now)
	}
	delete(a.old, key)
	a.young[key] = min(may+acksEach, maxACKs)
}

// expected reports whether an ACK belongs to one of them, and counts it.
func (a *acks) expected(now time.Time, from live.Flow, m *sip.Message) bool {
	if len(a.young)+len(a.old) == 0 {
		return false // as nearly always where a route is recorded
	}
	return a.take(now, a.key(from, m))
}

// take counts an ACK of one of them, and reports whether it is one.
func (a *acks) take(now time.Time, key uint64) bool {
	a.turn(now)
	for _, noted := range [...]map[uint64]uint8{a.young, a.old} {
		if may := noted[key]; may > 0 {
			noted[key] = may - 1
			return true
		}
	}
	return false
}

// turn lets the older ones go.
func (a *acks) turn(now time.Time) {
	switch passed := now.Sub(a.turned); {
	case passed >= 2*a.life:
		clear(a.young)
		clear(a.old)
		a.turned = now
	case passed >= a.life:
		a.next(now)
	}
}

// next begins another generation.
func (a *acks) next(now time.Time) {
	a.young, a.old = a.old, a.young
	clear(a.young)
	a.turned = now
}
