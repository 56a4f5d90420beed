package callflow

// callTable finds open calls by hashes of 64 bits, which are spread evenly already. So it needs no hash of its own, as a map does, and to find a call is mostly to look at one line of the
// cache: where the bits of the hash lead, or right behind it.
//
//	hash  … 9f  |  –  |  17: call 4  |  2b: call 1  |  9b: call 7  |  –  |     9b leads to the slot of 2b, which was taken
type callTable struct {
	slots []callSlot // a power of two, of which a quarter at least is empty
	n     int
}

type callSlot struct {
	hash uint64
	call *openCall // nil: empty
}

const leastSlots = 64

// get returns the call of a hash, nil if there is none.
func (t *callTable) get(hash uint64) *openCall {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; i < uint64(len(t.slots)); i = (i + 1) & mask {
		if s := &t.slots[i]; s.call == nil || s.hash == hash {
			return s.call
		}
	}
	return nil // it has no slots yet
}

// put makes a call the one of a hash.
func (t *callTable) put(hash uint64, c *openCall) {
	if 4*(t.n+1) > 3*len(t.slots) {
		old := t.slots
		t.slots, t.n = make([]callSlot, max(2*len(old), leastSlots)), 0
		for _, s := range old {
			if s.call != nil {
				t.put(s.hash, s.call)
			}
		}
	}
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i].call != nil && t.slots[i].hash != hash {
		i = (i + 1) & mask
	}
	if t.slots[i].call == nil {
		t.n++
	}
	t.slots[i] = callSlot{hash, c}
}

// forget takes a hash out if it is that of the call. What stands behind it and was not where its hash leads moves up, so that no gap is between the two.
func (t *callTable) forget(hash uint64, c *openCall) {
	if t.n == 0 {
		return
	}
	mask := uint64(len(t.slots) - 1)
	gap := hash & mask
	for t.slots[gap].call != nil && t.slots[gap].hash != hash {
		gap = (gap + 1) & mask
	}
	if t.slots[gap].call != c {
		return
	}
	for i := (gap + 1) & mask; t.slots[i].call != nil; i = (i + 1) & mask {
		if home := t.slots[i].hash & mask; (i-home)&mask >= (i-gap)&mask {
			t.slots[gap] = t.slots[i]
			gap = i
		}
	}
	t.slots[gap] = callSlot{}
	t.n--
}
