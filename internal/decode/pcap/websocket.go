package pcap

import (
	"bytes"
	"encoding/binary"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// SIP over WebSocket (RFC 7118): behind an HTTP upgrade each message is one WebSocket message, of text or binary, in one frame mostly (RFC 6455 §5.2):
//
//	FIN, 3 reserved bits, opcode │ MASK, length 7 bits │ length 16 or 64 bits │ masking key, from the client │ payload
//
// What a client sends is masked: the bytes of the capture are those of the message, each with a byte of the key over it.

const (
	wsContinuation = 0
	wsText         = 1
	wsBinary       = 2
	wsClose        = 8
	wsPing         = 9
	wsPong         = 10
)

// wsFrame is the header of a frame.
type wsFrame struct {
	fin    bool
	opcode byte
	header int // bytes
	length int // of the payload
	masked bool
	key    [4]byte
}

// readWSFrame reads the header of a frame at the beginning of b. need is how many bytes it has at least, if it is not whole; ok is false if this is none.
func readWSFrame(b []byte) (f wsFrame, need int, ok bool) {
	if len(b) < 2 {
		return f, 2, true
	}
	f = wsFrame{fin: b[0]&0x80 != 0, opcode: b[0] & 15, header: 2, masked: b[1]&0x80 != 0}
	switch {
	case b[0]&0x70 != 0, f.opcode > wsBinary && f.opcode < wsClose, f.opcode > wsPong,
		f.opcode >= wsClose && (!f.fin || b[1]&0x7F > 125): // control frames are short and whole (§5.5)
		return f, 0, false
	}
	n := uint64(b[1] & 0x7F)
	switch n {
	case 126:
		f.header += 2
	case 127:
		f.header += 8
	}
	size := f.header
	if f.masked {
		f.header += 4
	}
	if len(b) < f.header {
		return f, f.header, true
	}
	switch n {
	case 126:
		n = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		n = binary.BigEndian.Uint64(b[2:])
	}
	if n > sip.MaxMessage {
		return f, 0, false
	}
	if f.length = int(n); f.masked {
		f.key = [4]byte(b[size:f.header])
	}
	return f, f.header + f.length, true
}

// payload returns the payload of a frame of which b may lack the end, unmasked into a copy if it is masked.
func (f *wsFrame) payload(b []byte) []byte {
	b = b[min(len(b), f.header):]
	b = b[:min(len(b), f.length)]
	if !f.masked {
		return b
	}
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = c ^ f.key[i&3]
	}
	return out
}

// isWebSocket reports whether a stream begins with the upgrade to WebSocket, or, where the capture began later, with a frame that has a SIP message.
func isWebSocket(b []byte) bool {
	if bytes.HasPrefix(b, []byte("GET ")) || bytes.HasPrefix(b, []byte("HTTP/1.1 101")) {
		end := headerEnd(b)
		return end > 0 && bytes.Contains(bytes.ToLower(b[:end]), []byte("upgrade: websocket"))
	}
	f, need, ok := readWSFrame(b)
	if !ok || need == 0 || len(b) <= f.header || f.opcode != wsText && f.opcode != wsBinary || f.length < len("SIP/2.0 100 x\r\n") {
		return false
	}
	const head = 1 << 10
	line := f.payload(b[:min(len(b), f.header+head)])
	return bytes.IndexByte(line, '\n') > 0 && sip.IsStartLine(firstLine(line))
}

// mayBecomeWebSocket reports whether the header of an upgrade is not whole yet.
func mayBecomeWebSocket(b []byte) bool {
	const maxUpgrade = 8 << 10
	return len(b) < maxUpgrade && (bytes.HasPrefix(b, []byte("GET ")) || bytes.HasPrefix(b, []byte("HTTP/1.1 101"))) && headerEnd(b) < 0
}

// webSocket tells of the messages in the frames at the beginning of view and returns how many bytes are done with.
func (d *decoder) webSocket(s *stream, view []byte) (n int) {
	if bytes.HasPrefix(view, []byte("GET ")) || bytes.HasPrefix(view, []byte("HTTP/1.1 101")) {
		if n = headerEnd(view); n < 0 {
			return 0
		}
		d.in.Stats.Other++
	}
	if s.lost && !isWebSocket(view) {
		// Behind a hole: a length read in the middle of a message would swallow what follows. The next segment begins with a frame, most likely.
		d.in.Stats.Other++
		s.parts = nil
		return len(view)
	}
	s.lost = false
	for n < len(view) {
		f, need, ok := readWSFrame(view[n:])
		if !ok {
			d.in.Stats.Other++
			s.lost, s.parts = true, nil
			return len(view)
		}
		if need > len(view)-n {
			return n
		}
		p := s.at(n + f.header)
		data := f.payload(view[n:])
		n += need
		switch f.opcode {
		case wsPing, wsPong:
			d.in.Stats.KeepAlives++
			continue
		case wsClose:
			d.in.Stats.Other++
			continue
		case wsContinuation:
			if len(s.parts) == 0 || len(s.parts)+len(data) > sip.MaxMessage {
				d.in.Stats.Other++ // its beginning is lost, or it has no end
				s.parts = nil
				continue
			}
			s.parts, p = append(s.parts, data...), s.partsAt
			data = s.parts
		case wsText, wsBinary:
			s.parts = nil
			if !f.fin {
				s.parts, s.partsAt = append(make([]byte, 0, 2*len(data)), data...), p
				s.partsAt.end = min(p.end, p.offset+int64(len(data))) // what comes after it stands elsewhere
			}
		}
		if !f.fin {
			continue
		}
		s.parts = nil
		d.webSocketMessage(s, &p, data, capture.MissingNothing)
	}
	return n
}

// webSocketMessage tells of what a WebSocket message carries.
func (d *decoder) webSocketMessage(s *stream, p *place, data []byte, missing capture.Missing) {
	switch {
	case len(bytes.Trim(data, "\r\n")) == 0:
		d.in.Stats.KeepAlives++ // RFC 7118 §6
	case sip.IsStartLine(firstLine(data)):
		d.order.settle(&s.wait)
		src, dst := s.source(), s.destination()
		src.Transport, dst.Transport = capture.WS, capture.WS
		d.message(p, src, dst, data, missing)
	default:
		d.in.Stats.Other++
	}
}
