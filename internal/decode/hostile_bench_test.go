package decode

import (
	"bytes"
	"testing"
	"time"

	"sipscribe/internal/capture"
)

// BenchmarkHostile decodes an eighth of every hostile input and the whole of it and reports the worst ratio of the two times: near 8 is linear,
// near 64 is a loop that starts over at every step. It is a benchmark and not a test, because a busy machine is no defect.
func BenchmarkHostile(b *testing.B) {
	worst, name := 0.0, ""
	slowest, slow := 0.0, ""
	for b.Loop() {
		small := hostile(8)
		for n, large := range hostile(1) {
			long := leastTime(large)
			if perByte := float64(long) / float64(len(large)); perByte > slowest {
				slowest, slow = perByte, n
			}
			if long < 2*time.Millisecond {
				continue // nothing that starts over on a megabyte can be so quick
			}
			if ratio := float64(long) / float64(max(leastTime(small[n]), 20*time.Microsecond)); ratio > worst {
				worst, name = ratio, n
			}
		}
	}
	b.ReportMetric(worst, "worst-8n/n")
	b.ReportMetric(slowest, "worst-ns/B")
	b.Logf("worst: %s; slowest: %s", name, slow)
}

// leastTime returns the least of three measurements, so that a pause of the machine does not count.
func leastTime(text []byte) time.Duration {
	least := time.Hour
	var rec capture.Record
	for range 3 {
		start := time.Now()
		dec := NewText(&Input{R: NewReader(bytes.NewReader(text))})
		for dec.Next(&rec) == nil {
		}
		least = min(least, time.Since(start))
	}
	return least
}
