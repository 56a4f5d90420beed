package transaction

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// The messages of the benchmarks are those of a call by a phone through one proxy, with what such devices put there.

// realRequest is a request as an SPA sends it through a proxy: 2 Via, Record-Route and credentials.
func realRequest(method string, i int) []byte {
	body := ""
	if method == "INVITE" {
		body = "v=0\r\no=- 20000 20000 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n" +
			"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
	}
	d := sip.Draft{Method: method, URI: "sip:18005551212@sip.example.com", Body: []byte(body), Fields: []sip.DraftField{
		{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK%032x", i)},
		{Name: "Via", Value: "SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK-d2d9f0a1;received=192.0.2.7"},
		{Name: "Record-Route", Value: "<sip:192.0.2.9:5060;lr>"},
		{Name: "From", Value: "Good Body <sip:spa1@sip.example.com>;tag=5bd1a3c2d8f3b1o0"},
		{Name: "To", Value: "<sip:18005551212@sip.example.com>"},
		{Name: "Call-ID", Value: fmt.Sprintf("%08x-1f2e3d4c@192.0.2.7", i)},
		{Name: "CSeq", Value: "102 " + method},
		{Name: "Max-Forwards", Value: "69"},
		{Name: "Proxy-Authorization", Value: `Digest username="spa1",realm="sip.example.com",nonce="MTc2NzMyMTg0NTphYmNkZWY=",uri="sip:18005551212@sip.example.com",` +
			`algorithm=MD5,response="0123456789abcdef0123456789abcdef"`},
		{Name: "Contact", Value: "Good Body <sip:spa1@192.0.2.7:5062>"},
		{Name: "Expires", Value: "240"},
		{Name: "User-Agent", Value: "Linksys/SPA941-5.1.8"},
		{Name: "Allow", Value: "ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER"},
	}}
	return d.AppendTo(nil)
}

func realResponse(status int, to *sip.Message) []byte {
	fields := []sip.DraftField{{Name: "Server", Value: "Linksys/SPA941-5.1.8"}}
	if status < 300 {
		fields = append(fields, sip.DraftField{Name: "Contact", Value: "<sip:18005551212@192.0.2.20:5060>"})
	}
	return live.AppendReply(nil, to, overUDP, &live.Reply{Status: status, ToTag: "0123456789abcdef", Fields: fields})
}

// idle is a user that does nothing but take on what comes.
type idle struct {
	l *Layer
	s *Server
}

func (u *idle) Request(now time.Time, from live.Flow, m *sip.Message, cancels *Server, out *live.Outbox) {
	if m.Method != sip.MethodAck {
		u.s, _ = u.l.Accept(now, from, m)
	}
}
func (*idle) Response(time.Time, *Client, *sip.Message, *live.Outbox)        {}
func (*idle) StrayResponse(time.Time, live.Flow, *sip.Message, *live.Outbox) {}
func (*idle) ClientFailed(time.Time, *Client, End, error, *live.Outbox)      {}
func (*idle) ServerFailed(time.Time, *Server, End, error, *live.Outbox)      {}
func (*idle) ClientEnded(time.Time, *Client)                                 {}
func (*idle) ServerEnded(time.Time, *Server)                                 {}
func idleLayer() (*Layer, *idle) {
	u := &idle{}
	u.l = NewLayer(Config{User: u, Rand: rand.Reader, MaxClients: 1 << 30, MaxServers: 1 << 30})
	return u.l, u
}

// finish brings one transaction of a machine to its end but for the timer, by way of everything that a call has.
func finish(l *Layer, u *idle, kind string, i int, m *sip.Message, out *live.Outbox) {
	to := func(status int, request []byte) {
		var r sip.Message
		r.Parse(request)
		answer := realResponse(status, &r)
		m.Parse(answer)
		l.Receive(began, overUDP, m, out)
	}
	out.Reset()
	switch kind {
	case "INVITE client, 487", "INVITE client, 200":
		r := realRequest("INVITE", i)
		if _, err := l.Send(began, overUDP, r, nil, out); err != nil {
			panic(err)
		}
		to(100, r)
		to(180, r)
		if kind == "INVITE client, 200" {
			to(200, r)
		} else {
			to(487, r)
		}
	case "non-INVITE client":
		r := realRequest("REGISTER", i)
		if _, err := l.Send(began, overUDP, r, nil, out); err != nil {
			panic(err)
		}
		to(200, r)
	case "INVITE server, 487", "INVITE server, 487 and ACK", "INVITE server, 200":
		r := realRequest("INVITE", i)
		m.Parse(r)
		l.Receive(began, overUDP, m, out)
		l.Respond(began, u.s, realResponse(180, m), out)
		if kind == "INVITE server, 200" {
			l.Respond(began, u.s, realResponse(200, m), out)
			break
		}
		l.Respond(began, u.s, realResponse(487, m), out)
		if kind == "INVITE server, 487" {
			break
		}
		m.Parse([]byte(strings.Replace(string(r), "INVITE", "ACK", 1)))
		l.Receive(began, overUDP, m, out)
	case "non-INVITE server":
		m.Parse(realRequest("REGISTER", i))
		l.Receive(began, overUDP, m, out)
		l.Respond(began, u.s, realResponse(200, m), out)
	}
}

// finished are the states in which a transaction only waits for its timer.
var finished = []string{"INVITE client, 487", "INVITE client, 200", "non-INVITE client", "INVITE server, 487", "INVITE server, 487 and ACK", "INVITE server, 200",
	"non-INVITE server"}

// held returns how many bytes of the heap each of n finished transactions holds, tables included.
func held(kind string, n int) float64 {
	l, u := idleLayer()
	var m sip.Message
	var out live.Outbox
	finish(l, u, kind, n+1, &m, &out)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		finish(l, u, kind, i, &m, &out)
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(l)
	runtime.KeepAlive(u)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}

// TestFinishedTransactionIsSmall holds DESIGN.md's budget: 1 kB for a finished transaction until its timer ends.
func TestFinishedTransactionIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("makes thousands of transactions of each kind")
	}
	for _, kind := range finished {
		if b := held(kind, 3000); b > 1000 {
			t.Errorf("%s: %.0f bytes, want at most 1000", kind, b)
		}
	}
}

// BenchmarkFinishedTransaction reports what is held of a transaction until its timer ends (B/held), and what it costs to bring it there.
func BenchmarkFinishedTransaction(b *testing.B) {
	for _, kind := range finished {
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			l, u := idleLayer()
			var m sip.Message
			var out live.Outbox
			for i := 0; b.Loop(); i++ {
				finish(l, u, kind, i, &m, &out)
			}
			b.ReportMetric(held(kind, 20000), "B/held")
		})
	}
}

// BenchmarkTransaction is a whole non-INVITE transaction at a server, timers included, out of messages that were parsed before.
func BenchmarkTransaction(b *testing.B) {
	b.Run("server", func(b *testing.B) {
		l, u := idleLayer()
		var out live.Outbox
		const ring = 1024
		var requests [ring]*sip.Message
		for i := range requests {
			requests[i] = sip.Parse(realRequest("OPTIONS", i))
		}
		answer := realResponse(200, requests[0])
		now := began
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			l.Receive(now, overUDP, requests[i%ring], &out)
			l.Respond(now, u.s, answer, &out)
			out.Reset()
			now = now.Add(64 * time.Millisecond)
			l.Wake(now, &out)
		}
	})
	b.Run("client", func(b *testing.B) {
		l, _ := idleLayer()
		var out live.Outbox
		const ring = 1024
		var requests [ring][]byte
		var responses [ring]*sip.Message
		for i := range requests {
			requests[i] = realRequest("OPTIONS", i)
			responses[i] = sip.Parse(realResponse(200, sip.Parse(requests[i])))
		}
		now := began
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := l.Send(now, overUDP, requests[i%ring], nil, &out); err != nil {
				b.Fatal(err)
			}
			l.Receive(now, overUDP, responses[i%ring], &out)
			out.Reset()
			now = now.Add(64 * time.Millisecond)
			l.Wake(now, &out)
		}
	})
}

// BenchmarkRepeat is a request that comes again: it must cost nothing but its look-up.
func BenchmarkRepeat(b *testing.B) {
	l, u := idleLayer()
	var out live.Outbox
	m := sip.Parse(realRequest("OPTIONS", 1))
	l.Receive(began, overUDP, m, &out)
	l.Respond(began, u.s, realResponse(200, m), &out)
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		l.Receive(began, overUDP, m, &out)
	}
}

// BenchmarkWake is a timer among a hundred thousand.
func BenchmarkWake(b *testing.B) {
	l, _ := idleLayer()
	var out live.Outbox
	for i := range 100_000 {
		if _, err := l.Send(began.Add(time.Duration(i)*time.Microsecond), overUDP, request("OPTIONS", fmt.Sprint("z9hG4bK", i)), nil, &out); err != nil {
			b.Fatal(err)
		}
		out.Reset()
	}
	b.ReportAllocs()
	for b.Loop() {
		next := l.Next()
		if next.IsZero() {
			break // all have ended
		}
		l.Wake(next, &out)
		out.Reset()
	}
}
