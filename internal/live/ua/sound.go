package ua

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"

	"sipscribe/internal/media"
	"sipscribe/sip"
)

func (l *line) newAudio() audio {
	b, _ := hex.DecodeString(l.phone.random(4))
	return audio{events: -1, id: uint64(binary.BigEndian.Uint32(b)), packet: l.phone.cfg.PacketSize}
}

// open gives the call its port.
func (c *call) open(now time.Time) error {
	l := c.line
	if l.phone.cfg.Media == nil {
		c.audio.local = netip.AddrPortFrom(l.Local.Addr(), l.phone.cfg.MediaPort(l.number))
		return nil
	}
	port, err := l.phone.cfg.Media.Open(now, l.number, l.Local.Addr())
	if err != nil {
		return err
	}
	c.sound, c.audio.local = port, port.Local()
	return nil
}

// describe tells the sound what offer and answer have come to.
func (c *call) describe(now time.Time) {
	if c.sound != nil && c.counts == nil {
		_ = c.sound.Describe(now, c.audio.description(false)) // all of it was checked; without chance it stays silent
	}
}

// earlyMedia takes the description in a provisional response: what is played before the call is answered is heard (RFC 3960 §3.1), and nothing is
// sent. Of several, the last holds.
func (c *call) earlyMedia(now time.Time, body []byte) {
	if c.sound == nil || len(body) == 0 || c.cancelled != Nobody {
		return
	}
	a := c.audio // the answer proper is in the 2xx
	if a.accept(body) {
		_ = c.sound.Describe(now, a.description(true))
	}
}

// release ends the sound of the call, once.
func (c *call) release(now time.Time) {
	if c.sound == nil || c.counts != nil {
		return
	}
	n := c.sound.Close(now)
	c.counts = &n
}

// heard returns the counts of the call for people: of one that was answered, or in which something was played before that.
func (c *call) heard() *media.Counts {
	if c.counts == nil || c.answerAt.IsZero() && c.counts.Received.Packets == 0 {
		return nil
	}
	return c.counts
}

// release ends the sound of the call that the session is the one of: before the BYE, so that the BYE can say what it was.
func (s *session) release(now time.Time) {
	if s.call.session == s {
		s.call.release(now)
	}
}

// statsField returns the P-RTP-Stat of a BYE, or of the 200 to one, if there is something to tell.
func (s *session) statsField() []sip.DraftField {
	c := s.call
	if c.session != s || c.counts == nil || c.line.phone.cfg.NoStatsInBye {
		return nil
	}
	return []sip.DraftField{{Name: "P-RTP-Stat", Value: rtpStat(c.counts, c.counts.Ended.Sub(c.answerAt))}}
}

// rtpStat returns the value of P-RTP-Stat as a Linksys or Cisco SPA with "Stats In BYE: yes" writes it (Cisco ATA 191 and 192, administration
// guide, Stats In BYE): packets and octets sent and received, packets lost, jitter and latency in ms, duration in s, encoder and decoder.
func rtpStat(n *media.Counts, d time.Duration) string {
	codec := "G711u"
	if n.Codec == media.PCMA {
		codec = "G711a"
	}
	number := func(n int64) string { return strconv.FormatInt(max(n, 0), 10) }
	return "PS=" + number(n.Sent) + ",OS=" + number(n.SentOctets) + ",PR=" + number(n.Received.Packets) + ",OR=" + number(n.Received.Octets) +
		",PL=" + number(n.Received.Lost) + ",JI=" + number(n.Received.Jitter.Milliseconds()) + ",LA=" + number((n.Remote.RoundTrip / 2).Milliseconds()) +
		",DU=" + number(int64(d/time.Second)) + ",EN=" + codec + ",DE=" + codec
}

// Heard takes a key that the other side has pressed, as Config.Media heard it in the sound of a port.
func (p *Phone) Heard(now time.Time, port media.Port, key byte) {
	for _, l := range p.lines {
		if l.call != nil && l.call.sound == port && port != nil {
			l.call.pressed(now, string(key))
		}
	}
}

func (c *call) pressed(now time.Time, key string) {
	c.line.phone.notify(Event{Time: now, Kind: EventDigit, Line: c.line.number, Call: c.id, Peer: c.peer, By: Remote, Reason: key})
}
