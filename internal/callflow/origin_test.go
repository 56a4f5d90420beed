package callflow

import (
	"fmt"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// A call gives back all that its source said of a record, after the source's buffer is gone.
func TestWhatIsKept(t *testing.T) {
	s := &scene{parties: parties}
	var m syslog.OffsetMap
	m = m.Add(30, 2)
	m = m.Add(10, 40)
	var want []capture.Record
	for n, line := range []string{
		"10:00:00.000 A->P INVITE 1 sdp label=F1 says=Alice,Proxy",
		"10:00:00.010 @A P->A 180 INVITE 1 received! src=3",
		"10:00:01.000 @P P->A 200 INVITE 1 noaddr says=Proxy,Alice",
		"10:00:01.010 A->P ACK 1 branch=k label=F4",
	} {
		rec := s.parseLine(t, line, "wire", "", "utc")
		rec.Origin.Number, rec.Origin.Start, rec.Origin.End = int64(10+n), int64(1000*n), int64(1000*n+900)
		switch n {
		case 0:
			rec.Origin.Map = m
		case 1:
			rec.Origin.Unit, rec.Escape, rec.Missing = capture.Frame, syslog.EscapeCaret, capture.MissingSnap
		case 2:
			rec.Origin.Lines = rec.Data
		}
		want = append(want, rec)
	}
	seen := false
	f := feeder{a: NewAssembler(Options{Emit: func(c *Call) error {
		seen = true
		if len(c.Hops) != len(want) {
			return fmt.Errorf("%d hops", len(c.Hops))
		}
		for i := range want {
			h, w := &c.Hops[i], &want[i]
			if string(c.Data(h)) != string(w.Data) {
				t.Errorf("hop %d: data %q", i, c.Data(h))
			}
			if string(c.Observer(h)) != string(w.Observer) || string(c.Label(h)) != string(w.Label) {
				t.Errorf("hop %d: observer %q, label %q", i, c.Observer(h), c.Label(h))
			}
			if c.Src(h) != w.Src || c.Dst(h) != w.Dst {
				t.Errorf("hop %d: %v to %v, want %v to %v", i, c.Src(h), c.Dst(h), w.Src, w.Dst)
			}
			if h.Time != w.Time || h.Missing != w.Missing || h.Escape != w.Escape || h.Kind != w.Kind {
				t.Errorf("hop %d: %+v", i, h)
			}
			o := c.Origin(h)
			if got := c.Evidence(h); got != w.Origin.Evidence() {
				t.Errorf("hop %d: without its text: evidence %+v, want %+v", i, got, w.Origin.Evidence())
			}
			for at := -1; at < len(w.Data)+2; at += 3 {
				for _, n := range []int{0, 1, 40, len(w.Data) - at} {
					if got, want := c.EvidenceOf(h, at, at+n), w.Origin.EvidenceOf(at, at+n); got != want {
						t.Fatalf("hop %d: evidence of %d bytes from %d on: %+v, want %+v", i, n, at, got, want)
					}
				}
			}
			if o.Evidence() != w.Origin.Evidence() {
				t.Errorf("hop %d: evidence %+v, want %+v", i, o.Evidence(), w.Origin.Evidence())
			}
			for at := 0; at < len(w.Data); at += 7 {
				if got, want := o.EvidenceOf(at, at+5), w.Origin.EvidenceOf(at, at+5); got != want {
					t.Errorf("hop %d: evidence of byte %d %+v, want %+v", i, at, got, want)
				}
			}
		}
		return nil
	}})}
	for _, r := range want {
		if err := f.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.a.Close(); err != nil {
		t.Fatal(err)
	}
	if !seen {
		t.Error("no call")
	}
}

// A call's storage is used again for later calls: nothing of an earlier one shows in them.
func TestStorageIsUsedAgain(t *testing.T) {
	s := &scene{parties: parties}
	plain := []string{"A->P INVITE 1", "P->A 486 INVITE 1", "A->P ACK 1"}
	rich := []string{
		"@A A->P INVITE 1 from=6240770a208ec24o0 sdp label=F1 says=Alice,Proxy", "@B P->B INVITE 1 branch=p1 via2=1 from=6240770a208ec24o0",
		"@A A->P CANCEL 1 from=6240770a208ec24o0", "P->A 200 INVITE 1 to=b from=6240770a208ec24o0", "P->A 200 INVITE 1 to=c from=6240770a208ec24o0",
		"A->B INVITE 1 id=other~ +Replaces:rich~;to-tag=b;from-tag=a"}
	var trees []string
	f := feeder{a: NewAssembler(Options{Emit: func(c *Call) error {
		checkCall(t, c)
		if len(c.Transactions) == 1 && len(c.Hops) == 3 {
			c.Seq = 0
			trees = append(trees, s.tree(c))
		}
		return nil
	}})}
	for round := range 50 {
		lines, id := plain, "plain"
		if round%2 == 1 {
			lines, id = rich, "rich"
		}
		for n, line := range lines {
			text := fmt.Sprintf("%02d:00:0%d.000 %s", round/3, n, line)
			if round%2 == 0 || n < 5 {
				text += fmt.Sprintf(" id=%s%d", id, round)
			}
			// The Call-IDs of a round are its own.
			var full []byte
			for _, ch := range []byte(text) {
				if ch == '~' {
					full = fmt.Append(full, round)
				} else {
					full = append(full, ch)
				}
			}
			if err := f.add(s.parseLine(t, string(full), "wire", "", "utc")); err != nil {
				t.Fatal(err)
			}
		}
		if round%3 == 2 {
			if err := f.add(s.parseLine(t, fmt.Sprintf("%02d:59:00.000 tick", round/3), "wire", "", "utc")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.a.Close(); err != nil {
		t.Fatal(err)
	}
	if len(trees) != 25 {
		t.Fatalf("%d plain calls, want 25", len(trees))
	}
	for i, tree := range trees {
		if clockless(tree) != clockless(trees[0]) {
			t.Errorf("plain call %d:\n%s\nthe first:\n%s", i, tree, trees[0])
		}
	}
}

// clockless takes the hour out of the times of a tree.
func clockless(tree string) string {
	b := []byte(tree)
	for i := 0; i+5 < len(b); i++ {
		if b[i] == ' ' && b[i+3] == ':' && b[i+6] == ':' {
			b[i+1], b[i+2] = 'h', 'h'
		}
	}
	return string(b)
}
