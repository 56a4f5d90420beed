package emit

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// Time returns the time of something that happens now, as a tap records it.
func Time(now time.Time) capture.Time {
	return capture.Time{Clock: now.UnixNano(), Stamp: stamp(now.UTC(), syslog.StyleISOT, 9), Basis: capture.BasisReceived}
}

// stamp returns the time as a log writes it: in the zone that t is in, with some digits of fraction, cut off and not rounded, as clocks are read.
func stamp(t time.Time, style syslog.Style, digits uint8) syslog.Timestamp {
	_, offset := t.Zone()
	s := syslog.Timestamp{Year: int16(t.Year()), Month: uint8(t.Month()), Day: uint8(t.Day()), Hour: uint8(t.Hour()), Minute: uint8(t.Minute()), Second: uint8(t.Second()),
		OffsetMin: int16(offset / 60), Style: style, Zone: syslog.ZoneColon}
	if offset == 0 {
		s.Zone = syslog.ZoneZ
	}
	if digits > 0 {
		s.FracDigits = digits
		step := int32(1)
		for range 9 - digits {
			step *= 10
		}
		s.Nanosecond = int32(t.Nanosecond()) / step * step
	}
	if style == syslog.StyleBSD {
		s.Year, s.OffsetMin, s.Zone = 0, 0, syslog.ZoneNone
	}
	return s
}

// stampOf returns the time of a record as a log writes it. Where the record does not know its time in UTC, its stamp is written as
// far as the style goes.
func stampOf(t capture.Time, loc *time.Location, style syslog.Style, digits uint8) syslog.Timestamp {
	if utc, ok := t.UTC(); ok {
		return stamp(utc.In(zone(loc)), style, digits)
	}
	s := t.Stamp
	s.Style = style
	return s
}

// wall returns the time of a record; where it does not know its time in UTC, what its stamp says, as a clock in loc would show it.
func wall(t capture.Time, loc *time.Location) time.Time {
	if utc, ok := t.UTC(); ok {
		return utc
	}
	s := t.Stamp
	year := int(s.Year)
	if year == 0 {
		year = 2000 // every date is there
	}
	return time.Date(year, time.Month(s.Month), int(s.Day), int(s.Hour), int(s.Minute), int(s.Second), int(s.Nanosecond), zone(loc))
}

// zone is UTC where none is given.
func zone(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}
