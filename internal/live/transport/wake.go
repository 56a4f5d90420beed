package transport

import "time"

// wakeStep is how late the element may be woken. Its timers count in tenths of seconds (RFC 3261 §17: T1 is 500 ms), and a proxy under load
// has one that is due at any moment: without a step each would be a wake-up of its own. While messages come, due timers are seen to
// with them, and the timer of the system fires in between at most once a step.
const wakeStep = 5 * time.Millisecond

// arm sees to it that the element is woken at next, or up to a wakeStep later. A timer that is set for an earlier time stays: moving it with
// every message costs more than one wake-up that finds nothing to do.
func (d *Driver) arm(next time.Time) {
	if next.IsZero() {
		return
	}
	if soonest := d.fired.Add(wakeStep); next.Before(soonest) {
		next = soonest
	}
	if d.armed.IsZero() || next.Before(d.armed.Add(-wakeStep)) {
		d.armed = next
		d.timer.Reset(max(next.Sub(d.now), 0))
	}
}

// wake is called by the timer.
func (d *Driver) wake() {
	if !d.enter() {
		return
	}
	defer d.mu.Unlock()
	d.fired, d.armed = d.now, time.Time{}
	d.leave()
}
