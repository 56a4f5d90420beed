package app

import (
	"bytes"
	"context"
	"os"
	"testing"

	"sipscribe/internal/callflow"
)

// Where a log has only the first lines of messages that a capture has whole, it is known that calls may be told twice; in no other case.
func TestToldTwice(t *testing.T) {
	log, err := os.ReadFile("../../examples/seed-call.log")
	if err != nil {
		t.Fatal(err)
	}
	var cut, other bytes.Buffer
	for line := range bytes.Lines(log) {
		line = bytes.TrimRight(line, "\n")
		first, _, _ := bytes.Cut(line, []byte("^M"))
		cut.Write(append(line[:min(len(line), len(first)+len("^M Via: SIP/2.0/UDP"))], '\n'))
		other.Write(append(bytes.ReplaceAll(first, []byte("18005551212"), []byte("18005551213")), '\n'))
	}
	dir := t.TempDir()
	first, another := write(t, dir, "cut.log", cut.String()), write(t, dir, "other.log", other.String())
	const whole, frames = "../../examples/seed-call.log", "../../examples/seed-call.pcap"
	for _, c := range []struct {
		name  string
		files []string
		want  int
	}{
		{"cut, and the capture", []string{first, frames}, 1},
		{"the capture first", []string{frames, first}, 1},
		{"whole, and the capture", []string{whole, frames}, 0},
		{"another number", []string{another, frames}, 0},
		{"cut alone", []string{first}, 0},
		{"two logs", []string{first, whole}, 0},
	} {
		for _, rows := range []bool{false, true} {
			res, err := Read(context.Background(), ReadConfig{Files: c.files, Rows: rows}, func(*callflow.Call, int64) error { return nil })
			if err != nil || res.ToldTwice != c.want {
				t.Errorf("%s, rows %v: %d, want %d; %v", c.name, rows, res.ToldTwice, c.want, err)
			}
		}
	}
}
