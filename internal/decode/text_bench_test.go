package decode_test

import (
	"bytes"
	"io"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/spa"
	"sipscribe/internal/workload"
	"sipscribe/syslog"
)

// spaLog returns a log of sysklogd with that many calls, and how many messages it has.
func spaLog(tb testing.TB, calls int) ([]byte, int) {
	tb.Helper()
	plan, err := workload.Generate(workload.Options{Calls: calls, Seed: 7})
	if err != nil {
		tb.Fatal(err)
	}
	var log bytes.Buffer
	w := workload.NewSyslogWriter(&log, workload.SyslogOptions{})
	n := 0
	for m := range plan.Messages() {
		if err := w.Write(m); err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return log.Bytes(), n
}

// TestWorkload reads back what the generator wrote: every message, to the byte.
func TestWorkload(t *testing.T) {
	plan, err := workload.Generate(workload.Options{Calls: 200, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []workload.SyslogOptions{{}, {ISO: true}} {
		var log bytes.Buffer
		w := workload.NewSyslogWriter(&log, o)
		for m := range plan.Messages() {
			if err := w.Write(m); err != nil {
				t.Fatal(err)
			}
		}
		in := &decode.Input{R: decode.NewReader(&log)}
		dec := spa.Format.New(in)
		var rec capture.Record
		n := 0
		for m := range plan.Messages() {
			if err := dec.Next(&rec); err != nil {
				t.Fatalf("message %d: %v", n, err)
			}
			if rec.Kind != capture.KindMessage || !bytes.Equal(rec.Data, m.Data) || string(rec.Observer) != m.Host.String() {
				t.Fatalf("message %d: %v of %q\n%q\nwant %q", n, rec.Kind, rec.Observer, rec.Data, m.Data)
			}
			if o.ISO && rec.Time.Clock != m.Time.UnixMilli()*1e6 {
				t.Fatalf("message %d: %v, want %v", n, rec.Time.Text(), m.Time)
			}
			n++
		}
		if err := dec.Next(&rec); err != io.EOF || in.Stats.UnrecognisedLines != 0 {
			t.Fatalf("after %d messages: %v, %d lines not recognised", n, err, in.Stats.UnrecognisedLines)
		}
	}
}

func TestWorkloadDoesNotAllocate(t *testing.T) {
	log, n := spaLog(t, 400)
	allocs := testing.AllocsPerRun(3, func() {
		dec := spa.Format.New(&decode.Input{R: decode.NewReader(bytes.NewReader(log))})
		var rec capture.Record
		for dec.Next(&rec) == nil {
		}
	})
	if allocs > 40 {
		t.Errorf("%v allocations for %d messages", allocs, n)
	}
}

// rsyslogLog returns the messages of that many calls as rsyslog writes them: requests without their sender, with a blank in the URI.
func rsyslogLog(tb testing.TB, calls int) (log []byte, sent [][]byte) {
	tb.Helper()
	plan, err := workload.Generate(workload.Options{Calls: calls, Seed: 7})
	if err != nil {
		tb.Fatal(err)
	}
	for m := range plan.Messages() {
		sent = append(sent, bytes.Clone(m.Data))
		text := syslog.EscapeHashOctal.AppendEscaped(nil, m.Data)
		log = append(log, "Aug 20 16:40:00 "...)
		if bytes.HasPrefix(text, []byte("SIP/2.0 ")) {
			log = append(log, "192.0.2.5 "...)
		} else {
			text = bytes.Replace(text, []byte(":"), []byte(": "), 1)
		}
		log = append(append(log, text...), '\n')
	}
	return log, sent
}

// TestRsyslog reads back every message, to the byte, and allocates nothing for one.
func TestRsyslog(t *testing.T) {
	log, sent := rsyslogLog(t, 200)
	dec := spa.Format.New(&decode.Input{R: decode.NewReader(bytes.NewReader(log))})
	var rec capture.Record
	for i, want := range sent {
		if err := dec.Next(&rec); err != nil || !bytes.Equal(rec.Data, want) {
			t.Fatalf("message %d: %v\n got %q\nwant %q", i, err, rec.Data, want)
		}
		for k := range rec.Data {
			at := rec.Origin.Start + int64(rec.Origin.Map.Logged(k))
			if c := want[k]; c > ' ' && log[at] != c {
				t.Fatalf("message %d: byte %d %q is at %d, where %q stands", i, k, c, at, log[at])
			}
		}
	}
	if err := dec.Next(&rec); err != io.EOF {
		t.Fatalf("after %d messages: %v", len(sent), err)
	}
	allocs := testing.AllocsPerRun(3, func() {
		dec := spa.Format.New(&decode.Input{R: decode.NewReader(bytes.NewReader(log))})
		for dec.Next(&rec) == nil {
		}
	})
	if allocs > 60 {
		t.Errorf("%v allocations for %d messages", allocs, len(sent))
	}
}

// BenchmarkRsyslog is BenchmarkSPA on a log of rsyslog.
func BenchmarkRsyslog(b *testing.B) {
	log, sent := rsyslogLog(b, 2000)
	b.SetBytes(int64(len(log) / len(sent)))
	b.ReportAllocs()
	src := bytes.NewReader(log)
	dec := spa.Format.New(&decode.Input{R: decode.NewReader(src)})
	var rec capture.Record
	for b.Loop() {
		if dec.Next(&rec) != nil {
			src.Reset(log)
			dec = spa.Format.New(&decode.Input{R: decode.NewReader(src)})
		}
	}
}

// BenchmarkSPA is the hot path of the product: one operation is one message of a log of sysklogd, read, its header parsed, its
// start found and its line ends unescaped.
func BenchmarkSPA(b *testing.B) {
	log, n := spaLog(b, 2000)
	b.SetBytes(int64(len(log) / n))
	b.ReportAllocs()
	src := bytes.NewReader(log)
	dec := spa.Format.New(&decode.Input{R: decode.NewReader(src)})
	var rec capture.Record
	for b.Loop() {
		if dec.Next(&rec) != nil {
			src.Reset(log)
			dec = spa.Format.New(&decode.Input{R: decode.NewReader(src)})
		}
	}
}
