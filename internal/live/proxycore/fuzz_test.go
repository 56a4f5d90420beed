package proxycore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// checkForwarded tells what of a forwarded request is otherwise than it came, beyond what §16.6 lists.
func checkForwarded(t *testing.T, m *sip.Message, out []byte) {
	t.Helper()
	o := sip.Parse(out)
	if o.Kind != sip.KindRequest || o.StartLine.Start != 0 || !bytes.Equal(o.MethodName(), m.MethodName()) {
		t.Fatalf("no request comes out, or another:\n%q\nof\n%q", out, m.Raw)
	}
	if !o.Trail.IsEmpty() || !bytes.Equal(o.BodyBytes(), m.BodyBytes()) || o.DeclaredLength != m.Body.Len() {
		t.Fatalf("the body: %q (length %d), was %q\n%q", o.BodyBytes(), o.DeclaredLength, m.BodyBytes(), out)
	}
	if bytes.Contains(bytes.ReplaceAll(out[:o.Blank.End], []byte("\r\n"), nil), []byte("\r")) || bytes.Contains(bytes.ReplaceAll(out[:o.Blank.End], []byte("\r\n"), nil), []byte("\n")) {
		t.Fatalf("the header has a CR or LF of its own:\n%q", out)
	}
	// What the proxy does not touch: row for row, in order, with its line ends as CRLF.
	rows := func(m *sip.Message) (all [][]byte) {
		for i := range m.Fields {
			f := &m.Fields[i]
			switch f.ID {
			case sip.FieldVia, sip.FieldMaxForwards, sip.FieldMaxBreadth, sip.FieldContentLength, sip.FieldRoute, sip.FieldRecordRoute, sip.FieldProxyAuthorization:
				continue
			}
			all = append(all, appendRowOf(nil, m, f))
		}
		return all
	}
	in, got := rows(m), rows(o)
	if len(in) != len(got) {
		t.Fatalf("%d other rows come out of %d:\n%q\nof\n%q", len(got), len(in), out, m.Raw)
	}
	for i := range in {
		if !bytes.Equal(in[i], got[i]) {
			t.Fatalf("row %d comes out as %q, was %q", i, got[i], in[i])
		}
	}
	for i := range m.Fields {
		if row := m.Text(m.Fields[i].Row); !bytes.ContainsAny(trimLineEnd(row), "\r\n") && m.Fields[i].ID == sip.FieldOther && !bytes.Contains(out, trimLineEnd(row)) {
			t.Fatalf("row %q is not there any more:\n%q", row, out)
		}
	}
	// One Via more, the others as they were but for the first.
	values := func(m *sip.Message, id sip.FieldID) (all [][]byte) {
		for s := range m.Values(id) {
			all = append(all, appendLines(nil, m.Text(s)))
		}
		return all
	}
	vin, vout := values(m, sip.FieldVia), values(o, sip.FieldVia)
	if len(vin) > 0 {
		if len(vout) != len(vin)+1 {
			t.Fatalf("%d Via values come out of %d:\n%q\nof\n%q", len(vout), len(vin), out, m.Raw)
		}
		for i := range vin[1:] {
			if !bytes.Equal(vin[i+1], vout[i+2]) {
				t.Fatalf("Via %d comes out as %q, was %q", i+1, vout[i+2], vin[i+1])
			}
		}
	}
	if n, ok := o.Number(sip.FieldMaxForwards); !ok || n > DefaultMaxForwards || o.Count(sip.FieldMaxForwards) != 1 {
		t.Fatalf("Max-Forwards:\n%q", out)
	}
	if n, ok := o.Number(sip.FieldMaxBreadth); !ok || n != 60 || o.Count(sip.FieldMaxBreadth) != 1 {
		t.Fatalf("Max-Breadth:\n%q", out)
	}
	if o.Count(sip.FieldContentLength) != 1 {
		t.Fatalf("Content-Length:\n%q", out)
	}
}

func FuzzAppendForward(f *testing.F) {
	files, _ := filepath.Glob("../../../sip/testdata/torture/*/*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b, "sip:x@192.0.2.9")
		}
	}
	f.Add(request("INVITE sip:bob@example.com SIP/2.0", "Route: <sip:p.example.com;lr>, <sip:q;lr>,\r\n <sip:strict>", "X: a\rb", "Y: c\n\td").Raw, "")
	f.Add(request("INVITE sip:192.0.2.1;lr SIP/2.0", "Route: <sip:a>, <sip:b>, <sip:c\r\n d>", "Proxy-Authorization: Digest realm=\"r\"").Raw, "sip:a?x=y")
	f.Add(request("BYE sip:p.example.com;maddr=192.0.2.1 SIP/2.0", "v: SIP/2.0/UDP a, SIP/2.0/UDP b,SIP/2.0/TCP c").Raw, "sip:x\r\nEvil: 1")
	f.Fuzz(func(t *testing.T, raw []byte, uri string) {
		if _, ok := live.TargetOf([]byte(uri)); uri != "" && !ok {
			return // a target is a SIP URI (§16.5)
		}
		c := newCore(t, Config{})
		m := sip.Parse(raw)
		from := udp("198.51.100.7:5062")
		if c.Check(m, from).Outcome != OutcomePass {
			return
		}
		how := &Forward{Route: c.Preprocess(m, from), URI: uri, Via: "SIP/2.0/UDP 192.0.2.1:5060", Branch: "z9hG4bKtest", From: from, Breadth: 60}
		out := AppendForward([]byte("before"), m, how)
		if !bytes.HasPrefix(out, []byte("before")) {
			t.Fatal("what was there before is gone")
		}
		out = out[len("before"):]
		checkForwarded(t, m, out)
		if got := sip.Parse(out).RequestURI(); uri != "" && how.Route.Remaining == 0 && (got.Headers != nil || got.Params.Has("method")) {
			t.Fatalf("Request-URI %q", got.Raw)
		}
		how.NextHop(m)
		// And back: the response loses our Via, and nothing else.
		o := sip.Parse(out)
		if !o.Has(sip.FieldVia) {
			return
		}
		resp := append([]byte("SIP/2.0 200 OK\r\n"), out[o.StartLine.End:]...)
		r := sip.Parse(resp)
		back, ok := c.AppendRelay(nil, r, &Relay{})
		if !ok {
			t.Fatalf("our own Via is not known again:\n%q", resp)
		}
		want := append([]byte("SIP/2.0 200 OK\r\n"), out[o.Fields[0].Row.End:]...)
		if !bytes.Equal(back, want) {
			t.Fatalf("the response comes back as\n%q, want\n%q", back, want)
		}
	})
}
