package sdp

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse holds for any input: the lines joined are the input; every accessor comes back, with slices of the input; what parses
// clean is written again byte for byte; and writing settles, so that what was written once is written the same again.
func FuzzParse(f *testing.F) {
	for _, name := range descriptions(f) {
		f.Add(read(f, name+".sdp"))
	}
	for _, c := range problemCases {
		if len(c.in) < 4096 {
			f.Add([]byte(c.in))
		}
	}
	var s Session // used again, so that what is left of the input before shows
	f.Fuzz(func(t *testing.T, b []byte) {
		s.Parse(b)
		checkLossless(t, &s)
		checkAccessors(t, &s)

		d := s.Description()
		out := Append(nil, d)
		if s.IsClean() {
			// A port with zeros in front is clean and written without them.
			if !bytes.Equal(out, b) && !hasPaddedPort(&s) {
				t.Fatalf("clean, but written:\n%q\nread:\n%q", out, b)
			}
			var again Session
			again.Parse(out)
			if !again.IsClean() {
				t.Fatalf("what was written is not clean: %v", again.Problems)
			}
			if d2 := again.Description(); !reflect.DeepEqual(d, d2) {
				t.Fatalf("got %+v\nwant %+v", d2, d)
			}
		}
		written := Parse(out)
		checkLossless(t, written)
		if len(written.Lines) < MaxLines { // beyond, the rest of the lines has no place in a Description
			if out2 := Append(nil, written.Description()); !bytes.Equal(out, out2) {
				t.Fatalf("written:\n%q\nand again:\n%q", out, out2)
			}
		}
		for _, p := range written.Problems {
			switch p.Code {
			case ProblemBareLF, ProblemBareCR, ProblemNoLineEnd, ProblemEmptyLine, ProblemNotALine, ProblemUnknownType, ProblemOrder, ProblemRepeated,
				ProblemNoVersion, ProblemNoOrigin, ProblemNoName, ProblemNoTime, ProblemForbiddenByte, ProblemEmptyName, ProblemVersion, ProblemPort:
				t.Fatalf("written with a problem of form: %s: %q\n%q", p.Code, p.Span.Of(out), out)
			}
		}

		// An answer that repeats the offer has all its codecs and all its streams.
		for _, st := range Streams(nil, &s, &s) {
			if st.Outcome != Accepted && st.Outcome != NotWanted || !st.SameType || !st.SameProto {
				t.Fatalf("a stream against itself: %+v", st)
			}
			n := 0
			for range st.Offer.Codecs() {
				n++
			}
			if common := CommonCodecs(nil, st.Offer, st.Answer); len(common) != n {
				t.Fatalf("%d of %d codecs in common with itself", len(common), n)
			}
		}
	})
}

func hasPaddedPort(s *Session) bool {
	for _, m := range s.AllMedia() {
		if port := m.field(1); len(port) > 1 && strings.HasPrefix(string(port), "0") && isDigit(port[1]) {
			return true
		}
	}
	return false
}

// checkAccessors fails if an accessor returns bytes that are not of the input, or values out of their limits.
func checkAccessors(t *testing.T, s *Session) {
	inside := func(what string, b []byte) {
		if len(b) == 0 {
			return
		}
		at, ok := s.SpanOf(b)
		if !ok || !bytes.Equal(at.Of(s.Raw), b) {
			t.Fatalf("%s: %q is not of the input", what, b)
		}
	}
	o, _ := s.Origin()
	for _, b := range [][]byte{o.Username, o.SessID, o.SessVersion, o.NetType, o.AddrType, o.Address} {
		inside("origin", b)
	}
	for a := range s.Attributes() {
		inside("attribute", a.Name)
		inside("attribute", a.Value)
	}
	for _, m := range s.AllMedia() {
		if p, ok := m.Port(); p < 0 || p > 65535 || !ok && p != 0 || m.PortCount() < 1 {
			t.Fatalf("port %d x %d", p, m.PortCount())
		}
		inside("type", m.Type())
		inside("proto", m.Proto())
		if c, ok := m.Connection(); ok {
			inside("connection", c.Address)
			if c.TTL < -1 || c.TTL > 255 || c.Count < 1 {
				t.Fatalf("connection %+v", c)
			}
		}
		if d := m.Direction(); d == DirectionUnknown || d > Inactive {
			t.Fatalf("direction %d", d)
		}
		if d, ok := m.Ptime(); ok && d < 0 {
			t.Fatalf("ptime %v", d)
		}
		if r, ok := m.RTCP(); ok && (r.Port < 0 || r.Port > 65535) {
			t.Fatalf("rtcp %+v", r)
		}
		if m.IsHeld() && m.IsRejected() {
			t.Fatal("held and rejected")
		}
		formats := 0
		for f := range m.Formats() {
			inside("format", f)
			formats++
		}
		codecs := 0
		for c := range m.Codecs() {
			codecs++
			inside("format", c.Format)
			inside("fmtp", c.FMTP)
			if !c.Static {
				inside("name", c.Name)
			}
			if c.PayloadType < -1 || c.PayloadType > maxPayloadType || c.ClockRate < 0 || c.Channels < 0 || c.DisplayName() == "" {
				t.Fatalf("codec %+v", c)
			}
			for first, last := range c.Events() {
				if first < 0 || first > last || last > 255 || !c.HasEvent(first) || !c.HasEvent(last) {
					t.Fatalf("events %d to %d of %q", first, last, c.FMTP)
				}
			}
		}
		if codecs != min(formats, MaxFormats) {
			t.Fatalf("%d codecs of %d formats", codecs, formats)
		}
	}
}
