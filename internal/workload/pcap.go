package workload

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// PcapWriter writes messages as a capture in the devices' network: pcap with microseconds, Ethernet, IPv4, UDP, checksums set.
type PcapWriter struct {
	w    *pcapgo.Writer
	buf  gopacket.SerializeBuffer
	eth  layers.Ethernet
	ip   layers.IPv4
	udp  layers.UDP
	data gopacket.Payload
	src  [4]byte
	dst  [4]byte
	smac [6]byte
	dmac [6]byte
}

// NewPcapWriter writes the file header and returns a writer of packets to w.
func NewPcapWriter(w io.Writer) (*PcapWriter, error) {
	p := &PcapWriter{w: pcapgo.NewWriter(w), buf: gopacket.NewSerializeBuffer()}
	if err := p.w.WriteFileHeader(1<<16-1, layers.LinkTypeEthernet); err != nil {
		return nil, err
	}
	p.eth = layers.Ethernet{SrcMAC: p.smac[:], DstMAC: p.dmac[:], EthernetType: layers.EthernetTypeIPv4}
	p.ip = layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, Flags: layers.IPv4DontFragment, SrcIP: p.src[:], DstIP: p.dst[:]}
	return p, nil
}

// mac returns the hardware address of an endpoint: a locally administered one that ends in the IPv4 address.
func mac(a [4]byte) [6]byte { return [6]byte{2, 0, a[0], a[1], a[2], a[3]} }

// Write writes a message as one frame.
func (p *PcapWriter) Write(m *Message) error {
	src, dst := m.Src.Addr(), m.Dst.Addr()
	if !src.Is4() || !dst.Is4() {
		return fmt.Errorf("workload: pcap: %v to %v, want IPv4", netip.AddrPort(m.Src), netip.AddrPort(m.Dst))
	}
	p.src, p.dst = src.As4(), dst.As4()
	p.smac, p.dmac = mac(p.src), mac(p.dst)
	p.ip.Id++
	p.udp = layers.UDP{SrcPort: layers.UDPPort(m.Src.Port()), DstPort: layers.UDPPort(m.Dst.Port())}
	if err := p.udp.SetNetworkLayerForChecksum(&p.ip); err != nil {
		return err
	}
	p.data = gopacket.Payload(m.Data)
	err := gopacket.SerializeLayers(p.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &p.eth, &p.ip, &p.udp, &p.data)
	if err != nil {
		return err
	}
	frame := p.buf.Bytes()
	return p.w.WritePacket(gopacket.CaptureInfo{Timestamp: m.Time, CaptureLength: len(frame), Length: len(frame)}, frame)
}
