//go:build interop

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live/emit"
)

// spa is our phone, as a program, with a collector of its syslog.
type spa struct {
	worked
	conn *net.UDPConn
	log  bytes.Buffer
	done chan struct{}
	hung int // how often the receiver was put down
}

// startSPA starts "sipscribe phone", with further arguments before the flags ("call", number) and behind them.
func startSPA(t *testing.T, user string, port int, s *server, command []string, more ...string) *spa {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &spa{worked: worked{t: t}, conn: conn, done: make(chan struct{})}
	collector := emit.Collector{W: &p.log, Style: emit.Sysklogd, Location: time.UTC}
	go func() {
		defer close(p.done)
		buf := make([]byte, 65535)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil || n == 0 {
				return // story has said that it is over
			}
			_ = collector.Receive(time.Now(), from.Addr().Unmap().String(), buf[:n])
		}
	}()
	args := append([]string{"phone"}, command...)
	args = append(args, "--user", user, "--domain", domain, "--proxy", s.addr, "--password-file", secret, "--address", "127.0.0.1",
		"--sip-port", strconv.Itoa(port), "--syslog", conn.LocalAddr().String())
	if p.process, err = start(dir, nil, program(t), append(args, more...)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop()
		p.story()
		if t.Failed() {
			t.Logf("the phone of %s said:\n%s\nand its log is\n%s", user, p.said.String(), p.log.String())
		}
	})
	return p
}

// hangsUp puts the receiver down and waits until it lies: until then whoever calls is told that it is busy.
func (p *spa) hangsUp() {
	p.t.Helper()
	p.hung++
	p.do("hang")
	// Commands are done in order, and to one that does not exist there is an answer.
	nonsense := fmt.Sprintf("is-it-down-%d", p.hung)
	p.do(nonsense)
	p.says(nonsense, 1)
}

// story ends the collector, when it has what the phone has sent until now: the datagram without content stands behind that.
func (p *spa) story() {
	select {
	case <-p.done:
		return
	default:
	}
	if _, err := p.conn.WriteToUDP(nil, p.conn.LocalAddr().(*net.UDPAddr)); err != nil {
		p.t.Error(err)
		_ = p.conn.Close()
	}
	<-p.done
	_ = p.conn.Close()
}

// ends waits for the end of the phone, and checks what sipscribe tells of its calls out of its syslog alone: their outcomes, in order.
func (p *spa) ends(outcomes ...string) {
	p.t.Helper()
	if err := p.wait(p.t.Context(), 40*time.Second); err != nil {
		p.t.Errorf("the phone: %v", err)
	}
	p.told(outcomes...)
}

// told checks what sipscribe tells of the calls of the phone's syslog.
func (p *spa) told(outcomes ...string) {
	p.t.Helper()
	p.story()
	file := filepath.Join(p.t.TempDir(), "spa.log")
	if err := os.WriteFile(file, p.log.Bytes(), 0o600); err != nil {
		p.t.Fatal(err)
	}
	out, err := exec.Command(program(p.t), "list", "--csv", "--where", "kind = call", file).Output()
	if err != nil {
		p.t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	var got []string
	for _, row := range rows[1:] {
		for i, head := range rows[0] {
			if head == "outcome" {
				got = append(got, row[i])
			}
		}
	}
	if g, w := strings.Join(got, " "), strings.Join(outcomes, " "); g != w {
		p.t.Errorf("sipscribe tells of calls that were %q, want %q, out of\n%s", g, w, p.log.String())
	}
}

// Our phone calls SIPp through Kamailio and through our proxy, over each transport, and is called by it.
func TestPhoneAndSIPp(t *testing.T) {
	needs(t, "sipp")
	both(t, func(t *testing.T, s *server) {
		for i, tr := range transports {
			port := 6300 + 20*i
			register(t, s, "bob", port, tr.tcp)
			answering := func(t *testing.T, scenario string, tcp bool) *sipp {
				t.Helper()
				callee := &sipp{scenario: scenario, port: port, tcp: tcp, user: "bob", service: "bob", calls: 1}
				if err := callee.start(t.TempDir(), s.addr); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(callee.stop)
				if err := callee.listening(t.Context()); err != nil {
					t.Fatal(err)
				}
				return callee
			}
			answered := func(t *testing.T, callee *sipp) {
				t.Helper()
				if _, err := callee.finish(t.Context()); err != nil {
					t.Error(err)
				}
			}
			t.Run(tr.name+"/calls, hangs up", func(t *testing.T) {
				callee := answering(t, "uas", tr.tcp)
				p := startSPA(t, "alice", 7300+i, s, []string{"call", "bob"}, "--hang-up-after", "500ms", "--transport", over(tr.tcp))
				p.says("they have answered", 1)
				p.ends("answered")
				answered(t, callee)
			})
			t.Run(tr.name+"/calls, is hung up", func(t *testing.T) {
				callee := answering(t, "uas-hangup", tr.tcp)
				p := startSPA(t, "alice", 7310+i, s, []string{"call", "bob"}, "--hang-up-after", "0s", "--transport", over(tr.tcp))
				p.says("ended by them", 1)
				p.ends("answered")
				answered(t, callee)
			})
			t.Run(tr.name+"/calls, cancels", func(t *testing.T) {
				callee := answering(t, "uas-cancelled", tr.tcp)
				p := startSPA(t, "alice", 7320+i, s, []string{"call", "bob"}, "--cancel-after", "500ms", "--transport", over(tr.tcp))
				p.says("it rings there", 1)
				p.ends("cancelled")
				answered(t, callee)
			})
			t.Run(tr.name+"/calls, cancels, is answered at that moment", func(t *testing.T) {
				callee := answering(t, "uas-crossing", tr.tcp)
				p := startSPA(t, "alice", 7330+i, s, []string{"call", "bob"}, "--cancel-after", "500ms", "--transport", over(tr.tcp))
				p.ends("answered")
				answered(t, callee)
			})
			play(t, s, nil, &sipp{scenario: "unregister", port: port, tcp: tr.tcp, user: "bob", service: "bob", calls: 1})

			t.Run(tr.name+"/is called", func(t *testing.T) {
				p := startSPA(t, "bob", 7340+i, s, nil, "--transport", over(tr.tcp))
				p.says("registered for", 1)
				for j, scenario := range []string{"call", "call-hungup", "cancel"} {
					caller := &sipp{scenario: scenario, port: 6400 + 20*i + j, tcp: tr.tcp, user: "alice", service: "bob", calls: 1}
					if err := caller.start(t.TempDir(), s.addr); err != nil {
						t.Fatal(err)
					}
					p.says("a call from", j+1)
					if scenario != "cancel" {
						p.do("answer")
					}
					if scenario == "call-hungup" {
						p.says("answered", 2)
						p.hangsUp()
					}
					if _, err := caller.finish(t.Context()); err != nil {
						t.Error(err)
					}
					p.says("ended by", j+1)
					if scenario == "call" {
						p.hangsUp() // as with any telephone: he has hung up, and this one is off the hook
					}
				}
				p.do("quit")
				p.ends("answered", "answered", "cancelled")
			})
		}
	}, onlyMD5)
}
