package sip

import "testing"

func TestAppendRequestURI(t *testing.T) {
	for in, want := range map[string]string{
		"sip:z@h": "sip:z@h",
		"sip:z@h;method=BYE;lr?Subject=x&Route=%3C": "sip:z@h;lr",
		"sip:z@h:5060;transport=tcp":                "sip:z@h:5060;transport=tcp",
		"sip:z@h;a=\"<b>\"":                         "sip:z@h;a=%22%3Cb%3E%22",
		"tel:+1555;method=x":                        "tel:+1555;method=x",
		"sip:z\r\n@h":                               "sip:z%0D%0A@h",
	} {
		u := ParseURI([]byte(in))
		if got := string(u.AppendRequestURI(nil)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
