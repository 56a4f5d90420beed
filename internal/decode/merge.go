package decode

import (
	"io"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// Merge reads several sources as one, in the order of their times. Within a source the order of the source holds, whatever its
// times say. Sources whose clocks cannot be compared (one has years, the other has not) come one after the other, in the order given.
type Merge struct {
	heads []head
	// One source needs no merging.
	single Decoder
	// domain is the clock of the records that come now; those of other clocks wait until all of it are out.
	domain  capture.Domain
	started bool
	// forms are those of the sources that were there at the first record.
	forms []form
}

type head struct {
	dec    Decoder
	rec    capture.Record
	clock  int64
	domain capture.Domain
	ok     bool
	form   form // of the first time
	// early are records read ahead, copied, to learn the time of the first that has one.
	early []capture.Record
	err   error // after early
}

// form is how a source writes its times, as far as two of them side by side look different.
type form struct {
	style syslog.Style
	zone  syslog.ZoneStyle
}

// maxEarly bounds how many records without a time are read ahead at the beginning of a source.
const maxEarly = 64

// NewMerge returns a Decoder over several.
func NewMerge(decoders []Decoder) *Merge {
	m := &Merge{}
	if len(decoders) == 1 {
		m.single = decoders[0]
		return m
	}
	for _, d := range decoders {
		m.heads = append(m.heads, head{dec: d, domain: unread})
	}
	return m
}

// Next implements Decoder. The record borrows from its source's decoder until the next call.
func (m *Merge) Next(rec *capture.Record) error {
	if m.single != nil {
		return m.single.Next(rec)
	}
	best := -1
	for i := 0; i < len(m.heads); i++ {
		h := &m.heads[i]
		if !h.ok {
			err := h.next()
			if err == io.EOF {
				m.heads = append(m.heads[:i], m.heads[i+1:]...)
				i--
				continue
			}
			if err != nil {
				return err
			}
		}
		switch {
		case best < 0:
			best = i
		case m.started && (h.domain == m.domain) != (m.heads[best].domain == m.domain):
			if h.domain == m.domain {
				best = i
			}
		case h.domain == m.heads[best].domain && h.clock < m.heads[best].clock:
			best = i
		}
	}
	if best < 0 {
		return io.EOF
	}
	if !m.started {
		for i := range m.heads {
			m.forms = append(m.forms, m.heads[i].form)
		}
	}
	h := &m.heads[best]
	*rec = h.rec
	h.ok = false
	m.domain, m.started = h.domain, true
	return nil
}

// FormsDiffer reports whether the sources write their times in different forms, as far as their first times show: with and without a year, in this zone and that. It can be asked once the
// first record was read.
func (m *Merge) FormsDiffer() bool {
	var known form
	for _, f := range m.forms {
		if f == (form{}) {
			continue
		}
		if known != (form{}) && known != f {
			return true
		}
		known = f
	}
	return false
}

// next reads the next record of a source. One without a time stands where it stands: at the time of the one before it, or, at the
// beginning, of the first that has one.
func (h *head) next() error {
	if h.domain == unread {
		h.domain = untimed
		for h.err == nil && len(h.early) < maxEarly && h.domain == untimed {
			var r capture.Record
			if h.err = h.dec.Next(&r); h.err == nil {
				h.place(&r)
				h.form = form{r.Time.Stamp.Style, r.Time.Stamp.Zone}
				h.early = append(h.early, keep(r))
			}
		}
	}
	switch {
	case len(h.early) > 0:
		h.rec, h.early = h.early[0], h.early[1:]
	case h.err != nil:
		return h.err
	default:
		if err := h.dec.Next(&h.rec); err != nil {
			return err
		}
		h.place(&h.rec)
	}
	h.ok = true
	return nil
}

// What stands for the clock of a source before its first record is read, and of one without times. Neither is equal to any other clock.
const (
	unread  = capture.Domains
	untimed = capture.Domains + 1
)

// place notes the time of a record.
func (h *head) place(r *capture.Record) {
	if r.Time.IsZero() {
		return
	}
	h.clock, h.domain = r.Time.Clock, r.Time.Domain()
	if r.Time.Basis == capture.BasisTwice {
		h.domain = capture.DomainUTC // right to an hour: the others do not wait for it, nor it for them
	}
}

// keep copies what a record borrows.
func keep(r capture.Record) capture.Record {
	for _, b := range []*[]byte{&r.Data, &r.Observer, &r.Label, &r.SrcName, &r.DstName, &r.Event.Subject} {
		if *b != nil {
			*b = append([]byte{}, *b...)
		}
	}
	if r.Origin.Map != nil {
		r.Origin.Map = append(syslog.OffsetMap{}, r.Origin.Map...)
	}
	if r.Origin.Lines != nil {
		r.Origin.Lines = r.Data
	}
	return r
}
