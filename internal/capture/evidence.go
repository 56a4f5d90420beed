package capture

// Evidence is the place in a source that supports a fact, a sentence or a finding: a line or frame, and a half-open range of bytes of
// the source (decompressed, before any unescaping).
type Evidence struct {
	Source     int32
	Unit       Unit
	Number     int64 // of the line or frame, from 1
	Start, End int64
}

// Evidence returns the place of the whole record.
func (o Origin) Evidence() Evidence {
	return Evidence{Source: o.Source, Unit: o.Unit, Number: o.Number, Start: o.Start, End: o.End}
}

// EvidenceOf returns the place of the half-open range of Data.
func (o Origin) EvidenceOf(start, end int) Evidence {
	s, e := o.Span(start, end)
	return Evidence{Source: o.Source, Unit: o.Unit, Number: o.Number, Start: s, End: e}
}
