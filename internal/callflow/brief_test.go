package callflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// inCarets returns a record as the log of a sysklogd shows it, if such a log shows the message whole.
func inCarets(rec capture.Record, bareEnd bool) capture.Record {
	if rec.Kind != capture.KindMessage || len(rec.Origin.Map) > 0 || !bytes.Contains(rec.Data, []byte("\r\n")) ||
		bytes.ContainsAny(bytes.ReplaceAll(rec.Data, []byte("\r\n"), nil), "^\\\r\n\t") {
		return rec
	}
	rec.Data = bytes.ReplaceAll(rec.Data, []byte("\r\n"), []byte("^M "))
	if bareEnd {
		rec.Data = bytes.TrimSuffix(rec.Data, []byte(" "))
	}
	rec.Origin.End = rec.Origin.Start + int64(len(rec.Data))
	rec.Escape, rec.Shown = syslog.EscapeCaret, true
	return rec
}

// rowOf says what a row tells of a call, and what decides it.
func rowOf(c *Call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v %v %d root %d ring %v talk %v missing %v:", c.Seq, c.Kind, c.Outcome, c.Status, c.Root, c.Ring, c.Talk, c.Missing)
	first := c.Root
	for i := range c.Hops {
		h := &c.Hops[i]
		fmt.Fprintf(&b, " %v %d repeats %d %v", h.Method, h.Status, h.RepeatOf, h.Duplicate)
		if first < 0 && h.Kind == capture.KindMessage {
			first = i
		}
	}
	if first >= 0 {
		from, to, ok := c.FromTo(&c.Hops[first])
		if !ok {
			m := sip.Parse(c.Data(&c.Hops[first]))
			from, to = m.Value(sip.FieldFrom), m.Value(sip.FieldTo)
		}
		fmt.Fprintf(&b, " from %q to %q", from, to)
	}
	return b.String()
}

// assembled returns what rows tell of the calls of some records, and how many hops were brief.
func assembled(t *testing.T, records []capture.Record, rows bool) (calls []string, brief int) {
	t.Helper()
	a := NewAssembler(Options{Rows: rows, Emit: func(c *Call) error {
		calls = append(calls, rowOf(c))
		for i := range c.Hops {
			if c.Hops[i].flags&hopBrief != 0 {
				brief++
			}
		}
		return nil
	}})
	for i := range records {
		if err := a.Add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return calls, brief
}

// sameRows holds a run whose hops are brief to one that keeps every text, whichever of its messages stand in carets.
func sameRows(t *testing.T, records []capture.Record, r *rand.Rand) int {
	t.Helper()
	want, _ := assembled(t, records, false)
	mixed := make([]capture.Record, len(records))
	all := r.IntN(3) // plain, in carets, both
	for i := range records {
		if mixed[i] = records[i]; all == 1 || all == 2 && r.IntN(2) == 0 {
			mixed[i] = inCarets(records[i], r.IntN(2) == 0)
		}
	}
	got, brief := assembled(t, mixed, true)
	if len(got) != len(want) {
		t.Fatalf("%d calls, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("call %d:\n%s, want\n%s", i, got[i], want[i])
		}
	}
	return brief
}

// TestBriefHops plays every scene of testdata in both notations and in a mixture of them.
func TestBriefHops(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	brief, scenes := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, part := range strings.Split(string(text), "\n\n") {
			input, _, _ := strings.Cut(part, "\n----")
			if i := strings.Index("\n"+input, "\nfeed"); i >= 0 {
				input = input[i:]
			} else {
				continue
			}
			scenes++
			var records []capture.Record
			for _, line := range parseScene(t, strings.Split(input, "\n")).lines {
				records = append(records, line.rec)
			}
			for seed := range uint64(6) {
				t.Run(fmt.Sprintf("%s/%d/%d", filepath.Base(file), n, seed), func(t *testing.T) {
					brief += sameRows(t, records, rand.New(rand.NewPCG(seed, 3261)))
				})
			}
		}
	}
	if scenes < 100 || brief < 1000 {
		t.Errorf("%d brief hops in %d scenes", brief, scenes)
	}
}

// TestBriefAmongOthers has messages that come again in the other notation, which is not that of the brief ones: they are the same, and others are not.
func TestBriefAmongOthers(t *testing.T) {
	scene := parseScene(t, []string{"feed wire",
		"10:00:00.000 A->P INVITE 1 sdp expires=200", "10:00:00.010 A->P INVITE 1 sdp expires=200", "10:00:00.200 P->A 180 INVITE 1",
		"10:00:01.000 P->A 180 INVITE 1", "10:00:02.000 P->A 183 INVITE 1 sdp", "10:00:03.000 P->A 183 INVITE 1 sdp", "10:00:04.000 P->A 183 INVITE 1 sdp=x",
		"10:00:05.000 P->A 183 INVITE 1 sdp=x", "10:00:06.000 P->A 180 INVITE 1", "10:00:06.500 P->A 200 INVITE 1 sdp", "10:00:06.510 P->A 200 INVITE 1 sdp"})
	var records []capture.Record
	for _, line := range scene.lines {
		records = append(records, line.rec)
	}
	for seed := range uint64(60) {
		sameRows(t, records, rand.New(rand.NewPCG(seed, 1)))
	}
}

// What stands in a message as it was sent and only looks like a line end in carets is none.
func TestBriefLiteralCarets(t *testing.T) {
	scene := parseScene(t, []string{"feed wire", "10:00:00.000 A->P INVITE 1", "10:00:00.200 P->A 180 INVITE 1 +X-One:1 +X-Two:2", "10:00:01.000 P->A 180 INVITE 1 +X-One:1 +X-Two:2"})
	var records []capture.Record
	for _, line := range scene.lines {
		records = append(records, line.rec)
	}
	records[2].Data = bytes.Replace(records[2].Data, []byte("\r\nX-Two"), []byte("^M X-Two"), 1)
	want, _ := assembled(t, records, false)
	records[0], records[1] = inCarets(records[0], false), inCarets(records[1], false)
	got, brief := assembled(t, records, true)
	if len(got) != 1 || got[0] != want[0] || brief != 2 || strings.Contains(got[0], "repeats 1") {
		t.Errorf("%d brief hops of\n%s, want\n%s", brief, got, want)
	}
}
