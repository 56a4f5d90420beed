package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// moduleRoot returns the folder of go.mod: the current one or one above it.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("no go.mod in %s or above it; run it inside the module", dir)
		}
	}
}

// build builds a program as it is released and returns its path.
func build(ctx context.Context, root, dir, pkg string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	out := filepath.Join(dir, "bin", filepath.Base(pkg))
	if runtime.GOOS == "windows" {
		out += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", out, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, bytes.TrimSpace(said))
	}
	return out, nil
}

// tail keeps the last bytes of what a program says.
type tail struct{ b []byte }

const tailSize = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - tailSize; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

// failure is an error of a program with the last that it said.
func failure(program string, err error, said *tail) error {
	if s := strings.TrimSpace(string(said.b)); s != "" {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, s)
	}
	return fmt.Errorf("%s: %w", filepath.Base(program), err)
}

// read runs a program and gives its standard output to take, which need not read all of it. An error of take wins over one of the
// program.
func read(ctx context.Context, program string, args []string, take func(io.Reader) error) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	cmd := exec.CommandContext(ctx, program, args...)
	var said tail
	cmd.Stderr = &said
	cmd.Env = peerEnvironment()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	taken := take(out)
	_, _ = io.Copy(io.Discard, out) // a full pipe would keep it from ending
	err = cmd.Wait()
	if taken != nil && ctx.Err() == nil {
		return taken
	}
	if err != nil {
		return failure(program, err, &said)
	}
	return nil
}

// peerEnvironment is the environment of what is measured: sngrep wants a terminal's name, though it draws nothing.
func peerEnvironment() []string {
	env := os.Environ()
	if os.Getenv("TERM") == "" {
		env = append(env, "TERM=xterm")
	}
	return env
}

// cost is what one run of a program took.
type cost struct {
	CPU    time.Duration `json:"cpu"`    // user and system, of all threads
	MaxRSS int64         `json:"maxrss"` // largest resident set in bytes; 0 where the system does not tell
	Err    string        `json:"err"`    // why the run counts for nothing
}

// launchArg makes this program a launcher: it starts what stands behind it, waits, and reports the cost.
//
// The launcher is there for the memory. Linux carries the largest resident set of the process that forks over into the child's
// (exec_mmap in fs/exec.c), and this program, which has read the truth, is larger than what it measures. The launcher is small.
const launchArg = "-launch"

// launch runs args with its output thrown away and writes its cost as JSON to report. When alive ends, whoever started us is gone or wants no
// more, and the child is killed.
func launch(args []string, alive io.Reader, report io.Writer) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		stop()
	}()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var said tail
	cmd.Stderr = &said
	cmd.Env = peerEnvironment()
	var c cost
	if err := cmd.Run(); err != nil {
		c.Err = failure(args[0], err, &said).Error()
	}
	if s := cmd.ProcessState; s != nil {
		c.CPU, c.MaxRSS = s.UserTime()+s.SystemTime(), maxRSS(s)
	}
	if err := json.NewEncoder(report).Encode(&c); err != nil {
		return exitFailed
	}
	return exitDone
}

// spend runs a program through the launcher and returns what it took.
func spend(ctx context.Context, program string, args ...string) (cost, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{launchArg, program}, args...)...)
	alive, err := cmd.StdinPipe()
	if err != nil {
		return cost{}, err
	}
	// Closing its standard input ends the launcher and with it its child; killing it would leave the child alone.
	cmd.Cancel = alive.Close
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return cost{}, fmt.Errorf("%s: launcher: %w", filepath.Base(program), err)
	}
	if err := ctx.Err(); err != nil {
		return cost{}, err
	}
	var c cost
	if err := json.Unmarshal(out, &c); err != nil {
		return cost{}, fmt.Errorf("%s: launcher: %w", filepath.Base(program), err)
	}
	if c.Err != "" {
		return c, errors.New(c.Err)
	}
	return c, nil
}
