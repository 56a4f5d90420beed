package explain

import (
	"strconv"
	"strings"
	"testing"

	"sipscribe/sip"
)

func TestReasonText(t *testing.T) {
	for value, want := range map[string]string{
		"Q.850;cause=17": "Q.850 17 (the called party is busy)",
		"q.850 ; cause=16 ; text=\"Normal call clearing\"": "\"Normal call clearing\" (q.850 16: hung up in the normal way)",
		"Q.850;cause=99999": "Q.850 99999",
		"SIP;cause=200;text=\"Call completed elsewhere\"": "\"Call completed elsewhere\"",
		"SIP;cause=486":                 "SIP 486 (Busy Here)",
		"X.42;cause=7;text=\"odd\"":     "\"odd\"",
		"preemption":                    "preemption",
		"SIP;cause=487, Q.850;cause=19": "SIP 487 (Request Terminated) and Q.850 19 (it rang, and nobody answered)",
		"Q.850;cause=1, Q.850;cause=2, Q.850;cause=3, SIP": "Q.850 1 (no such number) and Q.850 2 (the network to pass through is not known) and Q.850 3 (no route to the destination)",
	} {
		m := sip.Parse([]byte("BYE sip:bob@example.com SIP/2.0\r\nReason: " + value + "\r\n\r\n"))
		teller := NewTeller(nil)
		teller.tellReason(m)
		if got := string(teller.buf); got != "The reason given is "+want+"." {
			t.Errorf("%s:\n got %s\nwant %s", value, got, want)
		}
	}
	for key := range catalogueEN {
		if n, ok := strings.CutPrefix(key, "cause."); ok {
			if c, err := strconv.Atoi(n); err != nil || c < 1 || c > 127 {
				t.Errorf("%s is no cause of Q.850", key)
			}
		}
	}
}
