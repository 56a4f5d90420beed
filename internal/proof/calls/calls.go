// Package calls reads a log for a test as the program does: recognised, decoded, assembled into calls. The packages above callflow have their
// stories, findings, rows and pages tested on whole logs, and all of them begin with this.
//
//	log ──▶ decode.Choose ──▶ a decoder ──▶ callflow.Assembler ──▶ look(call), in the order in which the calls end
package calls

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"strings"
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
	return ReadAll(t, [][]byte{log}, o, look)
}

// ReadAll does the same with several sources, merged.
func ReadAll(t testing.TB, logs [][]byte, o Options, look func(*callflow.Call)) int {
	t.Helper()
	var decoders []decode.Decoder
	for i, log := range logs {
		format := o.Format
		if format == nil {
			if format, _ = decode.Choose(all.Formats, log[:min(len(log), decode.SniffLen)]); format == nil {
				format = all.Default
			}
		}
		decoders = append(decoders, format.New(&decode.Input{Source: int32(i), Name: o.Name, R: decode.NewReader(bytes.NewReader(log)), Options: o.Decode}))
	}
	dec := decode.NewMerge(decoders)
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

// Lab is a scenario of the lab as it was once played, with --ring 300ms: the SPA's syslog, and a capture of the same messages (without the sound). The files are what
// "sipscribe lab --save" leaves.
type Lab struct {
	Name      string
	Log, Pcap []byte
}

//go:embed testdata/lab
var labFiles embed.FS

// Labs returns all scenarios that were saved.
func Labs(t testing.TB) []Lab {
	t.Helper()
	entries, err := labFiles.ReadDir("testdata/lab")
	if err != nil {
		t.Fatal(err)
	}
	var labs []Lab
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".log")
		if !ok {
			continue
		}
		l := Lab{Name: name}
		for suffix, to := range map[string]*[]byte{".log": &l.Log, ".pcap": &l.Pcap} {
			if *to, err = labFiles.ReadFile("testdata/lab/" + name + suffix); err != nil {
				t.Fatal(err)
			}
		}
		labs = append(labs, l)
	}
	return labs
}

// Cut cuts the messages of a log after so many bytes, as a syslog daemon does: what stands behind the time and the host counts.
func Cut(log []byte, limit int) []byte {
	var out []byte
	for line := range bytes.Lines(log) {
		const header = len("Nov 22 18:20:54 127.0.0.1 ")
		if end := header + limit; len(line) > end+1 {
			line = append(line[:end:end], '\n')
		}
		out = append(out, line...)
	}
	return out
}
