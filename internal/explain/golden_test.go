package explain

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/proof/calls"
)

var update = flag.Bool("update", false, "write the stories of testdata anew")

// fixture is an archive of testdata: a comment that says what it shows, what the user supplies (member assume, name=value lines), a
// log or capture written by hand (see pcapOf), and the stories of its calls.
type fixture struct {
	name   string
	path   string
	file   *txtar.Archive
	assume Assumptions
	log    []byte
	frames bool // the log is a capture
	story  int  // index of the member
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []fixture
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), path: path, file: ar, story: -1}
		for i, m := range ar.Files {
			data := bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")) // a checkout may have turned line ends
			switch m.Name {
			case "assume":
				f.assume = Assumptions{}
				for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
					k, v, ok := strings.Cut(line, "=")
					if !ok {
						t.Fatalf("%s: assume: %q", path, line)
					}
					f.assume[k] = v
				}
			case "call.log":
				f.log = data
			case "call.capture":
				f.log, f.frames = pcapOf(t, data), true
			case "story":
				f.story = i
			default:
				t.Fatalf("%s: a member %s", path, m.Name)
			}
		}
		if len(f.log) == 0 || f.story < 0 || len(bytes.TrimSpace(ar.Comment)) == 0 {
			t.Fatalf("%s: it needs a comment, a member call.log or call.capture and a member story", path)
		}
		out = append(out, f)
	}
	if len(out) < 40 {
		t.Fatalf("only %d fixtures", len(out))
	}
	return out
}

// appendStory writes a story in the form of the goldens.
func appendStory(b *strings.Builder, s *Story) {
	fmt.Fprintf(b, "%s\n%s\n", s.Headline, s.Summary)
	for i := range s.Facts {
		f := &s.Facts[i]
		value := f.Value
		switch {
		case f.Hidden:
			value = "hidden"
		case f.Assumed:
			value += " (assumed)"
		}
		fmt.Fprintf(b, "  %s: %s — %s", f.Label, value, f.Where)
		for _, e := range f.Evidence {
			fmt.Fprintf(b, ", %d", e.Number)
		}
		b.WriteByte('\n')
	}
	name := func(i int) string {
		if i < 0 {
			return "?"
		}
		return s.Parties[i].Name
	}
	for i := range s.Steps {
		p := &s.Steps[i]
		fmt.Fprintf(b, "%s %s → %s ", p.Label, name(p.From), name(p.To))
		switch {
		case p.Kind != capture.KindMessage:
			b.WriteString("event")
		case p.Status != 0:
			fmt.Fprintf(b, "%d", p.Status)
		default:
			b.WriteString(p.Method)
		}
		if p.RepeatOf != "" {
			fmt.Fprintf(b, " (= %s)", p.RepeatOf)
		}
		fmt.Fprintf(b, ": %s\n", p.Text)
	}
	fmt.Fprintf(b, "%s\n", s.Ending.Text)
}

func tellAll(t testing.TB, f *fixture) string {
	t.Helper()
	var b strings.Builder
	teller := NewTeller(f.assume)
	n := 0
	calls.Read(t, f.log, calls.Options{}, func(c *callflow.Call) {
		if n++; n > 1 {
			b.WriteString("\n")
		}
		appendStory(&b, teller.Tell(c))
	})
	return b.String()
}

// TestStories compares the stories of all fixtures with those that a person read and found true.
func TestStories(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			got := tellAll(t, &f)
			if *update {
				f.file.Files[f.story].Data = []byte(got)
				if err := os.WriteFile(f.path, txtar.Format(f.file), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := strings.ReplaceAll(string(f.file.Files[f.story].Data), "\r\n", "\n")
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
