package media

import "time"

// jitter is the interarrival jitter (RFC 3550 §6.4.1, §A.8), in units of the timestamp.
type jitter struct {
	origin  time.Time // arrivals are counted from it
	transit int32
	j       float64
	set     bool
}

// add takes a packet that arrived now.
func (j *jitter) add(now time.Time, timestamp uint32) {
	if j.origin.IsZero() {
		j.origin = now
	}
	// Modulo 2^32, as timestamps are.
	arrival := uint32(int64(now.Sub(j.origin)) / int64(time.Second/SampleRate))
	transit := int32(arrival - timestamp)
	d := float64(transit - j.transit)
	j.transit = transit
	if !j.set {
		j.set = true
		return
	}
	if d < 0 {
		d = -d
	}
	j.j += (d - j.j) / 16
}

func (j *jitter) duration() time.Duration {
	return time.Duration(j.j * float64(time.Second/SampleRate))
}
