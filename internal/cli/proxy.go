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

	"sipscribe/internal/proxyd"
)

// proxyFlags are the flags of the command proxy: each sets what the configuration file calls by a like name.
type proxyFlags struct {
	domains, listen, names, algorithms, trust []string
	realm, users, cert, key, rate             string
	open, anyFrom, verbose                    bool
}

func newProxy(t *terminal) *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Run an authenticating outbound proxy and registrar",
		Long: `Runs a SIP proxy with its registrar: phones register with it, it asks who calls, and passes calls on to the phones that are registered and to gateways. It carries
no sound: the two phones send that to each other.

Each flag can be given in the environment as well: --listen as SIPSCRIBE_PROXY_LISTEN, with commas between several.`,
		Example: `  sipscribe proxy user add spa1 --domain example.com
  sipscribe proxy --domain example.com --users users.txt --listen 192.0.2.10:5060`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, "SIPSCRIBE_PROXY_"); err != nil {
				return err
			}
			s, err := f.settings(cmd)
			if err != nil {
				return err
			}
			return runProxy(cmd.Context(), t, &f, s)
		},
	}
	fl := cmd.Flags()
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
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "log registrations and connections too")
	cmd.AddCommand(newProxyUser(t))
	return cmd
}

// fromEnvironment sets the flags that were not given from variables of the environment.
func fromEnvironment(cmd *cobra.Command, prefix string) error {
	var bad error
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		flag, ok := strings.CutPrefix(name, prefix)
		if !ok || bad != nil {
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
		"listen": func() error {
			s.Listen = nil
			for _, at := range f.listen {
				s.Listen = append(s.Listen, proxyd.Listen{At: at})
			}
			return nil
		},
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
	return s, nil
}

// runProxy serves until a signal, or the context, ends it.
func runProxy(ctx context.Context, t *terminal, f *proxyFlags, s *proxyd.Settings) error {
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(t.stderr, &slog.HandlerOptions{Level: level}))
	srv, err := proxyd.New(s, proxyd.Options{Log: log})
	if err != nil {
		return proxyError(err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		case <-running.Done():
		}
		stop()
	}()
	began := time.Now()
	err = srv.Run(running)
	log.Info("stopped", "after", time.Since(began).Round(time.Second).String())
	return err
}

// proxyError says what to do about what most often keeps the proxy from starting.
func proxyError(err error) error {
	var h *hintError
	if errors.As(err, &h) {
		return err
	}
	return fmt.Errorf("proxy: %w", err)
}
