package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/workload"
)

// mostLive bounds how many calls are kept open at once: about 10 KB each.
const mostLive = 20000

// live is what calls take that are not over.
type live struct {
	format   string
	calls    int
	messages int
	bytes    float64 // of the messages of a call
	beyond   float64 // what a call takes in memory beyond them
}

// measureLive assembles a workload in which time stands still, so that no timer ends a call and all are open at once, and looks at the heap
// with all of them in it. The records come out of the format's own decoder, so that what a record brings along (an offset map) is there.
func measureLive(ctx context.Context, calls int, seed uint64, format string) (live, error) {
	l := live{format: format}
	plan, err := workload.Generate(workload.Options{Calls: calls, Seed: seed})
	if err != nil {
		return l, err
	}
	in, out := io.Pipe()
	defer in.Close() // ends the writer, if it is not through
	go func() { out.CloseWithError(writeStill(out, plan, format)) }()
	file, err := decode.Open("-", in)
	if err != nil {
		return l, err
	}
	defer file.Close()
	chosen, _ := decode.Choose(all.Formats, file.R.Peek(decode.SniffLen))
	if chosen == nil {
		return l, fmt.Errorf("memory of live calls: %s: no format takes it", format)
	}
	dec := chosen.New(&decode.Input{Name: "-", R: file.R, Options: decode.Options{Shown: true}}) // as app.Read has it
	handedOn := 0
	asm := callflow.NewAssembler(callflow.Options{Memory: 1 << 40, Emit: func(*callflow.Call) error {
		handedOn++
		return nil
	}})
	var before int64
	var rec capture.Record
	total := 0
	var sent []byte
	for {
		err := dec.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, err
		}
		if l.messages == 0 {
			before = heap() // with the buffers of the decoder
		}
		if rec.Kind != capture.KindMessage {
			return l, fmt.Errorf("memory of live calls: %s: record %d is not a message", format, l.messages+1)
		}
		if err := asm.Add(&rec); err != nil {
			return l, err
		}
		l.messages++
		total += len(rec.Data)
		if rec.Shown {
			// The bytes of the message are those that were sent.
			sent, _ = rec.Escape.AppendUnescaped(sent[:0], rec.Data, nil)
			total += len(sent) - len(rec.Data)
		}
		if l.messages%4096 == 0 && ctx.Err() != nil {
			return l, ctx.Err()
		}
	}
	after := heap()
	open := int(asm.OldestOpen()) // keeps the assembler alive until here
	if handedOn != 0 || open != 1 {
		return l, fmt.Errorf("memory of live calls: %s: %d calls ended while time stood still", format, handedOn)
	}
	if err := asm.Close(); err != nil {
		return l, err
	}
	if handedOn != calls {
		return l, fmt.Errorf("memory of live calls: %s: %d calls, want %d", format, handedOn, calls)
	}
	l.calls = calls
	l.bytes = float64(total) / float64(calls)
	l.beyond = float64(after-before-int64(total)) / float64(calls)
	return l, nil
}

// writeStill writes the messages of a plan with one time for all.
func writeStill(w io.Writer, plan *workload.Plan, format string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	write := workload.NewSyslogWriter(out, workload.SyslogOptions{}).Write
	if format == "pcap" {
		p, err := workload.NewPcapWriter(out)
		if err != nil {
			return err
		}
		write = p.Write
	}
	at := plan.Options().Start
	for m := range plan.Messages() {
		still := *m
		still.Time = at
		if err := write(&still); err != nil {
			return err
		}
	}
	return out.Flush()
}

// heap returns the bytes of live objects on the heap.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held through the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
