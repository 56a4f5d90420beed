package media

import (
	"errors"
	"fmt"
	"time"

	"github.com/pion/rtcp"
)

// Report is what one RTCP packet says of a stream: the compound of SR or RR, SDES and BYE (RFC 3550 §6.1).
type Report struct {
	SSRC   uint32
	Sender *SenderInfo // nil: an RR
	Blocks []Reception
	CNAME  string
	Bye    bool
	Reason string // of the BYE
}

// SenderInfo is the sender's part of an SR (RFC 3550 §6.4.1).
type SenderInfo struct {
	NTP             uint64 // seconds since 1900, 32.32
	Timestamp       uint32 // the same time in RTP
	Packets, Octets uint32
}

// Reception is a reception report block (RFC 3550 §6.4.1).
type Reception struct {
	SSRC         uint32
	FractionLost uint8
	Lost         int32 // 24 bits, signed
	Highest      uint32
	Jitter       uint32 // in samples
	LastSR       uint32
	Delay        uint32 // since, in 1/65536 s
}

// ErrRTCP is the error of a packet that is no RTCP of ours.
var ErrRTCP = errors.New("not an RTCP packet")

// maxRTCP bounds a compound packet, in bytes: what fits into one frame of Ethernet.
const maxRTCP = 1472

// IsRTCP reports whether a packet is RTCP and not RTP, where both come to one port (RFC 5761 §4).
func IsRTCP(b []byte) bool { return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

// AppendReport appends a compound packet: SR or RR, SDES with the CNAME (§6.1: "MUST be included in each"), and BYE.
func AppendReport(dst []byte, r *Report) ([]byte, error) {
	var blocks []rtcp.ReceptionReport
	for _, b := range r.Blocks {
		blocks = append(blocks, rtcp.ReceptionReport{SSRC: b.SSRC, FractionLost: b.FractionLost, TotalLost: uint32(clampLost(int64(b.Lost))) & 0xFFFFFF,
			LastSequenceNumber: b.Highest, Jitter: b.Jitter, LastSenderReport: b.LastSR, Delay: b.Delay})
	}
	var packets []rtcp.Packet
	if s := r.Sender; s != nil {
		packets = append(packets, &rtcp.SenderReport{SSRC: r.SSRC, NTPTime: s.NTP, RTPTime: s.Timestamp, PacketCount: s.Packets, OctetCount: s.Octets, Reports: blocks})
	} else {
		packets = append(packets, &rtcp.ReceiverReport{SSRC: r.SSRC, Reports: blocks})
	}
	packets = append(packets, rtcp.NewCNAMESourceDescription(r.SSRC, r.CNAME))
	if r.Bye {
		packets = append(packets, &rtcp.Goodbye{Sources: []uint32{r.SSRC}, Reason: r.Reason})
	}
	b, err := rtcp.Marshal(packets)
	if err != nil {
		return dst, fmt.Errorf("RTCP: %w", err)
	}
	return append(dst, b...), nil
}

// ParseReport reads a compound packet. It must be valid as §A.2 has it: version 2, SR or RR first, and lengths that add up. What is
// not SR, RR, SDES or BYE in it is passed over.
func ParseReport(b []byte) (Report, error) {
	var r Report
	if len(b) > maxRTCP {
		return r, fmt.Errorf("%w: %d bytes", ErrRTCP, len(b))
	}
	if !IsRTCP(b) || b[1] != 200 && b[1] != 201 {
		return r, ErrRTCP
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrRTCP, err)
	}
	for i, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if i == 0 {
				r.SSRC = p.SSRC
			}
			if p.SSRC == r.SSRC {
				r.Sender = &SenderInfo{NTP: p.NTPTime, Timestamp: p.RTPTime, Packets: p.PacketCount, Octets: p.OctetCount}
			}
			r.blocks(p.Reports)
		case *rtcp.ReceiverReport:
			if i == 0 {
				r.SSRC = p.SSRC
			}
			r.blocks(p.Reports)
		case *rtcp.SourceDescription:
			for _, c := range p.Chunks {
				for _, item := range c.Items {
					if c.Source == r.SSRC && item.Type == rtcp.SDESCNAME {
						r.CNAME = item.Text
					}
				}
			}
		case *rtcp.Goodbye:
			for _, s := range p.Sources {
				if s == r.SSRC {
					r.Bye, r.Reason = true, p.Reason
				}
			}
		}
	}
	return r, nil
}

func (r *Report) blocks(reports []rtcp.ReceptionReport) {
	for _, b := range reports {
		r.Blocks = append(r.Blocks, Reception{SSRC: b.SSRC, FractionLost: b.FractionLost, Lost: int32(b.TotalLost<<8) >> 8,
			Highest: b.LastSequenceNumber, Jitter: b.Jitter, LastSR: b.LastSenderReport, Delay: b.Delay})
	}
}

// clampLost keeps a number of lost packets within 24 bits (§A.3).
func clampLost(n int64) int32 { return int32(min(max(n, -0x800000), 0x7FFFFF)) }

// ntp returns a time as NTP has it (RFC 3550 §4).
func ntp(t time.Time) uint64 {
	const from1900to1970 = 2208988800
	return uint64(t.Unix()+from1900to1970)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// middle returns the middle 32 bits of an NTP time, which count 1/65536 s.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }

// expectation is what was expected and received when the last report was made (§A.3).
type expectation struct{ expected, received int64 }

// senderReport is the last SR that came.
type senderReport struct {
	set bool
	lsr uint32
	at  time.Time
}

// info returns the sender's part of a report made now.
func (s *Sender) info(now time.Time) *SenderInfo {
	// The timestamp of now, not of the last packet: that of the next is due at s.due.
	ahead := int64(now.Sub(s.due)) * SampleRate / int64(time.Second)
	return &SenderInfo{NTP: ntp(now), Timestamp: s.header.Timestamp + uint32(ahead), Packets: s.packets, Octets: s.octets}
}

// reception returns the block of a report made now; none if nothing came.
func (r *Receiver) reception(now time.Time) (Reception, bool) {
	if !r.set {
		return Reception{}, false
	}
	expected, received := r.seq.expected(), r.seq.received
	interval, lost := expected-r.lastReport.expected, (expected-r.lastReport.expected)-(received-r.lastReport.received)
	r.lastReport = expectation{expected, received}
	b := Reception{SSRC: r.ssrc, Lost: clampLost(expected - received), Highest: uint32(r.seq.highest()), Jitter: uint32(min(r.jitter.j, 1<<32-1))}
	if interval > 0 && lost > 0 {
		b.FractionLost = uint8(min(lost<<8/interval, 255))
	}
	if r.sender.set {
		b.LastSR = r.sender.lsr
		b.Delay = uint32(min(max(int64(now.Sub(r.sender.at))*65536/int64(time.Second), 0), 1<<32-1))
	}
	return b, true
}
