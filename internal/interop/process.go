package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// saidSize is how much of what a program says is kept: the last of it.
const saidSize = 256 << 10

// said keeps the last of what a program says, and tells who waits for a word.
type said struct {
	mu   sync.Mutex
	b    []byte
	came chan struct{}
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p...)
	if n := len(s.b) - saidSize; n > 0 {
		s.b = append(s.b[:0], s.b[n:]...)
	}
	if s.came != nil {
		close(s.came)
		s.came = nil
	}
	return len(p), nil
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.b)
}

// process is a program that we have started, and end.
type process struct {
	name string
	cmd  *exec.Cmd
	said said
	in   interface{ Write([]byte) (int, error) }
	done chan struct{}
	err  error // once it is done
}

// start starts a program. It is killed if we go before it.
func start(dir string, env []string, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path), done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(append(os.Environ(), "TERM=dumb"), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	dieWithUs(p.cmd)
	// The kernel kills the child when the thread that started it ends, not the process: the thread must stay.
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := p.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// wait waits until the program has ended by itself.
func (p *process) wait(ctx context.Context, within time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.stop()
		return fmt.Errorf("%s has not ended within %v", p.name, within)
	}
}

// await waits until the program has said something, as often as count says.
func (p *process) await(what string, count int, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		p.said.mu.Lock()
		n := bytes.Count(p.said.b, []byte(what))
		if p.said.came == nil {
			p.said.came = make(chan struct{})
		}
		came := p.said.came
		p.said.mu.Unlock()
		if n >= count {
			return nil
		}
		select {
		case <-came:
		case <-p.done:
			if n := strings.Count(p.said.String(), what); n >= count {
				return nil
			}
			return fmt.Errorf("%s has ended (%v) and has not said %q %d times:\n%s", p.name, p.err, what, count, p.said.String())
		case <-timer.C:
			return fmt.Errorf("%s has not said %q %d times within %v:\n%s", p.name, what, count, within, p.said.String())
		}
	}
}

// stop ends the program: asked at first, then killed.
func (p *process) stop() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// interrupt has the program end as Ctrl-C does, and waits for that.
func (p *process) interrupt() {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.stop()
	}
}
