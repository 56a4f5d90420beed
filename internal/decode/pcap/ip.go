package pcap

import (
	"encoding/binary"
	"net/netip"

	"sipscribe/internal/capture"
)

// IP protocol numbers, which are IPv6's next headers too.
const (
	protoHopByHop = 0
	protoIPv4     = 4 // IPv4 in IP (RFC 2003)
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41 // IPv6 in IP (RFC 2473)
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoDestOpts = 60
	protoSCTP     = 132
	protoMobility = 135
	protoHIP      = 139
	protoShim6    = 140
)

// Ports that mean something here.
const (
	portSIP   = 5060
	portSIPS  = 5061
	portVXLAN = 4789 // RFC 7348 §5
)

// packet is what is known of the packet under way.
type packet struct {
	src, dst netip.Addr
	cut      bool // the capture has only its first bytes
	nesting  int  // headers of IP around the present one
	lack     int  // bytes that the innermost IP header claims and the capture does not have
	// base is what the slices of this packet are slices of: the frame, or a datagram put together from fragments. Then first
	// says where its first byte comes from, and missing why its end is not there.
	base    []byte
	first   *place
	missing capture.Missing
}

// place returns where part, a slice of the packet's base, comes from. A slice of a slice loses capacity by as much
// as it begins later; that is how its offset is known without carrying one along.
func (d *decoder) place(part []byte) place {
	off := int64(cap(d.pkt.base) - cap(part))
	if p := d.pkt.first; p != nil {
		at := *p
		at.offset = min(p.offset+off, p.end)
		at.end = min(at.offset+int64(len(part)), p.end)
		return at
	}
	f := &d.frame
	return place{number: f.number, offset: f.offset + off, end: f.offset + off + int64(len(part)), time: d.clock.time}
}

// ip follows an IP packet of either version.
func (d *decoder) ip(b []byte) verdict {
	if len(b) == 0 {
		return malformed
	}
	if d.pkt.nesting++; d.pkt.nesting > maxNesting {
		return malformed
	}
	switch b[0] >> 4 {
	case 4:
		return d.ipv4(b)
	case 6:
		return d.ipv6(b)
	}
	return malformed
}

// ipv4 reads the header of RFC 791 §3.1.
func (d *decoder) ipv4(b []byte) verdict {
	if len(b) < 20 {
		return malformed
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = max(len(b), header) // segmentation offload leaves the length to the network card
	}
	if header < 20 || header > len(b) || total < header {
		return malformed
	}
	fragment, proto := binary.BigEndian.Uint16(b[6:]), b[9]
	d.pkt.src, d.pkt.dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	d.pkt.lack = max(0, total-len(b))
	body := b[header:min(total, len(b))]
	if fragment&0x3FFF != 0 { // more fragments to come, or an offset
		return d.fragment(uint32(binary.BigEndian.Uint16(b[4:])), proto, int(fragment&0x1FFF)*8, fragment&0x2000 != 0, body)
	}
	return d.transport(proto, body)
}

// ipv6 reads the header of RFC 8200 §3 and the extension headers behind it (§4).
func (d *decoder) ipv6(b []byte) verdict {
	if len(b) < 40 {
		return malformed
	}
	length, proto := int(binary.BigEndian.Uint16(b[4:])), b[6]
	d.pkt.src, d.pkt.dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	b = b[40:]
	d.pkt.lack = 0
	if length > 0 { // 0: a jumbogram (RFC 2675) or segmentation offload
		d.pkt.lack = max(0, length-len(b))
		b = b[:min(length, len(b))]
	}
	return d.extension(proto, b)
}

// extension follows IPv6 extension headers up to the transport.
func (d *decoder) extension(proto byte, b []byte) verdict {
	for range maxNesting {
		n := 0
		switch proto {
		case protoHopByHop, protoRouting, protoDestOpts, protoMobility, protoHIP, protoShim6:
			if len(b) < 8 {
				return malformed
			}
			n = 8 + 8*int(b[1])
		case protoAH: // RFC 4302 §2.2: in words of 4, minus 2
			if len(b) < 8 {
				return malformed
			}
			n = 8 + 4*int(b[1])
		case protoFragment: // next header 1 │ reserved 1 │ offset 13 bits, reserved 2, more 1 │ identification 4
			if len(b) < 8 {
				return malformed
			}
			field := binary.BigEndian.Uint16(b[2:])
			if field&0xFFF9 == 0 { // an atomic fragment (RFC 6946)
				n = 8
				break
			}
			return d.fragment(binary.BigEndian.Uint32(b[4:]), b[0], int(field&0xFFF8), field&1 != 0, b[8:])
		default:
			return d.transport(proto, b)
		}
		if n > len(b) {
			return malformed
		}
		proto, b = b[0], b[n:]
	}
	return malformed
}

// transport follows what IP carries. b may lack its end.
func (d *decoder) transport(proto byte, b []byte) verdict {
	switch proto {
	case protoUDP:
		return d.udp(b)
	case protoTCP:
		return d.tcp(b)
	case protoSCTP:
		return d.sctp(b)
	case protoIPv4, protoIPv6:
		return d.ip(b)
	case protoGRE:
		return d.gre(b)
	case protoAH:
		if len(b) < 8 || 8+4*int(b[1]) > len(b) {
			return malformed
		}
		if d.pkt.nesting++; d.pkt.nesting > maxNesting {
			return malformed
		}
		return d.transport(b[0], b[8+4*int(b[1]):])
	}
	return other
}

// gre reads RFC 2784 with the key and the sequence number of RFC 2890.
func (d *decoder) gre(b []byte) verdict {
	if len(b) < 4 {
		return malformed
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if flags&0x4007 != 0 {
		return other // source routes, or version 1, which is PPTP's
	}
	n := 4
	for _, bit := range [...]uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number: 4 bytes each
		if flags&bit != 0 {
			n += 4
		}
	}
	if n > len(b) {
		return malformed
	}
	if typ == etherTEB {
		return d.ethernet(b[n:])
	}
	return d.ether(typ, b[n:])
}

// udp reads RFC 768 and judges what the datagram carries.
func (d *decoder) udp(b []byte) verdict {
	if len(b) < 8 {
		return malformed
	}
	src, dst, length := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 {
		length = len(b) // segmentation offload, or a jumbogram
	}
	if length < 8 {
		return malformed
	}
	whole := length <= len(b)
	b = b[8:min(length, len(b))]
	missing := capture.MissingNothing
	if !whole {
		missing = capture.MissingSnap
		if d.pkt.missing != capture.MissingNothing {
			missing = d.pkt.missing
		}
	}
	if dst == portVXLAN && len(b) > 8 && b[0] == 0x08 { // RFC 7348 §5: flags 1 │ reserved 3 │ network 3 │ reserved 1
		return d.ethernet(b[8:])
	}
	if (dst == portSyslog || len(b) > 0 && b[0] == '<') && d.syslog(b, missing) {
		return done
	}
	kind, start := classify(b, isSIPPort(src) || isSIPPort(dst), !whole)
	switch kind {
	case payloadSIP:
		b = b[start:]
		p := d.place(b)
		d.message(&p, capture.Endpoint{Addr: d.pkt.src, Port: src, Transport: capture.UDP},
			capture.Endpoint{Addr: d.pkt.dst, Port: dst, Transport: capture.UDP}, b, missing)
	case payloadKeepAlive:
		d.in.Stats.KeepAlives++
	case payloadMedia:
		d.in.Stats.Media++
	case payloadOther:
		d.in.Stats.Other++
	default:
		d.unrecognised(d.place(b), b)
	}
	return done
}

func isSIPPort(port uint16) bool { return port == portSIP || port == portSIPS }
