// Command sim runs schedules of internal/sim: calls over a bad network in virtual time, held to the RFCs.
//
//	$ sim -schedules 100000 -seed 1
//	100000 schedules, 99104 of them with a call and a fault; …
//	$ sim -replay 4711 -v
//	seed 4711, its topology, script and ladder, and what did not hold
//
// What was covered and each failing seed are told on standard output, the progress on a terminal on standard error. Ctrl-C ends it early with what is
// known so far. The exit status is 0, 1 if an invariant did not hold, or 2 if it could not run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"sipscribe/internal/sim"
)

func main() {
	terminal := false
	if info, err := os.Stderr.Stat(); err == nil {
		terminal = info.Mode()&os.ModeCharDevice != 0
	}
	debug.SetGCPercent(400) // a schedule lives a millisecond, and little outlives it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, terminal)
	stop()
	os.Exit(code)
}

// run is main with its surroundings passed in. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, terminal bool) int {
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	schedules := flags.Int("schedules", 10000, "`number` of schedules")
	seed := flags.Uint64("seed", 1, "`seed` of the first; each further one has the next")
	cores := flags.Int("cores", runtime.GOMAXPROCS(0), "`number` of schedules at a time")
	replay := flags.Uint64("replay", 0, "run the schedule of this `seed` alone")
	verbose := flags.Bool("v", false, "with -replay: tell the schedule and everything that passed")
	shrink := flags.Bool("shrink", false, "with -replay: leave out what the schedule fails without")
	profile := flags.String("cpuprofile", "", "write a profile of the processor's work to this `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	fail := func(err error) int {
		fmt.Fprintf(stderr, "sim: %v\n", err)
		return 2
	}
	given := false
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == "replay" })
	switch {
	case flags.NArg() > 0:
		return fail(fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	case *schedules < 1 || *cores < 1:
		return fail(errors.New("-schedules and -cores must be 1 or more"))
	case given:
		return again(*replay, *verbose, *shrink, stdout)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return fail(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fail(err)
		}
		defer pprof.StopCPUProfile()
	}
	return campaign(ctx, *seed, *schedules, *cores, stdout, stderr, terminal)
}

// campaign runs many schedules and tells what they have covered.
func campaign(ctx context.Context, seed uint64, n, cores int, stdout, stderr io.Writer, terminal bool) int {
	c := sim.NewCoverage()
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		sim.Campaign(ctx, c, seed, n, cores)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-tick.C:
			if k, failed := c.Progress(); terminal {
				rate := float64(k) / time.Since(began).Seconds()
				fmt.Fprintf(stderr, "\r%d of %d schedules, %.0f a second, %v to go, %d failed ", k, n, rate, time.Duration(float64(n-k)/max(rate, 1)*1e9).Round(time.Second), failed)
			}
		}
	}
	if terminal {
		fmt.Fprint(stderr, "\r\x1b[K")
	}
	c.Write(stdout)
	took := time.Since(began)
	fmt.Fprintf(stdout, "seeds %d to %d; %.1f s, %.0f schedules a second\n", seed, seed+uint64(n)-1, took.Seconds(), float64(c.Schedules)/took.Seconds())
	if c.Schedules < n {
		fmt.Fprintf(stdout, "stopped before %d of them\n", n-c.Schedules)
	}
	for i, r := range c.Failed {
		if i < 3 {
			fmt.Fprintf(stdout, "\nFAILED, made smaller:\n")
			sim.Run(sim.Shrink(r.Schedule, sim.Options{}, 200), sim.Options{Ladder: true}).Write(stdout)
			continue
		}
		for _, f := range r.Failures[:1] {
			fmt.Fprintf(stdout, "\nFAILED: seed %d: after %.6f s, %s: %s\n", r.Schedule.Seed, f.At.Seconds(), f.Rule, f.Text)
		}
	}
	if len(c.Failed) > 0 {
		return 1
	}
	return 0
}

// again runs one schedule.
func again(seed uint64, verbose, shrink bool, stdout io.Writer) int {
	s := sim.Draw(seed)
	if shrink {
		s = sim.Shrink(s, sim.Options{}, 500)
	}
	r := sim.Run(s, sim.Options{Ladder: verbose})
	if verbose || len(r.Failures) > 0 {
		r.Write(stdout)
	}
	if len(r.Failures) > 0 {
		return 1
	}
	fmt.Fprintf(stdout, "seed %d: %d calls, %d messages, every invariant holds\n", seed, r.Calls, r.Messages)
	return 0
}
