// Command interop sets sipscribe beside other SIP programs: SIPp, Kamailio, baresip, linphone.
//
//	             ┌──────────── a network namespace that has lo, and nothing else ───────────┐
//	SIPp, baresip, sipscribe phone ──▶ sipscribe proxy │ Kamailio ──▶ SIPp, baresip, sipscribe phone
//	             └───────────────────────────────────────────────────────────────────────────┘
//
//	$ go test -tags interop ./internal/interop    # that they understand each other; `make interop`
//	$ go run ./internal/interop                   # what a call costs; `make bench-live`
//	$ go run ./internal/interop -smoke            # that this runs
//
// The program measures. The seed call (INVITE, 407, INVITE, 180, CANCEL, 487) is placed by SIPp some thousand times at each rate, through our
// proxy and through Kamailio in turn, and the processor time of the proxy's processes alone is divided by the calls. How fast anything is
// never decides the exit status: 0 when all has been measured and every call came to its end, 1 when calls were lost through our proxy where
// Kamailio lost none, 2 when it could not run; 130: interrupted. docs/measurements.md says how to read the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Exit statuses.
const (
	exitDone        = 0
	exitLost        = 1
	exitFailed      = 2
	exitInterrupted = 130
)

// within is set in the process that has a network of its own.
const within = "SIPSCRIBE_INTEROP_WITHIN"

// builtEnv has the path of the program that was built before the network was left.
const builtEnv = "SIPSCRIBE_INTEROP_PROGRAM"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// settings are the flags.
type settings struct {
	rates       []int
	calls, runs int
	program     string
	only        string
	keep        string
	count       bool
	smoke       bool
	more        []string
}

func parseFlags(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("interop", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rates := flags.String("rates", "200,400,800,1200", "calls a second, with commas between")
	flags.IntVar(&s.calls, "calls", 4000, "`number` of calls at each rate")
	flags.IntVar(&s.runs, "runs", 3, "how `often` each proxy is measured at each rate, in turns; the median counts")
	flags.StringVar(&s.program, "program", "", "measure this sipscribe `file` and build none")
	flags.StringVar(&s.only, "only", "", "measure one proxy alone: sipscribe or kamailio")
	flags.StringVar(&s.keep, "keep", "", "`folder` to leave everything in; without it all is removed")
	flags.BoolVar(&s.count, "syscalls", true, "count system calls too, in a run of its own (needs strace)")
	flags.BoolVar(&s.smoke, "smoke", false, "few calls and one turn, where -calls, -rates and -runs do not say otherwise")
	proxy := flags.String("proxy-flags", "", "further `flags` for sipscribe proxy, with blanks between")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if s.smoke {
		if !given["calls"] {
			s.calls = 200
		}
		if !given["runs"] {
			s.runs = 1
		}
		if !given["rates"] {
			*rates = "200"
		}
	}
	s.more = strings.Fields(*proxy)
	for _, r := range strings.Split(*rates, ",") {
		n, err := strconv.Atoi(r)
		if err != nil || n < 1 || n > mostRate {
			return s, fmt.Errorf("-rates: %q is no number of calls a second from 1 to %d", r, mostRate)
		}
		s.rates = append(s.rates, n)
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.calls < 1 || s.calls > mostCalls:
		return s, fmt.Errorf("-calls %d: want 1 to %d", s.calls, mostCalls)
	case s.runs < 1 || s.runs > 20:
		return s, fmt.Errorf("-runs %d: want 1 to 20", s.runs)
	case s.only != "" && s.only != "sipscribe" && s.only != "kamailio":
		return s, fmt.Errorf("-only %s: want sipscribe or kamailio", s.only)
	}
	return s, nil
}

// What may be asked for at most: the load ends by itself.
const (
	mostRate  = 5000
	mostCalls = 200_000
)

// run is main with its surroundings passed in. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "interop: %v\n", err)
		return exitFailed
	}
	s, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return fail(err)
	}
	if os.Getenv(within) == "" && s.program == "" && s.only != "kamailio" {
		dir, err := os.MkdirTemp("", "sipscribe-interop-*")
		if err != nil {
			return fail(err)
		}
		defer os.RemoveAll(dir)
		fmt.Fprintln(stderr, "interop: building")
		program := filepath.Join(dir, "sipscribe")
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", program, "sipscribe/cmd/sipscribe")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fail(fmt.Errorf("go build: %w\n%s", err, out))
		}
		if err := os.Setenv(builtEnv, program); err != nil {
			return fail(err)
		}
	}
	again, status, err := isolate()
	switch {
	case err != nil:
		return fail(err)
	case !again:
		return status
	}
	if s.program == "" {
		s.program = os.Getenv(builtEnv)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{settings: s, stdout: stdout, stderr: stderr}
	err = b.run(ctx)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "interop: interrupted")
		return exitInterrupted
	case errors.Is(err, errLost):
		fmt.Fprintf(stderr, "interop: %v\n", err)
		return exitLost
	case err != nil:
		return fail(err)
	}
	return exitDone
}
