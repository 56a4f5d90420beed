package callflow

// Storage of calls is taken from pools by size class: a call that grows gives its smaller storage back for the next call. So the memory that open
// calls need is touched again and again while it is in the cache, and hardly any of it is left to the garbage collector.
//
// A road not taken: one block for each message. It would never copy, but half a block a call is lost, and spans would need two numbers.

const (
	arenaFirst  = 4 << 10 // bytes of the smallest arena
	arenaLast   = 1 << 20 // bytes of the largest that is kept for others
	hopsFirst   = 8       // hops of the smallest list
	hopsLast    = 1 << 10
	poolPerSize = 1 << 12 // how many of each class are kept
)

// arenaPool keeps arenas by class: arenaFirst << i bytes.
type arenaPool [9][][]byte

func arenaClass(n int) int {
	class := 0
	for size := arenaFirst; size < n; size <<= 1 {
		class++
	}
	return class
}

// get returns an empty arena of at least n bytes.
func (p *arenaPool) get(n int) []byte {
	class := arenaClass(n)
	if class < len(p) {
		if free := p[class]; len(free) > 0 {
			b := free[len(free)-1]
			p[class] = free[:len(free)-1]
			return b[:0]
		}
	}
	return make([]byte, 0, arenaFirst<<class)
}

// put takes an arena back.
func (p *arenaPool) put(b []byte) {
	if n := cap(b); n >= arenaFirst && n <= arenaLast {
		class := arenaClass(n)
		if arenaFirst<<class == n && class < len(p) && len(p[class]) < poolPerSize {
			p[class] = append(p[class], b)
		}
	}
}

// hopPool keeps hop lists by class: hopsFirst << i hops.
type hopPool [8][][]Hop

func hopClass(n int) int {
	class := 0
	for size := hopsFirst; size < n; size <<= 1 {
		class++
	}
	return class
}

func (p *hopPool) get(n int) []Hop {
	class := hopClass(n)
	if class < len(p) {
		if free := p[class]; len(free) > 0 {
			b := free[len(free)-1]
			p[class] = free[:len(free)-1]
			return b[:0]
		}
	}
	return make([]Hop, 0, hopsFirst<<class)
}

func (p *hopPool) put(b []Hop) {
	if n := cap(b); n >= hopsFirst && n <= hopsLast {
		class := hopClass(n)
		if hopsFirst<<class == n && class < len(p) && len(p[class]) < poolPerSize {
			p[class] = append(p[class], b)
		}
	}
}

// room makes room for n more bytes in the arena and one more hop.
func (a *Assembler) room(c *Call, n int) {
	if need := len(c.arena) + n; need > cap(c.arena) {
		grown := append(a.arenas.get(need), c.arena...)
		a.arenas.put(c.arena)
		c.arena = grown
	}
	if need := len(c.Hops) + 1; need > cap(c.Hops) {
		grown := append(a.hops.get(need), c.Hops...)
		a.hops.put(c.Hops)
		c.Hops = grown
	}
}
