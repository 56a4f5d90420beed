package sip

import (
	"bytes"
	"testing"
)

// checkLossless holds a parsed message to its promises: the pieces joined are the input, spans are in order and inside, and nothing
// that can be asked of it panics.
func checkLossless(t *testing.T, name string, raw []byte, m *Message) {
	t.Helper()
	var joined []byte
	last := uint32(0)
	for s := range m.Pieces {
		if s.Start != last || s.End < s.Start || int(s.End) > len(raw) {
			t.Fatalf("%s: piece %v after %d, of %d bytes", name, s, last, len(raw))
		}
		last = s.End
		joined = append(joined, m.Text(s)...)
	}
	if !bytes.Equal(joined, raw) {
		t.Fatalf("%s: the pieces joined are %q, want %q", name, joined, raw)
	}
	inside := func(what string, s, in Span) {
		if s.Start > s.End || s.Start < in.Start || s.End > in.End {
			t.Fatalf("%s: %s %v is not inside %v", name, what, s, in)
		}
	}
	if m.Kind != KindUnknown {
		inside("method", m.MethodSpan, span(0, len(raw)))
		inside("version", m.Version, m.StartLine)
		if m.Kind == KindRequest {
			inside("method", m.MethodSpan, m.StartLine)
			inside("URI", m.URISpan, m.StartLine)
		} else {
			inside("status", m.StatusSpan, m.StartLine)
			inside("reason", m.Reason, m.StartLine)
		}
	}
	for _, f := range m.Fields {
		inside("name", f.Name, f.Row)
		inside("value", f.Value, f.Row)
		if !f.Name.IsEmpty() && f.Name.End > f.Value.Start {
			t.Fatalf("%s: name %v runs into value %v", name, f.Name, f.Value)
		}
		v := m.Text(f.Value)
		a := ParseAddress(v)
		_, _, _ = a.Name(), a.Tag(), Unescape(a.URI.User)
		via := ParseVia(v)
		_ = via.Branch()
		c := ParseChallenge(v)
		_, _ = c.Get("nonce")
		_, _ = Masked(v), HasCurlyQuotes(v)
	}
	for _, p := range m.Problems {
		inside(p.Code.String(), p.Span, span(0, len(raw)))
		if p.Code == ProblemNone || p.Code.String() == "" {
			t.Fatalf("%s: a problem without a name: %v", name, p)
		}
	}
	for id := FieldOther; id < fieldIDs; id++ {
		n := 0
		for s := range m.Values(id) {
			n++
			found := false
			for _, f := range m.Fields {
				found = found || f.ID == id && s.Start >= f.Value.Start && s.End <= f.Value.End
			}
			if !found {
				t.Fatalf("%s: value %v of %v is in none of its rows", name, s, id)
			}
		}
		if _, ok := m.Field(id); ok != (id != FieldOther && m.Count(id) > 0) || n > 0 && !ok {
			t.Fatalf("%s: %v: has %t, counts %d, has %d values", name, id, ok, m.Count(id), n)
		}
		_, _ = m.Number(id)
	}
	from, to := m.From(), m.To()
	if !bytes.Equal(from.Tag(), m.FromTag()) || !bytes.Equal(to.Tag(), m.ToTag()) {
		t.Fatalf("%s: tags %q and %q by the whole address, %q and %q alone", name, from.Tag(), to.Tag(), m.FromTag(), m.ToTag())
	}
	_, _ = m.TopVia()
	_, _ = m.Contact()
	_, _, _ = m.Challenge()
	_, _, _ = m.Credentials()
	_, _, _, _ = m.RequestURI(), m.CSeq(), m.ViaCount(), m.MethodName()
	for r := RoleUnknown; r <= RoleRegistrar; r++ {
		for _, v := range Validate(m, r) {
			checkViolation(t, name, raw, v)
		}
	}
}
