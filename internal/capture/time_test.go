package capture

import (
	"testing"
	"time"

	"sipscribe/syslog"
)

func TestTime(t *testing.T) {
	at := time.Date(2009, 8, 20, 16, 40, 0, 123e6, time.UTC)
	full := syslog.Timestamp{Style: syslog.StyleISOT, Year: 2009, Month: 8, Day: 20, Hour: 16, Minute: 40, Nanosecond: 123e6, FracDigits: 3, Zone: syslog.ZoneZ}
	noZone := full
	noZone.Zone = syslog.ZoneNone
	bsd := syslog.Timestamp{Style: syslog.StyleBSD, Month: 8, Day: 20, Hour: 16, Minute: 40}
	clock := syslog.Timestamp{Style: syslog.StyleClock, Hour: 16, Minute: 40, Nanosecond: 5e6, FracDigits: 3}
	for _, c := range []struct {
		name      string
		time      Time
		zero, utc bool
		precision time.Duration
		domain    Domain
		basis     string
		text      string
	}{
		{"none", Time{}, true, false, time.Second, DomainClock, "log", ""},
		{"date, year and zone", Time{Clock: at.UnixNano(), Stamp: full, Basis: BasisLog}, false, true, time.Millisecond, DomainUTC, "log", "2009-08-20T16:40:00.123Z"},
		{"a year, no zone", Time{Clock: at.UnixNano(), Stamp: noZone}, false, false, time.Millisecond, DomainWall, "log", "2009-08-20T16:40:00.123"},
		{"no year", Time{Clock: 1, Stamp: bsd}, false, false, time.Second, DomainYearless, "log", "Aug 20 16:40:00"},
		{"no year, but the user says which", Time{Clock: at.UnixNano(), Stamp: bsd, Basis: BasisAssumed}, false, true, time.Second, DomainUTC, "assumed", "Aug 20 16:40:00"},
		{"no date", Time{Clock: 1, Stamp: clock}, false, false, time.Millisecond, DomainClock, "log", "16:40:00.005"},
		{"no date, but we know when it came", Time{Clock: at.UnixNano(), Stamp: clock, Basis: BasisReceived}, false, true, time.Millisecond, DomainUTC, "received", "16:40:00.005"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := c.time
			if x.IsZero() != c.zero {
				t.Errorf("IsZero is %v", x.IsZero())
			}
			utc, ok := x.UTC()
			if ok != c.utc || ok && !utc.Equal(at) || ok && utc.Location() != time.UTC {
				t.Errorf("UTC is %v, %v; want %v, %v", utc, ok, at, c.utc)
			}
			if got := x.Precision(); got != c.precision {
				t.Errorf("the precision is %v, want %v", got, c.precision)
			}
			if got := x.Domain(); got != c.domain || got >= Domains {
				t.Errorf("the domain is %v, want %v", got, c.domain)
			}
			if got := x.Basis.String(); got != c.basis {
				t.Errorf("the basis is %q, want %q", got, c.basis)
			}
			if got := x.Text(); got != c.text {
				t.Errorf("the text is %q, want %q", got, c.text)
			}
		})
	}
}

// The step of a clock is that of the digits that were written, to the nanosecond.
func TestPrecision(t *testing.T) {
	want := []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, 100 * time.Microsecond, 10 * time.Microsecond,
		time.Microsecond, 100, 10, 1, 1, 1}
	for digits, w := range want {
		x := Time{Stamp: syslog.Timestamp{Style: syslog.StyleClock, FracDigits: uint8(digits)}}
		if got := x.Precision(); got != w {
			t.Errorf("%d digits: %v, want %v", digits, got, w)
		}
	}
}

// Times are subtracted by their clocks, both ways, also over what the stamps cannot show.
func TestSub(t *testing.T) {
	a := Time{Clock: 10e9, Stamp: syslog.Timestamp{Style: syslog.StyleBSD, Month: 12, Day: 31, Hour: 23, Minute: 59, Second: 55}}
	b := Time{Clock: 20e9, Stamp: syslog.Timestamp{Style: syslog.StyleBSD, Month: 1, Day: 1, Second: 5}}
	if got := b.Sub(a); got != 10*time.Second {
		t.Errorf("from %s to %s: %v, want 10s", a.Text(), b.Text(), got)
	}
	if got := a.Sub(b); got != -10*time.Second {
		t.Errorf("from %s to %s: %v, want -10s", b.Text(), a.Text(), got)
	}
}

func TestInUTC(t *testing.T) {
	bsd := Time{Basis: BasisAssumed, Clock: time.Date(2009, 8, 20, 16, 40, 0, 0, time.UTC).UnixNano(),
		Stamp: syslog.Timestamp{Style: syslog.StyleBSD, Month: 8, Day: 20, Hour: 18, Minute: 40}}
	if u := bsd.InUTC(); u.Text() != "2009-08-20T16:40:00Z" || u.Precision() != time.Second || u.Clock != bsd.Clock {
		t.Errorf("%s %v", u.Text(), u)
	}
	fine := bsd
	fine.Clock += 310e6
	fine.Stamp.Nanosecond, fine.Stamp.FracDigits = 310e6, 2
	if u := fine.InUTC(); u.Text() != "2009-08-20T16:40:00.31Z" {
		t.Error(u.Text())
	}
	for _, basis := range []Basis{BasisNone, BasisTwice, BasisNoDay} {
		if bsd.Basis = basis; bsd.InUTC() != bsd {
			t.Errorf("%d: UTC cannot be told", basis)
		}
	}
	if z := (Time{}); z.InUTC() != z {
		t.Error("no time")
	}
}
