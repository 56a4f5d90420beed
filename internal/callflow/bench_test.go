package callflow

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/workload"
)

// BenchmarkAssemble assembles a workload of 2,000 calls, as a capture and as syslog.
func BenchmarkAssemble(b *testing.B) {
	for _, syslog := range []bool{false, true} {
		name := "wire"
		if syslog {
			name = "syslog"
		}
		b.Run(name, func(b *testing.B) {
			tr := makeTraffic(b, workload.Options{Calls: 2000, Seed: 1}, syslog)
			size := int64(0)
			for i := range tr.records {
				size += int64(len(tr.records[i].Data))
			}
			b.SetBytes(size)
			b.ReportAllocs()
			b.ResetTimer()
			calls := 0
			for range b.N {
				a := NewAssembler(Options{Emit: func(*Call) error { calls++; return nil }})
				for i := range tr.records {
					if err := a.Add(&tr.records[i]); err != nil {
						b.Fatal(err)
					}
				}
				if err := a.Close(); err != nil {
					b.Fatal(err)
				}
			}
			if calls != b.N*len(tr.truth) {
				b.Fatalf("%d calls, want %d", calls, b.N*len(tr.truth))
			}
			n := float64(b.N) * float64(len(tr.records))
			b.ReportMetric(n/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(b.Elapsed().Seconds()*1e9/n, "ns/message")
		})
	}
}

// BenchmarkLiveCall measures what a call takes while it is open, beyond the bytes of its messages: 10,000 calls that talk.
// The goal is 2 KB (docs/measurements.md).
func BenchmarkLiveCall(b *testing.B) {
	s := &scene{parties: parties}
	var lines []capture.Record
	for _, text := range []string{"10:00:00.000 A->P INVITE 1 id=~ from=a~ branch=x~ sdp", "10:00:00.010 P->A 100 INVITE 1 id=~ from=a~ branch=x~",
		"10:00:00.020 P->A 180 INVITE 1 id=~ from=a~ branch=x~ to=b~", "10:00:03.000 P->A 200 INVITE 1 id=~ from=a~ branch=x~ to=b~ sdp",
		"10:00:03.010 A->P ACK 1 id=~ from=a~ branch=y~ to=b~"} {
		for n := range 10_000 {
			line := []byte(text)
			var full []byte
			for _, ch := range line {
				if ch == '~' {
					full = fmt.Appendf(full, "%06d", n)
				} else {
					full = append(full, ch)
				}
			}
			lines = append(lines, s.parseLine(b, string(full), "wire", "", "utc"))
		}
	}
	bytes := int64(0)
	for i := range lines {
		bytes += int64(len(lines[i].Data))
	}
	var beyond, counted float64
	b.ResetTimer()
	for range b.N {
		before := heap()
		a := NewAssembler(Options{Memory: 1 << 40, Emit: func(*Call) error { return nil }})
		for i := range lines {
			if err := a.Add(&lines[i]); err != nil {
				b.Fatal(err)
			}
		}
		beyond = (float64(heap()) - float64(before) - float64(bytes)) / 10_000
		counted = (float64(a.used) - float64(bytes)) / 10_000
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(beyond, "B/call-beyond")
	b.ReportMetric(counted, "B/call-counted")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkHostileCall measures how the time of the analysis of one call grows with its messages, for shapes that an attacker may choose.
// "growth" is the time of 16,000 messages over that of 4,000: 4 is linear, 16 quadratic.
func BenchmarkHostileCall(b *testing.B) {
	s := &scene{parties: parties}
	shapes := []struct {
		name string
		line func(n int) string
		edit func(n int, r *capture.Record)
	}{
		{"a-request-each", func(n int) string { return fmt.Sprintf("- A->P INVITE %d branch=x%d", n+1, n) }, nil},
		{"a-repeat-each", func(n int) string { return "- A->P INVITE 1" }, nil},
		{"a-provisional-each", func(n int) string { return fmt.Sprintf("- P->A 180 INVITE 1 to=b%d", n) }, nil},
		{"a-dialog-each", func(n int) string { return fmt.Sprintf("- P->A 200 INVITE %d to=b%d branch=x%d", n+1, n, n) }, nil},
		{"a-cancel-each", func(n int) string { return fmt.Sprintf("- A->P CANCEL %d branch=x%d", n+1, n) }, nil},
		{"no-addresses", func(n int) string { return fmt.Sprintf("- A->P INVITE %d branch=x%d from=f%d noaddr", n+1, n, n) }, nil},
		{"a-log", func(n int) string { return fmt.Sprintf("- @A P->Q INVITE %d branch=x%d from=f%d noaddr", n+1, n, n) }, nil},
		{"an-observer-each", func(n int) string { return fmt.Sprintf("- @h%d P->Q INVITE %d branch=x%d noaddr", n, n+1, n) }, nil},
		{"a-port-each", func(n int) string { return fmt.Sprintf("- A->P INVITE 1 branch=x%d", n) }, func(n int, r *capture.Record) {
			r.Src.Port, r.Dst.Port = uint16(n), uint16(n+1)
			r.Dst.Addr = r.Src.Addr
		}},
		{"a-chain", func(n int) string { return fmt.Sprintf("- A->P INVITE 1 branch=x%d via2=x%d", n+1, n) }, nil},
	}
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			var took [2]time.Duration
			for i, size := range [2]int{4000, 16000} {
				records := make([]capture.Record, size)
				for n := range records {
					records[n] = s.parseLine(b, shape.line(n), "wire", "", "utc")
					if shape.edit != nil {
						shape.edit(n, &records[n])
					}
				}
				for range b.N {
					a := NewAssembler(Options{Emit: func(*Call) error { return nil }})
					for n := range records {
						if err := a.Add(&records[n]); err != nil {
							b.Fatal(err)
						}
					}
					start := time.Now()
					if err := a.Close(); err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(start)
				}
			}
			b.ReportMetric(float64(took[1])/float64(max(took[0], 1)), "growth")
			b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N)/16000, "ns/message")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// heap returns the bytes that are in use on the heap, after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkClose measures how the time of Close grows with the calls that are open: 4 is linear, as in BenchmarkHostileCall.
func BenchmarkClose(b *testing.B) {
	s := &scene{parties: parties}
	for _, id := range []string{"own", "masked"} {
		b.Run(id, func(b *testing.B) {
			var took [2]time.Duration
			for i, size := range [2]int{4000, 16000} {
				for range b.N {
					a := NewAssembler(Options{Emit: func(*Call) error { return nil }})
					for n := range size {
						line := fmt.Sprintf("10:00:00.000 A->P INVITE 1 from=f%d branch=x%d id=masked", n, n)
						if id == "own" {
							line = fmt.Sprintf("10:00:00.000 A->P INVITE 1 id=c%d", n)
						}
						rec := s.parseLine(b, line, "wire", "", "utc")
						if err := a.Add(&rec); err != nil {
							b.Fatal(err)
						}
					}
					start := time.Now()
					if err := a.Close(); err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(start)
				}
			}
			b.ReportMetric(float64(took[1])/float64(max(took[0], 1)), "growth")
			b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N)/16000, "ns/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}
