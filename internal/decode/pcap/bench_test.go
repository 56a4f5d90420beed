package pcap

import (
	"bytes"
	"io"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// BenchmarkUDP decodes 20,000 SIP messages, each in a datagram of its own.
func BenchmarkUDP(b *testing.B) {
	benchmark(b, func(i int) []byte {
		if i%2 == 0 {
			return udp4(b, invite(i, 300))
		}
		return udp4(b, ringing(i))
	}, 20000, 20000)
}

// BenchmarkRTP decodes a capture of media only.
func BenchmarkRTP(b *testing.B) {
	frame := udp4Ports(b, 40000, 40002, append([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 160)...))
	benchmark(b, func(int) []byte { return frame }, 20000, 0)
}

// BenchmarkTCP decodes 10,000 messages of a stream, each in two segments.
func BenchmarkTCP(b *testing.B) {
	seq := uint32(1)
	benchmark(b, func(i int) []byte {
		msg := invite(i/2, 300)
		cut := 200
		part := msg[:cut]
		if i%2 == 1 {
			part = msg[cut:]
		}
		f := tcp4(b, 5070, 5060, seq, tcpFlags{}, part)
		seq += uint32(len(part))
		return f
	}, 20000, 10000)
}

func benchmark(b *testing.B, packet func(i int) []byte, packets, messages int) {
	shots := make([]shot, packets)
	for i := range shots {
		shots[i].data = packet(i)
	}
	file := capturePcap(b, layers.LinkTypeEthernet, shots...)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		d := New(&decode.Input{R: decode.NewReader(bytes.NewReader(file))})
		var rec capture.Record
		n := 0
		for d.Next(&rec) != io.EOF {
			n++
		}
		if n != messages {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(packets)*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}

// TestUDPAllocatesNothing: beside the decoder itself, no datagram costs an allocation.
func TestUDPAllocatesNothing(t *testing.T) {
	allocs := func(packets int) float64 {
		frames := make([][]byte, packets)
		for i := range frames {
			frames[i] = udp4(t, invite(i, 10))
		}
		file := ethernetPcap(t, frames...)
		return testing.AllocsPerRun(5, func() {
			d := New(&decode.Input{R: decode.NewReader(bytes.NewReader(file))})
			var rec capture.Record
			for d.Next(&rec) != io.EOF {
			}
		})
	}
	if few, many := allocs(10), allocs(1000); many > few {
		t.Errorf("1000 datagrams cost %v allocations, 10 cost %v", many, few)
	}
}
