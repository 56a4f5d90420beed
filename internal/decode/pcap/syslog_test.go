package pcap

import (
	"testing"

	"sipscribe/internal/capture"
)

// What a device sends to its collector is what the device says, not a message between the two.
func TestSyslogDatagrams(t *testing.T) {
	for name, c := range map[string]struct {
		port     uint16
		text     string
		kind     capture.Kind
		observer string
		data     string
		missing  capture.Missing
		none     bool
	}{
		"a message": {514, string(invite(1, 0)), capture.KindMessage, "192.0.2.1", string(invite(1, 0)), 0, false},
		"a message with a priority, to another port": {5514, "<134>" + string(ringing(1)), capture.KindMessage, "192.0.2.1", string(ringing(1)), 0, false},
		"a start line":              {514, "<134>SIP/2.0 180 Ringing", capture.KindMessage, "192.0.2.1", "SIP/2.0 180 Ringing", capture.MissingHead, false},
		"an event":                  {514, "[0]Off Hook", capture.KindEvent, "192.0.2.1", "[0]Off Hook", 0, false},
		"an event with a line end":  {514, "<135>Calling:18005551212@sip.example.com\n", capture.KindEvent, "192.0.2.1", "Calling:18005551212@sip.example.com", 0, false},
		"a header, passed on":       {514, "<134>Aug 20 16:40:00 198.51.100.9 SIP/2.0 200 OK#015#012Via: SIP/2.0/UDP 192.0.2.5#015#012#015", capture.KindMessage, "198.51.100.9", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.5\r\n\r\n", 0, false},
		"another program":           {514, "<13>Aug 20 16:40:00 host sshd[1]: session opened", 0, "", "", 0, true},
		"prose about SIP":           {514, "<13>Aug 20 16:40:00 host pbx: INVITE was sent", 0, "", "", 0, true},
		"XML on another port":       {8080, "<1>x</1>", 0, "", "", 0, true},
		"a message to another port": {5070, string(invite(1, 0)), capture.KindMessage, "", string(invite(1, 0)), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			recs, stats := decodeAll(t, ethernetPcap(t, udp4Ports(t, 2048, c.port, []byte(c.text))))
			if c.none {
				if len(recs) != 0 || stats.Other != 1 {
					t.Errorf("%d records, %+v", len(recs), stats)
				}
				return
			}
			if len(recs) != 1 {
				t.Fatalf("%d records", len(recs))
			}
			r := recs[0]
			if r.Kind != c.kind || string(r.Observer) != c.observer || string(r.Data) != c.data || r.Missing != c.missing || r.Src.IsValid() != (c.observer == "") || r.Time.IsZero() {
				t.Errorf("%+v\n%q", r, r.Data)
			}
		})
	}
}
