package app

import (
	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/report"
)

// A log that has no more than the first lines of messages, read beside a capture of the same calls, has nothing that ties the two: no Call-ID, no branch. Each call is told
// twice then, and it is said that it may be.

// maxTwice is how many numbers are remembered.
const maxTwice = 1 << 14

// twiceTold looks for calls that a log of first lines and a capture both have.
type twiceTold struct {
	sources []report.Source
	rower   report.Rower
	called  map[string]uint8 // by number: in a log of first lines, in a capture
}

const (
	inFirstLines uint8 = 1 << iota
	inCapture
)

// newTwiceTold returns nil if the sources are not of both kinds.
func newTwiceTold(sources []report.Source) *twiceTold {
	captures := 0
	for i := range sources {
		if sources[i].Format == pcap.Format.Name {
			captures++
		}
	}
	if captures == 0 || captures == len(sources) {
		return nil
	}
	return &twiceTold{sources: sources, called: map[string]uint8{}}
}

// see takes a call that is over.
func (t *twiceTold) see(c *callflow.Call) {
	if t == nil || c.Kind != callflow.KindCall || len(t.called) >= maxTwice {
		return
	}
	where := inFirstLines
	for i := range c.Hops {
		h := &c.Hops[i]
		switch {
		case h.Kind != capture.KindMessage:
		case t.sources[h.Source()].Format == pcap.Format.Name:
			where = inCapture
		case h.Missing != capture.MissingHead:
			return
		}
	}
	if to := t.rower.Row(c).To; to != "" && to != report.Hidden {
		t.called[to] |= where
	}
}

// numbers returns to how many numbers both have calls.
func (t *twiceTold) numbers() int {
	n := 0
	if t != nil {
		for _, where := range t.called {
			if where == inFirstLines|inCapture {
				n++
			}
		}
	}
	return n
}
