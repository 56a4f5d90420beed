package emit

import (
	"net/netip"

	"sipscribe/hep"
	"sipscribe/internal/capture"
)

// HEP sends each message as a HEP3 packet, to a collector such as Homer or our own: the message, its ends and its time. An event goes
// as a log line, from the device to nowhere. A packet carries its length, so that nothing in it can make a second one, in a datagram or on
// a stream.
type HEP struct {
	Send  Sender
	Agent uint32 // number of this capture agent
	Key   []byte // the collector's password (chunk 14)
	// Own is as in Pcap.
	Own netip.AddrPort

	// Cut counts messages of which the end was left out, since no datagram would hold them.
	Cut int64

	packet    hep.Packet
	line, buf []byte
}

// hepOverhead is more than the chunks beside payload and key take, in bytes.
const hepOverhead = 128

// Emit sends the packet of a message or an event.
func (h *HEP) Emit(rec *capture.Record) error {
	if h.Send == nil || rec.Kind != capture.KindMessage && rec.Kind != capture.KindEvent {
		return nil
	}
	p := &h.packet
	*p = hep.Packet{Protocol: hep.UDP, Kind: hep.SIP, Agent: h.Agent, AuthKey: h.Key, Source: endpoint(rec.Src), Destination: endpoint(rec.Dst), Payload: rec.Data}
	switch {
	case rec.Kind == capture.KindEvent:
		h.line = appendEventLine(h.line[:0], rec)
		p.Kind, p.Payload, p.Source = hep.Log, h.line, h.Own
	case !p.Source.IsValid() && rec.Direction == capture.Sent:
		p.Source = h.Own
	case !p.Destination.IsValid() && rec.Direction == capture.Received:
		p.Destination = h.Own
	}
	switch transport(rec) {
	case capture.TCP:
		p.Protocol = hep.TCP
	case capture.TLS:
		p.Protocol = hep.TLS
	case capture.SCTP:
		p.Protocol = hep.SCTP
	}
	p.SetTime(instant(rec.Time))
	if most := MaxDatagram - hepOverhead - len(h.Key); most >= 0 && len(p.Payload) > most {
		p.Payload = p.Payload[:most]
		h.Cut++
	}
	var err error
	if h.buf, err = p.AppendTo(h.buf[:0]); err != nil {
		return err
	}
	return h.Send(h.buf)
}
