package syslog_test

import (
	"fmt"
	"strings"

	"sipscribe/syslog"
)

func Example() {
	line := []byte("Aug 20 16:40:00 192.168.0.2 SIP/2.0 180 Ringing^M Via: SIP/2.0/UDP 192.168.0.2:5062^M CSeq: 102 INVITE^M ^M ")
	var h syslog.Header
	h.Parse(line)
	escape := syslog.DetectEscape(h.Text)
	clean, m := escape.AppendUnescaped(nil, h.Text, nil)
	fmt.Println(h.Time, "from", string(h.Host), "by", escape)
	fmt.Print(strings.ReplaceAll(string(clean), "\r\n", "\n"))
	at := strings.Index(string(clean), "CSeq")
	fmt.Println("CSeq stands at", h.TextStart+m.Logged(at), "of the line")
	// Output:
	// Aug 20 16:40:00 from 192.168.0.2 by caret
	// SIP/2.0 180 Ringing
	// Via: SIP/2.0/UDP 192.168.0.2:5062
	// CSeq: 102 INVITE
	//
	// CSeq stands at 86 of the line
}

func ExampleAppendRFC3164() {
	t, _ := syslog.ParseTimestamp([]byte("2022-02-11T17:40:45Z"))
	text := syslog.EscapeCaret.AppendEscaped(nil, []byte("BYE sip:b@example.com SIP/2.0\r\nVia: x\r\n"))
	line := syslog.AppendRFC3164(nil, &syslog.Record{Priority: syslog.NoPriority, Time: t, Host: "192.168.0.2", Text: text})
	fmt.Printf("%q\n", line)
	// Output: "Feb 11 17:40:45 192.168.0.2 BYE sip:b@example.com SIP/2.0^M Via: x^M "
}

func ExampleFrameReader() {
	stream := syslog.AppendOctetCounted(nil, []byte("<134>SIP/2.0 200 OK\r\n"))
	stream = syslog.AppendLFFrame(stream, []byte("<134>[0]On Hook"))
	r := syslog.NewFrameReader(strings.NewReader(string(stream)), 0)
	for {
		f, err := r.Next()
		if err != nil {
			break
		}
		fmt.Printf("%v %q\n", f.Method, f.Text)
	}
	// Output:
	// octet-counting "<134>SIP/2.0 200 OK\r\n"
	// non-transparent-framing "<134>[0]On Hook"
}
