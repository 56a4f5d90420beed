package proxycore

import (
	"fmt"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// element is one proxy of the examples of §16.12.
type element struct {
	*Core
	self    string // host
	targets map[string]string
}

func newElement(t testing.TB, self string, targets ...string) *element {
	e := &element{Core: newCore(t, Config{Hosts: []Host{{self, 5060}}, Domains: []string{"none.invalid"}}), self: self, targets: map[string]string{}}
	for i := 0; i < len(targets); i += 2 {
		e.targets[targets[i]] = targets[i+1]
	}
	return e
}

// pass forwards a request, record-routing, and returns it with where it goes.
func (e *element) pass(t testing.TB, raw string) (string, string) {
	t.Helper()
	m := sip.Parse([]byte(raw))
	from := udp("198.51.100.7:5060")
	if v := e.Check(m, from); v.Outcome != OutcomePass {
		t.Fatalf("%s refuses with %d %s:\n%s", e.self, v.Reply.Status, v.Because.Text, raw)
	}
	how := &Forward{Route: e.Preprocess(m, from), Via: "SIP/2.0/UDP " + e.self, Branch: "z9hG4bK" + e.self, From: from}
	how.URI = e.targets[string(how.Route.URI)]
	if m.Method == sip.MethodInvite {
		how.RecordRoute = []string{string(e.AppendRecordRoute(nil, e.self, false, ""))}
	}
	next, _ := how.NextHop(m)
	return string(AppendForward(nil, m, how)), next.Host
}

// routing returns the start line, the Route and the Record-Route values of a request, as §16.12.1 shows them.
func routing(raw string) string {
	m := sip.Parse([]byte(raw))
	out := strings.TrimSpace(string(m.Text(m.StartLine))) + "\n"
	for s := range m.Values(sip.FieldRoute) {
		out += "Route: " + string(m.Text(s)) + "\n"
	}
	for s := range m.Values(sip.FieldRecordRoute) {
		out += "Record-Route: " + string(m.Text(s)) + "\n"
	}
	return out
}

func expect(t *testing.T, what, raw, next, wantNext string, want ...string) {
	t.Helper()
	if got := routing(raw); got != strings.Join(want, "\n")+"\n" || next != wantNext {
		t.Errorf("%s: to %s\n%swant to %s\n%s", what, next, got, wantNext, strings.Join(want, "\n"))
	}
}

// TestBasicSIPTrapezoid is RFC 3261 §16.12.1.1.
func TestBasicSIPTrapezoid(t *testing.T) {
	p1 := newElement(t, "p1.example.com")
	p2 := newElement(t, "p2.domain.com", "sip:callee@domain.com", "sip:callee@u2.domain.com")
	m, next := p1.pass(t, string(request("INVITE sip:callee@domain.com SIP/2.0", "Contact: sip:caller@u1.example.com").Raw))
	expect(t, "P1", m, next, "domain.com", "INVITE sip:callee@domain.com SIP/2.0", "Record-Route: <sip:p1.example.com;lr>")
	m, next = p2.pass(t, m)
	expect(t, "P2", m, next, "u2.domain.com", "INVITE sip:callee@u2.domain.com SIP/2.0", "Record-Route: <sip:p2.domain.com;lr>", "Record-Route: <sip:p1.example.com;lr>")
	m, next = p1.pass(t, string(request("BYE sip:callee@u2.domain.com SIP/2.0", "Route: <sip:p1.example.com;lr>,<sip:p2.domain.com;lr>").Raw))
	expect(t, "P1, BYE", m, next, "p2.domain.com", "BYE sip:callee@u2.domain.com SIP/2.0", "Route: <sip:p2.domain.com;lr>")
	m, next = p2.pass(t, m)
	expect(t, "P2, BYE", m, next, "u2.domain.com", "BYE sip:callee@u2.domain.com SIP/2.0")
}

// TestTraversingAStrictRouter is RFC 3261 §16.12.1.2.
func TestTraversingAStrictRouter(t *testing.T) {
	p4, p2, p1 := newElement(t, "p4.domain.com"), newElement(t, "p2.example.com"), newElement(t, "p1.example.com")
	m, next := p4.pass(t, string(request("BYE sip:caller@u1.example.com SIP/2.0", "Route: <sip:p4.domain.com;lr>", "Route: <sip:p3.middle.com>",
		"Route: <sip:p2.example.com;lr>", "Route: <sip:p1.example.com;lr>").Raw))
	expect(t, "P4", m, next, "p3.middle.com", "BYE sip:p3.middle.com SIP/2.0", "Route: <sip:p2.example.com;lr>", "Route: <sip:p1.example.com;lr>", "Route: <sip:caller@u1.example.com>")
	// P3 is the strict router.
	m = string(request("BYE sip:p2.example.com;lr SIP/2.0", "Route: <sip:p1.example.com;lr>", "Route: <sip:caller@u1.example.com>").Raw)
	m, next = p2.pass(t, m)
	expect(t, "P2", m, next, "p1.example.com", "BYE sip:caller@u1.example.com SIP/2.0", "Route: <sip:p1.example.com;lr>")
	m, next = p1.pass(t, m)
	expect(t, "P1", m, next, "u1.example.com", "BYE sip:caller@u1.example.com SIP/2.0")
}

// TestRewritingRecordRoute is RFC 3261 §16.12.1.3.
func TestRewritingRecordRoute(t *testing.T) {
	p1 := newCore(t, Config{Hosts: []Host{{"gateway.leftprivatespace.com", 0}, {"gateway.rightprivatespace.com", 0}}})
	resp := sip.Parse([]byte(wire("SIP/2.0 200 OK", "Via: SIP/2.0/UDP gateway.rightprivatespace.com;branch=z9hG4bK1", "Via: SIP/2.0/UDP u1.leftprivatespace.com;branch=z9hG4bK0",
		"Contact: <sip:callee@u2.rightprivatespace.com>", "Record-Route: <sip:other;lr>, <sip:gateway.rightprivatespace.com;lr>, <sip:gateway.rightprivatespace.com;lr>",
		"From: <sip:a@b>;tag=1", "To: <sip:c@d>;tag=2", "Call-ID: x", "CSeq: 1 INVITE", "Content-Length: 0")))
	got, ok := p1.AppendRelay(nil, resp, &Relay{RecordRoute: "<sip:gateway.leftprivatespace.com;lr>"})
	want := wire("SIP/2.0 200 OK", "Via: SIP/2.0/UDP u1.leftprivatespace.com;branch=z9hG4bK0",
		"Contact: <sip:callee@u2.rightprivatespace.com>", "Record-Route: <sip:other;lr>, <sip:gateway.leftprivatespace.com;lr>, <sip:gateway.rightprivatespace.com;lr>",
		"From: <sip:a@b>;tag=1", "To: <sip:c@d>;tag=2", "Call-ID: x", "CSeq: 1 INVITE", "Content-Length: 0")
	if !ok || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", ok, got, want)
	}
}

func TestAppendForwardBytes(t *testing.T) {
	c := newCore(t, Config{Mark: "rr"})
	from := udp("203.0.113.9:33012")
	in := "INVITE  <sip:bob@example.com?Subject=x>  SIP/2.0\r\nmax-forwards : 9\r\nv: SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bKa,\r\n SIP/2.0/UDP h\r\n" +
		"f:<sip:alice@example.com>;tag=a\nt: <sip:bob@example.com>\r\ni: c1\r\nCSeq: 1 INVITE\r\nX-Odd :  kept \t\r\nRecord-Route: <sip:edge;lr>\r\n" +
		"Proxy-Authorization: Digest username=\"a\", realm=\"ours\"\r\nProxy-Authorization: Digest username=\"a\", realm=\"theirs\"\r\n" +
		"ROUTE: <sip:rr.tok@192.0.2.1;lr> ,<sip:next;lr>;x=\"a,b\", <sip:last;lr>\r\nl: 3\r\nL: 3\r\n\r\nv=0junk"
	m := sip.Parse([]byte(in))
	if v := c.Check(m, from); v.Outcome != OutcomePass {
		t.Fatalf("refused: %d %s", v.Reply.Status, v.Because.Text)
	}
	route := c.Preprocess(m, from)
	if string(route.URI) != "sip:bob@example.com?Subject=x" || route.Skip != 1 || route.Remaining != 2 || string(route.Token) != "tok" || !route.Ours || !route.Responsible {
		t.Errorf("route %+v", route)
	}
	how := &Forward{Route: route, URI: "sip:bob@192.0.2.33:5062;method=INVITE;x?h=1", Push: []string{"<sip:path;lr>"}, RecordRoute: []string{"<sip:rr@192.0.2.1:5060;lr>"},
		Via: "SIP/2.0/UDP 192.0.2.1:5060", Branch: "z9hG4bKb", From: from, Breadth: 30, Realms: []string{"ours"}, Fields: []sip.DraftField{{Name: "X-New", Value: "1\r\nEvil: 2"}}}
	want := "INVITE sip:bob@192.0.2.33:5062;x SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb-" + fmt.Sprintf("%016x", uint64(loopHash(m))) + ";rport\r\n" +
		"Record-Route: <sip:rr@192.0.2.1:5060;lr>\r\nRoute: <sip:path;lr>\r\nMax-Breadth: 30\r\nX-New: 1  Evil: 2\r\n" +
		"Max-Forwards: 8\r\nv: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;received=203.0.113.9;rport=33012,\r\n SIP/2.0/UDP h\r\n" +
		"f:<sip:alice@example.com>;tag=a\r\nt: <sip:bob@example.com>\r\ni: c1\r\nCSeq: 1 INVITE\r\nX-Odd :  kept \t\r\nRecord-Route: <sip:edge;lr>\r\n" +
		"Proxy-Authorization: Digest username=\"a\", realm=\"theirs\"\r\n" +
		"ROUTE: <sip:next;lr>;x=\"a,b\", <sip:last;lr>\r\nContent-Length: 3\r\n\r\nv=0"
	if got := string(AppendForward(nil, m, how)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if next, ok := how.NextHop(m); !ok || next.Host != "path" {
		t.Errorf("next hop %+v", next)
	}

	// A strict router first on the Path: §16.6 step 6.
	how.Push = []string{"<sip:strict:5070>", "<sip:path2;lr>"}
	got := routing(string(AppendForward(nil, m, how)))
	if got != "INVITE sip:strict:5070 SIP/2.0\nRoute: <sip:path2;lr>\nRoute: <sip:next;lr>;x=\"a,b\"\nRoute: <sip:last;lr>\nRoute: <sip:bob@192.0.2.33:5062;x>\n"+
		"Record-Route: <sip:rr@192.0.2.1:5060;lr>\nRecord-Route: <sip:edge;lr>\n" {
		t.Errorf("strict router on the path: %s", got)
	}
	if next, _ := how.NextHop(m); next.Host != "strict" || next.Port != 5070 {
		t.Errorf("next hop %+v", next)
	}
}

func TestMaxForwards(t *testing.T) {
	c := newCore(t, Config{})
	for in, want := range map[string]string{"70": "69", "1": "0", "255": "70", "300": "70", "x": "70"} {
		out := sip.Parse(forwardOf(c, request("OPTIONS sip:b@other.example SIP/2.0", "Max-Forwards: "+in)))
		if got := string(out.Value(sip.FieldMaxForwards)); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

func TestPreprocess(t *testing.T) {
	c := newCore(t, Config{Mark: "rr"})
	tcp := live.Flow{Transport: capture.TCP, Local: udp("1.1.1.1:1").Local}
	for _, x := range []struct {
		name, uri string
		routes    []string
		from      live.Flow
		want      string
	}{
		{"ours by its domain", "sip:bob@example.com", nil, udp("1.1.1.1:1"), "sip:bob@example.com skip 0 left 0 responsible"},
		{"somebody else's", "sip:bob@other.example", nil, udp("1.1.1.1:1"), "sip:bob@other.example skip 0 left 0"},
		{"a preloaded Route to our domain", "sip:bob@other.example", []string{"<sip:example.com;lr>"}, udp("1.1.1.1:1"), "sip:bob@other.example skip 1 left 0"},
		{"both halves of a double Record-Route", "sip:bob@other.example", []string{"<sip:rr.a@192.0.2.1;lr>", "<sip:rr.b@p.example.com;lr>", "<sip:x;lr>"}, udp("1.1.1.1:1"), "sip:bob@other.example skip 2 left 1 ours b"},
		{"a second Route that only looks like us stays", "sip:bob@other.example", []string{"<sip:p.example.com;lr>", "<sip:p.example.com;lr>"}, udp("1.1.1.1:1"), "sip:bob@other.example skip 1 left 1"},
		{"another mark is a user", "sip:rrx@p.example.com", []string{"<sip:x;lr>"}, udp("1.1.1.1:1"), "sip:rrx@p.example.com skip 0 left 1 responsible"},
		{"from a strict router", "sip:rr.t@192.0.2.1;lr", []string{"<sip:x;lr>", "<sip:bob@other.example>"}, udp("1.1.1.1:1"), "sip:bob@other.example skip 0 left 1 popped ours t"},
		{"from a strict router, our own value was its last", "sip:rr@192.0.2.1", []string{"<sip:rr.u@192.0.2.1;lr>", "<sip:bob@example.com>"}, udp("1.1.1.1:1"), "sip:bob@example.com skip 1 left 0 popped ours u responsible"},
		{"our maddr, at the default port", "sip:bob@other.example;maddr=192.0.2.1;lr", nil, udp("1.1.1.1:1"), "sip:bob@other.example;lr skip 0 left 0"},
		{"our maddr, with port and transport", "sip:bob@example.com:5060;transport=tcp;maddr=example.com?a=b", nil, tcp, "sip:bob@example.com skip 0 left 0 responsible"},
		{"our maddr, by another transport", "sip:bob@example.com;maddr=192.0.2.1;transport=udp", nil, tcp, "sip:bob@example.com;maddr=192.0.2.1;transport=udp skip 0 left 0"},
		{"another's maddr", "sip:bob@example.com;maddr=192.0.2.77", nil, udp("1.1.1.1:1"), "sip:bob@example.com;maddr=192.0.2.77 skip 0 left 0"},
		{"a telephone number", "tel:+18005551212", nil, udp("1.1.1.1:1"), "tel:+18005551212 skip 0 left 0 responsible"},
	} {
		var lines []string
		for _, r := range x.routes {
			lines = append(lines, "Route: "+r)
		}
		r := c.Preprocess(request("INVITE "+x.uri+" SIP/2.0", lines...), x.from)
		got := fmt.Sprintf("%s skip %d left %d", r.URI, r.Skip, r.Remaining)
		if r.Popped {
			got += " popped"
		}
		if r.Ours {
			got += " ours " + string(r.Token)
		}
		if r.Responsible {
			got += " responsible"
		}
		if got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", x.name, got, x.want)
		}
	}
}

func TestNextHopOfASipsTarget(t *testing.T) {
	f := &Forward{URI: "sips:bob@u", Push: []string{"<sip:edge;lr>"}}
	if x, _ := f.NextHop(request("INVITE sip:a@b SIP/2.0")); !x.Secure || x.Host != "edge" {
		t.Errorf("a sips target goes by TLS at every hop: %+v", x)
	}
}

func TestAppendRelay(t *testing.T) {
	c := newCore(t, Config{})
	resp := func(lines ...string) *sip.Message {
		return sip.Parse([]byte(wire(append([]string{"SIP/2.0 180 Ringing, at last"}, lines...)...) + "body"))
	}
	for _, x := range []struct {
		name string
		in   []string
		want string // the header that comes out, "" if the response is not to go on
	}{
		{"our Via goes with its row", []string{"v: SIP/2.0/UDP p.example.com:5060;branch=z9hG4bK1", "v: SIP/2.0/UDP h;received=1.2.3.4", "X:y ", "l: 4"}, "v: SIP/2.0/UDP h;received=1.2.3.4|X:y |Content-Length: 4"},
		{"our Via goes out of its row", []string{"VIA: SIP/2.0/UDP p.example.com , SIP/2.0/UDP a,SIP/2.0/UDP b", "Via: SIP/2.0/UDP c", "l: 4"}, "VIA: SIP/2.0/UDP a,SIP/2.0/UDP b|Via: SIP/2.0/UDP c|Content-Length: 4"},
		{"somebody else's Via is on top", []string{"Via: SIP/2.0/UDP q.example.com", "Via: SIP/2.0/UDP p.example.com"}, ""},
		{"it is for us", []string{"Via: SIP/2.0/UDP p.example.com"}, ""},
		{"no Via", nil, ""},
	} {
		got, ok := c.AppendRelay([]byte("x"), resp(x.in...), &Relay{})
		want := "x"
		if x.want != "" {
			want += "SIP/2.0 180 Ringing, at last\r\n" + strings.ReplaceAll(x.want, "|", "\r\n") + "\r\n\r\nbody"
		}
		if string(got) != want || ok != (x.want != "") {
			t.Errorf("%s: %v\n%s\nwant\n%s", x.name, ok, got, want)
		}
	}
}

func TestCredentialsOfOthersPass(t *testing.T) {
	for value, want := range map[string]bool{
		`Digest username="a", realm="ours"`: true, `Digest realm=ours`: true, `Digest realm="o\urs"`: true, `Digest realm="OURS"`: false, `Digest username="a"`: false, ``: false,
	} {
		if got := isOwnRealm([]byte(value), []string{"x", "ours"}); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

func TestStaticRoutes(t *testing.T) {
	r, err := NewStaticRoutes([]StaticRoute{
		{Prefix: "1800", Gateway: "sip:gw1.example.net", Name: "toll-free"},
		{Prefix: "1", Strip: 1, Prepend: "+1", Gateway: "sips:gw2.example.net:5061;transport=tcp"},
		{Prefix: "00", Strip: 2, Prepend: "+", Gateway: "sip:gw3.example.net"},
		{Prefix: "*", Gateway: "sip:gw4.example.net"},
		{Prefix: "+", Gateway: "sip:gw5.example.net"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]string{
		"sip:1-800-555-1212@sip.voip-info.org":  "sip:18005551212@gw1.example.net",
		"sip:18005551212@h":                     "sip:18005551212@gw1.example.net",
		"sip:1%20(212)%20555.1234@h":            "sips:+12125551234@gw2.example.net:5061;transport=tcp",
		"tel:1-212-555-1234;phone-context=x":    "sips:+12125551234@gw2.example.net:5061;transport=tcp",
		"sip:1212;ext=5@h":                      "sips:+1212@gw2.example.net:5061;transport=tcp",
		"sip:004912345@h":                       "sip:+4912345@gw3.example.net",
		"sip:+4912345@h":                        "sip:+4912345@gw5.example.net",
		"sip:*69%23@h":                          "sip:*69%23@gw4.example.net",
		"sip:2@h":                               "",
		"sip:bob@h":                             "",
		"sip:1bob@h":                            "",
		"sip:+@h":                               "",
		"sip:@h":                                "",
		"http://1800":                           "",
		"sip:1%0d%0aEvil@h":                     "",
		"sip:" + strings.Repeat("1", 65) + "@h": "",
	} {
		u := sip.ParseURI([]byte(uri))
		if _, got, _ := r.Lookup(&u); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
	for _, bad := range []StaticRoute{
		{Prefix: "1-800", Gateway: "sip:g"}, {Prefix: "1", Strip: 2, Gateway: "sip:g"}, {Prefix: "1", Prepend: "x", Gateway: "sip:g"},
		{Prefix: "1", Gateway: "gw"}, {Prefix: "1", Gateway: "sip:u@gw"}, {Prefix: "1", Gateway: "tel:1"},
	} {
		if _, err := NewStaticRoutes([]StaticRoute{bad}); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if _, err := NewStaticRoutes([]StaticRoute{{Gateway: "sip:g"}, {Gateway: "sip:h"}}); err == nil {
		t.Error("two routes of one prefix are taken")
	}
	if all, err := NewStaticRoutes([]StaticRoute{{Gateway: "sip:g"}, {Prefix: "9", Gateway: "sip:h"}}); err != nil {
		t.Error(err)
	} else if u := sip.ParseURI([]byte("sip:123@x")); true {
		if _, got, _ := all.Lookup(&u); got != "sip:123@g" {
			t.Errorf("a route for every number: %q", got)
		}
	}
	var none *StaticRoutes
	u := sip.ParseURI([]byte("sip:1@h"))
	if _, _, ok := none.Lookup(&u); ok {
		t.Error("no routes have a route")
	}
}

func BenchmarkAppendForward(b *testing.B) {
	c := newCore(b, Config{Mark: "rr"})
	m := seedInvite()
	from := udp("203.0.113.9:33012")
	how := &Forward{URI: "sip:bob@192.0.2.33:5062", RecordRoute: []string{"<sip:rr@192.0.2.1:5060;lr>"}, Via: "SIP/2.0/UDP 192.0.2.1:5060", Branch: "z9hG4bK0123456789abcdef0123456789abcdef",
		From: from, Breadth: 60, Realms: []string{"sip.voip-info.org"}}
	b.SetBytes(int64(len(m.Raw)))
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		how.Route = c.Preprocess(m, from)
		buf = AppendForward(buf[:0], m, how)
	}
}

func BenchmarkCheck(b *testing.B) {
	c := newCore(b, Config{Mark: "rr"})
	m := seedInvite()
	b.SetBytes(int64(len(m.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		c.Check(m, udp("203.0.113.9:33012"))
	}
}

func BenchmarkAppendRelay(b *testing.B) {
	c := newCore(b, Config{})
	m := sip.Parse([]byte(wire("SIP/2.0 180 Ringing", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123456789abcdef0123456789abcdef-0123456789abcdef;rport=5060;received=192.0.2.1",
		"Via: SIP/2.0/UDP 192.168.0.2:5062;branch=z9hG4bK-d0efe5ef;received=203.0.113.9;rport=33012", "Record-Route: <sip:rr@192.0.2.1:5060;lr>", "From: Good Body <sip:spa1@sip.voip-info.org>;tag=bc3ed82ed4bb5df8o1",
		"To: <sip:18005551212@sip.voip-info.org>;tag=b27e1a1d33761e85846fc98f5f3a7e58.0503", "Call-ID: dbb45daa-7a33ddda@192.168.0.2", "CSeq: 102 INVITE", "Contact: <sip:18005551212@198.51.100.9:5060>", "Server: x", "Content-Length: 0")))
	b.SetBytes(int64(len(m.Raw)))
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		buf, _ = c.AppendRelay(buf[:0], m, &Relay{})
	}
}

// seedInvite is an INVITE as an SPA sends it, with credentials and a session description.
func seedInvite() *sip.Message {
	sdp := "v=0\r\no=- 61904 61904 IN IP4 192.168.0.2\r\ns=-\r\nc=IN IP4 192.168.0.2\r\nt=0 0\r\nm=audio 16450 RTP/AVP 0 2 4 8 18 96 97 98 100 101\r\na=rtpmap:0 PCMU/8000\r\n" +
		"a=rtpmap:2 G726-32/8000\r\na=rtpmap:4 G723/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729a/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=sendrecv\r\n"
	return sip.Parse([]byte(wire("INVITE sip:18005551212@sip.voip-info.org SIP/2.0", "Via: SIP/2.0/UDP 192.168.0.2:5062;branch=z9hG4bK-d0efe5ef;rport", "From: Good Body <sip:spa1@sip.voip-info.org>;tag=bc3ed82ed4bb5df8o1",
		"To: <sip:18005551212@sip.voip-info.org>", "Call-ID: dbb45daa-7a33ddda@192.168.0.2", "CSeq: 102 INVITE", "Max-Forwards: 70",
		`Proxy-Authorization: Digest username="spa1",realm="sip.voip-info.org",nonce="43075e5d8b9d4b6e9f6c6e4b8c2c4a9d",uri="sip:18005551212@sip.voip-info.org",algorithm=MD5,response="1af7f5c1a6b2a3a1f4cd1b7a2f63e2b2"`,
		"Contact: Good Body <sip:spa1@192.168.0.2:5062>", "Expires: 240", "User-Agent: Linksys/SPA941-4.1.10", fmt.Sprintf("Content-Length: %d", len(sdp)), "Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER",
		"Supported: x-sipura", "Content-Type: application/sdp") + sdp))
}
