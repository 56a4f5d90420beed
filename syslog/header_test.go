package syslog

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestHeaderParse(t *testing.T) {
	const none = NoPriority
	for _, c := range []struct {
		name  string
		line  string
		shape Shape
		pri   Priority
		time  string
		host  string
		app   string
		pid   string
		text  string
	}{
		{"sysklogd request", "Aug 20 16:40:00 192.168.0.2 INVITE sip:b@example.com SIP/2.0^M Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "INVITE sip:b@example.com SIP/2.0^M Via: x"},
		{"sysklogd response", "Aug  2 16:40:00 192.168.0.2 SIP/2.0 407 Proxy Authentication Required^M Via: x", ShapeRFC3164, none, "Aug  2 16:40:00", "192.168.0.2", "", "", "SIP/2.0 407 Proxy Authentication Required^M Via: x"},
		{"rsyslog lost the sender of a request", "Aug 20 16:40:00 INVITE sip:b@example.com SIP/2.0#015#012Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "INVITE sip:b@example.com SIP/2.0#015#012Via: x"},
		{"rsyslog put a blank into the URI", "Aug 20 16:40:00 INVITE sip: b@example.com SIP/2.0#015#012Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "INVITE sip: b@example.com SIP/2.0#015#012Via: x"},
		{"rsyslog put a blank into the URI, file format", "2022-02-11T17:40:45.003123+01:00 ACK sips: b@x SIP/2.0\\r\\nVia: x", ShapeISO, none, "2022-02-11T17:40:45.003123+01:00", "", "", "", "ACK sips: b@x SIP/2.0\\r\\nVia: x"},
		{"rsyslog put a blank into the URI, with PRI", "<134>Aug 20 16:40:00 NOTIFY tel: +1555 SIP/2.0", ShapeRFC3164, 134, "Aug 20 16:40:00", "", "", "", "NOTIFY tel: +1555 SIP/2.0"},
		{"rsyslog put a blank into the URI of an extension", "Aug 20 16:40:00 X-FOO_B sip: b@x SIP/2.0", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "X-FOO_B sip: b@x SIP/2.0"},
		{"rsyslog makes a TAG of an event", "Aug 20 16:40:00 spa1 CC: CallProgress", ShapeRFC3164, none, "Aug 20 16:40:00", "spa1", "CC", "", "CallProgress"},
		{"rsyslog has two blanks before a bracket", "Aug 20 16:40:00 spa1  [0]Off Hook", ShapeRFC3164, none, "Aug 20 16:40:00", "spa1", "", "", " [0]Off Hook"},
		{"a level and a TAG", "Aug 20 16:40:00 INFO sip: ready", ShapeRFC3164, none, "Aug 20 16:40:00", "INFO", "sip", "", "ready"},
		{"audio without a host", "Aug 20 16:40:00 AUD Rel Call", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "AUD Rel Call"},
		{"a host called AUD", "Aug 20 16:40:00 AUD Release 7", ShapeRFC3164, none, "Aug 20 16:40:00", "AUD", "", "", "Release 7"},
		{"debug output without a host", "Aug 20 16:40:00 RSE_DEBUG reference", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "RSE_DEBUG reference"},
		{"rsyslog keeps the sender of a response", "Aug 20 16:40:00 spa1 SIP/2.0 200 OK#015#012Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "spa1", "", "", "SIP/2.0 200 OK#015#012Via: x"},
		{"a response without a host", "Aug 20 16:40:00 SIP/2.0 200 OK#015#012Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "SIP/2.0 200 OK#015#012Via: x"},
		{"a request to a telephone number", "Aug 20 16:40:00 OPTIONS tel:+18005551212 SIP/2.0", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "OPTIONS tel:+18005551212 SIP/2.0"},
		{"a host that is called as a method", "Aug 20 16:40:00 REGISTER link is down", ShapeRFC3164, none, "Aug 20 16:40:00", "REGISTER", "", "", "link is down"},
		{"sysklogd 2 lost the method", "Aug 20 16:40:00 192.168.0.2 sip:b@example.com SIP/2.0^M Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "sip:b@example.com SIP/2.0^M Via: x"},
		{"sysklogd 2 lost the method, and the host is a name", "Aug 20 16:40:00 gw sip:b SIP/2.0^M Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "", "", "sip:b SIP/2.0^M Via: x"},
		{"a URI is no host", "Aug 20 16:40:00 sip:b@example.com SIP/2.0^M Via: x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "sip:b@example.com SIP/2.0^M Via: x"},
		{"off hook", "Aug 20 16:40:00 192.168.0.2 [0]Off Hook", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "[0]Off Hook"},
		{"off hook without a host", "Aug 20 16:40:00 [0]Off Hook", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "[0]Off Hook"},
		{"a direction marker is no address", "Aug 20 16:40:00 [0:5060]<< x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "[0:5060]<< x"},
		{"calling", "Aug 20 16:40:00 192.168.0.2 Calling:18005551212@sip.example.com", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "Calling:18005551212@sip.example.com"},
		{"calling without a host", "Aug 20 16:40:00 Calling:18005551212@host x", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "Calling:18005551212@host x"},
		{"call progress", "Aug 20 16:40:00 192.168.0.2 CC:CallProgress", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "CC:CallProgress"},
		{"remote resume without a host", "Aug 20 16:40:00 CC:Remote Resume", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "CC:Remote Resume"},
		{"failed", "Aug 20 16:40:00 192.168.0.2 CC:Failed w/ Calling 18005551212", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", "CC:Failed w/ Calling 18005551212"},
		{"reboot without a host", "Aug 20 16:40:00 system request reboot", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "system request reboot"},
		{"a host called system", "Aug 20 16:40:00 system SIP/2.0 200 OK", ShapeRFC3164, none, "Aug 20 16:40:00", "system", "", "", "SIP/2.0 200 OK"},
		{"firmware words without a host", "Aug 20 16:40:00 fu:1:36e4, 0083 0001", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "fu:1:36e4, 0083 0001"},
		{"tag with a process", "Aug 20 16:40:00 gw sipura[12]: registered", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "sipura", "12", "registered"},
		{"tag", "Aug 20 16:40:00 gw SPA: INVITE sip:b@x SIP/2.0", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "SPA", "", "INVITE sip:b@x SIP/2.0"},
		{"tag without a host", "Aug 20 16:40:00 SPA: text", ShapeRFC3164, none, "Aug 20 16:40:00", "", "SPA", "", "text"},
		{"tag and nothing", "Aug 20 16:40:00 gw SPA:", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "SPA", "", ""},
		{"a tag of 33 characters is none", "Aug 20 16:40:00 gw a23456789012345678901234567890123: text", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "", "", "a23456789012345678901234567890123: text"},
		{"one datagram a line: the header field is no tag", "Aug 20 16:40:00 10.0.0.1 Via: SIP/2.0/UDP 10.0.0.1", ShapeRFC3164, none, "Aug 20 16:40:00", "10.0.0.1", "", "", "Via: SIP/2.0/UDP 10.0.0.1"},
		{"extension header field", "Aug 20 16:40:00 10.0.0.1 X-Vendor: 1", ShapeRFC3164, none, "Aug 20 16:40:00", "10.0.0.1", "", "", "X-Vendor: 1"},
		{"host with a colon", "Aug 20 16:40:00 10.0.0.1: text", ShapeRFC3164, none, "Aug 20 16:40:00", "10.0.0.1", "", "", "text"},
		{"IPv6 host", "Aug 20 16:40:00 2001:db8::1 ACK sip:b@x SIP/2.0", ShapeRFC3164, none, "Aug 20 16:40:00", "2001:db8::1", "", "", "ACK sip:b@x SIP/2.0"},
		{"IPv6 host with a zone", "Aug 20 16:40:00 fe80::1%eth0 BYE sip:b@x SIP/2.0", ShapeRFC3164, none, "Aug 20 16:40:00", "fe80::1%eth0", "", "", "BYE sip:b@x SIP/2.0"},
		{"IPv6 host in brackets", "Aug 20 16:40:00 [2001:db8::1] [0]On Hook", ShapeRFC3164, none, "Aug 20 16:40:00", "[2001:db8::1]", "", "", "[0]On Hook"},
		{"no text", "Aug 20 16:40:00 192.168.0.2 ", ShapeRFC3164, none, "Aug 20 16:40:00", "192.168.0.2", "", "", ""},
		{"one word may be text", "Aug 20 16:40:00 hello", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", "hello"},
		{"date alone", "Aug 20 16:40:00", ShapeRFC3164, none, "Aug 20 16:40:00", "", "", "", ""},
		{"line end stays in the text", "Aug 20 16:40:00 gw [0]On Hook\r\n", ShapeRFC3164, none, "Aug 20 16:40:00", "gw", "", "", "[0]On Hook\r\n"},
		{"day without padding", "Aug 2 16:40:00 gw x y", ShapeRFC3164, none, "Aug 2 16:40:00", "gw", "", "", "x y"},
		{"day with zero", "Aug 02 16:40:00 gw x y", ShapeRFC3164, none, "Aug 02 16:40:00", "gw", "", "", "x y"},
		{"Cisco's year", "Aug  2 2009 16:40:00 gw x y", ShapeRFC3164, none, "Aug  2 2009 16:40:00", "gw", "", "", "x y"},
		{"Cisco's colon", "Aug 20 16:40:00.123: x y", ShapeRFC3164, none, "Aug 20 16:40:00.123", "x", "", "", "y"},
		{"milliseconds", "Aug 20 16:40:00.123 gw x y", ShapeRFC3164, none, "Aug 20 16:40:00.123", "gw", "", "", "x y"},
		{"PRI of an SPA", "<134>[0]Off Hook", ShapePRI, 134, "", "", "", "", "[0]Off Hook"},
		{"PRI and SIP", "<151>INVITE sip:b@x SIP/2.0\r\nVia: x", ShapePRI, 151, "", "", "", "", "INVITE sip:b@x SIP/2.0\r\nVia: x"},
		{"PRI alone", "<0>", ShapePRI, 0, "", "", "", "", ""},
		{"PRI and a number is no RFC 5424", "<134>1 retry left", ShapePRI, 134, "", "", "", "", "1 retry left"},
		{"RFC 3164 §5.4", "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8", ShapeRFC3164, 34, "Oct 11 22:14:15", "mymachine", "su", "", "'su root' failed for lonvick on /dev/pts/8"},
		{"192 is no PRI", "<192>text", ShapeNone, none, "", "", "", "", "<192>text"},
		{"leading zero is no PRI but Kiwi's escape", "<013>text", ShapeNone, none, "", "", "", "", "<013>text"},
		{"rsyslog file format", "2022-02-11T17:40:45.003123+01:00 gw SIP/2.0 200 OK#015#012Via: x", ShapeISO, none, "2022-02-11T17:40:45.003123+01:00", "gw", "", "", "SIP/2.0 200 OK#015#012Via: x"},
		{"rsyslog file format, sender lost", "2022-02-11T17:40:45.003123+01:00 BYE sip:b@x SIP/2.0#015#012Via: x", ShapeISO, none, "2022-02-11T17:40:45.003123+01:00", "", "", "", "BYE sip:b@x SIP/2.0#015#012Via: x"},
		{"ISO date with a blank", "2022-02-11 17:40:45 gw app: x", ShapeISO, none, "2022-02-11 17:40:45", "gw", "app", "", "x"},
		{"PRI and ISO date", "<134>2022-02-11T17:40:45Z gw x y", ShapeISO, 134, "2022-02-11T17:40:45Z", "gw", "", "", "x y"},
		{"Kiwi", "2022-02-11 17:40:45\tLocal2.Debug\t192.168.1.5\tINVITE sip:b@x SIP/2.0<013><010>Via: x", ShapeKiwi, 151, "2022-02-11 17:40:45", "192.168.1.5", "", "", "INVITE sip:b@x SIP/2.0<013><010>Via: x"},
		{"Kiwi, Info", "2022-02-11 17:40:45\tLocal0.Info\t192.168.1.5\t[1]On Hook", ShapeKiwi, 134, "2022-02-11 17:40:45", "192.168.1.5", "", "", "[1]On Hook"},
		{"Kiwi's words", "2022-02-11 17:40:45\tKernel.Critical\tgw\ttext\twith a tab", ShapeKiwi, 2, "2022-02-11 17:40:45", "gw", "", "", "text\twith a tab"},
		{"a tab without Kiwi", "2022-02-11 17:40:45\tsomething\telse", ShapeISO, none, "2022-02-11 17:40:45", "", "", "", "something\telse"},
		{"tftpd64", "Fri Feb 11 17:40:45 2022;192.168.1.5; <167>INVITE sip:b@x SIP/2.0", ShapeTftpd64, 167, "Fri Feb 11 17:40:45 2022", "192.168.1.5", "", "", "INVITE sip:b@x SIP/2.0"},
		{"tftpd64 with the device's date", "Fri Feb 11 17:40:45 2022;192.168.1.5; <167>Feb 11 17:40:44 phone7 voip[3]: x", ShapeTftpd64, 167, "Fri Feb 11 17:40:45 2022", "192.168.1.5", "voip", "3", "x"},
		{"tftpd64 with the device's date and SIP", "Fri Feb 11 17:40:45 2022;192.168.1.5; <167>Feb 11 17:40:44 BYE sip:b@x SIP/2.0", ShapeTftpd64, 167, "Fri Feb 11 17:40:45 2022", "192.168.1.5", "", "", "BYE sip:b@x SIP/2.0"},
		{"tftpd64 without a PRI", "Fri Feb 04 17:40:45 2022;192.168.1.5;[0]Off Hook", ShapeTftpd64, none, "Fri Feb 04 17:40:45 2022", "192.168.1.5", "", "", "[0]Off Hook"},
		{"Visual Syslog", "192.168.1.5\tFeb 11 17:40:45\tgw\tlocal2\tdebug\tvoip[3]:\tINVITE sip:b@x SIP/2.0", ShapeVisualSyslog, 151, "Feb 11 17:40:45", "192.168.1.5", "voip", "3", "INVITE sip:b@x SIP/2.0"},
		{"Visual Syslog with empty columns", "192.168.1.5\tFeb 11 17:40:45\t\t\t\t\t[0]Off Hook", ShapeVisualSyslog, none, "Feb 11 17:40:45", "192.168.1.5", "", "", "[0]Off Hook"},
		{"Visual Syslog without an address", "\tFeb 11 17:40:45\tgw\tuser\terror\tvoip\tx", ShapeVisualSyslog, 11, "Feb 11 17:40:45", "gw", "voip", "", "x"},
		{"too few columns", "192.168.1.5\tFeb 11 17:40:45\tgw\tuser", ShapeNone, none, "", "", "", "", "192.168.1.5\tFeb 11 17:40:45\tgw\tuser"},
		{"RFC 5424 without data and text", "<165>1 2003-10-11T22:14:15.003Z h a p m -", ShapeRFC5424, 165, "2003-10-11T22:14:15.003Z", "h", "a", "p", ""},
		{"RFC 5424 without a version", "<165>2003-10-11T22:14:15.003Z h a", ShapeISO, 165, "2003-10-11T22:14:15.003Z", "h", "", "", "a"},
		{"SIP without a header", "INVITE sip:b@x SIP/2.0\r\nVia: x", ShapeNone, none, "", "", "", "", "INVITE sip:b@x SIP/2.0\r\nVia: x"},
		{"header field without a header", "May-Forwards: 70", ShapeNone, none, "", "", "", "", "May-Forwards: 70"},
		{"time of day alone", "17:40:45 INVITE", ShapeNone, none, "", "", "", "", "17:40:45 INVITE"},
		{"month 13", "2022-13-11T17:40:45Z gw x", ShapeNone, none, "", "", "", "", "2022-13-11T17:40:45Z gw x"},
		{"date that runs on", "Aug 20 16:40:00x gw x", ShapeNone, none, "", "", "", "", "Aug 20 16:40:00x gw x"},
		{"empty", "", ShapeNone, none, "", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h Header
			line := []byte(c.line)
			h.Parse(line)
			got := []string{h.Shape.String(), h.Priority.String(), h.Time.String(), string(h.Host), string(h.App), string(h.ProcID), string(h.Text)}
			want := []string{c.shape.String(), c.pri.String(), c.time, c.host, c.app, c.pid, c.text}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%q\n got %q\nwant %q", c.line, got, want)
			}
			checkHeader(t, line, &h)
		})
	}
}

// checkHeader holds what is true of every line.
func checkHeader(t *testing.T, line []byte, h *Header) {
	t.Helper()
	if h.TextStart < 0 || h.TextStart > len(line) || !bytes.Equal(line[h.TextStart:], h.Text) {
		t.Fatalf("%q: text %q does not begin at %d", line, h.Text, h.TextStart)
	}
	if len(h.Text) > 0 && &h.Text[0] != &line[h.TextStart] {
		t.Fatalf("%q: text is a copy", line)
	}
	if h.Shape == ShapeNone && (h.TextStart != 0 || !h.Time.IsZero() || h.Priority != NoPriority || len(h.Host)+len(h.App) != 0) {
		t.Fatalf("%q: no shape, but %+v", line, h)
	}
	head := line[:h.TextStart]
	if !h.Time.IsZero() && h.Time.Style != StyleANSIC && h.Time.Style != StyleANSICZero && !bytes.Contains(head, h.Time.AppendText(nil)) {
		t.Fatalf("%q: the time %v is not in the header", line, h.Time)
	}
	for _, part := range [][]byte{h.Host, h.App, h.ProcID, h.MsgID, h.StructuredData} {
		if !bytes.Contains(head, part) {
			t.Fatalf("%q: %q is not in the header", line, part)
		}
	}
}

// RFC 5424 §6.5, examples 1 to 4, and §6.3.5.
func TestHeaderParseRFC5424(t *testing.T) {
	for _, c := range []struct {
		line, time, host, app, pid, msgid, sd, text string
	}{
		{"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' failed for lonvick on /dev/pts/8",
			"2003-10-11T22:14:15.003Z", "mymachine.example.com", "su", "", "ID47", "", "'su root' failed for lonvick on /dev/pts/8"},
		{"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
			"2003-08-24T05:14:15.000003-07:00", "192.0.2.1", "myproc", "8710", "", "", "%% It's time to make the do-nuts."},
		{`<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] ` + "\xEF\xBB\xBFAn application event log entry...",
			"2003-10-11T22:14:15.003Z", "mymachine.example.com", "evntslog", "", "ID47", `[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]`, "An application event log entry..."},
		{`<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]`,
			"2003-10-11T22:14:15.003Z", "mymachine.example.com", "evntslog", "", "ID47", `[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]`, ""},
		{`<1>1 - - - - - [a b="x\]\"y\\"] t`, "", "", "", "", "", `[a b="x\]\"y\\"]`, "t"},
		{`<1>1 - - - - - [a b="x] t`, "", "", "", "", "", ``, `[a b="x] t`},
		{`<1>1 - - - - - [a][ t`, "", "", "", "", "", ``, `[a][ t`},
	} {
		var h Header
		line := []byte(c.line)
		h.Parse(line)
		got := []string{h.Shape.String(), h.Time.String(), string(h.Host), string(h.App), string(h.ProcID), string(h.MsgID), string(h.StructuredData), string(h.Text)}
		want := []string{"rfc5424", c.time, c.host, c.app, c.pid, c.msgid, c.sd, c.text}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q\n got %q\nwant %q", c.line, got, want)
		}
		checkHeader(t, line, &h)
	}
}

func TestSDParam(t *testing.T) {
	sd := []byte(`[a@1 x="1" y="p\]q\"r\\s\t"][b z=""]`)
	for _, c := range []struct {
		id, name, want string
		ok             bool
	}{
		{"a@1", "x", "1", true}, {"a@1", "y", `p]q"r\s\t`, true}, {"b", "z", "", true}, {"b", "x", "", false}, {"c", "x", "", false},
	} {
		got, ok := SDParam(sd, c.id, c.name)
		if string(got) != c.want || ok != c.ok {
			t.Errorf("%s %s: got %q %v, want %q %v", c.id, c.name, got, ok, c.want, c.ok)
		}
	}
	for _, bad := range []string{"", "x", "[", "[a", "[a x", "[a x=", `[a x="`, `[a x="\`, `[a x="1" `, `[a x="1"`} {
		if _, ok := SDParam([]byte(bad), "a", "y"); ok {
			t.Errorf("%q has no parameter y", bad)
		}
	}
}

func TestNextDatagram(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"a request", "[0]Off Hook<151>INVITE sip:b@x SIP/2.0", "<151>INVITE sip:b@x SIP/2.0"},
		{"a response", "\r\n\r\n<151>SIP/2.0 100 Trying\r\n", "<151>SIP/2.0 100 Trying\r\n"},
		{"a line number", "CC:CallProgress<134>[1]On Hook", "<134>[1]On Hook"},
		{"a direction marker", "x<7>[0:5060]<<", "<7>[0:5060]<<"},
		{"a date", "x<134>Aug 20 16:40:00 gw y", "<134>Aug 20 16:40:00 gw y"},
		{"an ISO date", "x<134>2022-02-11T17:40:45Z gw y", "<134>2022-02-11T17:40:45Z gw y"},
		{"RFC 5424", "x<134>1 2022-02-11T17:40:45Z gw y", "<134>1 2022-02-11T17:40:45Z gw y"},
		{"words of an SPA", "x<134>Calling:1@h", "<134>Calling:1@h"},
		{"the first of two", "x<134>CC:CallProgress<134>Calling:1@h", "<134>CC:CallProgress<134>Calling:1@h"},
		{"a PRI at the beginning is this datagram's own", "<134>[0]Off Hook", ""},
		{"a name-addr", "From: <sip:a@b>;tag=1", ""},
		{"a number in brackets and prose", "press <12> to go on", ""},
		{"Kiwi's escapes", "SIP/2.0 200 OK<013><010>Via: x", ""},
		{"no such PRI", "x<192>INVITE sip:b@x SIP/2.0", ""},
		{"nothing behind", "x<134>", ""},
		{"empty", "", ""},
	} {
		got := ""
		if i := NextDatagram([]byte(c.text)); i >= 0 {
			got = c.text[i:]
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTagBlank(t *testing.T) {
	for text, want := range map[string]int{
		"INVITE sip: b@x SIP/2.0":                 len("INVITE sip:"),
		"ACK sips: b@x SIP/2.0#015#012Via: x":     len("ACK sips:"),
		"INVITE tel: +1555 SIP/2.0":               len("INVITE tel:"),
		"INVITE SIP: b@x SIP/2.0":                 len("INVITE SIP:"),
		"OPTIONS sip: [2001:db8::1]:5060 SIP/2.0": len("OPTIONS sip:"),
		"DO_THIS tel: +1 SIP/2.0":                 len("DO_THIS tel:"),
		"INVITE urn: service:sos SIP/2.0":         len("INVITE urn:"),
		"INVITE sip: [email protected] SIP/2.0^M": len("INVITE sip:"),
		"INVITE sip:b@x SIP/2.0":                  0,
		"INVITE sip:  b@x SIP/2.0":                0,
		"INVITE sip: SIP/2.0":                     0,
		"INVITE sip: b@x and more SIP/2.0":        0,
		"INVITE sip: b@x":                         0,
		"INVITE : b@x SIP/2.0":                    0,
		"INVITE 1ip: b@x SIP/2.0":                 0,
		"INVITE si p: b@x SIP/2.0":                0,
		"Invite sip: b@x SIP/2.0":                 0,
		" INVITE sip: b@x SIP/2.0":                0,
		"I sip: b@x SIP/2.0":                      0,
		"SIP/2.0 200 OK":                          0,
		"INVITE sip:":                             0,
		"INVITE sip: ":                            0,
		"INVITE":                                  0,
		"INVITE ":                                 0,
		"":                                        0,
		"BYE sip: " + strings.Repeat("x", 5000) + " SIP/2.0": 0,
	} {
		if got := TagBlank([]byte(text)); got != want {
			t.Errorf("%.80q: %d, want %d", text, got, want)
		}
	}
}

func FuzzHeaderParse(f *testing.F) {
	for _, s := range []string{
		"Aug 20 16:40:00 192.168.0.2 INVITE sip:b@x SIP/2.0^M Via: x", "<134>1 - h a p m [a b=\"c\"] t", "<134>[0]Off Hook",
		"2022-02-11 17:40:45\tLocal2.Debug\t1.2.3.4\tx", "Fri Feb 11 17:40:45 2022;1.2.3.4; <167>Feb 11 17:40:45 h t: x",
		"1.2.3.4\tFeb 11 17:40:45\th\tlocal2\tdebug\tt\tx", "Aug  2 2009 16:40:00.1: h t[1]: x",
		"Aug 20 16:40:00 INVITE sip: b@x SIP/2.0#015#012Via: x", "INVITE tel: +1 SIP/2.0", "Aug 20 16:40:00 h CC: CallProgress",
		"INVI__TE tel: +1 SIP/2.0",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var h Header
		h.Parse(line)
		checkHeader(t, line, &h)
		// Behind the same line, and behind one of the same date, it is read as it is alone.
		var d Dates
		for _, before := range [][]byte{line, line, append(bytes.Clone(line[:min(len(line), 15)]), " 192.0.2.1 words"...)} {
			var again Header
			d.Parse(&again, before)
			if d.Parse(&again, line); !reflect.DeepEqual(again, h) {
				t.Fatalf("%q: behind %q it is %+v, not %+v", line, before, again, h)
			}
		}
		if k := TagBlank(line); k != 0 {
			// Without the blank it is the start line of a message, and no blank is missing.
			whole := append(bytes.Clone(line[:k]), line[k+1:]...)
			if line[k] != ' ' || line[k-1] != ':' || !isStartLine(line) || TagBlank(whole) != 0 || !hasURI(whole[bytes.IndexByte(whole, ' ')+1:]) {
				t.Fatalf("%q: the blank at %d is none", line, k)
			}
		}
		if i := NextDatagram(line); i >= 0 {
			if _, n := ParsePRI(line[i:]); i == 0 || n == 0 {
				t.Fatalf("%q: no datagram begins at %d", line, i)
			}
		}
	})
}

func TestHeaderParseDoesNotAllocate(t *testing.T) {
	var h Header
	for _, s := range []string{
		"Aug 20 16:40:00 192.168.0.2 INVITE sip:b@x SIP/2.0^M Via: x", "Aug 20 16:40:00 gw Via: x", "<134>1 - h a p m [a b=\"c\"] t",
		"2022-02-11 17:40:45\tLocal2.Debug\t1.2.3.4\tx", "Fri Feb 11 17:40:45 2022;1.2.3.4; <167>Feb 11 17:40:45 h t: x",
		"1.2.3.4\tFeb 11 17:40:45\th\tlocal2\tdebug\tt\tx", "Aug 20 16:40:00 INVITE sip: b@x SIP/2.0#015#012Via: x",
	} {
		line := []byte(s)
		if n := testing.AllocsPerRun(100, func() { h.Parse(line); NextDatagram(line) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func BenchmarkHeaderParse(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"rfc3164", "Aug 20 16:40:00 192.168.0.2 INVITE sip:18005551212@sip.example.com SIP/2.0^M Via: SIP/2.0/UDP 192.168.0.2:5062^M "},
		{"response", "Aug 20 16:40:00 192.168.0.2 SIP/2.0 407 Proxy Authentication Required^M Via: SIP/2.0/UDP 192.168.0.2:5062^M "},
		{"rfc3164-tag", "<134>Aug 20 16:40:00 192.168.0.2 sipura[12]: text of a message"},
		{"rsyslog", "Aug 20 16:40:00 INVITE sip: 18005551212@sip.example.com SIP/2.0#015#012Via: SIP/2.0/UDP 192.168.0.2:5062#015#012"},
		{"pri", "<134>INVITE sip:18005551212@sip.example.com SIP/2.0"},
		{"none", "INVITE sip:18005551212@sip.example.com SIP/2.0"},
		{"iso", "2022-02-11T17:40:45.003123+01:00 192.168.0.2 SIP/2.0 407 Proxy Authentication Required"},
		{"rfc5424", "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\"] text"},
		{"kiwi", "2022-02-11 17:40:45\tLocal2.Debug\t192.168.1.5\tINVITE sip:b@x SIP/2.0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			line := []byte(c.line)
			var h Header
			b.ReportAllocs()
			for b.Loop() {
				h.Parse(line)
			}
		})
	}
}
