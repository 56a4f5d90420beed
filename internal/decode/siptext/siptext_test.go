package siptext

import (
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

func TestSniff(t *testing.T) {
	const message = "BYE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5\nContent-Length: 0\n\n"
	for text, want := range map[string]string{
		"":      "",
		"words": "",
		"The phone sends BYE sip:bob@example.com SIP/2.0\nand waits.\n": "",
		"words\n" + message:            "SIP messages stand in its text: 1 in the first 5 lines",
		strings.Repeat(message, 60):    "SIP messages stand in its text: 50 in the first 201 lines",
		message[:len(message)-30] + "": "SIP messages stand in its text: 1 in the first 2 lines",
	} {
		v := Format.Sniff([]byte(text))
		if v.Reason != want || (v.Score > 0) != (want != "") {
			t.Errorf("%.60q: %+v, want %q", text, v, want)
		}
	}
}

// What an SPA says beside SIP is nothing here.
func TestNoEvents(t *testing.T) {
	in := &decode.Input{R: decode.NewReader(strings.NewReader("Aug 20 16:40:00 192.0.2.5 [0]Off Hook\n")), Options: decode.Options{KeepUnrecognised: true}}
	var rec capture.Record
	if err := Format.New(in).Next(&rec); err != nil || rec.Kind != capture.KindUnknown || string(rec.Data) != "[0]Off Hook" || in.Stats.UnrecognisedLines != 1 {
		t.Errorf("%v %q %v, %d lines", rec.Kind, rec.Data, err, in.Stats.UnrecognisedLines)
	}
}
