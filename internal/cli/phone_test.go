package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// written is what a program writes, and lets a test wait for a part of it.
type written struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{}
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.buf.Write(p)
}

// await waits until a text has been written since the last that was waited for.
func (w *written) await(t *testing.T, want string) {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	for {
		w.mu.Lock()
		text := w.buf.String()
		if at := strings.Index(text, want); at >= 0 {
			w.buf.Next(at + len(want))
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		select {
		case <-w.more:
		case <-timer.C:
			t.Fatalf("no %q in\n%s", want, text)
		}
	}
}

// handset is an interactive phone and its keyboard.
type handset struct {
	*written
	keys io.WriteCloser
	port string
	done chan int
}

// handsets returns two phones, with a port each, that are to call each other without a proxy.
func handsets(t *testing.T) [2]*handset {
	var both [2]*handset
	for i := range both {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(c.LocalAddr().String())
		defer c.Close()
		both[i] = &handset{written: &written{more: make(chan struct{}, 1)}, port: port, done: make(chan int, 1)}
	}
	return both
}

// run starts the phone, whose calls go to another one.
func (h *handset) run(t *testing.T, user string, other *handset) {
	t.Helper()
	in, keys := io.Pipe()
	h.keys = keys
	go func() {
		h.done <- execute(context.Background(), []string{"phone", "--no-register", "--user", user, "--proxy", "127.0.0.1:" + other.port, "--sip-port", h.port}, in, h.written, h.written)
	}()
	t.Cleanup(func() {
		keys.Close()
		if code := <-h.done; code != 0 {
			t.Errorf("%s: status %d", user, code)
		}
	})
	h.await(t, "the phone is at")
}

// press types a line.
func (h *handset) press(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(h.keys, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// TestHandsetAtTheKeyboard: whoever sits at the phone is told that the handset is off after the other side has hung up, of the call that got busy for it, and why a
// command does not fit.
func TestHandsetAtTheKeyboard(t *testing.T) {
	both := handsets(t)
	a, b := both[0], both[1]
	a.run(t, "101", b)
	b.run(t, "102", a)
	for _, c := range [][2]string{
		{"answer", "sipscribe: nothing rings: there is no call to answer\n"},
		{"hold", "sipscribe: there is no call\n"},
		{"hang", "sipscribe: there is no call, and the handset is on its hook\n"},
		{"#", "sipscribe: the dial plan refuses the number; \"call NUMBER\" calls without it\n"},
	} {
		a.press(t, c[0])
		a.await(t, c[1])
	}
	a.press(t, "call 102")
	b.await(t, "line 1: a call from 101@127.0.0.1\n")
	a.await(t, "it rings there\n")
	a.press(t, "answer")
	a.await(t, "sipscribe: this call was made here: it is for the other side to answer it\n")
	a.press(t, "5")
	a.await(t, "sipscribe: the call is not answered yet\n")
	a.press(t, "call 103")
	a.await(t, "sipscribe: there is a call on the line already; \"hang\" ends it\n")
	b.press(t, "answer")
	a.await(t, "they have answered\n")
	b.press(t, "off")
	b.await(t, "sipscribe: the handset is off already; press keys, or put it back with \"hang\"\n")
	a.press(t, "hang")
	b.await(t, "line 1: ended by them")
	b.await(t, "; the handset is still off, and callers hear busy: put it back with \"hang\"\n")
	a.await(t, "ended by us")
	a.press(t, "call 102")
	b.await(t, "line 1: a call from 101@127.0.0.1 got busy: the handset is off: put it back with \"hang\"\n")
	a.await(t, "line 1: ended by them (486 Busy Here)")
	a.await(t, "; the handset is still off, and callers hear busy: put it back with \"hang\"\n")
	a.press(t, "hang")
	b.press(t, "hang")
	b.press(t, "hang") // it is on: the first has been obeyed
	b.await(t, "the handset is on its hook\n")
	a.press(t, "call 102")
	b.await(t, "line 1: a call from 101@127.0.0.1\n")
	a.press(t, "hang")
	b.await(t, "line 1: ended by them")
}
