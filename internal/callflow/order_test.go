package callflow

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Calls through one proxy as its two telephones log them, in the order in which it happened, as RFC 3665 has it in 3.2 and 3.8. What A logs is in source 0, what B logs in source 1.
var twoLogs = map[string]string{
	"busy": `
10:00:00 A->P INVITE 1 branch=a1 @A src=0
10:00:00 P->A 407 INVITE 1 branch=a1 to=p @A src=0
10:00:00 A->P ACK 1 branch=a1 to=p @A src=0
10:00:00 A->P INVITE 2 branch=a2 @A src=0
10:00:00 P->B INVITE 2 branch=p2 via2=a2 @B src=1
10:00:00 P->A 100 INVITE 2 branch=a2 @A src=0
10:00:00 B->P 486 INVITE 2 branch=p2 via2=a2 @B src=1
10:00:00 P->B ACK 2 branch=p2 @B src=1
10:00:00 P->A 486 INVITE 2 branch=a2 @A src=0
10:00:00 A->P ACK 2 branch=a2 @A src=0`,
	"answered, held by the callee, who hangs up": `
10:00:00 A->P INVITE 1 branch=a1 @A src=0
10:00:00 P->A 407 INVITE 1 branch=a1 to=p @A src=0
10:00:00 A->P ACK 1 branch=a1 to=p @A src=0
10:00:00 A->P INVITE 2 branch=a2 sdp @A src=0
10:00:00 P->B INVITE 2 branch=p2 via2=a2 sdp @B src=1
10:00:00 P->A 100 INVITE 2 branch=a2 @A src=0
10:00:00 B->P 180 INVITE 2 branch=p2 via2=a2 @B src=1
10:00:00 P->A 180 INVITE 2 branch=a2 @A src=0
10:00:01 B->P 200 INVITE 2 branch=p2 via2=a2 sdp @B src=1
10:00:01 P->A 200 INVITE 2 branch=a2 sdp @A src=0
10:00:01 A->P ACK 2 branch=a3 @A src=0
10:00:01 P->B ACK 2 branch=p3 via2=a3 @B src=1
10:00:01 B->P INVITE 7 branch=b1 from=b to=a sdp @B src=1
10:00:01 P->A INVITE 7 branch=p4 via2=b1 from=b to=a sdp @A src=0
10:00:01 P->B 100 INVITE 7 branch=b1 from=b to=a @B src=1
10:00:01 A->P 200 INVITE 7 branch=p4 via2=b1 from=b to=a sdp @A src=0
10:00:01 P->B 200 INVITE 7 branch=b1 from=b to=a sdp @B src=1
10:00:01 B->P ACK 7 branch=b2 from=b to=a @B src=1
10:00:01 P->A ACK 7 branch=p5 via2=b2 from=b to=a @A src=0
10:00:02 B->P BYE 8 branch=b3 from=b to=a @B src=1
10:00:02 P->A BYE 8 branch=p6 via2=b3 from=b to=a @A src=0
10:00:02 A->P 200 BYE 8 branch=p6 via2=b3 from=b to=a @A src=0
10:00:02 P->B 200 BYE 8 branch=b3 from=b to=a @B src=1`,
	"answered and hung up by the caller, all in one second": `
10:00:00 A->P INVITE 1 branch=a1 sdp @A src=0
10:00:00 P->B INVITE 1 branch=p1 via2=a1 sdp @B src=1
10:00:00 P->A 100 INVITE 1 branch=a1 @A src=0
10:00:00 B->P 180 INVITE 1 branch=p1 via2=a1 @B src=1
10:00:00 P->A 180 INVITE 1 branch=a1 @A src=0
10:00:00 B->P 200 INVITE 1 branch=p1 via2=a1 sdp @B src=1
10:00:00 P->A 200 INVITE 1 branch=a1 sdp @A src=0
10:00:00 A->P ACK 1 branch=a2 @A src=0
10:00:00 P->B ACK 1 branch=p2 via2=a2 @B src=1
10:00:00 A->P BYE 2 branch=a3 to=b @A src=0
10:00:00 P->B BYE 2 branch=p3 via2=a3 to=b @B src=1
10:00:00 B->P 200 BYE 2 branch=p3 via2=a3 to=b @B src=1
10:00:00 P->A 200 BYE 2 branch=a3 to=b @A src=0`,
	"cancelled": `
10:00:00 A->P INVITE 1 branch=a1 @A src=0
10:00:00 P->B INVITE 1 branch=p1 via2=a1 @B src=1
10:00:00 P->A 100 INVITE 1 branch=a1 @A src=0
10:00:00 B->P 180 INVITE 1 branch=p1 via2=a1 @B src=1
10:00:00 P->A 180 INVITE 1 branch=a1 @A src=0
10:00:04 A->P CANCEL 1 branch=a1 @A src=0
10:00:04 P->B CANCEL 1 branch=p1 @B src=1
10:00:04 P->A 200 CANCEL 1 branch=a1 to=p @A src=0
10:00:04 B->P 200 CANCEL 1 branch=p1 @B src=1
10:00:04 B->P 487 INVITE 1 branch=p1 via2=a1 @B src=1
10:00:04 P->B ACK 1 branch=p1 @B src=1
10:00:04 P->A 487 INVITE 1 branch=a1 @A src=0
10:00:04 A->P ACK 1 branch=a1 @A src=0`,
	"redirected to a third telephone": `
10:00:00 A->P INVITE 1 branch=a1 @A src=0
10:00:00 P->B INVITE 1 branch=p1 via2=a1 @B src=1
10:00:00 P->A 100 INVITE 1 branch=a1 @A src=0
10:00:00 B->P 302 INVITE 1 branch=p1 via2=a1 @B src=1
10:00:00 P->B ACK 1 branch=p1 @B src=1
10:00:00 P->C INVITE 1 branch=p2 via2=a1 @C src=2
10:00:00 C->P 486 INVITE 1 branch=p2 via2=a1 to=c @C src=2
10:00:00 P->C ACK 1 branch=p2 to=c @C src=2
10:00:00 P->A 486 INVITE 1 branch=a1 to=c @A src=0
10:00:00 A->P ACK 1 branch=a1 to=c @A src=0`,
	"registered": `
10:00:00 A->P REGISTER 1 branch=a1 @A src=0
10:00:00 P->R REGISTER 1 branch=p1 via2=a1 @R src=1
10:00:00 R->P 401 REGISTER 1 branch=p1 via2=a1 to=r @R src=1
10:00:00 P->A 401 REGISTER 1 branch=a1 to=r @A src=0
10:00:00 A->P REGISTER 2 branch=a2 from=a9 @A src=0
10:00:00 P->R REGISTER 2 branch=p2 via2=a2 from=a9 @R src=1
10:00:00 R->P 200 REGISTER 2 branch=p2 via2=a2 to=r2 from=a9 @R src=1
10:00:00 P->A 200 REGISTER 2 branch=a2 to=r2 from=a9 @A src=0`,
}

// told assembles records, of which Origin.Start is where they stood in the story, and returns for each call where its hops stood, without the brackets.
func told(t *testing.T, records []capture.Record, rows bool) []string {
	return toldBut(t, records, rows, func(*Hop) bool { return false })
}

// toldBut is told without some of the hops.
func toldBut(t *testing.T, records []capture.Record, rows bool, leaveOut func(*Hop) bool) []string {
	t.Helper()
	var calls []string
	a := NewAssembler(Options{Rows: rows, Emit: func(c *Call) error {
		var order []int64
		for i := range c.Hops {
			if !leaveOut(&c.Hops[i]) {
				order = append(order, c.Hops[i].start)
			}
		}
		calls = append(calls, fmt.Sprint(c.Outcome, c.Status, len(c.Missing), order))
		checkCall(t, c)
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

func recordsOf(t *testing.T, text string) []capture.Record {
	s := parseScene(t, strings.Split("feed log=A"+text, "\n"))
	var records []capture.Record
	for i := range s.lines {
		r := s.lines[i].rec
		r.Origin.End += int64(i) - r.Origin.Start
		r.Origin.Start = int64(i)
		records = append(records, r)
	}
	return records
}

// Two logs of one call tell it in the order in which it happened, whichever of them is named first.
func TestOrderOfSources(t *testing.T) {
	for name, text := range twoLogs {
		records := recordsOf(t, text)
		want := told(t, records, false)
		if len(want) != 1 {
			t.Fatalf("%s: %d calls", name, len(want))
		}
		for _, sources := range [][]int32{{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}} {
			for _, rows := range []bool{false, true} {
				// As decode.Merge gives them: by time, and within one each source as they were named.
				merged := slices.Clone(records)
				slices.SortStableFunc(merged, func(a, b capture.Record) int {
					if d := a.Time.Clock - b.Time.Clock; d != 0 {
						return int(max(-1, min(1, d)))
					}
					return slices.Index(sources, a.Origin.Source) - slices.Index(sources, b.Origin.Source)
				})
				for i := range merged {
					merged[i].Origin.Source = int32(slices.Index(sources, merged[i].Origin.Source))
				}
				if got := told(t, merged, rows); !slices.Equal(got, want) {
					t.Errorf("%s, %v, rows %v:\n%v, want\n%v", name, sources, rows, got, want)
				}
			}
		}
	}
}

// Parts of one log in any order: its calls are told as they were.
func TestOrderOfParts(t *testing.T) {
	shuffles, left := 0, 0
	for name, text := range twoLogs {
		rng := rand.New(rand.NewSource(1))
		for source := range int32(3) {
			records := slices.DeleteFunc(recordsOf(t, text), func(r capture.Record) bool { return r.Origin.Source != source })
			if len(records) == 0 {
				continue
			}
			// A 180 behind the 200 of its second may have come so late, and the answer to a CANCEL after the 487: they stay there if nothing else stands wrong.
			late := func(h *Hop) bool { return h.Status/100 == 1 || h.Status != 0 && h.Method == sip.MethodCancel }
			want := toldBut(t, records, false, late)
			try := func(how string, parts []capture.Record) {
				for _, rows := range []bool{false, true} {
					if got := toldBut(t, parts, rows, late); !slices.Equal(got, want) {
						if strings.HasPrefix(how, "shuffled") && len(got) == 1 && strings.HasSuffix(got[0], inPlace(want[0], parts)) {
							left++
							continue
						}
						t.Errorf("%s, source %d, %s, rows %v:\n%v, want\n%v", name, source, how, rows, got, want)
					}
				}
			}
			backwards := slices.Clone(records)
			slices.Reverse(backwards)
			try("backwards", backwards)
			for cut := 1; cut < len(records); cut++ {
				try(fmt.Sprintf("from %d on first", cut), slices.Concat(records[cut:], records[:cut]))
				try(fmt.Sprintf("to %d backwards", cut), slices.Concat(backwards[len(records)-cut:], records[cut:]))
			}
			for n := range 50 {
				shuffled := slices.Clone(records)
				rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				try(fmt.Sprintf("shuffled %d", n), shuffled)
				shuffles++
			}
		}
	}
	// On a network one may overtake another, so that a few of the shuffles might have come about: they stay as they stand.
	if left > shuffles/100 {
		t.Errorf("%d of %d shuffles were left as they stand", left, shuffles)
	}
}

// inPlace returns the list of the messages of a call as it ends when they are told in the order in which they stand.
func inPlace(told string, parts []capture.Record) string {
	numbers := strings.Fields(strings.Trim(told[strings.IndexByte(told, '['):], "[]"))
	var list []string
	for i := range parts {
		if n := fmt.Sprint(parts[i].Origin.Start); slices.Contains(numbers, n) {
			list = append(list, n)
		}
	}
	return fmt.Sprint(list)
}

// Forged messages that are all before each other are told all the same, and each once.
func TestOrderOfForgeries(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for range 300 {
		var lines strings.Builder
		for range 3 + rng.Intn(40) {
			what := []string{"INVITE", "ACK", "CANCEL", "BYE", "180 INVITE", "200 INVITE", "487 INVITE", "200 CANCEL", "302 INVITE"}[rng.Intn(9)]
			ends := "A->P"
			if what[0] < 'A' {
				ends = "P->A"
			}
			fmt.Fprintf(&lines, "\n10:00:0%d %s %s %d branch=x%d via2=x%d via3=x%d from=t%d to=t%d src=%d", rng.Intn(2), ends, what, 1+rng.Intn(2),
				rng.Intn(3), rng.Intn(3), rng.Intn(3), rng.Intn(2), rng.Intn(2), rng.Intn(3))
		}
		records := recordsOf(t, lines.String())
		seen := map[string]int{}
		for _, call := range told(t, records, false) {
			at := strings.IndexByte(call, '[')
			for _, n := range strings.Fields(strings.Trim(call[at:], "[]")) {
				seen[n]++
			}
		}
		for i := range records {
			if n := seen[fmt.Sprint(i)]; n != 1 {
				t.Fatalf("message %d was told %d times in%s", i, n, lines.String())
			}
		}
	}
}

// Messages of one second that come in an order which is rare, and right, are told as they stand.
func TestOrderHolds(t *testing.T) {
	for name, text := range map[string]string{
		"a CANCEL, with the number of its INVITE, behind a PRACK": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 183 INVITE 1 branch=a1
10:00:00 A->P PRACK 2 branch=a2 to=b
10:00:00 P->A 200 PRACK 2 branch=a2
10:00:00 A->P CANCEL 1 branch=a1
10:00:00 P->A 200 CANCEL 1 branch=a1
10:00:00 P->A 487 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a1`,
		"a 200 that comes again crosses the BYE, and is acknowledged again": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 200 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a2
10:00:00 A->P BYE 2 branch=a3 to=b
10:00:00 P->A 200 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a4
10:00:00 P->A 200 BYE 2 branch=a3`,
		"a BYE before the answer, which it crosses": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 180 INVITE 1 branch=a1
10:00:00 A->P BYE 2 branch=a2 to=b
10:00:00 P->A 200 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a3
10:00:00 P->A 200 BYE 2 branch=a2`,
		"a BYE crosses a provisional response to the INVITE before it, and a BYE of the other side": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 200 INVITE 1 branch=a1 to=b
10:00:00 A->P ACK 1 branch=a2 to=b
10:00:00 A->P INVITE 2 branch=a3 to=b
10:00:00 A->P BYE 3 branch=a4 to=b
10:00:00 P->A BYE 1 branch=b1 from=b to=a
10:00:00 P->A 100 INVITE 2 branch=a3 to=b
10:00:00 P->A 481 INVITE 2 branch=a3 to=b
10:00:00 A->P ACK 2 branch=a3 to=b`,
		"an INVITE that the BYE has overtaken": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 200 INVITE 1 branch=a1 to=b
10:00:00 A->P ACK 1 branch=a2 to=b
10:00:00 A->P BYE 2 branch=a3 to=b
10:00:00 P->A BYE 2 branch=b2 from=b to=a
10:00:00 A->P 200 BYE 2 branch=b2 from=b to=a
10:00:00 P->A INVITE 1 branch=b1 from=b to=a`,
		"a 180 that comes behind the 200": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 200 INVITE 1 branch=a1 to=b
10:00:00 A->P ACK 1 branch=a2 to=b
10:00:00 P->A BYE 1 branch=b1 from=b to=a
10:00:00 P->A 180 INVITE 1 branch=a1 to=b
10:00:00 A->P 200 BYE 1 branch=b1 from=b to=a`,
		"a client that tries again before it acknowledges the refusal": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 407 INVITE 1 branch=a1 to=p
10:00:00 A->P INVITE 2 branch=a2
10:00:00 A->P ACK 1 branch=a1 to=p
10:00:00 P->A 200 INVITE 2 branch=a2
10:00:00 A->P ACK 2 branch=a3`,
		"two lines of a device under one Call-ID, each with a count of its own": `
10:00:00 A->P REGISTER 75 branch=a1
10:00:00 P->A 401 REGISTER 75 branch=a1 to=p
10:00:00 A->P REGISTER 76 branch=a2
10:00:00 P->A 200 REGISTER 76 branch=a2 to=q
10:00:00 A->P REGISTER 31 branch=b1 from=a9
10:00:00 P->A 401 REGISTER 31 branch=b1 from=a9 to=r
10:00:00 A->P REGISTER 32 branch=b2 from=a9
10:00:00 P->A 200 REGISTER 32 branch=b2 from=a9 to=s`,
		"an INFO that was overtaken, and is refused for that": `
10:00:00 A->P INVITE 1 branch=a1
10:00:00 P->A 200 INVITE 1 branch=a1
10:00:00 A->P ACK 1 branch=a2
10:00:00 P->A INFO 9 branch=b9 from=b to=a
10:00:00 A->P 200 INFO 9 branch=b9 from=b to=a
10:00:00 P->A INFO 8 branch=b8 from=b to=a
10:00:00 A->P 500 INFO 8 branch=b8 from=b to=a`,
	} {
		records := recordsOf(t, text)
		var want []int
		for i := range records {
			want = append(want, i)
		}
		got := told(t, records, false)
		if len(got) != 1 || !strings.HasSuffix(got[0], fmt.Sprint(" ", want)) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
