package decode

import (
	"bytes"
	"slices"
	"time"

	"sipscribe/internal/capture"
)

// Chronological gives the records of a source in the order in which they came about, also where the source has the newest first, as the log pages of
// routers and storage boxes export them. Such a source is read whole and given out from its end: what stands in one second, too, is in the right order then.
//
// A source is judged by its first records, up to the first step of the clock forward: nearly all show the right order at their second or third. One without times
// stays as it is.
type Chronological struct {
	dec   Decoder
	rules *ClockRules
	room  *TurnRoom
	kept  []capture.Record
	size  int   // of kept, as it is counted
	err   error // what the source gave behind kept
	// through: what is to come is given out as it comes.
	judged, through bool
	// Turned, if set, is called when it is clear that the source has the newest first. whole is false where it is too long to be turned round: then it is given out as it is.
	Turned func(whole bool)
}

// Bounds of what is kept: to judge a source, and to turn it round.
const (
	judgeRecords, judgeBytes = 512, 4 << 20
	turnBytes                = 256 << 20
	recordBytes              = 512 // of a record beside its text
)

const (
	// fallsPerRise is how many steps back outweigh one forward: a clock that is read backwards goes forward where it was put back, as at the end of daylight saving.
	fallsPerRise = 9
	// leapOfYear is a step forward that, of times without a year, is one from January back into December; see Clock.
	leapOfYear = 366 / 2 * 24 * time.Hour
)

// TurnRoom bounds what the sources that are read together keep to be turned round, in bytes.
type TurnRoom struct{ left int }

// NewTurnRoom returns the room for one reading.
func NewTurnRoom() *TurnRoom { return &TurnRoom{turnBytes} }

// NewChronological returns a Decoder over one source. rules are those that dec has its times by.
func NewChronological(dec Decoder, rules *ClockRules, room *TurnRoom) *Chronological {
	return &Chronological{dec: dec, rules: rules, room: room}
}

// Next implements Decoder.
func (c *Chronological) Next(rec *capture.Record) error {
	if c.through {
		return c.dec.Next(rec)
	}
	if !c.judged {
		c.judged = true
		c.judge()
	}
	if len(c.kept) > 0 {
		*rec, c.kept[0] = c.kept[0], capture.Record{} // its text is not needed any longer
		c.kept = c.kept[1:]
		return nil
	}
	c.kept = nil
	c.room.left += c.size
	c.size = 0
	if c.err != nil {
		return c.err
	}
	c.through = true
	return c.dec.Next(rec)
}

// judge reads until the order is clear, and turns round what has to be.
func (c *Chronological) judge() {
	var last capture.Time
	falls, rises := 0, 0
	for len(c.kept) < judgeRecords && c.size < judgeBytes {
		r, ok := c.read()
		if !ok {
			break
		}
		if r.Kind != capture.KindMessage && r.Kind != capture.KindEvent {
			continue
		}
		if r.Time.IsZero() || r.Time.Domain() == capture.DomainClock {
			return // a time of day falls at midnight
		}
		if !last.IsZero() && last.Domain() == r.Time.Domain() {
			switch step := r.Time.Sub(last); {
			case step < 0, step > leapOfYear && r.Time.Stamp.Year == 0:
				falls++
			case step > 0:
				rises++
			}
			if rises > 0 && falls < rises*fallsPerRise {
				return // the right order; or up and down, which is nobody's
			}
		}
		last = r.Time
	}
	if falls == 0 || falls == 1 && !c.backwards() {
		return
	}
	for c.err == nil && c.room.left > 0 {
		c.read()
	}
	whole := c.err != nil
	if c.Turned != nil {
		c.Turned(whole)
	}
	if whole {
		c.turn()
	}
}

// read keeps the next record.
func (c *Chronological) read() (*capture.Record, bool) {
	var r capture.Record
	if c.err = c.dec.Next(&r); c.err != nil {
		return nil, false
	}
	c.kept = append(c.kept, keep(r))
	size := len(r.Data) + recordBytes
	c.size += size
	c.room.left -= size
	return &c.kept[len(c.kept)-1], true
}

// turn puts the last first. What tells of the source itself stays at the end. The times are read anew: a clock that gives no year, or runs through an hour twice, was followed
// backwards.
func (c *Chronological) turn() {
	var losses []capture.Record
	n := 0
	for i := range c.kept {
		if c.kept[i].Kind == capture.KindLoss {
			losses = append(losses, c.kept[i])
			continue
		}
		c.kept[n] = c.kept[i]
		n++
	}
	slices.Reverse(c.kept[:n])
	copy(c.kept[n:], losses)
	clock := NewClock(c.rules)
	for i := range c.kept {
		r := &c.kept[i]
		r.Time = clock.Time(r.Time.Stamp)
	}
}

// backwards reports whether the messages themselves run backwards: the first ends something, the last begins something. A clock that was put back once falls once, too.
func (c *Chronological) backwards() bool {
	first, last := -1, -1
	for i := range c.kept {
		if c.kept[i].Kind == capture.KindMessage {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first >= 0 && first != last && ends(c.kept[first].Data) && !ends(c.kept[last].Data)
}

// ends reports whether a message does not begin anything: a response, or a request that is only ever sent behind another.
func ends(message []byte) bool {
	for _, start := range [...]string{"SIP/2.0 ", "ACK ", "BYE ", "CANCEL ", "PRACK "} {
		if bytes.HasPrefix(message, []byte(start)) {
			return true
		}
	}
	return false
}
