package media

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	for _, r := range []Report{
		{SSRC: 1, CNAME: "spa1@192.0.2.5"},
		{SSRC: 1, CNAME: "spa1@192.0.2.5", Sender: &SenderInfo{NTP: 1 << 63, Timestamp: 3, Packets: 4, Octets: 5},
			Blocks: []Reception{{SSRC: 9, FractionLost: 255, Lost: -5, Highest: 1 << 31, Jitter: 7, LastSR: 8, Delay: 9}, {SSRC: 10, Lost: 0x7FFFFF}}},
		{SSRC: 1, CNAME: "x", Blocks: []Reception{{Lost: -0x800000}}, Bye: true, Reason: "hung up"},
	} {
		b, err := AppendReport([]byte("x"), &r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseReport(b[1:]); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v, %v, want %+v", got, err, r)
		}
		if !IsRTCP(b[1:]) || len(b)%4 != 1 {
			t.Error("not RTCP")
		}
	}
	if r, err := AppendReport(nil, &Report{Blocks: make([]Reception, 32)}); err == nil || len(r) != 0 {
		t.Error("more blocks than five bits count")
	}
	good, _ := AppendReport(nil, &Report{SSRC: 1, CNAME: "x"})
	for name, b := range map[string][]byte{"nothing": nil, "RTP": packet(1, 1, 1, 0), "SDES alone": good[8:], "cut": good[:len(good)-1], "more": append(bytes.Clone(good), 1), "too long": make([]byte, maxRTCP+1)} {
		if _, err := ParseReport(b); !errors.Is(err, ErrRTCP) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if IsRTCP(packet(1, 1, 1, 0)) {
		t.Error("RTP is taken for RTCP")
	}
}

// The block of a report: RFC 3550 §A.3.
func TestReception(t *testing.T) {
	r := NewReceiver(ReceiverConfig{})
	if _, ok := r.reception(start); ok {
		t.Error("a block about nothing")
	}
	for _, n := range []int{65530, 65531, 65534, 65535, 1} { // 65532, 65533 and 0 are lost
		_ = r.Receive(start, packet(7, n, 0, 0))
	}
	r.sender = senderReport{set: true, lsr: 99, at: start}
	b, ok := r.reception(start.Add(1500 * time.Millisecond))
	if want := (Reception{SSRC: 7, FractionLost: 3 * 256 / 8, Lost: 3, Highest: 1<<16 + 1, LastSR: 99, Delay: 3 << 15}); !ok || b != want {
		t.Errorf("%+v, want %+v", b, want)
	}
	_ = r.Receive(start, packet(7, 2, 0, 0))
	if b, _ = r.reception(start); b.FractionLost != 0 || b.Lost != 3 {
		t.Errorf("%+v", b)
	}
	for range 5 {
		_ = r.Receive(start, packet(7, 2, 0, 0))
	}
	if b, _ = r.reception(start); b.FractionLost != 0 || b.Lost != -2 { // §6.4.1: the loss may be negative
		t.Errorf("%+v", b)
	}
}

func TestNTP(t *testing.T) {
	// RFC 3550 §6.4.1, figure 2: 10 November 1995, 11:33:25.125 UTC is 0xb44db705:20000000, its middle b705:2000.
	at := time.Date(1995, 11, 10, 11, 33, 25, 125e6, time.UTC)
	if n := ntp(at); n != 0xb44db705_20000000 || middle(n) != 0xb7052000 {
		t.Errorf("%#x, %#x", n, middle(n))
	}
	s := stream(t, config(1))
	block := Reception{SSRC: s.SSRC(), LastSR: 0xb7052000, Delay: 0x00054000} // 5.250 s
	b, err := AppendReport(nil, &Report{SSRC: 5, CNAME: "x", Blocks: []Reception{block}})
	if err != nil {
		t.Fatal(err)
	}
	// It comes at 11:33:36.5: 6.125 s after.
	if err := s.ReceiveReport(at.Add(11375*time.Millisecond), b); err != nil || s.Remote().RoundTrip != 6125*time.Millisecond {
		t.Error(s.Remote(), err)
	}
	if err := s.ReceiveReport(at, []byte(strings.Repeat("x", 20))); err == nil || s.Remote().Malformed != 1 {
		t.Error(err)
	}
}

// FuzzReport: what parses writes and parses back the same.
func FuzzReport(f *testing.F) {
	for _, r := range []Report{{SSRC: 1, CNAME: "x"}, {SSRC: 2, Sender: &SenderInfo{NTP: 1}, Blocks: []Reception{{Lost: -1}}, Bye: true, Reason: "r"}} {
		b, err := AppendReport(nil, &r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseReport(b)
		if err != nil {
			return
		}
		if len(r.Blocks) > 31 {
			r.Blocks = r.Blocks[:31] // of several packets
		}
		again, err := AppendReport(nil, &r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		if got, err := ParseReport(again); len(again) <= maxRTCP && (err != nil || !reflect.DeepEqual(got, r)) {
			t.Fatalf("%+v, %v, want %+v", got, err, r)
		}
	})
}
