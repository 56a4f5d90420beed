package callflow

import (
	"slices"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// Options of an Assembler. The zero value has the defaults.
type Options struct {
	// Memory is the budget for calls that are not over, in bytes. Over it the quietest call is handed on. Default DefaultMemory.
	Memory int64
	// Emit is called with each call when it is over. The call is valid until it returns. An error ends the work.
	Emit func(*Call) error
	// Rows asks for no more than a row of a list tells of each call: directions, participants and conflicts are not concluded.
	Rows bool
	// Loose, if set, is called with each event of a device that belongs to no call that was seen. The record holds until it returns.
	Loose func(*capture.Record)
	// Logs has for each source the first of those that are parts of one log, which was rotated; a source that is not in it is a log of its own.
	Logs []int32
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
	skews []skew // of the clocks of those who recorded, as far as calls have told them
	seq   int64

	// Calls by the hashes of their Call-IDs, and of what else they may be known by. A hash of 64 bits with a seed of this run stands for its text: that two of a
	// million open calls have the same is less likely than that the machine fails, and a comparison of the texts would touch memory that is cold.
	byID    callTable
	byTag   map[uint64]*openCall
	stubs   map[string]stub
	rests   int // of them that had no beginning
	free    []*openCall
	store   blockStore
	lists   [len(recordSizes)][][]packed
	call    Call // the one that is handed on
	scratch []Hop
	used    int64
	// opened has each call from oldest on, nil for one that was handed on; count of them are open.
	opened []*openCall
	oldest int64
	count  int
	quiet  quietest // nil as long as memory was never short
	moves  int64

	timers     timerHeap
	twice      [capture.Domains]bool // its times are those of an hour that a zone has twice
	now        [capture.Domains]int64
	ahead      [capture.Domains]int64 // a time far ahead of now, until another record agrees; 0: none
	fell       bool                   // a record was earlier than one before it
	far        map[uint64]int64       // of each host the time of the last record far from now: see hostFell
	stepped    int64                  // the message at which the times of a host last stepped far back
	shuffled   int64                  // and that at which they did so again
	refers     []refer
	apart      int // open calls that stand apart from another with their Call-ID
	lastMasked *openCall
	cut        bool  // a message was cut in its header; see cut.go
	tying      bool  // calls can be found by branch and tag, since
	tiedAt     int64 // the message of this number; so many
	tied       int64 // messages were looked at for it
	cutCalls   int   // open calls with a message that was cut in its header
	strays     bool  // there were messages of which nothing says where they belong; see cut.go
	strayed    int64 // calls up to this one may lack such a message: they were open when it came
	bare       bool  // there were some of which nothing but the start line is left; the newest at
	bareTime   int64 // this time of
	bareClock  capture.Domain
	bareTimed  bool
	unnamed    int   // open calls of which every message was cut before its Call-ID
	absorbed   int64 // calls that turned out to be a part of another; their Seq is that of none

	devices map[uint64]*device // by the hashes of their hosts

	outline sip.Outline
	sum     uint32 // of the newest brief message
	warmed  uint64 // see warm
	msg     sip.Message
	parsed  bool   // msg is that of the record
	clean   []byte // a record that came in carets, undone
	sent    capture.Record
	offsets syslog.OffsetMap

	timed  bool // it has a time, of
	domain capture.Domain
}

// stub is what stays of a call that was handed on before its end.
type stub struct {
	seq  int64
	kind Kind
	// rest: of the call the beginning was missing, and it ended by its time, which was clock. A beginning with an earlier time is the first part of it.
	rest   bool
	clock  int64
	domain capture.Domain
}

// maxRests bounds the stubs of calls without a beginning: those that were going on when the log began are the first of them.
const maxRests = 1 << 12

// maxStubs bounds the stubs that are kept.
const maxStubs = 1 << 18

// NewAssembler returns an Assembler.
func NewAssembler(o Options) *Assembler {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	return &Assembler{opts: o, byTag: map[uint64]*openCall{}, oldest: 1, stubs: map[string]stub{},
		devices: map[uint64]*device{}}
}

// Stats returns the counts so far.
func (a *Assembler) Stats() Stats { return a.stats }

// OldestOpen returns a Seq below which all calls have been handed on.
func (a *Assembler) OldestOpen() int64 { return a.oldest }

// Add takes one record. It hands on the calls that are over by the time of the record.
func (a *Assembler) Add(rec *capture.Record) error {
	a.timed, a.domain = rec.Time.Stamp.Style != syslog.StyleUnknown, domainOf(&rec.Time)
	if d := a.domain; !a.timed {
		// It moves nothing.
	} else if rec.Time.Clock <= a.now[d] {
		if rec.Time.Clock < a.now[d] || a.ahead[d] != 0 {
			a.ahead[d], a.fell = 0, true
			if a.now[d]-rec.Time.Clock > maxLeap {
				a.sawBehind(rec)
			}
		}
	} else if a.advance(d, rec) {
		if err := a.expire(d); err != nil {
			return err
		}
		if d == capture.DomainUTC && a.twice != [capture.Domains]bool{} {
			if err := a.leaveTwice(); err != nil {
				return err
			}
		}
	}
	if rec.Time.Basis == capture.BasisTwice {
		a.twice[a.domain] = true
	}
	switch rec.Kind {
	case capture.KindMessage:
		return a.addMessage(rec)
	case capture.KindEvent:
		return a.addEvent(rec)
	}
	return nil
}

// domainOf is t.Domain(), without a copy: one of what was written only now, in other pieces, waits until all that was written before is in the cache.
func domainOf(t *capture.Time) capture.Domain {
	switch {
	case t.Basis != capture.BasisNone && t.Basis < capture.BasisTwice:
		return capture.DomainUTC
	case t.Stamp.Month == 0:
		return capture.DomainClock
	case t.Stamp.Year == 0:
		return capture.DomainYearless
	}
	return capture.DomainWall
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
	for _, c := range slices.Clone(a.opened) {
		if c == nil {
			continue
		}
		if !c.settled() {
			c.logEnded = true
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

func (a *Assembler) addMessage(rec *capture.Record) error {
	a.stats.Messages++
	var h Hop
	var id identity
	a.parsed = false
	if a.usual(rec) {
		id = a.identityOf(a.outline.CallID.Of(rec.Data))
		a.warm(id.call)
		hashed := a.sumEarly(rec)
		a.fillOutline(&h, rec.Data, id.newest())
		if a.isBrief(rec, &h, hashed) {
			h.flags |= hopBrief
		}
	} else {
		if rec.Shown {
			rec = a.undone(rec)
		}
		id = a.fill(&h, a.message(rec))
	}
	h.source = rec.Origin.Source
	if rec.Wrapped {
		h.flags |= hopWrapped
	}
	headless := a.parsed && firstLineOnly(&a.msg)
	if headless && rec.Missing != capture.MissingHead {
		r := *rec
		r.Missing, rec = capture.MissingHead, &r
		if len(a.msg.Fields) > 0 {
			a.stray(rec)
		}
	}
	if h.flags&hopCut != 0 && !headless {
		if a.sawCut(); h.fromTag == 0 && h.toTag == 0 && h.flags&hopNoBranch != 0 {
			a.stray(rec)
		}
	}
	var c *openCall
	reason := JoinReason(0)
	if headless {
		id.masked = true
		c = a.startLine(rec, &h, &a.msg)
	} else if c = a.find(&id, &h); c == nil {
		if !id.apart {
			c, reason = a.joined(rec, &h)
		}
	} else if usedAgain(c, &h) && !c.belongsEarlier(rec, &h) {
		if err := a.handOn(c); err != nil {
			return err
		}
		c = nil
	}
	if c == nil {
		c = a.open(rec, id, &h)
		if h.flags&hopCut != 0 && len(id.callID) == 0 && !headless {
			c.unnamed = true
			a.unnamed++ // it may belong to any that is open
		}
	}
	if reason != 0 || c.id.len == 0 {
		if !a.parsed && h.flags&hopBrief == 0 {
			id.within = a.outline.CallID.Start // no need to keep it twice
		}
		if len(id.callID) > 0 {
			a.named(c)
		}
		a.addID(c, id, reason)
	}
	if a.tying && !headless && len(c.records) > 0 && h.flags&hopNoBranch == 0 {
		if d := a.byTag[cutKey(h.branch)]; d != nil && d != c && d.id.len == 0 && c.id.len > 0 {
			a.absorb(c, d)
		}
	}
	if h.Method == sip.MethodInvite || h.Method == sip.MethodUnknown { // of which CSeq was cut off
		if c.redirected = c.redirected || h.Status/100 == 3; c.redirected && h.Status == 0 && h.toTag == 0 {
			h.flags &^= hopBrief
		}
	}
	a.add(c, rec, &h)
	if h.flags&hopCut != 0 && !headless {
		a.holdsCut(c)
	}
	if headless {
		a.keepStartLine(c, rec)
	} else {
		a.register(c, id, &h)
	}
	c.cseq = h.CSeq
	a.tieDevice(c, rec, &h)
	if h.Method == sip.MethodRefer {
		a.rememberRefer(c, rec, &h)
	}
	a.live(c, rec, &h)
	a.touch(c)
	return a.part(c)
}

// part hands a call on in parts that has very much, and others for which there is no room.
func (a *Assembler) part(c *openCall) error {
	if n := len(c.records); c.over && n >= maxHops && c.kind != KindCall || n >= maxCallHops || c.text.n >= maxStream {
		c.continued = true
		a.leaveStub(c)
		return a.handOn(c)
	}
	return a.shrink()
}

// usual reads the outline of a message, and reports whether that is enough: whether nothing is in the message that only a parsed one tells.
func (a *Assembler) usual(rec *capture.Record) bool {
	ends := sip.LineEndCRLF
	if rec.Shown {
		ends = sip.LineEndCaret
	}
	return a.outline.Read(rec.Data, ends)
}

// message returns the message of a record, parsed once.
func (a *Assembler) message(rec *capture.Record) *sip.Message {
	if !a.parsed {
		if rec.Shown {
			rec = a.undone(rec)
		}
		a.msg.Parse(rec.Data)
		a.parsed = true
	}
	return &a.msg
}

// undone returns a record that came as the source shows it with the message as it was sent. It holds until the next record.
func (a *Assembler) undone(rec *capture.Record) *capture.Record {
	a.sent = *rec
	r := &a.sent
	var lines bool
	if a.clean, lines = syslog.AppendCaretLines(a.clean[:0], rec.Data); lines {
		r.Origin.Lines = a.clean
	} else {
		a.clean, a.offsets = rec.Escape.AppendUnescaped(a.clean[:0], rec.Data, a.offsets[:0])
		if len(a.offsets) > 0 {
			r.Origin.Map = a.offsets
		}
	}
	r.Data, r.Shown = a.clean, false
	return r
}

// maxHops is how many messages a registration or keep-alive of one Call-ID may have before it is handed on in parts: a phone
// repeats them for months. maxCallHops is the same for anything.
const (
	maxHops     = 400
	maxCallHops = 20000
)

// open begins a call.
func (a *Assembler) open(rec *capture.Record, id identity, h *Hop) *openCall {
	var c *openCall
	if n := len(a.free); n > 0 {
		c = a.free[n-1]
		a.free = a.free[:n-1]
	} else {
		c = &openCall{}
	}
	a.seq++
	c.seq = a.seq
	a.opened = append(a.opened, c)
	a.count++
	c.source = rec.Origin.Source
	c.domain = a.domain
	if len(id.callID) == 0 && h.fromTag == 0 && h.flags&hopNoBranch != 0 {
		a.stats.Strays++
	}
	if !id.masked && !id.apart && len(a.stubs) > 0 {
		if s, ok := a.stubs[string(id.callID)]; ok && s.rest {
			c.rest = a.timed && a.domain == s.domain && rec.Time.Clock < s.clock
		} else if ok {
			c.resumed, c.kind = true, s.kind
			delete(a.stubs, string(id.callID))
		}
	}
	if a.bare {
		a.afterStray(c, rec)
	}
	a.touch(c)
	if a.quiet != nil {
		a.quiet.push(quietCall{c.moved, c.seq, c})
	}
	return c
}

// add appends a record to the call.
func (a *Assembler) add(c *openCall, rec *capture.Record, h *Hop) {
	c.records = a.records(c.records)
	n := len(c.records)
	c.records = c.records[:n+1]
	p := &c.records[n]
	p.pack(h, rec)
	if h.flags&hopBrief != 0 {
		a.keepBrief(c, p, rec, h, n == 0)
	} else {
		p.data = a.keep(c, rec.Data)
	}
	if len(rec.Origin.Map) > 0 {
		a.keep(c, rec.Origin.Map) // right behind
	}
	p.observer = a.name(c, rec.Observer)
	p.src, p.dst = c.internEndpoint(rec.Src), c.internEndpoint(rec.Dst)
	mark := int32(0)
	if len(rec.Label) > 0 || len(rec.SrcName) > 0 || len(rec.DstName) > 0 {
		c.few().marks = append(c.rare.marks, markOf(a, c, rec))
		mark = int32(len(c.rare.marks))
	}
	if length := rec.Origin.End - rec.Origin.Start; mark != 0 || h.second != 0 || h.bottom != 0 || rec.Origin.Source != c.source || length != int64(len(rec.Data)) ||
		len(rec.Origin.Map) > 0 {
		x := extra{second: fold(h.second), bottom: fold(h.bottom), source: rec.Origin.Source, mark: mark, length: uint32(length), omap: uint32(len(rec.Origin.Map))}
		c.few().extras = append(c.rare.extras, x)
		p.extra = uint16(len(c.rare.extras))
	}
	a.weigh(c)
}

// weigh counts what the call takes now.
func (a *Assembler) weigh(c *openCall) {
	size := c.footprint()
	a.used += size - int64(c.size)
	c.size = int32(size) // see maxStream and maxCallHops
}

func markOf(a *Assembler, c *openCall, rec *capture.Record) mark {
	return mark{a.keep(c, rec.Label), a.keep(c, rec.SrcName), a.keep(c, rec.DstName)}
}

func (a *Assembler) leaveStub(c *openCall) {
	a.eachID(c, func(id []byte) {
		if len(a.stubs) >= maxStubs {
			for old := range a.stubs {
				delete(a.stubs, old)
				break
			}
		}
		a.stubs[string(id)] = stub{seq: c.seq, kind: c.kind}
	})
}

// leaveRest leaves a stub of a call that ends by its time and has no beginning.
func (a *Assembler) leaveRest(o *openCall) {
	first := &o.records[0]
	if begins := first.status == 0 && first.toTag == 0 && first.method != sip.MethodCancel; begins || o.kind != KindCall || first.kind != capture.KindMessage || a.rests >= maxRests {
		return
	}
	a.rests++
	a.eachID(o, func(id []byte) {
		a.stubs[string(id)] = stub{seq: o.seq, kind: o.kind, rest: true, clock: first.clock, domain: domainOfPacked(first)}
	})
}

// handOn closes a call, analyses it, gives it away and takes its storage back.
func (a *Assembler) handOn(o *openCall) error {
	a.forgetIDs(o)
	if a.lastMasked == o {
		a.lastMasked = nil
	}
	if o.apart {
		a.apart--
	}
	a.forgetCut(o)
	if o.unnamed {
		a.named(o)
		a.strays, a.strayed = true, a.seq // nobody will ever know where it belongs
	}
	a.used -= int64(o.size)
	a.stats.Calls++
	a.close(o.seq)
	c := a.unpack(o)
	c.analyse(a.opts.Rows)
	err := a.opts.Emit(c)
	a.recycle(o)
	a.release()
	return err
}

// close notes that the call of a Seq is not open any more.
func (a *Assembler) close(seq int64) {
	a.opened[seq-a.oldest] = nil
	a.count--
	n := 0
	for n < len(a.opened) && a.opened[n] == nil {
		n++
	}
	if n == len(a.opened) {
		a.opened = a.opened[:0]
	} else {
		a.opened = a.opened[n:]
	}
	a.oldest += int64(n)
}
