package sdp

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// mediaOf parses the lines of one media section behind a clean session part.
func mediaOf(lines string) Media {
	return Parse([]byte(with("m=", "") + crlf(lines) + "\r\n")).Media(0)
}

func TestStaticPayloadTypes(t *testing.T) {
	// RFC 3551 §6, tables 4 and 5, as they stand there: PT, name, clock rate, channels.
	for _, c := range []struct {
		pt       string
		name     string
		rate     int
		channels int
	}{
		{"0", "PCMU", 8000, 1}, {"3", "GSM", 8000, 1}, {"4", "G723", 8000, 1}, {"5", "DVI4", 8000, 1}, {"6", "DVI4", 16000, 1},
		{"7", "LPC", 8000, 1}, {"8", "PCMA", 8000, 1}, {"9", "G722", 8000, 1}, {"10", "L16", 44100, 2}, {"11", "L16", 44100, 1},
		{"12", "QCELP", 8000, 1}, {"13", "CN", 8000, 1}, {"14", "MPA", 90000, 0}, {"15", "G728", 8000, 1},
		{"16", "DVI4", 11025, 1}, {"17", "DVI4", 22050, 1}, {"18", "G729", 8000, 1}, {"25", "CelB", 90000, 0},
		{"26", "JPEG", 90000, 0}, {"28", "nv", 90000, 0}, {"31", "H261", 90000, 0}, {"32", "MPV", 90000, 0},
		{"33", "MP2T", 90000, 0}, {"34", "H263", 90000, 0},
	} {
		got, ok := mediaOf("m=audio 1 RTP/AVP " + c.pt).Codec(strings.ToLower(c.name))
		if !ok || string(got.Name) != c.name || got.ClockRate != c.rate || got.Channels != c.channels || !got.Static {
			t.Errorf("%s: %+v, want %+v", c.pt, got, c)
		}
	}
	for _, pt := range []string{"1", "2", "19", "20", "24", "27", "29", "30", "35", "72", "95", "96", "127"} {
		for c := range mediaOf("m=audio 1 RTP/AVP " + pt).Codecs() {
			if c.Name != nil || c.Static || c.DisplayName() != "payload type "+pt {
				t.Errorf("%s has no static meaning: %+v", pt, c)
			}
		}
	}
}

func TestCodecs(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines string
		want  Codec // the lines are not compared
	}{
		{"an rtpmap wins over the static meaning", "m=audio 1 RTP/AVP 0\na=rtpmap:0 pcmu/16000", Codec{PayloadType: 0, Name: []byte("pcmu"), ClockRate: 16000, Channels: 1}},
		{"channels", "m=audio 1 RTP/AVP 98\na=rtpmap:98 L16/16000/2", Codec{PayloadType: 98, Name: []byte("L16"), ClockRate: 16000, Channels: 2}},
		{"video has no channels", "m=video 1 RTP/AVP 98\na=rtpmap:98 VP8/90000", Codec{PayloadType: 98, Name: []byte("VP8"), ClockRate: 90000}},
		{"the first rtpmap counts", "m=audio 1 RTP/AVP 98\na=rtpmap:98 A/1\na=rtpmap:98 B/2", Codec{PayloadType: 98, Name: []byte("A"), ClockRate: 1, Channels: 1}},
		{"blanks around the payload type", "m=audio 1 RTP/AVP 98\na=rtpmap: 98  A/1 ", Codec{PayloadType: 98, Name: []byte("A"), ClockRate: 1, Channels: 1}},
		{"an rtpmap cut before the rate", "m=audio 1 RTP/AVP 98\na=rtpmap:98 G726-4", Codec{PayloadType: 98, Name: []byte("G726-4"), Channels: 1}},
		{"an rtpmap cut before the name", "m=audio 1 RTP/AVP 98\na=rtpmap:98", Codec{PayloadType: 98}},
		{"parameters keep their blanks inside", "m=audio 1 RTP/AVP 18\na=fmtp:18 annexb=no; x", Codec{PayloadType: 18, Name: []byte("G729"), ClockRate: 8000, Channels: 1, Static: true, FMTP: []byte("annexb=no; x")}},
		{"a format of another protocol", "m=application 1 udp wb\na=fmtp:x y\na=fmtp:wb hd", Codec{PayloadType: -1, FMTP: []byte("hd")}},
		{"a number is no payload type outside RTP", "m=image 1 udptl 0\na=rtpmap:0 PCMU/8000", Codec{PayloadType: -1}},
		{"a word in an RTP stream", "m=audio 1 RTP/AVP x", Codec{PayloadType: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mediaOf(c.lines)
			got := slices.Collect(m.Codecs())
			if len(got) != 1 {
				t.Fatalf("%d codecs", len(got))
			}
			g, w := got[0], c.want
			if g.PayloadType != w.PayloadType || string(g.Name) != string(w.Name) || g.ClockRate != w.ClockRate || g.Channels != w.Channels ||
				string(g.FMTP) != string(w.FMTP) || g.Static != w.Static {
				t.Errorf("got %+v, want %+v", g, w)
			}
			if (g.FMTPLine.Type == 'a') != (g.FMTP != nil) {
				t.Errorf("fmtp %q from line %+v", g.FMTP, g.FMTPLine)
			}
		})
	}
	if n := len(slices.Collect(mediaOf("m=image 1 udptl" + strings.Repeat(" x", MaxFormats+5)).Codecs())); n != MaxFormats {
		t.Errorf("%d codecs of too many formats, want %d", n, MaxFormats)
	}
	if n := len(slices.Collect(mediaOf("m=image 1 udptl" + strings.Repeat(" x", MaxFormats+5)).Formats())); n != MaxFormats+5 {
		t.Errorf("%d formats, want all", n)
	}
}

func TestEvents(t *testing.T) {
	const head = "m=audio 1 RTP/AVP 101\na=rtpmap:101 Telephone-Event/8000\n"
	type span struct{ first, last int }
	for _, c := range []struct {
		fmtp string
		want []span
	}{
		{"", []span{{0, 15}}}, // RFC 4733 §7.1.1
		{"a=fmtp:101 0-15", []span{{0, 15}}},
		{"a=fmtp:101 0-15,66,70", []span{{0, 15}, {66, 66}, {70, 70}}}, // RFC 4733 §2.4.1
		{"a=fmtp:101 32-49,52-60", []span{{32, 49}, {52, 60}}},         // RFC 4733 §2.5.1.1
		{"a=fmtp:101 events=0-11", []span{{0, 11}}},
		{"a=fmtp:101 0-11, 16", []span{{0, 11}, {16, 16}}},
		{"a=fmtp:101 15-0,x,,256,3-,-4,7", []span{{7, 7}}},
	} {
		m := mediaOf(strings.TrimSuffix(head+c.fmtp, "\n"))
		codec, ok := m.Codec("telephone-event")
		if !ok || !codec.IsTelephoneEvent() {
			t.Fatalf("%q: %+v", c.fmtp, codec)
		}
		var got []span
		for first, last := range codec.Events() {
			got = append(got, span{first, last})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.fmtp, got, c.want)
		}
		for _, s := range c.want {
			if !codec.HasEvent(s.first) || !codec.HasEvent(s.last) {
				t.Errorf("%q lacks an event of %v", c.fmtp, s)
			}
		}
		if codec.HasEvent(200) {
			t.Errorf("%q has event 200", c.fmtp)
		}
	}
	if pcmu, _ := mediaOf("m=audio 1 RTP/AVP 0").Codec("PCMU"); pcmu.HasEvent(1) || pcmu.IsTelephoneEvent() {
		t.Error("PCMU has events")
	}
}

func TestDirectionAndHold(t *testing.T) {
	const m = "m=audio 1 RTP/AVP 0\n"
	for _, c := range []struct {
		name      string
		session   string // lines of the session part after t=
		media     string
		direction Direction
		held      bool
	}{
		{"sendrecv by default", "", m, SendRecv, false},
		{"the session's direction", "a=inactive\r\n", m, Inactive, true},
		{"the medium's own direction", "a=inactive\r\n", m + "a=recvonly\n", RecvOnly, false},
		{"sendonly", "", m + "a=sendonly\n", SendOnly, true},
		{"in capitals", "", m + "a=SENDONLY\n", SendOnly, true},
		{"the first of two", "", m + "a=sendonly\na=sendrecv\n", SendOnly, true},
		{"RFC 2543", "", m + "c=IN IP4 0.0.0.0\n", SendRecv, true},
		{"no address yet, ICE will find it", "", m + "c=IN IP4 0.0.0.0\na=ice-ufrag:x\n", SendRecv, false},
		{"bundled with a stream that has an address", "", "m=audio 0 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=bundle-only\n", SendRecv, false},
		{"ICE of the session", "a=ice-ufrag:x\r\n", m + "c=IN IP4 0.0.0.0\n", SendRecv, false},
		{"ICE and sendonly", "a=ice-ufrag:x\r\n", m + "c=IN IP4 0.0.0.0\na=sendonly\n", SendOnly, true},
		{"a rejected stream is not held", "", "m=audio 0 RTP/AVP 0\na=sendonly\n", SendOnly, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Parse([]byte(with("m=", "") + c.session + crlf(c.media)))
			got := s.Media(0)
			if d := got.Direction(); d != c.direction {
				t.Errorf("direction %v, want %v", d, c.direction)
			}
			if got.IsHeld() != c.held || s.IsHeld() != c.held {
				t.Errorf("held %t, session %t, want %t", got.IsHeld(), s.IsHeld(), c.held)
			}
		})
	}
	both := minimal + "a=sendonly\r\nm=video 2 RTP/AVP 31\r\n"
	if Parse([]byte(both)).IsHeld() || !Parse([]byte(both+"a=inactive\r\n")).IsHeld() {
		t.Error("held SDP is that with all streams on hold (RFC 3264 §8.4)")
	}
	for d, want := range map[Direction]struct {
		word            string
		sends, receives bool
	}{SendRecv: {"sendrecv", true, true}, SendOnly: {"sendonly", true, false}, RecvOnly: {"recvonly", false, true}, Inactive: {"inactive", false, false}, DirectionUnknown: {"unknown", false, false}} {
		if d.String() != want.word || d.Sends() != want.sends || d.Receives() != want.receives {
			t.Errorf("%d: %q %t %t", d, d, d.Sends(), d.Receives())
		}
	}
}

func TestPacketTime(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"20": 20 * time.Millisecond, " 30 ": 30 * time.Millisecond, "2.5": 2500 * time.Microsecond, "0.0000011": time.Nanosecond, "4294967296": 4294967296 * time.Millisecond,
	} {
		m := mediaOf("m=audio 1 RTP/AVP 0\na=ptime:" + in + "\na=maxptime:" + in)
		p, ok := m.Ptime()
		q, okMax := m.Maxptime()
		if !ok || !okMax || p != want || q != want {
			t.Errorf("%q: %v %t, %v %t, want %v", in, p, ok, q, okMax, want)
		}
	}
	for _, in := range []string{"x", "", "-20", "20ms", ".5", "5.", "99999999999"} {
		if d, ok := mediaOf("m=audio 1 RTP/AVP 0\na=ptime:" + in).Ptime(); ok {
			t.Errorf("%q is %v", in, d)
		}
	}
	if _, ok := mediaOf("m=audio 1 RTP/AVP 0").Maxptime(); ok {
		t.Error("a packet time that is not there")
	}
}

func TestPorts(t *testing.T) {
	for _, c := range []struct {
		line     string
		port     int
		readable bool
		count    int
		rejected bool
	}{
		{"m=audio 49170/2 RTP/AVP 0", 49170, true, 2, false},
		{"m=audio 0 RTP/AVP 0", 0, true, 1, true},
		{"m=audio 00 RTP/AVP 0", 0, true, 1, true},
		{"m=audio 65536 RTP/AVP 0", 0, false, 1, false},
		{"m=audio 9/x RTP/AVP 0", 9, true, 1, false},
		{"m=audio", 0, false, 1, false},
	} {
		m := mediaOf(c.line)
		if p, ok := m.Port(); p != c.port || ok != c.readable || m.PortCount() != c.count || m.IsRejected() != c.rejected {
			t.Errorf("%s: %d %t x %d, rejected %t", c.line, p, ok, m.PortCount(), m.IsRejected())
		}
	}
}

func TestRTCP(t *testing.T) {
	for _, c := range []struct {
		lines   string
		port    int
		address string
	}{
		{"m=audio 4000 RTP/AVP 0", 4001, ""},
		{"m=audio 4000 RTP/AVP 0\na=rtcp:53020", 53020, ""},
		{"m=audio 4000 RTP/AVP 0\na=rtcp:53020 IN IP4 126.16.64.4", 53020, "126.16.64.4"},
		{"m=audio x RTP/AVP 0\na=rtcp:53020", 53020, ""},
		{"m=audio 4000 RTP/AVP 0\na=rtcp:x", 4001, ""},
		{"m=audio 65535 RTP/AVP 0", 0, ""},
		{"m=audio 0 RTP/AVP 0\na=rtcp:7", 0, ""},
		{"m=image 4000 udptl t38", 0, ""},
	} {
		r, ok := mediaOf(c.lines).RTCP()
		if r.Port != c.port || ok != (c.port != 0) || string(r.Connection.Address) != c.address || r.Explicit != (r.Attribute.Name != nil) {
			t.Errorf("%q: %+v %t", c.lines, r, ok)
		}
	}
}

func TestSecurity(t *testing.T) {
	for proto, secure := range map[string]bool{
		"RTP/AVP": false, "RTP/AVPF": false, "udptl": false, "RTP/SAVP": true, "rtp/savpf": true, "UDP/TLS/RTP/SAVPF": true,
		"UDP/TLS/UDPTL": true, "UDP/DTLS/SCTP": true, "TCP/MSRP": false, "RTP/SAVPX": false,
	} {
		if m := mediaOf("m=audio 1 " + proto + " 0"); m.IsSecure() != secure {
			t.Errorf("%s: %t", proto, m.IsSecure())
		}
	}
	m := mediaOf("m=audio 1 RTP/AVP 0\na=crypto:1 x y")
	if !m.HasCrypto() || m.HasICE() || m.HasRTCPMux() {
		t.Error("a=crypto is not seen, or more than it")
	}
	if _, ok := m.Fingerprint(); ok {
		t.Error("a fingerprint that is not there")
	}
	if a, ok := m.Attribute("CRYPTO"); !ok || string(a.Value) != "1 x y" || a.Line.Type != 'a' {
		t.Errorf("%+v", a)
	}
}

func TestConnections(t *testing.T) {
	for _, c := range []struct {
		in      string
		address string
		ttl     int
		count   int
		addr    bool
	}{
		{"IN IP4 192.0.2.1", "192.0.2.1", -1, 1, true},
		{"IN IP4 233.252.0.1/127", "233.252.0.1", 127, 1, true},
		{"IN IP4 233.252.0.1/127/3", "233.252.0.1", 127, 3, true},
		{"IN IP6 ff00::db8:0:101/3", "ff00::db8:0:101", -1, 3, true},
		{"IN IP4 host.example.com", "host.example.com", -1, 1, false},
		{"IN IP4 XX.XX.2.1", "XX.XX.2.1", -1, 1, false},
		{"IN IP4 1.2.3.4/999/x", "1.2.3.4", -1, 1, true},
		{"IN IP4", "", -1, 1, false},
		{"IN IP4 " + strings.Repeat("1", 500), strings.Repeat("1", 500), -1, 1, false},
	} {
		got, ok := mediaOf("m=audio 1 RTP/AVP 0\nc=" + c.in).Connection()
		_, addr := got.Addr()
		if !ok || string(got.Address) != c.address || got.TTL != c.ttl || got.Count != c.count || addr != c.addr {
			t.Errorf("%s: %+v %t", c.in, got, addr)
		}
	}
}

func TestOrigins(t *testing.T) {
	origin := func(v string) Origin {
		o, _ := Parse([]byte("o=" + v + "\r\n")).Origin()
		return o
	}
	for in, want := range map[string][3]string{ // username, sess-id, address
		"a 1 2 IN IP4 h":            {"a", "1", "h"},
		"John van Doe 1 2 IN IP4 h": {"John van Doe", "1", "h"},
		"a 1":                       {"a", "1", ""},
		"":                          {"", "", ""},
	} {
		o := origin(in)
		if got := [3]string{string(o.Username), string(o.SessID), string(o.Address)}; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if a, b := origin("a 1 2 IN IP4 h"), origin("a 1 3 IN IP4 h"); !a.IsSameSession(b) {
		t.Error("another version is another session")
	}
	for _, other := range []string{"b 1 2 IN IP4 h", "a 2 2 IN IP4 h", "a 1 2 X IP4 h", "a 1 2 IN IP6 h", "a 1 2 IN IP4 i"} {
		if origin("a 1 2 IN IP4 h").IsSameSession(origin(other)) {
			t.Errorf("%q is the same session", other)
		}
	}
}

// The zero Media, which Session.Media returns for a section that is not there, says nothing and does not panic.
func TestZeroMedia(t *testing.T) {
	s := Parse([]byte(minimal))
	for _, m := range []Media{{}, s.Media(-1), s.Media(1)} {
		_, port := m.Port()
		_, conn := m.Connection()
		_, ptime := m.Ptime()
		_, rtcp := m.RTCP()
		_, finger := m.Fingerprint()
		_, codec := m.Codec("PCMU")
		_, attr := m.Attribute("x")
		_, _, dir := m.DirectionAttribute()
		if !m.IsZero() || port || conn || ptime || rtcp || finger || codec || attr || dir || m.IsRejected() || m.IsHeld() || m.IsT38() ||
			m.IsRTP() || m.HasICE() || m.HasCrypto() || m.IsSecure() || m.Direction() != DirectionUnknown || m.PortCount() != 1 ||
			m.Type() != nil || len(m.Lines()) != 0 || m.Line() != (Line{}) || len(slices.Collect(m.Codecs())) != 0 ||
			len(slices.Collect(m.Formats())) != 0 || len(slices.Collect(m.Attributes())) != 0 || len(CommonCodecs(nil, m, s.Media(0))) != 0 ||
			len(m.Description().Formats) != 0 {
			t.Errorf("%+v says something", m)
		}
	}
}
