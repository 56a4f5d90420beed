package live

import (
	"fmt"
	"testing"
)

func TestTargetOf(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:bob@h":                            "{h 0  false}",
		"sips:bob@h:5070":                      "{h 5070  true}",
		"sip:[2001:db8::9]:5060;transport=tcp": "{2001:db8::9 5060 TCP false}",
		"sip:h;maddr=192.0.2.5":                "{192.0.2.5 0  false}",
		"sip:h;transport=pigeon":               "",
		"sip:h:0":                              "",
		"tel:+1800":                            "",
		"sip:":                                 "",
	} {
		got := ""
		if x, ok := TargetOf([]byte(uri)); ok {
			got = fmt.Sprint(x)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func TestFlowOf(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:127.0.0.1":                               "UDP 127.0.0.1:5060",
		"sip:b@127.0.0.1:5070":                        "UDP 127.0.0.1:5070",
		"sip:b@127.0.0.1;transport=TCP":               "TCP 127.0.0.1:5060",
		"sips:b@[::1]":                                "TLS [::1]:5061",
		"sips:b@[::1];transport=tcp":                  "TLS [::1]:5061",
		"sip:b@[::ffff:127.0.0.1]:5070;transport=tls": "TLS 127.0.0.1:5070",
		"sip:b@example.com;maddr=127.0.0.2":           "UDP 127.0.0.2:5060",
		"sip:b@example.com":                           "",
	} {
		target, ok := TargetOf([]byte(uri))
		if !ok {
			t.Errorf("%s is no target", uri)
			continue
		}
		got := ""
		if f, ok := FlowOf(target); ok {
			got = f.Transport.String() + " " + f.Remote.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}
