package decode

import "bytes"

// SniffInput returns an input over the first bytes of a source, for a Sniff function that wants to decode them.
func SniffInput(head []byte) *Input {
	return &Input{R: NewReader(bytes.NewReader(head))}
}

// Choose returns the format that fits the first bytes best, and why. Nil if none does.
func Choose(formats []*Format, head []byte) (*Format, Verdict) {
	var best *Format
	var verdict Verdict
	for _, f := range formats {
		if v := f.Sniff(head); v.Score > verdict.Score {
			best, verdict = f, v
		}
		if verdict.Score >= 100 {
			break
		}
	}
	return best, verdict
}
