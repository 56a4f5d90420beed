package proxyd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/locate"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/store/bindings"
)

// Options are what a server takes from whoever runs it.
type Options struct {
	// Log gets what happens; nil: nothing is logged.
	Log *slog.Logger
	// Level is the level of Log, for Reload; nil: it cannot be changed.
	Level *slog.LevelVar
	// Allow is the network guard (transport.Loopback in tests); nil: everything is allowed.
	Allow func(netip.AddrPort) bool
}

// Server is a proxy on its sockets.
type Server struct {
	options  Options
	log      *slog.Logger
	reporter *reporter
	driver   *transport.Driver
	proxy    *proxy.Proxy
	bindings *bindings.Store // nil: they are in memory only
	http     *operations     // nil: nobody asked for it
	bound    []listener
	addrs    []string  // of the machine, where it listens at all
	settings *Settings // of the last Reload; held by the driver
	config   proxy.Config
	draining atomic.Bool
	// Reloads that were carried out, and that were not.
	reloads, reloadsFailed atomic.Uint64
	drain                  chan struct{} // closed by Drain
	began                  time.Time
}

// seat is what the driver is given before there is an element: the sockets are bound first, since the element has to know its ports.
type seat struct{ live.Element }

// New makes a server and binds its sockets. What arrives waits in the kernel until Run.
func New(s *Settings, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	srv := &Server{options: o, log: o.Log, settings: s, drain: make(chan struct{}), began: time.Now()}
	err := srv.open()
	if err != nil {
		srv.close()
		return nil, err
	}
	return srv, nil
}

// open opens everything.
func (s *Server) open() error {
	cfg, err := s.settings.proxyConfig(s.warn)
	if err != nil {
		return err
	}
	want, err := s.settings.listeners()
	if err != nil {
		return err
	}
	tc := transport.Config{Allow: s.options.Allow, Logger: slog.New(quiet{s.log.Handler()})}
	if tc.TLS, err = s.settings.TLS.load(); err != nil {
		return err
	}
	names, err := s.settings.nameServers()
	if err != nil {
		return err
	}
	if resolver, err := locate.New(locate.Config{Servers: names, Allow: s.options.Allow}); err != nil {
		s.log.Warn("names are not looked up, so that calls go to addresses only", "because", err.Error())
	} else {
		tc.Resolver = resolver
	}
	for _, l := range want {
		tc.Listen = append(tc.Listen, transport.Listener{Transport: l.transport, Addr: l.addr})
	}
	element := &seat{}
	if s.driver, err = transport.New(tc, element); err != nil {
		return err
	}
	for i, b := range s.driver.Listeners() {
		l := want[i]
		l.addr = b.Addr
		s.bound = append(s.bound, l)
	}
	s.place(&cfg)
	cfg.Rand = rand.Reader
	if s.settings.Database != "" {
		if s.bindings, err = bindings.Open(s.settings.Database, cfg.Limits.AORs, time.Now()); err != nil {
			return err
		}
		cfg.Bindings, cfg.Secret = s.bindings, s.bindings.Secret()
	}
	s.reporter = newReporter(s.log)
	cfg.Notify = s.reporter.tell
	if s.proxy, err = proxy.New(time.Now(), cfg); err != nil {
		return err
	}
	element.Element, s.config = s.proxy, cfg
	if s.settings.HTTP != "" {
		if s.http, err = newOperations(s); err != nil {
			return err
		}
	}
	return nil
}

// place tells a configuration where the sockets are.
func (s *Server) place(cfg *proxy.Config) {
	everywhere := false
	cfg.Listeners = nil
	for _, l := range s.bound {
		cfg.Listeners = append(cfg.Listeners, proxy.Listener{Transport: l.transport, Addr: l.addr, Name: l.sentBy()})
		everywhere = everywhere || l.addr.Addr().IsUnspecified()
	}
	if everywhere {
		if s.addrs == nil {
			s.addrs = machineAddrs()
		}
		cfg.Aliases = append(cfg.Aliases, s.addrs...)
	}
}

func (s *Server) warn(text string, args ...any) { s.log.Warn(text, args...) }

// nameServers returns the name servers that are asked for addresses (RFC 3263); none: those of the system.
func (s *Settings) nameServers() (servers []netip.AddrPort, err error) {
	for _, d := range s.DNS {
		at, err := netip.ParseAddrPort(d)
		if err != nil {
			a, err := netip.ParseAddr(d)
			if err != nil {
				return nil, fmt.Errorf("dns: %q is no address of a name server, such as 192.0.2.53 or 127.0.0.1:5353", d)
			}
			at = netip.AddrPortFrom(a, 53)
		}
		servers = append(servers, at)
	}
	return servers, nil
}

// close lets go of what open opened, in the order in which nothing is lost.
func (s *Server) close() error {
	var errs []error
	if s.http != nil {
		s.http.close()
	}
	if s.driver != nil {
		s.driver.Close()
	}
	if s.reporter != nil {
		s.reporter.close()
	}
	if s.bindings != nil {
		if err := s.bindings.Close(); err != nil {
			errs = append(errs, fmt.Errorf("the last registrations were not written to %s: %w", s.settings.Database, err))
		}
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends, or until Drain was called and nobody talks any more. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	var now *Settings
	known := 0
	if err := s.driver.Do(func(time.Time, *live.Outbox) { now, known = s.settings, s.proxy.Addresses() }); err != nil {
		return err
	}
	args := []any{"domains", strings.Join(now.Domains, ","), "realm", now.realm(), "users", now.users, "listen", s.Addresses()}
	if s.bindings != nil {
		args = append(args, "database", now.Database, "registered", known)
	}
	if s.http != nil {
		args = append(args, "http", s.http.addr())
	}
	s.log.Info("serving", args...)
	if now.Open {
		s.log.Warn("the proxy is open: whoever reaches it may call anywhere, at your cost if a gateway is behind it")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.awaitDrained(ctx)
		stop()
	}()
	if s.http != nil {
		s.http.serve()
	}
	err := s.driver.Run(ctx)
	stop()
	<-drained
	if cerr := s.close(); err == nil {
		err = cerr
	}
	s.log.Info("stopped", "after", time.Since(s.began).Round(time.Second).String())
	return err
}

// Addresses returns what is listened at: "udp:127.0.0.1:5060 tcp:127.0.0.1:5060".
func (s *Server) Addresses() string {
	var out []string
	for _, l := range s.bound {
		out = append(out, strings.ToLower(l.transport.String())+":"+l.addr.String())
	}
	return strings.Join(out, " ")
}

// Reload takes other settings while calls are in progress. What cannot change stays as it is, and is told of; an error, of load too, leaves everything
// as it was.
func (s *Server) Reload(load func() (*Settings, error)) error {
	next, err := load()
	if err == nil {
		err = s.reload(next)
	}
	if err != nil {
		s.reloadsFailed.Add(1)
		return err
	}
	s.reloads.Add(1)
	return nil
}

func (s *Server) reload(next *Settings) error {
	cfg, err := next.proxyConfig(s.warn)
	if err != nil {
		return err
	}
	level, err := next.level()
	if err != nil {
		return err
	}
	s.place(&cfg)
	cfg.Rand, cfg.Bindings, cfg.Secret, cfg.Notify = s.config.Rand, s.config.Bindings, s.config.Secret, s.config.Notify
	var kept []string
	derr := s.driver.Do(func(_ time.Time, _ *live.Outbox) {
		kept, err = s.proxy.Reload(cfg)
		if err == nil {
			kept = append(kept, s.settings.fixed(next)...)
			was := *s.settings
			s.settings = next
			// What is fixed is what it was: the next Reload is to say so again.
			next.Listen, next.TLS, next.Database, next.HTTP, next.DNS, next.Log.Format = was.Listen, was.TLS, was.Database, was.HTTP, was.DNS, was.Log.Format
		}
	})
	if err = errors.Join(derr, err); err != nil {
		return err
	}
	if s.options.Level != nil {
		s.options.Level.Set(level)
	}
	s.log.Info("reloaded", "users", next.users, "gateways", len(next.Gateways), "routes", len(next.Routes), "trusted", len(next.Trust))
	if len(kept) > 0 {
		s.log.Warn("these settings differ now and are taken at the next start only", "settings", strings.Join(kept, ", "))
	}
	return nil
}

// fixed returns the settings of this package that differ and take a new start.
func (s *Settings) fixed(next *Settings) []string {
	var kept []string
	for _, f := range []struct {
		name string
		is   bool
	}{{"listen", !slices.Equal(s.Listen, next.Listen)}, {"tls", s.TLS != next.TLS}, {"database", s.Database != next.Database}, {"http", s.HTTP != next.HTTP},
		{"dns", !slices.Equal(s.DNS, next.DNS)}, {"log format", s.Log.Format != next.Log.Format}} {
		if f.is {
			kept = append(kept, f.name)
		}
	}
	return kept
}
