package capture

import (
	"time"

	"sipscribe/syslog"
)

// Time is a source's time: the stamp as it was written, and Clock, a count of nanoseconds by which records of one clock
// are put in order and subtracted. Where the log has a zone (or the user gave one) Clock counts from 1970 UTC. Where it has
// none, Clock is the wall clock counted as if it were UTC. Where it has no year either, Clock counts leap years of
// 366 days from a first year of no number, so that differences are right, also from December into January, and nothing
// about the year is claimed.
type Time struct {
	Clock int64
	Stamp syslog.Timestamp
	Basis Basis
}

// Basis says on whose word the time in UTC stands.
type Basis uint8

const (
	// BasisNone: UTC cannot be told, since the log has no year or no zone and nobody supplied them.
	BasisNone Basis = iota
	// BasisLog: the log itself has date, year and zone.
	BasisLog
	// BasisAssumed: the user supplied the year or the zone.
	BasisAssumed
	// BasisReceived: it is the time at which we received it.
	BasisReceived
	// BasisBeside: the log does not tell, but another source has the same messages and does.
	BasisBeside
	// BasisTwice: date and zone are known, but clocks of the zone showed this time twice, or never (daylight saving): UTC cannot be told.
	BasisTwice
	// BasisNoDay: the year has no such day, 29 February of one that is no leap year: what was supplied, or the log, is wrong.
	BasisNoDay
)

// String returns the word that the data contract uses. A time whose UTC cannot be told is still the log's.
func (b Basis) String() string {
	switch b {
	case BasisAssumed:
		return "assumed"
	case BasisReceived:
		return "received"
	case BasisBeside:
		return "beside"
	}
	return "log"
}

// tells reports whether UTC can be told.
func (b Basis) tells() bool { return b != BasisNone && b < BasisTwice }

// IsZero reports whether the source gave no time.
func (t Time) IsZero() bool { return t.Stamp.IsZero() }

// UTC returns the time in UTC, and false if the log does not say enough and nobody supplied what is missing.
func (t Time) UTC() (time.Time, bool) {
	if !t.Basis.tells() {
		return time.Time{}, false
	}
	return time.Unix(0, t.Clock).UTC(), true
}

// InUTC returns the time as a capture writes it, in UTC and as finely as it was written: for where times of several forms stand side by side. It is the same if UTC cannot be told.
func (t Time) InUTC() Time {
	utc, ok := t.UTC()
	if !ok || t.Stamp.IsZero() || utc.Year() < 1 || utc.Year() > 9999 {
		return t
	}
	t.Stamp = syslog.Timestamp{Style: syslog.StyleISOT, Zone: syslog.ZoneZ, Year: int16(utc.Year()), Month: uint8(utc.Month()), Day: uint8(utc.Day()),
		Hour: uint8(utc.Hour()), Minute: uint8(utc.Minute()), Second: uint8(utc.Second()), Nanosecond: int32(utc.Nanosecond()), FracDigits: t.Stamp.FracDigits}
	return t
}

// Precision returns the step of the clock as it was written: a second for "16:40:00", a millisecond for "16:40:00.123".
func (t Time) Precision() time.Duration {
	p := time.Second
	for i := uint8(0); i < t.Stamp.FracDigits && i < 9; i++ {
		p /= 10
	}
	return p
}

// Sub returns the time from u to t. It means something only for two times of one clock.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t.Clock - u.Clock) }

// Text returns the time as the log wrote it.
func (t Time) Text() string { return t.Stamp.String() }

// Domain tells clocks apart whose times cannot be compared or subtracted.
type Domain uint8

const (
	DomainUTC      Domain = iota // counts from 1970 UTC
	DomainWall                   // a wall clock of an unknown zone
	DomainYearless               // and of an unknown year
	DomainClock                  // a time of day of an unknown date
	Domains                      // the number of them
)

// Domain returns the domain of the time.
func (t Time) Domain() Domain {
	switch {
	case t.Basis.tells():
		return DomainUTC
	case !t.Stamp.HasDate():
		return DomainClock
	case t.Stamp.Year == 0:
		return DomainYearless
	}
	return DomainWall
}
