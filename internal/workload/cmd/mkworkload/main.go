// Command mkworkload makes a workload of SIP calls with its truth, and runs the yard stick over a log.
//
//	$ mkworkload -calls 20000 -seed 1 -dir bench
//	wrote bench: 20000 calls, 207037 messages, 5.0 % of them again, 35m25s of log
//	$ mkworkload -scan bench/spa.log
//	20000 calls, 207037 messages, 207037 lines, 2095690 header fields, 133.4 MB
//
// The files are spa.log (as sysklogd logs an adapter), sip.pcap (the same messages) and truth.csv (a row a call). What was
// written, and the progress on a terminal, is told on standard error; what a scan counted, on standard output. The exit status is 0, or
// 2 if it could not run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"sipscribe/internal/workload"
)

func main() {
	terminal := false
	if info, err := os.Stderr.Stat(); err == nil {
		terminal = info.Mode()&os.ModeCharDevice != 0
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, terminal))
}

// run is main with its surroundings passed in. It returns the exit status.
func run(args []string, stdout, stderr io.Writer, terminal bool) int {
	flags := flag.NewFlagSet("mkworkload", flag.ContinueOnError)
	flags.SetOutput(stderr)
	calls := flags.Int("calls", 20000, "`number` of calls and registrations")
	seed := flags.Uint64("seed", 1, "`number` that all chance follows from")
	dir := flags.String("dir", "", "`folder` to write "+workload.LogFile+", "+workload.PcapFile+" and "+workload.TruthFile+" into")
	rate := flags.Float64("rate", 10, "new calls a `second` of log time")
	retransmit := flags.Float64("retransmit", 0.05, "`share` of messages that are retransmissions, 0 to 0.3")
	devices := flags.Int("devices", 0, "`number` of adapters; 0: as many as the rate needs")
	cut := flags.Bool("cut", false, "cut long log lines as sysklogd does")
	iso := flags.Bool("iso", false, "write log times with date, milliseconds and zone")
	scan := flags.String("scan", "", "only run the yard stick over the log `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	fail := func(err error) int {
		fmt.Fprintf(stderr, "mkworkload: %v\n", err)
		return 2
	}
	switch {
	case flags.NArg() > 0:
		return fail(fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	case *scan != "" && *dir != "":
		return fail(errors.New("-scan and -dir exclude each other"))
	case *scan != "":
		if err := scanFile(*scan, stdout); err != nil {
			return fail(err)
		}
		return 0
	case *dir == "":
		return fail(errors.New("-dir or -scan is needed"))
	}
	o := workload.Options{Calls: *calls, Seed: *seed, Rate: *rate, Retransmit: *retransmit, Devices: *devices}
	if *rate == 0 {
		return fail(errors.New("-rate must be above 0"))
	}
	if *retransmit == 0 {
		o.Retransmit = -1 // in Options 0 is the default
	}
	plan, err := workload.Generate(o)
	if err != nil {
		return fail(err)
	}
	var progress func(workload.Summary)
	if terminal {
		var told time.Time
		progress = func(s workload.Summary) {
			if now := time.Now(); now.Sub(told) > 100*time.Millisecond {
				told = now
				fmt.Fprintf(stderr, "\r%d of %d calls ", s.Calls, *calls)
			}
		}
	}
	s, err := plan.WriteFiles(*dir, workload.SyslogOptions{Cut: *cut, ISO: *iso}, progress)
	if terminal {
		fmt.Fprint(stderr, "\r\x1b[K")
	}
	if err != nil {
		return fail(err)
	}
	share := 0.0
	if s.Messages > 0 {
		share = 100 * float64(s.Repeats) / float64(s.Messages)
	}
	fmt.Fprintf(stderr, "wrote %s: %d calls, %d messages, %.1f %% of them again, %v of log\n", *dir, s.Calls, s.Messages, share, s.Span.Round(time.Second))
	return 0
}

// scanFile runs the yard stick over a file and writes what it counted.
func scanFile(name string, stdout io.Writer) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := workload.BareScan(f)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d calls, %d messages, %d lines, %d header fields, %.1f MB\n", s.Calls, s.Messages, s.Lines, s.Fields, float64(s.Bytes)/1e6)
	return err
}
