// Package capture is what every source of SIP turns into: a stream of records.
//
// A record is one thing as one source saw it, with that source's clock and its place in that source:
//
//	Aug 20 16:40:00 192.168.0.2 INVITE sip:b@example.com SIP/2.0^M Via: …
//	└──── Time ───┘ └Observer─┘ └──────────────── Data ────────────────┘   Origin: source 0, line 17, bytes 1184 to 2181
//
// Nothing is concluded here. A direction, an address or a year that the source does not state is not in the record; to
// infer it is the work of callflow, which has the other records to infer it from.
package capture

import (
	"bytes"
	"net/netip"

	"sipscribe/syslog"
)

// Kind says what a record holds.
type Kind uint8

const (
	// KindUnknown is a stretch of the source that no format recognised. Data is the text as it stands there.
	KindUnknown Kind = iota
	// KindMessage is one SIP message, whole or in part.
	KindMessage
	// KindEvent is something that a device says beside SIP ("Off Hook"). Data is the text; Event names it.
	KindEvent
	// KindLoss says that the source itself lost something here. Data is a text for people.
	KindLoss
	// KindMedia is RTP or RTCP.
	KindMedia
)

// Direction is the way a message went as the device that logged it saw it, and only if the source says so.
type Direction uint8

const (
	// DirectionUnknown: the source does not say.
	DirectionUnknown Direction = iota
	// Sent by the observer.
	Sent
	// Received by the observer.
	Received
)

// String returns the word that the data contract uses.
func (d Direction) String() string {
	switch d {
	case Sent:
		return "sent"
	case Received:
		return "received"
	}
	return "unknown"
}

// Opposite returns the other way.
func (d Direction) Opposite() Direction {
	switch d {
	case Sent:
		return Received
	case Received:
		return Sent
	}
	return DirectionUnknown
}

// Transport is the transport protocol under SIP.
type Transport uint8

// The transports of RFC 3261 §18, RFC 4168 (SCTP) and RFC 7118 (WebSocket).
const (
	TransportUnknown Transport = iota
	UDP
	TCP
	TLS
	SCTP
	WS
	WSS
)

var transportNames = [...]string{"", "UDP", "TCP", "TLS", "SCTP", "WS", "WSS"}

// String returns the name as a Via header field writes it.
func (t Transport) String() string {
	if int(t) < len(transportNames) {
		return transportNames[t]
	}
	return ""
}

// Endpoint is a transport address. The zero Endpoint means that it is not known.
type Endpoint struct {
	Addr      netip.Addr
	Port      uint16 // 0: not known
	Transport Transport
}

// IsValid reports whether the address is known.
func (e Endpoint) IsValid() bool { return e.Addr.IsValid() }

// String returns "192.168.0.2:5062", "[2001:db8::1]:5060", or the address alone where the port is not known.
func (e Endpoint) String() string {
	switch {
	case !e.Addr.IsValid():
		return ""
	case e.Port == 0:
		return e.Addr.String()
	}
	return netip.AddrPortFrom(e.Addr, e.Port).String()
}

// Unit is what an Origin counts.
type Unit uint8

const (
	// Line of a text, from 1.
	Line Unit = iota
	// Frame of a capture, from 1.
	Frame
)

// Origin is the place in a source that a record was read from.
type Origin struct {
	Source int32 // index in the list of sources
	Unit   Unit
	Number int64 // of the line or frame in which the record begins, from 1
	Start  int64 // offset of the first byte of Data in the source, decompressed, before any unescaping
	End    int64 // offset after its last byte
	// Map leads from an offset in Data to the offset from Start in the source, which is negative where the lines of a source are read from its end. Nil: one to one, or see Lines.
	Map syslog.OffsetMap
	// Lines stands for a map of the most usual kind: each line end of Data takes one byte more in the source than in Data ("^M " for CR LF). It is Data itself. It
	// borrows as Data does.
	Lines []byte
}

// Span returns the bytes in the source of the half-open range of Data.
func (o Origin) Span(start, end int) (int64, int64) {
	if o.Lines != nil && o.Map == nil {
		// The byte after "\n" is one further on in the source for each "\n" before it.
		at := func(n int) int64 {
			n = min(max(n, 0), len(o.Lines))
			return o.Start + int64(n+bytes.Count(o.Lines[:n], newline))
		}
		if end <= start {
			return at(start), at(start)
		}
		return at(start), at(end-1) + 1
	}
	if o.Map == nil {
		return o.Start + int64(start), o.Start + int64(end)
	}
	if end <= start {
		s := o.Start + int64(o.Map.Logged(start))
		return s, s
	}
	// The last byte's place plus one: bytes that the log added after it belong to what follows. Of lines that are read from the end of the source the last stands first.
	first, last := o.Start+int64(o.Map.Logged(start)), o.Start+int64(o.Map.Logged(end-1))
	return min(first, last), max(first, last) + 1
}

var newline = []byte("\n")

// Record is one thing as one source saw it. Data, Label and Event's slices borrow the decoder's buffer: they hold until the
// next record is read from it, and whoever keeps them longer copies them.
type Record struct {
	Kind      Kind
	Direction Direction
	// Missing says that the source shows only a part of the message, and why; a decoder sets it where the source says so
	// itself (a snap length, "Part 01 of 02" without its second part). What can only be guessed from the message is left
	// to the rules.
	Missing Missing
	// Wrapped says that something broke the lines of the message in the source, at a column or between words; Data has them whole again.
	Wrapped bool
	// Form says in what form the source has the message, where that is not the message itself.
	Form Form
	// Escape is how the source shows the line ends of the message; Data has them as they were sent.
	Escape syslog.Escape
	// Shown: Data is as the source shows it after all, a message with its escapes, for whoever asked a decoder for that: much of it may never be looked at.
	// Escape.AppendUnescaped makes of it what Data is otherwise.
	Shown  bool
	Time   Time
	Origin Origin
	// Observer is the host that logged the record, as the source names it (often an address): "192.168.0.2". Empty: unknown.
	Observer []byte
	// Src and Dst are the transport addresses that the source states. In a device's log mostly one of them, or neither.
	Src, Dst Endpoint
	// SrcName and DstName are the names that the source gives the two ends ("Alice -> Proxy 1" in an RFC). Mostly empty.
	SrcName, DstName []byte
	// Label is the label that the source gives the message ("F1"). Mostly empty.
	Label []byte
	Data  []byte
	Event Event
}

// Missing says why a source shows only a part of a message.
type Missing uint8

const (
	// MissingNothing: as far as the source knows the message is whole.
	MissingNothing Missing = iota
	// MissingSnap: the capture kept only the first bytes of each packet (pcap snap length).
	MissingSnap
	// MissingPart: the device sent the message in parts and not all are here.
	MissingPart
	// MissingStream: bytes of the TCP stream are not in the capture.
	MissingStream
	// MissingFields: the header of the message before it has not ended where this one begins, and this one has none of the fields that every message has: they may both
	// be one message, and its first line a part of that.
	MissingFields
	// MissingRest: its body has fewer bytes than its Content-Length says, and where it would end a record of the log begins: what stands between looks like records, too.
	MissingRest
	// MissingBody: it is one of those, and may be a part of that body.
	MissingBody
	// MissingHead: only the start line was logged (the SPA's "1-line" option).
	MissingHead
)

// Form says in what form a source has a message.
type Form uint8

const (
	// FormText: as text, with its line ends or what Record.Escape says of them.
	FormText Form = iota
	// FormDots: as text in which each character that cannot be printed is a full stop (ngrep); Data has the line ends that they stood for.
	FormDots
	// FormHex: as hexadecimal digits.
	FormHex
	// FormSummary: as a line about the message (the list of packets that tshark prints), of which Data has the start line.
	FormSummary
)

// Event is what a device says beside SIP.
type Event struct {
	// Name is the catalogue name of the event: "off-hook", "on-hook", "calling" and so on (package spalog has the list).
	Name string
	// Line is the line of the device, from 1. 0: not said.
	Line int
	// Subject is what the event is about, such as the number called. Mostly empty.
	Subject []byte
}
