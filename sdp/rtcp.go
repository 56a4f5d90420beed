package sdp

// RTCP is where the writer of a media section receives RTCP.
type RTCP struct {
	Port       int
	Explicit   bool       // the port stands in an a=rtcp attribute; otherwise it is the RTP port plus one
	Connection Connection // the address in a=rtcp, if it has one; otherwise all its fields are nil and that of the media holds
	Attribute  Attribute  // a=rtcp, if Explicit
}

// RTCP returns where RTCP goes: to the port and perhaps address in a=rtcp (RFC 3605), else to the port above that of RTP (RFC 8866
// §5.14). It reports false if the section is not RTP, is rejected, or has no port to count from. If both sides agree on
// a=rtcp-mux, RTCP goes to the RTP port instead; see HasRTCPMux.
func (m Media) RTCP() (RTCP, bool) {
	port, ok := m.Port()
	if !m.IsRTP() || m.IsRejected() {
		return RTCP{}, false
	}
	if a, id := m.s.firstAttribute(m.Lines(), attrRTCP); id != attrOther {
		f := fields{rest: a.Value}
		if n, readable := number(f.next(), 65535); readable {
			r := RTCP{Port: int(n), Explicit: true, Attribute: a}
			if rest := trimBlanks(f.rest); len(rest) > 0 {
				r.Connection = parseConnection(rest, a.Line)
			}
			return r, true
		}
	}
	if !ok || port == 0 || port == 65535 {
		return RTCP{}, false
	}
	return RTCP{Port: port + 1}, true
}

// HasRTCPMux reports whether the writer is ready for RTP and RTCP on one port (a=rtcp-mux).
func (m Media) HasRTCPMux() bool { return m.has(attrRTCPMux) }
