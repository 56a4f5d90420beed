package syslog

import "strconv"

// Timestamp is a time exactly as a log wrote it: the numbers that stand there, and nothing that does not. A part
// that the log leaves out (the year and the zone, in RFC 3164) stays out; to supply one is the reader's decision and is
// never made here. Style, Zone and FracDigits remember how it was written, so that AppendText gives back the same text.
//
// It is small (20 bytes, no pointers) because one is kept for every message.
type Timestamp struct {
	Nanosecond int32 // 0 to 999,999,999
	Year       int16 // 0: the log has no year
	OffsetMin  int16 // minutes east of UTC; counts only if Zone says that there is a zone
	Month      uint8 // 1 to 12; 0: the log has no date, only a time of day
	Day        uint8 // 1 to 31; 0 as Month
	Hour       uint8 // 0 to 23
	Minute     uint8 // 0 to 59
	Second     uint8 // 0 to 60: a leap second is kept as written
	FracDigits uint8 // digits of fraction that were written, 0 to 9
	Style      Style
	Zone       ZoneStyle
}

// Style is the order and punctuation in which a log wrote a time.
type Style uint8

const (
	// StyleUnknown: there is no time.
	StyleUnknown Style = iota
	// StyleBSD is RFC 3164 §4.1.2: "Aug  2 16:40:00", the day padded with a blank.
	StyleBSD
	// StyleBSDZero is the same with the day padded with a zero: "Aug 02 16:40:00".
	StyleBSDZero
	// StyleBSDBare is the same with the day not padded: "Aug 2 16:40:00".
	StyleBSDBare
	// StyleBSDYear has the year after the day (Cisco): "Aug  2 2009 16:40:00".
	StyleBSDYear
	// StyleANSIC is C's asctime (tftpd64): "Fri Feb 11 17:40:45 2022".
	StyleANSIC
	// StyleISOT is RFC 3339, RFC 5424 §6.2.3: "2022-02-11T17:40:45.003Z".
	StyleISOT
	// StyleISOSpace is the same with a blank between date and time: "2022-02-11 17:40:45".
	StyleISOSpace
	// StyleSlash is "2012/08/10 21:56:37.829".
	StyleSlash
	// StyleClock is a time of day alone: "17:40:45.003".
	StyleClock
)

// ZoneStyle is how a log wrote its time zone.
type ZoneStyle uint8

const (
	// ZoneNone: the log gives no zone.
	ZoneNone ZoneStyle = iota
	// ZoneZ is "Z".
	ZoneZ
	// ZoneColon is "+02:00".
	ZoneColon
	// ZonePlain is "+0200".
	ZonePlain
)

// IsZero reports whether there is no time at all.
func (t Timestamp) IsZero() bool { return t.Style == StyleUnknown }

// HasDate reports whether the log wrote a month and a day.
func (t Timestamp) HasDate() bool { return t.Month != 0 }

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
const dayNames = "SunMonTueWedThuFriSat"

// AppendText appends the time as the log wrote it.
func (t Timestamp) AppendText(dst []byte) []byte {
	month := func() {
		if t.Month >= 1 && t.Month <= 12 {
			dst = append(dst, monthNames[3*(t.Month-1):3*t.Month]...)
		}
	}
	switch t.Style {
	case StyleUnknown:
		return dst
	case StyleBSD, StyleBSDZero, StyleBSDBare, StyleBSDYear:
		month()
		dst = append(dst, ' ')
		switch {
		case t.Day >= 10 || t.Style == StyleBSDBare:
			dst = strconv.AppendUint(dst, uint64(t.Day), 10)
		case t.Style == StyleBSDZero:
			dst = append2(dst, t.Day)
		default:
			dst = append(dst, ' ', '0'+t.Day)
		}
		dst = append(dst, ' ')
		if t.Style == StyleBSDYear {
			dst = append4(dst, t.Year)
			dst = append(dst, ' ')
		}
	case StyleANSIC:
		w := weekday(int(t.Year), int(t.Month), int(t.Day))
		dst = append(dst, dayNames[3*w:3*w+3]...)
		dst = append(dst, ' ')
		month()
		dst = append(dst, ' ')
		if t.Day < 10 {
			dst = append(dst, ' ', '0'+t.Day)
		} else {
			dst = append2(dst, t.Day)
		}
		dst = append(dst, ' ')
	case StyleISOT, StyleISOSpace, StyleSlash:
		sep, mid := byte('-'), byte(' ')
		if t.Style == StyleSlash {
			sep = '/'
		}
		if t.Style == StyleISOT {
			mid = 'T'
		}
		dst = append4(dst, t.Year)
		dst = append(dst, sep)
		dst = append2(dst, t.Month)
		dst = append(dst, sep)
		dst = append2(dst, t.Day)
		dst = append(dst, mid)
	}
	dst = t.AppendClock(dst)
	switch t.Zone {
	case ZoneZ:
		dst = append(dst, 'Z')
	case ZoneColon, ZonePlain:
		off, sign := t.OffsetMin, byte('+')
		if off < 0 {
			off, sign = -off, '-'
		}
		dst = append(dst, sign)
		dst = append2(dst, uint8(off/60))
		if t.Zone == ZoneColon {
			dst = append(dst, ':')
		}
		dst = append2(dst, uint8(off%60))
	}
	if t.Style == StyleANSIC {
		dst = append(dst, ' ')
		dst = append4(dst, t.Year)
	}
	return dst
}

// AppendClock appends the time of day alone, with the fraction that the log wrote: "16:40:00" or "17:40:45.003".
func (t Timestamp) AppendClock(dst []byte) []byte {
	dst = append2(dst, t.Hour)
	dst = append(dst, ':')
	dst = append2(dst, t.Minute)
	dst = append(dst, ':')
	dst = append2(dst, t.Second)
	if t.FracDigits > 0 {
		dst = append(dst, '.')
		n, div := t.Nanosecond, int32(100_000_000)
		for i := uint8(0); i < t.FracDigits && i < 9; i++ {
			dst = append(dst, '0'+byte(n/div%10))
			div /= 10
		}
	}
	return dst
}

// String returns the time as the log wrote it.
func (t Timestamp) String() string { return string(t.AppendText(nil)) }

func append2(dst []byte, n uint8) []byte { return append(dst, '0'+n/10%10, '0'+n%10) }

func append4(dst []byte, n int16) []byte {
	return append(dst, '0'+byte(n/1000%10), '0'+byte(n/100%10), '0'+byte(n/10%10), '0'+byte(n%10))
}

// weekday is Sakamoto's method; 0 is Sunday.
func weekday(y, m, d int) int {
	if m < 1 || m > 12 {
		return 0
	}
	t := [...]int{0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4}
	if m < 3 {
		y--
	}
	w := (y + y/4 - y/100 + y/400 + t[m-1] + d) % 7
	return (w + 7) % 7
}
