package capture

import (
	"net/netip"
	"testing"

	"sipscribe/syslog"
)

func TestDirection(t *testing.T) {
	for _, c := range []struct {
		d, opposite Direction
		word        string
	}{
		{DirectionUnknown, DirectionUnknown, "unknown"},
		{Sent, Received, "sent"},
		{Received, Sent, "received"},
		{Direction(200), DirectionUnknown, "unknown"},
	} {
		if got := c.d.Opposite(); got != c.opposite {
			t.Errorf("the opposite of %v is %v, want %v", c.d, got, c.opposite)
		}
		if got := c.d.String(); got != c.word {
			t.Errorf("%d is %q, want %q", c.d, got, c.word)
		}
	}
}

// The names are those that a Via header field has (RFC 3261 §20.42, RFC 4168 §5, RFC 7118 §5.2).
func TestTransport(t *testing.T) {
	for tr, want := range map[Transport]string{TransportUnknown: "", UDP: "UDP", TCP: "TCP", TLS: "TLS", SCTP: "SCTP", WS: "WS", WSS: "WSS", Transport(99): ""} {
		if got := tr.String(); got != want {
			t.Errorf("transport %d is %q, want %q", tr, got, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, c := range []struct {
		e     Endpoint
		text  string
		valid bool
	}{
		{Endpoint{}, "", false},
		{Endpoint{Port: 5060, Transport: UDP}, "", false}, // a port of nobody
		{Endpoint{Addr: netip.MustParseAddr("192.0.2.1")}, "192.0.2.1", true},
		{Endpoint{Addr: netip.MustParseAddr("192.0.2.1"), Port: 5062}, "192.0.2.1:5062", true},
		{Endpoint{Addr: netip.MustParseAddr("2001:db8::1"), Port: 5060}, "[2001:db8::1]:5060", true},
		{Endpoint{Addr: netip.MustParseAddr("2001:db8::1")}, "2001:db8::1", true},
		{Endpoint{Addr: netip.MustParseAddr("fe80::1%eth0"), Port: 5060}, "[fe80::1%eth0]:5060", true},
		{Endpoint{Addr: netip.IPv4Unspecified(), Port: 5060}, "0.0.0.0:5060", true},
	} {
		if got := c.e.String(); got != c.text || c.e.IsValid() != c.valid {
			t.Errorf("%#v is %q, valid %v; want %q, %v", c.e, got, c.e.IsValid(), c.text, c.valid)
		}
	}
	if UDP == TCP || (Endpoint{Addr: netip.MustParseAddr("192.0.2.1"), Port: 5060, Transport: UDP}) == (Endpoint{Addr: netip.MustParseAddr("192.0.2.1"), Port: 5060, Transport: TCP}) {
		t.Error("the same port of two transports is one endpoint")
	}
}

// A range of a message is found again in the source, whatever escapes and prefixes the log put between.
func TestOriginSpan(t *testing.T) {
	plain := Origin{Source: 2, Number: 17, Start: 1000, End: 1100}
	// Ten bytes as they are, then "^M" for CR (one more byte), five more bytes, then a line prefix of 30.
	var m syslog.OffsetMap
	m = m.Add(10, 1)
	m = m.Add(5, 30)
	escaped := Origin{Source: 1, Unit: Frame, Number: 3, Start: 1000, End: 1061, Map: m}
	for _, c := range []struct {
		name       string
		o          Origin
		start, end int
		from, to   int64
	}{
		{"without a map one to one", plain, 3, 9, 1003, 1009},
		{"nothing, at the beginning", plain, 0, 0, 1000, 1000},
		{"before the escape", escaped, 0, 10, 1000, 1010},
		{"behind the escape", escaped, 10, 15, 1011, 1016},
		{"across it: what the log put between is within", escaped, 8, 12, 1008, 1013},
		{"up to the prefix, which belongs to what follows", escaped, 11, 15, 1012, 1016},
		{"across the prefix", escaped, 14, 16, 1015, 1047},
		{"behind the prefix", escaped, 15, 30, 1046, 1061},
		{"nothing, behind the prefix", escaped, 15, 15, 1046, 1046},
		{"turned round, as nothing", escaped, 9, 3, 1009, 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := c.o.Span(c.start, c.end)
			if from != c.from || to != c.to {
				t.Errorf("bytes %d to %d are %d to %d of the source, want %d to %d", c.start, c.end, from, to, c.from, c.to)
			}
			e := c.o.EvidenceOf(c.start, c.end)
			if want := (Evidence{Source: c.o.Source, Unit: c.o.Unit, Number: c.o.Number, Start: c.from, End: c.to}); e != want {
				t.Errorf("evidence %+v, want %+v", e, want)
			}
		})
	}
	if got, want := escaped.Evidence(), (Evidence{Source: 1, Unit: Frame, Number: 3, Start: 1000, End: 1061}); got != want {
		t.Errorf("evidence of the record %+v, want %+v", got, want)
	}
}

// Lines stands for the map of a log that writes "^M " for each CR LF: it leads to the same places as that map.
func TestOriginLines(t *testing.T) {
	data := []byte("ACK sip:b@example.com SIP/2.0\r\nTo: b\r\n\r\nv=0\r\n")
	var m syslog.OffsetMap
	run := 0
	for _, c := range data {
		if run++; c == '\n' {
			m = m.Add(run, 1)
			run = 0
		}
	}
	lines := Origin{Source: 1, Number: 7, Start: 300, End: 400, Lines: data}
	mapped := lines
	mapped.Lines, mapped.Map = nil, m
	for start := range len(data) + 1 {
		for end := range len(data) + 1 {
			a, b := lines.Span(start, end)
			x, y := mapped.Span(start, end)
			if a != x || b != y {
				t.Fatalf("bytes %d to %d are %d to %d of the source, by the map %d to %d", start, end, a, b, x, y)
			}
		}
	}
	if a, b := lines.Span(-5, len(data)+9); a < lines.Start || b > lines.Start+int64(len(data)+9+4) {
		t.Errorf("beyond the ends: %d to %d", a, b)
	}
	// A map wins over Lines: whoever made one knows better.
	both := mapped
	both.Lines = data[:3]
	if a, b := both.Span(40, 44); a != 300+40+3 || b != 300+43+3+1 {
		t.Errorf("with both %d to %d, want %d to %d", a, b, 343, 347)
	}
}

// Ranges that follow each other in a message do not overlap in the source, and stay in order.
func TestSpansDoNotOverlap(t *testing.T) {
	var m syslog.OffsetMap
	for i := range 20 {
		m = m.Add(i, 1+i%3)
	}
	o := Origin{Start: 500, End: 2000, Map: m}
	last := o.Start
	for i := range 200 {
		from, to := o.Span(i, i+1)
		if from < last || to != from+1 {
			t.Fatalf("byte %d is %d to %d of the source; the one before it ends at %d", i, from, to, last)
		}
		last = to
	}
}
