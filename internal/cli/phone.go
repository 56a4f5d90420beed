package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sipscribe/internal/app"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
)

// phoneFlags are the flags of phone and its commands.
type phoneFlags struct {
	config, user, authID, passwordFile, password, name          string
	proxy, outbound, domain, address, transport                 string
	syslog, debugServer, debugOption, form, capture, quirks, ca string
	play, record, tone                                          string
	sipPort                                                     number
	line                                                        number
	noRegister, verbose, keepAlive, echo                        bool
	expires                                                     time.Duration
}

func (f *phoneFlags) register(cmd *cobra.Command) {
	fl := cmd.PersistentFlags()
	f.sipPort = number{want: "a port from 1 to 65535", ok: func(n int) bool { return n >= 1 && n <= 65535 }}
	f.line = number{n: 1, want: "1 or 2", ok: func(n int) bool { return n == 1 || n == 2 }}
	fl.StringVar(&f.config, "config", "", "settings of the phone, a YAML `file` with the names that stand on an SPA's pages; the flags win over it")
	fl.StringVar(&f.user, "user", "", "User ID")
	fl.StringVar(&f.authID, "auth-id", "", "Auth ID, the name for the password if it is not the User ID")
	fl.StringVar(&f.passwordFile, "password-file", "", "a `file` that only you can read, with the password in its first line")
	fl.StringVar(&f.password, "password", "", "Password; others on this machine can see it, --password-file is better")
	fl.StringVar(&f.name, "display-name", "", "Display Name")
	fl.StringVar(&f.proxy, "proxy", "", "Proxy: the `host` or host:port that the line registers with and calls through")
	fl.StringVar(&f.domain, "domain", "", "the domain of the user, if it is not the host of --proxy; --proxy is then the Outbound Proxy")
	fl.StringVar(&f.outbound, "outbound-proxy", "", "Outbound Proxy")
	fl.StringVar(&f.address, "address", "", "the address of this phone (default: the one from which the proxy is reached)")
	fl.Var(&f.sipPort, "sip-port", "SIP Port (default 5060)")
	fl.StringVar(&f.transport, "transport", "", "SIP Transport: udp, tcp or tls (default udp)")
	fl.StringVar(&f.syslog, "syslog", "", "Syslog Server: `host:port` that gets the phone's syslog")
	fl.StringVar(&f.debugServer, "debug-server", "", "Debug Server: `host:port` that gets it too")
	fl.StringVar(&f.debugOption, "sip-debug", "", `SIP Debug Option: none, 1-line, full, "full excl. NTFY" … (default full)`)
	fl.StringVar(&f.form, "syslog-form", "", "how the syslog is sent: spa (as the device does), rfc5424, rfc3164, hep (default spa)")
	fl.StringVar(&f.capture, "capture", "", "write what is sent and received to a pcap `file`")
	fl.StringVar(&f.play, "play", "", "send this WAV `file` in each call (8 kHz, mono, 16 bits or G.711)")
	fl.StringVar(&f.tone, "tone", "", "send a tone in each call: 1khz, dial, ringback, busy or reorder")
	fl.BoolVar(&f.echo, "echo", false, "send back what comes in each call")
	fl.StringVar(&f.record, "record", "", "write what comes in a call to this WAV `file`")
	fl.StringVar(&f.quirks, "quirks", "", "spa: do as the real device does (credentials in CANCEL, Contact in ACK, x-sipura)")
	fl.StringVar(&f.ca, "ca", "", "Trusted CA: a PEM `file` with certificates that the proxy's may be signed by, for tls")
	fl.BoolVar(&f.noRegister, "no-register", false, "Register: no")
	fl.BoolVar(&f.keepAlive, "keep-alive", false, "NAT Keep Alive Enable: a NOTIFY every 15 s")
	fl.DurationVar(&f.expires, "expires", 0, "Register Expires, such as 10m (default 1h)")
	fl.Var(&f.line, "line", "the line to use")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say what happens to sockets and connections")
}

// settings turns file and flags into the settings of a phone.
func (f *phoneFlags) settings(ctx context.Context, t *terminal) (app.PhoneConfig, error) {
	var cfg app.PhoneConfig
	if f.config != "" {
		b, err := os.ReadFile(f.config)
		if err != nil {
			return cfg, fmt.Errorf("--config: %w", err)
		}
		if err := app.LoadYAML(f.config, b, &cfg); err != nil {
			return cfg, err
		}
		for _, l := range []*app.PhoneLine{cfg.Line1, cfg.Line2} {
			if info, err := os.Stat(f.config); err == nil && l != nil && l.Password != "" && info.Mode().Perm()&0o007 != 0 && runtime.GOOS != "windows" {
				return cfg, withHint(fmt.Errorf("%s holds a password and everybody on this machine may read it", f.config), "chmod 600 "+f.config+", or put the password into a file of its own with Password File")
			}
		}
	}
	if cfg.Line1 == nil && (f.line.n == 1 || cfg.Line2 == nil) {
		cfg.Line1 = &app.PhoneLine{}
	}
	l := cfg.Line1
	if f.line.n == 2 {
		if cfg.Line2 == nil {
			return cfg, withHint(errors.New("--line: there is no Line 2"), "it has to be in the file of --config")
		}
		l = cfg.Line2
	}
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&l.UserID, f.user)
	set(&l.AuthID, f.authID)
	set(&l.DisplayName, f.name)
	set(&l.SIPTransport, f.transport)
	set(&l.DebugOption, f.debugOption)
	set(&l.Proxy, f.proxy)
	if f.domain != "" {
		if l.Proxy != "" && f.outbound == "" {
			l.OutboundProxy, l.UseOutboundProxy = l.Proxy, true
		}
		l.Proxy = f.domain
	}
	if f.outbound != "" {
		l.OutboundProxy, l.UseOutboundProxy = f.outbound, true
	}
	if f.sipPort.set {
		l.SIPPort = uint16(f.sipPort.n)
	}
	if f.noRegister {
		no := false
		l.Register = &no
	}
	if f.keepAlive {
		l.NATKeepAlive = true
	}
	switch {
	case f.expires < 0:
		return cfg, fmt.Errorf("--expires: %s is in the past", shortTime(f.expires))
	case f.expires > 0:
		l.RegisterExpires = app.Seconds(f.expires)
	}
	set(&cfg.Address, f.address)
	set(&cfg.SyslogServer, f.syslog)
	set(&cfg.DebugServer, f.debugServer)
	set(&cfg.SyslogForm, f.form)
	set(&cfg.Capture, f.capture)
	set(&cfg.Quirks, f.quirks)
	set(&cfg.TrustedCA, f.ca)
	if f.play != "" || f.tone != "" || f.echo {
		cfg.Play, cfg.Tone, cfg.Echo = f.play, f.tone, f.echo
	}
	set(&cfg.Record, f.record)
	cfg.Recorded = func(file string, length time.Duration, err error) {
		if err != nil {
			t.talk("recording: %v", err)
			return
		}
		t.talk("recorded %v to %s", length.Round(time.Second/10), file)
	}
	if l.UserID == "" {
		return cfg, withHint(errors.New("the phone has no User ID"), "say who it is with --user")
	}
	if l.Proxy == "" {
		return cfg, withHint(errors.New("the phone has no Proxy"), "say where it registers with --proxy host:port")
	}
	return cfg, f.setPassword(ctx, t, l)
}

// setPassword finds the password of a line: a file, the flag, the settings; or it asks.
func (f *phoneFlags) setPassword(ctx context.Context, t *terminal, l *app.PhoneLine) error {
	switch {
	case f.passwordFile != "":
		l.PasswordFile = f.passwordFile
	case f.password != "":
		t.talk("--password: others on this machine can see the password in the list of processes; --password-file keeps it to yourself")
		l.Password = f.password
	case l.Password == "" && l.PasswordFile == "":
		in, ok := t.stdin.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return nil // a proxy that asks nobody needs none
		}
		var err error
		l.Password, err = askPassword(ctx, t, in, fmt.Sprintf("Password of %s: ", printable(l.UserID)))
		return err
	}
	return nil
}

// endedBySignal returns a context that SIGTERM ends as Ctrl-C does: a phone hangs up and unregisters before it goes.
func endedBySignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGTERM)
}

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
	if check != nil {
		if err := tel.Do(func(p *ua.Phone, _ time.Time, _ *live.Outbox) error { return check(p) }); err != nil {
			cancel()
			<-tel.done
			return nil, err
		}
	}
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

// listenHint says what to do about an address that cannot be had; port and address are what they are chosen with.
func listenHint(err *transport.ListenError, port, address string) string {
	switch {
	case err.InUse():
		return "stop that program, or choose another port with " + port
	case err.NoSuchAddress() && address != "":
		return "choose an address that it has with " + address
	case err.Forbidden():
		return "choose a port from 1024 on with " + port + ", or give the program the right to those below"
	}
	return ""
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

// domainHint is what to do about a proxy that knows no such user.
const domainHint = "the proxy may keep the users of another domain than the one that --proxy names: say which with --domain"

// failure says why a registration or a call has come to nothing, and what to do about it, "" if that is not known. Where nobody has answered, the status is
// one that the phone itself lets that stand for (RFC 3261 §8.1.3.1), and is not told as somebody's word.
func (tel *telephone) failure(e ua.Event) (why, hint string) {
	said := fmt.Sprintf("%d %s", e.Status, e.Reason)
	switch {
	case e.By == ua.Network && strings.Contains(e.Reason, "its certificate"):
		// It is there, and runs: this is not to be looked for where nobody answers.
		return strings.ReplaceAll(e.Reason, "the certificate of its authority", "the certificate of its authority with --ca FILE"), ""
	case e.By == ua.Network && e.Status == 503:
		return "the proxy cannot be reached: " + e.Reason, "check --proxy, and that it runs there"
	case e.By == ua.Network && e.Status == 408:
		return "the proxy does not answer", "check --proxy, and that nothing between drops UDP"
	case e.Status == 403 && tel.stranger && !tel.domain:
		return said, domainHint
	case e.Status != 401 && e.Status != 407 && (e.Status != 404 || tel.domain || e.Kind != ua.EventRegisterFailed):
		return said, ""
	case e.Status == 404:
		return said, domainHint
	case !tel.password:
		return "a password is asked for, and there is none (" + said + ")", "give it with --password-file FILE"
	}
	return "the user or the password is refused (" + said + ")", "check --user, --auth-id and the password"
}

// describe says an event in words.
func (tel *telephone) describe(e ua.Event) string {
	peer := strings.TrimPrefix(e.Peer, "sip:")
	switch e.Kind {
	case ua.EventRegistered:
		return "registered for " + shortTime(e.Expires)
	case ua.EventUnregistered:
		return "no longer registered"
	case ua.EventRegisterFailed:
		why, hint := tel.failure(e)
		if hint != "" {
			why += "; " + hint
		}
		return "not registered: " + why
	case ua.EventCalling:
		return "calling " + peer
	case ua.EventTrying:
		return "the proxy is trying"
	case ua.EventRinging:
		if e.Status == 180 {
			return "it rings there"
		}
		return fmt.Sprintf("in progress: %d %s", e.Status, e.Reason)
	case ua.EventIncoming:
		return "a call from " + peer
	case ua.EventAnswered:
		if e.By == ua.Local {
			return "answered"
		}
		return "they have answered"
	case ua.EventHeld:
		return "they have put the call on hold"
	case ua.EventResumed:
		return "they have taken the call back"
	case ua.EventUnchanged:
		return fmt.Sprintf("they have not agreed to hold or resume: %d %s", e.Status, e.Reason)
	case ua.EventDigit:
		return "they pressed " + e.Reason
	case ua.EventUndialled:
		return fmt.Sprintf("the Dial Plan makes no number of %s, and nothing is called; \"call %s\" calls it without the plan", e.Reason, e.Reason)
	case ua.EventEnded:
		why := ""
		switch {
		case e.Status != 0 && e.By == ua.Network:
			reason, _ := tel.failure(e)
			why = " (" + reason + ")"
		case e.Status != 0:
			why = fmt.Sprintf(" (%d %s)", e.Status, e.Reason)
		}
		why += heard(e.Audio)
		switch e.By {
		case ua.Local:
			return "ended by us" + why
		case ua.Remote:
			return "ended by them" + why
		}
		return "ended" + why
	}
	return e.Kind.String()
}

// shortTime writes a time as one would type it: 1h, 1m30s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// heard says what the sound of a call came to.
func heard(n *media.Counts) string {
	if n == nil {
		return ""
	}
	s := fmt.Sprintf("; sound packets: %d sent, %d received", n.Sent, n.Received.Packets)
	if n.Received.Packets > 0 {
		s += fmt.Sprintf(", %d lost, jitter %v", n.Received.Lost, n.Received.Jitter.Round(time.Millisecond/10))
	}
	if n.Remote.Reported {
		s += fmt.Sprintf("; they miss %d of ours", max(n.Remote.Reception.Lost, 0))
	}
	if n.Strangers > 0 {
		s += fmt.Sprintf("; %d came from an address that is not theirs", n.Strangers)
	}
	return s
}

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

// phoneHelp is what "help" says in the interactive phone.
const phoneHelp = `off          lift the handset; a call that rings is answered
0-9 * #      press keys: they are dialled by the Dial Plan, or sent in a call
call NUMBER  call a number or a SIP address at once
answer       take a call
hang         put the handset back: cancel, end or refuse the call
hold resume  put the other side on hold, and take it back
quit         hang up, unregister and end (Ctrl-C with no call does the same)
`

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
			if _, err := fmt.Fprintf(t, "line %d: %s\n", e.Line, printable(tel.describe(e))); err != nil {
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
				t.talk("%v", err)
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

// command does what a line says, and reports whether that is to end.
func (tel *telephone) command(t *terminal, line string) (quit bool, err error) {
	word, rest, _ := strings.Cut(line, " ")
	do := func(f func(p *ua.Phone, now time.Time, out *live.Outbox) error) error { return tel.Do(f) }
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
	keys := strings.NewReplacer("-", "", " ", "", ".", "", "(", "", ")", "").Replace(line)
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
