package sdp

import (
	"bytes"
	"strconv"
	"strings"
)

// Description is a session description as plain values, to be made and changed and then written with Append. Its parts are named
// and ordered as in the grammar (RFC 8866 §9). An empty string, slice or pointer leaves its line out, unless the line is
// mandatory.
type Description struct {
	Origin      OriginField
	Name        string // s=; "-" is written if it is empty (RFC 8866 §5.3)
	Information string // i=
	URI         string // u=
	Emails      []string
	Phones      []string
	Connection  *ConnectionField
	Bandwidths  []BandwidthField
	Times       []TimeDescription // "0 0" is written if there are none
	Key         string            // k=, obsolete (RFC 8866 §5.12)
	Attributes  []AttributeField
	Media       []MediaDescription
}

// OriginField is o= (RFC 8866 §5.2). Instead of an empty field is written: "-", "0", "0", "IN", what the address is, "-".
type OriginField struct {
	Username, SessID, SessVersion, NetType, AddrType, Address string
}

// ConnectionField is c= (RFC 8866 §5.7). Address has TTL and count with it, as written. Instead of an empty field is written: "IN",
// what the address is, "-".
type ConnectionField struct {
	NetType, AddrType, Address string
}

// BandwidthField is b= (RFC 8866 §5.8). Value is digits, as a rule of kbit/s.
type BandwidthField struct{ Type, Value string }

// TimeDescription is a t= line with the r= and z= lines that go with it (RFC 8866 §5.9 to §5.11). Start and Stop are digits; "0" is
// written for an empty one. Repeats and Zone are the values of their lines.
type TimeDescription struct {
	Start, Stop string
	Repeats     []string
	Zone        string
}

// AttributeField is a= (RFC 8866 §5.13). Without a value it is a property attribute.
type AttributeField struct{ Name, Value string }

// MediaDescription is m= and the lines that go with it (RFC 8866 §5.14). Instead of an empty Type, Proto or list of Formats is
// written "-".
type MediaDescription struct {
	Type        string // "audio"
	Port        int    // 0 to 65535; 0 rejects the stream
	PortCount   int    // written after a slash if it is above 0
	Proto       string // "RTP/AVP"
	Formats     []string
	Information string
	Connections []ConnectionField
	Bandwidths  []BandwidthField
	Key         string
	Attributes  []AttributeField
}

// Description returns the session as plain values, which borrow nothing. If the session is clean, Append writes it again byte for
// byte, save zeros in front of a port. If it is not, what has no place in a Description is left out: lines of no known type or in
// the wrong section, and all but the first of lines that may come once. A port that cannot be read becomes 0.
func (s *Session) Description() *Description {
	d := &Description{}
	for _, l := range s.SessionLines() {
		v := s.Value(l)
		switch l.Type {
		case 'o':
			if d.Origin == (OriginField{}) {
				o := parseOrigin(v, l)
				d.Origin = OriginField{string(o.Username), string(o.SessID), string(o.SessVersion),
					string(o.NetType), string(o.AddrType), string(o.Address)}
			}
		case 's':
			setFirst(&d.Name, v)
		case 'i':
			setFirst(&d.Information, v)
		case 'u':
			setFirst(&d.URI, v)
		case 'e':
			d.Emails = append(d.Emails, string(v))
		case 'p':
			d.Phones = append(d.Phones, string(v))
		case 'c':
			if d.Connection == nil {
				c := connectionField(v)
				d.Connection = &c
			}
		case 'b':
			d.Bandwidths = append(d.Bandwidths, bandwidthField(v))
		case 't':
			f := fields{rest: v}
			d.Times = append(d.Times, TimeDescription{Start: string(f.next()), Stop: string(f.next())})
		case 'r':
			if n := len(d.Times); n > 0 {
				d.Times[n-1].Repeats = append(d.Times[n-1].Repeats, string(v))
			}
		case 'z':
			if n := len(d.Times); n > 0 {
				setFirst(&d.Times[n-1].Zone, v)
			}
		case 'k':
			setFirst(&d.Key, v)
		case 'a':
			d.Attributes = append(d.Attributes, attributeField(v))
		}
	}
	for _, m := range s.AllMedia() {
		d.Media = append(d.Media, m.Description())
	}
	return d
}

// Description returns the section as plain values; see Session.Description.
func (m Media) Description() MediaDescription {
	if m.s == nil {
		return MediaDescription{}
	}
	port, _ := m.Port()
	d := MediaDescription{Type: string(m.Type()), Port: port, Proto: string(m.Proto())}
	if _, count, slash := cutByte(m.field(1), '/'); slash {
		if n, ok := number(count, maxPortCount); ok {
			d.PortCount = int(n)
		}
	}
	for f := range m.Formats() {
		d.Formats = append(d.Formats, string(f))
	}
	for _, l := range m.Lines() {
		v := m.s.Value(l)
		switch l.Type {
		case 'i':
			setFirst(&d.Information, v)
		case 'c':
			d.Connections = append(d.Connections, connectionField(v))
		case 'b':
			d.Bandwidths = append(d.Bandwidths, bandwidthField(v))
		case 'k':
			setFirst(&d.Key, v)
		case 'a':
			d.Attributes = append(d.Attributes, attributeField(v))
		}
	}
	return d
}

func setFirst(to *string, v []byte) {
	if *to == "" {
		*to = string(v)
	}
}

func connectionField(v []byte) ConnectionField {
	f := fields{rest: v}
	return ConnectionField{NetType: string(f.next()), AddrType: string(f.next()), Address: string(f.next())}
}

func bandwidthField(v []byte) BandwidthField {
	typ, value, _ := cutByte(v, ':')
	return BandwidthField{Type: string(typ), Value: string(value)}
}

func attributeField(v []byte) AttributeField {
	name, value, _ := bytes.Cut(v, []byte{':'})
	return AttributeField{Name: string(name), Value: string(value)}
}

// Append writes the description to dst and returns the extended slice. Lines come in the order of RFC 8866 §5 and end in CRLF.
//
// What is written is always lines: NUL, CR and LF are left out of every text, and blanks and control characters out of every
// subfield, so that no value can add a line or a field. An attribute without a name and an empty text are left out whole.
func Append(dst []byte, d *Description) []byte {
	dst = append(dst, "v=0\r\no="...)
	dst = appendField(dst, d.Origin.Username, "-")
	dst = append(dst, ' ')
	dst = appendField(dst, d.Origin.SessID, "0")
	dst = append(dst, ' ')
	dst = appendField(dst, d.Origin.SessVersion, "0")
	dst = append(dst, ' ')
	dst = appendAddress(dst, ConnectionField{d.Origin.NetType, d.Origin.AddrType, d.Origin.Address})
	dst = append(dst, '\r', '\n')
	n := len(dst)
	if dst = appendText(dst, 's', d.Name); len(dst) == n {
		dst = append(dst, "s=-\r\n"...)
	}
	dst = appendText(dst, 'i', d.Information)
	dst = appendText(dst, 'u', d.URI)
	for _, e := range d.Emails {
		dst = appendText(dst, 'e', e)
	}
	for _, p := range d.Phones {
		dst = appendText(dst, 'p', p)
	}
	if d.Connection != nil {
		dst = appendConnection(dst, *d.Connection)
	}
	dst = appendBandwidths(dst, d.Bandwidths)
	if len(d.Times) == 0 {
		dst = append(dst, "t=0 0\r\n"...)
	}
	for _, t := range d.Times {
		dst = append(dst, "t="...)
		dst = appendField(dst, t.Start, "0")
		dst = append(dst, ' ')
		dst = appendField(dst, t.Stop, "0")
		dst = append(dst, '\r', '\n')
		for _, r := range t.Repeats {
			dst = appendText(dst, 'r', r)
		}
		dst = appendText(dst, 'z', t.Zone)
	}
	dst = appendText(dst, 'k', d.Key)
	dst = appendAttributes(dst, d.Attributes)
	for i := range d.Media {
		dst = appendMedia(dst, &d.Media[i])
	}
	return dst
}

const maxPortCount = 1<<31 - 1

func appendMedia(dst []byte, m *MediaDescription) []byte {
	dst = append(dst, "m="...)
	dst = appendField(dst, m.Type, "-")
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(min(max(m.Port, 0), 65535)), 10)
	if m.PortCount > 0 {
		dst = append(dst, '/')
		dst = strconv.AppendInt(dst, int64(min(m.PortCount, maxPortCount)), 10)
	}
	dst = append(dst, ' ')
	dst = appendField(dst, m.Proto, "-")
	if len(m.Formats) == 0 {
		dst = append(dst, " -"...)
	}
	for _, f := range m.Formats {
		dst = append(dst, ' ')
		dst = appendField(dst, f, "-")
	}
	dst = append(dst, '\r', '\n')
	dst = appendText(dst, 'i', m.Information)
	for _, c := range m.Connections {
		dst = appendConnection(dst, c)
	}
	dst = appendBandwidths(dst, m.Bandwidths)
	dst = appendText(dst, 'k', m.Key)
	return appendAttributes(dst, m.Attributes)
}

func appendConnection(dst []byte, c ConnectionField) []byte {
	dst = append(dst, "c="...)
	dst = appendAddress(dst, c)
	return append(dst, '\r', '\n')
}

// appendAddress writes nettype, addrtype and address.
func appendAddress(dst []byte, c ConnectionField) []byte {
	addrType := "IP4"
	if strings.Contains(c.Address, ":") {
		addrType = "IP6"
	}
	dst = appendField(dst, c.NetType, "IN")
	dst = append(dst, ' ')
	dst = appendField(dst, c.AddrType, addrType)
	dst = append(dst, ' ')
	return appendField(dst, c.Address, "-")
}

func appendBandwidths(dst []byte, bs []BandwidthField) []byte {
	for _, b := range bs {
		dst = append(dst, "b="...)
		dst = appendField(dst, b.Type, "-")
		dst = append(dst, ':')
		dst = appendField(dst, b.Value, "0")
		dst = append(dst, '\r', '\n')
	}
	return dst
}

func appendAttributes(dst []byte, as []AttributeField) []byte {
	for _, a := range as {
		start := len(dst)
		dst = append(dst, "a="...)
		dst = appendField(dst, a.Name, "")
		if len(dst) == start+2 {
			dst = dst[:start]
			continue
		}
		colon := len(dst)
		dst = append(dst, ':')
		if dst = appendBytes(dst, a.Value); len(dst) == colon+1 {
			dst = dst[:colon]
		}
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// appendText writes a line with a text, or nothing if the text is empty.
func appendText(dst []byte, typ byte, text string) []byte {
	start := len(dst)
	dst = append(dst, typ, '=')
	if dst = appendBytes(dst, text); len(dst) == start+2 {
		return dst[:start]
	}
	return append(dst, '\r', '\n')
}

// appendBytes writes what may stand in a byte-string (RFC 8866 §9).
func appendBytes(dst []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c != 0 && c != '\r' && c != '\n' {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendField writes what may stand in a non-ws-string (RFC 8866 §9), or instead if there is nothing.
func appendField(dst []byte, field, instead string) []byte {
	start := len(dst)
	for i := 0; i < len(field); i++ {
		if c := field[i]; isNonWSChar(c) {
			dst = append(dst, c)
		}
	}
	if len(dst) == start {
		dst = append(dst, instead...)
	}
	return dst
}
