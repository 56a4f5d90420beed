package callflow

import (
	"errors"
	"fmt"
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
		if !l.emitted[seq] {
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
	if l.a.used != 0 || len(l.a.byID) != 0 || len(l.a.byTag) != 0 || l.a.quiet != nil || l.a.busy != nil {
		l.t.Errorf("after Close: %d bytes, %d Call-IDs, %d tags, list %v", l.a.used, len(l.a.byID), len(l.a.byTag), l.a.quiet != nil)
	}
	if o := l.a.OldestOpen(); o != l.calls+1 {
		l.t.Errorf("after Close OldestOpen is %d, want %d", o, l.calls+1)
	}
	for seq := int64(1); seq <= l.calls; seq++ {
		if !l.emitted[seq] {
			l.t.Errorf("no call %d", seq)
		}
	}
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
