package ua

import (
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
)

// What people write is called as they mean it, or refused with what is wrong about it: nothing else comes into a start line (RFC 3261 §19.1.2, §25.1).
func TestAddresses(t *testing.T) {
	l := &line{LineConfig: &LineConfig{Proxy: "example.com"}}
	for given, want := range map[string]string{
		"1-800-555-1212":                "sip:18005551212@example.com",
		"1 800 555 1212":                "sip:18005551212@example.com",
		" 102 ":                         "sip:102@example.com",
		"(800) 555.1212":                "sip:8005551212@example.com",
		"030/901 820":                   "sip:030901820@example.com",
		"1\u00a0800\u2013555\u20111212": "sip:18005551212@example.com",
		"+49 (0)30 901820":              "sip:+4930901820@example.com",
		"(0)30 901820":                  "sip:030901820@example.com",
		"tel:+1-800-555-1212;ext=5":     "sip:+18005551212@example.com",
		"*72#":                          "sip:*72%23@example.com",
		"bob":                           "sip:bob@example.com",
		"bob smith":                     "sip:bob%20smith@example.com",
		"1-800-flowers":                 "sip:1-800-flowers@example.com",
		"b\u00fcro":                     "sip:b%C3%BCro@example.com",
		"b\u00fcro@example.net":         "sip:b%C3%BCro@example.net",
		"SIP:bob@example.net;x=%41":     "sip:bob@example.net;x=%41",
		"sips:bob@[::1]:5061":           "sips:bob@[::1]:5061",
		"a%20b@example.net":             "sip:a%20b@example.net",
		"a%2@example.net":               "",
		"a%zz@example.net":              "",
		"a b@example.net":               "",
		"sip:<b>@example.net":           "",
		"a@b\u00fcro.example":           "",
		"a@b@c":                         "",
		"a\x00b":                        "",
		"a\r\nVia: b":                   "",
		"a\u0085b":                      "",
		"a\xffb":                        "",
		"":                              "",
		"tel:":                          "",
		"sip:":                          "",
		"---":                           "sip:---@example.com",
		"sip:example.com":               "",
	} {
		uri := l.address(given)
		err := checkAddress(given, uri)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is called as %s", given, uri)
		case want != "" && (err != nil || uri != want):
			t.Errorf("%q: %s, %v, want %s", given, uri, err, want)
		case err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }):
			t.Errorf("%q: the error itself has a control character: %q", given, err)
		}
	}
}

// A setting that would become no URI is refused by its name.
func TestSettingsThatAreNoAddress(t *testing.T) {
	for want, change := range map[string]func(l *LineConfig){
		`User ID "a b" has a blank in it`:           func(l *LineConfig) { l.UserID = "a b" },
		"User ID has a control character":           func(l *LineConfig) { l.UserID = "a\u0085b" },
		"Display Name has a control character":      func(l *LineConfig) { l.DisplayName = "a\xff" },
		`Cfwd All Dest: "a b@c" cannot be called`:   func(l *LineConfig) { l.CfwdAll = "a b@c" },
		`Cfwd Busy Dest: "a%b@c" cannot be called`:  func(l *LineConfig) { l.CfwdBusy = "a%b@c" },
		`Cfwd No Ans Dest: "a\nb" cannot be called`: func(l *LineConfig) { l.CfwdNoAns = "a\nb" },
		"\"b\u00fc.de\" is neither a host name nor": func(l *LineConfig) { l.Proxy = "b\u00fc.de" },
	} {
		c := Config{Rand: seeded(1), Lines: []LineConfig{{Local: atA, Proxy: "example.com", UserID: "bob"}}}
		change(&c.Lines[0])
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The syslog has the number as it is called.
func TestCallingIsLogged(t *testing.T) {
	for number, want := range map[string]string{
		"tel:1 800 555 1212": "Calling:18005551212@127.0.0.2", "1/800 5551212": "Calling:18005551212@127.0.0.2", "*72#": "Calling:*72#@127.0.0.2",
		"bob@127.0.0.2:5060": "Calling:bob@127.0.0.2:5060",
	} {
		tb := newTable(t, nil)
		tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, number, out) })
		if len(tb.said) < 2 || tb.said[1] != want {
			t.Errorf("%s: %q, want %s", number, tb.said, want)
		}
	}
}
