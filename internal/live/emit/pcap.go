package emit

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sipscribe/internal/capture"
)

// Pcap writes messages (and RTP, where the tap has it) as a capture: classic pcap with nanoseconds, Ethernet, IPv4 or IPv6, all lengths and
// checksums right.
//
//   - A UDP message is one datagram, however long: no fragments.
//   - A message over TCP is one segment (more if IP cannot carry it). Each connection begins with the three segments of its handshake,
//     made up at the time of its first message, since a reader that meets a stream without them has to take its beginning for
//     the rest of a message. Close ends the connections with FIN.
//   - TLS is written as TCP, in clear, as the element had it. Its mark is the port (5061, or what the peer has). tshark wants
//     -d tcp.port==5061,sip for it.
//
// Events are not in it: a capture has packets.
type Pcap struct {
	// Own is the device's end of messages whose tap does not know it: a socket that is bound to no address in particular.
	Own netip.AddrPort

	w       *pcapgo.Writer
	buf     gopacket.SerializeBuffer
	eth     layers.Ethernet
	ip4     layers.IPv4
	ip6     layers.IPv6
	udp     layers.UDP
	tcp     layers.TCP
	payload gopacket.Payload
	srcMAC  [6]byte
	dstMAC  [6]byte
	conns   connections
	last    capture.Time
}

// ErrAddress is the error of a record whose addresses are not known, or not of one family.
var ErrAddress = errors.New("a packet needs both addresses and ports")

// ErrTransport is the error of a record over a transport that Pcap does not write.
var ErrTransport = errors.New("only UDP, TCP and TLS are written")

// ErrTooLong is the error of a message that no datagram can carry.
var ErrTooLong = errors.New("longer than a datagram")

// snapLength is what the file header announces, in bytes: libpcap's MAXIMUM_SNAPLEN. Nothing is cut.
const snapLength = 256 << 10

// NewPcap writes the header of a capture and returns a writer of packets to w.
func NewPcap(w io.Writer) (*Pcap, error) {
	p := &Pcap{w: pcapgo.NewWriterNanos(w), buf: gopacket.NewSerializeBuffer()}
	if err := p.w.WriteFileHeader(snapLength, layers.LinkTypeEthernet); err != nil {
		return nil, err
	}
	p.conns.init()
	return p, nil
}

// Emit writes the packets of a message; of other records but RTP nothing.
func (p *Pcap) Emit(rec *capture.Record) error {
	if rec.Kind != capture.KindMessage && rec.Kind != capture.KindMedia {
		return nil
	}
	src, dst := endpoint(rec.Src), endpoint(rec.Dst)
	switch {
	case !src.IsValid() && rec.Direction == capture.Sent:
		src = p.Own
	case !dst.IsValid() && rec.Direction == capture.Received:
		dst = p.Own
	}
	if !src.IsValid() || !dst.IsValid() || src.Port() == 0 || dst.Port() == 0 || src.Addr().Is4() != dst.Addr().Is4() {
		return fmt.Errorf("%w: %v to %v", ErrAddress, rec.Src, rec.Dst)
	}
	p.last = rec.Time
	switch t := transport(rec); t {
	case capture.UDP, capture.TransportUnknown:
		if len(rec.Data) > maxPayload(src.Addr())-8 {
			return fmt.Errorf("%w: %d bytes", ErrTooLong, len(rec.Data))
		}
		p.udp = layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
		return p.packet(src.Addr(), dst.Addr(), layers.IPProtocolUDP, rec.Data)
	case capture.TCP, capture.TLS:
		return p.stream(src, dst, rec.Data)
	default:
		return fmt.Errorf("%w: %v", ErrTransport, t)
	}
}

// endpoint returns an address without what only this host understands.
func endpoint(e capture.Endpoint) netip.AddrPort {
	return netip.AddrPortFrom(e.Addr.Unmap().WithZone(""), e.Port)
}

func transport(rec *capture.Record) capture.Transport {
	if rec.Src.Transport != capture.TransportUnknown {
		return rec.Src.Transport
	}
	return rec.Dst.Transport
}

// maxPayload is how much an IP packet carries, in bytes (RFC 791 §3.1, RFC 8200 §3).
func maxPayload(a netip.Addr) int {
	if a.Is4() {
		return 65535 - 20
	}
	return 65535
}

// packet writes one packet; the header of the transport is in p.udp or p.tcp.
func (p *Pcap) packet(src, dst netip.Addr, proto layers.IPProtocol, payload []byte) error {
	p.srcMAC, p.dstMAC = mac(src), mac(dst)
	p.eth = layers.Ethernet{SrcMAC: p.srcMAC[:], DstMAC: p.dstMAC[:], EthernetType: layers.EthernetTypeIPv4}
	var ip gopacket.NetworkLayer
	var network gopacket.SerializableLayer
	if src.Is4() {
		p.ip4 = layers.IPv4{Version: 4, TTL: 64, Id: p.ip4.Id + 1, Protocol: proto, Flags: layers.IPv4DontFragment, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		ip, network = &p.ip4, &p.ip4
	} else {
		p.eth.EthernetType = layers.EthernetTypeIPv6
		p.ip6 = layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		ip, network = &p.ip6, &p.ip6
	}
	var transport gopacket.SerializableLayer = &p.udp
	if proto == layers.IPProtocolTCP {
		transport = &p.tcp
		if err := p.tcp.SetNetworkLayerForChecksum(ip); err != nil {
			return err
		}
	} else if err := p.udp.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	p.payload = payload
	if err := gopacket.SerializeLayers(p.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &p.eth, network, transport, &p.payload); err != nil {
		return err
	}
	frame := p.buf.Bytes()
	return p.w.WritePacket(gopacket.CaptureInfo{Timestamp: instant(p.last), CaptureLength: len(frame), Length: len(frame)}, frame)
}

// mac returns the hardware address of an endpoint: a locally administered one that ends in the last bytes of its IP address.
func mac(a netip.Addr) [6]byte {
	b := a.As16()
	return [6]byte{2, 0, b[12], b[13], b[14], b[15]}
}
