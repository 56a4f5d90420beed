package sim

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transaction"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/live/wire"
)

// start is when every schedule begins. A date of the log's year, in no month's end.
var start = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)

// domains are those of the proxies, from the callers' on.
var domains = [...]string{"one.example", "two.example", "three.example"}

const password = "a password of the simulator"

// users are the accounts of each domain. To make them is most of the work of making a proxy, and they never change.
var users = sync.OnceValue(func() [3]digest.Users {
	var all [3]digest.Users
	for i, d := range domains {
		var list []digest.User
		for _, name := range []string{numberPhones, numberOther, numberCaller, "2002"} {
			for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
				u, err := digest.NewUser(name, d, password, a)
				if err != nil {
					panic(err) // the names are constants
				}
				list = append(list, u)
			}
		}
		all[i] = digest.NewUserTable(list)
	}
	return all
})

// chance is what an element draws from: its own stream for each life of each element, so that one that is restarted does not change what
// the others draw.
func chance(seed uint64, element, life int) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(element))
	binary.LittleEndian.PutUint64(key[16:], uint64(life))
	return rand.NewChaCha8(key)
}

// world is a schedule while it runs.
type world struct {
	*Schedule
	options Options
	net     *wire.Network
	result  *Result

	phones  []*station
	proxies []*post
	robot   *robot
	dialler *dialler
	hostile *hostile
	// hostileNode and diallerNode carry the two.
	hostileNode, diallerNode *wire.Node

	agenda agenda
	// waiting are the actions that wait for an event; changed says that one has become due since the agenda was looked at.
	waiting []Action
	changed bool
	healed  bool
	tailed  bool // the last of the agenda is its tail
	cut     map[*wire.Node]FaultKind

	watch  *watcher
	reader *reader
	ladder *Ladder
	hits   hits
}

// station is a telephone of the world.
type station struct {
	set   *PhoneSet
	index int
	node  *wire.Node
	phone *ua.Phone
	life  int
	local netip.AddrPort
	calls map[string]*told
	order []*told
	// count is how often each kind of event has come, for those who wait for the nth.
	count [16]int
	// restarted is when it was last.
	restarted time.Time
}

// post is a proxy of the world.
type post struct {
	index     int
	node      *wire.Node
	proxy     *proxy.Proxy
	life      int
	addr      netip.AddrPort
	restarted time.Time
}

func addrOf(group, i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(group), byte(i + 1)}), 5060)
}

// at returns the address with the port at which a transport is spoken (RFC 3261 §19.1.2).
func at(a netip.AddrPort, t capture.Transport) netip.AddrPort {
	if t == capture.TLS {
		return netip.AddrPortFrom(a.Addr(), 5061)
	}
	return a
}

// The groups of addresses.
const (
	groupPhones = iota
	groupProxies
	groupRobots
	groupHostile
)

func newWorld(s *Schedule, o Options) *world {
	w := &world{Schedule: s, options: o, net: wire.New(start, s.Seed), result: &Result{Schedule: s, Transitions: Transitions{}}, cut: map[*wire.Node]FaultKind{}}
	w.watch = newWatcher(w)
	w.net.Faults = wire.Faults{Loss: s.Network.Loss, Duplicate: s.Network.Duplicate, DelayMin: s.Network.DelayMin, DelayMax: s.Network.DelayMax}
	w.net.Names = map[string][]netip.Addr{}
	w.net.Tap = w.watch.tap
	if o.Ladder {
		w.ladder = &Ladder{start: start}
		w.result.Ladder = w.ladder
	}
	w.net.Passed = func(p wire.Passage) {
		w.ladder.passed(p)
		if p.Fate == wire.Refused {
			w.watch.refused(p)
		}
	}
	w.net.Cut = w.isCut
	w.net.Mute = w.isMute
	for i := range s.Topology.Proxies {
		p := &post{index: i, addr: addrOf(groupProxies, i)}
		w.net.Names[domains[i]] = []netip.Addr{p.addr.Addr()}
		w.proxies = append(w.proxies, p)
		p.proxy = w.newProxy(p)
		p.node = w.add(proxyName(i), p.proxy, p.addr)
		w.watch.know(p.node, kindProxy)
	}
	if s.Topology.Robot != 0 {
		w.robot = newRobot(s.Topology.Robot, at(addrOf(groupRobots, 0), s.Topology.Far))
		w.watch.know(w.add("robot", w.robot, w.robot.at), kindRobot)
	}
	for i := range s.Topology.Phones {
		st := &station{set: &s.Topology.Phones[i], index: i, local: at(addrOf(groupPhones, i), s.Topology.transport(&s.Topology.Phones[i])), calls: map[string]*told{}}
		w.phones = append(w.phones, st)
	}
	for _, st := range w.phones {
		st.phone = w.newPhone(st)
		st.node = w.add(st.set.Name, st.phone, st.local)
		w.watch.know(st.node, kindPhone)
	}
	if s.Topology.Dialler != 0 {
		first := w.firstHop()
		f := live.Flow{Transport: s.Topology.Transport, Remote: first}
		local := at(addrOf(groupRobots, 1), f.Transport)
		if f.Transport == capture.UDP {
			f.Local = local
		}
		number := numberPhones
		if s.Topology.Robot != 0 {
			number = numberRobot
		}
		w.dialler = newDialler(s.Topology.Dialler, local, f, number, fmt.Sprintf("dialler%d", s.Seed))
		w.diallerNode = w.add("dialler", w.dialler, local)
		w.watch.know(w.diallerNode, kindRobot)
	}
	w.reader = newReader(w)
	if s.Topology.Hostile {
		w.hostile = &hostile{at: addrOf(groupHostile, 0)}
		w.hostileNode = w.add("hostile", w.hostile, w.hostile.at)
		w.watch.know(w.hostileNode, kindHostile)
	}
	return w
}

// add puts an element on the network, at its port and at that of TLS.
func (w *world) add(name string, e live.Element, local netip.AddrPort) *wire.Node {
	if w.options.Wrap != nil {
		e = w.options.Wrap(name, e)
	}
	if secure := at(local, capture.TLS); secure != local {
		return w.net.Add(name, e, local, secure)
	}
	return w.net.Add(name, e, local)
}

// firstHop is where a caller's requests go: the first proxy, or whom it calls.
func (w *world) firstHop() netip.AddrPort {
	t := w.Topology.Transport
	switch {
	case len(w.proxies) > 0:
		return at(w.proxies[0].addr, t)
	case w.robot != nil:
		return w.robot.at
	}
	return at(addrOf(groupPhones, 1), t)
}

// param is the parameter of a URI that names a transport.
func param(t capture.Transport) string {
	switch t {
	case capture.TCP:
		return ";transport=tcp"
	case capture.TLS:
		return ";transport=tls"
	}
	return ""
}

func (w *world) newProxy(p *post) *proxy.Proxy {
	t := &w.Topology
	last := t.Proxies - 1
	cfg := proxy.Config{Domains: []string{domains[p.index]}, Users: users()[p.index], Rand: chance(w.Seed, 100+p.index, p.life), Observe: w.observe,
		Listeners: []proxy.Listener{{Transport: capture.UDP, Addr: p.addr}, {Transport: capture.TCP, Addr: p.addr}, {Transport: capture.TLS, Addr: at(p.addr, capture.TLS)}},
		Recurse:   t.Recurse, NoRecordRoute: t.NoRecordRoute, NonceLifetime: t.NonceLifetime, MinExpires: time.Second}
	// Between two proxies nobody asks for credentials; and robots have none.
	trust := func(a netip.AddrPort) { cfg.Trusted = append(cfg.Trusted, netip.PrefixFrom(a.Addr(), 32)) }
	gateway := func(name, uri string, prefixes ...string) {
		cfg.Gateways = append(cfg.Gateways, proxy.Gateway{Name: name, URI: uri})
		for _, x := range prefixes {
			cfg.Routes = append(cfg.Routes, proxy.Route{Prefix: x, Gateway: name})
		}
	}
	if p.index > 0 {
		trust(addrOf(groupProxies, p.index-1))
		gateway("back", "sip:"+domains[p.index-1]+param(t.Transport), "2")
	}
	if p.index < last {
		trust(addrOf(groupProxies, p.index+1))
		gateway("on", "sip:"+domains[p.index+1]+param(t.Transport), "1", "9")
	} else if t.Robot != 0 {
		gateway("robot", "sip:"+at(addrOf(groupRobots, 0), t.Far).String()+param(t.Far), "9")
	}
	if p.index == 0 {
		trust(addrOf(groupRobots, 1))
	}
	made, err := proxy.New(w.net.Now(), cfg)
	if err != nil {
		panic(err) // a fault of this package
	}
	return made
}

func (w *world) newPhone(st *station) *ua.Phone {
	t := &w.Topology
	l := ua.LineConfig{Local: st.local, UserID: st.set.User, DisplayName: "Good Body", Password: password, DND: st.set.DND, CfwdAll: st.set.Forward, Transport: t.transport(st.set)}
	if st.set.WrongPass {
		l.Password = "wrong"
	}
	switch {
	case len(w.proxies) == 0 && st.set.Caller:
		l.Proxy = w.firstHop().String()
	case len(w.proxies) == 0:
		l.Proxy = at(addrOf(groupPhones, 0), t.Transport).String()
	default:
		p := w.proxies[0]
		if !st.set.Caller {
			p = w.proxies[len(w.proxies)-1]
		}
		l.Proxy, l.OutboundProxy, l.UseOutboundProxy = domains[p.index], at(p.addr, l.Transport).String(), true
		l.Register, l.RegisterExpires = true, st.set.Register
		l.NoOutboundProxyInDialog = st.set.Direct
	}
	cfg := ua.Config{UserAgent: "sipscribe-sim", Lines: []ua.LineConfig{l}, Rand: chance(w.Seed, st.index, st.life), InviteExpires: st.set.Expires, Preemptive: st.set.Preemptive,
		Observe: w.observe, Notify: func(e ua.Event) { w.notify(st, e) }}
	if st.set.Quirks {
		cfg.Quirks = ua.SPA
	}
	made, err := ua.New(cfg)
	if err != nil {
		panic(err)
	}
	return made
}

func (w *world) observe(t transaction.Transition) { w.result.Transitions.take(t) }

// isCut is the network's partitions.
func (w *world) isCut(from, to *wire.Node) bool {
	if len(w.cut) == 0 {
		return false
	}
	for _, k := range [...]FaultKind{w.cut[from], w.cut[to]} {
		if k == Partition || k == Offline || k == OneWay && w.cut[to] == OneWay {
			w.result.Happened[k]++
			return true
		}
	}
	return false
}

// isMute reports whether nothing of a node goes out.
func (w *world) isMute(node *wire.Node) bool {
	if len(w.cut) == 0 {
		return false
	}
	k := w.cut[node]
	if k != Offline && k != Blocked {
		return false
	}
	w.result.Happened[k]++
	return true
}

// node returns a node by its name.
func (w *world) node(name string) *wire.Node {
	for _, n := range w.net.Nodes() {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// restart replaces a proxy or a telephone by one that knows nothing.
func (w *world) restart(name string) {
	for _, p := range w.proxies {
		if p.node.Name == name {
			p.life++
			p.restarted = w.net.Now()
			p.proxy = w.newProxy(p)
			w.replace(p.node, p.proxy)
		}
	}
	for _, st := range w.phones {
		if st.node.Name == name {
			st.life++
			st.restarted = w.net.Now()
			for _, c := range st.order {
				c.cutShort = c.cutShort || !c.over
			}
			st.phone = w.newPhone(st)
			w.replace(st.node, st.phone)
			w.command(st, st.phone.Start)
		}
	}
}

func (w *world) replace(node *wire.Node, e live.Element) {
	if w.options.Wrap != nil {
		e = w.options.Wrap(node.Name, e)
	}
	w.net.Restart(node, e)
	w.watch.forget(node)
}
