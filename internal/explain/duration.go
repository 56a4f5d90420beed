package explain

import (
	"strconv"
	"time"
)

// longestDuration is how many bytes a time takes at most, in words.
const longestDuration = 40

// duration tells a time between two messages as a person would: "0.4 s", "16 s", "1 min 5 s", "2 h 3 min".
func (t *Teller) duration(d, precision time.Duration) string {
	at := t.room(longestDuration)
	t.made = appendDuration(t.made, d, precision)
	return view(t.made[at:])
}

// span tells a time that a message names, which is exact.
func (t *Teller) span(d time.Duration) string {
	if d < 10*time.Second && d%time.Second == 0 {
		return t.joined(t.number(int64(d/time.Second)), " s")
	}
	return t.duration(d, time.Second)
}

// number is a number in digits.
func (t *Teller) number(n int64) string {
	at := t.room(longestDuration)
	t.made = strconv.AppendInt(t.made, n, 10)
	return view(t.made[at:])
}

func appendDuration(dst []byte, d, precision time.Duration) []byte {
	number := func(n time.Duration, unit string) {
		dst = append(strconv.AppendInt(dst, int64(n), 10), unit...)
	}
	switch {
	case d == 0 && precision >= time.Second:
		dst = append(dst, "less than a second"...)
	case d < 10*time.Second && precision >= time.Second:
		dst = append(dst, "about "...)
		number((d+time.Second/2)/time.Second, " s") // up to a second more or less
	case d < 10*time.Second && precision < time.Second:
		dst = append(strconv.AppendFloat(dst, d.Seconds(), 'f', 1, 64), " s"...)
	case d < 100*time.Second:
		number((d+time.Second/2)/time.Second, " s")
	case d < time.Hour:
		s := (d + time.Second/2) / time.Second
		if number(s/60, " min"); s%60 != 0 {
			dst = append(dst, ' ')
			number(s%60, " s")
		}
	default:
		switch days := (d + 12*time.Hour) / (24 * time.Hour); {
		case days > 730:
			number(days/365, " years")
			return dst
		case days > 2:
			number(days, " days")
			return dst
		}
		m := (d + time.Minute/2) / time.Minute
		if number(m/60, " h"); m%60 != 0 {
			dst = append(dst, ' ')
			number(m%60, " min")
		}
	}
	return dst
}
