package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
)

func newPhoneCall(t *terminal, f *phoneFlags) *cobra.Command {
	var cancelAfter, hangUpAfter, ringFor time.Duration
	var byPlan, tell bool
	draw := newDrawing()
	cmd := &cobra.Command{
		Use:   "call NUMBER",
		Short: "Call a number or a SIP address, once",
		Long: `Registers, calls, and ends when the call has ended. Ctrl-C while it rings cancels the call and waits for the answer to that; once more ends at once. Exit status:
  0    it was answered, or cancelled as asked for
  1    it came to nothing: busy, refused, not answered, or the proxy let nobody through or is not there
  2    it was not tried (a wrong option or setting, a port in use), or all went well but for what --capture was to keep
  130  interrupted`,
		Example: `  sipscribe phone call 1-800-555-1212 --user spa1 --proxy 127.0.0.1:5060 --cancel-after 16s --tell`,
		Args:    oneArgument("number", "1-800-555-1212"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(args[0]) == "" {
				return withHint(errors.New("phone call: the number is empty"), "such as sipscribe phone call 1-800-555-1212")
			}
			for _, d := range []struct {
				name string
				d    time.Duration
			}{{"--cancel-after", cancelAfter}, {"--hang-up-after", hangUpAfter}, {"--give-up-after", ringFor}} {
				if d.d < 0 {
					return fmt.Errorf("%s: %s is in the past", d.name, shortTime(d.d))
				}
			}
			options, err := draw.options(t)
			if err != nil {
				return err
			}
			ctx, stop := endedBySignal(cmd.Context())
			defer stop()
			tel, err := f.start(ctx, t, tell, func(p *ua.Phone) error { return p.CheckNumber(f.line.n, args[0], byPlan) })
			if err != nil {
				return err
			}
			c := &oneCall{tel: tel, t: t, cancelAfter: cancelAfter, hangUpAfter: hangUpAfter, ringFor: ringFor, register: !f.noRegister}
			err = c.run(ctx, args[0], byPlan)
			later := []error{tel.stop(5 * time.Second)}
			if tell {
				story, terr := tellLab(tel.log.Bytes(), false, options)
				if terr == nil {
					_, terr = t.Write(story)
				}
				later = append(later, terr)
			}
			for _, e := range later {
				switch {
				case err == nil:
					err = e
				case e != nil && !errors.Is(err, e):
					t.talk("%s", message(e))
				}
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.DurationVar(&cancelAfter, "cancel-after", 0, "hang up after it has rung for so long, such as 16s")
	fl.DurationVar(&hangUpAfter, "hang-up-after", 10*time.Second, "hang up so long after it was answered; 0: when the other side does")
	fl.DurationVar(&ringFor, "give-up-after", 0, "hang up so long after dialling if nobody has answered (default: INVITE Expires)")
	fl.BoolVar(&byPlan, "dial-plan", false, "take the number through the Dial Plan")
	fl.BoolVar(&tell, "tell", false, "tell the story from the phone's own syslog at the end")
	draw.register(fl)
	return cmd
}

// unanswered is the error of a call that came to nothing though it was rightly asked for: a script is to tell that from a wrong option.
type unanswered struct{ text string }

func (e *unanswered) Error() string { return e.text }

// oneCall is what "phone call" does.
type oneCall struct {
	tel                               *telephone
	t                                 *terminal
	cancelAfter, hangUpAfter, ringFor time.Duration
	register                          bool
}

func (c *oneCall) run(ctx context.Context, number string, byPlan bool) error {
	if c.register {
		if err := c.awaitRegistration(ctx); err != nil {
			return err
		}
	}
	err := c.tel.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error {
		if byPlan {
			return p.DialByPlan(now, c.tel.line, number, out)
		}
		return p.Dial(now, c.tel.line, number, out)
	})
	if err != nil {
		return err
	}
	hangUp := func() {
		_ = c.tel.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, c.tel.line, out) })
	}
	var timer <-chan time.Time
	if c.ringFor > 0 {
		timer = time.After(c.ringFor)
	}
	asked, answered := false, false
	done := ctx.Done()
	for {
		select {
		case e := <-c.tel.events:
			c.t.talk("%s", c.tel.describe(e))
			switch {
			case e.Kind == ua.EventRinging && c.cancelAfter > 0:
				timer = time.After(c.cancelAfter)
			case e.Kind == ua.EventAnswered:
				answered, timer = true, nil
				if c.hangUpAfter > 0 {
					timer = time.After(c.hangUpAfter)
				}
			case e.Kind == ua.EventEnded && (answered || asked):
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return nil
			case e.Kind == ua.EventEnded:
				why, hint := c.tel.failure(e)
				return withHint(&unanswered{"the call was not answered: " + why}, hint)
			}
		case <-c.tel.done:
			return c.tel.stopped()
		case <-timer:
			asked, timer = true, nil
			hangUp()
		case <-done:
			asked, done = true, nil
			hangUp()
		}
	}
}

// awaitRegistration waits until the line is registered, or was refused: a call may be possible all the same.
func (c *oneCall) awaitRegistration(ctx context.Context) error {
	for {
		select {
		case e := <-c.tel.events:
			if e.Line != c.tel.line {
				continue
			}
			c.t.talk("%s", c.tel.describe(e))
			switch e.Kind {
			case ua.EventRegistered:
				return nil
			case ua.EventRegisterFailed:
				if e.By == ua.Network {
					return &unanswered{"no call: the line is not registered"} // and why was told
				}
				c.tel.stranger = e.Status == 404
				c.t.talk("calling all the same")
				return nil
			}
		case <-c.tel.done:
			return c.tel.stopped()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
