package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// TestHelpFits: the help of every command fits a terminal, but for words that are longer than its lines, and says the same whatever the width.
func TestHelpFits(t *testing.T) {
	var all func(cmd *cobra.Command)
	words := func(help []byte) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(string(help), " \\\n", "\n")), " ")
	}
	all = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		want := words(appendHelp(nil, cmd, 1000))
		for _, width := range []int{40, 60, 80, 132} {
			help := appendHelp(nil, cmd, width)
			for line := range strings.SplitSeq(string(help), "\n") {
				bare := strings.TrimLeft(line, " ")
				if n := utf8.RuneCountInString(line); n > width && strings.Contains(bare, " ") {
					t.Errorf("%s, %d columns: %d: %q", cmd.CommandPath(), width, n, line)
				}
				if strings.HasSuffix(line, " ") {
					t.Errorf("%s, %d columns: blanks at the end of %q", cmd.CommandPath(), width, line)
				}
			}
			if got := words(help); got != want {
				t.Errorf("%s, %d columns:\n%s\nwant\n%s", cmd.CommandPath(), width, got, want)
			}
		}
		for _, c := range cmd.Commands() {
			all(c)
		}
	}
	all(newRoot(&terminal{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}))
}

func TestAppendProse(t *testing.T) {
	const text = "One two three four\nfive six.\n\n  a  b        what it is in many words\n  -x\nSeven."
	for width, want := range map[int]string{
		0:  "One two three four five six.\n\n  a  b        what it is in many words\n  -x\nSeven.\n",
		12: "One two\nthree four\nfive six.\n\n  a  b what\n    it is in\n    many\n    words\n  -x\nSeven.\n",
		40: "One two three four five six.\n\n  a  b        what it is in many words\n  -x\nSeven.\n",
	} {
		if got := string(appendProse(nil, text, width)); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}

func TestShortTime(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", time.Hour: "1h", 90 * time.Second: "1m30s", time.Minute: "1m", 61 * time.Minute: "1h1m", 10 * time.Second: "10s",
		time.Hour + 30*time.Second: "1h0m30s", -time.Minute: "-1m", 1500 * time.Millisecond: "1.5s", 10 * time.Hour: "10h"} {
		if got := shortTime(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"color", "colour", 1}, {"listen", "lisen", 1}, {"year", "yaer", 2}, {"ring", "bring", 1},
		{"x", strings.Repeat("x", 100000), 100000}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%.9q, %.9q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
