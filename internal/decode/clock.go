package decode

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// ClockRules are what the user supplies about a log's clock: --year and --timezone.
type ClockRules struct {
	Year int            // of the first record; 0: not supplied
	Zone *time.Location // nil: not supplied
}

// Clock turns the stamps of one source, in the order of the source, into times. It follows a log without years from
// December into January, and one without dates over midnight.
type Clock struct {
	rules ClockRules

	year int   // years that have passed since the first record, of stamps without a year
	doy  int64 // day of the year of the last such stamp, from 1, all months as long as in a leap year
	day  int64 // days that have passed since the first record, of stamps without a date
	tod  int64 // time of day of the last such stamp, in nanoseconds; -1: there was none

	// The last civil date and its day number: most records repeat the date of the one before.
	dateYear, dateMonth, dateDay int
	dateDays                     int64
	dateReal                     bool

	twice int64 // the latest time, as a wall clock shows it, that was seen in an hour that the zone has twice; 0: none
	again bool  // the clock went back within that hour: it is in its second run

	newest capture.Time // of the last stamp that had a date
}

// NewClock returns a clock for one source. rules may be nil.
func NewClock(rules *ClockRules) *Clock {
	c := &Clock{tod: -1}
	if rules != nil {
		c.rules = *rules
	}
	return c
}

// days before each month in a leap year.
var leapDays = [13]int64{0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366}

const dayNanos = 24 * int64(time.Hour)

// Time returns the time of a stamp. Stamps must come in the order of the source.
func (c *Clock) Time(s syslog.Timestamp) capture.Time {
	if s.IsZero() {
		return capture.Time{}
	}
	if s == c.newest.Stamp {
		return c.newest // many a line has the second of the one before
	}
	t := c.time(s)
	if s.HasDate() {
		c.newest = t
	}
	return t
}

// time is Time for a stamp that is not that of the record before.
func (c *Clock) time(s syslog.Timestamp) capture.Time {
	t := capture.Time{Stamp: s}
	tod := (int64(s.Hour)*3600+int64(s.Minute)*60+int64(s.Second))*int64(time.Second) + int64(s.Nanosecond)
	if !s.HasDate() {
		// A time of day alone: the day is not known; only that it went over midnight can be seen. Twelve hours back is a
		// new day, anything less is disorder within a day; almost a day forward is a late record of the day before.
		day := c.day
		switch back := c.tod - tod; {
		case c.tod < 0:
		case back > dayNanos/2:
			c.day++
			day++
		case back < -dayNanos+int64(time.Minute):
			t.Clock = (day-1)*dayNanos + tod
			return t // the clock goes on from the records that came in order
		}
		c.tod = tod
		t.Clock = day*dayNanos + tod
		return t
	}
	year := int(s.Year)
	assumed := false
	if year == 0 {
		// The turn of the year: half a year back is a new year, less is disorder. Almost a year forward is a late record of the
		// old year.
		passed := c.year
		doy := leapDays[s.Month-1] + int64(s.Day)
		switch back := c.doy - doy; {
		case c.doy == 0:
			c.doy = doy
		case back > 366/2:
			c.year++
			passed, c.doy = c.year, doy
		case back < -366+7:
			passed--
		default:
			c.doy = doy
		}
		if c.rules.Year == 0 {
			t.Clock = (int64(passed)*366+doy-1)*dayNanos + tod
			return t
		}
		year, assumed = c.rules.Year+passed, true
	}
	days, real := c.days(year, int(s.Month), int(s.Day))
	wall := days*dayNanos + tod
	t.Clock = wall
	if !real {
		t.Basis = capture.BasisNoDay
		return t
	}
	switch {
	case s.Zone != syslog.ZoneNone:
		t.Clock = wall - int64(s.OffsetMin)*int64(time.Minute)
		t.Basis = capture.BasisLog
		if assumed {
			t.Basis = capture.BasisAssumed
		}
	case c.rules.Zone != nil:
		if utc, ok := inZone(wall, c.rules.Zone); ok {
			t.Clock, t.Basis = utc, capture.BasisAssumed
		} else {
			t.Clock, t.Basis = c.inTwice(wall, utc), capture.BasisTwice
		}
	}
	return t
}

// disorder is how far a clock may go back because records of several writers overtake each other.
const disorder = int64(time.Minute)

// inTwice returns where a time of an hour that the zone has twice stands, of which first is the first of the two: in the second run of that hour, once the clock went back within it by
// more than disorder would. In which run a log begins is not known; it is taken for the first.
func (c *Clock) inTwice(wall, first int64) int64 {
	if c.twice == 0 || wall < c.twice-dayNanos || wall > c.twice+dayNanos {
		c.twice, c.again = wall, false
	}
	if back := c.twice - wall; back > disorder && back <= int64(time.Hour) {
		c.again = true
	}
	c.twice = max(c.twice, wall)
	if !c.again {
		return first
	}
	_, before := time.Unix(0, first).In(c.rules.Zone).Zone()
	_, after := time.Unix(0, first+dayNanos).In(c.rules.Zone).Zone()
	return first + int64(max(0, before-after))*int64(time.Second) // an hour that was skipped has no second run
}

// days returns the days from 1970-01-01 to the civil date, and whether there is such a date.
func (c *Clock) days(y, m, d int) (int64, bool) {
	if y != c.dateYear || m != c.dateMonth || d != c.dateDay {
		date := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		c.dateYear, c.dateMonth, c.dateDay = y, m, d
		c.dateDays, c.dateReal = date.Unix()/86400, date.Day() == d
	}
	return c.dateDays, c.dateReal
}

// inZone returns the instant at which clocks of the zone showed wall, and false if there is none or there are two (the hour
// that daylight saving skips or repeats): then the zone alone cannot tell, and nothing is claimed. The instant returned
// with false is the one by the offset before the change, which keeps the order of the log.
func inZone(wall int64, zone *time.Location) (int64, bool) {
	show := func(utc int64) int64 {
		_, off := time.Unix(0, utc).In(zone).Zone()
		return utc + int64(off)*int64(time.Second)
	}
	_, before := time.Unix(0, wall-dayNanos).In(zone).Zone()
	_, after := time.Unix(0, wall+dayNanos).In(zone).Zone()
	a := wall - int64(before)*int64(time.Second)
	if before == after {
		return a, show(a) == wall
	}
	b := wall - int64(after)*int64(time.Second)
	switch okA, okB := show(a) == wall, show(b) == wall; {
	case okA && okB, !okA && !okB:
		return a, false
	case okB:
		return b, true
	}
	return a, true
}
