package syslog

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func stamp(t testing.TB, s string) Timestamp {
	ts, n := ParseTimestamp([]byte(s))
	if n != len(s) {
		t.Fatalf("%q is no time", s)
	}
	return ts
}

func TestAppendRFC5424(t *testing.T) {
	z := stamp(t, "2003-10-11T22:14:15.003Z")
	for _, c := range []struct {
		name string
		r    Record
		want string
	}{
		// RFC 5424 §6.5, examples 1, 2 and 4.
		{"example 1", Record{Priority: 34, Time: z, Host: "mymachine.example.com", App: "su", MsgID: "ID47", BOM: true, Text: []byte("'su root' failed for lonvick on /dev/pts/8")},
			"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' failed for lonvick on /dev/pts/8"},
		{"example 2", Record{Priority: 165, Time: stamp(t, "2003-08-24T05:14:15.000003-07:00"), Host: "192.0.2.1", App: "myproc", ProcID: "8710", Text: []byte("%% It's time to make the do-nuts.")},
			"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts."},
		{"example 4", Record{Priority: 165, Time: z, Host: "mymachine.example.com", App: "evntslog", MsgID: "ID47", Data: []SDElement{
			{"exampleSDID@32473", []SDParameter{{"iut", "3"}, {"eventSource", "Application"}, {"eventID", "1011"}}},
			{"examplePriority@32473", []SDParameter{{"class", "high"}}}}},
			`<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]`},
		{"nothing is known", Record{Priority: NoPriority}, "<13>1 - - - - - -"},
		{"escapes", Record{Priority: 0, Data: []SDElement{{"a b", []SDParameter{{`x="]`, `"\]` + "\xff"}, {"", "no name"}}}, {"", nil}, {"a?b", nil}}},
			`<0>1 - - - - - [a?b x???="\"\\\]` + "\uFFFD" + `"]`},
		{"fields that are too long or have blanks", Record{Priority: 0, Host: "a b\xffé", App: strings.Repeat("x", 60), ProcID: "\n", MsgID: strings.Repeat("m", 33)},
			"<0>1 - a?b??? " + strings.Repeat("x", 48) + " ? " + strings.Repeat("m", 32) + " -"},
		{"no zone", Record{Priority: 0, Time: stamp(t, "2003-10-11T22:14:15")}, "<0>1 - - - - - -"},
		{"no year", Record{Priority: 0, Time: stamp(t, "Aug 20 16:40:00")}, "<0>1 - - - - - -"},
		{"a leap second", Record{Priority: 0, Time: stamp(t, "2016-12-31T23:59:60Z")}, "<0>1 - - - - - -"},
		{"nanoseconds", Record{Priority: 0, Time: stamp(t, "2003-08-24T05:14:15.000000003-0700")}, "<0>1 2003-08-24T05:14:15.000000-07:00 - - - - -"},
		{"a month that is none", Record{Priority: 0, Time: Timestamp{Year: 2003, Month: 13, Day: 1, Zone: ZoneZ, Style: StyleISOT}}, "<0>1 - - - - - -"},
		{"not UTF-8", Record{Priority: 0, BOM: true, Text: []byte("a\xff")}, "<0>1 - - - - - - a\xff"},
	} {
		if got := AppendRFC5424(nil, &c.r); string(got) != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestAppendRFC3164(t *testing.T) {
	ts := stamp(t, "2022-08-02T16:40:00.5Z")
	for _, c := range []struct {
		name string
		r    Record
		want string
	}{
		{"a line of a file", Record{Priority: NoPriority, Time: ts, Host: "192.168.0.2", Text: []byte("[0]Off Hook")}, "Aug  2 16:40:00 192.168.0.2 [0]Off Hook"},
		{"a datagram of a daemon", Record{Priority: 134, Time: ts, Host: "gw", App: "sipura", ProcID: "12", Text: []byte("x")}, "<134>Aug  2 16:40:00 gw sipura[12]: x"},
		{"a datagram of an SPA", Record{Priority: 134, Host: "gw", Text: []byte("x")}, "<134>x"},
		{"an IPv6 host", Record{Priority: 0, Time: ts, Host: "2001:db8::1", App: "a b/c", Text: []byte("x")}, "<0>Aug  2 16:40:00 2001:db8::1 a_b_c: x"},
		{"a clock without a date", Record{Priority: NoPriority, Time: stamp(t, "17:40:45"), Text: []byte("x")}, "x"},
		{"a month that is none", Record{Priority: NoPriority, Time: Timestamp{Month: 13, Day: 1, Style: StyleBSD}, Text: []byte("x")}, "x"},
	} {
		if got := AppendRFC3164(nil, &c.r); string(got) != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// What is written parses back, whatever the fields hold.
func FuzzAppendRFC5424(f *testing.F) {
	f.Add(int16(134), "gw", "app", "7", "id", "a@1", "x", `"\]`, true, []byte("text"))
	f.Add(int16(-1), "", "a b", "-", "\x00", "", "=", "\xff", false, []byte("\xEF\xBB\xBFx"))
	f.Fuzz(func(t *testing.T, pri int16, host, app, pid, msgid, id, name, value string, mark bool, text []byte) {
		r := Record{Priority: Priority(pri), Time: stamp(t, "2003-10-11T22:14:15.003Z"), Host: host, App: app, ProcID: pid, MsgID: msgid,
			Data: []SDElement{{id, []SDParameter{{name, value}}}}, BOM: mark, Text: text}
		line := AppendRFC5424(nil, &r)
		var h Header
		h.Parse(line)
		if h.Shape != ShapeRFC5424 || h.Time != r.Time {
			t.Fatalf("%q is %v", line, h.Shape)
		}
		if r.Priority.Valid() && h.Priority != r.Priority {
			t.Fatalf("%q: priority %d", line, h.Priority)
		}
		if !bytes.Equal(h.Text, bytes.TrimPrefix(text, bom)) {
			t.Fatalf("%q: text %q", line, h.Text)
		}
		nil2 := func(s string, limit int) string {
			if s = string(appendName(nil, s, limit, "")); s == "-" {
				return ""
			}
			return s
		}
		if string(h.Host) != nil2(host, 255) || string(h.App) != nil2(app, 48) || string(h.ProcID) != nil2(pid, 128) || string(h.MsgID) != nil2(msgid, 32) {
			t.Fatalf("%q: %q %q %q %q", line, h.Host, h.App, h.ProcID, h.MsgID)
		}
		if id != "" && name != "" && utf8.ValidString(value) {
			got, ok := SDParam(h.StructuredData, string(appendSDName(nil, id)), string(appendSDName(nil, name)))
			if !ok || string(got) != value {
				t.Fatalf("%q: parameter %q, want %q", line, got, value)
			}
		}
	})
}

func TestWritersDoNotAllocate(t *testing.T) {
	r := Record{Priority: 134, Time: stamp(t, "2003-10-11T22:14:15.003Z"), Host: "gw", App: "a", Data: []SDElement{{"x@1", []SDParameter{{"a", "b"}}}}, Text: message()}
	dst := make([]byte, 0, 8192)
	if n := testing.AllocsPerRun(100, func() {
		AppendRFC5424(dst, &r)
		AppendRFC3164(dst, &r)
		EscapeCaret.AppendEscapedLimit(dst, r.Text, SysklogdLimit(5))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendRFC5424(b *testing.B) {
	r := Record{Priority: 134, Time: stamp(b, "2003-10-11T22:14:15.003Z"), Host: "gw", App: "a", Data: []SDElement{{"x@1", []SDParameter{{"a", "b"}}}}, Text: message()}
	dst := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		AppendRFC5424(dst, &r)
	}
}
