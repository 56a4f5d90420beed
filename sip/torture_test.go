package sip

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sipscribe/internal/proof"
)

var update = flag.Bool("update", false, "write the golden files anew")

const tortureDir = "testdata/torture"

// vector is a line of testdata/torture/index.tsv.
type vector struct {
	file, section, role, options, verdict string
	status                                int
	reason                                string
}

func tortureIndex(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(tortureDir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			t.Fatalf("index.tsv:%d: %d columns, want 7", i+1, len(f))
		}
		status, err := strconv.Atoi(f[5])
		if err != nil {
			t.Fatalf("index.tsv:%d: %v", i+1, err)
		}
		out = append(out, vector{f[0], f[1], f[2], f[3], f[4], status, f[6]})
	}
	return out
}

func tortureFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(tortureDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tortureFiles returns the names of all vectors.
func tortureFiles(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, dir := range []string{"rfc4475", "rfc5118", "rfc5118-wire"} {
		entries, err := os.ReadDir(filepath.Join(tortureDir, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, dir+"/"+e.Name())
		}
	}
	return out
}

func (v vector) validator(t testing.TB) *Validator {
	t.Helper()
	for r := RoleUAS; r <= RoleRegistrar; r++ {
		if r.String() == v.role {
			val := &Validator{Role: r}
			if scheme, ok := strings.CutPrefix(v.options, "auth="); ok {
				val.AuthSchemes = []string{scheme}
			}
			return val
		}
	}
	t.Fatalf("%s: no role %q", v.file, v.role)
	return nil
}

func TestTortureVerdicts(t *testing.T) {
	var golden bytes.Buffer
	seen := map[string]bool{}
	for _, v := range tortureIndex(t) {
		seen[v.file] = true
		raw := tortureFile(t, v.file)
		m := Parse(raw)
		violations := v.validator(t).Append(nil, m)
		got := Judge(violations)
		if got.Action.String() != v.verdict || got.Status != v.status {
			t.Errorf("%s as %s %s: %v %d because of %q, want %s %d (%s)", v.file, v.role, v.options, got.Action, got.Status, got.Because.Text,
				v.verdict, v.status, v.reason)
		}
		fmt.Fprintf(&golden, "%s %s %s: %v %d\n", v.file, v.role, v.options, got.Action, got.Status)
		for _, x := range violations {
			checkViolation(t, v.file, raw, x)
			fmt.Fprintf(&golden, "\t%v %v %d %s\n", x.Severity, x.Code, x.Status, x.Text)
		}
	}
	files := tortureFiles(t)
	if len(files) != 50+12+12 {
		t.Errorf("%d vectors, want all 50 of RFC 4475 and 12 of RFC 5118 in both forms", len(files))
	}
	for _, f := range files {
		if !seen[f] {
			t.Errorf("%s is not in index.tsv", f)
		}
	}
	compareGolden(t, filepath.Join(tortureDir, "violations.txt"), golden.Bytes())
}

func checkViolation(t *testing.T, name string, raw []byte, v Violation) {
	t.Helper()
	if v.Code == ViolationNone || v.Code.String() == "" || v.Text == "" || v.RFC == 0 || v.Section == "" || v.Severity == SeverityNone {
		t.Errorf("%s: half a violation: %+v", name, v)
	}
	if v.Span.Start > v.Span.End || int(v.Span.End) > len(raw) {
		t.Errorf("%s: %v is at %v of %d bytes", name, v.Code, v.Span, len(raw))
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range g {
			if i >= len(w) || g[i] != w[i] {
				t.Fatalf("%s:%d differs (run with -update and look at the difference):\n got %s", path, i+1, g[i])
			}
		}
		t.Fatalf("%s has more lines than there are", path)
	}
}

// TestTortureAgreesWithSharedIndex compares our index with the one that was made from the RFC text by somebody else.
func TestTortureAgreesWithSharedIndex(t *testing.T) {
	data, err := os.ReadFile(proof.Material(t, "corpus", "torture", "index.tsv"))
	if err != nil {
		t.Skip("no shared corpus: ", err)
	}
	// What the other index says of the RFC's treatment, where it differs from the parser's by role or by choice.
	exceptions := map[string]string{
		"rfc5118/ipv6-in-sdp":    "the archive's Content-Length is larger than its body (RFC 3261 §18.3)",
		"rfc5118/mult-ip-in-sdp": "the archive's Content-Length is larger than its body (RFC 3261 §18.3)",
		"rfc4475/bcast.dat":      "well-formed, and discarded by endpoint and proxy",
	}
	ours := map[string][]vector{}
	for _, v := range tortureIndex(t) {
		ours[v.file] = append(ours[v.file], v)
	}
	used := 0
	rows := 0
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		rows++
		f := strings.Split(line, "\t")
		file, section, expect, treatment := f[0], f[1], f[3], f[4]
		mine := ours[file]
		if len(mine) == 0 {
			t.Errorf("%s: not in our index", file)
			continue
		}
		agree := 0
		for _, v := range mine {
			if v.section != section {
				t.Errorf("%s: section %q, theirs %q", file, v.section, section)
			}
			switch expect {
			case "accept":
				// An application may still refuse what parses, with the code that the treatment names.
				if v.verdict == "accept" || v.status != 0 && strings.Contains(treatment, strconv.Itoa(v.status)) {
					agree++
				}
			case "reject":
				if v.verdict == "reject" && strings.Contains(treatment, strconv.Itoa(v.status)) {
					agree++
				}
			case "drop":
				if v.verdict == "drop" {
					agree++
				}
			case "reject-or-repair":
				if v.verdict == "reject-or-repair" || v.verdict == "reject" ||
					v.role == "proxy" && v.verdict == "accept" && strings.Contains(v.reason, "16.3") {
					agree++
				}
			default:
				t.Errorf("%s: expectation %q is new", file, expect)
			}
		}
		if agree == len(mine) {
			continue
		}
		if exceptions[file] == "" {
			t.Errorf("%s: theirs %s (%s), ours %+v", file, expect, treatment, mine)
			continue
		}
		used++
		delete(exceptions, file)
	}
	for file, why := range exceptions {
		t.Errorf("%s: agrees, and has an exception (%s)", file, why)
	}
	if rows != 74 {
		t.Errorf("%d rows, want 74", rows)
	}
	t.Logf("%d rows, %d explained exceptions", rows, used)
}

func TestTortureIsLossless(t *testing.T) {
	for _, f := range tortureFiles(t) {
		raw := tortureFile(t, f)
		checkLossless(t, f, raw, Parse(raw))
		for n := range raw {
			checkLossless(t, fmt.Sprintf("%s cut at %d", f, n), raw[:n], Parse(raw[:n]))
		}
	}
}

// TestTortureOnStream holds the framer to what RFC 4475 says of each fault on a stream.
func TestTortureOnStream(t *testing.T) {
	for _, f := range tortureFiles(t) {
		raw := tortureFile(t, f)
		n, status := Frame(raw)
		want := FrameComplete
		switch filepath.Base(f) {
		case "clerr.dat", "baddn.dat", "ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons", "ipv6-in-sdp", "mult-ip-in-sdp":
			want = FrameIncomplete // the rest may still come: "wait for more data" (§3.1.2.2)
		case "test.dat":
			want = FrameInvalid // no version
		}
		if status != want {
			t.Errorf("%s: status %d after %d bytes, want %d", f, status, n, want)
		}
	}
	// The datagram with two requests is two messages on a stream, with a line end between them (§3.1.1.8).
	raw := tortureFile(t, "rfc4475/dblreq.dat")
	n, _ := Frame(raw)
	if !bytes.HasSuffix(raw[:n], []byte("Content-Length: 0\r\n\r\n")) {
		t.Errorf("the REGISTER ends in %q", raw[n-20:n])
	}
	k, status := Frame(raw[n:])
	if status != FrameKeepAlive || k != 2 {
		t.Errorf("after the REGISTER: status %d, %d bytes", status, k)
	}
	if _, status := Frame(raw[n+k:]); status != FrameComplete {
		t.Errorf("the INVITE: status %d", status)
	}
}

// tortureFact is one thing that the RFC says in words about a vector.
type tortureFact struct {
	file, what string
	got        func(m *Message) string
	want       string
}

func TestTortureFacts(t *testing.T) {
	s := func(b []byte) string { return string(b) }
	param := func(p Params, name string) string {
		v, ok := p.Get(name)
		return fmt.Sprintf("%t %s", ok, v)
	}
	values := func(m *Message, id FieldID) string {
		var out []string
		for x := range m.Values(id) {
			out = append(out, s(unfold(m.Text(x))))
		}
		return strings.Join(out, " | ")
	}
	via := func(m *Message, i int) Via {
		for x := range m.Values(FieldVia) {
			if i--; i < 0 {
				return ParseVia(m.Text(x))
			}
		}
		return Via{}
	}
	contact := func(m *Message) Address { a, _ := m.Contact(); return a }
	facts := []tortureFact{
		{"rfc4475/wsinv.dat", "To tag", func(m *Message) string { return s(m.ToTag()) }, "1918181833n"},
		{"rfc4475/wsinv.dat", "From tag", func(m *Message) string { return s(m.FromTag()) }, "98asjd8"},
		{"rfc4475/wsinv.dat", "display name", func(m *Message) string { f := m.From(); return s(f.Name()) }, `J Rosenberg \"`},
		{"rfc4475/wsinv.dat", "CSeq", func(m *Message) string { c := m.CSeq(); return fmt.Sprint(c.Number, c.Method, c.Valid) }, "9 INVITE true"},
		{"rfc4475/wsinv.dat", "Max-Forwards", func(m *Message) string { n, ok := m.Number(FieldMaxForwards); return fmt.Sprint(n, ok) }, "68 true"},
		{"rfc4475/wsinv.dat", "three Vias", func(m *Message) string { return fmt.Sprint(m.ViaCount()) }, "3"},
		{"rfc4475/wsinv.dat", "first Via", func(m *Message) string {
			v := via(m, 0)
			return fmt.Sprintf("%s %s %s %s %s", v.Protocol, v.Version, v.Transport, v.Host, v.Branch())
		}, "SIP 2.0 UDP 192.0.2.2 390skdjuw"},
		{"rfc4475/wsinv.dat", "second Via", func(m *Message) string {
			v := via(m, 1)
			return fmt.Sprintf("%s %s %s", v.Transport, v.Host, v.Branch())
		}, "TCP spindle.example.com z9hG4bK9ikj8"},
		{"rfc4475/wsinv.dat", "third Via", func(m *Message) string {
			v := via(m, 2)
			return fmt.Sprintf("%s %s %s", v.Transport, v.Host, v.Branch())
		}, "UDP 192.168.255.111 z9hG4bK30239"},
		{"rfc4475/wsinv.dat", "empty Subject", func(m *Message) string { return fmt.Sprintf("%t %q", m.Has(FieldSubject), m.Value(FieldSubject)) }, `true ""`},
		{"rfc4475/wsinv.dat", "folded unknown field", func(m *Message) string { return s(unfold(m.Named("NewFangledHeader"))) }, "newfangled value continued newfangled value"},
		{"rfc4475/wsinv.dat", "unknown field verbatim", func(m *Message) string { return s(m.Named("UnknownHeaderWithUnusualValue")) }, ";;,,;;,;"},
		{"rfc4475/wsinv.dat", "Route", func(m *Message) string {
			a := ParseAddress(m.Value(FieldRoute))
			return param(a.URI.Params, "lr") + " " + param(a.URI.Params, "unknownwith") + " " + param(a.URI.Params, "unknown-no-value")
		}, "true  true value true "},
		{"rfc4475/wsinv.dat", "Contact", func(m *Message) string {
			a := contact(m)
			return s(a.Name()) + " " + param(a.Params, "newparam") + " " + param(a.Params, "secondparam") + " " + param(a.Params, "q")
		}, `Quoted string "" true newvalue true  true 0.33`},
		{"rfc4475/wsinv.dat", "unknown URI parameter", func(m *Message) string { return param(m.RequestURI().Params, "unknownparam") }, "true "},
		{"rfc4475/intmeth.dat", "method", func(m *Message) string { return s(m.MethodName()) }, "!interesting-Method0123456789_*+`.%indeed'~"},
		{"rfc4475/intmeth.dat", "user", func(m *Message) string { return s(m.RequestURI().User) }, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"},
		{"rfc4475/intmeth.dat", "password", func(m *Message) string { return s(m.RequestURI().Password) }, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"},
		{"rfc4475/intmeth.dat", "host", func(m *Message) string { return s(m.RequestURI().Host) }, "example.com"},
		{"rfc4475/intmeth.dat", "quoted NUL, BEL, DEL", func(m *Message) string { a := m.To(); return s(a.Name()) }, "BEL:\a NUL:\x00 DEL:\x7f"},
		{"rfc4475/intmeth.dat", "From tag", func(m *Message) string { return s(m.FromTag()) }, "_token~1'+`*%!-."},
		{"rfc4475/intmeth.dat", "parameter in UTF-8", func(m *Message) string { return param(m.From().Params, "fromParam''~+*_!.-%") }, `true "работающий"`},
		{"rfc4475/intmeth.dat", "display name of tokens", func(m *Message) string { a := m.From(); return s(a.Name()) }, "token1~` token2'+_ token3*%!.-"},
		{"rfc4475/intmeth.dat", "Call-ID", func(m *Message) string { return s(m.CallID()) }, `intmeth.word%ZK-!.*_+'@word` + "`" + `~)(><:\/"][?}{`},
		{"rfc4475/esc01.dat", "URI user unescaped", func(m *Message) string { return s(Unescape(m.RequestURI().User)) }, "sips:user@example.com"},
		{"rfc4475/esc01.dat", "URI host", func(m *Message) string { return s(m.RequestURI().Host) }, "example.net"},
		{"rfc4475/esc01.dat", "To user unescaped", func(m *Message) string { return s(Unescape(m.To().URI.User)) }, "user"},
		{"rfc4475/esc01.dat", "From user unescaped", func(m *Message) string { return s(Unescape(m.From().URI.User)) }, "I have spaces"},
		{"rfc4475/esc01.dat", "unescaped once", func(m *Message) string {
			var out []string
			for p := range contact(m).URI.Params.All {
				out = append(out, s(Unescape(p.Name))+"="+s(Unescape(p.Value)))
			}
			return strings.Join(out, " ")
		}, "lr= name=value%41"},
		{"rfc4475/escnull.dat", "two contacts, not shortened", func(m *Message) string {
			var out []string
			for x := range m.Values(FieldContact) {
				out = append(out, fmt.Sprintf("%q", Unescape(ParseAddress(m.Text(x)).URI.User)))
			}
			return strings.Join(out, " ")
		}, `"\x00" "\x00\x00"`},
		{"rfc4475/escnull.dat", "address of record", func(m *Message) string { return fmt.Sprintf("%q", Unescape(m.To().URI.User)) }, `"null-\x00-null"`},
		{"rfc4475/esc02.dat", "not REGISTER", func(m *Message) string { return fmt.Sprint(m.Method == MethodOther, " ", s(m.MethodName())) }, "true RE%47IST%45R"},
		{"rfc4475/esc02.dat", "two contacts", func(m *Message) string { return values(m, FieldContact) }, "<sip:alias1@host1.example.com> | <sip:alias3@host3.example.com>"},
		{"rfc4475/esc02.dat", "C%6Fntact is itself", func(m *Message) string { return s(m.Named("C%6Fntact")) }, "<sip:alias2@host2.example.com>"},
		{"rfc4475/esc02.dat", "display name", func(m *Message) string { a := m.To(); return s(a.Name()) }, "%Z%45"},
		{"rfc4475/lwsdisp.dat", "display name", func(m *Message) string { a := m.From(); return s(a.Name()) + " " + s(a.URI.User) }, "caller caller"},
		{"rfc4475/longreq.dat", "34 Vias", func(m *Message) string { return fmt.Sprint(m.ViaCount(), " ", s(via(m, 33).Host)) }, "34 host.example.com"},
		{"rfc4475/longreq.dat", "length of the unknown value", func(m *Message) string {
			return fmt.Sprint(len(m.Named("Unknown-LongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLong-Name")) > 200, len(m.FromTag()) > 100, len(paramValue(via(m, 33).Params, "branch")) > 200)
		}, "true true true"},
		{"rfc4475/dblreq.dat", "method", func(m *Message) string { return m.Method.String() }, "REGISTER"},
		{"rfc4475/dblreq.dat", "the INVITE is no part of it", func(m *Message) string {
			return fmt.Sprint(m.Body.Len(), bytes.HasPrefix(m.Text(m.Trail), []byte("\r\nINVITE sip:joe@")))
		}, "0 true"},
		{"rfc4475/semiuri.dat", "user", func(m *Message) string { return s(Unescape(m.RequestURI().User)) }, "user;par=u@example.net"},
		{"rfc4475/semiuri.dat", "host", func(m *Message) string { return s(m.RequestURI().Host) }, "example.com"},
		{"rfc4475/semiuri.dat", "six values of Accept", func(m *Message) string { return values(m, FieldAccept) },
			"application/sdp | application/pkcs7-mime | multipart/mixed | multipart/signed | message/sip | message/sipfrag"},
		{"rfc4475/transports.dat", "transports", func(m *Message) string {
			var out []string
			for i := range m.ViaCount() {
				out = append(out, s(via(m, i).Transport))
			}
			return strings.Join(out, " ")
		}, "UDP SCTP TLS UNKNOWN TCP"},
		{"rfc4475/mpart01.dat", "body by Content-Length", func(m *Message) string {
			return fmt.Sprint(m.Body.Len(), bytes.IndexByte(m.BodyBytes(), 0) > 0, bytes.HasSuffix(m.BodyBytes(), []byte("--7a9cbec02ceef655--\r\n")))
		}, "553 true true"},
		{"rfc4475/unreason.dat", "reason", func(m *Message) string { return fmt.Sprint(m.Status, " ", s(m.Text(m.Reason))) },
			"200 = 2**3 * 5**2 но сто девяносто девять - простое"},
		{"rfc4475/noreason.dat", "no reason", func(m *Message) string { return fmt.Sprint(m.Status, m.Reason.Len(), len(m.Problems)) }, "100 0 0"},
		{"rfc4475/clerr.dat", "declared", func(m *Message) string { return fmt.Sprint(m.DeclaredLength, m.Body.Len() < 200) }, "9999 true"},
		{"rfc4475/ncl.dat", "no number", func(m *Message) string { return fmt.Sprint(m.DeclaredLength, m.CSeq().Valid) }, "-1 true"},
		{"rfc4475/scalar02.dat", "CSeq does not wrap", func(m *Message) string { c := m.CSeq(); return fmt.Sprint(c.Number, c.Valid) }, "0 false"},
		{"rfc4475/scalar02.dat", "Expires does not wrap", func(m *Message) string { n, ok := m.Number(FieldExpires); return fmt.Sprint(n, ok) }, "0 false"},
		{"rfc4475/quotbal.dat", "the address is found", func(m *Message) string { a := m.To(); return s(a.Name()) + " " + s(a.URI.User) }, "Mr. J. User j.user"},
		{"rfc4475/ltgtruri.dat", "URI without brackets", func(m *Message) string { return s(m.RequestURI().Raw) }, "sip:user@example.com"},
		{"rfc4475/lwsruri.dat", "URI with the blank", func(m *Message) string {
			return s(m.Text(m.URISpan)) + " " + s(m.RequestURI().Host) + " " + param(m.RequestURI().Params, "lr")
		}, "sip:user@example.com; lr example.com true "},
		{"rfc4475/lwsstart.dat", "URI", func(m *Message) string { return s(m.Text(m.URISpan)) }, "sip:user@example.com"},
		{"rfc4475/lwsstart.dat", "not forwarded", func(m *Message) string {
			d := m.Draft()
			line, _, _ := strings.Cut(s(d.AppendTo(nil)), "\r\n")
			return line
		}, "INVITE sip:user@example.com SIP/2.0"},
		{"rfc4475/trws.dat", "not forwarded", func(m *Message) string {
			d := m.Draft()
			line, _, _ := strings.Cut(s(d.AppendTo(nil)), "\r\n")
			return line
		}, "OPTIONS sip:remote-target@example.com SIP/2.0"},
		{"rfc4475/escruri.dat", "headers of the URI", func(m *Message) string {
			return s(m.RequestURI().Headers) + " " + fmt.Sprint(m.Has(FieldRoute)) + " " + s(m.RequestURI().Host)
		}, "Route=%3Csip:example.com%3E false example.com"},
		{"rfc4475/regbadct.dat", "headers of the Contact", func(m *Message) string { u := contact(m).URI; return s(u.Host) + " " + s(u.Headers) }, "example.com Route=%3Csip:sip.example.com%3E"},
		{"rfc4475/badaspec.dat", "spaces ignored", func(m *Message) string { a := m.To(); return s(a.URI.User) + " " + s(a.URI.Host) }, "t.watson example.org"},
		{"rfc4475/baddn.dat", "display name", func(m *Message) string { a := m.To(); return s(a.Name()) }, "Watson, Thomas"},
		{"rfc4475/badvers.dat", "version", func(m *Message) string { return s(m.Text(m.Version)) }, "SIP/7.0"},
		{"rfc4475/bigcode.dat", "status does not wrap", func(m *Message) string { return fmt.Sprint(m.Status, " ", s(m.Text(m.StatusSpan))) }, "0 4294967301"},
		{"rfc4475/unkscm.dat", "URI", func(m *Message) string {
			u := m.RequestURI()
			return fmt.Sprint(m.Kind, " ", s(u.Scheme), " ", s(u.Opaque))
		}, "1 nobodyKnowsThisScheme totallyopaquecontent"},
		{"rfc4475/novelsc.dat", "URI", func(m *Message) string {
			u := m.RequestURI()
			return fmt.Sprint(m.Kind, " ", s(u.Scheme), " ", s(u.Opaque))
		}, "1 soap.beep //192.0.2.103:3002"},
		{"rfc4475/unksm2.dat", "schemes", func(m *Message) string {
			return s(m.To().URI.Scheme) + " " + s(m.From().URI.Scheme) + " " + s(contact(m).URI.Scheme)
		}, "isbn http name"},
		{"rfc4475/bext01.dat", "option tags", func(m *Message) string { return values(m, FieldRequire) + " / " + values(m, FieldProxyRequire) },
			"nothingSupportsThis | nothingSupportsThisEither / noProxiesSupportThis | norDoAnyProxiesSupportThis"},
		{"rfc4475/regaut01.dat", "credentials", func(m *Message) string {
			c, id, _ := m.Credentials()
			v, _ := c.Get("opaque-data")
			return s(c.Scheme) + " " + id.String() + " " + s(v)
		}, "NoOneKnowsThisScheme Authorization here"},
		{"rfc4475/multi01.dat", "counts", func(m *Message) string {
			return fmt.Sprint(m.Count(FieldCSeq), m.Count(FieldCallID), m.Count(FieldTo), m.Count(FieldFrom), m.Count(FieldMaxForwards))
		}, "2 2 2 2 2"},
		{"rfc4475/bcast.dat", "where it would go", func(m *Message) string { return s(via(m, 1).Host) }, "255.255.255.255"},
		{"rfc4475/cparam01.dat", "a parameter of Contact", func(m *Message) string {
			a := contact(m)
			return param(a.Params, "unknownparam") + param(a.URI.Params, "unknownparam")
		}, "true false "},
		{"rfc4475/cparam02.dat", "a parameter of the URI", func(m *Message) string {
			a := contact(m)
			return param(a.Params, "unknownparam") + param(a.URI.Params, "unknownparam")
		}, "false true "},
		{"rfc4475/regescrt.dat", "headers stay escaped", func(m *Message) string { return s(contact(m).URI.Headers) }, "Route=%3Csip:sip.example.com%3E"},
		{"rfc4475/inv2543.dat", "user=phone belongs to To", func(m *Message) string {
			a, f := m.To(), m.From()
			return param(a.Params, "user") + " " + param(a.URI.Params, "user") + " " + param(f.URI.Params, "user")
		}, "true phone false  true phone"},
		{"rfc4475/inv2543.dat", "the body is all that is left", func(m *Message) string {
			return fmt.Sprint(m.DeclaredLength, bytes.HasPrefix(m.BodyBytes(), []byte("v=0")))
		}, "-1 true"},
		{"rfc5118-wire/ipv6-good.sip", "host", func(m *Message) string { return s(m.RequestURI().Host) }, "[2001:db8::10]"},
		{"rfc5118-wire/ipv6-good.sip", "Via", func(m *Message) string { return s(via(m, 0).Host) }, "[2001:db8::9:1]"},
		{"rfc5118-wire/port-ambiguous.sip", "5070 is in the address", func(m *Message) string { u := m.RequestURI(); return fmt.Sprint(s(u.Host), " ", u.Port) }, "[2001:db8::10:5070] 0"},
		{"rfc5118-wire/port-unambiguous.sip", "5070 is the port", func(m *Message) string { u := m.RequestURI(); return fmt.Sprint(s(u.Host), " ", u.Port) }, "[2001:db8::10] 5070"},
		{"rfc5118-wire/via-received-param-with-delim.sip", "received", func(m *Message) string { return param(via(m, 0).Params, "received") }, "true [2001:db8::9:255]"},
		{"rfc5118-wire/via-received-param-no-delim.sip", "received and branch", func(m *Message) string {
			v := via(m, 0)
			return param(v.Params, "received") + " " + s(v.Branch())
		}, "true 2001:db8::9:255 z9hG4bKas3"},
		{"rfc5118-wire/mult-ip-in-header.sip", "hosts and ports", func(m *Message) string {
			return fmt.Sprint(s(via(m, 0).Host), via(m, 0).Port, s(via(m, 1).Host), s(via(m, 2).Host), s(via(m, 2).Transport))
		}, "[2001:db8::9:1]6050192.0.2.1[2001:db8::9:255]TCP"},
		{"rfc5118-wire/ipv4-mapped-ipv6.sip", "Via and Contact", func(m *Message) string {
			return fmt.Sprint(s(via(m, 0).Host), " ", via(m, 0).Port, " ", s(contact(m).URI.Host))
		}, "[::ffff:192.0.2.10] 19823 [::ffff:192.0.2.2]"},
		{"rfc5118-wire/ipv6-bug-abnf-3-colons.sip", "host as written", func(m *Message) string { return s(m.To().URI.Host) }, "[2001:db8:::192.0.2.1]"},
	}
	for _, f := range facts {
		if got := f.got(Parse(tortureFile(t, f.file))); got != f.want {
			t.Errorf("%s, %s: %q, want %q", f.file, f.what, got, f.want)
		}
	}
}
