package transport

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDatagramIsReceivedAndAnswered(t *testing.T) {
	for _, local := range []string{"127.0.0.1", "::1"} {
		eachIO(t, func(t *testing.T, portable bool) { testDatagram(t, local, portable) })
	}
}

// eachIO runs a test with the I/O of this system and with that of the others.
func eachIO(t *testing.T, f func(t *testing.T, portable bool)) {
	t.Run("batched", func(t *testing.T) { f(t, false) })
	t.Run("portable", func(t *testing.T) { f(t, true) })
}

func testDatagram(t *testing.T, local string, portable bool) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at(local, capture.UDP), portable: portable})
	c := socket(t, netip.AddrPortFrom(netip.MustParseAddr(local), 0).String())
	m := request("OPTIONS", "1", capture.UDP, 0)
	write(t, c, addr(t, d, capture.UDP), m)
	got, from := read(t, c)
	if got != m || from != addr(t, d, capture.UDP) {
		t.Errorf("%q came back from %s", got, from)
	}
	want := live.Flow{Transport: capture.UDP, Local: addr(t, d, capture.UDP), Remote: localOf(c)}
	if h := e.expect(t, "receive"); h.flow != want || h.data != m {
		t.Errorf("the element received %q over %+v, want %+v", h.data, h.flow, want)
	}
}

// Fault 1 of other stacks: what was sent back to back must arrive in the order in which it was sent.
func TestOrderOfDatagrams(t *testing.T) { eachIO(t, testOrderOfDatagrams) }

func testOrderOfDatagrams(t *testing.T, portable bool) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), portable: portable})
	c := socket(t, "127.0.0.1:0")
	for i := range 5000 {
		branch := fmt.Sprint(i)
		write(t, c, addr(t, d, capture.UDP), request("INVITE", branch, capture.UDP, 0))
		write(t, c, addr(t, d, capture.UDP), request("CANCEL", branch, capture.UDP, 0))
		for _, method := range []string{"INVITE", "CANCEL"} {
			if h := e.expect(t, "receive"); !strings.HasPrefix(h.data, method) || !strings.Contains(h.data, "z9hG4bK"+branch+"\r") {
				t.Fatalf("call %d: instead of its %s came %.30q", i, method, h.data)
			}
		}
	}
}

func TestLargestDatagram(t *testing.T) { eachIO(t, testLargestDatagram) }

func testLargestDatagram(t *testing.T, portable bool) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), portable: portable})
	c := socket(t, "127.0.0.1:0")
	m := request("INVITE", "1", capture.UDP, 1<<15)
	m = "SIP/2.0 200 OK" + m[strings.Index(m, "\r\n"):] + strings.Repeat("x", 65507-len(m)+strings.Index(m, "\r\n")-14)
	if len(m) != 65507 {
		t.Fatal(len(m))
	}
	write(t, c, addr(t, d, capture.UDP), m)
	if got, _ := read(t, c); got != m {
		t.Errorf("of %d bytes came back %d", len(m), len(got))
	}
	e.expect(t, "receive")
	// One byte more than IPv4 can carry is told, not lost in silence.
	d.sendNow(t, live.Flow{Transport: capture.UDP, Remote: localOf(c)}, 7, m+"x")
	if h := e.expect(t, "failed"); h.ref != 7 || h.err.Error() != "sending to "+localOf(c).String()+" over UDP: it is too large for a datagram" {
		t.Error(h)
	}
}

func TestWhatIsNoMessageIsCountedAndDropped(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), Tap: func(r *capture.Record) {
		if string(r.Data) != "END x SIP/2.0\r\n\r\n" {
			t.Errorf("%q was tapped", r.Data)
		}
	}})
	c := socket(t, "127.0.0.1:0")
	for range 100 {
		for _, junk := range []string{"", "\r\n\r\n", "\x00", "\x00\x01\x00\x00!\x12\xa4B0123456789ab", "\x80\x00\x00\x01", "\xff\xff"} {
			write(t, c, addr(t, d, capture.UDP), junk)
		}
	}
	write(t, c, addr(t, d, capture.UDP), "END x SIP/2.0\r\n\r\n")
	if h := e.expect(t, "receive"); h.data != "END x SIP/2.0\r\n\r\n" {
		t.Errorf("%q was handed over", h.data)
	}
	d.Do(func(time.Time, *live.Outbox) {}) // so that what counts has counted
	n := d.Counters()
	if n.Empty.Load() != 100 || n.KeepAlives.Load() != 200 || n.NotSIP.Load() != 300 || n.UDP.Received.Load() != 1 {
		t.Errorf("empty %d, keep-alive %d, no SIP %d, received %d", n.Empty.Load(), n.KeepAlives.Load(), n.NotSIP.Load(), n.UDP.Received.Load())
	}
}

// A host with several addresses answers from the one that was asked, and the element is told which that was.
func TestSourceAddressOfWildcardListener(t *testing.T) {
	eachIO(t, testSourceAddressOfWildcardListener)
}

func testSourceAddressOfWildcardListener(t *testing.T, portable bool) {
	e := newScript()
	e.receive = echo
	d := start(t, e, Config{Listen: at("0.0.0.0", capture.UDP), portable: portable})
	port := addr(t, d, capture.UDP).Port()
	c := socket(t, "127.0.0.1:0")
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.9"} {
		to := netip.AddrPortFrom(netip.MustParseAddr(host), port)
		write(t, c, to, request("OPTIONS", "1", capture.UDP, 0))
		if _, from := read(t, c); from != to {
			t.Errorf("sent to %s, answered from %s", to, from)
		}
		if h := e.expect(t, "receive"); h.flow.Local != to {
			t.Errorf("sent to %s, Local is %s", to, h.flow.Local)
		}
	}
	// Of its own it sends from the address that the element says, and from the system's if it says none.
	from := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), port)
	d.sendNow(t, live.Flow{Transport: capture.UDP, Local: from, Remote: localOf(c)}, 1, request("OPTIONS", "1", capture.UDP, 0))
	if _, got := read(t, c); got != from {
		t.Errorf("sent from %s, want %s", got, from)
	}
	d.sendNow(t, live.Flow{Transport: capture.UDP, Remote: localOf(c)}, 1, request("OPTIONS", "1", capture.UDP, 0))
	if _, got := read(t, c); got != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port) {
		t.Errorf("sent from %s", got)
	}
}

func TestGuard(t *testing.T) {
	e := newScript()
	tapped := 0
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP), Tap: func(*capture.Record) { tapped++ }})
	for i, tr := range []capture.Transport{capture.UDP, capture.TCP, capture.TLS} {
		d.sendNow(t, live.Flow{Transport: tr, Remote: netip.MustParseAddrPort("192.0.2.1:5060")}, uint64(i+1), request("OPTIONS", "1", tr, 0))
		h := e.expect(t, "failed")
		if h.ref != uint64(i+1) || h.err.Error() != "nothing was sent to 192.0.2.1:5060: the network guard does not let it through" {
			t.Errorf("%d %v", h.ref, h.err)
		}
	}
	if n := d.Counters().Guarded.Load(); n != 3 || tapped != 0 {
		t.Errorf("%d counted, %d tapped", n, tapped)
	}
}

func TestTapHasAllInOrder(t *testing.T) {
	e := newScript()
	e.receive = func(now time.Time, from live.Flow, data []byte, out *live.Outbox) {
		out.Say(capture.Event{Name: "calling", Line: 1, Subject: []byte("12")}, []byte("Calling:12@h"))
		out.Send(from, 0, []byte("SIP/2.0 100 Trying\r\n\r\n"))
		out.Say(capture.Event{Name: "on-hook"}, []byte("[0]On Hook"))
		out.Send(from, 0, []byte("SIP/2.0 200 OK\r\n\r\n"))
		out.Send(from, 0, []byte("\r\n"))
	}
	var got []capture.Record
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), Tap: func(r *capture.Record) {
		c := *r
		c.Data = append([]byte(nil), r.Data...)
		got = append(got, c)
	}})
	c := socket(t, "127.0.0.1:0")
	before := time.Now()
	write(t, c, addr(t, d, capture.UDP), "OPTIONS sip:b@h SIP/2.0\r\n\r\n")
	for range 3 {
		read(t, c)
	}
	d.Do(func(time.Time, *live.Outbox) {
		here := capture.Endpoint{Addr: netip.MustParseAddr("127.0.0.1"), Port: addr(t, d, capture.UDP).Port(), Transport: capture.UDP}
		there := here
		there.Port = localOf(c).Port()
		want := []struct {
			kind     capture.Kind
			dir      capture.Direction
			data     string
			src, dst capture.Endpoint
		}{
			{capture.KindMessage, capture.Received, "OPTIONS sip:b@h SIP/2.0\r\n\r\n", there, here},
			{capture.KindEvent, capture.DirectionUnknown, "Calling:12@h", capture.Endpoint{}, capture.Endpoint{}},
			{capture.KindMessage, capture.Sent, "SIP/2.0 100 Trying\r\n\r\n", here, there},
			{capture.KindEvent, capture.DirectionUnknown, "[0]On Hook", capture.Endpoint{}, capture.Endpoint{}},
			{capture.KindMessage, capture.Sent, "SIP/2.0 200 OK\r\n\r\n", here, there},
		}
		if len(got) != len(want) {
			t.Errorf("%d records, want %d", len(got), len(want))
			return
		}
		end := int64(0)
		for i, w := range want {
			r := got[i]
			if r.Kind != w.kind || r.Direction != w.dir || string(r.Data) != w.data || r.Src != w.src || r.Dst != w.dst {
				t.Errorf("record %d is %d %s %q from %s to %s", i, r.Kind, r.Direction, r.Data, r.Src, r.Dst)
			}
			if o := r.Origin; o.Unit != capture.Frame || o.Number != int64(i+1) || o.Start != end || o.End != end+int64(len(r.Data)) {
				t.Errorf("record %d: %+v", i, o)
			}
			end = r.Origin.End
			if u, ok := r.Time.UTC(); !ok || u.Before(before.Add(-time.Millisecond)) || r.Time.Basis != capture.BasisReceived || r.Time.Domain() != capture.DomainUTC {
				t.Errorf("record %d: %+v", i, r.Time)
			}
			if u, _ := r.Time.UTC(); r.Time.Text() != u.Format("2006-01-02T15:04:05.000000Z") {
				t.Errorf("record %d: %s is shown as %s", i, u, r.Time.Text())
			}
		}
		if got[1].Event.Name != "calling" || got[1].Event.Line != 1 {
			t.Errorf("%+v", got[1].Event)
		}
	})
}

func TestPortInUse(t *testing.T) {
	c := socket(t, "127.0.0.1:0")
	_, err := New(Config{Listen: []Listener{{capture.UDP, localOf(c)}}}, newScript())
	want := fmt.Sprintf("cannot listen at %s over UDP: another program has that port", localOf(c))
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var listen *ListenError
	if !errors.As(err, &listen) || !listen.InUse() || listen.NoSuchAddress() || listen.Forbidden() {
		t.Errorf("%#v", err)
	}
	for _, c := range []struct {
		name string
		l    Listener
		want string
	}{
		{"an address that the machine has not", Listener{capture.TCP, netip.MustParseAddrPort("192.0.2.1:5060")}, "cannot listen at 192.0.2.1:5060 over TCP: this machine has no such address"},
		{"TLS without a certificate", Listener{capture.TLS, netip.MustParseAddrPort("127.0.0.1:0")}, "cannot listen with TLS at 127.0.0.1:0: there is no certificate; "},
		{"another transport", Listener{capture.SCTP, netip.MustParseAddrPort("127.0.0.1:0")}, `cannot listen at 127.0.0.1:0 with transport "SCTP": `},
		{"no address", Listener{Transport: capture.UDP}, "cannot listen with UDP: no address is given"},
	} {
		if _, err := New(Config{Listen: []Listener{c.l}}, newScript()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// RFC 3261 §18.2.1: where UDP is listened for, TCP is, at the same port.
func TestAnyPortIsTheSameForUDPAndTCP(t *testing.T) {
	for _, ls := range [][]Listener{at("127.0.0.1", capture.UDP, capture.TCP), at("127.0.0.1", capture.TCP, capture.UDP)} {
		d := start(t, newScript(), Config{Listen: ls})
		if addr(t, d, capture.UDP) != addr(t, d, capture.TCP) || addr(t, d, capture.UDP).Port() == 0 {
			t.Errorf("%v", d.Listeners())
		}
	}
}

// §18.4: what an ICMP error says is told, with what it was that could not be delivered.
func TestPortUnreachable(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP)})
	if !seesICMP {
		t.Skip("this system tells ICMP errors to connected sockets only")
	}
	c := socket(t, "127.0.0.1:0")
	nobody := localOf(c)
	c.Close()
	f := live.Flow{Transport: capture.UDP, Remote: nobody}
	d.sendNow(t, f, 42, request("OPTIONS", "1", capture.UDP, 0))
	if h := e.expect(t, "failed"); h.ref != 42 || h.flow != f || h.err.Error() != nobody.String()+" is unreachable: nobody listens at that port" {
		t.Errorf("%+v", h)
	}
	// And the socket goes on.
	c = socket(t, "127.0.0.1:0")
	d.sendNow(t, live.Flow{Transport: capture.UDP, Remote: localOf(c)}, 43, request("OPTIONS", "2", capture.UDP, 0))
	read(t, c)
}

func TestWake(t *testing.T) {
	e := newScript()
	var got []time.Time
	e.wake = func(now time.Time, _ *live.Outbox) {
		if got = append(got, now); len(got) < 3 {
			e.next = now.Add(time.Millisecond)
		}
	}
	began := time.Now()
	e.next = began.Add(2 * time.Millisecond)
	start(t, e, Config{})
	for range 3 {
		e.expect(t, "wake")
	}
	if got[0].Before(began.Add(2 * time.Millisecond)) {
		t.Error("woken too early")
	}
}

// An element that sends again at once whatever fails does not stop all else.
func TestFailureThatIsAnsweredForEver(t *testing.T) {
	e := newScript()
	e.happened = make(chan happening, 1<<20)
	nowhere := live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort("192.0.2.1:5060")}
	e.failed = func(_ time.Time, to live.Flow, ref uint64, _ error, out *live.Outbox) {
		if ref < 1000 {
			out.Send(to, ref+1, []byte("x"))
		}
	}
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP)})
	d.sendNow(t, nowhere, 0, "x")
	for ref := range uint64(1001) {
		if h := e.expect(t, "failed"); h.ref != ref {
			t.Fatalf("%d, want %d", h.ref, ref)
		}
	}
}

func TestAddressesAreResolvedAtOnce(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP)})
	d.Do(func(_ time.Time, out *live.Outbox) {
		out.Resolve(5, live.Target{Host: "127.0.0.1", Port: 5070})
		out.Resolve(6, live.Target{Host: "::1", Secure: true})
		out.Resolve(7, live.Target{Host: "example.com"})
	})
	h := e.expect(t, "resolved")
	if want := (live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort("127.0.0.1:5070")}); h.ref != 5 || len(h.flows) != 1 || h.flows[0] != want {
		t.Errorf("%+v", h)
	}
	h = e.expect(t, "resolved")
	if want := (live.Flow{Transport: capture.TLS, Remote: netip.MustParseAddrPort("[::1]:5061")}); h.ref != 6 || len(h.flows) != 1 || h.flows[0] != want {
		t.Errorf("%+v", h)
	}
	if h = e.expect(t, "resolved"); h.ref != 7 || h.err == nil {
		t.Errorf("%+v", h)
	}
}

func TestDoAfterTheEnd(t *testing.T) {
	d, err := New(Config{Listen: at("127.0.0.1", capture.UDP, capture.TCP)}, newScript())
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if err := d.Do(func(time.Time, *live.Outbox) { t.Error("called") }); err != ErrClosed {
		t.Error(err)
	}
	d.Close()
}

// What comes faster than it is read is lost, and counted to the message.
func TestOverflowIsCounted(t *testing.T) {
	e := newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.UDP), Limits: Limits{ReceiveBuffer: 4096}})
	c := socket(t, "127.0.0.1:0")
	const sent = 5000
	d.Do(func(time.Time, *live.Outbox) {
		for range sent {
			write(t, c, addr(t, d, capture.UDP), request("OPTIONS", "1", capture.UDP, 0))
		}
	})
	if !seesICMP {
		return // nor does it tell this
	}
	lost := d.Overflowed()
	if lost == 0 {
		t.Skip("this system found room for everything")
	}
	for range sent - lost {
		e.expect(t, "receive")
	}
	if n := d.Overflowed(); n != lost {
		t.Errorf("%d, then %d", lost, n)
	}
}
