package decode

import (
	"bytes"
	"encoding/binary"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// parts follows a message that its device sent in several datagrams (Avaya J169: at most 1026 bytes each, cut anywhere):
//
//	Aug 20 16:40:00 192.0.2.5 [Part 01 of 02] INVITE sip:… SIP/2.0#015#012Via: …#015#012Contact: <…>;+sip.instance="<urn:
//	Aug 20 16:40:00 192.0.2.5 [Part 02 of 02] uuid:00000000-0000-4000-8000-0123456789ab>"#015#012…
type parts struct {
	want, of int // the part that is to come, of how many; 0: the message is not in parts
	escape   syslog.Escape
}

// readPart reads "[Part 01 of 02]" in text: which part, of how many, and the offset after it, blanks included; 0 if there is none.
func readPart(text []byte) (part, of, end int) {
	head := text[:min(len(text), maxBefore)]
	i := bytes.Index(head, []byte("[Part "))
	if i < 0 {
		return 0, 0, 0
	}
	b := head[i+len("[Part "):]
	// "01 of 02]"
	if len(b) < 9 || !isDigit(b[0]) || !isDigit(b[1]) || string(b[2:6]) != " of " || !isDigit(b[6]) || !isDigit(b[7]) || b[8] != ']' {
		return 0, 0, 0
	}
	end = i + len("[Part ") + 9
	if end < len(text) && text[end] == ' ' {
		end++
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), int(b[6]-'0')*10 + int(b[7]-'0'), end
}

// firstPart reports whether the message that begins at h.Text[start:] is the first of several parts, and gets ready for the second.
func (t *Text) firstPart(h *syslog.Header, start int, e syslog.Escape) bool {
	part, of, _ := readPart(h.Text[:start])
	if part == 0 || of < 2 {
		return false
	}
	t.rec.Missing = capture.MissingPart
	if part != 1 {
		return false
	}
	t.parts = parts{want: 2, of: of, escape: e}
	// The map goes on where it ends.
	shift := 0
	t.lines.runAt = 0
	for m := t.omap; len(m) > 0; {
		run, extra, k := nextStep(m)
		m = m[k:]
		t.lines.runAt += run
		shift += extra
	}
	t.lines.next = t.rec.Origin.Start + int64(len(t.buf)+shift)
	return true
}

// nextPart takes a line while parts of a message are to come whose line ends are escaped. used: it was one of them, or ended the message; ended: rec was filled.
func (t *Text) nextPart(rec *capture.Record, h *syslog.Header, p *piece) (used, ended bool) {
	part, of, end := readPart(h.Text)
	if part == 0 && len(bytes.TrimSpace(h.Text)) == 0 {
		return true, false
	}
	if part != t.parts.want || of != t.parts.of || !bytes.Equal(h.Host, t.host) || !t.fits(len(h.Text)) {
		t.hold(*p)
		return true, t.finish(rec)
	}
	from := h.TextStart + end
	text := trimEOL(p.line[from:])
	n := len(t.buf)
	t.step(p.place(from))
	m := t.spare[:0]
	t.buf, m = t.parts.escape.AppendUnescaped(t.buf, text, m)
	t.spare = m
	// Its steps behind those that are there: where the text has something that the message has not, and where the line had something that the
	// text has not (colours).
	src := from
	for data := n; data < len(t.buf); {
		run, extra := len(t.buf)-data, 0
		if k := 0; len(m) > 0 {
			run, extra, k = nextStep(m)
			m = m[k:]
		}
		if p.at != nil {
			for ; run > 1; run, data, src = run-1, data+1, src+1 {
				t.goOn(data+1, int(p.place(src+1)-p.place(src))-1)
			}
		}
		data += run
		next := src + run + extra
		t.goOn(data, int(p.place(next)-p.place(src))-run)
		src = next
	}
	t.lines.next = p.place(from + len(text))
	t.rec.Origin.End = p.place(from + len(text))
	if t.lastPart(part) {
		t.open = false
		t.fill(rec)
		return true, true
	}
	return true, false
}

// goOn notes that from data on the source is extra bytes further.
func (t *Text) goOn(data, extra int) {
	if extra != 0 {
		t.omap = t.omap.Add(data-t.lines.runAt, extra)
		t.lines.runAt = data
	}
}

// partGoesOn appends the first line of a further part of a message whose parts kept their line ends; false if the line is not that.
func (t *Text) partGoesOn(h *syslog.Header, p *piece) bool {
	part, of, end := readPart(h.Text)
	if part < 2 || part > of || !bytes.Equal(h.Host, t.host) || !t.fits(len(p.line)) {
		return false
	}
	// The datagram before was cut anywhere: its line end is none.
	l := &t.lines
	l.eol.pending = false
	from, to := h.TextStart+end, len(trimEOL(p.line))
	t.appendText(p, min(from, to), to)
	t.endLine(p, to)
	if part == of {
		t.rec.Missing = capture.MissingNothing
	}
	return true
}

// lastPart notes that a part has come and reports whether it was the last.
func (t *Text) lastPart(part int) bool {
	t.parts.want++
	if part < t.parts.of {
		return false
	}
	t.parts = parts{}
	t.rec.Missing = capture.MissingNothing
	return true
}

// nextStep reads the first step of an offset map; n is its length, 0 if there is none.
func nextStep(m syslog.OffsetMap) (run, extra, n int) {
	r, k := binary.Uvarint(m)
	if k <= 0 {
		return 0, 0, 0
	}
	x, j := binary.Varint(m[k:])
	if j <= 0 {
		return 0, 0, 0
	}
	return int(r), int(x), k + j
}
