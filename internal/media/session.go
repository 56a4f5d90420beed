package media

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"time"
)

// Session is this end of an RTP session (RFC 3550 §3): the stream of a call, with whom it is had and what is let in. It begins when its port is
// open, and is silent until Describe says what offer and answer have come to.
//
//	open ──▶ packets are held ── Describe ──▶ sent and received ── Describe ──▶ elsewhere, or held ──▶ Close: Counts
//
// What is let in comes from the address that the other side named, and nothing else does. A packet that comes before the other side has named
// one (the answer is slower than the sound) is held, and looked at when it has.
//
// Symmetric is for an other side behind a NAT, which names an address that is not the one that its packets come from: then whoever sends three
// packets in sequence of an agreed payload type to the port, while the named address is silent, is taken for the other side, once a
// description, and is sent the sound. That is how NATs are passed, and also how a stranger gets the sound of a call by spraying ports
// ("RTP bleed"); so it is off unless somebody wants it.
type Session struct {
	c      SessionConfig
	stream *Stream
	d      Description
	closed bool

	learned netip.AddrPort // where the other side really is, if it is not where it says
	named   bool           // the named address was heard of
	probe   probation
	// What comes from the address before a change is on its way still until moved.
	before     netip.AddrPort
	beforeRTCP netip.AddrPort
	moved      time.Time

	held   []heldPacket
	counts Counts
}

// SessionConfig is what a session is opened with.
type SessionConfig struct {
	// Source is what is sent, nil: silence; Sink gets what comes, nil: nobody listens.
	Source Source
	Sink   Sink
	// StopAtEnd: nothing is sent when the source has ended, where else it would be silence (an SPA's Silence Supp Enable).
	StopAtEnd bool
	// Symmetric sends to where packets come from if nothing comes from where the other side says that it is.
	Symmetric bool
	// Digit is told each key that the other side presses.
	Digit func(key byte)
	CNAME string
	Rand  io.Reader
}

// Description is what offer and answer have come to (RFC 3264).
type Description struct {
	// Remote is where the other side takes RTP, RemoteRTCP where it takes reports; not valid: nowhere.
	Remote, RemoteRTCP netip.AddrPort
	// What is sent: the codec, its payload type, that of telephone-event (0: the other side takes none), and the time a packet holds.
	Codec                  Codec
	PayloadType, DigitType uint8
	Ptime                  time.Duration
	// What is received: payload types and their codecs, and that of telephone-event.
	Codecs        map[uint8]Codec
	ReceiveDigits uint8
	// Send and Receive are what the direction allows (a=sendrecv, sendonly, recvonly, inactive).
	Send, Receive bool
}

// Counts are what a session has come to.
type Counts struct {
	Sent, SentOctets int64
	Received         Stats
	Remote           Remote
	Codec            Codec
	// Played: the source has come to its end.
	Played bool
	// Strangers are packets from an address that is not the other side's. Refused are too large, RTCP at the port of RTP, or too many before
	// the answer. Unwanted came while this side had said that it takes none.
	Strangers, Refused, Unwanted int64
	// Learned is where the other side was found to be, if not where it said.
	Learned      netip.AddrPort
	Began, Ended time.Time
}

// Limits of what is let in.
const (
	// MaxPacket is the largest packet that is looked at, in bytes: what Ethernet carries. 200 ms of G.711 would be 1,612, and nobody sends that.
	MaxPacket = 1500
	// maxHeld is how many packets wait for the answer: a second and more.
	maxHeld = 64
	// afterMove is how long packets from the address before a change may be on their way.
	afterMove = time.Second
	// proof is how many packets in sequence a stranger must send to be taken for the other side.
	proof = 3
)

// Errors of sessions.
var (
	ErrSessionClosed = errors.New("the session has ended")
	ErrNotDescribed  = errors.New("the session has no answer yet")
)

type heldPacket struct {
	at   time.Time
	from netip.AddrPort
	data []byte
}

// probation is a stranger that may be the other side.
type probation struct {
	from netip.AddrPort
	ssrc uint32
	next uint16
	n    int
}

// NewSession returns a session that waits for its description.
func NewSession(c SessionConfig, now time.Time) *Session {
	return &Session{c: c, counts: Counts{Began: now}}
}

// reachable returns an address if packets may be sent there: one host's, and a port. A description may name anything, and whoever can be named
// can be flooded.
func reachable(a netip.AddrPort) netip.AddrPort {
	ip := a.Addr().Unmap()
	if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || a.Port() == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, a.Port())
}

// Describe begins the stream, or changes it.
func (s *Session) Describe(now time.Time, d Description) error {
	if s.closed {
		return ErrSessionClosed
	}
	d.Remote, d.RemoteRTCP = reachable(d.Remote), reachable(d.RemoteRTCP)
	send := SenderConfig{Codec: d.Codec, PayloadType: d.PayloadType, DigitType: d.DigitType, Ptime: d.Ptime, Source: s.c.Source, Rand: s.c.Rand}
	if s.stream == nil {
		stream, err := NewStream(StreamConfig{Send: send, Receive: ReceiverConfig{Codecs: d.Codecs, DigitType: d.ReceiveDigits, Sink: (*ear)(s), Digit: s.digit},
			Muted: true, CNAME: s.c.CNAME}, now)
		if err != nil {
			return err
		}
		s.stream = stream
	} else {
		if err := s.stream.Sender.change(send); err != nil {
			return err
		}
		moved := d.Remote.IsValid() && s.d.Remote.IsValid() && d.Remote != s.d.Remote
		s.stream.Receiver.change(d.Codecs, d.ReceiveDigits, moved)
		if moved {
			s.before, s.beforeRTCP, s.moved = s.peer(), s.d.RemoteRTCP, now.Add(afterMove)
			s.learned, s.named, s.probe = netip.AddrPort{}, false, probation{}
		}
	}
	if !d.Remote.IsValid() && s.d.Remote.IsValid() {
		d.Remote, d.RemoteRTCP, d.Send = s.d.Remote, s.d.RemoteRTCP, false // "hold" of RFC 2543: it is still there
	}
	s.d = d
	s.mute(now)
	if d.Remote.IsValid() {
		held := s.held
		s.held = nil
		for _, p := range held {
			s.receive(p.at, p.from, p.data)
		}
	}
	return nil
}

// mute lets the stream send what it may.
func (s *Session) mute(now time.Time) {
	over := s.c.StopAtEnd && s.stream.Ended() && !s.stream.Dialing()
	s.stream.Mute(!s.d.Send || !s.d.Remote.IsValid() || over, now)
}

// peer returns where RTP is sent.
func (s *Session) peer() netip.AddrPort {
	if s.learned.IsValid() {
		return s.learned
	}
	return s.d.Remote
}

// peerRTCP returns where reports are sent.
func (s *Session) peerRTCP() netip.AddrPort {
	if s.learned.IsValid() && s.learned.Port() < 65535 {
		return netip.AddrPortFrom(s.learned.Addr(), s.learned.Port()+1)
	}
	return s.d.RemoteRTCP
}

// ear is the sink and the ear for digits of a session: what comes is heard if the direction says so.
type ear Session

// Audio implements Sink.
func (e *ear) Audio(at int64, pcm []int16) {
	if e.d.Receive && e.c.Sink != nil {
		e.c.Sink.Audio(at, pcm)
	}
}

func (s *Session) digit(d Digit) {
	if s.d.Receive && s.c.Digit != nil && int(d.Event) < len(digitNames) {
		s.c.Digit(digitNames[d.Event])
	}
}

// Receive takes a packet that came to the port of RTP or RTCP. It is not kept.
func (s *Session) Receive(now time.Time, rtcp bool, from netip.AddrPort, b []byte) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	switch {
	case s.closed:
	case len(b) > MaxPacket, !rtcp && IsRTCP(b):
		s.counts.Refused++
	case rtcp && (s.stream == nil || !s.reports(now, from)):
		s.counts.Strangers++
	case rtcp:
		_ = s.stream.ReceiveReport(now, b) // what is none is counted
	case s.stream == nil || !s.d.Remote.IsValid():
		if len(s.held) == maxHeld {
			s.counts.Refused++
			return
		}
		s.held = append(s.held, heldPacket{now, from, append([]byte(nil), b...)})
	default:
		s.receive(now, from, b)
	}
}

func (s *Session) receive(now time.Time, from netip.AddrPort, b []byte) {
	if !s.admits(now, from, b) {
		s.counts.Strangers++
		return
	}
	if !s.d.Receive {
		s.counts.Unwanted++ // and counted as received, so that it is not missed as lost
	}
	_ = s.stream.Receive(now, b) // what is none is counted
}

// admits reports whether RTP from an address is the other side's.
func (s *Session) admits(now time.Time, from netip.AddrPort, b []byte) bool {
	switch {
	case from == s.d.Remote:
		s.named, s.learned = true, netip.AddrPort{} // it is where it says, so nobody else is
		return true
	case from == s.learned, from == s.before && now.Before(s.moved):
		return true
	case !s.c.Symmetric || s.named || s.learned.IsValid() || !s.proves(from, b):
		return false
	}
	s.learned, s.counts.Learned = from, from
	return true
}

// reports reports whether RTCP from an address is the other side's. Where its RTP was found elsewhere than it said, its reports come from
// some port there.
func (s *Session) reports(now time.Time, from netip.AddrPort) bool {
	return from == s.d.RemoteRTCP || s.learned.IsValid() && from.Addr() == s.learned.Addr() || from == s.beforeRTCP && now.Before(s.moved)
}

// proves takes a packet of a stranger and reports whether it has sent enough to be believed.
func (s *Session) proves(from netip.AddrPort, b []byte) bool {
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	if _, ok := s.d.Codecs[b[1]&0x7f]; !ok {
		return false
	}
	seq, ssrc := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[8:])
	if p := &s.probe; p.n == 0 || p.from != from || p.ssrc != ssrc || p.next != seq {
		*p = probation{from: from, ssrc: ssrc}
	}
	s.probe.n, s.probe.next = s.probe.n+1, seq+1
	return s.probe.n >= proof
}

// Dial sends digits by RFC 4733: ErrDigits if the other side takes none, or may not be sent anything now.
func (s *Session) Dial(now time.Time, digits string, each time.Duration) error {
	switch {
	case s.closed:
		return ErrSessionClosed
	case s.stream == nil:
		return ErrNotDescribed
	case !s.d.Send || !s.d.Remote.IsValid():
		return ErrDigits
	}
	err := s.stream.Dial(digits, each)
	s.mute(now)
	return err
}

// Next returns when Wake has something to do; the zero time: never.
func (s *Session) Next() time.Time {
	if s.closed || s.stream == nil {
		return time.Time{}
	}
	return s.stream.Next()
}

// Wake hands every packet that is due to send, which does not keep it.
func (s *Session) Wake(now time.Time, send func(rtcp bool, to netip.AddrPort, b []byte)) {
	if s.closed || s.stream == nil {
		return
	}
	s.stream.Wake(now, func(b []byte) { send(false, s.peer(), b) }, func(b []byte) {
		if to := s.peerRTCP(); to.IsValid() {
			send(true, to, b)
		}
	})
	s.mute(now)
}

// Counts returns what there is so far.
func (s *Session) Counts() Counts {
	c := s.counts
	c.Codec = s.d.Codec
	c.Refused += int64(len(s.held))
	if s.stream != nil {
		c.Sent, c.SentOctets = s.stream.Sent()
		c.Played = s.stream.Ended()
		c.Received, c.Remote = s.stream.Stats(), s.stream.Remote()
	}
	return c
}

// Close ends the session: the last report goes out (RFC 3550 §6.6), and nothing after it.
func (s *Session) Close(now time.Time, send func(rtcp bool, to netip.AddrPort, b []byte)) Counts {
	if !s.closed {
		s.counts.Ended = now
		if s.stream != nil {
			// §6.3.7: "MUST NOT send a BYE" who has sent nothing.
			if n, _ := s.stream.Sent(); n > 0 && s.peerRTCP().IsValid() {
				send(true, s.peerRTCP(), s.stream.AppendBye(nil, now))
			}
		}
		s.closed = true
	}
	return s.Counts()
}

// Tee gives sound to several sinks.
type Tee []Sink

// Audio implements Sink.
func (t Tee) Audio(at int64, pcm []int16) {
	for _, s := range t {
		s.Audio(at, pcm)
	}
}
