// Package hep is the Homer Encapsulation Protocol, by which capture agents and SIP servers hand copies of what they saw to a collector: HEP3 (also
// EEP) is read and written, HEP1 and HEP2 are read.
//
//	HEP3:  0      4        6                                             length
//	      ┌──────┬────────┬───────┬───────┬─────────────────────────────┐
//	      │"HEP3"│ length │ chunk │ chunk │ …                           │   length counts all of it
//	      └──────┴────────┴───────┴───────┴─────────────────────────────┘
//	chunk: 0        2      4        6
//	      ┌────────┬──────┬────────┬───────┐
//	      │ vendor │ type │ length │ data  │   length counts these 6 bytes too; numbers are big endian
//	      └────────┴──────┴────────┴───────┘
//
//	type of vendor 0                               type of vendor 0
//	 1 uint8  IP family: 2 IPv4, 10 IPv6           10 uint32 microseconds of the time
//	 2 uint8  IP protocol: 17 UDP, 6 TCP           11 uint8  what the payload is: 1 SIP, 5 RTCP, 100 log
//	 3 4 byte IPv4 source                          12 uint32 number of the capture agent
//	 4 4 byte IPv4 destination                     13 uint16 keep-alive timer
//	 5 16     IPv6 source                          14 bytes  authentication key
//	 6 16     IPv6 destination                     15 bytes  payload
//	 7 uint16 source port                          16 bytes  payload, compressed (gzip or zlib)
//	 8 uint16 destination port                     17 bytes  correlation id
//	 9 uint32 seconds of the time, since 1970      18 uint16 VLAN
//
//	HEP2:  0   1    2    3    4      6      8                  16 (40)      28 (52)
//	      ┌───┬────┬────┬────┬──────┬──────┬──────────────────┬────────────┬─────────
//	      │ 2 │ 16 │ fam│ IP │ sport│ dport│ source, dest.    │ time       │ payload   big endian, but for the time:
//	      └───┴────┴────┴────┴──────┴──────┴──────────────────┴────────────┴─────────
//	time: seconds, microseconds (4 bytes each), capture agent (2), padding (2), as a little-endian machine has them in memory. HEP1 has no time. The
//	second byte is the length up to the time, or should be.
//
// Nothing is copied: what Parse gives are parts of the datagram. The specification lies, as PDF, in github.com/sipcapture/HEP; the tables here are
// as the documentation of other programs has them, and checked with what sngrep 1.6.0 sends (testdata).
package hep

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Kind says what the payload is (chunk 11).
type Kind uint8

const (
	KindUnknown Kind = 0
	SIP         Kind = 1
	RTCP        Kind = 5   // as JSON
	Log         Kind = 100 // a line of a log
)

// Numbers of Packet.Protocol, as in an IP header.
const (
	TCP  = 6
	UDP  = 17
	TLS  = 22 // not TLS in an IP header, but agents have no other number for it
	SCTP = 132
)

// Numbers of Packet.Family.
const (
	IPv4 = 2
	IPv6 = 10
)

// Limits of what is read and written.
const (
	// MaxPacket is what the length of HEP3 can count.
	MaxPacket = 1<<16 - 1
	maxOthers = 1024 // chunks that are kept as they are; each takes at least 6 bytes of a packet
)

// Packet is what an agent says of one message. The zero value of a field means that the packet does not tell it, or tells zero.
type Packet struct {
	Version  uint8 // 1, 2 or 3; what is written is 3
	Family   uint8 // IPv4 or IPv6; 0 when writing: that of the addresses
	Protocol uint8
	Kind     Kind
	// Source and Destination of the message, not of the packet. An address that is not told is not valid; its port may be told all the same.
	Source, Destination netip.AddrPort
	// Seconds since 1970 and Microseconds; Time joins them.
	Seconds, Microseconds uint32
	Agent                 uint32
	KeepAlive             uint16
	VLAN                  uint16
	AuthKey               []byte
	CorrelationID         []byte
	Payload               []byte
	// Compressed: Payload is compressed.
	Compressed bool
	// Others are the chunks that stand in no field: of other vendors, of other types, repeated ones, those of a wrong size.
	Others []Chunk

	seen uint32 // bit t: there was a chunk of type t
}

// Chunk is a chunk as it is.
type Chunk struct {
	Vendor, Type uint16
	Data         []byte
}

const (
	chunkFamily = 1 + iota
	chunkProtocol
	chunkSource4
	chunkDestination4
	chunkSource6
	chunkDestination6
	chunkSourcePort
	chunkDestinationPort
	chunkSeconds
	chunkMicroseconds
	chunkKind
	chunkAgent
	chunkKeepAlive
	chunkAuthKey
	chunkPayload
	chunkCompressed
	chunkCorrelationID
	chunkVLAN
	chunkTypes
)

// sizes are the sizes of the data of the chunks that have one.
var sizes = [chunkTypes]int{
	chunkFamily: 1, chunkProtocol: 1, chunkSource4: 4, chunkDestination4: 4, chunkSource6: 16, chunkDestination6: 16,
	chunkSourcePort: 2, chunkDestinationPort: 2, chunkSeconds: 4, chunkMicroseconds: 4, chunkKind: 1, chunkAgent: 4,
	chunkKeepAlive: 2, chunkVLAN: 2,
}

// Time returns the time; false if there is none.
func (p *Packet) Time() (time.Time, bool) {
	if p.Seconds == 0 && p.Microseconds == 0 {
		return time.Time{}, false
	}
	return time.Unix(int64(p.Seconds), int64(p.Microseconds)*1000).UTC(), true
}

// SetTime sets the time, cut to microseconds; the zero time and what the 32 bits of the seconds cannot hold is none.
func (p *Packet) SetTime(t time.Time) {
	p.Seconds, p.Microseconds = 0, 0
	if s := t.Unix(); s >= 0 && s < 1<<32 {
		p.Seconds, p.Microseconds = uint32(s), uint32(t.Nanosecond()/1000)
	}
}

// Error tells what is wrong with a packet, and where.
type Error struct {
	Offset int
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("hep: %s at byte %d", e.Text, e.Offset) }

// Recognise reports whether data begins like a packet of HEP1, 2 or 3. HEP1 and HEP2 have no mark; an address family and a transport have to
// do.
func Recognise(data []byte) bool {
	switch {
	case len(data) < 8:
		return false
	case string(data[:4]) == "HEP3":
		return true
	case data[0] != 1 && data[0] != 2, data[2] != IPv4 && !isIPv6(data[2]):
		return false
	}
	return data[3] == UDP || data[3] == TCP || data[3] == TLS || data[3] == SCTP
}

// Frame returns the length of the HEP3 packet that a stream goes on with; 0: it cannot be told yet. A stream that does not go on with one has lost
// its framing, which is an error: the connection is good for nothing any more.
func Frame(data []byte) (int, error) {
	const magic = "HEP3"
	for i := range min(len(data), len(magic)) {
		if data[i] != magic[i] {
			return 0, &Error{i, "the stream does not go on with HEP3"}
		}
	}
	if len(data) < 6 {
		return 0, nil
	}
	n := int(binary.BigEndian.Uint16(data[4:]))
	if n < 6 {
		return 0, &Error{4, fmt.Sprintf("a packet of %d bytes, its own header has 6", n)}
	}
	return n, nil
}
