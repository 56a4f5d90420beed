package rules

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/diagnose"
)

// wanted is what stands behind a line of a fixture on which a finding is to point.
var wanted = regexp.MustCompile(` # want ([a-z-]+)$`)

// point is a line and the code of a finding that has its evidence there.
type point struct {
	line int64
	code string
}

// TestRules feeds each log of each archive in testdata, named for its rule, to all rules. The findings of the rule must have their
// evidence on the lines that end in "# want CODE", which is cut off first, and nowhere else. A member whose name begins with
// "silent" has none.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(All) {
		t.Errorf("%d archives for %d rules", len(files), len(All))
	}
	for _, path := range files {
		code := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(path), ".txtar"), "_", "-")
		if Named(code) == nil {
			t.Errorf("%s: there is no rule %s", path, code)
			continue
		}
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		speaks, silent := false, false
		for _, m := range ar.Files {
			if strings.HasPrefix(m.Name, "silent") {
				silent = true
			} else {
				speaks = true
			}
			t.Run(code+"/"+m.Name, func(t *testing.T) { check(t, code, m.Name, m.Data) })
		}
		if !speaks || !silent || len(bytes.TrimSpace(ar.Comment)) == 0 {
			t.Errorf("%s: it needs a comment, a log with a finding and one without", path)
		}
	}
}

// proves is what the evidence of a finding must have in it.
var proves = map[string]string{"body-edited": "v=0", "curly-quotes": "″", "direction-open": "SIP/2.0", "logged-twice": "SIP/2.0",
	"line-ends-shown": "SIP/2.0", "start-line-only": "SIP/2.0", "addresses-hidden": "SIP/2.0"}

func check(t *testing.T, code, name string, data []byte) {
	var want []point
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	for i, line := range lines {
		if m := wanted.FindStringSubmatch(line); m != nil {
			want = append(want, point{int64(i + 1), m[1]})
			lines[i] = strings.TrimSuffix(line, m[0])
		}
	}
	if strings.HasPrefix(name, "silent") != (len(want) == 0) {
		t.Errorf("%d lines want a finding", len(want))
	}
	var got []point
	text := strings.Join(lines, "\n")
	for _, f := range findings(t, text) {
		if f.Rule.Code != code {
			continue
		}
		if f.Text == "" || strings.HasSuffix(f.Text, ".") || strings.ContainsAny(f.Text, "\n\t") {
			t.Errorf("the text %q", f.Text)
		}
		t.Log(f.Text)
		if len(f.Text)+len(f.Why) > 125 {
			t.Errorf("%d characters are too long for a line: %s (%s)", len(f.Text)+len(f.Why), f.Text, f.Why)
		}
		for _, e := range f.Evidence {
			if e.Start < 0 || e.Start > e.End || e.End > int64(len(text)) {
				t.Fatalf("evidence %+v in a log of %d bytes", e, len(text))
			}
			if shows := text[e.Start:e.End]; shows == "" || proves[code] != "" && !strings.Contains(shows, proves[code]) && !strings.Contains(shows, "”") {
				t.Errorf("%q does not show that: %s", shows, f.Text)
			}
			if p := (point{e.Number, code}); !slices.Contains(got, p) {
				got = append(got, p)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings on %v, want them on %v", got, want)
	}
}

// found is a finding that outlives its Runner.
type found = diagnose.Finding

func findings(t *testing.T, log string) []found {
	t.Helper()
	head := []byte(log[:min(len(log), decode.SniffLen)])
	format, _ := decode.Choose(all.Formats, head)
	if format == nil {
		format = all.Default
	}
	dec := decode.NewChronological(format.New(&decode.Input{R: decode.NewReader(strings.NewReader(log))}), nil, decode.NewTurnRoom())
	var records []capture.Record
	var rec capture.Record
	for {
		err := dec.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		keep := rec
		keep.Data, keep.Observer = bytes.Clone(rec.Data), bytes.Clone(rec.Observer)
		keep.Origin.Map = bytes.Clone(rec.Origin.Map)
		if rec.Origin.Lines != nil {
			keep.Origin.Lines = keep.Data // the source has one byte more for each line end: the text itself tells the places
		}
		keep.Event.Subject = bytes.Clone(rec.Event.Subject)
		keep.SrcName, keep.DstName, keep.Label = bytes.Clone(rec.SrcName), bytes.Clone(rec.DstName), bytes.Clone(rec.Label)
		records = append(records, keep)
	}
	return findingsOf(t, records)
}

func findingsOf(t *testing.T, records []capture.Record) []found {
	t.Helper()
	runner := diagnose.NewRunner(All, nil)
	var out []found
	asm := callflow.NewAssembler(callflow.Options{Emit: func(c *callflow.Call) error {
		out = append(out, runner.Run(c)...)
		return nil
	}})
	for i := range records {
		if err := asm.Add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := asm.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

const whole = "MESSAGE sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.org>;tag=1\r\n" +
	"To: <sip:b@example.net>\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"

// TestPartsThatTheSourceLacks: a capture or device says itself that it has not the whole of a message.
func TestPartsThatTheSourceLacks(t *testing.T) {
	for missing, want := range map[capture.Missing]string{
		capture.MissingNothing: "",
		capture.MissingSnap:    "cut by the capture",
		capture.MissingPart:    "came in parts",
		capture.MissingStream:  "TCP stream",
	} {
		list := findingsOf(t, []capture.Record{{Kind: capture.KindMessage, Missing: missing, Data: []byte(whole),
			Origin: capture.Origin{Unit: capture.Frame, Number: 7, Start: 100, End: 100 + int64(len(whole))}}})
		got := ""
		for _, f := range list {
			if f.Rule == MessageCut {
				got = f.Text
				if e := f.Evidence[0]; e.Unit != capture.Frame || e.Number != 7 {
					t.Errorf("evidence %+v", e)
				}
			}
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("missing %d: %q", missing, got)
		}
	}
}

// TestNearLimit: the limits of syslog daemons, which explain where a message ends.
func TestNearLimit(t *testing.T) {
	for n, want := range map[int64]string{100: "", 849: "", 850: "1,024", 1021: "1,024", 1030: "1,024", 1031: "", 2048: "2,048", 8096: "8 KiB", 9000: ""} {
		got := nearLimit(capture.MissingNothing, n)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := nearLimit(capture.MissingPart, 1021); got != "" {
		t.Errorf("a message in parts: %q", got)
	}
}

// TestRulesAreWhole holds the rules to their form: what help, web page and SARIF print of them.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range All {
		if r.Code == "" || seen[r.Code] || r.Title == "" || strings.HasSuffix(r.Title, ".") || r.Text == "" || !strings.HasSuffix(r.Text, ".") ||
			!strings.HasSuffix(r.Mend, ".") || r.Since == "" || r.Run == nil || r.Severity == diagnose.SeverityUnknown {
			t.Errorf("rule %q is not whole: %+v", r.Code, *r)
		}
		seen[r.Code] = true
		if Named(r.Code) != r {
			t.Errorf("Named(%q) is another", r.Code)
		}
		for _, c := range r.DependsOn {
			if slices.Index(All, c) >= slices.Index(All, r) {
				t.Errorf("%s depends on %s, which does not run before it", r.Code, c.Code)
			}
		}
	}
	if Named("nothing") != nil {
		t.Error("there is a rule called nothing")
	}
}
