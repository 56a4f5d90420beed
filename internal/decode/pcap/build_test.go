package pcap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Captures for the tests are built by gopacket: addresses are those of RFC 5737 and RFC 3849, times start at start.

var (
	alice4 = net.IPv4(192, 0, 2, 1)
	bob4   = net.IPv4(192, 0, 2, 2)
	alice6 = net.ParseIP("2001:db8::1")
	bob6   = net.ParseIP("2001:db8::2")
	mac    = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	start  = time.Date(2026, 2, 28, 23, 59, 59, 123456000, time.UTC)
)

// invite returns an INVITE whose CSeq is n, with a body of some bytes.
func invite(n, body int) []byte {
	b := fmt.Appendf(nil, "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%d\r\n"+
		"From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c%d@192.0.2.1\r\nCSeq: %d INVITE\r\nContent-Length: %d\r\n\r\n", n, n, n, body)
	for i := range body {
		b = append(b, "v=0\r\no=- text "[i%14])
	}
	return b
}

func ringing(n int) []byte {
	return fmt.Appendf(nil, "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%d\r\nf: <sip:alice@example.com>;tag=1\r\n"+
		"t: <sip:bob@example.com>;tag=2\r\ni: c%d@192.0.2.1\r\nCSeq: %d INVITE\r\nl: 0\r\n\r\n", n, n, n)
}

// join serializes layers and pads as the wire would not: not at all.
func join(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

func ether(typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: typ}
}

func ip4(proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: alice4, DstIP: bob4}
}

func ip6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: alice6, DstIP: bob6}
}

func udp(src, dst uint16) *layers.UDP {
	return &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
}

// udp4 returns an Ethernet frame with a datagram from Alice to Bob.
func udp4(t testing.TB, payload []byte) []byte { return udp4Ports(t, 5062, 5060, payload) }

func udp4Ports(t testing.TB, src, dst uint16, payload []byte) []byte {
	return join(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(src, dst), gopacket.Payload(payload))
}

// tcpFlags are the flags of a segment.
type tcpFlags struct{ syn, fin, rst bool }

func tcp4(t testing.TB, src, dst uint16, seq uint32, flags tcpFlags, payload []byte) []byte {
	return join(t, ether(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP),
		&layers.TCP{SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: seq, ACK: !flags.syn, SYN: flags.syn, FIN: flags.fin, RST: flags.rst, Window: 1000,
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop}}},
		gopacket.Payload(payload))
}

// shot is a packet in a capture under construction.
type shot struct {
	data  []byte
	after time.Duration // since start
	cut   int           // bytes to cut off at the end
}

// capturePcap writes a classic capture; each packet is a millisecond after the one before unless it says more.
func capturePcap(t testing.TB, link layers.LinkType, shots ...shot) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, link); err != nil {
		t.Fatal(err)
	}
	for i, s := range shots {
		ci := gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(i)*time.Millisecond + s.after), Length: len(s.data), CaptureLength: len(s.data) - s.cut}
		if err := w.WritePacket(ci, s.data[:len(s.data)-s.cut]); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// ethernetPcap is capturePcap of Ethernet frames.
func ethernetPcap(t testing.TB, frames ...[]byte) []byte {
	t.Helper()
	shots := make([]shot, len(frames))
	for i := range frames {
		shots[i].data = frames[i]
	}
	return capturePcap(t, layers.LinkTypeEthernet, shots...)
}

// bigEndianPcap writes a classic capture by hand in the other byte order, which pcapgo cannot.
func bigEndianPcap(magic uint32, link uint32, frames ...[]byte) []byte {
	o := binary.BigEndian
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, 65535)
	b = o.AppendUint32(b, link)
	for _, f := range frames {
		b = o.AppendUint32(b, uint32(start.Unix()))
		frac := uint32(start.Nanosecond())
		if magic != magicNano {
			frac /= 1000
		}
		b = o.AppendUint32(b, frac)
		b = o.AppendUint32(b, uint32(len(f)))
		b = o.AppendUint32(b, uint32(len(f)))
		if magic == magicModified {
			b = append(b, make([]byte, 8)...)
		}
		b = append(b, f...)
	}
	return b
}

// fragments4 cuts a UDP datagram into IPv4 fragments with so many bytes of payload each, a multiple of 8.
func fragments4(t testing.TB, id uint16, size int, payload []byte) [][]byte {
	t.Helper()
	whole := join(t, udp(5062, 5060), gopacket.Payload(payload))
	binary.BigEndian.PutUint16(whole[4:], uint16(len(whole)))
	var frames [][]byte
	for at := 0; at < len(whole); at += size {
		end := min(at+size, len(whole))
		h := ip4(layers.IPProtocolUDP)
		h.Id, h.FragOffset = id, uint16(at/8)
		if end < len(whole) {
			h.Flags = layers.IPv4MoreFragments
		}
		frames = append(frames, join(t, ether(layers.EthernetTypeIPv4), h, gopacket.Payload(whole[at:end])))
	}
	return frames
}

// fragments6 does the same in IPv6.
func fragments6(t testing.TB, id uint32, size int, payload []byte) [][]byte {
	t.Helper()
	whole := join(t, udp(5062, 5060), gopacket.Payload(payload))
	binary.BigEndian.PutUint16(whole[4:], uint16(len(whole)))
	var frames [][]byte
	for at := 0; at < len(whole); at += size {
		end := min(at+size, len(whole))
		field := uint16(at)
		if end < len(whole) {
			field |= 1
		}
		h := []byte{protoUDP, 0, byte(field >> 8), byte(field), 0, 0, 0, 0}
		binary.BigEndian.PutUint32(h[4:], id)
		frames = append(frames, join(t, ether(layers.EthernetTypeIPv6), ip6(layers.IPProtocolIPv6Fragment), gopacket.Payload(append(h, whole[at:end]...))))
	}
	return frames
}
