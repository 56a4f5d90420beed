package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own that Go can read
)

// maxOffset is how far from UTC a clock can be: the Line Islands are 14 hours ahead, and nobody is so far behind.
const maxOffset = 14 * time.Hour

// zoneNamed returns the time zone of --timezone: by its name, or by how far it is ahead of UTC.
//
//	Europe/Berlin, UTC           from the database of time zones, with its daylight saving
//	+02:00, -0530, +2, UTC+2     ahead of UTC all the year, as RFC 3339 and ISO 8601 write it
//
// "GMT+2" is none: in that database the like of it (Etc/GMT+2) is two hours behind, and many who write it mean ahead.
func zoneNamed(s string) (*time.Location, error) {
	if ahead, ok := offset(s); ok {
		if ahead.Abs() > maxOffset {
			return nil, withHint(fmt.Errorf("--timezone: %q is further from UTC than any clock", s), `at most "+14:00" or "-14:00"`)
		}
		return time.FixedZone(s, int(ahead/time.Second)), nil
	}
	// "Local" is Go's word for the zone of this machine, and nobody's name of one.
	if zone, err := time.LoadLocation(s); err == nil && s != "Local" {
		return zone, nil
	}
	return nil, withHint(fmt.Errorf("--timezone: there is no time zone %q", s),
		`write a name ("Europe/Berlin", "America/New_York", "UTC"), or how far it is ahead of UTC ("+02:00", "-0500", "UTC+2")`)
}

// offset reads how far a clock is ahead of UTC: a sign, one or two digits of hours, and two of minutes if there are any.
func offset(s string) (ahead time.Duration, ok bool) {
	s = strings.TrimPrefix(s, "UTC")
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes, colon := strings.Cut(s[1:], ":")
	if !colon {
		switch n := len(hours); n {
		case 3, 4:
			hours, minutes = hours[:n-2], hours[n-2:]
		default:
			minutes = "00"
		}
	}
	if len(hours) < 1 || len(hours) > 2 || len(minutes) != 2 {
		return 0, false
	}
	h, err := strconv.ParseUint(hours, 10, 8)
	if err != nil {
		return 0, false
	}
	m, err := strconv.ParseUint(minutes, 10, 8)
	if err != nil || m > 59 {
		return 0, false
	}
	ahead = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if s[0] == '-' {
		ahead = -ahead
	}
	return ahead, true
}
