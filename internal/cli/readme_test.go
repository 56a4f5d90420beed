package cli_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipscribe/internal/cli"
)

// pages are the pages whose shown output is held true, from the root of the module.
var pages = []string{"README.md", "examples/README.md", "docs/spa.md"}

// leftOut is a line of a page that stands for any lines, or none.
const leftOut = "…"

// TestPages runs what the pages run, and compares what they show with what comes out. In a block that begins with ```console a line
//
//	$ go run ./cmd/sipscribe ARGS   or   $ sipscribe ARGS
//
// is run, in the root of the module and with no terminal; other commands are not. With -update the blocks are rewritten: a block that leaves
// lines out keeps as many before and behind them as it has.
func TestPages(t *testing.T) {
	t.Chdir(moduleRoot(t))
	t.Setenv("NO_COLOR", "1")
	for _, name := range pages {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			runs := 0
			mended := renewPage(string(text), func(line int, command string, shown []string) []string {
				args, ours, err := ourArgs(command)
				if err != nil {
					t.Errorf("%s:%d: %s: %v", name, line, command, err)
				}
				if !ours || err != nil {
					return shown
				}
				runs++
				var out, talk bytes.Buffer
				if code := cli.Main(args, strings.NewReader(""), &out, &talk); code != 0 {
					t.Errorf("%s:%d: %s: exit %d: %s", name, line, command, code, talk.String())
					return shown
				}
				got := outputLines(out.String())
				switch {
				case fits(shown, got):
					return shown
				case updating():
					return abridge(got, shown)
				}
				t.Errorf("%s:%d: %s: (- shown, + printed; -update rewrites the page)\n%s", name, line, command, cmp.Diff(shown, got))
				return shown
			})
			if runs == 0 {
				t.Errorf("%s shows no run of sipscribe", name)
			}
			if mended != string(text) && !t.Failed() {
				if err := os.WriteFile(name, []byte(mended), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// updateFlag defines -update, if the tests of this package share none yet.
var updateFlag = func() bool {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "rewrite what the tests compare with")
	}
	return true
}()

func updating() bool {
	f := flag.Lookup("update")
	return updateFlag && f != nil && f.Value.String() == "true"
}

// moduleRoot walks up to the folder of go.mod.
func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// renewPage returns a page with what is shown under each command of its console blocks replaced by what renew returns. line is that of the
// command, from 1; shown has no empty lines at its end.
func renewPage(page string, renew func(line int, command string, shown []string) []string) string {
	var out []string
	lines := strings.Split(page, "\n")
	inside := false
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		if strings.HasPrefix(lines[i], "```") {
			inside = lines[i] == "```console"
			continue
		}
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !inside || !ok {
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "```") && !strings.HasPrefix(lines[end], "$ ") {
			end++
		}
		// Empty lines between two commands are the page's, not the output's.
		last := end
		for last > i+1 && lines[last-1] == "" {
			last--
		}
		out = append(out, renew(i+1, command, slices.Clone(lines[i+1:last]))...)
		out = append(out, lines[last:end]...)
		i = end - 1
	}
	return strings.Join(out, "\n")
}

// ourArgs returns the arguments that a command gives to sipscribe, and false if it runs something else.
func ourArgs(command string) (args []string, ours bool, err error) {
	for _, program := range []string{"go run ./cmd/sipscribe", "sipscribe"} {
		if rest, ok := strings.CutPrefix(command, program); ok && (rest == "" || rest[0] == ' ') {
			args, err := split(rest)
			return args, true, err
		}
	}
	return nil, false, nil
}

// split is how a shell splits a command into words: quotes, backslashes and a comment at the end; it does nothing else that a shell does, and says so
// where it would have to.
func split(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quote := false, rune(0)
	r := []rune(command)
	for i := 0; i < len(r); i++ {
		c := r[i]
		switch {
		case quote == '\'':
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\\':
			if i++; i == len(r) {
				return nil, errors.New("ends in a backslash")
			}
			if quote == '"' && !strings.ContainsRune("\"\\$`", r[i]) {
				word.WriteRune('\\')
			}
			word.WriteRune(r[i])
			in = true
		case c == '$' || c == '`':
			return nil, errors.New("the test expands nothing")
		case quote == '"':
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case c == '#' && !in:
			return words, nil
		case strings.ContainsRune("|&;<>()*?[~", c):
			return nil, errors.New("the test is no shell: quote " + string(c))
		default:
			word.WriteRune(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quotation does not end")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// outputLines splits output into lines, without empty ones at its end.
func outputLines(out string) []string {
	out = strings.TrimRight(out, "\n")
	if out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

// fits reports whether lines are shown as they are, but for those left out.
func fits(shown, lines []string) bool {
	for i, s := range shown {
		if s == leftOut {
			for k := 0; k <= len(lines)-i; k++ {
				if fits(shown[i+1:], lines[i+k:]) {
					return true
				}
			}
			return false
		}
		if i >= len(lines) || lines[i] != s {
			return false
		}
	}
	return len(shown) == len(lines)
}

// abridge returns lines as a block shows them: all, or with as many left at the beginning and the end as shown has before its first and behind
// its last leftOut.
func abridge(lines, shown []string) []string {
	head := slices.Index(shown, leftOut)
	if head < 0 {
		return lines
	}
	tail := slices.Index(reversed(shown), leftOut)
	if head+tail >= len(lines) {
		return lines
	}
	return slices.Concat(lines[:head], []string{leftOut}, lines[len(lines)-tail:])
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

func TestSplit(t *testing.T) {
	for command, want := range map[string][]string{
		``:                                    nil,
		` explain  a.log `:                    {"explain", "a.log"},
		` list --where "outcome=busy,ring>1"`: {"list", "--where", "outcome=busy,ring>1"},
		` a 'b "c" \' d`:                      {"a", `b "c" \`, "d"},
		` "a \"b\" \c" e\ f ""`:               {`a "b" \c`, "e f", ""},
		` a#b # a comment`:                    {"a#b"},
	} {
		got, err := split(command)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", command, got, err, want)
		}
	}
	for _, command := range []string{`a | b`, `a > b`, `$HOME`, `"$HOME"`, `'a`, `"a`, `a\`, `*.log`} {
		if got, err := split(command); err == nil {
			t.Errorf("%s: %q, want an error", command, got)
		}
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		shown, lines string
		fits         bool
		abridged     string
	}{
		{"a b", "a b", true, "a b"},
		{"", "", true, ""},
		{"", "a", false, "a"},
		{"a", "", false, ""},
		{"a", "a b", false, "a b"},
		{"…", "", true, ""},
		{"a …", "a", true, "a"},
		{"a … c", "a b b c", true, "a … c"},
		{"a … c", "a c", true, "a c"},
		{"a … c", "a b", false, "a b"},
		{"a … c", "x y z", false, "x … z"},
		{"… b … d", "a b c d", true, "… d"},
		{"… b … d", "a b c d e", false, "… e"},
		{"… b", "a b b", true, "… b"},
	} {
		shown, lines := strings.Fields(c.shown), strings.Fields(c.lines)
		if got := fits(shown, lines); got != c.fits {
			t.Errorf("%q, %q: %v, want %v", c.shown, c.lines, got, c.fits)
		}
		if got := strings.Join(abridge(lines, shown), " "); got != c.abridged {
			t.Errorf("%q, %q: %q, want %q", c.shown, c.lines, got, c.abridged)
		}
	}
}

func TestRenewPage(t *testing.T) {
	page := "# x\n\n```console\n$ one\nold\n\n$ two\n```\n\n```\n$ three\nkept\n```\n"
	var seen []string
	got := renewPage(page, func(line int, command string, shown []string) []string {
		seen = append(seen, command+":"+strings.Join(shown, ","))
		return []string{"new " + command}
	})
	want := "# x\n\n```console\n$ one\nnew one\n\n$ two\nnew two\n```\n\n```\n$ three\nkept\n```\n"
	if got != want || !slices.Equal(seen, []string{"one:old", "two:"}) {
		t.Errorf("%q, %q; want %q", seen, got, want)
	}
}
