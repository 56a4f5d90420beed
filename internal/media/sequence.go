package media

// The parameters of RFC 3550 §A.1.
const (
	maxDropout  = 3000
	maxMisorder = 100
)

// sequence counts the sequence numbers of one SSRC (RFC 3550 §A.1, §A.3), and knows those that came twice.
type sequence struct {
	max uint16
	// base and cycles are not modulo 2^32: a packet from before the first may go below zero.
	base, cycles int64
	bad          uint32 // a jump is believed when this one follows it; above 0xFFFF: none
	// seen has a bit for max (the lowest) and for each of the 127 numbers before it.
	seen [2]uint64
	// received counts what came at all, unique each number once; earlier is what was lost before a restart.
	received, unique, earlier int64
}

// verdict is what a sequence number says of its packet.
type verdict uint8

const (
	sequenceNext      verdict = iota // the highest so far
	sequenceLate                     // a lower one, for the first time
	sequenceDuplicate                // it came before
	sequenceRestart                  // two in a row after a jump: the other side began anew
	sequenceUnlikely                 // a jump that is not believed yet
)

const noBad = 1 << 16

// restart begins with a packet that add is then given.
func (s *sequence) restart(seq uint16) {
	s.earlier += s.lostNow()
	*s = sequence{max: seq - 1, base: int64(seq), bad: noBad, earlier: s.earlier}
	if seq == 0 {
		s.cycles = -1 << 16 // the first step wraps
	}
}

// add counts a packet.
func (s *sequence) add(seq uint16) verdict {
	delta := seq - s.max
	v := sequenceNext
	switch {
	case delta == 0:
		s.received++
		return sequenceDuplicate
	case delta < maxDropout:
		if seq < s.max {
			s.cycles += 1 << 16
		}
		s.shift(uint(delta))
		s.max = seq
	case uint32(delta) <= 1<<16-maxMisorder:
		if uint32(seq) != s.bad {
			s.bad = uint32(seq + 1)
			return sequenceUnlikely
		}
		s.restart(seq)
		s.add(seq)
		return sequenceRestart
	default:
		behind := uint(s.max - seq)
		if s.seen[behind>>6]&(1<<(behind&63)) != 0 {
			s.received++
			return sequenceDuplicate
		}
		s.base = min(s.base, s.highest()-int64(behind)) // from before the first: the stream began there
		s.seen[behind>>6] |= 1 << (behind & 63)
		v = sequenceLate
	}
	s.bad = noBad
	s.received++
	s.unique++
	return v
}

// shift moves the window up to a new highest number, and marks it.
func (s *sequence) shift(n uint) {
	switch {
	case n >= 128:
		s.seen = [2]uint64{}
	case n >= 64:
		s.seen[1], s.seen[0] = s.seen[0]<<(n-64), 0
	default:
		s.seen[1] = s.seen[1]<<n | s.seen[0]>>(64-n)
		s.seen[0] <<= n
	}
	s.seen[0] |= 1
}

// highest returns the extended highest sequence number (RFC 3550 §6.4.1); in a report it is modulo 2^32.
func (s *sequence) highest() int64 { return s.cycles + int64(s.max) }

// expected returns how many packets there should be since the restart (§A.3).
func (s *sequence) expected() int64 {
	if s.received == 0 {
		return 0
	}
	return s.highest() - s.base + 1
}

func (s *sequence) lostNow() int64 { return s.expected() - s.unique }

// lost returns how many packets never came, before restarts too.
func (s *sequence) lost() int64 { return s.earlier + s.lostNow() }
