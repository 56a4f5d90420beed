package pcap

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
)

func TestFragments(t *testing.T) {
	msg := invite(1, 900)
	for name, frags := range map[string][][]byte{"IPv4": fragments4(t, 7, 304, msg), "IPv6": fragments6(t, 7, 304, msg)} {
		if len(frags) != 4 {
			t.Fatal(len(frags))
		}
		orders := map[string][]int{"in order": {0, 1, 2, 3}, "backwards": {3, 2, 1, 0}, "mixed": {1, 3, 0, 2}, "each twice": {0, 0, 1, 1, 2, 2, 3}}
		for how, order := range orders {
			t.Run(name+" "+how, func(t *testing.T) {
				var frames [][]byte
				for _, i := range order {
					frames = append(frames, frags[i])
				}
				frames = append(frames, udp4(t, ringing(1)))
				file := ethernetPcap(t, frames...)
				recs := wantMessages(t, file, msg, ringing(1))
				// The message begins where its first fragment is, and its range ends with it.
				o := recs[0].Origin
				if o.Number != int64(slices.Index(order, 0)+1) || o.End-o.Start != 304-8 {
					t.Errorf("%+v", o)
				}
				if recs[0].Dst.Port != 5060 {
					t.Error(recs[0].Dst)
				}
			})
		}
	}
}

// TestFragmentsInterleaved mixes the fragments of datagrams that differ in one part of their key each.
func TestFragmentsInterleaved(t *testing.T) {
	a, b, c := fragments4(t, 7, 304, invite(1, 300)), fragments4(t, 8, 304, invite(2, 300)), fragments6(t, 7, 304, invite(3, 300))
	var frames [][]byte
	for i := range a {
		frames = append(frames, a[i], b[i], c[i])
	}
	wantMessages(t, ethernetPcap(t, frames...), invite(1, 300), invite(2, 300), invite(3, 300))
}

// TestFragmentsOverlap: what came first stays.
func TestFragmentsOverlap(t *testing.T) {
	good, evil := fragments4(t, 7, 304, invite(1, 900)), fragments4(t, 7, 152, invite(2, 900))
	for i := range evil {
		// good[0] has the bytes of evil[0] and evil[1], and so on; changed offsets overlap by half.
		for shift := range 2 {
			e := bytes.Clone(evil[i])
			e[21] += byte(shift * 8)
			recs, _ := decodeAll(t, ethernetPcap(t, good[0], good[1], good[2], e, good[3]))
			if i+shift < 6 && (len(recs) != 1 || !bytes.Equal(recs[0].Data, invite(1, 900))) {
				t.Errorf("fragment %d, shift %d: %+v", i, shift, recs)
			}
		}
	}
}

func TestFragmentLost(t *testing.T) {
	msg := invite(1, 900)
	frags := fragments4(t, 7, 304, msg)
	for _, c := range []struct {
		name  string
		there []int
		bytes int // of the message that can be told
		after time.Duration
	}{
		{"the last", []int{0, 1, 2}, 3*304 - 8, 0},
		{"the second", []int{0, 2, 3}, 304 - 8, 0},
		{"all but the first, as a capture filter on ports does", []int{0}, 304 - 8, 0},
		{"all but the first, long before the end", []int{0}, 304 - 8, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shots []shot
			for _, i := range c.there {
				shots = append(shots, shot{data: frags[i]})
			}
			shots = append(shots, shot{data: udp4(t, ringing(1)), after: c.after})
			file := capturePcap(t, layers.LinkTypeEthernet, shots...)
			recs, _ := decodeAll(t, file)
			if len(recs) != 2 || recs[0].Missing != capture.MissingPart || !bytes.Equal(recs[0].Data, msg[:c.bytes]) || recs[0].Origin.Number != 1 {
				t.Fatalf("%+v", recs)
			}
			wantOrigin(t, file, recs[0])
			if !bytes.Equal(recs[1].Data, ringing(1)) {
				t.Errorf("%q", recs[1].Data)
			}
		})
	}
	recs, stats := decodeAll(t, ethernetPcap(t, frags[1], frags[2], frags[3]))
	if len(recs) != 0 || stats.Other != 1 {
		t.Errorf("without the first: %+v %+v", recs, stats)
	}
}

// TestFragmentsCut: the snap length took the end of the fragments.
func TestFragmentsCut(t *testing.T) {
	msg := invite(1, 900)
	frags := fragments4(t, 7, 304, msg)
	recs, _ := decodeAll(t, capturePcap(t, layers.LinkTypeEthernet, shot{data: frags[0], cut: 100}, shot{data: frags[1], cut: 100}, shot{data: frags[2], cut: 100}))
	if len(recs) != 1 || recs[0].Missing != capture.MissingSnap || !bytes.Equal(recs[0].Data, msg[:304-8-100]) {
		t.Fatalf("%+v", recs)
	}
}

// TestFragmentedSegment: a TCP segment in fragments.
func TestFragmentedSegment(t *testing.T) {
	whole := tcp4(t, 5070, 5060, 1, tcpFlags{}, invite(1, 300))
	at := 14 + 20 + 304
	first, second := bytes.Clone(whole[:at]), append(bytes.Clone(whole[:34]), whole[at:]...)
	fix := func(f []byte, field uint16) []byte {
		n := len(f) - 14
		f[16], f[17], f[20], f[21] = byte(n>>8), byte(n), byte(field>>8), byte(field)
		return f
	}
	wantMessages(t, ethernetPcap(t, fix(first, 0x2000), fix(second, 304/8)), invite(1, 300))
}

// TestFragmentMemory floods the table with fragments that never become whole.
func TestFragmentMemory(t *testing.T) {
	var f fragments
	f.init()
	d := &decoder{in: newInput(nil), fragments: f}
	d.streams.init()
	frame := fragments4(t, 0, 1400, invite(1, 1500))[0]
	for id := range 3 * maxFragmentSets {
		frame[18], frame[19] = byte(id>>8), byte(id)
		d.frames++
		d.frame = frame1(frame, d.frames)
		d.clock.set(&d.frame)
		d.decode()
		d.release(false)
		d.ready = d.ready[:0]
		if len(d.fragments.sets) > maxFragmentSets || d.fragments.age.Len() != len(d.fragments.sets) || d.fragments.bytes > maxFragmentBytes {
			t.Fatalf("%d datagrams, %d bytes", len(d.fragments.sets), d.fragments.bytes)
		}
	}
	d.flush()
	if len(d.fragments.sets) != 0 || d.fragments.bytes != 0 || d.order.pending.Len() != 0 {
		t.Errorf("%d datagrams, %d bytes, %d pending are left", len(d.fragments.sets), d.fragments.bytes, d.order.pending.Len())
	}
}
