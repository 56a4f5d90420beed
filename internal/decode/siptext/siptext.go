// Package siptext reads SIP messages that stand in any text: a log of a program that prints what it sends and receives, a ticket,
// a page of the web, an RFC. Whatever is around the messages is passed over, except lines right before one that say where it
// came from or which way it went:
//
//	Some words.
//	<--- SIP read from UDP:192.0.2.1:5060 --->     a marker: received, from 192.0.2.1:5060
//	INVITE sip:bob@example.com SIP/2.0             the message
//	Via: …
package siptext

import (
	"fmt"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// Format is SIP in any text.
var Format = &decode.Format{
	Name:  "siptext",
	Title: "SIP messages in any text, with whatever is around them",
	Sniff: sniff,
	New:   func(in *decode.Input) decode.Decoder { return decode.NewText(in) },
}

func sniff(head []byte) decode.Verdict {
	messages := 0
	var rec capture.Record
	in := decode.SniffInput(head)
	t := decode.NewText(in)
	for messages < 50 && t.Next(&rec) == nil {
		if rec.Kind == capture.KindMessage { // not that a limit was reached
			messages++
		}
	}
	if messages == 0 {
		return decode.Verdict{}
	}
	return decode.Verdict{Score: 40, Reason: fmt.Sprintf("SIP messages stand in its text: %d in the %s", messages, decode.FirstLines(in.R.Lines()))}
}
