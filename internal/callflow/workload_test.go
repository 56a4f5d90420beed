package callflow

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/workload"
)

// traffic is a workload as records, with the truth of each Call-ID.
type traffic struct {
	records []capture.Record
	owner   []int // of each record, the number of its call
	truth   map[string]workload.Call
}

// makeTraffic makes records of a workload as a capture (addresses, microseconds) or as the adapters' syslog (their host, no
// addresses, one second, no year).
func makeTraffic(t testing.TB, o workload.Options, syslog bool) *traffic {
	t.Helper()
	plan, err := workload.Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	tr := &traffic{truth: map[string]workload.Call{}}
	number := map[string]int{}
	for m := range plan.Messages() {
		if m.First {
			number[m.Call.CallID] = len(tr.truth)
			tr.truth[m.Call.CallID] = *m.Call
		}
		rec := capture.Record{Kind: capture.KindMessage, Data: slices.Clone(m.Data)}
		rec.Origin.Number = int64(len(tr.records) + 1)
		if syslog {
			rec.Time = timeOf(m.Time, 0, "yearless")
			rec.Observer = []byte(m.Host.String())
		} else {
			rec.Time = timeOf(m.Time, 6, "utc")
			rec.Src, rec.Dst = endpointOf(m.Src), endpointOf(m.Dst)
			rec.Origin.Unit = capture.Frame
		}
		tr.records = append(tr.records, rec)
		tr.owner = append(tr.owner, number[m.Call.CallID])
	}
	return tr
}

func endpointOf(a netip.AddrPort) capture.Endpoint {
	return capture.Endpoint{Addr: a.Addr(), Port: a.Port(), Transport: capture.UDP}
}

// digest is what is compared of a call.
type digest struct {
	kind, outcome                 string
	status                        int
	messages, distinct, duplicate int
	ring, talk                    int64 // milliseconds, -1
	missing                       int
	conflicts                     int
	unknownWay                    int // messages of unknown direction
	caller                        string
}

func digestOf(c *Call) digest {
	d := digest{kind: c.Kind.String(), outcome: c.Outcome.String(), status: c.Status, ring: -1, talk: -1, missing: len(c.Missing), conflicts: len(c.Conflicts)}
	for i := range c.Hops {
		h := &c.Hops[i]
		switch {
		case h.Duplicate:
			d.duplicate++
			continue
		case h.RepeatOf < 0:
			d.distinct++
		}
		if d.messages++; h.Direction == capture.DirectionUnknown {
			d.unknownWay++
		}
	}
	if c.Ring >= 0 {
		d.ring = c.Ring.Milliseconds()
	}
	if c.Talk >= 0 {
		d.talk = c.Talk.Milliseconds()
	}
	if c.Caller >= 0 {
		p := &c.Participants[c.Caller]
		if e, ok := c.Address(p); ok {
			d.caller = e.Addr.String()
		} else if d.caller = string(c.Host(p)); d.caller == "" {
			d.caller = "the other side"
		}
	}
	return d
}

// assemble feeds records and returns each call's digest by Call-ID.
func assemble(t testing.TB, records []capture.Record) map[string]digest {
	t.Helper()
	out := map[string]digest{}
	f := feeder{a: NewAssembler(Options{Emit: func(c *Call) error {
		checkCall(t, c)
		ids := c.CallIDs()
		if len(ids) != 1 {
			t.Errorf("call %d has Call-IDs %q", c.Seq, ids)
			return nil
		}
		if _, twice := out[ids[0]]; twice {
			t.Errorf("%s comes in two parts", ids[0])
		}
		out[ids[0]] = digestOf(c)
		return nil
	}})}
	for _, r := range records {
		if err := f.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.a.Close(); err != nil {
		t.Fatal(err)
	}
	if f.a.used != 0 {
		t.Errorf("%d bytes still in use after Close", f.a.used)
	}
	return out
}

func compare(t *testing.T, what string, got, want map[string]digest) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d calls, want %d", what, len(got), len(want))
	}
	for id, w := range want {
		if g := got[id]; g != w {
			t.Errorf("%s: %s:\n got %+v\nwant %+v", what, id, g, w)
		}
	}
}

// The same traffic as a capture and as syslog gives what the generator knows to be true.
func TestWorkloadTruth(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		for _, syslog := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d syslog %v", seed, syslog), func(t *testing.T) {
				tr := makeTraffic(t, workload.Options{Calls: 300, Seed: seed}, syslog)
				got := assemble(t, tr.records)
				if len(got) != len(tr.truth) {
					t.Errorf("%d calls, want %d", len(got), len(tr.truth))
				}
				for id, w := range tr.truth {
					g := got[id]
					ring, talk := w.RingMS, w.TalkMS
					if syslog {
						ring, talk = w.RingMSSeconds, w.TalkMSSeconds
					}
					if g.kind != w.Kind.String() || g.outcome != w.Outcome || g.status != w.Status || g.messages != w.Messages || g.distinct != w.Distinct ||
						g.ring != ring || g.talk != talk || g.duplicate != 0 || g.conflicts != 0 {
						t.Errorf("%s (%v): got %+v, want %v %s %d, %d messages, %d distinct, ring %d talk %d", id, w.Scenario, g, w.Kind, w.Outcome, w.Status,
							w.Messages, w.Distinct, ring, talk)
					}
					if syslog && g.unknownWay != 0 {
						t.Errorf("%s (%v): %d messages of unknown direction", id, w.Scenario, g.unknownWay)
					}
					if out := w.From != "" && w.From[0] == 's'; out && g.caller != w.Host.String() || !out && g.caller == w.Host.String() {
						t.Errorf("%s (%v): the caller is %s, the adapter %v", id, w.Scenario, g.caller, w.Host)
					}
				}
			})
		}
	}
}

// Records of one time stamp stand in the order in which they came; between different calls that order says nothing.
func TestOrderOfOtherCalls(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 300, Seed: 4, Rate: 50}, true)
	want := assemble(t, tr.records)
	rng := rand.New(rand.NewPCG(4, 4))
	for range 3 {
		mixed := slices.Clone(tr.records)
		owner := slices.Clone(tr.owner)
		swaps := 0
		for range 20 {
			for i := 1; i < len(mixed); i++ {
				if mixed[i].Time.Clock == mixed[i-1].Time.Clock && owner[i] != owner[i-1] && rng.IntN(2) == 0 {
					mixed[i], mixed[i-1], owner[i], owner[i-1] = mixed[i-1], mixed[i], owner[i-1], owner[i]
					swaps++
				}
			}
		}
		if swaps == 0 {
			t.Fatal("nothing was swapped")
		}
		compare(t, "swapped", assemble(t, mixed), want)
	}
}

// A log that has each line twice has the same calls, and as many duplicates as lines. Of calls without retransmissions.
func TestEveryRecordTwice(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 300, Seed: 5, Retransmit: -1, InProgress: -1}, false)
	want := assemble(t, tr.records)
	for id, w := range want {
		w.duplicate = w.messages
		want[id] = w
	}
	compare(t, "doubled", assemble(t, doubled(tr)), want)
}

// The same in a log of one second, of calls without retransmissions.
func TestEveryLineTwice(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 300, Seed: 6, Retransmit: -1, InProgress: -1}, true)
	want := assemble(t, tr.records)
	for id, w := range want {
		w.duplicate = w.messages
		want[id] = w
	}
	compare(t, "doubled", assemble(t, doubled(tr)), want)
}

func doubled(tr *traffic) []capture.Record {
	var twice []capture.Record
	for _, r := range tr.records {
		twice = append(twice, r, r)
	}
	return twice
}

// A log in which every record is a little late, by a lag that comes and goes, and one that begins at another time, tell
// of the same calls. Lengths may differ by the lag.
func TestLateRecords(t *testing.T) {
	tr := makeTraffic(t, workload.Options{Calls: 300, Seed: 7, InProgress: -1}, false)
	want := assemble(t, tr.records)
	strip := func(m map[string]digest) map[string]digest {
		for id, d := range m {
			d.ring, d.talk = min(d.ring, 0), min(d.talk, 0) // whether, not how long
			m[id] = d
		}
		return m
	}
	strip(want)
	rng := rand.New(rand.NewPCG(7, 7))
	late := slices.Clone(tr.records)
	last := int64(0)
	for i := range late {
		at := time.Unix(0, late[i].Time.Clock).UTC().Add(37*24*time.Hour + time.Duration(rng.IntN(200))*time.Millisecond)
		if at.UnixNano() < last {
			at = time.Unix(0, last).UTC()
		}
		last = at.UnixNano()
		late[i].Time = timeOf(at, 6, "utc")
	}
	// A lag can bring two transmissions so close that they look like one that was logged twice; that is not compared.
	got := strip(assemble(t, late))
	for id, g := range got {
		g.messages += g.duplicate
		g.duplicate = 0
		got[id] = g
	}
	for id, g := range got {
		if w := want[id]; g.outcome != w.outcome || g.status != w.status || g.messages != w.messages || g.distinct != w.distinct || g.ring != w.ring || g.talk != w.talk {
			t.Errorf("late: %s:\n got %+v\nwant %+v", id, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("late: %d calls, want %d", len(got), len(want))
	}
}
