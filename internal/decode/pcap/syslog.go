package pcap

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// portSyslog is where datagrams of syslog go (RFC 5426 §3.3).
const portSyslog = 514

// syslog takes a datagram that a device sent to a collector: what it logs of its own SIP messages, and its events beside SIP. False if it is neither.
//
//	<134>INVITE sip:bob@example.com SIP/2.0 CR LF Via: …      a message, as the device saw it
//	[0]Off Hook                                               an event
//
// The addresses of the datagram are those of the device and of its collector and say nothing about the message; the device is who observed it.
func (d *decoder) syslog(b []byte, missing capture.Missing) bool {
	var h syslog.Header
	h.Parse(b)
	text := bytes.TrimLeft(h.Text, " ")
	if len(text) == 0 {
		return false
	}
	host := append([]byte(nil), h.Host...)
	if len(host) == 0 {
		host = d.pkt.src.Unmap().AppendTo(nil)
	}
	p := d.place(text)
	r := capture.Record{Missing: missing, Time: p.time, Observer: host, Origin: d.origin(p.number, p.offset, min(p.offset+int64(len(text)), p.end)), Data: text}
	line := firstLine(text)
	e := syslog.EscapeNone
	if len(line) == len(text) || bytes.IndexByte(text, '\n') == len(text)-1 {
		e = syslog.DetectEscape(text)
	}
	if e != syslog.EscapeNone {
		// A collector passed it on.
		r.Data, r.Origin.Map = e.AppendUnescaped(nil, bytes.TrimRight(text, "\r\n"), nil)
		r.Escape = e
		line = firstLine(r.Data)
	}
	if sip.IsStartLine(line) {
		r.Kind = capture.KindMessage
		if len(bytes.TrimSpace(r.Data[len(line):])) == 0 {
			r.Missing = capture.MissingHead
		}
		d.emit(r)
		return true
	}
	bare := bytes.TrimRight(text, "\r\n\x00 ")
	event, ok := decode.DeviceEvent(bare)
	if !ok || event.Announces || event.Weak {
		return false
	}
	r.Kind, r.Data = capture.KindEvent, bare
	r.Origin.End = min(p.offset+int64(len(bare)), p.end)
	r.Event = event.Event
	r.Event.Subject = bytes.Clone(event.Event.Subject)
	d.emit(r)
	return true
}
