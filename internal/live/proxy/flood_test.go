package proxy

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/sip"
)

// A million forged sources: what is kept of them is bounded.
func TestAMillionSources(t *testing.T) {
	d := newDoor(t, nil)
	d.proxy.cfg.Notify = nil
	request := d.request("INVITE", "sip:1@"+domain, "spa1")
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	flood := func(from, n int) {
		for i := range n {
			var a [4]byte
			binary.BigEndian.PutUint32(a[:], uint32(0x0b000000+from+i))
			d.out.Reset()
			d.proxy.Receive(d.now, udpFrom(netip.AddrPortFrom(netip.AddrFrom4(a), 5060)), []byte(request), &d.out)
			if len(d.out.Items) != 1 {
				t.Fatalf("source %d: %d answers", i, len(d.out.Items))
			}
		}
	}
	flood(0, 20_000)
	before := heap()
	flood(20_000, 50_000)
	// The rest of the million at the gate itself, which is all that remembers a source.
	for i := range 1_000_000 {
		a := netip.AddrFrom4([4]byte{13, byte(i >> 16), byte(i >> 8), byte(i)})
		d.proxy.gate.request(d.now, a)
		d.proxy.gate.answer(d.now, a, 500)
	}
	after := heap()
	if grown := after - before; grown > 4<<20 {
		t.Errorf("a million sources more take %d bytes more", grown)
	}
	if n := len(d.proxy.gate.sources.slots); n != 10_000 || len(d.proxy.gate.sources.index) != n {
		t.Errorf("%d sources are remembered, %d are found", n, len(d.proxy.gate.sources.index))
	}
	d.idle()

	// As many names of users, each with a wrong password.
	for i := range 20_000 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{12, byte(i >> 16), byte(i >> 8), byte(i)}), 5060)
		d.send(a, strings.Replace(request, "\r\n\r\n", "\r\n"+`Proxy-Authorization: Digest username="u`+strconv.Itoa(i)+`",realm="`+domain+`",nonce="x",uri="sip:1@`+domain+
			`",response="0123456789abcdef0123456789abcdef",algorithm=MD5`+"\r\n\r\n", 1))
	}
	if n := len(d.proxy.gate.users.slots); n != 10_000 {
		t.Errorf("%d users are remembered", n)
	}
	if now := heap(); now-after > 8<<20 {
		t.Errorf("names of users take %d bytes", now-after)
	}
	d.idle()
}

// The first gate: so many requests at once, so many a second; the refusal says what it is and when to come again. An IPv6 source is its /64.
func TestTokenBucket(t *testing.T) {
	for _, addrs := range [][2]string{{"203.0.113.66", "203.0.113.66"}, {"2001:db8::1", "2001:db8::2:3:4:5"}} {
		d := newDoor(t, func(c *Config) { c.Limits.Rate, c.Limits.Burst = 2, 5 })
		from := netip.AddrPortFrom(netip.MustParseAddr(addrs[0]), 5060)
		for range 5 {
			d.one(d.send(from, d.request("INVITE", "sip:1@"+domain, "spa1")), 407)
		}
		from = netip.AddrPortFrom(netip.MustParseAddr(addrs[1]), 5070)
		s := d.one(d.send(from, d.request("INVITE", "sip:1@"+domain, "spa1")), 503)
		if reason := string(s.Text(s.Reason)); reason != "Too Many Requests From Your Address" || string(s.Value(sip.FieldRetryAfter)) != "10" {
			t.Errorf("%s", s.Raw)
		}
		if e := d.events[len(d.events)-1]; e.Kind != EventLimited {
			t.Errorf("%+v", e)
		}
		d.one(d.send(netip.MustParseAddrPort("198.51.100.1:5060"), d.request("INVITE", "sip:1@"+domain, "spa1")), 407)
		d.now = d.now.Add(time.Second)
		for _, want := range []int{407, 407, 503} {
			d.one(d.send(from, d.request("INVITE", "sip:1@"+domain, "spa1")), want)
		}
		d.idle()
	}
}

// Whoever says who he is has as many requests as he needs: a thousand phones behind one address are not a flood.
func TestKnownUsersAreNotLimited(t *testing.T) {
	d := newDoor(t, func(c *Config) { c.Limits.Rate, c.Limits.Burst = 2, 5; c.Limits.Bytes, c.Limits.BytesBurst = 1, 4096 })
	for n := range 100 {
		d.one(d.as("spa1", "secret", stranger, "REGISTER", "sip:"+domain, "To: <sip:spa1@"+domain+">", "Call-ID: r"+strconv.Itoa(n)), 200)
	}
}

// A flood of REGISTERs that guess at a password: each further guess has to wait, longer and longer, whether it comes from one source or from many. The user
// himself is not locked out where he was before.
func TestFloodOfRegisters(t *testing.T) {
	home := netip.MustParseAddrPort("198.51.100.5:5060")
	guess := func(d *door, from netip.AddrPort) sent {
		got := d.as("spa1", "guess", from, "REGISTER", "sip:"+domain, "To: <sip:spa1@"+domain+">")
		if len(got) != 1 {
			t.Fatal(told(got))
		}
		return got[0]
	}
	for _, many := range []bool{false, true} {
		d := newDoor(t, nil)
		d.register("spa1", home)
		from := stranger
		var waits []int
		tries := 0
		for n := range 200 {
			if many {
				from = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), 5060)
			}
			switch s := guess(d, from); s.Status {
			case 401:
				tries++
			case 503:
				wait, _ := strconv.Atoi(string(s.Value(sip.FieldRetryAfter)))
				waits = append(waits, wait)
				d.now = d.now.Add(time.Duration(wait) * time.Second)
			default:
				t.Fatalf("%s", s.Raw)
			}
		}
		if tries < 11 || len(waits) < 80 || waits[0] != 1 && waits[0] != 2 || waits[len(waits)-1] < 299 {
			t.Errorf("many %v: %d tries, waits %v", many, tries, waits)
		}
		if d.proxy.counters.WrongPassword != uint64(tries) {
			t.Errorf("%d wrong passwords are counted, %d were", d.proxy.counters.WrongPassword, tries)
		}
		d.register("spa1", home)
		d.wait(time.Hour)
		d.idle()
	}
}

// A request that comes again, as any does over a lossy network, is one guess at a password, and is answered as it was before. Another guess counts.
func TestRepeatsOfOneGuessCountOnce(t *testing.T) {
	d := newDoor(t, nil)
	guess := func(password string) string {
		first := d.one(d.send(stranger, d.request("REGISTER", "sip:"+domain, "spa1", "To: <sip:spa1@"+domain+">")), 401)
		return d.request("REGISTER", "sip:"+domain, "spa1", "To: <sip:spa1@"+domain+">", d.credentials(first, "REGISTER", "sip:"+domain, "spa1", password))
	}
	wrong := guess("wrong")
	for range 40 {
		d.one(d.send(stranger, wrong), 401)
	}
	if n := d.proxy.counters.WrongPassword; n != 1 {
		t.Errorf("%d wrong passwords, want 1", n)
	}
	for n := range 10 {
		d.one(d.send(stranger, guess(strconv.Itoa(n))), 401)
	}
	last := guess("and another")
	d.one(d.send(stranger, last), 503)
	d.one(d.send(stranger, guess("secret")), 503)
	d.now = d.now.Add(time.Minute)
	d.one(d.send(stranger, last), 401)
	d.one(d.send(stranger, last), 401)
	d.one(d.send(stranger, guess("yet another")), 503)
	if n := d.proxy.counters.WrongPassword; n != 12 {
		t.Errorf("%d wrong passwords, want 12", n)
	}
}

// Junk, and messages that are not for anybody, are not answered and not kept.
func TestJunk(t *testing.T) {
	d := newDoor(t, nil)
	for _, junk := range []string{"", "\x00", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("A", 60000), "SIP/2.0 200 OK\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKno\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
		"ACK sip:1@" + domain + " SIP/2.0\r\n\r\n"} {
		if got := d.send(stranger, junk); len(got) != 0 {
			t.Errorf("%.40q: %s", junk, told(got))
		}
	}
	d.idle()
}
