package decode

import (
	"bytes"

	"sipscribe/internal/capture"
)

// Chronological gives the records of a source in the order in which they came about, also where the source has the newest first, as the log pages of
// routers and storage boxes export them. Such a source is read whole and given out from its end: what stands in one second, too, is in the right order then.
//
// A source is judged by its first records, up to the first step of the clock: nearly all show the right order at their second or third. One without times
// stays as it is.
type Chronological struct {
	dec  Decoder
	kept []capture.Record
	err  error // what the source gave behind kept
	// through: what is to come is given out as it comes.
	judged, through bool
	most            int // that is kept to turn a source round, in bytes
	// Turned, if set, is called when it is clear that the source has the newest first. whole is false where it is too long to be turned round: then it is given out as it is.
	Turned func(whole bool)
}

// Bounds of what is kept: to judge a source, and to turn it round.
const (
	judgeRecords, judgeBytes = 512, 4 << 20
	turnBytes                = 256 << 20
	recordBytes              = 512 // of a record beside its text
)

// NewChronological returns a Decoder over one source.
func NewChronological(dec Decoder) *Chronological { return &Chronological{dec: dec, most: turnBytes} }

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
		*rec, c.kept = c.kept[0], c.kept[1:]
		return nil
	}
	c.kept = nil
	if c.err != nil {
		return c.err
	}
	c.through = true
	return c.dec.Next(rec)
}

// judge reads until the order is clear, and turns round what has to be.
func (c *Chronological) judge() {
	var last capture.Time
	size, falls := 0, 0
	for len(c.kept) < judgeRecords && size < judgeBytes {
		r, ok := c.read(&size)
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
			step := r.Time.Sub(last)
			if step > 0 {
				return // the right order; or up and down, which is nobody's
			}
			if step < 0 {
				falls++
			}
		}
		last = r.Time
	}
	if falls == 0 || falls == 1 && !c.backwards() {
		return
	}
	for c.err == nil && size < c.most {
		c.read(&size)
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
func (c *Chronological) read(size *int) (*capture.Record, bool) {
	var r capture.Record
	if c.err = c.dec.Next(&r); c.err != nil {
		return nil, false
	}
	c.kept = append(c.kept, keep(r))
	*size += len(r.Data) + recordBytes
	return &c.kept[len(c.kept)-1], true
}

// turn puts the last first. What tells of the source itself stays at the end.
func (c *Chronological) turn() {
	turned := make([]capture.Record, 0, len(c.kept))
	for i := len(c.kept) - 1; i >= 0; i-- {
		if c.kept[i].Kind != capture.KindLoss {
			turned = append(turned, c.kept[i])
		}
	}
	for i := range c.kept {
		if c.kept[i].Kind == capture.KindLoss {
			turned = append(turned, c.kept[i])
		}
	}
	c.kept = turned
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
