package explain

import (
	"strings"
	"testing"
	"time"
)

func TestShown(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"  Good Body ":            "Good Body",
		"Müller, 李雷":              "Müller, 李雷",
		"a\x1b[31mb":              `a\x1b[31mb`,
		"a\x00\x7fb":              `a\x00\x7fb`,
		"\xff\xfea":               `\xff\xfea`,
		"a\u202eb\u2066":          `a\u{202e}b\u{2066}`,
		"x\u0085\u009b2J":         `x\u{85}\u{9b}2J`,
		"a\u200bb\ufeff":          `a\u{200b}b\u{feff}`,
		"tag\U000e0041":           `tag\u{e0041}`,
		"soft\u00adhyphen":        `soft\u{ad}hyphen`,
		"a\u2028line":             `a\u{2028}line`,
		"replaced \ufffd":         "replaced \ufffd",
		strings.Repeat("x", 121):  strings.Repeat("x", 120) + "…",
		strings.Repeat("é", 120):  strings.Repeat("é", 120),
		strings.Repeat("é", 9999): strings.Repeat("é", 120) + "…",
	} {
		if got := Shown([]byte(in), 120); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		d, precision time.Duration
		want         string
	}{
		{0, time.Second, "less than a second"}, {0, time.Millisecond, "0.0 s"}, {400 * time.Millisecond, time.Millisecond, "0.4 s"}, {9 * time.Second, time.Second, "about 9 s"},
		{time.Second, time.Second, "about 1 s"}, {9 * time.Second, time.Millisecond, "9.0 s"}, {10 * time.Second, time.Second, "10 s"},
		{16 * time.Second, time.Millisecond, "16 s"}, {99 * time.Second, time.Second, "99 s"}, {100 * time.Second, time.Second, "1 min 40 s"},
		{4 * time.Minute, time.Second, "4 min"}, {time.Hour, time.Second, "1 h"}, {123 * time.Minute, time.Second, "2 h 3 min"},
		{72 * time.Hour, time.Second, "3 days"}, {10 * 365 * 24 * time.Hour, time.Second, "10 years"},
	} {
		if got := string(appendDuration(nil, c.d, c.precision)); got != c.want {
			t.Errorf("%v: %q, want %q", c.d, got, c.want)
		}
	}
}

func TestAssumable(t *testing.T) {
	for name, want := range map[string]bool{"proxy": true, "callee": true, "realm": false, "call_id": false, "shoe": false} {
		if Assumable(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}
