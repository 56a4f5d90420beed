package decode

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// ngrep prints a full stop for each character that cannot be printed, CR and LF among them. Without -W byline it breaks the packet at the width of the terminal, behind two
// blanks, or prints it on one line (-W none), or right behind the addresses (-W single):
//
//	U 192.0.2.5:5060 -> 198.51.100.7:5060 #1
//	  INVITE sip:bob@example.com SIP/2.0..Via: SIP/2.0/UDP 192.0.2.5:5060;branch=
//	  z9hG4bK1..From: <sip:alice@example.com>;tag=1..To: <sip:bob@example.com>..C
//	  all-ID: 1@192.0.2.5..CSeq: 1 INVITE..Content-Length: 0....
//
// Two full stops are a line end where what follows them begins a line: a header field, a line of a session description, another line end, or nothing.

// dotted takes a message that ngrep printed in this way, and fills rec.
func (t *Text) dotted(rec *capture.Record, h *syslog.Header, p *piece) bool {
	if p.at != nil || t.longLine || len(p.line) < 20 {
		return false
	}
	from := 0
	switch line := p.line; {
	case t.marker.set && line[0] == ' ' && line[1] == ' ' && line[2] > ' ':
		from = len("  ")
	case (line[0] == 'U' || line[0] == 'T') && line[1] == ' ':
		if from = behindAddresses(line); from == 0 {
			return false
		}
	case !t.marker.set || !bytes.Contains(line, []byte("..")):
		return false
	}
	first := trimEOL(p.line)
	if !beginsWrapped(first[from:], true) || !bytes.Contains(first, []byte("..")) && !(len(t.held) == 0 && bytes.Contains(firstLine(t.aheadOf(p, maxWrapped)), []byte(".."))) {
		return false
	}
	first = trimEOL(p.line) // to look ahead may have moved it
	w := &t.wrap
	w.raw = append(w.raw[:0], p.line...)
	w.text, w.at = w.text[:0], w.at[:0]
	take := func(at, to int) {
		for i := at; i < to; i++ {
			w.text, w.at = append(w.text, w.raw[i]), append(w.at, int32(i))
		}
	}
	take(from, len(first))
	lines := 0
	if width := len(first); len(t.held) == 0 && width <= maxWrapped && from == len("  ") {
		ahead := t.in.R.Peek(maxUnwrapped)
		for len(ahead) > 0 {
			line := firstLine(ahead)
			// Each line but the last is full; the last is filled with blanks, or shorter.
			if len(line) < 3 || line[0] != ' ' || line[1] != ' ' || len(bytes.TrimRight(line, "\r")) > width || beginsWrapped(line[2:], false) {
				break
			}
			if len(line) == len(ahead) && len(ahead) == maxUnwrapped {
				break
			}
			at := len(w.raw)
			n := min(len(line)+1, len(ahead))
			w.raw = append(w.raw, ahead[:n]...)
			take(at+len("  "), at+len(bytes.TrimRight(line, "\r")))
			lines++
			if ahead = ahead[n:]; len(line) < width {
				break
			}
		}
	}
	text := bytes.TrimRight(w.text, " ")
	if start, ok := findDottedStart(text); !ok || start == 0 {
		return false
	}
	p.line = w.raw[:len(p.line)]
	h.Parse(p.line)
	t.heading(h, from-h.TextStart, p)
	places := make([]int32, 0, len(text)+1)
	t.buf = t.buf[:0]
	for i, body := 0, false; i < len(text); {
		dots := i
		for dots < len(text) && text[dots] == '.' {
			dots++
		}
		ends := lineEndsIn(text[i:], dots-i, body, t.buf)
		for ; i < dots-2*ends || i == dots && i < len(text); i++ {
			t.buf, places = append(t.buf, text[i]), append(places, w.at[i])
			if i == dots {
				i++
				break
			}
		}
		for range ends {
			t.buf, places = append(t.buf, '\r', '\n'), append(places, w.at[i], w.at[i+1])
			i += 2
		}
		body = body || ends == 2
	}
	end := w.at[len(text)-1] + 1
	t.omap = t.omap[:0]
	t.compose(append(places, end))
	for range lines {
		if _, _, _, err := t.in.R.ReadLine(); err != nil {
			break
		}
	}
	t.rec.Origin.End = p.offset + int64(end)
	t.rec.Form = capture.FormDots
	t.fill(rec)
	return true
}

// aheadOf returns what follows a line in the source, at most n bytes. The line is copied, since the reader may move it.
func (t *Text) aheadOf(p *piece, n int) []byte {
	w := &t.wrap
	w.head = append(w.head[:0], p.line...)
	p.line = w.head
	return t.in.R.Peek(n)
}

// behindAddresses returns where the text behind "U 192.0.2.5:5060 -> 198.51.100.7:5060 " begins, 0 if the line is not that.
func behindAddresses(line []byte) int {
	head := line[:min(len(line), maxBefore)]
	i := bytes.Index(head, []byte(" -> "))
	if i < 0 {
		return 0
	}
	at := i + len(" -> ")
	for at < len(head) && head[at] != ' ' {
		at++
	}
	for range 3 { // "#5", "[AP]"
		for at < len(head) && head[at] == ' ' {
			at++
		}
		if at >= len(head) || head[at] != '#' && head[at] != '[' {
			break
		}
		for at < len(head) && head[at] != ' ' {
			at++
		}
	}
	if at >= len(head) {
		return 0
	}
	return at
}

// findDottedStart returns the length of a start line whose line end is shown as two full stops.
func findDottedStart(text []byte) (int, bool) {
	head := text[:min(len(text), maxRequestURI)]
	for at := 0; at < len(head); at++ {
		dots := at
		for dots < len(head) && head[dots] == '.' {
			dots++
		}
		if ends := lineEndsIn(text[at:], dots-at, false, nil); ends > 0 {
			at = dots - 2*ends
			start, ok := findStart(text[:at])
			return at, ok && start == 0
		}
		at = max(at, dots)
	}
	return 0, false
}

// lineEndsIn returns how many line ends the last of the full stops are that b begins with, by what follows them: a header field, a line of a session description behind
// the empty line or another, or nothing. before is the message so far.
func lineEndsIn(b []byte, dots int, body bool, before []byte) int {
	if dots < 2 {
		return 0
	}
	switch rest := b[dots:]; {
	case len(rest) == 0:
		if !body && dots >= 4 {
			return 2
		}
	case body:
		if !isSDPLine(rest) {
			return 0
		}
	case knownField(rest), extensionField(rest) && isFieldLine(rest),
		rest[0] >= 'A' && rest[0] <= 'Z' && isFieldLine(rest) && bytes.HasPrefix(rest[tokenLen(rest):], []byte(": ")):
	case dots >= 4 && (isSDPLine(rest) || bytes.Contains(before, []byte("\r\nContent-"))):
		return 2
	default:
		return 0
	}
	return 1
}
