package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
)

// startedPhone runs a phone without registration and returns it, its events, and what ends it.
func startedPhone(t *testing.T, cfg PhoneConfig) (*Phone, chan ua.Event, func()) {
	t.Helper()
	events := make(chan ua.Event, 64)
	no := false
	cfg.Line1.Register = &no
	cfg.Address = "127.0.0.1"
	p, err := NewPhone(cfg, func(e ua.Event) { events <- e }, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	ended := false
	end := func() {
		if !ended {
			ended = true
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(end)
	return p, events, end
}

// freeUDP returns a port that was free a moment ago.
func freeUDP(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func awaitEvent(t *testing.T, events chan ua.Event, kind ua.EventKind) ua.Event {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	for {
		select {
		case e := <-events:
			if e.Kind == kind {
				return e
			}
		case <-timer.C:
			t.Fatalf("no event %v", kind)
		}
	}
}

// A file that one phone plays comes back from another that echoes, and is recorded; the capture has the packets.
func TestPhonePlaysAndRecords(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := t.TempDir()
	tone := media.TestTone()
	tone.Length = time.Second / 2
	pcm := make([]int16, media.SampleRate/2)
	tone.Read(pcm)
	played := filepath.Join(dir, "played.wav")
	if err := os.WriteFile(played, media.AppendWAV(nil, media.WAVPCM16, pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	portB := freeUDP(t)
	_, heardB, endB := startedPhone(t, PhoneConfig{Sound: Sound{Echo: true}, Line1: &PhoneLine{UserID: "b", Proxy: "127.0.0.1:9", SIPPort: portB, AutoAnswer: true}})
	recorded := make(chan string, 1)
	a, heardA, endA := startedPhone(t, PhoneConfig{Capture: filepath.Join(dir, "a.pcap"),
		Sound: Sound{Play: played, Record: filepath.Join(dir, "call.wav"), Recorded: func(file string, _ time.Duration, err error) {
			if err != nil {
				t.Error(err)
			}
			recorded <- file
		}},
		Line1: &PhoneLine{UserID: "a", Proxy: fmt.Sprintf("127.0.0.1:%d", portB), SIPPort: freeUDP(t)}})
	if err := a.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "b", out) }); err != nil {
		t.Fatal(err)
	}
	awaitEvent(t, heardA, ua.EventAnswered)
	if err := a.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, '7', out) }); err != nil {
		t.Fatal(err)
	}
	if e := awaitEvent(t, heardB, ua.EventDigit); e.Reason != "7" {
		t.Errorf("heard %q", e.Reason)
	}
	timer := time.NewTimer(1200 * time.Millisecond)
	<-timer.C
	if err := a.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, 1, out) }); err != nil {
		t.Fatal(err)
	}
	e := awaitEvent(t, heardA, ua.EventEnded)
	if e.Audio == nil || e.Audio.Sent < 30 || e.Audio.Received.Packets < 30 || e.Audio.Received.Lost != 0 {
		t.Errorf("%+v", e.Audio)
	}
	if eb := awaitEvent(t, heardB, ua.EventEnded); eb.Audio == nil || eb.Audio.Received.Packets != e.Audio.Sent {
		t.Errorf("a %+v\nb %+v", e.Audio, eb.Audio)
	}
	f, err := os.Open(<-recorded)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	back, err := media.ReadWAV(f, media.DefaultRecording)
	if err != nil {
		t.Fatal(err)
	}
	loud := 0
	for _, v := range back {
		if math.Abs(float64(v)) > 1000 {
			loud++
		}
	}
	if loud < media.SampleRate/4 {
		t.Errorf("of half a second of tone %d samples came back", loud)
	}
	endA()
	endB()
	raw, err := os.Open(filepath.Join(dir, "a.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if info, _ := raw.Stat(); info.Size() < 60*200 {
		t.Errorf("the capture has %d bytes: where is the sound?", info.Size())
	}
	dec := pcap.Format.New(&decode.Input{Name: "a.pcap", R: decode.NewReader(raw), Options: decode.Options{Clock: &decode.ClockRules{}}})
	messages := 0
	var rec capture.Record
	for dec.Next(&rec) == nil {
		if rec.Kind == capture.KindMessage {
			messages++
		}
	}
	if messages < 5 { // the 200 to the BYE may come too late
		t.Errorf("%d messages in the capture", messages)
	}
	for range 100 { // nothing is left running
		if runtime.NumGoroutine() <= before {
			return
		}
		timer.Reset(10 * time.Millisecond)
		<-timer.C
	}
	t.Errorf("%d goroutines are left of %d", runtime.NumGoroutine(), before)
}

func TestPhoneSoundSettings(t *testing.T) {
	dir := t.TempDir()
	wrong := filepath.Join(dir, "wrong.wav")
	if err := os.WriteFile(wrong, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]PhoneConfig{
		"a call sends one of them":              {Sound: Sound{Play: wrong, Echo: true}},
		"setting Play: open ":                   {Sound: Sound{Play: filepath.Join(dir, "none.wav")}},
		"not a WAV file":                        {Sound: Sound{Play: wrong}},
		`setting Tone: there is no "loud"`:      {Sound: Sound{Tone: "loud"}},
		"setting SIP T1: -1 is not from 0 to ":  {T1: -1},
		"setting Cfwd No Ans Delay: NaN is not": {Line1: &PhoneLine{CfwdNoAnsDelay: seconds(math.NaN())}},
		"setting Register Expires: 1e+10 is not from 0 to 1000000000 seconds": {Line2: &PhoneLine{RegisterExpires: 1e10}},
		"setting Record: there is no folder":                                  {Sound: Sound{Record: filepath.Join(dir, "none", "call.wav")}},
		"settings RTP Port Min and RTP Port Max":                              {RTPPortMin: 5000, RTPPortMax: 4000},
		"RTP Packet Size is 5ms":                                              {RTPPacketSize: 0.005},
		"setting DTMF Tx Method":                                              {Line1: &PhoneLine{DTMFTxMethod: "shout"}},
	} {
		if cfg.Line1 == nil {
			cfg.Line1 = &PhoneLine{}
		}
		cfg.Line1.UserID, cfg.Line1.Proxy, cfg.Line1.SIPPort, cfg.Address = "a", "127.0.0.1:9", freeUDP(t), "127.0.0.1"
		if p, err := NewPhone(cfg, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
			if p != nil {
				p.close()
			}
		}
	}
}

func TestRecordingsHaveNamesOfTheirOwn(t *testing.T) {
	r := recordings{name: filepath.Join("d", "call.wav")}
	for _, want := range []string{"call.wav", "call-2.wav", "call-3.wav"} {
		if got := filepath.Base(r.next()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// asked is a resolver that knows one target.
type asked struct {
	target live.Target
	flows  []live.Flow
}

func (a *asked) Resolve(_ context.Context, t live.Target) ([]live.Flow, error) {
	a.target = t
	if a.flows == nil {
		return nil, errors.New("no such host")
	}
	return a.flows, nil
}

// TestLocalAddress: the device's address is that from which the server is reached that calls will go to, found as they find it: a domain may have SRV
// records and no address of its own.
func TestLocalAddress(t *testing.T) {
	loopback := []live.Flow{{Transport: capture.UDP, Remote: netip.MustParseAddrPort("127.0.0.1:5074")}}
	for _, c := range []struct {
		name, given string
		line        ua.LineConfig
		flows       []live.Flow
		want, err   string
		asked       live.Target
	}{
		{name: "a domain", line: ua.LineConfig{Proxy: "voip.example.com"}, flows: loopback, want: "127.0.0.1", asked: live.Target{Host: "voip.example.com"}},
		{name: "the outbound proxy, over TLS", line: ua.LineConfig{Proxy: "voip.example.com", OutboundProxy: "edge.example.com:5071", UseOutboundProxy: true, Transport: capture.TLS},
			flows: loopback, want: "127.0.0.1", asked: live.Target{Host: "edge.example.com", Port: 5071, Transport: capture.TLS}},
		{name: "an address is not asked for", line: ua.LineConfig{Proxy: "127.0.0.1:5060"}, want: "127.0.0.1"},
		{name: "nor is one of IPv6", line: ua.LineConfig{Proxy: "[::1]:5060"}, want: "::1"},
		{name: "given", given: "127.0.0.9", line: ua.LineConfig{Proxy: "voip.example.com"}, want: "127.0.0.9"},
		{name: "given wrongly", given: "here", err: `setting Address: "here" is not an IP address`},
		{name: "not found", line: ua.LineConfig{Proxy: "nosuch.example.com"}, err: "the proxy nosuch.example.com: no such host", asked: live.Target{Host: "nosuch.example.com"}},
		{name: "found without an address", line: ua.LineConfig{Proxy: "empty.example.com"}, flows: []live.Flow{}, err: "the proxy empty.example.com: it has no address", asked: live.Target{Host: "empty.example.com"}},
		{name: "no port", line: ua.LineConfig{Proxy: "127.0.0.1:70000"}, err: `setting Proxy: "127.0.0.1:70000": "70000" is not a port`},
		{name: "none", line: ua.LineConfig{}, err: "the setting Proxy is empty"},
	} {
		find := &asked{flows: c.flows}
		got, err := localAddress(c.given, c.line, find)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: %v", c.name, err)
			}
		} else if err != nil || got.String() != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if find.target != c.asked {
			t.Errorf("%s: %+v was looked up", c.name, find.target)
		}
	}
}

// TestSyslogSender: the syslog comes from the phone's address, so that who logged is who speaks SIP; and from another where that cannot be.
func TestSyslogSender(t *testing.T) {
	collector, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer collector.Close()
	for own, want := range map[string]string{"127.0.0.2": "127.0.0.2", "127.0.0.1": "127.0.0.1", "203.0.113.9": "127.0.0.1", "::1": "127.0.0.1"} {
		if own == "127.0.0.2" && runtime.GOOS != "linux" {
			continue // others have to be given that address first
		}
		p := &Phone{Lines: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(own), 5060)}}
		send, err := p.sender(collector.LocalAddr().String(), "Syslog Server")
		if err != nil {
			t.Errorf("%s: %v", own, err)
			continue
		}
		if err := send([]byte("x")); err != nil {
			t.Errorf("%s: %v", own, err)
		}
		_, from, err := collector.ReadFromUDPAddrPort(make([]byte, 16))
		if err != nil || from.Addr().Unmap().String() != want {
			t.Errorf("%s: from %v, %v", own, from, err)
		}
		p.close()
	}
}

// TestPlaces: a file that cannot be written is found before anything is done, and finding out leaves nothing.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, []byte("stays"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		kept:                          "",
		filepath.Join(dir, "new.wav"): "",
		filepath.Join(dir, strings.Repeat("a", 300)): "name too long",
		filepath.Join(kept, "x"):                     "not a directory",
		filepath.Join(dir, "none", "x"):              "there is no folder",
		dir:                                          "is a folder, not a file",
	} {
		err := checkPlace(name)
		if runtime.GOOS != "linux" && err != nil && want != "" {
			continue // in that system's words
		}
		if got := fmt.Sprint(err); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if b, rerr := os.ReadFile(kept); err != nil || rerr != nil || len(entries) != 1 || string(b) != "stays" {
		t.Errorf("%v, %q, %v, %v", entries, b, err, rerr)
	}
}
