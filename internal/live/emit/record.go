package emit

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// Form is the form of a Syslog's records.
type Form uint8

const (
	RFC5424 Form = iota // "<134>1 2022-02-11T17:40:45.003123Z host sipscribe - SIP - text"
	RFC3164             // "<134>Feb 11 17:40:45 host sipscribe: text"
)

// Syslog sends each message and each event as one record of RFC 5424 or RFC 3164, whole, with the control characters of its
// text escaped as rsyslog does it (#015#012 for CR LF): no collector has a reason to change such a record, and it reads back as what it
// was. MSGID is SIP or EVENT.
//
// Before a message stands the direction marker that spalog knows, "[0:5060]<<192.0.2.1:5060 ", so that direction and peer are in
// the record.
type Syslog struct {
	Form Form
	Send Sender
	// Counted frames each record by its length (RFC 6587 §3.4.1), for TCP and TLS; without, a record is a datagram (RFC 5426 §3.1).
	Counted  bool
	Priority syslog.Priority // 0 is taken for local0.info, which nobody means by kern.emerg
	Host     string          // HOSTNAME; "": as in Log
	App      string          // APP-NAME or TAG; "": sipscribe
	// Location is the zone of the times; nil: UTC.
	Location *time.Location
	// Raw sends the text as it is, which RFC 5424 allows and counted frames can carry, but many collectors change.
	Raw bool
	// Plain leaves the direction markers out.
	Plain bool

	// NotSIP and Cut are as in SPA.
	NotSIP, Cut int64

	last             string
	text, rec, frame []byte
}

// Emit sends the record of a message or an event.
func (s *Syslog) Emit(rec *capture.Record) error {
	if s.Send == nil {
		return nil
	}
	s.frame = s.AppendRecord(s.frame[:0], rec)
	if len(s.frame) == 0 {
		return nil
	}
	return s.Send(s.frame)
}

// AppendRecord appends the datagram or frame of a record; nothing for what is neither a message nor an event.
func (s *Syslog) AppendRecord(dst []byte, rec *capture.Record) []byte {
	id := "SIP"
	s.text = s.text[:0]
	switch rec.Kind {
	case capture.KindMessage:
		data, _, ok := startOf(rec.Data)
		if !ok {
			s.NotSIP++
			return dst
		}
		if !s.Plain {
			s.text = appendMarker(s.text, rec, 0)
		}
		if s.Raw {
			s.text = append(s.text, data...)
		} else {
			s.text = syslog.EscapeHashOctal.AppendEscaped(s.text, data)
		}
	case capture.KindEvent:
		id = "EVENT"
		s.text = appendEventLine(s.text, rec)
	default:
		return dst
	}
	r := syslog.Record{Priority: s.Priority, Host: host(s.Host, rec, &s.last), App: s.App, Text: s.text}
	if r.Priority == 0 {
		r.Priority = syslog.MakePriority(syslog.Local0, syslog.Informational)
	}
	if r.App == "" {
		r.App = "sipscribe"
	}
	if s.Form == RFC3164 {
		r.Time = stampOf(rec.Time, s.Location, syslog.StyleBSD, 0)
		s.rec = syslog.AppendRFC3164(s.rec[:0], &r)
	} else {
		r.MsgID = id
		r.Time = stampOf(rec.Time, s.Location, syslog.StyleISOT, 6)
		s.rec = syslog.AppendRFC5424(s.rec[:0], &r)
	}
	if s.Counted {
		return syslog.AppendOctetCounted(dst, s.rec)
	}
	if len(s.rec) > MaxDatagram {
		s.Cut++
		s.rec = s.rec[:MaxDatagram]
	}
	return append(dst, s.rec...)
}

// host returns the host that logs a record: the one that is set, as the record has it, the device's own address, or the last.
func host(set string, rec *capture.Record, last *string) string {
	if set != "" {
		return set
	}
	switch a := local(rec).Addr.Unmap().WithZone(""); {
	case len(rec.Observer) > 0:
		if string(rec.Observer) != *last {
			*last = string(rec.Observer)
		}
	case a.IsValid():
		var b [64]byte
		if text := a.AppendTo(b[:0]); string(text) != *last {
			*last = string(text)
		}
	case *last == "":
		return "localhost"
	}
	return *last
}
