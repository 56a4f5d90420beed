package decode_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/spa"
)

// listSPA decodes a log and lists what its records say, without their places; each byte of the data must stand at its place.
func listSPA(t *testing.T, text []byte) []string {
	t.Helper()
	dec := spa.Format.New(&decode.Input{R: decode.NewReader(bytes.NewReader(text)), Options: decode.Options{KeepUnrecognised: true}})
	var list []string
	for {
		var rec capture.Record
		err := dec.Next(&rec)
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range rec.Data {
			if at, _ := rec.Origin.Span(i, i+1); c > ' ' && text[at] != c {
				t.Fatalf("line %d: byte %d %q is at %d, where %q stands", rec.Origin.Number, i, c, at, text[at])
			}
		}
		list = append(list, fmt.Sprintf("%d %s %s %s %d %q", rec.Kind, rec.Time.Text(), rec.Observer, rec.Event.Name, rec.Missing, rec.Data))
	}
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func firstDifference(t *testing.T, name string, want, got []string) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	for i := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			t.Errorf("%s: record %d of %d\n got %s\nwant %s", name, i, len(want), g, w)
			return
		}
	}
}

// A log that a mail quotes says what the log says: times, hosts and events too.
func TestQuotedLog(t *testing.T) {
	for _, name := range []string{"seed-call.log", "seed-call-syslog-ng.log", "seed-call-rsyslog.log", "seed-call-kiwi.log", "day-at-home.log"} {
		text := example(t, name)
		want := listSPA(t, text)
		if len(want) < 5 {
			t.Fatalf("%s: %d records", name, len(want))
		}
		for _, mark := range []string{">", "> ", ">> ", "> > ", "    ", "\t", "  \t "} {
			lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
			quoted := mark + strings.Join(lines, mark) + "\n"
			firstDifference(t, name+" behind "+mark, want, listSPA(t, []byte(quoted)))
			// Mail programs take blanks off the end of a line.
			short := strings.ReplaceAll(quoted, "\n"+mark+"\n", "\n"+strings.TrimRight(mark, " \t")+"\n")
			firstDifference(t, name+" behind "+mark+", shortened", want, listSPA(t, []byte(short)))
		}
	}
	// The quotation ends where the mark does.
	const line = "Aug 20 16:40:00 192.0.2.5 [0]Off Hook\n"
	got := listSPA(t, []byte("> "+line+"\n> words\nwords\n> words\n"+line))
	for i, end := range []string{`"[0]Off Hook"`, `"words"`, `"words"`, `"> words"`, `"[0]Off Hook"`} {
		if i >= len(got) || !strings.HasSuffix(got[i], end) {
			t.Errorf("record %d of %q, want %s", i, got, end)
		}
	}
	// A line that is indented is none of a log that is not: what stands so in a message was sent so.
	got = listSPA(t, []byte("Aug 20 16:40:00 192.0.2.5 BYE sip:b@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.6\nSubject: x\n "+line+"\n"))
	if len(got) != 1 || !strings.Contains(got[0], "Off Hook") {
		t.Errorf("%q", got)
	}
}
