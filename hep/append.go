package hep

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// AppendTo appends the packet as HEP3: the chunks of its fields in the order of their types, the payload behind them, and the other chunks last.
// A packet that was read gets the chunks that it had; a new one those that every agent writes, told or not, as collectors count them, and
// others if their fields tell something. An error is a packet that the length cannot count; dst is as it was then.
func (p *Packet) AppendTo(dst []byte) ([]byte, error) {
	w := writer{dst: append(dst, "HEP3\x00\x00"...), p: p}
	w.uint8(chunkFamily, p.family())
	w.uint8(chunkProtocol, p.Protocol)
	w.address(chunkSource4, chunkSource6, p.Source.Addr())
	w.address(chunkDestination4, chunkDestination6, p.Destination.Addr())
	w.uint16(chunkSourcePort, p.Source.Port())
	w.uint16(chunkDestinationPort, p.Destination.Port())
	w.uint32(chunkSeconds, p.Seconds)
	w.uint32(chunkMicroseconds, p.Microseconds)
	w.uint8(chunkKind, uint8(p.Kind))
	w.uint32(chunkAgent, p.Agent)
	w.uint16(chunkKeepAlive, p.KeepAlive)
	w.bytes(chunkAuthKey, p.AuthKey)
	w.bytes(chunkCorrelationID, p.CorrelationID)
	w.uint16(chunkVLAN, p.VLAN)
	if p.Compressed {
		w.bytes(chunkCompressed, p.Payload)
	} else {
		w.bytes(chunkPayload, p.Payload)
	}
	for _, c := range p.Others {
		w.chunk(c.Vendor, c.Type, c.Data)
	}
	n := len(w.dst) - len(dst)
	if w.long || n > MaxPacket {
		return dst, fmt.Errorf("hep: a packet of %d bytes with a payload of %d, at most %d are possible", n, len(p.Payload), MaxPacket)
	}
	binary.BigEndian.PutUint16(w.dst[len(dst)+4:], uint16(n))
	return w.dst, nil
}

func (p *Packet) family() uint8 {
	switch a := p.Source.Addr(); {
	case p.Family != 0 || p.seen != 0 || !a.IsValid(): // what was read is not completed
		return p.Family
	case a.Is4():
		return IPv4
	}
	return IPv6
}

// always are the chunks that every agent writes.
const always = 1<<chunkProtocol | 1<<chunkSourcePort | 1<<chunkDestinationPort | 1<<chunkSeconds | 1<<chunkMicroseconds | 1<<chunkKind | 1<<chunkAgent

// writer writes chunks.
type writer struct {
	dst  []byte
	p    *Packet
	long bool
}

func (w *writer) chunk(vendor, kind uint16, data []byte) {
	n := 6 + len(data)
	if n > MaxPacket {
		w.long = true
	}
	w.dst = binary.BigEndian.AppendUint16(w.dst, vendor)
	w.dst = binary.BigEndian.AppendUint16(w.dst, kind)
	w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(n))
	w.dst = append(w.dst, data...)
}

// told reports whether a chunk is written although its field is zero.
func (w *writer) told(kind uint16) bool {
	chunks := w.p.seen
	if chunks == 0 {
		chunks = always
	}
	return chunks&(1<<kind) != 0
}

func (w *writer) bytes(kind uint16, b []byte) {
	if len(b) > 0 || w.told(kind) {
		w.chunk(0, kind, b)
	}
}

func (w *writer) uint8(kind uint16, v uint8) {
	if v != 0 || w.told(kind) {
		w.chunk(0, kind, []byte{v})
	}
}

func (w *writer) uint16(kind uint16, v uint16) {
	if v != 0 || w.told(kind) {
		w.chunk(0, kind, []byte{byte(v >> 8), byte(v)})
	}
}

func (w *writer) uint32(kind uint16, v uint32) {
	if v != 0 || w.told(kind) {
		w.chunk(0, kind, []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
}

// address writes an address. One that is IPv4 mapped to IPv6 is IPv6: what was read so is written so.
func (w *writer) address(kind4, kind6 uint16, a netip.Addr) {
	switch {
	case !a.IsValid():
	case a.Is4():
		b := a.As4()
		w.chunk(0, kind4, b[:])
	default:
		b := a.As16()
		w.chunk(0, kind6, b[:])
	}
}
