package callflow

import (
	"bytes"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// A device's log and a capture of the same messages, read together, have each of them twice, and neither has all that the other has: the log has the device's events and may cut
// its messages, the capture has them whole and has the finer clock.
//
//	adapter.log   16:40:00         Off Hook, INVITE (200 bytes of it), 407 (200 bytes), ACK …
//	call.pcap     16:40:00.120044  INVITE, 407, ACK …
//	the call      Off Hook, INVITE of call.pcap and adapter.log, 407 of both, ACK of both …
//
// Two records are copies of one message if they agree in all that both of them show, the branch of the top Via among it, which no other transaction has (RFC 3261 §8.1.1.7), and can be of
// one time. Of a cut copy and a whole one the whole one counts, and comes first; the cut one is further evidence of it. See order.go for the order in which all of it is told.

// absorb puts the records of d into c. Of d every message so far was cut before its Call-ID; a message with the branch of one of them belongs to c. d is no longer open then. It
// reports whether that can be: whether c has room for it.
func (a *Assembler) absorb(c, d *openCall) bool {
	if len(c.records)+len(d.records) >= maxHops || c.text.n+d.text.n >= maxStream {
		return false
	}
	for i := range d.records {
		p := d.records[i]
		x := extra{source: d.source, length: p.data.len}
		if p.extra > 0 {
			x = d.rare.extras[p.extra-1]
		}
		text := a.store.append(nil, &d.text, span{p.data.off, p.data.len + x.omap})
		p.data.off = a.keep(c, text).off
		if p.observer == 0 {
			p.observer = a.name(c, a.store.append(nil, &d.text, d.name))
		} else if p.observer > 0 {
			p.observer = a.name(c, a.store.append(nil, &d.text, d.rare.names[p.observer-1]))
		}
		for _, e := range [...]*int16{&p.src, &p.dst} {
			if *e >= 0 {
				*e = c.internEndpoint(d.endpoints[*e])
			}
		}
		if x.mark != 0 {
			m := d.rare.marks[x.mark-1]
			for _, s := range [...]*span{&m.label, &m.src, &m.dst} {
				*s = a.keep(c, a.store.append(nil, &d.text, *s))
			}
			c.few().marks = append(c.rare.marks, m)
			x.mark = int32(len(c.rare.marks))
		}
		c.few().extras = append(c.rare.extras, x)
		p.extra = uint16(len(c.rare.extras))
		at := c.placeOf(&p, x.source)
		c.records = a.records(c.records)
		c.records = slices.Insert(c.records, at, p)
		for j := range c.rare.joined {
			if c.rare.joined[j].Hop >= at {
				c.rare.joined[j].Hop++
			}
		}
	}
	names := []span{d.name}
	if d.rare != nil {
		names = append(names, d.rare.names...)
	}
	for _, s := range names {
		if dev := a.devices[a.deviceKey(a.store.append(nil, &d.text, s), d.source)]; dev != nil && dev.last == d && dev.lastSeq == d.seq {
			dev.last, dev.lastSeq = c, c.seq
		}
	}
	if d.rare != nil {
		for _, k := range d.rare.ties {
			if a.byTag[k] == d {
				a.byTag[k] = c
				c.few().ties = append(c.rare.ties, k)
			}
		}
	}
	a.forgetIDs(d)
	a.holdsCut(c) // first: it is the same messages
	a.forgetCut(d)
	a.named(d)
	a.used -= int64(d.size)
	a.weigh(c)
	a.close(d.seq)
	a.absorbed++
	a.recycle(d)
	return true
}

// placeOf returns where among the records of a call one belongs that came before the newest: behind the last of its source that stands before it there, else before the first
// that is later.
func (o *openCall) placeOf(p *packed, source int32) int {
	later := len(o.records)
	for i := len(o.records) - 1; i >= 0; i-- {
		r := &o.records[i]
		if o.sourceOf(r) == source && r.number < p.number {
			return i + 1
		}
		if domainOfPacked(r) != domainOfPacked(p) || r.clock > p.clock || o.sourceOf(r) == source {
			later = i
		}
	}
	return later
}

func (o *openCall) sourceOf(p *packed) int32 {
	if p.extra > 0 {
		return o.rare.extras[p.extra-1].source
	}
	return o.source
}

func domainOfPacked(p *packed) capture.Domain {
	return domainOf(&capture.Time{Stamp: p.stamp, Basis: p.basis})
}

// copyKey is what copies of one message have in common, however much of them is cut.
type copyKey struct {
	branch uint64
	status uint16
	ack    bool // the ACK of a refusal has the branch of its INVITE, and so has the CANCEL
	cancel bool
}

// findTwins returns for each hop its copy in a source of the other kind, -1; nil if the call has not both a log and a capture.
func (c *Call) findTwins() []int32 {
	lines, frames := false, false
	for i := range c.Hops {
		if c.Captured(&c.Hops[i]) {
			frames = true
		} else {
			lines = true
		}
	}
	if !lines || !frames {
		return nil
	}
	return c.pairCopies()
}

// noteCopies notes for each cut copy which one counts. order is that in which the hops stand now, of which twin has the copies by where they stood before.
func (c *Call) noteCopies(order, twin []int32) {
	at := make([]int32, len(order)) // where each hop stands now
	for n, i := range order {
		at[i] = int32(n)
	}
	c.copies = append(c.copies[:0], make([]int32, len(order))...)
	for n, i := range order {
		c.copies[n] = -1
		t := twin[i]
		if t < 0 {
			continue
		}
		if f := at[t]; f < int32(n) && c.lesser(&c.Hops[f], &c.Hops[n]) {
			c.copies[n] = f
			h, whole := &c.Hops[n], &c.Hops[f]
			h.Method, h.CSeq, h.fromTag, h.toTag, h.vias = whole.Method, whole.CSeq, whole.fromTag, whole.toTag, whole.vias
			h.second, h.bottom = whole.second, whole.bottom
			h.flags |= whole.flags & (hopTagCaller | hopTagCallee | hopReceived)
			if h.viaHost == 0 && whole.flags&hopBrief == 0 {
				h.viaHost = whole.viaHost
			}
		}
	}
}

// pairCopies returns for each hop the one of the other kind of source that is a copy of it, -1. Each source has the transmissions of a message in their order.
func (c *Call) pairCopies() []int32 {
	twin := make([]int32, len(c.Hops))
	frames := map[copyKey][]int32{}
	for i := range c.Hops {
		twin[i] = -1
		if h := &c.Hops[i]; c.Captured(h) && h.mayHaveCopy() {
			k := h.copyKey()
			frames[k] = append(frames[k], int32(i))
		}
	}
	const maxLook = 64
	for i := range c.Hops {
		h := &c.Hops[i]
		if c.Captured(h) || !h.mayHaveCopy() {
			continue
		}
		k := h.copyKey()
		list := frames[k]
		for n, f := range list[:min(len(list), maxLook)] {
			if c.isCopy(h, &c.Hops[f]) {
				twin[i], twin[f] = f, int32(i)
				frames[k] = append(list[:n:n], list[n+1:]...)
				break
			}
		}
	}
	return twin
}

func (h *Hop) mayHaveCopy() bool {
	return h.Kind == capture.KindMessage && h.Missing != capture.MissingHead && h.flags&hopNoBranch == 0 && h.branch != 0
}

func (h *Hop) copyKey() copyKey {
	k := copyKey{branch: h.branch, status: h.Status}
	if h.Status == 0 {
		k.ack, k.cancel = h.Method == sip.MethodAck, h.Method == sip.MethodCancel
	}
	return k
}

// isCopy reports whether a line and a frame with one key are of one transmission.
func (c *Call) isCopy(line, frame *Hop) bool {
	if !sameShown(line, frame) || line.Time.IsZero() || frame.Time.IsZero() {
		return false
	}
	// The hop of the source that was read first comes first.
	if line.source < frame.source {
		return c.inBoth(line, frame)
	}
	return c.inBoth(frame, line)
}

// sameShown reports whether two hops with one key agree in what both show.
func sameShown(a, b *Hop) bool {
	differ := func(a, b uint64) bool { return a != 0 && b != 0 && a != b }
	if a.Method != b.Method && a.Method != sip.MethodUnknown && b.Method != sip.MethodUnknown ||
		differ(uint64(a.CSeq), uint64(b.CSeq)) || differ(a.fromTag, b.fromTag) || differ(a.toTag, b.toTag) {
		return false
	}
	return (a.flags|b.flags)&hopCut != 0 || a.toTag == b.toTag && a.vias == b.vias
}

// lesser reports whether of two copies b shows less of the message than a.
func (c *Call) lesser(a, b *Hop) bool {
	switch {
	case (a.flags^b.flags)&hopCut != 0:
		return b.flags&hopCut != 0
	case (a.flags|b.flags)&hopBrief != 0:
		return false
	}
	whole, part := c.Data(a), c.Data(b)
	return len(part) < len(whole) && bytes.HasPrefix(whole, part)
}

// takeFinerClock gives each message the time of that of its records which has the finer clock: 16:40:00.120044 of a capture where the log has 16:40:00. What the log alone has, events among
// it, keeps its own time if that can be compared; else it stands as far from the time of the message before it as in its own log.
func (c *Call) takeFinerClock() {
	type anchor struct {
		at   int
		time capture.Time // of the coarser clock, where the hop has that of the finer
	}
	var anchors []anchor
	for i := range c.Hops {
		h := &c.Hops[i]
		if !h.Duplicate || h.Time.IsZero() {
			continue
		}
		t := c.transmissionOf(i)
		o := &c.Hops[t]
		if o.unit == h.unit {
			continue
		}
		switch coarse := o.Time; {
		case coarse.IsZero() || h.Time.Precision() < coarse.Precision():
			o.Time = h.Time
			anchors = append(anchors, anchor{t, coarse})
		case h.Time.Precision() > coarse.Precision():
			anchors = append(anchors, anchor{t, h.Time})
		}
	}
	if len(anchors) == 0 {
		return
	}
	slices.SortFunc(anchors, func(a, b anchor) int { return a.at - b.at })
	n := 0 // the anchor before the hop, the first where there is none
	for i := range c.Hops {
		h := &c.Hops[i]
		for n+1 < len(anchors) && anchors[n+1].at <= i {
			n++
		}
		fine, coarse := c.Hops[anchors[n].at].Time, anchors[n].time
		if h.Duplicate || h.Time.IsZero() || coarse.IsZero() || h.Time.Domain() == fine.Domain() || h.Time.Domain() != coarse.Domain() {
			continue
		}
		at := h.Time.Clock + fine.Clock - coarse.Clock
		if n+1 < len(anchors) && anchors[n].at <= i {
			// Nor later than what follows it in its own log.
			if next := &anchors[n+1]; next.time.Domain() == h.Time.Domain() && next.time.Clock >= h.Time.Clock && c.Hops[next.at].Time.Domain() == fine.Domain() {
				at = min(at, c.Hops[next.at].Time.Clock)
			}
		}
		h.Time.Clock, h.Time.Basis = at, capture.BasisBeside
	}
}

// transmissionOf returns the hop that hop i, a duplicate, is another record of.
func (c *Call) transmissionOf(i int) int {
	if t := int(c.Hops[i].newest); t >= 0 && t != i {
		return t
	}
	return int(c.Hops[i].RepeatOf)
}

// Precision returns the step of the clock by which the times between the messages of the call are known: the coarsest that any of them has.
func (c *Call) Precision() time.Duration {
	step := time.Duration(0)
	if c.several {
		for i := range c.Hops {
			if h := &c.Hops[i]; h.Kind == capture.KindMessage && !h.Duplicate && !h.Time.IsZero() {
				step = max(step, h.Time.Precision())
			}
		}
	}
	if step == 0 {
		step = c.Start().Precision()
	}
	return step
}

// shareDirections gives a message of which a capture has the record that counts the way that the log of one of its ends proves by another.
func (c *Call) shareDirections() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if !h.Duplicate || c.Captured(h) {
			continue
		}
		if o := &c.Hops[c.transmissionOf(i)]; c.Captured(o) && o.Direction == capture.DirectionUnknown {
			o.Direction = h.Direction
		}
	}
}

// IsCutCopy reports whether hop i shows only a part of a message that another source of the call has more of.
func (c *Call) IsCutCopy(i int) bool { return i < len(c.copies) && c.copies[i] >= 0 }

// fuller returns the record that shows most of the message of hop i.
func (c *Call) fuller(i int) *Hop {
	if c.IsCutCopy(i) {
		return &c.Hops[c.copies[i]]
	}
	return &c.Hops[i]
}
