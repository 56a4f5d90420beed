package emit

import (
	"io"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// CollectorStyle is the program whose file a Collector writes.
type CollectorStyle uint8

const (
	// Sysklogd is sysklogd 1.3 to 1.6, the collector of the seed page: "Aug 20 16:40:00 192.168.0.2 INVITE sip:… SIP/2.0^M Via: …". CR is
	// ^M, LF a blank; the text ends at NUL.
	Sysklogd CollectorStyle = iota
	// Rsyslog is rsyslog 8 with its template RSYSLOG_TraditionalFileFormat: CR LF is #015#012. It takes the first word of a text without a
	// header for the host, if it looks like one, and what stands before a colon or a blank for the TAG; a request loses its sender
	// so: "Aug 20 16:40:00 INVITE sip: b@example.com SIP/2.0#015#012Via: …".
	Rsyslog
	// SyslogNG is syslog-ng 3 and 4 with defaults: line ends are kept, so that a message spreads over lines of which the first alone has a
	// header. A hostile body can forge records in this file; see the package comment.
	SyslogNG
	// Kiwi is Kiwi Syslog on Windows: "2009-08-20 16:40:00 TAB Local3.Debug TAB 192.168.0.2 TAB text", CR LF is <013><010>.
	Kiwi
)

// A Collector writes the file that a syslog daemon would, of the datagrams that come to it.
type Collector struct {
	W        io.Writer
	Style    CollectorStyle
	Location *time.Location // the daemon's zone; nil: UTC
	// Limit cuts as the daemon does: of a datagram Limit bytes are taken, its PRI included. 0: what the daemon has no limit to. 1022 is
	// sysklogd 1.3 to 1.6, which then begins no character after 1,021 bytes of escaped text (see syslog.SysklogdLimit).
	Limit int
	// ISO writes "2009-08-20T16:40:00.123456+02:00" in place of "Aug 20 16:40:00", as rsyslog's RSYSLOG_FileFormat and syslog-ng's ts-format(iso) do.
	ISO bool

	line, text []byte
}

// Receive writes the line of a datagram that came at a time from a host. The daemon knows the host by its address.
func (c *Collector) Receive(at time.Time, host string, datagram []byte) error {
	pri, n := syslog.ParsePRI(datagram)
	text := datagram[n:]
	var limit syslog.Limit
	if c.Limit > 0 {
		limit = syslog.Limit{Text: max(1, c.Limit-n), Escaped: max(1, c.Limit-1)}
	}
	at = at.In(zone(c.Location))
	c.line = c.line[:0]
	switch {
	case c.Style == Kiwi:
		c.line = at.AppendFormat(c.line, "2006-01-02 15:04:05\t")
	case c.ISO:
		c.line = append(stamp(at, syslog.StyleISOT, 6).AppendText(c.line), ' ')
	default:
		c.line = append(stamp(at, syslog.StyleBSD, 0).AppendText(c.line), ' ')
	}
	switch c.Style {
	case Kiwi:
		c.line = appendKiwiPriority(c.line, pri)
		c.line = append(append(c.line, host...), '\t')
		c.line = syslog.EscapeDecimal.AppendEscapedLimit(c.line, text, limit)
	case Rsyslog:
		if limit == (syslog.Limit{}) {
			limit.Escaped = rsyslogLine
		}
		c.text = syslog.EscapeHashOctal.AppendEscapedLimit(c.text[:0], text, limit)
		c.line = appendRsyslog(c.line, host, c.text)
	case SyslogNG:
		c.line = append(append(c.line, host...), ' ')
		c.text = syslog.EscapeHex.AppendEscapedLimit(c.text[:0], text, limit)
		c.line = append(c.line, trimLF(c.text)...)
	default:
		c.line = append(append(c.line, host...), ' ')
		c.line = syslog.EscapeCaret.AppendEscapedLimit(c.line, text, limit)
	}
	if c.Style == Kiwi {
		c.line = append(c.line, '\r')
	}
	c.line = append(c.line, '\n')
	_, err := c.W.Write(c.line)
	return err
}

// Log is a Collector to which an SPA sends without a network: the file of both.
type Log struct {
	SPA       *SPA // its servers are not used
	Collector *Collector
	// Host is the device as the daemon knows it, by its address; "": the observer of the record, or the device's own end of the message. A tap
	// knows neither of an event: then that of the last record, and localhost before the first.
	Host string

	last     string
	datagram []byte
}

// Emit writes the line of the record, if the SPA's settings let it through.
func (l *Log) Emit(rec *capture.Record) error {
	l.datagram = l.SPA.AppendDatagram(l.datagram[:0], rec)
	if len(l.datagram) == 0 {
		return nil
	}
	return l.Collector.Receive(wall(rec.Time, l.Collector.Location), host(l.Host, rec, &l.last), l.datagram)
}

// appendKiwiPriority appends "Local3.Debug" and a TAB.
func appendKiwiPriority(dst []byte, pri syslog.Priority) []byte {
	for i, s := range [...]string{pri.Facility().String(), pri.Severity().String()} {
		if s != "" {
			dst = append(append(dst, s[0]&^0x20), s[1:]...)
		}
		dst = append(dst, ".\t"[i])
	}
	return dst
}

// trimLF takes the line feeds and NULs off the end, as daemons do.
func trimLF(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// rsyslogLine is how long a message of rsyslog may become, in bytes; escapes count.
const rsyslogLine = 8096

// The lengths at which rsyslog's parser of RFC 3164 stops to look for a host and a TAG.
const (
	rsyslogHost = 511
	rsyslogTag  = 511
)

// appendRsyslog appends "HOST TAGtext" as rsyslog's parser of RFC 3164 finds them in a text without a date: a first word of letters, digits,
// '.', '_' and '-' is the host; up to a colon or a blank goes the TAG. A text that begins with '[' or '{' is left alone.
func appendRsyslog(dst []byte, sender string, text []byte) []byte {
	if len(text) > 0 && (text[0] == '[' || text[0] == '{') {
		return append(append(append(dst, sender...), "  "...), text...)
	}
	n := 0
	for n < len(text) && n < rsyslogHost && isHostByte(text[n]) {
		n++
	}
	if n > 0 && n < len(text) && text[n] == ' ' && text[n-1] != '.' && text[n-1] != '_' && text[n-1] != '-' {
		dst = append(dst, text[:n]...)
		text = text[n+1:]
	} else {
		dst = append(dst, sender...)
	}
	dst = append(dst, ' ')
	n = 0
	for n < len(text) && n < rsyslogTag && text[n] != ':' && text[n] != ' ' {
		n++
	}
	if n < len(text) && text[n] == ':' {
		n++
	}
	dst = append(dst, text[:n]...)
	// %msg:::sp-if-no-1st-sp%
	if text = text[n:]; len(text) > 0 && text[0] != ' ' {
		dst = append(dst, ' ')
	}
	return append(dst, text...)
}

func isHostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
