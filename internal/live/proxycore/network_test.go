package proxycore

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// network carries packets between proxies and user agents, by host name, in order and without loss. Transactions are left out: each branch ends
// with its first final response that is no 2xx, or with the last packet.
type network struct {
	t         testing.TB
	proxies   map[string]*proxy
	agents    map[string]func(m *sip.Message) []live.Reply
	queue     []packet
	log       []string
	forwarded int
	branches  map[string]*clientOf // by the whole branch
	servers   map[string]*server   // by proxy and the branch that came
	received  [][]byte             // at alice
}

type packet struct {
	to     string
	data   []byte
	cancel string // instead of data: the branch that a CANCEL names
}

type proxy struct {
	*Core
	name    string
	record  bool
	targets map[string][]string
	status  int // answer everything with it, 0: do not
	fields  []sip.DraftField
}

type server struct {
	proxy *proxy
	x     *Context
	m     *sip.Message
	from  live.Flow
	route Route
	keys  []string
}

type clientOf struct {
	server *server
	n      int
}

func newNetwork(t testing.TB) *network {
	return &network{t: t, proxies: map[string]*proxy{}, agents: map[string]func(*sip.Message) []live.Reply{}, branches: map[string]*clientOf{}, servers: map[string]*server{}}
}

func (w *network) proxy(name string, cfg Config, domain string, targets map[string][]string) *proxy {
	cfg.Hosts, cfg.Domains = []Host{{name, 5060}}, []string{domain}
	p := &proxy{Core: newCore(w.t, cfg), name: name, targets: targets}
	w.proxies[name] = p
	return p
}

func (w *network) send(to string, data []byte) {
	m := sip.Parse(data)
	w.log = append(w.log, strings.TrimSpace(string(m.Text(m.StartLine)))+" > "+to)
	w.queue = append(w.queue, packet{to: to, data: bytes.Clone(data)})
}

// back sends a response to where its topmost Via says.
func (w *network) back(data []byte) {
	v, _ := sip.Parse(data).TopVia()
	w.send(string(v.Host), data)
}

func (w *network) run() {
	for steps := 0; len(w.queue) > 0; steps++ {
		if steps > 100_000 {
			w.t.Fatalf("100,000 packets, %d requests forwarded, and no end", w.forwarded)
		}
		w.step()
	}
}

// step delivers the oldest packet.
func (w *network) step() {
	p := w.queue[0]
	w.queue = w.queue[1:]
	m := sip.Parse(p.data)
	switch px := w.proxies[p.to]; {
	case p.cancel != "":
		w.cancel(p)
	case px != nil && m.IsRequest():
		w.request(px, m)
	case px != nil:
		w.response(px, m)
	case m.IsRequest():
		if answer := w.agents[p.to]; answer != nil {
			for _, r := range answer(m) {
				w.back(live.AppendReply(nil, m, udp("192.0.2.200:5060"), &r))
			}
		}
	default:
		w.received = append(w.received, p.data)
	}
}

func (w *network) request(p *proxy, m *sip.Message) {
	from := udp("192.0.2.100:5060")
	v := p.Check(m, from)
	if v.Outcome == OutcomePass && p.status != 0 {
		v = Verdict{OutcomeAnswer, live.Reply{Status: p.status, Fields: p.fields}, sip.Violation{}}
	}
	switch v.Outcome {
	case OutcomeDrop:
		return
	case OutcomeAnswer:
		w.back(live.AppendReply(nil, m, from, &v.Reply))
		return
	}
	s := &server{proxy: p, m: m, from: from, route: p.Preprocess(m, from)}
	uris := p.targets[string(s.route.URI)]
	if !s.route.Responsible {
		uris = []string{string(s.route.URI)}
	}
	var targets []Target
	for _, u := range uris {
		targets = append(targets, Target{URI: u, Q: 1000})
	}
	s.x = p.NewContext(m, targets)
	top, _ := m.TopVia()
	w.servers[p.name+string(top.Branch())] = s
	w.act(s, Event{Kind: EventBegin})
}

func (w *network) response(p *proxy, m *sip.Message) {
	if p.CheckResponse(m).Outcome != OutcomePass {
		return
	}
	top, _ := m.TopVia()
	c := w.branches[string(top.Branch())]
	if c == nil {
		return // RFC 6026 §7.3: a stray response goes no further
	}
	w.act(c.server, Event{Kind: EventResponse, Branch: c.n, Message: m})
	if m.Status >= 200 {
		w.act(c.server, Event{Kind: EventEnded, Branch: c.n})
	}
}

func (w *network) cancel(p packet) {
	if px := w.proxies[p.to]; px != nil && w.servers[px.name+p.cancel] != nil {
		s := w.servers[px.name+p.cancel]
		w.act(s, Event{Kind: EventCancel})
		return
	}
	if answer := w.agents[p.to]; answer != nil {
		c := w.branches[p.cancel]
		req := AppendForward(nil, c.server.m, w.how(c.server, c.n, "", 1))
		w.back(live.AppendReply(nil, sip.Parse(req), udp("192.0.2.200:5060"), &live.Reply{Status: 487, ToTag: "bob"}))
	}
}

func (w *network) how(s *server, n int, uri string, breadth int) *Forward {
	how := &Forward{Route: s.route, URI: uri, Via: "SIP/2.0/UDP " + s.proxy.name + ":5060", Branch: s.keys[n], From: s.from, Breadth: breadth}
	if s.proxy.record {
		how.RecordRoute = []string{string(s.proxy.AppendRecordRoute(nil, s.proxy.name, false, ""))}
	}
	return how
}

func (w *network) act(s *server, e Event) {
	todo := []Event{e}
	for len(todo) > 0 {
		e, todo = todo[0], todo[1:]
		for _, a := range slices.Clone(s.x.Handle(t0, e)) {
			switch a.Kind {
			case ActionResolve:
				todo = append(todo, Event{Kind: EventResolved, Target: a.Target, Flows: []live.Flow{flow(1)}})
			case ActionForward:
				w.forwarded++
				s.keys = append(s.keys, fmt.Sprintf("z9hG4bK%d", w.forwarded))
				how := w.how(s, a.Branch, s.x.Target(a.Target).URI, a.Breadth)
				out := AppendForward(nil, s.m, how)
				top, _ := sip.Parse(out).TopVia()
				w.branches[string(top.Branch())] = &clientOf{s, a.Branch}
				next, _ := how.NextHop(s.m)
				w.send(next.Host, out)
			case ActionCancel:
				how := w.how(s, a.Branch, s.x.Target(a.Target).URI, 1)
				next, _ := how.NextHop(s.m)
				w.log = append(w.log, "CANCEL > "+next.Host)
				w.queue = append(w.queue, packet{to: next.Host, cancel: s.keys[a.Branch] + "-" + string(appendHex(nil, loopHash(s.m)))})
			case ActionRelay:
				w.back(a.Response)
			case ActionRespond:
				w.back(live.AppendReply(nil, s.m, s.from, &a.Reply))
			}
		}
	}
}

// TestForkingLoopAttack is RFC 5393 §3: two proxies, two users on each, each bound to both users of the other proxy. Unhindered that is 2^71-1
// requests out of one.
func TestForkingLoopAttack(t *testing.T) {
	for _, c := range []struct {
		name          string
		breadth, most int
	}{
		{"in parallel", 60, 30},
		{"one after the other", 1, 30},
	} {
		w := newNetwork(t)
		both := func(at string) []string { return []string{"sip:a@" + at, "sip:b@" + at} }
		w.proxy("p1", Config{MaxBreadth: c.breadth}, "d1", map[string][]string{"sip:a@p1": both("p2"), "sip:b@p1": both("p2")})
		w.proxy("p2", Config{MaxBreadth: c.breadth}, "d2", map[string][]string{"sip:a@p2": both("p1"), "sip:b@p2": both("p1")})
		w.send("p1", request("INVITE sip:a@p1 SIP/2.0", "Via: SIP/2.0/UDP alice;branch=z9hG4bKa").Raw)
		w.run()
		if w.forwarded > c.most || len(w.received) != 1 || sip.Parse(w.received[0]).Status != 482 {
			t.Errorf("%s: %d requests, %d responses:\n%s", c.name, w.forwarded, len(w.received), bytes.Join(w.received, nil))
		}
		for _, s := range w.servers {
			if !s.x.ended || !s.x.Next().IsZero() {
				t.Errorf("%s: a context of %s is left", c.name, s.proxy.name)
			}
		}
	}
}

// TestMaxBreadthBoundsWhatLoopDetectionCannotSee has 2 users more at each hop, so that no request is a loop: a tree that never ends but for
// Max-Forwards, in which no more branches are under way than Max-Breadth allows.
func TestMaxBreadthBoundsWhatLoopDetectionCannotSee(t *testing.T) {
	w := newNetwork(t)
	for _, name := range []string{"p1", "p2"} {
		other := map[string]string{"p1": "p2", "p2": "p1"}[name]
		targets := map[string][]string{}
		for n := range 1 << 6 {
			targets[fmt.Sprintf("sip:%d@%s", n, name)] = []string{fmt.Sprintf("sip:%d@%s", 2*n, other), fmt.Sprintf("sip:%d@%s", 2*n+1, other)}
		}
		w.proxy(name, Config{MaxBreadth: 4}, "d", targets)
	}
	w.send("p1", request("INVITE sip:1@p1 SIP/2.0", "Via: SIP/2.0/UDP alice;branch=z9hG4bKa", "Max-Forwards: 5").Raw)
	for len(w.queue) > 0 {
		w.step()
		open := 0
		for _, s := range w.servers {
			if s.x.outgoing() > s.x.breadth {
				t.Fatalf("outgoing %d of %d", s.x.outgoing(), s.x.breadth)
			}
			for i := range s.x.branches {
				if !s.x.branches[i].done {
					open++
				}
			}
		}
		// Every leaf of the tree that is under way has some of the first Max-Breadth; above it are at most four more hops.
		if open > 4*5 {
			t.Fatalf("%d branches at once", open)
		}
	}
	if w.forwarded > 1<<6 || len(w.received) != 1 || sip.Parse(w.received[0]).Status != 483 {
		t.Errorf("%d requests, answer\n%s", w.forwarded, bytes.Join(w.received, nil))
	}
}

// rfc3665 is the INVITE F1 of RFC 3665 §3.2, and the two proxies on its way.
func rfc3665(t *testing.T) (*network, []byte) {
	w := newNetwork(t)
	w.proxy("ss1.atlanta.example.com", Config{}, "atlanta.example.com", nil).record = true
	w.proxy("ss2.biloxi.example.com", Config{}, "biloxi.example.com", map[string][]string{"sip:bob@biloxi.example.com": {"sip:bob@client.biloxi.example.com"}}).record = true
	// biloxi.example.com is ss2, as its SRV record says.
	w.proxies["biloxi.example.com"] = w.proxies["ss2.biloxi.example.com"]
	sdp := "v=0\r\no=alice 2890844526 2890844526 IN IP4 client.atlanta.example.com\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\nm=audio 49172 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	return w, []byte(wire("INVITE sip:bob@biloxi.example.com SIP/2.0", "Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9", "Max-Forwards: 70",
		"Route: <sip:ss1.atlanta.example.com;lr>", "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl", "To: Bob <sip:bob@biloxi.example.com>",
		"Call-ID: 2xTb9vxSit55XU7p8@atlanta.example.com", "CSeq: 1 INVITE", "Contact: <sip:alice@client.atlanta.example.com>", "Content-Type: application/sdp",
		fmt.Sprintf("Content-Length: %d", len(sdp))) + sdp)
}

func (w *network) expectLog(name string, want ...string) {
	w.t.Helper()
	if got := strings.Join(w.log, "\n"); got != strings.Join(want, "\n") {
		w.t.Errorf("%s: got\n%s\nwant\n%s", name, got, strings.Join(want, "\n"))
	}
}

const (
	toSS1, toSS2, toBob, toAlice = " > ss1.atlanta.example.com", " > ss2.biloxi.example.com", " > client.biloxi.example.com", " > client.atlanta.example.com"
	invite1                      = "INVITE sip:bob@biloxi.example.com SIP/2.0"
	invite2                      = "INVITE sip:bob@client.biloxi.example.com SIP/2.0"
)

// TestSessionThroughTwoProxies is RFC 3665 §3.2, F1 to F13.
func TestSessionThroughTwoProxies(t *testing.T) {
	w, f1 := rfc3665(t)
	var f4 []byte
	w.agents["client.biloxi.example.com"] = func(m *sip.Message) []live.Reply {
		f4 = bytes.Clone(m.Raw)
		contact := []sip.DraftField{{Name: "Contact", Value: "<sip:bob@client.biloxi.example.com>"}}
		return []live.Reply{{Status: 180, ToTag: "314159", Fields: contact}, {Status: 200, ToTag: "314159", Fields: contact}}
	}
	w.send("ss1.atlanta.example.com", f1)
	w.run()
	w.expectLog("§3.2", invite1+toSS1, invite1+" > biloxi.example.com", invite2+toBob, "SIP/2.0 180 Ringing"+toSS2, "SIP/2.0 200 OK"+toSS2,
		"SIP/2.0 180 Ringing"+toSS1, "SIP/2.0 200 OK"+toSS1, "SIP/2.0 180 Ringing"+toAlice, "SIP/2.0 200 OK"+toAlice)
	m := sip.Parse(f4)
	// F4, but for branches, the way that the Via fields tell, and Max-Breadth.
	for _, want := range []string{"Max-Forwards: 68", "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl", "To: Bob <sip:bob@biloxi.example.com>", "CSeq: 1 INVITE",
		"Contact: <sip:alice@client.atlanta.example.com>", "Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.100"} {
		if !strings.Contains(string(f4), "\r\n"+want+"\r\n") {
			t.Errorf("F4 without %q:\n%s", want, f4)
		}
	}
	var rr []string
	for s := range m.Values(sip.FieldRecordRoute) {
		rr = append(rr, string(m.Text(s)))
	}
	if strings.Join(rr, ", ") != "<sip:ss2.biloxi.example.com;lr>, <sip:ss1.atlanta.example.com;lr>" || m.ViaCount() != 3 || m.Has(sip.FieldRoute) || !bytes.Equal(m.BodyBytes(), sip.Parse(f1).BodyBytes()) {
		t.Errorf("F4:\n%s", f4)
	}
	// F8 and F13 at Alice: one Via, both Record-Route values, Bob's tag.
	for _, b := range w.received {
		r := sip.Parse(b)
		if r.ViaCount() != 1 || string(r.ToTag()) != "314159" || r.Count(sip.FieldRecordRoute) != 2 {
			t.Errorf("at Alice:\n%s", b)
		}
	}
}

// TestProxyAuthenticationFurtherOn is the second challenge of RFC 3665 §3.3: that of the proxy behind.
func TestProxyAuthenticationFurtherOn(t *testing.T) {
	w, f1 := rfc3665(t)
	p := w.proxies["ss2.biloxi.example.com"]
	p.status, p.fields = 407, []sip.DraftField{{Name: "Proxy-Authenticate", Value: `Digest realm="biloxi.example.com", nonce="x"`}}
	w.send("ss1.atlanta.example.com", f1)
	w.run()
	if len(w.received) != 1 || string(sip.Parse(w.received[0]).Value(sip.FieldProxyAuthenticate)) != `Digest realm="biloxi.example.com", nonce="x"` {
		t.Errorf("%s", bytes.Join(w.received, nil))
	}
}

// TestUnsuccessfulNoAnswer is RFC 3665 §3.8: the CANCEL goes hop by hop, and the 487 comes back.
func TestUnsuccessfulNoAnswer(t *testing.T) {
	w, f1 := rfc3665(t)
	w.agents["client.biloxi.example.com"] = func(m *sip.Message) []live.Reply { return []live.Reply{{Status: 180, ToTag: "bob"}} }
	w.send("ss1.atlanta.example.com", f1)
	w.run()
	w.log = nil
	w.queue = append(w.queue, packet{to: "ss1.atlanta.example.com", cancel: "z9hG4bK74bf9"})
	w.run()
	w.expectLog("§3.8", "CANCEL > biloxi.example.com", "CANCEL"+toBob, "SIP/2.0 487 Request Terminated"+toSS2, "SIP/2.0 487 Request Terminated"+toSS1, "SIP/2.0 487 Request Terminated"+toAlice)
}
