//go:build interop

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/cli"
)

// asProgram makes the test program the sipscribe that is tested.
const asProgram = "SIPSCRIBE_INTEROP_AS_PROGRAM"

// alone is why nothing of another program may be started here.
var alone error

// The test program is run three times over: once to make the network namespace, in it as the test, and by the test as sipscribe.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(runIsolated(m))
}

// runIsolated runs the tests within a network namespace if one may be made, and returns the exit status.
func runIsolated(m *testing.M) int {
	if os.Getenv(within) == "" {
		defer buildSipgo()() // here, since no module can be had from within
	}
	again, status, err := isolate()
	if err == nil && !again {
		return status
	}
	alone = err
	return m.Run()
}

// needs skips a test where there is no network namespace, or a program is not there.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if alone != nil {
		t.Skip("nothing is started outside of a network namespace: ", alone)
	}
	for _, p := range programs {
		if p == "kamailio" {
			if _, err := kamailioPath(); err != nil {
				t.Skip(err)
			}
			continue
		}
		if _, err := exec.LookPath(p); err != nil {
			t.Skip(p, " is not here: ", err)
		}
	}
}

// program is sipscribe: this very test program.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asProgram, "1")
	return path
}

// worked is a program that a test works line by line.
type worked struct {
	*process
	t *testing.T
}

// says waits until the program has said something for the count'th time.
func (w *worked) says(what string, count int) {
	w.t.Helper()
	if err := w.await(what, count, 15*time.Second); err != nil {
		w.t.Fatal(err)
	}
}

// do gives the program a command.
func (w *worked) do(line string) {
	w.t.Helper()
	if err := w.tell(line); err != nil {
		w.t.Fatal(err)
	}
}

// onlyMD5 are flags of our proxy. SIPp 3.6 and baresip 1.0 look at the first challenge alone and know MD5 alone, against RFC 8760 §2.4 (a client "MUST
// ignore any challenge it does not understand"), so that they cannot answer SHA-256 and MD5 in the order that RFC 8760 §2.3 wants. linphone can.
const onlyMD5 = "--algorithms=MD5"

// metricsAddr is where our proxy tells its counters.
const metricsAddr = "127.0.0.1:9090"

// serve starts a proxy by name, ends it with the test, and shows what it said if the test failed.
func serve(t *testing.T, name string, more ...string) *server {
	t.Helper()
	var s *server
	var err error
	if name == "Kamailio" {
		needs(t, "kamailio")
		s, err = startKamailio(t.TempDir(), 1)
	} else {
		needs(t)
		s, err = startSipscribe(program(t), t.TempDir(), append([]string{"--http", metricsAddr}, more...)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, s.said.String())
		}
		if s := s.said.String(); strings.Contains(s, "panic:") || strings.Contains(s, "level=ERROR") {
			t.Errorf("%s said:\n%s", name, s)
		}
	})
	return s
}

// both runs a test through Kamailio, which shows that the test is right, and through our proxy with some flags.
func both(t *testing.T, test func(t *testing.T, s *server), flags ...string) {
	for _, name := range []string{"Kamailio", "sipscribe"} {
		t.Run(name, func(t *testing.T) { test(t, serve(t, name, flags...)) })
	}
}

// bothOver runs a test so over UDP and over TCP, with a server for each: a program that is ended in a hurry, on a busy machine, may leave its registration behind,
// and the next call would be forked to where nobody is any more.
func bothOver(t *testing.T, test func(t *testing.T, s *server, tcp bool), flags ...string) {
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			both(t, func(t *testing.T, s *server) { test(t, s, tr.tcp) }, flags...)
		})
	}
}

// over is the name of a transport, as our phone's flag has it.
func over(tcp bool) string {
	if tcp {
		return "tcp"
	}
	return "udp"
}

// play runs SIPp as the callee, if there is one, and as the caller, and returns what they counted.
func play(t *testing.T, s *server, callee *sipp, caller *sipp) (counts, counts) {
	t.Helper()
	dir := t.TempDir()
	var answered counts
	if callee != nil {
		if err := callee.start(dir, s.addr); err != nil {
			t.Fatal(err)
		}
		defer callee.stop()
		if err := callee.listening(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := caller.start(dir, s.addr); err != nil {
		t.Fatal(err)
	}
	defer caller.stop()
	called, err := caller.finish(t.Context())
	if err != nil {
		t.Error(err)
	}
	if callee != nil {
		if answered, err = callee.finish(t.Context()); err != nil {
			t.Error(err)
		}
	}
	return called, answered
}

// register registers a user at a port of SIPp's.
func register(t *testing.T, s *server, user string, port int, tcp bool) {
	t.Helper()
	play(t, s, nil, &sipp{scenario: "register", port: port, tcp: tcp, user: user, service: user, calls: 1})
}

// corpus is the folder with the scenarios of others, "" if it is not there.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SIPSCRIBE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "corpus", "sipp"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the scenarios are not here: ", err)
	}
	return dir
}

// transports are those that the scenarios are played over.
var transports = []struct {
	name string
	tcp  bool
}{{"UDP", false}, {"TCP", true}}
