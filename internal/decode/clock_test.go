package decode

import (
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

func stamp(t *testing.T, s string) syslog.Timestamp {
	t.Helper()
	ts, n := syslog.ParseTimestamp([]byte(s))
	if n != len(s) {
		t.Fatalf("%q is no time", s)
	}
	return ts
}

// The seconds between records, in the order of the log.
func TestClockDifferences(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  *ClockRules
		stamps []string
		want   []int64 // seconds after the first
	}{
		{"December into January", nil, []string{"Dec 31 23:59:59", "Jan  1 00:00:01", "Jan  1 00:00:02"}, []int64{0, 2, 3}},
		{"a late record of the old year", nil, []string{"Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"}, []int64{0, 2, 0, 3}},
		{"a late record before any turn was seen", nil, []string{"Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"}, []int64{0, -2, 1}},
		{"a quiet autumn", nil, []string{"Feb  1 00:00:00", "Nov  1 00:00:00"}, []int64{0, 274 * 86400}},
		{"from October into January", nil, []string{"Oct 31 00:00:00", "Jan  1 00:00:00"}, []int64{0, 62 * 86400}},
		{"two turns of the year", nil, []string{"Dec 31 00:00:00", "Jun 30 00:00:00", "Dec 31 00:00:00", "Jan  1 00:00:00"}, []int64{0, 182 * 86400, 366 * 86400, 367 * 86400}},
		{"disorder within a minute", nil, []string{"Aug 20 16:40:01", "Aug 20 16:40:00"}, []int64{0, -1}},
		{"the leap day of a year that nobody knows", nil, []string{"Feb 28 00:00:00", "Feb 29 00:00:00", "Mar  1 00:00:00"}, []int64{0, 86400, 2 * 86400}},
		{"a year supplied that has no leap day", &ClockRules{Year: 2009}, []string{"Feb 28 00:00:00", "Mar  1 00:00:00"}, []int64{0, 86400}},
		{"a year supplied, over its end", &ClockRules{Year: 2009}, []string{"Dec 31 23:59:59", "Jan  1 00:00:00"}, []int64{0, 1}},
		{"times of day over midnight", nil, []string{"23:59:59", "00:00:01.500", "12:00:00"}, []int64{0, 2, 12*3600 + 1}},
		{"a late one after midnight", nil, []string{"23:59:59", "00:00:01", "23:59:58", "00:00:03"}, []int64{0, 2, -1, 4}},
		{"a quiet day", nil, []string{"00:10:00", "23:50:00"}, []int64{0, 23*3600 + 40*60}},
		{"ISO with zones that differ", nil, []string{"2022-02-11T17:40:45+01:00", "2022-02-11T16:40:46Z"}, []int64{0, 1}},
		{"before 1970", nil, []string{"1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"}, []int64{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := NewClock(c.rules)
			var first capture.Time
			for i, s := range c.stamps {
				got := clock.Time(stamp(t, s))
				if i == 0 {
					first = got
				}
				if d := int64(got.Sub(first) / time.Second); d != c.want[i] {
					t.Errorf("%s comes %d s after the first, want %d", s, d, c.want[i])
				}
				if got.Text() != s {
					t.Errorf("%q is told as %q", s, got.Text())
				}
			}
		})
	}
}

// What is claimed to be UTC, and on whose word.
func TestClockUTC(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no zone information: ", err)
	}
	for _, c := range []struct {
		stamp string
		rules *ClockRules
		want  string // empty: nothing is claimed
		basis capture.Basis
	}{
		{"Aug 20 16:40:00", nil, "", capture.BasisNone},
		{"Aug 20 16:40:00", &ClockRules{Year: 2009}, "", capture.BasisNone},
		{"Aug 20 16:40:00", &ClockRules{Zone: berlin}, "", capture.BasisNone},
		{"Aug 20 16:40:00", &ClockRules{2009, berlin}, "2009-08-20T14:40:00Z", capture.BasisAssumed},
		{"Jan 20 16:40:00", &ClockRules{2009, berlin}, "2009-01-20T15:40:00Z", capture.BasisAssumed},
		{"Feb 29 12:00:00", &ClockRules{2008, time.UTC}, "2008-02-29T12:00:00Z", capture.BasisAssumed},
		{"Feb 29 12:00:00", &ClockRules{2009, time.UTC}, "", capture.BasisNoDay},
		{"Feb 29 12:00:00", &ClockRules{2009, nil}, "", capture.BasisNoDay},
		{"2022-02-11T17:40:45.003Z", nil, "2022-02-11T17:40:45.003Z", capture.BasisLog},
		{"2022-02-11T17:40:45.003+02:00", &ClockRules{2009, berlin}, "2022-02-11T15:40:45.003Z", capture.BasisLog},
		{"2022-02-11 17:40:45", nil, "", capture.BasisNone},
		{"2022-02-11 17:40:45", &ClockRules{Zone: berlin}, "2022-02-11T16:40:45Z", capture.BasisAssumed},
		{"16:40:00", &ClockRules{2009, berlin}, "", capture.BasisNone},
		// In 2022 the hour from 2 to 3 was skipped on 27 March and came twice on 30 October.
		{"2022-03-27 01:59:59", &ClockRules{Zone: berlin}, "2022-03-27T00:59:59Z", capture.BasisAssumed},
		{"2022-03-27 02:30:00", &ClockRules{Zone: berlin}, "", capture.BasisTwice},
		{"2022-03-27 03:00:00", &ClockRules{Zone: berlin}, "2022-03-27T01:00:00Z", capture.BasisAssumed},
		{"2022-10-30 01:59:59", &ClockRules{Zone: berlin}, "2022-10-29T23:59:59Z", capture.BasisAssumed},
		{"2022-10-30 02:30:00", &ClockRules{Zone: berlin}, "", capture.BasisTwice},
		{"2022-10-30 03:00:00", &ClockRules{Zone: berlin}, "2022-10-30T02:00:00Z", capture.BasisAssumed},
	} {
		got := NewClock(c.rules).Time(stamp(t, c.stamp))
		utc, ok := got.UTC()
		text := ""
		if ok {
			text = utc.Format(time.RFC3339Nano)
		}
		if text != c.want || got.Basis != c.basis {
			t.Errorf("%s with %+v is %q on %d, want %q on %d", c.stamp, c.rules, text, got.Basis, c.want, c.basis)
		}
	}
}

// A log that mixes stamps keeps a clock for each of their kinds.
func TestClockMixed(t *testing.T) {
	c := NewClock(nil)
	a := c.Time(stamp(t, "Dec 31 23:59:59"))
	x := c.Time(stamp(t, "23:59:59.900"))
	b := c.Time(stamp(t, "Jan  1 00:00:01"))
	y := c.Time(stamp(t, "00:00:01.900"))
	if b.Sub(a) != 2*time.Second || y.Sub(x) != 2*time.Second {
		t.Error(b.Sub(a), y.Sub(x))
	}
	if !c.Time(syslog.Timestamp{}).IsZero() {
		t.Error("no stamp is a time")
	}
}

// The hour that clocks show twice: one that goes back within it is in its second run; a record that was overtaken is not.
func TestClockTwice(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no zone information: ", err)
	}
	c := NewClock(&ClockRules{2009, york})
	var last capture.Time
	for i, s := range []struct {
		stamp string
		after time.Duration
	}{
		{"Nov  1 01:00:10", 0}, {"Nov  1 01:59:54", 59*time.Minute + 44*time.Second}, {"Nov  1 01:59:53", -time.Second},
		{"Nov  1 01:00:10", 17 * time.Second}, {"Nov  1 01:59:50", 59*time.Minute + 40*time.Second},
	} {
		got := c.Time(stamp(t, s.stamp))
		if d := got.Sub(last); i > 0 && d != s.after || got.Basis != capture.BasisTwice || got.Domain() == capture.DomainUTC {
			t.Errorf("%s comes %s after the one before, want %s; basis %d", s.stamp, d, s.after, got.Basis)
		}
		last = got
	}
	if utc, ok := c.Time(stamp(t, "Nov  1 02:00:00")).UTC(); !ok || utc.Hour() != 7 {
		t.Error(utc, ok)
	}
	// In March the hour was skipped: going back in it is disorder, and no second run.
	c = NewClock(&ClockRules{2009, york})
	if a, b := c.Time(stamp(t, "Mar  8 02:40:00")), c.Time(stamp(t, "Mar  8 02:30:00")); b.Sub(a) != -10*time.Minute {
		t.Error(b.Sub(a))
	}
}
