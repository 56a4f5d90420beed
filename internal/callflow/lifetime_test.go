package callflow

import (
	"slices"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// A call of the hour that a zone has twice ends when the hour is past, and not with the log; before that nothing of another clock ends it.
func TestLeaveTwice(t *testing.T) {
	for name, year := range map[string]int16{"a log with years": 2009, "a log without years": 0} {
		var done []int64
		a := NewAssembler(Options{Emit: func(c *Call) error { done = append(done, c.Seq); return nil }})
		n := 0
		add := func(at time.Duration, basis capture.Basis) {
			n++
			rec := capture.Record{Kind: capture.KindMessage, Data: []byte(wholeText(cutOptions, "OPTIONS", n)), Origin: capture.Origin{Number: int64(n)}}
			rec.Origin.End = int64(len(rec.Data))
			rec.Time = capture.Time{Clock: int64(1000*time.Hour + at), Basis: basis, Stamp: syslog.Timestamp{Style: syslog.StyleBSD, Year: year, Month: 11, Day: 1}}
			if err := a.Add(&rec); err != nil {
				t.Fatal(err)
			}
		}
		add(0, capture.BasisTwice)
		for at := time.Duration(0); at < 3*time.Hour; at += 10 * time.Second {
			add(at, capture.BasisAssumed)
			if open := !slices.Contains(done, 1); at < 2*time.Hour && !open || at > 2*time.Hour+2*timerTail && open {
				t.Fatalf("%s: %s after the call its hour is left: %v", name, at, !open)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
