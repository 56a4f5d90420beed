package decode

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/internal/scan"
	"sipscribe/syslog"
)

// escaped takes a message that is whole on its line, with its line ends escaped, and fills rec. used is false if it is not so; filled
// is false if further parts of it are to come.
//
//	Aug 20 16:40:00 192.0.2.5 SIP/2.0 200 OK^M Via: …^M Content-Length: 0^M ^M
//	Aug 20 16:40:00 host kamailio[7]: ERROR: <core>: message=<BYE sip:… SIP/2.0#015#012Via: …#015#012#015#012>
//	Aug 20 16:40:00 192.0.2.5 [S=18] [SID=a:1:2] (N 12) SIP/2.0 200 OK#015#012Via: … [Time:20-08@16:40:00.123]#012(N 13) …
func (t *Text) escaped(rec *capture.Record, h *syslog.Header, start int, p *piece) (used, filled bool) {
	msg := h.Text[start:]
	e, ampersand := syslog.EscapeNone, true
	// What numbers its first record may number others. Anything else that looks so is in the message, and may stand there on purpose.
	bundle := start > 0 && bytes.Contains(h.Text[:start], recordNumber)
	if bundle {
		// Of a bundle the first record will do: each one would search all the others.
		if i := bytes.Index(msg, nextRecord); i >= 0 {
			e = quickEscape(msg[:i])
		}
	}
	if e == syslog.EscapeNone {
		if e, ampersand = quickLook(msg); e == syslog.EscapeNone {
			return false, false
		}
	}
	msg = trimEOL(msg)
	if e == syslog.EscapeSpaceLF && len(msg)+2 == len(h.Text)-start {
		msg = msg[:len(msg)+1] // the CR is the message's
	}
	at := h.TextStart + start
	next := 0
	if start > 0 {
		if n := trailer(msg, h.Text[start-1], bundle); n < len(msg) {
			if k := bytes.Index(msg[n:], nextRecord); k >= 0 && bundle {
				next = at + n + k
			}
			msg = msg[:n]
		}
	}
	if ampersand && p.at == nil && fromPage(msg) {
		return false, false // it comes again, clean
	}
	if next > 0 {
		t.hold(p.from(next))
	}
	blank := tagBlank(h, start)
	usual := e == syslog.EscapeCaret && p.at == nil && start == 0 && blank == 0
	if usual && t.in.Options.Shown && !t.marker.set && !h.Time.IsZero() {
		// The way of nearly every line of nearly every log: what heading and fill do, in place, since a Record is large.
		t.near = nearTime{}
		*rec = capture.Record{}
		rec.Kind, rec.Escape, rec.Shown = capture.KindMessage, e, true
		rec.Time = t.clock.Time(h.Time)
		rec.Origin.Source, rec.Origin.Number, rec.Origin.Start, rec.Origin.End = t.in.Source, p.number, p.place(at), p.place(at+len(msg))
		rec.Observer, rec.Data = h.Host, msg
		return true, true
	}
	t.heading(h, start, p)
	t.rec.Escape = e
	plain := false
	t.omap = t.omap[:0]
	if usual {
		t.buf, plain = syslog.AppendCaretLines(t.buf[:0], msg)
	}
	switch {
	case plain:
	case blank > 0:
		t.unbreak(e, msg, blank)
	default:
		t.buf, t.omap = e.AppendUnescaped(t.buf[:0], msg, t.omap)
	}
	t.rec.Origin.End = p.place(at + len(msg))
	if p.at != nil {
		t.compose(p.at[at:])
	}
	if start > 0 && t.firstPart(h, start, e) {
		t.open = true
		return true, false
	}
	t.fill(rec)
	if plain {
		rec.Origin.Lines = rec.Data
	}
	return true, true
}

// unbreak undoes the escape of a message from whose start line the blank at msg[blank] is taken, before anything that is escaped.
func (t *Text) unbreak(e syslog.Escape, msg []byte, blank int) {
	t.whole = append(append(t.whole[:0], msg[:blank]...), msg[blank+1:]...)
	t.buf, t.spare = e.AppendUnescaped(t.buf[:0], t.whole, t.spare[:0])
	t.omap = t.omap[:0].Add(blank, 1)
	if run, extra, n := nextStep(t.spare); n > 0 {
		t.omap = append(t.omap.Add(run-blank, extra), t.spare[n:]...)
	}
}

// quickEscape is syslog.DetectEscape with a short way for the common case.
func quickEscape(text []byte) syslog.Escape {
	e, _ := quickLook(text)
	return e
}

// quickLook is quickEscape that says as well whether text may have an ampersand: false is sure.
func quickLook(text []byte) (e syslog.Escape, ampersand bool) {
	head := text[:min(len(text), 512)]
	if i := bytes.IndexByte(head, '^'); i >= 0 && i+2 < len(text) && text[i+1] == 'M' {
		if c := text[i+2]; c == ' ' || c >= 'A' && c <= 'Z' {
			// The two forms of it differ in what they make of bytes from 0x80, which come after such bytes only.
			ascii, ampersand := scan.Plain(text)
			if ascii || !bytes.Contains(text, []byte("M-^")) {
				return syslog.EscapeCaret, ampersand
			}
		}
	}
	return syslog.DetectEscape(text), true
}

// nextRecord is how AudioCodes puts records together into one datagram: a line feed, and the number of the next. The first has a number, too.
var (
	nextRecord   = []byte("#012(N ")
	recordNumber = nextRecord[len("#012"):]
)

// trailer returns where a message ends that has something of its logger behind it: a bracket or quote that was opened right before the
// message, AudioCodes' time and its next record (bundle: the message has the number of one before it). before is the byte before the message.
func trailer(msg []byte, before byte, bundle bool) int {
	n := len(msg)
	if i := bytes.Index(msg, nextRecord); i >= 0 && bundle {
		n = i
	}
	if i := bytes.LastIndex(msg[:n], []byte("[Time:")); i >= 0 && bundle && bytes.IndexByte(msg[i:n], ']') >= len("[Time:dd-mm@") {
		n = len(trimRightBlank(msg[:i]))
	}
	if n < len(msg) {
		return n
	}
	var closing byte
	switch before {
	case '<':
		closing = '>'
	case '"', '\'':
		closing = before
	case '[':
		closing = ']'
	case '{':
		closing = '}'
	default:
		return n
	}
	b := trimRightBlank(msg)
	if len(b) == 0 || b[len(b)-1] != closing {
		return n
	}
	// "<013><010>" and "<CR><LF>" end in a bracket of their own.
	if closing == '>' && (bytes.HasSuffix(b, []byte("<LF>")) || bytes.HasSuffix(b, []byte("<CR>"))) {
		return n
	}
	if closing == '>' && len(b) >= 5 && b[len(b)-5] == '<' && isDigit(b[len(b)-2]) {
		return n
	}
	return len(b) - 1
}

// compose puts the places of the bytes of a cleaned line behind the map of what was unescaped from it.
func (t *Text) compose(at []int32) {
	m := t.spare[:0]
	walk := mapWalk{m: t.omap}
	base := int64(at[0])
	run, next := 0, int64(0)
	for i := range t.buf {
		place := int64(at[min(walk.logged(i), len(at)-1)]) - base
		if place != next {
			m = m.Add(i-run, int(place-next))
			run = i
		}
		next = place + 1
	}
	t.spare, t.omap = t.omap, m
}

// mapWalk reads an OffsetMap from its beginning, one offset after the other.
type mapWalk struct {
	m     syslog.OffsetMap
	at    int // clean offset at which the next step is
	shift int
	extra int
	begun bool
}

func (w *mapWalk) logged(clean int) int {
	for !w.begun || w.at >= 0 && clean >= w.at {
		if w.begun {
			w.shift += w.extra
		}
		w.begun = true
		run, extra, n := nextStep(w.m)
		if n == 0 {
			w.at = -1
			break
		}
		w.m = w.m[n:]
		w.at += run
		w.extra = extra
	}
	return clean + w.shift
}
