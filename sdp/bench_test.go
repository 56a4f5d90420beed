package sdp

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"adapter-offer", "hold-sendonly", "browser-offer"} {
		b.Run(name, func(b *testing.B) {
			in := read(b, "testdata/"+name+".sdp")
			var s Session
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				s.Parse(in)
			}
		})
	}
}

// BenchmarkRead is what the explainer asks of an offer: where to, which codecs, which direction.
func BenchmarkRead(b *testing.B) {
	in := read(b, "testdata/adapter-offer.sdp")
	var s Session
	s.Parse(in)
	b.ReportAllocs()
	for b.Loop() {
		if !readAll(&s) {
			b.Fatal("something is missing")
		}
	}
}

func readAll(s *Session) bool {
	n := 0
	for _, m := range s.AllMedia() {
		conn, ok := m.Connection()
		port, okPort := m.Port()
		d, okTime := m.Ptime()
		if !ok || !okPort || !okTime || port == 0 || d == 0 || len(conn.Address) == 0 || m.Direction() != SendRecv || m.IsHeld() || m.IsT38() {
			return false
		}
		for c := range m.Codecs() {
			if c.IsTelephoneEvent() && !c.HasEvent(11) {
				return false
			}
			n++
		}
	}
	return n == 10
}

func BenchmarkAppend(b *testing.B) {
	d := parseFile(b, "adapter-offer").Description()
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = Append(out[:0], d)
	}
	b.SetBytes(int64(len(out)))
}

// Parsing into a Session that is used again and reading it allocate nothing.
func TestNoAllocation(t *testing.T) {
	good, bad := read(t, "testdata/adapter-offer.sdp"), read(t, "testdata/disorder.sdp")
	var s Session
	s.Parse(good)
	s.Parse(bad)
	if n := testing.AllocsPerRun(100, func() { s.Parse(bad); s.Parse(good) }); n != 0 {
		t.Errorf("Parse allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if !readAll(&s) {
			t.Fatal("something is missing")
		}
		m := s.Media(0)
		o, _ := s.Origin()
		s.SpanOf(o.Address)
		m.Fingerprint()
		m.HasICE()
		m.RTCP()
		s.Timing()
		m.Attribute("fmtp")
		for a := range m.Attributes() {
			_ = a
		}
	}); n != 0 {
		t.Errorf("reading allocates %v times", n)
	}
	out := Append(nil, s.Description())
	d := s.Description()
	if n := testing.AllocsPerRun(100, func() { out = Append(out[:0], d) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}
