package proxyd

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transport"
)

// Options are what a server takes from whoever runs it.
type Options struct {
	// Log gets what happens; nil: nothing is logged.
	Log *slog.Logger
	// Allow is the network guard (transport.Loopback in tests); nil: everything is allowed.
	Allow func(netip.AddrPort) bool
}

// Server is a proxy on its sockets.
type Server struct {
	settings *Settings
	log      *slog.Logger
	driver   *transport.Driver
	proxy    *proxy.Proxy
	bound    []listener
}

// seat is what the driver is given before there is an element: the sockets are bound first, since the element has to know its ports.
type seat struct{ live.Element }

// New makes a server and binds its sockets. What arrives waits in the kernel until Run.
func New(s *Settings, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	srv := &Server{settings: s, log: o.Log}
	cfg, err := s.proxyConfig(func(text string, args ...any) { srv.log.Warn(text, args...) })
	if err != nil {
		return nil, err
	}
	want, err := s.listeners()
	if err != nil {
		return nil, err
	}
	tls, err := s.TLS.load()
	if err != nil {
		return nil, err
	}
	tc := transport.Config{TLS: tls, Allow: o.Allow, Logger: slog.New(quiet{o.Log.Handler()})}
	for _, l := range want {
		tc.Listen = append(tc.Listen, transport.Listener{Transport: l.transport, Addr: l.addr})
	}
	element := &seat{}
	if srv.driver, err = transport.New(tc, element); err != nil {
		return nil, err
	}
	everywhere := false
	for i, b := range srv.driver.Listeners() {
		l := want[i]
		l.addr = b.Addr
		srv.bound = append(srv.bound, l)
		everywhere = everywhere || l.addr.Addr().IsUnspecified()
		cfg.Listeners = append(cfg.Listeners, proxy.Listener{Transport: l.transport, Addr: l.addr, Name: l.sentBy()})
	}
	if everywhere {
		cfg.Aliases = append(cfg.Aliases, machineAddrs()...)
	}
	cfg.Rand = rand.Reader
	if srv.proxy, err = proxy.New(time.Now(), cfg); err != nil {
		srv.driver.Close()
		return nil, err
	}
	element.Element = srv.proxy
	return srv, nil
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	s.log.Info("serving", "domains", strings.Join(s.settings.Domains, ","), "realm", s.settings.realm(), "listen", s.Addresses(), "open", s.settings.Open)
	return s.driver.Run(ctx)
}

// Addresses returns what is listened at: "udp:127.0.0.1:5060 tcp:127.0.0.1:5060".
func (s *Server) Addresses() string {
	var out []string
	for _, l := range s.bound {
		out = append(out, strings.ToLower(l.transport.String())+":"+l.addr.String())
	}
	return strings.Join(out, " ")
}
