package proxyd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
)

// operations is the HTTP listener for whoever watches the proxy: /metrics for Prometheus, /healthz (the process is alive), /readyz (it takes calls).
// It shows numbers only, no names and no addresses. It is off unless it is asked for.
type operations struct {
	listener net.Listener
	server   *http.Server
	done     chan struct{} // nil before serve
}

// operationsAt returns where metrics and health are served. A port alone is one of the loopback address.
func (s *Settings) operationsAt() (netip.AddrPort, error) {
	at := s.HTTP
	if len(at) > 0 && at[0] == ':' {
		at = "127.0.0.1" + at
	}
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		return addr, fmt.Errorf("metrics and health: %q is no address with a port, such as 127.0.0.1:9060", s.HTTP)
	}
	return addr, nil
}

// OperationsError says that the address for metrics and health could not be had. Another than one for SIP: it is chosen in another place.
type OperationsError struct{ Listen *transport.ListenError }

func (e *OperationsError) Error() string {
	return "metrics and health cannot be served: " + e.Listen.Error()
}

func (e *OperationsError) Unwrap() error { return e.Listen }

// newOperations binds the listener.
func newOperations(s *Server) (*operations, error) {
	addr, err := s.settings.operationsAt()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, &OperationsError{&transport.ListenError{Listener: transport.Listener{Transport: capture.TCP, Addr: addr}, Err: err}}
	}
	if !addr.Addr().IsLoopback() {
		s.log.Warn("metrics and health are served to everybody who reaches this address, without a password", "http", addr.String())
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &metrics{s})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// That the element can be held says that it does not hang.
		if err := s.driver.Do(func(time.Time, *live.Outbox) {}); err != nil {
			answer(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case s.draining.Load():
			answer(w, http.StatusServiceUnavailable, "draining: new calls are refused")
		case s.bindings != nil && s.bindings.Err() != nil:
			answer(w, http.StatusServiceUnavailable, "registrations cannot be written to the database")
		default:
			answer(w, http.StatusOK, "ok")
		}
	})
	return &operations{listener: l, server: &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}}, nil
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

func (o *operations) addr() string { return o.listener.Addr().String() }

func (o *operations) serve() {
	o.done = make(chan struct{})
	go func() {
		defer close(o.done)
		_ = o.server.Serve(o.listener) // if the listener fails, the proxy itself goes on
	}()
}

func (o *operations) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if o.server.Shutdown(ctx) != nil {
		o.server.Close()
	}
	if o.done == nil {
		o.listener.Close()
		return
	}
	<-o.done
}
