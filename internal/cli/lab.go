package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/lab"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/render/page"
	"sipscribe/internal/render/text"
	"sipscribe/internal/report"
)

func newLab(t *terminal) *cobra.Command {
	var scenario, save, quirks, over string
	var ring time.Duration
	var list, asPage, force bool
	port := func() number {
		return number{want: "a port from 1 to 65535", ok: func(n int) bool { return n >= 1 && n <= 65535 }}
	}
	sipPort, proxyPort := port(), port()
	limit := number{want: "a number of bytes from 64 to 65535; 1022 is sysklogd's", ok: func(n int) bool { return n >= 64 && n <= 65535 }}
	draw := newDrawing()
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Place a call for real, on this machine alone, and tell it from its syslog",
		Long: `Starts a registrar and proxy, telephones, a software SPA and a syslog collector in this process, on the loopback addresses of this machine, lets the SPA place
a call, and tells the story of it from the collected syslog alone. Without --scenario it is the call of the page that sipscribe began with: challenged, ringing
for 16 seconds, cancelled.`,
		Example: `  sipscribe lab --ring 2s
  sipscribe lab --scenario busy
  sipscribe lab --page --save out
  sipscribe explain out/cancel.log`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return listScenarios(t)
			}
			s := lab.Named(scenario)
			if s == nil {
				hint := "sipscribe lab --list shows them"
				if like := nearest(scenario, func(yield func(string) bool) {
					for i := range lab.Scenarios {
						if !yield(lab.Scenarios[i].Name) {
							return
						}
					}
				}); like != "" {
					hint = fmt.Sprintf("did you mean %s? %s", like, hint)
				}
				return withHint(fmt.Errorf("--scenario: there is no scenario %q", scenario), hint)
			}
			if ring < 0 || ring > 10*time.Minute {
				return fmt.Errorf("--ring: %s is not from 0 to 10m", shortTime(ring))
			}
			if ring == 0 && cmd.Flags().Changed("ring") {
				ring = time.Millisecond // not at all; 0 by itself stands for the scenario's own time
			}
			if quirks != "" && quirks != "spa" {
				return fmt.Errorf("--quirks: there are none of %q; there is spa", quirks)
			}
			carrier := live.TransportNamed(over)
			if carrier == capture.TransportUnknown {
				return fmt.Errorf("--transport: there is no %q; there are udp, tcp, tls", over)
			}
			options, err := draw.options(t)
			if err != nil {
				return err
			}
			if sipPort.set && proxyPort.set && sipPort.n == proxyPort.n {
				return fmt.Errorf("--sip-port and --proxy-port are both %d: the SPA and the proxy need a port each", sipPort.n)
			}
			if force && save == "" {
				return errors.New("--force: it has no effect without --save")
			}
			keep := savedLab{dir: save, name: s.Name, force: force}
			if save != "" { // before a call is placed for nothing
				if err := keep.prepare(); err != nil {
					return err
				}
			}
			defer t.done()
			t.interrupted = "; what happened until then is told"
			res, err := lab.Run(cmd.Context(), lab.Config{Scenario: s, Ring: ring, SIPPort: uint16(max(sipPort.n, 0)), ProxyPort: uint16(max(proxyPort.n, 0)),
				Transport: carrier, LogLimit: max(limit.n, 0), Quirks: quirks == "spa", Talk: t.talk})
			interrupted := errors.Is(err, context.Canceled)
			if err != nil && !interrupted {
				return labError(err)
			}
			story, err := tellLab(res.Log, asPage, options)
			if err != nil {
				return err
			}
			var unsaved error
			if save != "" { // first: whoever reads the story may have seen enough of it ("| head")
				plain, err := tellLab(res.Log, asPage, text.Options{Brief: draw.brief})
				if err != nil {
					return err
				}
				unsaved = keep.write(t, res, plain)
			}
			if _, err := t.Write(story); err != nil {
				return err
			}
			if unsaved != nil {
				return unsaved
			}
			if interrupted {
				return context.Canceled
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&scenario, "scenario", "cancel", "what happens; --list shows all")
	fl.BoolVar(&list, "list", false, "list the scenarios")
	fl.DurationVar(&ring, "ring", 0, "how long it rings, such as 2s (default: as the scenario has it)")
	fl.BoolVar(&asPage, "page", false, "print the page of each call: assumptions, explanation, syslog entries")
	fl.StringVar(&save, "save", "", "`folder` for the syslog, a capture of the same messages, and the story")
	fl.BoolVar(&force, "force", false, "with --save: replace files of those names")
	fl.Var(&limit, "log-limit", "cut the syslog as a daemon does, after so many `bytes` of a message (1022: the classic one)")
	fl.Var(&sipPort, "sip-port", "the `port` of the SPA (default: 5062 if it is free)")
	fl.Var(&proxyPort, "proxy-port", "the `port` of the proxy (default: any that is free)")
	fl.StringVar(&over, "transport", "udp", "what carries the messages: udp, tcp, or tls with a certificate made for this run")
	fl.StringVar(&quirks, "quirks", "", "spa: do as the real device does (credentials in CANCEL, Contact in ACK, x-sipura)")
	draw.register(fl)
	return cmd
}

// labError says what to do about what most often keeps the lab from starting.
func labError(err error) error {
	var listen *transport.ListenError
	if errors.As(err, &listen) {
		return withHint(err, listenHint(listen, "--sip-port or --proxy-port (without them the lab finds one)", ""))
	}
	return err
}

func listScenarios(t *terminal) error {
	var rows []helpRow
	for _, s := range lab.Scenarios {
		rows = append(rows, helpRow{s.Name, s.About})
	}
	_, err := t.Write(appendRows(nil, "", rows, t.width(-1)))
	return err
}

// tellLab tells the calls of a log as explain does.
func tellLab(log []byte, asPage bool, o text.Options) ([]byte, error) {
	lines := bytes.Split(log, []byte("\n"))
	line := func(_ int32, n int64) []byte {
		if n < 1 || n > int64(len(lines)) {
			return nil
		}
		return lines[n-1]
	}
	b := report.NewBuilder(nil, rules.All)
	type told struct {
		seq  int64
		text []byte
	}
	var calls []told
	_, err := app.Read(context.Background(), app.ReadConfig{Files: []string{"-"}, Stdin: bytes.NewReader(log), Clock: &decode.ClockRules{}}, func(c *callflow.Call, _ int64) error {
		made := b.Build(c)
		if asPage {
			calls = append(calls, told{c.Seq, page.Append(nil, made, page.Options{Line: line})})
			return nil
		}
		calls = append(calls, told{c.Seq, text.Append(nil, made, o)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(calls) == 0 {
		return nil, errors.New("the collected syslog has no call: none of its messages came through")
	}
	var out []byte
	for i := 1; i < len(calls); i++ { // few, and nearly in order
		for j := i; j > 0 && calls[j].seq < calls[j-1].seq; j-- {
			calls[j], calls[j-1] = calls[j-1], calls[j]
		}
	}
	for i, c := range calls {
		if i > 0 {
			out = append(out, "\n\n"...)
		}
		if !asPage {
			out = appendCallNumber(out, i+1, o.Color)
		}
		out = append(out, c.text...)
	}
	return out, nil
}
