// Command bench measures sipscribe beside the programs that people use today, on a workload of which everything is known:
//
//	internal/workload ─▶ spa.log, sip.pcap, truth.csv
//	   sipscribe list --csv           every row = its row of the truth, for the log and for the capture
//	   sipscribe explain --format ndjson   every call = its row of the list
//	   then, in turns: sipscribe, a bare scan, sngrep, tshark ─▶ CPU seconds, memory, ratios
//
//	$ go run ./internal/bench                   # 20,000 calls, five turns; `make bench`
//	$ go run ./internal/bench -smoke            # 500 calls, one turn; `make bench-smoke`
//	$ go run ./internal/bench -skip-peers -keep out/bench
//
// No ratio is printed unless what sipscribe told is the truth: the first differences are printed instead, and the exit status is 1. How
// fast anything is never decides the exit status. 2: it could not run; 130: interrupted. The table goes to standard output,
// what it is doing to standard error. docs/measurements.md says how to read the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"sipscribe/internal/figures"
	"sipscribe/internal/workload"
)

// Exit statuses.
const (
	exitDone        = 0
	exitDifferent   = 1
	exitFailed      = 2
	exitInterrupted = 130
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == launchArg {
		os.Exit(launch(os.Args[2:], os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the program the usual way.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// settings are the flags.
type settings struct {
	calls     int
	runs      int
	seed      uint64
	keep      string
	program   string
	skipPeers bool
	smoke     bool
}

func parseFlags(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.calls, "calls", 20000, "`number` of calls and registrations in the workload")
	flags.IntVar(&s.runs, "runs", 5, "how `often` each program is measured; the median counts")
	flags.Uint64Var(&s.seed, "seed", 1, "`number` that the workload follows from")
	flags.StringVar(&s.keep, "keep", "", "`folder` to leave the workload and the programs in; without it they are removed")
	flags.StringVar(&s.program, "program", "", "measure this sipscribe `file` and build none")
	flags.BoolVar(&s.skipPeers, "skip-peers", false, "measure without sngrep and tshark")
	flags.BoolVar(&s.smoke, "smoke", false, "a small workload and one turn, where -calls and -runs do not say otherwise")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if s.smoke {
		said := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { said[f.Name] = true })
		if !said["calls"] {
			s.calls = 500
		}
		if !said["runs"] {
			s.runs = 1
		}
	}
	if s.calls < 1 || s.calls > 5_000_000 {
		return s, fmt.Errorf("-calls %d: want 1 to 5000000", s.calls)
	}
	if s.runs < 1 || s.runs > 100 {
		return s, fmt.Errorf("-runs %d: want 1 to 100", s.runs)
	}
	return s, nil
}

// run is main with its surroundings passed in. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFailed
	}
	b := &bench{settings: s, stdout: stdout, stderr: stderr}
	err = b.run(ctx)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "bench: interrupted")
		return exitInterrupted
	case errors.Is(err, errDifferent):
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitDifferent
	}
	fmt.Fprintf(stderr, "bench: %v\n", err)
	return exitFailed
}

// errDifferent says that what sipscribe told is not the truth.
var errDifferent = errors.New("what sipscribe told is not the truth; no figure is worth anything")

// bench is one run of the program.
type bench struct {
	settings
	stdout, stderr io.Writer

	root  string // of the module
	dir   string // of all that is made
	log   string // the workload as syslog
	pcap  string // and as a capture
	scan  string // mkworkload, whose -scan is the yard stick
	sum   workload.Summary
	calls []workload.Call
	peers []*peer
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.stderr, "bench: "+format+"\n", args...)
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.root, err = moduleRoot(); err != nil {
		return err
	}
	if b.keep != "" {
		if b.dir, err = filepath.Abs(b.keep); err != nil {
			return err
		}
		if err := os.MkdirAll(b.dir, 0o777); err != nil {
			return err
		}
	} else {
		if b.dir, err = os.MkdirTemp("", "sipscribe-bench-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	b.say("building")
	if b.program == "" {
		if b.program, err = build(ctx, b.root, b.dir, "./cmd/sipscribe"); err != nil {
			return err
		}
	}
	if b.scan, err = build(ctx, b.root, b.dir, "./internal/workload/cmd/mkworkload"); err != nil {
		return err
	}
	if err := b.generate(ctx); err != nil {
		return err
	}
	if err := b.check(ctx); err != nil {
		return err
	}
	if !b.skipPeers {
		b.findPeers(ctx)
	}
	works, err := b.measure(ctx)
	if err != nil {
		return err
	}
	t := table{bench: b, works: works, machine: figures.Machine()}
	b.say("measuring memory of live calls")
	for _, f := range []string{"syslog", "pcap"} {
		l, err := measureLive(ctx, min(b.settings.calls, mostLive), b.seed, f)
		if err != nil {
			return err
		}
		t.live = append(t.live, l)
	}
	b.say("measuring the parser")
	if t.parse, err = measureParse(ctx, b.root, b.smoke); err != nil {
		return err
	}
	return t.write(b.stdout)
}

// generate writes the workload and reads its truth back.
func (b *bench) generate(ctx context.Context) error {
	b.say("making a workload of %d calls", b.settings.calls)
	plan, err := workload.Generate(workload.Options{Calls: b.settings.calls, Seed: b.seed})
	if err != nil {
		return err
	}
	dir := filepath.Join(b.dir, "workload")
	if b.sum, err = plan.WriteFiles(dir, workload.SyslogOptions{}, nil); err != nil {
		return err
	}
	b.log, b.pcap = filepath.Join(dir, workload.LogFile), filepath.Join(dir, workload.PcapFile)
	f, err := os.Open(filepath.Join(dir, workload.TruthFile))
	if err != nil {
		return err
	}
	defer f.Close()
	if b.calls, err = workload.ReadTruth(f); err != nil {
		return err
	}
	return ctx.Err()
}

// check compares what sipscribe tells with the truth, and with itself. It prints the differences and returns errDifferent if there are any.
func (b *bench) check(ctx context.Context) error {
	total := 0
	for _, in := range []struct {
		name, file string
		clock      clock
	}{{"syslog", b.log, seconds}, {"pcap", b.pcap, exact}} {
		b.say("checking %s", in.name)
		d := &differences{where: "list " + filepath.Base(in.file)}
		var rows []row
		err := read(ctx, b.program, []string{"list", "--csv", in.file}, func(r io.Reader) (err error) {
			rows, err = readRows(r)
			return err
		})
		if err != nil {
			return err
		}
		compareRows(d, rows, b.calls, in.clock)
		e := &differences{where: "explain " + filepath.Base(in.file)}
		err = read(ctx, b.program, []string{"explain", "--format", "ndjson", in.file}, func(r io.Reader) error { return compareStories(e, r, rows) })
		if err != nil {
			return err
		}
		for _, d := range []*differences{d, e} {
			d.print(b.stdout)
			total += d.count
		}
	}
	if total > 0 {
		return fmt.Errorf("%w (%d differences)", errDifferent, total)
	}
	return nil
}

// patience is how long any one program may run.
const patience = 30 * time.Minute
