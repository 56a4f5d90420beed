package sdp

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// crlf turns the line ends of a Go raw string into those of the wire.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// descriptions returns the names of the descriptions in testdata, without extension.
func descriptions(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.sdp"))
	if err != nil || len(files) < 20 {
		t.Fatalf("testdata: %d descriptions, %v", len(files), err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".sdp")
	}
	return files
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parseFile(t testing.TB, name string) *Session {
	t.Helper()
	return Parse(read(t, filepath.Join("testdata", name+".sdp")))
}

// checkLossless fails unless the lines of s joined are its input and sections, values and problems lie where they must.
func checkLossless(t *testing.T, s *Session) {
	t.Helper()
	at := uint32(0)
	for i, l := range s.Lines {
		if l.Span.Start != at || l.Span.IsEmpty() {
			t.Fatalf("line %d is %v, and the one before ends at %d", i, l.Span, at)
		}
		at = l.Span.End
		if l.Value.Start < l.Span.Start || l.Value.End > l.Span.End || l.Value.Start > l.Value.End {
			t.Fatalf("line %d: value %v outside of %v", i, l.Value, l.Span)
		}
		switch head := s.Raw[l.Span.Start:l.Value.Start]; {
		case l.Type == 0 && len(head) != 0, l.Type != 0 && !bytes.Equal(head, []byte{l.Type, '='}):
			t.Fatalf("line %d of type %q begins %q", i, l.Type, head)
		}
		tooLong := len(s.Lines) == MaxLines && i == MaxLines-1
		if !tooLong && bytes.ContainsAny(s.Value(l), "\r\n") {
			t.Fatalf("line %d has a line end in its value %q", i, s.Value(l))
		}
		if end := s.Raw[l.Value.End:l.Span.End]; len(bytes.Trim(end, "\r\n")) != 0 {
			t.Fatalf("line %d ends in %q", i, end)
		}
	}
	if int(at) != len(s.Raw) {
		t.Fatalf("the lines end at %d of %d", at, len(s.Raw))
	}
	next := len(s.SessionLines())
	for i, m := range s.AllMedia() {
		if int(m.start) != next || m.Line().Type != 'm' || m.Index() != i || m.end <= m.start {
			t.Fatalf("media section %d is lines %d to %d, and the part before ends at %d", i, m.start, m.end, next)
		}
		next = int(m.end)
	}
	if next != len(s.Lines) && s.MediaCount() < MaxMedia {
		t.Fatalf("sections end at line %d of %d", next, len(s.Lines))
	}
	if len(s.Problems) > MaxProblems {
		t.Fatalf("%d problems", len(s.Problems))
	}
	for _, p := range s.Problems {
		if p.Code == ProblemNone || p.Code.String() == "" || int(p.Span.End) > len(s.Raw) || p.Span.Start > p.Span.End {
			t.Fatalf("problem %d %q at %v of %d", p.Code, p.Code, p.Span, len(s.Raw))
		}
	}
}
