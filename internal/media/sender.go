package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/rtp"
)

// SenderConfig is how a stream is sent.
type SenderConfig struct {
	Codec Codec
	// PayloadType is what the answer chose for the codec; 0: its static one.
	PayloadType uint8
	// DigitType is the payload type of telephone-event; 0: the other end takes none.
	DigitType uint8
	// Ptime is the time that one packet holds (RFC 4566 §6, a=ptime), 10 to 200 ms. Default DefaultPtime.
	Ptime time.Duration
	// Source is what is sent. Nil, and when it has ended: silence.
	Source Source
	// Rand gives SSRC and the first sequence number and timestamp (RFC 3550 §5.1: they SHOULD be random).
	Rand io.Reader
}

// DefaultPtime is that of RFC 3551 §4.2 for these codecs; an SPA's is 30 ms (its parameter RTP Packet Size).
const DefaultPtime = 20 * time.Millisecond

// Bounds of Ptime. RFC 3551 §4.2 wants receivers to take up to 200 ms.
const (
	minPtime = 10 * time.Millisecond
	maxPtime = 200 * time.Millisecond
)

// maxLate is how late the driver may be and still gets each packet. Beyond, the packets that nobody sent in time are left out: their time
// passes in the timestamps, and no burst follows.
const maxLate = 200 * time.Millisecond

// Sender makes the RTP packets of one stream.
type Sender struct {
	c       SenderConfig
	frame   int // samples a packet
	header  rtp.Header
	due     time.Time
	pcm     []int16
	payload []byte
	marker  bool // the next audio packet begins a talkspurt (RFC 3551 §4.1)
	ended   bool

	queue   []queuedDigit
	current runningDigit

	packets, octets uint32
}

type queuedDigit struct {
	event  byte
	length int // samples
}

// runningDigit is the digit that is being sent.
type runningDigit struct {
	queuedDigit
	active    bool
	timestamp uint32 // when it began
	lasted    int
	finals    int // end packets sent
	pause     int // samples after it in which no other begins
}

// ErrDigits is the error of digits to an end that takes none.
var ErrDigits = errors.New("the other end takes no telephone-event")

// check fills in what is not set, and says what cannot be.
func (c *SenderConfig) check() error {
	if c.Ptime == 0 {
		c.Ptime = DefaultPtime
	}
	if c.Ptime < minPtime || c.Ptime > maxPtime {
		return fmt.Errorf("ptime of %v, want %v to %v", c.Ptime, minPtime, maxPtime)
	}
	if c.Codec.String() == "" {
		return fmt.Errorf("codec %d, want PCMU or PCMA", c.Codec)
	}
	if c.PayloadType == 0 {
		c.PayloadType = uint8(c.Codec)
	}
	if c.PayloadType > 127 || c.DigitType > 127 || c.DigitType == c.PayloadType && c.DigitType != 0 {
		return fmt.Errorf("payload types %d and %d, want two different up to 127", c.PayloadType, c.DigitType)
	}
	return nil
}

// change goes on with another codec, other payload types or another packet time: a description that changes within a call (RFC 3264 §8.3)
// is no new stream. Digits that wait for an end that takes none any more are dropped.
func (s *Sender) change(c SenderConfig) error {
	c.Source, c.Rand = s.c.Source, s.c.Rand
	if err := c.check(); err != nil {
		return err
	}
	if s.c = c; c.DigitType == 0 {
		s.queue, s.current = nil, runningDigit{}
	}
	s.frame = samples(c.Ptime)
	s.pcm = make([]int16, s.frame)
	return nil
}

// NewSender returns a Sender whose first packet is due now.
func NewSender(c SenderConfig, now time.Time) (*Sender, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var seed [10]byte
	if _, err := io.ReadFull(c.Rand, seed[:]); err != nil {
		return nil, fmt.Errorf("random start of a stream: %w", err)
	}
	s := &Sender{c: c, frame: samples(c.Ptime), due: now, marker: true}
	s.header = rtp.Header{Version: 2, SSRC: binary.BigEndian.Uint32(seed[:]), SequenceNumber: binary.BigEndian.Uint16(seed[4:]), Timestamp: binary.BigEndian.Uint32(seed[6:])}
	s.pcm = make([]int16, s.frame)
	return s, nil
}

// Next returns when the next packet is due.
func (s *Sender) Next() time.Time { return s.due }

// SSRC returns the identifier of the stream (RFC 3550 §5.1).
func (s *Sender) SSRC() uint32 { return s.header.SSRC }

// Ended reports whether the source has ended: what is sent since is silence.
func (s *Sender) Ended() bool { return s.ended }

// Play gives the sender another source, from the next packet on.
func (s *Sender) Play(source Source) {
	s.c.Source, s.ended, s.marker = source, false, true
}

// Dial queues digits, each for a time of 40 ms to 8 s (0: 100 ms), behind those that wait already.
func (s *Sender) Dial(digits string, each time.Duration) error {
	if s.c.DigitType == 0 {
		return ErrDigits
	}
	if each == 0 {
		each = 100 * time.Millisecond
	}
	if each < minDigit || each > maxDigit {
		return fmt.Errorf("a digit of %v, want %v to %v", each, minDigit, maxDigit)
	}
	events, err := parseDigits(digits)
	if err != nil {
		return err
	}
	if len(s.queue)+len(events) > maxQueued {
		return fmt.Errorf("%d digits, and %d wait; %d may wait at most", len(events), len(s.queue), maxQueued)
	}
	for _, e := range events {
		s.queue = append(s.queue, queuedDigit{e, samples(each)})
	}
	return nil
}

// Dialing reports whether digits wait or are being sent.
func (s *Sender) Dialing() bool { return s.current.active || len(s.queue) > 0 }

// AppendPacket appends the next packet if it is due, else nothing. The driver calls it until nothing is due.
func (s *Sender) AppendPacket(dst []byte, now time.Time) []byte {
	if now.Before(s.due) {
		return dst
	}
	if late := now.Sub(s.due); late > maxLate {
		s.resume(now)
	}
	s.due = s.due.Add(s.c.Ptime)
	h := s.header
	switch d := &s.current; {
	case d.active, d.pause <= 0 && len(s.queue) > 0:
		h = s.digit(h)
	default:
		d.pause -= s.frame
		h.PayloadType, h.Marker = s.c.PayloadType, s.marker
		s.marker = false
		s.read()
		s.payload = s.c.Codec.AppendEncoded(s.payload[:0], s.pcm)
	}
	s.header.SequenceNumber++
	s.header.Timestamp += uint32(s.frame)
	s.packets++
	s.octets += uint32(len(s.payload))

	n := len(dst)
	dst = append(dst, make([]byte, h.MarshalSize())...)
	if _, err := h.MarshalTo(dst[n:]); err != nil {
		return dst[:n] // cannot be: the header has no lists
	}
	return append(dst, s.payload...)
}

// resume goes on after a time in which nobody asked for packets: it passes in the timestamps.
func (s *Sender) resume(now time.Time) {
	if n := int64(now.Sub(s.due) / s.c.Ptime); n > 0 {
		s.due = s.due.Add(time.Duration(n) * s.c.Ptime)
		s.header.Timestamp += uint32(n) * uint32(s.frame)
	}
	s.marker = true
}

// read fills pcm from the source, and with silence behind its end.
func (s *Sender) read() {
	n := 0
	if s.c.Source != nil && !s.ended {
		n = min(max(s.c.Source.Read(s.pcm), 0), len(s.pcm))
		s.ended = n < len(s.pcm)
	}
	clear(s.pcm[n:])
}

// digit makes the payload of the next packet of the digit that is sent, or begins the next one. Its packets take the place of the audio and
// come at the same interval (RFC 4733 §2.5.1.2: "a natural interval"); the source waits.
func (s *Sender) digit(h rtp.Header) rtp.Header {
	d := &s.current
	if !d.active {
		*d = runningDigit{queuedDigit: s.queue[0], active: true, timestamp: h.Timestamp}
		s.queue = append(s.queue[:0], s.queue[1:]...)
		h.Marker = true // only the first packet of an event has it
	}
	// The first report says one interval already, since a duration of zero must not be sent (§2.3.5).
	d.lasted = min(d.lasted+s.frame, d.length)
	end := d.lasted == d.length
	h.PayloadType, h.Timestamp = s.c.DigitType, d.timestamp
	s.payload = digitEvent{event: d.event, end: end, duration: uint16(d.lasted)}.append(s.payload[:0])
	if end {
		if d.finals++; d.finals == finalPackets {
			d.active, d.pause = false, samples(digitPause)
			s.marker = true
		}
	}
	return h
}
