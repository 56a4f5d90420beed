package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sipscribe/internal/app"
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
	fl.StringVar(&f.capture, "capture", "", "write what is sent and received to a pcap `file`, in place of what stood there")
	fl.StringVar(&f.play, "play", "", "send this WAV `file` in each call (8 kHz, mono, 16 bits or G.711)")
	fl.StringVar(&f.tone, "tone", "", "send a tone in each call: 1khz, dial, ringback, busy or reorder")
	fl.BoolVar(&f.echo, "echo", false, "send back what comes in each call")
	fl.StringVar(&f.record, "record", "", "write what comes in a call to this WAV `file`, in place of what stood there")
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
	if user, domain, ok := strings.Cut(f.user, "@"); ok {
		return cfg, withHint(fmt.Errorf("--user: %q is an address, and the name of the user is wanted", f.user), "--user "+user+" --domain "+domain)
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
