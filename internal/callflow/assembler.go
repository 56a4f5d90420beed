package callflow

import (
	"cmp"
	"slices"
	"unsafe"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Options of an Assembler. The zero value has the defaults.
type Options struct {
	// Memory is the budget for calls that are not over, in bytes. Over it the quietest call is handed on. Default DefaultMemory.
	Memory int64
	// Emit is called with each call when it is over. The call is valid until it returns. An error ends the work.
	Emit func(*Call) error
	// Loose, if set, is called with each event of a device that belongs to no call that was seen. The record holds until it returns.
	Loose func(*capture.Record)
}

// DefaultMemory is the default budget for calls that are not over.
const DefaultMemory = 512 << 20

// Stats counts what an Assembler did.
type Stats struct {
	Calls    int64 // handed on
	Messages int64
	Evicted  int64 // calls handed on before their end for lack of memory
	// Strays are SIP messages that have neither Call-ID nor anything else to put them into a call by; each becomes a call of its own.
	Strays int64
	// LooseEvents are a device's events that belong to no call that was seen.
	LooseEvents int64
}

// Assembler puts records together into calls. Records come in the order of the log.
type Assembler struct {
	opts  Options
	stats Stats
	seq   int64

	byID  map[string]*Call
	byTag map[uint64]*Call
	stubs map[string]stub
	// open calls in the order of their last message, the quietest first.
	quiet, busy *Call
	free        []*Call
	chunks      [pooledChunk/grain + 1][][]byte
	lists       [len(recordSizes)][][]packed
	scratch     []Hop
	used        int64
	// running says of each call from oldest on whether it is open.
	running []bool
	oldest  int64

	timers     timerHeap
	shown      [4096]uint64 // hashes of identifiers that are known not to be masked
	now        [capture.Domains]int64
	ahead      [capture.Domains]int64 // a time far ahead of now, until another record agrees; 0: none
	refers     []refer
	apart      int // open calls that stand apart from another with their Call-ID
	lastMasked *Call
	devices    map[string]*device

	msg sip.Message
}

// stub is what stays of a call that was handed on before its end.
type stub struct {
	seq  int64
	kind Kind
}

// maxStubs bounds the stubs that are kept.
const maxStubs = 1 << 18

// callState is what the assembler keeps about a call while it is open.
type callState struct {
	seq        int64
	prev, next *Call
	keys       []string
	ties       []uint64
	deadline   int64
	ended      int64 // the log's time when the call was handed on
	due        int64 // when its timer fires
	until      int64 // it is kept at least until then
	legs       []leg // INVITE transactions of the newest attempt
	domain     capture.Domain
	timed      bool
	over       bool // a final response or BYE was seen: what follows is only the tail
	done       bool // and the tail was seen too
	early      bool // somebody is working on the INVITE, or ringing
	challenged bool // the last refusal was a challenge
	incoming   bool // it came to the host that logs
	confirmed  bool // an INVITE was answered with 2xx, and no BYE was seen
	hungUp     bool // by a BYE
	apart      bool // another call has its Call-ID
	session    int64
	source     int32
	cseq       uint32
	from       uint64 // From tag of the first INVITE outside a dialog
	attempt    uint32 // CSeq of the newest INVITE outside a dialog
	size       int64
	bytes      int64 // of chunks
}

// NewAssembler returns an Assembler.
func NewAssembler(o Options) *Assembler {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	return &Assembler{opts: o, byID: map[string]*Call{}, byTag: map[uint64]*Call{}, oldest: 1, stubs: map[string]stub{},
		devices: map[string]*device{}}
}

// Stats returns the counts so far.
func (a *Assembler) Stats() Stats { return a.stats }

// OldestOpen returns a Seq below which all calls have been handed on.
func (a *Assembler) OldestOpen() int64 { return a.oldest }

// Add takes one record. It hands on the calls that are over by the time of the record.
func (a *Assembler) Add(rec *capture.Record) error {
	d := rec.Time.Domain()
	if rec.Time.IsZero() {
		// It moves nothing.
	} else if rec.Time.Clock <= a.now[d] {
		a.ahead[d] = 0
	} else if a.advance(d, rec.Time.Clock) {
		if err := a.expire(d); err != nil {
			return err
		}
	}
	switch rec.Kind {
	case capture.KindMessage:
		return a.addMessage(rec)
	case capture.KindEvent:
		a.addEvent(rec)
	}
	return nil
}

// Close hands on all calls that are left, in the order in which they began. The log has ended.
func (a *Assembler) Close() error {
	for d := range capture.Domains {
		if a.ahead[d] > a.now[d] {
			a.now[d] = a.ahead[d] // nothing contradicts it any more
			if err := a.expire(capture.Domain(d)); err != nil {
				return err
			}
		}
	}
	left := make([]*Call, 0, len(a.running))
	for c := a.quiet; c != nil; c = c.asm.next {
		left = append(left, c)
	}
	slices.SortFunc(left, func(x, y *Call) int { return cmp.Compare(x.Seq, y.Seq) })
	for _, c := range left {
		if !c.asm.settled() {
			c.LogEnded = true
		}
		if err := a.handOn(c); err != nil {
			return err
		}
	}
	for _, d := range a.devices {
		a.dropPending(d)
	}
	return nil
}

// settled reports whether nothing more was to come.
func (s *callState) settled() bool { return s.over && s.done && !s.confirmed }

func (a *Assembler) addMessage(rec *capture.Record) error {
	a.stats.Messages++
	m := &a.msg
	m.Parse(rec.Data)
	var h Hop
	id := a.fill(&h, m)
	h.source = rec.Origin.Source
	if rec.Wrapped {
		h.flags |= hopWrapped
	}
	var c *Call
	reason := JoinReason(0)
	if len(m.Fields) == 0 {
		id.masked = true
		c = a.startLine(rec, &h, m)
	} else if c = a.find(&id, &h); c == nil {
		if !id.apart {
			c, reason = a.joined(rec, &h, m)
		}
	} else if usedAgain(c, &h) {
		if err := a.handOn(c); err != nil {
			return err
		}
		c = nil
	}
	if c == nil {
		c = a.open(rec, id, &h)
	}
	if reason != 0 || len(c.ids) == 0 {
		a.addID(c, id, reason)
	}
	a.add(c, rec, &h)
	if len(m.Fields) == 0 {
		a.keepStartLine(c, rec)
	} else {
		a.register(c, id, &h, m)
	}
	c.asm.cseq = h.CSeq
	a.tieDevice(c, rec, &h)
	if h.Method == sip.MethodRefer {
		a.rememberRefer(c, rec, &h, m)
	}
	a.live(c, rec, &h, m)
	a.touch(c)
	if n := len(c.records); c.asm.over && n >= maxHops && c.Kind != KindCall || n >= maxCallHops || len(c.chunks) >= maxChunks {
		c.Continued = true
		a.leaveStub(c)
		return a.handOn(c)
	}
	return a.shrink()
}

// maxHops is how many messages a registration or keep-alive of one Call-ID may have before it is handed on in parts: a phone
// repeats them for months. maxCallHops is the same for anything.
const (
	maxHops     = 400
	maxCallHops = 20000
)

// open begins a call.
func (a *Assembler) open(rec *capture.Record, id identity, h *Hop) *Call {
	var c *Call
	if n := len(a.free); n > 0 {
		c = a.free[n-1]
		a.free = a.free[:n-1]
	} else {
		c = &Call{}
	}
	a.seq++
	c.Seq, c.asm.seq = a.seq, a.seq
	a.running = append(a.running, true)
	c.asm.source = rec.Origin.Source
	c.asm.domain = rec.Time.Domain()
	if len(id.callID) == 0 && h.fromTag == 0 && h.flags&hopNoBranch != 0 {
		a.stats.Strays++
	}
	if !id.masked {
		if s, ok := a.stubs[string(id.callID)]; ok && !id.apart {
			c.Resumed, c.Kind = true, s.kind
			delete(a.stubs, string(id.callID))
		}
	}
	// Into the list of open calls, at the busy end.
	c.asm.prev, c.asm.next = a.busy, nil
	if a.busy != nil {
		a.busy.asm.next = c
	} else {
		a.quiet = c
	}
	a.busy = c
	return c
}

func (a *Assembler) addID(c *Call, id identity, reason JoinReason) {
	if len(id.callID) == 0 {
		return
	}
	c.ids = append(c.ids, a.keep(c, id.callID, nil))
	if reason != 0 {
		c.Joined = append(c.Joined, Join{string(id.callID), reason, len(c.records)})
	}
	if !id.masked {
		key := id.key()
		if id.apart {
			a.apart++
			c.asm.apart = true
		}
		a.byID[key] = c
		c.asm.keys = append(c.asm.keys, key)
	}
}

// add appends a record to the call.
func (a *Assembler) add(c *Call, rec *capture.Record, h *Hop) {
	p := pack(h, rec)
	omap := rec.Origin.Map
	if len(omap) >= 1<<16 {
		omap = nil // a message with tens of thousands of changes: its place is told as a whole
	}
	p.data, p.omap = a.keep(c, rec.Data, omap), uint16(len(omap))
	p.observer = a.name(c, rec.Observer)
	p.src, p.dst = c.internEndpoint(rec.Src), c.internEndpoint(rec.Dst)
	if len(rec.Label) > 0 || len(rec.SrcName) > 0 || len(rec.DstName) > 0 {
		c.marks = append(c.marks, mark{a.keep(c, rec.Label, nil), a.keep(c, rec.SrcName, nil), a.keep(c, rec.DstName, nil)})
		p.mark = int32(len(c.marks))
	}
	c.records = append(a.records(c.records), p)
	size := c.size()
	a.used += size - c.asm.size
	c.asm.size = size
}

// callOverhead is what a call takes beside its messages: the struct, its map entry, its timer.
const callOverhead = int64(unsafe.Sizeof(Call{})) + 256

// name returns the index of a name of this call, adding it; -1 for none.
func (a *Assembler) name(c *Call, b []byte) int16 {
	if len(b) == 0 {
		return -1
	}
	for i, s := range c.names {
		if string(c.text(s)) == string(b) {
			return int16(i)
		}
	}
	if len(c.names) >= 1<<15-1 {
		return -1
	}
	c.names = append(c.names, a.keep(c, b, nil))
	return int16(len(c.names) - 1)
}

func (c *Call) internEndpoint(e capture.Endpoint) int16 {
	if !e.IsValid() {
		return -1
	}
	for i := range c.endpoints {
		if c.endpoints[i] == e {
			return int16(i)
		}
	}
	// An address that changes with every message is an attack; one participant more or less does not help against it.
	if len(c.endpoints) >= 1024 {
		return -1
	}
	c.endpoints = append(c.endpoints, e)
	return int16(len(c.endpoints) - 1)
}

// touch moves the call to the busy end of the list.
func (a *Assembler) touch(c *Call) {
	if a.busy == c {
		return
	}
	if c.asm.prev != nil {
		c.asm.prev.asm.next = c.asm.next
	} else {
		a.quiet = c.asm.next
	}
	c.asm.next.asm.prev = c.asm.prev
	c.asm.prev, c.asm.next = a.busy, nil
	a.busy.asm.next = c
	a.busy = c
}

// shrink hands on the quietest calls until the budget holds.
func (a *Assembler) shrink() error {
	for a.used > a.opts.Memory && a.quiet != nil && a.quiet != a.busy {
		c := a.quiet
		if !c.asm.settled() {
			c.Evicted = true
			a.stats.Evicted++
			a.leaveStub(c)
		}
		if err := a.handOn(c); err != nil {
			return err
		}
	}
	return nil
}

func (a *Assembler) leaveStub(c *Call) {
	for _, k := range c.asm.keys {
		if len(a.stubs) >= maxStubs {
			for old := range a.stubs {
				delete(a.stubs, old)
				break
			}
		}
		a.stubs[k] = stub{c.Seq, c.Kind}
	}
}

// handOn closes a call, analyses it, gives it away and takes its storage back.
func (a *Assembler) handOn(c *Call) error {
	if c.asm.prev != nil {
		c.asm.prev.asm.next = c.asm.next
	} else {
		a.quiet = c.asm.next
	}
	if c.asm.next != nil {
		c.asm.next.asm.prev = c.asm.prev
	} else {
		a.busy = c.asm.prev
	}
	for _, k := range c.asm.keys {
		if a.byID[k] == c {
			delete(a.byID, k)
		}
	}
	for _, k := range c.asm.ties {
		if a.byTag[k] == c {
			delete(a.byTag, k)
		}
	}
	if a.lastMasked == c {
		a.lastMasked = nil
	}
	if c.asm.apart {
		a.apart--
	}
	a.used -= c.asm.size
	a.stats.Calls++
	a.close(c.Seq)
	a.unpack(c)
	c.asm.ended = a.now[c.asm.domain]
	c.analyse()
	err := a.opts.Emit(c)
	a.recycle(c)
	return err
}

// close notes that the call of a Seq is not open any more.
func (a *Assembler) close(seq int64) {
	a.running[seq-a.oldest] = false
	n := 0
	for n < len(a.running) && !a.running[n] {
		n++
	}
	if n == len(a.running) {
		a.running = a.running[:0]
	} else {
		a.running = a.running[n:]
	}
	a.oldest += int64(n)
}

// recycle keeps the storage of a call for others.
func (a *Assembler) recycle(c *Call) {
	a.release(c)
	if len(a.free) >= poolPerSize || cap(c.Transactions) > 256 || cap(c.Dialogs) > 256 {
		*c = Call{}
		c.asm.seq = -1
		return
	}
	*c = Call{ids: c.ids[:0], chunks: c.chunks, endpoints: c.endpoints[:0], names: c.names[:0], marks: c.marks[:0], Transactions: c.Transactions[:0],
		Dialogs: c.Dialogs[:0], Participants: c.Participants[:0], Missing: c.Missing[:0], passing: c.passing[:0], far: c.far[:0],
		asm: callState{seq: -1, keys: c.asm.keys[:0], ties: c.asm.ties[:0], legs: c.asm.legs[:0]}}
	a.free = append(a.free, c)
}
