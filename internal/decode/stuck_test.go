package decode

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// What stands on one line is read as the records that it holds, or it is counted; and it is left alone where it may have been sent so.
func TestStuck(t *testing.T) {
	const (
		head  = "Aug 20 16:40:00 h "
		empty = "BYE sip:b@c SIP/2.0^M Via: x^M Content-Length: 0^M ^M "
		ok    = "SIP/2.0 200 OK^M Via: x^M Content-Length: 0^M ^M "
		text  = "MESSAGE sip:b@c SIP/2.0^M Via: x^M Content-Length: 5^M ^M hello"
		open  = "BYE sip:b@c SIP/2.0^M Via: x^M ^M "
		said  = "BYE sip:b@c SIP/2.0^M Subject: " + head + "BYE sip:b@c SIP/2.0^M Content-Length: 0^M ^M "
		cut   = "BYE sip:b@c SIP/2.0^M Via: x^M Content-Length: 99^M ^M hello"
	)
	for _, c := range []struct {
		name, text string
		want       string // the kinds of the records: message, event, unknown, loss
	}{
		{"two", head + empty + head + ok, "message loss message"},
		{"a body without a line end", head + text + head + ok, "message loss message"},
		{"no Content-Length, a header behind", head + open + head + ok, "message loss message"},
		{"no Content-Length, another line with a header", head + open + head + ok + "\n" + head + ok + "\n", "message loss message"},
		{"no Content-Length, a line without a header", head + open + head + ok + "\nwords\n", "message loss message unknown"},
		{"no Content-Length, a text for a body", head + strings.Replace(text, "Content-Length: 5", "Subject: x", 1) + head + ok, "message loss"},
		{"no Content-Length, a session description", head + strings.Replace(open, "^M ^M ", "^M ^M v=0^M o=x^M ", 1) + head + ok, "message loss message"},
		{"no Content-Length, an event behind", head + open + head + "[0]On Hook" + head + ok, "message loss event message"},
		{"no Content-Length, an event of another host", head + open + "Aug 20 16:40:00 g [0]On Hook", "message"},
		{"no Content-Length, an event of another host, then one's own", head + open + "Aug 20 16:40:00 g [0]On Hook" + head + ok, "message loss"},
		{"no Content-Length, an event of another host, behind one that has it", head + empty + head + open + "Aug 20 16:40:00 g [0]On Hook" + head + ok, "message loss message event message"},
		{"no Content-Length, no header behind", open + ok, "message loss"},
		{"no Content-Length, a fragment for a body", strings.Replace(open, "Via: x", "Content-Type: message/sipfrag", 1) + ok, "message loss"},
		{"no Content-Length behind one that has it", head + empty + head + open + head + ok, "message loss message message"},
		{"no Content-Length behind one that has it, no header", empty + open + ok, "message loss message message"},
		{"no headers", empty + text + ok, "message loss message message"},
		{"no header, and a word behind the body", empty + "and " + ok, "message"},
		{"words between", head + empty + "words " + head + ok, "message loss unknown message"},
		{"an event between", head + empty + head + "[0]On Hook" + head + ok, "message loss event message"},
		{"a direction before", head + empty + head + "[0:5060]<<192.0.2.6:5060 " + ok, "message loss message"},
		{"words behind the last", head + empty + head + ok + "words", "message loss message unknown"},
		{"words behind the only one", head + empty + "words", "message"},
		{"a body that is not whole", head + cut + head + ok, "message loss"},
		{"a body that is not whole, behind one that is", head + empty + head + cut + head + ok, "message loss message message"},
		{"an event first", head + "[0]Off Hook" + head + empty + head + ok, "event loss message message"},
		{"events only, before the first line end", head + "Calling:1@h" + head + "[0]Off Hook" + head + "SYSCFG:WARMBOOT 24 83" + "\nwords\n", "event loss event event unknown"},
		{"words first", head + "words " + head + empty + head + ok, "message loss message"},
		{"a number before the year", "2026-08-20 16:40:00 h SYSCFG:WARMBOOT 24 832026-08-20 16:40:01 h " + empty + "2026-08-20 16:40:01 h " + ok, "event loss message message"},
		{"Kiwi's line ends, and CR", kiwi(head+empty) + "\r " + kiwi(head+open) + "\r " + kiwi(head+ok) + "\r ", "message loss message message"},
		{"rsyslog's blank in the URI", "Aug 20 16:40:00 BYE sip: b@c SIP/2.0#015#012Via: x#015#012Content-Length: 0#015#012#015#012 Aug 20 16:40:00 ACK sip: b@c SIP/2.0#015#012Via: x#015#012Content-Length: 0#015#012", "message loss message"},
		{"line ends that are blanks", "BYE sip:b@c SIP/2.0 Via: x Content-Length: 0  <---> words <--- SIP read from 192.0.2.5:5060 ---> SIP/2.0 200 OK Via: x Content-Length: 12  v=0 s=a b <---> words", "message loss unknown message unknown"},
		{"the line goes on in the next", head + empty + head + "BYE sip:b@c SIP/2.0^M Subject: " + strings.Repeat("x", maxWrapped) + "\nx^M Content-Length: 0^M ^M " + head + ok, "message loss message unknown message"},
		{"a header field that looks like a record", head + said, "message"},
		{"one of them behind it", head + said + head + ok, "message loss message"},
		{"twice", head + empty + head + ok + "\n" + head + empty + head + ok + "\n", "message loss message message message"},
		{"a line end is left", head + empty + "\n" + head + ok + "\n", "message message"},
		{"behind a line that holds one alone", head + empty + "\n" + head + empty + head + ok + "\n" + head + ok + "\n", "message message message"},
	} {
		in := &Input{R: NewReader(strings.NewReader(c.text)), Options: Options{KeepUnrecognised: true, Shown: true}}
		dec := NewText(in)
		dec.Event = DeviceEvent
		var got []string
		var rec capture.Record
		for dec.Next(&rec) == nil {
			got = append(got, [...]string{"unknown", "message", "event", "loss"}[rec.Kind])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, s, c.want)
		}
		checkText(t, []byte(c.text))
	}
}

// kiwi writes the line ends of a record as Kiwi does.
func kiwi(record string) string {
	return strings.ReplaceAll(record, "^M ", "<013><010>")
}

// A CR ends a line where no LF does, and nowhere else.
func TestLoneCRs(t *testing.T) {
	for text, want := range map[string]int{
		"a\rb\rc":                                3,
		"a\rb\rc\r":                              3,
		"a\rb\nc":                                2,
		"a\r\nb\r\n":                             2,
		"INVITE sip:b@c SIP/2.0\r Via: x\r \r":   1, // rsyslog with SpaceLF
		"a\r":                                    1,
		"a\r\x00":                                1,
		strings.Repeat("a\r", SniffLen) + "b\nc": SniffLen + 2,
		strings.Repeat("a\r", SniffLen/2) + "\nc": SniffLen/2 + 2,
	} {
		r := NewReader(strings.NewReader(text))
		r.turnLoneCRs()
		n := 0
		for offset := 0; ; n++ {
			line, _, at, err := r.ReadLine()
			if err == io.EOF {
				break
			}
			if at != int64(offset) || len(bytes.TrimRight(line, "\r\n")) > 0 && line[0] != text[at] {
				t.Fatalf("%.20q: line %d is %q at %d", text, n, line, at)
			}
			offset += len(line)
		}
		if n != want {
			t.Errorf("%.20q: %d lines, want %d", text, n, want)
		}
	}
}

// A collector that stores a record behind a header of its own keeps the events.
func TestEventBehindTwoHeaders(t *testing.T) {
	for _, inner := range []string{"<134>1 2026-08-20T16:40:00Z h spa - EVENT - ", "<134>Aug 20 16:40:00 h spa: ", "<134>"} {
		for text, want := range map[string]int{"[0]Off Hook": 1, "Calling:102@example.com": 1, "words": 0} {
			line := fmt.Sprintf("Aug 20 16:40:00 192.0.2.5 %s%s\n", inner, text)
			dec := NewText(&Input{R: NewReader(strings.NewReader(line))})
			dec.Event = DeviceEvent
			var rec capture.Record
			events := 0
			for dec.Next(&rec) == nil {
				events++
				if string(rec.Data) != text || string(rec.Observer) != "192.0.2.5" || rec.Origin.Start != int64(strings.Index(line, text)) {
					t.Errorf("%q: %q of %q at %d", line, rec.Data, rec.Observer, rec.Origin.Start)
				}
			}
			if events != want {
				t.Errorf("%q: %d events, want %d", line, events, want)
			}
		}
	}
}
