// Package workload makes SIP traffic of which everything is known: calls and registrations as a Sipura or Linksys SPA
// adapter makes them, with their truth beside them. `make bench` measures on it, and no figure is printed unless what was
// read agrees with the truth. Tests read it back.
//
//	Options ─ Generate ─▶ Plan ─ Messages ─▶ Message … in the order of time ─┬▶ SyslogWriter   spa.log
//	                                                                         ├▶ PcapWriter     sip.pcap
//	                                                                         └▶ TruthWriter    truth.csv, a row a call
//
// A plan is the same for the same options, to the byte. Calls interleave, but only those that are in progress at one time
// are in memory, so that a workload of a million calls needs no more room than one of a thousand.
//
// A message is written as its sender of those days wrote it: the adapter's requests with Via first and Allow after
// Content-Length, its responses with To first and Via last, unquoted display names, Call-ID hex-hex@address, CSeq from 101,
// tags that end in o0 (caller on line 1) to i1 (callee on line 2); the proxy's in the manner of an early Asterisk. Digest
// responses are right for Password. Everything is seen from the device, that is, a sent message at the time of sending
// and a received one at the time of arrival.
//
// The package is the yardstick of the others and so uses none of them: a mistake in a codec cannot hide by being made on
// both sides.
package workload

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Options say what traffic to make. The zero value of a field means its default; a negative share means none.
type Options struct {
	Calls int    // rows of the truth, registrations included; 0: no calls
	Seed  uint64 // the same seed and options give the same bytes
	// Rate is how many calls begin in a second of log time, on average. Default 10, at most 1000.
	Rate float64
	// Retransmit is the share of retransmissions among all messages, 0 to 0.3. Default 0.05.
	Retransmit float64
	// InProgress is the share of calls that have not ended when the log ends, 0 to 1. Default 0.002, and then at least one
	// call if there are twenty.
	InProgress float64
	// Start is when the first call begins, with a precision of a millisecond. Default 20 August 2009, 16:40:00 UTC.
	Start time.Time
	// Devices is how many adapters there are, each with two lines; up to 60,000. The default is as many as Rate needs so that
	// no line has two calls at a time, which at rates above 360 is not to be had.
	Devices int
	// Mix is which scenarios occur and how often. Default DefaultMix.
	Mix []Weight
}

// Weight is how often a scenario occurs, relative to the others of a mix. Weights below zero are refused.
type Weight struct {
	Scenario Scenario
	Weight   float64
}

// Limits on Options. A call has at most a few thousand bytes, so that they are no limit on memory.
const (
	maxCalls   = 50_000_000
	maxRate    = 1000
	maxShare   = 0.3
	maxDevices = 60_000
)

// longestCall bounds the time from the first message of a call to its last, of every scenario; a test holds them to it.
const longestCall = 220 * time.Second

// Plan is a workload that is known but not yet made.
type Plan struct {
	o   Options
	sum float64 // of the weights
}

// Message is one transmission, sent or received by a device. Data borrows a buffer until the next message is asked for; Call
// is whole from its first message on and is never used for another call.
type Message struct {
	Time     time.Time
	Src, Dst netip.AddrPort
	Host     netip.Addr // the device that logs it: one of Src and Dst
	Sent     bool       // by Host
	Repeat   bool       // a retransmission: the same bytes went the same way before
	First    bool       // the first message of Call
	Data     []byte
	Call     *Call
}

// Generate checks the options and returns the plan. Nothing is made until Messages is ranged over.
func Generate(o Options) (*Plan, error) {
	def := func(p *float64, v float64) {
		switch {
		case *p == 0:
			*p = v
		case *p < 0:
			*p = 0
		}
	}
	if o.Calls < 0 || o.Calls > maxCalls {
		return nil, fmt.Errorf("workload: %d calls, want 0 to %d", o.Calls, maxCalls)
	}
	if o.Rate == 0 {
		o.Rate = 10
	}
	if !(o.Rate > 0 && o.Rate <= maxRate) {
		return nil, fmt.Errorf("workload: rate of %v calls a second, want above 0 and at most %d", o.Rate, maxRate)
	}
	atLeastOne := o.InProgress == 0 && o.Calls >= 20
	def(&o.Retransmit, 0.05)
	def(&o.InProgress, 0.002)
	if !(o.Retransmit <= maxShare) {
		return nil, fmt.Errorf("workload: a share of %v retransmissions, want at most %v", o.Retransmit, maxShare)
	}
	if !(o.InProgress <= 1) {
		return nil, fmt.Errorf("workload: a share of %v calls in progress, want at most 1", o.InProgress)
	}
	o.InProgress = math.Round(o.InProgress * float64(o.Calls)) // from here on a number of calls
	if atLeastOne {
		o.InProgress = max(1, o.InProgress)
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2009, time.August, 20, 16, 40, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(time.Millisecond)
	// A pcap file counts seconds from 1970 in 32 bits; 10 years of log leave room for every workload.
	if y := o.Start.Year(); y < 1970 || y > 2095 {
		return nil, fmt.Errorf("workload: start in the year %d, want 1970 to 2095", y)
	}
	if o.Devices == 0 {
		// A line comes round again after 2*Devices/Rate seconds on average: half as long again as a call, and 40 calls more,
		// leave room for calls that come early.
		o.Devices = min(maxDevices, 20+int(math.Ceil(o.Rate*longestCall.Seconds()*0.75)))
	}
	if o.Devices < 1 || o.Devices > maxDevices {
		return nil, fmt.Errorf("workload: %d devices, want 1 to %d", o.Devices, maxDevices)
	}
	if o.Mix == nil {
		o.Mix = DefaultMix()
	}
	p := &Plan{o: o}
	p.o.Mix = slices.Clone(o.Mix)
	for _, w := range o.Mix {
		if int(w.Scenario) >= len(scenarios) {
			return nil, fmt.Errorf("workload: no scenario %d", w.Scenario)
		}
		if !(w.Weight >= 0) || math.IsInf(w.Weight, 0) {
			return nil, fmt.Errorf("workload: weight %v of %v", w.Weight, w.Scenario)
		}
		p.sum += w.Weight
	}
	if !(p.sum > 0) || math.IsInf(p.sum, 0) {
		return nil, errors.New("workload: the weights of the mix add up to nothing")
	}
	return p, nil
}

// Options returns the options of the plan, with defaults filled in; InProgress is there the number of calls.
func (p *Plan) Options() Options { return p.o }

// Messages yields the messages in the order of their times; of equal times, the call that began first comes first. It may
// be ranged over more than once and yields the same each time. The pointer is the same each time too.
func (p *Plan) Messages() iter.Seq[*Message] {
	return func(yield func(*Message) bool) { p.run(yield) }
}

func (p *Plan) run(yield func(*Message) bool) {
	var (
		g          = newGenerator(p)
		live       schedule
		free       []*script
		inProgress = int(p.o.InProgress)
		normal     = p.o.Calls - inProgress
		start      = p.o.Start.UnixMicro()
		made       int
		m          Message
	)
	add := func(s Scenario, at int64) {
		var c *script
		if n := len(free); n > 0 {
			c, free = free[n-1], free[:n-1]
		} else {
			c = new(script)
		}
		g.write(c, s, made, at)
		live.push(c)
		made++
	}
	// The time of a call's first message has a microsecond phase of its own, and all steps within a call are whole
	// milliseconds: so ring_ms and talk_ms are exact, and the same from stamps cut to the millisecond.
	next := start + g.rng.Int64N(1000)
	for {
		if made < normal && (live.len() == 0 || next <= live.top().at()) {
			add(p.pick(g.rng), next)
			if made < normal {
				next += int64(g.rng.ExpFloat64()/p.o.Rate*1e6) + 1
			}
			continue
		}
		if made == normal && inProgress > 0 {
			// All that ends has been made, so the end of the log is known, and what has not ended can be put before it.
			for _, u := range g.unfinished(inProgress, next, max(next, live.end())) {
				add(u.scenario, u.at)
			}
			inProgress = 0
			continue
		}
		if live.len() == 0 {
			return
		}
		c := live.top()
		x := c.sends[c.next]
		msg := c.msgs[x.msg]
		m = Message{Time: time.UnixMicro(x.at).UTC(), Src: proxyEndpoint, Dst: c.local, Host: c.local.Addr(), Sent: x.sent, Repeat: x.repeat,
			First: c.next == 0, Data: c.buf[msg.start:msg.end:msg.end], Call: c.call}
		if x.sent {
			m.Src, m.Dst = m.Dst, m.Src
		}
		if !yield(&m) {
			return
		}
		c.next++
		if c.next < len(c.sends) {
			live.fix()
		} else {
			live.pop()
			free = append(free, c)
		}
	}
}

// pick draws a scenario of the mix.
func (p *Plan) pick(r *rand.Rand) Scenario {
	x := r.Float64() * p.sum
	last := p.o.Mix[0].Scenario
	for _, w := range p.o.Mix {
		if w.Weight == 0 {
			continue
		}
		last = w.Scenario
		if x < w.Weight {
			break
		}
		x -= w.Weight
	}
	return last
}

// schedule is a binary heap of the calls in progress, the one whose next message is due first on top.
type schedule struct{ h []*script }

func (q *schedule) len() int     { return len(q.h) }
func (q *schedule) top() *script { return q.h[0] }

func before(a, b *script) bool {
	if x, y := a.at(), b.at(); x != y {
		return x < y
	}
	return a.index < b.index
}

func (q *schedule) push(c *script) {
	q.h = append(q.h, c)
	for i := len(q.h) - 1; i > 0; {
		up := (i - 1) / 2
		if !before(q.h[i], q.h[up]) {
			return
		}
		q.h[i], q.h[up] = q.h[up], q.h[i]
		i = up
	}
}

// fix puts the top in its place after its time has changed.
func (q *schedule) fix() {
	for i := 0; ; {
		least := 2*i + 1
		if least >= len(q.h) {
			return
		}
		if r := least + 1; r < len(q.h) && before(q.h[r], q.h[least]) {
			least = r
		}
		if !before(q.h[least], q.h[i]) {
			return
		}
		q.h[i], q.h[least] = q.h[least], q.h[i]
		i = least
	}
}

func (q *schedule) pop() {
	n := len(q.h) - 1
	q.h[0], q.h[n] = q.h[n], nil
	q.h = q.h[:n]
	q.fix()
}

// end returns the time of the last message of all calls in the schedule, in microseconds; 0 of none.
func (q *schedule) end() int64 {
	var end int64
	for _, c := range q.h {
		end = max(end, c.sends[len(c.sends)-1].at)
	}
	return end
}
