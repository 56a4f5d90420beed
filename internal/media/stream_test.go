package media

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

var start = time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)

// chance is random, and the same for the same seed.
type chance struct{ r *rand.Rand }

func newChance(seed uint64) *chance { return &chance{rand.New(rand.NewPCG(seed, 1))} }

func (c *chance) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c.r.Uint32())
	}
	return len(b), nil
}

func config(seed uint64) StreamConfig {
	return StreamConfig{Send: SenderConfig{Rand: newChance(seed), DigitType: 101}, Receive: ReceiverConfig{DigitType: 101}, CNAME: fmt.Sprint("spa", seed, "@192.0.2.5")}
}

func stream(t testing.TB, c StreamConfig) *Stream {
	t.Helper()
	s, err := NewStream(c, start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sent returns the packets of a time, as they are due.
func sent(t *testing.T, s *Sender, d time.Duration) []rtp.Packet {
	t.Helper()
	var all []rtp.Packet
	for end := s.Next().Add(d); s.Next().Before(end); {
		now := s.Next()
		var p rtp.Packet
		if err := p.Unmarshal(bytes.Clone(s.AppendPacket(nil, now))); err != nil {
			t.Fatal(err)
		}
		if got := s.AppendPacket(nil, now); len(got) != 0 {
			t.Fatal("a second packet at one time")
		}
		all = append(all, p)
	}
	return all
}

func TestSender(t *testing.T) {
	for _, ptime := range []time.Duration{0, 10 * time.Millisecond, 30 * time.Millisecond, 200 * time.Millisecond} {
		for _, codec := range []Codec{PCMU, PCMA} {
			s, err := NewSender(SenderConfig{Codec: codec, Ptime: ptime, Source: TestTone(), Rand: newChance(1)}, start)
			if err != nil {
				t.Fatal(err)
			}
			if ptime == 0 {
				ptime = DefaultPtime
			}
			packets := sent(t, s, time.Second)
			if len(packets) != int((time.Second+ptime-1)/ptime) {
				t.Errorf("%d packets of %v in a second", len(packets), ptime)
			}
			var pcm []int16
			for i, p := range packets {
				first := packets[0]
				if p.SequenceNumber != first.SequenceNumber+uint16(i) || p.Timestamp != first.Timestamp+uint32(i*samples(ptime)) || p.SSRC != s.SSRC() ||
					p.PayloadType != uint8(codec) || p.Marker != (i == 0) || len(p.Payload) != samples(ptime) {
					t.Fatalf("packet %d: %v", i, p.Header)
				}
				pcm = codec.AppendDecoded(pcm, p.Payload)
			}
			if db := power(pcm, 1000); math.Abs(db) > 0.2 {
				t.Errorf("%v: %.2f dBm0", codec, db)
			}
		}
	}
	a, _ := NewSender(SenderConfig{Rand: newChance(1)}, start)
	b, _ := NewSender(SenderConfig{Rand: newChance(2)}, start)
	if a.header.SSRC == b.header.SSRC || a.header.SequenceNumber == b.header.SequenceNumber || a.header.Timestamp == b.header.Timestamp {
		t.Error("the start is not random")
	}
	for name, c := range map[string]SenderConfig{
		"ptime of 5ms": {Ptime: 5 * time.Millisecond, Rand: newChance(1)}, "ptime of 1s": {Ptime: time.Second, Rand: newChance(1)},
		"codec 3": {Codec: 3, Rand: newChance(1)}, "payload types": {DigitType: 128, Rand: newChance(1)}, "random start": {Rand: bytes.NewReader(nil)},
	} {
		if _, err := NewSender(c, start); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A driver that comes too late gets no burst: the time passes in the timestamps.
func TestSenderLate(t *testing.T) {
	s, _ := NewSender(SenderConfig{Rand: newChance(1), Source: TestTone()}, start)
	first := sent(t, s, time.Millisecond)[0]
	now := start.Add(10*time.Second + 7*time.Millisecond)
	var late []rtp.Packet
	for {
		b := s.AppendPacket(nil, now)
		if len(b) == 0 {
			break
		}
		var p rtp.Packet
		if err := p.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		late = append(late, p)
	}
	if len(late) != 1 || late[0].SequenceNumber != first.SequenceNumber+1 || late[0].Timestamp != first.Timestamp+80000 || !late[0].Marker || !s.Next().Equal(start.Add(10020*time.Millisecond)) {
		t.Errorf("%d packets, %v, next at %v", len(late), late[0].Header, s.Next().Sub(start))
	}
	// A little late: each packet is sent.
	n := 0
	for now = s.Next().Add(100 * time.Millisecond); len(s.AppendPacket(nil, now)) > 0; n++ {
	}
	if n != 6 {
		t.Errorf("%d packets, want 6", n)
	}
	// A source that ends goes on as silence.
	s.Play(&Clip{PCM: make([]int16, 100)})
	if p := sent(t, s, time.Millisecond)[0]; len(p.Payload) != 160 || !s.Ended() {
		t.Error(p)
	}
	if p := sent(t, s, time.Millisecond)[0]; p.Payload[0] != 0xFF {
		t.Error(p)
	}
}

// The packets of a digit, one by one (RFC 4733 §2.5.1).
func TestDigitPackets(t *testing.T) {
	s, _ := NewSender(SenderConfig{Rand: newChance(1), DigitType: 101, Source: TestTone()}, start)
	base := sent(t, s, time.Millisecond)[0]
	if err := s.Dial("5#", 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	var told []string
	for i, p := range sent(t, s, 320*time.Millisecond) {
		if p.SequenceNumber != base.SequenceNumber+uint16(i+1) {
			t.Errorf("packet %d has number %d", i, p.SequenceNumber)
		}
		mark := ""
		if p.Marker {
			mark = "M"
		}
		if p.PayloadType != 101 {
			told = append(told, fmt.Sprintf("sound@%d%s", p.Timestamp-base.Timestamp, mark))
			continue
		}
		var e digitEvent
		e.parse(p.Payload)
		if e.end {
			mark += "E"
		}
		told = append(told, fmt.Sprintf("%d@%d+%d%s", e.event, p.Timestamp-base.Timestamp, e.duration, mark))
	}
	want := "5@160+160M 5@160+320 5@160+400E 5@160+400E 5@160+400E sound@960M sound@1120 sound@1280 " +
		"11@1440+160M 11@1440+320 11@1440+400E 11@1440+400E 11@1440+400E sound@2240M sound@2400 sound@2560"
	if got := strings.Join(told, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, err := range map[string]error{
		`digit 'x'`: s.Dial("12x", 0), "of 10ms": s.Dial("1", 10*time.Millisecond), "of 9s": s.Dial("1", 9*time.Second), "may wait": s.Dial(strings.Repeat("1", 65), 0)} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	none, _ := NewSender(SenderConfig{Rand: newChance(1)}, start)
	if err := none.Dial("1", 0); !errors.Is(err, ErrDigits) {
		t.Error(err)
	}
}

// network carries packets from one stream to another: some are lost, come twice, or late.
type network struct {
	r                       *rand.Rand
	loss, duplicate, delay  float64
	lost, doubled, overtook int
	held                    []flying
}

type flying struct {
	at   time.Time
	data []byte
}

func (n *network) send(now time.Time, b []byte) {
	if n.r.Float64() < n.loss {
		n.lost++
		return
	}
	at := now.Add(20 * time.Millisecond)
	if n.r.Float64() < n.delay {
		at = at.Add(50 * time.Millisecond)
		n.overtook++
	}
	n.held = append(n.held, flying{at, bytes.Clone(b)})
	if n.r.Float64() < n.duplicate {
		n.doubled++
		n.held = append(n.held, flying{at.Add(5 * time.Millisecond), bytes.Clone(b)})
	}
}

func (n *network) deliver(now time.Time, to func(time.Time, []byte)) {
	for {
		first := -1
		for i, f := range n.held {
			if !f.at.After(now) && (first < 0 || f.at.Before(n.held[first].at)) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		f := n.held[first]
		n.held = append(n.held[:first], n.held[first+1:]...)
		to(f.at, f.data)
	}
}

// Two ends over a bad network for a minute: what is counted is what happened, the reports say the same, and digits come once each.
func TestStreams(t *testing.T) {
	for seed := range uint64(6) {
		ca, cb := config(1+2*seed), config(2+2*seed)
		ca.Send.Source = TestTone()
		rec := &Recorder{}
		cb.Receive.Sink = rec
		a, b := stream(t, ca), stream(t, cb)
		r := rand.New(rand.NewPCG(seed, 2))
		ab := &network{r: r, loss: 0.03, duplicate: 0.02, delay: 0.02}
		ba, rab, rba := &network{r: r}, &network{r: r}, &network{r: r}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		// The first and last packets come through, so that what was lost can be known.
		now := start
		a.Wake(now, func(p []byte) { must(b.Receive(now, bytes.Clone(p))) }, nil)
		for ; now.Before(start.Add(time.Minute)); now = now.Add(5 * time.Millisecond) {
			if now.Equal(start.Add(10 * time.Second)) {
				must(a.Dial("18005551212#", 0))
			}
			for _, x := range []struct {
				s       *Stream
				to, tor *network
			}{{a, ab, rab}, {b, ba, rba}} {
				if x.s.Next().After(now) {
					continue
				}
				x.s.Wake(now, func(p []byte) { x.to.send(now, p) }, func(p []byte) { x.tor.send(now, p) })
			}
			ab.deliver(now, func(at time.Time, p []byte) { must(b.Receive(at, p)) })
			ba.deliver(now, func(at time.Time, p []byte) { must(a.Receive(at, p)) })
			rab.deliver(now, func(at time.Time, p []byte) { must(b.ReceiveReport(at, p)) })
			rba.deliver(now, func(at time.Time, p []byte) { must(a.ReceiveReport(at, p)) })
		}
		ab.loss, ab.delay, ab.duplicate = 0, 0, 0
		a.Wake(a.Next().Add(time.Millisecond), func(p []byte) { ab.send(now, p) }, func([]byte) {})
		ab.deliver(now.Add(time.Second), func(at time.Time, p []byte) { must(b.Receive(at, p)) })
		packets, _ := a.Sent()
		s := b.Stats()
		if s.Lost != int64(ab.lost) || s.Duplicates != int64(ab.doubled) || s.Packets != packets-int64(ab.lost)+int64(ab.doubled) || s.Foreign+s.Malformed+s.UnknownType+s.Unlikely+s.Restarts != 0 {
			t.Errorf("seed %d: %+v of %d packets, %d lost, %d doubled", seed, s, packets, ab.lost, ab.doubled)
		}
		if s.Reordered == 0 || s.Reordered > int64(ab.overtook) {
			t.Errorf("seed %d: %d reordered, %d were late", seed, s.Reordered, ab.overtook)
		}
		if s.Jitter <= 0 || s.MaxJitter > 30*time.Millisecond {
			t.Errorf("seed %d: jitter %v, at most %v", seed, s.Jitter, s.MaxJitter)
		}
		if got := b.DigitString(); got != "18005551212#" {
			t.Errorf("seed %d: digits %s", seed, got)
		}
		for _, d := range b.Digits() {
			if d.Duration != 100*time.Millisecond || !d.Ended {
				t.Errorf("seed %d: %v %+v", seed, d, d)
			}
		}
		other := a.Remote()
		if other.Reports < 8 || !other.Reported || other.Reception.Lost < 0 || int64(other.Reception.Lost) > s.Lost || other.CNAME != cb.CNAME {
			t.Errorf("seed %d: %+v", seed, other)
		}
		if rtt := other.RoundTrip; rtt < 39*time.Millisecond || rtt > 41*time.Millisecond {
			t.Errorf("seed %d: round trip %v", seed, rtt)
		}
		if p := b.Remote().Sent; p == nil || int64(p.Packets) > packets || int64(p.Packets) < packets-50*9 {
			t.Errorf("seed %d: the other end says that it sent %+v of %d", seed, p, packets)
		}
		if n := len(rec.PCM()); n < 59*SampleRate || n > 61*SampleRate {
			t.Errorf("seed %d: %d samples recorded", seed, n)
		}
		if db := power(rec.PCM()[:9*SampleRate], 1000); db > 0.1 || db < -1 {
			t.Errorf("seed %d: the tone comes at %.2f dBm0", seed, db)
		}
		bye, err := ParseReport(a.AppendBye(nil, now))
		if err != nil || !bye.Bye || bye.CNAME != ca.CNAME || bye.Sender == nil || int64(bye.Sender.Packets) != packets {
			t.Errorf("seed %d: %+v, %v", seed, bye, err)
		}
	}
}

// What comes in goes out again.
func TestEcho(t *testing.T) {
	c := config(1)
	pipe := &Pipe{}
	c.Receive.Sink, c.Send.Source = pipe, pipe
	echo := stream(t, c)
	caller := stream(t, StreamConfig{Send: SenderConfig{Source: TestTone(), Rand: newChance(2)}})
	var heard []int16
	for now := start; now.Before(start.Add(time.Second)); now = now.Add(20 * time.Millisecond) {
		caller.Wake(now, func(p []byte) { _ = echo.Receive(now, p) }, func([]byte) {})
		echo.Wake(now, func(p []byte) { heard = PCMU.AppendDecoded(heard, p[12:]) }, func([]byte) {})
	}
	if db := power(heard, 1000); math.Abs(db) > 0.2 {
		t.Errorf("%.2f dBm0", db)
	}
}

func TestMute(t *testing.T) {
	c := config(1)
	c.Muted = true
	s := stream(t, c)
	n, reports := 0, 0
	run := func(from, to time.Duration) {
		for now := start.Add(from); now.Before(start.Add(to)); now = now.Add(20 * time.Millisecond) {
			s.Wake(now, func([]byte) { n++ }, func(b []byte) {
				reports++
				if r, err := ParseReport(b); err != nil || (r.Sender != nil) != (n > 0) {
					t.Error(r, err)
				}
			})
		}
	}
	if run(0, 20*time.Second); n != 0 || reports < 2 {
		t.Errorf("%d packets, %d reports", n, reports)
	}
	s.Mute(false, start.Add(20*time.Second))
	if run(20*time.Second, 21*time.Second); n != 50 {
		t.Errorf("%d packets", n)
	}
	s.Mute(true, start.Add(21*time.Second))
	if run(21*time.Second, 22*time.Second); n != 50 {
		t.Errorf("%d packets", n)
	}
	if _, err := NewStream(StreamConfig{CNAME: strings.Repeat("x", 256), Send: SenderConfig{Rand: newChance(1)}}, start); err == nil {
		t.Error("no error")
	}
}

func BenchmarkStream(b *testing.B) {
	a, z := stream(b, StreamConfig{Send: SenderConfig{Source: &Clip{PCM: make([]int16, 16000), Loop: true}, Rand: newChance(1)}}), stream(b, config(2))
	now := start
	receive := func(p []byte) { _ = z.Receive(now, p) }
	b.ReportAllocs()
	for range b.N {
		now = now.Add(20 * time.Millisecond)
		a.Wake(now, receive, receive)
	}
}
