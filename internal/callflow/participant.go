package callflow

import (
	"bytes"
	"net/netip"
	"slices"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Role is what a participant does in a call, as its messages show.
type Role uint8

const (
	RoleUnknown   Role = iota
	RoleCaller         // sends the first request
	RoleCallee         // is called, and does not pass the request on
	RoleProxy          // passes requests on, or asks for proxy authentication
	RoleRegistrar      // answers REGISTER
	RoleServer         // answers a caller's device in the middle, and is no proxy by what is seen
)

// String returns the word of the data contract.
func (r Role) String() string {
	return [...]string{"unknown", "caller", "callee", "proxy", "registrar", "server"}[min(r, RoleServer)]
}

// Participant is one of those who exchange the messages of a call: one column of the ladder.
type Participant struct {
	Role Role
	// Device: it is a host that logged messages of this call.
	Device bool
	// Challenged: it sent a 407 or 401. Forwarded: it passed a request on.
	Challenged, Forwarded bool
	// First is a hop that the participant sent, -1 if none was seen: its own words about itself.
	First int

	addr     netip.Addr
	port     uint16 // only where one address is several participants
	observer int16  // index into names, -1
	given    span
	viaHost  uint64
	tag      uint64
	peer     bool // whoever is on the other side of the device
	side     uint8
	met      bool // another host logged the other end of one of its messages
}

// Address returns the participant's address as the source states it, the port only where one address is several participants; false
// if the source does not state it.
func (c *Call) Address(p *Participant) (capture.Endpoint, bool) {
	if p.addr.IsValid() {
		return capture.Endpoint{Addr: p.addr, Port: p.port}, true
	}
	return capture.Endpoint{}, false
}

// Endpoints returns the transport addresses that a participant used, as the source states them.
func (c *Call) Endpoints(p *Participant) []capture.Endpoint {
	var out []capture.Endpoint
	for _, e := range c.endpoints {
		if p.addr.IsValid() && e.Addr == p.addr && (p.port == 0 || p.port == e.Port) {
			out = append(out, e)
		}
	}
	return out
}

// SentBy returns the host and the port, if there is one, that a participant gives as its own in the top Via of a request that it sent (RFC 3261 §18.1.1); false if none was seen. i is its
// index.
func (c *Call) SentBy(i int) (host, port []byte, ok bool) {
	for n := range c.Hops {
		h := &c.Hops[n]
		if !h.IsRequest() || h.vias == 0 || int(h.From) != i {
			continue
		}
		if via, ok := c.parsed(0, n).TopVia(); ok && len(via.Host) > 0 {
			return via.Host, via.PortText, true
		}
	}
	return nil, nil, false
}

// GivenName returns the name that the source itself gives the participant ("Alice", "Proxy 1"), nil if none.
func (c *Call) GivenName(p *Participant) []byte {
	if p.given.len > 0 {
		return c.text(&p.given)
	}
	return nil
}

// Host returns the host name or address under which a participant logged, nil if it did not log.
func (c *Call) Host(p *Participant) []byte {
	if p.observer >= 0 {
		return c.text(&c.names[p.observer])
	}
	return nil
}

// maxParticipants bounds the columns of a call. Messages of further ones are told without sender and receiver.
const maxParticipants = 64

// findParticipants says who sent each message to whom.
func (c *Call) findParticipants() {
	c.findPassing()
	c.shareEndpoints()
	shared := c.sharedHosts()
	placed := false
	c.meet()
	c.findEnds(shared)
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage {
			if h.observer >= 0 && h.Kind == capture.KindEvent {
				h.From = c.byObserver(h.observer)
			}
			continue
		}
		if h.src >= 0 {
			h.From = c.byEndpoint(h.src, shared)
		}
		if h.dst >= 0 {
			h.To = c.byEndpoint(h.dst, shared)
		}
		if h.mark != 0 {
			k := &c.marks[h.mark-1]
			if h.From < 0 && k.src.len > 0 {
				h.From = c.byGivenName(&k.src)
			}
			if h.To < 0 && k.dst.len > 0 {
				h.To = c.byGivenName(&k.dst)
			}
		}
		switch {
		case h.Direction == capture.Sent && h.observer >= 0:
			c.ends(h, &h.From, &h.To)
		case h.Direction == capture.Received && h.observer >= 0:
			c.ends(h, &h.To, &h.From)
		case h.Direction != capture.DirectionUnknown:
			// A marker says sent or received, but not by whom: the program whose log this is.
			near, far := &h.From, &h.To
			if h.Direction == capture.Received {
				near, far = far, near
			}
			if *near < 0 {
				*near = c.self()
			}
			if *far < 0 {
				*far = c.peer(c.side(h))
			}
		}
		if h.From >= 0 && h.To >= 0 {
			placed = true
		}
	}
	c.mirror()
	if !placed && len(c.Participants) == 0 {
		c.byVia()
	}
	c.findRoles()
}

// shareEndpoints gives the records of one transmission the addresses that any of them has: a device's log beside a capture.
func (c *Call) shareEndpoints() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.RepeatOf < 0 || !h.Duplicate {
			continue
		}
		o := &c.Hops[h.RepeatOf]
		for _, p := range [...][2]*int16{{&h.src, &o.src}, {&h.dst, &o.dst}} {
			if *p[0] < 0 {
				*p[0] = *p[1]
			} else if *p[1] < 0 {
				*p[1] = *p[0]
			}
		}
	}
}

// meet gives a transmission that two hosts logged its two ends: it was sent at one and received at the other.
func (c *Call) meet() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.RepeatOf < 0 || !h.Duplicate {
			continue
		}
		for _, j := range [...]int32{c.Hops[h.RepeatOf].newest, h.RepeatOf} {
			if j < 0 {
				continue
			}
			o := &c.Hops[j]
			if o.observer < 0 || h.observer < 0 || o.observer == h.observer || o.Direction == h.Direction ||
				o.Direction == capture.DirectionUnknown || h.Direction == capture.DirectionUnknown {
				continue
			}
			from, to := o.observer, h.observer
			if h.Direction == capture.Sent {
				from, to = to, from
			}
			f, t := c.byObserver(from), c.byObserver(to)
			h.From, h.To, o.From, o.To = f, t, f, t
			if f >= 0 && t >= 0 {
				c.Participants[f].met, c.Participants[t].met = true, true
			}
			break
		}
	}
}

// mirror fills the ends that only the other messages of a transaction know: a response goes the other way.
func (c *Call) mirror() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.From >= 0 && h.To >= 0 {
			continue
		}
		tx := &c.Transactions[h.Transaction]
		look := 0
		for j := tx.last; j >= 0 && look < maxLook; j = c.Hops[j].previous {
			look++
			o := &c.Hops[j]
			from, to := o.From, o.To
			if (o.Status == 0) != (h.Status == 0) {
				from, to = to, from
			}
			if h.From < 0 {
				h.From = from
			}
			if h.To < 0 {
				h.To = to
			}
		}
	}
}

// ends sets the near end of a hop to the host that logged it and the far end, where nothing else is known, to the other side.
func (c *Call) ends(h *Hop, near, far *int16) {
	if *near < 0 {
		*near = c.byObserver(h.observer)
	}
	if *far >= 0 {
		return
	}
	// Whoever logs the other end of other messages of this call is the far end of this one; else whom other sources show at the far end.
	if p := c.farHost(h.observer); p >= 0 {
		*far = p
	} else if int(h.observer) < len(c.far) && c.far[h.observer] >= 0 {
		*far = c.far[h.observer]
	} else {
		*far = c.peer(c.side(h))
	}
}

// side tells the two sides of a host that passes messages on, and logs them before and behind: 1 where the request is one that it passes on, or comes back
// from there; 0 elsewhere.
func (c *Call) side(h *Hop) uint8 {
	if h.Transaction < 0 || !slices.Contains(c.passing, h.observer) {
		return 0
	}
	tx := &c.Transactions[h.Transaction]
	far := uint8(0)
	if tx.Upstream >= 0 {
		far = 1
	}
	if tx.Request >= 0 {
		// A request in the dialog from the side that was called goes the other way.
		if r := &c.Hops[tx.Request]; r.toTag != 0 && c.Root >= 0 && r.fromTag != c.Hops[c.Root].fromTag {
			far = 1 - far
		}
	}
	return far
}

// findPassing finds the hosts that log requests before and behind them.
func (c *Call) findPassing() {
	c.passing = c.passing[:0]
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Upstream < 0 || tx.Request < 0 {
			continue
		}
		up := c.Transactions[tx.Upstream].Request
		if o := c.Hops[tx.Request].observer; up >= 0 && c.Hops[up].observer == o && !slices.Contains(c.passing, o) && len(c.passing) < maxParticipants {
			c.passing = append(c.passing, o)
		}
	}
}

// farHost returns the other host that logged this call, if there is just one and the two met; -1 if not.
func (c *Call) farHost(observer int16) int16 {
	far := int16(-1)
	for i := range c.Participants {
		p := &c.Participants[i]
		if p.observer < 0 || p.observer == observer {
			continue
		}
		if far >= 0 || !p.met {
			return -1
		}
		far = int16(i)
	}
	return far
}

// findEnds finds by those records of each host that logs that have addresses which of the addresses is its own, and whom it talks to: -1 where that is nobody, or not one only.
func (c *Call) findEnds(shared []netip.Addr) {
	c.near, c.far = c.near[:0], c.far[:0]
	if len(c.endpoints) == 0 {
		return
	}
	const several = -2
	for range min(len(c.names), maxParticipants) {
		c.near, c.far = append(c.near, -1), append(c.far, -1)
	}
	only := func(known *int16, p int16) {
		switch {
		case p < 0:
		case *known == -1:
			*known = p
		case *known != p:
			*known = several
		}
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.observer < 0 || int(h.observer) >= len(c.far) || h.Kind != capture.KindMessage {
			continue
		}
		// The sender first, so that the parties stand in the order in which they come in.
		for _, e := range [...]int16{h.src, h.dst} {
			if e >= 0 {
				c.byEndpoint(e, shared)
			}
		}
		near, far := h.src, h.dst
		if h.Direction == capture.Received {
			near, far = far, near
		}
		if h.Direction == capture.DirectionUnknown {
			continue
		}
		if near >= 0 {
			only(&c.near[h.observer], c.byEndpoint(near, shared))
		}
		if far >= 0 {
			only(&c.far[h.observer], c.byEndpoint(far, shared))
		}
	}
}

// sharedHosts returns the addresses that stand for several participants: one host talks to itself.
func (c *Call) sharedHosts() []netip.Addr {
	var shared []netip.Addr
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.src < 0 || h.dst < 0 {
			continue
		}
		a := c.endpoints[h.src].Addr
		if a != c.endpoints[h.dst].Addr {
			continue
		}
		known := false
		for _, s := range shared {
			known = known || s == a
		}
		if !known {
			shared = append(shared, a)
		}
	}
	return shared
}

func (c *Call) add(p Participant) int16 {
	if len(c.Participants) >= maxParticipants {
		return -1
	}
	p.First = -1
	c.Participants = append(c.Participants, p)
	return int16(len(c.Participants) - 1)
}

func (c *Call) byEndpoint(e int16, shared []netip.Addr) int16 {
	ep := c.endpoints[e]
	port := uint16(0)
	for _, s := range shared {
		if s == ep.Addr {
			port = ep.Port
		}
	}
	for i := range c.Participants {
		if p := &c.Participants[i]; p.addr == ep.Addr && p.port == port {
			return int16(i)
		}
	}
	for n := range c.names {
		if a, err := netip.ParseAddr(string(c.text(&c.names[n]))); err == nil && a == ep.Addr && port == 0 {
			i := c.byObserver(int16(n))
			if i >= 0 {
				c.Participants[i].addr = a
			}
			return i
		}
	}
	return c.add(Participant{addr: ep.Addr, port: port, observer: -1})
}

func (c *Call) byObserver(n int16) int16 {
	if n < 0 {
		return -1
	}
	for i := range c.Participants {
		if c.Participants[i].observer == n {
			c.Participants[i].Device = true
			return int16(i)
		}
	}
	if int(n) < len(c.near) && c.near[n] >= 0 {
		// On one machine the address of the host is that of several; one of its ports is the device's.
		p := &c.Participants[c.near[n]]
		if p.Device = true; p.observer < 0 {
			p.observer = n
		}
		return c.near[n]
	}
	return c.add(Participant{observer: n, Device: true})
}

func (c *Call) byGivenName(s *span) int16 {
	for i := range c.Participants {
		if p := &c.Participants[i]; p.given.len > 0 && bytes.EqualFold(c.text(&p.given), c.text(s)) {
			return int16(i)
		}
	}
	return c.add(Participant{given: *s, observer: -1})
}

// peer returns the participant on one side of a host whose log does not say who that is. A device has one in a call, its proxy; a host that passes
// messages on has one on each side.
func (c *Call) peer(side uint8) int16 {
	for i := range c.Participants {
		if p := &c.Participants[i]; p.peer && p.side == side {
			return int16(i)
		}
	}
	return c.add(Participant{observer: -1, peer: true, side: side})
}

// self returns the participant whose log this is, where the log does not name it.
func (c *Call) self() int16 {
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Device && p.observer < 0 {
			return int16(i)
		}
	}
	return c.add(Participant{observer: -1, Device: true})
}

// byVia finds the participants of a log that says neither who logged nor any address: the sender of a request is the sent-by of
// its top Via; the receiver is whoever passes it on, or whose tag is in the answer.
func (c *Call) byVia() {
	owner := func(host, tag uint64) int16 {
		for i := range c.Participants {
			p := &c.Participants[i]
			if host != 0 && p.viaHost == host && (tag == 0 || p.tag == 0 || p.tag == tag || !isLoopback(host)) {
				if p.tag == 0 {
					p.tag = tag
				}
				return int16(i)
			}
			if tag != 0 && p.tag == tag && (host == 0 || p.viaHost == 0) {
				if p.viaHost == 0 {
					p.viaHost = host
				}
				return int16(i)
			}
		}
		if host == 0 && tag == 0 {
			return -1
		}
		return c.add(Participant{viaHost: host, tag: tag, observer: -1})
	}
	// Who sends requests first, so that a tag finds its owner.
	for i := range c.Hops {
		h := &c.Hops[i]
		if !h.IsRequest() || h.viaHost == 0 {
			continue
		}
		tag := uint64(0)
		if h.vias == 1 {
			tag = h.fromTag
		}
		h.From = owner(h.viaHost, tag)
	}
	// The receiver of a request: the sender of the one downstream. Where that was not logged, one that sends to several places at once tells them apart by the tags in
	// the answers; otherwise all that it sends goes to one neighbour, whatever tags that answers with (a proxy that refuses makes up one of its own).
	next := make([]int16, len(c.Transactions))
	sender := make([]int16, len(c.Transactions))
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		next[t], sender[t] = -1, -1
		if tx.Request >= 0 {
			sender[t] = c.Hops[tx.Request].From
		} else if h := &c.Hops[tx.last]; h.viaHost != 0 && h.Status != 0 {
			sender[t] = owner(h.viaHost, 0) // the answer's top Via is that of the request
		}
	}
	for t := range c.Transactions {
		if tx := &c.Transactions[t]; tx.Upstream >= 0 && tx.Request >= 0 && next[tx.Upstream] < 0 {
			next[tx.Upstream] = c.Hops[tx.Request].From
		}
	}
	forks := c.forks(sender)
	neighbour := map[int16]int16{}
	known := func(tag uint64) int16 {
		for i := range c.Participants {
			if tag != 0 && c.Participants[i].tag == tag {
				return int16(i)
			}
		}
		return -1
	}
	for t := range c.Transactions {
		if next[t] >= 0 || forks[sender[t]] {
			continue
		}
		// A neighbour that sends requests of its own is known by its tag.
		if _, tag := c.txTags(t); neighbour[sender[t]] == 0 {
			if p := known(tag); p >= 0 && p != sender[t] {
				neighbour[sender[t]] = p + 1
			}
		}
	}
	for t := range c.Transactions {
		if next[t] >= 0 {
			continue
		}
		from, tag := c.txTags(t)
		switch n := neighbour[sender[t]]; {
		case forks[sender[t]] && tag != 0:
			next[t] = owner(0, tag)
		case n > 0:
			next[t] = n - 1
		case from == 0 && tag == 0:
		default:
			if tag != 0 {
				next[t] = owner(0, tag)
			} else {
				next[t] = c.peer(0)
			}
			neighbour[sender[t]] = next[t] + 1
		}
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 {
			continue
		}
		to, from := next[h.Transaction], sender[h.Transaction]
		if h.Status == 0 {
			h.To = to
		} else {
			h.From, h.To = to, from
		}
	}
}

// isLoopback reports whether the hash of a sent-by is that of an address that every party on one machine has.
func isLoopback(host uint64) bool {
	for _, name := range [...]string{"127.0.0.1", "localhost", "::1"} {
		if uint64(fold(hostHash([]byte(name)))) == host {
			return true
		}
	}
	return false
}

// forks returns the participants that send one request to several places: two transactions of one method and CSeq number, neither of them the other's upstream.
func (c *Call) forks(sender []int16) map[int16]bool {
	type attempt struct {
		from   int16
		method sip.Method
		cseq   uint32
		tag    uint64
	}
	seen, forks := map[attempt]bool{}, map[int16]bool{}
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Request < 0 || tx.Method != sip.MethodInvite {
			continue
		}
		k := attempt{sender[t], tx.Method, tx.CSeq, c.Hops[tx.Request].fromTag}
		if seen[k] {
			forks[sender[t]] = true
		}
		seen[k] = true
	}
	return forks
}

// findRoles says what each participant does.
func (c *Call) findRoles() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage || h.From < 0 {
			continue
		}
		p := &c.Participants[h.From]
		if p.First < 0 {
			p.First = i
		}
		if h.IsRequest() && h.Forwards >= 0 {
			p.Forwarded = true
		}
		if h.Status == 401 || h.Status == 407 {
			p.Challenged = true
		}
		if h.Status == 407 && p.Role == RoleUnknown {
			p.Role = RoleProxy
		}
		if h.Status != 0 && h.Method == sip.MethodRegister && p.Role == RoleUnknown && !p.Forwarded {
			p.Role = RoleRegistrar
		}
	}
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Forwarded {
			p.Role = RoleProxy
		}
	}
	if c.Root < 0 {
		return
	}
	root := &c.Hops[c.Root]
	if root.From >= 0 {
		c.Caller = int(root.From)
		c.Participants[root.From].Role = RoleCaller
	}
	// The callee: follow the request downstream; of several branches the one that answered, else the first.
	best := -1
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method != root.Method || tx.Request < 0 || c.Hops[tx.Request].toTag != 0 {
			continue
		}
		if r := &c.Hops[tx.Request]; r.fromTag != root.fromTag && (tx.Upstream < 0 || c.leg(r) == 0) {
			continue
		}
		to := c.Hops[tx.Request].To
		if to < 0 || c.Participants[to].Role == RoleProxy || c.Participants[to].Role == RoleRegistrar || int(to) == c.Caller {
			continue
		}
		if c.Participants[to].Challenged {
			// Telephones do not ask for credentials: it is a server that takes the call for somebody behind it.
			c.Participants[to].Role = RoleServer
			continue
		}
		ok := tx.Final >= 0 && c.Hops[tx.Final].Status/100 == 2
		if best < 0 || ok {
			best = int(to)
		}
		if ok {
			break
		}
	}
	if best >= 0 && c.Kind == KindCall {
		p := &c.Participants[best]
		if p.peer && p.side == 0 && c.Caller >= 0 && c.Participants[c.Caller].Device {
			p.Role = RoleServer // a device's log: what is behind the other side is not known
			return
		}
		if c.saysItRoutes(best) {
			p.Role = RoleServer
			return
		}
		c.Callee = best
		p.Role = RoleCallee
	} else if best >= 0 && c.Participants[best].Role == RoleUnknown {
		c.Participants[best].Role = RoleServer
	}
}

// routers are words by which programs that pass calls on, and take none themselves, name themselves in Server or User-Agent, in small letters.
var routers = [...]string{"router", "proxy", "openser", "kamailio", "opensips"}

// saysItRoutes reports whether a participant that nobody was seen to pass anything on calls itself a router or proxy, and nothing shows that it is more: no ringing, answer or request
// of its own with the Contact of a telephone (RFC 3261 §12.1.1, §8.1.1.8).
func (c *Call) saysItRoutes(i int) bool {
	says := false
	const maxLook = 64 // a telephone shows itself by its first answers
	looked := 0
	for n := range c.Hops {
		h := &c.Hops[n]
		if int(h.From) != i || h.Kind != capture.KindMessage || h.Missing != capture.MissingNothing {
			continue
		}
		if looked++; looked > maxLook {
			break
		}
		m := c.parsed(0, n)
		if h.IsRequest() || h.Status/100 == 2 && h.Method == sip.MethodInvite || h.Status > 100 && h.Status < 200 && m.Has(sip.FieldContact) {
			return false
		}
		for _, f := range [...]sip.FieldID{sip.FieldServer, sip.FieldUserAgent} {
			v := bytes.ToLower(m.Value(f))
			for _, word := range routers {
				says = says || bytes.Contains(v, []byte(word))
			}
		}
	}
	return says
}
