package decode

import (
	"bytes"

	"sipscribe/syslog"
)

// rsyslog's template RSYSLOG_SyslogProtocol23Format writes the header of RFC 5424 before whatever came in. Of a datagram without a header, as an SPA sends it, rsyslog
// has taken the first words for host and TAG, and the template puts the parts of the message where such things belong (seen of rsyslog 8.2302):
//
//	sent     INVITE sip:bob@example.com SIP/2.0 CR LF …
//	written  <13>1 2026-08-20T16:40:00.123456+02:00 INVITE sip - - - bob@example.com SIP/2.0#015#012…
//	sent     SIP/2.0 180 Ringing CR LF …
//	written  <13>1 2026-08-20T16:40:00.123456+02:00 192.0.2.5 SIP - - -  180 Ringing#015#012…
//	sent     CC:CallProgress
//	written  <13>1 2026-08-20T16:40:00.123456+02:00 192.0.2.5 CC - - - CallProgress
//
// restore makes of such a line what another template would have written: the date, the host, and the text as it was sent. What is missing, a colon and "/2.0", stands at
// the blank where it was taken away.
func (t *Text) restore(h *syslog.Header, p *piece) {
	if h.ProcID != nil || h.MsgID != nil || h.StructuredData != nil || len(h.App) == 0 || len(h.Host) == 0 || p.at != nil {
		return
	}
	// Where the words stand: host and APP-NAME have one blank between them.
	line := p.line
	host := cap(line) - cap(h.Host) // a slice of a slice has lost as much capacity as it begins later
	if host <= 0 || host+len(h.Host)+1+len(h.App) > h.TextStart {
		return
	}
	app := host + len(h.Host) + 1
	text := bytes.TrimLeft(h.Text, " ")
	at := h.TextStart + len(h.Text) - len(text)
	w := restored{line: line, text: t.asPaste.text[:0], at: t.asPaste.at[:0]}
	from := bytes.IndexByte(line, ' ') + 1 // behind PRI and VERSION
	switch {
	case isMethod(h.Host) && isSIPScheme(h.App) && at == h.TextStart:
		w.take(from, app+len(h.App))
		w.lost(":", app+len(h.App))
	case string(h.App) == "SIP" && len(text) > 3 && statusLen(h.Text) > 0:
		w.take(from, app+len(h.App))
		w.lost("/2.0 ", app+len(h.App))
	case t.restoresEvent(h, line[host:app+len(h.App)], text):
		w.take(from, app+len(h.App))
		if at == h.TextStart {
			w.lost(":", app+len(h.App))
		} else {
			w.lost(" ", app+len(h.App))
		}
	default:
		return
	}
	w.take(at, len(line))
	w.at = append(w.at, int32(len(line)))
	t.asPaste.text, t.asPaste.at = w.text, w.at
	p.raw = line
	p.line, p.at = w.text, w.at
	h.Parse(p.line)
}

// restored is a line under restoration.
type restored struct {
	line []byte
	text []byte
	at   []int32
}

// take takes a part of the line as it stands.
func (w *restored) take(from, to int) {
	for i := from; i < to; i++ {
		w.text, w.at = append(w.text, w.line[i]), append(w.at, int32(i))
	}
}

// lost puts in what rsyslog took away.
func (w *restored) lost(s string, at int) {
	for i := range len(s) {
		w.text, w.at = append(w.text, s[i]), append(w.at, int32(at))
	}
}

// isSIPScheme reports whether a word is the scheme of a Request-URI that a telephone sends.
func isSIPScheme(word []byte) bool {
	switch string(word) {
	case "sip", "sips", "tel":
		return true
	}
	return false
}

// restoresEvent reports whether APP-NAME and text, or host, APP-NAME and text, make a line that the device writes beside SIP.
func (t *Text) restoresEvent(h *syslog.Header, words, text []byte) bool {
	if t.Event == nil {
		return false
	}
	bare := trimEscapedEOL(trimEOL(text))
	var line []byte
	if len(text) == len(h.Text) {
		line = append(append(append(line, h.App...), ':'), bare...)
	} else {
		line = append(append(append(line, words...), ' '), bare...)
	}
	e, ok := t.Event(line)
	return ok && !e.Weak
}
