package emit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/decode/spa"
	"sipscribe/spalog"
	"sipscribe/syslog"
)

var full = []Line{{Option: DebugFull}}

// logOf writes the file of an SPA and a collector.
func logOf(t testing.TB, s *SPA, c *Collector, recs []capture.Record) string {
	t.Helper()
	var b bytes.Buffer
	c.W = &b
	l := Log{SPA: s, Collector: c}
	for i := range recs {
		if err := l.Emit(&recs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// The packets of the example, sent as an SPA does and kept by each collector, are the example's logs to the byte.
func TestCollectorFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		c    Collector
		pri  bool
	}{
		{"seed-call.log", Collector{}, false},
		{"seed-call.log", Collector{}, true},
		{"seed-call-cut.log", Collector{Limit: 1022}, false},
		{"seed-call-rsyslog.log", Collector{Style: Rsyslog}, true},
		{"seed-call-rsyslog.log", Collector{Style: Rsyslog}, false},
		{"seed-call-syslog-ng.log", Collector{Style: SyslogNG}, true},
		{"seed-call-kiwi.log", Collector{Style: Kiwi}, true},
	} {
		c.c.Location = newYork
		got := logOf(t, &SPA{DebugLevel: 3, Lines: full, PRI: c.pri}, &c.c, call(t))
		want := string(example(t, c.name))
		if c.name == "seed-call-cut.log" {
			got = got[:min(len(got), len(want))] // it ends at the CANCEL
		}
		if got != want {
			g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
			for i := range w {
				if i >= len(g) || g[i] != w[i] {
					t.Errorf("%s, PRI %v: line %d is\n%q, want\n%q", c.name, c.pri, i+1, at(g, i), w[i])
					break
				}
			}
			t.Errorf("%s, PRI %v: %d bytes, want %d", c.name, c.pri, len(got), len(want))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// What a collector kept of messages and events reads back as what was emitted.
func TestCollectorReadsBack(t *testing.T) {
	want := call(t)
	want = append(want, deviceSays(t, time.Unix(0, want[len(want)-1].Time.Clock).Add(time.Second))...)
	clock := &decode.ClockRules{Year: 2009, Zone: newYork}
	for _, style := range []CollectorStyle{Sysklogd, Rsyslog, SyslogNG, Kiwi} {
		for _, pri := range []bool{false, true} {
			for _, iso := range []bool{false, true} {
				t.Run(fmt.Sprint("style ", style, " PRI ", pri, " ISO ", iso), func(t *testing.T) {
					log := logOf(t, &SPA{DebugLevel: 3, Lines: full, PRI: pri}, &Collector{Style: style, Location: newYork, ISO: iso}, want)
					precision := time.Second
					if iso && style != Kiwi {
						precision = time.Microsecond
					}
					sameRecords(t, decodeAll(t, spa.Format, []byte(log), clock), want, precision)
					if f := sniffed(t, []byte(log)); f != spa.Format {
						t.Errorf("it is taken for %s", f.Name)
					}
				})
			}
		}
	}
}

// One call, whichever file it is read from: the same story.
func TestSameStory(t *testing.T) {
	recs := call(t)
	clock := &decode.ClockRules{Year: 2009, Zone: newYork}
	wantLog := story(t, spa.Format, example(t, "seed-call.log"), clock, true)
	wantPcap := story(t, pcap.Format, example(t, "seed-call.pcap"), nil, false)
	if len(wantLog) < 3+2*10 || len(wantPcap) < 2+10 {
		t.Fatal(wantLog, wantPcap)
	}
	for name, file := range map[string][]byte{
		"sysklogd":  []byte(logOf(t, &SPA{DebugLevel: 2, Lines: full}, &Collector{Location: newYork}, recs)),
		"rsyslog":   []byte(logOf(t, &SPA{DebugLevel: 2, Lines: full, PRI: true}, &Collector{Style: Rsyslog, Location: newYork, ISO: true}, recs)),
		"syslog-ng": []byte(logOf(t, &SPA{DebugLevel: 2, Lines: full}, &Collector{Style: SyslogNG, Location: newYork}, recs)),
		"kiwi":      []byte(logOf(t, &SPA{DebugLevel: 2, Lines: full, PRI: true}, &Collector{Style: Kiwi, Location: newYork}, recs)),
		"RFC 5424":  []byte(recordsOf(t, &Syslog{}, recs, "\n")),
		"RFC 3164":  []byte(recordsOf(t, &Syslog{Form: RFC3164, Location: newYork, Plain: true}, recs, "\n")),
		"pcap":      pcapOf(t, recs),
	} {
		t.Run(name, func(t *testing.T) {
			f := sniffed(t, file)
			if got := story(t, f, file, clock, false); !slices.Equal(got, wantPcap) {
				t.Errorf("got  %q\nwant %q", got, wantPcap)
			}
			if got := story(t, f, file, clock, true); f != pcap.Format && !slices.Equal(got, wantLog) {
				t.Errorf("got  %q\nwant %q", got, wantLog)
			}
		})
	}
}

// What a daemon does with the texts that an SPA sends without a header.
func TestRsyslogShape(t *testing.T) {
	for text, want := range map[string]string{
		"INVITE sip:b@example.com SIP/2.0\r\nVia: x\r\n\r\n": "Aug 20 16:40:00 INVITE sip: b@example.com SIP/2.0#015#012Via: x#015#012#015",
		"SIP/2.0 200 OK":          "Aug 20 16:40:00 192.0.2.5 SIP/2.0 200 OK",
		"[0]Off Hook":             "Aug 20 16:40:00 192.0.2.5  [0]Off Hook",
		"CC:CallProgress":         "Aug 20 16:40:00 192.0.2.5 CC: CallProgress",
		"Calling:1@h":             "Aug 20 16:40:00 192.0.2.5 Calling: 1@h",
		"system request reboot":   "Aug 20 16:40:00 system request reboot",
		"":                        "Aug 20 16:40:00 192.0.2.5 ",
		"word":                    "Aug 20 16:40:00 192.0.2.5 word",
		"<134>[0]On Hook\ttab":    "Aug 20 16:40:00 192.0.2.5  [0]On Hook#011tab",
		"OPTIONS tel:+1 SIP/2.0 ": "Aug 20 16:40:00 OPTIONS tel: +1 SIP/2.0 ",
	} {
		var b bytes.Buffer
		c := Collector{W: &b, Style: Rsyslog}
		if err := c.Receive(time.Date(2009, 8, 20, 16, 40, 0, 0, time.UTC), "192.0.2.5", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b.String() != want+"\n" {
			t.Errorf("%q is %q, want %q", text, b.String(), want)
		}
	}
}

// Cut as the logger of the seed page cuts: the text of the datagram at 1,022 bytes with its PRI, what is written at 1,021 characters.
func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name, datagram string
		limit, want    int
	}{
		{"as long as it may be", strings.Repeat("x", 1021), 1022, 1021},
		{"one more than is written", strings.Repeat("x", 1022), 1022, 1021},
		{"an escape begins before the end and is whole", strings.Repeat("x", 1020) + "\rx", 1022, 1022},
		{"the PRI counts", "<159>" + strings.Repeat("x", 1022), 1022, 1017},
		{"no limit", strings.Repeat("x", 5000), 0, 5000},
		{"a limit of nearly nothing", strings.Repeat("x", 5000), 1, 1},
	} {
		var b bytes.Buffer
		col := Collector{W: &b, Limit: c.limit}
		if err := col.Receive(time.Unix(0, 0), "h", []byte(c.datagram)); err != nil {
			t.Fatal(err)
		}
		text := strings.TrimSuffix(strings.TrimPrefix(b.String(), "Jan  1 00:00:00 h "), "\n")
		if len(text) != c.want {
			t.Errorf("%s: %d characters, want %d", c.name, len(text), c.want)
		}
		// It is the limit that package syslog knows.
		_, n := syslog.ParsePRI([]byte(c.datagram))
		if c.limit == 1022 {
			if want := syslog.EscapeCaret.AppendEscapedLimit(nil, []byte(c.datagram)[n:], syslog.SysklogdLimit(n)); text != string(want) {
				t.Errorf("%s: %d characters, syslog makes %d", c.name, len(text), len(want))
			}
		}
	}
}

// An event without the line that the device wrote: spalog writes it.
func TestEventWithoutLine(t *testing.T) {
	for _, rec := range deviceSays(t, time.Unix(0, 0)) {
		line := string(rec.Data)
		rec.Data = nil
		got := string(appendEventLine(nil, &rec))
		if rec.Event.Name == spalog.Calling.String() {
			line, _, _ = strings.Cut(line, "@") // the subject has no host
			line += "@"
		}
		if rec.Event.Name == spalog.Other.String() {
			continue // its text is in Data alone
		}
		if got != line {
			t.Errorf("%+v is %q, want %q", rec.Event, got, line)
		}
	}
}

// Who logs an event, of which a tap knows neither observer nor address.
func TestHost(t *testing.T) {
	off := event(time.Unix(0, 0), capture.Event{Name: "off-hook", Line: 1}, "[0]Off Hook")
	off.Observer = nil
	hosts := func(host string) string {
		var b bytes.Buffer
		l := Log{SPA: &SPA{DebugLevel: 3, Lines: []Line{{Option: DebugOneLine}}}, Collector: &Collector{W: &b}, Host: host}
		for _, rec := range []*capture.Record{&off, &ok, &off} {
			if err := l.Emit(rec); err != nil {
				t.Fatal(err)
			}
		}
		var all []string
		for line := range strings.Lines(b.String()) {
			all = append(all, strings.Fields(line)[3])
		}
		return strings.Join(all, " ")
	}
	if got := hosts(""); got != "localhost 192.168.0.2 192.168.0.2" {
		t.Error(got)
	}
	if got := hosts("spa"); got != "spa spa spa" {
		t.Error(got)
	}
}

// A log that is read, and sent and collected again, is the same log to the byte.
func TestLogAgain(t *testing.T) {
	for _, name := range []string{"day-at-home.log", "seed-call.log", "seed-call-cut.log"} {
		want := example(t, name)
		recs := decodeAll(t, spa.Format, want, nil)
		if len(recs) < 7 {
			t.Fatal(len(recs))
		}
		if got := logOf(t, &SPA{DebugLevel: 3, Lines: full, PRI: true}, &Collector{}, recs); got != string(want) {
			g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(string(want), "\n")
			for i := range w {
				if at(g, i) != w[i] {
					t.Errorf("%s, line %d:\n got %q\nwant %q", name, i+1, at(g, i), w[i])
					break
				}
			}
		}
	}
}
