package syslog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkPathological compares the time for n and for 8 n bytes of what makes a careless scanner start over again and again, and reports the
// worst ratio of all cases: near 8 is linear, near 64 is a quadratic loop. It is a benchmark and not a test, because a busy machine is no defect.
func BenchmarkPathological(b *testing.B) {
	const n = 16 << 10
	worst, name := 0.0, ""
	for b.Loop() {
		for _, unit := range []string{`\`, `\"`, `\\`, `\15`, `\200`, "^", "^M", "^M ", "^A", `^\`, `\^`, "^^", "M-^", "M-^M", "#", "#015", "#200", "#303#", "<", "<013", "<CR", "\r", "\r ", " ",
			"  ", "  v: ", " Via: x", `"`, "-", "\xc3", "x"} {
			for _, head := range []string{"", "BYE sip:b@c SIP/2.0^M Via: ", "BYE sip:b@c SIP/2.0#015#012Via: ", "BYE sip:b@c SIP/2.0  Via: x  From: "} {
				for _, tail := range []string{"", "^M ", "#015#012"} {
					text := func(n int) []byte { return []byte(head + strings.Repeat(unit, n/len(unit)) + tail) }
					if ratio := slowdown(text(n), text(8*n)); ratio > worst {
						worst, name = ratio, fmt.Sprintf("%q between %q and %q", unit, head, tail)
					}
				}
			}
		}
	}
	b.ReportMetric(worst, "worst-8n/n")
	b.Logf("worst: %s", name)
}

// slowdown returns how many times longer it takes to undo the escapes of large than those of small: the least of three measurements, so that a
// pause of the machine does not count. Work under five milliseconds is not measured: nothing that starts over on
// 128 kB can be so quick.
func slowdown(small, large []byte) float64 {
	var dst []byte
	var m OffsetMap
	least := func(b []byte) time.Duration {
		d := time.Hour
		for range 3 {
			start := time.Now()
			_ = DetectEscape(b)
			for e := EscapeNone; int(e) < len(escapeNames); e++ {
				dst, m = e.AppendUnescaped(dst[:0], b, m[:0])
			}
			d = min(d, time.Since(start))
		}
		return d
	}
	l := least(large)
	if l < 5*time.Millisecond {
		return 0
	}
	return float64(l) / float64(max(least(small), 20*time.Microsecond))
}
