package emit

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/spalog"
	"sipscribe/syslog"
)

// SPA sends what an SPA sends: a SIP message or an event a datagram, no date, no host, and a PRI or none.
//
//	INVITE sip:18005551212@… SIP/2.0␍␊Via: …␍␊…      SIP Debug Option "full"
//	INVITE sip:18005551212@… SIP/2.0                 "1-line"
//	[0]Off Hook                                      an event
//	<159>SIP/2.0 407 Proxy Authentication Required…  with PRI
//
// What each setting does, by the manuals (Sipura SPA-841, p. 42; Linksys SPA9000, chapter 6): Debug Level 0 is no debug information, SIP
// messages need at least 2, and "if both Debug Server and Syslog Server are specified, Syslog messages are also logged to the Debug Server".
// Not known, and so ours: events but Boot and Reboot need level 1, and the raw debugging of RSE_DEBUG and of lines without a name 3.
//
// The zero SPA sends nothing. Its methods are for one goroutine at a time.
type SPA struct {
	// SyslogServer and DebugServer get the same datagrams; nil: not set. To both if both are set.
	SyslogServer, DebugServer Sender
	DebugLevel                int
	// Lines have the SIP Debug Option of each line of the device. A message belongs to the line whose SIP Port is the device's
	// end of it; one with Port 0 to any, and one of which the tap does not know that end to the first. What goes over a connection from another
	// port is of the line whose User is in From or To, else of the first.
	Lines []Line
	// PRI puts a PRI before the text. SPA3102 of 2016 do; SPA3000 and PAP2 do not.
	PRI bool
	// Direction puts a marker before each message, "[0:5060]<<192.0.2.1:5060 ", by which direction and peer are read back. No SPA that
	// was seen writes it.
	Direction bool
	// Escape is applied to messages before they are sent. EscapeNone: line ends go raw, as the device sends them.
	Escape syslog.Escape

	// NotSIP counts messages of the tap that are not logged because no SIP start line begins them; Cut what was longer than MaxDatagram.
	NotSIP, Cut int64

	buf []byte
	msg sip.Message
}

// Line is a line of an SPA.
type Line struct {
	Port   uint16      // SIP Port; 0: any
	User   string      // User ID, by which what goes over a connection is told apart
	Option DebugOption // SIP Debug Option
}

// The priorities that an SPA3102 was seen to send: local0.info, local2.debug and local3.debug. Which text has which is not known.
const (
	priSystem  = syslog.Priority(16<<3 | 6)
	priEvent   = syslog.Priority(18<<3 | 7)
	priMessage = syslog.Priority(19<<3 | 7)
)

// The levels of Debug Level from which on something is logged.
const (
	levelEvents   = 1
	levelMessages = 2
	levelRaw      = 3
)

// Emit sends the record to the servers, if the settings let it through.
func (s *SPA) Emit(rec *capture.Record) error {
	if s.SyslogServer == nil && s.DebugServer == nil {
		return nil
	}
	s.buf = s.AppendDatagram(s.buf[:0], rec)
	if len(s.buf) == 0 {
		return nil
	}
	var err error
	if s.SyslogServer != nil {
		err = s.SyslogServer(s.buf)
	}
	if s.DebugServer != nil {
		if e := s.DebugServer(s.buf); err == nil {
			err = e
		}
	}
	return err
}

// AppendDatagram appends the datagram of a record; nothing if the settings do not let it through.
func (s *SPA) AppendDatagram(dst []byte, rec *capture.Record) []byte {
	start := len(dst)
	switch rec.Kind {
	case capture.KindMessage:
		dst = s.appendMessage(dst, rec)
	case capture.KindEvent:
		dst = s.appendEvent(dst, rec)
	}
	if len(dst)-start > MaxDatagram {
		s.Cut++
		dst = dst[:start+MaxDatagram]
	}
	return dst
}

func (s *SPA) appendMessage(dst []byte, rec *capture.Record) []byte {
	line, option := s.lineOf(rec)
	if s.DebugLevel < levelMessages || option == DebugNone {
		return dst
	}
	data, first, ok := startOf(rec.Data)
	if !ok {
		s.NotSIP++
		return dst
	}
	if option != DebugFull && option != DebugOneLine {
		s.msg.Parse(data)
		if !option.Logs(s.msg.Method) {
			return dst
		}
	}
	if option.OneLine() {
		data = first
	}
	if s.PRI {
		dst = priMessage.AppendPRI(dst)
	}
	if s.Direction {
		dst = appendMarker(dst, rec, line)
	}
	return s.Escape.AppendEscaped(dst, data)
}

// lineOf returns the line of the device that a message belongs to, from 1, and its SIP Debug Option.
func (s *SPA) lineOf(rec *capture.Record) (int, DebugOption) {
	port := local(rec).Port
	for i, l := range s.Lines {
		if l.Port == 0 || port == 0 || l.Port == port {
			return i + 1, l.Option
		}
	}
	if len(s.Lines) > 0 && local(rec).Transport != capture.UDP {
		// A connection that goes out has a port of the system's choosing.
		i := s.userOf(rec.Data)
		return i + 1, s.Lines[i].Option
	}
	return 0, DebugNone
}

// userOf returns which line a message is of by the users that it names; the first if it names none of them.
func (s *SPA) userOf(message []byte) int {
	if len(s.Lines) == 1 {
		return 0
	}
	s.msg.Parse(message)
	from, to := s.msg.From(), s.msg.To()
	for i, l := range s.Lines {
		if l.User != "" && (string(sip.Unescape(from.URI.User)) == l.User || string(sip.Unescape(to.URI.User)) == l.User) {
			return i
		}
	}
	return 0
}

func (s *SPA) appendEvent(dst []byte, rec *capture.Record) []byte {
	pri, level := priEvent, levelEvents
	switch rec.Event.Name {
	case spalog.Boot.String(), spalog.Reboot.String():
		pri, level = priSystem, 0
	case spalog.RSEDebug.String(), spalog.Other.String():
		level = levelRaw
	}
	if s.DebugLevel < level {
		return dst
	}
	if s.PRI {
		dst = pri.AppendPRI(dst)
	}
	return appendEventLine(dst, rec)
}

// startOf returns a message without the line ends before it (RFC 3261 §7.5), and its start line; false if it has none.
func startOf(data []byte) (msg, first []byte, ok bool) {
	msg = bytes.TrimLeft(data, "\r\n")
	first = msg
	if i := bytes.IndexAny(first, "\r\n"); i >= 0 {
		first = first[:i]
	}
	return msg, first, sip.IsStartLine(first)
}

// local returns the device's own end of a message.
func local(rec *capture.Record) capture.Endpoint {
	if rec.Direction == capture.Received {
		return rec.Dst
	}
	return rec.Src
}

// appendMarker appends a direction marker as spalog has it, and a blank.
func appendMarker(dst []byte, rec *capture.Record, line int) []byte {
	e := spalog.Event{Kind: spalog.Direction, Line: line, Way: spalog.Sent, Port: int(local(rec).Port)}
	peer := rec.Dst
	switch rec.Direction {
	case capture.Received:
		e.Way, peer = spalog.Received, rec.Src
	case capture.Sent:
	default:
		return dst
	}
	e.Line = max(e.Line, 1)
	e.Endpoint = []byte(peer.String())
	return append(spalog.Append(dst, e), ' ')
}

// appendEventLine appends the line that tells an event: what the device said, or else what spalog makes of the event. Whatever it is about,
// it stays one line and no SIP message or datagram begins in it.
func appendEventLine(dst []byte, rec *capture.Record) []byte {
	start := len(dst)
	if dst = append(dst, rec.Data...); len(rec.Data) == 0 {
		dst = spalog.Append(dst, eventOf(rec.Event))
	}
	line := dst[start:]
	for i, c := range line {
		if c < ' ' || c == 0x7f {
			line[i] = '?'
		}
	}
	for {
		i := bytes.Index(line, []byte("SIP/"))
		if i < 0 {
			break
		}
		line[i+3] = '?'
	}
	for {
		i := syslog.NextDatagram(line)
		if i < 0 {
			break
		}
		line[i] = '?'
	}
	return dst
}

// eventOf turns an event of the tap into one of spalog, as far as its Subject says what that needs.
func eventOf(e capture.Event) spalog.Event {
	out := spalog.Event{Line: e.Line}
	for k := spalog.Unknown; k <= spalog.Other; k++ {
		if k.String() == e.Name {
			out.Kind = k
		}
	}
	switch out.Kind {
	case spalog.Calling:
		out.Number = e.Subject
		out.Line = 0 // the device does not say it there
	case spalog.DebugOption:
		if i := bytes.LastIndexByte(e.Subject, ':'); i >= 0 {
			out.Text, out.Number = e.Subject[:i], e.Subject[i+1:]
		}
	default:
		out.Text = e.Subject
	}
	return out
}
