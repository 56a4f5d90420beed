package pcap

import (
	"encoding/binary"
	"fmt"
)

// maxFrame is the longest packet that is believed, in bytes: libpcap's MAXIMUM_SNAPLEN. Frames of segmentation offload reach 256 KiB.
const maxFrame = 256 << 10

// classic reads the file format of libpcap (draft-ietf-opsawg-pcap):
//
//	magic 4 │ version 2+2 │ zone 4 │ accuracy 4 │ snap length 4 │ link type 4 ║ seconds 4 │ fraction 4 │ captured 4 │ length 4 │ packet …
//	└───────────────────────── once, 24 bytes ──────────────────────────────┘ └───────── for each packet, 16 bytes ─────────────────┘
//
// The snap length is not looked at: some writers do not keep to the one that they declare.
type classic struct {
	win    *window
	big    bool
	link   uint16
	nano   bool
	header int // bytes before each packet
	last   int64
	count  int64
	torn   bool // the frame in which the file breaks off was given away
}

// classicMagic returns the byte order and the magic number at the beginning of a file, nil if it is no classic pcap.
func classicMagic(head []byte) (binary.ByteOrder, uint32) {
	if len(head) < 4 {
		return nil, 0
	}
	for _, order := range [...]binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch m := order.Uint32(head); m {
		case magicMicro, magicNano, magicModified:
			return order, m
		}
	}
	return nil, 0
}

// newClassic consumes the 24 bytes of the file header, which the window must have.
func newClassic(win *window, order binary.ByteOrder, magic uint32) *classic {
	head := win.peek(24)
	c := &classic{win: win, big: order == binary.ByteOrder(binary.BigEndian), nano: magic == magicNano, header: 16}
	if magic == magicModified {
		c.header = 24
	}
	// The upper half holds the length of a frame check sequence, not the type.
	c.link = uint16(order.Uint32(head[20:]))
	win.skip(24)
	return c
}

func (c *classic) u32(b []byte) uint32 {
	if c.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// next implements container.
func (c *classic) next(f *frame) error {
	head := c.win.peek(c.header)
	if len(head) < c.header {
		if len(head) == 0 {
			return c.win.end()
		}
		return c.win.cut("the capture file ends in the middle of the header of frame %d", c.count+1)
	}
	captured, length := c.u32(head[8:]), c.u32(head[12:])
	if captured > maxFrame {
		return c.resync(f, captured)
	}
	f.sec, f.nsec = int64(c.u32(head)), 0
	frac := int64(c.u32(head[4:]))
	f.digits = 9
	if !c.nano {
		frac *= 1000
		f.digits = 6
	}
	f.sec += frac / 1e9
	f.nsec = int32(frac % 1e9)
	f.timed = true
	f.link = c.link
	f.length = int64(length)
	f.offset = c.win.pos + int64(c.header)
	total := c.header + int(captured)
	data := c.win.peek(total)
	if len(data) < total {
		if !c.torn && len(data) > c.header && c.plausible(data, false) {
			// What is there of the last frame may be the answer that would be missed: it is shown as cut, and the end of the file told behind it.
			c.torn, f.torn = true, true
			f.data = data[c.header:]
			return nil
		}
		err := c.win.cut("the capture file ends in the middle of frame %d: %d of its %d bytes are there", c.count+1, len(data)-c.header, captured)
		if c.torn {
			return tornFrame(err)
		}
		return err
	}
	f.data = data[c.header:]
	c.win.r += total
	c.win.pos += int64(total)
	c.count++
	c.last = f.sec
	return nil
}

// resync finds the next packet after a header that cannot be one: two headers that follow each other, within a day of the last
// packet. It returns errLoss, with the text in f, or a *cutError if nothing in the rest of the file is a packet.
func (c *classic) resync(f *frame, claimed uint32) error {
	start := c.win.pos
	for {
		// A header, the longest packet and the next header.
		b := c.win.ahead(c.header + maxFrame + c.header + 1)
		if len(b) < c.header {
			e := c.win.cut("the header of frame %d is broken (it claims %d bytes) and no packet is found in the rest of the file", c.count+1, claimed)
			if cut, ok := e.(*cutError); ok {
				cut.start = start
			}
			return e
		}
		limit := len(b) - c.header - maxFrame - c.header
		if c.win.err != nil {
			limit = len(b) - c.header
		}
		i := 1
		for ; i <= limit; i++ {
			if c.plausible(b[i:], true) {
				break
			}
		}
		c.win.skip(int64(i))
		if i <= limit {
			f.loss = fmt.Sprintf("the header of frame %d is broken (it claims %d bytes): %d bytes of the file were passed over", c.count+1, claimed, c.win.pos-start)
			f.offset, f.data = start, b[:0]
			return errLoss
		}
	}
}

// plausible reports whether a packet may begin at b, and with more whether another follows it or the file ends there.
func (c *classic) plausible(b []byte, more bool) bool {
	if len(b) < c.header {
		return false
	}
	sec, frac, captured, length := int64(c.u32(b)), c.u32(b[4:]), c.u32(b[8:]), c.u32(b[12:])
	fracLimit := uint32(1e6)
	if c.nano {
		fracLimit = 1e9
	}
	if captured == 0 || captured > maxFrame || length < captured || length > maxFrame || frac >= fracLimit {
		return false
	}
	if c.count > 0 && (sec < c.last-86400 || sec > c.last+86400) {
		return false
	}
	if !more {
		return true
	}
	next := c.header + int(captured)
	return next == len(b) || next < len(b) && c.plausible(b[next:], false)
}
