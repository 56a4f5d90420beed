package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// script is an element that does what the test says; without a function it does nothing. What happens goes to its channel, which must
// be large enough or read.
type script struct {
	receive  func(now time.Time, from live.Flow, data []byte, out *live.Outbox)
	failed   func(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox)
	resolved func(now time.Time, ref uint64, flows []live.Flow, err error, out *live.Outbox)
	wake     func(now time.Time, out *live.Outbox)
	next     time.Time
	happened chan happening
}

// happening is one call of an element.
type happening struct {
	what  string // receive, failed, resolved, closed, wake
	flow  live.Flow
	ref   uint64
	data  string
	flows []live.Flow
	err   error
}

func (s *script) tell(h happening) {
	if s.happened != nil {
		s.happened <- h
	}
}

func newScript() *script { return &script{happened: make(chan happening, 20000)} }

func (s *script) Receive(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
	if s.receive != nil {
		s.receive(now, from, data, out)
	}
	if s.happened != nil {
		s.tell(happening{what: "receive", flow: from, data: string(data)})
	}
}

func (s *script) Failed(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox) {
	if s.failed != nil {
		s.failed(now, to, ref, err, out)
	}
	s.tell(happening{what: "failed", flow: to, ref: ref, err: err})
}

func (s *script) Resolved(now time.Time, ref uint64, flows []live.Flow, err error, out *live.Outbox) {
	if s.resolved != nil {
		s.resolved(now, ref, flows, err, out)
	}
	s.tell(happening{what: "resolved", ref: ref, flows: flows, err: err})
}

func (s *script) Closed(now time.Time, f live.Flow, out *live.Outbox) {
	s.tell(happening{what: "closed", flow: f})
}

func (s *script) Wake(now time.Time, out *live.Outbox) {
	s.next = time.Time{}
	if s.wake != nil {
		s.wake(now, out)
	}
	s.tell(happening{what: "wake"})
}

func (s *script) Next() time.Time { return s.next }

// patience is how long a test waits for what must happen; it is never waited for when all is well.
const patience = 30 * time.Second

// expect returns the next happening, which must be of a kind.
func (s *script) expect(t testing.TB, what string) happening {
	t.Helper()
	select {
	case h := <-s.happened:
		if h.what != what {
			t.Fatalf("%s happened (%q, %v) instead of %s", h.what, h.data, h.err, what)
		}
		return h
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	panic("not reached")
}

// start runs a driver on loopback for the test.
func start(t testing.TB, e live.Element, cfg Config) *Driver {
	t.Helper()
	if cfg.Allow == nil {
		cfg.Allow = Loopback
	}
	d, err := New(cfg, e)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
	})
	return d
}

// at returns listeners at any port of an address.
func at(addr string, transports ...capture.Transport) []Listener {
	var ls []Listener
	for _, tr := range transports {
		ls = append(ls, Listener{tr, netip.AddrPortFrom(netip.MustParseAddr(addr), 0)})
	}
	return ls
}

// addr returns where a driver listens with a transport.
func addr(t testing.TB, d *Driver, tr capture.Transport) netip.AddrPort {
	t.Helper()
	for _, l := range d.Listeners() {
		if l.Transport == tr {
			return l.Addr
		}
	}
	t.Fatalf("no listener with %s", tr)
	panic("not reached")
}

func (d *Driver) sendNow(t testing.TB, f live.Flow, ref uint64, data string) {
	t.Helper()
	if err := d.Do(func(_ time.Time, out *live.Outbox) { out.Send(f, ref, []byte(data)) }); err != nil {
		t.Fatal(err)
	}
}

// request returns a request, with a body of some bytes.
func request(method, branch string, transport capture.Transport, body int) string {
	return fmt.Sprintf("%s sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:5062;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n"+
		"To: <sip:b@127.0.0.1>\r\nCall-ID: c1@127.0.0.1\r\nCSeq: 1 %s\r\nContent-Length: %d\r\n\r\n%s", method, transport, branch, method, body, strings.Repeat("x", body))
}

// socket is a UDP socket of the test's own.
func socket(t testing.TB, from string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func localOf(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func write(t testing.TB, c *net.UDPConn, to netip.AddrPort, data string) {
	t.Helper()
	if _, err := c.WriteToUDPAddrPort([]byte(data), to); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, c *net.UDPConn) (string, netip.AddrPort) {
	t.Helper()
	b := make([]byte, maxDatagram)
	c.SetReadDeadline(time.Now().Add(patience))
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n]), from
}

// echo sends everything back over the flow that it came over.
func echo(_ time.Time, from live.Flow, data []byte, out *live.Outbox) { out.Send(from, 0, data) }

func contextOf(testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}
