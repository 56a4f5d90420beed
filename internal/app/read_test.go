package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/report"
	"sipscribe/syslog"
)

// options makes a log of n calls: OPTIONS with its answer, a second apart.
func options(n int, host string) string {
	var b strings.Builder
	for i := range n {
		for _, start := range []string{"OPTIONS sip:b@example.net SIP/2.0", "SIP/2.0 200 OK"} {
			fmt.Fprintf(&b, "Aug 20 %02d:%02d:%02d %s %s^M Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%s%d^M From: <sip:a@example.org>;tag=%d^M "+
				"To: <sip:b@example.net>^M Call-ID: %d@%s^M CSeq: 1 OPTIONS^M Content-Length: 0^M ^M\n", i/3600, i/60%60, i%60, host, start, host, i, i+1, i, host)
		}
	}
	return b.String()
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.log", "a.log", "c.txt", "[odd].log"} {
		write(t, dir, name, "x")
	}
	t.Chdir(dir)
	for _, c := range []struct {
		args, want []string
		err        string
	}{
		{[]string{"b.log", "a.log"}, []string{"b.log", "a.log"}, ""},
		{[]string{"*.log"}, []string{"[odd].log", "a.log", "b.log"}, ""},
		{[]string{"-", "?.txt"}, []string{"-", "c.txt"}, ""},
		{[]string{"[odd].log"}, []string{"[odd].log"}, ""}, // a name before it is a pattern
		{[]string{"nothing.log"}, []string{"nothing.log"}, ""},
		{[]string{"*.pcap"}, nil, "no file matches *.pcap"},
		{[]string{"*.pcap", "a.log"}, []string{"a.log"}, "no file matches *.pcap"},
		{[]string{"[a", "b[1].log"}, []string{"[a", "b[1].log"}, ""}, // a file that is not there
		{[]string{"[ab].log"}, []string{"a.log", "b.log"}, ""},
		{[]string{"[a*"}, []string{"[a*"}, ""},
	} {
		got, unmatched := expand(c.args)
		err := ""
		if len(unmatched) > 0 {
			err = unmatched[0].Error()
		}
		if err != c.err || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.args, got, err)
		}
	}
}

// count reads and counts the calls, which must come with their order intact.
func count(t *testing.T, ctx context.Context, cfg ReadConfig) (int, *ReadResult, []string, error) {
	t.Helper()
	calls := 0
	var warnings []string
	cfg.Warn = func(err error) { warnings = append(warnings, err.Error()) }
	res, err := Read(ctx, cfg, func(c *callflow.Call, oldest int64) error {
		if calls++; c.Seq == oldest {
			t.Errorf("call %d is handed on, and it is told to be open", c.Seq)
		}
		return nil
	})
	return calls, res, warnings, err
}

// TestBrokenInTheMiddle: a read error ends its source, and what came before is told.
func TestBrokenInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, options(2000, "one")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	broken := write(t, dir, "one.gz", b.String()[:b.Len()*3/4])
	other := write(t, dir, "two.log", options(50, "two"))
	calls, res, warnings, err := count(t, context.Background(), ReadConfig{Files: []string{broken, other}})
	if err != nil || calls < 500 || calls >= 2050 || len(res.Sources) != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "one.gz") || !strings.Contains(warnings[0], "what came before is told") {
		t.Errorf("%q", warnings)
	}
}

func TestNothingRead(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	for _, files := range [][]string{{none}, {dir}, {none, dir}, {filepath.Join(dir, "*.log")}} {
		calls, _, _, err := count(t, context.Background(), ReadConfig{Files: files})
		if !errors.Is(err, ErrNothing) || calls != 0 {
			t.Errorf("%q: %v", files, err)
		}
	}
	if _, _, _, err := count(t, context.Background(), ReadConfig{Files: []string{none}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
	a := write(t, dir, "a.txt", "x\n")
	if _, _, _, err := count(t, context.Background(), ReadConfig{Files: []string{a}, InputFormat: "word"}); err == nil || !strings.Contains(err.Error(), "no format \"word\"") {
		t.Errorf("%v", err)
	}
}

// TestCancelled: the reading stops soon, the calls that are open are told, and the error says why.
func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	log := write(t, dir, "a.log", options(20000, "one"))
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	cfg := ReadConfig{Files: []string{log}, Progress: func(done, total int64) {
		if steps++; steps == 2 {
			cancel()
		}
		if done <= 0 || done > total {
			t.Errorf("read %d of %d", done, total)
		}
	}}
	calls, _, _, err := count(t, ctx, cfg)
	if !errors.Is(err, context.Canceled) || calls < progressStep/2 || calls > 4*progressStep {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// TestSources: what is asked of each source by the way.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a.log", "prose\n"+options(3, "one")+"more prose\nand more\n")
	var opened []report.Source
	var lines []string
	res, err := Read(context.Background(), ReadConfig{Files: []string{a, "-"}, Stdin: strings.NewReader(options(2, "two")),
		Opened: func(s report.Source) { opened = append(opened, s) },
		Unrecognised: func(s report.Source, rec *capture.Record) error {
			lines = append(lines, fmt.Sprintf("%d:%d %s", s.ID, rec.Origin.Number, strings.TrimSpace(string(rec.Data))))
			return nil
		}}, func(*callflow.Call, int64) error { return nil })
	if err != nil || len(opened) != 2 || opened[0].Name != a || opened[1].Name != "-" || opened[0].Format == "" || opened[0].Reason == "" || !slices.Equal(opened, res.Sources) {
		t.Errorf("%+v, %v", opened, err)
	}
	if want := []string{"0:1 prose", "0:8 more prose", "0:9 and more"}; !slices.Equal(lines, want) || res.Unrecognised.Lines != 3 {
		t.Errorf("%q, %+v", lines, res.Unrecognised)
	}
	if res.Stats.Calls != 5 {
		t.Errorf("%d calls", res.Stats.Calls)
	}
	stop := errors.New("stop")
	if _, err := Read(context.Background(), ReadConfig{Files: []string{a}}, func(*callflow.Call, int64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of emit is lost: %v", err)
	}
}

// TestStdinEnds: standard input is read as it comes, in pieces and at its end with an error.
func TestStdinEnds(t *testing.T) {
	u := &untilCancelled{ctx: context.Background(), r: iotest.OneByteReader(strings.NewReader("abc"))}
	if b, err := io.ReadAll(u); string(b) != "abc" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	broken := errors.New("broken")
	u = &untilCancelled{ctx: context.Background(), r: io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))}
	if b, err := io.ReadAll(u); string(b) != "abc" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", b, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	u = &untilCancelled{ctx: ctx, r: strings.NewReader("abc")}
	if b, err := io.ReadAll(u); len(b) != 0 || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// backwards is a log without end that has its newest first, and cancels after some records.
type backwards struct {
	at     time.Time
	read   int
	until  int
	cancel context.CancelFunc
}

func (b *backwards) Next(rec *capture.Record) error {
	if b.read++; b.read == b.until {
		b.cancel()
	}
	b.at = b.at.Add(-time.Second)
	stamp := syslog.Timestamp{Style: syslog.StyleISOSpace, Year: int16(b.at.Year()), Month: uint8(b.at.Month()), Day: uint8(b.at.Day()), Hour: uint8(b.at.Hour()),
		Minute: uint8(b.at.Minute()), Second: uint8(b.at.Second())}
	*rec = capture.Record{Kind: capture.KindMessage, Time: capture.Time{Clock: b.at.UnixNano(), Stamp: stamp}, Data: []byte("BYE sip:x SIP/2.0\r\n\r\n")}
	return nil
}

// TestInterruptedWhileTurned: a source that is read whole to be turned round ends soon after Ctrl-C, and what was read is given out from its end.
func TestInterruptedWhileTurned(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := &backwards{at: time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC), until: 5000, cancel: cancel}
	turned := false
	source := decode.NewChronological(&survivor{ctx: ctx, dec: log, warn: func(err error) { t.Error(err) }}, &decode.ClockRules{}, decode.NewTurnRoom())
	source.Turned = func(whole bool) { turned = whole }
	var rec capture.Record
	var last capture.Time
	n := 0
	for ; source.Next(&rec) == nil; n++ {
		if n > 0 && rec.Time.Sub(last) != time.Second {
			t.Fatalf("record %d: %v after %v", n, rec.Time, last)
		}
		last = rec.Time
	}
	if !turned || log.read != n || n < log.until || n > log.until+progressStep {
		t.Errorf("%d records read, %d given out, turned %v; interrupted at %d", log.read, n, turned, log.until)
	}
}
