package decode

import (
	"io"

	"sipscribe/internal/capture"
)

// Merge reads several sources as one, in the order of their times. Within a source the order of the source holds, whatever its
// times say. Sources whose clocks cannot be compared (one has years, the other has not) come one after the other, in the order given.
type Merge struct {
	heads []head
	// One source needs no merging.
	single Decoder
}

type head struct {
	dec    Decoder
	rec    capture.Record
	clock  int64
	domain capture.Domain
	timed  bool // a record of this source had a time
	ok     bool
}

// NewMerge returns a Decoder over several.
func NewMerge(decoders []Decoder) *Merge {
	m := &Merge{}
	if len(decoders) == 1 {
		m.single = decoders[0]
		return m
	}
	for _, d := range decoders {
		m.heads = append(m.heads, head{dec: d})
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
			err := h.dec.Next(&h.rec)
			if err == io.EOF {
				m.heads = append(m.heads[:i], m.heads[i+1:]...)
				i--
				continue
			}
			if err != nil {
				return err
			}
			h.ok = true
			// A record without a time stands where it stands: at the time of the one before.
			if !h.rec.Time.IsZero() {
				h.clock, h.domain, h.timed = h.rec.Time.Clock, h.rec.Time.Domain(), true
			}
		}
		if best < 0 || h.before(&m.heads[best]) {
			best = i
		}
	}
	if best < 0 {
		return io.EOF
	}
	*rec = m.heads[best].rec
	m.heads[best].ok = false
	return nil
}

// before reports whether h comes before o, which stands before it in the list.
func (h *head) before(o *head) bool {
	return h.timed && o.timed && h.domain == o.domain && h.clock < o.clock
}
