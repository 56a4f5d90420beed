package proxycore

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// TestCheckInOrder has, in each message, the faults of two checks of §16.3: the first has the say.
func TestCheckInOrder(t *testing.T) {
	c := newCore(t, Config{})
	via := func(m *sip.Message, via string) string {
		return via + "-" + string(appendHex(nil, loopHash(m)))
	}
	loop := request("INVITE sip:bob@example.com SIP/2.0", "Via: SIP/2.0/UDP h;branch=z9hG4bKx", "Proxy-Require: foo", "CSeq: 1 INVITE")
	looped := via(loop, "Via: SIP/2.0/UDP p.example.com;branch=z9hG4bKy")
	for _, x := range []struct {
		name   string
		m      *sip.Message
		want   Outcome
		status int
		field  string
	}{
		{"nothing wrong", request("INVITE sip:bob@example.com SIP/2.0"), OutcomePass, 0, ""},
		{"an unknown method and an unknown header field are no fault", request("FOO sip:bob@example.com SIP/2.0", "X-Y: \x01"), OutcomePass, 0, ""},
		{"1 before 2: no From, and an unknown scheme", request("INVITE foo:bar SIP/2.0", "From:"), OutcomeAnswer, 400, ""},
		{"2 before 3: an unknown scheme, and no hops left", request("INVITE foo:bar SIP/2.0", "Max-Forwards: 0"), OutcomeAnswer, 416, ""},
		{"3 before 5: no hops left, and an unknown extension", request("INVITE sip:bob@example.com SIP/2.0", "Max-Forwards: 0", "Proxy-Require: foo"), OutcomeAnswer, 483, ""},
		{"4 before 5: a loop, and an unknown extension", request("INVITE sip:bob@example.com SIP/2.0", looped, "Via: SIP/2.0/UDP h;branch=z9hG4bKx", "Proxy-Require: foo", "CSeq: 1 INVITE"), OutcomeAnswer, 482, ""},
		{"5: an unknown extension", request("INVITE sip:bob@example.com SIP/2.0", "Proxy-Require: foo, path", "Proxy-Require: bar"), OutcomeAnswer, 420, "Unsupported: foo, path, bar"},
		{"a malformed Max-Forwards counts as none", request("INVITE sip:bob@example.com SIP/2.0", "Max-Forwards: many"), OutcomePass, 0, ""},
		{"OPTIONS without hops", request("OPTIONS sip:bob@example.com SIP/2.0", "Max-Forwards: 0"), OutcomeAnswer, 483, ""},
		{"an ACK is never answered", request("ACK sip:bob@example.com SIP/2.0", "Max-Forwards: 0"), OutcomeDrop, 0, ""},
		{"an ACK with a loop", request("ACK sip:bob@example.com SIP/2.0", looped, "Proxy-Require: foo"), OutcomeDrop, 0, ""},
		{"a masked Request-URI", request("INVITE sip:[email protected] SIP/2.0"), OutcomeAnswer, 400, ""},
		{"two User-Agent fields are no business of a proxy", request("INVITE sip:bob@example.com SIP/2.0", "User-Agent: a", "User-Agent: b"), OutcomePass, 0, ""},
		{"a response", sip.Parse([]byte(wire("SIP/2.0 200 OK"))), OutcomeDrop, 0, ""},
	} {
		v := c.Check(x.m, udp("198.51.100.7:5062"))
		if v.Outcome != x.want || v.Reply.Status != x.status {
			t.Errorf("%s: outcome %d, status %d (%s), want %d, %d", x.name, v.Outcome, v.Reply.Status, v.Because.Text, x.want, x.status)
		}
		got := ""
		for _, f := range v.Reply.Fields {
			got = f.Name + ": " + f.Value
		}
		if got != x.field {
			t.Errorf("%s: field %q, want %q", x.name, got, x.field)
		}
	}
}

func TestOptionsMayBeAnswered(t *testing.T) {
	c := newCore(t, Config{Options: []sip.DraftField{{Name: "Allow", Value: "INVITE"}}})
	v := c.Check(request("OPTIONS sip:bob@example.com SIP/2.0", "Max-Forwards: 0"), udp("198.51.100.7:5062"))
	if v.Outcome != OutcomeAnswer || v.Reply.Status != 200 || len(v.Reply.Fields) != 1 {
		t.Errorf("got %+v", v)
	}
	v = c.Check(request("INVITE sip:bob@example.com SIP/2.0", "Max-Forwards: 0"), udp("198.51.100.7:5062"))
	if v.Reply.Status != 483 {
		t.Errorf("an INVITE: got %+v", v)
	}
}

func TestLoop(t *testing.T) {
	c := newCore(t, Config{})
	forward := func(m *sip.Message, uri string) *sip.Message {
		how := &Forward{Route: c.Preprocess(m, udp("198.51.100.7:5062")), URI: uri, Via: "SIP/2.0/UDP p.example.com:5060", Branch: "z9hG4bKours", From: udp("198.51.100.7:5062")}
		return sip.Parse(AppendForward(nil, m, how))
	}
	m := request("INVITE sip:bob@example.com SIP/2.0", "Route: <sip:p.example.com;lr>")
	for _, x := range []struct {
		name string
		m    *sip.Message
		want bool
	}{
		{"the same request again, without its Route: a spiral", forward(m, ""), false},
		{"and once more: a loop", forward(forward(m, ""), ""), true},
		{"to another target and back to the first: a loop", forward(forward(forward(m, ""), "sip:carol@example.com"), "sip:bob@example.com"), true},
		{"to another target: a spiral", forward(forward(m, ""), "sip:carol@example.com"), false},
		{"a Via of somebody else with that hash", sip.Parse([]byte(strings.ReplaceAll(string(forward(forward(m, ""), "").Raw), "UDP p.example.com", "UDP q.example.com"))), false},
		{"a Via of ours with a branch that is not ours", request("INVITE sip:bob@example.com SIP/2.0", "Via: SIP/2.0/UDP p.example.com;branch=x", "Via: SIP/2.0/UDP p.example.com"), false},
	} {
		v := c.Check(x.m, udp("198.51.100.7:5062"))
		if got := v.Reply.Status == 482; got != x.want || !got && v.Outcome != OutcomePass {
			t.Errorf("%s: looped %v (%d %s)\n%s", x.name, got, v.Reply.Status, v.Because.Text, x.m.Raw)
		}
	}
	// RFC 5393 §4.2.1: CANCEL and ACK have the branch of their INVITE.
	invite := request("INVITE sip:bob@example.com SIP/2.0")
	if a, b := loopHash(invite), loopHash(request("CANCEL sip:bob@example.com SIP/2.0")); a != b {
		t.Errorf("the hash varies with the method: %x, %x", a, b)
	}
	var a, b []byte
	if a, b = AppendStatelessBranch(nil, invite), AppendStatelessBranch(nil, request("INVITE sip:bob@example.com SIP/2.0")); string(a) != string(b) {
		t.Errorf("a retransmission has another branch: %s, %s", a, b)
	}
	if b = AppendStatelessBranch(nil, request("INVITE sip:bob@example.com SIP/2.0", "Via: SIP/2.0/UDP h;branch=z9hG4bKother")); string(a) == string(b) {
		t.Errorf("two transactions have one branch: %s", a)
	}
}

// TestTorture sends the vectors of RFC 4475 and RFC 5118 to a proxy: the verdict is that of index.tsv. Where it leaves the choice between
// refusing and mending, what is passed has to come out mended: the forwarded request has nothing left that is fatal or to be repaired.
func TestTorture(t *testing.T) {
	const dir = "../../../sip/testdata/torture"
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCore(t, Config{Extensions: []string{"100rel", "timer", "replaces", "path", "outbound"}})
	seen := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n") {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || f[2] != "proxy" || f[3] != "-" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		m := sip.Parse(raw)
		status, _ := strconv.Atoi(f[5])
		var v Verdict
		if m.IsResponse() {
			v = c.CheckResponse(m)
		} else {
			v = c.Check(m, udp("198.51.100.7:5062"))
		}
		got := map[Outcome]string{OutcomePass: "accept", OutcomeAnswer: "reject", OutcomeDrop: "drop"}[v.Outcome]
		want := f[4]
		seen[want]++
		switch {
		case want == "reject-or-repair" && v.Outcome == OutcomePass:
			out := forwardOf(c, m)
			o := sip.Parse(out)
			for _, x := range sip.Validate(o, sip.RoleProxy) {
				if x.Severity >= sip.SeverityRepairable && x.Code != sip.ViolationProxyRequire {
					t.Errorf("%s: passed, and forwarded with what is wrong: %s\n%s", f[0], x.Text, out)
				}
			}
		case want == "reject-or-repair":
			want = "reject"
			fallthrough
		default:
			if got != want || v.Outcome == OutcomeAnswer && v.Reply.Status != status {
				t.Errorf("%s (%s): %s %d %q, want %s %d", f[0], f[1], got, v.Reply.Status, v.Because.Text, want, status)
			}
		}
		if v.Outcome == OutcomeAnswer {
			r := v.Reply
			if n := len(live.AppendReply(nil, m, udp("198.51.100.7:5062"), &r)); n > len(raw)+160 {
				t.Errorf("%s: the answer has %d bytes, the request %d", f[0], n, len(raw))
			}
		}
		if v.Outcome == OutcomePass && m.IsRequest() {
			checkForwarded(t, m, forwardOf(c, m))
		}
	}
	if fmt.Sprint(seen["accept"] > 20, seen["reject"] > 10, seen["drop"] > 2, seen["reject-or-repair"] > 5) != "true true true true" {
		t.Errorf("the vectors are not all there: %v", seen)
	}
}

// forwardOf forwards a request to where it wants to go.
func forwardOf(c *Core, m *sip.Message) []byte {
	from := udp("198.51.100.7:5062")
	return AppendForward(nil, m, &Forward{Route: c.Preprocess(m, from), Via: "SIP/2.0/UDP 192.0.2.1:5060", Branch: "z9hG4bKtest", From: from, Breadth: 60})
}
