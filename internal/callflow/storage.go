package callflow

import (
	"unsafe"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// While a call is open it holds no more than it must: the bytes of its messages, a chunk each, and a packed record of each. When it is over the records are unpacked into
// Hops, in storage that the Assembler has once for all calls. Chunks and lists are taken from pools and given back, so that the memory of open
// calls is touched again and again while it is in the cache, and hardly any of it is left to the garbage collector.
//
// Roads not taken: one growing arena a call (it is copied each time it grows, and half of its last doubling lies idle); chunks of one size (a third of
// each lies idle, since a message has to stand in one piece).

// span is a range of one of a call's chunks.
type span struct {
	chunk uint16
	off   uint16
	len   uint32
}

const (
	// A chunk is as long as the message that it was made for, rounded up to grain; what is left of it takes the next short text. Chunks of up to
	// pooledChunk bytes are kept for others.
	grain       = 64
	pooledChunk = 2 << 10
	// maxChunks bounds a call's chunks. A call that needs more is handed on in parts.
	maxChunks   = 1<<16 - 2
	poolPerSize = 1 << 13 // how many of each size are kept for others
)

// packed is a hop while its call is open.
type packed struct {
	clock      int64
	number     int64
	start      int64
	stamp      syslog.Timestamp
	data       span
	length     uint32 // of the text in the source
	source     int32
	mark       int32
	cseq       uint32
	fromTag    uint32 // hashes, 0: none. 32 bits are enough inside one call.
	toTag      uint32
	branch     uint32
	second     uint32
	bottom     uint32
	viaHost    uint32
	fromField  smallSpan
	toField    smallSpan
	omap       uint16 // bytes of the offset map, which follows data in its chunk
	status     uint16
	observer   int16
	src, dst   int16
	flags      hopFlags
	basis      capture.Basis
	unit       capture.Unit
	kind       capture.Kind
	missing    capture.Missing
	escape     syslog.Escape
	stated     capture.Direction
	method     sip.Method
	vias, line uint8
	event      eventID
	lines      bool // Origin.Lines
}

// fold makes 32 bits of a hash; 0 stays the only 0.
func fold(h uint64) uint32 {
	if h == 0 {
		return 0
	}
	return uint32(h>>32) | 1
}

// pack makes the packed record of a hop and the record that it was read from.
func pack(h *Hop, rec *capture.Record) packed {
	return packed{clock: rec.Time.Clock, stamp: rec.Time.Stamp, basis: rec.Time.Basis, number: rec.Origin.Number, start: rec.Origin.Start,
		length: uint32(rec.Origin.End - rec.Origin.Start), source: rec.Origin.Source, unit: rec.Origin.Unit, lines: rec.Origin.Lines != nil,
		kind: rec.Kind, missing: rec.Missing, escape: rec.Escape, stated: rec.Direction,
		cseq: h.CSeq, fromTag: fold(h.fromTag), toTag: fold(h.toTag), branch: fold(h.branch), second: fold(h.second), bottom: fold(h.bottom), viaHost: fold(h.viaHost),
		fromField: h.fromField, toField: h.toField, status: h.Status, flags: h.flags, method: h.Method, vias: h.vias, line: h.line, event: h.event}
}

// unpack fills a hop.
func (p *packed) unpack(h *Hop) {
	*h = Hop{Time: capture.Time{Clock: p.clock, Stamp: p.stamp, Basis: p.basis}, number: p.number, start: p.start, end: p.start + int64(p.length),
		data: p.data, omap: p.omap, lines: p.lines, source: p.source, mark: p.mark, unit: p.unit, Kind: p.kind, Missing: p.missing, Escape: p.escape,
		stated: p.stated, Method: p.method, flags: p.flags, vias: p.vias, Status: p.status, observer: p.observer, src: p.src, dst: p.dst,
		From: -1, To: -1, line: p.line, event: p.event, CSeq: p.cseq, Transaction: -1, RepeatOf: -1, Forwards: -1,
		fromTag: uint64(p.fromTag), toTag: uint64(p.toTag), branch: uint64(p.branch), second: uint64(p.second), bottom: uint64(p.bottom), viaHost: uint64(p.viaHost),
		fromField: p.fromField, toField: p.toField}
}

// text returns the bytes of a span.
func (c *Call) text(s span) []byte {
	if s.len == 0 {
		return nil
	}
	return c.chunks[s.chunk][s.off:][:s.len:s.len]
}

// room returns where n bytes that stand together can be kept: the chunk, and the offset in it.
func (a *Assembler) room(c *Call, n int) (chunk int, off int) {
	if last := len(c.chunks) - 1; last >= 0 {
		if b := c.chunks[last]; len(b)+n <= cap(b) && len(b) < 1<<16 {
			return last, len(b)
		}
	}
	var b []byte
	if class := (n + grain - 1) / grain; n <= pooledChunk {
		if free := a.chunks[class]; len(free) > 0 {
			b = free[len(free)-1]
			a.chunks[class] = free[:len(free)-1]
		} else {
			b = make([]byte, 0, class*grain)
		}
	} else {
		b = make([]byte, 0, n)
	}
	c.chunks = append(c.chunks, b)
	c.asm.bytes += int64(cap(b))
	return len(c.chunks) - 1, 0
}

// keep copies b, and more behind it, into the storage of the call, and returns the span of b.
func (a *Assembler) keep(c *Call, b, more []byte) span {
	if len(b)+len(more) == 0 {
		return span{}
	}
	chunk, off := a.room(c, len(b)+len(more))
	dst := c.chunks[chunk]
	dst = append(dst, b...)
	c.chunks[chunk] = append(dst, more...)
	return span{uint16(chunk), uint16(off), uint32(len(b))}
}

// recordSizes are the lengths of lists of packed records, in steps that leave a quarter idle on average.
var recordSizes = [...]int{6, 9, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024}

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

// unpack makes the hops of a call out of its records. They hold until the next call is unpacked.
func (a *Assembler) unpack(c *Call) {
	n := len(c.records)
	if cap(a.scratch) < n {
		a.scratch = make([]Hop, n+n/2+16)
	}
	c.Hops = a.scratch[:n:n]
	for i := range c.records {
		c.records[i].unpack(&c.Hops[i])
	}
}

// release gives the storage of a call back.
func (a *Assembler) release(c *Call) {
	for i, b := range c.chunks {
		if n := cap(b); n <= pooledChunk && n%grain == 0 && len(a.chunks[n/grain]) < poolPerSize {
			a.chunks[n/grain] = append(a.chunks[n/grain], b[:0])
		}
		c.chunks[i] = nil
	}
	c.chunks = c.chunks[:0]
	a.freeRecords(c.records)
	c.records, c.Hops = nil, nil
	if len(a.scratch) > 4*maxHops {
		a.scratch = nil // one very long call does not keep its memory for ever
	}
}

// size returns what a call takes, in bytes.
func (c *Call) size() int64 {
	return c.asm.bytes + int64(cap(c.chunks))*int64(unsafe.Sizeof([]byte{})) + int64(cap(c.records))*int64(unsafe.Sizeof(packed{})) + callOverhead
}
