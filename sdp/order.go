package sdp

// The order of lines that RFC 8866 §5 and §9 ask for. A type that is not in a table does not belong in that part.
var (
	sessionOrder = [256]uint8{
		'v': 1, 'o': 2, 's': 3, 'i': 4, 'u': 5, 'e': 6, 'p': 7, 'c': 8, 'b': 9,
		't': 10, 'r': 10, 'z': 10, // a time description may come again
		'k': 11, 'a': 12,
	}
	mediaOrder = [256]uint8{'m': 1, 'i': 2, 'c': 3, 'b': 4, 'k': 5, 'a': 6}
)

// once marks the types that may come once in a section. c= may come again in a media section (§9, *connection-field).
const (
	onceInSession = 1<<('v'-'a') | 1<<('o'-'a') | 1<<('s'-'a') | 1<<('i'-'a') | 1<<('u'-'a') | 1<<('c'-'a') | 1<<('k'-'a')
	onceInMedia   = 1<<('i'-'a') | 1<<('k'-'a')
)

// checker goes over the lines once, cuts them into sections and lists what is wrong.
type checker struct {
	s *Session

	inMedia    bool
	rank       uint8  // the furthest place in the order that this section has reached
	seen       uint32 // the types seen in this section, one bit a letter
	previous   byte   // the type of the line before
	sessionHas uint32 // seen, as the session part left it
	directed   bool   // this section has a direction attribute

	// Of the current media section:
	mediaLine Line
	rtp, open bool      // an RTP stream; its port is not 0
	listed    [2]uint64 // the payload types in its m= line, one bit each
	mapped    [2]uint64 // those with an rtpmap
	described int       // how many media sections began
}

// line takes the next line, which is the last in s.Lines.
func (c *checker) line(l Line) {
	s := c.s
	if l.Type == 0 {
		if l.Value.IsEmpty() {
			s.problem(ProblemEmptyLine, l.Span)
		} else {
			s.problem(ProblemNotALine, l.Span)
		}
		return
	}
	if sessionOrder[l.Type]|mediaOrder[l.Type] == 0 {
		s.problem(ProblemUnknownType, l.Span)
		return
	}
	if l.Type == 'm' {
		c.beginMedia(l)
	} else {
		c.place(l)
	}
	c.seen |= 1 << (l.Type - 'a')
	c.previous = l.Type
	c.value(l)
}

// place checks that the line may stand where it stands.
func (c *checker) place(l Line) {
	order, once := &sessionOrder, uint32(onceInSession)
	if c.inMedia {
		order, once = &mediaOrder, onceInMedia
	}
	rank := order[l.Type]
	switch {
	case rank < c.rank:
		// Also what does not belong in a media section at all. A second v= begins, perhaps, a second description; RFC 3264 §5
		// wants exactly one.
		c.s.problem(ProblemOrder, l.Span)
	case once&c.seen&(1<<(l.Type-'a')) != 0:
		c.s.problem(ProblemRepeated, l.Span)
	case l.Type == 'r' && c.previous != 't' && c.previous != 'r',
		// RFC 8866 §5.11 lets z= follow r= only; RFC 4566 §9 also let it follow t=.
		l.Type == 'z' && c.previous != 't' && c.previous != 'r':
		c.s.problem(ProblemOrder, l.Span)
	}
	c.rank = max(c.rank, rank)
}

func (c *checker) beginMedia(l Line) {
	s := c.s
	at := len(s.Lines) - 1
	if c.inMedia {
		c.endMedia(at)
	} else {
		c.endSession(at)
	}
	c.inMedia = true
	c.rank, c.seen, c.directed = mediaOrder['m'], 0, false
	c.mediaLine = l
	c.listed, c.mapped = [2]uint64{}, [2]uint64{}
	c.described++
	switch {
	case c.described <= MaxMedia:
		s.media = append(s.media, section{start: int32(at)})
	case c.described == MaxMedia+1:
		s.problem(ProblemTooManyMedia, l.Span)
	}
}

// endSession closes the session part; at is the index of the line after it.
func (c *checker) endSession(at int) {
	s := c.s
	s.sessionEnd = at
	c.sessionHas = c.seen
	end := Span{}
	if at > 0 {
		end.Start = s.Lines[at-1].Span.End
		end.End = end.Start
	}
	for _, must := range [...]struct {
		typ  byte
		code ProblemCode
	}{{'v', ProblemNoVersion}, {'o', ProblemNoOrigin}, {'s', ProblemNoName}, {'t', ProblemNoTime}} {
		if c.seen&(1<<(must.typ-'a')) == 0 {
			s.problem(must.code, end)
		}
	}
}

// endMedia closes the current media section; at is the index of the line after it.
func (c *checker) endMedia(at int) {
	s := c.s
	if c.described <= MaxMedia {
		s.media[len(s.media)-1].end = int32(at)
	}
	if (c.seen|c.sessionHas)&(1<<('c'-'a')) == 0 {
		s.problem(ProblemNoConnection, c.mediaLine.Span)
	}
	// The formats of a rejected stream are ignored, and it may leave out its attributes (RFC 3264 §6, §8.2).
	unknown := [2]uint64{
		c.listed[0] &^ c.mapped[0] &^ staticPayloadTypes,
		c.listed[1] &^ c.mapped[1],
	}
	if c.rtp && c.open && unknown[0]|unknown[1] != 0 {
		f := fields{rest: s.Value(c.mediaLine)}
		f.next()
		f.next()
		f.next()
		for b := f.next(); b != nil; b = f.next() {
			pt, ok := number(b, maxPayloadType)
			if ok && unknown[pt>>6]&(1<<(pt&63)) != 0 {
				unknown[pt>>6] &^= 1 << (pt & 63)
				at, _ := s.SpanOf(b)
				s.problem(ProblemNoRTPMap, at)
			}
		}
	}
}

// end closes the description.
func (c *checker) end() {
	if c.inMedia {
		c.endMedia(len(c.s.Lines))
	} else {
		c.endSession(len(c.s.Lines))
	}
}

// value checks the form of a line's value.
func (c *checker) value(l Line) {
	s := c.s
	v := s.Value(l)
	ok, loose, code := true, false, ProblemNone
	switch l.Type {
	case 'a':
		c.attribute(l, v)
		return
	case 'm':
		c.media(l, v)
		return
	case 'v':
		ok, code = len(v) == 1 && v[0] == '0', ProblemVersion
	case 's':
		ok, code = len(v) > 0, ProblemEmptyName
	case 'i', 'u', 'e', 'p', 'k':
		ok, code = len(v) > 0, ProblemEmptyValue
	case 'o':
		f := fields{rest: v}
		ok = isNonWS(f.next()) && isDigits(f.next()) && isDigits(f.next()) && isToken(f.next()) && isToken(f.next()) &&
			isNonWS(f.next()) && f.next() == nil
		loose, code = f.loose, ProblemOrigin
	case 'c':
		f := fields{rest: v}
		ok = isToken(f.next()) && isToken(f.next()) && isNonWS(f.next()) && f.next() == nil
		loose, code = f.loose, ProblemConnection
	case 'b':
		typ, kbps, _ := cutByte(v, ':')
		ok, code = isToken(typ) && isDigits(kbps), ProblemBandwidth
	case 't':
		f := fields{rest: v}
		ok = isDigits(f.next()) && isDigits(f.next()) && f.next() == nil
		loose, code = f.loose, ProblemTime
	case 'r':
		f := fields{rest: v}
		n := 0
		for b := f.next(); b != nil; b = f.next() {
			ok = ok && isTypedTime(b)
			n++
		}
		ok = ok && n >= 3
		loose, code = f.loose, ProblemRepeat
	case 'z':
		f := fields{rest: v}
		n := 0
		for b := f.next(); b != nil; b = f.next() {
			if n&1 == 0 {
				ok = ok && isDigits(b)
			} else {
				if b[0] == '-' {
					b = b[1:]
				}
				ok = ok && isTypedTime(b)
			}
			n++
		}
		ok = ok && n > 0 && n&1 == 0
		loose, code = f.loose, ProblemZone
	}
	switch {
	case !ok && l.Value.IsEmpty():
		s.problem(code, l.Span)
	case !ok:
		s.problem(code, l.Value)
	case loose:
		s.problem(ProblemSpacing, l.Value)
	}
}

// isTypedTime reports whether b is a typed-time: digits and perhaps one of d, h, m, s (RFC 8866 §5.10).
func isTypedTime(b []byte) bool {
	if n := len(b); n > 0 {
		switch b[n-1] {
		case 'd', 'h', 'm', 's':
			b = b[:n-1]
		}
	}
	return isDigits(b)
}

// media checks a media-field (RFC 8866 §5.14, §9) and remembers the payload types.
func (c *checker) media(l Line, v []byte) {
	s := c.s
	f := fields{rest: v}
	typ, ports, proto := f.next(), f.next(), f.next()
	port, count, slash := cutByte(ports, '/')
	n, portOK := number(port, 65535)
	ok := isToken(typ) && isProto(proto)
	if slash {
		_, small := number(count, maxPortCount)
		ok = ok && isInteger(count) && small
	}
	c.rtp = hasProtoToken(proto, "rtp")
	c.open = n != 0

	formats, badPT, repeated := 0, Span{}, Span{}
	for b := f.next(); b != nil; b = f.next() {
		formats++
		if !c.rtp {
			ok = ok && isToken(b)
			continue
		}
		pt, numeric := number(b, maxPayloadType)
		switch bit := uint64(1) << (pt & 63); {
		case !numeric:
			if badPT.IsEmpty() {
				badPT, _ = s.SpanOf(b)
			}
		case c.listed[pt>>6]&bit != 0:
			if repeated.IsEmpty() {
				repeated, _ = s.SpanOf(b)
			}
		default:
			c.listed[pt>>6] |= bit
		}
	}
	switch {
	case !ok || len(ports) == 0 || formats == 0:
		s.problem(ProblemMedia, l.Span)
	case f.loose:
		s.problem(ProblemSpacing, l.Value)
	}
	if !portOK && len(ports) > 0 {
		at, _ := s.SpanOf(ports)
		s.problem(ProblemPort, at)
	}
	if !badPT.IsEmpty() {
		s.problem(ProblemPayloadType, badPT)
	}
	if !repeated.IsEmpty() {
		s.problem(ProblemFormatRepeated, repeated)
	}
	if formats > MaxFormats {
		s.problem(ProblemTooManyFormats, l.Span)
	}
}

// attribute checks an attribute-field (RFC 8866 §5.13) and, of the attributes that this package reads, the value.
func (c *checker) attribute(l Line, v []byte) {
	s := c.s
	name, value, colon := cutByte(v, ':')
	if !isToken(name) || colon && len(value) == 0 {
		s.problem(ProblemAttribute, l.Span)
		return
	}
	known, exact := lookUpAttribute(name)
	if !exact {
		s.problem(ProblemAttributeCase, l.Span)
	}
	switch known {
	case attrRTPMap:
		m, clean := parseRTPMap(value)
		if !clean {
			s.problem(ProblemRTPMap, l.Value)
		}
		if m.payloadType < 0 || !c.inMedia {
			break
		}
		word, bit := m.payloadType>>6, uint64(1)<<(m.payloadType&63)
		if c.rtp && c.listed[word]&bit == 0 {
			s.problem(ProblemUnlisted, l.Value)
		}
		if c.mapped[word]&bit != 0 {
			s.problem(ProblemRTPMapRepeated, l.Value)
		}
		c.mapped[word] |= bit
	case attrFMTP:
		format, params := cutFMTP(value)
		if fmt, _, _ := cutByte(value, ' '); !isToken(fmt) || len(params) == 0 {
			s.problem(ProblemFMTP, l.Value)
		}
		if pt, ok := number(format, maxPayloadType); ok && c.inMedia && c.rtp && c.listed[pt>>6]&(1<<(pt&63)) == 0 {
			s.problem(ProblemUnlisted, l.Value)
		}
	case attrPtime, attrMaxptime:
		if d, ok := packetTime(value); !ok || d <= 0 {
			s.problem(ProblemPacketTime, l.Value)
		}
	case attrSendRecv, attrSendOnly, attrRecvOnly, attrInactive:
		if c.directed {
			s.problem(ProblemDirectionRepeated, l.Span)
		}
		c.directed = true
	}
}
