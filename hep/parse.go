package hep

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Parse reads a datagram, or one packet of a stream. The packet is parts of data from then on; the storage of Others is used again. On an error
// (*Error) the packet holds what could be understood: a datagram that was cut gives its fields, and as much of the payload as there is.
func (p *Packet) Parse(data []byte) error {
	*p = Packet{Others: p.Others[:0]}
	switch {
	case len(data) >= 6 && string(data[:4]) == "HEP3":
		return p.parse3(data)
	case len(data) > 0 && (data[0] == 1 || data[0] == 2):
		return p.parse2(data)
	}
	return &Error{0, "neither HEP3 nor HEP2"}
}

func (p *Packet) parse3(data []byte) error {
	p.Version = 3
	var first *Error
	fail := func(at int, format string, args ...any) {
		if first == nil {
			first = &Error{at, fmt.Sprintf(format, args...)}
		}
	}
	if n := int(binary.BigEndian.Uint16(data[4:])); n < 6 || n > len(data) {
		fail(4, "a length of %d in a packet of %d bytes", n, len(data))
	} else if n < len(data) {
		fail(n, "%d bytes behind the packet", len(data)-n)
		data = data[:n]
	}
	for at := 6; at < len(data); {
		if len(data)-at < 6 {
			fail(at, "%d bytes where a chunk should begin", len(data)-at)
			break
		}
		c := Chunk{Vendor: binary.BigEndian.Uint16(data[at:]), Type: binary.BigEndian.Uint16(data[at+2:])}
		n := int(binary.BigEndian.Uint16(data[at+4:]))
		if n < 6 {
			fail(at+4, "a chunk of %d bytes, its own header has 6", n)
			break
		}
		if n > len(data)-at {
			fail(at+4, "a chunk of %d bytes where %d are left", n, len(data)-at)
			n = len(data) - at
		}
		c.Data = data[at+6 : at+n : at+n]
		if why := p.take(c); why != "" {
			fail(at, "chunk %d of vendor %d %s", c.Type, c.Vendor, why)
			if len(p.Others) >= maxOthers {
				break
			}
		}
		at += n
	}
	if first != nil {
		return first
	}
	return nil
}

// take puts a chunk into its field, or to the others. It says what is wrong, if anything is.
func (p *Packet) take(c Chunk) (why string) {
	if c.Vendor != 0 || c.Type == 0 || c.Type >= chunkTypes {
		return p.keep(c, "")
	}
	// What has two forms counts as one: a second address would be another truth.
	bit := uint32(1) << c.Type
	same := bit
	switch c.Type {
	case chunkSource4, chunkSource6:
		same = 1<<chunkSource4 | 1<<chunkSource6
	case chunkDestination4, chunkDestination6:
		same = 1<<chunkDestination4 | 1<<chunkDestination6
	case chunkPayload, chunkCompressed:
		same = 1<<chunkPayload | 1<<chunkCompressed
	}
	if p.seen&same != 0 {
		return p.keep(c, "repeats what was told")
	}
	d := c.Data
	if size := sizes[c.Type]; size != 0 && len(d) != size {
		return p.keep(c, "has the wrong size")
	}
	p.seen |= bit
	switch c.Type {
	case chunkFamily:
		p.Family = d[0]
	case chunkProtocol:
		p.Protocol = d[0]
	case chunkSource4, chunkSource6:
		a, _ := netip.AddrFromSlice(d)
		p.Source = netip.AddrPortFrom(a, p.Source.Port())
	case chunkDestination4, chunkDestination6:
		a, _ := netip.AddrFromSlice(d)
		p.Destination = netip.AddrPortFrom(a, p.Destination.Port())
	case chunkSourcePort:
		p.Source = netip.AddrPortFrom(p.Source.Addr(), binary.BigEndian.Uint16(d))
	case chunkDestinationPort:
		p.Destination = netip.AddrPortFrom(p.Destination.Addr(), binary.BigEndian.Uint16(d))
	case chunkSeconds:
		p.Seconds = binary.BigEndian.Uint32(d)
	case chunkMicroseconds:
		p.Microseconds = binary.BigEndian.Uint32(d)
	case chunkKind:
		p.Kind = Kind(d[0])
	case chunkAgent:
		p.Agent = binary.BigEndian.Uint32(d)
	case chunkKeepAlive:
		p.KeepAlive = binary.BigEndian.Uint16(d)
	case chunkAuthKey:
		p.AuthKey = d
	case chunkPayload:
		p.Payload = d
	case chunkCompressed:
		p.Payload, p.Compressed = d, true
	case chunkCorrelationID:
		p.CorrelationID = d
	case chunkVLAN:
		p.VLAN = binary.BigEndian.Uint16(d)
	}
	return ""
}

// keep puts a chunk to the others.
func (p *Packet) keep(c Chunk, why string) string {
	if len(p.Others) >= maxOthers {
		return fmt.Sprintf("is one more than the %d that are kept", maxOthers)
	}
	p.Others = append(p.Others, c)
	return why
}

const (
	header4 = 8 + 2*4  // of HEP2, up to the time
	header6 = 8 + 2*16 //
	timeLen = 12
)

// isIPv6 reports whether a number is AF_INET6 on one of the systems where agents run: Linux, FreeBSD, macOS.
func isIPv6(family uint8) bool { return family == IPv6 || family == 28 || family == 30 }

func (p *Packet) parse2(data []byte) error {
	if len(data) < 8 {
		return &Error{len(data), fmt.Sprintf("HEP%d cut in its header", data[0])}
	}
	p.Version, p.Family, p.Protocol, p.Kind = data[0], data[2], data[3], SIP
	var head int
	switch {
	case p.Family == IPv4:
		head = header4
	case isIPv6(p.Family):
		head = header6
	default:
		return &Error{2, fmt.Sprintf("the address family %d", p.Family)}
	}
	// data[1] should be head. Nobody needs it, and sngrep 1.6.0 writes something else there.
	if len(data) < head {
		return &Error{len(data), "cut in the addresses"}
	}
	size := (head - 8) / 2
	source, _ := netip.AddrFromSlice(data[8 : 8+size])
	destination, _ := netip.AddrFromSlice(data[8+size : head])
	p.Source = netip.AddrPortFrom(source, binary.BigEndian.Uint16(data[4:]))
	p.Destination = netip.AddrPortFrom(destination, binary.BigEndian.Uint16(data[6:]))
	if p.Version == 2 {
		if len(data) < head+timeLen {
			return &Error{len(data), "cut in the time"}
		}
		t := data[head:]
		p.Seconds, p.Microseconds = binary.LittleEndian.Uint32(t), binary.LittleEndian.Uint32(t[4:])
		p.Agent = uint32(binary.LittleEndian.Uint16(t[8:]))
		head += timeLen
	}
	p.Payload = data[head:]
	return nil
}
