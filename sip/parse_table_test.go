package sip

import (
	"fmt"
	"strings"
	"testing"
)

// problems returns the codes of a message's problems.
func problems(m *Message) string {
	var out []string
	for _, p := range m.Problems {
		out = append(out, p.Code.String())
	}
	return strings.Join(out, "; ")
}

func TestStartLine(t *testing.T) {
	const via = "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nCSeq: 7 OPTIONS\r\n\r\n"
	for _, c := range []struct {
		name, line                  string
		kind                        Kind
		method, uri, version, extra string // extra: status and reason of a response
		problems                    string
	}{
		{"a request", "INVITE sip:bob@example.com SIP/2.0", KindRequest, "INVITE", "sip:bob@example.com", "SIP/2.0", "", ""},
		{"a version in lower case is the same version", "INVITE sip:bob@example.com sip/2.0", KindRequest, "INVITE", "sip:bob@example.com", "sip/2.0", "", ""},
		{"an unknown method", "PING sip:bob@example.com SIP/2.0", KindRequest, "PING", "sip:bob@example.com", "SIP/2.0", "", ""},
		{"an unknown scheme", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", KindRequest, "OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", "SIP/2.0", "", ""},
		{"a scheme with a dot", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", KindRequest, "OPTIONS", "soap.beep://192.0.2.103:3002", "SIP/2.0", "", ""},
		{"a masked URI has a blank", "INVITE sip:[email protected] SIP/2.0", KindRequest, "INVITE", "sip:[email protected]", "SIP/2.0", "", "the start line is malformed"},
		{"a masked URI with a port", "INVITE sip:[email protected]:5062;user=phone SIP/2.0", KindRequest, "INVITE", "sip:[email protected]:5062;user=phone", "SIP/2.0", "", "the start line is malformed"},
		{"the mask took the scheme too", "INVITE [email protected] SIP/2.0", KindRequest, "INVITE", "[email protected]", "SIP/2.0", "", "the start line is malformed"},
		{"no scheme after a known method", "INVITE bob@example.com SIP/2.0", KindRequest, "INVITE", "bob@example.com", "SIP/2.0", "", ""},
		{"no method", "sip:bob@example.com SIP/2.0", KindRequest, "OPTIONS", "sip:bob@example.com", "SIP/2.0", "", "the start line is malformed; the request line has no method"},
		{"no version, and a header field follows", "INVITE sip:bob@example.com", KindRequest, "INVITE", "sip:bob@example.com", "", "", "the start line is malformed; the version is not SIP/2.0"},
		{"several blanks", "INVITE   sip:bob@example.com  SIP/2.0  ", KindRequest, "INVITE", "sip:bob@example.com", "SIP/2.0", "", "the start line is malformed"},
		{"tabs", "INVITE\tsip:bob@example.com\tSIP/2.0", KindRequest, "INVITE", "sip:bob@example.com", "SIP/2.0", "", "the start line is malformed"},
		{"angle brackets", "INVITE <sip:bob@example.com> SIP/2.0", KindRequest, "INVITE", "<sip:bob@example.com>", "SIP/2.0", "", ""},
		{"another version", "INVITE sip:bob@example.com SIP/3.0", KindRequest, "INVITE", "sip:bob@example.com", "SIP/3.0", "", "the version is not SIP/2.0"},
		{"prose that ends in the version", "see RFC 3261 SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"prose with a colon", "see RFC: 3261 SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"prose about a method", "INVITE messages of SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"a header field that ends in the version", "Server: something SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"a header field with a URI", "Subject: INVITE sip:bob@example.com SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"a word that is no method", "word bob@example.com SIP/2.0", KindUnknown, "", "", "", "", "no SIP start line"},
		{"no version after a word that is no method", "call sip:bob@example.com", KindUnknown, "", "", "", "", "no SIP start line"},
		{"HTTP", "GET http://example.com/ HTTP/1.1", KindUnknown, "", "", "", "", "no SIP start line"},
		{"a response", "SIP/2.0 180 Ringing", KindResponse, "OPTIONS", "", "SIP/2.0", "180 Ringing", ""},
		{"an empty reason", "SIP/2.0 180 ", KindResponse, "OPTIONS", "", "SIP/2.0", "180 ", ""},
		{"no reason and no blank", "SIP/2.0 180", KindResponse, "OPTIONS", "", "SIP/2.0", "180 ", "the start line is malformed"},
		{"a status code of four digits", "SIP/2.0 1800 x", KindResponse, "OPTIONS", "", "SIP/2.0", "1800 x", "the start line is malformed"},
		{"a response without version", "407 Proxy Authentication Required", KindResponse, "OPTIONS", "", "", "407 Proxy Authentication Required", "the start line is malformed"},
		{"a version and no number", "SIP/2.0 Ringing", KindUnknown, "", "", "", "", "no SIP start line"},
	} {
		m := Parse([]byte(c.line + via))
		checkLossless(t, c.name, m.Raw, m)
		extra := ""
		if m.Kind == KindResponse {
			extra = fmt.Sprintf("%d %s", m.Status, m.Text(m.Reason))
		}
		got := fmt.Sprintf("%d %q %q %q %q %q", m.Kind, m.MethodName(), m.Text(m.URISpan), m.Text(m.Version), extra, problems(m))
		if m.Kind == KindUnknown {
			got = fmt.Sprintf("%d %q %q %q %q %q", m.Kind, "", "", "", "", problems(m))
		}
		want := fmt.Sprintf("%d %q %q %q %q %q", c.kind, c.method, c.uri, c.version, c.extra, c.problems)
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
		if IsStartLine([]byte(c.line)) && m.Kind == KindUnknown {
			t.Errorf("%s: a start line by IsStartLine, not by Parse", c.name)
		}
	}
}

func TestHeader(t *testing.T) {
	const start = "OPTIONS sip:bob@example.com SIP/2.0\r\n"
	for _, c := range []struct{ name, header, want, problems string }{
		{"compact forms", "v: a\r\nf: b\r\nT: c\r\ni: d\r\nM: e\r\nl: 0\r\nc: x/y\r\nk: z\r\ns: q\r\n\r\n",
			`Via=a From=b To=c Call-ID=d Contact=e Content-Length=0 Content-Type=x/y Supported=z Subject=q`, ""},
		{"any case", "vIA: a\r\ncall-id: b\r\nCSEQ: 1 OPTIONS\r\n\r\n", `Via=a Call-ID=b CSeq=1 OPTIONS`, ""},
		{"folding", "Subject: a\r\n b\r\n\tc\r\nTo: d\r\n\r\n", "Subject=a\r\n b\r\n\tc To=d", ""},
		{"an empty value", "Subject:\r\nTo: d\r\n\r\n", "Subject= To=d", ""},
		{"an empty value folded", "Subject:\r\n \r\nTo: d\r\n\r\n", "Subject= To=d", ""},
		{"blank before the colon", "Via : a\r\n\r\n", "Via=a", "white space before the colon of a header field"},
		{"LF line ends", "Via: a\nTo: b\n\n", "Via=a To=b", "lines end in LF without CR"},
		{"an LF in a folded value", "Subject: a\r\n b\n c\r\n\r\n", "Subject=a\r\n b\n c", "lines end in LF without CR"},
		{"no colon", "Via: a\r\nFoobar roobar\r\nTo: b\r\n\r\n", "Via=a =Foobar roobar To=b", "a header line has no colon"},
		{"a name that is no token", "Foo bar: x\r\n\r\n", "=x", "the name of a header field is not a token"},
		{"no name", ": x\r\n\r\n", "=x", "the name of a header field is not a token"},
		{"nothing to continue", " x\r\nVia: a\r\n\r\n", "=x Via=a", "a continuation line with nothing before it to continue"},
		{"no empty line", "Via: a\r\nTo: b\r\n", "Via=a To=b", "no empty line between header and body"},
		{"no empty line before a session description", "Via: a\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "Via=a", "no empty line between header and body"},
		{"the end is missing", "Via: a\r\nTo: b", "Via=a =b", "the message ends in the middle of a header line; no empty line between header and body"},
		{"the end is missing before the colon", "Via: a\r\nT", "Via=a =T", "the message ends in the middle of a header line; no empty line between header and body"},
		{"the end of a number is missing", "Via: a\r\nContent-Length: 1", "Via=a =1", "the message ends in the middle of a header line; no empty line between header and body"},
		{"only line ends are missing", "Via: a\r\nContent-Length: 0", "Via=a Content-Length=0", "the message ends in the middle of a header line; no empty line between header and body"},
		{"Content-Length in words", "Content-Length: five\r\n\r\n", "Content-Length=five", "Content-Length is not one number"},
		{"two that differ", "Content-Length: 0\r\nContent-Length: 1\r\n\r\n", "Content-Length=0 Content-Length=1", "Content-Length is not one number"},
		{"two that agree", "Content-Length: 0\r\nl: 0\r\n\r\n", "Content-Length=0 Content-Length=0", ""},
		{"a short body", "Content-Length: 3\r\n\r\nab", "Content-Length=3", "the body is shorter than Content-Length"},
		{"a long body", "Content-Length: 1\r\n\r\nab", "Content-Length=1", "bytes follow after the body"},
	} {
		m := Parse([]byte(start + c.header))
		checkLossless(t, c.name, m.Raw, m)
		var got []string
		for _, f := range m.Fields {
			value := string(m.Text(f.Value))
			if f.ID == FieldOther {
				value = strings.TrimSpace(value)
			}
			got = append(got, f.ID.String()+"="+value)
		}
		if g := strings.Join(got, " "); g != c.want || problems(m) != c.problems {
			t.Errorf("%s:\n got %q (%s)\nwant %q (%s)", c.name, g, problems(m), c.want, c.problems)
		}
	}
}

func TestHeaderEnds(t *testing.T) {
	for in, want := range map[string]bool{
		"Via: a\r\n\r\n":                      true,
		"Via: a\r\n\r":                        true,
		"Via: a\r\nContent-Length: 3\r\n\r\n": true, // the body is what is missing
		"Via: a\r\nv=0\r\n":                   true, // a copy without its empty lines
		"Via: a\r\nContent-Length: 0":         true,
		"Content-Length: 0\r\nVia: a\r\n":     true,
		"Content-Length: 0\r\nVia: a":         false,
		"Via: a\r\nContent-Length: 3\r\n":     false,
		"Via: a\r\n":                          false,
		"Via: a":                              false,
		"":                                    false,
	} {
		if m := Parse([]byte("OPTIONS sip:bob@example.com SIP/2.0\r\n" + in)); m.HeaderEnds() != want {
			t.Errorf("%q: %v", in, !want)
		}
	}
}

func TestJunkBefore(t *testing.T) {
	const msg = "SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\n"
	for _, c := range []struct {
		name, lead string
		junk       bool
	}{
		{"nothing", "", false},
		{"line ends", "\r\n\r\n", false},
		{"a line of a log", "sent to 192.0.2.1:5060\n", true},
		{"prose with the version in it", "the parser of SIP/2.0\nsee RFC 3261 SIP/2.0\n", true},
		{"line ends and a line", "\r\n\r\n>>>>\r\n", true},
	} {
		m := Parse([]byte(c.lead + msg))
		checkLossless(t, c.name, m.Raw, m)
		_, junk := m.Problem(ProblemJunkBefore)
		if string(m.Text(m.Lead)) != c.lead || junk != c.junk || m.Status != 200 || m.Method != MethodBye {
			t.Errorf("%s: lead %q, junk %t, status %d, method %v", c.name, m.Text(m.Lead), junk, m.Status, m.Method)
		}
	}
}

// TestCutAtEveryByte: whatever is cut off, what is left is read as before.
func TestCutAtEveryByte(t *testing.T) {
	whole := Parse(benchInvite)
	if len(whole.Problems) > 1 { // the padding after the body
		t.Fatalf("problems: %s", problems(whole))
	}
	for n := range len(benchInvite) {
		m := Parse(benchInvite[:n])
		checkLossless(t, fmt.Sprint("cut at ", n), m.Raw, m)
		if n < int(whole.StartLine.End)-len("/2.0\r\n") {
			if m.Kind != KindUnknown {
				t.Fatalf("cut at %d: kind %d out of %q", n, m.Kind, m.Raw)
			}
			continue
		}
		if m.Kind == KindUnknown {
			continue // in the version
		}
		if m.Method != MethodInvite || string(m.Text(m.URISpan)) != "sip:18005551212@sip.example.net" {
			t.Fatalf("cut at %d: %v %q", n, m.Method, m.Text(m.URISpan))
		}
		for i, f := range m.Fields {
			w := whole.Fields[i]
			if int(w.Row.End) <= n && f != w {
				t.Fatalf("cut at %d: field %d is %+v, was %+v", n, i, f, w)
			}
		}
		inHeader := n < int(whole.Blank.End)-1
		if _, cut := m.Problem(ProblemNoBlankLine); cut != inHeader {
			t.Fatalf("cut at %d: no blank line %t, want %t", n, cut, inHeader)
		}
		if _, short := m.Problem(ProblemBodyShort); !inHeader && short != (n < int(whole.Body.Start)+432) {
			t.Fatalf("cut at %d: body short %t", n, short)
		}
	}
}

func TestParseAgain(t *testing.T) {
	var m Message
	m.Parse([]byte("SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 BYE\r\n\r\nbody"))
	m.Parse([]byte("OPTIONS sip:a@b SIP/2.0\r\nTo: y\r\n\r\n"))
	if m.Has(FieldVia) || m.Status != 0 || m.Method != MethodOptions || len(m.Fields) != 1 || !m.Body.IsEmpty() {
		t.Errorf("something of the first message is left: %+v", m)
	}
	if n := testing.AllocsPerRun(100, func() { m.Parse(benchInvite) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTooMuch(t *testing.T) {
	for _, end := range []string{"\r\n", "\n"} {
		m := Parse([]byte("OPTIONS sip:a@b SIP/2.0" + end + strings.Repeat("x: y"+end, MaxFields+50) + end + "body"))
		checkLossless(t, "many fields", m.Raw, m)
		if _, ok := m.Problem(ProblemTooManyFields); !ok || len(m.Fields) != MaxFields+1 || string(m.BodyBytes()) != "body" {
			t.Errorf("line end %q: %d fields, body %q", end, len(m.Fields), m.BodyBytes())
		}
	}
	m := Parse([]byte("OPTIONS sip:a@b SIP/2.0\r\n\r\n" + strings.Repeat("x", MaxMessage)))
	checkLossless(t, "long body", m.Raw, m)
	if _, ok := m.Problem(ProblemTooLong); !ok || m.Body.Len() != MaxMessage {
		t.Errorf("body of %d bytes", m.Body.Len())
	}
	m = Parse(make([]byte, MaxMessage+5))
	checkLossless(t, "zeros", m.Raw, m)
}

func TestValues(t *testing.T) {
	m := Parse([]byte("OPTIONS sip:a@b SIP/2.0\r\n" +
		"Contact: \"a, b\" <sip:x@y;p=1,2>, <sip:z@y>;q=0.5,\r\n  sip:w@y\r\nVia: v1\r\nm: <sip:last@y>\r\n" +
		"Allow: INVITE,,ACK\r\nSubject: one, two\r\n\r\n"))
	for _, c := range []struct {
		id   FieldID
		want string
	}{
		{FieldContact, `"a, b" <sip:x@y;p=1,2>|<sip:z@y>;q=0.5|sip:w@y|<sip:last@y>`},
		{FieldAllow, "INVITE|ACK"},
		{FieldSubject, "one, two"},
		{FieldRoute, ""},
	} {
		var got []string
		for s := range m.Values(c.id) {
			got = append(got, string(m.Text(s)))
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%v: %q, want %q", c.id, g, c.want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"quoted name", `"Alice \"A\"" <sip:alice@example.com;lr>;tag=1`, `[Alice "A"] alice example.com 0 [;lr] tag=1`},
		{"name of tokens", `Alice Smith <sip:alice@example.com:5070>;tag=1`, `[Alice Smith] alice example.com 5070 [] tag=1`},
		{"no name", `<sip:alice@example.com>`, `[] alice example.com 0 [] tag=`},
		{"addr-spec: parameters belong to the field", `sip:alice@example.com;tag=1`, `[] alice example.com 0 [] tag=1`},
		{"addr-spec with an at sign in the tag", `sip:alice@example.com;tag=1@192.0.2.1`, `[] alice example.com 0 [] tag=1@192.0.2.1`},
		{"brackets inside a quoted name", `"<sip:evil@example.org>" <sip:alice@example.com>;tag=1`, `[<sip:evil@example.org>] alice example.com 0 [] tag=1`},
		{"a tag inside a quoted parameter", `<sip:alice@example.com>;x=">;tag=evil";tag=1`, `[] alice example.com 0 [] tag=1`},
		{"no closing quote", `"Alice <sip:alice@example.com>;tag=1`, `[Alice] alice example.com 0 [] tag=1`},
		{"no closing bracket", `Alice <sip:alice@example.com;tag=1`, `[Alice] alice example.com 0 [;tag=1] tag=`},
		{"curly quotes", "\u201cAlice\u201d <sip:alice@example.com>;tag=1", `[Alice] alice example.com 0 [] tag=1`},
		{"masked, in brackets", `<sip:[email protected]:5062;user=phone>;tag=1`, `[]  [email protected] 5062 [;user=phone] tag=1 masked`},
		{"masked, without brackets, with an entity", `sip:[email&#160;protected];tag=1`, `[]  [email&#160;protected] 0 [] tag=1 masked`},
		{"white space everywhere", "sip:alice@example.com ;  tag   = 1", `[] alice example.com 0 [] tag=1`},
		{"two at signs", `<sip:alice@example.com@proxy.example.net;x=1>`, `[] alice@example.com proxy.example.net 0 [;x=1] tag=`},
		{"an at sign in headers", `<sip:alice@example.com?Replaces=1@192.0.2.1>`, `[] alice example.com 0 [] tag=`},
		{"a question mark in the user", `<sip:a?b@example.com>`, `[] a?b example.com 0 [] tag=`},
		{"IPv6", `<sip:[2001:db8::1]:5070>`, `[]  [2001:db8::1] 5070 [] tag=`},
		{"a port that is none", `<sip:alice@example.com:99999>`, `[] alice example.com 0 [] tag=`},
		{"no scheme", `alice@example.com:5070`, `[] alice example.com 5070 [] tag=`},
		{"a name with dots and a port is no scheme", `pbx.example.com:5060`, `[]  pbx.example.com 5060 [] tag=`},
		{"tel", `<tel:+18005551212;phone-context=x>;tag=1`, `[] +18005551212  0 [;phone-context=x] tag=1`},
	} {
		a := ParseAddress([]byte(c.in))
		got := fmt.Sprintf("[%s] %s %s %d [%s] tag=%s", a.Name(), a.URI.User, a.URI.Host, a.URI.Port, a.URI.Params.Raw(), a.Tag())
		if a.URI.Masked {
			got += " masked"
		}
		if got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.in, got, c.want)
		}
	}
	if a := ParseAddress([]byte(" * ")); !a.Star {
		t.Error("no star")
	}
}

func TestCurlyQuotesInCredentials(t *testing.T) {
	for _, in := range []string{
		`Digest realm="example.com", nonce="a,b", uri="sip:example.com", algorithm=MD5, nc=00000001`,
		"Digest realm=\u201cexample.com\u201d, nonce=\u201ca,b\u201d, uri=\u201csip:example.com\u201d, algorithm=MD5, nc=00000001",
		"Digest realm=\u201cexample.com\u2033,nonce=\u201ca,b\u2033,uri=\u201dsip:example.com\u201d,\r\n algorithm=MD5,nc=00000001",
	} {
		c := ParseChallenge([]byte(in))
		if !c.IsDigest() {
			t.Errorf("%s: scheme %q", in, c.Scheme)
		}
		for name, want := range map[string]string{"realm": "example.com", "NONCE": "a,b", "uri": "sip:example.com", "algorithm": "MD5", "nc": "00000001"} {
			if v, ok := c.Get(name); !ok || string(v) != want {
				t.Errorf("%s: %s is %q", in, name, v)
			}
		}
	}
}

func TestReasonPhrase(t *testing.T) {
	for status, want := range map[int]string{100: "Trying", 180: "Ringing", 200: "OK", 407: "Proxy Authentication Required",
		487: "Request Terminated", 603: "Decline", 299: "", 0: "", -1: "", 700: ""} {
		if got := ReasonPhrase(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
	for status, phrase := range reasonPhrases {
		if status < 100 || status > 699 || phrase == "" || strings.TrimSpace(phrase) != phrase {
			t.Errorf("%d %q", status, phrase)
		}
	}
}

func TestStatusClass(t *testing.T) {
	for _, c := range []struct {
		line               string
		provisional, final bool
	}{
		{"SIP/2.0 100 Trying", true, false}, {"SIP/2.0 199 x", true, false}, {"SIP/2.0 200 OK", false, true},
		{"SIP/2.0 699 x", false, true}, {"BYE sip:a@b SIP/2.0", false, false},
	} {
		m := Parse([]byte(c.line + "\r\n\r\n"))
		if m.IsProvisional() != c.provisional || m.IsFinal() != c.final || m.IsRequest() == m.IsResponse() {
			t.Errorf("%s: provisional %t, final %t", c.line, m.IsProvisional(), m.IsFinal())
		}
	}
}

func TestMethods(t *testing.T) {
	for id := MethodInvite; id < MethodOther; id++ {
		if got := ParseMethod([]byte(id.String())); got != id || id.String() == "" {
			t.Errorf("%v reads as %v", id, got)
		}
	}
	for in, want := range map[string]Method{"": MethodUnknown, "invite": MethodOther, "INVITE ": MethodOther, "PING": MethodOther} {
		if got := ParseMethod([]byte(in)); got != want {
			t.Errorf("%q reads as %d", in, got)
		}
	}
}

func TestFieldNames(t *testing.T) {
	for id := FieldOther + 1; id < fieldIDs; id++ {
		n := fieldNames[id]
		for _, name := range []string{n.name, strings.ToUpper(n.name), strings.ToLower(n.name)} {
			if got := LookupField([]byte(name)); got != id {
				t.Errorf("%s is %v", name, got)
			}
		}
		if n.compact != 0 && (LookupField([]byte{n.compact}) != id || LookupField([]byte{n.compact &^ 0x20}) != id) {
			t.Errorf("%c is not %s", n.compact, n.name)
		}
	}
	for _, name := range []string{"", "x-foo", "Viaa", "q", "1", "-", "C%6Fntact", strings.Repeat("v", 40)} {
		if got := LookupField([]byte(name)); got != FieldOther {
			t.Errorf("%q is %v", name, got)
		}
	}
}
