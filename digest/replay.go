package digest

// windowSize is how far behind the largest nc seen a smaller one may come: requests that were sent one after the other and took ways of
// different length, or that were lost.
const windowSize = 128

// window remembers which nc of a nonce were used: bit i stands for largest-i.
type window struct {
	stamp   uint64
	largest uint32
	next    uint32 // the one made after this one, or the next free one; 0: none
	seen    [windowSize / 64]uint64
}

// use marks an nc as used; false if it was, or is too far behind to tell.
func (w *window) use(nc uint32) (ok, behind bool) {
	if nc > w.largest {
		w.shift(nc - w.largest)
		w.largest = nc
	}
	i := w.largest - nc
	if i >= windowSize {
		return false, true
	}
	word, bit := i/64, uint64(1)<<(i%64)
	if w.seen[word]&bit != 0 {
		return false, false
	}
	w.seen[word] |= bit
	return true, false
}

func (w *window) shift(n uint32) {
	switch {
	case n >= windowSize:
		w.seen = [2]uint64{}
	case n >= 64:
		w.seen[1], w.seen[0] = w.seen[0]<<(n-64), 0
	default:
		w.seen[1] = w.seen[1]<<n | w.seen[0]>>(64-n)
		w.seen[0] <<= n
	}
}

// spend lets no nc be used any more: a nonce was used without qop, once.
func (w *window) spend() {
	w.largest = 1<<32 - 1
	w.seen = [2]uint64{1<<64 - 1, 1<<64 - 1}
}

// windows is a bounded table of windows by the stamp of their nonce. They are made after valid credentials only, so that it takes a
// password to fill it. The one made first goes first. What went leaves the horizon behind: a nonce issued up to it that is not in the table may
// have been used, so it counts as used.
type windows struct {
	limit   int
	horizon uint64
	index   map[uint64]uint32
	all     []window // all[0] is not used
	oldest  uint32
	newest  uint32
	free    uint32
	n       int
	evicted uint64
}

func (t *windows) find(stamp uint64) *window {
	if i, ok := t.index[stamp]; ok {
		return &t.all[i]
	}
	return nil
}

// add makes the window of a nonce that has none. It is valid until the next call.
func (t *windows) add(stamp uint64) *window {
	if t.index == nil {
		t.index = make(map[uint64]uint32)
		t.all = make([]window, 1)
	}
	if t.n >= t.limit {
		t.horizon = max(t.horizon, t.all[t.oldest].stamp)
		t.evicted++
		t.drop()
	}
	i := t.free
	if i != 0 {
		t.free = t.all[i].next
	} else {
		i = uint32(len(t.all))
		t.all = append(t.all, window{})
	}
	t.all[i] = window{stamp: stamp}
	if t.n == 0 {
		t.oldest = i
	} else {
		t.all[t.newest].next = i
	}
	t.newest = i
	t.index[stamp] = i
	t.n++
	return &t.all[i]
}

// expire drops windows, from the oldest on, whose nonces are from before a time. They are stale for their age; the horizon holds that even
// against a clock that is set back.
func (t *windows) expire(before uint64) {
	for t.n > 0 && t.all[t.oldest].stamp < before {
		t.horizon = max(t.horizon, t.all[t.oldest].stamp)
		t.drop()
	}
}

// drop forgets the oldest window.
func (t *windows) drop() {
	i := t.oldest
	w := &t.all[i]
	delete(t.index, w.stamp)
	t.oldest = w.next
	w.next = t.free
	t.free = i
	t.n--
}
