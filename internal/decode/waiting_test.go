package decode

import (
	"fmt"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

const (
	waitingMarker  = "<--- SIP read from UDP:192.0.2.5:5060 --->\n"
	waitingMessage = "BYE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5\nContent-Length: 0\n\n"
)

// Records come in the order of the source, whatever becomes of a marker, and the lines that are counted are those that are given out.
func TestMarkersInOrder(t *testing.T) {
	kinds := [...]string{capture.KindUnknown: "unknown", capture.KindMessage: "message", capture.KindEvent: "event", capture.KindLoss: "loss"}
	for name, c := range map[string]struct{ text, want string }{
		"no message follows":            {waitingMarker + "one\n", "unknown 1, unknown 2"},
		"none follows soon":             {waitingMarker + "one\ntwo\nthree\nfour\nfive\nsix\n", "unknown 1, unknown 2, unknown 3, unknown 4, unknown 5, unknown 6, unknown 7"},
		"one follows behind words":      {waitingMarker + "one\ntwo\n" + waitingMessage, "unknown 2, unknown 3, message 4"},
		"another marker is for another": {waitingMarker + "one\n" + waitingMarker + "two\n" + waitingMessage, "unknown 1, unknown 2, unknown 4, message 5"},
		"two that share":                {"20:25:11.561#\none\nSent:\ntwo\n", "unknown 1, unknown 2, unknown 3, unknown 4"},
		"an event between":              {waitingMarker + "Aug 20 16:40:00 192.0.2.5 [0]Off Hook\nAug 20 16:40:01 192.0.2.5 [0]On Hook\n", "unknown 1, event 2, event 3"},
		"a packet list":                 {waitingMarker + "one\n1 0.0 192.0.2.5 -> 192.0.2.6 SIP Request: BYE sip:b@c |\n", "unknown 1, unknown 2, message 3"},
		"a line that is too long": {waitingMarker + strings.Repeat("x", MaxLine) + "y\nz\n",
			"unknown 1, unknown 2, loss 2, unknown 3, unknown 4"},
		"datagrams without end": {waitingMarker + strings.Repeat("<134>[0]Off Hook", maxMarkerGap/recordBytes) + "\n" + waitingMessage,
			"unknown 1" + strings.Repeat(", event 2", maxMarkerGap/recordBytes) + ", message 3"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, keepUnknown := range [...]bool{true, false} {
				in := &Input{R: NewReader(strings.NewReader(c.text)), Options: Options{KeepUnrecognised: keepUnknown}}
				dec := NewText(in)
				dec.Event = DeviceEvent
				var got []string
				unknown, most := 0, 0
				var rec capture.Record
				for dec.Next(&rec) == nil {
					got = append(got, fmt.Sprintf("%s %d", kinds[rec.Kind], rec.Origin.Number))
					most = max(most, len(dec.waiting))
				}
				var want []string
				for _, w := range strings.Split(c.want, ", ") {
					if isUnknown := strings.HasPrefix(w, "unknown"); isUnknown {
						unknown++
						if !keepUnknown {
							continue
						}
					}
					want = append(want, w)
				}
				if g, w := strings.Join(got, ", "), strings.Join(want, ", "); g != w {
					t.Errorf("kept %v:\n got %s\nwant %s", keepUnknown, g, w)
				}
				if n := in.Stats.UnrecognisedLines; n != int64(unknown) {
					t.Errorf("kept %v: %d lines are not recognised, want %d", keepUnknown, n, unknown)
				}
				if most > maxMarkerGap/recordBytes+maxMarkerLines {
					t.Errorf("%d records waited", most)
				}
			}
		})
	}
}
