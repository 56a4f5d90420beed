package proxy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// The 200 to a CANCEL that comes when the INVITE has been refused, and all that was forwarded is forgotten, has the tag of the refusal (RFC 3261 §9.2).
func TestCancelAfterTheRelay(t *testing.T) {
	now := time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	p, err := New(now, Config{Domains: []string{domain}, Listeners: []Listener{{Transport: capture.TCP, Addr: atProxy}}, Open: true, Rand: seeded(1)})
	if err != nil {
		t.Fatal(err)
	}
	var out live.Outbox
	take := func(remote netip.AddrPort, conn uint64, data []byte) (sent []*sip.Message) {
		out.Reset()
		p.Receive(now, live.Flow{Transport: capture.TCP, Local: atProxy, Remote: remote, Conn: conn}, data, &out)
		for len(out.Items) > 0 { // the look-up of an address is answered by itself
			items := append([]live.Item(nil), out.Items...)
			out = live.Outbox{}
			for _, it := range items {
				switch it.Kind {
				case live.ItemSend:
					sent = append(sent, sip.Parse([]byte(string(it.Data))))
				case live.ItemResolve:
					f, _ := live.FlowOf(it.Target)
					p.Resolved(now, it.Ref, []live.Flow{f}, nil, &out)
				}
			}
		}
		return sent
	}
	request := func(method string) []byte {
		return fmt.Appendf(nil, "%s sip:x@%s;transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKa\r\nMax-Forwards: 70\r\nFrom: <sip:spa1@h>;tag=1\r\n"+
			"To: <sip:x@h>\r\nCall-ID: c1\r\nCSeq: 101 %s\r\nContact: <sip:spa1@%s>\r\nContent-Length: 0\r\n\r\n", method, atPhone, atSPA, method, atSPA)
	}
	var forwarded *sip.Message
	for _, m := range take(atSPA, 1, request("INVITE")) {
		if m.IsRequest() {
			forwarded = m
		}
	}
	if forwarded == nil {
		t.Fatal("nothing was forwarded")
	}
	busy := live.AppendReply(nil, forwarded, live.Flow{Transport: capture.TCP, Local: atPhone, Remote: atProxy}, &live.Reply{Status: 486, ToTag: "busy"})
	take(atPhone, 2, busy)
	p.Wake(now, &out)
	if n := p.Load().Relays; n != 0 {
		t.Fatalf("%d relays are left", n)
	}
	for range 2 { // over TCP a repeat is a transaction of its own
		ok := take(atSPA, 1, request("CANCEL"))
		if len(ok) != 1 || ok[0].Status != 200 || string(ok[0].ToTag()) != "busy" {
			t.Errorf("%d %q", ok[0].Status, ok[0].ToTag())
		}
	}
}
