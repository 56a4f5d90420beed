package callflow

import (
	"bytes"
	"slices"
	"unsafe"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// While a call is open it holds no more than it must: the text of its messages, one behind the other in blocks of one size, and a packed record of each. When it is over the
// records are unpacked into Hops, in storage that the Assembler has once for all calls, and a text is put together when somebody asks for it. Blocks and
// lists are taken from pools and given back, so that the memory of open calls is touched again and again while it is in the cache, and hardly any of it is left
// to the garbage collector.
//
//	stream   ┌─ block ─┬─ block ─┬─ block ─┐       text of a syslog in carets is kept as it stands there,
//	         │message 1│m. 2│message 3│ idle│       and undone when it is asked for
//	         └─────────┴─────────┴─────────┘
//
// Roads not taken: one growing arena a call (it is copied each time it grows, and half of its last doubling lies idle); a chunk for each message (its
// header, what it is rounded up to and what the allocator adds are 80 bytes a message); chunks of one size for whole messages (a third of each lies idle).

// span is a range of a call's stream; or, with the bit inPlain, of the texts that were put together.
type span struct{ off, len uint32 }

const inPlain = 1 << 31

// blockSize is how long a block is: half of one lies idle at the end of each call, and each takes four bytes in the call's list.
const (
	blockSize  = 512
	slabBlocks = 256
	// maxStream bounds a call's text, in bytes. A call that needs more is handed on in parts.
	maxStream   = 32 << 20
	poolPerSize = 1 << 13 // how many of each size are kept for others
)

// stream is the text of a call, as a list of blocks.
type stream struct {
	blocks []uint32
	n      uint32 // bytes
}

// blockStore has the blocks of all calls.
type blockStore struct {
	slabs [][]byte
	idle  []uint32 // blocks that nobody uses
	used  int      // blocks that were ever used
}

func (s *blockStore) block(n uint32) *[blockSize]byte {
	at := n % slabBlocks * blockSize
	return (*[blockSize]byte)(s.slabs[n/slabBlocks][at : at+blockSize])
}

func (s *blockStore) take() uint32 {
	if n := len(s.idle); n > 0 {
		b := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return b
	}
	if s.used == len(s.slabs)*slabBlocks {
		s.slabs = append(s.slabs, make([]byte, slabBlocks*blockSize))
	}
	s.used++
	return uint32(s.used - 1)
}

// free gives the blocks of a stream back.
func (s *blockStore) free(t *stream) {
	s.idle = append(s.idle, t.blocks...)
	t.blocks, t.n = t.blocks[:0], 0
}

// write appends b to a stream.
func (s *blockStore) write(t *stream, b []byte) {
	for len(b) > 0 {
		at := t.n % blockSize
		if at == 0 {
			t.blocks = append(t.blocks, s.take())
		}
		n := copy(s.block(t.blocks[len(t.blocks)-1])[at:], b)
		t.n += uint32(n)
		b = b[n:]
	}
}

// text returns the bytes of a span of a stream: where they stand, if that is in one block; else appended to buf.
func (s *blockStore) text(t *stream, at span, buf []byte) []byte {
	if at.len == 0 {
		return nil
	}
	from := at.off % blockSize
	if from+at.len <= blockSize {
		return s.block(t.blocks[at.off/blockSize])[from:][:at.len:at.len]
	}
	return s.append(buf, t, at)[len(buf):]
}

// append appends the bytes of a span of a stream to dst.
func (s *blockStore) append(dst []byte, t *stream, at span) []byte {
	i, from := at.off/blockSize, at.off%blockSize
	for n := at.len; n > 0; i++ {
		b := s.block(t.blocks[i])[from:]
		b = b[:min(uint32(len(b)), n)]
		dst = append(dst, b...)
		n -= uint32(len(b))
		from = 0
	}
	return dst
}

// same reports whether two spans of a stream, of one length, hold the same.
func (s *blockStore) same(t *stream, x, y span) bool {
	for n := x.len; n > 0; {
		p := s.block(t.blocks[x.off/blockSize])[x.off%blockSize:]
		q := s.block(t.blocks[y.off/blockSize])[y.off%blockSize:]
		k := min(uint32(len(p)), uint32(len(q)), n)
		if !bytes.Equal(p[:k], q[:k]) {
			return false
		}
		x.off, y.off, n = x.off+k, y.off+k, n-k
	}
	return true
}

// packed is a hop while its call is open. Twelve of them fill a size that the allocator has.
type packed struct {
	clock     int64
	number    int64
	start     int64
	stamp     syslog.Timestamp
	data      span
	cseq      uint32
	fromTag   uint32 // hashes, 0: none. 32 bits are enough inside one call.
	toTag     uint32
	branch    uint32
	viaHost   uint32
	fromField smallSpan
	toField   smallSpan
	status    uint16
	observer  int16
	src, dst  int16
	extra     uint16 // index into rarely.extras plus one
	flags     hopFlags
	basis     capture.Basis
	kind      capture.Kind
	missing   capture.Missing
	escape    syslog.Escape
	stated    capture.Direction
	method    sip.Method
	vias      uint8
	event     eventID
}

// fold makes 32 bits of a hash; 0 stays the only 0.
func fold(h uint64) uint32 {
	if h == 0 {
		return 0
	}
	return uint32(h>>32) | 1
}

// pack makes the packed record of a hop and the record that it was read from, in place.
func (p *packed) pack(h *Hop, rec *capture.Record) {
	p.clock, p.stamp, p.basis = rec.Time.Clock, rec.Time.Stamp, rec.Time.Basis
	p.number, p.start = rec.Origin.Number, rec.Origin.Start
	p.kind, p.missing, p.escape, p.stated = rec.Kind, rec.Missing, rec.Escape, rec.Direction
	p.cseq, p.fromTag, p.toTag, p.branch, p.viaHost = h.CSeq, fold(h.fromTag), fold(h.toTag), fold(h.branch), fold(h.viaHost)
	p.fromField, p.toField = h.fromField, h.toField
	p.status, p.method, p.vias, p.event = h.Status, h.Method, h.vias, h.event
	p.flags = h.flags
	if rec.Origin.Unit == capture.Frame {
		p.flags |= hopFrame
	}
	if rec.Origin.Lines != nil {
		p.flags |= hopLines
	}
	if rec.Shown && h.flags&hopBrief == 0 {
		p.flags |= hopShown
	}
	if rec.Kind == capture.KindEvent {
		p.vias = h.line
	}
	p.extra = 0
}

// unpack fills a hop.
func (p *packed) unpack(h *Hop, o *openCall) {
	*h = Hop{}
	h.Time.Clock, h.Time.Stamp, h.Time.Basis = p.clock, p.stamp, p.basis
	h.number, h.start, h.end = p.number, p.start, p.start+int64(p.data.len)
	h.data, h.kept, h.source = p.data, p.data.off, o.source
	h.Kind, h.Missing, h.Escape, h.stated = p.kind, p.missing, p.escape, p.stated
	h.Method, h.flags, h.Status, h.observer, h.src, h.dst = p.method, p.flags, p.status, p.observer, p.src, p.dst
	h.From, h.To, h.event, h.CSeq, h.Transaction, h.RepeatOf, h.Forwards = -1, -1, p.event, p.cseq, -1, -1, -1
	h.fromTag, h.toTag, h.branch, h.viaHost = uint64(p.fromTag), uint64(p.toTag), uint64(p.branch), uint64(p.viaHost)
	h.fromField, h.toField = p.fromField, p.toField
	if p.kind == capture.KindEvent {
		h.line = p.vias
	} else {
		h.vias = p.vias
	}
	if p.flags&hopFrame != 0 {
		h.unit = capture.Frame
	}
	if p.extra > 0 {
		x := &o.rare.extras[p.extra-1]
		h.second, h.bottom, h.source, h.mark, h.omap = uint64(x.second), uint64(x.bottom), x.source, x.mark, x.omap
		h.end = p.start + int64(x.length)
	}
}

// keep copies b into the stream of the call, and returns the span of it.
func (a *Assembler) keep(o *openCall, b []byte) span {
	s := span{o.text.n, uint32(len(b))}
	a.store.write(&o.text, b)
	return s
}

// recordSizes are the lengths of lists of packed records: what fills, or nearly, the sizes that the allocator has.
var recordSizes = [...]int{6, 8, 12, 16, 21, 28, 42, 56, 85, 113, 170, 256, 341, 512, 768, 1024}

func recordClass(n int) int {
	for i, size := range recordSizes {
		if n <= size {
			return i
		}
	}
	return -1
}

// records returns the list with room for one more.
func (a *Assembler) records(list []packed) []packed {
	n := len(list) + 1
	if n <= cap(list) {
		return list
	}
	class := recordClass(n)
	if class < 0 {
		grown := make([]packed, len(list), 2*len(list))
		copy(grown, list)
		return grown
	}
	var grown []packed
	if free := a.lists[class]; len(free) > 0 {
		grown = free[len(free)-1][:0]
		a.lists[class] = free[:len(free)-1]
	} else {
		grown = make([]packed, 0, recordSizes[class])
	}
	grown = append(grown, list...)
	a.freeRecords(list)
	return grown
}

func (a *Assembler) freeRecords(list []packed) {
	if class := recordClass(cap(list)); class >= 0 && recordSizes[class] == cap(list) && len(a.lists[class]) < poolPerSize {
		a.lists[class] = append(a.lists[class], list)
	}
}

// unpack makes the call that is handed on. It holds until the next one is unpacked.
func (a *Assembler) unpack(o *openCall) *Call {
	// All that was written of the call long ago is asked for at once, and not record by record.
	waited := o.deadline
	for i := range o.records {
		waited += o.records[i].clock + int64(o.records[i].vias)
	}
	if len(o.text.blocks) > 0 {
		waited += int64(a.store.block(o.text.blocks[0])[0])
	}
	a.warmed = uint64(waited)
	c := &a.call
	*c = Call{Seq: o.seq, Kind: o.kind, Evicted: o.evicted, Resumed: o.resumed, Rest: o.rest, Continued: o.continued, LogEnded: o.logEnded, MaskedCallID: o.masked,
		Transactions: c.Transactions[:0], Dialogs: c.Dialogs[:0], Participants: c.Participants[:0], Missing: c.Missing[:0],
		store: &a.store, stream: o.text, plain: c.plain[:0], shown: c.shown[:0], whole: c.whole, endpoints: o.endpoints, ids: c.ids[:0], names: c.names[:0], passing: c.passing[:0], near: c.near[:0], far: c.far[:0],
		now: a.now, mayCut: a.cut, strays: o.seq <= a.strayed || a.unnamed > 0, mixed: (a.strays || a.unnamed > 0) && a.cut, open: c.open[:0], copies: c.copies[:0], skews: c.skews[:0], known: &a.skews, notation: c.notation, places: c.places}
	if o.id.len > 0 {
		c.ids = append(c.ids, o.id)
	}
	if o.name.len > 0 {
		c.names = append(c.names, o.name)
	}
	if r := o.rare; r != nil {
		c.ids, c.names = append(c.ids, r.ids...), append(c.names, r.names...)
		c.marks, c.Joined = r.marks, r.joined
	}
	// Who tells where in the source a value stands knows it by the place of its bytes in those of the message: no text may move once it was
	// put together. Undone, a message and its offset map take less than twice what is kept of it; the first Call-ID may be part of one.
	if need := 2*int(o.text.n) + int(o.id.len) + blockSize; cap(c.plain) < need {
		c.plain = make([]byte, 0, need)
	}
	// A row asks for the text of hardly any hop; a story for that of all.
	if c.whole = c.whole[:0]; !a.opts.Rows {
		c.whole = a.store.append(slices.Grow(c.whole, int(o.text.n)), &o.text, span{0, o.text.n})
	}
	n := len(o.records)
	if cap(a.scratch) < n {
		a.scratch = make([]Hop, n+n/2+16)
	}
	c.Hops = a.scratch[:n:n]
	for i := range o.records {
		o.records[i].unpack(&c.Hops[i], o)
	}
	if r := o.rare; r != nil {
		c.several = slices.ContainsFunc(r.extras, func(x extra) bool { return x.source != o.source })
	}
	c.disordered = o.disordered || a.fell && o.falls()
	if o.name.len > 0 && n > 0 && o.records[0].flags&hopFrame != 0 && !c.several {
		// A capture with what a device logged, and with what it sent.
		c.several = slices.ContainsFunc(c.Hops, func(h Hop) bool { return h.observer < 0 })
	}
	return c
}

// release lets go of what one very long call needed.
func (a *Assembler) release() {
	if len(a.scratch) > 4*maxHops || cap(a.call.plain) > 1<<20 || cap(a.call.whole) > 1<<20 || cap(a.call.Transactions) > 256 || cap(a.call.Dialogs) > 256 {
		a.scratch, a.call = nil, Call{notation: a.call.notation}
	}
}

// Data returns the bytes of the message, unescaped, or the text of the event. A text that stands in several blocks, or is kept as the source shows it, is
// put together the first time. Of a brief hop there is none.
func (c *Call) Data(h *Hop) []byte {
	if h.flags&hopBrief != 0 {
		return nil
	}
	if h.flags&hopShown != 0 && h.data.off&inPlain == 0 {
		c.undo(h)
	}
	if h.omap > 0 && h.data.off&inPlain == 0 {
		whole := span{h.data.off, h.data.len + h.omap}
		c.text(&whole)
		h.data.off = whole.off
	}
	return c.text(&h.data)
}

// sameText reports whether two hops have the same text.
func (c *Call) sameText(a, b *Hop) bool {
	if (a.flags|b.flags)&hopBrief != 0 {
		return c.sum(a) == c.sum(b)
	}
	if a.data.off&inPlain == 0 && b.data.off&inPlain == 0 && a.flags&hopShown == b.flags&hopShown && a.Escape == b.Escape {
		// As it is kept: only the blank of the last line end can make a difference that is none.
		if a.data.len == b.data.len && c.store.same(&c.stream, a.data, b.data) {
			return true
		}
		if a.flags&hopShown == 0 || a.data.len > b.data.len+1 || b.data.len > a.data.len+1 {
			return false
		}
	}
	return bytes.Equal(c.Data(a), c.Data(b))
}

// undo puts the text of a hop that is kept in carets together as it was sent.
func (c *Call) undo(h *Hop) {
	var shown []byte
	if len(c.whole) > 0 {
		shown = c.whole[h.data.off:][:h.data.len:h.data.len]
	} else if shown = c.store.text(&c.stream, h.data, c.shown[:0]); h.data.off%blockSize+h.data.len > blockSize {
		c.shown = shown
	}
	base := len(c.plain)
	plain, lines := syslog.AppendCaretLines(c.plain, shown)
	if lines {
		h.flags |= hopLines
		h.data.len = uint32(len(plain) - base)
	} else {
		var m syslog.OffsetMap
		plain, m = h.Escape.AppendUnescaped(plain, shown, nil)
		h.data.len = uint32(len(plain) - base)
		plain = append(plain, m...)
		h.omap = uint32(len(m))
	}
	h.data.off = uint32(base) | inPlain
	c.plain = plain
}

// text returns the bytes of a span. If they stand in several blocks they are put together, and the span is then that of the whole.
func (c *Call) text(s *span) []byte {
	switch {
	case s.len == 0:
		return nil
	case s.off&inPlain != 0:
		return c.plain[s.off&^inPlain:][:s.len:s.len]
	case len(c.whole) > 0:
		return c.whole[s.off:][:s.len:s.len]
	case s.off%blockSize+s.len > blockSize:
		base := len(c.plain)
		c.plain = c.store.append(c.plain, &c.stream, *s)
		s.off = uint32(base) | inPlain
		return c.plain[base:len(c.plain):len(c.plain)]
	}
	return c.store.text(&c.stream, *s, nil)
}

// footprint returns what a call takes, in bytes.
func (o *openCall) footprint() int64 {
	n := int64(cap(o.text.blocks))*4 + int64(len(o.text.blocks))*blockSize + int64(cap(o.records))*int64(unsafe.Sizeof(packed{})) + callOverhead
	if r := o.rare; r != nil {
		n += rarelyOverhead + int64(len(r.ties))*tieOverhead + int64(cap(r.extras))*int64(unsafe.Sizeof(extra{})) + int64(cap(r.marks))*int64(unsafe.Sizeof(mark{})) + int64(cap(r.ids)+cap(r.names)+cap(r.nameHashes)+cap(r.hashes)+cap(r.ties))*8
	}
	return n
}

// callOverhead is what a call takes beside its messages: the struct, its map entry, its timer, two endpoints.
const callOverhead = int64(unsafe.Sizeof(openCall{})) + 192

// What the rare part of a call takes beside its lists, and what a tie takes in the map: a key, a pointer and a byte, in a table of which just before it grows an eighth and just behind
// more than a half is empty.
const (
	rarelyOverhead = int64(unsafe.Sizeof(rarely{}))
	tieOverhead    = 40
)
