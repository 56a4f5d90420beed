package sdp

import (
	"iter"
	"math"
)

// Timing is a t= line (RFC 8866 §5.9). Both times are in seconds since 1900-01-01 UTC; minus 2208988800 they are Unix time.
type Timing struct {
	Start, Stop uint64 // 0 also if the number cannot be read
	Line        Line
}

// IsPermanent reports whether both times are zero, as they are in telephony (RFC 3264 §5).
func (t Timing) IsPermanent() bool { return t.Start == 0 && t.Stop == 0 }

// Times iterates over the t= lines of the session part.
func (s *Session) Times() iter.Seq[Timing] {
	return func(yield func(Timing) bool) {
		for _, l := range s.SessionLines() {
			if l.Type == 't' && !yield(parseTiming(s.Value(l), l)) {
				return
			}
		}
	}
}

// Timing returns the first t= line and whether there is one.
func (s *Session) Timing() (Timing, bool) {
	for t := range s.Times() {
		return t, true
	}
	return Timing{}, false
}

func parseTiming(v []byte, l Line) Timing {
	f := fields{rest: v}
	t := Timing{Line: l}
	t.Start, _ = number(f.next(), math.MaxUint64)
	t.Stop, _ = number(f.next(), math.MaxUint64)
	return t
}
