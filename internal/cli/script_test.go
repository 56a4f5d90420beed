package cli_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"sipscribe/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sipscribe": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScript runs the scripts of testdata/script, one or more a subcommand, with the real Main. In each the logs of testdata/logs, written by hand,
// lie in the folder of the script. Beside the commands of testscript there are
//
//	gzip FILE       FILE.gz
//	zstd FILE       FILE.zst
//	cut FILE N      only the first N bytes; from the end if N is negative
//	raw FILE NEW    \x1b and \u202e in the text of FILE and in the name NEW are made the characters that they name
//	printable FILE  fails if FILE ("stdout", "stderr" too) has a character that a terminal would obey
//	mode FILE MODE  fails if FILE has other permissions than the octal MODE
//	port NAME       sets NAME to an address of the loopback with a port that is free for UDP and TCP, and NAME_PORT to the port; "port NAME busy": that is taken
//	signal NAME     sends HUP or TERM to the last program that was started in the background
//	metric ADDR RE  waits until a line of http://ADDR/metrics matches RE
//	status N ARGS   runs sipscribe with ARGS, and fails if its exit status is not N
//	certificate NAME HOST…  writes NAME.pem and NAME-key.pem, a certificate for hosts and addresses and its key, and NAME-ca.pem, who has signed it
//	columns N FILE  fails if a line is longer than N columns, or has blanks at its end
func TestScript(t *testing.T) {
	logs, err := filepath.Abs("testdata/logs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: updating(),
		Setup: func(env *testscript.Env) error {
			env.Setenv("TERM", "dumb")
			return os.CopyFS(env.WorkDir, os.DirFS(logs))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"gzip":      compress(".gz", func(b []byte) []byte { return packed(b, func(w *bytes.Buffer) writer { return gzip.NewWriter(w) }) }),
			"zstd":      compress(".zst", zstdOf),
			"cut":       cutFile,
			"raw":       rawFile,
			"printable": printableFile,
			"columns":   columnsOf,
			"status":    statusOf,
			"mode":      modeOf,
			"port":      portOf,
			"metric":    metricOf,
			"signal":    signalTo,

			"certificate": certificateFor,
		},
	})
}

type writer interface {
	Write([]byte) (int, error)
	Close() error
}

func packed(b []byte, open func(*bytes.Buffer) writer) []byte {
	var out bytes.Buffer
	w := open(&out)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func zstdOf(b []byte) []byte {
	return packed(b, func(w *bytes.Buffer) writer {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	})
}

func compress(suffix string, pack func([]byte) []byte) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: %s FILE", suffix[1:])
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+suffix), pack([]byte(ts.ReadFile(args[0]))), 0o666))
	}
}

func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := ts.ReadFile(args[0])
	if n < 0 {
		n += len(data)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:n]), 0o666))
}

var escape = regexp.MustCompile(`\\x[0-9a-f]{2}|\\u[0-9a-f]{4}`)

func unescape(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		n, err := strconv.ParseUint(e[2:], 16, 32)
		if err != nil {
			panic(err)
		}
		return string(rune(n))
	})
}

func rawFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: raw FILE NEW")
	}
	ts.Check(os.WriteFile(ts.MkAbs(unescape(args[1])), []byte(unescape(ts.ReadFile(args[0]))), 0o666))
}

// obeyed matches what a terminal would obey, or show in another order: control characters and the marks of writing direction.
var obeyed = regexp.MustCompile(`[^\n\t\x20-\x7e\x{a0}-\x{10ffff}]|[\x{61c}\x{200b}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]`)

func printableFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: printable FILE")
	}
	text := ts.ReadFile(args[0])
	if m := obeyed.FindString(text); m != "" {
		ts.Fatalf("%s has %q:\n%q", args[0], m, text)
	}
	if text == "" {
		ts.Fatalf("%s is empty", args[0])
	}
}

// portOf finds a port; one that is to be taken stays bound until the script ends.
func portOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: port NAME [busy]")
	}
	for range 20 {
		u, err := net.ListenPacket("udp4", "127.0.0.1:0")
		ts.Check(err)
		l, err := net.Listen("tcp4", u.LocalAddr().String())
		if err != nil {
			u.Close()
			continue
		}
		ts.Setenv(args[0], u.LocalAddr().String())
		ts.Setenv(args[0]+"_PORT", strconv.Itoa(u.LocalAddr().(*net.UDPAddr).Port))
		ts.Setenv(args[0]+"_PORT", strconv.Itoa(u.LocalAddr().(*net.UDPAddr).Port))
		free := func() { u.Close(); l.Close() }
		if len(args) == 2 {
			ts.Defer(free)
		} else {
			free()
		}
		return
	}
	ts.Fatalf("no port is free")
}

func signalTo(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.BackgroundCmds()
	if neg || len(args) != 1 || len(running) == 0 {
		ts.Fatalf("usage: signal NAME, with a program in the background")
	}
	sig, ok := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	ts.Check(running[len(running)-1].Process.Signal(sig))
}

func metricOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: metric ADDR RE")
	}
	want := regexp.MustCompile("(?m)" + args[1])
	last := ""
	tick := time.NewTicker(50 * time.Millisecond) // what another process does cannot be waited for otherwise
	defer tick.Stop()
	for range 200 {
		if res, err := http.Get("http://" + args[0] + "/metrics"); err == nil {
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if last = string(b); want.MatchString(last) {
				return
			}
		}
		<-tick.C
	}
	ts.Fatalf("no line matches %s:\n%s", args[1], last)
}

func modeOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE MODE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s", args[0], got)
	}
}

func columnsOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: columns N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := ts.ReadFile(args[1])
	if text == "" || text[len(text)-1] != '\n' {
		ts.Fatalf("%s is empty, or its last line has no end", args[1])
	}
	for i, line := range bytes.Split([]byte(text), []byte("\n")) {
		if w := len(bytes.Runes(line)); w > n {
			ts.Fatalf("%s:%d: %d columns: %s", args[1], i+1, w, line)
		}
		if len(line) > 0 && line[len(line)-1] == ' ' {
			ts.Fatalf("%s:%d: blanks at its end: %q", args[1], i+1, line)
		}
	}
}

// statusOf runs the program: "!" of a script does not tell one failure from another.
func statusOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N ARGS")
	}
	got := 0
	if err := ts.Exec("sipscribe", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d", got)
	}
}
