package syslog

// Shape is the layout of a header.
type Shape uint8

const (
	// ShapeNone: no header was recognised; the whole line is Text.
	ShapeNone Shape = iota
	// ShapePRI is a PRI and nothing else: "<134>text". SPA adapters send it.
	ShapePRI
	// ShapeRFC3164 is "Aug 20 16:40:00 host tag: text" in any style of BSD or ANSI C date, with or without PRI and host.
	ShapeRFC3164
	// ShapeRFC5424 is "<134>1 2022-02-11T17:40:45.003Z host app procid msgid - text".
	ShapeRFC5424
	// ShapeISO is "2022-02-11T17:40:45.003123+01:00 host tag: text": RFC 3164 with another date, as rsyslog's
	// RSYSLOG_FileFormat has it. The blank may stand for the T.
	ShapeISO
	// ShapeKiwi is "2022-02-11 17:40:45 TAB Local2.Debug TAB 192.168.1.5 TAB text".
	ShapeKiwi
	// ShapeTftpd64 is "Fri Feb 11 17:40:45 2022;192.168.1.5; <167>text".
	ShapeTftpd64
	// ShapeVisualSyslog is "192.168.1.5 TAB Feb 11 17:40:45 TAB host TAB local2 TAB debug TAB tag TAB text" (Visual Syslog
	// Server); every column but the date may be empty.
	ShapeVisualSyslog
)

var shapeNames = [...]string{"none", "pri", "rfc3164", "rfc5424", "iso", "kiwi", "tftpd64", "visualsyslog"}

// String returns a short name: "rfc3164", "kiwi".
func (s Shape) String() string {
	if int(s) < len(shapeNames) {
		return shapeNames[s]
	}
	return "unknown"
}

// Header is what stands before the text of a record, and the text. The slices borrow the line; they are empty where the
// header does not have the part (or has the NILVALUE "-" of RFC 5424).
type Header struct {
	Shape    Shape
	Priority Priority // NoPriority: not given
	Time     Timestamp
	// TextStart is the offset of Text in the line. A byte order mark of RFC 5424 stands before it.
	TextStart int
	// Host is the sender as the collector names it, mostly an address. Where a layout has an address and a name, the address.
	Host []byte
	// App is the TAG of RFC 3164 without brackets and colon, or APP-NAME.
	App            []byte
	ProcID         []byte // in "sipura[12]:" the 12
	MsgID          []byte // RFC 5424 only
	StructuredData []byte // RFC 5424 only, with its brackets, not unescaped: see SDParam
	Text           []byte // line[TextStart:], always: with a line end if line has one
}

// Parse fills h (all of it) from a line of a log or a datagram. It never fails: what is no header is text. It keeps line.
//
// The first word after a date is the host unless it cannot be one. rsyslog takes the first word of a datagram without a
// header for the host, and so loses the sender of a SIP request; what stands after the date is then "INVITE sip:b@x": a
// method and a URI, which is text. It is text too if rsyslog has put a blank into the URI: see TagBlank. SIP/2.0, [0]Off and
// CC:CallProgress are not host names either. sysklogd 2.x loses the first word itself; its text begins at the URI.
//
// Of CC:CallProgress rsyslog makes "CC: CallProgress", which is a TAG and a text. Before a text that begins with a bracket it
// writes two blanks, since the TAG is empty; the second is part of Text, as it is of the text of a device that sent it.
//
// A TAG ends in a colon with a blank behind it, is not longer than 32 characters (RFC 3164 §4.1.3) and is not the name of a
// SIP header field: some telephones send a message line by line, each with a header of its own.
func (h *Header) Parse(line []byte) {
	*h = Header{Priority: NoPriority}
	if len(line) == 0 {
		h.Text = line
		return
	}
	at := 0
	switch line[0] {
	case '<':
		pri, n := ParsePRI(line)
		if n == 0 {
			break
		}
		h.Shape, h.Priority, at = ShapePRI, pri, n
		if n < len(line) && line[n]-'1' <= 8 && h.parse5424(line, n) {
			return
		}
		if n < len(line) {
			at = h.parseDated(line, n)
		}
	default:
		if at = h.parseDated(line, 0); at == 0 {
			at = h.parseVisualSyslog(line)
		}
	}
	h.TextStart, h.Text = at, line[at:]
}

// Dates parses the lines of a log of which many have the date of the line before, and reads such a date once. The zero Dates is ready.
type Dates struct {
	date [15]byte // "Aug 20 16:40:00"
	time Timestamp
}

// Parse is h.Parse(line).
func (a *Dates) Parse(h *Header, line []byte) {
	if len(line) > 16 && line[15] == ' ' && [15]byte(line[:15]) == a.date && a.date[0] != 0 {
		*h = Header{Priority: NoPriority, Shape: ShapeRFC3164, Time: a.time}
		h.TextStart = h.parseOrigin(line, 16)
		h.Text = line[h.TextStart:]
		return
	}
	h.Parse(line)
	if h.Shape == ShapeRFC3164 && len(line) > 16 && line[15] == ' ' && line[0] != '<' && (h.Time.Style == StyleBSD || h.Time.Style == StyleBSDZero) &&
		h.Time.FracDigits == 0 {
		a.date, a.time = [15]byte(line[:15]), h.Time
	}
}

// parseDated reads a header that begins with a date at line[at:] and returns where the text begins; at if there is no date.
func (h *Header) parseDated(line []byte, at int) int {
	n := h.Time.parse(line[at:])
	if n == 0 || h.Time.Style == StyleClock {
		h.Time = Timestamp{}
		return at
	}
	end := at + n
	if end == len(line) {
		h.Shape = h.datedShape()
		return end
	}
	switch line[end] {
	case ' ':
		h.Shape = h.datedShape()
		return h.parseOrigin(line, end+1)
	case '\t':
		return h.parseKiwi(line, end)
	case ';':
		if h.Time.Style == StyleANSIC || h.Time.Style == StyleANSICZero {
			if t := h.parseTftpd64(line, end); t > 0 {
				return t
			}
		}
	case ':':
		// Cisco closes the date with a colon.
		if end+1 < len(line) && line[end+1] == ' ' {
			h.Shape = h.datedShape()
			return h.parseOrigin(line, end+2)
		}
	case '\r', '\n':
		h.Shape = h.datedShape()
		return end
	}
	h.Time = Timestamp{}
	return at
}

func (h *Header) datedShape() Shape {
	switch h.Time.Style {
	case StyleISOT, StyleISOSpace, StyleSlash:
		return ShapeISO
	}
	return ShapeRFC3164
}
