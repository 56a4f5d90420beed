package cli

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		want        string
	}{
		{0, 0, "read 0 KiB"},
		{5 << 20, 0, "read 5120 KiB"},
		{30 << 20, -1, "read 30 MiB"},
		{0, 1 << 20, "[........................] 0 % of 1024 KiB"},
		{512 << 10, 1 << 20, "[############............] 50 % of 1024 KiB"},
		{1 << 20, 1 << 20, "[########################] 100 % of 1024 KiB"},
		{9 << 20, 1 << 20, "[########################] 100 % of 1024 KiB"}, // the file has grown
		{100 << 30, 200 << 30, "[############............] 50 % of 200 GiB"},
	} {
		if got := progressLine(c.done, c.total); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.done, c.total, got, c.want)
		}
	}
	for _, n := range []int64{math.MaxInt64, math.MaxInt64 / 3, 1} {
		if got := progressLine(n, math.MaxInt64); len(got) > 60 || !strings.HasPrefix(got, "[") {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// TestProgressGoes: the line is gone before anything else is written, and nobody is shown one who has no terminal.
func TestProgressGoes(t *testing.T) {
	var out, talk bytes.Buffer
	term := &terminal{stdout: &out, stderr: &talk}
	if term.progress() != nil {
		t.Error("progress is drawn into a buffer")
	}
	for name, write := range map[string]func(){
		"data": func() { _, _ = term.Write([]byte("row\n")) },
		"talk": func() { term.talk("hello \x1b[2J %s", "\u202e") },
		"end":  func() { term.done() },
	} {
		talk.Reset()
		term.drawn = true
		write()
		if !strings.HasPrefix(talk.String(), "\r\x1b[K") || term.drawn {
			t.Errorf("%s: %q", name, talk.String())
		}
		if rest := strings.TrimPrefix(talk.String(), "\r\x1b[K"); strings.ContainsAny(rest, "\x1b\u202e") {
			t.Errorf("%s: %q", name, rest)
		}
	}
}

func TestColor(t *testing.T) {
	term := &terminal{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	for asked, want := range map[string]bool{"always": true, "never": false, "auto": false} {
		if got, err := term.color(asked); got != want || err != nil {
			t.Errorf("%s: %t, %v", asked, got, err)
		}
	}
	if _, err := term.color("red"); err == nil {
		t.Error("red is taken")
	}
	if w := term.width(72); w != 72 {
		t.Errorf("width %d", w)
	}
	if w := term.width(-1); w != 0 {
		t.Errorf("a file has a width of %d", w)
	}
}

// TestWidthOfTerminal: a terminal is drawn for by the rule that --width has, of 30 columns at least.
func TestWidthOfTerminal(t *testing.T) {
	for _, c := range []struct {
		columns int
		known   bool
		want    int
	}{{200, true, 200}, {31, true, 31}, {30, true, 30}, {29, true, 30}, {5, true, 30}, {0, true, 80}, {5, false, 80}} {
		if got := ofTerminal(c.columns, c.known); got != c.want {
			t.Errorf("%d (%t): drawn for %d, want %d", c.columns, c.known, got, c.want)
		}
	}
	asked := widthFlag()
	for value, taken := range map[string]bool{"0": true, "29": false, "30": true, "5": false, "-1": false} {
		if err := asked.Set(value); (err == nil) != taken {
			t.Errorf("--width %s: %v", value, err)
		}
	}
}
