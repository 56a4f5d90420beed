package callflow

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"sipscribe/internal/capture"
)

// beside returns records together with those of them that another source has, by a clock that is ahead: as decode.Merge gives them, by time.
func beside(records []capture.Record, source int32, ahead time.Duration, has func(n int) bool) []capture.Record {
	both := slices.Clone(records)
	for n, r := range records {
		if has(n) {
			r.Origin.Source = source
			r.Time.Clock += int64(ahead)
			both = append(both, r)
		}
	}
	slices.SortStableFunc(both, func(a, b capture.Record) int { return int(max(-1, min(1, a.Time.Clock-b.Time.Clock))) })
	return both
}

func all(int) bool { return true }

// sentOnce returns for each call how many transmissions are told, in the order in which they were before the clocks parted, and by how much which source is ahead of which.
func sentOnce(t *testing.T, records []capture.Record, rows bool) []string {
	t.Helper()
	var calls []string
	a := NewAssembler(Options{Rows: rows, Emit: func(c *Call) error {
		checkCall(t, c)
		var order []int64
		for i := range c.Hops {
			if !c.Hops[i].Duplicate {
				order = append(order, c.Hops[i].start)
			}
		}
		call := fmt.Sprint(c.Outcome, c.Status, order)
		for n := 0; ; n++ {
			hop, than, ahead, ok := c.ClocksDiffer(n)
			if !ok {
				break
			}
			call += fmt.Sprintf(" %d-%d: %v", c.Hops[hop].source, c.Hops[than].source, ahead)
		}
		calls = append(calls, call)
		return nil
	}})
	for i := range records {
		r := records[i]
		r.Origin.Number = int64(i + 1)
		if err := a.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return calls
}

var skews = []time.Duration{2 * time.Second, 3 * time.Second, time.Minute, time.Hour, -2 * time.Second, -time.Minute, -time.Hour}

// Of two who record one call by clocks that differ it is told once, by the clock of the first.
func TestClocksDiffer(t *testing.T) {
	scenes := map[string]string{"sent again": `
10:00:00 A->P INVITE 1 branch=a1
10:00:02 A->P INVITE 1 branch=a1
10:00:06 A->P INVITE 1 branch=a1
10:00:06 P->A 486 INVITE 1 branch=a1
10:00:06 A->P ACK 1 branch=a1`}
	for _, name := range []string{"busy", "answered, held by the callee, who hangs up", "answered and hung up by the caller, all in one second", "cancelled"} {
		scenes[name] = twoLogs[name]
	}
	for name, text := range scenes {
		records := slices.DeleteFunc(recordsOf(t, text), func(r capture.Record) bool { return r.Origin.Source != 0 })
		for _, rows := range []bool{false, true} {
			want := sentOnce(t, records, rows)
			if len(want) != 1 {
				t.Fatalf("%s: %v", name, want)
			}
			for _, ahead := range skews {
				for _, lost := range []int{-1, len(records) - 2} {
					got := sentOnce(t, beside(records, 1, ahead, func(n int) bool { return n != lost }), rows)
					if name == "sent again" && lost >= 0 {
						continue // without the answer nothing is proven
					}
					if len(got) != 1 || got[0] != fmt.Sprintf("%s 1-0: %v", want[0], ahead) {
						t.Errorf("%s, %v ahead, without %d, rows %v:\n%v, want\n%v", name, ahead, lost, rows, got, want)
					}
				}
			}
		}
	}
}

// What a proxy has of both its sides is told among what one of them has.
func TestClockOfProxyDiffers(t *testing.T) {
	records := recordsOf(t, twoLogs["busy"])
	want := sentOnce(t, records, false)
	ofA := func(n int) bool { return records[n].Origin.Source == 0 }
	for _, ahead := range skews {
		all := slices.Clone(records)
		for i := range all {
			all[i].Origin.Source = 0
		}
		got := sentOnce(t, beside(all, 1, ahead, ofA), false)
		if len(got) != 1 || got[0] != fmt.Sprintf("%s 1-0: %v", want[0], ahead) {
			t.Errorf("%v ahead: %v, want %v", ahead, got, want)
		}
	}
}

// What was sent again stands in two parts of a log, and what is one hop further in two logs: no clock is wrong.
func TestClocksAgree(t *testing.T) {
	for name, text := range map[string]string{
		"a request that had no answer": `
10:00:00 A->P INVITE 1 branch=a1 src=0
10:00:00 P->A 100 INVITE 1 branch=a1 src=0
10:00:04 A->P INVITE 1 branch=a1 src=1
10:00:04 P->A 100 INVITE 1 branch=a1 src=1
10:00:05 P->A 486 INVITE 1 branch=a1 src=1
10:00:05 A->P ACK 1 branch=a1 src=1`,
		"a request whose answer was lost": `
10:00:00 P->A OPTIONS 1 branch=a1 src=0
10:00:00 A->P 200 OPTIONS 1 branch=a1 src=0
10:00:04 P->A OPTIONS 1 branch=a1 src=1
10:00:04 A->P 200 OPTIONS 1 branch=a1 src=1`,
		"an answer whose ACK was lost": `
10:00:00 A->P INVITE 1 branch=a1 src=0
10:00:00 P->A 200 INVITE 1 branch=a1 src=0
10:00:00 A->P ACK 1 branch=a2 src=0
10:00:04 P->A 200 INVITE 1 branch=a1 src=1
10:00:04 A->P ACK 1 branch=a2 src=1
10:00:09 A->P BYE 2 branch=a3 to=b src=1
10:00:09 P->A 200 BYE 2 branch=a3 to=b src=1`,
		"two telephones": twoLogs["busy"],
	} {
		records := recordsOf(t, text)
		var order []int
		for i := range records {
			order = append(order, i)
		}
		got := sentOnce(t, records, false)
		if len(got) != 1 || got[0][len(got[0])-len(fmt.Sprint(order)):] != fmt.Sprint(order) {
			t.Errorf("%s: %v, want %v", name, got, order)
		}
	}
	// Differences that are not the same say nothing of clocks.
	records := recordsOf(t, twoLogs["cancelled"])
	both := beside(records, 5, time.Minute, all)
	for i := range both {
		if both[i].Origin.Source == 5 {
			both[i].Time.Clock += int64(i) * int64(2*time.Second)
		}
	}
	if got := sentOnce(t, both, false); slices.ContainsFunc(got, func(s string) bool { return s[len(s)-1] != ']' }) {
		t.Errorf("a clock that runs: %v", got)
	}
}

// What one call has told of two clocks holds for a request of which nothing else tells that it was not sent again.
func TestClocksKnown(t *testing.T) {
	records := recordsOf(t, `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 486 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a1
10:30:00 P->A OPTIONS 1 branch=o1 id=c2
10:30:00 A->P 200 OPTIONS 1 branch=o1 id=c2`)
	want := []string{"busy 486 [0 1 2] 1-0: 3s", "done 200 [3 4] 1-0: 3s"}
	if got := sentOnce(t, beside(records, 1, 3*time.Second, all), false); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// By another difference it was.
	for _, ahead := range []time.Duration{9 * time.Second, -5 * time.Second} {
		both := append(beside(records[:3], 1, 3*time.Second, all), beside(records[3:], 1, ahead, all)...)
		if got := sentOnce(t, both, false); len(got) != 2 || got[1] != "done 200 [3 4 3 4]" {
			t.Errorf("%v: %q", ahead, got)
		}
	}
}

// A log that cuts before CSeq and Call-ID has the branch, which is of no other request: its INVITE does not begin another call behind the end of the one that the capture shows.
func TestClockOfCutLogDiffers(t *testing.T) {
	for _, name := range []string{"busy", "answered and hung up by the caller, all in one second"} {
		records := slices.DeleteFunc(recordsOf(t, twoLogs[name]), func(r capture.Record) bool { return r.Origin.Source != 0 })
		want := sentOnce(t, records, false)
		for _, ahead := range []time.Duration{0, 7 * time.Second, -7 * time.Second} {
			both := beside(records, 1, ahead, all)
			for i := range both {
				if r := &both[i]; r.Origin.Source == 1 {
					r.Data = r.Data[:bytes.Index(r.Data, []byte("\r\nCall-ID:"))+6]
				} else {
					r.Origin.Unit, r.Observer = capture.Frame, nil
				}
			}
			suffix := fmt.Sprintf(" 1-0: %v", ahead)
			if ahead == 0 {
				suffix = ""
			}
			if got := sentOnce(t, both, false); len(got) != 1 || got[0] != want[0]+suffix {
				t.Errorf("%s, %v ahead: %v, want %v%s", name, ahead, got, want, suffix)
			}
		}
	}
}
