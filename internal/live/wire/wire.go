// Package wire is a network without sockets, in virtual time: it drives live elements and carries their messages, and loses, doubles,
// delays and reorders them as told, by chance that a seed decides.
//
//	n := wire.New(start, seed)
//	a := n.Add("spa", phone, netip.MustParseAddrPort("127.0.0.1:5062"))
//	b := n.Add("proxy", proxy, netip.MustParseAddrPort("127.0.0.1:5060"))
//	n.Do(a, func(now time.Time, out *live.Outbox) { phone.Dial(now, 1, "18005551212", out) })
//	n.Run(16 * time.Second)                  // until then, as fast as it goes
//
// The same seed and the same commands give the same run, message for message. Datagrams suffer; a connection (TCP, TLS) delivers in order
// and whole, or ends. Nothing leaves the process.
package wire

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// Faults are what the network does to messages. The zero value is a perfect network with no delay.
type Faults struct {
	// Loss and Duplicate are probabilities for each datagram.
	Loss, Duplicate float64
	// A message takes DelayMin to DelayMax; datagrams may so overtake each other.
	DelayMin, DelayMax time.Duration
}

// Network is the network and its clock.
type Network struct {
	// Faults may be changed at any time.
	Faults Faults
	// Tap, if set, is told what each node sends, receives and says. The record is borrowed.
	Tap func(node *Node, rec *capture.Record)
	// Passed, if set, is told what becomes of each message: when it is sent, and again if it does not arrive after all.
	Passed func(p Passage)
	// Names are the addresses of host names; a name that is not there does not resolve.
	Names map[string][]netip.Addr
	// Cut, if set, reports whether nothing gets from one node to another: a partition. A connection that a message cannot get over ends.
	Cut func(from, to *Node) bool
	// Mute, if set, reports whether nothing that a node sends goes out: it fails at once, as without a network or behind a firewall of its own.
	Mute func(node *Node) bool

	now    time.Time
	rand   *rand.Rand
	nodes  []*Node
	ports  map[portKey]*Node
	queue  deliveries
	order  uint64
	sent   int         // messages, for Passage.Number
	newest map[way]int // the number of the newest datagram that has arrived
	conns  []*conn     // the number of a connection is its place, from 1
	stats  Stats
}

// Stats count what the network did.
type Stats struct {
	Sent, Delivered, Lost, Duplicated, Refused int
	Overtaken                                  int // datagrams that arrived after one that was sent later
	Ended                                      int // connections
}

// way is from one node to another.
type way struct{ from, to *Node }

type portKey struct {
	stream bool
	addr   netip.AddrPort
}

// conn is a connection; the two ends know it by one number.
type conn struct {
	nodes [2]*Node
	flows [2]live.Flow // as each end sees it
	last  time.Time    // nothing is delivered before this
	open  bool
}

// Node is an element on the network.
type Node struct {
	Name    string
	Element live.Element
	Addrs   []netip.AddrPort
	out     live.Outbox
	down    bool
	media   bool // what it sends and receives is RTP
	frames  int64
}

// New returns an empty network whose clock stands at start.
func New(start time.Time, seed uint64) *Network {
	return &Network{now: start, rand: rand.New(rand.NewPCG(seed, 0x5349502f322e30)), ports: map[portKey]*Node{}, newest: map[way]int{}}
}

// Now returns the time.
func (n *Network) Now() time.Time { return n.now }

// Stats returns what was done so far.
func (n *Network) Stats() Stats { return n.stats }

// Nodes returns the nodes in the order in which they were added.
func (n *Network) Nodes() []*Node { return n.nodes }

// Add puts an element on the network. It takes datagrams and connections at the addresses.
func (n *Network) Add(name string, e live.Element, addrs ...netip.AddrPort) *Node {
	node := &Node{Name: name, Element: e, Addrs: addrs}
	n.nodes = append(n.nodes, node)
	for _, a := range addrs {
		n.ports[portKey{false, a}], n.ports[portKey{true, a}] = node, node
	}
	return node
}

// Remove takes a node off the network for good. What is on its way to it is lost, as at a port that nobody has.
func (n *Network) Remove(node *Node) {
	node.down = true
	for i, other := range n.nodes {
		if other == node {
			n.nodes = append(n.nodes[:i:i], n.nodes[i+1:]...)
			break
		}
	}
	for key, other := range n.ports {
		if other == node {
			delete(n.ports, key)
		}
	}
}

// Do runs a command of a node's element, and carries out what it asks for.
func (n *Network) Do(node *Node, f func(now time.Time, out *live.Outbox)) {
	f(n.now, &node.out)
	n.flush(node)
}

// Restart puts another element in the place of a node's, as if the program had been started anew: connections to it end, and what it had in mind is
// gone.
func (n *Network) Restart(node *Node, e live.Element) {
	for i, c := range n.conns {
		if c.nodes[0] == node || c.nodes[1] == node {
			n.end(uint64(i+1), node)
		}
	}
	node.Element = e
}

// HangUp ends the connections of a node, as a NAT does that has forgotten them, and returns how many there were.
func (n *Network) HangUp(node *Node) int {
	ended := 0
	for i, c := range n.conns {
		if c.open && (c.nodes[0] == node || c.nodes[1] == node) {
			n.end(uint64(i+1), nil)
			ended++
		}
	}
	return ended
}

// SetDown takes a node off the network, or puts it back. What is sent to it meanwhile is lost.
func (n *Network) SetDown(node *Node, down bool) { node.down = down }

// Run lets time go on by d.
func (n *Network) Run(d time.Duration) {
	until := n.now.Add(d)
	for n.step(until) {
	}
	if n.now.Before(until) {
		n.now = until
	}
}

// RunUntil lets time go on until done says so, at most by d, and reports whether done did.
func (n *Network) RunUntil(d time.Duration, done func() bool) bool {
	until := n.now.Add(d)
	for !done() {
		if !n.step(until) {
			return done()
		}
	}
	return true
}

// Settle lets time go on until nothing is under way and no element wants to be woken, at most by d, and reports whether that is so.
func (n *Network) Settle(d time.Duration) bool {
	until := n.now.Add(d)
	for n.step(until) {
	}
	if len(n.queue) > 0 {
		return false
	}
	for _, node := range n.nodes {
		if !node.Element.Next().IsZero() {
			return false
		}
	}
	return true
}

// step does the next thing that is due by until: a delivery, or an element that wants to be woken. false: there is none.
func (n *Network) step(until time.Time) bool {
	var at time.Time
	var waking *Node
	if len(n.queue) > 0 {
		at = n.queue[0].at
	}
	for _, node := range n.nodes {
		if w := node.Element.Next(); !w.IsZero() && (at.IsZero() || w.Before(at)) {
			at, waking = w, node
		}
	}
	if at.IsZero() || at.After(until) {
		return false
	}
	if at.After(n.now) {
		n.now = at
	}
	if waking != nil {
		waking.Element.Wake(n.now, &waking.out)
		n.flush(waking)
		return true
	}
	n.deliver(heap.Pop(&n.queue).(*delivery))
	return true
}

// flush carries out what an element has asked for.
func (n *Network) flush(node *Node) {
	for i := 0; i < len(node.out.Items); i++ {
		it := node.out.Items[i] // handling it may add more
		switch it.Kind {
		case live.ItemSend:
			n.send(node, it)
		case live.ItemResolve:
			n.resolve(node, it)
		case live.ItemClose:
			n.end(it.Flow.Conn, node)
		case live.ItemSay:
			n.tap(node, &capture.Record{Kind: capture.KindEvent, Event: it.Event, Data: it.Data})
		}
	}
	node.out.Reset()
}

var (
	errNoName  = errors.New("no such host")
	errRefused = errors.New("connection refused")
	errNoConn  = errors.New("the connection has ended")
	errNoNet   = errors.New("network is unreachable")
)

// resolve answers at once, but as a delivery: an element is not called from within its own call.
func (n *Network) resolve(node *Node, it live.Item) {
	var flows []live.Flow
	err := error(nil)
	t := it.Target
	if f, ok := live.FlowOf(t); ok {
		flows = append(flows, f)
	} else if addrs, ok := n.Names[t.Host]; ok {
		for _, a := range addrs {
			t.Host = a.String()
			f, _ := live.FlowOf(t)
			flows = append(flows, f)
		}
	} else {
		err = fmt.Errorf("%s: %w", t.Host, errNoName)
	}
	n.push(&delivery{at: n.now, to: node, run: func(out *live.Outbox) { node.Element.Resolved(n.now, it.Ref, flows, err, out) }})
}

// send puts a message on its way.
func (n *Network) send(node *Node, it live.Item) {
	flow := it.Flow
	if !flow.Local.IsValid() {
		flow.Local = node.Addrs[0]
	}
	data := append([]byte(nil), it.Data...)
	if n.Mute != nil && n.Mute(node) {
		n.refuse(node, flow, it.Ref, data, errNoNet)
		return
	}
	if flow.Reliable() {
		n.sendStream(node, flow, it.Ref, data)
		return
	}
	n.stats.Sent++
	n.tapMessage(node, capture.Sent, flow.Transport, flow.Local, flow.Remote, data)
	to := n.ports[portKey{false, flow.Remote}]
	copies, fate := 1, Carried
	switch {
	case to == nil:
		copies, fate = 0, Nobody
		n.stats.Lost++
	case n.rand.Float64() < n.Faults.Loss:
		copies, fate = 0, Lost
		n.stats.Lost++
	case n.rand.Float64() < n.Faults.Duplicate:
		copies, fate = 2, Doubled
		n.stats.Duplicated++
	}
	n.sent++
	p := Passage{Number: n.sent, From: node, To: to, Flow: flow, Sent: n.now, Fate: fate, Data: data}
	if to != nil {
		seen := live.Flow{Transport: flow.Transport, Local: flow.Remote, Remote: flow.Local}
		for i := range copies {
			p.Arrives[i] = n.now.Add(n.delay())
			n.push(&delivery{at: p.Arrives[i], from: node, to: to, flow: seen, data: data, number: n.sent})
		}
	}
	n.passed(p)
}

func (n *Network) sendStream(node *Node, flow live.Flow, ref uint64, data []byte) {
	id := flow.Conn
	if id == 0 {
		for i, c := range n.conns { // at most one is open between the two
			if c.open && (c.nodes[0] == node && c.flows[0].Remote == flow.Remote && c.flows[0].Transport == flow.Transport ||
				c.nodes[1] == node && c.flows[1].Remote == flow.Remote && c.flows[1].Transport == flow.Transport) {
				id = uint64(i + 1)
			}
		}
	}
	var c *conn
	if id >= 1 && id <= uint64(len(n.conns)) {
		c = n.conns[id-1]
	}
	if c == nil && flow.Conn == 0 {
		to := n.ports[portKey{true, flow.Remote}]
		if to == nil || to.down || n.Cut != nil && n.Cut(node, to) {
			n.refuse(node, flow, ref, data, errRefused)
			return
		}
		id = uint64(len(n.conns) + 1)
		local := netip.AddrPortFrom(flow.Local.Addr(), uint16(49152+id%16384))
		c = &conn{nodes: [2]*Node{node, to}, open: true}
		c.flows[0] = live.Flow{Transport: flow.Transport, Local: local, Remote: flow.Remote, Conn: id, Name: flow.Name}
		c.flows[1] = live.Flow{Transport: flow.Transport, Local: flow.Remote, Remote: local, Conn: id}
		n.conns = append(n.conns, c)
	}
	if c == nil || !c.open {
		n.refuse(node, flow, ref, data, errNoConn)
		return
	}
	n.stats.Sent++
	end := 0
	if c.nodes[0] != node {
		end = 1
	}
	n.tapMessage(node, capture.Sent, flow.Transport, c.flows[end].Local, c.flows[end].Remote, data)
	at := n.now.Add(n.delay())
	if at.Before(c.last) {
		at = c.last
	}
	c.last = at
	n.sent++
	n.push(&delivery{at: at, from: node, to: c.nodes[1-end], flow: c.flows[1-end], data: data, conn: c, number: n.sent})
	n.passed(Passage{Number: n.sent, From: node, To: c.nodes[1-end], Flow: c.flows[end], Sent: n.now, Fate: Carried, Arrives: [2]time.Time{at}, Data: data})
}

func (n *Network) refuse(node *Node, flow live.Flow, ref uint64, data []byte, err error) {
	n.stats.Refused++
	n.sent++
	n.passed(Passage{Number: n.sent, From: node, Flow: flow, Sent: n.now, Fate: Refused, Data: data})
	n.push(&delivery{at: n.now, to: node, run: func(out *live.Outbox) { node.Element.Failed(n.now, flow, ref, err, out) }})
}

// end closes a connection; the other end hears of it after the usual delay, the one that wanted it at once.
func (n *Network) end(id uint64, by *Node) {
	if id < 1 || id > uint64(len(n.conns)) || !n.conns[id-1].open {
		return
	}
	c := n.conns[id-1]
	c.open = false
	n.stats.Ended++
	for i, node := range c.nodes {
		at := n.now
		if node != by {
			at = at.Add(n.delay())
		}
		flow := c.flows[i]
		n.push(&delivery{at: at, to: node, run: func(out *live.Outbox) { node.Element.Closed(n.now, flow, out) }})
	}
}

func (n *Network) delay() time.Duration {
	d := n.Faults.DelayMin
	if n.Faults.DelayMax > d {
		d += time.Duration(n.rand.Int64N(int64(n.Faults.DelayMax-d) + 1))
	}
	return d
}

func (n *Network) deliver(d *delivery) {
	if d.run != nil {
		d.run(&d.to.out)
		n.flush(d.to)
		return
	}
	if cut := d.to.down || n.Cut != nil && n.Cut(d.from, d.to); cut || d.conn != nil && !d.conn.open {
		n.stats.Lost++
		n.passed(Passage{Number: d.number, From: d.from, To: d.to, Flow: d.flow, Sent: n.now, Fate: Cut, Data: d.data})
		if d.conn != nil && d.conn.open {
			// What TCP could not deliver it does not pass over: the connection ends, and each side finds that out.
			n.end(d.flow.Conn, nil)
		}
		return
	}
	n.stats.Delivered++
	if w := (way{d.from, d.to}); d.number < n.newest[w] && d.conn == nil {
		n.stats.Overtaken++
	} else {
		n.newest[w] = d.number
	}
	n.tapMessage(d.to, capture.Received, d.flow.Transport, d.flow.Remote, d.flow.Local, d.data)
	d.to.Element.Receive(n.now, d.flow, d.data, &d.to.out)
	n.flush(d.to)
}

func (n *Network) passed(p Passage) {
	if n.Passed != nil {
		n.Passed(p)
	}
}

func (n *Network) tapMessage(node *Node, way capture.Direction, transport capture.Transport, src, dst netip.AddrPort, data []byte) {
	if n.Tap == nil {
		return
	}
	kind := capture.KindMessage
	if node.media {
		kind = capture.KindMedia
	}
	n.tap(node, &capture.Record{Kind: kind, Direction: way, Data: data,
		Src: capture.Endpoint{Addr: src.Addr(), Port: src.Port(), Transport: transport},
		Dst: capture.Endpoint{Addr: dst.Addr(), Port: dst.Port(), Transport: transport}})
}

func (n *Network) tap(node *Node, rec *capture.Record) {
	if n.Tap == nil {
		return
	}
	node.frames++
	rec.Time = capture.Time{Clock: n.now.UnixNano(), Basis: capture.BasisReceived}
	rec.Origin = capture.Origin{Unit: capture.Frame, Number: node.frames, End: int64(len(rec.Data))}
	n.Tap(node, rec)
}

// delivery is something that will happen to a node.
type delivery struct {
	at    time.Time
	order uint64
	from  *Node
	to    *Node
	flow  live.Flow
	data  []byte
	conn  *conn
	run   func(out *live.Outbox)
	// number is that of its Passage.
	number int
}

func (n *Network) push(d *delivery) {
	n.order++
	d.order = n.order
	heap.Push(&n.queue, d)
}

// deliveries are ordered by time, and by the order in which they were sent.
type deliveries []*delivery

func (q deliveries) Len() int { return len(q) }
func (q deliveries) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q deliveries) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *deliveries) Push(x any)   { *q = append(*q, x.(*delivery)) }
func (q *deliveries) Pop() any {
	old := *q
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return d
}
