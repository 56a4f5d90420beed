package sip

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
		for _, unit := range []string{"<", `"`, ",", ";", `\`, `"\`, "[email", "[email protected]", ":", "\r", "\n", "\r\n", "@", "?", "\u201c", "\u201c\"", ";a=\"", ",<",
			"x: y\n", " \n", "v=0\n", "v: \n", "1", " ", "407 x\nv", "INVITE sip:a\n", "a b SIP/2.0\n", "SIP/2.0 ", ";tag", "%", "l: 1\n", "x;", "/ ", "<;", "[", "***", "=", "(",
			"m: *\n", "[email&#160;"} {
			for _, head := range []string{"", "OPTIONS sip:a@b SIP/2.0\r\nVia: ", "OPTIONS sip:a@b SIP/2.0\r\nFrom: ", "SIP/2.0 200 OK\r\nContact: ",
				"OPTIONS sip:", "OPTIONS sip:a@b SIP/2.0\r\nAuthorization: Digest "} {
				ratio := slowdown([]byte(head+strings.Repeat(unit, n/len(unit))), []byte(head+strings.Repeat(unit, 8*n/len(unit))))
				if ratio > worst {
					worst, name = ratio, fmt.Sprintf("%q after %q", unit, head)
				}
			}
		}
	}
	b.ReportMetric(worst, "worst-8n/n")
	b.Logf("worst: %s", name)
}

// slowdown returns how many times longer the work on large takes than on small: the least of three measurements, so that a pause of
// the machine does not count. Work under two milliseconds is not measured: nothing that starts over on 128 kB can be so quick.
func slowdown(small, large []byte) float64 {
	least := func(b []byte) time.Duration {
		d := time.Hour
		for range 3 {
			start := time.Now()
			everything(b)
			d = min(d, time.Since(start))
		}
		return d
	}
	l := least(large)
	if l < 2*time.Millisecond {
		return 0
	}
	return float64(l) / float64(max(least(small), 20*time.Microsecond))
}

// everything does with a message what can be done with one.
func everything(b []byte) {
	m := Parse(b)
	for rest := b; len(rest) > 0; {
		n, status := Frame(rest)
		if status == FrameIncomplete {
			break
		}
		rest = rest[n:]
	}
	for _, id := range [...]FieldID{FieldVia, FieldContact, FieldFrom, FieldAuthorization} {
		for s := range m.Values(id) {
			_ = s
		}
		if m.Has(id) {
			v := m.Value(id)
			a := ParseAddress(v)
			_ = a.Tag()
			via := ParseVia(v)
			_ = via.Branch()
			c := ParseChallenge(v)
			_, _ = c.Get("nonce")
			_, _ = Masked(v), HasCurlyQuotes(v)
			_ = unfold(v)
		}
	}
	_, _, _ = m.ViaCount(), m.FromTag(), m.RequestURI()
	Validate(m, RoleUAS)
	d := m.Draft()
	_ = d.AppendTo(nil)
}

// TestManyInvalidFrames: a stream of nothing but junk is passed over in pieces, not byte by byte.
func TestManyInvalidFrames(t *testing.T) {
	for _, unit := range []string{"x\n", "INVITE\n", "SIP/2.0 2", "\r\nx\n", "a b:c SIP/2.0 \n"} {
		b := []byte(strings.Repeat(unit, 4096))
		calls := 0
		for len(b) > 0 {
			n, status := Frame(b)
			if status == FrameIncomplete {
				break
			}
			if n <= 0 {
				t.Fatalf("%q: no progress", unit)
			}
			b = b[n:]
			calls++
		}
		if calls > 2*4096+2 {
			t.Errorf("%q: %s", unit, fmt.Sprint(calls, " calls"))
		}
	}
}
