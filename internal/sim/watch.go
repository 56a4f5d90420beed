package sim

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

// The timers of RFC 3261 §17 with their defaults, which all elements of the simulation have.
const (
	t1      = 500 * time.Millisecond
	t2      = 4 * time.Second
	giveUp  = 64 * t1
	trying  = 200 * time.Millisecond // §17.2.1
	onceTag = "the To tag of the responses to one request is one (RFC 3261 §8.2.6.2)"
)

// nodeKind says what is expected of a node.
type nodeKind uint8

const (
	kindRobot   nodeKind = iota // keeps no rules
	kindHostile                 // breaks them
	kindPhone
	kindProxy
)

// watcher looks at every message that passes, as somebody would who reads all the traces: it knows no element from inside, and derives what each
// must do from what it has sent and received.
type watcher struct {
	w     *world
	nodes []*watched // by place of the node in the network
	known map[netip.Addr]bool
	msg   sip.Message
	check sip.Validator
	found []sip.Violation
	// cancels are the CANCEL transactions by branch, seen from both ends.
	cancels map[string]*cancelSeen
	byes    []byeSeen
}

// watched is what is known of a node.
type watched struct {
	node    *wire.Node
	kind    nodeKind
	clients map[string]*clientSeen
	servers map[string]*serverSeen
	order   []*clientSeen
	served  []*serverSeen
	// seqs are the CSeq numbers that a telephone has used last, by Call-ID and From tag.
	seqs map[string]uint32
	// invite is the last INVITE that came, for hostile peers to see.
	invite invitePassed
	key    []byte
}

type invitePassed struct {
	data      []byte
	transport capture.Transport
}

// byeSeen is a BYE on its way: from which node to which, and whether it came there.
type byeSeen struct {
	callID, tags string
	from, to     *wire.Node
	came         bool
}

func newWatcher(w *world) *watcher {
	return &watcher{w: w, known: map[netip.Addr]bool{}, cancels: map[string]*cancelSeen{}}
}

func (x *watcher) know(node *wire.Node, kind nodeKind) {
	n := &watched{node: node, kind: kind}
	x.nodes = append(x.nodes, n)
	x.known[node.Addrs[0].Addr()] = true
	n.begin()
}

func (n *watched) begin() {
	n.clients, n.servers, n.seqs = map[string]*clientSeen{}, map[string]*serverSeen{}, map[string]uint32{}
	n.order, n.served = nil, nil
}

// of returns what is known of a node.
func (x *watcher) of(node *wire.Node) *watched {
	for _, n := range x.nodes {
		if n.node == node {
			return n
		}
	}
	return nil
}

// forget lets go of what a node should have done: it has been restarted.
func (x *watcher) forget(node *wire.Node) { x.of(node).begin() }

func (x *watcher) lastInvite(node *wire.Node) invitePassed { return x.of(node).invite }

// tap takes a record of a node.
func (x *watcher) tap(node *wire.Node, rec *capture.Record) {
	x.w.record(node, rec)
	if rec.Kind != capture.KindMessage {
		return
	}
	x.w.result.Messages++
	n := x.of(node)
	m := &x.msg
	m.Parse(rec.Data)
	if rec.Direction == capture.Sent && n.kind >= kindPhone {
		x.valid(n, rec, m)
	}
	if m.Kind == sip.KindUnknown || n.kind < kindPhone && rec.Direction == capture.Sent {
		if m.IsRequest() {
			x.passing(n, rec, m)
		}
		return
	}
	now := x.w.net.Now()
	switch {
	case rec.Direction == capture.Sent && m.IsRequest():
		x.passing(n, rec, m)
		n.requestSent(x, now, rec, m)
	case rec.Direction == capture.Sent:
		n.responseSent(x, now, rec, m)
	case m.IsRequest():
		x.passing(n, rec, m)
		if m.Method == sip.MethodInvite && x.w.hostile != nil {
			n.invite = invitePassed{bytes.Clone(rec.Data), rec.Dst.Transport}
		}
		if n.kind >= kindPhone {
			n.requestCame(x, now, rec, m)
		} else if via, ok := m.TopVia(); ok && m.Method == sip.MethodCancel {
			if c := x.cancels[string(via.Branch())]; c != nil {
				c.came++
			}
		}
	case n.kind >= kindPhone:
		n.responseCame(x, now, rec, m)
	}
}

// valid holds what an element sends to the RFCs, and to the topology.
func (x *watcher) valid(n *watched, rec *capture.Record, m *sip.Message) {
	if !x.known[rec.Dst.Addr] {
		x.fail("address", "%s sends to %v, where nobody is\n%s", n.node.Name, rec.Dst, rec.Data)
	}
	if x.w.hostile != nil && rec.Dst.Addr == x.w.hostile.at.Addr() {
		return // an answer to nonsense mirrors it
	}
	x.check.Role, x.check.Stream = sip.RoleProxy, rec.Src.Transport != capture.UDP
	x.found = x.check.Append(x.found[:0], m)
	for _, v := range x.found {
		if v.Severity > sip.SeverityTolerated {
			x.fail("valid", "%s sends what breaks a rule: %s\n%s", n.node.Name, v.Text, rec.Data)
		}
	}
	if m.Kind == sip.KindUnknown {
		x.fail("valid", "%s sends what is not SIP: %q", n.node.Name, rec.Data)
	}
}

// passing keeps track of BYEs, for the sake of calls that one side thinks are going on: a BYE that never arrives is the network's doing.
func (x *watcher) passing(n *watched, rec *capture.Record, m *sip.Message) {
	if m.Method != sip.MethodBye {
		return
	}
	tags := string(m.FromTag()) + "\x00" + string(m.ToTag())
	for i := range x.byes {
		b := &x.byes[i]
		if b.callID != string(m.CallID()) || b.tags != tags {
			continue
		}
		if b.to == nil {
			continue
		}
		if rec.Direction == capture.Received && b.to == n.node && b.from.Addrs[0].Addr() == rec.Src.Addr {
			b.came = true
			return
		}
		if rec.Direction == capture.Sent && b.from == n.node && b.to.Addrs[0].Addr() == rec.Dst.Addr {
			return
		}
	}
	if rec.Direction != capture.Sent {
		return
	}
	for _, to := range x.nodes {
		if to.node.Addrs[0].Addr() == rec.Dst.Addr {
			x.byes = append(x.byes, byeSeen{callID: string(m.CallID()), tags: tags, from: n.node, to: to.node})
		}
	}
}

// refused takes note of what could not be sent: there is no connection, and what is owed then is not a matter of messages.
func (x *watcher) refused(p wire.Passage) {
	n := x.of(p.From)
	m := &x.msg
	m.Parse(p.Data)
	via, _ := m.TopVia()
	if m.IsRequest() {
		if m.Method == sip.MethodAck {
			n.acknowledges(m)
		}
		if c := n.clients[string(n.clientKey(m.Method, via.Branch()))]; c != nil {
			c.ended = true
		}
		if i := n.clients[string(n.clientKey(sip.MethodInvite, via.Branch()))]; i != nil && m.Method == sip.MethodCancel && i.cancel.IsZero() {
			i.cancel = x.w.net.Now()
		}
		if m.Method == sip.MethodBye && p.Flow.Remote.IsValid() {
			x.byes = append(x.byes, byeSeen{callID: string(m.CallID()), from: p.From})
		}
		return
	}
	if s := n.servers[string(n.serverKey(m.CSeq().Method, via.Branch(), p.Flow.Remote.Addr()))]; s != nil {
		s.refused = true
	}
}

// byeLost reports whether a BYE of a call was sent and did not arrive, or was never answered: a proxy may have asked for credentials, and the connection ended
// with the 407 on its way, or the nonces live shorter than the way is long.
func (x *watcher) byeLost(callID string) bool {
	for _, b := range x.byes {
		if b.callID == callID && !b.came {
			return true
		}
	}
	for _, n := range x.nodes {
		if n.kind != kindPhone {
			continue
		}
		if c := n.lastRequest(sip.MethodBye, callID); c != nil && (c.final == 0 || c.final == 401 || c.final == 407) {
			return true
		}
	}
	return false
}

func (x *watcher) fail(rule, format string, args ...any) {
	x.w.result.fail(x.w.net.Now(), rule, fmt.Sprintf(format, args...))
}

// finish looks at what is still owed when everything has settled.
func (x *watcher) finish() {
	now := x.w.net.Now()
	for _, n := range x.nodes {
		if n.kind < kindPhone {
			continue
		}
		for _, c := range n.order {
			c.finish(x, n, now)
		}
		for _, s := range n.served {
			s.finish(x, n, now)
		}
	}
}
