package explain

import (
	"fmt"
	"strings"
	"testing"
)

// Of more addresses of record than are kept no number is told that would be too small.
func TestManyAddresses(t *testing.T) {
	for n, want := range map[int]string{2: "REGISTER for two addresses", maxAddresses - 1: fmt.Sprintf("REGISTER for %d addresses", maxAddresses-1), maxAddresses + 5: fmt.Sprintf("REGISTER for at least %d addresses", maxAddresses)} {
		var log strings.Builder
		for i := range n {
			fields := fmt.Sprintf("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%d^M From: <sip:u%d@example.com>;tag=%d^M To: <sip:u%d@example.com>^M Call-ID: a@192.0.2.1^M CSeq: %d REGISTER^M "+
				"Contact: <sip:u%d@192.0.2.1>^M Content-Length: 0^M ^M\n", i, i, i, i, i+1, i)
			fmt.Fprintf(&log, "Aug 20 16:40:00 192.0.2.1 REGISTER sip:example.com SIP/2.0^M %sAug 20 16:40:00 192.0.2.1 SIP/2.0 200 OK^M %s", fields, fields)
		}
		if story := tellAll(t, &fixture{log: []byte(log.String())}); !strings.Contains(story, want+"\n") {
			t.Errorf("%d addresses, want %q: %.300s", n, want, story)
		}
	}
}
