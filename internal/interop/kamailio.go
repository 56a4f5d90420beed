package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// kamailioConfig does what our proxy does by itself, and no more: a fair yard stick.
//
//go:embed kamailio.cfg
var kamailioConfig string

// server is a proxy that is under test or beside which it is measured.
type server struct {
	*process
	name string
	addr string // host:port, of UDP and TCP
}

// where servers listen, and the people that they know.
const (
	serverAddr = "127.0.0.1:5060"
	domain     = "test.local"
	// softphoneAddr is a second address of the loopback interface.
	softphoneAddr = "192.0.2.10"
	password      = "secret"
)

// users are those that may register and call; every one has the same password.
var users = []string{"alice", "bob", "carol", "dave"}

// startKamailio starts Kamailio in the foreground, with its own configuration in dir. So many processes read from the sockets of UDP, and as many from
// connections. Two of them pass on what came one behind the other in either order, as RFC 3261 allows and a network does: a BYE before the ACK, the 487 before
// the 200 to the CANCEL. SIPp's scenarios are lists, and fail at that; tests have one process.
func startKamailio(dir string, workers int) (*server, error) {
	path, err := kamailioPath()
	if err != nil {
		return nil, err
	}
	cfg := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(cfg, []byte(kamailioConfig), 0o600); err != nil {
		return nil, err
	}
	// -DD -E: one process tree in the foreground that says what it has to say on standard error; 256 MB for transactions.
	n := strconv.Itoa(workers)
	p, err := start(dir, nil, path, "-f", cfg, "-n", n, "-N", n, "-DD", "-E", "-m", "256", "-M", "16", "-P", filepath.Join(dir, "kamailio.pid"), "-Y", dir, "-w", dir)
	if err != nil {
		return nil, err
	}
	s := &server{process: p, name: "Kamailio", addr: serverAddr}
	return s, s.ready()
}

// startSipscribe starts our proxy as a user does: a users file and flags.
func startSipscribe(program, dir string, more ...string) (*server, error) {
	file := filepath.Join(dir, "users.txt")
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		for _, u := range users {
			if out, err := exec.Command(program, "proxy", "user", "add", u, "--domain", domain, "--users", file, "--password-file", secret).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("proxy user add %s: %w\n%s", u, err, out)
			}
		}
	}
	args := append([]string{"proxy", "--domain", domain, "--users", file, "--listen", serverAddr}, more...)
	p, err := start(dir, nil, program, args...)
	if err != nil {
		return nil, err
	}
	s := &server{process: p, name: "sipscribe", addr: serverAddr}
	return s, s.ready()
}

// ready waits until a server answers OPTIONS.
func (s *server) ready() error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if answersOptions(s.addr) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("%s has ended: %w\n%s", s.name, s.err, strings.TrimSpace(s.said.String()))
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.stop()
	return fmt.Errorf("%s does not answer at %s:\n%s", s.name, s.addr, s.said.String())
}
