package callflow

import (
	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Two exports of one log, one behind the other, overlap where the second begins before the first has ended:
//
//	16:40:00 INVITE, 407, ACK, INVITE, 100, 180        the end of the first
//	16:40:00 INVITE, 407, ACK, INVITE, 100, 180 …      the beginning of the second
//
// Where the clock goes back between them that is seen by it (see Call.loggedAgain). Within one second of a coarse clock, and of a text without a clock that stands behind itself, what comes again could have been sent again, but for two things: it
// comes in the same words in the same order, and nobody sends a request again whose answer he has already acknowledged, or followed by another request (RFC 3261 §17.1.1.2,
// §17.1.2.2).

// maxOverlap is how many records of a call two exports may have both.
const maxOverlap = 256

// findOverlap marks what two exports have both as logged twice.
func (c *Call) findOverlap() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.RepeatOf < 0 || h.Duplicate || h.Status != 0 {
			continue
		}
		for j := i - 1; j >= max(0, i-maxOverlap) && j >= int(h.RepeatOf); j-- {
			if (j == int(h.RepeatOf) || c.Hops[j].RepeatOf == h.RepeatOf) && !c.Hops[j].Duplicate {
				c.overlapAt(j, i)
				break
			}
		}
	}
}

// overlapAt marks the records from hop i on if they are those from hop j to i once more, and cannot have been sent once more.
func (c *Call) overlapAt(j, i int) {
	n := i - j
	const least = 4 // a request, its answer, what follows that, and another one
	if n < least || i+n > len(c.Hops) || !c.goesOnBehindAnswer(j, i) {
		return
	}
	for k := range n {
		a, b := &c.Hops[j+k], &c.Hops[i+k]
		if a.Kind != b.Kind || a.source != b.source || a.Time.Clock != b.Time.Clock || a.Time.IsZero() != b.Time.IsZero() || a.Time.Domain() != b.Time.Domain() || a.Duplicate || b.Duplicate ||
			b.Kind == capture.KindMessage && b.RepeatOf < 0 || !c.sameText(a, b) {
			return
		}
	}
	for k := range n {
		b := &c.Hops[i+k]
		if b.RepeatOf < 0 {
			b.RepeatOf = int32(j + k) // an event
		}
		b.Duplicate, b.newest = true, int32(j+k)
	}
}

// goesOnBehindAnswer reports whether among the hops from j to i one with a request of a client is followed by its final response, and that by what the same client sends only when it has
// that: its ACK, or a request with a higher CSeq number.
func (c *Call) goesOnBehindAnswer(j, i int) bool {
	first := &c.Hops[j]
	if first.Transaction < 0 {
		return false
	}
	final := -1
	for k := j + 1; k < i; k++ {
		switch h := &c.Hops[k]; {
		case h.Kind != capture.KindMessage:
		case final < 0 && h.Status >= 200 && h.Transaction == first.Transaction:
			final = k
		case final >= 0 && h.IsRequest() && h.fromTag == first.fromTag && h.fromTag != 0 &&
			(h.Method == sip.MethodAck && h.CSeq == first.CSeq || h.CSeq > first.CSeq):
			return true
		}
	}
	return false
}
