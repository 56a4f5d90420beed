package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
)

// Evidence returns the place of the whole record of a hop. It is that of c.Origin(h), for which nothing has to be put together.
func (c *Call) Evidence(h *Hop) capture.Evidence {
	return capture.Evidence{Source: h.source, Unit: h.unit, Number: h.number, Start: h.start, End: h.end}
}

// EvidenceOf returns the place of the half-open range of the bytes of a hop's message.
func (c *Call) EvidenceOf(h *Hop, start, end int) capture.Evidence {
	data := c.Data(h) // first: it is then known what leads to the place
	if h.flags&hopLines == 0 || h.omap > 0 || start < 0 || end <= start || end > len(data) {
		return c.Origin(h).EvidenceOf(start, end)
	}
	// Each line end takes a byte more in the source; see capture.Origin.Lines.
	before := bytes.Count(data[:start], newline)
	within := bytes.Count(data[start:end-1], newline)
	return capture.Evidence{Source: h.source, Unit: h.unit, Number: h.number,
		Start: h.start + int64(start+before), End: h.start + int64(end+before+within)}
}

var newline = []byte("\n")
