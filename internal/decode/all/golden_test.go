package all

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestGolden decodes testdata/<case>.log and compares all its records with testdata/<case>.txt. The first line of the .txt says what
// the case shows and is written by hand.
func TestGolden(t *testing.T) {
	logs, err := filepath.Glob("testdata/*.log*")
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	for _, log := range logs {
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(log), ".gz"), ".zst"), ".log")
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", name+".txt")
			want, err := os.ReadFile(golden)
			if err != nil && !*update {
				t.Fatal(err)
			}
			title, _, _ := strings.Cut(string(want), "\n")
			if !strings.HasPrefix(title, "# ") {
				t.Fatalf("%s does not say in its first line what it shows", golden)
			}
			got := title + "\n" + dump(t, log)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s differs (go test -update writes it anew):\n%s", golden, difference(string(want), got))
			}
		})
	}
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(w) || i < len(g); i++ {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nwant %s\n got %s", i+1, a, b)
		}
	}
	return "nothing"
}

// dump decodes a file by the format that fits it and lists its records.
func dump(t *testing.T, name string) string {
	t.Helper()
	f, err := decode.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	source := plain(t, name)
	format, verdict := decode.Choose(Formats, f.R.Peek(decode.SniffLen))
	if format == nil {
		t.Fatal("no format")
	}
	in := &decode.Input{Name: name, R: f.R, Options: decode.Options{KeepUnrecognised: true}}
	dec := format.New(in)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", format.Name, verdict.Reason)
	for {
		var rec capture.Record
		err := dec.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		show(&b, &rec)
		checkOrigin(t, source, &rec)
	}
	fmt.Fprintf(&b, "\nunrecognised: %d lines\n", in.Stats.UnrecognisedLines)
	return b.String()
}

func plain(t *testing.T, name string) []byte {
	t.Helper()
	f, err := decode.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f.R)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var kinds = [...]string{"unknown", "message", "event", "loss", "media"}
var form = [...]string{"", "dots", "hex", "summary"}
var missing = [...]string{"", "snap", "part", "stream", "fields", "rest", "body", "head"}

func show(b *strings.Builder, r *capture.Record) {
	fmt.Fprintf(b, "\n%s line %d [%d,%d)", kinds[r.Kind], r.Origin.Number, r.Origin.Start, r.Origin.End)
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, " %s=%s", name, value)
		}
	}
	endpoint := func(e capture.Endpoint) string {
		if s := e.Transport.String(); s != "" && e.IsValid() {
			return s + "/" + e.String()
		}
		return e.String()
	}
	if !r.Time.IsZero() {
		add("time", "\""+r.Time.Text()+"\"")
	}
	add("observer", string(r.Observer))
	if r.Direction != capture.DirectionUnknown {
		add("way", r.Direction.String())
	}
	add("src", endpoint(r.Src))
	add("dst", endpoint(r.Dst))
	add("label", string(r.Label))
	if len(r.SrcName) > 0 {
		add("names", fmt.Sprintf("%q->%q", r.SrcName, r.DstName))
	}
	add("missing", missing[r.Missing])
	add("form", form[r.Form])
	if r.Wrapped {
		add("wrapped", "yes")
	}
	if r.Kind == capture.KindEvent {
		add("event", r.Event.Name)
		if r.Event.Line > 0 {
			add("device-line", fmt.Sprint(r.Event.Line))
		}
		add("subject", string(r.Event.Subject))
	}
	b.WriteByte('\n')
	for _, line := range strings.SplitAfter(string(r.Data), "\n") {
		if line != "" {
			q := strings.NewReplacer("\r", "␍", "\n", "␊", "\t", "␉", "\x1b", "␛", "\x00", "␀").Replace(line)
			fmt.Fprintf(b, "    %s\n", q)
		}
	}
}

// checkOrigin holds a record to its source: its bytes stand where its origin says, but for line ends and what was escaped.
func checkOrigin(t *testing.T, source []byte, r *capture.Record) {
	t.Helper()
	o := r.Origin
	if o.Start < 0 || o.End < o.Start || o.End > int64(len(source)) {
		t.Errorf("line %d: [%d,%d) of %d bytes", o.Number, o.Start, o.End, len(source))
		return
	}
	end := []byte("\n")
	if !bytes.Contains(source, end) {
		end = []byte("\r")
	}
	if n := int64(bytes.Count(source[:o.Start], end)) + 1; n != o.Number {
		t.Errorf("offset %d is in line %d, not %d", o.Start, n, o.Number)
	}
	if r.Kind == capture.KindLoss {
		return // its data are words about the source
	}
	last := o.Start
	for i, c := range r.Data {
		at, _ := o.Span(i, i+1)
		if at < last || at >= o.End {
			t.Errorf("line %d: byte %d of the data %q at %d, not in [%d,%d)", o.Number, i, c, at, last, o.End)
			return
		}
		last = at
		if r.Form == capture.FormHex || r.Form == capture.FormSummary || source[at] == ' ' && strings.IndexByte("/2.0:", c) >= 0 {
			continue // other characters stand there; what rsyslog took away stands at a blank
		}
		if c != '\r' && c != '\n' && c != ' ' && source[at] != c && source[at] != '&' && source[at] != '\\' && source[at] != '#' && source[at] != '^' && source[at] != '.' {
			t.Errorf("line %d: byte %d of the data is %q, at %d stands %q", o.Number, i, c, at, source[at])
			return
		}
	}
}
