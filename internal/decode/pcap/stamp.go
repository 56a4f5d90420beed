package pcap

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// stamper makes the time of a record out of the time of a frame. It remembers the present day and second: a busy capture
// has thousands of frames in one second.
type stamper struct {
	time  capture.Time
	valid bool  // sec and day hold
	sec   int64 // the second that time.Stamp shows
	day   int64 // since 1970, whose date time.Stamp shows
}

// maxSeconds is the last second that both a Clock (until 2262) and a stamp can hold.
const maxSeconds = 9_223_372_035

// set makes time the time of the frame. A frame without a time, or with one that no calendar holds, has the zero time.
func (s *stamper) set(f *frame) {
	if !f.timed || f.sec < 0 || f.sec > maxSeconds {
		f.timed = false
		*s = stamper{}
		return
	}
	st := &s.time.Stamp
	if !s.valid || f.sec != s.sec {
		day := f.sec / 86400
		if !s.valid || day != s.day {
			y, m, d := time.Unix(f.sec, 0).UTC().Date()
			*st = syslog.Timestamp{Style: syslog.StyleISOT, Zone: syslog.ZoneZ, Year: int16(y), Month: uint8(m), Day: uint8(d)}
			s.day = day
		}
		tod := f.sec - day*86400
		st.Hour, st.Minute, st.Second = uint8(tod/3600), uint8(tod/60%60), uint8(tod%60)
		s.sec, s.valid = f.sec, true
		s.time.Basis = capture.BasisLog
	}
	st.Nanosecond = f.nsec
	st.FracDigits = f.digits
	s.time.Clock = f.sec*1e9 + int64(f.nsec)
}
