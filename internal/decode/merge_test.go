package decode

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// script is a decoder of records "name@time", a time of "-" being none. It hands out one buffer.
type script struct {
	t     *testing.T
	clock *Clock
	lines []string
	buf   []byte
	end   error
}

func newScript(t *testing.T, s string) *script {
	d := &script{t: t, clock: NewClock(nil), end: io.EOF}
	if s != "" {
		d.lines = strings.Split(s, ";")
	}
	return d
}

func (s *script) Next(rec *capture.Record) error {
	if len(s.lines) == 0 {
		return s.end
	}
	name, at, _ := strings.Cut(s.lines[0], "@")
	s.lines = s.lines[1:]
	for i := range s.buf {
		s.buf[i] = '?' // what was lent is gone
	}
	s.buf = append(s.buf[:0], name...)
	*rec = capture.Record{Data: s.buf}
	if at != "-" {
		rec.Time = s.clock.Time(stamp(s.t, at))
	}
	return nil
}

func TestMerge(t *testing.T) {
	const day = "2022-02-11T"
	for _, c := range []struct {
		name    string
		sources []string
		want    string
	}{
		{"nothing", []string{"", ""}, ""},
		{"one", []string{"a@10:00:00;b@09:00:00"}, "a b"},
		{"by time", []string{"a@10:00:00;c@10:00:02", "b@10:00:01;d@10:00:03"}, "a b c d"},
		{"equal times keep the order of the arguments", []string{"a@10:00:00;b@10:00:00", "c@10:00:00"}, "a b c"},
		{"within a source its own order holds", []string{"a@10:00:05;b@10:00:01", "c@10:00:02"}, "c a b"},
		{"no time: where it stands", []string{"a@10:00:00;b@-;c@10:00:09", "d@10:00:01"}, "a b d c"},
		{"no time at the beginning: with the first that has one", []string{"a@10:00:00;b@10:00:05", "x@-;y@-;c@10:00:01"}, "a x y c b"},
		{"no times at all: after the source before", []string{"a@10:00:00;b@10:00:05", "x@-;y@-"}, "a b x y"},
		{"clocks that cannot be compared", []string{"a@" + day + "10:00:00Z;b@" + day + "10:00:02Z", "x@Aug 20 16:40:00;y@Aug 20 16:40:01"}, "a b x y"},
		{"and a third that can", []string{"a@" + day + "10:00:00Z;c@" + day + "10:00:02Z", "x@10:00:00", "b@" + day + "10:00:01Z;d@" + day + "10:00:03Z"}, "a b c d x"},
		{"three", []string{"c@10:00:02", "b@10:00:01", "a@10:00:00"}, "a b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var decoders []Decoder
			for _, s := range c.sources {
				decoders = append(decoders, newScript(t, s))
			}
			m := NewMerge(decoders)
			var got []string
			for {
				var rec capture.Record
				err := m.Next(&rec)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(rec.Data))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
			if err := m.Next(&capture.Record{}); err != io.EOF {
				t.Error("after the end:", err)
			}
		})
	}
}

func TestMergeError(t *testing.T) {
	broken := errors.New("broken")
	bad := newScript(t, "x@-;a@10:00:00")
	bad.end = broken
	m := NewMerge([]Decoder{bad, newScript(t, "b@10:00:01")})
	var rec capture.Record
	for _, want := range []string{"x", "a"} {
		if err := m.Next(&rec); err != nil || string(rec.Data) != want {
			t.Fatalf("%q %v, want %q", rec.Data, err, want)
		}
	}
	if err := m.Next(&rec); err != broken {
		t.Fatal(err)
	}
}

// A record of the hour that a zone has twice stands where it stands, to an hour: it waits for no other source to end.
func TestMergeTwice(t *testing.T) {
	hour := func(n int, basis capture.Basis, text string) capture.Record {
		return capture.Record{Kind: capture.KindMessage, Data: []byte(text), Time: capture.Time{Clock: int64(n) * int64(time.Hour), Basis: basis,
			Stamp: syslog.Timestamp{Style: syslog.StyleISOSpace, Year: 2009, Month: 11, Day: 1, Hour: uint8(n)}}}
	}
	m := NewMerge([]Decoder{
		&list{records: []capture.Record{hour(1, capture.BasisAssumed, "a1"), hour(3, capture.BasisTwice, "a3"), hour(5, capture.BasisAssumed, "a5")}, end: io.EOF},
		&list{records: []capture.Record{hour(2, capture.BasisAssumed, "b2"), hour(4, capture.BasisAssumed, "b4"), hour(6, capture.BasisAssumed, "b6")}, end: io.EOF},
	})
	var got []string
	var rec capture.Record
	for m.Next(&rec) == nil {
		got = append(got, string(rec.Data))
	}
	if s := strings.Join(got, " "); s != "a1 b2 a3 b4 a5 b6" {
		t.Error(s)
	}
}
