package decode

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// A log that spreads a message over lines, and was turned round line by line (tac), has its messages upside down:
//
//	Content-Length: 0
//	CSeq: 101 ACK
//	Via: SIP/2.0/UDP 192.0.2.5
//	Aug 20 16:40:16 192.0.2.5 ACK sip:bob@example.com SIP/2.0
//
// Such a source is read whole, and its lines are given from the last to the first, each with the number and the offset that it has. Chronological turns what has its records
// in the wrong order, each of them whole.

// leastUpsideDown is how many header fields have to stand before a start line that is at the foot of its message.
const leastUpsideDown = 3

// turnedLines is what leads from a line that is read to its place in the source.
type turnedLines struct {
	lines int64 // how many there are
	total int64 // bytes, with the line end that the last may lack, and is given
	size  int64 // without it
}

// place returns the number and the offset of a line of n bytes, which is the read-th, at the given offset from the end.
func (t *turnedLines) place(read, offset int64, n int) (int64, int64) {
	return t.lines - read + 1, t.total - offset - int64(n)
}

// origin sets where a message ends whose start line is of n bytes. What else belongs to it stands before that, where its map leads; its place is that of the start line.
func (t *turnedLines) origin(o *capture.Origin, n int) {
	if o.End < o.Start {
		o.End = o.Start + int64(n)
	}
	o.End = min(o.End, t.size)
}

// isUpsideDown judges the first bytes of a source: the start lines in it have Via, which mostly is the first header field, right before them and not behind.
func isUpsideDown(head []byte) bool {
	found, fields, via := false, 0, false // header fields before the line, and whether the last of them is Via
	var h syslog.Header
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, lineFeed)
		head = rest
		if isFieldLine(line) && knownField(line) {
			fields, via = fields+1, isVia(line)
			continue
		}
		before, last := fields, via
		fields, via = 0, false
		if !bytes.Contains(line, sipVersion) {
			continue
		}
		h.Parse(line)
		start, ok := findStart(h.Text)
		if !ok {
			continue
		}
		if !endsStartLineAlone(h.Text[start:]) {
			return false // it has its messages on one line each
		}
		next, _, _ := bytes.Cut(rest, lineFeed)
		switch {
		case isVia(next) && !last:
			return false
		case last && before >= leastUpsideDown && !isVia(next):
			found = true
		}
	}
	return found
}

// endsStartLineAlone reports whether a line that begins with a message ends with its start line.
func endsStartLineAlone(line []byte) bool {
	line = trimRightBlank(bytes.TrimRight(line, "\r\n"))
	return bytes.HasPrefix(line, sipVersion) && !hasEscape(line) || isStartLine(line)
}

func isVia(line []byte) bool {
	return bytes.HasPrefix(line, []byte("Via:")) || bytes.HasPrefix(line, []byte("v:"))
}

// turnUpsideDown has the lines of a source read from its end if its messages are upside down. whole is false if it is too long for that.
func (r *Reader) turnUpsideDown(room *TurnRoom) (turned, whole bool) {
	if r.lone || r.offset > 0 || !isUpsideDown(r.Peek(SniffLen)) {
		return false, false
	}
	if room == nil {
		room = NewTurnRoom()
	}
	for r.err == nil && r.w-r.r < room.left {
		r.fill(r.w - r.r + 1)
	}
	text := r.buf[r.r:r.w]
	if r.err == nil || longestLine(text) >= MaxLine {
		return true, false
	}
	room.left -= len(text)
	t := &turnedLines{total: int64(len(text)), size: int64(len(text))}
	out := make([]byte, 0, len(text)+1)
	open := text[len(text)-1] != '\n'
	if open {
		t.total++
	}
	for end := len(text); end > 0; {
		i := bytes.LastIndexByte(text[:end-1], '\n') + 1
		if out = append(out, text[i:end]...); end == len(text) && open {
			out = append(out, '\n')
		}
		end = i
		t.lines++
	}
	r.buf, r.r, r.w, r.turned = out, 0, len(out), t
	return true, true
}

// longestLine returns the length of the longest line, without its line end.
func longestLine(text []byte) int {
	longest := 0
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, lineFeed)
		longest, text = max(longest, len(line)), rest
	}
	return longest
}
