package proxy

import (
	"fmt"
	"slices"

	"sipscribe/digest"
	"sipscribe/internal/live/proxycore"
	"sipscribe/internal/live/registrarcore"
)

// roster is who may register and call. Both authorities look at it, so that it can be changed under them.
type roster struct{ digest.Users }

// Reload takes another configuration while calls are in progress: Users, Domains, Trusted, AnyFrom, Gateways, Routes, Ring, Recurse, TimerC, the times and the
// number of contacts of the registrar, NoRecordRoute, Limits. All of it, or, with an error, none. What is being relayed goes on as it began. What cannot change stays as it is; kept names
// what of that differs.
func (p *Proxy) Reload(cfg Config) (kept []string, err error) {
	old := p.cfg
	cfg = filled(cfg)
	if !old.Open && cfg.Users == nil {
		return nil, fmt.Errorf("a proxy without users needs to be open")
	}
	differs := func(what string, is bool) {
		if is {
			kept = append(kept, what)
		}
	}
	differs("open", cfg.Open != old.Open)
	differs("realm", cfg.Realm != old.Realm)
	differs("algorithms", !slices.Equal(cfg.Algorithms, old.Algorithms))
	differs("names", !slices.Equal(cfg.Aliases, old.Aliases))
	differs("listen", !slices.Equal(cfg.Listeners, old.Listeners))
	differs("timers t1, t2, t4", cfg.Timers != old.Timers)
	differs("limit of transactions", cfg.Limits.Transactions != old.Limits.Transactions)
	differs("limit of addresses", cfg.Limits.AORs != old.Limits.AORs)
	next := old
	next.Users, next.Domains, next.Trusted, next.AnyFrom, next.Gateways, next.Routes = cfg.Users, cfg.Domains, cfg.Trusted, cfg.AnyFrom, cfg.Gateways, cfg.Routes
	next.Ring, next.Recurse, next.TimerC, next.NoRecordRoute = cfg.Ring, cfg.Recurse, cfg.TimerC, cfg.NoRecordRoute
	next.Expires, next.MinExpires, next.MaxExpires, next.MaxContacts = cfg.Expires, cfg.MinExpires, cfg.MaxExpires, cfg.MaxContacts
	transactions, aors := old.Limits.Transactions, old.Limits.AORs
	next.Limits = cfg.Limits
	next.Limits.Transactions, next.Limits.AORs = transactions, aors

	gateways, routes, err := newRoutes(&next)
	if err != nil {
		return nil, err
	}
	core, registrar, err := p.newCores(&next)
	if err != nil {
		return nil, err
	}
	p.cfg, p.gateways, p.routes, p.core, p.registrar = next, gateways, routes, core, registrar
	p.roster.Users = next.Users
	p.gate.setLimits(next.Limits)
	return kept, nil
}

// newCores makes the cores of a configuration.
func (p *Proxy) newCores(cfg *Config) (*proxycore.Core, *registrarcore.Registrar, error) {
	core, err := proxycore.New(proxycore.Config{Domains: cfg.Domains, Hosts: p.self, Mark: mark, TimerC: cfg.TimerC, Ring: cfg.Ring, Recurse: cfg.Recurse, Options: p.options()})
	if err != nil {
		return nil, nil, err
	}
	registrar, err := registrarcore.New(registrarcore.Config{Domains: cfg.Domains, Bindings: p.bindings, Expires: cfg.Expires, MinExpires: cfg.MinExpires,
		MaxExpires: cfg.MaxExpires, MaxContacts: cfg.MaxContacts})
	return core, registrar, err
}
