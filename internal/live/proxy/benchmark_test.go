package proxy

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// seedCalls places the seed call through a proxy without sockets: INVITE, 407, ACK, INVITE, 100, 180, CANCEL, 200, 487, ACK, with the messages that
// SIPp sends in `make bench-live`.
type seedCalls struct {
	proxy *Proxy
	now   time.Time
	out   live.Outbox
	n     int
	spent time.Duration // in the proxy

	caller, callee live.Flow
	msg            sip.Message
	buf, forwarded []byte
}

func newSeedCalls(tb testing.TB) *seedCalls {
	tb.Helper()
	c := &seedCalls{now: time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)}
	var users []digest.User
	for _, name := range []string{"alice", "bob"} {
		u, err := digest.NewUser(name, "test.local", "secret", digest.MD5)
		if err != nil {
			tb.Fatal(err)
		}
		users = append(users, u)
	}
	var err error
	c.proxy, err = New(c.now, Config{Domains: []string{"test.local"}, Listeners: []Listener{{Transport: capture.UDP, Addr: atProxy}}, Users: digest.NewUserTable(users),
		Algorithms: []digest.Algorithm{digest.MD5}, Rand: seeded(7), Limits: Limits{Rate: 1e12, Burst: 1e12, Bytes: 1e12, BytesBurst: 1e12}})
	if err != nil {
		tb.Fatal(err)
	}
	c.caller = live.Flow{Transport: capture.UDP, Local: atProxy, Remote: netip.MustParseAddrPort("127.0.0.1:7070")}
	c.callee = live.Flow{Transport: capture.UDP, Local: atProxy, Remote: netip.MustParseAddrPort("127.0.0.1:6060")}

	register := func(authorization string) []byte {
		return []byte("REGISTER sip:test.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6060;rport;branch=z9hG4bK-r" + fmt.Sprint(len(authorization)) + "\r\nMax-Forwards: 70\r\n" +
			"From: <sip:bob@test.local>;tag=r\r\nTo: <sip:bob@test.local>\r\nCall-ID: r@127.0.0.1\r\nCSeq: 1 REGISTER\r\nContact: <sip:bob@127.0.0.1:6060>\r\n" +
			"Expires: 3600\r\n" + authorization + "Content-Length: 0\r\n\r\n")
	}
	c.receive(tb, c.callee, register(""), 401)
	c.receive(tb, c.callee, register("Authorization: "+c.answer(tb, sip.FieldWWWAuthenticate, "bob", "REGISTER", "sip:test.local")+"\r\n"), 200)
	return c
}

// receive hands a message to the proxy and checks the first thing that it sends, by its status; 0: a request, or nothing.
func (c *seedCalls) receive(tb testing.TB, from live.Flow, data []byte, status int) {
	c.out.Reset()
	began := time.Now()
	c.proxy.Receive(c.now, from, data, &c.out)
	c.spent += time.Since(began)
	if status == 0 {
		return
	}
	if len(c.out.Items) == 0 {
		tb.Fatalf("no answer to\n%s", data)
	}
	if c.msg.Parse(c.out.Items[0].Data); int(c.msg.Status) != status {
		tb.Fatalf("%s, want %d, to\n%s", c.msg.Text(c.msg.StartLine), status, data)
	}
}

// answer returns credentials for the challenge that was just received.
func (c *seedCalls) answer(tb testing.TB, field sip.FieldID, user, method, uri string) string {
	ch, err := digest.ParseChallenge(c.msg.Value(field))
	if err != nil {
		tb.Fatal(err)
	}
	const nonce = "0123456789abcdef"
	a := digest.Credentials{Username: user, Realm: ch.Realm, Nonce: ch.Nonce, URI: uri, Algorithm: ch.Algorithm, QOP: digest.QOPAuth, NC: 1, CNonce: nonce}
	a.Response = a.Compute(digest.HA1(ch.Algorithm, user, ch.Realm, "secret"), method, nil)
	return a.String()
}

const seedBody = "v=0\r\no=- 3461 3461 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"

// request writes a request of the caller.
func (c *seedCalls) request(method string, cseq, branch int, toTag, more, body string) []byte {
	c.buf = fmt.Appendf(c.buf[:0], "%s sip:bob@test.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:7070;rport;branch=z9hG4bK-4711-%d-%d\r\nMax-Forwards: 70\r\nFrom: <sip:alice@test.local>;tag=4711c%d\r\n"+
		"To: <sip:bob@test.local>%s\r\nCall-ID: %d-4711@127.0.0.1\r\nCSeq: %d %s\r\n%s", method, c.n, branch, c.n, toTag, c.n, cseq, method, more)
	if body != "" {
		c.buf = append(c.buf, "Content-Type: application/sdp\r\n"...)
	}
	c.buf = fmt.Appendf(c.buf, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return c.buf
}

// response writes the callee's answer to the request that the proxy has sent last.
func (c *seedCalls) response(request []byte, status int, reason string) []byte {
	c.msg.Parse(request)
	b := fmt.Appendf(c.buf[:0], "SIP/2.0 %d %s\r\n", status, reason)
	for _, f := range c.msg.Fields {
		switch f.ID {
		case sip.FieldTo:
			b = fmt.Appendf(b, "To: %s;tag=e%d\r\n", c.msg.Text(f.Value), c.n)
		case sip.FieldVia, sip.FieldRecordRoute, sip.FieldFrom, sip.FieldCallID, sip.FieldCSeq:
			b = append(append(append(append(b, c.msg.Text(f.Name)...), ": "...), c.msg.Text(f.Value)...), "\r\n"...)
		}
	}
	if status == 180 {
		b = append(b, "Contact: <sip:bob@127.0.0.1:6060>\r\n"...)
	}
	c.buf = append(b, "Content-Length: 0\r\n\r\n"...)
	return c.buf
}

// sentTo returns the last of what was just sent over a flow.
func (c *seedCalls) sentTo(tb testing.TB, to live.Flow, begins string) []byte {
	for i := len(c.out.Items) - 1; i >= 0; i-- {
		if it := &c.out.Items[i]; it.Flow.Remote == to.Remote && bytes.HasPrefix(it.Data, []byte(begins)) {
			return it.Data
		}
	}
	tb.Fatalf("no %s was sent", begins)
	return nil
}

// call places one call.
func (c *seedCalls) call(tb testing.TB) {
	c.n++
	const contact = "Contact: <sip:alice@127.0.0.1:7070;transport=UDP>\r\n"
	c.receive(tb, c.caller, c.request("INVITE", 1, 1, "", contact, seedBody), 407)
	credentials := "Proxy-Authorization: " + c.answer(tb, sip.FieldProxyAuthenticate, "alice", "INVITE", "sip:bob@test.local") + "\r\n"
	c.receive(tb, c.caller, c.request("ACK", 1, 1, ";tag="+string(c.msg.ToTag()), "", ""), 0)
	c.receive(tb, c.caller, c.request("INVITE", 2, 2, "", contact+credentials, seedBody), 100)
	c.forwarded = append(c.forwarded[:0], c.sentTo(tb, c.callee, "INVITE ")...)
	c.receive(tb, c.callee, c.response(c.forwarded, 180, "Ringing"), 180)
	c.receive(tb, c.caller, c.request("CANCEL", 2, 2, "", "", ""), 200)
	cancel := c.sentTo(tb, c.callee, "CANCEL ")
	c.receive(tb, c.callee, c.response(cancel, 200, "OK"), 0)
	c.receive(tb, c.callee, c.response(c.forwarded, 487, "Request Terminated"), 0)
	c.sentTo(tb, c.callee, "ACK ")
	c.sentTo(tb, c.caller, "SIP/2.0 487")
	c.receive(tb, c.caller, c.request("ACK", 2, 2, fmt.Sprint(";tag=e", c.n), "", ""), 0)
	// 1000 calls a second, so that after 32 s as many transactions end as begin.
	c.now = c.now.Add(time.Millisecond)
	began := time.Now()
	for next := c.proxy.Next(); !next.IsZero() && !next.After(c.now); next = c.proxy.Next() {
		c.out.Reset()
		c.proxy.Wake(c.now, &c.out)
	}
	c.spent += time.Since(began)
}

// The proxy's part of the seed call, without sockets, in a proxy that has 32 seconds of calls behind it. What the benchmark does itself, writing the
// messages and the caller's digest, is in the allocations and not in ns-in-proxy.
func BenchmarkSeedCall(b *testing.B) {
	c := newSeedCalls(b)
	for range 35_000 {
		c.call(b)
	}
	c.spent = 0
	b.ReportAllocs()
	for b.Loop() {
		c.call(b)
	}
	b.ReportMetric(float64(c.spent)/float64(b.N), "ns-in-proxy/op")
}
