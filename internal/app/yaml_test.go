package app

import (
	"strings"
	"testing"

	"sipscribe/internal/proxyd"
)

// TestMisplaced: a setting in a group that has none of that name is told where it belongs.
func TestMisplaced(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"of the phone, under a line", "Line 1:\n  Echo: yes\n", `p.yaml, line 2, column 3: "Echo" belongs at the top level, not under Line 1 or Line 2`},
		{"of the phone, in a group that is inlined, under a line", "Line 2:\n  Record: x.wav\n", `p.yaml, line 2, column 3: "Record" belongs at the top level, not under Line 1 or Line 2`},
		{"of a line, at the top", "Auto Answer: yes\n", `p.yaml, line 1, column 1: "Auto Answer" belongs under Line 1 or Line 2, not at the top level`},
		{"nowhere", "Line 1:\n  Outbound Prxy: x\n", `p.yaml, line 2, column 3: there is no setting "Outbound Prxy"`},
		{"what is no setting but stands in the struct", "Keep: x\n", `p.yaml, line 1, column 1: there is no setting "Keep"`},
	} {
		if got := LoadYAML("p.yaml", []byte(c.text), &PhoneConfig{}); got == nil || got.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, got, c.want)
		}
	}
	for text, want := range map[string]string{"a: \xff": "p.yaml: it is no text in UTF-8 (byte 3): is it the settings file?", "\x00": "p.yaml: it is no text in UTF-8 (byte 0): is it the settings file?"} {
		if got := LoadYAML("p.yaml", []byte(text), &PhoneConfig{}); got == nil || got.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"cert: x\n":                            `"cert" belongs under tls, not at the top level`,
		"gateways:\n  - name: x\n    strip: 1": `"strip" belongs under routes, not under gateways`,
		"tls:\n  domains: [x]\n":               `"domains" belongs at the top level, not under tls`,
	} {
		if got := LoadYAML("p.yaml", []byte(text), &proxyd.Settings{}); got == nil || !strings.HasSuffix(got.Error(), ": "+want) {
			t.Errorf("%s: %v\nwant %s", text, got, want)
		}
	}
}

// TestNumbersOutOfReach: a whole number that is too large, or less than nothing, is no mistake of kind.
func TestNumbersOutOfReach(t *testing.T) {
	for text, want := range map[string]string{
		"RTP Port Min: 99999\n": "`99999` is not from 0 to 65535",
		"RTP Port Min: -1\n":    "`-1` is not from 0 to 65535",
		"RTP Port Min: many\n":  "`many` is not a whole number",
		"RTP Port Min: 1.5\n":   "`1.5` is not a whole number",
	} {
		if got := LoadYAML("p.yaml", []byte(text), &PhoneConfig{}); got == nil || !strings.HasSuffix(got.Error(), ": "+want) {
			t.Errorf("%s: %v\nwant %s", text, got, want)
		}
	}
}
