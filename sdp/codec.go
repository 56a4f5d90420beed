package sdp

import (
	"iter"
	"strconv"
	"time"
)

// Codec is one format of a media section with what rtpmap, fmtp or RFC 3551 say of it.
type Codec struct {
	Format      []byte // as in the m= line: "0", "101", "t38"
	PayloadType int    // of an RTP stream, 0 to 127; -1 if the format is not one
	Name        []byte // the encoding name as written in a=rtpmap, or that of the static payload type; nil if neither is known
	ClockRate   int    // in Hz; 0 if unknown
	Channels    int    // of audio; 0 if unknown or not audio
	FMTP        []byte // the format parameters, nil if there are none
	Static      bool   // Name, ClockRate and Channels are those of RFC 3551 §6, because there is no a=rtpmap

	RTPMap, FMTPLine Line // where it was read; the zero Line if nowhere
}

// DisplayName returns what to call the codec in a sentence: the encoding name as written, else "payload type 107", else the format.
func (c Codec) DisplayName() string {
	switch {
	case len(c.Name) > 0:
		return string(c.Name)
	case c.PayloadType >= 0:
		return "payload type " + strconv.Itoa(c.PayloadType)
	}
	return string(c.Format)
}

// IsComfortNoise reports whether the codec is comfort noise (RFC 3389), which fills silence and carries no speech.
func (c Codec) IsComfortNoise() bool { return equalFold(c.Name, "cn") }

// rtpmap is the value of an a=rtpmap attribute (RFC 8866 §6.6).
type rtpmap struct {
	payloadType int // -1 if it cannot be read
	name        []byte
	clockRate   int
	channels    int // 0 if none are given
}

// parseRTPMap reads "<payload type> <name>/<clock rate>[/<parameters>]"; clean says whether it has exactly that form.
func parseRTPMap(v []byte) (m rtpmap, clean bool) {
	f := fields{rest: v}
	pt, encoding := f.next(), f.next()
	clean = f.next() == nil && !f.loose
	m.payloadType = -1
	if n, ok := number(pt, maxPayloadType); ok {
		m.payloadType = int(n)
	} else {
		clean = false
	}
	name, rest, _ := cutByte(encoding, '/')
	rate, params, more := cutByte(rest, '/')
	m.name = name
	if n, ok := number(rate, 1<<31-1); ok {
		m.clockRate = int(n)
	}
	if n, ok := number(params, 255); ok {
		m.channels = int(n)
	}
	// Parameters other than channels "MAY be defined in the future" (§6.6), so that any text is clean there.
	return m, clean && isToken(name) && isInteger(rate) && m.clockRate > 0 && (!more || isNonWS(params))
}

// cutFMTP splits the value of an a=fmtp attribute into the format and its parameters (RFC 8866 §6.15).
func cutFMTP(v []byte) (format, params []byte) {
	f := fields{rest: v}
	format = f.next()
	return format, trimBlanks(f.rest)
}

// codecIndex says in which lines of the session the payload types of a section are described: the index plus one, 0 if nowhere. It
// makes the codecs of a section one pass over its lines, however many there are of both.
type codecIndex struct {
	rtpmap, fmtp [maxPayloadType + 1]uint16
}

func (m Media) indexCodecs(x *codecIndex) {
	for i := m.start; i < m.end; i++ {
		l := m.s.Lines[i]
		if l.Type != 'a' {
			continue
		}
		a := m.s.attributeOf(l)
		switch id, _ := lookUpAttribute(a.Name); id {
		case attrRTPMap:
			if r, _ := parseRTPMap(a.Value); r.payloadType >= 0 && x.rtpmap[r.payloadType] == 0 {
				x.rtpmap[r.payloadType] = uint16(i + 1)
			}
		case attrFMTP:
			format, _ := cutFMTP(a.Value)
			if pt, ok := number(format, maxPayloadType); ok && x.fmtp[pt] == 0 {
				x.fmtp[pt] = uint16(i + 1)
			}
		}
	}
}

// Codecs iterates over the formats of the section, in order of preference, with what is known of each. Of more than MaxFormats it
// gives the first.
func (m Media) Codecs() iter.Seq[Codec] {
	return func(yield func(Codec) bool) {
		if m.s == nil {
			return
		}
		var x codecIndex
		m.indexCodecs(&x)
		rtp, audio := m.IsRTP(), m.IsAudio()
		n := 0
		for f := range m.Formats() {
			if n == MaxFormats || !yield(m.codec(f, &x, rtp, audio)) {
				return
			}
			n++
		}
	}
}

// Codec returns the first codec of the section with this encoding name, in any case of letters.
func (m Media) Codec(name string) (Codec, bool) {
	for c := range m.Codecs() {
		if len(c.Name) == len(name) && equalFoldString(c.Name, name) {
			return c, true
		}
	}
	return Codec{}, false
}

func (m Media) codec(format []byte, x *codecIndex, rtp, audio bool) Codec {
	c := Codec{Format: format, PayloadType: -1}
	pt, ok := number(format, maxPayloadType)
	if !rtp || !ok {
		// A format of another protocol can have fmtp lines too. They are few; MaxFormats bounds the search.
		for a := range m.Attributes() {
			if id, _ := lookUpAttribute(a.Name); id != attrFMTP {
				continue
			}
			if of, params := cutFMTP(a.Value); string(of) == string(format) {
				c.FMTP, c.FMTPLine = params, a.Line
				break
			}
		}
		return c
	}
	c.PayloadType = int(pt)
	if i := x.rtpmap[pt]; i > 0 {
		c.RTPMap = m.s.Lines[i-1]
		r, _ := parseRTPMap(m.s.attributeOf(c.RTPMap).Value)
		c.Name, c.ClockRate, c.Channels = r.name, r.clockRate, r.channels
		if c.Channels == 0 && audio && len(r.name) > 0 {
			c.Channels = 1 // "may be omitted if the number of channels is one" (RFC 8866 §6.6)
		}
		if !audio {
			c.Channels = 0
		}
	} else if pt < uint64(len(payloadTypes)) && payloadTypes[pt].name != nil {
		p := payloadTypes[pt]
		c.Name, c.ClockRate, c.Channels, c.Static = p.name, int(p.clockRate), int(p.channels), true
	}
	if i := x.fmtp[pt]; i > 0 {
		c.FMTPLine = m.s.Lines[i-1]
		_, c.FMTP = cutFMTP(m.s.attributeOf(c.FMTPLine).Value)
	}
	return c
}

// Ptime returns how much media the writer would like in each packet that it receives (RFC 8866 §6.4, RFC 3264 §5.1), and
// whether the section says so.
func (m Media) Ptime() (time.Duration, bool) { return m.packetTime(attrPtime) }

// Maxptime returns how much media a packet may have at most (RFC 8866 §6.5), and whether the section says so.
func (m Media) Maxptime() (time.Duration, bool) { return m.packetTime(attrMaxptime) }

func (m Media) packetTime(id attributeID) (time.Duration, bool) {
	a, found := m.s.firstAttribute(m.Lines(), id)
	if found == attrOther {
		return 0, false
	}
	return packetTime(trimBlanks(a.Value))
}

// packetTime reads milliseconds, a whole number or a real one ("non-zero-int-or-real", RFC 8866 §9). Digits past nanoseconds are
// dropped.
func packetTime(b []byte) (time.Duration, bool) {
	whole, fraction, point := cutByte(b, '.')
	ms, ok := number(whole, 1<<32)
	if !ok || point && !isDigits(fraction) {
		return 0, false
	}
	d := time.Duration(ms) * time.Millisecond
	for i, unit := 0, time.Millisecond/10; i < len(fraction) && unit > 0; i, unit = i+1, unit/10 {
		d += time.Duration(fraction[i]-'0') * unit
	}
	return d, true
}
