package text

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"sipscribe/internal/callflow"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/explain"
	"sipscribe/internal/proof/calls"
	"sipscribe/internal/report"
	"sipscribe/syslog"
)

// reports reads a log and shows the report of each call.
func reports(t *testing.T, log []byte, assume explain.Assumptions, look func(*report.Call)) {
	t.Helper()
	b := report.NewBuilder(assume, rules.All)
	calls.Read(t, log, calls.Options{}, func(c *callflow.Call) { look(b.Build(c)) })
}

// stories shows the reports of all logs by which the sentences are tested.
func stories(t *testing.T, look func(name string, c *report.Call)) {
	t.Helper()
	paths, err := filepath.Glob("../../explain/testdata/*.txtar")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d stories, %v", len(paths), err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name == "call.log" {
				reports(t, f.Data, nil, func(c *report.Call) { look(filepath.Base(path), c) })
			}
		}
	}
}

var ansi = regexp.MustCompile("\x1b\\[[0-9]*m")

// TestEveryWidth draws every story for every width: no line is longer, none ends in blanks, the last has its end, and all words are there
// whatever the width; with colours it is the same text.
func TestEveryWidth(t *testing.T) {
	words := func(s string) string { return strings.Join(strings.Fields(s), "") }
	sentences := 0
	stories(t, func(name string, c *report.Call) {
		for _, w := range []int{0, 30, 37, 40, 55, 64, 72, 80, 96, 100, 120, 200} {
			o := Options{Width: w, Number: 12, ASCII: w%3 == 0}
			out := string(Append(nil, c, o))
			if !strings.HasSuffix(out, "\n") || strings.HasSuffix(out, "\n\n") {
				t.Fatalf("%s: width %d: its end is %q", name, w, out[max(0, len(out)-20):])
			}
			for i, line := range strings.Split(out, "\n") {
				if w > 0 && Width(line) > w {
					t.Errorf("%s: width %d, line %d has %d columns: %s", name, w, i+1, Width(line), line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: width %d, line %d ends in blanks: %q", name, w, i+1, line)
				}
			}
			all := words(out)
			for i := range c.Story.Steps {
				s := &c.Story.Steps[i]
				if run := s.RepeatOf != ""; run {
					continue // of many repeats only the first and the last are told
				}
				sentences++
				if !strings.Contains(all, words(s.Text)) {
					t.Errorf("%s: width %d: the sentence is not whole: %s", name, w, s.Text)
				}
			}
			o.Color = true
			colored := string(Append(nil, c, o))
			if ansi.ReplaceAllString(colored, "") != out {
				t.Errorf("%s: width %d: with colours the text is another:\n%q\n%q", name, w, ansi.ReplaceAllString(colored, ""), out)
			}
			if n := strings.Count(colored, "\x1b[0m"); n*2 != strings.Count(colored, "\x1b[") {
				t.Errorf("%s: width %d: a colour is not ended", name, w)
			}
			if o.ASCII && strings.ContainsAny(out, "─▶◀·") {
				t.Errorf("%s: width %d: not only ASCII", name, w)
			}
		}
	})
	if sentences < 1000 {
		t.Errorf("only %d sentences", sentences)
	}
}

// repeated makes a log in which a request is sent again and again.
func repeated(times int) []byte {
	var b bytes.Buffer
	for i := range times {
		b.WriteString("Aug 20 16:40:0" + string(rune('0'+2*i)) + " 192.0.2.1 OPTIONS sip:b@example.net SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1^M " +
			"From: \"李雷\" <sip:a@example.org>;tag=1^M To: <sip:b@example.net>^M Call-ID: 1@192.0.2.1^M CSeq: 1 OPTIONS^M Content-Length: 0^M ^M\n")
	}
	return b.Bytes()
}

// TestManyRepeats: of many repeats the first and the last are drawn, of few all.
func TestManyRepeats(t *testing.T) {
	for times, want := range map[int]string{2: "F1 F2", 4: "F1 F2 F3 F4", 5: "F1 F2 and 2 more times, the last: F5"} {
		reports(t, repeated(times), nil, func(c *report.Call) {
			out := string(Append(nil, c, Options{Brief: true}))
			got := strings.Join(regexp.MustCompile(`F\d|and \d+ more times, the last:`).FindAllString(out, -1), " ")
			if got != want {
				t.Errorf("%d times: %s, want %s\n%s", times, got, want, out)
			}
		})
	}
}

// TestPlaces: with one source a place is a line, with several a line of a file.
func TestPlaces(t *testing.T) {
	reports(t, repeated(2), nil, func(c *report.Call) {
		one := string(Append(nil, c, Options{Sources: []report.Source{{Name: "a.log"}}}))
		two := string(Append(nil, c, Options{Sources: []report.Source{{Name: "a\x1b.log"}, {ID: 1, Name: "b.log"}}}))
		if !strings.Contains(one, ", line 1\n") || !strings.Contains(two, `, a\x1b.log:1`) || strings.Contains(two, "\x1b") {
			t.Errorf("%s\n%s", one, two)
		}
	})
}

func TestRender(t *testing.T) {
	reports(t, repeated(1), nil, func(c *report.Call) {
		var b bytes.Buffer
		o := Options{Width: 60, Number: 1}
		if err := Render(&b, c, o); err != nil || b.String() != string(Append(nil, c, o)) {
			t.Errorf("%v\n%s", err, b.String())
		}
	})
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "──▶": 3, "é": 1, "e\u0301": 1, "李雷": 4, "한국어": 6, "ｆｕｌｌ": 8, "🙂": 2, "a李b": 4, "…": 1} {
		if got := Width(s); got != want {
			t.Errorf("%q: %d columns, want %d", s, got, want)
		}
	}
	for _, c := range []struct {
		s       string
		columns int
		want    string
	}{{"abcdef", 3, "abc"}, {"李雷韩", 4, "李雷"}, {"李雷韩", 5, "李雷"}, {"李雷", 1, "李"}, {"e\u0301f", 1, "e\u0301"}, {"ab", 9, "ab"}} {
		if got := c.s[:byteOffset(c.s, c.columns)]; got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.s, c.columns, got, c.want)
		}
	}
}

// TestNarrowNotes: where there is no room for columns, a note goes on indented under its place.
func TestNarrowNotes(t *testing.T) {
	reports(t, repeated(1), nil, func(c *report.Call) {
		_, notes, ok := strings.Cut(string(Append(nil, c, Options{Width: 30})), "What happened to the log\n")
		if !ok {
			t.Fatal("no notes")
		}
		for i, line := range strings.Split(strings.TrimSuffix(notes, "\n"), "\n") {
			if begins := strings.HasPrefix(line, "  line 1: "); !begins && !strings.HasPrefix(line, "    ") || i == 0 && !begins {
				t.Errorf("line %d: %q", i+1, line)
			}
		}
	})
}

// TestPrinterIsUsedAgain: a call is drawn the same by a Printer that has drawn others, with and without columns and colours, as by a new one.
func TestPrinterIsUsedAgain(t *testing.T) {
	var used Printer
	stories(t, func(name string, c *report.Call) {
		for _, o := range []Options{{}, {Width: 30}, {Width: 80, Color: true}} {
			if got, want := string(used.Append([]byte("before"), c, o)), "before"+string(Append(nil, c, o)); got != want {
				t.Errorf("%s: %+v: %q, want %q", name, o, got, want)
			}
		}
	})
}

// TestTimes tells how long after the first step a step came, as the sentences tell times.
func TestTimes(t *testing.T) {
	for _, c := range []struct {
		after  time.Duration
		digits uint8
		want   string
	}{
		{0, 0, "+0 s"}, {84 * time.Second, 0, "+84 s"}, {209 * time.Second, 0, "+3 min 29 s"}, {10 * time.Minute, 0, "+10 min 0 s"}, {3570 * time.Second, 0, "+59 min 30 s"},
		{3*time.Hour + 62*time.Second, 0, "+3 h 1 min 2 s"}, {-2 * time.Second, 0, "-2 s"},
		{999600 * time.Microsecond, 6, "+1.000 s"}, {99*time.Second + 999600*time.Microsecond, 6, "+1 min 40.000 s"}, {209*time.Second + 5*time.Millisecond, 3, "+3 min 29.005 s"},
		{10*time.Minute + 1600*time.Millisecond, 3, "+10 min 2 s"},
	} {
		steps := make([]explain.Step, 2)
		for i := range steps {
			steps[i].Time.Stamp = syslog.Timestamp{Month: 8, Day: 20, Hour: 16, Minute: 40, Style: syslog.StyleBSD, FracDigits: c.digits}
		}
		steps[1].Time.Clock = int64(c.after)
		if got := string((&Printer{}).time(nil, steps, 0, 1)); got != c.want {
			t.Errorf("%v: %q, want %q", c.after, got, c.want)
		}
	}
}
