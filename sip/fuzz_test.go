package sip

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, name := range tortureFiles(f) {
		f.Add(tortureFile(f, name))
	}
	f.Add([]byte("INVITE sip:[email protected]:5062 SIP/2.0\r\nFrom: \u201ca\u201d <sip:b>;tag=x\r\n\r\n"))
	f.Add([]byte("junk\nsip:x@y SIP/2.0\nv=0\n"))
	f.Add([]byte("407 Proxy Authentication Required\r\nVia: x\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Parse(b)
		checkLossless(t, "fuzz", b, m)
		if line, _, _ := bytes.Cut(b, []byte("\n")); IsStartLine(bytes.TrimSuffix(line, []byte("\r"))) && (m.Kind == KindUnknown || m.Lead.Len() > 0) {
			t.Fatalf("%q is a start line by IsStartLine, not by Parse", line)
		}
		if again := Parse(b); len(again.Fields) != len(m.Fields) || again.Kind != m.Kind {
			t.Fatal("another message the second time")
		}
		v := Validator{Stream: true, AuthSchemes: []string{"Digest"}}
		for _, x := range v.Append(nil, m) {
			checkViolation(t, "fuzz", b, x)
		}
		if verdict := Judge(Validate(m, RoleUAS)); verdict.Action == ActionReject && (verdict.Status < 400 || verdict.Status > 699) ||
			(verdict.Action == ActionAccept || verdict.Action == ActionDrop) && verdict.Status != 0 ||
			m.Kind == KindResponse && verdict.Status != 0 || m.Kind == KindUnknown && verdict.Action != ActionDrop {
			t.Fatalf("verdict %+v of kind %d", verdict, m.Kind)
		}
	})
}

// FuzzUserOf holds the short way to a user to ParseAddress.
func FuzzUserOf(f *testing.F) {
	for _, s := range []string{"Alice <sip:alice@example.com>;tag=1", "<sip:+1800555@192.0.2.1:5060>", "<sip:a@b@c>", "<sip:[email protected]>", "\"x\" <sip:a@b>",
		"<sip:XX@b>", "<sip:redacted@b>", "<sip:a:b@c>", "<sip:a@x:y:z>", "<sip:a@xx.xx.xx.xx:5060>", "<sip:a@xx:y:z>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		user := UserOf(v)
		if user == nil {
			return
		}
		a := ParseAddress(v)
		if string(a.URI.User) != string(user) || a.URI.Masked || string(Unescape(user)) != string(user) {
			t.Fatalf("%q: user %q, but %+v", v, user, a.URI)
		}
	})
}

func FuzzURI(f *testing.F) {
	for _, s := range []string{"sip:alice:secret@example.com:5061;transport=tcp?subject=x", "sip:[2001:db8::1]:5060", "tel:+1-800;x=y",
		"[email protected]:5062", "sip:a@b@c", "soap.beep://x", "bob", "sip:;;", "sip:@:?", "pbx.example.com:5060", "sip:%41%4@%zz"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u := ParseURI(b)
		// Every part is a piece of the URI, and they stand in order.
		last := 0
		for _, part := range [][]byte{u.Scheme, u.User, u.Password, u.Host, u.PortText, u.Params.Raw(), u.Headers, u.Opaque} {
			if len(part) == 0 {
				continue
			}
			i := bytes.Index(b[last:], part)
			if i < 0 {
				t.Fatalf("%q: %q is not behind the part before it: %+v", b, part, u)
			}
			last += i + len(part)
		}
		if form := uriOf(b); form == uriGood && u.IsSIP() && !u.Masked && len(u.Headers) == 0 {
			// A good SIP URI is made of its parts and nothing else.
			s := string(u.Scheme) + ":"
			if u.HasAt {
				s += string(u.User)
				if u.Password != nil {
					s += ":" + string(u.Password)
				}
				s += "@"
			}
			s += string(u.Host)
			if u.PortText != nil {
				s += ":" + string(u.PortText)
			}
			if s += string(u.Params.Raw()); s != string(b) {
				t.Fatalf("%q is put together as %q", b, s)
			}
		}
		once := Unescape(b)
		if len(once) > len(b) || !bytes.ContainsRune(b, '%') && !bytes.Equal(once, b) {
			t.Fatalf("%q unescaped is %q", b, once)
		}
	})
}

func FuzzVia(f *testing.F) {
	for _, s := range []string{"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;received=198.51.100.7;rport=5060", "SIP / 2.0 / TCP [2001:db8::1] : 5070 ; branch = x",
		"SIP/2.0/UDP [2001:db8::9:1];received=[::1]", ";;,;,,", "SIP/2.0/UDP 192.0.2.15;;,;,,", "/", "a/b/c d:e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v := ParseVia(b)
		last := 0
		for _, part := range [][]byte{v.Protocol, v.Version, v.Transport, v.Host, v.PortText, v.Params.Raw()} {
			i := bytes.Index(b[last:], part)
			if i < 0 {
				t.Fatalf("%q: %q is not behind the part before it", b, part)
			}
			last += i + len(part)
		}
		if bytes.ContainsAny(b, "\n\r") {
			return
		}
		// In a message, it is what the validator says it is.
		m := Parse([]byte("SIP/2.0 200 OK\r\nVia: " + string(b) + "\r\n\r\n"))
		bad := len(trimLWS(b)) == 0
		for _, x := range Validate(m, RoleProxy) {
			bad = bad || strings.HasPrefix(x.Code.String(), "via") || x.Field == FieldVia
		}
		top, ok := m.TopVia()
		if !bad && (!ok || len(top.Transport) == 0 || len(top.Host) == 0 || !strings.EqualFold(string(top.Protocol), "SIP")) {
			t.Fatalf("%q is a good Via and reads as %+v", b, top)
		}
	})
}
