package sip

import (
	"fmt"
	"strings"
	"testing"
)

// validRequest is a request that breaks no rule; the tests change one thing in it.
const validRequest = "INVITE sip:bob@example.com SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-1;rport\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"Alice\" <sip:alice@example.com>;tag=88\r\n" +
	"To: <sip:bob@example.com>\r\n" +
	"Call-ID: 1@192.0.2.1\r\n" +
	"CSeq: 101 INVITE\r\n" +
	"Contact: <sip:alice@192.0.2.1:5062>;expires=60;q=0.5\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 5\r\n\r\nv=0\r\n"

const validResponse = "SIP/2.0 200 OK\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-1;rport=5062;received=198.51.100.1\r\n" +
	"From: \"Alice\" <sip:alice@example.com>;tag=88\r\n" +
	"To: <sip:bob@example.com>;tag=99\r\n" +
	"Call-ID: 1@192.0.2.1\r\n" +
	"CSeq: 101 INVITE\r\n" +
	"Contact: <sip:bob@192.0.2.2>\r\n" +
	"Content-Length: 0\r\n\r\n"

func TestValidate(t *testing.T) {
	uas, proxy, registrar, uac := Validator{Role: RoleUAS}, Validator{Role: RoleProxy}, Validator{Role: RoleRegistrar}, Validator{Role: RoleUAC}
	auth := Validator{AuthSchemes: []string{"Digest"}}
	proxyAuth := Validator{Role: RoleProxy, AuthSchemes: []string{"Digest"}}
	narrow := Validator{Methods: []string{"OPTIONS", "PING"}, Schemes: []string{"sips"}, Extensions: []string{}, ContentTypes: []string{}}
	gzip := Validator{ContentEncodings: []string{"gzip"}}
	for _, c := range []struct {
		name     string
		v        Validator
		in       string // validRequest, validResponse
		old, new string // what is replaced
		want     string // verdict, status and the violations
	}{
		{"nothing", uas, validRequest, "", "", "accept 0"},
		{"nothing, in a proxy", proxy, validRequest, "", "", "accept 0"},
		{"nothing, at a client", uac, validResponse, "", "", "accept 0"},
		{"nothing, in a proxy", proxy, validResponse, "", "", "accept 0"},
		{"not SIP", uas, "hello", "", "", "drop 0 not-sip"},
		{"version 1.0", uas, validRequest, " SIP/2.0\r\nVia", " SIP/1.0\r\nVia", "reject 505 version"},
		{"version 1.0 of a response", uac, validResponse, "SIP/2.0 200", "SIP/1.0 200", "drop 0 version"},
		{"junk before", uas, "x\r\n" + validRequest, "", "", "reject-or-repair 400 junk-before"},
		{"no host", uas, validRequest, "sip:bob@example.com SIP", "sip:bob@ SIP", "reject 400 uri"},
		{"no user before the at sign", uas, validRequest, "sip:bob@example.com SIP", "sip:@example.com SIP", "reject-or-repair 400 uri-parts"},
		{"a hash in the user", uas, validRequest, "sip:bob@example.com SIP", "sip:*86#@example.com SIP", "reject-or-repair 400 uri-parts"},
		{"a masked URI", uas, validRequest, "sip:bob@example.com SIP", "sip:[email protected] SIP", "accept 0"},
		{"an underscore in the host", uas, validRequest, "sip:bob@example.com SIP", "sip:bob@my_pbx.example.com SIP", "accept 0 host-name~"},
		{"tel", uas, validRequest, "sip:bob@example.com SIP", "tel:+1-800-555-1212;phone-context=x SIP", "accept 0"},
		{"a scheme that is not allowed", narrow, strings.ReplaceAll(validRequest, "INVITE", "OPTIONS"), "application/sdp", "x/y", "reject 416 scheme media-type"},
		{"a method that is not allowed", narrow, validRequest, "sip:bob@example.com SIP", "sips:bob@example.com SIP", "reject 405 method-refused media-type"},
		{"a method of one's own", narrow, strings.ReplaceAll(validRequest, "INVITE", "PING"), "sip:bob@example.com SIP", "sips:bob@example.com SIP", "reject 415 media-type"},
		{"a method that nobody knows", uas, strings.ReplaceAll(validRequest, "INVITE", "PING"), "", "", "reject 501 method-unknown"},
		{"a method that nobody knows, in a proxy", proxy, strings.ReplaceAll(validRequest, "INVITE", "PING"), "", "", "accept 0"},
		{"REGISTER at a phone", uas, strings.ReplaceAll(validRequest, "INVITE", "REGISTER"), "", "", "reject 405 method-refused"},
		{"INVITE at a registrar", registrar, validRequest, "", "", "reject 405 method-refused"},
		{"REGISTER at a registrar", registrar, strings.ReplaceAll(validRequest, "INVITE", "REGISTER"), "", "", "accept 0"},
		{"an ACK is not answered", uas, strings.ReplaceAll(validRequest, "INVITE", "ACK"), "CSeq: 101", "CSeq: x", "drop 0 cseq cseq-method"},
		{"CSeq past 2**31", uas, validRequest, "CSeq: 101", "CSeq: 2147483648", "reject-or-repair 400 cseq-large"},
		{"CSeq of the largest", uas, validRequest, "CSeq: 101", "CSeq: 2147483647", "accept 0"},
		{"CSeq past 2**32", uas, validRequest, "CSeq: 101", "CSeq: 4294967296", "reject 400 cseq"},
		{"no method in CSeq", uas, validRequest, "CSeq: 101 INVITE", "CSeq: 101", "reject 400 cseq cseq-method"},
		{"Max-Forwards past 255", uas, validRequest, "ds: 70", "ds: 256", "reject-or-repair 400 max-forwards"},
		{"Max-Forwards of 255", proxy, validRequest, "ds: 70", "ds: 255", "accept 0"},
		{"no hops left", proxy, validRequest, "ds: 70", "ds: 00", "reject 483 too-many-hops"},
		{"no hops needed", uas, validRequest, "ds: 70", "ds: 0", "accept 0"},
		{"no Max-Forwards", uas, validRequest, "Max-Forwards: 70\r\n", "", "accept 0 missing~"},
		{"no Contact", uas, validRequest, "Contact: ", "X-Contact: ", "accept 0 missing~"},
		{"no Via", uas, validRequest, "Via: ", "X-Via: ", "reject 400 missing"},
		{"no From in a response", uac, validResponse, "From: ", "X-From: ", "drop 0 missing"},
		{"no tag in From", uas, validRequest, ";tag=88", "", "accept 0 no-tag~"},
		{"no tag in To of a 200", uac, validResponse, ";tag=99", "", "accept 0 no-tag~"},
		{"a tag that is no token", uas, validRequest, ";tag=88", ";tag=8<8", "reject-or-repair 400 parameter"},
		{"two From", uas, validRequest, "To: ", "From: <sip:x@y>;tag=1\r\nTo: ", "reject 400 repeated"},
		{"two Subject", uas, validRequest, "To: ", "s: a\r\nSubject: b\r\nTo: ", "reject-or-repair 400 repeated"},
		{"a host in Via that is none", uas, validRequest, "192.0.2.1:5062;branch", "-a:5062;branch", "reject 400 via"},
		{"a port in Via that is none", uas, validRequest, "192.0.2.1:5062;branch", "192.0.2.1:99999;branch", "reject 400 via"},
		{"no port after the colon", uas, validRequest, "192.0.2.1:5062;branch", "192.0.2.1:;branch", "reject 400 via"},
		{"IPv6 without brackets in Via", uas, validRequest, "192.0.2.1:5062;branch", "2001:db8::1;branch", "reject 400 via"},
		{"a ttl past 255", uas, validRequest, ";rport", ";ttl=256", "reject 400 via"},
		{"a ttl", uas, validRequest, ";rport", ";ttl=255;maddr=224.0.1.75", "accept 0"},
		{"received that is no address", uas, validRequest, ";rport", ";received=example.com", "reject 400 via"},
		{"rport that is no port", uas, validRequest, ";rport", ";rport=x", "reject 400 via"},
		{"another protocol in Via", uas, validRequest, "Via: SIP/", "Via: HTTP/", "reject 400 via-version"},
		{"an empty value of Via", uas, validRequest, "Via: ", "Via: , ", "reject 400 empty-value"},
		{"branch of RFC 2543", uas, validRequest, "z9hG4bK-1", "1", "accept 0 branch-cookie~"},
		{"the cookie in another case", uas, validRequest, "z9hG4bK-1", "Z9HG4BK-1", "accept 0"},
		{"two Vias at the client", uac, validResponse, "From: ", "Via: SIP/2.0/UDP h\r\nFrom: ", "drop 0 via-count"},
		{"two Vias in a proxy", proxy, validResponse, "From: ", "Via: SIP/2.0/UDP h\r\nFrom: ", "accept 0"},
		{"broadcast by maddr", proxy, validResponse, "From: ", "Via: SIP/2.0/UDP h;maddr=255.255.255.255\r\nFrom: ", "drop 0 broadcast"},
		{"status 99", uac, validResponse, "200 OK", "099 OK", "drop 0 status-code"},
		{"status 700", uac, validResponse, "200 OK", "700 OK", "drop 0 status-code"},
		{"no blank behind the status code", uac, validResponse, "200 OK", "200", "reject-or-repair 0 start-line-blanks"},
		{"quotes in the reason", uac, validResponse, "200 OK", `200 "OK"`, "accept 0 reason~"},
		{"Call-ID of three words", uas, validRequest, "Call-ID: 1@192.0.2.1", "Call-ID: 1@2@3", "reject-or-repair 400 call-id"},
		{"an open quote and two brackets", uas, validRequest, "To: <sip:bob@example.com>", `To: "Mr J. User <sip:j.user@example.com> <sip:realj@example.net>`, "reject 400 quote parameter"},
		{"a comma in the display name", uas, validRequest, "To: <", "To: Bell, A <", "reject-or-repair 400 display-name"},
		{"curly quotes", uas, validRequest, "To: <", "To: \u201cBob\u201d <", "reject-or-repair 400 display-name"},
		{"no closing bracket", uas, validRequest, "To: <sip:bob@example.com>", "To: <sip:bob@example.com", "reject 400 address"},
		{"no scheme in To", uas, validRequest, "To: <sip:bob@example.com>", "To: bob@example.com", "reject 400 address"},
		{"Contact is nothing to a proxy", proxy, validRequest, "Contact: <sip:alice@192.0.2.1:5062>", "Contact: alice", "accept 0 address~"},
		{"a route without brackets", proxy, validRequest, "To: ", "Route: sip:p.example.com;lr\r\nTo: ", "reject-or-repair 400 address-brackets"},
		{"an empty route", proxy, validRequest, "To: ", "Route: <sip:p.example.com;lr>,\r\nTo: ", "reject 400 empty-value"},
		{"q past 1", uas, validRequest, "q=0.5", "q=1.5", "reject-or-repair 400 q-value"},
		{"expires in words", uas, validRequest, "expires=60", "expires=soon", "reject-or-repair 400 number"},
		{"Expires of 2**32-1", uas, validRequest, "To: ", "Expires: 4294967295\r\nTo: ", "accept 0"},
		{"Expires of 2**32", uas, validRequest, "To: ", "Expires: 4294967296\r\nTo: ", "reject-or-repair 400 number"},
		{"a good Date", uas, validRequest, "To: ", "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\nTo: ", "accept 0"},
		{"Date in UTC", uas, validRequest, "To: ", "Date: Sat, 13 Nov 2010 23:29:00 UTC\r\nTo: ", "reject-or-repair 400 date"},
		{"Date of the 32nd", uas, validRequest, "To: ", "Date: Sat, 32 Nov 2010 23:29:00 GMT\r\nTo: ", "reject-or-repair 400 date"},
		{"a good Warning", uac, validResponse, "To: ", "Warning: 399 example.com:5060 \"a, b\", 301 p \"\"\r\nTo: ", "accept 0"},
		{"Retry-After with a comment", uac, validResponse, "To: ", "Retry-After: 120 (busy);duration=3600\r\nTo: ", "accept 0"},
		{"Require", uas, validRequest, "To: ", "Require: 100rel, x\r\nTo: ", "reject 420 require"},
		{"Require that no one supports", narrow, strings.ReplaceAll(validRequest, "INVITE", "PING"), "sip:bob@example.com SIP/2.0", "sips:bob@example.com SIP/2.0\r\nRequire: 100rel", "reject 420 require media-type"},
		{"Require is nothing to a proxy", proxy, validRequest, "To: ", "Require: x\r\nTo: ", "accept 0"},
		{"Proxy-Require", proxy, validRequest, "To: ", "Proxy-Require: x,y\r\nTo: ", "reject 420 proxy-require proxy-require"},
		{"Require in CANCEL", uas, strings.ReplaceAll(validRequest, "INVITE", "CANCEL"), "To: ", "Require: x\r\nTo: ", "accept 0"},
		{"an empty Supported", uas, validRequest, "To: ", "Supported:\r\nAllow:\r\nTo: ", "accept 0"},
		{"a list that is no list of tokens", uas, validRequest, "To: ", "Supported: a b\r\nTo: ", "reject-or-repair 400 token"},
		{"an unknown body", uas, validRequest, "application/sdp", "x/y", "reject 415 media-type"},
		{"an unknown body that is optional", uas, validRequest, "application/sdp", "x/y\r\nContent-Disposition: session;handling=optional", "accept 0"},
		{"a body without a type", uas, validRequest, "Content-Type: application/sdp\r\n", "", "reject-or-repair 400 no-content-type"},
		{"a type that is none", uas, validRequest, "application/sdp", "sdp", "reject-or-repair 400 content-type"},
		{"an unknown encoding", uas, validRequest, "To: ", "Content-Encoding: gzip\r\nTo: ", "reject 415 content-encoding"},
		{"a known encoding", gzip, validRequest, "To: ", "e: identity, GZIP\r\nTo: ", "accept 0"},
		{"Accept without SDP", uas, validRequest, "To: ", "Accept: text/plain\r\nTo: ", "reject 406 accept"},
		{"Accept of all", uas, validRequest, "To: ", "Accept: text/plain, application/*;q=0.1\r\nTo: ", "accept 0"},
		{"Accept of nothing", uas, validRequest, "To: ", "Accept:\r\nTo: ", "reject 406 accept"},
		{"no credentials", auth, validRequest, "", "", "reject 401 credentials"},
		{"no credentials for the proxy", proxyAuth, validRequest, "To: ", "Authorization: Digest a=\"b\"\r\nTo: ", "reject 407 credentials"},
		{"credentials", auth, validRequest, "To: ", "Authorization: digest a=\"b\"\r\nTo: ", "accept 0"},
		{"an ACK cannot be challenged", auth, strings.ReplaceAll(validRequest, "INVITE", "ACK"), "", "", "accept 0"},
		{"Contact: * and no Expires", registrar, strings.ReplaceAll(validRequest, "INVITE", "REGISTER"), "Contact: <sip:alice@192.0.2.1:5062>;expires=60;q=0.5", "Contact: *", "reject 400 star"},
		{"Contact: * and Expires: 0", registrar, strings.ReplaceAll(validRequest, "INVITE", "REGISTER"), "Contact: <sip:alice@192.0.2.1:5062>;expires=60;q=0.5", "Contact: *\r\nExpires: 0", "accept 0"},
		{"Contact: * and another", registrar, strings.ReplaceAll(validRequest, "INVITE", "REGISTER"), "Contact: ", "Expires: 0\r\nContact: *, ", "reject 400 star"},
		{"Content-Length twice the same", uas, validRequest, "To: ", "l: 5\r\nTo: ", "reject-or-repair 400 content-lengths"},
		{"no Content-Length on a stream", Validator{Stream: true}, validRequest, "Content-Length", "X-Length", "reject-or-repair 400 no-content-length"},
		{"no Content-Length in a datagram", uas, validRequest, "Content-Length", "X-Length", "accept 0"},
		{"the body is cut", uas, validRequest, "Content-Length: 5", "Content-Length: 6", "reject 400 body-short"},
		{"the body of a response is cut", uac, validResponse, "Content-Length: 0", "Content-Length: 6", "drop 0 body-short"},
		{"too many fields", uas, validRequest, "To: ", strings.Repeat("zz: y\r\n", MaxFields) + "To: ", "reject 513 too-long missing missing missing missing~"},
		{"no empty line, and the header may go on", uas, validRequest[:strings.Index(validRequest, "Content-Length: 5")], "", "", "reject 400 no-blank-line"},
		{"no empty line, and the header of a response may go on", uac, validResponse[:strings.Index(validResponse, "Content-Length: 0")], "", "", "drop 0 no-blank-line"},
		{"no empty line, and no body to follow", uas, validRequest[:strings.Index(validRequest, "Content-Length: 5")] + "Content-Length: 0\r\n", "", "", "accept 0 no-blank-line~"},
		{"no empty line, and a body to follow", uas, validRequest[:strings.Index(validRequest, "\r\n\r\n")+2], "", "", "reject 400 no-blank-line body-short"},
		{"cut in a line", uas, validRequest[:strings.Index(validRequest, "Content-Length: 5")+16], "", "", "reject 400 cut no-blank-line"},
	} {
		if c.old != "" && strings.Count(c.in, c.old) == 0 {
			t.Fatalf("%s: %q is not in it", c.name, c.old)
		}
		m := Parse([]byte(strings.Replace(c.in, c.old, c.new, 1)))
		violations := c.v.Append(nil, m)
		verdict := Judge(violations)
		got := fmt.Sprint(verdict.Action, " ", verdict.Status)
		for _, x := range violations {
			checkViolation(t, c.name, m.Raw, x)
			got += " " + x.Code.String()
			if x.Severity == SeverityTolerated {
				got += "~"
			}
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		if again := c.v.Verdict(m); again != verdict {
			t.Errorf("%s: verdict %+v, and %+v", c.name, again, verdict)
		}
	}
}

// TestViolationsAreBounded: however much is wrong, the list stays short, and the worst is still in it.
func TestViolationsAreBounded(t *testing.T) {
	in := strings.Replace(validRequest, "To: ", "Record-Route: "+strings.Repeat("<sip:a_b.c>,", 10*MaxViolations)+"<sip:x>\r\nTo: ", 1)
	in = strings.Replace(in, "Content-Type: application/sdp", "Refer-To: nothing", 1)
	v := Validator{}
	list := v.Append(nil, Parse([]byte(in)))
	if len(list) < MaxViolations || len(list) > MaxViolations+3 || Judge(list).Action != ActionReject {
		t.Errorf("%d violations, %v", len(list), Judge(list).Action)
	}
}

func TestEveryViolationHasItsWords(t *testing.T) {
	names := map[string]bool{}
	for c := ViolationNone; c < violationCodes; c++ {
		r := violationRules[c]
		if r.name == "" || names[r.name] || c != ViolationNone && (r.text == "" || r.rfc == 0 || r.section == "" || strings.HasSuffix(r.text, ".")) {
			t.Errorf("code %d: %+v", c, r)
		}
		names[r.name] = true
	}
}

func TestValidateAllocatesNothing(t *testing.T) {
	for _, in := range []string{validRequest, validResponse} {
		m := Parse([]byte(in))
		for _, role := range []Role{RoleUAS, RoleUAC, RoleProxy} {
			v := Validator{Role: role}
			buf := make([]Violation, 0, 4)
			if n := testing.AllocsPerRun(100, func() { buf = v.Append(buf[:0], m) }); n != 0 {
				t.Errorf("%v, %q…: %v allocations", role, in[:12], n)
			}
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	m := Parse([]byte(validRequest))
	v := Validator{Role: RoleProxy}
	b.ReportAllocs()
	var buf []Violation
	for b.Loop() {
		buf = v.Append(buf[:0], m)
	}
}
