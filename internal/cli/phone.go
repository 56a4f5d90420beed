package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
)

func newPhone(t *terminal) *cobra.Command {
	var f phoneFlags
	cmd := &cobra.Command{
		Use:   "phone",
		Short: "A software SPA: registers, dials, answers, hangs up, and logs as the device does",
		Long: `A telephone adapter in software, with the settings, the dial plan and the syslog of a Sipura, Linksys or Cisco SPA. It has no sound card: a
call sends a file (--play), a tone (--tone), what comes (--echo) or silence, and what comes can be written to a file (--record). Without a command it is worked line
by line; "help" there says how. Where standard input is no terminal and ends before its first line, as under systemd or with "</dev/null", the phone goes on until a signal
ends it (SIGTERM, Ctrl-C); after commands that came from a file or a pipe the end of input ends it.`,
		Example: `  sipscribe phone --user spa1 --proxy 127.0.0.1:5060 --syslog 127.0.0.1:5514
  sipscribe phone call 1-800-555-1212 --user spa1 --proxy 127.0.0.1:5060 --cancel-after 16s`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := endedBySignal(cmd.Context())
			defer stop()
			tel, err := f.start(ctx, t, false, nil)
			if err != nil {
				return err
			}
			return f.work(ctx, t, tel)
		},
	}
	f.register(cmd)
	cmd.AddCommand(newPhoneCall(t, &f))
	return cmd
}

// work is the interactive phone. A signal is one of the ways to end it, and for one that nobody sits at the only one: no error.
func (f *phoneFlags) work(ctx context.Context, t *terminal, tel *telephone) (err error) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(t.stdin)
		s.Buffer(make([]byte, 4096), 4096)
		for s.Scan() {
			select {
			case lines <- s.Text():
			case <-tel.done:
				return
			}
		}
	}()
	defer func() {
		if serr := tel.stop(35 * time.Second); err == nil {
			err = serr
		}
	}()
	inCall, read := false, false
	done := ctx.Done()
	for {
		select {
		case e := <-tel.events:
			if _, err := fmt.Fprintf(t, "line %d: %s\n", e.Line, printable(tel.describe(e)+handsetHint(e))); err != nil {
				return err
			}
			switch e.Kind {
			case ua.EventCalling, ua.EventIncoming:
				inCall = true
			case ua.EventEnded:
				inCall = false
				if ctx.Err() != nil {
					return nil
				}
			}
		case line, ok := <-lines:
			switch {
			case ok:
				read = true
			case read || t.isInteractive():
				return nil // the end of input
			default:
				// There is nobody to work it, as under systemd or behind "</dev/null": it goes on until a signal.
				lines = nil
				t.talk("nobody is at the keyboard: the phone goes on until a signal ends it (SIGTERM, Ctrl-C)")
				continue
			}
			quit, err := tel.command(t, strings.TrimSpace(line))
			if err != nil {
				t.talk("%s", message(err))
			}
			if quit {
				return nil
			}
		case <-done:
			if !inCall {
				return nil
			}
			done = nil
			t.talk("hanging up; Ctrl-C again ends at once")
			if err := tel.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, tel.line, out) }); err != nil {
				return nil // there is nothing to hang up
			}
		case <-tel.done:
			return tel.stopped()
		}
	}
}

// handsetHint says how to become reachable again after a call that the other side has ended: the handset is off until somebody puts it back, as on the device.
func handsetHint(e ua.Event) string {
	switch {
	case e.OffHook:
		return `; the handset is still off, and callers hear busy: put it back with "hang"`
	case e.Kind == ua.EventTurnedAway && e.Reason == ua.HandsetOff:
		return `: put it back with "hang"`
	}
	return ""
}

// handsetErrors says what to do about a command that does not fit what the line is doing.
func handsetErrors(err error) error {
	for _, c := range []struct {
		is   error
		hint string
	}{
		{ua.ErrLineBusy, `"hang" ends it`},
		{ua.ErrOffHook, `press keys, or put it back with "hang"`},
		{ua.ErrRefused, `"call NUMBER" calls without it`},
	} {
		if errors.Is(err, c.is) {
			return withHint(err, c.hint)
		}
	}
	return err
}

// phoneHelp is what "help" says in the interactive phone.
const phoneHelp = `off          lift the handset; a call that rings is answered
0-9 * #      press keys: they are dialled by the Dial Plan, or sent in a call
call NUMBER  call a number or a SIP address at once
answer       take a call
hang         put the handset back: cancel, end or refuse the call; also after the other side has hung up
hold resume  put the other side on hold, and take it back
quit         hang up, unregister and end (Ctrl-C with no call does the same)
`

// command does what a line says, and reports whether that is to end.
func (tel *telephone) command(t *terminal, line string) (quit bool, err error) {
	word, rest, _ := strings.Cut(line, " ")
	do := func(f func(p *ua.Phone, now time.Time, out *live.Outbox) error) error {
		return handsetErrors(tel.Do(f))
	}
	n := tel.line
	switch word {
	case "":
		return false, nil
	case "quit", "exit":
		return true, nil
	case "help", "?":
		_, err := io.WriteString(t, phoneHelp)
		return false, err
	case "off":
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.OffHook(now, n, out) })
	case "hang", "on":
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, n, out) })
	case "answer":
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Answer(now, n, out) })
	case "hold":
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, n, out) })
	case "resume":
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Resume(now, n, out) })
	case "call":
		if strings.TrimSpace(rest) == "" {
			return false, errors.New("call whom? such as: call 1-800-555-1212")
		}
		return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error {
			return p.Dial(now, n, strings.TrimSpace(rest), out)
		})
	}
	keys := ua.PlainNumber(line)
	if keys == "" || strings.Trim(keys, "0123456789*#") != "" {
		return false, fmt.Errorf("%q is no command and no number; help lists them", line)
	}
	return false, do(func(p *ua.Phone, now time.Time, out *live.Outbox) error {
		for i := 0; i < len(keys); i++ {
			if err := p.Digit(now, n, keys[i], out); err != nil {
				return err
			}
		}
		return nil
	})
}
