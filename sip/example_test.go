package sip_test

import (
	"fmt"

	"sipscribe/sip"
)

func ExampleParse() {
	m := sip.Parse([]byte("INVITE sip:bob@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-1\r\n" +
		"f: \"Alice\" <sip:alice@example.com>;tag=88\r\n" +
		"To: <sip:bob@example.com>\r\n" +
		"Call-ID: 1@192.0.2.1\r\nCSeq: 101 INVITE\r\n\r\n"))
	from := m.From()
	via, _ := m.TopVia()
	fmt.Println(m.Method, string(m.RequestURI().User))
	fmt.Printf("%s %s %s\n", from.Name(), from.URI.User, from.Tag())
	fmt.Printf("%s:%d %s\n", via.Host, via.Port, via.Branch())
	fmt.Println(m.CSeq().Number, len(m.Problems))
	// Output:
	// INVITE bob
	// Alice alice 88
	// 192.0.2.1:5062 z9hG4bK-1
	// 101 0
}

// Nothing is lost, whatever is wrong.
func ExampleMessage_Pieces() {
	m := sip.Parse([]byte("10:00 received:\nBYE  sip:bob@example.com SIP/2.0\nCSeq: 2 BYE\nFoobar roobar\n"))
	for s := range m.Pieces {
		fmt.Printf("%q\n", m.Text(s))
	}
	for _, p := range m.Problems {
		fmt.Println(p.Code)
	}
	// Output:
	// "10:00 received:\n"
	// "BYE  sip:bob@example.com SIP/2.0\n"
	// "CSeq: 2 BYE\n"
	// "Foobar roobar\n"
	// ""
	// ""
	// ""
	// the start line is malformed
	// other bytes before the start line
	// lines end in LF without CR
	// a header line has no colon
	// no empty line between header and body
}

func ExampleValidate() {
	m := sip.Parse([]byte("INVITE <sip:bob@example.com> SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-1\r\nMax-Forwards: 70\r\n" +
		"From: <sip:alice@example.com>;tag=88\r\nTo: <sip:bob@example.com>\r\n" +
		"Contact: <sip:alice@192.0.2.1:5062>\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 101 BYE\r\n\r\n"))
	violations := sip.Validate(m, sip.RoleUAS)
	for _, v := range violations {
		fmt.Printf("%v: %s (RFC %d §%s) at %q\n", v.Severity, v.Text, v.RFC, v.Section, m.Text(v.Span))
	}
	verdict := sip.Judge(violations)
	fmt.Println(verdict.Action, verdict.Status, sip.ReasonPhrase(verdict.Status))
	// Output:
	// repairable: the Request-URI is in angle brackets (RFC 3261 §7.1) at "<sip:bob@example.com>"
	// fatal: CSeq has another method than the request (RFC 3261 §8.1.1.5) at "101 BYE"
	// reject 400 Bad Request
}

func ExampleFrame() {
	stream := []byte("\r\n\r\nSIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\nACK sip:b")
	for len(stream) > 0 {
		n, status := sip.Frame(stream)
		switch status {
		case sip.FrameKeepAlive:
			fmt.Println("keep-alive")
		case sip.FrameComplete:
			fmt.Println("message of", n, "bytes")
		case sip.FrameInvalid:
			fmt.Println("no SIP:", n, "bytes")
		case sip.FrameIncomplete:
			fmt.Println("waiting for more")
			return
		}
		stream = stream[n:]
	}
	// Output:
	// keep-alive
	// message of 50 bytes
	// waiting for more
}

func ExampleDraft_AppendTo() {
	d := sip.Draft{Status: 486, Reason: sip.ReasonPhrase(486), Fields: []sip.DraftField{{Name: "CSeq", Value: "101 INVITE"}}}
	fmt.Printf("%q\n", d.AppendTo(nil))
	// Output:
	// "SIP/2.0 486 Busy Here\r\nCSeq: 101 INVITE\r\nContent-Length: 0\r\n\r\n"
}
