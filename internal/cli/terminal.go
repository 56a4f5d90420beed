package cli

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"sipscribe/internal/explain"
)

// terminal is where the program talks: what its outputs are, and the progress line, which must be gone before anything else is written.
type terminal struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// interrupted is what there is to say after Ctrl-C.
	interrupted string

	mu       sync.Mutex // guards all below
	drawn    bool       // a progress line stands on the terminal
	wrote    bool       // something was written to standard output
	writeErr error      // the first that writing to it ended in
	started  time.Time
	lastDraw time.Time
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// isInteractive reports whether somebody sits at standard input.
func (t *terminal) isInteractive() bool {
	f, ok := t.stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// talk writes a line to standard error.
func (t *terminal) talk(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	fmt.Fprintln(t.stderr, "sipscribe: "+printable(fmt.Sprintf(format, args...)))
}

// noneFits says that --where left nothing of so many calls.
func (t *terminal) noneFits(calls int) {
	if calls == 1 {
		t.talk("the only call does not fit --where")
		return
	}
	t.talk("none of the %d calls fits --where", calls)
}

// printable escapes what must not reach a terminal: names of files and texts of logs are in our messages.
func printable(s string) string { return explain.Shown([]byte(s), 4096) }

// Write writes data to standard output.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	t.wrote = true
	n, err := t.stdout.Write(p)
	if err != nil && t.writeErr == nil {
		t.writeErr = err
	}
	return n, err
}

// failed returns the first error of writing to standard output.
func (t *terminal) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writeErr
}

func (t *terminal) clear() {
	if t.drawn {
		fmt.Fprint(t.stderr, "\r\x1b[K")
		t.drawn = false
	}
}

// progress returns the function that draws progress, nil if there is nobody to see it: standard error is a terminal, and standard output is none,
// or nothing was written to it yet.
func (t *terminal) progress() func(done, total int64) {
	if !isTerminal(t.stderr) {
		return nil
	}
	t.started = time.Now()
	both := isTerminal(t.stdout)
	return func(done, total int64) {
		t.mu.Lock()
		defer t.mu.Unlock()
		now := time.Now()
		if now.Sub(t.started) < 700*time.Millisecond || now.Sub(t.lastDraw) < 100*time.Millisecond || both && t.wrote {
			return
		}
		t.lastDraw = now
		fmt.Fprint(t.stderr, "\r\x1b[K"+progressLine(done, total))
		t.drawn = true
	}
}

// progressLine draws how much of the input was read: a bar, or the bytes alone where it is not known how many there are. Neither more than 60
// columns, so that it never wraps.
func progressLine(done, total int64) string {
	if total <= 0 {
		return "read " + megabytes(done)
	}
	const width = 24
	done = min(max(done, 0), total)
	full := int(float64(done) / float64(total) * width)
	return fmt.Sprintf("[%s%s] %d %% of %s", strings.Repeat("#", full), strings.Repeat(".", width-full), int(float64(done)/float64(total)*100),
		megabytes(total))
}

func megabytes(n int64) string {
	switch {
	case n < 10<<20:
		return strconv.FormatInt(n>>10, 10) + " KiB"
	case n < 10<<30:
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n>>30, 10) + " GiB"
}

// done takes the progress line away.
func (t *terminal) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

// width returns the columns to draw for: what was asked for, those of the terminal, 0 (no limit) where there is none.
func (t *terminal) width(asked int) int {
	if asked >= 0 {
		return asked
	}
	if f, ok := t.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w, _, err := term.GetSize(int(f.Fd()))
		return ofTerminal(w, err == nil)
	}
	return 0
}

// ofTerminal returns the columns to draw for on a terminal of so many. In fewer than minWidth nothing is drawn, asked for or not: the terminal breaks those lines again.
func ofTerminal(columns int, known bool) int {
	if !known || columns <= 0 {
		return defaultWidth
	}
	return max(columns, minWidth)
}

// color decides whether to use colours (https://no-color.org).
func (t *terminal) color(asked string) (bool, error) {
	switch asked {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(t.stdout) && !oldConsole(), nil
	}
	return false, withHint(fmt.Errorf("--color: %q is none of auto, always, never", asked), "")
}

// oldConsole reports whether this is Windows without a terminal program that knows ANSI escapes and UTF-8.
func oldConsole() bool {
	return runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == "" && os.Getenv("TERM") == "" && os.Getenv("ConEmuANSI") != "ON"
}
