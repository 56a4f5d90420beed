package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
)

// The events that a device logs before an INVITE are of the call that this one begins, unless something says that they are not:
//
//	14:47:14 [0]Off Hook                        of an attempt that made no INVITE, as one does whose
//	14:47:20 Calling:15035550199@…              proxy has no address: no call has them
//	14:47:22 CC:Failed w/ Calling 15035550199
//	14:47:27 [0]On Hook                         here it ends
//	14:48:00 [1]Off Hook                        of line 2: it waits
//	14:48:08 [0]Off Hook                        these two are
//	14:48:15 Calling:15035551@…                 of the call
//	14:48:15 INVITE sip:15035551@…              on line 1, as its tag has it
//
// So they are looked at from the newest to the oldest, up to the handset that was lifted for it.

// verdict is what becomes of an event that waits for its call.
type verdict uint8

const (
	verdictWaits verdict = iota // it may be of a later call
	verdictTaken
	verdictLoose // it is of none
)

// endsAttempt reports whether the event ends a call, or the attempt to make one: no call begins with it.
func (e eventID) endsAttempt() bool {
	switch e.String() {
	case "on-hook", "failed", "audio-released":
		return true
	}
	return false
}

// sift says of each pending event of a device whether it is of the call that the INVITE in rec begins, which is the newest record of c.
func (a *Assembler) sift(d *device, c *openCall, rec *capture.Record) [maxPending]verdict {
	var verdicts [maxPending]verdict
	log := a.logOf(rec.Origin.Source)
	came := d.called && c.records[len(c.records)-1].vias > 0 // of a first line nothing tells who sent it
	dialled, begun, ended := false, false, false             // by the log of the INVITE
	others := 0                                              // calls to other numbers of which the handset that was lifted for them stands before them
	for i := len(d.pending) - 1; i >= 0; i-- {
		p := &d.pending[i].rec
		e, own := eventOf(p.Event.Name), a.logOf(p.Origin.Source) == log
		before, known := sinceOf(p, rec)
		after := known && before < 0
		switch {
		case before > pendingAge || ended && own && !after && a.lineFits(c, d.called, p.Event.Line):
			verdicts[i] = verdictLoose
		case before < -pendingAge:
			// The clock goes back: what it announces is still to come.
		case !a.lineFits(c, d.called, p.Event.Line):
			if e.String() == "off-hook" && others > 0 {
				others--
			}
		case e.endsAttempt() && !after:
			verdicts[i], ended = verdictLoose, own
		case begun && own:
			verdicts[i] = verdictLoose // of an attempt before
		case e.String() == "calling" && (dialled && own || !a.calls(c, &p.Event)):
			others++
		case e.String() == "off-hook" && others > 0:
			others--
		case e.String() == "off-hook" && came && !dialled && before > 0:
			// Nobody lifts the handset for a call that is still to come.
		default:
			verdicts[i] = verdictTaken
			dialled = dialled || own && e.String() == "calling"
			begun = begun || own && e.String() == "off-hook"
		}
	}
	return verdicts
}

// sinceOf returns how long before a record an event was, and whether their clocks tell that.
func sinceOf(event, rec *capture.Record) (int64, bool) {
	if rec.Time.IsZero() || event.Time.IsZero() || rec.Time.Domain() != event.Time.Domain() {
		return 0, false
	}
	return rec.Time.Clock - event.Time.Clock, true
}

// takes reports whether an event is of the call that its device came to last.
func (a *Assembler) takes(d *device, rec *capture.Record, e eventID) bool {
	c := d.last
	if c == nil || c.seq != d.lastSeq || e.beforeCall() && (!d.called || a.endedAt(c, rec)) || !a.lineFits(c, d.called, rec.Event.Line) {
		return false
	}
	ended := c.over && !c.confirmed
	if !rec.Time.IsZero() {
		first, newest := &c.records[0], &c.records[len(c.records)-1]
		domain := rec.Time.Domain()
		if first.clock-rec.Time.Clock > pendingAge && domainOfPacked(first) == domain ||
			rec.Time.Clock-newest.clock > pendingAge && domainOfPacked(newest) == domain && ended {
			return false
		}
	}
	return a.calls(c, &rec.Event) && !(e.endsAttempt() && len(d.pending) > 0 && ended && a.endsPending(d, rec))
}

// endsPending reports whether an event ends what a pending one of the same log has begun: that is then not of the call before it.
func (a *Assembler) endsPending(d *device, rec *capture.Record) bool {
	log := a.logOf(rec.Origin.Source)
	for i := range d.pending {
		p := &d.pending[i].rec
		since, _ := sinceOf(p, rec)
		if since < 0 || since > pendingAge || a.logOf(p.Origin.Source) != log || !eventOf(p.Event.Name).beforeCall() || numberOf(&rec.Event) != nil && p.Event.Name != "calling" {
			continue
		}
		if p.Event.Line == 0 || rec.Event.Line == 0 || p.Event.Line == rec.Event.Line {
			return true
		}
	}
	return false
}

// loggedElsewhere reports whether another source has had the same event at the same time: a device that logs to two places says each thing once.
func (a *Assembler) loggedElsewhere(d *device, rec *capture.Record, e eventID) bool {
	if rec.Time.IsZero() {
		return false
	}
	for i := range d.pending {
		p := &d.pending[i].rec
		if p.Origin.Source != rec.Origin.Source && p.Time.Clock == rec.Time.Clock && p.Time.Domain() == rec.Time.Domain() && p.Event.Name == rec.Event.Name && bytes.Equal(p.Data, rec.Data) {
			return true
		}
	}
	c := d.last
	if c == nil || c.seq != d.lastSeq || c.rare == nil && rec.Origin.Source == c.source {
		return false
	}
	const maxLook = 512
	for i := len(c.records) - 1; i >= max(0, len(c.records)-maxLook); i-- {
		p := &c.records[i]
		if p.kind == capture.KindEvent && p.event == e && p.clock == rec.Time.Clock && domainOfPacked(p) == rec.Time.Domain() && c.sourceOf(p) != rec.Origin.Source &&
			bytes.Equal(a.store.text(&c.text, p.data, nil), rec.Data) {
			return true
		}
	}
	return false
}
