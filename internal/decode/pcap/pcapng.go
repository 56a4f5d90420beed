package pcap

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng §4).
const (
	blockInterface  = 1
	blockPacket     = 2 // obsolete, still found
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6
	blockSection    = magicSection
)

// Limits of what a file may claim.
const (
	maxBlock      = maxFrame + 64<<10 // a packet and its options
	maxInterfaces = 1 << 16
)

// pcapng reads the file format of Wireshark and dumpcap (draft-ietf-opsawg-pcapng):
//
//	type 4 │ total length 4 │ body … │ total length 4        a block, its total length a multiple of 4
//
//	Section Header      byte order 4 │ version 2+2 │ section length 8 │ options
//	Interface           link type 2 │ reserved 2 │ snap length 4 │ options (9: resolution, 14: offset)
//	Enhanced Packet     interface 4 │ time, upper 4, lower 4 │ captured 4 │ length 4 │ packet, padded to 4 │ options
//	Simple Packet       length 4 │ packet
//	Interface Statistics  interface 4 │ time 4+4 │ options (5: dropped by the interface, 7: by the operating system)
//
// Link type and resolution belong to each interface, so that one file may mix them; a new section begins with none. Blocks of other
// types are passed over unread, whatever their length.
type pcapng struct {
	win        *window
	order      binary.ByteOrder
	big        bool
	interfaces []iface
	count      int64
	torn       bool // as in classic
}

// iface is one interface of a section.
type iface struct {
	link    uint16
	snap    uint32
	units   uint64 // a second has so many
	digits  uint8
	offset  int64 // seconds to add
	dropped uint64
	name    string
}

// sectionOrder returns the byte order of the section header at the beginning of b, nil if there is none.
func sectionOrder(b []byte) binary.ByteOrder {
	if len(b) < 12 || binary.BigEndian.Uint32(b) != magicSection {
		return nil
	}
	switch {
	case binary.LittleEndian.Uint32(b[8:]) == magicOrder:
		return binary.LittleEndian
	case binary.BigEndian.Uint32(b[8:]) == magicOrder:
		return binary.BigEndian
	}
	return nil
}

func (p *pcapng) u16(b []byte) uint16 {
	if p.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (p *pcapng) u32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// next implements container.
func (p *pcapng) next(f *frame) error {
	for {
		head := p.win.peek(12)
		if len(head) < 12 {
			if len(head) == 0 {
				return p.win.end()
			}
			return p.win.cut("the capture file ends in the middle of a block after frame %d", p.count)
		}
		if order := sectionOrder(head); order != nil {
			p.order, p.big = order, order == binary.ByteOrder(binary.BigEndian)
			p.interfaces = p.interfaces[:0]
		} else if binary.BigEndian.Uint32(head) == blockSection {
			return p.resync(f, "a section header without a byte order")
		}
		typ, total := p.u32(head), p.u32(head[4:])
		if total < 12 || total%4 != 0 {
			return p.resync(f, fmt.Sprintf("a block that claims %d bytes", total))
		}
		known := false
		switch typ {
		case blockInterface, blockPacket, blockSimple, blockStatistics, blockEnhanced:
			known = true
		}
		if !known {
			if left := int64(total) - p.win.skip(int64(total)); left > 0 {
				return p.win.cut("the capture file ends in the middle of a block after frame %d: %d of its %d bytes are missing", p.count, left, total)
			}
			continue
		}
		if total > maxBlock {
			return p.resync(f, fmt.Sprintf("a block that claims %d bytes", total))
		}
		start := p.win.pos
		block := p.win.peek(int(total))
		if len(block) < int(total) {
			const before = 8 + 20 // bytes of an Enhanced Packet Block before its packet
			if typ == blockEnhanced && !p.torn && len(block) > before {
				p.torn = true // as in classic.next
				p.packet(f, block[8:], false)
				f.torn = true
				f.offset += start + 8
				return nil
			}
			err := p.win.cut("the capture file ends in the middle of a block after frame %d: %d of its %d bytes are there", p.count, len(block), total)
			if p.torn {
				return tornFrame(err)
			}
			return err
		}
		if p.u32(block[total-4:]) != total {
			return p.resync(f, "a block whose two lengths differ")
		}
		body := block[8 : total-4]
		p.win.r += int(total)
		p.win.pos += int64(total)
		switch typ {
		case blockInterface:
			p.addInterface(body)
			continue
		case blockStatistics:
			if text := p.statistics(body); text != "" {
				f.loss, f.offset, f.data = text, start, block
				return errLoss
			}
			continue
		}
		p.count++
		if typ == blockSimple {
			p.simple(f, body)
		} else {
			p.packet(f, body, typ == blockPacket)
		}
		f.offset += start + 8
		return nil
	}
}

// packet reads an Enhanced Packet Block or the obsolete Packet Block. What makes no sense leaves a frame of an unknown link
// type, which is counted as unrecognised. f.offset is left relative to body.
func (p *pcapng) packet(f *frame, body []byte, obsolete bool) {
	*f = frame{data: body, link: linkUnknown, length: int64(len(body))}
	if len(body) < 20 {
		return
	}
	id := int64(p.u32(body))
	if obsolete {
		id = int64(p.u16(body)) // then 2 bytes of drop count
	}
	captured := p.u32(body[12:])
	if p.torn {
		captured = min(captured, uint32(len(body)-20))
	}
	if id >= int64(len(p.interfaces)) || int64(captured) > int64(len(body)-20) {
		return
	}
	i := &p.interfaces[id]
	f.data = body[20 : 20+captured]
	f.offset = 20
	f.length = int64(p.u32(body[16:]))
	f.link = i.link
	f.digits = i.digits
	ticks := uint64(p.u32(body[4:]))<<32 | uint64(p.u32(body[8:]))
	sec := int64(ticks/i.units) + i.offset
	hi, lo := bits.Mul64(ticks%i.units, 1e9)
	nsec, _ := bits.Div64(hi, lo, i.units) // the remainder is less than units, so the quotient is less than 1e9
	if int64(ticks/i.units) < 0 || sec < 0 {
		return
	}
	f.sec, f.nsec, f.timed = sec, int32(nsec), true
}

// simple reads a Simple Packet Block: no time, the first interface, cut at its snap length.
func (p *pcapng) simple(f *frame, body []byte) {
	*f = frame{data: body, link: linkUnknown, length: int64(len(body))}
	if len(body) < 4 || len(p.interfaces) == 0 {
		return
	}
	i := &p.interfaces[0]
	f.length = int64(p.u32(body))
	captured := min(f.length, int64(len(body)-4))
	if i.snap > 0 {
		captured = min(captured, int64(i.snap))
	}
	f.data = body[4 : 4+captured]
	f.offset = 4
	f.link = i.link
}

// Options (draft-ietf-opsawg-pcapng §3.5, §4.2, §4.6).
const (
	optionEnd        = 0
	optionName       = 2  // if_name
	optionResolution = 9  // if_tsresol
	optionOffset     = 14 // if_tsoffset
	optionIfDrop     = 5  // isb_ifdrop
	optionOSDrop     = 7  // isb_osdrop
)

// options calls f for each option of b: code 2 │ length 2 │ value, padded to 4.
func (p *pcapng) options(b []byte, f func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := p.u16(b), int(p.u16(b[2:]))
		b = b[4:]
		if code == optionEnd || n > len(b) {
			return
		}
		f(code, b[:n])
		b = b[min(len(b), (n+3)&^3):]
	}
}

func (p *pcapng) addInterface(body []byte) {
	i := iface{link: linkUnknown, units: 1e6, digits: 6}
	if len(p.interfaces) >= maxInterfaces {
		return // packets that name it are counted as unrecognised
	}
	if len(body) >= 8 {
		i.link, i.snap = p.u16(body), p.u32(body[4:])
		p.options(body[8:], func(code uint16, v []byte) {
			switch {
			case code == optionName:
				i.name = string(v[:min(len(v), 64)])
			case code == optionResolution && len(v) >= 1:
				i.resolution(v[0])
			case code == optionOffset && len(v) >= 8:
				i.offset = int64(p.u64(v))
			}
		})
	}
	p.interfaces = append(p.interfaces, i)
}

func (p *pcapng) u64(b []byte) uint64 {
	if p.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// resolution sets the units of a second: 10^-n, or 2^-n with the upper bit set. One that does not fit in 64 bits is not believed.
func (i *iface) resolution(r byte) {
	n := r & 0x7F
	if r&0x80 != 0 {
		if n <= 63 {
			i.units, i.digits = 1<<n, 9
			if n <= 20 {
				i.digits = 6
			}
		}
		return
	}
	if n <= 19 {
		i.units = 1
		for k := byte(0); k < n; k++ {
			i.units *= 10
		}
		i.digits = min(n, 9)
	}
}

// statistics reads an Interface Statistics Block and returns a text if it tells of packets that were dropped since the last one.
func (p *pcapng) statistics(body []byte) string {
	if len(body) < 12 || int64(p.u32(body)) >= int64(len(p.interfaces)) {
		return ""
	}
	i := &p.interfaces[p.u32(body)]
	var dropped uint64
	p.options(body[12:], func(code uint16, v []byte) {
		if (code == optionIfDrop || code == optionOSDrop) && len(v) >= 8 {
			if n := p.u64(v); n != ^uint64(0) && dropped+n >= dropped {
				dropped += n
			}
		}
	})
	if dropped <= i.dropped {
		return ""
	}
	n := dropped - i.dropped
	i.dropped = dropped
	name := "an interface without a name"
	if i.name != "" {
		name = fmt.Sprintf("interface %q", i.name)
	}
	if n == 1 {
		return fmt.Sprintf("the capture lost a packet on %s", name)
	}
	return fmt.Sprintf("the capture lost %d packets on %s", n, name)
}

// resync finds the next block after one that makes no sense: a type that is known, and two lengths that agree. It returns errLoss,
// with the text in f, or a *cutError if there is none in the rest of the file.
func (p *pcapng) resync(f *frame, what string) error {
	start := p.win.pos
	for {
		b := p.win.ahead(maxBlock + 1)
		if len(b) < 12 {
			e := p.win.cut("after frame %d stands %s, and no block is found in the rest of the file", p.count, what)
			if cut, ok := e.(*cutError); ok {
				cut.start = start
			}
			return e
		}
		limit := len(b) - maxBlock
		if p.win.err != nil {
			limit = len(b) - 12
		}
		i := 1
		for ; i <= limit; i++ {
			if p.plausible(b[i:]) {
				break
			}
		}
		p.win.skip(int64(i))
		if i <= limit {
			f.loss = fmt.Sprintf("after frame %d stands %s: %d bytes of the file were passed over", p.count, what, p.win.pos-start)
			f.offset, f.data = start, b[:0]
			return errLoss
		}
	}
}

func (p *pcapng) plausible(b []byte) bool {
	if sectionOrder(b) != nil {
		return true
	}
	if p.order == nil || len(b) < 12 {
		return false
	}
	switch p.u32(b) {
	case blockInterface, blockPacket, blockSimple, blockStatistics, blockEnhanced:
	default:
		return false
	}
	total := p.u32(b[4:])
	return total >= 16 && total%4 == 0 && int64(total) <= int64(len(b)) && p.u32(b[total-4:]) == total
}
