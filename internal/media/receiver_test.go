package media

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// packet returns an RTP packet of 20 ms.
func packet(ssrc uint32, seq int, timestamp int, typ uint8, payload ...byte) []byte {
	if payload == nil {
		payload = slices.Repeat([]byte{0xFF}, 160)
	}
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, SequenceNumber: uint16(seq), Timestamp: uint32(timestamp), PayloadType: typ}, Payload: payload}).Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// Sequence numbers as they may come, and what is said of them.
func TestSequence(t *testing.T) {
	for _, c := range []struct {
		name                                                 string
		numbers                                              []int
		lost, duplicates, reordered, restarts, unlikely, got int64
	}{
		{"in order", []int{1, 2, 3}, 0, 0, 0, 0, 0, 3},
		{"over the end", []int{65534, 65535, 0, 1}, 0, 0, 0, 0, 0, 4},
		{"from zero", []int{0, 1, 2}, 0, 0, 0, 0, 0, 3},
		{"one lost", []int{1, 2, 4}, 1, 0, 0, 0, 0, 3},
		{"one late", []int{1, 3, 2, 4}, 0, 0, 1, 0, 0, 4},
		{"one late over the end", []int{65534, 0, 65535, 1}, 0, 0, 1, 0, 0, 4},
		{"twice", []int{1, 2, 2, 3, 1}, 0, 2, 0, 0, 0, 5},
		{"late and twice", []int{1, 3, 2, 2}, 0, 1, 1, 0, 0, 4},
		{"before the first", []int{5, 4, 6}, 0, 0, 1, 0, 0, 3},
		{"before the first over the end", []int{1, 65535, 2}, 1, 0, 1, 0, 0, 3},
		{"lost and doubled are not set off against each other", []int{1, 1, 3}, 1, 1, 0, 0, 0, 3},
		{"a gap as large as is believed", []int{1, 3000}, 2998, 0, 0, 0, 0, 2},
		{"a jump that nothing follows", []int{1, 30000, 2}, 0, 0, 0, 0, 1, 2},
		{"a jump that is followed", []int{1, 30000, 30001, 30002}, 0, 0, 0, 1, 1, 3},
		{"a jump back, with losses before and after", []int{1000, 1002, 5, 6, 8}, 2, 0, 0, 1, 1, 4},
	} {
		r := NewReceiver(ReceiverConfig{})
		for i, n := range c.numbers {
			if err := r.Receive(start.Add(time.Duration(i)*20*time.Millisecond), packet(1, n, 160*i, 0)); err != nil {
				t.Fatal(err)
			}
		}
		s := r.Stats()
		if s.Lost != c.lost || s.Duplicates != c.duplicates || s.Reordered != c.reordered || s.Restarts != c.restarts || s.Unlikely != c.unlikely || s.Packets != c.got {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// Against a plain model: a set of numbers that came, in any order within the window.
func TestSequenceModel(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		var s sequence
		first := int64(r.IntN(1 << 16))
		s.restart(uint16(first))
		highest, lowest := first, first
		came := map[int64]bool{}
		duplicates, got := int64(0), int64(0)
		for i := range int64(2000) {
			n := first + i + int64(r.IntN(20)) - 10
			if i == 0 {
				n = first
			}
			if highest-n >= maxMisorder {
				continue
			}
			got++
			v := s.add(uint16(n))
			if (v == sequenceDuplicate) != came[n] {
				t.Fatalf("seed %d: %d is %d, came before: %v", seed, n, v, came[n])
			}
			if came[n] {
				duplicates++
			}
			came[n] = true
			highest, lowest = max(highest, n), min(lowest, n)
		}
		if s.expected() != highest-lowest+1 || s.lost() != highest-lowest+1-int64(len(came)) || s.received != got || s.highest() != highest {
			t.Fatalf("seed %d: expected %d, lost %d of %d to %d with %d", seed, s.expected(), s.lost(), lowest, highest, len(came))
		}
	}
}

// Jitter as RFC 3550 §A.8 computes it.
func TestJitter(t *testing.T) {
	r := NewReceiver(ReceiverConfig{})
	want, transit := 0.0, 0
	for i, ms := range []int{0, 20, 45, 60, 95, 100, 120, 140} {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		_ = r.Receive(now, packet(1, i, 1<<32-400+160*i, 0)) // the timestamp wraps
		if d := ms*8 - 160*i - transit; i > 0 {
			want += (float64(max(d, -d)) - want) / 16
		}
		transit = ms*8 - 160*i
	}
	if got := r.audioJitter.j; got != want || want == 0 {
		t.Errorf("%v, want %v", got, want)
	}
	if b, ok := r.reception(start); !ok || b.Jitter != uint32(want) {
		t.Error(b)
	}
}

// Whose stream it is: packets of another SSRC do not count, unless two in a row come.
func TestSSRC(t *testing.T) {
	r := NewReceiver(ReceiverConfig{})
	for i, p := range [][]byte{packet(1, 1, 0, 0), packet(2, 900, 0, 0), packet(1, 2, 160, 0), packet(3, 7, 0, 0), packet(2, 900, 0, 0), packet(1, 3, 320, 0)} {
		if err := r.Receive(start.Add(time.Duration(i)*time.Millisecond), p); err != nil {
			t.Fatal(err)
		}
	}
	if s := r.Stats(); s.SSRC != 1 || s.Packets != 3 || s.Foreign != 3 || s.Lost != 0 || s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
	_ = r.Receive(start, packet(2, 901, 160, 0))
	_ = r.Receive(start, packet(2, 903, 480, 0))
	if s := r.Stats(); s.SSRC != 2 || s.Packets != 5 || s.Foreign != 3 || s.Lost != 1 || s.Restarts != 1 {
		t.Errorf("%+v", s)
	}
}

func TestReceiveOdd(t *testing.T) {
	rec := &Recorder{}
	r := NewReceiver(ReceiverConfig{Sink: rec})
	for _, b := range [][]byte{nil, []byte("INVITE sip:b@h SIP/2.0"), packet(1, 1, 0, 0)[:11], {0x9F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, {0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 200}} {
		if err := r.Receive(start, b); !errors.Is(err, ErrRTP) {
			t.Errorf("%x: %v", b, err)
		}
	}
	_ = r.Receive(start, packet(1, 1, 0, 18))
	// A timestamp from nowhere follows on what came last; sound that is late goes to its place.
	_ = r.Receive(start, packet(1, 2, 1000, 0, 0x80))
	_ = r.Receive(start, packet(1, 3, 1<<30, 0, 0x00))
	_ = r.Receive(start, packet(1, 4, 1<<30+2, 8, 0xAA))
	_ = r.Receive(start, packet(1, 5, 1<<30+1, 8, 0x2A))
	if s := r.Stats(); s.Malformed != 5 || s.UnknownType != 1 || s.Packets != 5 || s.Octets != 164 {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(rec.PCM(), []int16{-32124, -32256, 32256}) {
		t.Error(rec.PCM())
	}
}

// Digits as they may come.
func TestDigitReports(t *testing.T) {
	event := func(code byte, end bool, duration uint16) []byte {
		return digitEvent{event: code, end: end, duration: duration}.append(nil)
	}
	for _, c := range []struct {
		name    string
		packets [][]byte // payloads
		at      []uint32
		want    []Digit
	}{
		{"one digit, its end three times", [][]byte{event(5, false, 160), event(5, false, 320), event(5, true, 400), event(5, true, 400), event(5, true, 400)}, []uint32{0, 0, 0, 0, 0},
			[]Digit{{5, 50 * time.Millisecond, true}}},
		{"only one end came", [][]byte{event(5, true, 800)}, []uint32{0}, []Digit{{5, 100 * time.Millisecond, true}}},
		{"no end came", [][]byte{event(5, false, 160)}, []uint32{0}, []Digit{{5, 20 * time.Millisecond, false}}},
		{"the same digit twice", [][]byte{event(1, true, 800), event(1, true, 800)}, []uint32{0, 1600}, []Digit{{1, 100 * time.Millisecond, true}, {1, 100 * time.Millisecond, true}}},
		{"an update after the end", [][]byte{event(1, true, 800), event(1, false, 640)}, []uint32{0, 0}, []Digit{{1, 100 * time.Millisecond, true}}},
		{"the end of one behind the beginning of the next", [][]byte{event(1, false, 800), event(2, false, 160), event(1, true, 960), event(2, true, 800)}, []uint32{0, 1600, 0, 1600},
			[]Digit{{1, 120 * time.Millisecond, true}, {2, 100 * time.Millisecond, true}}},
		{"no duration", [][]byte{event(1, true, 0)}, []uint32{0}, nil},
		{"two in one packet", [][]byte{append(event(1, true, 800), event(2, true, 800)...), append(event(1, true, 800), event(2, true, 800)...)}, []uint32{0, 0},
			[]Digit{{1, 100 * time.Millisecond, true}, {2, 100 * time.Millisecond, true}}},
		{"longer than a segment", [][]byte{event(1, false, 0xFFFF), event(1, false, 0xFFFF), event(1, false, 160), event(1, true, 1)}, []uint32{0, 0, 0xFFFF, 0xFFFF},
			[]Digit{{1, duration(0xFFFF + 160), true}}},
		{"a flash", [][]byte{event(16, true, 800)}, []uint32{0}, []Digit{{16, 100 * time.Millisecond, true}}},
		{"a piece of one", [][]byte{{5, 0, 1}}, []uint32{0}, nil},
	} {
		var d digits
		for i, p := range c.packets {
			d.packet(c.at[i], p)
		}
		if !slices.Equal(d.all, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, d.all, c.want)
		}
	}
	var d digits
	for i := range 1000 {
		d.packet(uint32(i*1600), event(byte(i%17), true, 800))
	}
	if len(d.all) != maxDigits || d.dropped != 1000-maxDigits || d.String()[:16] != digitNames || d.all[16].String() != "event 16" {
		t.Error(len(d.all), d.dropped, d.String())
	}
}

// FuzzReceive: whatever comes, the counts agree with each other and what is kept is bounded.
func FuzzReceive(f *testing.F) {
	f.Add(packet(1, 1, 0, 0), packet(1, 2, 160, 101, 5, 0x8A, 1, 0x90), uint16(3))
	f.Add(packet(1, 65535, 0, 0), packet(2, 2, 160, 8), uint16(60000))
	f.Add([]byte{0xB1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x10, 1, 0, 0, 3, 0, 0, 3}, []byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, a, b []byte, step uint16) {
		rec := &Recorder{Limit: 1000}
		r := NewReceiver(ReceiverConfig{DigitType: 101, Sink: rec})
		now := start
		calls := int64(0)
		for i := range 20 {
			for _, p := range [][]byte{a, b} {
				calls++
				_ = r.Receive(now, p)
				now = now.Add(time.Duration(step) * time.Microsecond)
				if len(p) > 4 {
					p[3] += byte(i)
					p[2] += byte(step)
				}
			}
		}
		s := r.Stats()
		if s.Packets+s.Foreign+s.Malformed+s.Unlikely != calls || s.Lost < 0 || s.Duplicates+s.Reordered > s.Packets || s.Duplicates+s.UnknownType > s.Packets || s.Jitter < 0 || s.MaxJitter < s.Jitter {
			t.Fatalf("%+v of %d", s, calls)
		}
		if len(r.Digits()) > maxDigits || len(rec.PCM()) > 1000 {
			t.Fatal(len(r.Digits()), len(rec.PCM()))
		}
		if _, ok := r.reception(now); ok != (s.Packets+s.Unlikely+s.Foreign > 0) {
			t.Fatalf("%v %+v", ok, s)
		}
	})
}
