//go:build interop

package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// baresip is baresip without sound, worked by its control connection: commands and events as JSON in netstrings.
type baresip struct {
	*process
	t      *testing.T
	conn   net.Conn
	events chan string // "CALL_ESTABLISHED", "CALL_CLOSED Connection reset by user"
}

const baresipConfig = `poll_method epoll
sip_listen %[1]s:7400
audio_source aufile,%[2]s/say.wav
audio_player aufile,%[2]s/heard.wav
audio_alert aufile,%[2]s/alert.wav
module_path %[3]s
module g711.so
module aufile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:4444
`

// baresipModules finds the folder of baresip's modules.
func baresipModules(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules", "/usr/local/lib/baresip/modules"} {
		if dirs, _ := filepath.Glob(pattern); len(dirs) > 0 {
			if _, err := os.Stat(filepath.Join(dirs[0], "ctrl_tcp.so")); err == nil {
				return dirs[0]
			}
		}
	}
	t.Skip("the modules of baresip are not here")
	return ""
}

// silence is a WAV file of so many seconds, 16 bits a sample at 8 kHz. (The tone of ausine is of 48 kHz alone, which no telephone takes.)
func silence(seconds int) string {
	n := uint32(seconds * 16000)
	var b []byte
	b = binary.LittleEndian.AppendUint32(append(b, "RIFF"...), 36+n)
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	for _, v := range []uint16{1, 1} { // PCM, one channel
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, 16000)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), n)
	return string(append(b, make([]byte, n)...))
}

// startBaresip starts baresip as a user of the domain, whose outbound proxy is the server, and waits until it is registered.
func startBaresip(t *testing.T, user string, s *server, tcp bool) *baresip {
	t.Helper()
	dir := t.TempDir()
	transport := "udp"
	if tcp {
		transport = "tcp"
	}
	for name, text := range map[string]string{
		"config":   fmt.Sprintf(baresipConfig, softphoneAddr, dir, baresipModules(t)),
		"accounts": fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;outbound=\"sip:%s;transport=%s\";regint=300;answermode=manual\n", user, domain, transport, user, password, s.addr, transport),
		"contacts": "",
		"say.wav":  silence(20),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := start(dir, nil, "baresip", "-f", dir, "-s", "-t", "60")
	if err != nil {
		t.Fatal(err)
	}
	b := &baresip{process: p, t: t, events: make(chan string, 100)}
	t.Cleanup(func() {
		if b.conn != nil {
			b.conn.Close()
		}
		p.stop()
		if t.Failed() {
			t.Logf("baresip said:\n%s", p.said.String())
		}
	})
	if err := p.await("baresip is ready", 1, 15*time.Second); err != nil {
		t.Fatal(err)
	}
	if b.conn, err = net.Dial("tcp", "127.0.0.1:4444"); err != nil {
		t.Fatal(err)
	}
	go b.listen()
	if err := p.await("[1 binding]", 1, 15*time.Second); err != nil {
		t.Fatal(err)
	}
	return b
}

// listen reads what baresip tells.
func (b *baresip) listen() {
	in := bufio.NewReader(b.conn)
	for {
		length, err := in.ReadString(':')
		n, nerr := strconv.Atoi(strings.TrimSuffix(length, ":"))
		if err != nil || nerr != nil || n > 1<<20 {
			return
		}
		text := make([]byte, n+1)
		for at := 0; at < len(text); {
			got, err := in.Read(text[at:])
			if err != nil {
				return
			}
			at += got
		}
		var m struct {
			Event       bool
			Type, Param string
		}
		if json.Unmarshal(text[:n], &m) == nil && m.Event {
			b.events <- strings.TrimSpace(m.Type + " " + m.Param)
		}
	}
}

// do gives baresip a command.
func (b *baresip) do(command, params string) {
	b.t.Helper()
	text, err := json.Marshal(map[string]string{"command": command, "params": params, "token": "x"})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.conn, "%d:%s,", len(text), text); err != nil {
		b.t.Fatal(err)
	}
}

// tells waits for an event that begins so.
func (b *baresip) tells(event string) {
	b.t.Helper()
	timer := time.NewTimer(15 * time.Second)
	defer timer.Stop()
	var heard []string
	for {
		select {
		case e := <-b.events:
			if strings.HasPrefix(e, event) {
				return
			}
			heard = append(heard, e)
		case <-timer.C:
			b.t.Fatalf("baresip has not told %q, but %q", event, heard)
		}
	}
}

// baresip registers, calls our phone, is called by it, cancels and answers, through Kamailio and through our proxy.
func TestPhoneAndBaresip(t *testing.T) {
	needs(t, "baresip")
	bothOver(t, func(t *testing.T, s *server, tcp bool) {
		b := startBaresip(t, "dave", s, tcp)
		p := startSPA(t, "alice", 7500, s, nil, "--transport", over(tcp), "--address", softphoneAddr)
		p.says("registered for", 1)

		// baresip calls, is answered, hangs up.
		b.do("dial", "sip:alice@"+domain)
		p.says("a call from", 1)
		b.tells("CALL_RINGING")
		p.do("answer")
		b.tells("CALL_ESTABLISHED")
		b.do("hangup", "")
		p.says("ended by them", 1)
		p.hangsUp()

		// It calls, is answered, and is hung up.
		b.do("dial", "sip:alice@"+domain)
		p.says("a call from", 2)
		p.do("answer")
		b.tells("CALL_ESTABLISHED")
		p.hangsUp()
		b.tells("CALL_CLOSED")

		// It calls and cancels.
		b.do("dial", "sip:alice@"+domain)
		p.says("a call from", 3)
		b.tells("CALL_RINGING")
		b.do("hangup", "")
		p.says("ended by", 3)

		// It is called and answers.
		p.do("call dave")
		b.tells("CALL_INCOMING")
		p.says("it rings there", 1)
		b.do("accept", "")
		p.says("they have answered", 1)
		b.tells("CALL_ESTABLISHED")
		b.do("hangup", "")
		p.says("ended by", 4)
		p.hangsUp()

		// It is called, and the call is cancelled.
		p.do("call dave")
		b.tells("CALL_INCOMING")
		p.says("it rings there", 2)
		p.hangsUp()
		b.tells("CALL_CLOSED")
		p.says("ended by", 5)

		// It is called and refuses.
		p.do("call dave")
		b.tells("CALL_INCOMING")
		b.do("hangup", "")
		p.says("ended by", 6)
		p.hangsUp()

		p.do("quit")
		p.ends("answered", "answered", "cancelled", "answered", "cancelled", "busy")
	}, onlyMD5)
}
