package transaction

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Defaults of Config.MaxClients and Config.MaxServers: at 1 kB each a hundred megabytes.
const (
	DefaultMaxClients = 100_000
	DefaultMaxServers = 100_000
)

// DefaultTrying is how long the user has to answer an INVITE before the layer says 100 (RFC 3261 §17.2.1).
const DefaultTrying = 200 * time.Millisecond

// ErrFull is wrapped by the errors of Accept and Send when the layer has as many transactions as it may. A 503 with Retry-After says it to
// a client (RFC 3261 §21.5.4).
var ErrFull = errors.New("too many transactions")

// Config is what a layer is made of.
type Config struct {
	Timers Timers
	// User is told what comes; it must be there.
	User User
	// Rand gives the random bits of branches and tags (crypto/rand.Reader; a seeded one in a simulation).
	Rand io.Reader
	// MaxClients and MaxServers bound the transactions; 0: the defaults. A CANCEL made by Cancel is not counted, nor one that comes for an
	// INVITE that is there: where there is no room left, calls must still be able to end.
	MaxClients, MaxServers int
	// Trying is when a 100 is sent to an INVITE that the user has not answered; 0: DefaultTrying; below 0: never, because the user
	// does it at once. What RFC 4320 §4.1 wants of other requests is done in any case.
	Trying time.Duration
	// Fields, if there, gives further header fields for an ACK or CANCEL that the layer makes for c (User-Agent, and what a device that is being
	// imitated puts there beside). invite is borrowed. It must not call the layer.
	Fields func(c *Client, method sip.Method, invite *sip.Message) []sip.DraftField
	// Observe, if there, is told each transition, and each event that left the state as it was. It must not call the layer.
	Observe func(Transition)
}

// Layer is the transaction layer of one element (RFC 3261 §17). It is not safe for use by several goroutines; an element that wants
// several has a layer for each.
type Layer struct {
	config Config
	timers Timers

	clients   map[string]*Client
	servers   map[string]*Server
	merges    map[uint64]int
	seed      maphash.Seed
	peers     peers
	slots     slots
	deadlines deadlines
	counts    Counts

	// Those that stand outside the limits: a CANCEL of the layer, and one for an INVITE that is there. No INVITE has more than one.
	ownClients, ownServers int

	epoch time.Time // what instants count from: the first time that the layer was told
	last  time.Time
	ended []*transaction // to be reported at the end of the call
	fresh *Server        // taken on while the user was handed its request
	asked bool           // the user is being handed a request

	noClient, noServer error // built once: a flood gets them often

	pool   [256]byte // of random bits
	chance []byte    // those of it that have not been used

	scratch []byte         // keys
	made    []byte         // ACK, CANCEL
	parsed  sip.Message    // of our own
	batch   []*transaction // of Closed
}

// NewLayer makes an empty layer.
func NewLayer(c Config) *Layer {
	if c.MaxClients <= 0 {
		c.MaxClients = DefaultMaxClients
	}
	if c.MaxServers <= 0 {
		c.MaxServers = DefaultMaxServers
	}
	if c.Trying == 0 {
		c.Trying = DefaultTrying
	}
	return &Layer{
		config: c, timers: c.Timers.filled(), seed: maphash.MakeSeed(),
		clients: map[string]*Client{}, servers: map[string]*Server{}, merges: map[uint64]int{}, peers: peers{},
		noClient: fmt.Errorf("%w: %d client transactions, the limit (MaxClients)", ErrFull, c.MaxClients),
		noServer: fmt.Errorf("%w: %d server transactions, the limit (MaxServers)", ErrFull, c.MaxServers),
	}
}

// Receive takes a message that came over a flow. It belongs to a transaction (§17.1.3, §17.2.3), or the user gets it. m is borrowed.
//
// A response of which a part is missing is discarded (§18.3), and so is such an ACK, which cannot be answered with 400 and will come again. Another
// request goes on: one that comes again has been seen whole, and the user refuses one that is new.
func (l *Layer) Receive(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	l.at(now)
	switch {
	case (m.Kind == sip.KindResponse || m.Method == sip.MethodAck) && !m.IsWhole():
	case m.Kind == sip.KindResponse:
		l.receiveResponse(now, from, m, out)
	case m.Kind == sip.KindRequest:
		l.receiveRequest(now, from, m, out)
	}
	l.report(now)
}

func (l *Layer) receiveResponse(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	var e Event
	switch s := m.Status; {
	case s < 100 || s > 699: // no status code (§7.2)
		return
	case s < 200:
		e = EventProvisional
	case s < 300:
		e = EventSuccess
	default:
		e = EventFailure
	}
	if c := l.client(m); c != nil {
		l.stepClient(now, c, e, m, nil, out)
		return
	}
	l.config.User.StrayResponse(now, from, m, out)
}

func (l *Layer) receiveRequest(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	var cancels *Server
	if m.Method == sip.MethodAck {
		if s := l.acknowledged(m); s != nil {
			if l.stepServer(now, s, EventAck, nil, nil, out)&actTell != 0 {
				l.config.User.Request(now, from, m, nil, out)
			}
			return
		}
	} else {
		if s := l.server(m, m.Method); s != nil {
			l.stepServer(now, s, EventRepeat, nil, nil, out)
			return
		}
		if m.Method == sip.MethodCancel {
			// §9.2. A CANCEL for another request than INVITE (which §9.1 does not want) finds nothing. One from elsewhere is forged: CANCEL
			// cannot be challenged, so that only the hop that sent the request may send it (§22.1).
			if s := l.server(m, sip.MethodInvite); s != nil && sameHop(s.flow, from) {
				cancels = s
			}
		}
	}
	l.asked, l.fresh = true, nil
	l.config.User.Request(now, from, m, cancels, out)
	l.asked = false
	if s := l.fresh; s != nil {
		l.fresh = nil
		l.prepare(s, m)
	}
}

// sameHop reports whether two messages came from one neighbour. The port is not asked: a NAT may have changed it, and over TCP the CANCEL may
// come by another connection.
func sameHop(a, b live.Flow) bool {
	return a.Transport == b.Transport && a.Remote.Addr().Unmap() == b.Remote.Addr().Unmap()
}

// prepare keeps the 100 that will be sent if the user says nothing; the request itself is gone by then.
func (l *Layer) prepare(s *Server, m *sip.Message) {
	if s.kept == nil && s.again != never {
		l.made = live.AppendReply(l.made[:0], m, s.flow, &live.Reply{Status: 100})
		s.kept = clone(l.made)
	}
}

// Accept makes a server transaction for a request that the user got by User.Request, and is called from within that. It fails if there are too
// many (ErrFull), for an ACK, and for a request without Via or that belongs to a transaction already.
//
// An INVITE that was taken on must be answered: no timer ends it while it is Proceeding (Figure 7).
func (l *Layer) Accept(now time.Time, from live.Flow, m *sip.Message) (*Server, error) {
	at := l.at(now)
	if m.Kind != sip.KindRequest || m.Method == sip.MethodAck || m.Method == sip.MethodUnknown {
		return nil, fmt.Errorf("no server transaction for %.20q: it is not a request that is answered", m.Text(m.StartLine))
	}
	merge := uint64(0)
	if m.Method != sip.MethodCancel {
		merge = l.merging(m)
	}
	key, ok := appendServerKey(l.scratch[:0], m, m.Method, m.ToTag())
	l.scratch = key
	if !ok {
		return nil, fmt.Errorf("no server transaction for %s without a Via: its responses have nowhere to go", m.MethodName())
	}
	if l.servers[string(key)] != nil {
		return nil, fmt.Errorf("a server transaction for this %s is there already", m.MethodName())
	}
	s := &Server{merge: merge}
	s.key = string(key)
	s.own = m.Method == sip.MethodCancel && l.server(m, sip.MethodInvite) != nil
	switch {
	case s.own:
		l.ownServers++
	case len(l.servers)-l.ownServers >= l.config.MaxServers:
		l.counts.Refused++
		return nil, l.noServer
	}
	kind := NonInviteServer
	if m.Method == sip.MethodInvite {
		kind = InviteServer
	}
	s.machine = start(kind, from.Reliable())
	s.method, s.flow, s.server = m.Method, from, s
	if via, ok := m.TopVia(); ok {
		s.sentBy = sentByPort(&via)
	}
	s.port = live.ReplyFlow(m, from).Remote.Port()
	l.servers[s.key] = s
	if merge != 0 {
		l.merges[merge]++
	}
	l.enter(&s.transaction)
	l.handle(at, &s.transaction, EventStart)
	if kind == InviteServer && l.config.Trying > 0 {
		s.again = at.after(l.config.Trying)
		l.deadlines.set(&s.transaction, s.machine.next())
	}
	if l.asked {
		l.fresh = s
	} else {
		l.prepare(s, m)
	}
	return s, nil
}

// Respond sends a response, the whole of it as written; its status is read from it.
//
// After a final response nothing goes out but further 2xx to an INVITE that a 2xx was sent to: the core repeats them until the ACK
// comes (RFC 6026 §8.5), and a proxy passes each on (§16.7 step 5). To a request other than INVITE no provisional response goes out but
// 100, over UDP not before RFC 4320 §4.1 allows it; and a 408 only ends the transaction (§4.2).
func (l *Layer) Respond(now time.Time, s *Server, response []byte, out *live.Outbox) {
	l.at(now)
	if e := l.respondEvent(s, response); e != 0 {
		l.stepServer(now, s, e, response, nil, out)
	}
}

// respondEvent returns what a response is to its transaction, 0 if it must not be sent at all.
func (l *Layer) respondEvent(s *Server, response []byte) Event {
	invite := s.kind == InviteServer
	status := statusOf(response)
	if invite && status >= 200 && isOld(s.key) && s.state == StateProceeding {
		l.parsed.Parse(response)
		s.tag = string(l.parsed.ToTag())
	}
	switch {
	case status < 100 || status > 699:
		return 0
	case status == 100:
		return EventSendProvisional
	case status < 200:
		if !invite { // RFC 4320 §4.1: no provisional response other than 100
			return 0
		}
		return EventSendProvisional
	case status < 300:
		return EventSendSuccess
	case status == 408 && !invite: // RFC 4320 §4.2
		return EventSendTimeout
	}
	return EventSendFailure
}

// Send sends a request other than ACK, whose topmost Via has a branch as Branch makes it, as a client transaction; user becomes
// Client.User. It fails if there are too many (ErrFull), or the request cannot be matched to its responses; nothing is sent then.
//
// An INVITE that has had a provisional response waits for the final one without end: the user cancels it (Timer C of a proxy, §16.8; the
// Expires of a user agent, §13.2.1).
func (l *Layer) Send(now time.Time, to live.Flow, request []byte, user any, out *live.Outbox) (*Client, error) {
	l.at(now)
	m := &l.parsed
	m.Parse(request)
	via, ok := m.TopVia()
	switch {
	case m.Kind != sip.KindRequest || m.Method == sip.MethodAck || m.Method == sip.MethodUnknown:
		return nil, fmt.Errorf("no client transaction for %.20q: it is not a request that is answered", request)
	case !ok || !compliant(via.Branch()):
		return nil, fmt.Errorf("no client transaction for %s: the topmost Via has no branch with %s (RFC 3261 §8.1.1.7)", m.MethodName(), sip.MagicCookie)
	case string(m.CSeq().MethodName) != string(m.MethodName()):
		return nil, fmt.Errorf("no client transaction for %s: its CSeq is of %q (RFC 3261 §8.1.1.5)", m.MethodName(), m.CSeq().MethodName)
	}
	key := appendClientKey(l.scratch[:0], m.Method, m.MethodName(), via.Branch())
	l.scratch = key
	if l.clients[string(key)] != nil {
		return nil, fmt.Errorf("a client transaction for %s with branch %s is there already", m.MethodName(), via.Branch())
	}
	if len(l.clients)-l.ownClients >= l.config.MaxClients {
		l.counts.Refused++
		return nil, l.noClient
	}
	c := &Client{User: user}
	c.method = m.Method
	l.begin(now, c, string(key), to, request, out)
	return c, nil
}

// begin puts a client transaction into the tables and sends its request.
func (l *Layer) begin(now time.Time, c *Client, key string, to live.Flow, request []byte, out *live.Outbox) {
	kind := NonInviteClient
	if c.method == sip.MethodInvite {
		kind = InviteClient
	}
	c.machine = start(kind, to.Reliable())
	c.key, c.flow, c.client = key, to, c
	c.request = clone(request)
	l.clients[key] = c
	if c.own {
		l.ownClients++
	}
	l.enter(&c.transaction)
	l.stepClient(now, c, EventStart, nil, nil, out)
}

// errClosed is why a request failed whose connection ended.
var errClosed = errors.New("the connection was closed before a response came")

// Failed tells that what was sent over a flow did not go out. ref is that of the outbox item; one that is not the layer's (Owns) is ignored: that an ACK for a
// 2xx, or an answer without state, did not go out says nothing about the requests that are on their way to the same address.
func (l *Layer) Failed(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox) {
	l.at(now)
	if err == nil {
		err = errors.New("it could not be sent")
	}
	if !Owns(ref) {
		return
	}
	switch t := l.slots.find(ref); {
	case t == nil || t.state == StateTerminated:
	case t.client != nil:
		l.stepClient(now, t.client, EventTransport, nil, err, out)
	case to.Conn != 0 && t.flow.Conn == to.Conn:
		// The connection is gone, which is no failure yet (§18.2.2).
		l.reopen(t.server)
		if t.kept != nil && (t.state == StateCompleted || t.again == never) {
			l.send(t, t.kept, out)
		}
	default:
		l.stepServer(now, t.server, EventTransport, nil, err, out)
	}
	l.report(now)
}

// Closed tells that a connection has ended. Requests that were sent over it and wait for a response have failed, but for an INVITE that is
// Proceeding: its final response may come over a new connection, as those of ours to what came over this one do (§18.2.2).
func (l *Layer) Closed(now time.Time, flow live.Flow, out *live.Outbox) {
	l.at(now)
	l.batch = l.peers.at(l.batch[:0], peer{flow.Transport, flow.Remote})
	for _, t := range l.batch {
		switch {
		case t.state == StateTerminated || t.flow.Conn != flow.Conn && t.flow.Conn != 0:
		case t.client != nil:
			l.stepClient(now, t.client, EventTransport, nil, errClosed, out)
			t.flow.Conn = 0 // an INVITE that goes on sends its ACK or CANCEL over another
		default:
			l.reopen(t.server)
		}
	}
	l.report(now)
}

// reopen lets the responses of a transaction go over a new connection.
func (l *Layer) reopen(s *Server) {
	if s.lost {
		return
	}
	l.peers.remove(&s.transaction)
	s.lost, s.port = true, s.sentBy
	l.peers.add(&s.transaction)
}

// Wake lets the timers fire that are due.
func (l *Layer) Wake(now time.Time, out *live.Outbox) {
	at := l.at(now)
	for len(l.deadlines) > 0 && l.deadlines[0].at <= at {
		t := l.deadlines[0].t
		e, ok := t.due(at)
		switch {
		case !ok:
			l.deadlines.set(t, t.machine.next())
		case t.client != nil:
			l.stepClient(now, t.client, e, nil, nil, out)
		default:
			l.stepServer(now, t.server, e, nil, nil, out)
		}
	}
	l.report(now)
}

// Next returns when Wake should be called; the zero time: never.
func (l *Layer) Next() time.Time {
	switch {
	case len(l.ended) > 0:
		return l.last
	case len(l.deadlines) > 0:
		return l.epoch.Add(time.Duration(l.deadlines[0].at))
	}
	return time.Time{}
}

// Branch returns a branch for a Via: the magic cookie and 128 random bits (§8.1.1.7).
func (l *Layer) Branch() string { return l.random(sip.MagicCookie, 16) }

// Tag returns a tag for From or To: 64 random bits (§19.3 wants at least 32).
func (l *Layer) Tag() string { return l.random("", 8) }

// random returns n random bytes, at most 16, in hexadecimal digits behind a text that is no longer than the magic cookie.
func (l *Layer) random(before string, n int) string {
	if len(l.chance) < n {
		// Many at a time: asking costs more than what is got.
		l.chance = l.pool[:]
		if _, err := io.ReadFull(l.config.Rand, l.chance); err != nil {
			// Without chance every branch is the same, and every call with it.
			panic("transaction: no random bits: " + err.Error())
		}
	}
	var text [len(sip.MagicCookie) + 32]byte
	b := hex.AppendEncode(append(text[:0], before...), l.chance[:n])
	clear(l.chance[:n])
	l.chance = l.chance[n:]
	return string(b)
}

// at returns now as an instant.
func (l *Layer) at(now time.Time) instant {
	if l.epoch.IsZero() {
		l.epoch = now
	}
	l.last = now
	return instant(now.Sub(l.epoch))
}
