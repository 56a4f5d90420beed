package transport

import (
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/syslog"
)

// tap turns what passes into records: frames are counted from 1, and the bytes of all are one source, one behind the other.
type tap struct {
	to     func(*capture.Record)
	rec    capture.Record
	number int64
	offset int64
	second int64 // that the stamp shows
}

func (t *tap) message(now time.Time, dir capture.Direction, f live.Flow, data []byte) {
	if t.to == nil {
		return
	}
	here, there := endpoint(f.Transport, f.Local), endpoint(f.Transport, f.Remote)
	r := &t.rec
	*r = capture.Record{Kind: capture.KindMessage, Direction: dir, Time: r.Time, Data: data}
	if dir == capture.Sent {
		r.Src, r.Dst = here, there
	} else {
		r.Src, r.Dst = there, here
	}
	t.emit(now)
}

func (t *tap) media(now time.Time, dir capture.Direction, src, dst netip.AddrPort, data []byte) {
	t.rec = capture.Record{Kind: capture.KindMedia, Direction: dir, Time: t.rec.Time, Data: data, Src: endpoint(capture.UDP, src), Dst: endpoint(capture.UDP, dst)}
	t.emit(now)
}

func (t *tap) say(now time.Time, it *live.Item) {
	if t.to == nil {
		return
	}
	t.rec = capture.Record{Kind: capture.KindEvent, Time: t.rec.Time, Data: it.Data, Event: it.Event}
	t.emit(now)
}

func (t *tap) emit(now time.Time) {
	r := &t.rec
	n := int64(len(r.Data))
	t.number++
	r.Origin = capture.Origin{Unit: capture.Frame, Number: t.number, Start: t.offset, End: t.offset + n}
	t.offset += n
	t.stamp(now)
	t.to(r)
	r.Data, r.Event = nil, capture.Event{}
}

// stamp sets the time of the record: the machine's, in UTC, to the microsecond.
func (t *tap) stamp(now time.Time) {
	tm := &t.rec.Time
	ns := now.UnixNano()
	tm.Clock, tm.Basis = ns, capture.BasisReceived
	if sec := ns / 1e9; sec != t.second || tm.Stamp.IsZero() {
		u := now.UTC()
		t.second = sec
		tm.Stamp = syslog.Timestamp{Style: syslog.StyleISOT, Zone: syslog.ZoneZ, FracDigits: 6, Year: int16(u.Year()), Month: uint8(u.Month()), Day: uint8(u.Day()),
			Hour: uint8(u.Hour()), Minute: uint8(u.Minute()), Second: uint8(u.Second())}
	}
	tm.Stamp.Nanosecond = int32(ns % 1e9 / 1e3 * 1e3)
}

// endpoint returns what a record has for an address; nothing where it is not known.
func endpoint(t capture.Transport, a netip.AddrPort) capture.Endpoint {
	if !a.IsValid() || a.Addr().IsUnspecified() {
		return capture.Endpoint{}
	}
	return capture.Endpoint{Addr: a.Addr(), Port: a.Port(), Transport: t}
}
