package decode

import (
	"fmt"

	"sipscribe/internal/capture"
)

// loss is a limit that the source went beyond: what is told of it, and where.
type loss struct {
	text   string
	origin capture.Origin
}

// fits reports whether n more bytes fit into the message that is open; if they do not, that is told once the message is given away.
func (t *Text) fits(n int) bool {
	if len(t.buf)+n <= maxTextMessage {
		return true
	}
	o := t.rec.Origin
	if k := len(t.losses); k > 0 && t.losses[k-1].origin.Start == o.Start {
		return false
	}
	t.losses = append(t.losses, loss{origin: o, text: fmt.Sprintf(
		"the message that begins in line %d is longer than %d kB, which is the most that is read of one; its rest was left out", o.Number, maxTextMessage>>10)})
	return false
}

// noteLongLine tells of a line that is longer than MaxLine, of which p is a piece; once, with the second piece: a line that ends the source may be just as long as the
// limit. It reports whether there is something to tell.
func (t *Text) noteLongLine(p *piece) bool {
	tell := t.longLine && t.longStart.End > 0
	if tell {
		t.losses = append(t.losses, loss{origin: t.longStart, text: fmt.Sprintf(
			"line %d is longer than %d kB, which is the most that is read in one piece; it is read as several lines, and what stands across their borders is lost",
			t.longStart.Number, MaxLine>>10)})
		t.longStart = capture.Origin{}
	}
	first := !t.longLine
	if t.longLine = p.line[len(p.line)-1] != '\n' && len(p.line) == MaxLine; t.longLine && first {
		t.longStart = capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(0), End: p.place(len(p.line))}
	}
	return tell
}

// tellLoss fills rec with the first loss, unless something that stands before it is still to come.
func (t *Text) tellLoss(rec *capture.Record) bool {
	l := &t.losses[0]
	if n := len(t.held); t.open || n > 0 && t.held[n-1].number < l.origin.Number {
		return false
	}
	*rec = capture.Record{Kind: capture.KindLoss, Data: []byte(l.text), Origin: l.origin}
	t.losses = append(t.losses[:0], t.losses[1:]...)
	return true
}
