package pcap

import (
	"encoding/binary"

	"sipscribe/internal/capture"
)

// sctp reads the DATA chunks of an SCTP packet (RFC 9260 §3), each of which carries a SIP message (RFC 4168):
//
//	source port 2 │ destination port 2 │ verification tag 4 │ checksum 4 │ chunks: type 1 │ flags 1 │ length 2 │ …
//	DATA, type 0: TSN 4 │ stream 2 │ number 2 │ protocol 4 │ user data, padded to 4; flags 2 and 1: it is the first, the last piece of a message
//
// Messages in pieces are not put together: the first piece is told, as one whose end is missing. Who sends SIP over SCTP does so on links where pieces are not needed.
func (d *decoder) sctp(b []byte) verdict {
	if len(b) < 12 {
		return malformed
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	sipPort := isSIPPort(src) || isSIPPort(dst)
	any := false
	for b = b[12:]; len(b) >= 4; {
		kind, flags, length := b[0], b[1], int(binary.BigEndian.Uint16(b[2:]))
		if length < 4 {
			return malformed
		}
		chunk := b[:min(length, len(b))]
		b = b[min((length+3)&^3, len(b)):]
		if kind != 0 || len(chunk) < 16 || flags&2 == 0 {
			continue
		}
		missing := capture.MissingNothing
		switch {
		case len(chunk) < length:
			missing = capture.MissingSnap
		case flags&1 == 0:
			missing = capture.MissingPart
		}
		data := chunk[16:]
		switch what, start := classify(data, sipPort, missing == capture.MissingSnap); what {
		case payloadSIP:
			data = data[start:]
			p := d.place(data)
			d.message(&p, capture.Endpoint{Addr: d.pkt.src, Port: src, Transport: capture.SCTP},
				capture.Endpoint{Addr: d.pkt.dst, Port: dst, Transport: capture.SCTP}, data, missing)
			any = true
		case payloadUnknown:
			d.unrecognised(d.place(data), data)
			any = true
		}
	}
	if !any {
		d.in.Stats.Other++
	}
	return done
}
