package media

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// StreamConfig is one m= line of a call, as offer and answer made it.
type StreamConfig struct {
	Send    SenderConfig
	Receive ReceiverConfig
	// Muted: the direction of the answer lets nothing be sent (a=recvonly or inactive, RFC 3264 §6.1). RTCP goes all the same.
	Muted bool
	// CNAME names this end in RTCP (RFC 3550 §6.5.1).
	CNAME string
}

// Stream is one audio stream of a call: what is sent, what is received, and the reports of both.
type Stream struct {
	*Sender
	*Receiver
	c       StreamConfig
	rand    io.Reader
	rtcpDue time.Time
	buf     []byte
	remote  Remote
}

// Remote is what the other end said of the stream in RTCP.
type Remote struct {
	Reports int64
	// Reception is its last report on what we sent; Reported says that there is one.
	Reception Reception
	Reported  bool
	// Sent is its last count of what it sent, nil if it said none.
	Sent *SenderInfo
	// RoundTrip is the last that its reports gave (§6.4.1, figure 2); 0: not known.
	RoundTrip time.Duration
	CNAME     string
	Bye       bool
	// Malformed counts what came to the port of RTCP and was none.
	Malformed int64
}

// NewStream returns a stream whose first packet is due now.
func NewStream(c StreamConfig, now time.Time) (*Stream, error) {
	if len(c.CNAME) > 255 {
		return nil, fmt.Errorf("a CNAME of %d bytes, want at most 255", len(c.CNAME)) // §6.5: one byte of length
	}
	s, err := NewSender(c.Send, now)
	if err != nil {
		return nil, err
	}
	stream := &Stream{Sender: s, Receiver: NewReceiver(c.Receive), c: c, rand: c.Send.Rand}
	interval, err := stream.interval()
	stream.rtcpDue = now.Add(interval / 2) // the first comes after half the time (§6.2)
	return stream, err
}

// reportInterval is the least time between two reports (§6.2): with two ends, the share of the bandwidth allows no less.
const reportInterval = 5 * time.Second

// interval returns the time until the next report: random between half and one and a half of the least, divided by e − 3/2 (§6.3.1).
func (s *Stream) interval() (time.Duration, error) {
	var b [4]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		return reportInterval, fmt.Errorf("random interval of RTCP: %w", err)
	}
	f := 0.5 + float64(binary.BigEndian.Uint32(b[:]))/(1<<32)
	return time.Duration(f * float64(reportInterval) / 1.21828), nil
}

// Next returns when the next packet is due.
func (s *Stream) Next() time.Time {
	if due := s.Sender.Next(); !s.c.Muted && due.Before(s.rtcpDue) {
		return due
	}
	return s.rtcpDue
}

// Mute lets nothing be sent any more, or again.
func (s *Stream) Mute(muted bool, now time.Time) {
	if s.c.Muted && !muted {
		s.resume(now)
	}
	s.c.Muted = muted
}

// Wake hands every packet that is due to rtp or to rtcp. They do not keep it.
func (s *Stream) Wake(now time.Time, rtp, rtcp func([]byte)) {
	for !s.c.Muted {
		s.buf = s.AppendPacket(s.buf[:0], now)
		if len(s.buf) == 0 {
			break
		}
		rtp(s.buf)
	}
	if !now.Before(s.rtcpDue) {
		if s.buf = s.appendReport(s.buf[:0], now, false); len(s.buf) > 0 {
			rtcp(s.buf)
		}
		interval, err := s.interval()
		if err != nil {
			interval = reportInterval // no chance left: then without it
		}
		s.rtcpDue = now.Add(interval)
	}
}

// AppendBye appends the last report, with BYE (§6.6).
func (s *Stream) AppendBye(dst []byte, now time.Time) []byte { return s.appendReport(dst, now, true) }

// appendReport appends an SR, or an RR while nothing was sent.
func (s *Stream) appendReport(dst []byte, now time.Time, bye bool) []byte {
	r := Report{SSRC: s.SSRC(), CNAME: s.c.CNAME, Bye: bye}
	if s.packets > 0 {
		r.Sender = s.info(now)
	}
	if b, ok := s.reception(now); ok {
		r.Blocks = []Reception{b}
	}
	dst, err := AppendReport(dst, &r)
	if err != nil {
		return dst // cannot be: all of it is within the limits
	}
	return dst
}

// ReceiveReport takes an RTCP packet that arrived now.
func (s *Stream) ReceiveReport(now time.Time, b []byte) error {
	r, err := ParseReport(b)
	if err != nil {
		s.remote.Malformed++
		return err
	}
	s.remote.Reports++
	if r.CNAME != "" {
		s.remote.CNAME = r.CNAME
	}
	s.remote.Bye = s.remote.Bye || r.Bye
	if r.Sender != nil {
		s.remote.Sent = r.Sender
		if r.SSRC == s.ssrc || !s.set {
			s.sender = senderReport{set: true, lsr: middle(r.Sender.NTP), at: now}
		}
	}
	for _, block := range r.Blocks {
		if block.SSRC != s.SSRC() {
			continue
		}
		s.remote.Reception, s.remote.Reported = block, true
		if block.LastSR != 0 {
			// A − LSR − DLSR, modulo 2^32; more than half of that is a report from the future.
			if rtt := int32(middle(ntp(now)) - block.LastSR - block.Delay); rtt >= 0 {
				s.remote.RoundTrip = time.Duration(rtt) * time.Second / 65536
			}
		}
	}
	return nil
}

// Remote returns what the other end said so far.
func (s *Stream) Remote() Remote { return s.remote }

// Sent returns how many packets were sent, and octets of payload in them.
func (s *Stream) Sent() (packets, octets int64) { return int64(s.packets), int64(s.octets) }
