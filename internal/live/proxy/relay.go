package proxy

import (
	"bytes"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxycore"
	"sipscribe/internal/live/registrarcore"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// relay is one request being relayed, until its last branch is gone.
type relay struct {
	server  *transaction.Server
	from    live.Flow
	context *proxycore.Context
	// request is kept as long as it may have to be forwarded to somebody else.
	request []byte
	// callID of a request that may begin a dialog, nil: it belongs to one; and the user in its From.
	callID, caller []byte
	// tag is that of responses that are made here. The first response of a phone that has one gives it: so the 200 to a CANCEL has the tag of
	// the 180 and the 487, where no more than one phone has rung (§9.2).
	tag    string
	tagged bool
	branch []*branch
	wake   time.Time // what the context wants, if it is in wakes
	place  int       // in wakes, counted from 1; 0: it is not there
	call   uint64    // of an INVITE that begins a call, or a BYE, whose requests pass here: by calls
	ack    uint64    // of an INVITE whose ACK will bring no token that opens: what it is known by
	method sip.Method
	// believed: what the request asserts of its sender is passed on (assertsHimself).
	believed bool
	final    bool // a final response was given
	ended    bool
}

// over is the user of a server transaction whose relay has ended: the To tag that its responses had. The transaction may outlive the relay,
// over reliable transports above all, and a CANCEL for it gets the same tag (§9.2).
type over string

// branch is a client transaction of a relay.
type branch struct {
	relay    *relay
	number   int
	target   int
	client   *transaction.Client
	account  *attempt // with a gateway that has asked who we are
	breadth  int
	replaced bool // another transaction has taken its place, with credentials
	// cancelled: it is not wanted any more.
	cancelled bool
	flow      live.Flow
	listener  *listener
}

// targets finds where a request goes (§16.5), or the status that it is owed.
func (p *Proxy) targets(now time.Time, m *sip.Message, route *proxycore.Route, uri *sip.URI) ([]proxycore.Target, int) {
	if !route.Responsible || route.Remaining > 0 {
		return []proxycore.Target{{URI: string(route.URI), Q: 1000}}, 0
	}
	return p.locate(now, uri)
}

// locate is the location service (§16.5): the phones that have registered for a URI of ours, else the gateway of its number. Without either, it returns the
// status that is owed. With several domains, a user at an address of the proxy is that of the first of them in which he has a phone.
func (p *Proxy) locate(now time.Time, uri *sip.URI) ([]proxycore.Target, int) {
	named := false
	for _, domain := range p.core.DomainsOf(uri) {
		at := *uri
		at.Host = []byte(domain)
		aor, ok := registrarcore.AOR(&at)
		if !ok {
			break // without a user, in any domain
		}
		named = true
		bindings, err := p.registrar.Lookup(now, aor)
		if err != nil {
			return nil, 500
		}
		var targets []proxycore.Target
		for i := range bindings {
			b := &bindings[i]
			targets = append(targets, proxycore.Target{URI: b.URI, Q: b.Q, Push: b.Path, Flow: b.Flow, Else: elsewhere(b.Flow, b.URI)})
		}
		if len(targets) > 0 {
			return targets, 0
		}
	}
	if r, number, ok := p.routes.Lookup(uri); ok {
		return []proxycore.Target{{URI: number, Q: 1000, User: p.gateways[r.Name]}}, 0
	}
	if named && p.knows(string(sip.Unescape(uri.User))) {
		return nil, 480 // a user, and no phone of his is there
	}
	return nil, 404
}

// elsewhere returns the flow to a contact whose connection may have ended: a new one to the address of the contact, if that is where the old one came
// from. So a phone that is behind no NAT is reached after a restart, and whoever has made the contact up can lead nobody to somebody else.
func elsewhere(f live.Flow, uri string) live.Flow {
	if f.Conn == 0 {
		return live.Flow{}
	}
	t, ok := live.TargetOf([]byte(uri))
	if !ok {
		return live.Flow{}
	}
	next, ok := live.FlowOf(t)
	if !ok || next.Transport != f.Transport || next.Remote.Addr() != f.Remote.Addr().Unmap() {
		return live.Flow{}
	}
	return next
}

// knows reports whether there is a user.
func (p *Proxy) knows(name string) bool {
	if p.cfg.Users == nil {
		return false
	}
	for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5, digest.SHA512256} {
		if _, ok := p.cfg.Users.HA1(name, p.cfg.Realm, a); ok {
			return true
		}
	}
	return false
}

// relay begins to relay a request. fixed: its Request-URI is not ours to change (§16.5). inDialog: its token says so. believed: what it asserts of its sender is true.
func (p *Proxy) relay(now time.Time, from live.Flow, m *sip.Message, targets []proxycore.Target, fixed, inDialog, believed bool, out *live.Outbox) {
	s, err := p.layer.Accept(now, from, m)
	if err != nil {
		p.full(now, from, m, out)
		return
	}
	r := &relay{server: s, from: from, request: bytes.Clone(m.Raw), tag: p.layer.Tag(), method: m.Method, believed: believed}
	if len(m.ToTag()) == 0 {
		from := m.From()
		r.callID, r.caller = bytes.Clone(m.CallID()), bytes.Clone(sip.Unescape(from.URI.User))
	}
	s.User = r
	p.counters.Relayed++
	p.counters.Relaying++
	p.counters.Pending++
	if !p.cfg.NoRecordRoute {
		r.call = p.calls.key(m.CallID())
		p.calls.seen(now, r.call)
	}
	if m.Method == sip.MethodInvite {
		if p.cfg.NoRecordRoute || len(m.ToTag()) > 0 && !inDialog {
			r.ack = p.acks.key(from, m)
		}
		p.buf = live.AppendReply(p.buf[:0], m, from, &live.Reply{Status: 100})
		p.layer.Respond(now, s, p.buf, out)
	}
	r.context = p.core.NewContext(m, targets)
	r.context.Fixed = fixed
	p.handle(now, r, proxycore.Event{Kind: proxycore.EventBegin}, out)
}

// handle gives an event to the context of a relay and does what it wants.
func (p *Proxy) handle(now time.Time, r *relay, e proxycore.Event, out *live.Outbox) {
	if r.ended {
		return
	}
	final := false
	// A transport error while forwarding is another event for the same context, which wants its actions taken first; so is what a target was found to be.
	for events := []proxycore.Event{e}; len(events) > 0; {
		e, events = events[0], events[1:]
		for _, a := range r.context.Handle(now, e) {
			switch a.Kind {
			case proxycore.ActionResolve:
				p.resolve(r, a.Target, out)
			case proxycore.ActionLocate:
				uri := sip.ParseURI([]byte(r.context.Target(a.Target).URI))
				found, status := p.locate(now, &uri)
				events = append(events, proxycore.Event{Kind: proxycore.EventLocated, Target: a.Target, Targets: found, Status: status})
			case proxycore.ActionForward:
				if !p.forward(now, r, a.Branch, a.Target, a.Flow, a.Breadth, nil, out) {
					events = append(events, proxycore.Event{Kind: proxycore.EventTransport, Branch: a.Branch}, proxycore.Event{Kind: proxycore.EventEnded, Branch: a.Branch})
				}
			case proxycore.ActionCancel:
				if b := r.branch[a.Branch]; b != nil && b.client != nil {
					b.cancelled = true
					p.layer.Cancel(now, b.client, a.Reason, nil, out)
				}
			case proxycore.ActionRelay:
				r.relayed(a.Response, e.Message)
				p.layer.Respond(now, r.server, a.Response, out)
				final = final || a.Status >= 200
				p.noteCall(now, r, a.Status)
				if r.ack != 0 && a.Status/100 == 2 {
					p.acks.answered(now, r.ack)
				}
			case proxycore.ActionRespond:
				p.whole.Parse(r.request)
				a.Reply.ToTag = r.tag
				p.buf = live.AppendReply(p.buf[:0], &p.whole, r.from, &a.Reply)
				p.layer.Respond(now, r.server, p.buf, out)
				p.noteCall(now, r, a.Reply.Status)
				final = true
			case proxycore.ActionDrop:
				p.noteCall(now, r, 408)
				final = true
			case proxycore.ActionEnd:
				r.ended = true
				p.finished(r)
				p.wakes.set(r, time.Time{})
				r.request, r.branch = nil, nil
				r.server.User = over(r.tag)
				p.counters.Relaying--
				return
			}
		}
	}
	if final {
		p.finished(r)
		r.request = nil // it goes nowhere else; what is left waits for its timers
	}
	p.wakes.set(r, r.context.Next())
}

// finished takes note that a relay needs no final response any more.
func (p *Proxy) finished(r *relay) {
	if !r.final {
		r.final = true
		p.counters.Pending--
	}
}

// noteCall takes note of a response that begins or ends a call.
func (p *Proxy) noteCall(now time.Time, r *relay, status int) {
	if p.cfg.NoRecordRoute || status < 200 {
		return
	}
	switch {
	case r.method == sip.MethodInvite && status < 300:
		p.calls.answered(now, r.call)
	case r.method == sip.MethodBye && status != 401 && status != 407:
		p.calls.ended(r.call)
	}
}

// relayed takes note of a response that is handed back; came is the one that has just come, if that is it.
func (r *relay) relayed(response []byte, came *sip.Message) {
	if r.tagged {
		return
	}
	if came == nil || !came.IsResponse() {
		came = sip.Parse(response)
	}
	if tag := came.ToTag(); len(tag) > 0 {
		r.tag, r.tagged = string(tag), true
	}
}

// resolve looks the addresses of a target up.
func (p *Proxy) resolve(r *relay, target int, out *live.Outbox) {
	if r.request == nil {
		return
	}
	p.whole.Parse(r.request)
	t := r.context.Target(target)
	f := proxycore.Forward{Route: p.core.Preprocess(&p.whole, r.from), URI: t.URI, Push: t.Push}
	hop, ok := f.NextHop(&p.whole)
	p.ref++
	p.waiting[p.ref] = lookup{relay: r, target: target}
	if !ok {
		hop = live.Target{} // no address: the answer says so
	}
	out.Resolve(p.ref, hop)
}

// forward sends the request to a target (§16.6) as a branch, and reports whether that could be done.
func (p *Proxy) forward(now time.Time, r *relay, number, target int, flow live.Flow, breadth int, account *attempt, out *live.Outbox) bool {
	if r.request == nil {
		return false
	}
	for len(r.branch) <= number {
		r.branch = append(r.branch, nil)
	}
	b := &branch{relay: r, number: number, target: target, breadth: breadth, account: account}
	r.branch[number] = b
	l := p.listenerFor(flow)
	if l == nil {
		return false
	}
	if flow.Conn == 0 && !flow.Local.IsValid() {
		flow.Local = l.Addr
	}
	b.flow, b.listener = flow, l
	t := r.context.Target(target)
	p.whole.Parse(r.request)
	how := proxycore.Forward{Route: p.core.Preprocess(&p.whole, r.from), URI: t.URI, Push: t.Push, Via: l.via, Branch: p.layer.Branch(), From: r.from, Breadth: breadth,
		Unasserted: !r.believed}
	if !p.cfg.Open {
		how.Realms = p.realms
	}
	if !p.cfg.NoRecordRoute && p.whole.Method != sip.MethodRegister {
		d := dialogOf{callID: p.whole.CallID()}
		if r.method == sip.MethodInvite && r.callID != nil && t.Flow.Transport != 0 && p.checksFrom() {
			// A phone of ours: what it sends has as From and To what this one has as To and From (§12.1.1).
			to := p.whole.To()
			d.to, d.user = p.whole.FromTag(), sip.Unescape(to.URI.User)
		}
		how.RecordRoute = p.recordRoute(now, l, r.from, d)
	}
	if account != nil {
		how.Fields = account.fields
	}
	p.buf = proxycore.AppendForward(p.buf[:0], &p.whole, &how)
	c, err := p.layer.Send(now, flow, p.buf, b, out)
	if err != nil {
		return false
	}
	b.client = c
	return true
}

// recordRoute returns our Record-Route values for a request that came by one flow and goes out by a listener, as whoever gets it brings them in the dialog d: one, or where the two sides differ
// one for each, that of the other side topmost (RFC 5658 §4). With them whoever is called finds the caller again.
func (p *Proxy) recordRoute(now time.Time, l *listener, from live.Flow, d dialogOf) []string {
	token := p.seal(now, d, from, nil)
	values := append(p.recorded[:0], p.recordRouteOf(l, token))
	if in := p.listenerFor(live.Flow{Transport: from.Transport, Local: from.Local, Remote: from.Remote}); in != nil && in != l {
		values = append(values, p.recordRouteOf(in, token))
	}
	return values
}

// answeredRoute returns what takes the place of our Record-Route value in a response (§16.7 step 8), so that the caller finds whom the branch leads to.
// "": it stays as it is.
func (p *Proxy) answeredRoute(now time.Time, b *branch, response *sip.Message) string {
	if p.cfg.NoRecordRoute || b.client == nil || p.isOwn(b.flow) || b.relay.callID == nil {
		return ""
	}
	d := dialogOf{callID: b.relay.callID, from: response.FromTag(), to: response.ToTag()}
	g, _ := b.relay.context.Target(b.target).User.(*gateway)
	switch {
	case g != nil && g.session != nil && len(d.to) > 0:
		contact := sip.ParseAddress(response.Value(sip.FieldContact))
		d.target = contact.URI.Raw
	case p.checksFrom() && !p.trusts(b.relay.from):
		g, d.user = nil, b.relay.caller // as he wrote it, whatever has become of it in the response
	default:
		g, d.to = nil, nil
	}
	return p.recordRouteOf(b.listener, p.seal(now, d, b.flow, g))
}

// recordRouteOf returns the Record-Route value of a listener.
func (p *Proxy) recordRouteOf(l *listener, token string) string {
	var text [192]byte
	return string(p.core.AppendRecordRoute(text[:0], l.route, false, token))
}

// acknowledge passes on the ACK for a 2xx, which belongs to no transaction (§13.2.2.4, §16.6). What did not come by a Record-Route of
// ours is nobody's, unless its INVITE did not either, and was answered through here.
func (p *Proxy) acknowledge(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	// First what most of them are: the ACK for a challenge, of which nothing is known here.
	route := p.core.Preprocess(m, from)
	trusted := p.cfg.Open || p.trusts(from)
	var dialog way
	known := false
	if len(route.Token) > 0 {
		dialog, known = p.open(now, within(m, nil), route.Token)
	}
	if !trusted && !known && !p.acks.expected(now, from, m) {
		return
	}
	if p.core.Check(m, from).Outcome != proxycore.OutcomePass {
		return
	}
	f := proxycore.Forward{Route: route}
	if route.Responsible && route.Remaining == 0 && !route.Ours {
		return // it would have to be looked up, and its call was not made through here
	}
	hop, ok := f.NextHop(m)
	if !ok {
		return
	}
	raw := bytes.Clone(m.Raw)
	send := func(flow live.Flow, out *live.Outbox) {
		l := p.listenerFor(flow)
		if l == nil {
			return
		}
		if flow.Conn == 0 {
			flow.Local = l.Addr
		}
		p.whole.Parse(raw)
		how := proxycore.Forward{Route: p.core.Preprocess(&p.whole, from), Via: l.via, Branch: p.layer.Branch(), From: from, Realms: p.realms}
		p.buf = proxycore.AppendForward(p.buf[:0], &p.whole, &how)
		p.counters.Acks++
		out.Send(flow, 0, p.buf)
	}
	if known {
		send(dialog.flow, out)
		return
	}
	if flow, ok := live.FlowOf(hop); ok {
		send(flow, out)
		return
	}
	p.ref++
	p.waiting[p.ref] = lookup{send: send}
	out.Resolve(p.ref, hop)
}
