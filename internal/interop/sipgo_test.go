//go:build interop

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Where the telephone made of sipgo is, and why it is nowhere, as the run within the namespace is told.
const (
	sipgoEnv      = "SIPSCRIBE_INTEROP_SIPGO"
	sipgoErrorEnv = "SIPSCRIBE_INTEROP_SIPGO_ERROR"
)

// buildSipgo builds the telephone of the module in sipgo/. What it returns removes it again.
func buildSipgo() func() {
	dir, err := os.MkdirTemp("", "sipscribe-interop-*")
	if err == nil {
		file := filepath.Join(dir, "sipgo")
		cmd := exec.Command("go", "build", "-buildvcs=false", "-o", file, ".")
		cmd.Dir = "sipgo"
		var out []byte
		if out, err = cmd.CombinedOutput(); err == nil {
			err = os.Setenv(sipgoEnv, file)
		} else {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	if err != nil {
		_ = os.Setenv(sipgoErrorEnv, err.Error())
	}
	return func() { _ = os.RemoveAll(dir) }
}

// sipgoPhone is that telephone, worked line by line.
type sipgoPhone struct{ worked }

func startSipgo(t *testing.T, user string, s *server, at, transport string) *sipgoPhone {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	p, err := start(t.TempDir(), nil, os.Getenv(sipgoEnv), "-trace", trace, "-user", user, "-password", password, "-domain", domain, "-proxy", s.addr, "-listen", at, "-transport", transport)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.tell("quit"); err != nil {
			t.Error(err)
		}
		if err := p.wait(context.WithoutCancel(t.Context()), 15*time.Second); err != nil {
			t.Errorf("sipgo: %v", err)
		}
		if t.Failed() {
			b, _ := os.ReadFile(trace)
			t.Logf("sipgo said:\n%s\nand sent and received\n%s", p.said.String(), b)
		}
	})
	g := &sipgoPhone{worked{p, t}}
	g.says("registered", 1)
	return g
}

// says waits until the telephone has said a whole line for the count'th time.
func (g *sipgoPhone) says(line string, count int) {
	g.t.Helper()
	g.worked.says(line+"\n", count)
}

// A telephone made of sipgo registers, calls our phone and is called by it, through Kamailio and through our proxy: each of the two hangs up, cancels and
// refuses.
func TestPhoneAndSipgo(t *testing.T) {
	needs(t)
	if os.Getenv(sipgoEnv) == "" {
		t.Skip("sipgo's telephone could not be built: ", os.Getenv(sipgoErrorEnv))
	}
	bothOver(t, func(t *testing.T, s *server, tcp bool) {
		g := startSipgo(t, "dave", s, "127.0.0.1:7700", over(tcp))
		p := startSPA(t, "alice", 7710, s, nil, "--transport", over(tcp))
		p.says("registered for", 1)

		// sipgo calls, is answered, hangs up.
		g.do("call alice")
		p.says("a call from", 1)
		g.says("ringing", 1)
		p.do("answer")
		g.says("answered", 1)
		g.do("hang")
		p.says("ended by them", 1)
		g.says("ended", 1)
		p.hangsUp()

		// It calls, is answered, and is hung up.
		g.do("call alice")
		p.says("a call from", 2)
		g.says("ringing", 2)
		p.do("answer")
		g.says("answered", 2)
		p.hangsUp()
		g.says("ended", 2)
		p.says("ended by", 2)

		// It calls and cancels.
		g.do("call alice")
		p.says("a call from", 3)
		g.says("ringing", 3)
		g.do("hang")
		p.says("ended by", 3)
		g.says("cancelled", 1)

		// It calls and is refused.
		g.do("call alice")
		p.says("a call from", 4)
		g.says("ringing", 4)
		p.hangsUp()
		g.says("failed 603", 1)
		p.says("ended by", 4)

		// It is called, answers, and is hung up.
		p.do("call dave")
		g.says("incoming", 1)
		p.says("it rings there", 1)
		g.do("answer")
		p.says("they have answered", 1)
		g.says("established", 1)
		p.hangsUp()
		g.says("ended", 3)
		p.says("ended by", 5)

		// It is called, answers, and hangs up.
		p.do("call dave")
		g.says("incoming", 2)
		g.do("answer")
		g.says("established", 2)
		g.do("hang")
		g.says("ended", 4)
		p.says("ended by", 6)
		p.hangsUp()

		// It is called, and the call is cancelled.
		p.do("call dave")
		g.says("incoming", 3)
		p.says("it rings there", 3)
		p.hangsUp()
		g.says("they have cancelled", 1)
		p.says("ended by", 7)

		// It is called, and refuses.
		p.do("call dave")
		g.says("incoming", 4)
		g.do("refuse")
		g.says("refused", 1)
		p.says("ended by", 8)
		p.hangsUp()

		p.do("quit")
		p.ends("answered", "answered", "cancelled", "rejected", "answered", "answered", "cancelled", "busy")
	})
}
