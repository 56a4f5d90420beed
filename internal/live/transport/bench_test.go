//go:build unix

package transport

import (
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// These measure what the driver costs, in CPU time a message of this process (user and system, of both sides, since client and server are
// one process here) and in allocations; wall-clock time is whatever the machine has left. window is how many messages are on the way at
// a time: with 1 each message is a wake-up of its own, as in a proxy at a low rate.

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkEchoUDP(b *testing.B) {
	for _, c := range []struct {
		name   string
		window int
	}{{"window=1", 1}, {"window=8", 8}, {"window=64", 64}} {
		b.Run(c.name, func(b *testing.B) { benchmarkEcho(b, capture.UDP, c.window) })
	}
}

func BenchmarkEchoTCP(b *testing.B) {
	for _, c := range []struct {
		name   string
		window int
	}{{"window=1", 1}, {"window=64", 64}} {
		b.Run(c.name, func(b *testing.B) { benchmarkEcho(b, capture.TCP, c.window) })
	}
}

// benchmarkEcho has one driver send, another one echo.
func benchmarkEcho(b *testing.B, tr capture.Transport, window int) {
	server := &script{receive: echo}
	sd := start(b, server, Config{Listen: at("127.0.0.1", tr)})
	left, came := b.N, 0
	done := make(chan struct{})
	m := []byte(request("OPTIONS", "1", tr, 0))
	client := &script{receive: func(_ time.Time, from live.Flow, data []byte, out *live.Outbox) {
		if came++; came == b.N {
			close(done)
		}
		if left > 0 {
			left--
			out.Send(from, 0, data)
		}
	}}
	cd := start(b, client, Config{Listen: at("127.0.0.1", tr)})
	to := live.Flow{Transport: tr, Remote: addr(b, sd, tr)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	b.ResetTimer()
	cd.Do(func(_ time.Time, out *live.Outbox) {
		for range min(window, b.N) {
			left--
			out.Send(to, 0, m)
		}
	})
	<-done
	b.StopTimer()
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	// Each round is two messages sent and two received.
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(2*b.N), "cpu-ns/msg")
	b.ReportMetric(float64(2*b.N)/cpu.Seconds(), "msg/cpu-s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(2*b.N), "allocs/msg")
	b.ReportMetric(float64(sd.Counters().UDP.Received.Load())/float64(max(sd.Counters().Batches.Load(), 1)), "msg/batch")
}

// BenchmarkFrame is the cost of cutting a stream.
func BenchmarkFrame(b *testing.B) {
	m := []byte(request("INVITE", "1", capture.TCP, 400))
	b.SetBytes(int64(len(m)))
	f := framer{limit: 65535}
	for b.Loop() {
		f.took(copy(f.room(), m))
		if _, status := f.next(); status != frameWhole {
			b.Fatal(status)
		}
	}
}

// BenchmarkTap is the cost of making a record.
func BenchmarkTap(b *testing.B) {
	t := tap{to: func(*capture.Record) {}}
	f := live.Flow{Transport: capture.UDP, Local: netip.MustParseAddrPort("127.0.0.1:5060"), Remote: netip.MustParseAddrPort("127.0.0.1:5062")}
	m := []byte(request("INVITE", "1", capture.UDP, 400))
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Microsecond)
		t.message(now, capture.Sent, f, m)
	}
}

// One second of sound of one call, both ways, on sockets: what matters is the processor time (user + system), which is printed.
func BenchmarkRTPStreamSecond(b *testing.B) {
	r := newTestRTP(b, RTPConfig{})
	rtpPorts(b, r)
	began := cpuTime()
	n := 0
	for b.Loop() {
		wait(b, time.Second)
		n++
	}
	// Two ends: each sends one stream and receives one.
	b.ReportMetric(float64((cpuTime()-began).Microseconds())/float64(2*n), "cpu-us/stream-s")
}
