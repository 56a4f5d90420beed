package decode

import (
	"bytes"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// tshark prints a line about each packet, and of a SIP message its start line in other words:
//
//	    1   0.000000    192.0.2.5 → 198.51.100.7 SIP/SDP 1005 Request: INVITE sip:bob@example.com |
//	    2 2026-08-20 16:40:00.151000 198.51.100.7 -> 192.0.2.5 SIP Status: 407 Proxy Authentication Required
//	  0.184 192.0.2.5 -> 198.51.100.7 SIP Status: 200 OK (REGISTER)  (1 binding) |
//
// The start line is made of it; "SIP/2.0" stands at the blank before what is there of it. A time counted from the first packet is no time of day and is not told.

var (
	summaryRequest = []byte(" Request: ")
	summaryStatus  = []byte(" Status: ")
)

// summary takes a line about a SIP message, and fills rec. used: the line was one; filled is false if something else comes first.
func (t *Text) summary(rec *capture.Record, p *piece) (used, filled bool) {
	if p.at != nil || len(p.line) > maxMarker+maxRequestURI {
		return false, false
	}
	line := trimEOL(p.line)
	head := line[:min(len(line), maxBefore)]
	at, request := bytes.Index(head, summaryRequest), true
	if at < 0 {
		if at, request = bytes.Index(head, summaryStatus), false; at < 0 {
			return false, false
		}
	}
	src, dst, ok := summaryEnds(line[:at])
	if !ok {
		return false, false
	}
	w := &t.wrap
	w.text, w.at = w.text[:0], w.at[:0]
	take := func(from, to int) {
		for i := from; i < to; i++ {
			w.text, w.at = append(w.text, line[i]), append(w.at, int32(i))
		}
	}
	put := func(s string, at int) {
		for i := range len(s) {
			w.text, w.at = append(w.text, s[i]), append(w.at, int32(at))
		}
	}
	from := 0
	if request {
		from = at + len(summaryRequest)
		n := tokenLen(line[from:])
		if n == 0 || from+n >= len(line) || line[from+n] != ' ' || !uriBegins(line[from+n+1:]) {
			return false, false
		}
		end := from + n + 1
		for end < len(line) && line[end] > ' ' && line[end] != '|' {
			end++
		}
		end -= len(line[:end]) - len(bytes.TrimRight(line[:end], ",")) // "…, with session description"
		take(from, end)
		put(" SIP/2.0\r\n", min(end, len(line)-1))
	} else {
		from = at + len(summaryStatus)
		if statusLen(line[from-1:]) == 0 || len(line) > from+3 && line[from+3] != ' ' {
			return false, false
		}
		end := from + len(trimSummary(line[from:]))
		put("SIP/2.0 ", from)
		take(from, end)
		put("\r\n", min(end, len(line)-1))
	}
	if t.marker.set {
		// No marker of this message: it stands before it in the source, and is told first.
		t.hold(*p)
		t.dropMarker()
		return true, false
	}
	*rec = capture.Record{Kind: capture.KindMessage, Missing: capture.MissingHead, Form: capture.FormSummary, Src: src, Dst: dst}
	rec.Time = t.clock.Time(summaryTime(line[:at]))
	t.buf, t.omap = append(t.buf[:0], w.text...), t.omap[:0]
	t.compose(append(w.at, int32(len(line))))
	rec.Data = t.buf
	rec.Origin = capture.Origin{Source: t.in.Source, Number: p.number, Start: p.place(from), End: p.place(len(line)), Map: t.omap}
	return true, true
}

// trimSummary takes off what tshark adds behind a reason phrase: "(REGISTER)", "(1 binding)", a bar, the media.
func trimSummary(status []byte) []byte {
	if i := bytes.IndexByte(status, '|'); i >= 0 {
		status = status[:i]
	}
	if i := bytes.Index(status, []byte(", with session description")); i >= 0 {
		status = status[:i]
	}
	for {
		status = trimRightBlank(status)
		i := bytes.LastIndexByte(status, '(')
		if i <= len("200 ") || status[len(status)-1] != ')' || status[i-1] != ' ' {
			return status
		}
		status = status[:i]
	}
}

// summaryEnds reads the two addresses before the protocol, which must be SIP.
func summaryEnds(before []byte) (src, dst capture.Endpoint, ok bool) {
	words := bytes.Fields(before)
	arrow := -1
	for i, w := range words {
		if s := string(w); s == "→" || s == "->" {
			arrow = i
			break
		}
	}
	if arrow < 1 || arrow+2 >= len(words) {
		return src, dst, false
	}
	if proto := words[arrow+2]; string(proto) != "SIP" && !bytes.HasPrefix(proto, []byte("SIP/")) {
		return src, dst, false
	}
	a, err := netip.ParseAddr(string(words[arrow-1]))
	b, err2 := netip.ParseAddr(string(words[arrow+1]))
	return capture.Endpoint{Addr: a}, capture.Endpoint{Addr: b}, err == nil && err2 == nil
}

// summaryTime reads the time of a line of the list: one with a date. "16:40:00.123" alone is one too; "0.184" is none.
func summaryTime(before []byte) syslog.Timestamp {
	for i, c := range before[:min(len(before), 40)] {
		if isDigit(c) && (i == 0 || before[i-1] == ' ') {
			if ts, n := syslog.ParseTimestamp(before[i:]); n > 0 {
				return ts
			}
		}
	}
	return syslog.Timestamp{}
}
