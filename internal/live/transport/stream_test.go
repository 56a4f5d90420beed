package transport

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// dialTCP connects to a driver.
func dialTCP(t testing.TB, to netip.AddrPort) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

func put(t testing.TB, c net.Conn, data string) {
	t.Helper()
	if _, err := c.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
}

// get reads as many bytes as want has, and compares.
func get(t testing.TB, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if n, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("got %q (%v), want %q", b[:n], err, want)
	}
}

// getEnd waits for the other side to end the connection, and returns what came before.
func getEnd(t testing.TB, c net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(c)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Fatal("the connection was not closed")
	}
	return string(b)
}

func TestStreamIsCutIntoMessages(t *testing.T) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	c := dialTCP(t, addr(t, d, capture.TCP))
	var all string
	var want []string
	for i, body := range []int{0, 10, 1000, 65000, 0} {
		m := request("INVITE", fmt.Sprint(i), capture.TCP, body)
		want = append(want, m)
		all += "\r\n" + m
	}
	go c.Write([]byte(all))
	get(t, c, strings.Join(want, ""))
	for _, m := range want {
		if h := e.expect(t, "receive"); h.data != m || h.flow.Conn == 0 || h.flow.Remote != addrOf(c.LocalAddr()) || h.flow.Local != addrOf(c.RemoteAddr()) {
			t.Errorf("%q over %+v", h.data, h.flow)
		}
	}
	c.Close()
	if h := e.expect(t, "closed"); h.flow.Conn == 0 {
		t.Errorf("%+v", h.flow)
	}
}

// However small the pieces are.
func TestStreamOfSingleBytes(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	c := dialTCP(t, addr(t, d, capture.TCP))
	c.SetNoDelay(true)
	m := request("INVITE", "1", capture.TCP, 20)
	for i := range len(m) {
		put(t, c, m[i:i+1])
	}
	if h := e.expect(t, "receive"); h.data != m {
		t.Errorf("%q", h.data)
	}
}

func TestOrderOfAStream(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	c := dialTCP(t, addr(t, d, capture.TCP))
	const calls = 5000
	go func() {
		for i := range calls {
			c.Write([]byte(request("INVITE", fmt.Sprint(i), capture.TCP, 0) + request("CANCEL", fmt.Sprint(i), capture.TCP, 0)))
		}
	}()
	for i := range calls {
		for _, method := range []string{"INVITE", "CANCEL"} {
			if h := e.expect(t, "receive"); !strings.HasPrefix(h.data, method) || !strings.Contains(h.data, fmt.Sprintf("z9hG4bK%d\r", i)) {
				t.Fatalf("call %d: instead of its %s came %.30q", i, method, h.data)
			}
		}
	}
}

func TestKeepAlives(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	c := dialTCP(t, addr(t, d, capture.TCP))
	m := request("OPTIONS", "1", capture.TCP, 0)
	put(t, c, "\r\n\r\n")
	get(t, c, "\r\n")
	put(t, c, "\r\n")
	put(t, c, "\r\n")
	get(t, c, "\r\n")
	put(t, c, m+"\r\n\r\n"+m)
	get(t, c, "\r\n")
	put(t, c, "\r\n") // single ones are none
	put(t, c, m+"\r\n")
	c.CloseWrite()
	if rest := getEnd(t, c); rest != "" {
		t.Errorf("%q", rest)
	}
	for range 3 {
		e.expect(t, "receive")
	}
	if n := d.Counters().KeepAlives.Load(); n != 3 {
		t.Errorf("%d", n)
	}
}

func TestContentLengthGames(t *testing.T) {
	const head = "INVITE sip:b@h SIP/2.0\r\nCSeq: 1 INVITE\r\n"
	for _, c := range []struct {
		name, stream string
		heard        string // by the element; "": nothing
		counter      string
	}{
		{"negative", head + "Content-Length: -1\r\n\r\nx", head + "Content-Length: -1\r\n\r\n", "length"},
		{"no number", head + "Content-Length: 4, 4\r\n\r\nxxxx", head + "Content-Length: 4, 4\r\n\r\n", "length"},
		{"empty", head + "l:\r\n\r\n", head + "l:\r\n\r\n", "length"},
		{"two that differ", head + "Content-Length: 0\r\nl: 4\r\n\r\nBYE ", head + "Content-Length: 0\r\nl: 4\r\n\r\n", "length"},
		{"huge", head + "Content-Length: 99999999999999999999\r\n\r\nx", "", "long"},
		{"too long", head + "Content-Length: 65536\r\n\r\nx", "", "long"},
		{"an endless header", "INVITE sip:b@h SIP/2.0\r\n" + strings.Repeat("A: b\r\n", 20000), "", "long"},
		{"an endless line", "INVITE sip:b@h " + strings.Repeat("x", 80000), "", "long"},
		{"no SIP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", "sip"},
		{"TLS to a TCP port", "\x16\x03\x01\x02\x00\x01", "", "sip"},
		{"junk behind a message", head + "\r\n" + "junk here\r\n", head + "\r\n", "sip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newScript()
			e.receive = func(_ time.Time, from live.Flow, _ []byte, out *live.Outbox) {
				out.Send(from, 0, []byte("SIP/2.0 400 Bad Request\r\n\r\n"))
			}
			d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
			conn := dialTCP(t, addr(t, d, capture.TCP))
			go conn.Write([]byte(c.stream)) // which may fail, since the other side closes
			want := ""
			if c.heard != "" {
				want = "SIP/2.0 400 Bad Request\r\n\r\n"
			}
			if got := getEnd(t, conn); got != want {
				t.Errorf("answered %q", got)
			}
			if c.heard != "" {
				if h := e.expect(t, "receive"); h.data != c.heard {
					t.Errorf("the element received %q", h.data)
				}
				e.expect(t, "closed")
			}
			n := d.Counters()
			for name, v := range map[string]uint64{"length": n.BadLength.Load(), "long": n.TooLong.Load(), "sip": n.NotSIP.Load()} {
				if (v == 1) != (name == c.counter) {
					t.Errorf("%s is counted %d times", name, v)
				}
			}
		})
	}
	// The same number twice is no doubt, and one that goes on over a line is one.
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	conn := dialTCP(t, addr(t, d, capture.TCP))
	m := head + "Content-Length: 4\r\nl :\r\n 4\r\n\r\nbody"
	put(t, conn, m)
	if h := e.expect(t, "receive"); h.data != m {
		t.Errorf("%q", h.data)
	}
}

// Slow connections are closed, and the one that goes on is not.
func TestSlowConnections(t *testing.T) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP), Limits: Limits{FirstMessage: 50 * time.Millisecond, HalfMessage: 100 * time.Millisecond}})
	m := request("OPTIONS", "1", capture.TCP, 0)
	silent, pinging, half := dialTCP(t, addr(t, d, capture.TCP)), dialTCP(t, addr(t, d, capture.TCP)), dialTCP(t, addr(t, d, capture.TCP))
	put(t, half, m)
	get(t, half, m)
	put(t, half, m[:strings.Index(m, "\r\n")+2])
	stop := make(chan struct{})
	go func() { // one line after the other, but never the last; and keep-alives that are no message
		defer close(stop)
		pong := make([]byte, 2)
		for i := 0; ; i++ {
			if _, err := pinging.Write([]byte("\r\n\r\n")); err != nil {
				return
			}
			if _, err := io.ReadFull(pinging, pong); err != nil {
				return
			}
			if i%100 == 0 {
				half.Write([]byte("A: b\r\n"))
			}
		}
	}()
	getEnd(t, silent)
	<-stop
	getEnd(t, half)
	e.expect(t, "receive")
	e.expect(t, "closed") // of the one that it knew
	if n := d.Counters().Slow.Load(); n != 3 {
		t.Errorf("%d were found slow", n)
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP), Limits: Limits{Idle: 50 * time.Millisecond}})
	c := dialTCP(t, addr(t, d, capture.TCP))
	put(t, c, request("OPTIONS", "1", capture.TCP, 0))
	getEnd(t, c)
	e.expect(t, "receive")
	e.expect(t, "closed")
	if n := d.Counters().Idle.Load(); n != 1 {
		t.Error(n)
	}
}

// A reader that does not read costs its own connection, and nobody waits for it.
func TestSlowReader(t *testing.T) {
	e := newScript()
	e.happened = make(chan happening, 1<<20)
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	c := dialTCP(t, addr(t, d, capture.TCP))
	put(t, c, request("OPTIONS", "1", capture.TCP, 0))
	from := e.expect(t, "receive").flow
	big := "SIP/2.0 200 OK\r\nl: 60000\r\n\r\n" + strings.Repeat("x", 60000)
	failed, closed := false, false
	for ref := uint64(1); !failed && ref < 10000; ref++ {
		d.sendNow(t, from, ref, big)
		d.Do(func(time.Time, *live.Outbox) {
			for len(e.happened) > 0 {
				h := <-e.happened
				failed, closed = failed || h.what == "failed", closed || h.what == "closed"
			}
		})
	}
	if !failed {
		t.Fatal("everything was taken")
	}
	for !closed {
		select {
		case h := <-e.happened:
			closed = h.what == "closed"
		case <-time.After(patience):
			t.Fatal("the connection was not closed")
		}
	}
	if n := d.Counters().Overrun.Load(); n != 1 {
		t.Error(n)
	}
}

func TestConnectionIsMadeAndUsedAgain(t *testing.T) {
	e, peer := newScript(), newScript()
	peer.receive = echo
	var tapped []string
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP), Tap: func(r *capture.Record) {
		tapped = append(tapped, r.Direction.String()+" "+r.Src.String()+" "+r.Dst.String()+" "+r.Src.Transport.String())
	}})
	p := start(t, peer, Config{Listen: at("127.0.0.1", capture.TCP)})
	to := live.Flow{Transport: capture.TCP, Remote: addr(t, p, capture.TCP)}
	// Three at once, before there is a connection; then one more.
	d.Do(func(_ time.Time, out *live.Outbox) {
		for i := range 3 {
			out.Send(to, uint64(i+1), []byte(request("OPTIONS", fmt.Sprint(i), capture.TCP, 0)))
		}
	})
	var flow live.Flow
	for i := range 3 {
		h := e.expect(t, "receive")
		if !strings.Contains(h.data, fmt.Sprintf("z9hG4bK%d\r", i)) {
			t.Errorf("%d: %q", i, h.data)
		}
		flow = h.flow
	}
	d.sendNow(t, to, 4, request("OPTIONS", "3", capture.TCP, 0))
	if h := e.expect(t, "receive"); h.flow != flow || flow.Conn == 0 || flow.Remote != to.Remote {
		t.Errorf("%+v, %+v", h.flow, flow)
	}
	if n := d.Counters(); n.Connected.Load() != 1 || n.Connections.Load() != 1 {
		t.Errorf("%d connections were made", n.Connected.Load())
	}
	d.Do(func(time.Time, *live.Outbox) {
		here, there := flow.Local.String(), to.Remote.String()
		if len(tapped) != 8 || tapped[0] != "sent "+here+" "+there+" TCP" || tapped[7] != "received "+there+" "+here+" TCP" {
			t.Errorf("%q", tapped)
		}
	})
	// The element ends it; what it wrote before arrives.
	d.Do(func(_ time.Time, out *live.Outbox) {
		out.Send(flow, 5, []byte(request("BYE", "4", capture.TCP, 0)))
		out.Close(flow)
	})
	// (The echo of the BYE may be back before the connection has ended.)
	if h := <-e.happened; h.what != "closed" && !strings.HasPrefix(h.data, "BYE") {
		t.Errorf("%q instead of closed", h.what)
	} else if h.what != "closed" {
		e.expect(t, "closed")
	}
	for i := range 5 {
		if h := peer.expect(t, "receive"); i == 4 && !strings.HasPrefix(h.data, "BYE") {
			t.Errorf("%q", h.data)
		}
	}
	// The peer's end of it ends, too (its echo of the BYE may have found nobody).
	for h := range peer.happened {
		if h.what == "closed" {
			break
		}
	}
	// What is sent over a connection that is gone fails; it is not put on another one.
	d.sendNow(t, flow, 9, "SIP/2.0 200 OK\r\n\r\n")
	if h := e.expect(t, "failed"); h.ref != 9 || h.flow != flow || !strings.Contains(h.err.Error(), "is gone") {
		t.Errorf("%+v", h)
	}
}

// nobodyTCP returns an address where nobody listens.
func nobodyTCP(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return addrOf(l.Addr())
}

func TestConnectionRefused(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	to := live.Flow{Transport: capture.TCP, Remote: nobodyTCP(t)}
	d.Do(func(_ time.Time, out *live.Outbox) {
		out.Send(to, 1, []byte("a"))
		out.Send(to, 2, []byte("b"))
	})
	for ref := range uint64(2) {
		if h := e.expect(t, "failed"); h.ref != ref+1 || h.flow != to || h.err.Error() != "no TCP connection to "+to.Remote.String()+": nobody listens at that port" {
			t.Errorf("%+v", h)
		}
	}
	if n := d.Counters().Connections.Load(); n != 0 {
		t.Errorf("%d connections are counted", n)
	}
}

func TestTooManyConnections(t *testing.T) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at("0.0.0.0", capture.TCP), Limits: Limits{Connections: 3, ConnectionsPerSource: 2}})
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addr(t, d, capture.TCP).Port())
	m := request("OPTIONS", "1", capture.TCP, 0)
	open := func(from string) *net.TCPConn {
		c, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.ParseIP(from)}, net.TCPAddrFromAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		return c
	}
	works := func(c *net.TCPConn) { t.Helper(); put(t, c, m); get(t, c, m) }
	one, two := open("127.0.0.1"), open("127.0.0.1")
	works(one)
	works(two)
	getEnd(t, open("127.0.0.1"))
	works(open("127.0.0.2"))
	getEnd(t, open("127.0.0.3"))
	if n := d.Counters().Refused.Load(); n != 2 {
		t.Error(n)
	}
	// One that ends makes room.
	one.Close()
	for h := range e.happened {
		if h.what == "closed" {
			break
		}
	}
	works(open("127.0.0.1"))
}

func TestConnectionChurn(t *testing.T) {
	e := newScript()
	e.happened = make(chan happening, 1<<16)
	e.receive = echo
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TCP)})
	m := request("OPTIONS", "1", capture.TCP, 0)
	for i := range 500 {
		c := dialTCP(t, addr(t, d, capture.TCP))
		switch i % 3 {
		case 0:
			put(t, c, m)
			get(t, c, m)
		case 1:
			put(t, c, m[:len(m)/2])
		}
		if i%2 == 0 {
			c.SetLinger(0) // a reset
		}
		c.Close()
	}
	c := dialTCP(t, addr(t, d, capture.TCP))
	put(t, c, m)
	get(t, c, m)
	c.Close()
	closed := 0
	for closed < 168 { // those of which the element knew, and the last
		select {
		case h := <-e.happened:
			if h.what == "closed" {
				closed++
			}
		case <-time.After(patience):
			t.Fatalf("%d were closed", closed)
		}
	}
	d.Close() // waits for the readers of the others
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pool.streams) != 0 || len(d.pool.to) != 0 || len(d.pool.sources) != 0 || d.pool.accepted != 0 || d.counters.Connections.Load() != 0 {
		t.Errorf("%d connections, %d addresses, %d sources are left", len(d.pool.streams), len(d.pool.to), len(d.pool.sources))
	}
}

// What is going on when it ends, ends.
func TestEndWhileBusy(t *testing.T) {
	e := &script{receive: echo, happened: nil}
	peer := &script{happened: make(chan happening, 1<<20)}
	d, err := New(Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP), Allow: Loopback}, e)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, peer, Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP)})
	ended := make(chan error, 1)
	ctx, cancel := contextOf(t)
	go func() { ended <- d.Run(ctx) }()
	// A connection that reads nothing, one that has sent half a message, and a flood over both transports.
	deaf, half := dialTCP(t, addr(t, d, capture.TCP)), dialTCP(t, addr(t, d, capture.TCP))
	put(t, half, "INVITE sip:b@h SI")
	go func() {
		m := []byte(request("OPTIONS", "1", capture.TCP, 60000))
		for {
			if _, err := deaf.Write(m); err != nil {
				return
			}
		}
	}()
	u := socket(t, "127.0.0.1:0")
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for p.Do(func(_ time.Time, out *live.Outbox) {
			out.Send(live.Flow{Transport: capture.TCP, Remote: addr(t, d, capture.TCP)}, 0, []byte(request("OPTIONS", "1", capture.TCP, 0)))
		}) == nil {
			if _, err := u.WriteToUDPAddrPort([]byte(request("OPTIONS", "1", capture.UDP, 0)), addr(t, d, capture.UDP)); err != nil {
				return
			}
			if d.Do(func(time.Time, *live.Outbox) {}) != nil {
				return
			}
		}
	}()
	for range 100 {
		<-peer.happened
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-stop
}
