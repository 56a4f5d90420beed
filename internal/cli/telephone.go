package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"sipscribe/internal/app"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
)

// telephone is a phone that is running.
type telephone struct {
	*app.Phone
	line int
	// password: the line has one. domain: it was said which domain the user belongs to.
	password, domain bool
	// stranger: the proxy has said of the registration that it knows no such user (404).
	stranger bool

	events chan ua.Event
	cancel context.CancelFunc
	// done is closed when the phone has stopped, for err.
	done chan struct{}
	err  error
	log  lockedBuffer
}

// lockedBuffer is a buffer that one side writes and the other reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// start makes a phone and registers its lines, unless check finds something that would keep it from what it is started for; nil: nothing is looked for.
func (f *phoneFlags) start(ctx context.Context, t *terminal, keep bool, check func(*ua.Phone) error) (*telephone, error) {
	cfg, err := f.settings(ctx, t)
	if err != nil {
		return nil, err
	}
	l := cfg.Line1
	if f.line.n == 2 {
		l = cfg.Line2
	}
	tel := &telephone{line: f.line.n, password: l.Password != "" || l.PasswordFile != "", domain: l.UseOutboundProxy, events: make(chan ua.Event, 1024), done: make(chan struct{})}
	if keep {
		cfg.Keep, cfg.Zone = &tel.log, time.Local
	}
	cfg.Check = check
	var log *slog.Logger
	if f.verbose {
		log = slog.New(slog.NewTextHandler(talker{t}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}}))
	}
	tel.Phone, err = app.NewPhone(cfg, func(e ua.Event) {
		select {
		case tel.events <- e:
		default: // nobody has looked for a thousand events
		}
	}, log)
	if err != nil {
		return nil, phoneError(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // Ctrl-C hangs up first
	tel.cancel = cancel
	go func() {
		defer close(tel.done)
		tel.err = tel.Run(ctx)
	}()
	t.talk("the phone is at %s", tel.Lines[0])
	if !tel.password {
		t.talk("no password is given, and there is no terminal to ask at: a proxy that wants one will refuse (--password-file FILE gives it)")
	}
	return tel, tel.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { p.Start(now, out); return nil })
}

// talker writes what is logged as talk.
type talker struct{ t *terminal }

func (w talker) Write(p []byte) (int, error) {
	w.t.talk("%s", strings.TrimSpace(string(p)))
	return len(p), nil
}

// phoneError says what to do about what most often keeps a phone from starting.
func phoneError(err error) error {
	var dns *net.DNSError
	var listen *transport.ListenError
	switch {
	case errors.As(err, &listen):
		return withHint(err, listenHint(listen, "--sip-port", "--address"))
	case errors.As(err, &dns):
		return withHint(err, "is the name right, and is there a network?")
	}
	return err
}

// stopped says why a phone has stopped that nobody has stopped.
func (tel *telephone) stopped() error {
	if tel.err != nil {
		return tel.err
	}
	return errors.New("the phone has stopped")
}

// stop hangs up, unregisters, and ends the phone when that is done, or after a while. It returns what has failed meanwhile.
func (tel *telephone) stop(within time.Duration) error {
	err := tel.Do(func(p *ua.Phone, now time.Time, out *live.Outbox) error { p.Stop(now, out); return nil })
	deadline := time.Now().Add(within)
	for err == nil && time.Now().Before(deadline) {
		idle := false
		err = tel.Do(func(p *ua.Phone, _ time.Time, _ *live.Outbox) error { idle = p.Idle(); return nil })
		if idle {
			break
		}
		time.Sleep(10 * time.Millisecond) // nothing tells of the end of the last transaction
	}
	tel.cancel()
	<-tel.done
	return tel.err
}

// endedBySignal returns a context that SIGTERM ends as Ctrl-C does: a phone hangs up and unregisters before it goes.
func endedBySignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGTERM)
}
