package emit

import (
	"bytes"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/decode/spa"
	"sipscribe/syslog"
)

// hostile is what somebody might put into a value or a body to make a record of his own.
var hostile = []string{
	"plain", "\r\n[0]Off Hook\r\n", "\n<134>[0]Off Hook", "^M [0]Off Hook^M ^M SIP/2.0 200 OK^M ", "#015#012[0]On Hook#012#015#012", "\x00[0]Off Hook", "\x1b[2J\x1b[31m\x9b\x7f",
	"\r\n\r\nAug 20 16:40:01 192.0.2.66 [0]Off Hook\r\n", "\r\nAug 20 16:40:01 192.0.2.66 SIP/2.0 200 OK^M Via: SIP/2.0/UDP 192.0.2.5^M ^M \r\n",
	"<167>INVITE sip:evil@example.com SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.66^M ^M ", "\r\n\r\nINVITE sip:evil@example.com SIP/2.0\r\nVia: x\r\n\r\n",
	"<134>1 2022-02-11T17:40:45.003Z h a - - - [0]Off Hook", "[0:5060]<<198.51.100.7:5060 BYE sip:b@h SIP/2.0", `\r\n[0]Off Hook\015\012`, "<013><010>[0]Off Hook", " #012(N 7) [0]Off Hook",
	"\xff\xfe\x80\u2028\u202e", "108 <134>1 - - - - - - [0]Off Hook", "--- \r\n<--- SIP read from UDP:198.51.100.7:5060 --->\r\nBYE sip:b@h SIP/2.0\r\n", "[Time:20-08@16:40:00.123]#012(N 7) SIP/2.0 200 OK#015#012",
}

// namesDevice reports whether a text knows how the collector writes the host that logs. A log of one record alone, which has that in it behind a date and nothing to say where its message ends,
// is read as a log that has lost its line ends, and that is told; any other line shows that it has them.
func namesDevice(text string) bool { return strings.Contains(text, device.String()) }

// FuzzHostile holds that one message stays one record: in a capture as it is, in the records and files that escape in one line. Where a
// collector keeps line ends, the damage is bounded by the lines.
func FuzzHostile(f *testing.F) {
	for _, h := range hostile {
		f.Add("b", h, "")
		f.Add("b", "x", h)
		f.Add(h, "x", "")
	}
	f.Fuzz(func(t *testing.T, user, value, body string) {
		if len(user)+len(value)+len(body) > 16<<10 || namesDevice(user+value+body) {
			return
		}
		rec := message(capture.Received, "x")
		rec.Data = []byte("INVITE sip:" + user + "@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.0.3:5060;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n" +
			"Call-ID: 1@h\r\nCSeq: 1 INVITE\r\nSubject: " + value + "\r\n\r\n" + body)
		_, first, sip := startOf(rec.Data)

		// A capture: the packet, and nothing else.
		packets := decodeAll(t, pcap.Format, pcapOf(t, []capture.Record{rec}), nil)
		if sip && (len(packets) != 1 || packets[0].Kind != capture.KindMessage || !bytes.Equal(packets[0].Data, rec.Data)) || len(packets) > 1 {
			t.Fatalf("%d records from one packet: %+v", len(packets), packets)
		}

		// loose: rsyslog takes the first words for host and TAG; of "INVITE sip:[0]Off Hook SIP/2.0", a start line with a broken URI, the rest may
		// then look like an event. It is still one record.
		oneLine := func(name string, file []byte, lines int, loose bool) {
			if n := bytes.Count(file, []byte("\n")); n != lines {
				t.Fatalf("%s has %d lines, want %d: %q", name, n, lines, file)
			}
			messages := 0
			for _, r := range decodeAll(t, spa.Format, file, nil) {
				switch r.Kind {
				case capture.KindMessage:
					messages++
				case capture.KindEvent:
					if messages++; loose {
						continue
					}
					t.Fatalf("%s has an event: %q of %q", name, r.Data, file)
				}
			}
			if messages > lines {
				t.Fatalf("%s has %d messages: %q", name, messages, file)
			}
		}
		lines := 0
		if sip {
			lines = 1
		}
		for _, form := range []Form{RFC5424, RFC3164} {
			for _, plain := range []bool{false, true} {
				var b []byte
				s := Syslog{Form: form, Plain: plain}
				if b = s.AppendRecord(b, &rec); len(b) > 0 {
					b = append(b, '\n')
				}
				for _, c := range b[:max(0, len(b)-1)] {
					if c < ' ' {
						t.Fatalf("a raw %#x: %q", c, b)
					}
				}
				oneLine("a record", b, lines, false)
			}
		}
		// On a stream too, raw or not.
		s := Syslog{Counted: true, Raw: true}
		frames := syslog.NewFrameReader(bytes.NewReader(s.AppendRecord(s.AppendRecord(nil, &rec), &rec)), 1<<20)
		for range 2 * lines {
			if fr, err := frames.Next(); err != nil || !bytes.HasSuffix(fr.Text, bytes.TrimLeft(rec.Data, "\r\n")) {
				t.Fatalf("frame %q, %v", fr.Text, err)
			}
		}
		if fr, err := frames.Next(); err == nil {
			t.Fatalf("a frame too many: %q", fr.Text)
		}

		for _, style := range []CollectorStyle{Sysklogd, Rsyslog, Kiwi} {
			for _, limit := range []int{0, 1022} {
				oneLine("the file of a collector", []byte(logOf(t, &SPA{DebugLevel: 3, Lines: full, PRI: true}, &Collector{Style: style, Limit: limit}, []capture.Record{rec})), lines, style == Rsyslog)
			}
		}
		// With Escape also where line ends are kept.
		oneLine("syslog-ng, escaped", []byte(logOf(t, &SPA{DebugLevel: 3, Lines: full, PRI: true, Escape: syslog.EscapeHashOctal}, &Collector{Style: SyslogNG}, []capture.Record{rec})), lines, false)
		// One line: nothing of the rest.
		s1 := SPA{DebugLevel: 3, Lines: []Line{{Option: DebugOneLine}}}
		if d := s1.AppendDatagram(nil, &rec); sip && !bytes.Equal(d, first) || bytes.ContainsAny(d, "\r\n") {
			t.Fatalf("1-line: %q", d)
		}

		kept := logOf(t, &SPA{DebugLevel: 3, Lines: full}, &Collector{Style: SyslogNG}, []capture.Record{rec})
		if got := decodeAll(t, spa.Format, []byte(kept), nil); len(got) > 1+bytes.Count([]byte(kept), []byte("\n")) {
			t.Fatalf("%d records from %q", len(got), kept)
		}
	})
}

// FuzzEvent holds that what an event is about makes neither a second record nor a message of it.
func FuzzEvent(f *testing.F) {
	for _, h := range hostile {
		f.Add("CC:Failed w/ Calling ", h)
		f.Add("Calling:", h+"@example.com")
		f.Add("[0] ", h)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if namesDevice(before + after) {
			return
		}
		rec := capture.Record{Kind: capture.KindEvent, Time: invite.Time, Observer: []byte(device.String()), Data: []byte(before + after), Event: capture.Event{Name: "failed"}}
		for _, style := range []CollectorStyle{Sysklogd, Rsyslog, SyslogNG, Kiwi} {
			log := logOf(t, &SPA{DebugLevel: 3, PRI: true}, &Collector{Style: style}, []capture.Record{rec})
			got := decodeAll(t, spa.Format, []byte(log), nil)
			if len(got) > 1 || bytes.Count([]byte(log), []byte("\n")) > 1 {
				t.Fatalf("%d records from %q", len(got), log)
			}
			if len(got) == 1 && got[0].Kind == capture.KindMessage {
				t.Fatalf("a message from %q", log)
			}
		}
	})
}
