package callflow

import (
	"cmp"
	"math"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Two who record the same messages may have clocks that differ: an SPA without NTP, a --timezone that is not that of the log, a collector that is behind.
//
//	adapter.log   16:41:00  INVITE, 407, ACK, INVITE, 100     call.pcap   16:40:00.120  INVITE, 407, ACK, INVITE, 100
//
// By its times the second of the two is the whole call sent again a minute later. But nobody sends a request again whose final response he has already acknowledged, or followed by
// another request, nor an INVITE that he has cancelled (RFC 3261 §17.1.1.2, §17.1.2.2); so where both have such a course, and one difference of the clocks fits every message that both have, they are two records of one.
// The times of one of the two are set right by that difference then, for this call. What is known by one call is believed of the others of the same two, whose messages say less.

// recorder is who recorded hops by one clock: what a source captured, or what it has of lines that others logged.
type recorder struct {
	source   int32
	captured bool
}

// skew is by how much the clock of one recorder is ahead of that of another, by which its hops are told.
type skew struct {
	of, than recorder
	by       time.Duration
}

// maxRecorders bounds those whose clocks are compared, each with each; maxSkews what is kept of that for other calls.
const (
	maxRecorders = 8
	maxSkews     = 64
)

func (c *Call) recorder(h *Hop) recorder { return recorder{h.source, c.Captured(h)} }

// findSkews sets the times of recorders right whose clock differs from that of another one: captures count before logs, then a finer clock before a coarse one, then what was named first.
func (c *Call) findSkews() {
	type clock struct {
		recorder
		step time.Duration
	}
	var clocks []clock
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage || h.Time.IsZero() {
			continue
		}
		r := c.recorder(h)
		n := slices.IndexFunc(clocks, func(k clock) bool { return k.recorder == r })
		switch {
		case n >= 0:
			clocks[n].step = max(clocks[n].step, h.Time.Precision())
		case len(clocks) < maxRecorders:
			clocks = append(clocks, clock{r, h.Time.Precision()})
		}
	}
	slices.SortFunc(clocks, func(a, b clock) int {
		switch {
		case a.captured && !b.captured:
			return -1
		case b.captured && !a.captured:
			return 1
		}
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.source, b.source))
	})
	for n := 1; n < len(clocks); n++ {
		for m := range n {
			if s, ok := c.skewOf(clocks[n].recorder, clocks[m].recorder); ok {
				if s.by != 0 {
					c.skews = append(c.skews, s)
					c.setRight(&s)
				}
				break
			}
		}
	}
	if len(c.skews) > 0 {
		c.sortByClock()
	}
}

// skewOf returns by how much the clock of one recorder is ahead of that of another, 0 if they agree; false if their messages do not tell.
func (c *Call) skewOf(of, than recorder) (s skew, ok bool) {
	s = skew{of: of, than: than}
	pairs := c.pairsOf(of, than)
	if len(pairs) == 0 {
		return s, false
	}
	// The difference is in [least, most] if each pair of records can be of one transmission (see inBoth), and in [low, high] if nothing was late.
	least, most := time.Duration(math.MinInt64), time.Duration(math.MaxInt64)
	low, high := least, most
	for _, p := range pairs {
		a, b := &c.Hops[p[1]], &c.Hops[p[0]]
		gap, before, behind := b.Time.Sub(a.Time), stepOf(a), stepOf(b)
		low, high = max(low, gap-before), min(high, gap+behind)
		least, most = max(least, gap-before-maxLate), min(most, gap+behind+maxLate)
	}
	switch {
	case least > most:
		return s, false
	case least <= 0 && most >= 0:
		return s, true
	}
	if !c.goOnBehindAnswer(pairs) {
		if i := slices.IndexFunc(*c.known, func(k skew) bool { return k.of == of && k.than == than }); i >= 0 && (*c.known)[i].by >= least && (*c.known)[i].by <= most {
			s.by = (*c.known)[i].by
			return s, true
		}
		return s, false
	}
	s.by = low + (high-low)/2
	if whole := s.by.Round(time.Second); whole >= low && whole <= high {
		s.by = whole
	} else {
		s.by = s.by.Round(time.Millisecond)
	}
	if i := slices.IndexFunc(*c.known, func(k skew) bool { return k.of == of && k.than == than }); i >= 0 {
		(*c.known)[i] = s
	} else if len(*c.known) < maxSkews {
		*c.known = append(*c.known, s)
	}
	return s, true
}

// stepOf returns by how much a clock may be behind what it shows, where that counts.
func stepOf(h *Hop) time.Duration {
	if p := h.Time.Precision(); p >= time.Second {
		return p
	}
	return 0
}

// pairsOf returns the hops that two recorders have both, and each as often: the first with the first.
func (c *Call) pairsOf(a, b recorder) [][2]int32 {
	type lists [2][]int32
	both := map[copyKey]*lists{}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Time.IsZero() || !h.mayHaveCopy() {
			continue
		}
		side := 0
		switch c.recorder(h) {
		case a:
		case b:
			side = 1
		default:
			continue
		}
		k := h.copyKey()
		l := both[k]
		if l == nil {
			l = &lists{}
			both[k] = l
		}
		l[side] = append(l[side], int32(i))
	}
	var pairs [][2]int32
	for _, l := range both {
		if len(l[0]) != len(l[1]) {
			continue // one of the two has lost some, and nobody knows which
		}
		for k, i := range l[0] {
			x, y := &c.Hops[i], &c.Hops[l[1][k]]
			if sameShown(x, y) && x.Time.Domain() == y.Time.Domain() {
				pairs = append(pairs, [2]int32{i, l[1][k]})
			}
		}
	}
	return pairs
}

// goOnBehindAnswer reports whether among the messages is a request with its final response, and what its client sends only when it has that: its ACK, or a request with a higher CSeq
// number; or an INVITE with its CANCEL, which waits for a provisional response (RFC 3261 §9.1).
func (c *Call) goOnBehindAnswer(pairs [][2]int32) bool {
	type key struct {
		tag  uint64
		cseq uint32
	}
	requests, answered, first := map[uint64]bool{}, map[key]bool{}, map[uint64]uint32{}
	for _, p := range pairs {
		if h := &c.Hops[p[1]]; h.Status == 0 && h.Method != sip.MethodAck && h.Method != sip.MethodCancel {
			requests[h.branch] = true
		}
	}
	for _, p := range pairs {
		if h := &c.Hops[p[1]]; h.Status >= 200 && h.Method != sip.MethodCancel && requests[h.branch] && h.fromTag != 0 && h.CSeq > 0 {
			answered[key{h.fromTag, h.CSeq}] = true
			if n, ok := first[h.fromTag]; !ok || h.CSeq < n {
				first[h.fromTag] = h.CSeq
			}
		}
	}
	for _, p := range pairs {
		h := &c.Hops[p[1]]
		if h.Status != 0 {
			continue
		}
		if h.Method == sip.MethodCancel && requests[h.branch] {
			return true
		}
		if n, ok := first[h.fromTag]; ok && (h.CSeq > n || h.Method == sip.MethodAck && answered[key{h.fromTag, h.CSeq}]) {
			return true
		}
	}
	return false
}

// setRight gives the hops of a recorder the times that the other clock would have shown. What was written of them stays.
func (c *Call) setRight(s *skew) {
	domain, found := capture.Domain(0), false
	for i := range c.Hops {
		if h := &c.Hops[i]; c.recorder(h) == s.than && h.Kind == capture.KindMessage && !h.Time.IsZero() {
			domain, found = h.Time.Domain(), true
			break
		}
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if c.recorder(h) != s.of || h.Time.IsZero() || !found || h.Time.Domain() != domain {
			continue
		}
		h.Time.Clock -= int64(s.by)
		if domain == capture.DomainUTC {
			h.Time.Basis = capture.BasisBeside
		}
	}
}

// sortByClock puts the hops where they would stand if the clocks had agreed: as decode.Merge gives them, by time, each recorder in its own order.
func (c *Call) sortByClock() {
	clocks := make([]int64, len(c.Hops))
	last := map[recorder]int64{}
	before := int64(math.MinInt64)
	for i := range c.Hops {
		h := &c.Hops[i]
		r := c.recorder(h)
		at, ok := last[r]
		if !ok {
			at = before
		}
		if !h.Time.IsZero() && h.Time.Domain() == c.Hops[0].Time.Domain() {
			if !ok {
				at = h.Time.Clock
			}
			at = max(at, h.Time.Clock)
		}
		clocks[i], last[r], before = at, at, at
	}
	order := make([]int32, len(c.Hops))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(i, j int32) int {
		return cmp.Or(cmp.Compare(clocks[i], clocks[j]), cmp.Compare(c.Hops[i].source, c.Hops[j].source))
	})
	if c.arrange(order) {
		c.meshed = true
	}
}

// ClocksDiffer reports whether there is an n-th recorder, from 0, whose clock differs from that of another by which it is told, and returns the first message of each of the two, and by
// how much it is ahead.
func (c *Call) ClocksDiffer(n int) (hop, than int, ahead time.Duration, ok bool) {
	if n >= len(c.skews) {
		return -1, -1, 0, false
	}
	first := func(r recorder) int {
		return slices.IndexFunc(c.Hops, func(h Hop) bool { return h.Kind == capture.KindMessage && c.recorder(&h) == r })
	}
	s := &c.skews[n]
	return first(s.of), first(s.than), s.by, true
}
