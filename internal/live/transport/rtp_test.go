package transport

import (
	"crypto/rand"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/media"
)

var loopbackAddr = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// rtpPorts are two ports of loopback, each with the address of the other.
func rtpPorts(t testing.TB, r *RTP) (a, b media.Port) {
	t.Helper()
	var ports [2]media.Port
	for i := range ports {
		p, err := r.Open(time.Now(), i+1, loopbackAddr)
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = p
	}
	for i, p := range ports {
		if err := p.Describe(time.Now(), toward(ports[1-i].Local())); err != nil {
			t.Fatal(err)
		}
	}
	return ports[0], ports[1]
}

func toward(a netip.AddrPort) media.Description {
	return media.Description{Remote: a, RemoteRTCP: netip.AddrPortFrom(a.Addr(), a.Port()+1), Codecs: map[uint8]media.Codec{0: media.PCMU}, DigitType: 101, ReceiveDigits: 101,
		Send: true, Receive: true}
}

// freeRange returns a range of ports that was free a moment ago, of a number of pairs.
func freeRange(t testing.TB, pairs int) (low, high uint16) {
	t.Helper()
	for range 100 {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port &^ 1
		c.Close()
		if port+2*pairs > 65535 {
			continue
		}
		free := true
		for p := port; p < port+2*pairs && free; p++ {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p})
			if free = err == nil; free {
				c.Close()
			}
		}
		if free {
			return uint16(port), uint16(port + 2*pairs - 1)
		}
	}
	t.Skip("no ports are free in a row")
	return 0, 0
}

func newTestRTP(t testing.TB, cfg RTPConfig) *RTP {
	t.Helper()
	if cfg.PortMin == 0 {
		cfg.PortMin, cfg.PortMax = freeRange(t, 8)
	}
	cfg.Allow = Loopback
	session := cfg.Session
	cfg.Session = func(line int) media.SessionConfig {
		c := media.SessionConfig{Source: media.TestTone()}
		if session != nil {
			c = session(line)
		}
		c.Rand, c.CNAME = rand.Reader, "test"
		return c
	}
	r, err := NewRTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// goroutines waits until there are no more than before.
func goroutines(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		wait(t, 5*time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

// wait lets real time pass: packets are paced by the clock of the machine.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

func TestRTPBothWays(t *testing.T) {
	before := runtime.NumGoroutine()
	var tapped atomic.Int64
	keys := make(chan byte, 8)
	ended := make(chan int64, 2)
	r := newTestRTP(t, RTPConfig{
		Session: func(int) media.SessionConfig {
			tone := media.TestTone()
			tone.Length = 200 * time.Millisecond
			return media.SessionConfig{Source: tone, StopAtEnd: true}
		},
		Heard: func(_ media.Port, key byte) { keys <- key },
		Tap: func(rec *capture.Record) {
			if rec.Kind == capture.KindMedia && rec.Src.Port != 0 && rec.Dst.Port != 0 {
				tapped.Add(1)
			}
		},
		Closed: func(line int, _ media.SessionConfig, n media.Counts) { ended <- n.Received.Packets },
	})
	a, b := rtpPorts(t, r)
	if a.Local().Port()&1 != 0 || r.Ports() != 2 {
		t.Errorf("%v, %d open", a.Local(), r.Ports())
	}
	if err := a.Dial(time.Now(), "1#", 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []byte("1#") {
		select {
		case key := <-keys:
			if key != want {
				t.Errorf("heard %c, want %c", key, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no digit was heard")
		}
	}
	wait(t, 400*time.Millisecond)
	na := a.Close(time.Now())
	nb := b.Close(time.Now())
	if again := a.Close(time.Now()); again.Sent != na.Sent {
		t.Error("closed twice, it counts otherwise")
	}
	if na.Sent < 11 || na.Sent != nb.Received.Packets || nb.Sent != na.Received.Packets || na.Received.Lost+nb.Received.Lost != 0 {
		t.Errorf("a %+v\nb %+v", na, nb)
	}
	if n := tapped.Load(); n < 2*(na.Sent+nb.Sent) {
		t.Errorf("%d packets were tapped of %d", n, 2*(na.Sent+nb.Sent))
	}
	<-ended
	<-ended
	r.Close()
	if r.Ports() != 0 {
		t.Errorf("%d ports are open", r.Ports())
	}
	goroutines(t, before)
	for _, p := range []media.Port{a, b} { // the sockets are closed: others can have the ports
		conns, err := listenPair(loopbackAddr, p.Local().Port())
		if err != nil {
			t.Fatal(err)
		}
		conns[0].Close()
		conns[1].Close()
	}
	if _, err := r.Open(time.Now(), 1, loopbackAddr); err == nil {
		t.Error("a port was opened after the end")
	}
}

func TestRTPPorts(t *testing.T) {
	low, high := freeRange(t, 4)
	taken, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopbackAddr, low+3))) // the port of RTCP of the second pair
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := newTestRTP(t, RTPConfig{PortMin: low, PortMax: high})
	var ports []media.Port
	for _, want := range []uint16{low, low + 4, low + 6} {
		p, err := r.Open(time.Now(), 1, loopbackAddr)
		if err != nil || p.Local().Port() != want {
			t.Fatalf("got %v %v, want %d", p, err, want)
		}
		ports = append(ports, p)
	}
	if _, err := r.Open(time.Now(), 1, loopbackAddr); err == nil || !strings.Contains(err.Error(), "no RTP port of 127.0.0.1 is free from") {
		t.Errorf("got %v", err)
	}
	ports[0].Close(time.Now())
	if p, err := r.Open(time.Now(), 1, loopbackAddr); err != nil || p.Local().Port() != low {
		t.Errorf("got %v %v: the port that was given back is free", p, err)
	}
	if _, err := r.Open(time.Now(), 1, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("an address that is not ours was opened")
	}
	for _, c := range []RTPConfig{{PortMin: 5000, PortMax: 4000}, {PortMin: 5001, PortMax: 5002}, {PortMin: 65535}} {
		if _, err := NewRTP(c); err == nil {
			t.Errorf("%d to %d is taken", c.PortMin, c.PortMax)
		}
	}
}

// Nothing that comes disturbs a call, and nothing goes where the guard does not let it.
func TestRTPHostile(t *testing.T) {
	r := newTestRTP(t, RTPConfig{})
	a, b := rtpPorts(t, r)
	evil, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer evil.Close()
	for i := range 300 {
		for port := range uint16(2) {
			to := netip.AddrPortFrom(a.Local().Addr(), a.Local().Port()+port)
			for _, p := range [][]byte{nil, make([]byte, 2000), {0x80, 0, 0, byte(i), 0, 0, 0, 0, 0, 0, 0, byte(i), 1}, {0x80, 203, 0, 1, 0, 0, 0, 1}} {
				_, _ = evil.WriteToUDPAddrPort(p, to)
			}
		}
		if i%10 == 9 {
			wait(t, 10*time.Millisecond) // what the system drops when its buffer is full is no fault of ours
		}
	}
	wait(t, 300*time.Millisecond)
	nb := b.Close(time.Now())
	na := a.Close(time.Now())
	if na.Received.Packets != nb.Sent || na.Received.Lost != 0 || na.Strangers == 0 || na.Refused == 0 || na.Remote.Malformed != 0 || na.Received.Malformed != 0 {
		t.Errorf("a %+v\nb sent %d", na, nb.Sent)
	}
	p, err := r.Open(time.Now(), 1, loopbackAddr)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Describe(time.Now(), toward(netip.MustParseAddrPort("192.0.2.1:4000"))) // the guard holds it back
	wait(t, 30*time.Millisecond)
	p.Close(time.Now())
}

// An RTP that is closed while keys are heard does not wait for who is told.
func TestRTPIsClosedWhileItTells(t *testing.T) {
	hold := make(chan struct{})
	began := make(chan struct{}, 8)
	r := newTestRTP(t, RTPConfig{Heard: func(media.Port, byte) { began <- struct{}{}; <-hold }})
	a, b := rtpPorts(t, r)
	_ = a.Dial(time.Now(), "123", 40*time.Millisecond)
	<-began
	b.Close(time.Now()) // as the element does that holds what Heard waits for
	a.Close(time.Now())
	close(hold)
	r.Close()
}
