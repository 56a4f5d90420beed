package media

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// digitNames are the DTMF events 0 to 15 (RFC 4733 table 3).
const digitNames = "0123456789*#ABCD"

// Limits of digits.
const (
	// minDigit and maxDigit bound how long one is: what must be recognised (RFC 4733 §3.2, after Q.24: 40 ms, as the pause between), and what one
	// duration field can say (§2.3.5), so that no digit that we send needs a second segment.
	minDigit = 40 * time.Millisecond
	maxDigit = 8 * time.Second
	// digitPause is between two digits.
	digitPause = 60 * time.Millisecond
	// finalPackets is how often the end of a digit is sent (RFC 4733 §2.5.1.4).
	finalPackets = 3
	// digitVolume is the level of our digits, in dBm0 without its sign (RFC 4733 §2.3.4).
	digitVolume = 10
	// maxQueued is how many digits wait to be sent.
	maxQueued = 64
)

// digitEvent is the payload of RFC 4733 §2.3: event 8 │ E 1 │ R 1 │ volume 6 │ duration 16.
type digitEvent struct {
	event    byte
	end      bool
	duration uint16 // in samples
}

const digitEventSize = 4

func (d digitEvent) append(dst []byte) []byte {
	second := byte(digitVolume)
	if d.end {
		second |= 0x80
	}
	return binary.BigEndian.AppendUint16(append(dst, d.event, second), d.duration)
}

// parse reads an event; b has digitEventSize bytes. R and the volume are not looked at (§2.3.3).
func (d *digitEvent) parse(b []byte) {
	*d = digitEvent{event: b[0], end: b[1]&0x80 != 0, duration: binary.BigEndian.Uint16(b[2:])}
}

// Digit is a digit, or another named event, that was received.
type Digit struct {
	Event    byte // RFC 4733 §3; 0 to 15 are 0 to 9, *, #, A to D
	Duration time.Duration
	// Ended: its end was seen. Without, Duration is as much as was told of it.
	Ended bool
}

// String returns "5" or "#"; "event 16" for what is no digit.
func (d Digit) String() string {
	if int(d.Event) < len(digitNames) {
		return digitNames[d.Event : d.Event+1]
	}
	return fmt.Sprintf("event %d", d.Event)
}

// parseDigits turns digits into events.
func parseDigits(digits string) ([]byte, error) {
	events := make([]byte, 0, len(digits))
	for _, c := range digits {
		i := strings.IndexRune(digitNames, unicode.ToUpper(c))
		if i < 0 {
			return nil, fmt.Errorf("digit %q: want one of %s", c, digitNames)
		}
		events = append(events, byte(i))
	}
	return events, nil
}

// Limits of what is kept of digits received.
const (
	maxDigits = 256
	// recentDigits is how many digits are remembered by their beginning, so that what is sent again is known.
	recentDigits = 8
	// fullDuration is the most that one segment of an event lasts (RFC 4733 §2.5.1.3).
	fullDuration = 0xFFFF
)

// recentDigit is a digit by its RTP timestamp.
type recentDigit struct {
	event     byte
	timestamp uint32
	duration  uint16
	before    int64 // samples in the segments before this one
	index     int   // in digits.all; -1: there was no room
	set       bool
}

// digits collects digits from their packets.
type digits struct {
	all     []Digit
	dropped int64
	recent  [recentDigits]recentDigit
	next    int
	begun   func(Digit) // nil: nobody is told
}

// packet takes the payload of an event packet: events that follow each other without a pause (§2.5.1.5), mostly one.
func (d *digits) packet(timestamp uint32, payload []byte) {
	for len(payload) >= digitEventSize {
		var e digitEvent
		e.parse(payload)
		payload = payload[digitEventSize:]
		if e.duration == 0 {
			continue // only states have it, and digits are none (§2.3.5)
		}
		d.report(timestamp, e)
		timestamp += uint32(e.duration)
	}
}

func (d *digits) report(timestamp uint32, e digitEvent) {
	for i := range d.recent {
		r := &d.recent[i]
		switch {
		case !r.set || r.event != e.event:
			continue
		case r.timestamp == timestamp:
		case r.duration == fullDuration && r.timestamp+fullDuration == timestamp && (r.index < 0 || !d.all[r.index].Ended):
			// The next segment of a long one (§2.5.2.3).
			r.timestamp, r.duration = timestamp, 0
			r.before += fullDuration
		default:
			continue
		}
		// An update, an end, or an end sent again. Packets may overtake each other: the longest duration holds.
		r.duration = max(r.duration, e.duration)
		if r.index >= 0 {
			digit := &d.all[r.index]
			digit.Duration = duration(r.before + int64(r.duration))
			digit.Ended = digit.Ended || e.end
		}
		return
	}
	r := recentDigit{event: e.event, timestamp: timestamp, duration: e.duration, index: -1, set: true}
	digit := Digit{Event: e.event, Duration: duration(int64(e.duration)), Ended: e.end}
	if d.begun != nil {
		d.begun(digit)
	}
	if len(d.all) < maxDigits {
		r.index = len(d.all)
		d.all = append(d.all, digit)
	} else {
		d.dropped++
	}
	d.recent[d.next] = r
	d.next = (d.next + 1) % recentDigits
}

// String returns the digits in one string, without other events.
func (d *digits) String() string {
	var b strings.Builder
	for _, x := range d.all {
		if int(x.Event) < len(digitNames) {
			b.WriteByte(digitNames[x.Event])
		}
	}
	return b.String()
}
