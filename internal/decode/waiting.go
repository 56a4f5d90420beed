package decode

import "sipscribe/internal/capture"

// Whether a marker speaks for a message is seen when the message comes, and other lines may stand between the two:
//
//	U 192.0.2.5:5060 -> 198.51.100.7:5060       a marker, or a line that is not recognised
//	some words                                  not recognised
//	BYE sip:bob@example.com SIP/2.0             it was one; without this line it would have been none
//
// If what is not recognised is wanted, the records behind a marker wait until that is settled: they come in the order of the source. How much may stand
// between them is bounded by maxMarkerGap.

// waiting is a record, copied, that is given out when those before it are settled.
type waiting struct {
	rec capture.Record
	// marker: a line that is not recognised if no message follows. One that does takes it.
	marker bool
}

// wait puts a record behind those that wait. It reports false: the record is not to be given out yet.
func (t *Text) wait(rec *capture.Record) bool {
	t.waiting = append(t.waiting, waiting{rec: keep(*rec)})
	return false
}

// giveWaiting fills rec with the first record that waits, unless it is a marker yet.
func (t *Text) giveWaiting(rec *capture.Record) bool {
	if t.waiting[0].marker {
		return false
	}
	*rec = t.waiting[0].rec
	t.waiting = append(t.waiting[:0], t.waiting[1:]...)
	return true
}

// takeMarker ends the wait: the marker speaks for the message that begins.
func (t *Text) takeMarker() {
	left := t.waiting[:0]
	for _, w := range t.waiting {
		if !w.marker {
			left = append(left, w)
		}
	}
	t.waiting, t.marker = left, marker{}
}

// dropMarker gives up a marker that no message followed: its lines are not recognised.
func (t *Text) dropMarker() {
	t.in.Stats.UnrecognisedLines += int64(t.marker.lines)
	if near := t.marker.near; near.line > t.near.line {
		t.near = near
	}
	for i := range t.waiting {
		t.waiting[i].marker = false
	}
	t.marker = marker{}
}
