package proxy

import "time"

// wakes are the relays whose contexts want to be woken, as a binary heap by the time; each knows its place, so that one whose request has been
// answered leaves at once. (Timer C is three minutes, and nearly every call is over long before.)
type wakes []*relay

// set moves a relay to a time: into the heap, within it, or out of it (the zero time).
func (w *wakes) set(r *relay, at time.Time) {
	h := *w
	switch i := r.place - 1; {
	case i < 0 && at.IsZero():
	case i < 0:
		r.wake = at
		*w = append(h, r)
		w.up(len(h))
	case at.IsZero():
		last := len(h) - 1
		moved := h[last]
		h[last] = nil
		*w = h[:last]
		r.place, r.wake = 0, at
		if i < last {
			h[i] = moved
			w.up(w.down(i))
		}
	case !r.wake.Equal(at):
		r.wake = at
		w.up(w.down(i))
	}
}

func (w wakes) up(i int) {
	r := w[i]
	for i > 0 && r.wake.Before(w[(i-1)/2].wake) {
		w[i] = w[(i-1)/2]
		w[i].place = i + 1
		i = (i - 1) / 2
	}
	w[i] = r
	r.place = i + 1
}

func (w wakes) down(i int) int {
	r := w[i]
	for {
		child := 2*i + 1
		if child >= len(w) {
			break
		}
		if child+1 < len(w) && w[child+1].wake.Before(w[child].wake) {
			child++
		}
		if !w[child].wake.Before(r.wake) {
			break
		}
		w[i] = w[child]
		w[i].place = i + 1
		i = child
	}
	w[i] = r
	r.place = i + 1
	return i
}

// next returns when the first wants to be woken; the zero time: never.
func (w wakes) next() time.Time {
	if len(w) == 0 {
		return time.Time{}
	}
	return w[0].wake
}

// due takes out the first whose time has come.
func (w *wakes) due(now time.Time) (*relay, bool) {
	if len(*w) == 0 || now.Before((*w)[0].wake) {
		return nil, false
	}
	r := (*w)[0]
	w.set(r, time.Time{})
	return r, true
}
