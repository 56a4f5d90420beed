package callflow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/workload"
)

// ledger holds an Assembler to account: every message that was fed comes out in exactly one call, events come out or are counted
// as loose, OldestOpen tells the truth at any time.
type ledger struct {
	t        testing.TB
	a        *Assembler
	f        feeder
	fed      map[int64]bool // by origin; true: has come out
	events   int
	out      int // events that came out
	emitted  map[int64]bool
	calls    int64
	evicted  int64
	resumed  int
	partsOf  map[string]int
	withHops func(*Call)
}

func newLedger(t testing.TB, memory int64) *ledger {
	l := &ledger{t: t, fed: map[int64]bool{}, emitted: map[int64]bool{}, partsOf: map[string]int{}}
	l.a = NewAssembler(Options{Memory: memory, Emit: l.emit})
	l.f.a = l.a
	return l
}

func (l *ledger) emit(c *Call) error {
	checkCall(l.t, c)
	if l.emitted[c.Seq] {
		l.t.Errorf("call %d was handed on twice", c.Seq)
	}
	l.emitted[c.Seq] = true
	l.calls++
	if c.Evicted {
		l.evicted++
	}
	if c.Resumed {
		l.resumed++
	}
	for _, id := range c.CallIDs() {
		l.partsOf[id]++
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind == capture.KindEvent {
			l.out++
			continue
		}
		n := c.Origin(h).Number
		if done, ok := l.fed[n]; !ok || done {
			l.t.Errorf("message %d: fed %v, came out before %v", n, ok, done)
		}
		l.fed[n] = true
	}
	if l.withHops != nil {
		l.withHops(c)
	}
	return nil
}

func (l *ledger) feed(rec capture.Record) {
	switch rec.Kind {
	case capture.KindMessage:
		l.fed[rec.Origin.Number] = false
	case capture.KindEvent:
		l.events++
	}
	if err := l.f.add(rec); err != nil {
		l.t.Fatal(err)
	}
	if l.a.used < 0 {
		l.t.Fatalf("%d bytes in use", l.a.used)
	}
	l.oldest()
}

// oldest checks that all calls below OldestOpen were handed on, and that it is the best such number: the next has not been.
func (l *ledger) oldest() {
	o := l.a.OldestOpen()
	for seq := o - 1; seq > 0 && seq > o-4; seq-- {
		if !l.emitted[seq] && l.a.absorbed == 0 {
			l.t.Fatalf("OldestOpen is %d, but call %d is open", o, seq)
		}
	}
	if l.emitted[o] {
		l.t.Fatalf("OldestOpen is %d, which was handed on", o)
	}
}

func (l *ledger) close() {
	if err := l.a.Close(); err != nil {
		l.t.Fatal(err)
	}
	for n, done := range l.fed {
		if !done {
			l.t.Errorf("message %d was lost", n)
		}
	}
	st := l.a.Stats()
	if st.Messages != int64(len(l.fed)) || st.Calls != l.calls || st.Evicted != l.evicted {
		l.t.Errorf("stats %+v; %d messages, %d calls, %d evicted", st, len(l.fed), l.calls, l.evicted)
	}
	if l.out+int(st.LooseEvents) != l.events {
		l.t.Errorf("%d events fed, %d came out, %d loose", l.events, l.out, st.LooseEvents)
	}
	if l.a.used != 0 || l.a.byID.n != 0 || len(l.a.byTag) != 0 || l.a.count != 0 || l.a.cutCalls != 0 {
		l.t.Errorf("after Close: %d bytes, %d Call-IDs, %d tags, %d calls, %d with cut messages", l.a.used, l.a.byID.n, len(l.a.byTag), l.a.count, l.a.cutCalls)
	}
	last := l.calls + l.a.absorbed
	if o := l.a.OldestOpen(); o != last+1 {
		l.t.Errorf("after Close OldestOpen is %d, want %d", o, last+1)
	}
	none := int64(0)
	for seq := int64(1); seq <= last; seq++ {
		if !l.emitted[seq] {
			none++
		}
	}
	if none != l.a.absorbed {
		l.t.Errorf("%d calls were not handed on, and %d absorbed", none, l.a.absorbed)
	}
}

// Random traffic, in random order, with random clocks and little memory: nothing is lost or doubled.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			l := newLedger(t, []int64{1, 20_000, 200_000, 0}[seed%4])
			at := time.Date(2000, 8, 20, 10, 0, 0, 0, time.UTC)
			domains := [...]string{"utc", "wall", "yearless", "clock"}
			for n := range 600 {
				rec := randomRecord(t, rng, int64(n+1))
				switch rng.IntN(12) {
				case 0:
					at = at.Add(-time.Duration(rng.IntN(100)) * time.Second)
				case 1:
					at = at.Add(time.Duration(rng.IntN(4000)) * time.Second)
				default:
					at = at.Add(time.Duration(rng.IntN(800)) * time.Millisecond)
				}
				if rng.IntN(20) != 0 {
					rec.Time = timeOf(at, rng.IntN(2)*3, domains[rng.IntN(1+int(seed%4))])
				}
				l.feed(rec)
			}
			l.close()
		})
	}
}

// randomRecord is a message or event of few parties, so that most have to do with each other.
func randomRecord(t testing.TB, rng *rand.Rand, number int64) capture.Record {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	rec := capture.Record{Kind: capture.KindMessage}
	rec.Origin.Number = number
	rec.Origin.Source = int32(rng.IntN(2))
	switch rng.IntN(4) {
	case 0:
		rec.Observer = []byte(pick("192.0.2.1", "192.0.2.101", "logserver", "127.0.0.1"))
	case 1:
		x, y := parties[pick("A", "B", "P")], parties[pick("A", "B", "P", "C")]
		rec.Src, rec.Dst = endpointOf(x), endpointOf(y)
	case 2:
		rec.Direction = capture.Direction(rng.IntN(3))
	}
	if rng.IntN(8) == 0 {
		rec.Kind = capture.KindEvent
		rec.Event = capture.Event{Name: pick("off-hook", "on-hook", "calling", "boot", "answered", "nonsense"), Line: rng.IntN(3)}
		rec.Data = []byte(rec.Event.Name)
		return rec
	}
	var m draft
	m.ends = [2]string{pick("A", "P", "B"), pick("A", "P", "B")}
	m.method = pick("INVITE", "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "REFER", "PRACK", "NONSENSE")
	if rng.IntN(2) == 0 {
		m.status = pick("100", "180", "183", "200", "302", "401", "407", "486", "487", "503")
	}
	m.cseq = pick("1", "2", "3")
	m.from, m.to = pick("a", "b", "c", "6240770a208ec24o0", "masked"), pick("a", "b", "c", "93f96d2c1eb40398i0", "none", "-")
	m.callID = pick("c1", "c2", "c3", "c4", "c5", "masked", "none")
	if rng.IntN(3) == 0 {
		m.branch, m.branchSet = pick("x", "y", "none"), true
	}
	if rng.IntN(3) == 0 {
		m.more = append(m.more, pick("x", "y", "1", "2"))
	}
	if rng.IntN(10) == 0 {
		m.via = "none"
	}
	switch rng.IntN(10) {
	case 0:
		m.word(t, "+Replaces:c1;to-tag=b;from-tag=a", "+Replaces:c1;to-tag", "b;from-tag=a", true)
	case 1:
		m.word(t, "+Refer-To:<sip:bob@example.com>", "", "", false)
	case 2:
		m.word(t, "+Session-ID:ab30317f1a784dc48ff824d0d3715d86", "", "", false)
	}
	if rng.IntN(4) == 0 {
		m.sdp = pick("1", "2")
	}
	rec.Data = m.build(&scene{parties: parties})
	return rec
}

// With a budget for a few calls the quietest are handed on, marked and counted, and what follows is marked as a further part.
func TestEvictionUnderLoad(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 200, Seed: 8, InProgress: -1}, false)
	l := newLedger(t, 100_000)
	most := int64(0)
	for i, r := range tr.records {
		r.Origin.Number = int64(i + 1)
		l.feed(r)
		most = max(most, l.a.used)
	}
	l.close()
	if l.evicted == 0 || l.resumed == 0 {
		t.Fatalf("%d evicted, %d resumed: the budget was not small", l.evicted, l.resumed)
	}
	// One call more than the budget may be there, the one that the newest message belongs to.
	if most > 100_000+60_000 {
		t.Errorf("%d bytes in use with a budget of 100,000", most)
	}
	for id, n := range l.partsOf {
		if _, ok := tr.truth[id]; !ok {
			t.Errorf("%d parts of an unknown call %s", n, id)
		}
	}
	if len(l.partsOf) != len(tr.truth) {
		t.Errorf("%d calls, want %d", len(l.partsOf), len(tr.truth))
	}
}

// A registration that goes on for a year comes in parts, each marked as continued but the last, each but the first as
// resumed; all of them registrations.
func TestEndlessRegistration(t *testing.T) {
	l := newLedger(t, 0)
	parts, continued, resumed := 0, 0, 0
	l.withHops = func(c *Call) {
		parts++
		if c.Kind != KindRegistration || c.Outcome != OutcomeRegistered {
			t.Errorf("part %d is a %v, %v", parts, c.Kind, c.Outcome)
		}
		if c.Continued {
			continued++
		}
		if c.Resumed {
			resumed++
		}
		if len(c.Hops) > 1000 {
			t.Errorf("part %d has %d messages", parts, len(c.Hops))
		}
	}
	s := &scene{parties: parties}
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	n := int64(0)
	for i := range 1950 {
		for _, line := range []string{
			fmt.Sprintf("- A->R REGISTER %d from=r%d contact=<sip:alice@192.0.2.1> expires=3600", i+1, i),
			fmt.Sprintf("- R->A 200 REGISTER %d from=r%d contact=<sip:alice@192.0.2.1>;expires=3600", i+1, i)} {
			rec := s.parseLine(t, line, "wire", "", "utc")
			n++
			rec.Origin.Number = n
			rec.Time = timeOf(at, 3, "utc")
			l.feed(rec)
		}
		at = at.Add(55 * time.Minute)
	}
	l.close()
	if parts < 4 || continued != parts-1 || resumed != parts-1 {
		t.Errorf("%d parts, %d continued, %d resumed", parts, continued, resumed)
	}
}

// A call with very many messages (telemetry in INFO, an attack) comes in parts too; no part is left out, and all are the call's.
func TestEndlessCall(t *testing.T) {
	l := newLedger(t, 0)
	parts, continued := 0, 0
	l.withHops = func(c *Call) {
		if parts++; c.Resumed != (parts > 1) || c.Kind != KindCall {
			t.Errorf("part %d is a %v, resumed %v", parts, c.Kind, c.Resumed)
		}
		if c.Continued {
			continued++
		}
	}
	s := &scene{parties: parties}
	lines := []string{"10:00:00.000 A->P INVITE 1", "10:00:00.010 P->A 200 INVITE 1", "10:00:00.020 A->P ACK 1 branch=k"}
	for n := range 25_000 {
		lines = append(lines, fmt.Sprintf("10:00:01.000 A->P INFO %d to=b", n+2))
	}
	for n, line := range lines {
		rec := s.parseLine(t, line, "wire", "", "utc")
		rec.Origin.Number = int64(n + 1)
		l.feed(rec)
	}
	l.close()
	if parts < 2 || continued != parts-1 {
		t.Errorf("%d parts, %d continued", parts, continued)
	}
}

// Hosts without end, each with an event of a call that never comes: all are counted, few are remembered.
func TestManyDevices(t *testing.T) {
	l := newLedger(t, 0)
	for n := range 70_000 {
		rec := capture.Record{Kind: capture.KindEvent, Observer: fmt.Appendf(nil, "host%d", n), Event: capture.Event{Name: "off-hook", Line: 1}, Data: []byte("Off Hook")}
		rec.Time = timeOf(time.Date(2000, 8, 20, 10, 0, 0, 0, time.UTC), 0, "yearless")
		l.feed(rec)
	}
	if n := len(l.a.devices); n > maxDevices {
		t.Errorf("%d devices are remembered, at most %d should be", n, maxDevices)
	}
	l.close()
}

// An error of Emit ends the work and is handed back.
func TestEmitError(t *testing.T) {
	stop := errors.New("disk full")
	a := NewAssembler(Options{Emit: func(*Call) error { return stop }})
	s := &scene{parties: parties}
	for _, line := range []string{"10:00:00.000 A->P INVITE 1", "10:00:00.010 P->A 486 INVITE 1"} {
		rec := s.parseLine(t, line, "wire", "", "utc")
		if err := a.Add(&rec); err != nil {
			t.Fatalf("before any call is over: %v", err)
		}
	}
	rec := s.parseLine(t, "12:00:00.000 tick", "wire", "", "utc")
	if err := a.Add(&rec); err != nil {
		t.Fatalf("one record alone does not move the log's time so far: %v", err)
	}
	if err := a.Add(&rec); err != stop {
		t.Errorf("Add: %v, want %v", err, stop)
	}
	rec = s.parseLine(t, "12:00:00.000 A->P INVITE 1 id=c2", "wire", "", "utc")
	if err := a.Add(&rec); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != stop {
		t.Errorf("Close: %v, want %v", err, stop)
	}
}
