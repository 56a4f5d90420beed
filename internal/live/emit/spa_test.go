package emit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/spalog"
	"sipscribe/syslog"
)

// message returns a record of a message from or to port 5062 of the device.
func message(dir capture.Direction, lines ...string) capture.Record {
	rec := capture.Record{Kind: capture.KindMessage, Direction: dir, Time: Time(time.Unix(1250800800, 120e6)), Data: []byte(strings.Join(lines, "\r\n") + "\r\n\r\n"),
		Src: capture.Endpoint{Addr: device, Port: 5062, Transport: capture.UDP}, Dst: capture.Endpoint{Addr: device.Next(), Port: 5060, Transport: capture.UDP}}
	if dir == capture.Received {
		rec.Src, rec.Dst = rec.Dst, rec.Src
	}
	return rec
}

var (
	invite    = message(capture.Sent, "INVITE sip:b@h SIP/2.0", "CSeq: 1 INVITE")
	ok        = message(capture.Received, "SIP/2.0 200 OK", "CSeq: 1 INVITE")
	options   = message(capture.Received, "OPTIONS sip:b@h SIP/2.0", "CSeq: 1 OPTIONS")
	optionsOK = message(capture.Sent, "SIP/2.0 200 OK", "CSeq: 1 OPTIONS")
	notify    = message(capture.Sent, "NOTIFY sip:b@h SIP/2.0", "CSeq: 1 NOTIFY")
	notifyOK  = message(capture.Received, "SIP/2.0 489 Bad Event", "CSeq: 1 NOTIFY")
	register  = message(capture.Sent, "REGISTER sip:h SIP/2.0", "CSeq: 1 REGISTER")
	challenge = message(capture.Received, "SIP/2.0 401 Unauthorized", "CSeq: 1 REGISTER")
)

func TestDebugOption(t *testing.T) {
	all := []*capture.Record{&invite, &ok, &options, &optionsOK, &notify, &notifyOK, &register, &challenge}
	for _, c := range []struct{ name, logged string }{
		{"none", ""},
		{"1-line", "iIoOnNrR"},
		{"1-line excl. OPT", "iInNrR"},
		{"1-line excl. NTFY", "iIoOrR"},
		{"1-line excl. REG", "iIoOnN"},
		{"1-line excl. OPT|NTFY|REG", "iI"},
		{"full", "iIoOnNrR"},
		{"full excl. OPT", "iInNrR"},
		{"full excl. NTFY", "iIoOrR"},
		{"full excl. REG", "iIoOnN"},
		{"full excl. OPT|NTFY|REG", "iI"},
	} {
		o, err := ParseDebugOption(c.name)
		if err != nil || o.String() != c.name {
			t.Fatalf("%s is %v, %v", c.name, o, err)
		}
		s := SPA{DebugLevel: 2, Lines: []Line{{Port: 5062, Option: o}}}
		logged := ""
		for i, rec := range all {
			d := string(s.AppendDatagram(nil, rec))
			if d == "" {
				continue
			}
			logged += "iIoOnNrR"[i : i+1]
			want := string(rec.Data)
			if strings.HasPrefix(c.name, "1-line") {
				want, _, _ = strings.Cut(want, "\r\n")
			}
			if d != want {
				t.Errorf("%s: %q, want %q", c.name, d, want)
			}
		}
		if logged != c.logged {
			t.Errorf("%s logs %s, want %s", c.name, logged, c.logged)
		}
	}
	for name, want := range map[string]DebugOption{"Full": DebugFull, "1-line excl OPT": DebugOneLineExclOPT, "FULL  excl.OPT|NTFY|REG": DebugFullExclAll} {
		if o, err := ParseDebugOption(name); err != nil || o != want {
			t.Errorf("%s is %v, %v", name, o, err)
		}
	}
	if _, err := ParseDebugOption("2-line"); err == nil || !strings.Contains(err.Error(), "full excl. OPT|NTFY|REG") {
		t.Error(err)
	}
	if len(DebugOptions()) != int(DebugFullExclAll)+1 || DebugOption(99).String() != "unknown" || DebugOption(99).Logs(1) {
		t.Error(DebugOptions())
	}
}

// What each Debug Level lets through.
func TestDebugLevel(t *testing.T) {
	recs := append(deviceSays(t, time.Unix(0, 0)), invite)
	for level, want := range []string{
		"boot reboot",
		"off-hook calling call-progress ringback answered failed audio-allocated rtp-up audio-released hook-flash on-hook debug-option boot reboot",
		"off-hook calling call-progress ringback answered failed audio-allocated rtp-up audio-released hook-flash on-hook debug-option boot reboot SIP",
		"off-hook calling call-progress ringback answered failed audio-allocated rtp-up audio-released hook-flash on-hook rse-debug debug-option boot reboot other other SIP",
	} {
		s := SPA{DebugLevel: level, Lines: full}
		var got []string
		for i := range recs {
			if d := s.AppendDatagram(nil, &recs[i]); len(d) > 0 {
				name := recs[i].Event.Name
				if name == "" {
					name = "SIP"
				} else if string(d) != string(recs[i].Data) {
					t.Errorf("%q was written as %q", recs[i].Data, d)
				}
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("level %d lets through\n%s, want\n%s", level, strings.Join(got, " "), want)
		}
	}
}

// Each line has a SIP Debug Option of its own, by its SIP Port.
func TestLines(t *testing.T) {
	s := SPA{DebugLevel: 2, Lines: []Line{{Port: 5062, Option: DebugOneLine}, {Port: 5063, Option: DebugFull}}}
	second := message(capture.Received, "SIP/2.0 200 OK", "CSeq: 1 INVITE")
	second.Dst.Port = 5063
	third := message(capture.Sent, "BYE sip:b@h SIP/2.0", "CSeq: 2 BYE")
	third.Src.Port = 5064
	fourth := message(capture.Sent, "BYE sip:b@h SIP/2.0", "CSeq: 2 BYE")
	fourth.Src = capture.Endpoint{}
	for _, c := range []struct {
		rec  *capture.Record
		want string
	}{{&ok, "SIP/2.0 200 OK"}, {&fourth, "BYE sip:b@h SIP/2.0"}, {&second, string(second.Data)}, {&third, ""}} {
		if got := string(s.AppendDatagram(nil, c.rec)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestServers(t *testing.T) {
	var got []string
	server := func(name string, err error) Sender {
		return func(d []byte) error { got = append(got, name+" "+string(d)); return err }
	}
	off := event(time.Unix(0, 0), capture.Event{Name: spalog.OffHook.String(), Line: 1}, "[0]Off Hook")
	for _, c := range []struct {
		spa  SPA
		want string
		err  bool
	}{
		{SPA{DebugLevel: 3}, "", false},
		{SPA{DebugLevel: 3, SyslogServer: server("s", nil)}, "s [0]Off Hook", false},
		{SPA{DebugLevel: 3, DebugServer: server("d", nil), PRI: true}, "d <151>[0]Off Hook", false},
		{SPA{DebugLevel: 3, SyslogServer: server("s", errors.New("no route")), DebugServer: server("d", nil)}, "s [0]Off Hook,d [0]Off Hook", true},
		{SPA{DebugLevel: 3, SyslogServer: server("s", nil), DebugServer: server("d", errors.New("no route"))}, "s [0]Off Hook,d [0]Off Hook", true},
		{SPA{SyslogServer: server("s", nil)}, "", false},
	} {
		got = nil
		if err := c.spa.Emit(&off); (err != nil) != c.err {
			t.Error(err)
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	// One that fails does not keep a record from the others.
	got = nil
	bad := &SPA{DebugLevel: 3, SyslogServer: server("bad", errors.New("no route"))}
	if err := (Tee{bad, &SPA{DebugLevel: 3, SyslogServer: server("good", nil)}}).Emit(&off); err == nil || len(got) != 2 {
		t.Error(err, got)
	}
}

func TestMarkers(t *testing.T) {
	s := SPA{DebugLevel: 2, Lines: full, Direction: true, PRI: true}
	for rec, want := range map[*capture.Record]string{
		&invite: "<159>[0:5062]->192.168.0.3:5060 INVITE sip:b@h SIP/2.0\r\n",
		&ok:     "<159>[0:5062]<<192.168.0.3:5060 SIP/2.0 200 OK\r\n",
	} {
		if got := string(s.AppendDatagram(nil, rec)); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is no message is not logged as one, and what an event is about stays on its line.
func TestNothingForges(t *testing.T) {
	s := SPA{DebugLevel: 3, Lines: full}
	for _, data := range []string{"[0]Off Hook", "", "\r\n\r\n", "CC:Remote Resume\r\nINVITE sip:b@h SIP/2.0\r\n\r\n", "<134>SIP/2.0 200 OK", " SIP/2.0 200 OK", "Aug 20 16:40:00 h [0]Off Hook"} {
		rec := message(capture.Received, "x")
		rec.Data = []byte(data)
		if got := s.AppendDatagram(nil, &rec); len(got) != 0 {
			t.Errorf("%q is sent as %q", data, got)
		}
	}
	if s.NotSIP != 7 {
		t.Error(s.NotSIP)
	}
	for line, want := range map[string]string{
		"CC:Failed w/ Calling 1\r\n[0]Off Hook\x00\x1b[2J\x7f":   "CC:Failed w/ Calling 1??[0]Off Hook??[2J?",
		"CC:Failed w/ Calling <134>[0]Off Hook":                  "CC:Failed w/ Calling ?134>[0]Off Hook",
		"CC:Failed w/ Calling INVITE sip:b@h SIP/2.0":            "CC:Failed w/ Calling INVITE sip:b@h SIP?2.0",
		"Calling:1<1>[0]On Hook<2>SIP/2.0 200 OK@h":              "Calling:1?1>[0]On Hook<2>SIP?2.0 200 OK@h",
		"Calling:1<1>[0]On Hook<2>[1]On Hook<3>CC:CallProgress@": "Calling:1?1>[0]On Hook?2>[1]On Hook?3>CC:CallProgress@",
	} {
		rec := event(time.Unix(0, 0), capture.Event{Name: spalog.Failed.String()}, line)
		if got := string(s.AppendDatagram(nil, &rec)); got != want {
			t.Errorf("%q is sent as %q, want %q", line, got, want)
		}
	}
	long := message(capture.Sent, "INVITE sip:b@h SIP/2.0", "Subject: "+strings.Repeat("x", 70000))
	if got := s.AppendDatagram(nil, &long); len(got) != MaxDatagram || s.Cut != 1 {
		t.Errorf("%d bytes, %d cut", len(got), s.Cut)
	}
	s.Escape = syslog.EscapeCaret
	if got := string(s.AppendDatagram(nil, &invite)); got != "INVITE sip:b@h SIP/2.0^M CSeq: 1 INVITE^M ^M " {
		t.Errorf("escaped: %q", got)
	}
}

func BenchmarkSPA(b *testing.B) {
	recs := call(b)
	for _, o := range []DebugOption{DebugFull, DebugFullExclAll} {
		b.Run(fmt.Sprint(o), func(b *testing.B) {
			s := SPA{DebugLevel: 3, Lines: []Line{{Option: o}}, PRI: true, SyslogServer: func([]byte) error { return nil }}
			b.ReportAllocs()
			for i := range b.N {
				if err := s.Emit(&recs[i%len(recs)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A connection that the device makes has any port.
func TestLinesOverConnections(t *testing.T) {
	s := SPA{DebugLevel: 2, Lines: []Line{{Port: 5062, User: "spa1", Option: DebugOneLine}, {Port: 5063, User: "spa2", Option: DebugFull}}}
	for _, c := range []struct{ from, to, want string }{
		{"spa1", "x", "INVITE sip:x@h SIP/2.0"},
		{"spa2", "x", "INVITE sip:x@h SIP/2.0\r\nFrom: <sip:spa2@h>;tag=1"},
		{"x", "spa2", "INVITE sip:x@h SIP/2.0\r\nFrom: <sip:x@h>;tag=1"},
		{"x", "y", "INVITE sip:x@h SIP/2.0"},
	} {
		rec := message(capture.Sent, "INVITE sip:x@h SIP/2.0", "From: <sip:"+c.from+"@h>;tag=1", "To: <sip:"+c.to+"@h>")
		rec.Src.Port, rec.Src.Transport, rec.Dst.Transport = 40000, capture.TCP, capture.TCP
		if got := string(s.AppendDatagram(nil, &rec)); !strings.HasPrefix(got, c.want) || c.from == "spa1" && got != c.want {
			t.Errorf("from %s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
		rec.Src.Transport, rec.Dst.Transport = capture.UDP, capture.UDP
		if got := s.AppendDatagram(nil, &rec); len(got) > 0 {
			t.Errorf("a datagram from a port of no line is logged: %q", got)
		}
	}
}
