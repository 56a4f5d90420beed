package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sipscribe/internal/workload"
)

func TestMakesAndScans(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	var out, talk bytes.Buffer
	if code := run([]string{"-calls", "150", "-seed", "3", "-dir", dir}, &out, &talk, false); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	if out.Len() != 0 {
		t.Errorf("standard output: %q, want nothing", out.String())
	}
	told := regexp.MustCompile(`^wrote .*: 150 calls, ([0-9]+) messages, [45]\.[0-9] % of them again, [0-9a-z]+ of log\n$`).FindStringSubmatch(talk.String())
	if told == nil {
		t.Fatalf("standard error: %q", talk.String())
	}
	f, err := os.Open(filepath.Join(dir, workload.TruthFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	calls, err := workload.ReadTruth(f)
	if err != nil || len(calls) != 150 {
		t.Errorf("%d rows, %v", len(calls), err)
	}
	talk.Reset()
	if code := run([]string{"-scan", filepath.Join(dir, workload.LogFile)}, &out, &talk, true); code != 0 || talk.Len() != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	if want := fmt.Sprintf("150 calls, %s messages, %s lines, ", told[1], told[1]); !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q, want %q", out.String(), want)
	}
	log, err := os.ReadFile(filepath.Join(dir, workload.LogFile))
	if err != nil {
		t.Fatal(err)
	}

	// The other ways to write it, with progress on a terminal.
	talk.Reset()
	if code := run([]string{"-calls", "150", "-seed", "3", "-dir", dir, "-iso", "-cut", "-retransmit", "0", "-rate", "2", "-devices", "7"}, &out, &talk, true); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	if !strings.Contains(talk.String(), "\r150 of 150 calls \r\x1b[Kwrote ") || !strings.Contains(talk.String(), " 0.0 % of them again") {
		t.Errorf("standard error: %q", talk.String())
	}
	again, err := os.ReadFile(filepath.Join(dir, workload.LogFile))
	if err != nil || !bytes.HasPrefix(again, []byte("2009-08-20T16:40:00.")) || bytes.Equal(again, log) {
		t.Errorf("%v: %.60q", err, again)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "mkworkload: -dir or -scan is needed\n"},
		{[]string{"-dir", "x", "-scan", "y"}, "mkworkload: -scan and -dir exclude each other\n"},
		{[]string{"-dir", "x", "y"}, "mkworkload: unexpected argument \"y\"\n"},
		{[]string{"-dir", "x", "-calls", "-4"}, "mkworkload: workload: -4 calls, want 0 to 50000000\n"},
		{[]string{"-dir", "x", "-rate", "0"}, "mkworkload: -rate must be above 0\n"},
		{[]string{"-scan", filepath.Join(t.TempDir(), "none")}, "none: "},
		{[]string{"-nonsense"}, "flag provided but not defined: -nonsense"},
	} {
		var out, talk bytes.Buffer
		if code := run(c.args, &out, &talk, false); code != 2 || !strings.Contains(talk.String(), c.says) || out.Len() != 0 {
			t.Errorf("%q: exit %d, %q; want 2, %q", c.args, code, talk.String(), c.says)
		}
	}
	var out, talk bytes.Buffer
	if code := run([]string{"-h"}, &out, &talk, false); code != 0 || !strings.Contains(talk.String(), "-scan file") {
		t.Errorf("-h: exit %d, %q", code, talk.String())
	}
}
