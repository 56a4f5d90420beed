package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/proxyd"
)

// proxyFlags are the flags of the command proxy: each sets what the configuration file calls by a like name.
type proxyFlags struct {
	domains, listen, names, algorithms, trust []string
	dns                                       []string
	config, realm, users, cert, key, ca, rate string
	database, http, logLevel, logFormat       string
	drain                                     time.Duration
	open, anyFrom, verbose, check             bool
}

func newProxy(t *terminal) *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Run an authenticating outbound proxy and registrar",
		Long: `Runs a SIP proxy with its registrar: phones register with it, it asks who calls, and passes calls on to the phones that are registered and to gateways. It carries
no sound: the two phones send that to each other.

Settings come from a file (--config, docs/proxy.md and examples/proxy.yaml), over it from the environment (--listen is SIPSCRIBE_PROXY_LISTEN, with commas between
several), and over both from the flags. SIGHUP reads file and users again; SIGTERM and Ctrl-C let calls in progress finish, a second one does not.`,
		Example: `  sipscribe proxy user add spa1 --domain example.com
  sipscribe proxy --domain example.com --users users.txt --listen 192.0.2.10:5060
  sipscribe proxy --config proxy.yaml --check`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, "SIPSCRIBE_PROXY_"); err != nil {
				return err
			}
			s, err := f.settings(cmd)
			if err != nil {
				return err
			}
			if f.check {
				told, err := s.Check()
				if err != nil {
					return proxyError(err)
				}
				_, err = t.Write([]byte(told))
				return err
			}
			return runProxy(cmd.Context(), t, s, func() (*proxyd.Settings, error) { return f.settings(cmd) })
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.config, "config", "", "the `file` with the settings")
	fl.BoolVar(&f.check, "check", false, "say what would be served, and serve nothing")
	fl.StringSliceVar(&f.domains, "domain", nil, "a `domain` whose users it keeps (may be repeated)")
	fl.StringVar(&f.users, "users", "", "the `file` with the keys of the users")
	fl.StringSliceVar(&f.listen, "listen", nil, "an `address` to listen at: 192.0.2.10:5060 (UDP and TCP), udp:…, tcp:…, tls:… (may be repeated)")
	fl.StringSliceVar(&f.names, "name", nil, "a host `name` or address by which it is reached; the first stands in Via and Record-Route where it listens at every address")
	fl.StringVar(&f.realm, "realm", "", "the `realm` of the challenges (default: the first domain)")
	fl.StringSliceVar(&f.algorithms, "algorithms", nil, "the digest `algorithms` that are offered (default: SHA-256,MD5)")
	fl.StringSliceVar(&f.trust, "trust", nil, "a `network` whose requests need no password, such as that of a gateway (may be repeated)")
	fl.BoolVar(&f.open, "open", false, "ask nobody who he is, for a laboratory: anybody who reaches it may call anywhere")
	fl.BoolVar(&f.anyFrom, "any-from", false, "let users put somebody else's address into From")
	fl.StringVar(&f.rate, "rate", "", "how many `requests` a second one source may send before it says who it is; off: any number (default: 200)")
	fl.StringVar(&f.cert, "cert", "", "the `file` with the certificate for TLS, and those of its authorities")
	fl.StringVar(&f.key, "key", "", "the `file` with the key of the certificate")
	fl.StringVar(&f.ca, "ca", "", "the `file` with the authorities that the certificates of others are signed by (default: the system's)")
	fl.StringSliceVar(&f.dns, "dns", nil, "a name `server` to ask (default: the system's)")
	fl.StringVar(&f.database, "database", "", "the `file` that keeps registrations over a restart")
	fl.StringVar(&f.http, "http", "", "an `address` for /metrics, /healthz and /readyz, such as 127.0.0.1:9060 (default: none)")
	fl.DurationVar(&f.drain, "drain", 0, "how long calls in progress may take to finish at the end (default: 1m)")
	fl.StringVar(&f.logLevel, "log-level", "", "the least that is logged: debug, info, warn, error (default: info)")
	fl.StringVar(&f.logFormat, "log-format", "", "text or json (default: text)")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "log registrations and connections too: --log-level debug")
	cmd.AddCommand(newProxyUser(t))
	return cmd
}

// fromEnvironment sets the flags that were not given from variables of the environment.
func fromEnvironment(cmd *cobra.Command, prefix string) error {
	var bad error
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		flag, ok := strings.CutPrefix(name, prefix)
		if !ok || bad != nil || value == "" {
			continue
		}
		fl := cmd.Flags().Lookup(strings.ReplaceAll(strings.ToLower(flag), "_", "-"))
		switch {
		case fl == nil:
			bad = withHint(fmt.Errorf("the environment has %s, and there is no flag for it", name), fmt.Sprintf("try %q", cmd.CommandPath()+" --help"))
		case !fl.Changed:
			if err := cmd.Flags().Set(fl.Name, value); err != nil {
				bad = flagError(cmd, err)
			}
		}
	}
	return bad
}

// settings returns the settings that the flags make.
func (f *proxyFlags) settings(cmd *cobra.Command) (*proxyd.Settings, error) {
	s := &proxyd.Settings{}
	if f.config != "" {
		var err error
		if s, err = app.LoadProxySettings(f.config); err != nil {
			return nil, fmt.Errorf("--config: %w", err)
		}
	}
	given := cmd.Flags().Changed
	for name, set := range map[string]func() error{
		"domain":     func() error { s.Domains = f.domains; return nil },
		"users":      func() error { s.Users = f.users; return nil },
		"name":       func() error { s.Names = f.names; return nil },
		"realm":      func() error { s.Realm = f.realm; return nil },
		"algorithms": func() error { s.Algorithms = f.algorithms; return nil },
		"trust":      func() error { s.Trust = f.trust; return nil },
		"open":       func() error { s.Open = f.open; return nil },
		"any-from":   func() error { s.AnyFrom = f.anyFrom; return nil },
		"cert":       func() error { s.TLS.Cert = f.cert; return nil },
		"key":        func() error { s.TLS.Key = f.key; return nil },
		"listen":     func() error { s.Listen = f.listen; return nil },
		"ca":         func() error { s.TLS.CA = f.ca; return nil },
		"dns":        func() error { s.DNS = f.dns; return nil },
		"database":   func() error { s.Database = f.database; return nil },
		"http":       func() error { s.HTTP = f.http; return nil },
		"drain":      func() error { s.Drain = f.drain; return nil },
		"log-level":  func() error { s.Log.Level = f.logLevel; return nil },
		"log-format": func() error { s.Log.Format = f.logFormat; return nil },
		"rate": func() error {
			n, err := strconv.ParseFloat(f.rate, 64)
			switch {
			case f.rate == "off":
				s.Limits.Rate, s.Limits.Burst = proxyd.Unlimited, proxyd.Unlimited
				s.Limits.Bytes, s.Limits.BytesBurst = proxyd.Unlimited, proxyd.Unlimited
			case err != nil || !(n > 0 && n <= 1e9):
				return withHint(fmt.Errorf("--rate: %q is neither a number of requests a second nor off", f.rate), fmt.Sprintf("try %q", cmd.CommandPath()+" --help"))
			default:
				s.Limits.Rate, s.Limits.Burst = n, 5*n
			}
			return nil
		},
	} {
		if given(name) {
			if err := set(); err != nil {
				return nil, err
			}
		}
	}
	if f.verbose {
		s.Log.Level = "debug"
	}
	return s, nil
}

// runProxy serves until a signal ends it.
func runProxy(ctx context.Context, t *terminal, s *proxyd.Settings, again func() (*proxyd.Settings, error)) error {
	proxyd.CollectSeldom()
	var level slog.LevelVar
	log, err := s.NewLog(t.stderr, &level)
	if err != nil {
		return err
	}
	// From here on a signal is ours, so that none comes between.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	srv, err := proxyd.New(s, proxyd.Options{Log: log, Level: &level})
	if err != nil {
		return proxyError(err)
	}
	// The context of the command ends with the first Ctrl-C, which here only begins the end.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		obey(running, stop, ctx.Done(), signals, srv, log, again)
	}()
	err = srv.Run(running)
	stop()
	<-done
	return err
}

// obey does what signals say, until running ends.
func obey(running context.Context, stop func(), cancelled <-chan struct{}, signals <-chan os.Signal, srv *proxyd.Server, log *slog.Logger, again func() (*proxyd.Settings, error)) {
	ending := false
	for {
		select {
		case <-running.Done():
			return
		case <-cancelled:
			cancelled = nil
			srv.Drain()
		case sig := <-signals:
			switch {
			case sig == syscall.SIGHUP:
				if err := srv.Reload(again); err != nil {
					log.Error("the settings were not reloaded; everything stays as it was", "because", printable(err.Error()))
				}
			case ending:
				log.Warn("a second signal: ending at once")
				stop()
				return
			default:
				ending = true
				srv.Drain()
			}
		}
	}
}

// proxyError says that the proxy could not start, and what to do about what most often keeps it from that.
func proxyError(err error) error {
	var listen *transport.ListenError
	var operations *proxyd.OperationsError
	if errors.As(err, &operations) {
		return withHint(fmt.Errorf("proxy: %w", err), listenHint(operations.Listen, "--http (port 0: any that is free)", "--http"))
	}
	if errors.As(err, &listen) {
		return withHint(fmt.Errorf("proxy: %w", err), listenHint(listen, "--listen (port 0: any that is free)", "--listen, or 0.0.0.0 for all of them"))
	}
	return fmt.Errorf("proxy: %w", err)
}
