package sip

import (
	"bytes"
	"testing"
)

// benchInvite is an INVITE with SDP of 985 bytes in the shape of an SPA's.
var benchInvite = func() []byte {
	b := []byte("INVITE sip:18005551212@sip.example.net SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.168.0.2:5062;branch=z9hG4bK-96000994;rport\r\n" +
		"From: Good Body <sip:spa1@sip.example.net>;tag=6240770a208ec24o0\r\n" +
		"To: <sip:18005551212@sip.example.net>\r\n" +
		"Call-ID: 1a2b3c4d-5e6f7a8b@192.168.0.2\r\n" +
		"CSeq: 101 INVITE\r\nMax-Forwards: 70\r\n" +
		"Contact: Good Body <sip:spa1@192.168.0.2:5062>\r\n" +
		"Expires: 240\r\nUser-Agent: Sipura/SPA3000-2.0.13(GWg)\r\nContent-Length: 432\r\n" +
		"Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER\r\n" +
		"Supported: x-sipura\r\nContent-Type: application/sdp\r\n\r\n" +
		"v=0\r\no=- 57529639 57529639 IN IP4 192.168.0.2\r\ns=-\r\nc=IN IP4 192.168.0.2\r\nt=0 0\r\n" +
		"m=audio 16388 RTP/AVP 2 0 4 8 18 96 97 98 100 101\r\na=rtpmap:2 G726-32/8000\r\na=rtpmap:0 PCMU/8000\r\n" +
		"a=rtpmap:4 G723/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729a/8000\r\na=rtpmap:96 G726-40/8000\r\n" +
		"a=rtpmap:97 G726-24/8000\r\na=rtpmap:98 G726-16/8000\r\na=rtpmap:100 NSE/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=sendrecv\r\n")
	if n := 985 - len(b); n > 0 {
		b = append(b, bytes.Repeat([]byte(" "), n)...)
	}
	return b
}()

func BenchmarkParseInvite(b *testing.B) {
	b.SetBytes(int64(len(benchInvite)))
	b.ReportAllocs()
	var m Message
	for b.Loop() {
		m.Parse(benchInvite)
	}
}

// BenchmarkOutline finds what puts a message into its call, and no more.
func BenchmarkOutline(b *testing.B) {
	b.SetBytes(int64(len(benchInvite)))
	b.ReportAllocs()
	var o Outline
	for b.Loop() {
		if !o.Read(benchInvite, LineEndCRLF) {
			b.Fatal("it has none")
		}
	}
}

// BenchmarkParseAndIdentify reads also what puts a message into its call: branch, tags, Call-ID, CSeq.
func BenchmarkParseAndIdentify(b *testing.B) {
	b.SetBytes(int64(len(benchInvite)))
	b.ReportAllocs()
	var m Message
	n := 0
	for b.Loop() {
		m.Parse(benchInvite)
		v, _ := m.TopVia()
		n += len(v.Branch()) + len(m.FromTag()) + len(m.ToTag()) + len(m.CallID()) + int(m.CSeq().Number)
	}
	_ = n
}
