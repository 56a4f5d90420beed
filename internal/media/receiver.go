package media

import (
	"errors"
	"time"

	"github.com/pion/rtp"
)

// ReceiverConfig is how a stream is received.
type ReceiverConfig struct {
	// Codecs are the payload types that the answer has, each with its codec. Nil: the static ones.
	Codecs map[uint8]Codec
	// DigitType is the payload type of telephone-event; 0: none.
	DigitType uint8
	// Sink takes the sound; nil: nobody listens.
	Sink Sink
	// Digit is told of each digit or other event as it begins, also of those that are not kept; nil: nobody is.
	Digit func(Digit)
}

// Receiver counts the RTP packets of one stream and takes sound and digits out of them.
//
// A stream is known by its SSRC. Another one takes over when two packets in sequence have come of it (RFC 3550 §A.1): a phone that starts
// anew, or a gateway that moves the call on, changes it; a packet that somebody throws in does not.
type Receiver struct {
	c   ReceiverConfig
	seq sequence
	// The stream that may take over.
	newSSRC uint32
	newSeq  uint16
	newSet  bool
	expect  bool // another stream takes over with its first packet

	set    bool
	ssrc   uint32
	stats  Stats
	digits digits
	pcm    []int16
	packet rtp.Packet

	jitter, audioJitter jitter
	begun               bool // base is set
	lastTimestamp       uint32
	position            int64 // of lastTimestamp in the sound
	lastReport          expectation
	sender              senderReport
}

// Stats are the counts of a stream that was received.
type Stats struct {
	SSRC    uint32
	Packets int64 // of RTP, duplicates too
	Octets  int64 // of their payloads
	// Lost is how many never came, so far; Duplicates came more than once; Reordered came after one with a higher sequence number.
	Lost, Duplicates, Reordered int64
	// Jitter is the interarrival jitter of the sound (RFC 3550 §A.8); MaxJitter the highest that it was.
	Jitter, MaxJitter time.Duration
	First, Last       time.Time // arrival
	// Foreign are packets of another SSRC that did not take over; UnknownType had a payload type that was not agreed on; Malformed were no RTP;
	// Unlikely had a sequence number far from the last one.
	Foreign, UnknownType, Malformed, Unlikely int64
	// Restarts counts how often the sequence began anew or another SSRC took over.
	Restarts int64
	Digits   int64 // digits and other events beyond those that are kept
}

// ErrRTP is the error of a packet that is no RTP of version 2.
var ErrRTP = errors.New("not an RTP packet")

// maxJump is how far ahead of what came last a timestamp may place its sound, in samples: a minute. Beyond, the place is taken to follow the last.
const maxJump = 60 * SampleRate

// NewReceiver returns a Receiver.
func NewReceiver(c ReceiverConfig) *Receiver {
	if c.Codecs == nil {
		c.Codecs = map[uint8]Codec{uint8(PCMU): PCMU, uint8(PCMA): PCMA}
	}
	return &Receiver{c: c, digits: digits{begun: c.Digit}}
}

// change goes on with other payload types. moved: the other end has said that it sends from elsewhere now, so that another stream is no
// surprise.
func (r *Receiver) change(codecs map[uint8]Codec, digitType uint8, moved bool) {
	r.c.Codecs, r.c.DigitType = codecs, digitType
	r.expect = r.expect || moved
}

// Receive takes a packet that arrived now. The error is ErrRTP; whatever else is odd is counted. b is not kept.
func (r *Receiver) Receive(now time.Time, b []byte) error {
	p := &r.packet
	p.CSRC, p.Extensions = p.CSRC[:0], p.Extensions[:0]
	if len(b) < 12 || b[0]>>6 != 2 || p.Unmarshal(b) != nil {
		r.stats.Malformed++
		return ErrRTP
	}
	if r.set && p.SSRC != r.ssrc && !r.takesOver(p) {
		r.stats.Foreign++
		return nil
	}
	if !r.set {
		r.begin(p)
	}
	switch r.seq.add(p.SequenceNumber) {
	case sequenceUnlikely:
		r.stats.Unlikely++
		return nil
	case sequenceRestart:
		r.stats.Restarts++
		r.lastReport = expectation{}
		r.jitter.set, r.audioJitter.set, r.begun = false, false, false
	case sequenceDuplicate:
		r.stats.Duplicates++
		r.count(now, len(p.Payload))
		return nil
	case sequenceLate:
		r.stats.Reordered++
	}
	r.count(now, len(p.Payload))
	// All packets count for the report (RFC 4733 §2.5.2.2: "based on all packets with a given timestamp"); those of a digit have the time at which it
	// began, so that what is told to people is of the sound alone.
	r.jitter.add(now, p.Timestamp)
	if p.PayloadType == r.c.DigitType && r.c.DigitType != 0 {
		r.digits.packet(p.Timestamp, p.Payload)
		return nil
	}
	codec, ok := r.c.Codecs[p.PayloadType]
	if !ok {
		r.stats.UnknownType++
		return nil
	}
	r.audioJitter.add(now, p.Timestamp)
	r.stats.Jitter = r.audioJitter.duration()
	r.stats.MaxJitter = max(r.stats.MaxJitter, r.stats.Jitter)
	r.sound(codec, p)
	return nil
}

func (r *Receiver) count(now time.Time, octets int) {
	if r.stats.Packets == 0 {
		r.stats.First = now
	}
	r.stats.Last = now
	r.stats.Packets++
	r.stats.Octets += int64(octets)
}

// begin makes the stream of a packet the one that is received.
func (r *Receiver) begin(p *rtp.Packet) {
	r.set, r.newSet, r.expect = true, false, false
	r.ssrc, r.stats.SSRC = p.SSRC, p.SSRC
	r.seq.restart(p.SequenceNumber)
	r.jitter.set, r.audioJitter.set, r.begun = false, false, false
	r.lastReport = expectation{}
	r.sender = senderReport{}
	r.digits.recent = [recentDigits]recentDigit{} // its timestamps are its own
}

// takesOver reports whether the stream of a packet with another SSRC is now the one that is received.
func (r *Receiver) takesOver(p *rtp.Packet) bool {
	if r.expect || r.newSet && r.newSSRC == p.SSRC && p.SequenceNumber == r.newSeq+1 {
		r.stats.Restarts++
		r.begin(p)
		return true
	}
	r.newSSRC, r.newSeq, r.newSet = p.SSRC, p.SequenceNumber, true
	return false
}

// sound decodes a payload and gives it to the sink, at the place that its timestamp says.
func (r *Receiver) sound(codec Codec, p *rtp.Packet) {
	if r.c.Sink == nil {
		return
	}
	at := r.position
	if r.begun {
		step := int64(int32(p.Timestamp - r.lastTimestamp))
		if at += step; step > maxJump || step < -maxJump {
			at = r.position
		}
	}
	r.pcm = codec.AppendDecoded(r.pcm[:0], p.Payload)
	r.c.Sink.Audio(at, r.pcm)
	if !r.begun || at >= r.position {
		r.begun, r.lastTimestamp, r.position = true, p.Timestamp, at
	}
}

// Stats returns the counts so far.
func (r *Receiver) Stats() Stats {
	s := r.stats
	s.Lost = r.seq.lost()
	s.Digits = r.digits.dropped
	return s
}

// Digits returns the digits and other events that came, the first 256.
func (r *Receiver) Digits() []Digit { return r.digits.all }

// DigitString returns the digits alone, in one string.
func (r *Receiver) DigitString() string { return r.digits.String() }
