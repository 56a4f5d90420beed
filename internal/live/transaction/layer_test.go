package transaction

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

var (
	overUDP = live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort("192.0.2.9:5060")}
	overTCP = live.Flow{Transport: capture.TCP, Remote: netip.MustParseAddrPort("192.0.2.9:40000"), Conn: 7}
)

// chance is a source of random bits that is the same each time.
type chance struct{ *rand.ChaCha8 }

// bench is a layer with a user that writes down what happens, at a time that only moves when it is told. What goes out is written as
// "> …".
type bench struct {
	t   testing.TB
	l   *Layer
	now time.Time
	out live.Outbox
	log []string

	accept   bool // take on what comes
	onServer func(s *Server, m *sip.Message, cancels *Server)
	onFinal  func(c *Client, m *sip.Message)
	server   *Server     // the last one that was taken on
	cancels  *Server     // what the last CANCEL was for
	err      error       // of the last Accept
	sent     []live.Item // all that went out
	began    map[any]bool
	over     map[any]bool
	failed   map[*Client]bool
	finals   map[*Client]int
}

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newBench(t testing.TB, c Config) *bench {
	b := &bench{t: t, now: began, accept: true, began: map[any]bool{}, over: map[any]bool{}, failed: map[*Client]bool{}, finals: map[*Client]int{}}
	c.User = b
	if c.Rand == nil {
		c.Rand = chance{rand.NewChaCha8([32]byte{1})}
	}
	b.l = NewLayer(c)
	return b
}

func (b *bench) say(format string, args ...any) {
	b.flush()
	b.log = append(b.log, fmt.Sprintf(format, args...))
}

// flush writes down what went out.
func (b *bench) flush() {
	for _, i := range b.out.Items {
		m := sip.Parse(i.Data)
		b.log = append(b.log, "> "+name(m))
		i.Data = slices.Clone(i.Data)
		b.sent = append(b.sent, i)
		if !Owns(i.Ref) {
			b.t.Errorf("%s goes out without a ref", name(m))
		}
	}
	b.out.Reset()
}

func name(m *sip.Message) string {
	if m.IsResponse() {
		return fmt.Sprint(m.Status, " ", string(m.MethodName()))
	}
	return string(m.MethodName())
}

func (b *bench) Request(now time.Time, from live.Flow, m *sip.Message, cancels *Server, out *live.Outbox) {
	b.say("request %s", name(m))
	b.cancels = cancels
	if m.Method == sip.MethodAck || !b.accept {
		return
	}
	var s *Server
	if s, b.err = b.l.Accept(now, from, m); b.err != nil {
		return
	}
	b.server, b.began[s] = s, true
	if b.onServer != nil {
		b.onServer(s, m, cancels)
	}
}

func (b *bench) Response(now time.Time, c *Client, m *sip.Message, out *live.Outbox) {
	b.say("response %s", name(m))
	if b.over[c] {
		b.t.Errorf("%s comes to a client that has ended", name(m))
	}
	if c.Request() == nil && !(m.Status/100 == 2 && b.finals[c] > 0) {
		b.t.Errorf("%s: the request is gone before the user could see it", name(m))
	}
	if m.IsFinal() {
		b.finals[c]++
		if b.finals[c] > 1 && (c.Method() != sip.MethodInvite || m.Status >= 300) {
			b.t.Errorf("%s: a second final response", name(m))
		}
		if b.onFinal != nil {
			b.onFinal(c, m)
		}
	}
}

func (b *bench) StrayResponse(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {
	b.say("stray %s", name(m))
}

func (b *bench) ClientFailed(now time.Time, c *Client, why End, err error, out *live.Outbox) {
	b.say("%s failed: %v", c.Method(), why)
	if b.over[c] || b.failed[c] {
		b.t.Errorf("a client failed that has ended, or twice")
	}
	b.failed[c] = true
	if err == nil {
		b.t.Error("a failure without a reason")
	}
	if b.finals[c] > 0 {
		b.t.Errorf("%s failed after its final response", c.Method())
	}
}

func (b *bench) ServerFailed(now time.Time, s *Server, why End, err error, out *live.Outbox) {
	b.say("server %s failed: %v", s.Method(), why)
	if err == nil {
		b.t.Error("a failure without a reason")
	}
}

func (b *bench) ClientEnded(now time.Time, c *Client) { b.ended(c, c.State()) }
func (b *bench) ServerEnded(now time.Time, s *Server) { b.ended(s, s.State()) }

func (b *bench) ended(x any, state State) {
	if c, ok := x.(*Client); ok {
		if c.own && !b.over[x] {
			b.began[x] = true // one that the layer made
		}
		if c.Request() != nil || c.kept != nil {
			b.t.Errorf("a %s that has ended keeps its request", c.Method())
		}
	}
	if !b.began[x] || b.over[x] || state != StateTerminated {
		b.t.Errorf("%T ended that is %v, or twice", x, state)
	}
	delete(b.began, x)
	b.over[x] = true
}

// message joins lines to a message; "|" ends a line.
func message(text string) []byte {
	return []byte(strings.ReplaceAll(text, "|", "\r\n") + "\r\n\r\n")
}

// request writes a request with a branch.
func request(method, branch string, more ...string) []byte {
	text := method + " sip:bob@example.com SIP/2.0|Via: SIP/2.0/UDP 192.0.2.9:5060;branch=" + branch + "|From: <sip:alice@example.com>;tag=a|To: <sip:bob@example.com>|" +
		"Call-ID: c@example.com|CSeq: 1 " + method + "|Max-Forwards: 70"
	for _, m := range more {
		text += "|" + m
	}
	return message(text)
}

// response writes a response to what the layer sent, as a server does that answers.
func response(status int, to []byte, tag string) []byte {
	return live.AppendReply(nil, sip.Parse(to), overUDP, &live.Reply{Status: status, ToTag: tag})
}

func (b *bench) receive(data []byte) { b.receiveFrom(overUDP, data) }

func (b *bench) receiveFrom(from live.Flow, data []byte) {
	b.l.Receive(b.now, from, sip.Parse(data), &b.out)
	b.flush()
}

func (b *bench) send(to live.Flow, data []byte) *Client {
	c, err := b.l.Send(b.now, to, data, nil, &b.out)
	if err != nil {
		b.t.Helper()
		b.t.Fatal(err)
	}
	b.began[c] = true
	b.flush()
	return c
}

func (b *bench) respond(s *Server, status int, m []byte) {
	b.l.Respond(b.now, s, response(status, m, "b"), &b.out)
	b.flush()
}

// cancel cancels; the CANCEL's own transaction is known to the bench when it is in the table.
func (b *bench) cancel(c *Client, reason string) {
	b.l.Cancel(b.now, c, reason, "cancel", &b.out)
	b.adopt()
	b.flush()
}

// adopt takes note of the transactions that the layer made by itself.
func (b *bench) adopt() {
	for _, c := range b.l.clients {
		if c.own {
			b.began[c] = true
		}
	}
}

// sleep lets time pass, and everything fire on the way.
func (b *bench) sleep(d time.Duration) {
	end := b.now.Add(d)
	for {
		b.adopt()
		next := b.l.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		b.now = next
		b.l.Wake(b.now, &b.out)
		b.flush()
		if n := b.l.Next(); !n.IsZero() && !n.After(b.now) {
			b.t.Fatalf("after Wake the next one is %v ago", b.now.Sub(n))
		}
	}
	b.now = end
}

// want compares what was written down since the last time.
func (b *bench) want(lines ...string) {
	b.t.Helper()
	b.flush()
	if !slices.Equal(b.log, lines) {
		b.t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(b.log, "\n\t"), strings.Join(lines, "\n\t"))
	}
	b.log = nil
}

// gone wants nothing to be left of anything, once all timers have ended.
func (b *bench) gone() {
	b.t.Helper()
	b.sleep(time.Hour)
	b.log = nil
	empty(b)
}

func empty(b *bench) {
	b.t.Helper()
	l := b.l
	if n := l.counts.All(); n != 0 || len(l.clients)+len(l.servers)+len(l.merges)+len(l.peers)+len(l.deadlines)+len(l.ended)+l.ownClients+l.ownServers != 0 || len(l.slots.free) != len(l.slots.list) {
		b.t.Errorf("left: %d transactions, %d clients, %d servers, %d merges, %d peers, %d deadlines, %d of %d slots", n, len(l.clients), len(l.servers),
			len(l.merges), len(l.peers), len(l.deadlines), len(l.slots.list)-len(l.slots.free), len(l.slots.list))
	}
	if len(b.began) != 0 {
		b.t.Errorf("%d transactions were not reported as ended", len(b.began))
	}
	if !l.Next().IsZero() {
		b.t.Errorf("an empty layer wants to be woken")
	}
}

func TestCallOfTheSeed(t *testing.T) {
	b := newBench(t, Config{})
	var retry []byte
	b.onFinal = func(c *Client, m *sip.Message) {
		if m.Status == 407 {
			retry = []byte(strings.Replace(string(c.Request()), "CSeq: 1", "Proxy-Authorization: Digest x|CSeq: 2", 1))
			retry = []byte(strings.Replace(strings.Replace(string(retry), "|", "\r\n", 1), "z9hG4bKone", "z9hG4bKtwo", 1))
		}
	}
	first := request("INVITE", "z9hG4bKone")
	b.send(overUDP, first)
	b.sleep(600 * ms)
	b.receive(response(407, first, "p"))
	b.receive(response(407, first, "p"))
	b.want("> INVITE", "> INVITE", "> ACK", "response 407 INVITE", "> ACK")
	c := b.send(overUDP, retry)
	b.receive(response(100, retry, ""))
	b.receive(response(180, retry, "b"))
	b.sleep(16 * s)
	b.cancel(c, "")
	cancel := b.l.clients["\x04z9hG4bKtwo"]
	b.receive(response(200, cancel.Request(), "b"))
	b.receive(response(487, retry, "b"))
	b.want("> INVITE", "response 100 INVITE", "response 180 INVITE", "> CANCEL", "response 200 CANCEL", "> ACK", "response 487 INVITE")
	b.gone()
}

func TestAckAndCancel(t *testing.T) {
	b := newBench(t, Config{Fields: func(c *Client, method sip.Method, invite *sip.Message) []sip.DraftField {
		return []sip.DraftField{{Name: "User-Agent", Value: method.String() + "\r\nEvil: 1"}}
	}})
	invite := message("INVITE sip:bob@192.0.2.4;ob SIP/2.0|Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKproxy;rport|v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKua|" +
		"Route: <sip:p1;lr>,| <sip:p2;lr>|Max-Forwards: 61|Require: 100rel|Proxy-Require: x|Route: <sip:p3;lr>|From: A <sip:a@h>;tag=1|To: <sip:b@h>|i: c1@h|" +
		"CSeq: 000314 INVITE|Authorization: Digest a|Proxy-Authorization: Digest b|Proxy-Authorization: Digest c|Contact: <sip:a@192.0.2.1>|Content-Length: 0")
	head := "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKproxy;rport|Route: <sip:p1;lr>, <sip:p2;lr>|Route: <sip:p3;lr>|From: A <sip:a@h>;tag=1|"
	last := func() string {
		b.flush()
		return strings.TrimSuffix(strings.ReplaceAll(string(b.sent[len(b.sent)-1].Data), "\r\n", "|"), "||")
	}
	c, err := b.l.Send(b.now, overUDP, invite, nil, &b.out)
	if err != nil {
		t.Fatal(err)
	}
	b.flush()
	if b.sent[0].Flow != overUDP || string(b.sent[0].Data) != string(invite) || c.Branch() != "z9hG4bKproxy" {
		t.Errorf("the INVITE is sent as it is: %+v", b.sent[0])
	}
	b.receive(response(180, invite, "x"))
	b.l.Cancel(b.now, c, `SIP;cause=200;text="Call completed elsewhere"`, nil, &b.out)
	if got, want := last(), "CANCEL sip:bob@192.0.2.4;ob SIP/2.0|"+head+"To: <sip:b@h>|Call-ID: c1@h|CSeq: 314 CANCEL|Max-Forwards: 61|"+
		`Reason: SIP;cause=200;text="Call completed elsewhere"|User-Agent: CANCEL Evil: 1|Content-Length: 0`; got != want {
		t.Errorf("CANCEL, RFC 3261 §9.1:\n got %s\nwant %s", got, want)
	}
	b.receive(response(487, invite, "y"))
	if got, want := last(), "ACK sip:bob@192.0.2.4;ob SIP/2.0|"+head+"To: <sip:b@h>;tag=y|Call-ID: c1@h|CSeq: 314 ACK|Max-Forwards: 61|"+
		"Authorization: Digest a|Proxy-Authorization: Digest b|Proxy-Authorization: Digest c|User-Agent: ACK Evil: 1|Content-Length: 0"; got != want {
		t.Errorf("ACK, RFC 3261 §17.1.1.3, §22.1:\n got %s\nwant %s", got, want)
	}
	if f := b.sent[len(b.sent)-1].Flow; f != overUDP {
		t.Errorf("the ACK goes to %v, the INVITE went to %v", f, overUDP)
	}
	ack := last()
	n := len(b.sent)
	b.receive(response(487, invite, "y"))
	if len(b.sent) != n+1 || last() != ack {
		t.Errorf("the ACK for a response that comes again is %d messages, or another one", len(b.sent)-n)
	}
}

func TestWhatIsSentAgainIsTheSameBytes(t *testing.T) {
	b := newBench(t, Config{})
	r := request("OPTIONS", "z9hG4bK1")
	b.receive(r)
	answer := response(200, r, "random")
	b.l.Respond(b.now, b.server, answer, &b.out)
	answer[0], answer[len(answer)-1] = 'X', 'X' // the layer has its own
	b.l.Receive(b.now, overUDP, sip.Parse(r), &b.out)
	if len(b.out.Items) != 2 || string(b.out.Items[0].Data) != string(b.out.Items[1].Data) || b.out.Items[0].Flow != b.out.Items[1].Flow {
		t.Errorf("sent %d times, or not the same", len(b.out.Items))
	}
	b.flush()
	b.gone()
}

// TestMatching has RFC 3261 §17.1.3 and §17.2.3.
func TestMatching(t *testing.T) {
	b := newBench(t, Config{})
	invite := request("INVITE", "z9hG4bKx")
	b.send(overUDP, invite)
	b.want("> INVITE")
	for _, c := range []struct {
		name  string
		data  []byte
		wants string
	}{
		{"another branch is a stray", []byte(strings.Replace(string(response(180, invite, "b")), "z9hG4bKx", "z9hG4bKy", 1)), "stray 180 INVITE"},
		{"another method in CSeq is a stray", []byte(strings.Replace(string(response(200, invite, "b")), "1 INVITE", "1 CANCEL", 1)), "stray 200 CANCEL"},
		{"a method in other case is another method", []byte(strings.Replace(string(response(200, invite, "b")), "1 INVITE", "1 Invite", 1)), "stray 200 Invite"},
		{"no Via at all is a stray", message("SIP/2.0 200 OK|CSeq: 1 INVITE"), "stray 200 INVITE"},
		{"no CSeq is a stray", message("SIP/2.0 200 OK|Via: SIP/2.0/UDP h;branch=z9hG4bKx"), "stray 200 "},
		{"the topmost Via counts", []byte(strings.Replace(string(response(200, invite, "b")), "Via: ", "Via: SIP/2.0/UDP h;branch=z9hG4bKy, ", 1)), "stray 200 INVITE"},
		{"sent-by of a response is not asked", []byte(strings.Replace(string(response(180, invite, "b")), "192.0.2.9:5060", "192.0.2.8", 1)), "response 180 INVITE"},
		{"from anywhere, with a long header before it", response(183, invite, "c"), "response 183 INVITE"},
		{"no status code at all", []byte(strings.Replace(string(response(180, invite, "b")), "180", "099", 1)), ""},
		{"one that is none", []byte(strings.Replace(string(response(180, invite, "b")), "180", "700", 1)), ""},
	} {
		b.receive(c.data)
		if got := strings.Join(b.log, "; "); got != c.wants {
			t.Errorf("%s: %q, want %q", c.name, got, c.wants)
		}
		b.log = nil
	}
	b.receive(response(486, invite, "b"))
	b.gone()

	b.receive(request("OPTIONS", "z9hG4bKr"))
	b.want("request OPTIONS")
	server := func(from, to string, data []byte) []byte { return []byte(strings.Replace(string(data), from, to, 1)) }
	b.accept = false
	for _, c := range []struct {
		name string
		data []byte
		new  bool
	}{
		{"the same is a repeat", request("OPTIONS", "z9hG4bKr"), false},
		{"whatever else is in it", server("tag=a", "tag=q", request("OPTIONS", "z9hG4bKr")), false},
		{"another branch is another", request("OPTIONS", "z9hG4bKs"), true},
		{"another sent-by is another", server("192.0.2.9:5060", "192.0.2.8:5060", request("OPTIONS", "z9hG4bKr")), true},
		{"another port of sent-by too", server("192.0.2.9:5060", "192.0.2.9:5061", request("OPTIONS", "z9hG4bKr")), true},
		{"no port is 5060", server("192.0.2.9:5060", "192.0.2.9", request("OPTIONS", "z9hG4bKr")), false},
		{"another method is another", request("INFO", "z9hG4bKr"), true},
	} {
		b.receive(c.data)
		if got := len(b.log) > 0; got != c.new {
			t.Errorf("%s: new is %v", c.name, got)
		}
		b.log = nil
	}
	b.respond(b.server, 200, request("OPTIONS", "z9hG4bKr"))
	b.gone()
}

// What is cut off in a datagram is no response, and no ACK (RFC 3261 §18.3): the machine is not moved, and the whole one counts when it comes.
func TestWhatIsCutOffIsNoResponse(t *testing.T) {
	b := newBench(t, Config{})
	invite := request("INVITE", "z9hG4bKx")
	b.send(overUDP, invite)
	busy := response(486, invite, "b")
	end := strings.Index(string(busy), "Content-Length")
	short := []byte(strings.Replace(string(busy), "Content-Length: 0", "Content-Length: 7", 1) + "v=0\r\n")
	for _, cut := range [][]byte{busy[:end-3], busy[:end], short} {
		b.receive(cut)
	}
	b.want("> INVITE")
	b.receive(busy)
	b.want("> ACK", "response 486 INVITE")
	b.gone()

	b.receive(request("INVITE", "z9hG4bKs"))
	b.respond(b.server, 486, request("INVITE", "z9hG4bKs"))
	ack := request("ACK", "z9hG4bKs")
	b.receive(ack[:len(ack)-2])
	b.want("request INVITE", "> 486 INVITE")
	b.sleep(500 * ms)
	b.want("> 486 INVITE")
	b.receive(ack)
	b.sleep(2 * s)
	b.want()
	b.gone()
}

func TestHostOfSentByKnowsNoCase(t *testing.T) {
	b := newBench(t, Config{})
	r := strings.Replace(string(request("OPTIONS", "z9hG4bKr")), "192.0.2.9:5060", "Host.Example.COM", 1)
	b.receive([]byte(r))
	b.receive([]byte(strings.Replace(r, "Host.Example.COM", "host.example.com:5060", 1)))
	b.want("request OPTIONS")
}

// TestOldPeers has the rules for RFC 2543 (RFC 3261 §17.2.3, RFC 6026 §6), for a branch without the cookie, with nothing behind it, and for none.
func TestOldPeers(t *testing.T) {
	for _, branch := range []string{"1", "z9hG4bK", ""} {
		old := func(method string, changes ...string) []byte {
			r := string(request(method, branch))
			if branch == "" {
				r = strings.Replace(r, ";branch=", "", 1)
			}
			for i := 0; i+1 < len(changes); i += 2 {
				r = strings.Replace(r, changes[i], changes[i+1], 1)
			}
			return []byte(r)
		}
		b := newBench(t, Config{})
		b.receive(old("INVITE"))
		b.receive(old("INVITE"))
		b.want("request INVITE")
		s := b.server
		for _, c := range [][]string{{"sip:bob@", "sip:eve@"}, {"tag=a", "tag=q"}, {"c@example", "d@example"}, {"CSeq: 1", "CSeq: 2"}, {"192.0.2.9:5060", "192.0.2.9:5061"},
			{"To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b"}} {
			b.accept = false
			b.receive(old("INVITE", c...))
			if len(b.log) != 1 {
				t.Errorf("branch %q: with %s an INVITE is another", branch, c[1])
			}
			b.log = nil
			b.accept = true
		}
		b.receive(old("CANCEL"))
		if b.cancels != s {
			t.Errorf("branch %q: the CANCEL finds %v", branch, b.cancels)
		}
		b.respond(b.server, 200, old("CANCEL"))
		b.respond(s, 487, old("INVITE"))
		b.want("request CANCEL", "> 200 CANCEL", "> 487 INVITE")
		b.receive(old("ACK", "bob@example.com>", "bob@example.com>;tag=other"))
		b.want("request ACK") // that of another response
		b.receive(old("ACK", "To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b"))
		b.receive(old("ACK", "To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b"))
		b.want()
		if s.State() != StateConfirmed {
			t.Errorf("branch %q: after the ACK the INVITE is %v", branch, s.State())
		}
		b.gone()

		// RFC 6026 §6: by these rules an ACK for a 2xx matches, and must be passed on.
		b = newBench(t, Config{})
		b.receive(old("INVITE"))
		b.respond(b.server, 200, old("INVITE"))
		b.receive(old("ACK", "To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b"))
		b.want("request INVITE", "> 200 INVITE", "request ACK")
		b.gone()

		// Within a dialog the INVITE has the tag too.
		b = newBench(t, Config{})
		tag := []string{"To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b"}
		b.receive(old("INVITE", tag...))
		b.respond(b.server, 488, old("INVITE", tag...))
		b.receive(old("ACK", tag...))
		b.want("request INVITE", "> 488 INVITE")
		b.gone()
	}
}

func TestLongKeysAreNotKept(t *testing.T) {
	b := newBench(t, Config{})
	long := request("OPTIONS", "z9hG4bK"+strings.Repeat("x", 60000))
	b.receive(long)
	b.receive(long)
	b.receive(request("OPTIONS", "z9hG4bK"+strings.Repeat("x", 59999)+"y"))
	b.want("request OPTIONS", "request OPTIONS")
	for key := range b.l.servers {
		if len(key) > longestKey {
			t.Errorf("a key of %d bytes is kept", len(key))
		}
	}
}

// TestCancelClient has the cells of the CANCEL matrix that are a client's.
func TestCancelClient(t *testing.T) {
	invite := request("INVITE", "z9hG4bKi")
	cancelOf := func(b *bench) []byte { return b.l.clients["\x04z9hG4bKi"].Request() }
	for _, c := range []struct {
		name string
		do   func(b *bench, c *Client)
		want []string
	}{
		{"before any response it is held, and sent after the 100", func(b *bench, c *Client) {
			b.cancel(c, "")
			b.sleep(600 * ms)
			b.receive(response(100, invite, ""))
			b.adopt()
			b.receive(response(200, cancelOf(b), "b"))
			b.receive(response(487, invite, "b"))
		}, []string{"> INVITE", "> INVITE", "response 100 INVITE", "> CANCEL", "response 200 CANCEL", "> ACK", "response 487 INVITE"}},
		{"it is dropped if a final response comes first", func(b *bench, c *Client) {
			b.cancel(c, "")
			b.receive(response(486, invite, "b"))
		}, []string{"> INVITE", "> ACK", "response 486 INVITE"}},
		{"a 200 that comes first is passed up", func(b *bench, c *Client) {
			b.cancel(c, "")
			b.receive(response(200, invite, "b"))
		}, []string{"> INVITE", "response 200 INVITE"}},
		{"held, and never an answer: timer B", func(b *bench, c *Client) {
			b.cancel(c, "")
			b.sleep(32 * s)
		}, []string{"> INVITE", "> INVITE", "> INVITE", "> INVITE", "> INVITE", "> INVITE", "> INVITE", "INVITE failed: timeout"}},
		{"a 200 that crosses it is passed up, each one", func(b *bench, c *Client) {
			b.receive(response(180, invite, "b"))
			b.cancel(c, "")
			b.receive(response(200, invite, "b"))
			b.receive(response(481, cancelOf(b), "b"))
			b.receive(response(200, invite, "b"))
		}, []string{"> INVITE", "response 180 INVITE", "> CANCEL", "response 200 INVITE", "response 481 CANCEL", "response 200 INVITE"}},
		{"a 2xx of a branch that lost is passed up", func(b *bench, c *Client) {
			b.receive(response(200, invite, "b"))
			b.receive(response(200, invite, "c"))
			b.receive(response(486, invite, "d"))
		}, []string{"> INVITE", "response 200 INVITE", "response 200 INVITE"}},
		{"after a final response there is nothing to cancel", func(b *bench, c *Client) {
			b.receive(response(486, invite, "b"))
			b.cancel(c, "")
		}, []string{"> INVITE", "> ACK", "response 486 INVITE"}},
		{"after a 200 neither", func(b *bench, c *Client) {
			b.receive(response(200, invite, "b"))
			b.cancel(c, "")
		}, []string{"> INVITE", "response 200 INVITE"}},
		{"it is sent once, whatever the user does", func(b *bench, c *Client) {
			b.cancel(c, "")
			b.cancel(c, "")
			b.receive(response(100, invite, ""))
			b.cancel(c, "")
			b.receive(response(180, invite, "b"))
			b.adopt()
		}, []string{"> INVITE", "response 100 INVITE", "> CANCEL", "response 180 INVITE"}},
		{"no 487 ever: the INVITE gives up 64·T1 after the CANCEL", func(b *bench, c *Client) {
			b.receive(response(180, invite, "b"))
			b.sleep(16 * s)
			b.cancel(c, "")
			b.receive(response(200, cancelOf(b), "b"))
			b.sleep(31999 * ms)
			b.say("31.999 s")
			b.sleep(1 * ms)
		}, []string{"> INVITE", "response 180 INVITE", "> CANCEL", "response 200 CANCEL", "31.999 s", "INVITE failed: timeout"}},
		{"a 200 to the CANCEL that is lost: it is sent again", func(b *bench, c *Client) {
			b.receive(response(180, invite, "b"))
			b.cancel(c, "")
			b.sleep(1500 * ms)
			b.receive(response(200, cancelOf(b), "b"))
			b.receive(response(487, invite, "b"))
		}, []string{"> INVITE", "response 180 INVITE", "> CANCEL", "> CANCEL", "> CANCEL", "response 200 CANCEL", "> ACK", "response 487 INVITE"}},
		{"a 487 that comes before the 200 to the CANCEL", func(b *bench, c *Client) {
			b.receive(response(180, invite, "b"))
			b.cancel(c, "")
			b.receive(response(487, invite, "b"))
			b.receive(response(200, cancelOf(b), "b"))
		}, []string{"> INVITE", "response 180 INVITE", "> CANCEL", "> ACK", "response 487 INVITE", "response 200 CANCEL"}},
		{"a CANCEL without any answer fails for itself", func(b *bench, c *Client) {
			b.receive(response(180, invite, "b"))
			b.cancel(c, "")
			b.receive(response(487, invite, "b"))
			b.log = nil
			b.sleep(32 * s)
		}, []string{"> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "> CANCEL", "CANCEL failed: timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Config{})
			c.do(b, b.send(overUDP, invite))
			b.want(c.want...)
			b.gone()
		})
	}
	b := newBench(t, Config{})
	b.cancel(b.send(overUDP, request("OPTIONS", "z9hG4bKo")), "")
	b.want("> OPTIONS") // §9.1: SHOULD NOT for another method
	b.gone()
}

// TestCancelServer has those that are a server's.
func TestCancelServer(t *testing.T) {
	invite, cancel := request("INVITE", "z9hG4bKi"), request("CANCEL", "z9hG4bKi")
	b := newBench(t, Config{})
	b.receive(invite)
	s := b.server
	if s.Flow() != overUDP || s.Method() != sip.MethodInvite {
		t.Errorf("%v came over %v", s.Method(), s.Flow())
	}
	b.respond(s, 180, invite)
	b.receive(cancel)
	if b.cancels != s || b.server == s {
		t.Errorf("the CANCEL is for %p and has %p, the INVITE is %p", b.cancels, b.server, s)
	}
	b.respond(b.server, 200, cancel)
	b.receive(cancel) // absorbed, and the same 200 again
	b.want("request INVITE", "> 180 INVITE", "request CANCEL", "> 200 CANCEL", "> 200 CANCEL")
	b.sleep(10 * s0)
	b.want() // the layer answers no INVITE by itself
	b.respond(s, 487, invite)
	b.sleep(500 * ms)
	b.receive(request("ACK", "z9hG4bKi"))
	b.want("> 487 INVITE", "> 487 INVITE")
	b.receive(request("ACK", "z9hG4bKi"))
	b.want()
	b.gone()

	b = newBench(t, Config{})
	b.receive(invite)
	elsewhere := overUDP
	elsewhere.Remote = netip.MustParseAddrPort("192.0.2.66:5060")
	b.receiveFrom(elsewhere, cancel)
	if b.cancels != nil {
		t.Error("a CANCEL from another address finds the INVITE")
	}
	b = newBench(t, Config{})
	b.receive(invite)
	elsewhere.Remote = netip.MustParseAddrPort("192.0.2.9:6000")
	b.receiveFrom(elsewhere, cancel)
	if b.cancels == nil {
		t.Error("a CANCEL from another port of the same address does not find the INVITE")
	}
	b = newBench(t, Config{})
	b.receive(cancel)
	b.receive(invite)
	if b.cancels != nil {
		t.Error("a CANCEL that overtook its INVITE finds one")
	}
	b = newBench(t, Config{})
	b.receive(request("OPTIONS", "z9hG4bKi"))
	b.receive(cancel)
	if b.cancels != nil {
		t.Error("a CANCEL for an OPTIONS finds it")
	}
	// After the final response it still finds it: §9.2, "no effect", and a 200 of its own.
	b = newBench(t, Config{})
	b.receive(invite)
	s = b.server
	b.respond(s, 200, invite)
	b.receive(cancel)
	if b.cancels != s || s.State() != StateAccepted {
		t.Errorf("a CANCEL after the 200 finds %v, and the INVITE is %v", b.cancels, s.State())
	}
}

const s0 = time.Second

func TestServers(t *testing.T) {
	invite, options := request("INVITE", "z9hG4bKi", "Timestamp: 54"), request("OPTIONS", "z9hG4bKo")
	for _, c := range []struct {
		name string
		do   func(b *bench)
		want []string
	}{
		{"an INVITE that the user does not answer gets a 100 after 200 ms", func(b *bench) {
			b.receive(invite)
			b.sleep(199 * ms)
			b.receive(invite)
			b.say("199 ms")
			b.sleep(ms)
			b.receive(invite)
			b.respond(b.server, 180, invite)
			b.receive(invite)
		}, []string{"request INVITE", "199 ms", "> 100 INVITE", "> 100 INVITE", "> 180 INVITE", "> 180 INVITE"}},
		{"one that was answered gets none", func(b *bench) {
			b.receive(invite)
			b.respond(b.server, 180, invite)
			b.sleep(10 * s0)
		}, []string{"request INVITE", "> 180 INVITE"}},
		{"a 2xx is sent again by the user only, and others not at all", func(b *bench) {
			b.receive(invite)
			b.respond(b.server, 200, invite)
			b.receive(invite)
			b.respond(b.server, 200, invite)
			b.respond(b.server, 180, invite)
			b.respond(b.server, 486, invite)
			b.receive(request("ACK", "z9hG4bKi"))
			b.sleep(32 * s0)
			b.respond(b.server, 200, invite)
		}, []string{"request INVITE", "> 200 INVITE", "> 200 INVITE", "request ACK"}},
		{"after a 486 nothing else is sent", func(b *bench) {
			b.receive(invite)
			b.respond(b.server, 486, invite)
			b.respond(b.server, 200, invite)
			b.respond(b.server, 487, invite)
			b.receive(request("ACK", "z9hG4bKi"))
			b.receive(invite)
		}, []string{"request INVITE", "> 486 INVITE"}},
		{"an ACK that never comes", func(b *bench) {
			b.receive(invite)
			b.respond(b.server, 486, invite)
			b.log = nil
			b.sleep(32 * s0)
		}, []string{"> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE", "> 486 INVITE",
			"server INVITE failed: no ACK"}},
		{"an OPTIONS gets its 100 at 3.5 s, not before (RFC 4320 §4.1)", func(b *bench) {
			b.receive(options)
			b.respond(b.server, 100, options)
			b.respond(b.server, 183, options)
			b.receive(options)
			b.sleep(3499 * ms)
			b.say("3.499 s")
			b.sleep(ms)
			b.receive(options)
			b.respond(b.server, 183, options)
			b.respond(b.server, 200, options)
			b.receive(options)
			b.respond(b.server, 500, options)
		}, []string{"request OPTIONS", "3.499 s", "> 100 OPTIONS", "> 100 OPTIONS", "> 200 OPTIONS", "> 200 OPTIONS"}},
		{"an OPTIONS that was answered gets none", func(b *bench) {
			b.receive(options)
			b.respond(b.server, 200, options)
			b.sleep(31 * s0)
		}, []string{"request OPTIONS", "> 200 OPTIONS"}},
		{"an OPTIONS is never told 408 (RFC 4320 §4.2)", func(b *bench) {
			b.receive(options)
			b.respond(b.server, 408, options)
			b.receive(options)
			b.sleep(10 * s0)
			b.respond(b.server, 200, options)
		}, []string{"request OPTIONS"}},
		{"an INVITE may be", func(b *bench) {
			b.receive(invite)
			b.respond(b.server, 408, invite)
		}, []string{"request INVITE", "> 408 INVITE"}},
		{"an OPTIONS that is answered too late is not (RFC 4320 §4.2)", func(b *bench) {
			b.receive(options)
			b.sleep(32 * s0)
			b.respond(b.server, 200, options)
			b.receive(options)
		}, []string{"request OPTIONS", "> 100 OPTIONS", "server OPTIONS failed: timeout"}},
		{"what is no response is not sent", func(b *bench) {
			b.receive(invite)
			for _, bad := range []string{"", "SIP/2.0 ", "SIP/2.0 2", "SIP/2.0 099 x", "SIP/2.0 700 x", "INVITE sip:h SIP/2.0", "SIP/2.0 2x0 OK"} {
				b.l.Respond(b.now, b.server, []byte(bad), &b.out)
			}
			b.respond(b.server, 600, invite)
		}, []string{"request INVITE", "> 600 INVITE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Config{})
			c.do(b)
			b.want(c.want...)
			if b.server.State() == StateProceeding {
				b.respond(b.server, 503, invite)
			}
			b.gone()
		})
	}
}

func TestTryingCanBeLeftToTheUser(t *testing.T) {
	b := newBench(t, Config{Trying: -1})
	b.receive(request("INVITE", "z9hG4bKi"))
	b.receive(request("OPTIONS", "z9hG4bKo"))
	b.sleep(5 * s)
	b.want("request INVITE", "request OPTIONS", "> 100 OPTIONS")
}

func TestTheHundred(t *testing.T) {
	b := newBench(t, Config{})
	b.receive([]byte(strings.Replace(string(request("INVITE", "z9hG4bKi;rport", "Timestamp: 54")), "192.0.2.9:5060", "10.0.0.1", 1)))
	b.l.Wake(b.now.Add(200*ms), &b.out)
	want := "SIP/2.0 100 Trying|Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKi;received=192.0.2.9;rport=5060|From: <sip:alice@example.com>;tag=a|To: <sip:bob@example.com>|" +
		"Call-ID: c@example.com|CSeq: 1 INVITE|Timestamp: 54|Content-Length: 0"
	if len(b.out.Items) != 1 || string(b.out.Items[0].Data) != string(message(want)) || b.out.Items[0].Flow != overUDP {
		t.Fatalf("%d items: %s", len(b.out.Items), b.out.Items[0].Data)
	}
}

// TestNothingIsKeptForLong: after the final response a client has no more than its ACK, and an INVITE server that was acknowledged, or accepted, has
// nothing.
func TestNothingIsKeptForLong(t *testing.T) {
	b := newBench(t, Config{})
	for status, kept := range map[int]bool{200: false, 486: true} {
		branch := fmt.Sprint("z9hG4bKi", status)
		c := b.send(overUDP, request("INVITE", branch))
		if string(c.Request()) != string(request("INVITE", branch)) {
			t.Errorf("the request is %q", c.Request())
		}
		b.receive(response(180, request("INVITE", branch), "b"))
		if c.Request() == nil {
			t.Error("the request is gone before the final response: a CANCEL and an ACK are made from it")
		}
		b.receive(response(status, request("INVITE", branch), "b"))
		if c.Request() != nil || (c.kept != nil) != kept {
			t.Errorf("after %d the client keeps %d bytes of request and %d to send again", status, len(c.Request()), len(c.kept))
		}
		b.receive(request("INVITE", branch))
		b.respond(b.server, status, request("INVITE", branch))
		if (b.server.kept != nil) != kept {
			t.Errorf("after %d the server keeps %d bytes", status, len(b.server.kept))
		}
		b.receive(request("ACK", branch))
		if b.server.kept != nil {
			t.Errorf("after the ACK for %d the server keeps %d bytes", status, len(b.server.kept))
		}
	}
	b.gone()
}

func TestStateless(t *testing.T) {
	b := newBench(t, Config{})
	b.accept = false
	b.receive(request("INVITE", "z9hG4bKi"))
	b.receive(request("INVITE", "z9hG4bKi"))
	b.receive(request("ACK", "z9hG4bKi"))
	b.want("request INVITE", "request INVITE", "request ACK") // §8.2.7: no state for what is not accepted
	empty(b)
}

func TestMerged(t *testing.T) {
	b := newBench(t, Config{})
	var merged bool
	b.onServer = func(*Server, *sip.Message, *Server) {}
	ask := func(data []byte) bool {
		merged = b.l.Merged(sip.Parse(data))
		return merged
	}
	first := request("INVITE", "z9hG4bK1")
	if ask(first) {
		t.Error("merged with nothing")
	}
	b.receive(first)
	second := request("INVITE", "z9hG4bK2")
	for _, c := range []struct {
		name, old, new string
		want           bool
	}{
		{"another branch", "z9hG4bK2", "z9hG4bK3", true},
		{"another From tag", "tag=a", "tag=q", false},
		{"another Call-ID", "c@example", "d@example", false},
		{"another CSeq", "CSeq: 1", "CSeq: 2", false},
		{"a To tag", "To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=x", false},
		{"another method", "1 INVITE", "1 UPDATE", false},
	} {
		if got := ask([]byte(strings.Replace(string(second), c.old, c.new, 1))); got != c.want {
			t.Errorf("%s: merged is %v (RFC 3261 §8.2.2.2)", c.name, got)
		}
	}
	if ask(request("CANCEL", "z9hG4bK1")) || ask(request("ACK", "z9hG4bK1")) {
		t.Error("a CANCEL or ACK is no merged request")
	}
	b.respond(b.server, 486, first)
	if !ask(second) {
		t.Error("a transaction goes on until its timers have ended")
	}
	b.gone()
	if ask(second) {
		t.Error("merged with one that is gone")
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t, Config{MaxClients: 2, MaxServers: 2})
	b.send(overUDP, request("OPTIONS", "z9hG4bK1"))
	c := b.send(overUDP, request("INVITE", "z9hG4bK2"))
	if _, err := b.l.Send(b.now, overUDP, request("OPTIONS", "z9hG4bK3"), nil, &b.out); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "2 client transactions") {
		t.Errorf("a third client: %v", err)
	}
	if len(b.out.Items) != 0 {
		t.Error("what is refused is sent")
	}
	b.receive(response(180, request("INVITE", "z9hG4bK2"), "b"))
	b.cancel(c, "")
	b.want("> OPTIONS", "> INVITE", "response 180 INVITE", "> CANCEL")

	for i := range 1000 {
		b.receive(request("INVITE", fmt.Sprint("z9hG4bKs", i)))
	}
	if !errors.Is(b.err, ErrFull) || len(b.l.servers) != 2 || b.l.Counts().Refused != 999 {
		t.Errorf("%d servers of 2, refused %d: %v", len(b.l.servers), b.l.Counts().Refused, b.err)
	}
	b.receive(request("CANCEL", "z9hG4bKs0"))
	if b.err != nil || b.cancels == nil {
		t.Errorf("there is no room for a CANCEL: %v", b.err)
	}
	b.receive(request("CANCEL", "z9hG4bKother"))
	if !errors.Is(b.err, ErrFull) {
		t.Errorf("a CANCEL for nothing has room: %v", b.err)
	}
	for _, s := range b.l.servers {
		b.respond(s, 500, request("INVITE", "z9hG4bKs0"))
	}
	b.gone()
	b.receive(request("INVITE", "z9hG4bKs9"))
	if b.err != nil {
		t.Errorf("when the others are gone there is room: %v", b.err)
	}
}

func TestSendRefuses(t *testing.T) {
	b := newBench(t, Config{})
	b.send(overUDP, request("OPTIONS", "z9hG4bKsame"))
	for _, c := range []struct{ name, text, want string }{
		{"an ACK", string(request("ACK", "z9hG4bK1")), "not a request that is answered"},
		{"a response", string(response(200, request("BYE", "z9hG4bK1"), "")), "not a request that is answered"},
		{"nothing", "", "not a request that is answered"},
		{"no Via", "BYE sip:h SIP/2.0\r\nCSeq: 1 BYE\r\n\r\n", "no branch with z9hG4bK"},
		{"an old branch", string(request("BYE", "1")), "no branch with z9hG4bK"},
		{"a CSeq of another method", strings.Replace(string(request("BYE", "z9hG4bK1")), "1 BYE", "1 INFO", 1), `its CSeq is of "INFO"`},
		{"a branch that is there", string(request("OPTIONS", "z9hG4bKsame")), "is there already"},
	} {
		if _, err := b.l.Send(b.now, overUDP, []byte(c.text), nil, &b.out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	// The same branch with another method is another transaction (§17.1.3).
	b.send(overUDP, request("INFO", "z9hG4bKsame"))
	b.send(overUDP, request("FOO", "z9hG4bKsame"))
	if c := b.send(overUDP, request("FOOO", "z9hG4bKsame")); c.Branch() != "z9hG4bKsame" {
		t.Errorf("branch %q", c.Branch())
	}
	b.gone()
	for _, text := range []string{"ACK sip:h SIP/2.0|Via: SIP/2.0/UDP h;branch=z9hG4bK1", "OPTIONS sip:h SIP/2.0|CSeq: 1 OPTIONS"} {
		if _, err := b.l.Accept(b.now, overUDP, sip.Parse(message(text))); err == nil {
			t.Errorf("accepted: %s", text)
		}
	}
}

func TestTransportFailure(t *testing.T) {
	broken := errors.New("connection refused")
	invite, options := request("INVITE", "z9hG4bKi"), request("OPTIONS", "z9hG4bKo")
	newRef := func(b *bench, to live.Flow, data []byte) (uint64, *Client) {
		c, err := b.l.Send(b.now, to, data, nil, &b.out)
		if err != nil {
			t.Fatal(err)
		}
		b.began[c] = true
		ref := b.out.Items[0].Ref
		b.flush()
		return ref, c
	}
	b := newBench(t, Config{})
	one, _ := newRef(b, overUDP, invite)
	two, _ := newRef(b, overUDP, options)
	b.log = nil
	b.l.Failed(b.now, overUDP, one, broken, &b.out)
	b.want("INVITE failed: transport failure")
	b.l.Failed(b.now, overUDP, one, broken, &b.out) // twice
	b.l.Failed(b.now, overUDP, 77, broken, &b.out)  // the element's own
	b.want()
	three, _ := newRef(b, overUDP, invite) // takes the place of the first
	if three == one || three == two {
		t.Error("a ref is used again")
	}
	b.l.Failed(b.now, overUDP, one, broken, &b.out)
	b.want("> INVITE")
	b.l.Failed(b.now, overUDP, 0, broken, &b.out) // the element's own, to the same address: an ACK for a 2xx
	b.want()
	b.l.Failed(b.now, overUDP, two, broken, &b.out)
	b.l.Failed(b.now, overUDP, three, broken, &b.out)
	b.want("OPTIONS failed: transport failure", "INVITE failed: transport failure")
	b.gone()

	// Figure 5 has no arrow for an INVITE that is Proceeding; in Completed it only ends.
	b = newBench(t, Config{})
	one, c := newRef(b, overUDP, invite)
	b.receive(response(180, invite, "b"))
	b.l.Failed(b.now, overUDP, one, broken, &b.out)
	if c.State() != StateProceeding {
		t.Errorf("an INVITE that was Proceeding is %v", c.State())
	}
	b.receive(response(486, invite, "b"))
	b.l.Failed(b.now, overUDP, one, broken, &b.out)
	b.want("> INVITE", "response 180 INVITE", "> ACK", "response 486 INVITE")
	empty(b)

	// A connection that ends takes the requests with it that were sent over it, or over whatever there was.
	b = newBench(t, Config{})
	free, other := overTCP, overTCP
	free.Conn, other.Conn = 0, 8
	b.send(overTCP, request("OPTIONS", "z9hG4bK1"))
	b.send(free, request("INFO", "z9hG4bK2"))
	b.send(other, request("MESSAGE", "z9hG4bK3"))
	b.log = nil
	b.l.Closed(b.now, overTCP, &b.out)
	b.want("OPTIONS failed: transport failure", "INFO failed: transport failure")
	b.gone()

	// An INVITE that is Proceeding goes on (Figure 5), and its CANCEL and ACK need not go over what is not there any more.
	b = newBench(t, Config{})
	c = b.send(overTCP, invite)
	b.receive(response(180, invite, "b"))
	b.l.Closed(b.now, overTCP, &b.out)
	b.cancel(c, "")
	b.receive(response(487, invite, "b"))
	b.want("> INVITE", "response 180 INVITE", "> CANCEL", "> ACK", "response 487 INVITE")
	for _, i := range b.sent[1:] {
		if i.Flow != free {
			t.Errorf("sent over %v, want %v", i.Flow, free)
		}
	}
	if c.Flow() != free {
		t.Errorf("the flow is %v", c.Flow())
	}
	b.gone()

	// A server stays (RFC 6026 §8.8), is told once, and absorbs what comes again.
	b = newBench(t, Config{})
	b.receive(invite)
	b.l.Respond(b.now, b.server, response(180, invite, "b"), &b.out)
	ref := b.out.Items[0].Ref
	b.flush()
	b.l.Failed(b.now, overUDP, ref, broken, &b.out)
	b.l.Failed(b.now, overUDP, ref, broken, &b.out)
	b.receive(invite)
	b.want("request INVITE", "> 180 INVITE", "server INVITE failed: transport failure", "> 180 INVITE")
	b.respond(b.server, 500, invite)
	b.gone()
}

// TestResponsesOverANewConnection has RFC 3261 §18.2.2.
func TestResponsesOverANewConnection(t *testing.T) {
	invite := []byte(strings.Replace(string(request("INVITE", "z9hG4bKi")), "UDP 192.0.2.9:5060", "TCP 192.0.2.9:5070", 1))
	again := overTCP
	again.Conn, again.Remote = 0, netip.MustParseAddrPort("192.0.2.9:5070")
	for _, how := range []string{"closed", "failed", "both"} {
		b := newBench(t, Config{})
		b.receiveFrom(overTCP, invite)
		b.l.Respond(b.now, b.server, response(180, invite, "b"), &b.out)
		ref := b.out.Items[0].Ref
		if b.out.Items[0].Flow != overTCP {
			t.Errorf("a response goes over %v", b.out.Items[0].Flow)
		}
		b.out.Reset()
		if how != "failed" {
			b.l.Closed(b.now, overTCP, &b.out)
		}
		if how != "closed" {
			b.l.Failed(b.now, overTCP, ref, errors.New("broken pipe"), &b.out)
			if len(b.out.Items) != 1 || b.out.Items[0].Flow != again {
				t.Errorf("%s: what did not go out is not sent over a new connection: %d items", how, len(b.out.Items))
			}
			b.out.Reset()
		}
		b.l.Respond(b.now, b.server, response(486, invite, "b"), &b.out)
		if b.out.Items[0].Flow != again {
			t.Errorf("%s: a later response goes over %v, want %v", how, b.out.Items[0].Flow, again)
		}
		b.flush()
		b.l.Failed(b.now, again, ref, errors.New("refused"), &b.out)
		b.want("request INVITE", "> 486 INVITE", "server INVITE failed: transport failure")
		b.gone()
	}
}

// TestReliable: over TCP what is finished is gone at once, and a user that calls from outside hears of it at the next occasion.
func TestReliable(t *testing.T) {
	b := newBench(t, Config{})
	options := request("OPTIONS", "z9hG4bKo")
	b.receiveFrom(overTCP, options)
	b.respond(b.server, 200, options)
	if b.server.State() != StateTerminated || !b.began[b.server] {
		t.Errorf("after its final response the server is %v, and the user was told from within Respond: %v", b.server.State(), !b.began[b.server])
	}
	if !b.l.Next().Equal(b.now) {
		t.Errorf("something is to be told, and next is %v", b.l.Next())
	}
	b.l.Wake(b.now, &b.out)
	empty(b)
	c := b.send(overTCP, request("INVITE", "z9hG4bKi"))
	b.sleep(31 * s)
	b.receiveFrom(overTCP, response(486, request("INVITE", "z9hG4bKi"), "b"))
	b.want("request OPTIONS", "> 200 OPTIONS", "> INVITE", "> ACK", "response 486 INVITE")
	if c.State() != StateTerminated {
		t.Errorf("an INVITE is %v after its final response", c.State())
	}
	empty(b)
}

// TestUserWithinTheUser: what the user does from within its methods is done.
func TestUserWithinTheUser(t *testing.T) {
	b := newBench(t, Config{})
	invite := request("INVITE", "z9hG4bKi")
	n := 0
	b.onServer = func(s *Server, m *sip.Message, cancels *Server) {
		b.l.Respond(b.now, s, response(200, m.Raw, "b"), &b.out)
		if cancels != nil {
			b.l.Respond(b.now, cancels, response(487, invite, "b"), &b.out)
		}
	}
	b.onFinal = func(c *Client, m *sip.Message) {
		if n++; n < 4 {
			b.send(overUDP, request("INFO", fmt.Sprint("z9hG4bKn", n)))
		}
	}
	b.receive(request("OPTIONS", "z9hG4bKo"))
	b.want("request OPTIONS", "> 200 OPTIONS")
	b.onServer = nil
	b.receive(invite)
	b.onServer = func(s *Server, m *sip.Message, cancels *Server) {
		b.l.Respond(b.now, s, response(200, m.Raw, "b"), &b.out)
		b.l.Respond(b.now, cancels, response(487, invite, "b"), &b.out)
	}
	b.receive(request("CANCEL", "z9hG4bKi"))
	b.want("request INVITE", "request CANCEL", "> 200 CANCEL", "> 487 INVITE")
	b.send(overUDP, request("INFO", "z9hG4bKn0"))
	for i := range 4 {
		b.receive(response(200, request("INFO", fmt.Sprint("z9hG4bKn", i)), "b"))
	}
	b.want("> INFO", "response 200 INFO", "> INFO", "response 200 INFO", "> INFO", "response 200 INFO", "> INFO", "response 200 INFO")
	b.gone()
}

// TestOrder is fault 1 of live.md: what comes is handed up in the order in which it came.
func TestOrder(t *testing.T) {
	b := newBench(t, Config{})
	invite := request("INVITE", "z9hG4bKi")
	b.send(overUDP, invite)
	for _, status := range []int{100, 180, 183, 200} {
		b.receive(response(status, invite, "b"))
	}
	b.receive(request("INVITE", "z9hG4bKin"))
	b.receive(request("CANCEL", "z9hG4bKin"))
	b.want("> INVITE", "response 100 INVITE", "response 180 INVITE", "response 183 INVITE", "response 200 INVITE", "request INVITE", "request CANCEL")
}

func TestBranchesAndTags(t *testing.T) {
	b, other := newBench(t, Config{}), newBench(t, Config{})
	seen := map[string]bool{}
	for range 1000 {
		branch, tag := b.l.Branch(), b.l.Tag()
		if !compliant([]byte(branch)) || len(branch) != len(sip.MagicCookie)+32 || len(tag) != 16 || seen[branch] || seen[tag] {
			t.Fatalf("branch %q, tag %q", branch, tag)
		}
		seen[branch], seen[tag] = true, true
		if branch != other.l.Branch() || tag != other.l.Tag() {
			t.Fatal("the same chance does not give the same branches")
		}
	}
}

// TestDeadlines compares the heap with a plain list.
func TestDeadlines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d deadlines
	all := make([]*transaction, 50)
	plain := map[*transaction]instant{}
	for i := range all {
		all[i] = &transaction{}
	}
	for range 20000 {
		x := all[r.IntN(len(all))]
		at := instant(r.IntN(40))
		if r.IntN(3) == 0 {
			at = never
			delete(plain, x)
		} else {
			plain[x] = at
		}
		d.set(x, at)
		first := never
		for _, at := range plain {
			first = min(first, at)
		}
		if len(d) != len(plain) || len(d) > 0 && d[0].at != first {
			t.Fatalf("%d of %d, the first at %d, want %d", len(d), len(plain), d[0].at, first)
		}
		for i := range d {
			if int(d[i].t.place) != i+1 || plain[d[i].t] != d[i].at {
				t.Fatalf("place %d holds one that thinks it is at %d", i+1, d[i].t.place)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	b := newBench(t, Config{})
	b.send(overUDP, request("INVITE", "z9hG4bK1"))
	b.send(overUDP, request("INFO", "z9hG4bK2"))
	b.receive(request("INVITE", "z9hG4bK3"))
	b.receive(request("INVITE", "z9hG4bK3"))
	b.receive(request("OPTIONS", "z9hG4bK4"))
	c := b.l.Counts()
	if c.All() != 4 || c.In[InviteClient][StateCalling] != 1 || c.In[NonInviteClient][StateTrying] != 1 || c.In[InviteServer][StateProceeding] != 1 ||
		c.In[NonInviteServer][StateTrying] != 1 || c.Absorbed != 1 {
		t.Errorf("%+v", c)
	}
	b.sleep(500 * ms)
	if c := b.l.Counts(); c.Sent != 2 {
		t.Errorf("sent again: %d", c.Sent)
	}
	for _, s := range b.l.servers {
		b.respond(s, 500, request("INVITE", "z9hG4bK3"))
	}
	b.gone()
}
