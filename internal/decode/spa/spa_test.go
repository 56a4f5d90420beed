package spa

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// Each line that an SPA writes beside SIP, as an event of its own or as what it says about the next message.
func TestEvents(t *testing.T) {
	for text, want := range map[string]string{
		"[0]Off Hook":                         "off-hook 1 ",
		"[1]On Hook":                          "on-hook 2 ",
		"[1]Hook Flash":                       "hook-flash 2 ",
		"Calling:18005551212@sip.example.com": "calling 0 18005551212",
		"CC:CallProgress":                     "call-progress 0 ",
		"CC:Ringback":                         "ringback 0 ",
		"CC:Remote Resume":                    "answered 0 ",
		"CC:Failed w/ Calling 18005551212":    "failed 0 w/ Calling 18005551212",
		"[0]AUD ALLOC CALL (port=16384)":      "audio-allocated 1 (port=16384)",
		"[0]AUD Rel Call":                     "audio-released 1 ",
		"[0]RTP Rx Up":                        "rtp-up 1 ",
		"RSE_DEBUG: reference":                "rse-debug 0 : reference",
		"[0] lcfg->ucAdpDebugOpt1:4":          "debug-option 1 ucAdpDebugOpt1:4",
		"SYSCFG:WARMBOOT 24 83":               "boot 0 WARMBOOT 24 83",
		"system request reboot":               "reboot 0 ",
		"fu:1:36e4, 0083 0001":                "other 0 ",
		"[3]Reg Addr Change":                  "other 4 ",
	} {
		for _, header := range []string{"Aug 20 16:40:00 192.0.2.5 ", "<134>", "Aug 20 16:40:00 192.0.2.5  ", ""} {
			if header == "" && strings.HasPrefix(want, "other") {
				continue // without a header it may be prose
			}
			recs := read(t, header+text+"\n")
			if len(recs) != 1 || recs[0] != "event "+want+" "+fmt.Sprintf("%q", text) {
				t.Errorf("%q is %q, want %s", header+text, recs, want)
			}
		}
	}
	// rsyslog makes a TAG of a word before a colon: a blank is behind it.
	for text, want := range map[string]string{
		"Calling:18005551212@sip.example.com": "calling 0 18005551212",
		"CC:CallProgress":                     "call-progress 0 ",
		"CC:Remote Resume":                    "answered 0 ",
		"CC:Failed w/ Calling 18005551212":    "failed 0 w/ Calling 18005551212",
		"SYSCFG:WARMBOOT 24 83":               "boot 0 WARMBOOT 24 83",
		"lcfg->ucAdpDebugOpt1:4":              "debug-option 0 ucAdpDebugOpt1:4",
		"fu:1:36e4, 0083 0001":                "other 0 ",
	} {
		for _, header := range []string{"Aug 20 16:40:00 192.0.2.5 ", "2009-08-20T16:40:00.123456+02:00 localhost ", "\x1b[0mAug 20 16:40:00 192.0.2.5 "} {
			recs := read(t, header+strings.Replace(text, ":", ": ", 1)+"#015\n")
			if len(recs) != 1 || recs[0] != "event "+want+" "+fmt.Sprintf("%q", text) {
				t.Errorf("%q is %q, want %s", header+text, recs, want)
			}
		}
	}
	for _, text := range []string{"[3] a footnote", "CC: Bob", "words"} {
		if recs := read(t, text+"\n"); len(recs) != 0 {
			t.Errorf("%q is %q", text, recs)
		}
	}
}

func TestDirection(t *testing.T) {
	const h = "Aug 20 16:40:00 192.0.2.5 "
	const m = "BYE sip:b@example.com SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.5^M ^M "
	for text, want := range map[string]string{
		h + "[0:5060]<<198.51.100.7:5060 " + m + "\n":                           "received 198.51.100.7:5060>",
		h + "[0]->198.51.100.7:5060(612) " + m + "\n":                           "sent >198.51.100.7:5060",
		h + "[0:5060]<<\n" + h + m + "\n":                                       "received >",
		h + "[0]->[2001:db8::7]:5060\n" + h + m + "\n":                          "sent >[2001:db8::7]:5060",
		h + "[0]->198.51.100.7:5060\n" + h + "[0]Off Hook\n" + h + m:            "sent >198.51.100.7:5060",
		h + "[0]->198.51.100.7:5060\n" + strings.Repeat(h+"words\n", 6) + h + m: "unknown >",
		h + m + "\n": "unknown >",
		h + " [0:5060]<<198.51.100.7:5060\n" + h + m + "\n":                                                        "received 198.51.100.7:5060>",
		h + " [0]->198.51.100.7:5060#015#012BYE sip:b@example.com SIP/2.0#015#012Via: SIP/2.0/UDP 192.0.2.5#015\n": "sent >198.51.100.7:5060",
		h + " [0:5060]<<SIP/2.0 200 OK#015#012Via: SIP/2.0/UDP 192.0.2.5#015\n":                                    "received >",
	} {
		recs := read(t, text)
		if last := recs[len(recs)-1]; !strings.HasPrefix(last, "message "+want+" ") {
			t.Errorf("%q is %q, want %s", text, last, want)
		}
	}
}

// read decodes a text and tells its records, one string each.
func read(t *testing.T, text string) []string {
	t.Helper()
	dec := Format.New(&decode.Input{R: decode.NewReader(strings.NewReader(text))})
	var all []string
	for {
		var r capture.Record
		err := dec.Next(&r)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch r.Kind {
		case capture.KindEvent:
			all = append(all, fmt.Sprintf("event %s %d %s %q", r.Event.Name, r.Event.Line, r.Event.Subject, r.Data))
		case capture.KindMessage:
			all = append(all, fmt.Sprintf("message %v %v>%v %q", r.Direction, r.Src, r.Dst, r.Data))
		}
	}
}

func TestFingerprint(t *testing.T) {
	for text, want := range map[string]bool{
		"User-Agent: Sipura/SPA2000-2.0.10(e)\r\n":      true,
		"Server: Linksys/SPA3102-3.3.6(GW)\r\n":         true,
		"User-Agent: Cisco/SPA112-1.3.1\r\n":            true,
		"From: Bob <sip:b@x>;tag=6240770a208ec24o0\r\n": true,
		"To: <sip:b@x>;tag=df9eaae8cee85322i1\r\n":      true,
		"To: <sip:b@x>;tag=as528e3bd1\r\n":              false,
		"To: <sip:b@x>;tag=6240770a208ec24\r\n":         false,
		"From: <sip:b@x>;tag=1o0\r\n":                   false,
		"User-Agent: Example/1.0\r\n":                   false,
	} {
		if got := fingerprint([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
