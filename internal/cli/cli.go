// Package cli is the command line.
//
//	sipscribe explain FILE…   facts, story and ending of each call
//	sipscribe list FILE…      one row a call
//
// Standard output is data, standard error is talk: lower case, no full stop, what went wrong, where, and what to do next. Exit status 0: done, and all that was
// named was read; 1: some of it could not be read, or not to its end, and the rest is told, or a call was not answered; 2: could not run, or nothing could be read; 130:
// interrupted.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
)

// Exit statuses.
const (
	exitDone        = 0
	exitPartly      = 1
	exitFailed      = 2
	exitInterrupted = 130
)

// Main runs the program and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// Most of what is live are the open calls, whose storage is used again; collecting less often costs little memory and saves much time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// A second Ctrl-C ends the program the usual way.
	go func() {
		<-ctx.Done()
		stop()
	}()
	return execute(ctx, args, stdin, stdout, stderr)
}

// execute is Main in a context that may be cancelled, as by Ctrl-C.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &terminal{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(t)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(t)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = t.failed() // help has no way to say so
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return exitDone // whoever reads our output has seen enough ("| head")
	case errors.Is(err, context.Canceled):
		t.talk("interrupted%s", t.interrupted)
		return exitInterrupted
	}
	t.talk("%s", message(err))
	var some *partly
	var nobody *unanswered
	if errors.As(err, &some) || errors.As(err, &nobody) {
		return exitPartly
	}
	return exitFailed
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "sipscribe",
		Short: "Reads SIP out of logs and captures and tells what happened in each call",
		Long: `sipscribe reads SIP out of logs (first of all the syslog of Sipura, Linksys and Cisco SPA adapters) and captures, and tells in plain English
what happened in each call, with the place in the log that proves each sentence.

Standard output is data, standard error is talk. Exit status:
  0    done; all files were read
  1    some of the files could not be read, or not to their end; what could be is told. Of "phone call": it was not answered
  2    it could not be done, or nothing could be read
  130  interrupted`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       Version(),
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("sipscribe {{.Version}}\n")
	// Not -v: that is --verbose wherever there is something to be said.
	root.Flags().BoolP("version", "V", false, "say which version this is")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { t.help(cmd) })
	root.AddCommand(newExplain(t), newList(t), newRules(t), newLab(t), newPhone(t), newProxy(t), newVersion(t))
	return root
}

// needFiles is the argument check of commands that read.
func needFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return withHint(fmt.Errorf("%s: no file named", cmd.Name()), `name a log or a capture, or "-" for standard input`)
	}
	for _, name := range args {
		if name == "" {
			return withHint(fmt.Errorf("%s: the name of a file is empty", cmd.Name()), "is a variable of the shell not set?")
		}
	}
	return nil
}

// nothingFound is the error for sources that were read and hold no SIP.
func nothingFound(res *app.ReadResult) error {
	var names []string
	for _, s := range res.Sources {
		names = append(names, s.Name)
	}
	what := "no SIP message found in " + strings.Join(names[:min(len(names), 3)], ", ")
	if len(names) > 3 {
		what += fmt.Sprintf(" and %d more", len(names)-3)
	}
	var seen []string
	count := func(n int64, what string) {
		if n > 0 {
			seen = append(seen, counted(n, what))
		}
	}
	count(res.Unrecognised.Lines, "line of other text")
	count(res.Unrecognised.Records, "record that is no SIP")
	count(res.Media, "RTP or RTCP packet")
	count(res.Encrypted, "encrypted packet")
	count(res.Other, "other packet")
	hint := "--input-format names the format where it was not recognised (-v tells which one was taken)"
	switch {
	case res.Encrypted > 0:
		hint = "encrypted SIP cannot be read from a capture; take the log of one of the two ends"
	case res.Bytes == 0:
		hint = "nothing is in it"
	case len(seen) == 0 && res.Unread > 0:
		hint = "it breaks off before the first"
	case len(seen) == 0:
		hint = "there are but empty lines in it"
	}
	if len(seen) > 0 {
		what += " (" + strings.Join(seen, ", ") + ")"
	}
	return withHint(errors.New(what), hint)
}
