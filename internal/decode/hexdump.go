package decode

import (
	"bytes"
	"encoding/hex"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// A FortiGate (diagnose debug application sip) writes what it reads and writes in hexadecimal digits, and behind that once more with full stops for what cannot be
// printed. The addresses are in the line before:
//
//	2026-08-20 16:40:00 sip port 26 192.0.2.5:5061 -> 198.51.100.7:5060
//	2026-08-20 16:40:00 sip port 26 read [(0,515) (494e56495445207369703a…0d0a)(INVITE sip:bob@example.com SIP/2.0..Via: …)]
//
// A line is broken here and there on its way into a document; the digits go on until the bracket.

const (
	minHexDump = 20       // bytes of the shortest start line
	maxHexDump = 64 << 10 // bytes of a dump in the source
)

// hexStart returns where the digits of such a dump begin, and how many bytes they are to be: behind "[(0,515)", maybe in the next line. 0 if there is none.
func hexStart(line []byte) (at, length int) {
	i := bytes.Index(line, []byte("[(0,"))
	if i < 0 {
		return 0, 0
	}
	at = i + len("[(0,")
	for at < len(line) && isDigit(line[at]) && length < maxHexDump {
		length = length*10 + int(line[at]-'0')
		at++
	}
	if at == len(line) || line[at] != ')' || length < minHexDump || length > maxHexDump/2 {
		return 0, 0
	}
	return at + 1, length
}

// hexDump takes a message that stands in hexadecimal digits, and fills rec.
func (t *Text) hexDump(rec *capture.Record, h *syslog.Header, p *piece) bool {
	if p.at != nil || len(t.held) > 0 {
		return false
	}
	at, length := hexStart(p.line)
	if at == 0 {
		return false
	}
	w := &t.wrap
	ahead := t.aheadOf(p, min(3*length+1024, maxHexDump))
	h.Parse(p.line)
	line := p.line
	next := func() (byte, bool) { // of the line and those ahead
		switch i := at; {
		case i < len(line):
			at++
			return line[i], true
		case i-len(line) < len(ahead):
			at++
			return ahead[i-len(line)], true
		}
		return 0, false
	}
	c, more := next()
	for more && isBlankOrEnd(c) {
		c, more = next()
	}
	if !more || c != '(' {
		return false
	}
	w.text, w.at = w.text[:0], w.at[:0]
	for len(w.text) < 2*length {
		if c, more = next(); more && isHexDigit(c) {
			w.text, w.at = append(w.text, c), append(w.at, int32(at-1))
		} else if !more || !isBlankOrEnd(c) {
			break
		}
	}
	n := len(w.text) / 2
	if n < minHexDump {
		return false
	}
	msg := make([]byte, n)
	if _, err := hex.Decode(msg, w.text[:2*n]); err != nil {
		return false
	}
	if start, ok := findStart(firstLine(msg)); !ok || start != 0 {
		return false
	}
	places := make([]int32, 0, n+1)
	for i := range n {
		places = append(places, w.at[2*i])
	}
	end := w.at[2*n-1] + 1
	begin := *p
	begin.at = w.at[:1]                                                  // where the first digit stands
	t.heading(&syslog.Header{Time: h.Time, Text: p.line[:0]}, 0, &begin) // "sip" behind the time is no host
	first := int(w.at[0])
	t.rec.Origin.Number += int64(bytes.Count(line[:min(first, len(line))], []byte("\n")) + bytes.Count(ahead[:max(0, first-len(line))], []byte("\n")))
	t.buf, t.omap = append(t.buf[:0], msg...), t.omap[:0]
	t.compose(append(places, end))
	t.rec.Origin.End = p.offset + int64(end)
	t.rec.Form = capture.FormHex
	if n < length {
		t.rec.Missing = capture.MissingSnap
	}
	// The lines in which the digits stand are used up; what is behind the digits in the last of them is the message once more.
	for used := len(p.line); used < int(end); {
		line, _, _, err := t.in.R.ReadLine()
		if err != nil {
			break
		}
		used += len(line)
	}
	t.fill(rec)
	return true
}

func isBlankOrEnd(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
