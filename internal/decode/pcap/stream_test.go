package pcap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

func newInput(file []byte) *decode.Input {
	return &decode.Input{Source: 3, R: decode.NewReader(bytes.NewReader(file)), Options: decode.Options{KeepUnrecognised: true}}
}

// frame1 returns an Ethernet frame as a container would.
func frame1(data []byte, number int64) frame {
	return frame{data: data, length: int64(len(data)), link: linkEthernet, timed: true, sec: start.Unix(), digits: 6, number: number}
}

var isn uint32 = 0xFFFFFF00 // so that the sequence numbers pass 2^32 soon

// segments cuts a stream at the given offsets into the frames of a connection, with its SYN.
func segments(t testing.TB, src, dst uint16, stream []byte, cuts ...int) [][]byte {
	frames := [][]byte{tcp4(t, src, dst, isn, tcpFlags{syn: true}, nil)}
	at := 0
	for _, c := range append(cuts, len(stream)) {
		frames = append(frames, tcp4(t, src, dst, isn+1+uint32(at), tcpFlags{}, stream[at:c]))
		at = c
	}
	return frames
}

func TestStreamSeveralInASegment(t *testing.T) {
	stream := slices.Concat(invite(1, 20), ringing(1), []byte("\r\n\r\n"), invite(2, 0))
	for _, port := range []uint16{5060, 8080} {
		file := ethernetPcap(t, segments(t, 5070, port, stream)...)
		recs := wantMessages(t, file, invite(1, 20), ringing(1), invite(2, 0))
		for _, r := range recs {
			if r.Src.String() != "192.0.2.1:5070" || r.Dst.Port != port || r.Src.Transport != capture.TCP || r.Origin.Number != 2 {
				t.Errorf("%+v", r)
			}
		}
	}
}

// TestStreamCutAnywhere cuts two messages at every byte, and once into single bytes.
func TestStreamCutAnywhere(t *testing.T) {
	stream := slices.Concat(invite(1, 20), ringing(1))
	for _, port := range []uint16{5060, 8080} {
		for cut := 1; cut < len(stream); cut++ {
			file := ethernetPcap(t, append(segments(t, 5070, port, stream, cut), udp4(t, ringing(9)))...)
			recs := wantMessages(t, file, invite(1, 20), ringing(1), ringing(9))
			second := int64(2)
			if cut <= len(invite(1, 20)) {
				second = 3
			}
			if recs[0].Origin.Number != 2 || recs[1].Origin.Number != second || recs[2].Origin.Number != 4 {
				t.Fatalf("port %d, cut at %d: frames %d %d %d", port, cut, recs[0].Origin.Number, recs[1].Origin.Number, recs[2].Origin.Number)
			}
		}
		cuts := make([]int, len(stream)-1)
		for i := range cuts {
			cuts[i] = i + 1
		}
		recs := wantMessages(t, ethernetPcap(t, segments(t, 5070, port, stream, cuts...)...), invite(1, 20), ringing(1))
		if recs[1].Origin.Number != int64(2+len(invite(1, 20))) || recs[1].Time.Clock != start.UnixNano()+int64(1+len(invite(1, 20)))*1e6 {
			t.Errorf("%+v", recs[1].Origin)
		}
	}
}

func TestStreamDisorder(t *testing.T) {
	stream := slices.Concat(invite(1, 2000), ringing(1), invite(2, 700), ringing(2))
	want := [][]byte{invite(1, 2000), ringing(1), invite(2, 700), ringing(2)}
	f := segments(t, 5070, 5060, stream, 500, 900, 1500, 2100, 2700, 3000)
	overlap := tcp4(t, 5070, 5060, isn+1+400, tcpFlags{}, stream[400:1000])
	for name, order := range map[string][][]byte{
		"in order":           f,
		"two changed":        {f[0], f[1], f[3], f[2], f[4], f[5], f[6], f[7]},
		"all backwards":      {f[0], f[7], f[6], f[5], f[4], f[3], f[2], f[1]},
		"sent again":         {f[0], f[1], f[1], f[2], f[3], f[2], f[3], f[4], f[5], f[1], f[6], f[7], f[7]},
		"the SYN sent again": {f[0], f[0], f[1], f[0], f[2], f[3], f[4], f[5], f[6], f[7]},
		"overlapping":        {f[0], f[1], overlap, f[3], f[4], f[5], f[6], f[7]},
		"overlapping, early": {f[0], overlap, f[3], f[1], f[2], f[4], f[5], f[6], f[7]},
		"the SYN too late":   {f[1], f[0], f[2], f[3], f[4], f[5], f[6], f[7]},
	} {
		t.Run(name, func(t *testing.T) { wantMessages(t, ethernetPcap(t, order...), want...) })
	}
}

// TestStreamShuffled cuts and shuffles at random, with repetitions; what comes out must not change.
func TestStreamShuffled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var stream []byte
	var want [][]byte
	for i := range 8 {
		want = append(want, invite(i, 100*i), ringing(i))
		stream = append(append(stream, invite(i, 100*i)...), ringing(i)...)
	}
	for range 200 {
		var cuts []int
		for at := 1 + rnd.IntN(900); at < len(stream); at += 1 + rnd.IntN(900) {
			cuts = append(cuts, at)
		}
		f := segments(t, 5070, 5060, stream, cuts...)
		data := f[1:]
		for range rnd.IntN(4) {
			data = append(data, data[rnd.IntN(len(data))])
		}
		rnd.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
		wantMessages(t, ethernetPcap(t, append(f[:1:1], data...)...), want...)
	}
}

func TestStreamSegmentLost(t *testing.T) {
	stream := slices.Concat(invite(1, 0), invite(2, 1500), ringing(3), invite(4, 0))
	one, two := len(invite(1, 0)), len(invite(1, 0))+len(invite(2, 1500))
	f := segments(t, 5070, 5060, stream, one+400, one+900, two+50)
	// f[2], the middle of the second message, is lost. The end of the second and the beginning of the third come in one segment.
	for name, after := range map[string]time.Duration{"until the end": 0, "for long": time.Minute} {
		t.Run(name, func(t *testing.T) {
			shots := []shot{{data: f[0]}, {data: f[1]}, {data: f[3]}, {data: f[4]}, {data: udp4(t, ringing(9)), after: after}}
			file := capturePcap(t, layers.LinkTypeEthernet, shots...)
			recs, stats := decodeAll(t, file)
			want := []struct {
				data    []byte
				missing capture.Missing
				frame   int64
			}{{invite(1, 0), 0, 2}, {stream[one : one+400], capture.MissingStream, 2}, {ringing(3), 0, 3}, {invite(4, 0), 0, 4}, {ringing(9), 0, 5}}
			if len(recs) != len(want) || stats.UnrecognisedRecords != 0 {
				for _, r := range recs {
					t.Logf("frame %d kind %d missing %d: %.60q", r.Origin.Number, r.Kind, r.Missing, r.Data)
				}
				t.Fatalf("%d records; %+v", len(recs), stats)
			}
			for i, w := range want {
				r := recs[i]
				if !bytes.Equal(r.Data, w.data) || r.Missing != w.missing || r.Origin.Number != w.frame {
					t.Errorf("record %d: frame %d, missing %d, %q", i, r.Origin.Number, r.Missing, r.Data)
				}
				wantOrigin(t, file, r)
			}
		})
	}
	t.Run("but sent again in time", func(t *testing.T) {
		shots := []shot{{data: f[0]}, {data: f[1]}, {data: f[3]}, {data: f[4]}, {data: udp4(t, ringing(9))}, {data: f[2], after: 3 * time.Second}}
		wantMessages(t, capturePcap(t, layers.LinkTypeEthernet, shots...), invite(1, 0), invite(2, 1500), ringing(3), invite(4, 0), ringing(9))
	})
}

func TestStreamFromItsMiddle(t *testing.T) {
	stream := slices.Concat(invite(1, 300), ringing(1), invite(2, 0))
	for _, port := range []uint16{5060, 8080} {
		// From 6 on: a method without its first letters is still a token, and cannot be told from a method that we do not know.
		for from := len("INVITE"); from < len(invite(1, 300)); from++ {
			f := tcp4(t, 5070, port, 77, tcpFlags{}, stream[from:])
			wantMessages(t, ethernetPcap(t, f), ringing(1), invite(2, 0))
		}
		// The start line of the first whole message in two segments. It follows a body that has no line end at its end.
		for cut := len(invite(1, 300)) - 20; cut < len(invite(1, 300))+30; cut++ {
			wantMessages(t, ethernetPcap(t, tcp4(t, 5070, port, 77, tcpFlags{}, stream[50:cut]), tcp4(t, 5070, port, 77+uint32(cut-50), tcpFlags{}, stream[cut:])),
				ringing(1), invite(2, 0))
		}
	}
}

// TestStreamOverlapAcrossMessages: the place of a message in a segment of which the first bytes came already.
func TestStreamOverlapAcrossMessages(t *testing.T) {
	stream := slices.Concat(invite(1, 20), ringing(1))
	one := len(invite(1, 20))
	syn := tcp4(t, 5070, 5060, isn, tcpFlags{syn: true}, nil)
	first := tcp4(t, 5070, 5060, isn+1, tcpFlags{}, stream[:one-20])
	second := tcp4(t, 5070, 5060, isn+1+uint32(one-50), tcpFlags{}, stream[one-50:])
	wantMessages(t, ethernetPcap(t, syn, first, second), invite(1, 20), ringing(1))
	wantMessages(t, ethernetPcap(t, syn, second, first), invite(1, 20), ringing(1))
}

// TestStreamTwoContentLengths: the shortcut that saves asking sip.Frame must not wait for more than sip.Frame does.
func TestStreamTwoContentLengths(t *testing.T) {
	msg := []byte("MESSAGE sip:bob@example.com SIP/2.0\r\nl: 2\r\nContent-Length: 5000\r\n\r\nok")
	for cut := 1; cut < len(msg); cut++ {
		wantMessages(t, ethernetPcap(t, segments(t, 5070, 5060, msg, cut)...), msg)
	}
}

func TestStreamEndsWithinMessage(t *testing.T) {
	msg := invite(1, 500)
	for name, end := range map[string]tcpFlags{"at the end of the capture": {}, "by FIN": {fin: true}, "by RST": {rst: true}, "by a new connection": {syn: true}} {
		t.Run(name, func(t *testing.T) {
			file := ethernetPcap(t,
				tcp4(t, 5070, 5060, 10, tcpFlags{syn: true}, nil), tcp4(t, 5070, 5060, 11, tcpFlags{}, msg[:400]),
				tcp4(t, 5070, 5060, map[bool]uint32{true: 1 << 24, false: 411}[end.syn], end, nil), udp4(t, ringing(9)))
			recs, _ := decodeAll(t, file)
			if len(recs) != 2 || recs[0].Missing != capture.MissingStream || !bytes.Equal(recs[0].Data, msg[:400]) || !bytes.Equal(recs[1].Data, ringing(9)) {
				t.Fatalf("%+v", recs)
			}
			wantOrigin(t, file, recs[0])
		})
	}
	// Data and FIN in one segment, then the same ports again.
	wantMessages(t, ethernetPcap(t,
		tcp4(t, 5070, 5060, 10, tcpFlags{syn: true}, nil), tcp4(t, 5070, 5060, 11, tcpFlags{fin: true}, invite(1, 0)),
		tcp4(t, 5070, 5060, 5, tcpFlags{syn: true}, nil), tcp4(t, 5070, 5060, 6, tcpFlags{}, invite(2, 0))), invite(1, 0), invite(2, 0))
}

func TestStreamsOfOthers(t *testing.T) {
	hello := append([]byte{22, 3, 1, 0, 200}, make([]byte, 200)...)
	http := []byte("GET /sip HTTP/1.1\r\nHost: example.com\r\n\r\n")
	for _, c := range []struct {
		name string
		port uint16
		data []byte
		want decode.Stats
	}{
		{"TLS on 5061", 5061, hello, decode.Stats{Other: 1, Encrypted: 1}},
		{"TLS elsewhere", 443, hello, decode.Stats{Other: 1, Encrypted: 1}},
		{"TLS from its middle on 5061", 5061, append([]byte{23, 3, 3, 0, 200}, make([]byte, 200)...), decode.Stats{Other: 1, Encrypted: 1}},
		{"HTTP", 80, http, decode.Stats{Other: 2}},
		{"HTTP on 5060", 5060, http, decode.Stats{Other: 1, UnrecognisedRecords: 1}},
		{"keep-alive", 5060, []byte("\r\n\r\n"), decode.Stats{Other: 1, KeepAlives: 1}},
	} {
		recs, stats := decodeAll(t, ethernetPcap(t, segments(t, 40000, c.port, c.data)...))
		if stats != c.want || int64(len(recs)) != c.want.UnrecognisedRecords {
			t.Errorf("%s: %+v, %d records, want %+v", c.name, stats, len(recs), c.want)
		}
	}
	// A long stream of something else is given up, and taken up again where a segment begins with a start line.
	long := bytes.Repeat([]byte("something else\r\n"), 6000)
	var cuts []int
	for at := 1000; at < len(long); at += 1000 {
		cuts = append(cuts, at)
	}
	stream := append(long, invite(1, 0)...)
	wantMessages(t, ethernetPcap(t, segments(t, 40000, 8080, stream, append(cuts, len(long))...)...), invite(1, 0))
}

// TestStreamMemory floods the table with streams whose messages never become whole and whose segments leave holes.
func TestStreamMemory(t *testing.T) {
	d := &decoder{in: newInput(nil)}
	d.fragments.init()
	d.streams.init()
	feed := func(data []byte) {
		d.frames++
		d.frame = frame1(data, d.frames)
		d.clock.set(&d.frame)
		d.expire()
		d.decode()
		d.release(false)
		d.ready = d.ready[:0]
	}
	msg := invite(1, 60000)
	first, ahead := tcp4(t, 0, 5060, 1, tcpFlags{}, msg[:1400]), tcp4(t, 0, 5060, 5000, tcpFlags{}, msg[5000:6400])
	for i := range maxStreams + 1000 {
		for _, f := range [][]byte{first, ahead} {
			binary.BigEndian.PutUint16(f[34:], uint16(i))
			f[29] = byte(i >> 16)
			feed(f)
		}
		if len(d.streams.byKey) > maxStreams || d.streams.bytes > maxStreamBytes {
			t.Fatalf("%d streams, %d bytes", len(d.streams.byKey), d.streams.bytes)
		}
	}
	if len(d.order.held) > maxHeld+1 || d.order.bytes > maxHeldBytes+1<<20 {
		t.Errorf("%d records of %d bytes are held", len(d.order.held), d.order.bytes)
	}
	d.flush()
	if len(d.streams.byKey) != 0 || d.streams.bytes != 0 || d.streams.age.Len() != 0 || d.streams.holes.Len() != 0 || d.order.pending.Len() != 0 {
		t.Errorf("left: %d streams, %d bytes, %d holes, %d pending", len(d.streams.byKey), d.streams.bytes, d.streams.holes.Len(), d.order.pending.Len())
	}
}

// TestStreamHeaderWithoutEnd: a header that never ends is not waited for without a limit, and costs no square of its length.
func TestStreamHeaderWithoutEnd(t *testing.T) {
	var frames [][]byte
	seq := uint32(1)
	add := func(b []byte) {
		frames = append(frames, tcp4(t, 5070, 5060, seq, tcpFlags{}, b))
		seq += uint32(len(b))
	}
	add([]byte("INVITE sip:bob@example.com SIP/2.0\r\n"))
	for range 40000 {
		add([]byte("a:b\r\n"))
	}
	add([]byte("\r\n"))
	add(invite(1, 0))
	recs, _ := decodeAll(t, ethernetPcap(t, frames...))
	last := recs[len(recs)-1]
	if !bytes.Equal(last.Data, invite(1, 0)) || last.Missing != capture.MissingNothing {
		t.Errorf("%d records, the last %.60q", len(recs), last.Data)
	}
}

// TestOrder: records come by the frame in which their message begins, also when a stream's message is whole only later.
func TestOrder(t *testing.T) {
	slow := invite(1, 1000)
	f := segments(t, 5070, 5060, slow, 600)
	var shots []shot
	for _, data := range [][]byte{f[0], f[1], udp4(t, ringing(2)), udp4(t, ringing(3)), f[2], udp4(t, ringing(4))} {
		shots = append(shots, shot{data: data})
	}
	wantMessages(t, capturePcap(t, layers.LinkTypeEthernet, shots...), slow, ringing(2), ringing(3), ringing(4))

	// After maxHold nobody waits for it any longer.
	for i := 4; i < len(shots); i++ {
		shots[i].after = maxHold + time.Second
	}
	shots = append(shots[:4:4], append([]shot{{data: udp4(t, ringing(5)), after: maxHold + time.Second}}, shots[4:]...)...)
	wantMessages(t, capturePcap(t, layers.LinkTypeEthernet, shots...), ringing(2), ringing(3), ringing(5), slow, ringing(4))
}

// TestOrderOfMany mixes many slow streams with datagrams and compares with a sort.
func TestOrderOfMany(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	type conn struct{ frames [][]byte }
	var conns []conn
	for i := range 20 {
		var stream []byte
		var cuts []int
		for j := range 5 {
			stream = append(stream, invite(100*i+j, 200)...)
			cuts = append(cuts, len(stream)-rnd.IntN(300))
		}
		conns = append(conns, conn{segments(t, uint16(6000+i), 5060, stream, cuts...)})
	}
	var frames [][]byte
	for n := 0; len(conns) > 0; n++ {
		i := rnd.IntN(len(conns))
		frames = append(frames, conns[i].frames[0], udp4(t, ringing(n)))
		if conns[i].frames = conns[i].frames[1:]; len(conns[i].frames) == 0 {
			conns = slices.Delete(conns, i, i+1)
		}
	}
	recs, _ := decodeAll(t, ethernetPcap(t, frames...))
	if want := 20*5 + len(frames)/2; len(recs) != want {
		t.Fatalf("%d records, want %d", len(recs), want)
	}
	if !slices.IsSortedFunc(recs, func(a, b capture.Record) int { return int(a.Origin.Number - b.Origin.Number) }) {
		var at []string
		for _, r := range recs {
			at = append(at, fmt.Sprint(r.Origin.Number))
		}
		t.Error(at)
	}
}
