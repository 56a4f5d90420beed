package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/cli"
	"sipscribe/internal/workload"
)

// liar is the environment variable that makes the test program a sipscribe that tells something else than the truth: its value
// is replaced in what it writes, "old=new".
const liar = "SIPSCRIBE_BENCH_LIAR"

// callArg makes the test program one that calls the address behind it and does not hang up of itself.
const callArg = "-call"

// The test program is also the launcher, as the program is, and the sipscribe that is measured.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == launchArg:
		os.Exit(launch(os.Args[2:], os.Stdin, os.Stdout))
	case len(os.Args) > 2 && os.Args[1] == callArg:
		conn, err := net.Dial("tcp", os.Args[2])
		if err != nil {
			os.Exit(exitFailed)
		}
		_, _ = io.Copy(io.Discard, conn)
		os.Exit(exitDone)
	case len(os.Args) > 1 && (os.Args[1] == "list" || os.Args[1] == "explain"):
		old, new, lies := strings.Cut(os.Getenv(liar), "=")
		if !lies {
			os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		}
		var told bytes.Buffer
		status := cli.Main(os.Args[1:], os.Stdin, &told, os.Stderr)
		_, _ = os.Stdout.WriteString(strings.ReplaceAll(told.String(), old, new))
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// self returns the test program, to be used as sipscribe.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runBench runs the program in a folder for temporary files of its own and makes sure that it leaves nothing there.
func runBench(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TMP", tmp)
	var out, said bytes.Buffer
	status = run(ctx, args, &out, &said)
	left, err := filepath.Glob(filepath.Join(tmp, "sipscribe-bench-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return status, out.String(), said.String()
}

func TestRunPrintsTheTable(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program and runs a benchmark")
	}
	keep := t.TempDir()
	status, out, said := runBench(t, t.Context(), "-smoke", "-calls", "120", "-skip-peers", "-keep", keep, "-program", self(t))
	if status != exitDone {
		t.Fatalf("status %d:\n%s%s", status, out, said)
	}
	for _, want := range []string{
		`(?m)^120 calls, \d+ messages, [45]\.\d % of them again; all rows equal the truth, and list and explain agree$`,
		`(?m)^\| list, pcap +\| \d+\.\d{3} +\| \d+\.\d{3} to \d+\.\d{3} +\| - +\| 20 x +\| - +\| [0-9.]+ x `,
		`(?m)^\| list, syslog +\|.*\| 30 x `,
		`(?m)^\| explain, syslog +\|.*\| 15 x `,
		`(?m)^\| bare scan, syslog +\|`,
		`(?m)^\| memory a live call, syslog, beyond its \d+ bytes +\| -?\d+ bytes +\|`,
		`(?m)^\| memory a live call, pcap, beyond its \d+ bytes +\| -?\d+ bytes +\|`,
		`(?m)^\| parse one INVITE with SDP \(985 bytes\) +\| \d+ MB/s, 0 allocations +\|`,
		`So small a workload`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if strings.Contains(out, "sngrep, pcap") {
		t.Errorf("-skip-peers measured sngrep:\n%s", out)
	}
	for _, name := range []string{workload.LogFile, workload.PcapFile, workload.TruthFile} {
		if _, err := os.Stat(filepath.Join(keep, "workload", name)); err != nil {
			t.Errorf("-keep: %v", err)
		}
	}
}

func TestRunRefusesWhatIsNotTheTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	for _, lie := range []string{
		",cancelled,=,busy,",              // only list
		`"cancelled"="busy"`,              // only explain
		`"messages"="message"`,            // harmless: there is no such word
		`"kind":"message"="kind":"event"`, // explain loses its messages
	} {
		t.Run(lie, func(t *testing.T) {
			t.Setenv(liar, lie)
			status, out, said := runBench(t, t.Context(), "-smoke", "-calls", "60", "-skip-peers", "-program", self(t))
			if lie == `"messages"="message"` {
				if status != exitDone {
					t.Errorf("status %d:\n%s%s", status, out, said)
				}
				return
			}
			if status != exitDifferent {
				t.Errorf("status %d, want %d:\n%s", status, exitDifferent, said)
			}
			if !strings.Contains(out, "the truth is ") {
				t.Errorf("no difference is shown:\n%s", out)
			}
			if strings.Contains(out, "CPU") || strings.Contains(out, " x ") {
				t.Errorf("figures in spite of differences:\n%s", out)
			}
			if n := strings.Count(out, "the truth is "); n > 4*mostShown {
				t.Errorf("%d differences are shown", n)
			}
		})
	}
}

func TestRunInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if status, out, said := runBench(t, ctx, "-smoke", "-calls", "20", "-skip-peers"); status != exitInterrupted || out != "" {
		t.Errorf("status %d, want %d:\n%s%s", status, exitInterrupted, out, said)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args        string
		calls, runs int
		err         string
	}{
		{"", 20000, 5, ""},
		{"-smoke", 500, 1, ""},
		{"-smoke -calls 70", 70, 1, ""},
		{"-runs 3 -smoke", 500, 3, ""},
		{"-calls 0", 0, 0, "-calls 0"},
		{"-runs 101", 0, 0, "-runs 101"},
		{"more", 0, 0, `"more"`},
		{"-what", 0, 0, "-what"},
	} {
		s, err := parseFlags(strings.Fields(c.args), io.Discard)
		switch {
		case c.err == "" && (err != nil || s.calls != c.calls || s.runs != c.runs):
			t.Errorf("%q: %d calls, %d runs, %v; want %d, %d", c.args, s.calls, s.runs, err, c.calls, c.runs)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: error %v, want one with %q", c.args, err, c.err)
		}
	}
}

// truthfulRows returns the truth of a small workload, and the rows that a list of the capture or the log must have.
func truthfulRows(t *testing.T, k clock) ([]workload.Call, []row) {
	t.Helper()
	plan, err := workload.Generate(workload.Options{Calls: 300, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	var calls []workload.Call
	var rows []row
	for m := range plan.Messages() {
		if !m.First {
			continue
		}
		c := *m.Call
		calls = append(calls, c)
		text, utc := k.start(&c)
		ring, talk := k.lengths(&c)
		complete := "true"
		if !ended(&c) {
			complete = "false"
		}
		rows = append(rows, row{text, utc, c.From, c.To, c.Kind.String(), methodOf(&c), c.Outcome, status(c.Status), inSeconds(ring), inSeconds(talk), strconv.Itoa(c.Messages), complete, "f", c.CallID})
	}
	return calls, rows
}

func TestCompareRows(t *testing.T) {
	for _, k := range []clock{exact, seconds} {
		calls, rows := truthfulRows(t, k)
		d := &differences{where: "list"}
		if compareRows(d, rows, calls, k); d.count != 0 {
			t.Fatalf("the truth differs from itself: %v", d.first)
		}
		for _, c := range []struct {
			name  string
			plant func(rows []row) []row
			count int
		}{
			{"from", func(r []row) []row { r[7].from += "x"; return r }, 1},
			{"to", func(r []row) []row { r[7].to = ""; return r }, 1},
			{"kind", func(r []row) []row { r[7].kind = "other"; return r }, 1},
			{"method", func(r []row) []row { r[7].method = "BYE"; return r }, 1},
			{"outcome", func(r []row) []row { r[7].outcome = "unknown"; return r }, 1},
			{"status", func(r []row) []row { r[7].status = "599"; return r }, 1},
			{"ring", func(r []row) []row { r[7].ring += "1"; return r }, 1},
			{"talk", func(r []row) []row { r[7].talk += "1"; return r }, 1},
			{"messages", func(r []row) []row { r[7].messages += "0"; return r }, 1},
			{"complete", func(r []row) []row { r[7].complete = "maybe"; return r }, 1},
			{"time", func(r []row) []row { r[7].time = "Aug  1 00:00:00"; return r }, 1},
			{"utc", func(r []row) []row { r[7].utc = "2009-08-20T16:40:00Z"; return r }, 1},
			{"a row too few", func(r []row) []row { return append(r[:7], r[8:]...) }, 1},
			{"a row twice", func(r []row) []row { return append(r, r[7]) }, 1},
			{"a stranger", func(r []row) []row { r[7].callID = "nobody@example.com"; return r }, 2},
			{"out of order", func(r []row) []row { r[7], r[8] = r[8], r[7]; return r }, 1},
			{"no rows at all", func([]row) []row { return nil }, 300},
		} {
			d := &differences{where: "list"}
			compareRows(d, c.plant(append([]row(nil), rows...)), calls, k)
			if d.count != c.count || len(d.first) != min(c.count, mostShown) {
				t.Errorf("clock %d, %s: %d differences, %d shown, want %d: %v", k, c.name, d.count, len(d.first), c.count, d.first)
			}
		}
	}
}

func TestReadRows(t *testing.T) {
	head := strings.Join(rowColumns, ",") + "\n"
	rows, err := readRows(strings.NewReader(head + "t,u,a,\"b,c\",call,INVITE,busy,486,,,7,true,f.log,id@host,\n"))
	want := row{"t", "u", "a", "b,c", "call", "INVITE", "busy", "486", "", "", "7", "true", "f.log", "id@host"}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %v, %v; want %v", rows, err, want)
	}
	for _, bad := range []string{"", "time,utc\n", strings.Replace(head, "ring_s", "ring", 1), head + "1,2\n"} {
		if rows, err := readRows(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: no error, rows %v", bad, rows)
		}
	}
}

func TestInSeconds(t *testing.T) {
	for ms, want := range map[int64]string{workload.Unknown: "", 0: "0", 24000: "24", 24145: "24.145", 6940: "6.94", 4005: "4.005", 300: "0.3"} {
		if got := inSeconds(ms); got != want {
			t.Errorf("%d ms: %q, want %q", ms, got, want)
		}
	}
}

func TestCompareStories(t *testing.T) {
	rows := []row{{"Aug 20 16:40:00", "", "a", "b", "call", "INVITE", "answered", "200", "24.145", "62.772", "2", "true", "f", "1@h"},
		{"Aug 20 16:40:01", "", "a", "b", "call", "INVITE", "in-progress", "", "", "", "1", "false", "f", "2@h"}}
	first := `{"call_ids":["1@h"],"kind":"call","outcome":"answered","status":200,"complete":true,"start":{"text":"Aug 20 16:40:00"},"ring_ms":24145,"talk_ms":62772,"story":[{"kind":"message"},{"kind":"event"},{"kind":"message"}],"summary":"Answered."}` + "\n"
	second := `{"call_ids":["2@h"],"kind":"call","outcome":"in-progress","status":null,"complete":false,"start":{"text":"Aug 20 16:40:01"},"ring_ms":null,"talk_ms":null,"story":[{"kind":"message"}],"summary":"It goes on."}` + "\n"
	end := `{"summary":{"schema":1,"calls":2,"unrecognised":{"records":0,"lines":0}}}` + "\n"
	swap := func(old, new string) string { return strings.Replace(first, old, new, 1) + second + end }
	for _, c := range []struct {
		name, told string
		count      int
	}{
		{"the same", first + second + end, 0},
		{"the same in another order", second + first + end, 0},
		{"outcome", swap(`"answered"`, `"busy"`), 1},
		{"status", swap(`200`, `null`), 1},
		{"kind", swap(`"call"`, `"other"`), 1},
		{"ring", swap(`24145`, `24145.5`), 1},
		{"ring below zero", swap(`24145`, `-24145`), 1},
		{"talk", swap(`62772`, `null`), 1},
		{"start", swap(`16:40:00`, `16:40:02`), 1},
		{"complete", swap(`true`, `false`), 1},
		{"a message fewer", swap(`{"kind":"message"},`, ``), 1},
		{"another call", swap(`1@h`, `3@h`), 2},
		{"two Call-IDs", swap(`["1@h"]`, `["1@h","4@h"]`), 1},
		{"a call missing", first + `{"summary":{"calls":1}}`, 1},
		{"a call twice", first + first + second + `{"summary":{"calls":3}}`, 1},
		{"no summary", first + second, 1},
		{"a summary that cannot count", first + second + `{"summary":{"calls":3}}`, 1},
		{"something unrecognised", first + second + `{"summary":{"calls":2,"unrecognised":{"lines":1}}}`, 1},
		{"something after the summary", first + second + end + second, 1},
	} {
		d := &differences{where: "explain"}
		if err := compareStories(d, strings.NewReader(c.told), rows); err != nil || d.count != c.count {
			t.Errorf("%s: %d differences, want %d; %v, %v", c.name, d.count, c.count, d.first, err)
		}
	}
	for _, broken := range []string{"{", first[:len(first)/2], "no JSON"} {
		if err := compareStories(&differences{}, strings.NewReader(broken), rows); err == nil {
			t.Errorf("%.20q: no error", broken)
		}
	}
}

func TestSpend(t *testing.T) {
	dir := t.TempDir()
	plan, err := workload.Generate(workload.Options{Calls: 400})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.WriteFiles(dir, workload.SyslogOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, workload.LogFile)
	c, err := spend(t.Context(), self(t), "list", log)
	if err != nil || c.CPU <= 0 || c.MaxRSS < 0 || c.MaxRSS > 1<<32 {
		t.Errorf("cost %+v, %v", c, err)
	}
	if _, err := spend(t.Context(), self(t), "list", log+".not"); err == nil || !strings.Contains(err.Error(), "check the name") {
		t.Errorf("error %v does not pass on what the program said", err)
	}
	if _, err := spend(t.Context(), filepath.Join(dir, "nothing")); err == nil {
		t.Error("a program that is not there: no error")
	}
}

// The memory that this program takes itself must not count as that of what it measures.
func TestSpendDoesNotCountOurOwnMemory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not tell the memory of a process")
	}
	ballast := bytes.Repeat([]byte{1}, 256<<20)
	c, err := spend(t.Context(), self(t), "list", "--help")
	if err != nil || c.MaxRSS <= 0 || c.MaxRSS >= int64(len(ballast)) {
		t.Errorf("cost %+v, %v, beside %d bytes of our own", c, err, len(ballast))
	}
}

func TestLaunchEndsWithWhoStartedIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	alive, gone := io.Pipe()
	var report bytes.Buffer
	launched := make(chan struct{})
	program := self(t)
	go func() {
		launch([]string{program, callArg, l.Addr().String()}, alive, &report)
		close(launched)
	}()
	conn, err := l.Accept()
	if err != nil {
		gone.Close()
		t.Fatal(err)
	}
	defer conn.Close()
	gone.Close()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// The child never hangs up: that the line is dead says that it is.
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the child goes on")
	}
	<-launched
	var c cost
	if err := json.Unmarshal(report.Bytes(), &c); err != nil || c.Err == "" {
		t.Errorf("report %q, %v: want an error", &report, err)
	}
}

func TestReadParsing(t *testing.T) {
	p, err := readParsing([]byte("goos: linux\nBenchmarkParseInvite-2  3000000  370 ns/op  2660.5 MB/s  0 B/op  0 allocs/op\n" +
		"BenchmarkParseInvite-2  3000000  330 ns/op  2980.5 MB/s  8 B/op  1 allocs/op\nBenchmarkParseInvite-2  3  1 ns/op  9999 MB/s  0 B/op  0 allocs/op\nPASS\n"))
	if err != nil || p.mbPerSecond != 2980.5 || p.allocs != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, bad := range []string{"", "PASS\n", "BenchmarkParseInvite-2 3 x ns/op\n"} {
		if p, err := readParsing([]byte(bad)); err == nil {
			t.Errorf("%q: %+v, no error", bad, p)
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		sorted []int64
		want   int64
	}{{[]int64{7}, 7}, {[]int64{1, 3}, 2}, {[]int64{1, 2, 9}, 2}, {[]int64{1, 2, 4, 9}, 3}} {
		if got := middle(c.sorted); got != c.want {
			t.Errorf("%v: %d, want %d", c.sorted, got, c.want)
		}
	}
}

func TestMeasureLive(t *testing.T) {
	for _, format := range []string{"syslog", "pcap"} {
		l, err := measureLive(t.Context(), 500, 1, format)
		if err != nil {
			t.Fatal(err)
		}
		// Not the budget, which is for a machine that does nothing else: only that the figure is one of a call.
		if l.calls != 500 || l.bytes < 3000 || l.bytes > 10000 || l.beyond <= 0 || l.beyond > 50000 {
			t.Errorf("%+v", l)
		}
	}
}

var benchCalls = flag.Int("bench.calls", 2000, "calls in the workload of BenchmarkList and BenchmarkExplain")

// benchmarkRead runs a subcommand on the log and the capture of a workload, in this process, so that it can be profiled:
//
//	go test ./internal/bench -run '^$' -bench 'List/syslog' -cpuprofile cpu.prof -bench.calls 20000
func benchmarkRead(b *testing.B, command string) {
	dir := b.TempDir()
	plan, err := workload.Generate(workload.Options{Calls: *benchCalls, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	sum, err := plan.WriteFiles(dir, workload.SyslogOptions{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, in := range []struct{ name, file string }{{"syslog", workload.LogFile}, {"pcap", workload.PcapFile}} {
		b.Run(in.name, func(b *testing.B) {
			file := filepath.Join(dir, in.file)
			info, err := os.Stat(file)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				var said bytes.Buffer
				if status := cli.Main([]string{command, file}, nil, io.Discard, &said); status != 0 {
					b.Fatalf("status %d: %s", status, &said)
				}
			}
			b.ReportMetric(float64(sum.Messages)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func BenchmarkList(b *testing.B)    { benchmarkRead(b, "list") }
func BenchmarkExplain(b *testing.B) { benchmarkRead(b, "explain") }
