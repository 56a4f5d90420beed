package sip

import (
	"bytes"
	"slices"
	"testing"
)

// checkShown holds what is read of a text in carets to what Parse has found in the message that it shows.
func checkShown(t *testing.T, text []byte, want *Message) {
	t.Helper()
	var m Message
	body, ok := m.ReadShown(text)
	if !ok {
		if bytes.IndexByte(text, '\n') < 0 && len(want.Problems) == 0 {
			t.Fatalf("%q has no problems, and was not read", text)
		}
		return
	}
	if shown := undone(text[:body]); !bytes.Equal(shown, want.Raw[:want.Blank.End]) {
		t.Fatalf("%q: the header is %q, not %q", text, shown, want.Raw[:want.Blank.End])
	}
	m.ReadBody(slices.Concat(text[:body], want.Raw[want.Blank.End:]), body)
	if m.Kind != want.Kind || m.Method != want.Method || m.Status != want.Status || m.DeclaredLength != want.DeclaredLength || len(m.Fields) != len(want.Fields) || len(m.Problems) != len(want.Problems) {
		t.Fatalf("%q: read as %+v, not as %+v", text, m, want)
	}
	for i := range m.Problems {
		if m.Problems[i].Code != want.Problems[i].Code || !bytes.Equal(m.Text(m.Problems[i].Span), want.Text(want.Problems[i].Span)) {
			t.Fatalf("%q: problem %+v, not %+v", text, m.Problems[i], want.Problems[i])
		}
	}
	same := func(what string, got, wanted Span) {
		if !bytes.Equal(m.Text(got), want.Text(wanted)) {
			t.Fatalf("%q: %s is %q, not %q", text, what, m.Text(got), want.Text(wanted))
		}
	}
	same("method", m.MethodSpan, want.MethodSpan)
	same("URI", m.URISpan, want.URISpan)
	same("version", m.Version, want.Version)
	same("status", m.StatusSpan, want.StatusSpan)
	same("reason", m.Reason, want.Reason)
	same("body", m.Body, want.Body)
	same("trail", m.Trail, want.Trail)
	for i := range m.Fields {
		f, g := &m.Fields[i], &want.Fields[i]
		same("name", f.Name, g.Name)
		same("value", f.Value, g.Value)
		if f.ID != g.ID || f.Folded != g.Folded || m.first[f.ID] != want.first[f.ID] {
			t.Fatalf("%q: row %d is %+v, not %+v", text, i, f, g)
		}
		if row := undone(m.Text(f.Row)); !bytes.Equal(row, want.Text(g.Row)) {
			t.Fatalf("%q: row %d is %q, not %q", text, i, row, want.Text(g.Row))
		}
	}
	// The pieces joined are all of it here, too.
	var all []byte
	for s := range m.Pieces {
		all = append(all, m.Text(s)...)
	}
	if !bytes.Equal(all, m.Raw) {
		t.Fatalf("%q: the pieces are %q", text, all)
	}
}

// undone is a text as it was sent that shows nothing but line ends with carets; the last may have lost its blank.
func undone(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("^M "), []byte("\r\n")), []byte("^M"), []byte("\r\n"))
}

func TestReadShown(t *testing.T) {
	const head = "SIP/2.0 200 OK^M Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1^M From: <sip:a@example.com>;tag=1^M To: <sip:b@example.com>;tag=2^M Call-ID: 1@x^M CSeq: 1 INVITE^M "
	for _, rows := range []string{"", "Server:^M ", "X-Any-Thing:\t a b \t^M ", "Content-Length: 7^M ", "Content-Length: 9^M ", "Content-Length: 2^M ", "l: 7^M "} {
		for _, end := range []string{"^M ", "^M", "^M v=0^M s=-^M ", "^M v=0^M s=-^M"} {
			text := head + rows + end
			var o Outline
			if !o.Read([]byte(text), LineEndCaret) {
				t.Fatalf("%q has no outline", text)
			}
			checkShown(t, []byte(text), Parse(undone([]byte(text))))
		}
	}
	for _, rows := range []string{"X-Two: 1\nX-Three: 2^M ", "Accept^M ", "Accept : a^M ", ": a^M "} {
		var m Message
		if _, ok := m.ReadShown([]byte(head + rows + "^M ")); ok {
			t.Errorf("%q was read", rows)
		}
	}
}
