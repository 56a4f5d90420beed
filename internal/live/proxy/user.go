package proxy

import (
	"encoding/hex"
	"iter"
	"strconv"
	"strings"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxycore"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// user is the proxy as the user of its transactions.
type user Proxy

// Request takes a request that belongs to no transaction.
func (u *user) Request(now time.Time, from live.Flow, m *sip.Message, cancels *transaction.Server, out *live.Outbox) {
	p := (*Proxy)(u)
	if m.Method == sip.MethodAck {
		p.acknowledge(now, from, m, out)
		return
	}
	trusted := p.trusts(from)
	if !trusted && !p.gate.request(now, from.Remote.Addr()) {
		p.counters.Limited++
		p.tell(EventLimited, from, m, Event{Status: 503, Because: "too many requests"})
		p.answer(now, from, m, &live.Reply{Status: 503, Reason: "Too Many Requests From Your Address", Fields: []sip.DraftField{{Name: "Retry-After", Value: "10"}}}, out)
		return
	}
	if m.Method == sip.MethodCancel {
		p.cancel(now, from, m, cancels, out)
		return
	}
	verdict := p.core.Check(m, from)
	switch verdict.Outcome {
	case proxycore.OutcomeDrop:
		return
	case proxycore.OutcomeAnswer:
		p.answer(now, from, m, &verdict.Reply, out)
		return
	}
	route := p.core.Preprocess(m, from)
	uri := sip.ParseURI(route.URI)
	if m.Method == sip.MethodRegister && route.Remaining == 0 && p.core.IsResponsible(&uri) {
		p.register(now, from, m, trusted, out)
		return
	}
	if m.Method == sip.MethodOptions && route.Remaining == 0 && len(uri.User) == 0 && p.core.IsSelf(&uri) {
		// Whether the proxy is there may be asked by anybody (§11: "before issuing an INVITE"); it tells no more than a challenge does.
		reply := live.Reply{Status: 200, Fields: p.options()}
		if p.draining {
			reply = live.Reply{Status: 503, Reason: "Shutting Down", Fields: []sip.DraftField{{Name: "Retry-After", Value: "30"}}}
		}
		p.answer(now, from, m, &reply, out)
		return
	}
	var dialog way
	inDialog := false
	if route.Ours && len(m.ToTag()) > 0 {
		dialog, inDialog = p.open(now, within(m, route.URI), route.Token)
	}
	account := inDialog && dialog.gateway != nil && dialog.shows(m, &route)
	who := "" // the token says that he may go on, and not who he is
	if asked := !inDialog || account && !callsNobody(m.Method); asked && !trusted && !p.cfg.Open {
		var ok bool
		if who, ok = p.identify(now, p.authority, from, m, sip.FieldProxyAuthorization, inDialog, out); !ok {
			return
		}
		if a := m.From(); p.checksFrom() && !p.mayBe(&a.URI, who, m, &uri) {
			p.refuse(now, from, m, &live.Reply{Status: 403, Reason: "From Is Not You"}, out)
			return
		}
	} else if !trusted {
		p.gate.known(now, from.Remote.Addr(), 1)
	}
	if p.draining && !inDialog {
		p.refuse(now, from, m, &live.Reply{Status: 503, Reason: "Shutting Down", Fields: []sip.DraftField{{Name: "Retry-After", Value: "30"}}}, out)
		return
	}
	var targets []proxycore.Target
	status := 0
	if inDialog {
		targets = []proxycore.Target{{URI: string(route.URI), Q: 1000, Flow: dialog.flow, Else: elsewhere(dialog.flow, string(route.URI))}}
		if account {
			targets[0].User = dialog.gateway
		}
	} else {
		targets, status = p.targets(now, m, &route, &uri)
	}
	if len(targets) == 0 {
		p.refuse(now, from, m, &live.Reply{Status: status}, out)
		return
	}
	fixed := inDialog || len(m.ToTag()) > 0 || !route.Responsible || route.Remaining > 0
	believed := trusted || !p.checksFrom() || p.assertsHimself(m, who)
	p.relay(now, from, m, targets, fixed, inDialog, believed, out)
}

// shows reports whether our account may be shown to the gateway of a dialog for a request: for one that calls nobody, which has to get through whatever the gateway's
// Contact has become (§12.2.1.1, target refresh); for another if its Request-URI calls whom the one does that the gateway gave when the dialog began. A gateway may take one whose tags it does not
// know for a new call (§12.2.2), and then dials what the Request-URI says, whatever the routes are. A strict router's URI would take its place (§16.6 step 6). A REFER
// would have the gateway call any number (RFC 3515).
func (w *way) shows(m *sip.Message, route *proxycore.Route) bool {
	if callsNobody(m.Method) {
		return true
	}
	next := proxycore.Forward{Route: *route}
	return w.target && m.Method != sip.MethodRefer && !next.IsStrict(m)
}

// callsNobody reports whether requests of a method can begin nothing: who does not know their dialog can only refuse them (§15.1.2; RFC 3262 §3, RFC 3311, RFC 6086). For those
// the token is enough to have our account shown to the gateway. With another, whoever holds it could have the gateway dial that number again for as long as it is
// good, and so could a user who was taken out: who sends one has to sign in as for a call.
func callsNobody(m sip.Method) bool {
	switch m {
	case sip.MethodBye, sip.MethodPrack, sip.MethodUpdate, sip.MethodInfo:
		return true
	}
	return false
}

// anonymousHost is that of a From that says nothing of who calls (RFC 3323 §4.1.1.3, RFC 3261 §8.1.1.3).
const anonymousHost = "anonymous.invalid"

// mayBe reports whether a user may have an address in From: his own at a domain of ours, or that of nobody. RFC 3261 §22.1 leaves it to whoever
// asks for credentials what they are good for; an address of somebody else, here or at another domain, would be told to the callee as if it were true.
//
// Within a dialog the From of whoever was called is what the caller had dialled (§12.2.1.1), at whatever domain; and of whatever user, if the caller was redirected. A To
// tag proves no dialog, and phones show a MESSAGE, or an INVITE whose tags they do not know, as any other. A BYE tells nobody that somebody is
// calling. Of the rest, what belongs to a dialog comes with a token that has the user of From in its MAC, and is not asked; where no route is recorded none does, and what goes to an address that is none of
// ours is taken for it: there it is a Contact, to which its sender could do without us. No MESSAGE is, which needs no dialog.
func (p *Proxy) mayBe(from *sip.URI, user string, m *sip.Message, to *sip.URI) bool {
	inDialog := len(m.ToTag()) > 0
	if inDialog && m.Method == sip.MethodBye {
		return true
	}
	if p.isHis(from, user) {
		return true
	}
	return inDialog && p.cfg.NoRecordRoute && m.Method != sip.MethodMessage && !p.core.IsResponsible(from) && !p.core.IsResponsible(to)
}

// checksFrom reports whether it matters what somebody has in From who is not trusted.
func (p *Proxy) checksFrom() bool { return !p.cfg.Open && !p.cfg.AnyFrom }

// isHis reports whether an address is a user's own at a domain of ours, or that of nobody. user "": it is not known who he is.
func (p *Proxy) isHis(a *sip.URI, user string) bool {
	if p.core.IsResponsible(a) {
		return user != "" && string(sip.Unescape(a.User)) == user
	}
	return a.IsSIP() && strings.EqualFold(string(a.Host), anonymousHost)
}

// assertsHimself reports whether all that a request says of its sender beside From is true: telephones show P-Asserted-Identity (RFC 3325 §5: what somebody says there who is not
// trusted "MUST" be replaced or removed) and Remote-Party-ID, which many send of themselves, in the place of From.
func (p *Proxy) assertsHimself(m *sip.Message, user string) bool {
	for _, id := range [...]sip.FieldID{sip.FieldPAssertedIdentity, sip.FieldRemotePartyID} {
		if !m.Has(id) {
			continue // the usual case
		}
		for s := range m.Values(id) {
			if a := sip.ParseAddress(m.Text(s)); !p.isHis(&a.URI, user) {
				return false
			}
		}
	}
	return true
}

// trusts reports whether requests over a flow need no credentials.
func (p *Proxy) trusts(from live.Flow) bool {
	for _, n := range p.cfg.Trusted {
		if n.Contains(from.Remote.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// identify finds out who has sent a request (§22.3; the last check of §16.3). Otherwise the request has been answered: without state, unless it is of a dialog that
// went through here. There a transaction takes the ACK for the answer, which brings the token and would be passed on as that for a 2xx.
func (p *Proxy) identify(now time.Time, a *digest.Authority, from live.Flow, m *sip.Message, field sip.FieldID, inDialog bool, out *live.Outbox) (string, bool) {
	answer := (*Proxy).answer
	if inDialog {
		answer = (*Proxy).refuse
	}
	addr := from.Remote.Addr()
	r := digest.Request{Method: m.Method.String(), URI: string(m.Text(m.URISpan)), Source: addr.Unmap()}
	if r.Method == "" {
		r.Method = string(m.MethodName())
	}
	name := ""
	if m.Has(field) {
		name = credentialsName(m, field)
		if wait := p.gate.mustWait(now, addr, name); wait > 0 && !p.gate.hasTried(name, values(m, field)) {
			p.counters.Limited++
			p.tell(EventLimited, from, m, Event{Status: 503, User: name, Wait: wait, Because: "too many wrong passwords"})
			answer(p, now, from, m, &live.Reply{Status: 503, Reason: "Too Many Wrong Passwords",
				Fields: []sip.DraftField{{Name: "Retry-After", Value: strconv.Itoa(int(wait/time.Second) + 1)}}}, out)
			return "", false
		}
	}
	result := a.Check(now, &r, values(m, field))
	switch result.Verdict {
	case digest.Accepted:
		p.gate.succeeded(addr, result.Credentials.Username)
		p.gate.proved(now, addr)
		return result.Credentials.Username, true
	case digest.Malformed:
		answer(p, now, from, m, &live.Reply{Status: 400, Reason: "Bad Credentials"}, out)
		return "", false
	case digest.Refused:
		if p.gate.failed(now, addr, name, values(m, field)) {
			p.counters.WrongPassword++
			p.tell(EventWrongPassword, from, m, Event{User: name, Because: result.Reason.String()})
		}
	case digest.Stale:
		p.counters.Stale++
	}
	p.challenges = a.AppendChallenges(p.challenges[:0], now, &r, result.Verdict == digest.Stale)
	status := 401
	if field == sip.FieldProxyAuthorization {
		status = 407
	}
	reply := live.Reply{Status: status, Fields: p.fields[:0]}
	for i := range p.challenges {
		p.buf = p.challenges[i].AppendTo(p.buf[:0])
		reply.Fields = append(reply.Fields, sip.DraftField{Name: p.challenges[i].Field(), Value: string(p.buf)})
	}
	p.fields = reply.Fields
	p.counters.Challenged++
	answer(p, now, from, m, &reply, out)
	return "", false
}

// credentialsName returns the user name in the first credentials of a request, true or not.
func credentialsName(m *sip.Message, field sip.FieldID) string {
	c := sip.ParseChallenge(m.Value(field))
	name, _ := c.Get("username")
	return string(name[:min(len(name), 64)])
}

// values are the rows of a header field: credentials have commas of their own, so that each row is one (§20.7).
func values(m *sip.Message, field sip.FieldID) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, f := range m.Fields {
			if f.ID == field && !yield(m.Text(f.Value)) {
				return
			}
		}
	}
}

// answer answers a request without a transaction (§8.2.7): whoever asked may be somebody else, so it is sent once, and only as long as that
// address has not been sent too much.
func (p *Proxy) answer(now time.Time, from live.Flow, m *sip.Message, r *live.Reply, out *live.Outbox) {
	if r.Status >= 300 && r.Status != 401 && r.Status != 407 {
		p.counters.Refused++
		if r.Status != 503 {
			p.tell(EventRefused, from, m, Event{Status: r.Status, Because: r.Reason})
		}
	}
	r.ToTag = p.statelessTag(m)
	p.buf = live.AppendReply(p.buf[:0], m, from, r)
	if !p.trusts(from) && !p.keepShort(from, m, r) {
		p.counters.Silenced++
		p.tell(EventSilenced, from, m, Event{Because: "a request so short that its answer would be much longer"})
		return
	}
	if !p.trusts(from) && !p.gate.answer(now, from.Remote.Addr(), len(p.buf)) {
		p.counters.Silenced++
		p.tell(EventSilenced, from, m, Event{Because: "too many answers to somebody who does not say who he is"})
		return
	}
	out.Send(live.ReplyFlow(m, from), 0, p.buf)
}

// keepShort sees to it that an answer in a datagram is not much longer than the request, and reports whether that can be.
func (p *Proxy) keepShort(from live.Flow, m *sip.Message, r *live.Reply) bool {
	longest := len(m.Raw) + maxLonger*max(1, challengesIn(r))
	if from.Reliable() || len(p.buf) <= longest {
		return true
	}
	r.ToTag = r.ToTag[:8]
	p.buf = terse(live.AppendReply(p.buf[:0], m, from, r))
	return len(p.buf) <= longest
}

// maxLonger is by how many bytes for each challenge an answer in a datagram may be longer than the request, whose source may be forged. Requests as
// phones send them are of 300 bytes and more, most of which an answer does not repeat; one that is shorter gets a
// terse answer, and only one that was made to be as short as can be gets none. A connection proves its address, and is not held to it.
const maxLonger = 120

// challengesIn returns how many challenges are in a reply.
func challengesIn(r *live.Reply) int {
	if r.Status == 401 || r.Status == 407 {
		return len(r.Fields)
	}
	return 0
}

// statelessTag returns a To tag that is the same for each repeat of a request (§8.2.7).
func (p *Proxy) statelessTag(m *sip.Message) string {
	var branch []byte
	if v, ok := m.TopVia(); ok {
		branch = v.Branch()
	}
	sum := p.mac([]byte("tag\x00"), m.CallID(), []byte{0}, m.FromTag(), []byte{0}, branch)
	return hex.EncodeToString(sum[:8])
}

// refuse answers a request of somebody known, as a transaction.
func (p *Proxy) refuse(now time.Time, from live.Flow, m *sip.Message, r *live.Reply, out *live.Outbox) {
	if r.Status >= 300 && r.Status != 401 && r.Status != 407 {
		p.counters.Refused++
		p.tell(EventRefused, from, m, Event{Status: r.Status, Because: r.Reason})
	}
	s, err := p.layer.Accept(now, from, m)
	if err != nil {
		p.full(now, from, m, out)
		return
	}
	r.ToTag = p.layer.Tag()
	p.buf = live.AppendReply(p.buf[:0], m, from, r)
	p.layer.Respond(now, s, p.buf, out)
}

// full answers a request for which there is no room.
func (p *Proxy) full(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	p.counters.Full++
	p.tell(EventFull, from, m, Event{Status: 503, Because: "too many transactions"})
	p.answer(now, from, m, &live.Reply{Status: 503, Fields: []sip.DraftField{{Name: "Retry-After", Value: "5"}}}, out)
}

// register takes a REGISTER for a domain of ours (§10.3).
func (p *Proxy) register(now time.Time, from live.Flow, m *sip.Message, trusted bool, out *live.Outbox) {
	if owed, ok := p.registrar.Check(m, from); !ok {
		if !owed.Drop {
			p.answer(now, from, m, &owed.Reply, out)
		}
		return
	}
	authorized := true
	if !trusted && !p.cfg.Open {
		who, ok := p.identify(now, p.registry, from, m, sip.FieldAuthorization, false, out)
		if !ok {
			return
		}
		to := m.To()
		authorized = string(sip.Unescape(to.URI.User)) == who // third parties may not (§10.3 step 4)
	}
	s, err := p.layer.Accept(now, from, m)
	if err != nil {
		p.full(now, from, m, out)
		return
	}
	a := p.registrar.Register(now, m, from, authorized)
	if a.Drop {
		return
	}
	if a.Reply.Status < 300 {
		p.counters.Registered++
		p.tell(EventRegistered, from, m, Event{Status: a.Reply.Status, User: a.AOR, Contacts: len(a.Bindings)})
	} else {
		p.counters.Refused++
		p.tell(EventRefused, from, m, Event{Status: a.Reply.Status, User: a.AOR, Because: a.Because})
	}
	a.Reply.ToTag = p.layer.Tag()
	a.Reply.Fields = append(a.Reply.Fields, sip.DraftField{Name: "Server", Value: p.cfg.Agent})
	p.buf = live.AppendReply(p.buf[:0], m, from, &a.Reply)
	p.layer.Respond(now, s, p.buf, out)
}

// cancel takes a CANCEL (§16.10). It is answered here, and passed on to each branch that still is open. One that fits nothing is answered by 481:
// §16.10 has it forwarded without state, for a proxy that may have forwarded the INVITE so; this one never does, and would only pass on
// what somebody has forged.
func (p *Proxy) cancel(now time.Time, from live.Flow, m *sip.Message, cancels *transaction.Server, out *live.Outbox) {
	if cancels == nil {
		p.answer(now, from, m, &live.Reply{Status: 481}, out)
		return
	}
	if !p.trusts(from) {
		p.gate.known(now, from.Remote.Addr(), 1)
	}
	r, ok := cancels.User.(*relay)
	s, err := p.layer.Accept(now, from, m)
	if err != nil {
		return
	}
	tag := ""
	switch u := cancels.User.(type) {
	case *relay:
		tag = u.tag
	case over:
		tag = string(u)
	default:
		tag = p.layer.Tag()
	}
	p.buf = live.AppendReply(p.buf[:0], m, from, &live.Reply{Status: 200, ToTag: tag})
	p.layer.Respond(now, s, p.buf, out)
	if ok {
		p.handle(now, r, proxycore.Event{Kind: proxycore.EventCancel, Message: m}, out)
	}
}

// Response takes a response to a request that was relayed.
func (u *user) Response(now time.Time, c *transaction.Client, m *sip.Message, out *live.Outbox) {
	p := (*Proxy)(u)
	b, ok := c.User.(*branch)
	if !ok {
		return
	}
	if p.core.CheckResponse(m).Outcome != proxycore.OutcomePass {
		p.counters.NotRelayed++
		return
	}
	if b.cancelled {
		// What the gateway asks for crosses the CANCEL: it is its final answer.
	} else if (m.Status == 401 || m.Status == 407) && p.gatewayAnswers(now, b, c, m, out) {
		return
	}
	if r := b.relay; m.Status > 100 && m.Status < 300 && !r.ended {
		r.context.RecordRoute = p.answeredRoute(now, b, m)
	}
	p.handle(now, b.relay, proxycore.Event{Kind: proxycore.EventResponse, Branch: b.number, Message: m}, out)
}

// StrayResponse is not relayed (RFC 6026 §7.3).
func (u *user) StrayResponse(time.Time, live.Flow, *sip.Message, *live.Outbox) {
	u.counters.NotRelayed++
}

// ClientFailed tells that no final response will come.
func (u *user) ClientFailed(now time.Time, c *transaction.Client, why transaction.End, _ error, out *live.Outbox) {
	p := (*Proxy)(u)
	b, ok := c.User.(*branch)
	if !ok || b.replaced {
		return
	}
	p.counters.NoAnswer++
	p.gatewaySilent(b, why)
	kind := proxycore.EventTimeout
	if why == transaction.EndTransport {
		kind = proxycore.EventTransport
	}
	p.handle(now, b.relay, proxycore.Event{Kind: kind, Branch: b.number}, out)
}

// ServerFailed: nobody is left to be told.
func (u *user) ServerFailed(time.Time, *transaction.Server, transaction.End, error, *live.Outbox) {}

// ClientEnded lets a branch go.
func (u *user) ClientEnded(_ time.Time, c *transaction.Client) {
	p := (*Proxy)(u)
	if b, ok := c.User.(*branch); ok && !b.replaced {
		p.gone = append(p.gone, b)
	}
}

// ServerEnded: the context ends with its branches.
func (u *user) ServerEnded(time.Time, *transaction.Server) {}
