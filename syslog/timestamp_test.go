package syslog

import (
	"strings"
	"testing"
	"unsafe"
)

func TestTimestampSize(t *testing.T) {
	if n := unsafe.Sizeof(Timestamp{}); n != 16 {
		t.Errorf("a Timestamp takes %d bytes; its comment says 16", n)
	}
}

func TestParseTimestamp(t *testing.T) {
	for _, c := range []struct {
		text  string
		style Style
		zone  ZoneStyle
	}{
		{"Aug  2 16:40:00", StyleBSD, ZoneNone},
		{"Aug 20 16:40:00", StyleBSD, ZoneNone},
		{"Dec 31 23:59:60", StyleBSD, ZoneNone},
		{"Aug 20 16:40:00.123456", StyleBSD, ZoneNone},
		{"Aug 02 16:40:00", StyleBSDZero, ZoneNone},
		{"Aug 2 16:40:00", StyleBSDBare, ZoneNone},
		{"Aug  2 2009 16:40:00", StyleBSDYear, ZoneNone},
		{"Aug 22 2009 16:40:00.5", StyleBSDYear, ZoneNone},
		{"Aug 02 2009 16:40:00", StyleBSDYearZero, ZoneNone},
		{"Aug 2 2009 16:40:00", StyleBSDYearBare, ZoneNone},
		{"Fri Feb 11 17:40:45 2022", StyleANSIC, ZoneNone},
		{"Fri Feb  4 17:40:45 2022", StyleANSIC, ZoneNone},
		{"Fri Feb 04 17:40:45 2022", StyleANSICZero, ZoneNone},
		{"2022-02-11T17:40:45", StyleISOT, ZoneNone},
		{"2022-02-11T17:40:45.003123+01:00", StyleISOT, ZoneColon},
		{"1985-04-12T19:20:50.52-04:00", StyleISOT, ZoneColon},
		{"2003-08-24T05:14:15.000000003-0700", StyleISOT, ZonePlain},
		{"2003-10-11T22:14:15.003Z", StyleISOT, ZoneZ},
		{"2003-10-11T22:14:15-00:00", StyleISOT, ZoneColonMinus},
		{"2003-10-11T22:14:15-0000", StyleISOT, ZonePlainMinus},
		{"2003-10-11T22:14:15+00:00", StyleISOT, ZoneColon},
		{"2022-02-11 17:40:45", StyleISOSpace, ZoneNone},
		{"2022-02-11 17:40:45.1+0530", StyleISOSpace, ZonePlain},
		{"2012/08/10 21:56:37.829", StyleSlash, ZoneNone},
		{"17:40:45.003", StyleClock, ZoneNone},
		{"00:00:00", StyleClock, ZoneNone},
	} {
		for _, behind := range []string{"", " x", "x"} {
			ts, n := ParseTimestamp([]byte(c.text + behind))
			if n != len(c.text) || ts.Style != c.style || ts.Zone != c.zone || ts.String() != c.text {
				t.Errorf("%q: %d bytes, style %d, zone %d, written %q", c.text+behind, n, ts.Style, ts.Zone, ts.String())
			}
		}
	}
	months := strings.Fields("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
	for i, m := range months {
		if ts, _ := ParseTimestamp([]byte(m + " 11 01:02:03")); int(ts.Month) != i+1 || ts.Day != 11 || ts.Hour != 1 || ts.Minute != 2 || ts.Second != 3 {
			t.Errorf("%s is read as %+v", m, ts)
		}
	}
	ts, _ := ParseTimestamp([]byte("2022-02-11T17:40:45.003-01:30"))
	if ts.Year != 2022 || ts.Nanosecond != 3_000_000 || ts.OffsetMin != -90 || ts.FracDigits != 3 {
		t.Errorf("%+v", ts)
	}
	if ts, _ := ParseTimestamp([]byte("Mon Feb 11 17:40:45 2022")); ts.String() != "Fri Feb 11 17:40:45 2022" {
		t.Errorf("the wrong weekday is written as %q", ts)
	}
}

func TestParseTimestampRefuses(t *testing.T) {
	for _, s := range []string{
		"", "Aug", "Aug 20", "Aug 20 16:40", "Aug 20 16:40:0", "Aug 0 16:40:00", "Aug 32 16:40:00", "aug 20 16:40:00", "Aug 20 24:00:00",
		"Aug 20 16:60:00", "Aug 20 16:40:61", "Aug 20 16.40.00", "Aug 20 16:4a:00", "Aug 20 16:40:001", "Aug 20 16:40:00.1234567890",
		"Aug 20 0000 16:40:00", "Aug  2009 16:40:00", "Xyz 20 16:40:00", "Fri Feb 11 17:40:45 20222", "Fry Feb 11 17:40:45 2022",
		"Fri Feb 11 17:40:45", "2022-00-11T17:40:45", "2022-13-11T17:40:45", "2022-02-00T17:40:45", "2022-02-32T17:40:45",
		"2022/02-11 17:40:45", "2022/02/11T17:40:45", "0000-02-11T17:40:45", "2022-02-11t17:40:45", "17:40", "17:40:4\xff", "1\xb7:40:45", "17:40:455",
	} {
		if ts, n := ParseTimestamp([]byte(s)); n != 0 || ts != (Timestamp{}) {
			t.Errorf("%q is read as %v", s, ts)
		}
	}
	// What is no zone is not part of the time.
	for _, s := range []string{"+1", "+24:00", "+01:60", "+01:000", "-x"} {
		if ts, n := ParseTimestamp([]byte("2022-02-11T17:40:45" + s)); n != 19 || ts.Zone != ZoneNone {
			t.Errorf("%q: %d bytes, %+v", s, n, ts)
		}
	}
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"Aug  2 2009 16:40:00.5", "Fri Feb 11 17:40:45 2022", "2022-02-11T17:40:45.003-01:30", "2012/08/10 21:56:37", "17:40:45.1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ts, n := ParseTimestamp(b)
		got := ts.AppendText(nil)
		want := string(b[:n])
		if n > 0 && (ts.Style == StyleANSIC || ts.Style == StyleANSICZero) {
			got, want = got[3:], want[3:]
		}
		if string(got) != want {
			t.Fatalf("%q is written as %q", want, got)
		}
	})
}
