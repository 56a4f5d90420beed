package page

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipscribe/internal/callflow"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/proof/calls"
	"sipscribe/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// pages draws the page of each call of a log.
func pages(t *testing.T, log []byte) string {
	t.Helper()
	lines := bytes.Split(log, []byte("\n"))
	o := Options{Line: func(_ int32, n int64) []byte { return lines[n-1] }}
	b := report.NewBuilder(nil, rules.All)
	var out []byte
	calls.Read(t, log, calls.Options{}, func(c *callflow.Call) { out = append(Append(out, b.Build(c), o), '\n') })
	return string(out)
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"seed-call", "seed-call-cut", "day-at-home"} {
		log, err := os.ReadFile("../../../examples/" + name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		got := pages(t, log)
		golden := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What a log says is shown, not obeyed.
func TestHostile(t *testing.T) {
	log, err := os.ReadFile("../../../examples/seed-call.log")
	if err != nil {
		t.Fatal(err)
	}
	log = bytes.Replace(log, []byte("Good Body"), []byte("Good\x1b[31m\u202eBody"), -1)
	got := pages(t, log)
	if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0x202e }); i >= 0 {
		t.Errorf("a control character in %q", got[max(0, i-40):i+10])
	}
}
