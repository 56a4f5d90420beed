package callflow

import (
	"cmp"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// The order in which the messages of a call came about. What is known of it comes from four things, each of which gives way to the one above it:
//
//	place      of two records of one source the one that stands first was first, as long as the messages do not say otherwise
//	clock      a time that is over before another begins: 16:40:00 (of whole seconds) is over at 16:40:01, and not at 16:40:00.5
//	protocol   nobody answers what was not asked, passes on what did not reach him, or takes back what he has not said (see precedes)
//	names      of a log that was rotated the older part was written first (app/rotation.go): it is read first, and what nothing else tells stays as it was read
//
// Most calls come in that order, and nothing of this is looked at. There are two reasons to look. A call with records of several sources has them one behind the other within a
// second, whatever happened between them: two telephones of one call, or a device's log and a capture. And a source that was put together out of parts may have those in another
// order, or backwards: its clock goes back, or an answer stands before what it answers.
//
//	callee.log   16:40:00 INVITE with two Vias, 180              the call   INVITE, 407, ACK, INVITE   of the caller
//	caller.log   16:40:00 INVITE with one Via, 407, ACK,         told       INVITE with two Vias       of the callee
//	             INVITE, 100, 180                                           100, 180 of the callee, 180 of the caller
//
// So the records of each source are put right first, if they have to be, and then the sources are merged.

// maxTie bounds what is compared with what: so many records of a source of which no clock tells the order. Of very many sources it is fewer of each, leastTie at least.
const (
	maxTie   = 256
	leastTie = 8
)

// ordering is the work on the order of one call.
type ordering struct {
	c      *Call
	places []place
	twin   []int32 // of each hop, see pairCopies; nil where there are none
	queue  []uint8 // of each hop, the number of its queue
	queues [][]int32
	done   []bool // the hops that have their place
}

// place is where on the way of its request a message was seen.
type place struct {
	known   bool   // it can be compared: a message, and none that its source has had already
	initial bool   // of an INVITE outside a dialog
	own     bool   // the ACK of a refusal, or a CANCEL with its answer: each hop makes its own (RFC 3261 §9.1, §17.1.1.3)
	depth   uint8  // Vias; of what has one of its own those of its INVITE
	origin  uint64 // branch of the client that began it, which is that of the lowest Via
}

// findOrder puts the hops into the order in which they came about, as far as that can be known, and reports whether that was another one.
func (c *Call) findOrder() bool {
	o := &ordering{c: c}
	if c.several {
		o.twin = c.findTwins()
	}
	if o.twin == nil && !c.disordered && !c.tied() {
		return false
	}
	o.findPlaces()
	o.findQueues()
	if c.disordered {
		for n, q := range o.queues {
			o.queues[n] = o.putRight(q)
		}
	}
	order := o.queues[0]
	if len(o.queues) > 1 {
		o.placeEvents()
		order = o.merge()
	}
	other := c.arrange(order)
	c.meshed = c.meshed || other && len(o.queues) > 1
	if o.twin != nil {
		c.noteCopies(order, o.twin)
	}
	return other
}

// tied reports whether of two messages of different sources the clock does not tell which was first.
func (c *Call) tied() bool {
	before := -1
	for i := range c.Hops {
		if c.Hops[i].Kind != capture.KindMessage {
			continue
		}
		if before >= 0 && c.Hops[before].source != c.Hops[i].source && c.Hops[before].tiedWith(&c.Hops[i]) {
			return true
		}
		before = i
	}
	return false
}

// wasOver reports whether by their clocks a was over when b began.
func (a *Hop) wasOver(b *Hop) bool {
	if a.Time.IsZero() || b.Time.IsZero() || a.Time.Clock >= b.Time.Clock || a.Time.Domain() != b.Time.Domain() {
		return false
	}
	return a.Time.Clock+int64(a.Time.Precision()) <= b.Time.Clock
}

// maxQueues bounds the sources that are merged. Those of further ones stand in the last queue, as they were read.
const maxQueues = 64

// findQueues parts the hops into those of each source, and, where it has copies, of what was captured and what was logged.
func (o *ordering) findQueues() {
	c := o.c
	type kind struct {
		source   int32
		captured bool
	}
	var kinds []kind
	o.queue = make([]uint8, len(c.Hops))
	for i := range c.Hops {
		h := &c.Hops[i]
		k := kind{h.source, o.twin != nil && c.Captured(h)}
		n := slices.Index(kinds, k)
		if n < 0 && len(kinds) == maxQueues {
			n = maxQueues - 1
		} else if n < 0 {
			n = len(kinds)
			kinds, o.queues = append(kinds, k), append(o.queues, nil)
		}
		o.queue[i] = uint8(n)
		o.queues[n] = append(o.queues[n], int32(i))
	}
}

// findPlaces finds where each message was seen.
func (o *ordering) findPlaces() {
	c := o.c
	o.places = make([]place, len(c.Hops))
	type attempt struct {
		fromTag uint64
		cseq    uint32
	}
	initial := map[attempt]bool{}
	invites := map[uint64]place{}
	for i := range c.Hops {
		h, p := &c.Hops[i], &o.places[i]
		p.depth, p.origin = h.vias, h.branch
		if h.bottom != 0 {
			p.origin = h.bottom
		} else if h.second != 0 {
			p.origin = h.second
		}
		if h.Method == sip.MethodInvite && h.Kind == capture.KindMessage {
			invites[h.branch] = *p
			if h.Status == 0 && h.toTag == 0 {
				initial[attempt{h.fromTag, h.CSeq}] = true
			}
		}
	}
	seen := map[uint64]bool{}
	for i := range c.Hops {
		h, p := &c.Hops[i], &o.places[i]
		if h.Kind != capture.KindMessage || h.Missing == capture.MissingHead {
			continue
		}
		if h.Method == sip.MethodAck || h.Method == sip.MethodCancel {
			if invite, ok := invites[h.branch]; ok {
				*p = invite
				p.own = true
			}
		}
		p.initial = txMethod(h.Method) == sip.MethodInvite && initial[attempt{h.fromTag, h.CSeq}]
		branch := h.branch
		if h.Method == sip.MethodAck && !p.own {
			branch = 0 // each 2xx that comes again is acknowledged again (RFC 3261 §13.2.2.4), by some in a new branch
		}
		key := mix(mix(mix(h.txKey(branch), uint64(h.Method)<<16|uint64(h.Status)), h.toTag), uint64(h.source)<<8|uint64(h.vias))
		p.known = !seen[key]
		seen[key] = true
	}
}

// placeEvents gives each event the depth of the message that follows it in its queue, or else of the one before it.
func (o *ordering) placeEvents() {
	for _, q := range o.queues {
		depth := uint8(255)
		for k := len(q) - 1; k >= 0; k-- {
			if o.c.Hops[q[k]].Kind == capture.KindMessage {
				depth = o.places[q[k]].depth
			} else {
				o.places[q[k]].depth = depth
			}
		}
		for _, i := range q {
			if o.c.Hops[i].Kind == capture.KindMessage {
				depth = o.places[i].depth
			} else if o.places[i].depth == 255 {
				o.places[i].depth = depth
			}
		}
	}
}

// How surely one message was before another.
const (
	usually = 1 + iota // as a rule: the 200 to a CANCEL before the 487 to its INVITE
	always
)

// step counts the messages of a transaction in the order in which they follow from each other.
func (h *Hop) step() int {
	switch {
	case h.Status == 0 && h.Method == sip.MethodAck:
		return 4
	case h.Status == 0:
		return 0
	case h.Status == 100:
		return 1
	case h.Status < 200:
		return 2
	}
	return 3
}

// precedes reports how surely hop i was before hop j, by what they say; 0 if they do not tell.
func (o *ordering) precedes(i, j int32) int {
	a, b := &o.c.Hops[i], &o.c.Hops[j]
	x, y := &o.places[i], &o.places[j]
	if !x.known || !y.known {
		return 0
	}
	if a.fromTag != b.fromTag {
		return o.precedesAcross(a, b, x, y)
	}
	if a.CSeq != b.CSeq {
		return precedesNext(a, b)
	}
	cancels := a.Method == sip.MethodCancel
	if cancels != (b.Method == sip.MethodCancel) {
		return precedesCancel(a, b)
	}
	if txMethod(a.Method) != txMethod(b.Method) {
		return 0
	}
	switch {
	case a.branch == b.branch:
		switch s, t := a.step(), b.step(); {
		case s >= t:
			return 0
		case s > 0 && t < 4:
			return usually // what was said before it may come behind it
		}
		return always
	case a.Method == sip.MethodInvite && b.Method == sip.MethodAck && !y.own && a.Status/100 == 2 && a.toTag == b.toTag:
		return always // the ACK of a 2xx is a transaction of its own (RFC 3261 §13.2.2.4)
	case x.origin != y.origin:
		return 0
	case a.Status == 0 && b.Status == 0 && a.Method == b.Method && (cancels || !x.own && !y.own) && x.depth < y.depth:
		return always // each who passes a request on adds a Via (§16.6, step 8)
	case a.Status > 100 && a.Status == b.Status && a.toTag == b.toTag && !cancels && x.depth > y.depth:
		return always // and each who passes the response back takes his own off (§16.7, step 3)
	case a.Status/100 == 3 && b.Status == 0 && b.Method == sip.MethodInvite && x.depth == y.depth:
		return usually // a proxy follows a redirection (§16.5)
	}
	return 0
}

// precedesCancel is precedes for an INVITE and a CANCEL with one CSeq number, of which either is a. The CANCEL waits for a provisional response (RFC 3261 §9.1); what it ends is answered by 487
// (§9.2), and so is what an upstream element has sent on.
func precedesCancel(a, b *Hop) int {
	if a.branch != b.branch {
		return 0
	}
	switch {
	case b.Method == sip.MethodCancel && a.step() == 0:
		return always
	case b.Method == sip.MethodCancel && a.step() < 3:
		return usually
	case a.Method == sip.MethodCancel && a.Status == 0 && (b.Status == 487 || b.Method == sip.MethodAck):
		return always
	case a.Method == sip.MethodCancel && (b.Status == 487 || b.Method == sip.MethodAck):
		return usually
	}
	return 0
}

// precedesNext is precedes for messages of two requests of one side, which counts them (RFC 3261 §8.1.1.5).
func precedesNext(a, b *Hop) int {
	if a.CSeq == 0 || b.CSeq == 0 || a.CSeq > b.CSeq {
		return 0
	}
	switch {
	case a.Method == sip.MethodAck || a.Method == sip.MethodCancel:
		// They have the number of their INVITE, and may come behind what was counted since then: a CANCEL behind a PRACK (RFC 3262 §4).
	case a.Status == 0 && a.toTag == 0:
		return always
	case a.Status == 0:
		return usually // on the way one may overtake another
	}
	switch txMethod(a.Method) {
	case sip.MethodInvite:
		// An INVITE is over before the next one (§14.1), but for its ACK, with which a client may be late. A BYE may end it before it is answered (§15), and cross
		// what is said of it meanwhile.
		switch {
		case txMethod(b.Method) == sip.MethodInvite && a.Method != sip.MethodAck:
			return always
		case txMethod(b.Method) == sip.MethodInvite, b.Method == sip.MethodBye && a.Status < 300:
			return usually
		}
	case sip.MethodRegister:
		if b.Method == sip.MethodRegister {
			return always // §10.2: no new one before the answer to the last
		}
	case sip.MethodCancel:
		if txMethod(b.Method) == sip.MethodInvite {
			return usually
		}
	}
	return 0
}

// precedesAcross is precedes for messages of which the other side, or another one, has sent the request.
func (o *ordering) precedesAcross(a, b *Hop, x, y *place) int {
	if a.Method == sip.MethodRegister && b.Method == sip.MethodRegister {
		// A client may make a tag for each; it counts them all the same (RFC 3261 §10.2), unless they are of two lines with a count of their own.
		if a.CSeq+1 == b.CSeq {
			return precedesNext(a, b)
		}
		return min(precedesNext(a, b), usually)
	}
	if b.toTag != a.fromTag || a.fromTag == 0 || a.toTag != 0 && a.toTag != b.fromTag {
		return 0
	}
	invite := txMethod(a.Method) == sip.MethodInvite
	switch {
	case a.Status == 0 && a.toTag == 0, a.Status == 0 && b.Method == sip.MethodNotify && (a.Method == sip.MethodSubscribe || a.Method == sip.MethodRefer):
		return always // nobody is in a dialog before the request that makes it
	case invite && x.initial && !y.initial && (b.Method == sip.MethodBye || b.Method == sip.MethodRefer || txMethod(b.Method) == sip.MethodInvite):
		return always // not before the ACK (RFC 3261 §14.1, §15)
	case invite && b.Method == sip.MethodBye:
		return usually
	}
	return 0
}

// against counts the pairs of hops that stand the other way round than they were, for sure.
func (o *ordering) against(list []int32) int {
	n := 0
	for k, j := range list {
		for _, i := range list[max(0, k-maxTie):k] {
			if o.precedes(j, i) == always {
				n++
			}
		}
	}
	return n
}

// putRight returns the hops of a source by their clock, and by what follows from what where that is the same, if their places contradict what the messages say and that does
// so less. A clock that was set back, as at the end of daylight saving, does it more.
func (o *ordering) putRight(list []int32) []int32 {
	bad := o.against(list)
	if bad == 0 {
		return list
	}
	right := o.byClock(list)
	if right == nil || o.against(right) >= bad {
		return list
	}
	for k := range right {
		if right[k] != list[k] {
			o.c.putRight = true
		}
	}
	return right
}

// byClock returns the hops of a source in the order of their times; nil if those cannot be compared.
func (o *ordering) byClock(list []int32) []int32 {
	hops := o.c.Hops
	clocks := make([]int64, len(hops)) // one without a time stands behind the one before it
	domain, last, first, least, most := capture.Domain(0), int64(0), true, int64(0), int64(0)
	for _, i := range list {
		if t := &hops[i].Time; !t.IsZero() {
			switch d := t.Domain(); {
			case first:
				domain, first, least, most = d, false, t.Clock, t.Clock
			case d != domain:
				return nil
			}
			last, least, most = t.Clock, min(least, t.Clock), max(most, t.Clock)
		}
		clocks[i] = last
	}
	// Without a clock there is the place alone. One without a date, or a year, begins again.
	if first {
		return nil
	}
	if span := time.Duration(most - least); domain == capture.DomainClock && span > 12*time.Hour || domain == capture.DomainYearless && span > 366/2*24*time.Hour {
		return nil
	}
	right := slices.Clone(list)
	slices.SortStableFunc(right, func(i, j int32) int { return cmp.Compare(clocks[i], clocks[j]) })
	for from := 0; from < len(right); {
		to := from + 1
		for to < len(right) && clocks[right[to]] == clocks[right[from]] {
			to++
		}
		if n := to - from; n > 1 && n <= maxTie {
			o.byProtocol(right[from:to])
		}
		from = to
	}
	return right
}

// byProtocol puts hops of one time into the order of what follows from what. What this leaves open stays as it stands; or the other way round, if most of it stands so.
func (o *ordering) byProtocol(list []int32) {
	before := make([]int, len(list)) // of each, how many that are left were before it
	balance := 0
	for k, j := range list {
		for l, i := range list[:k] {
			if o.precedes(i, j) > 0 {
				before[k]++
				balance++
			} else if o.precedes(j, i) > 0 {
				before[l]++
				balance--
			}
		}
	}
	if balance < 0 {
		slices.Reverse(list)
		slices.Reverse(before)
	}
	left := slices.Clone(list)
	for n := range list {
		k := max(0, slices.Index(before, 0)) // forged messages may all be before each other
		i := left[k]
		list[n] = i
		left, before = slices.Delete(left, k, k+1), slices.Delete(before, k, k+1)
		for l, j := range left {
			if o.precedes(i, j) > 0 {
				before[l]--
			}
		}
	}
}

// merge returns the hops of several queues in one order. Each queue keeps its own. Copies stand side by side, the one that counts first; those whose order the sources do not agree
// in stand where the first of them stands.
func (o *ordering) merge() []int32 {
	c := o.c
	order := make([]int32, 0, len(c.Hops))
	o.done = make([]bool, len(c.Hops))
	for {
		next, first := int32(-1), int32(-1)
		for n := range o.queues {
			i := o.head(n)
			if i < 0 {
				continue
			}
			if first < 0 || i < first {
				first = i
			}
			if (next < 0 || o.isNext(i, next, order)) && o.isFree(i) {
				next = i
			}
		}
		switch {
		case first < 0:
			return order
		case next < 0:
			next = first
		}
		pair := [2]int32{next, o.copyOf(next)}
		if t := pair[1]; t >= 0 {
			slices.Sort(pair[:])
			if c.lesser(&c.Hops[pair[1]], &c.Hops[pair[0]]) {
				slices.Reverse(pair[:])
			}
		}
		for _, i := range pair {
			if i >= 0 {
				o.done[i] = true
				order = append(order, i)
			}
		}
	}
}

// head returns the first that is left of a queue, -1 if none is.
func (o *ordering) head(n int) int32 {
	for q := o.queues[n]; ; q = q[1:] {
		o.queues[n] = q
		if len(q) == 0 {
			return -1
		}
		if !o.done[q[0]] {
			return q[0]
		}
	}
}

// copyOf returns the copy of hop i that is left, -1 if there is none.
func (o *ordering) copyOf(i int32) int32 {
	if o.twin == nil || o.twin[i] < 0 || o.done[o.twin[i]] {
		return -1
	}
	return o.twin[i]
}

// isFree reports whether nothing that is left was before hop i, which is the first that is left of its queue.
func (o *ordering) isFree(i int32) bool {
	if t := o.copyOf(i); t >= 0 && o.head(int(o.queue[t])) != t {
		return false // what stands before the copy comes before it here, too
	}
	look := max(2*maxTie/len(o.queues), leastTie)
	for m := range o.queues {
		first := o.head(m)
		if first < 0 || m == int(o.queue[i]) {
			continue
		}
		q := o.queues[m]
		for _, j := range q[:min(len(q), look)] {
			if o.done[j] || j == o.copyOf(i) {
				continue
			}
			if t := o.copyOf(j); t >= 0 && o.queue[t] == o.queue[i] {
				continue // it waits for its copy, behind hop i
			}
			if o.readBefore(i, j) {
				break
			}
			if o.precedes(j, i) > 0 || j == first && o.readBefore(j, i) {
				return false
			}
		}
	}
	return true
}

// readBefore reports whether hop j of another queue was before hop i by the order in which they were read. The sources are read in the order of their clocks, but for one that was put right.
func (o *ordering) readBefore(j, i int32) bool {
	d, h := &o.c.Hops[j], &o.c.Hops[i]
	switch {
	case d.source == h.source:
		return j < i
	case o.c.putRight || d.Kind == capture.KindEvent || h.Kind == capture.KindEvent: // an event may have waited for its call
		return d.wasOver(h)
	}
	return j < i && d.Time.Domain() == h.Time.Domain() && !d.tiedWith(h)
}

// tiedWith reports whether the clock does not tell which of two was first.
func (a *Hop) tiedWith(b *Hop) bool { return !a.wasOver(b) && !b.wasOver(a) }

// isNext reports whether of two hops that nothing is before, i comes rather than j: what follows at once from the one before, as RFC 3665 has it in 3.2 and 3.8; else what the clock has
// earlier, else what is nearer to who began.
func (o *ordering) isNext(i, j int32, order []int32) bool {
	a, b := &o.c.Hops[i], &o.c.Hops[j]
	if a.Time.Domain() != b.Time.Domain() {
		return i < j
	}
	if len(order) > 0 {
		last := order[len(order)-1]
		if p, q := o.follows(last, i), o.follows(last, j); p != q {
			return p < q
		}
	}
	if a.Time.Clock != b.Time.Clock {
		return a.Time.Clock < b.Time.Clock
	}
	if p, q := o.places[i].depth, o.places[j].depth; p != q {
		return p < q
	}
	if p, q := a.Kind == capture.KindEvent, b.Kind == capture.KindEvent; p != q {
		return p
	}
	return i < j
}

// follows returns how soon hop i comes behind hop last, 0 at once: who is refused acknowledges that, then what came is passed on, then it is said that it was taken.
func (o *ordering) follows(last, i int32) int {
	a, b := &o.c.Hops[last], &o.c.Hops[i]
	switch {
	case o.places[i].own && b.Method == sip.MethodAck && a.branch == b.branch:
		return 0
	case a.Kind == capture.KindMessage && a.branch != b.branch && a.CSeq == b.CSeq && a.Status == b.Status && o.precedes(last, i) > 0:
		return 1
	case b.Status == 100:
		return 2
	}
	return 3
}

// falls reports whether the clock of the call's records goes back.
func (s *openCall) falls() bool {
	for i := 1; i < len(s.records); i++ {
		if a, b := &s.records[i-1], &s.records[i]; b.clock < a.clock && domainOfPacked(a) == domainOfPacked(b) {
			return true
		}
	}
	return false
}

// belongsEarlier reports whether the INVITE that a record has is of the time before the newest message of the call: its source has it in another place, or is one that is read behind
// another within a second. Nobody begins another call under the same tag and a lower CSeq number within the second in which the last one ended.
func (s *openCall) belongsEarlier(rec *capture.Record, h *Hop) bool {
	if h.fromTag != s.from || rec.Time.IsZero() || len(s.records) == 0 {
		return false
	}
	const maxLook = 512
	domain, tied, here := rec.Time.Domain(), false, false
	for i := max(0, len(s.records)-maxLook); i < len(s.records); i++ {
		p := &s.records[i]
		switch {
		case domainOfPacked(p) != domain || p.clock < rec.Time.Clock:
		case p.clock > rec.Time.Clock:
			return true
		case s.sourceOf(p) == rec.Origin.Source && h.CSeq >= s.attempt:
			here = true
		default:
			tied = true
		}
	}
	return tied && !here
}

// Meshed reports whether messages of several sources stand in an order that is not that in which they were read.
func (c *Call) Meshed() bool { return c.meshed }

// PutRight reports whether a source has the records of the call in another order than that in which they are told, and the first hop that it has behind a later one.
func (c *Call) PutRight() (hop int, ok bool) {
	if !c.putRight {
		return -1, false
	}
	for i := range c.Hops {
		for j := i + 1; j < len(c.Hops); j++ {
			if a, b := &c.Hops[i], &c.Hops[j]; a.source == b.source {
				if a.number > b.number {
					return i, true
				}
				break
			}
		}
	}
	return -1, false
}

// arrange puts the hops into an order, and reports whether that is another one than they had.
func (c *Call) arrange(order []int32) bool {
	if slices.IsSorted(order) {
		return false
	}
	at := make([]int32, len(order)) // where each hop stands now
	hops := make([]Hop, len(order))
	for n, i := range order {
		at[i], hops[n] = int32(n), c.Hops[i]
	}
	copy(c.Hops, hops)
	for i := range c.Joined {
		if h := c.Joined[i].Hop; h < len(at) {
			c.Joined[i].Hop = int(at[h])
		}
	}
	return true
}
