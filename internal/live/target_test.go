package live

import "testing"

func TestTargetAndFlow(t *testing.T) {
	for _, c := range []struct{ uri, want string }{
		{"sip:127.0.0.1", "UDP 127.0.0.1:5060"},
		{"sip:b@127.0.0.1:5070", "UDP 127.0.0.1:5070"},
		{"sip:b@127.0.0.1;transport=TCP", "TCP 127.0.0.1:5060"},
		{"sips:b@[::1]", "TLS [::1]:5061"},
		{"sip:b@[::ffff:127.0.0.1]:5070;transport=tls", "TLS 127.0.0.1:5070"},
		{"sip:b@example.com;maddr=127.0.0.2", "UDP 127.0.0.2:5060"},
		{"sip:b@example.com", "example.com"},
		{"sip:b@example.com:5070;transport=sctp", "example.com"},
		{"tel:+1555", "none"},
		{"sip:", "none"},
	} {
		got := "none"
		if target, ok := TargetOf(c.uri); ok {
			got = target.Host
			if f, ok := FlowOf(target); ok {
				got = f.Transport.String() + " " + f.Remote.String()
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.uri, got, c.want)
		}
	}
}
