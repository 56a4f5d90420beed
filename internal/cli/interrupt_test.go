package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// waiting gives a text, then cancels, and then waits for ever, as a pipe to which nothing more is written.
type waiting struct {
	text   io.Reader
	cancel context.CancelFunc
	never  chan struct{}
}

func (w *waiting) Read(p []byte) (int, error) {
	if n, err := w.text.Read(p); err == nil {
		return n, nil
	}
	w.cancel()
	<-w.never
	return 0, io.EOF
}

// TestInterrupted: what was read until Ctrl-C is told, and the exit status says so.
func TestInterrupted(t *testing.T) {
	log, err := os.ReadFile("testdata/logs/day.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"explain", "-"}, {"explain", "--format", "json", "-"}, {"explain", "--format", "ndjson", "-"}, {"list", "-"},
		{"list", "--sort=-ring", "-"}, {"list", "--json", "-"}} {
		ctx, cancel := context.WithCancel(context.Background())
		in := &waiting{text: bytes.NewReader(log), cancel: cancel, never: make(chan struct{})}
		var out, talk bytes.Buffer
		code := execute(ctx, args, in, &out, &talk)
		close(in.never)
		if code != exitInterrupted || !strings.Contains(out.String(), "18005551299") || !strings.Contains(talk.String(), "interrupted; what was read until then is told") {
			t.Errorf("%v: status %d, %d bytes, %q", args, code, out.Len(), talk.String())
		}
		if args[1] == "--format" && args[2] == "json" && !strings.HasSuffix(out.String(), "}\n") {
			t.Errorf("%v: the document has no end", args)
		}
	}
}

// TestInterruptedPipe: a named pipe that nobody has opened to write, or in which nothing more comes, does not hold up the end.
func TestInterruptedPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no named pipes in folders")
	}
	log, err := os.ReadFile("testdata/logs/day.log")
	if err != nil {
		t.Fatal(err)
	}
	silent, slow := filepath.Join(t.TempDir(), "silent"), filepath.Join(t.TempDir(), "slow")
	for _, name := range []string{silent, slow} {
		if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
			t.Skipf("mkfifo: %v %s", err, out)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, talk bytes.Buffer
	if code := execute(ctx, []string{"list", silent}, strings.NewReader(""), &out, &talk); code != exitInterrupted || !strings.Contains(talk.String(), "interrupted") {
		t.Errorf("silent: status %d, %q", code, talk.String())
	}
	ctx, cancel = context.WithCancel(context.Background())
	end := make(chan struct{})
	written := make(chan error, 1)
	go func() {
		w, err := os.OpenFile(slow, os.O_WRONLY, 0)
		if err == nil {
			_, err = w.Write(log)
			cancel()
			<-end
			w.Close()
		}
		written <- err
	}()
	out.Reset()
	talk.Reset()
	code := execute(ctx, []string{"list", slow}, strings.NewReader(""), &out, &talk)
	close(end)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if code != exitInterrupted || !strings.Contains(talk.String(), "interrupted; what was read until then is told") {
		t.Errorf("slow: status %d, %q", code, talk.String())
	}
}

// TestInterruptedPassword: so is one who asks for a password from a pipe.
func TestInterruptedPassword(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in := &waiting{text: strings.NewReader(""), cancel: cancel, never: make(chan struct{})}
	defer close(in.never)
	users := filepath.Join(t.TempDir(), "users")
	var out, talk bytes.Buffer
	if code := execute(ctx, []string{"proxy", "user", "add", "bob", "--domain", "example.com", "--users", users}, in, &out, &talk); code != exitInterrupted || talk.String() != "sipscribe: interrupted; nothing was changed\n" {
		t.Errorf("status %d, %q", code, talk.String())
	}
	if _, err := os.Stat(users); err == nil {
		t.Error("the file of users was written")
	}
}

// closedPipe takes so many bytes and then refuses, as "| head" does.
type closedPipe struct {
	left int
	err  error
}

func (c *closedPipe) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, c.err
	}
	return len(p), nil
}

func TestOutputThatEnds(t *testing.T) {
	for _, args := range [][]string{{"explain", "testdata/logs/day.log"}, {"list", "testdata/logs/day.log"}, {"list", "--unrecognised", "testdata/logs/page.log"}, {"rules"}} {
		var talk bytes.Buffer
		if code := execute(context.Background(), args, strings.NewReader(""), &closedPipe{err: syscall.EPIPE}, &talk); code != exitDone || talk.Len() > 0 {
			t.Errorf("%v into a closed pipe: status %d, %s", args, code, talk.String())
		}
		talk.Reset()
		full := errors.New("no space left on device")
		if code := execute(context.Background(), args, strings.NewReader(""), &closedPipe{err: full}, &talk); code != exitFailed || !strings.Contains(talk.String(), full.Error()) {
			t.Errorf("%v onto a full disk: status %d, %s", args, code, talk.String())
		}
	}
}
