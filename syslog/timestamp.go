package syslog

import (
	"encoding/binary"
	"strconv"
)

// Timestamp is a time exactly as a log wrote it: the numbers that stand there, and nothing that does not. A part
// that the log leaves out (the year and the zone, in RFC 3164) stays out; to supply one is the reader's decision and is
// never made here. Style, Zone and FracDigits remember how it was written, so that AppendText gives back the same text.
//
// It is small (16 bytes, no pointers) because one is kept for every message.
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
	// StyleANSICZero is StyleANSIC with the day padded with a zero, as C libraries of Windows are said to
	// write it (no stored log proves it):
	// "Fri Feb 04 17:40:45 2022".
	StyleANSICZero
	// StyleBSDYearZero is StyleBSDYear with the day padded with a zero: "Aug 02 2009 16:40:00".
	StyleBSDYearZero
	// StyleBSDYearBare is StyleBSDYear with the day not padded: "Aug 2 2009 16:40:00".
	StyleBSDYearBare
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
	// ZoneColonMinus is "-00:00": the time is UTC, the local offset is not known (RFC 3339 §4.3).
	ZoneColonMinus
	// ZonePlainMinus is "-0000", which says the same.
	ZonePlainMinus
)

// IsZero reports whether there is no time at all.
func (t Timestamp) IsZero() bool { return t.Style == StyleUnknown }

// HasDate reports whether the log wrote a month and a day.
func (t Timestamp) HasDate() bool { return t.Month != 0 }

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
const dayNames = "SunMonTueWedThuFriSat"

// AppendText appends the time as the log wrote it. The weekday of StyleANSIC is computed from the date: where a log has the
// wrong one (somebody edited the date), the right one is written.
func (t Timestamp) AppendText(dst []byte) []byte {
	month := func() {
		if t.Month >= 1 && t.Month <= 12 {
			dst = append(dst, monthNames[3*(t.Month-1):3*t.Month]...)
		}
	}
	switch t.Style {
	case StyleUnknown:
		return dst
	case StyleBSD, StyleBSDZero, StyleBSDBare, StyleBSDYear, StyleBSDYearZero, StyleBSDYearBare:
		month()
		dst = append(dst, ' ')
		switch {
		case t.Day >= 10 || t.Style == StyleBSDBare || t.Style == StyleBSDYearBare:
			dst = strconv.AppendUint(dst, uint64(t.Day), 10)
		case t.Style == StyleBSDZero || t.Style == StyleBSDYearZero:
			dst = append2(dst, t.Day)
		default:
			dst = append(dst, ' ', '0'+t.Day)
		}
		dst = append(dst, ' ')
		if t.Style != StyleBSD && t.Style != StyleBSDZero && t.Style != StyleBSDBare {
			dst = append4(dst, t.Year)
			dst = append(dst, ' ')
		}
	case StyleANSIC, StyleANSICZero:
		w := weekday(int(t.Year), int(t.Month), int(t.Day))
		dst = append(dst, dayNames[3*w:3*w+3]...)
		dst = append(dst, ' ')
		month()
		dst = append(dst, ' ')
		if t.Day < 10 && t.Style == StyleANSIC {
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
	case ZoneColonMinus:
		dst = append(dst, "-00:00"...)
	case ZonePlainMinus:
		dst = append(dst, "-0000"...)
	}
	if t.Style == StyleANSIC || t.Style == StyleANSICZero {
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

// ParseTimestamp reads the time at the beginning of b in any of the styles and returns it with the number of bytes that it
// takes; 0 and the zero Timestamp if there is none. The parts must be in range (a day up to 31 in every month: a log may be
// wrong), a fraction has 1 to 9 digits, and no digit may follow the last one: a time is not the beginning of a longer number.
// AppendText of the result gives back b[:n], but for the weekday of StyleANSIC.
func ParseTimestamp(b []byte) (t Timestamp, n int) {
	n = t.parse(b)
	if n == 0 {
		return Timestamp{}, 0
	}
	return t, n
}

// parse fills t, which must be zero, and returns the bytes taken. When it returns 0, t may be half filled.
func (t *Timestamp) parse(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	switch c := b[0]; {
	case c >= 'A' && c <= 'W':
		if n := t.parseBSD(b); n > 0 {
			return n
		}
		return t.parseANSIC(b)
	case c >= '0' && c <= '9':
		if b[2] == ':' {
			if !t.parseClock(b) {
				return 0
			}
			t.Style = StyleClock
			return t.parseFraction(b, 8)
		}
		return t.parseISO(b)
	}
	return 0
}

// parseBSD reads "Aug  2 16:40:00" and its variants.
func (t *Timestamp) parseBSD(b []byte) int {
	if len(b) < 14 || b[3] != ' ' {
		return 0
	}
	if t.Month = monthNumber(b[0], b[1], b[2]); t.Month == 0 {
		return 0
	}
	at := 7 // of the clock
	c0, c1 := b[4]-'0', b[5]-'0'
	switch {
	case b[4] == ' ' && c1 <= 9:
		t.Style, t.Day = StyleBSD, c1
	case c0 <= 9 && c1 <= 9:
		t.Style, t.Day = StyleBSD, 10*c0+c1
		if c0 == 0 {
			t.Style = StyleBSDZero
		}
	case c0 <= 9 && b[5] == ' ':
		t.Style, t.Day, at = StyleBSDBare, c0, 6
	default:
		return 0
	}
	if t.Day == 0 || t.Day > 31 || b[at-1] != ' ' {
		return 0
	}
	if len(b) >= at+8 && t.parseClock(b[at:]) {
		return t.parseFraction(b, at+8)
	}
	if len(b) < at+5+8 || b[at+4] != ' ' || !t.parseYear(b[at:]) || !t.parseClock(b[at+5:]) {
		return 0
	}
	switch t.Style {
	case StyleBSD:
		t.Style = StyleBSDYear
	case StyleBSDZero:
		t.Style = StyleBSDYearZero
	case StyleBSDBare:
		t.Style = StyleBSDYearBare
	}
	return t.parseFraction(b, at+5+8)
}

// parseANSIC reads "Fri Feb 11 17:40:45 2022".
func (t *Timestamp) parseANSIC(b []byte) int {
	if len(b) < 24 || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' || b[19] != ' ' || !isDayName(b[:3]) {
		return 0
	}
	if t.Month = monthNumber(b[4], b[5], b[6]); t.Month == 0 {
		return 0
	}
	c0, c1 := b[8]-'0', b[9]-'0'
	switch {
	case b[8] == ' ' && c1 <= 9:
		t.Style, t.Day = StyleANSIC, c1
	case c0 <= 9 && c1 <= 9:
		t.Style, t.Day = StyleANSIC, 10*c0+c1
		if c0 == 0 {
			t.Style = StyleANSICZero
		}
	default:
		return 0
	}
	if t.Day == 0 || t.Day > 31 || !t.parseClock(b[11:]) || !t.parseYear(b[20:]) || digitAt(b, 24) {
		return 0
	}
	return 24
}

// parseISO reads "2022-02-11T17:40:45.003Z", the same with a blank, and "2012/08/10 21:56:37.829".
func (t *Timestamp) parseISO(b []byte) int {
	if len(b) < 19 || !t.parseYear(b) {
		return 0
	}
	switch {
	case b[4] == '-' && b[7] == '-' && b[10] == 'T':
		t.Style = StyleISOT
	case b[4] == '-' && b[7] == '-' && b[10] == ' ':
		t.Style = StyleISOSpace
	case b[4] == '/' && b[7] == '/' && b[10] == ' ':
		t.Style = StyleSlash
	default:
		return 0
	}
	var ok1, ok2 bool
	t.Month, ok1 = twoDigits(b[5], b[6])
	t.Day, ok2 = twoDigits(b[8], b[9])
	if !ok1 || !ok2 || t.Month == 0 || t.Month > 12 || t.Day == 0 || t.Day > 31 || !t.parseClock(b[11:]) {
		return 0
	}
	n := t.parseFraction(b, 19)
	if n == 0 || n == len(b) {
		return n
	}
	switch b[n] {
	case 'Z':
		t.Zone = ZoneZ
		return n + 1
	case '+', '-':
		return n + t.parseZone(b[n:])
	}
	return n
}

// parseZone reads "+02:00" or "+0200"; 0 if it is neither, and then the time is one without a zone.
func (t *Timestamp) parseZone(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	h, ok := twoDigits(b[1], b[2])
	if !ok || h > 23 {
		return 0
	}
	n, zone, minus := 3, ZonePlain, ZonePlainMinus
	if b[3] == ':' {
		n, zone, minus = 4, ZoneColon, ZoneColonMinus
	}
	if len(b) < n+2 {
		return 0
	}
	m, ok := twoDigits(b[n], b[n+1])
	if !ok || m > 59 || digitAt(b, n+2) {
		return 0
	}
	t.Zone, t.OffsetMin = zone, 60*int16(h)+int16(m)
	if b[0] == '-' {
		t.OffsetMin = -t.OffsetMin
		if t.OffsetMin == 0 {
			t.Zone = minus
		}
	}
	return n + 2
}

// parseClock reads "hh:mm:ss", all eight bytes at once.
func (t *Timestamp) parseClock(b []byte) bool {
	const (
		shape = 0x30303A30303A3030 // "00:00:00"
		nines = 0x76767F76767F7676 // added to a byte, sets its high bit if a digit is over 9 or a colon is not one
		highs = 0x8080808080808080
	)
	// After the exclusive or digits are their values and colons are 0. A byte over 127 has its high bit already; where none
	// has, no sum carries into the next byte.
	x := binary.LittleEndian.Uint64(b) ^ shape
	if x&highs != 0 || (x+nines)&highs != 0 {
		return false
	}
	h := uint8(x)*10 + uint8(x>>8)
	m := uint8(x>>24)*10 + uint8(x>>32)
	s := uint8(x>>48)*10 + uint8(x>>56)
	t.Hour, t.Minute, t.Second = h, m, s
	return h <= 23 && m <= 59 && s <= 60
}

// parseFraction reads the fraction at b[n:], if there is one, and returns the offset after it; 0 if digits go on.
func (t *Timestamp) parseFraction(b []byte, n int) int {
	if n >= len(b) || b[n] != '.' || !digitAt(b, n+1) {
		if digitAt(b, n) {
			return 0
		}
		return n
	}
	n++
	var v, digits int32
	for ; digitAt(b, n); n++ {
		if digits == 9 {
			return 0
		}
		v = v*10 + int32(b[n]-'0')
		digits++
	}
	t.FracDigits = uint8(digits)
	for ; digits < 9; digits++ {
		v *= 10
	}
	t.Nanosecond = v
	return n
}

// parseYear reads four digits. The year 0 is none: Timestamp uses it for "no year".
func (t *Timestamp) parseYear(b []byte) bool {
	hi, ok1 := twoDigits(b[0], b[1])
	lo, ok2 := twoDigits(b[2], b[3])
	t.Year = 100*int16(hi) + int16(lo)
	return ok1 && ok2 && t.Year != 0
}

func twoDigits(a, b byte) (uint8, bool) {
	a, b = a-'0', b-'0'
	return 10*a + b, a <= 9 && b <= 9
}

func digitAt(b []byte, i int) bool { return i < len(b) && b[i]-'0' <= 9 }

// monthNumber returns 1 to 12, or 0.
func monthNumber(a, b, c byte) uint8 {
	switch uint32(a)<<16 | uint32(b)<<8 | uint32(c) {
	case 'J'<<16 | 'a'<<8 | 'n':
		return 1
	case 'F'<<16 | 'e'<<8 | 'b':
		return 2
	case 'M'<<16 | 'a'<<8 | 'r':
		return 3
	case 'A'<<16 | 'p'<<8 | 'r':
		return 4
	case 'M'<<16 | 'a'<<8 | 'y':
		return 5
	case 'J'<<16 | 'u'<<8 | 'n':
		return 6
	case 'J'<<16 | 'u'<<8 | 'l':
		return 7
	case 'A'<<16 | 'u'<<8 | 'g':
		return 8
	case 'S'<<16 | 'e'<<8 | 'p':
		return 9
	case 'O'<<16 | 'c'<<8 | 't':
		return 10
	case 'N'<<16 | 'o'<<8 | 'v':
		return 11
	case 'D'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

func isDayName(b []byte) bool {
	for i := 0; i < len(dayNames); i += 3 {
		if string(b) == dayNames[i:i+3] {
			return true
		}
	}
	return false
}
