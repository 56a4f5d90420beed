package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

var (
	named     = netip.MustParseAddrPort("192.0.2.1:4000")
	namedRTCP = netip.MustParseAddrPort("192.0.2.1:4001")
	behind    = netip.MustParseAddrPort("198.51.100.7:50123")
	evil      = netip.MustParseAddrPort("203.0.113.66:6666")
	epoch     = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
)

func described() Description {
	return Description{Remote: named, RemoteRTCP: namedRTCP, Codec: PCMU, Codecs: map[uint8]Codec{0: PCMU}, DigitType: 101, ReceiveDigits: 101, Send: true, Receive: true}
}

func openSession(t *testing.T, c SessionConfig) *Session {
	t.Helper()
	c.Rand = rand.NewChaCha8([32]byte{1})
	return NewSession(c, epoch)
}

// rtpPacket is a packet of 20 ms.
func rtpPacket(ssrc uint32, seq uint16, pt byte) []byte {
	b := make([]byte, 172)
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// wake lets a session send until a time, and returns where to.
func wake(s *Session, until time.Time) map[netip.AddrPort]int {
	to := map[netip.AddrPort]int{}
	for next := s.Next(); !next.IsZero() && !next.After(until); next = s.Next() {
		s.Wake(next, func(_ bool, a netip.AddrPort, _ []byte) { to[a]++ })
	}
	return to
}

func TestSessionWaitsForItsDescription(t *testing.T) {
	s := openSession(t, SessionConfig{})
	if !s.Next().IsZero() || !errors.Is(s.Dial(epoch, "1", 0), ErrNotDescribed) {
		t.Error("it sends before it is told where to")
	}
	for i := range 100 {
		s.Receive(epoch, false, named, rtpPacket(1, uint16(i), 0))
	}
	s.Receive(epoch, true, namedRTCP, []byte{1})
	if err := s.Describe(epoch, described()); err != nil {
		t.Fatal(err)
	}
	n := s.Counts()
	if n.Received.Packets != maxHeld || n.Refused != 100-maxHeld || n.Strangers != 1 {
		t.Errorf("%+v", n)
	}
}

func TestSessionLetsInWhoIsNamed(t *testing.T) {
	s := openSession(t, SessionConfig{})
	_ = s.Describe(epoch, described())
	for i := range 50 {
		s.Receive(epoch, false, named, rtpPacket(1, uint16(i), 0))
		s.Receive(epoch, false, evil, rtpPacket(9, uint16(i), 0))
		s.Receive(epoch, false, netip.AddrPortFrom(named.Addr(), 4002), rtpPacket(9, uint16(i), 0)) // the host is right, the port is not
		s.Receive(epoch, true, evil, []byte{0x81, 203, 0, 1, 0, 0, 0, 1})
		s.Receive(epoch, false, named, make([]byte, MaxPacket+1))
		s.Receive(epoch, false, named, []byte{0x80, 200, 0, 1, 0, 0, 0, 1}) // RTCP at the port of RTP: rtcp-mux was not agreed on
	}
	n := s.Counts()
	if n.Received.Packets != 50 || n.Strangers != 150 || n.Refused != 100 || n.Received.Foreign != 0 || n.Remote.Bye {
		t.Errorf("%+v", n)
	}
	if to := wake(s, epoch.Add(time.Second)); to[named] != 51 || to[evil] != 0 {
		t.Errorf("%v", to)
	}
	// An address of IPv4 in IPv6 is the same one.
	s.Receive(epoch, false, netip.AddrPortFrom(netip.AddrFrom16(named.Addr().As16()), named.Port()), rtpPacket(1, 50, 0))
	if n := s.Counts(); n.Received.Packets != 51 {
		t.Errorf("%+v", n)
	}
}

func TestSymmetricSession(t *testing.T) {
	for _, c := range []struct {
		name      string
		on        bool
		before    func(s *Session)
		learned   bool
		strangers int64
	}{
		{"off", false, func(*Session) {}, false, 10},
		{"on", true, func(*Session) {}, true, 2},
		{"the named address was heard of", true, func(s *Session) { s.Receive(epoch, false, named, rtpPacket(5, 1, 0)) }, false, 10},
		{"another was first", true, func(s *Session) {
			for i := range 3 {
				s.Receive(epoch, false, evil, rtpPacket(9, uint16(i), 0))
			}
		}, false, 12},
		{"another sends between", true, func(s *Session) {
			s.Receive(epoch, false, evil, rtpPacket(9, 1, 0))
			s.Receive(epoch, false, behind, rtpPacket(1, 65535, 0))
			s.Receive(epoch, false, evil, rtpPacket(9, 2, 0))
		}, true, 5},
		{"what was not agreed on proves nothing", true, func(s *Session) {
			for i := range 9 {
				s.Receive(epoch, false, evil, rtpPacket(9, uint16(i), 18))
				s.Receive(epoch, false, evil, []byte("junk"))
			}
		}, true, 20},
	} {
		s := openSession(t, SessionConfig{Symmetric: c.on})
		_ = s.Describe(epoch, described())
		c.before(s)
		for i := range 10 {
			s.Receive(epoch, false, behind, rtpPacket(1, uint16(i), 0))
		}
		n := s.Counts()
		if n.Strangers != c.strangers || (n.Learned == behind) != c.learned {
			t.Errorf("%s: %d strangers, learned %v", c.name, n.Strangers, n.Learned)
		}
		to := wake(s, epoch.Add(10*time.Second))
		if c.learned && (to[behind] != 501 || to[named] != 0 || to[netip.AddrPortFrom(behind.Addr(), behind.Port()+1)] == 0) {
			t.Errorf("%s: sent to %v", c.name, to)
		}
	}
	// The named address has the call back as soon as it is heard of.
	s := openSession(t, SessionConfig{Symmetric: true})
	_ = s.Describe(epoch, described())
	for i := range 10 {
		s.Receive(epoch, false, evil, rtpPacket(9, uint16(i), 0))
	}
	s.Receive(epoch, false, named, rtpPacket(1, 1, 0))
	s.Receive(epoch, false, evil, rtpPacket(9, 10, 0))
	if to := wake(s, epoch.Add(time.Second)); to[named] != 51 || s.Counts().Strangers != 3 {
		t.Errorf("%v %+v", to, s.Counts())
	}
}

func TestSessionMoves(t *testing.T) {
	s := openSession(t, SessionConfig{})
	d := described()
	_ = s.Describe(epoch, d)
	s.Receive(epoch, false, named, rtpPacket(1, 1, 0))
	d.Remote, d.RemoteRTCP = behind, netip.AddrPort{}
	_ = s.Describe(epoch, d)
	s.Receive(epoch, false, named, rtpPacket(1, 2, 0))                    // on its way still
	s.Receive(epoch, false, behind, rtpPacket(2, 700, 0))                 // another source, announced
	s.Receive(epoch.Add(2*time.Second), false, named, rtpPacket(1, 3, 0)) // too late
	n := s.Counts()
	if n.Received.Packets != 3 || n.Received.Restarts != 1 || n.Strangers != 1 || n.Received.Lost != 0 {
		t.Errorf("%+v", n)
	}
	if to := wake(s, epoch.Add(time.Second)); to[behind] != 51 || len(to) != 1 {
		t.Errorf("%v", to)
	}
}

func TestSessionChangesItsCodec(t *testing.T) {
	s := openSession(t, SessionConfig{Source: TestTone()})
	d := described()
	_ = s.Describe(epoch, d)
	var last []byte
	keep := func(_ bool, _ netip.AddrPort, b []byte) { last = bytes.Clone(b) }
	s.Wake(epoch, keep)
	first := last
	d.Codec, d.PayloadType, d.Ptime, d.DigitType = PCMA, 8, 40*time.Millisecond, 0
	if err := s.Describe(epoch, d); err != nil {
		t.Fatal(err)
	}
	s.Wake(epoch.Add(20*time.Millisecond), keep)
	if len(last) != 12+320 || last[1]&0x7f != 8 || !bytes.Equal(last[8:12], first[8:12]) || binary.BigEndian.Uint16(last[2:]) != binary.BigEndian.Uint16(first[2:])+1 {
		t.Errorf("% x", last[:12])
	}
	if err := s.Dial(epoch, "1", 0); !errors.Is(err, ErrDigits) {
		t.Error(err)
	}
	d.PayloadType, d.DigitType = 101, 101
	if s.Describe(epoch, d) == nil {
		t.Error("two payload types of one number are taken")
	}
}

// Whoever is named by a description gets what is sent: one host, or nobody.
func TestSessionSendsToOneHost(t *testing.T) {
	for _, a := range []string{"0.0.0.0:4000", "224.0.0.1:4000", "255.255.255.255:4000", "[ff02::1]:4000", "[::]:4000", "192.0.2.1:0"} {
		s := openSession(t, SessionConfig{})
		d := described()
		d.Remote, d.RemoteRTCP = netip.MustParseAddrPort(a), netip.MustParseAddrPort(a)
		_ = s.Describe(epoch, d)
		if to := wake(s, epoch.Add(20*time.Second)); len(to) != 0 {
			t.Errorf("%s: sent to %v", a, to)
		}
	}
}

func TestSessionStopsWithItsSource(t *testing.T) {
	tone := TestTone()
	tone.Length = time.Second
	s := openSession(t, SessionConfig{Source: tone, StopAtEnd: true})
	_ = s.Describe(epoch, described())
	if to := wake(s, epoch.Add(3*time.Second)); to[named] != 51 {
		t.Errorf("%v", to)
	}
	_ = s.Dial(epoch.Add(3*time.Second), "1", 0)
	if to := wake(s, epoch.Add(4*time.Second)); to[named] < 7 || to[named] > 8 {
		t.Errorf("a digit of 100 ms: %v", to)
	}
	var bye Report
	n := s.Close(epoch.Add(4*time.Second), func(rtcp bool, to netip.AddrPort, b []byte) {
		if !rtcp || to != namedRTCP {
			t.Errorf("%v %v", rtcp, to)
		}
		bye, _ = ParseReport(b)
	})
	if !bye.Bye || bye.Sender == nil || int64(bye.Sender.Packets) != n.Sent {
		t.Errorf("%+v", bye)
	}
	if s.Close(epoch, nil); !s.Next().IsZero() || !errors.Is(s.Describe(epoch, described()), ErrSessionClosed) {
		t.Error("it goes on after its end")
	}
	s.Receive(epoch, false, named, rtpPacket(1, 1, 0))
	if s.Counts().Received.Packets != 0 {
		t.Error("it hears after its end")
	}
}

func TestSessionHearsDigits(t *testing.T) {
	var keys []byte
	s := openSession(t, SessionConfig{Digit: func(k byte) { keys = append(keys, k) }})
	d := described()
	_ = s.Describe(epoch, d)
	for i, e := range []byte{1, 1, 1, 11, 11, 16} {
		b := append(rtpPacket(1, uint16(i), 101)[:12], e, 10, 0, 160)
		binary.BigEndian.PutUint32(b[4:], uint32(e)*1000)
		s.Receive(epoch, false, named, b)
	}
	d.Receive = false
	_ = s.Describe(epoch, d)
	s.Receive(epoch, false, named, append(rtpPacket(1, 6, 101)[:12], 5, 10, 0, 160))
	if string(keys) != "1#" || s.Counts().Unwanted != 1 {
		t.Errorf("%q %+v", keys, s.Counts())
	}
}

// Whatever comes, from wherever: no packet of a stranger is received, nothing is sent to him, and what is held is bounded.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 12, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, true)
	f.Add([]byte{3, 3, 0x80, 200, 0, 1, 12, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, false)
	f.Fuzz(func(t *testing.T, script []byte, late bool) {
		s := openSession(t, SessionConfig{Sink: &Recorder{Limit: 8000}})
		if !late {
			_ = s.Describe(epoch, described())
		}
		own := int64(0)
		for now := epoch; len(script) >= 2; now = now.Add(5 * time.Millisecond) {
			kind, n := script[0], min(int(script[1]), len(script)-2)
			data := script[2 : 2+n]
			script = script[2+n:]
			from := evil
			if kind&1 == 1 {
				from = named
				own++
			}
			s.Receive(now, kind&2 != 0, from, data)
			s.Wake(now, func(_ bool, to netip.AddrPort, _ []byte) {
				if to != named && to != namedRTCP {
					t.Fatalf("sent to %v", to)
				}
			})
			if len(s.held) > maxHeld {
				t.Fatalf("%d packets are held", len(s.held))
			}
		}
		_ = s.Describe(epoch, described())
		if n := s.Counts(); n.Received.Packets > own {
			t.Fatalf("%d packets received of %d: %+v", n.Received.Packets, own, n)
		}
	})
}

// One second of one stream: 50 packets sent and received, with the checks of both.
func BenchmarkSessionSecond(b *testing.B) {
	a, z := netip.MustParseAddrPort("127.0.0.1:4000"), netip.MustParseAddrPort("127.0.0.1:4002")
	session := func(remote netip.AddrPort) *Session {
		pcm := make([]int16, SampleRate)
		TestTone().Read(pcm)
		s := NewSession(SessionConfig{Source: &Clip{PCM: pcm, Loop: true}, Sink: &Pipe{}, Rand: rand.NewChaCha8([32]byte{1})}, epoch)
		d := described()
		d.Remote, d.RemoteRTCP = remote, netip.AddrPortFrom(remote.Addr(), remote.Port()+1)
		if err := s.Describe(epoch, d); err != nil {
			b.Fatal(err)
		}
		return s
	}
	from, to := session(z), session(a)
	now := epoch
	send := func(rtcp bool, _ netip.AddrPort, p []byte) {
		if !rtcp {
			to.Receive(now, false, a, p)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for range 50 {
			now = now.Add(20 * time.Millisecond)
			from.Wake(now, send)
		}
	}
}
