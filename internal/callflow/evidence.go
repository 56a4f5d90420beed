package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
)

// Evidence returns the place of the whole record of a hop. It is that of c.Origin(h), for which nothing has to be put together.
func (c *Call) Evidence(h *Hop) capture.Evidence {
	return capture.Evidence{Source: h.source, Unit: h.unit, Number: h.number, Start: h.start, End: h.end}
}

// Text returns the text of a hop's message as Messages have read it: in the header the line ends may stand as the source shows them. It takes less than Data.
func (c *Call) Text(h *Hop) []byte {
	if h.read.len > 0 {
		return c.text(&h.read)
	}
	return c.Data(h)
}

// MayHold reports whether a byte may stand in a text of the call: false is sure, and one look at all of them.
func (c *Call) MayHold(b byte) bool { return len(c.whole) == 0 || bytes.IndexByte(c.whole, b) >= 0 }

// EvidenceOf returns the place of the half-open range of the bytes of a hop's Text.
func (c *Call) EvidenceOf(h *Hop, start, end int) capture.Evidence {
	text := c.Text(h) // first: it is then known what leads to the place
	if h.read.len == 0 && (h.flags&hopLines == 0 || h.omap > 0) || start < 0 || end <= start || end > len(text) {
		return c.Origin(h).EvidenceOf(start, end)
	}
	at := capture.Evidence{Source: h.source, Unit: h.unit, Number: h.number, Start: h.start + int64(start), End: h.start + int64(end)}
	if uint32(end) <= h.body && h.read.len > 0 {
		return at // it stands as the source has it
	}
	// Each line end takes a byte more in the source, but for those that stand as the source has them; see capture.Origin.Lines.
	before := bytes.Count(text[:start], newline)
	within := bytes.Count(text[start:end-1], newline)
	at.Start, at.End = at.Start+int64(before), at.End+int64(before+within)
	return at
}

var newline = []byte("\n")
