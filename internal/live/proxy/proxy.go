// Package proxy is an authenticating outbound proxy with its registrar (RFC 3261 §16, §10), as one element without I/O: the cores of
// proxycore and registrarcore, a transaction layer under them, and what stands between a request and them.
//
//	Receive ─ layer ─ a new request ─ gate ─ Check (§16.3) ─┬ REGISTER for a domain of ours ─ who? ─ registrar ─▶ 200
//	                                                        ├ in a dialog that went through here ────┐
//	                                                        ├ from a trusted address ────────────────┤
//	                                                        └ else ─ who? ───────────────────────────┴▶ where? ─▶ relay
//	who?    digest.Authority: a 401 or 407 is stateless, and the only answer that somebody unknown gets
//	where?  the registrar's bindings, then the static routes by number, else what the Request-URI says (proxycore.StaticRoutes)
//	relay   one request being forwarded: proxycore.Context and its client transactions
//
// No state is made for a request before somebody known has sent it. No media passes here: the two phones send it to each other.
package proxy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxycore"
	"sipscribe/internal/live/registrarcore"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// Listener is an address of the proxy, as the driver listens at it.
type Listener struct {
	Transport capture.Transport
	Addr      netip.AddrPort
	// Name is what Via and Record-Route call it; "": its address and port. A listener at an unspecified address needs one.
	Name string
}

// Gateway is where numbers go that nobody has registered.
type Gateway struct {
	// Name ties routes to it.
	Name string
	// URI of it, without a user: "sip:gw.example.com:5060;transport=tcp".
	URI string
	// User and Password answer its challenges; Realms are those that are answered (none: the first that it names).
	User, Password string
	Realms         []string
}

// Route sends numbers that begin with Prefix to a gateway.
type Route struct {
	Prefix  string
	Strip   int
	Prepend string
	Gateway string // its name
}

// Config is how a proxy is set up. Zero values take the defaults that are named.
type Config struct {
	// Domains are those that it keeps users for. At least one.
	Domains []string
	// Listeners are its addresses. At least one.
	Listeners []Listener
	// Aliases are further names and addresses by which it is reached, without a port: those of the machine where it listens at all of them.
	Aliases []string
	// Realm of its challenges; "": the first domain.
	Realm string
	// Users are those who may register and call.
	Users digest.Users
	// Keys sign nonces; none: one is drawn, so that challenges of before a restart count as stale.
	Keys []digest.Key
	// Node is the number of this proxy among those that share keys.
	Node uint16
	// Algorithms that are offered; none: SHA-256 and MD5.
	Algorithms []digest.Algorithm
	// NonceLifetime is how long a nonce counts; 0: five minutes.
	NonceLifetime time.Duration
	// Open: nobody is asked who he is. For a laboratory.
	Open bool
	// Trusted are networks whose requests need no credentials, such as those of gateways.
	Trusted []netip.Prefix
	// AnyFrom: a user may put somebody else's address into From.
	AnyFrom bool
	// Bindings keeps registrations; nil: in memory.
	Bindings registrarcore.Bindings
	// Expires, MinExpires, MaxExpires and MaxContacts are the registrar's.
	Expires, MinExpires, MaxExpires time.Duration
	MaxContacts                     int
	Gateways                        []Gateway
	Routes                          []Route
	// Ring is how long the phones of one preference ring before those of the next do; 0: until the caller gives up.
	Ring time.Duration
	// Recurse: redirections by the users' phones are followed here.
	Recurse bool
	// NoRecordRoute: requests within a dialog need not pass here. Those of a phone that uses its outbound proxy for them all the same are asked for
	// credentials; its ACKs are known by their INVITE.
	//
	// It is for proxies between others, as the simulator has them, and there is no setting for it: without our token nobody reaches a phone behind a NAT within a call, the proxy
	// cannot answer what a gateway asks of a BYE, and a drain does not know who still talks.
	NoRecordRoute bool
	Timers        transaction.Timers
	// TimerC bounds how long an INVITE may ring; 0: 185 s.
	TimerC time.Duration
	Limits Limits
	// Agent goes into Server.
	Agent string
	// Rand is where identifiers and keys come from.
	Rand io.Reader
	// Secret proves that a dialog went through here (see token). A proxy that has the same one after a restart knows its calls again; none: one is
	// drawn.
	Secret []byte
	// Notify, if there, is told what an operator may want to know. It must not call the proxy, nor wait.
	Notify func(Event)
	// Observe, if there, is told each transition of a transaction.
	Observe func(transaction.Transition)
}

// Proxy is the element.
type Proxy struct {
	cfg       Config
	core      *proxycore.Core
	registrar *registrarcore.Registrar
	expiring  expiring          // nil if the bindings are kept elsewhere, and run out there
	authority *digest.Authority // 407
	registry  *digest.Authority // 401
	layer     *transaction.Layer
	routes    *proxycore.StaticRoutes
	gateways  map[string]*gateway
	gate      *gate
	calls     calls
	acks      acks
	roster    *roster
	self      []proxycore.Host
	listeners []*listener
	bindings  registrarcore.Bindings
	dialogKey []byte
	dialogMAC hash.Hash // keyed with it
	// tokenCipher encrypts the tokens in our Record-Route values.
	tokenCipher cipher.Block
	realms      []string // ours, of which credentials go no further
	wakes       wakes
	waiting     map[uint64]lookup
	ref         uint64
	draining    bool
	now         time.Time
	counters    Counters

	msg        sip.Message // the one that is being received
	whole      sip.Message // a request that is forwarded
	buf        []byte
	sum        []byte
	recorded   [2]string
	fields     []sip.DraftField
	challenges []digest.Challenge
	// gone are branches whose transactions have ended, for their contexts to hear of as soon as there is an outbox.
	gone []*branch
}

type lookup struct {
	relay  *relay
	target int
	send   func(flow live.Flow, out *live.Outbox)
}

var (
	_ live.Element     = (*Proxy)(nil)
	_ transaction.User = (*user)(nil)
)

// mark is the user part of our own Record-Route values.
const mark = "scribe"

// lingerSlack lets transactions that are over end some dozen at a time: at 200 calls a second each would be a wake-up.
const lingerSlack = 250 * time.Millisecond

// New makes a proxy. now is the time before which it knows nothing.
func New(now time.Time, cfg Config) (*Proxy, error) {
	switch {
	case len(cfg.Domains) == 0:
		return nil, errors.New("a proxy needs at least one domain")
	case len(cfg.Listeners) == 0:
		return nil, errors.New("a proxy needs at least one address to listen at")
	case cfg.Users == nil && !cfg.Open:
		return nil, errors.New("a proxy without users needs to be open, and an open one lets anybody call anywhere: say which it is to be")
	case cfg.Rand == nil:
		return nil, errors.New("a proxy needs a source of chance")
	}
	cfg = filled(cfg)
	p := &Proxy{cfg: cfg, realms: []string{cfg.Realm}, waiting: map[uint64]lookup{}, roster: &roster{cfg.Users}, calls: newCalls(cfg.Limits.Transactions), now: now}
	timers := cfg.Timers
	if timers.Slack == 0 {
		timers.Slack = lingerSlack
	}
	p.layer = transaction.NewLayer(transaction.Config{Timers: timers, Rand: cfg.Rand, User: (*user)(p), Trying: -1,
		MaxClients: cfg.Limits.Transactions, MaxServers: cfg.Limits.Transactions, Observe: cfg.Observe})
	p.gate = newGate(cfg.Limits)
	p.acks = newACKs(max(64*timers.T1, ackLife), cfg.Limits.Transactions)
	for _, l := range cfg.Listeners {
		p.listeners = append(p.listeners, newListener(l))
	}

	var err error
	if p.self, err = p.hosts(); err != nil {
		return nil, err
	}
	secret := make([]byte, 64)
	if _, err := io.ReadFull(cfg.Rand, secret); err != nil {
		return nil, fmt.Errorf("the source of chance: %w", err)
	}
	p.dialogKey = secret[32:]
	if len(cfg.Secret) > 0 {
		p.dialogKey = cfg.Secret
	}
	p.dialogMAC = hmac.New(sha256.New, p.dialogKey)
	if p.tokenCipher, err = aes.NewCipher(p.mac([]byte("cipher"))[:16]); err != nil {
		return nil, err
	}
	if len(cfg.Keys) == 0 {
		cfg.Keys = []digest.Key{{ID: 1, Secret: secret[:32]}}
	}
	if !cfg.Open {
		// The two challenge the same users in one realm. Each keeps what its own nonces were used for, so they have numbers of their own.
		shared := digest.AuthorityConfig{Realm: cfg.Realm, Users: p.roster, Keys: cfg.Keys, Algorithms: cfg.Algorithms, Node: 2 * cfg.Node, Lifetime: cfg.NonceLifetime, Proxy: true,
			Hosts: names(p.self)}
		if p.authority, err = digest.NewAuthority(now, shared); err != nil {
			return nil, err
		}
		shared.Proxy, shared.Node = false, 2*cfg.Node+1
		if p.registry, err = digest.NewAuthority(now, shared); err != nil {
			return nil, err
		}
	}

	if p.bindings = cfg.Bindings; p.bindings == nil {
		p.bindings = registrarcore.NewMemory(cfg.Limits.AORs)
	}
	p.expiring, _ = p.bindings.(expiring)
	if p.core, p.registrar, err = p.newCores(&p.cfg); err != nil {
		return nil, err
	}
	p.gateways, p.routes, err = newRoutes(&p.cfg)
	return p, err
}

// filled returns a configuration with its defaults.
func filled(cfg Config) Config {
	if cfg.Realm == "" && len(cfg.Domains) > 0 {
		cfg.Realm = cfg.Domains[0]
	}
	if cfg.Agent == "" {
		cfg.Agent = "sipscribe"
	}
	cfg.Limits = cfg.Limits.WithDefaults()
	cfg.Listeners = slices.Clone(cfg.Listeners)
	for i := range cfg.Listeners {
		if l := &cfg.Listeners[i]; l.Name == "" && !l.Addr.Addr().IsUnspecified() {
			l.Name = l.Addr.String()
		}
	}
	return cfg
}

// expiring are bindings that run out when they are told the time, as those of registrarcore.Memory.
type expiring interface {
	Expire(now time.Time) int
	Next() time.Time
}

// hosts returns the names and addresses by which the proxy is reached.
func (p *Proxy) hosts() ([]proxycore.Host, error) {
	var hosts []proxycore.Host
	for i := range p.cfg.Listeners {
		l := &p.cfg.Listeners[i]
		if l.Name == "" {
			return nil, fmt.Errorf("the listener %s is at every address of the machine: say by which name or address it is to be reached", l.Addr)
		}
		hosts = append(hosts, proxycore.Host{Name: hostOf(l.Name), Port: l.Addr.Port()})
		if !l.Addr.Addr().IsUnspecified() {
			hosts = append(hosts, proxycore.Host{Name: l.Addr.Addr().String(), Port: l.Addr.Port()})
		}
		for _, a := range p.cfg.Aliases {
			hosts = append(hosts, proxycore.Host{Name: a, Port: l.Addr.Port()})
		}
	}
	return hosts, nil
}

// hostOf returns the host of a sent-by: without its port, and an IPv6 address without brackets.
func hostOf(sentBy string) string {
	if inner, ok := strings.CutPrefix(sentBy, "["); ok {
		host, _, _ := strings.Cut(inner, "]")
		return host
	}
	host, _, _ := strings.Cut(sentBy, ":")
	return host
}

// names returns each host once, for digest-uris: SIPp and some devices write there the address that they send to, and not the Request-URI.
func names(hosts []proxycore.Host) []string {
	var out []string
	for _, h := range hosts {
		if strings.Contains(h.Name, ":") {
			h.Name = "[" + h.Name + "]"
		}
		if !slices.Contains(out, h.Name) {
			out = append(out, h.Name)
		}
	}
	return out
}

// newRoutes makes gateways and routes ready.
func newRoutes(cfg *Config) (map[string]*gateway, *proxycore.StaticRoutes, error) {
	gateways := map[string]*gateway{}
	for _, g := range cfg.Gateways {
		made, err := newGateway(g, cfg.Rand)
		if err != nil {
			return nil, nil, err
		}
		if gateways[g.Name] != nil {
			return nil, nil, fmt.Errorf("there are two gateways %q", g.Name)
		}
		gateways[g.Name] = made
	}
	var static []proxycore.StaticRoute
	for _, r := range cfg.Routes {
		g := gateways[r.Gateway]
		if g == nil {
			return nil, nil, fmt.Errorf("the route %q goes to gateway %q, and there is no such gateway", r.Prefix, r.Gateway)
		}
		static = append(static, proxycore.StaticRoute{Prefix: r.Prefix, Strip: r.Strip, Prepend: r.Prepend, Gateway: g.URI, Name: r.Gateway})
	}
	routes, err := proxycore.NewStaticRoutes(static)
	return gateways, routes, err
}

// options are the header fields of a 200 to OPTIONS for the proxy itself (§11.2).
func (p *Proxy) options() []sip.DraftField {
	return []sip.DraftField{{Name: "Supported", Value: "path"}, {Name: "Server", Value: p.cfg.Agent}}
}

// Receive takes a message.
func (p *Proxy) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	p.now = now
	p.msg.Parse(data)
	if p.msg.Kind == sip.KindUnknown {
		p.counters.NotSIP++
		return
	}
	p.counters.Received++
	p.layer.Receive(now, from, &p.msg, out)
	p.bury(now, out)
}

// Resolved takes the addresses of a target.
func (p *Proxy) Resolved(now time.Time, ref uint64, flows []live.Flow, err error, out *live.Outbox) {
	p.now = now
	w, ok := p.waiting[ref]
	if !ok {
		return
	}
	delete(p.waiting, ref)
	if w.send != nil {
		if len(flows) > 0 {
			w.send(flows[0], out)
		}
		return
	}
	if len(flows) == 0 && w.relay.request != nil {
		because := "of " + w.relay.context.Target(w.target).URI
		if err != nil {
			because += ": " + err.Error()
		}
		p.whole.Parse(w.relay.request)
		p.tell(EventUnlocated, w.relay.from, &p.whole, Event{Because: because})
	}
	p.handle(now, w.relay, proxycore.Event{Kind: proxycore.EventResolved, Target: w.target, Flows: flows}, out)
}

// Failed takes word that something did not go out.
func (p *Proxy) Failed(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox) {
	p.now = now
	p.layer.Failed(now, to, ref, err, out)
	p.bury(now, out)
}

// Closed takes word of the end of a connection.
func (p *Proxy) Closed(now time.Time, flow live.Flow, out *live.Outbox) {
	p.now = now
	p.layer.Closed(now, flow, out)
	p.bury(now, out)
}

// Wake does what has become due.
func (p *Proxy) Wake(now time.Time, out *live.Outbox) {
	p.now = now
	p.layer.Wake(now, out)
	p.bury(now, out)
	for {
		r, ok := p.wakes.due(now)
		if !ok {
			break
		}
		p.handle(now, r, proxycore.Event{Kind: proxycore.EventWake}, out)
	}
	if p.expiring != nil {
		p.counters.Expired += uint64(p.expiring.Expire(now))
	}
}

// bury tells contexts of the branches whose transactions have ended.
func (p *Proxy) bury(now time.Time, out *live.Outbox) {
	for i := 0; i < len(p.gone); i++ {
		b := p.gone[i]
		p.handle(now, b.relay, proxycore.Event{Kind: proxycore.EventEnded, Branch: b.number}, out)
	}
	clear(p.gone)
	p.gone = p.gone[:0]
}

// Next returns when Wake has something to do.
func (p *Proxy) Next() time.Time {
	next := earlier(p.layer.Next(), p.wakes.next())
	if p.expiring != nil {
		next = earlier(next, p.expiring.Next())
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Drain lets calls in progress finish, and refuses new ones with 503 (Retry-After), so that the proxy can be stopped.
func (p *Proxy) Drain() { p.draining = true }

// Busy returns how many requests have no final response yet, and how many calls were answered and not ended. A draining proxy may be stopped when
// both are 0.
func (p *Proxy) Busy(now time.Time) (pending, calls int) {
	return p.counters.Pending, p.calls.count(now)
}

// Transactions returns how many there are, those with them that wait for their last timer.
func (p *Proxy) Transactions() int {
	n := p.layer.Counts()
	return n.All()
}

// Addresses returns how many addresses of record have bindings, -1 if whoever keeps them does not say.
func (p *Proxy) Addresses() int {
	if b, ok := p.bindings.(interface{ Len() int }); ok {
		return b.Len()
	}
	return -1
}

// Lookup returns the bindings of an address of record, such as "sip:spa1@example.com".
func (p *Proxy) Lookup(now time.Time, aor string) ([]registrarcore.Binding, error) {
	return p.registrar.Lookup(now, aor)
}

// mac returns what nobody can compute from texts but this proxy; it holds until the next.
func (p *Proxy) mac(texts ...[]byte) []byte {
	p.dialogMAC.Reset()
	for _, t := range texts {
		p.dialogMAC.Write(t)
	}
	p.sum = p.dialogMAC.Sum(p.sum[:0])
	return p.sum
}

// listener is a Listener with what is written of it.
type listener struct {
	Listener
	via   string // protocol, transport and sent-by
	route string // the host part of Record-Route
}

func newListener(l Listener) *listener {
	made := &listener{l, "SIP/2.0/" + l.Transport.String() + " " + l.Name, l.Name}
	switch l.Transport {
	case capture.TCP:
		made.route += ";transport=tcp"
	case capture.TLS:
		made.route += ";transport=tls"
	}
	return made
}

// listenerFor returns the listener by which a request goes out over a flow: the one that it names, else the first of its transport and family.
// nil: there is none.
func (p *Proxy) listenerFor(f live.Flow) *listener {
	var best *listener
	for _, l := range p.listeners {
		if l.Transport != f.Transport {
			continue
		}
		if l.Addr == f.Local {
			return l
		}
		if best == nil && l.Addr.Addr().Is4() == f.Remote.Addr().Unmap().Is4() {
			best = l
		}
	}
	return best
}
