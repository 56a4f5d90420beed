package transaction

// deadlines is a binary heap of the transactions by the time at which they have something to do; each knows its place, so that a deadline
// moves in O(log n) and the next is found in O(1). (A timer wheel would move in O(1), but finds the next only by walking over
// empty slots, and what wakes the driver must be exact.)
type deadlines []deadline

type deadline struct {
	at instant
	t  *transaction
}

// set moves a transaction to a deadline: into the heap, within it, or out of it (never).
func (d *deadlines) set(t *transaction, at instant) {
	h := *d
	switch i := int(t.place) - 1; {
	case i < 0 && at == never:
	case i < 0:
		*d = append(h, deadline{at, t})
		d.up(len(h))
	case at == never:
		last := len(h) - 1
		h[i] = h[last]
		h[last] = deadline{}
		*d = h[:last]
		t.place = 0
		if i < last {
			h[i].t.place = int32(i) + 1
			d.up(d.down(i))
		}
	case h[i].at != at:
		h[i].at = at
		d.up(d.down(i))
	}
}

func (d deadlines) up(i int) {
	x := d[i]
	for i > 0 {
		parent := (i - 1) / 2
		if d[parent].at <= x.at {
			break
		}
		d[i] = d[parent]
		d[i].t.place = int32(i) + 1
		i = parent
	}
	d[i] = x
	x.t.place = int32(i) + 1
}

func (d deadlines) down(i int) int {
	x := d[i]
	for {
		child := 2*i + 1
		if child >= len(d) {
			break
		}
		if child+1 < len(d) && d[child+1].at < d[child].at {
			child++
		}
		if d[child].at >= x.at {
			break
		}
		d[i] = d[child]
		d[i].t.place = int32(i) + 1
		i = child
	}
	d[i] = x
	x.t.place = int32(i) + 1
	return i
}
