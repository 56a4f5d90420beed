package ua

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/wire"
	"sipscribe/internal/media"
	"sipscribe/sip"
)

// soundTable is a table whose calls carry sound: a second of tone from each side, unless Session is changed.
type soundTable struct {
	*table
	rtp      [2]*wire.RTP
	ended    [2]*media.Counts
	recorded [2]*media.Recorder
	ports    [2]media.Port // of the last call
}

func newSoundTable(t *testing.T, change func(a, b *Config)) *soundTable {
	st := &soundTable{}
	for i := range st.rtp {
		st.recorded[i] = &media.Recorder{}
		st.rtp[i] = &wire.RTP{Session: func(int) media.SessionConfig {
			tone := media.TestTone()
			tone.Length = time.Second
			return media.SessionConfig{Source: tone, Sink: st.recorded[i], StopAtEnd: true, Rand: seeded(byte(10 + i)), CNAME: "phone"}
		}}
		st.rtp[i].Heard = func(p media.Port, key byte) {
			st.net.Do(st.nodes[i], func(now time.Time, _ *live.Outbox) { st.phones[i].Heard(now, p, key) })
		}
		st.rtp[i].Closed = func(_ media.Port, n media.Counts) { st.ended[i] = &n }
	}
	st.table = newTable(t, func(a, b *Config) {
		a.Media, b.Media = opener{st, 0}, opener{st, 1}
		if change != nil {
			change(a, b)
		}
	})
	st.rtp[0].Net, st.rtp[1].Net = st.net, st.net
	return st
}

// opener notes the ports that a phone opens.
type opener struct {
	st *soundTable
	i  int
}

func (o opener) Open(now time.Time, line int, at netip.Addr) (media.Port, error) {
	p, err := o.st.rtp[o.i].Open(now, line, at)
	o.st.ports[o.i] = p
	return p, err
}

// endless has both sides send for ever.
func (st *soundTable) endless() {
	seed := byte(20)
	for i := range st.rtp {
		st.rtp[i].Session = func(int) media.SessionConfig {
			seed++
			return media.SessionConfig{Source: media.TestTone(), Sink: st.recorded[i], Rand: seeded(seed), CNAME: "phone"}
		}
	}
}

func (st *soundTable) talk() {
	st.dial()
	st.net.Run(time.Second)
	st.answer()
	st.net.Run(2 * time.Second)
}

// counts returns what a session that is open has come to.
func (st *soundTable) check(i int, sent, received int64) {
	st.Helper()
	n := st.ended[i]
	if n == nil {
		st.Fatalf("phone %d: its session was not closed", i)
	}
	if n.Sent != sent || n.Received.Packets != received || n.Received.Lost != 0 || n.Strangers != 0 || n.Refused != 0 {
		st.Errorf("phone %d: sent %d, want %d; received %d, want %d; lost %d, %d of strangers, %d refused", i, n.Sent, sent, n.Received.Packets, received, n.Received.Lost,
			n.Strangers, n.Refused)
	}
}

// header returns a field of the last message at a that begins so.
func (st *soundTable) header(start, name string) string {
	for i := len(st.messages) - 1; i >= 0; i-- {
		m := sip.Parse([]byte(st.messages[i]))
		if strings.HasPrefix(st.messages[i], start) && (start != "SIP/2.0 200" || m.CSeq().Method == sip.MethodBye) {
			return string(m.Named(name))
		}
	}
	return ""
}

// A second is 50 packets, and the one that found out that the tone has ended.
const second = 51

func TestSoundBothWays(t *testing.T) {
	for by := range 2 {
		st := newSoundTable(t, nil)
		st.talk()
		st.hangUp(by)
		st.settle()
		st.check(0, second, second)
		st.check(1, second, second)
		if s := st.header("BYE", "P-RTP-Stat"); s != "PS=51,OS=8160,PR=51,OR=8160,PL=0,JI=0,LA=0,DU=1,EN=G711u,DE=G711u" && s != "PS=51,OS=8160,PR=51,OR=8160,PL=0,JI=0,LA=0,DU=2,EN=G711u,DE=G711u" {
			t.Errorf("hung up by %d: P-RTP-Stat of BYE is %q", by, s)
		}
		if s := st.header("SIP/2.0 200", "P-RTP-Stat"); !strings.HasPrefix(s, "PS=51,OS=8160,PR=51,OR=8160,PL=0,") {
			t.Errorf("hung up by %d: P-RTP-Stat of the 200 is %q", by, s)
		}
		if n := len(st.recorded[0].PCM()); n != second*160 {
			t.Errorf("recorded %d samples", n)
		}
	}
}

func TestStatsInByeCanBeOff(t *testing.T) {
	st := newSoundTable(t, func(a, _ *Config) { a.NoStatsInBye = true })
	st.talk()
	st.hangUp(0)
	st.settle()
	if s := st.header("BYE", "P-RTP-Stat"); s != "" {
		t.Errorf("BYE has %q", s)
	}
}

// Sound that is faster than the answer is not lost.
func TestSoundBeforeTheAnswer(t *testing.T) {
	for seed := range 20 {
		st := newSoundTable(t, nil)
		st.net.Faults.DelayMin, st.net.Faults.DelayMax = 0, time.Duration(seed)*10*time.Millisecond
		st.talk()
		st.net.Run(time.Second)
		st.hangUp(0)
		st.settle()
		st.check(0, second, second)
		st.check(1, second, second)
	}
}

func TestHoldStopsTheSound(t *testing.T) {
	st := newSoundTable(t, nil)
	st.endless()
	st.talk()
	st.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	st.net.Run(100 * time.Millisecond)
	recorded := len(st.recorded[0].PCM())
	st.net.Run(10 * time.Second)
	if n := len(st.recorded[0].PCM()); n != recorded {
		t.Errorf("the one who holds heard %d samples meanwhile", n-recorded)
	}
	st.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Resume(now, 1, out) })
	st.net.Run(time.Second)
	st.hangUp(0)
	st.settle()
	a, b := st.ended[0], st.ended[1]
	// 2 s and 1 s of 50 packets, and 10 s more from the one who holds (a=sendonly).
	if b.Sent < 145 || b.Sent > 160 {
		t.Errorf("the one who was held sent %d packets", b.Sent)
	}
	if a.Sent < 645 || a.Received.Lost != 0 || b.Received.Lost != 0 || a.Received.Restarts != 0 {
		t.Errorf("a %+v\nb %+v", a, b)
	}
}

func TestSoundMovesWithReInvite(t *testing.T) {
	st := newSoundTable(t, nil)
	st.endless()
	st.talk()
	old := st.ports[1]
	st.do(1, func(p *Phone, now time.Time, out *live.Outbox) error {
		c := p.lines[0].call
		if err := c.open(now); err != nil { // another port, as after a change of network
			return err
		}
		c.audio.hold = false
		c.session.reinvite(now, out)
		return nil
	})
	st.net.Run(20 * time.Millisecond) // until the answer is there
	was := old.Close(st.net.Now())
	st.net.Run(3 * time.Second)
	st.hangUp(0)
	st.settle()
	a, b := st.ended[0], st.ended[1]
	if was.Sent < 100 || b.Sent < 145 || b.Received.Lost != 0 {
		t.Errorf("before %+v\nafter %+v", was, b)
	}
	if a.Received.Packets < 240 || a.Received.Lost != 0 || a.Received.Foreign > 1 || a.Received.Restarts != 1 || a.Strangers != 0 {
		t.Errorf("a %+v", a)
	}
}

func TestEarlyMedia(t *testing.T) {
	st := newSoundTable(t, nil)
	st.dial()
	st.net.Run(time.Second)
	st.do(1, func(p *Phone, now time.Time, out *live.Outbox) error { // a gateway plays the ringing tone
		c := p.lines[0].call
		if err := c.open(now); err != nil {
			return err
		}
		description, _ := c.audio.answer(sip.Parse(c.received).BodyBytes())
		c.describe(now)
		c.respond(now, 183, c.line.describedFields(), description, out)
		return nil
	})
	st.net.Run(2 * time.Second)
	if n := len(st.recorded[0].PCM()); n != second*160 {
		t.Errorf("%d samples were heard before the answer", n)
	}
	st.hangUp(0)
	st.settle()
	st.want("events", st.events, "a calling", "b incoming", "a ringing 180", "b ended by remote 487", "a ended by local 487")
	st.check(0, 0, second)
	st.check(1, second, 0)
}

func TestDigitsGoWithTheSound(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(a, b *Config)
		info   bool
	}{
		{"by telephone-event", nil, false},
		{"by INFO where that is set", func(a, _ *Config) { a.Lines[0].DTMFTx = DTMFINFO }, true},
		{"by INFO without sound", func(a, _ *Config) { a.Media = nil }, true},
	} {
		st := newSoundTable(t, c.change)
		st.talk()
		st.events = nil
		for _, key := range "123#" {
			st.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, byte(key), out) })
			st.net.Run(200 * time.Millisecond)
		}
		st.net.Run(time.Second)
		st.want(c.name, st.events, "b digit by remote 1", "b digit by remote 2", "b digit by remote 3", "b digit by remote #")
		if info := strings.Contains(strings.Join(st.seen, " "), "INFO"); info != c.info {
			t.Errorf("%s: %v", c.name, st.seen)
		}
		st.hangUp(0)
		st.settle()
	}
}

// While the other side may not be sent anything, keys go by INFO.
func TestDigitsWhileHeld(t *testing.T) {
	st := newSoundTable(t, nil)
	st.talk()
	st.do(1, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) })
	st.net.Run(time.Second)
	st.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, '5', out) })
	st.net.Run(time.Second)
	if s := strings.Join(st.seen, " "); !strings.Contains(s, "> INFO") {
		t.Error(s)
	}
	st.hangUp(0)
	st.settle()
}

// stranger is somebody on the network who is not of the call.
type stranger struct{ live.Element }

func (stranger) Receive(time.Time, live.Flow, []byte, *live.Outbox) {}
func (stranger) Next() time.Time                                    { return time.Time{} }

func TestHostileSoundChangesNothing(t *testing.T) {
	st := newSoundTable(t, nil)
	evil := st.net.Add("evil", stranger{}, netip.MustParseAddrPort("127.0.0.66:16384"))
	st.talk()
	st.net.Run(0)
	packet := func(ssrc byte, seq uint16, pt byte) []byte {
		b := make([]byte, 172)
		b[0], b[1], b[2], b[3], b[11] = 0x80, pt, byte(seq>>8), byte(seq), ssrc
		return b
	}
	send := func(to netip.AddrPort, b []byte) {
		st.net.Do(evil, func(_ time.Time, out *live.Outbox) {
			out.Send(live.Flow{Transport: 1, Local: evil.Addrs[0], Remote: to}, 0, b)
		})
	}
	n := int64(0)
	for i := range 500 {
		for _, at := range st.ports {
			rtcp := netip.AddrPortFrom(at.Local().Addr(), at.Local().Port()+1)
			send(at.Local(), packet(byte(i), uint16(i), 0))                // another source
			send(at.Local(), packet(7, uint16(i), 101))                    // digits
			send(at.Local(), nil)                                          // nothing
			send(at.Local(), []byte("INVITE sip:a@b SIP/2.0\r\n\r\n"))     // SIP
			send(rtcp, []byte{0x81, 203, 0, 1, 0, 0, 0, 1})                // a forged BYE
			send(rtcp, []byte{0x80, 200, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7}) // a length that lies
			n += 6
		}
		send(st.ports[0].Local(), make([]byte, 60000))
	}
	st.net.Run(time.Second)
	st.events = nil
	st.hangUp(0)
	st.settle()
	st.want("events", st.events, "a ended by local", "b ended by remote")
	for i, c := range st.ended {
		if c.Sent != second || c.Received.Packets != second || c.Received.Lost != 0 || c.Strangers != n/2 || c.Received.Digits != 0 || c.Remote.Malformed != 0 {
			t.Errorf("phone %d: %+v", i, c)
		}
	}
	if st.ended[0].Refused != 500 {
		t.Errorf("%d huge packets were refused", st.ended[0].Refused)
	}
}

func TestNoPortForTheSound(t *testing.T) {
	none := errors.New("no RTP port is free")
	st := newSoundTable(t, func(a, _ *Config) { a.Media = noPorts{none} })
	st.net.Do(st.nodes[0], func(now time.Time, out *live.Outbox) {
		if err := st.phones[0].Dial(now, 1, "18005551212", out); !errors.Is(err, none) {
			t.Errorf("dialled: %v", err)
		}
	})
	st.settle()
	st.want("messages", st.seen)

	st = newSoundTable(t, func(_, b *Config) { b.Media = noPorts{none} })
	st.dial()
	st.net.Run(time.Second)
	st.net.Do(st.nodes[1], func(now time.Time, out *live.Outbox) {
		if err := st.phones[1].Answer(now, 1, out); !errors.Is(err, none) {
			t.Errorf("answered: %v", err)
		}
	})
	st.settle()
	st.want("messages", st.seen, "> INVITE 101", "< 180 INVITE 101", "< 500 INVITE 101", "> ACK 101")
}

type noPorts struct{ err error }

func (n noPorts) Open(time.Time, int, netip.Addr) (media.Port, error) { return nil, n.err }

// However a call ends, its port is given back.
func TestPortsAreGivenBack(t *testing.T) {
	for name, end := range map[string]func(st *soundTable){
		"cancelled":    func(st *soundTable) { st.dial(); st.net.Run(time.Second); st.hangUp(0) },
		"refused":      func(st *soundTable) { st.dial(); st.net.Run(time.Second); st.hangUp(1) },
		"answered":     func(st *soundTable) { st.talk(); st.hangUp(1) },
		"crossed":      func(st *soundTable) { st.dial(); st.net.Run(time.Second); st.answer(); st.hangUp(0) },
		"nobody there": func(st *soundTable) { st.net.SetDown(st.nodes[1], true); st.dial() },
		"cut off": func(st *soundTable) {
			st.talk()
			st.net.SetDown(st.nodes[1], true)
			st.hangUp(0)
			st.net.Run(time.Minute)
		},
		"both hang up": func(st *soundTable) { st.talk(); st.hangUp(0); st.hangUp(1) },
		"the phones stop": func(st *soundTable) {
			st.talk()
			st.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { p.Stop(now, out); return nil })
		},
		"redirected": func(st *soundTable) { st.phones[1].lines[0].CfwdAll = "sip:other@127.0.0.2:5060"; st.dial() },
		"two calls, one port": func(st *soundTable) {
			st.talk()
			st.hangUp(0)
			st.net.Run(time.Second)
			st.hangUp(1)
			st.talk()
			st.hangUp(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := newSoundTable(t, nil)
			end(st)
			st.net.Run(2 * time.Minute)
			for _, n := range st.net.Nodes() {
				if name == "cut off" && strings.HasPrefix(n.Name, "RTP 127.0.0.2") {
					continue // that phone was never told
				}
				if strings.HasPrefix(n.Name, "RTP") {
					t.Errorf("%s is still open", n.Name)
				}
			}
			if p := st.ports[0]; p != nil && p.Local() != netip.MustParseAddrPort("127.0.0.1:16384") {
				t.Errorf("the port of a is %v", p.Local())
			}
		})
	}
}

func TestParseDTMFTxMethod(t *testing.T) {
	for i, s := range []string{"Auto", "avt", "INFO"} {
		if m, err := ParseDTMFTxMethod(s); err != nil || int(m) != i {
			t.Errorf("%s: %v %v", s, m, err)
		}
	}
	if _, err := ParseDTMFTxMethod("InBand"); err == nil || fmt.Sprint(err) != `there is no "InBand"; there are Auto, AVT, INFO` {
		t.Error(err)
	}
}
