//go:build interop

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// linphoneConfig has linphone be carol at a server, without video, sound cards and questions to other machines.
const linphoneConfig = `[sip]
sip_port=%[2]d
sip_tcp_port=%[2]d
sip_tls_port=0
default_proxy=0
register_only_when_network_is_up=0
use_ipv6=0
use_info=0
media_encryption=none

[proxy_0]
reg_proxy=<sip:%[1]s;transport=%[3]s>
reg_route=<sip:%[1]s;transport=%[3]s;lr>
reg_identity=sip:carol@test.local
reg_expires=300
reg_sendregister=1
publish=0

[auth_info_0]
username=carol
passwd=secret
realm=test.local

[net]
firewall_policy=no_firewall

[video]
automatically_initiate=0
automatically_accept=0
`

// linphone is linphone's console.
type linphone struct{ worked }

func startLinphone(t *testing.T, s *server, port int, transport string) *linphone {
	t.Helper()
	dir := t.TempDir()
	rc := filepath.Join(dir, "linphonerc")
	if err := os.MkdirAll(filepath.Join(dir, ".local", "share", "linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rc, fmt.Appendf(nil, linphoneConfig, s.addr, port, transport), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := start(dir, []string{"HOME=" + dir}, "linphonec", "-c", rc, "-S")
	if err != nil {
		t.Fatal(err)
	}
	l := &linphone{worked{p, t}}
	t.Cleanup(func() {
		_ = l.tell("quit")
		timer := time.NewTimer(5 * time.Second)
		select {
		case <-p.done:
		case <-timer.C:
			p.stop()
		}
		if t.Failed() {
			t.Logf("linphone said:\n%s", p.said.String())
		}
	})
	l.do("soundcard use files")
	l.asked("status register", "registered, identity=sip:carol@test.local")
	return l
}

// asked asks until the answer has come.
func (l *linphone) asked(question, answer string) {
	l.t.Helper()
	for range 30 {
		l.do(question)
		if l.await(answer, 1, 500*time.Millisecond) == nil {
			return
		}
	}
	l.t.Fatalf("linphone has not answered %q by %q:\n%s", question, answer, l.said.String())
}

// linphone registers, calls our phone, is called by it, cancels and answers, through Kamailio and through our proxy.
func TestPhoneAndLinphone(t *testing.T) {
	needs(t, "linphonec")
	bothOver(t, func(t *testing.T, s *server, tcp bool) {
		l := startLinphone(t, s, 7600, over(tcp))
		p := startSPA(t, "alice", 7610, s, nil, "--transport", over(tcp), "--address", softphoneAddr)
		p.says("registered for", 1)

		// It calls, is answered, hangs up.
		l.do("call sip:alice@" + domain)
		p.says("a call from", 1)
		l.says(" ringing.", 1)
		p.do("answer")
		l.says("connected.", 1)
		l.do("terminate")
		p.says("ended by them", 1)
		p.hangsUp()

		// It calls and cancels.
		l.do("call sip:alice@" + domain)
		p.says("a call from", 2)
		l.says(" ringing.", 2)
		l.do("terminate")
		p.says("ended by", 2)

		// It is called, answers, and is hung up.
		p.do("call carol")
		p.says("it rings there", 1)
		l.says("Receiving new incoming call", 1)
		l.do("answer")
		p.says("they have answered", 1)
		p.hangsUp()
		p.says("ended by", 3)

		// It is called, and the call is cancelled.
		p.do("call carol")
		p.says("it rings there", 2)
		l.says("Receiving new incoming call", 2)
		p.hangsUp()
		p.says("ended by", 4)

		p.do("quit")
		p.ends("answered", "cancelled", "answered", "cancelled")
	})
}
