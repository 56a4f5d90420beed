package workload

import (
	"io"
	"time"
)

// What sysklogd 1.3 to 1.6 does to a datagram that is too long (MAXLINE is 1024).
const (
	sysklogdDatagram = 1022 // bytes of the datagram that are read
	sysklogdText     = 1021 // escaping stops when this many characters are written
)

// SyslogOptions vary the log.
type SyslogOptions struct {
	// Cut cuts long messages as sysklogd does. The truth still holds, but messages with a body are not whole.
	Cut bool
	// ISO writes the time with milliseconds, date and zone, "2009-08-20T16:40:00.123Z", in place of "Aug 20 16:40:00".
	ISO bool
}

// SyslogWriter writes messages as sysklogd logs what an adapter sends it:
//
//	Aug 20 16:40:00 192.168.0.2 SIP/2.0 180 Ringing^M Via: SIP/2.0/UDP …^M Content-Length: 0^M ^M
//
// CR becomes ^M and LF a blank; the last LF of a datagram leaves nothing. The time is UTC.
type SyslogWriter struct {
	w      io.Writer
	o      SyslogOptions
	line   []byte
	second int64 // of stamp
	stamp  []byte
}

// NewSyslogWriter returns a writer to w, which is given one whole line at a time.
func NewSyslogWriter(w io.Writer, o SyslogOptions) *SyslogWriter {
	return &SyslogWriter{w: w, o: o, second: -1}
}

// Write writes a message as one line.
func (s *SyslogWriter) Write(m *Message) error {
	b := s.appendStamp(s.line[:0], m.Time)
	b = m.Host.AppendTo(append(b, ' '))
	b = append(b, ' ')
	b = s.appendText(b, m.Data)
	s.line = append(b, '\n')
	_, err := s.w.Write(s.line)
	return err
}

// appendStamp formats the date once a second and not once a message.
func (s *SyslogWriter) appendStamp(b []byte, t time.Time) []byte {
	if sec := t.Unix(); sec != s.second {
		s.second = sec
		layout := "Jan _2 15:04:05"
		if s.o.ISO {
			layout = "2006-01-02T15:04:05"
		}
		s.stamp = t.UTC().AppendFormat(s.stamp[:0], layout)
	}
	b = append(b, s.stamp...)
	if s.o.ISO {
		ms := t.Nanosecond() / 1e6
		b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
	}
	return b
}

func (s *SyslogWriter) appendText(b, data []byte) []byte {
	limit := -1
	if s.o.Cut {
		limit = len(b) + sysklogdText
		data = data[:min(len(data), sysklogdDatagram)]
	}
	if n := len(data); n > 0 && data[n-1] == '\n' {
		data = data[:n-1]
	}
	for len(data) > 0 {
		// Most bytes stand for themselves.
		n := 0
		for n < len(data) && data[n] >= ' ' && data[n] < 0x7f {
			n++
		}
		if limit >= 0 {
			n = min(n, max(0, limit-len(b)))
		}
		b, data = append(b, data[:n]...), data[n:]
		if len(data) == 0 || limit >= 0 && len(b) >= limit {
			break
		}
		switch c := data[0]; {
		case c == '\n':
			b = append(b, ' ')
		case c < ' ':
			b = append(b, '^', c^0x40)
		case c == 0x7f || c < 0xa0:
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			b = append(b, c)
		}
		data = data[1:]
	}
	return b
}
