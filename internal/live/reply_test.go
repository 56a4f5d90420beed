package live

import (
	"net/netip"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

func udp(remote string) Flow {
	return Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort(remote)}
}

func request(lines ...string) *sip.Message {
	return sip.Parse([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n"))
}

func TestAppendVia(t *testing.T) {
	for _, c := range []struct{ name, via, want string }{
		{"what the packet says is added", "SIP/2.0/UDP 10.9.9.9:5062;branch=z9hG4bK1", "SIP/2.0/UDP 10.9.9.9:5062;branch=z9hG4bK1;received=127.0.0.1"},
		{"rport is filled in", "SIP/2.0/UDP 127.0.0.1:5062;rport;branch=z9hG4bK1", "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1;received=127.0.0.1;rport=9"},
		{"what a client pretends is not believed", "SIP/2.0/UDP h;received=8.8.8.8;rport=7;branch=z9hG4bK1;x=y", "SIP/2.0/UDP h;branch=z9hG4bK1;x=y;received=127.0.0.1;rport=9"},
		{"a parameter without a value and one in quotes", `SIP/2.0/UDP h ;lr;a="b;c"`, `SIP/2.0/UDP h;lr;a="b;c";received=127.0.0.1`},
		{"only the topmost", "SIP/2.0/UDP a;branch=z1, SIP/2.0/UDP b;branch=z2", "SIP/2.0/UDP a;branch=z1;received=127.0.0.1"},
		{"none at all", "", ""},
	} {
		m := request("OPTIONS sip:b@h SIP/2.0", "Via: "+c.via)
		if got := string(AppendVia(nil, m, udp("127.0.0.1:9"))); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestReplyFlow(t *testing.T) {
	for _, c := range []struct{ name, via, want string }{
		{"to the port of sent-by", "SIP/2.0/UDP h:5062", "127.0.0.1:5062"},
		{"to 5060 where sent-by has none", "SIP/2.0/UDP h", "127.0.0.1:5060"},
		{"to the port that it came from if asked", "SIP/2.0/UDP h:5062;rport", "127.0.0.1:9"},
		{"never to a maddr", "SIP/2.0/UDP h:5062;maddr=8.8.8.8", "127.0.0.1:5062"},
		{"never to a received that came with it", "SIP/2.0/UDP h:5062;received=8.8.8.8", "127.0.0.1:5062"},
	} {
		if got := ReplyFlow(request("OPTIONS sip:b@h SIP/2.0", "Via: "+c.via), udp("127.0.0.1:9")).Remote.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	tcp := Flow{Transport: capture.TCP, Remote: netip.MustParseAddrPort("127.0.0.1:9"), Conn: 3}
	if got := ReplyFlow(request("OPTIONS sip:b@h SIP/2.0", "Via: SIP/2.0/TCP h:5062"), tcp); got != tcp {
		t.Errorf("a stream's response goes back over its connection: got %+v", got)
	}
}

func TestAppendReply(t *testing.T) {
	m := request("INVITE sip:b@h SIP/2.0", "v: SIP/2.0/UDP a;branch=z9hG4bK2;rport, SIP/2.0/UDP b;branch=z9hG4bK1", "Record-Route: <sip:p;lr>",
		"f: A <sip:a@h>;tag=1", "To:", " <sip:b@h>", "i: c@h", "CSeq: 1 INVITE", "Timestamp: 54", "Max-Forwards: 70")
	got := string(AppendReply(nil, m, udp("127.0.0.1:9"), &Reply{Status: 180, ToTag: "x", Fields: []sip.DraftField{{Name: "Contact", Value: "<sip:b@1>"}}}))
	want := strings.Join([]string{"SIP/2.0 180 Ringing", "Via: SIP/2.0/UDP a;branch=z9hG4bK2;received=127.0.0.1;rport=9", "Via: SIP/2.0/UDP b;branch=z9hG4bK1",
		"Record-Route: <sip:p;lr>", "From: A <sip:a@h>;tag=1", "To: <sip:b@h>;tag=x", "Call-ID: c@h", "CSeq: 1 INVITE", "Contact: <sip:b@1>",
		"Content-Length: 0", "", ""}, "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = string(AppendReply(nil, m, udp("127.0.0.1:9"), &Reply{Status: 100}))
	if strings.Contains(got, "Record-Route") || !strings.Contains(got, "Timestamp: 54\r\n") || strings.Contains(got, "b@h>;tag") {
		t.Errorf("a 100 has the Timestamp, no To tag and no Record-Route:\n%s", got)
	}
	m = request("BYE sip:b@h SIP/2.0", "Via: SIP/2.0/UDP a", "To: <sip:b@h>;tag=old")
	if got := string(AppendReply(nil, m, udp("127.0.0.1:9"), &Reply{Status: 481, ToTag: "new"})); !strings.Contains(got, "To: <sip:b@h>;tag=old\r\n") {
		t.Errorf("a To tag that is there stays:\n%s", got)
	}
	m = request("INVITE sip:b@h SIP/2.0", "Via: SIP/2.0/UDP a", "To: B <sip:b@h>;tag=;x=y", "To: <sip:c@h>", "Call-ID: 1", "Call-ID: 2", "CSeq: 1 INVITE", "CSeq: 2 INVITE")
	got = string(AppendReply(nil, m, udp("127.0.0.1:9"), &Reply{Status: 400, ToTag: "new"}))
	if !strings.Contains(got, "To: B <sip:b@h>;x=y;tag=new\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length") {
		t.Errorf("an empty tag is replaced, and what comes twice is written once:\n%s", got)
	}
	got = string(AppendReply(nil, m, udp("127.0.0.1:9"), &Reply{Status: 500, Reason: "a\r\nEvil: 1"}))
	if strings.Contains(got, "\nEvil") {
		t.Errorf("a line end in a phrase begins a header field:\n%s", got)
	}
}

func TestOutboxKeepsWhatItIsGiven(t *testing.T) {
	var o Outbox
	b := []byte("one")
	o.Send(udp("127.0.0.1:9"), 1, b)
	copy(b, "XXX")
	o.Send(udp("127.0.0.1:9"), 2, []byte(strings.Repeat("y", 5000)))
	o.Say(capture.Event{Name: "calling", Subject: []byte("12")}, []byte("Calling:12@h"))
	if string(o.Items[0].Data) != "one" || len(o.Items[1].Data) != 5000 || string(o.Items[2].Event.Subject) != "12" || string(o.Items[2].Data) != "Calling:12@h" {
		t.Errorf("%q %d %q", o.Items[0].Data, len(o.Items[1].Data), o.Items[2].Event.Subject)
	}
	o.Reset()
	if len(o.Items) != 0 {
		t.Error("not empty after Reset")
	}
}
