package explain

import (
	"bytes"
	"testing"

	"sipscribe/sip"
)

// TestIsPlain: each byte at each place of texts of each length that is looked at in another way.
func TestIsPlain(t *testing.T) {
	for n := 1; n <= 17; n++ {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{'~'}, n)
				b[at] = byte(c)
				if got, want := isPlain(b), c >= 0x20 && c < 0x7f; got != want {
					t.Fatalf("%q: %t", b, got)
				}
			}
		}
	}
	if !isPlain(nil) {
		t.Error("the empty text")
	}
}

// TestJoined: a text that was put together stays as it is when others follow, and is written over by the next story only.
func TestJoined(t *testing.T) {
	teller := NewTeller(nil)
	var texts []string
	for i := range 3000 {
		texts = append(texts, teller.joined("text ", string(rune('a'+i%26)), ""))
	}
	for i, s := range texts {
		if want := "text " + string(rune('a'+i%26)); s != want {
			t.Fatalf("%d: %q, want %q", i, s, want)
		}
	}
}

// TestUserAtHost: a URI is named by what stands in it only where that is its user and its host.
func TestUserAtHost(t *testing.T) {
	teller := NewTeller(nil)
	for uri, want := range map[string]string{
		"sip:bob@example.com":                 "bob@example.com",
		"sip:bob@example.com:5062;lr":         "bob@example.com",
		"sip:bob:secret@example.com":          "bob@example.com",
		"sip:b%6fb@example.com":               "bob@example.com",
		"sip:1800;phone-context=x@192.0.2.1":  "1800@192.0.2.1",
		"sip:b\u202eb@example.com":            `b\u{202e}b@example.com`,
		"sip:example.com":                     "example.com",
		"sip:bob @example.com":                "bob@example.com",
		"sip:bob@[2001:db8::1]:5060":          "bob@[2001:db8::1]",
		"sip:alice@example.com@192.0.2.1;q=1": "alice@example.com@192.0.2.1",
	} {
		if got := teller.uriName(sip.ParseURI([]byte(uri))); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}
