// Package calls reads a log for a test as the program does: recognised, decoded, assembled into calls. The packages above callflow have their
// stories, findings, rows and pages tested on whole logs, and all of them begin with this.
//
//	log ──▶ decode.Choose ──▶ a decoder ──▶ callflow.Assembler ──▶ look(call), in the order in which the calls end
package calls

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
)

// Options say how a log is read. The zero value is what the program does with a file of which it knows nothing.
type Options struct {
	Format *decode.Format // nil: the one that recognises the log, and plain text where none does
	Name   string         // of the source
	Decode decode.Options
	Flow   callflow.Options // Emit is not looked at
}

// Read gives each call of a log to look, which must not keep it. An error of decoder or assembler fails the test. It returns how many messages there
// were.
func Read(t testing.TB, log []byte, o Options, look func(*callflow.Call)) int {
	t.Helper()
	format := o.Format
	if format == nil {
		if format, _ = decode.Choose(all.Formats, log[:min(len(log), decode.SniffLen)]); format == nil {
			format = all.Default
		}
	}
	dec := format.New(&decode.Input{Name: o.Name, R: decode.NewReader(bytes.NewReader(log)), Options: o.Decode})
	o.Flow.Emit = func(c *callflow.Call) error { look(c); return nil }
	asm := callflow.NewAssembler(o.Flow)
	messages := 0
	var rec capture.Record
	for {
		err := dec.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = asm.Add(&rec)
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == capture.KindMessage {
			messages++
		}
	}
	if err := asm.Close(); err != nil {
		t.Fatal(err)
	}
	return messages
}
