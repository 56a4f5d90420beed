package main

import (
	"net/netip"
	"time"

	"sipscribe/spalog"
)

// transmission is a datagram as the adapter sees it: a message that it sends or hears, or a line about its handset, which goes to
// the log alone (src and dst are then not valid).
type transmission struct {
	at       time.Time
	src, dst netip.AddrPort
	data     []byte
}

// wire is what passes between an adapter and its far end, in the order of time.
type wire struct {
	near, far netip.AddrPort
	start     time.Time
	now       time.Time
	passed    []transmission
}

func newWire(near, far netip.AddrPort, start time.Time) *wire {
	return &wire{near: near, far: far, start: start, now: start}
}

// at sets the time of what comes next, from the beginning.
func (w *wire) at(after time.Duration) { w.now = w.start.Add(after) }

// after lets time pass.
func (w *wire) after(d time.Duration) { w.now = w.now.Add(d) }

// send puts a message of the adapter on the wire, and hands it back so that it can be answered.
func (w *wire) send(m *message) *message {
	w.passed = append(w.passed, transmission{w.now, w.near, w.far, m.bytes()})
	return m
}

// hear puts a message of the far end on the wire, and hands it back.
func (w *wire) hear(m *message) *message {
	w.passed = append(w.passed, transmission{w.now, w.far, w.near, m.bytes()})
	return m
}

// say logs something about the handset.
func (w *wire) say(e spalog.Event) {
	w.passed = append(w.passed, transmission{at: w.now, data: spalog.Append(nil, e)})
}

// The time of the place where the examples play: New York in summer. Logs say it without zone or year, the capture in UTC.
var easternDaylight = time.FixedZone("EDT", -4*60*60)

func august20(hour, min, sec, milli int) time.Time {
	return time.Date(2009, time.August, 20, hour, min, sec, milli*int(time.Millisecond), easternDaylight)
}
