package explain

import "testing"

func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		in, protocol string
		cause        int
		text         string
	}{
		{`SIP;cause=200;text="Call completed elsewhere"`, "SIP", 200, "Call completed elsewhere"},
		{`Q.850 ; cause=16 ; text="a; b, \"c\""`, "Q.850", 16, `a; b, "c"`},
		{`SIP ;text=plain;cause=600, Q.850;cause=3`, "SIP", 600, "plain"},
		{`preemption`, "preemption", 0, ""},
		{`SIP;lr;cause=x`, "SIP", 0, ""},
		{`SIP;cause="`, "SIP", 0, ""},
		{`SIP;text="open \`, "SIP", 0, `open \`},
		{``, "", 0, ""},
		{`;;;=,`, "", 0, ""},
	} {
		r := reasonOf([]byte(c.in))
		if string(r.protocol) != c.protocol || r.cause != c.cause || string(r.text) != c.text {
			t.Errorf("%s: %q %d %q", c.in, r.protocol, r.cause, r.text)
		}
	}
}
