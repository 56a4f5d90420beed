// Package spa reads the syslog of Sipura, Linksys and Cisco SPA adapters and telephones, as a collector wrote it to a file.
//
//	Aug 20 16:40:00 192.168.0.2 [0]Off Hook                                      an event
//	Aug 20 16:40:04 192.168.0.2 INVITE sip:18005551212@… SIP/2.0^M Via: …^M …    a message ("SIP Debug Option: full")
//	Aug 20 16:40:04 192.168.0.2 SIP/2.0 407 Proxy Authentication Required        its start line alone ("1-line")
//
// One message is one datagram. What the collector made of its line ends is undone (package syslog has the list); a collector
// that keeps them spreads a message over lines of which only the first has a header. The device gives no time and mostly
// no direction: the time and the host are the collector's.
package spa

import (
	"bytes"
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/spalog"
	"sipscribe/syslog"
)

// Format is the syslog of SPA devices.
var Format = &decode.Format{
	Name:  "spa",
	Title: "syslog of Sipura, Linksys and Cisco SPA adapters",
	Sniff: sniff,
	New:   newDecoder,
}

func newDecoder(in *decode.Input) decode.Decoder {
	t := decode.NewText(in)
	t.Event = event
	return t
}

// event recognises what the device says beside SIP.
func event(text []byte) (decode.EventLine, bool) {
	e, ok := spalog.Parse(text)
	if !ok {
		return decode.EventLine{}, false
	}
	if e.Kind == spalog.Direction {
		line := decode.EventLine{Announces: true, Direction: capture.Received, Peer: decode.ParseEndpoint(e.Endpoint)}
		if e.Way == spalog.Sent {
			line.Direction = capture.Sent
		}
		return line, true
	}
	return decode.EventLine{Event: capture.Event{Name: e.Kind.String(), Line: e.Line, Subject: e.Number}}, true
}

// sniff looks for lines with a syslog header, and in them the SIP or the words of an SPA.
func sniff(head []byte) decode.Verdict {
	lines, headed, sip, spa := 0, 0, 0, 0
	var h syslog.Header
	for len(head) > 0 && lines < 400 {
		n := bytes.IndexByte(head, '\n') + 1
		if n == 0 {
			n = len(head)
		}
		line := head[:n]
		head = head[n:]
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		lines++
		h.Parse(line)
		if h.Shape == syslog.ShapeNone {
			continue
		}
		headed++
		text := bytes.TrimSpace(h.Text)
		if bytes.Contains(text, []byte("SIP/2.0")) {
			sip++
			if fingerprint(text) {
				spa++
			}
		} else if e, ok := spalog.Parse(text); ok && e.Kind != spalog.Other {
			spa++
		}
	}
	if headed == 0 || spa == 0 {
		return decode.Verdict{}
	}
	// Prose around a few lines of syslog is a page about a log, not a log.
	if headed*3 < lines*2 && !continued(headed, lines, sip) {
		return decode.Verdict{}
	}
	return decode.Verdict{Score: 60, Reason: fmt.Sprintf("%d of %d lines carry a syslog header, %d of them SIP, with the marks of a Sipura, Linksys or Cisco SPA",
		headed, lines, sip)}
}

// continued reports whether the lines without a header are the further lines of messages: a collector kept the line ends, so that one message takes
// some ten to forty lines.
func continued(headed, lines, sip int) bool { return sip > 0 && lines >= headed+5*sip }

// fingerprint reports whether a message has the marks of an SPA: its User-Agent or Server, or the tag that it makes.
func fingerprint(text []byte) bool {
	for _, name := range [...]string{"Sipura/", "Linksys/", "Cisco/SPA", "Cisco-SPA"} {
		if bytes.Contains(text, []byte(name)) {
			return true
		}
	}
	for rest := text; ; {
		i := bytes.Index(rest, []byte(";tag="))
		if i < 0 {
			return false
		}
		rest = rest[i+5:]
		n := 0
		for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] >= 'a' && rest[n] <= 'f') {
			n++
		}
		if n >= 11 && n <= 16 && n+1 < len(rest) && (rest[n] == 'o' || rest[n] == 'i') && rest[n+1] >= '0' && rest[n+1] <= '9' {
			return true
		}
	}
}
