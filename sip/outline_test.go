package sip

import (
	"bytes"
	"testing"
)

// FuzzOutline holds an Outline to what Parse finds, for CR LF and for carets: in a text without other escapes than line ends.
func FuzzOutline(f *testing.F) {
	for _, name := range tortureFiles(f) {
		f.Add(tortureFile(f, name))
	}
	const request = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2\r\n" +
		"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: 1@x\r\nCSeq: 1 INVITE\r\nAuthorization: Digest a=b\r\nRSeq: 1\r\nExpires: 240\r\n"
	f.Add([]byte(request + "Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"))
	f.Add([]byte(request + "Expires: 12345678901\r\nExpires:240;x\r\n\r\n"))
	f.Add([]byte(request + "Content-Length: 0\r\nX-Other: 1\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nCSeq: 7 BYE\r\nf: a\r\n\r\nv=0\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nCSeq: 7 BYE\r\nFrom: a\r\n b\r\n\r\nv=0\r\nsomething longer\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Parse(b)
		var o Outline
		if o.Read(b, LineEndCRLF) {
			checkOutline(t, b, &o, m)
		}
		// The same with carets, if nothing in it would be escaped otherwise or could be an escape.
		if rest := bytes.ReplaceAll(b, []byte("\r\n"), nil); bytes.ContainsAny(rest, "^\\\r\n") || !bytes.HasSuffix(b, []byte("\r\n")) {
			return
		}
		if carets := bytes.ReplaceAll(b, []byte("\r\n"), []byte("^M ")); o.Read(carets, LineEndCaret) {
			checkOutline(t, carets, &o, m)
			checkShown(t, carets, m)
		}
	})
}

// checkOutline compares an Outline of text with the message that it shows.
func checkOutline(t *testing.T, text []byte, o *Outline, m *Message) {
	t.Helper()
	if o.Kind != m.Kind || o.Method != m.Method || o.Status != m.Status || o.CSeq != m.CSeq().Number {
		t.Fatalf("%q: %+v, but kind %d, method %v, status %d, CSeq %d", text, o, m.Kind, m.Method, m.Status, m.CSeq().Number)
	}
	for id, s := range map[FieldID]Span{FieldFrom: o.From, FieldTo: o.To, FieldCallID: o.CallID} {
		if got, want := s.Of(text), m.Value(id); string(got) != string(want) {
			t.Fatalf("%q: %v is %q, not %q", text, id, got, want)
		}
	}
	expires := int32(-1)
	if n, ok := m.Number(FieldExpires); ok {
		expires = int32(n)
	}
	if o.Expires != expires {
		t.Fatalf("%q: Expires is %d, not %d", text, o.Expires, expires)
	}
	if head := bytes.ReplaceAll(text[:o.Header], []byte("^M "), []byte("\r\n")); len(head) != int(m.Body.Start)-2 {
		t.Fatalf("%q: the header ends at %d, that of %+v", text, len(head), m.Body)
	}
	n := 0
	for s := range m.Values(FieldVia) {
		if n < o.Vias && string(o.Via[n].Of(text)) != string(m.Text(s)) {
			t.Fatalf("%q: Via %d is %q, not %q", text, n, o.Via[n].Of(text), m.Text(s))
		}
		n++
	}
	if n != o.Vias {
		t.Fatalf("%q: %d values of Via, not %d", text, o.Vias, n)
	}
	for _, id := range []FieldID{FieldReplaces, FieldSessionID, FieldSessionExpires, FieldReferTo} {
		if m.Has(id) {
			t.Fatalf("%q: it has %v", text, id)
		}
	}
}
