package explain

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/proof/calls"
)

// FuzzTell: whatever a log says, each message and event of a call is told once, in text that may be shown, with a place that is in the
// log; and a Teller that has told another call before tells the same.
func FuzzTell(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.log)
	}
	used := NewTeller(nil)
	f.Fuzz(func(t *testing.T, log []byte) {
		if len(log) > 1<<16 {
			return
		}
		calls.Read(t, log, calls.Options{}, func(c *callflow.Call) {
			var fresh strings.Builder
			appendStory(&fresh, NewTeller(nil).Tell(c))
			s := used.Tell(c)
			var again strings.Builder
			appendStory(&again, s)
			if fresh.String() != again.String() {
				t.Fatalf("told anew:\n%s\ntold by one who has told others:\n%s", fresh.String(), again.String())
			}
			for _, r := range again.String() {
				if r != '\n' && r != utf8.RuneError && !Showable(r) {
					t.Fatalf("%U is shown", r)
				}
			}
			hops := 0
			for i := range c.Hops {
				if !c.Hops[i].Duplicate {
					hops++
				}
			}
			if len(s.Steps) != hops {
				t.Fatalf("%d steps for %d messages and events", len(s.Steps), hops)
			}
			for i := range s.Steps {
				p := &s.Steps[i]
				if strings.TrimSpace(p.Text) == "" || p.Label == "" || len(p.Evidence) == 0 || p.From >= len(s.Parties) || p.To >= len(s.Parties) {
					t.Fatalf("step %+v", *p)
				}
				if strings.Contains(p.Text, "somebody says that somebody") {
					t.Fatalf("%s: %s", p.Label, p.Text)
				}
				for _, e := range p.Evidence {
					if e.Start < 0 || e.End <= e.Start || e.End > int64(len(log)) {
						t.Fatalf("%s: evidence %+v in %d bytes", p.Label, e, len(log))
					}
				}
			}
			for i := range s.Facts {
				for _, e := range s.Facts[i].Evidence {
					if e.Start < 0 || e.End < e.Start || e.End > int64(len(log)) || e.Unit == capture.Line && e.Number < 1 {
						t.Fatalf("%s: evidence %+v in %d bytes", s.Facts[i].Name, e, len(log))
					}
				}
			}
			if s.Headline == "" || s.Summary == "" || s.Ending.Text == "" {
				t.Fatalf("%q %q %q", s.Headline, s.Summary, s.Ending.Text)
			}
		})
	})
}
