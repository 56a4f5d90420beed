package callflow

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestCalls runs the cases in testdata: the lines from "feed" to "----" are the input (see scene), those after it, up to an empty
// line, are the calls that come out. Comments stand between cases; the one right above a case names it.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for i := 0; i < len(lines); {
		if !strings.HasPrefix(lines[i], "feed") {
			out = append(out, lines[i])
			i++
			continue
		}
		name := "case"
		for j := i - 1; j >= 0 && strings.HasPrefix(lines[j], "#"); j-- {
			name = strings.TrimSpace(strings.TrimPrefix(lines[j], "#"))
		}
		if end := strings.IndexAny(name, ".:;"); end > 0 {
			name = name[:end]
		}
		begin := i
		for i < len(lines) && lines[i] != "----" {
			if lines[i] == "" {
				t.Fatalf("%s:%d: the case has no ----", file, i+1)
			}
			i++
		}
		input := lines[begin:i]
		if i++; i > len(lines) {
			t.Fatalf("%s:%d: the case has no ----", file, begin+1)
		}
		want := i
		for i < len(lines) && lines[i] != "" {
			i++
		}
		got := strings.Join(lines[want:i], "\n")
		t.Run(name, func(t *testing.T) {
			golden := got
			defer func() { // the other cases go on
				if r := recover(); r != nil {
					t.Errorf("panic: %v\n%s", r, debug.Stack())
				}
			}()
			got = strings.TrimRight(parseScene(t, input).run(t), "\n")
			if !*update && got != golden {
				t.Errorf("%s:%d: got\n%s\nwant\n%s", file, want+1, got, golden)
			}
		})
		out = append(append(out, input...), "----", got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run feeds the lines and returns the calls as they are handed on.
func (s *scene) run(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	at := "at the end"
	messages, hops, events, fedEvents := 0, 0, 0, 0
	s.options.Emit = func(c *Call) error {
		if s.when {
			fmt.Fprintf(&b, "%s: ", at)
		}
		b.WriteString(s.tree(c))
		checkCall(t, c)
		for i := range c.Hops {
			if hops++; c.Hops[i].Kind == capture.KindEvent {
				events++
			}
		}
		return nil
	}
	f := feeder{a: NewAssembler(s.options)}
	for i := range s.lines {
		at, _, _ = strings.Cut(s.lines[i].text, " ")
		switch s.lines[i].rec.Kind {
		case capture.KindMessage:
			messages++
		case capture.KindEvent:
			fedEvents++
		}
		if err := f.add(s.lines[i].rec); err != nil {
			t.Fatal(err)
		}
	}
	at = "at the end"
	if err := f.a.Close(); err != nil {
		t.Fatal(err)
	}
	st := f.a.Stats()
	if hops-events != messages || st.Messages != int64(messages) {
		t.Errorf("%d messages fed, %d in calls, %d counted", messages, hops-events, st.Messages)
	}
	if events+int(st.LooseEvents) != fedEvents {
		t.Errorf("%d events fed, %d in calls, %d loose", fedEvents, events, st.LooseEvents)
	}
	if f.a.used != 0 {
		t.Errorf("%d bytes still in use after Close", f.a.used)
	}
	if s.stats {
		fmt.Fprintf(&b, "stats: %d calls, %d messages, %d evicted, %d strays, %d loose events\n", st.Calls, st.Messages, st.Evicted, st.Strays, st.LooseEvents)
	}
	return b.String()
}
