// Package proxycore is the core of a proxy (RFC 3261 §16, with RFC 5393 against loops and forking) as machines without I/O: what a
// request is owed before it may pass, where it goes, its bytes as they go out, and what becomes of the responses.
//
//	request ─ Core.Check (§16.3) ─ Core.Preprocess (§16.4) ─ the caller: credentials, location service or StaticRoutes (§16.5)
//	                                                                   │ targets, each with q
//	                                                                   ▼
//	        ┌── ActionResolve ── EventResolved ──┐                  Context, one a request (§16.2 "response context")
//	        │                                    │
//	  ActionForward ─ AppendForward (§16.6) ─▶ client transaction ─▶ EventResponse, EventTimeout, EventTransport, EventEnded
//	                                                                   │
//	  ActionRelay (§16.7: Via off, best response, challenges joined), ActionRespond, ActionCancel (§16.10), ActionEnd
//
// A request forked to two phones, one of which answers:
//
//	EventBegin              ▶ Forward 0 (Max-Breadth 30), Forward 1 (30)
//	EventResponse 0 180     ▶ Relay 180
//	EventResponse 1 180     ▶ Relay 180
//	EventResponse 1 200     ▶ Relay 200, Cancel 0 ("Call completed elsewhere")
//	EventResponse 0 200     ▶ Relay 200          it crossed the CANCEL: the caller's business, and never lost (§16.7 step 5)
//	EventEnded 0, 1         ▶ End
//
// Messages are never taken apart and built again: AppendForward and AppendRelay copy the bytes that came, and write what the RFC wants
// changed in its place, so that what nobody here understands passes as it is.
package proxycore

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sipscribe/sip"
)

// Limits, with their reasons.
const (
	// DefaultMaxBreadth is the Max-Breadth that is given and allowed (RFC 5393 §5.3.3).
	DefaultMaxBreadth = 60
	// DefaultMaxForwards is given to a request without Max-Forwards (RFC 3261 §16.6 step 3); more than that is cut to it.
	DefaultMaxForwards = 70
	// DefaultTimerC is more than 3 minutes (§16.6 step 11).
	DefaultTimerC = 3*time.Minute + 5*time.Second
	// MaxTargets is the size of a target set, with what redirections add.
	MaxTargets = 64
	// MaxFlows is how many addresses of one target are tried.
	MaxFlows = 8
	// MaxChallenges is how many bytes of other branches' challenges are joined to a 401 or 407 (§16.7 step 7).
	MaxChallenges = 8 << 10
)

// Host is a name or an address under which this proxy is reached. Port 0 is any port.
type Host struct {
	Name string // without brackets
	Port uint16
}

// Config says who a proxy is and what it does.
type Config struct {
	// Domains are those whose users the proxy is responsible for (§16.5).
	Domains []string
	// Hosts are the proxy itself: what its Via, Record-Route and Path name, and what people may call it.
	Hosts []Host
	// Mark is the user part of the URIs that the proxy puts into Record-Route and Path, so that it knows them again (§16.4); what follows
	// it after a dot is the caller's own (Route.Token). Without a mark, a URI of a host of ours with lr and no user is taken for ours.
	Mark string
	// Extensions are the option tags in Proxy-Require that are understood. Nil: none.
	Extensions []string
	// Schemes of a Request-URI. Nil: sip, sips, tel.
	Schemes []string
	// Options, if not nil, are the header fields of the 200 to an OPTIONS whose hops are used up (§16.3 item 3, §11.2). Nil: a 483.
	Options []sip.DraftField
	// MaxBreadth is the greatest incoming Max-Breadth (RFC 5393 §5.3.3). 0: DefaultMaxBreadth.
	MaxBreadth int
	// Breadth440: a fork that is wider than Max-Breadth is refused with a 440. Otherwise its targets wait for each other (RFC 5393 §5.3.3
	// leaves the choice).
	Breadth440 bool
	// TimerC of an INVITE branch. 3 minutes and less is taken as DefaultTimerC.
	TimerC time.Duration
	// Ring, if not 0, is how long the targets of one q may ring before they are cancelled and the next are tried.
	Ring time.Duration
	// Recurse: the contacts of a phone's 300, 301 or 302 are tried here instead of being handed back (§16.7 step 4).
	Recurse bool
}

// Core is what is the same for all requests. Its methods are called by one goroutine at a time.
type Core struct {
	cfg        Config
	hosts      []host
	validator  sip.Validator
	violations []sip.Violation

	// Of Context.Handle: what it returns, and the responses in that.
	actions []Action
	buf     []byte
}

// New checks the configuration.
func New(cfg Config) (*Core, error) {
	if len(cfg.Hosts) == 0 {
		return nil, errors.New("proxycore: no host: a proxy has to know its own address to know its Via again")
	}
	for _, h := range cfg.Hosts {
		if h.Name == "" || strings.ContainsAny(h.Name, " \t\r\n<>\"@;?") {
			return nil, fmt.Errorf("proxycore: host %q is neither a name nor an address", h.Name)
		}
	}
	for _, c := range []byte(cfg.Mark) {
		if !isPlain(c) {
			return nil, fmt.Errorf("proxycore: mark %q: %q would have to be escaped in a URI", cfg.Mark, c)
		}
	}
	if cfg.MaxBreadth <= 0 {
		cfg.MaxBreadth = DefaultMaxBreadth
	}
	if cfg.TimerC <= 3*time.Minute {
		cfg.TimerC = DefaultTimerC
	}
	if cfg.Extensions == nil {
		cfg.Extensions = []string{}
	}
	var hosts []host
	for _, h := range cfg.Hosts {
		h.Name = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(h.Name, "."), "["), "]")
		a, err := netip.ParseAddr(h.Name)
		if err == nil {
			a = a.Unmap().WithZone("")
			h.Name = a.String()
		}
		hosts = append(hosts, host{h, a})
	}
	return &Core{cfg: cfg, hosts: hosts, validator: sip.Validator{Role: sip.RoleProxy, Extensions: cfg.Extensions, Schemes: cfg.Schemes}}, nil
}

// isPlain reports whether a byte is unreserved in a URI (§25.1) and not the dot that ends the mark.
func isPlain(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
