package pcap

import "encoding/binary"

// Link types (www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0 // BSD loopback: an address family in the byte order of the host
	linkEthernet = 1
	linkPPP      = 9
	linkRawBSD   = 12 // raw IP, as most systems number it
	linkRawOpen  = 14 // raw IP, as OpenBSD numbers it
	linkPPPHDLC  = 50 // PPP in HDLC framing, or Cisco HDLC
	linkPPPoE    = 51
	linkRaw      = 101 // raw IP, the number for files
	linkCHDLC    = 104 // Cisco HDLC
	linkLoop     = 108 // OpenBSD loopback: the family in network byte order
	linkSLL      = 113 // Linux "any" device
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
	linkUnknown  = 0xFFFF // ours: no interface, or a block that makes no sense
)

// Ethernet types.
const (
	etherIPv4     = 0x0800
	etherTEB      = 0x6558 // transparent Ethernet bridging, in GRE
	etherVLAN     = 0x8100 // IEEE 802.1Q
	etherIPv6     = 0x86DD
	etherMPLS     = 0x8847
	etherMPLSM    = 0x8848
	etherPPPoE    = 0x8864 // PPPoE session (RFC 2516)
	etherQinQ     = 0x88A8 // IEEE 802.1ad
	etherQinQOld  = 0x9100
	etherIEEE8023 = 0x0600 // below it, the field is a length
)

// PPP protocols (RFC 1661 §2, RFC 1332, RFC 5072).
const (
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
)

// maxNesting is how many headers inside each other (tags, tunnels, extension headers) are followed.
const maxNesting = 16

// verdict is what became of a frame.
type verdict uint8

const (
	done      verdict = iota // decoded; what was in it is counted where it was seen
	other                    // well formed, but nothing that carries SIP
	malformed                // cannot be decoded
)

// decode follows the headers of the present frame.
func (d *decoder) decode() {
	f := &d.frame
	d.pkt = packet{base: f.data, cut: f.length > int64(len(f.data))}
	switch d.link(f.link, f.data) {
	case other:
		d.in.Stats.Other++
	case malformed:
		d.unrecognised(d.here(f.offset, len(f.data)), f.data)
	}
}

func (d *decoder) link(link uint16, b []byte) verdict {
	switch link {
	case linkEthernet:
		return d.ethernet(b)
	case linkRawBSD, linkRawOpen, linkRaw, linkIPv4, linkIPv6:
		return d.ip(b)
	case linkNull, linkLoop:
		if len(b) < 4 {
			return malformed
		}
		family := binary.LittleEndian.Uint32(b)
		if link == linkLoop || family > 0xFFFF {
			family = binary.BigEndian.Uint32(b)
		}
		switch family {
		case 2, 10, 23, 24, 28, 30: // AF_INET; AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin
			return d.ip(b[4:])
		}
		return other
	case linkSLL: // packet type 2 │ ARPHRD 2 │ address length 2 │ address 8 │ protocol 2
		if len(b) < 16 {
			return malformed
		}
		return d.ether(binary.BigEndian.Uint16(b[14:]), b[16:])
	case linkSLL2: // protocol 2 │ reserved 2 │ interface 4 │ ARPHRD 2 │ packet type 1 │ address length 1 │ address 8
		if len(b) < 20 {
			return malformed
		}
		return d.ether(binary.BigEndian.Uint16(b), b[20:])
	case linkPPPoE:
		return d.pppoe(b)
	case linkPPP:
		return d.ppp(b)
	case linkPPPHDLC, linkCHDLC: // address 1 │ control 1 │ protocol 2; address 0F or 8F is Cisco's, which has an Ethernet type
		if len(b) < 4 {
			return malformed
		}
		if b[0] == 0x0F || b[0] == 0x8F {
			return d.ether(binary.BigEndian.Uint16(b[2:]), b[4:])
		}
		return d.ppp(b)
	}
	return malformed
}

func (d *decoder) ethernet(b []byte) verdict {
	if len(b) < 14 {
		return malformed
	}
	return d.ether(binary.BigEndian.Uint16(b[12:]), b[14:])
}

// ether follows an Ethernet type.
func (d *decoder) ether(typ uint16, b []byte) verdict {
	for range maxNesting {
		switch typ {
		case etherIPv4, etherIPv6:
			return d.ip(b)
		case etherVLAN, etherQinQ, etherQinQOld:
			if len(b) < 4 {
				return malformed
			}
			typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		case etherMPLS, etherMPLSM:
			// RFC 3032: label 20 bits, class 3, bottom of stack 1, TTL 8. What is under the stack is not said; IP shows by its version.
			for {
				if len(b) < 5 {
					return malformed
				}
				bottom := b[2]&1 != 0
				b = b[4:]
				if bottom {
					break
				}
			}
			if v := b[0] >> 4; v == 4 || v == 6 {
				return d.ip(b)
			}
			return other
		case etherPPPoE:
			return d.pppoe(b)
		default:
			return other
		}
	}
	return malformed
}

// pppoe reads version and type 1 │ code 1 │ session 2 │ length 2 │ PPP (RFC 2516 §4).
func (d *decoder) pppoe(b []byte) verdict {
	if len(b) < 6 {
		return malformed
	}
	if b[1] != 0 {
		return other // discovery
	}
	return d.ppp(b[6:])
}

// ppp reads the address and control fields, if they are there, and the protocol, of one byte or two (RFC 1661 §2, RFC 1662 §3.1).
func (d *decoder) ppp(b []byte) verdict {
	if len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 {
		b = b[2:]
	}
	if len(b) < 2 {
		return malformed
	}
	proto := uint16(b[0])
	if proto&1 != 0 {
		b = b[1:]
	} else {
		proto, b = binary.BigEndian.Uint16(b), b[2:]
	}
	switch proto {
	case pppIPv4, pppIPv6:
		return d.ip(b)
	}
	return other
}
