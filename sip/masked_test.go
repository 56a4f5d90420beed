package sip

import "testing"

func TestMasked(t *testing.T) {
	for text, want := range map[string]bool{
		"[email protected]": true, "sip:[email\u00a0protected]:5062": true, "[email&#160;protected]": true, "[email&nbsp;protected];user=phone": true,
		"XX.XX.XX.XX": true, "10.0.xx.xx": true, "1800555****": true, "a***b": true, "[REDACTED]": true, "<removed>": true, "<Hidden>": true,
		"": false, "192.168.0.2": false, "sip.example.net": false, "6240770a208ec24o0": false, "z9hG4bK-96000994": false, "[2001:db8::1]": false,
		"x366": false, "max": false, "*": false, "xylophone": false, "[email]": false, "router": false, "3848276298220188511@atlanta.example.com": false,
	} {
		if got := Masked([]byte(text)); got != want {
			t.Errorf("Masked(%q) = %v", text, got)
		}
		if want && !MayBeMasked([]byte("Via: "+text+"\r\n")) {
			t.Errorf("MayBeMasked misses %q", text)
		}
	}
}

// FuzzMasked holds MayBeMasked to its word: what is masked may be masked, whatever stands around it.
func FuzzMasked(f *testing.F) {
	for _, s := range []string{"[email protected]", "XX.XX", "10.xX.1.1", "***", "Redacted", "REDACTED", "<removed>", "<REMOVED>", "1**", "x"} {
		f.Add([]byte(s), []byte("sip:"), []byte(";tag=1"))
	}
	f.Fuzz(func(t *testing.T, id, before, after []byte) {
		if !Masked(id) {
			return
		}
		if !MayBeMasked(append(append(append([]byte(nil), before...), id...), after...)) {
			t.Fatalf("%q is masked, but the text around it may not be", id)
		}
	})
}
