package callflow

import (
	"bytes"
	"slices"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// device is what the assembler remembers of a host that logs: events have no Call-ID, and belong to a call by who logged them and
// when.
type device struct {
	pending []pendingEvent
	last    *openCall
	lastSeq int64
	called  bool // last came to it
	lines   startLines
}

// pendingEvent is an event that waits for the call that it announces.
type pendingEvent struct {
	rec  capture.Record
	data []byte
}

// Bounds of what is remembered: a handset makes few events before an INVITE, and an attacker may invent hosts.
const (
	maxPending = 16
	maxDevices = 1 << 16
)

// pendingAge is how long an event waits for its call: dialling takes its time.
const pendingAge = 2 * 60 * int64(1e9)

// logOf returns the log that a source is a part of, by the first of its sources.
func (a *Assembler) logOf(source int32) int32 {
	if source >= 0 && int(source) < len(a.opts.Logs) {
		return a.opts.Logs[source]
	}
	return source
}

// deviceKey returns the key of a host that logs. One whose name any may have, as 127.0.0.1, is another one in each log, and a log without any header has the lines of one host:
// nobody could tell those of two apart.
func (a *Assembler) deviceKey(host []byte, source int32) uint64 {
	log := a.logOf(source)
	if len(host) == 0 {
		return mix(1, uint64(uint32(log)))
	}
	key := hashOf(host)
	if log != 0 && sharedAddress(host) {
		key = mix(key, uint64(log))
	}
	return key
}

func (a *Assembler) device(key uint64) *device {
	d := a.devices[key]
	if d == nil {
		if len(a.devices) >= maxDevices {
			for k, old := range a.devices {
				a.dropPending(old)
				delete(a.devices, k)
				break
			}
		}
		d = &device{}
		a.devices[key] = d
	}
	return d
}

// loose counts an event that belongs to no call, and shows it to whoever asked.
func (a *Assembler) loose(rec *capture.Record) {
	a.stats.LooseEvents++
	if a.opts.Loose != nil {
		a.opts.Loose(rec)
	}
}

func (a *Assembler) dropPending(d *device) {
	for i := range d.pending {
		a.loose(&d.pending[i].rec)
	}
	d.pending = nil
}

// addEvent puts an event into the call that it belongs to, or keeps it for the call that it announces.
func (a *Assembler) addEvent(rec *capture.Record) error {
	e := eventOf(rec.Event.Name)
	d := a.device(a.deviceKey(rec.Observer, rec.Origin.Source))
	if !e.ofCall() {
		a.loose(rec)
		return nil
	}
	if a.loggedElsewhere(d, rec, e) {
		a.loose(rec)
		return nil
	}
	if c := d.last; a.takes(d, rec, e) {
		a.add(c, rec, &Hop{event: e, line: uint8(min(rec.Event.Line, 255))})
		a.touch(c)
		return a.part(c)
	}
	if len(d.pending) >= maxPending {
		a.loose(&d.pending[0].rec)
		d.pending = append(d.pending[:0], d.pending[1:]...)
	}
	p := pendingEvent{rec: *rec}
	p.data = append(p.data, rec.Data...)
	p.rec.Data = p.data
	p.rec.Observer = bytes.Clone(rec.Observer)
	p.rec.Event.Subject = bytes.Clone(rec.Event.Subject)
	p.rec.Origin.Map = bytes.Clone(rec.Origin.Map)
	d.pending = append(d.pending, p)
	return nil
}

// tieDevice gives the pending events of a device that are of it (see attempt.go) to the call that its INVITE begins, or, where a capture of the same call is read beside its log, to that whose INVITE it is
// the first to log. hop is the newest hop of c; the events go before it.
func (a *Assembler) tieDevice(c *openCall, rec *capture.Record, hop *Hop) {
	if hop.Method != sip.MethodInvite || len(c.records) != 1 && !a.firstOfDevice(c, rec) {
		return
	}
	key := a.deviceKey(rec.Observer, rec.Origin.Source)
	d := a.devices[key]
	if d == nil {
		if len(a.devices) >= maxDevices {
			return
		}
		d = a.device(key)
	}
	d.last, d.lastSeq = c, c.seq
	// Somebody who lifts the handset while it rings answers this call, and begins none. With more than one Via it came by a proxy, from another SPA maybe.
	d.called = hop.Status == 0 && (hop.vias > 1 || hop.flags&hopTagCaller == 0) &&
		(hop.viaHost != hostHash(rec.Observer) || hop.vias > 1 && sharedAddress(rec.Observer))
	if len(d.pending) == 0 || hop.Status != 0 || hop.toTag != 0 {
		return
	}
	verdicts := a.sift(d, c, rec)
	n := len(c.records) - 1
	first := c.records[n]
	c.records = c.records[:n]
	kept, waiting := 0, d.pending[:0]
	for i, p := range d.pending {
		switch verdicts[i] {
		case verdictWaits:
			waiting = append(waiting, p)
		case verdictTaken:
			a.add(c, &p.rec, &Hop{event: eventOf(p.rec.Event.Name), line: uint8(min(p.rec.Event.Line, 255))})
			kept++
		case verdictLoose:
			a.loose(&p.rec)
		}
	}
	c.records = append(a.records(c.records), first)
	d.pending = waiting
	if c.rare != nil {
		for i := range c.rare.joined {
			if c.rare.joined[i].Hop >= n {
				c.rare.joined[i].Hop += kept
			}
		}
	}
}

// endedAt reports whether a host has logged what ends, or answers, a call: what another one has logged within that second may have come later.
func (a *Assembler) endedAt(o *openCall, rec *capture.Record) bool {
	if o.rare == nil {
		return o.over // it is the only one
	}
	n, shared, log := a.name(o, rec.Observer), sharedAddress(rec.Observer), a.logOf(rec.Origin.Source)
	return slices.ContainsFunc(o.records, func(p packed) bool {
		return p.observer == n && !(shared && a.logOf(o.sourceOf(&p)) != log) && (p.status >= 200 && p.method == sip.MethodInvite || p.method == sip.MethodBye)
	})
}

// firstOfDevice reports whether the newest record of a call is the first that its host logged.
func (a *Assembler) firstOfDevice(o *openCall, rec *capture.Record) bool {
	newest := len(o.records) - 1
	shared, log := o.rare != nil && sharedAddress(rec.Observer), a.logOf(rec.Origin.Source)
	return !slices.ContainsFunc(o.records[:newest], func(p packed) bool {
		return p.observer == o.records[newest].observer && !(shared && a.logOf(o.sourceOf(&p)) != log)
	})
}

// lineFits reports whether a device's line number agrees with the tags of the call: an SPA's own tags end in "o0" or "i0" for its line 1.
// A call that says nothing fits every line. In one that came to the device the caller's tag is not its own.
func (a *Assembler) lineFits(c *openCall, called bool, line int) bool {
	if line == 0 {
		return true
	}
	for i := range c.records {
		p := &c.records[i]
		if p.kind != capture.KindMessage {
			if n := p.vias; n != 0 { // of an event its line
				return int(n) == line
			}
			continue
		}
		if p.flags&(hopTagCaller|hopTagCallee) != 0 {
			if n := a.tagLine(c, p, called); n != 0 {
				return n == line
			}
		}
	}
	return true
}

// tagLine returns the line of the SPA by the end of a tag of the message, from 1; 0 if none tells.
func (a *Assembler) tagLine(c *openCall, p *packed, called bool) int {
	text := a.store.text(&c.text, p.data, nil)
	if p.flags&hopBrief != 0 {
		// Its text is those two values, of what may begin a call.
		from, to := p.fromField, p.toField
		if n := spaLine(sip.TagOf(text[from.off:][:from.len]), 'o'); n != 0 && !called {
			return n
		}
		return spaLine(sip.TagOf(text[to.off:][:to.len]), 'i')
	}
	if p.flags&hopShown != 0 {
		text, _ = p.escape.AppendUnescaped(nil, text, nil)
	}
	m := sip.Parse(text)
	if n := spaLine(m.FromTag(), 'o'); n != 0 && !called {
		return n
	}
	return spaLine(m.ToTag(), 'i')
}

// spaLine reads the end of a tag that an SPA made: 14 to 16 hex digits, "o" (it calls) or "i" (it is called), and the line from 0.
func spaLine(tag []byte, way byte) int {
	n := len(tag)
	if n < 13 || n > 20 || tag[n-2] != way || tag[n-1] < '0' || tag[n-1] > '9' {
		return 0
	}
	hex := uint8(1)
	for _, ch := range tag[:n-2] {
		hex &= smallHex[ch]
	}
	if hex == 0 {
		return 0
	}
	return int(tag[n-1]-'0') + 1
}

// smallHex marks the hexadecimal digits with small letters.
var smallHex = func() (t [256]uint8) {
	for _, c := range []byte("0123456789abcdef") {
		t[c] = 1
	}
	return t
}()
