package decode

import (
	"bytes"
	"strconv"
)

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

// Counted writes a number of things for the reason of a verdict: "1 event", "2 events".
func Counted(n int64, thing string) string {
	s := strconv.FormatInt(n, 10) + " " + thing
	if n != 1 {
		s += "s"
	}
	return s
}

// FirstLines writes how far a Sniff function has read: "first line", "first 12 lines".
func FirstLines(n int64) string {
	if n == 1 {
		return "first line"
	}
	return "first " + Counted(n, "line")
}
