package proxy

import (
	"net/netip"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/registrarcore"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

// The attack of RFC 5393 §3: each of two addresses of record at two proxies is bound to both of the other proxy. Without a check one INVITE makes 2^70 of
// them. What it makes here is bounded by the loop detection of §4.2 and Max-Breadth (§5.3), and ends.
func TestForkingAmplification(t *testing.T) {
	n := wire.New(time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC), 1)
	at := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5060"), netip.MustParseAddrPort("127.0.0.9:5060")}
	domains := []string{"p1.example.com", "p2.example.com"}
	n.Names = map[string][]netip.Addr{domains[0]: {at[0].Addr()}, domains[1]: {at[1].Addr()}}
	var proxies []*Proxy
	for i := range 2 {
		bindings := registrarcore.NewMemory(0)
		for _, user := range []string{"a", "b"} {
			var b []registrarcore.Binding
			for _, other := range []string{"a", "b"} {
				b = append(b, registrarcore.Binding{URI: "sip:" + other + "@" + domains[1-i], Q: 1000, CallID: "1", Updated: n.Now(), Expires: n.Now().Add(time.Hour)})
			}
			if err := bindings.Store("sip:"+user+"@"+domains[i], b, 0); err != nil {
				t.Fatal(err)
			}
		}
		p, err := New(n.Now(), Config{Domains: domains[i : i+1], Listeners: []Listener{{Transport: capture.UDP, Addr: at[i]}}, Open: true, Rand: seeded(byte(i)), Bindings: bindings})
		if err != nil {
			t.Fatal(err)
		}
		proxies = append(proxies, p)
		n.Add(domains[i], p, at[i])
	}
	phone := &answers{final: make(map[int]int)}
	node := n.Add("caller", phone, caller)
	n.Do(node, func(_ time.Time, out *live.Outbox) {
		out.Send(live.Flow{Transport: capture.UDP, Local: caller, Remote: at[0]}, 0, []byte("INVITE sip:a@p1.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"+
			"From: <sip:x@example.org>;tag=1\r\nTo: <sip:a@p1.example.com>\r\nCall-ID: amplify\r\nCSeq: 1 INVITE\r\nContact: <sip:x@203.0.113.10:5062>\r\nContent-Length: 0\r\n\r\n"))
	})
	n.Run(5 * time.Minute)
	relayed := proxies[0].counters.Relayed + proxies[1].counters.Relayed
	t.Logf("%d INVITEs were relayed, %d datagrams sent; the caller got %v", relayed, n.Stats().Sent, phone.final)
	if relayed > 200 || n.Stats().Sent > 3000 {
		t.Errorf("%d INVITEs, %d datagrams", relayed, n.Stats().Sent)
	}
	for i, p := range proxies {
		if p.counters.Relaying != 0 || p.Transactions() != 0 {
			t.Errorf("proxy %d has %d relays and %d transactions left", i, p.counters.Relaying, p.Transactions())
		}
	}
	if len(phone.final) != 1 {
		t.Errorf("the caller got %v", phone.final)
	}
}

// answers is an element that acknowledges nothing and counts final responses.
type answers struct{ final map[int]int }

func (a *answers) Receive(_ time.Time, _ live.Flow, data []byte, _ *live.Outbox) {
	if m := sip.Parse(data); m.IsResponse() && m.Status >= 200 {
		a.final[int(m.Status)]++
	}
}
func (a *answers) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (a *answers) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (a *answers) Closed(time.Time, live.Flow, *live.Outbox)                    {}
func (a *answers) Wake(time.Time, *live.Outbox)                                 {}
func (a *answers) Next() time.Time                                              { return time.Time{} }
