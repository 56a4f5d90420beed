// Package spa reads the syslog of Sipura, Linksys and Cisco SPA adapters and telephones, as a collector wrote it to a file.
//
//	Aug 20 16:40:00 192.168.0.2 [0]Off Hook                                      an event
//	Aug 20 16:40:04 192.168.0.2 INVITE sip:18005551212@… SIP/2.0^M Via: …^M …    a message ("SIP Debug Option: full")
//	Aug 20 16:40:04 192.168.0.2 SIP/2.0 407 Proxy Authentication Required        its start line alone ("1-line")
//
// One message is one datagram. What the collector made of its line ends is undone (package syslog has the list); a collector
// that keeps them spreads a message over lines of which only the first has a header. The device gives no time and mostly
// no direction: the time and the host are the collector's. Where nobody put a header before what arrived there is neither; see internal/decode/bare.go.
package spa

import (
	"bytes"
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/spalog"
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
	t.Event = decode.DeviceEvent
	head := in.R.Peek(decode.SniffLen)
	if _, t.Bare = decode.ReadBareLines(head); !t.Bare {
		t.Bare = in.Options.Named && !decode.HasHeaders(head)
	}
	return t
}

// sniff reads the first records: an SPA is known by its events and by the marks in its messages. Prose around a few of its lines is a page
// about a log, not a log.
func sniff(head []byte) decode.Verdict {
	if lines, bare := decode.ReadBareLines(head); bare {
		return decode.Verdict{Score: 60, Reason: fmt.Sprintf("it has %s and %s of an SPA, one a line without a header, and hardly anything else: the 1-line debug option",
			decode.Counted(int64(lines.Messages()), "first line")+" of SIP messages", decode.Counted(int64(lines.Events), "event"))}
	}
	in := decode.SniffInput(head)
	dec := newDecoder(in)
	events, messages, marks, headed := 0, 0, 0, 0
	var rec capture.Record
	for events+messages < 400 && dec.Next(&rec) == nil {
		switch rec.Kind {
		case capture.KindEvent:
			events++
			if rec.Event.Name != spalog.Other.String() {
				marks++
			}
		case capture.KindMessage:
			messages++
			if fingerprint(rec.Data) {
				marks++
			}
		}
		if len(rec.Observer) > 0 || !rec.Time.IsZero() && rec.Direction == capture.DirectionUnknown {
			headed++
		}
	}
	if marks == 0 || events+headed == 0 || 2*in.Stats.UnrecognisedLines > int64(events+messages) {
		return decode.Verdict{}
	}
	return decode.Verdict{Score: 60, Reason: fmt.Sprintf("in its %s stand %s and %s with the marks of a Sipura, Linksys or Cisco SPA",
		decode.FirstLines(in.R.Lines()), decode.Counted(int64(messages), "SIP message"), decode.Counted(int64(events), "event"))}
}

// fingerprint reports whether a message has the marks of an SPA: its User-Agent or Server, or the tag that it makes.
func fingerprint(text []byte) bool {
	for _, name := range [...]string{"Sipura/", "Linksys/", "Cisco/SPA", "Cisco-SPA", spalog.SoftwareAgent} {
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
