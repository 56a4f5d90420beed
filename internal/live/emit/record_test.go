package emit

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/spa"
	"sipscribe/syslog"
)

// recordsOf writes records one after the other, with an end behind each.
func recordsOf(t testing.TB, s *Syslog, recs []capture.Record, end string) string {
	t.Helper()
	var b strings.Builder
	s.Send = func(d []byte) error { b.Write(d); b.WriteString(end); return nil }
	for i := range recs {
		if err := s.Emit(&recs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestRecords(t *testing.T) {
	off := event(time.Unix(1250800800, 123456789), capture.Event{Name: "off-hook", Line: 1}, "[0]Off Hook")
	for _, c := range []struct {
		name string
		s    Syslog
		rec  *capture.Record
		want string
	}{
		{"RFC 5424", Syslog{}, &invite, "<134>1 2009-08-20T20:40:00.120000Z 192.168.0.2 sipscribe - SIP - [0:5062]->192.168.0.3:5060 INVITE sip:b@h SIP/2.0#015#012CSeq: 1 INVITE#015#012#015"},
		{"RFC 5424, an event, a zone", Syslog{Location: newYork, Priority: 14, Host: "spa", App: "phone"}, &off, "<14>1 2009-08-20T16:40:00.123456-04:00 spa phone - EVENT - [0]Off Hook"},
		{"RFC 3164", Syslog{Form: RFC3164, Location: newYork, Plain: true}, &ok, "<134>Aug 20 16:40:00 192.168.0.2 sipscribe: SIP/2.0 200 OK#015#012CSeq: 1 INVITE#015#012#015"},
		{"octet-counted and raw", Syslog{Counted: true, Raw: true, Plain: true}, &ok, "108 <134>1 2009-08-20T20:40:00.120000Z 192.168.0.2 sipscribe - SIP - SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"},
	} {
		got := string(c.s.AppendRecord(nil, c.rec))
		if c.s.Counted {
			r := syslog.NewFrameReader(strings.NewReader(got), 0)
			f, err := r.Next()
			if err != nil || f.Method != syslog.OctetCounting || f.Truncated {
				t.Errorf("%s: %+v, %v", c.name, f, err)
			}
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("%s: %v", c.name, err)
			}
			got = string(f.Text)
			_, c.want, _ = strings.Cut(c.want, " ")
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	s := Syslog{Send: func([]byte) error { t.Error("sent"); return nil }}
	for _, rec := range []capture.Record{{Kind: capture.KindMedia, Data: []byte("x")}, {Kind: capture.KindMessage, Data: []byte("[0]Off Hook")}, {}} {
		if err := s.Emit(&rec); err != nil {
			t.Error(err)
		}
	}
	if s.NotSIP != 1 {
		t.Error(s.NotSIP)
	}
}

// Whatever form: messages, events, directions, peers and times come back.
func TestRecordsReadBack(t *testing.T) {
	want := call(t)
	want = append(want, deviceSays(t, time.Unix(0, want[len(want)-1].Time.Clock).Add(time.Second))...)
	for _, c := range []struct {
		name      string
		s         Syslog
		precision time.Duration
	}{
		{"RFC 5424", Syslog{}, time.Microsecond},
		{"RFC 5424 without markers", Syslog{Plain: true, Location: newYork}, time.Microsecond},
		{"RFC 3164", Syslog{Form: RFC3164, Location: newYork}, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decodeAll(t, spa.Format, []byte(recordsOf(t, &c.s, want, "\n")), &decode.ClockRules{Year: 2009, Zone: newYork})
			sameRecords(t, got, want, c.precision)
			for i := range got {
				g, w := &got[i], &want[i]
				if w.Kind != capture.KindMessage || c.s.Plain {
					continue
				}
				peer := w.Dst
				seen := g.Dst
				if w.Direction == capture.Received {
					peer, seen = w.Src, g.Src
				}
				if g.Direction != w.Direction || peer.Addr != seen.Addr || peer.Port != seen.Port {
					t.Fatalf("record %d is %v %v > %v, want %v %v > %v", i, g.Direction, g.Src, g.Dst, w.Direction, w.Src, w.Dst)
				}
			}
		})
	}
	// Framed for a stream: each frame is one record, line ends or not.
	stream := recordsOf(t, &Syslog{Counted: true, Raw: true}, want, "")
	r := syslog.NewFrameReader(strings.NewReader(stream), 0)
	for i := range want {
		f, err := r.Next()
		if err != nil || f.Method != syslog.OctetCounting || !bytes.HasSuffix(f.Text, want[i].Data) {
			t.Fatalf("frame %d is %v %q, %v", i, f.Method, f.Text, err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
}
