package decode

import (
	"bytes"
	"net/netip"
	"strconv"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// marker is what a line near a message says about it: which way it went, between whom, when. Programs write such a line right
// before the message:
//
//	<--- Transmitting (NAT) to 198.51.100.7:5060 --->            Asterisk
//	send 697 bytes to udp/[198.51.100.7]:5060 at 18:52:34.7131:  FreeSWITCH, drachtio
//	… TX 1664 bytes Request msg INVITE/cseq=31094 … to TLS 198.51.100.7:5061:   pjsip
//	U 2022/02/11 17:40:45.1 192.0.2.1:5060 -> 198.51.100.7:5060  ngrep
//	F1 INVITE Alice -> Proxy 1                                   an RFC
type marker struct {
	set       bool
	line      int64
	direction capture.Direction
	src, dst  capture.Endpoint
	label     []byte
	from, to  []byte
	time      syslog.Timestamp
	peer      capture.Endpoint // one address, on the far side
}

// markerReach is how many lines may lie between a marker and its message.
const markerReach = 4

// keep copies what the marker borrows from its line.
func (m *marker) keep() {
	n := len(m.label) + len(m.from) + len(m.to)
	if n == 0 {
		return
	}
	b := make([]byte, 0, n)
	take := func(s []byte) []byte {
		at := len(b)
		b = append(b, s...)
		return b[at:len(b):len(b)]
	}
	m.label, m.from, m.to = take(m.label), take(m.from), take(m.to)
}

// merge takes from an earlier marker what this one does not say.
func (m *marker) merge(o *marker) {
	if m.direction == capture.DirectionUnknown {
		m.direction = o.direction
	}
	if !m.src.IsValid() {
		m.src = o.src
	}
	if !m.dst.IsValid() {
		m.dst = o.dst
	}
	if !m.peer.IsValid() {
		m.peer = o.peer
	}
	if m.label == nil && m.from == nil {
		m.label, m.from, m.to = o.label, o.from, o.to
	}
	if m.time.IsZero() {
		m.time = o.time
	}
}

// applyMarker puts what the marker says into the record that begins.
func (t *Text) applyMarker(stamp *syslog.Timestamp) {
	m := &t.marker
	t.rec.Direction = m.direction
	t.rec.Src, t.rec.Dst = m.src, m.dst
	if m.peer.IsValid() {
		switch m.direction {
		case capture.Sent:
			t.rec.Dst = m.peer
		case capture.Received:
			t.rec.Src = m.peer
		}
	}
	t.label = append(t.label[:0], m.label...)
	t.srcName = append(t.srcName[:0], m.from...)
	t.dstName = append(t.dstName[:0], m.to...)
	if stamp.IsZero() {
		*stamp = m.time
	}
}

// words that say which way a message went, as programs write them before an address or alone on a line. A word counts only as a word; the
// longer ones come first. (From knowledge of what each program prints; see the table in its documentation.)
var directionWords = [...]struct {
	word string
	way  capture.Direction
}{
	{"Retransmitting", capture.Sent}, {"Transmitting", capture.Sent}, {"Outgoing", capture.Sent}, {"outgoing", capture.Sent},
	{"Outbound", capture.Sent}, {"SendToNetwork", capture.Sent}, {"SENDING", capture.Sent}, {"Sending", capture.Sent},
	{"Sent", capture.Sent}, {"sent", capture.Sent}, {"Send", capture.Sent}, {"send", capture.Sent}, {"TX", capture.Sent}, {"Tx", capture.Sent},
	{"OUT", capture.Sent},
	{"SIP read from", capture.Received}, {"Incoming", capture.Received}, {"incoming", capture.Received},
	{"Inbound", capture.Received}, {"RECEIVED", capture.Received}, {"Received", capture.Received},
	{"received", capture.Received}, {"recv", capture.Received}, {"Recv", capture.Received}, {"READ", capture.Received},
	{"RX", capture.Received}, {"Rx", capture.Received}, {"IN", capture.Received},
}

// readMarker reads a line as a marker. Without an address, a direction counts only where it is all that the line says.
func readMarker(line []byte) marker {
	var m marker
	if len(line) > 600 {
		return m
	}
	text := bytes.TrimRight(line, " \t\r\n")
	bare := bytes.TrimLeft(text, "#*->< \t")
	if readNames(bare, &m) {
		return m
	}
	way, wayAt := capture.DirectionUnknown, -1
	for _, w := range directionWords {
		if i := wordAt(text, w.word); i >= 0 && (wayAt < 0 || i < wayAt) {
			way, wayAt = w.way, i
		}
	}
	first, n1 := findEndpoint(text, 0)
	if n1 == 0 {
		// "Sent:" and "Received:" alone on their line (Cisco IOS).
		if s := string(bytes.TrimSpace(text)); s == "Sent:" || s == "Received:" {
			m.direction, m.set = way, true
		}
		return m
	}
	second, n2 := findEndpoint(text, n1)
	if n2 > 0 {
		if between := text[n1:n2]; arrow(between) || bytes.Contains(between, []byte(" to ")) {
			m.src, m.dst, m.set = first, second, true
			m.direction = way
			m.time = findTime(text)
			return m
		}
	}
	if way == capture.DirectionUnknown {
		switch {
		case bytes.HasPrefix(text, []byte("---> ")), bytes.HasPrefix(text, []byte("--> ")), bytes.HasPrefix(text, []byte("======>>")):
			way = capture.Sent
		case bytes.HasPrefix(text, []byte("<--- ")), bytes.HasPrefix(text, []byte("<-- ")), bytes.HasPrefix(text, []byte("<<=====")):
			way = capture.Received
		default:
			return m
		}
	}
	m.direction, m.peer, m.set = way, first, true
	m.time = findTime(text)
	return m
}

// arrow reports whether the text between two addresses points from the first to the second.
func arrow(b []byte) bool {
	return bytes.Contains(b, []byte("->")) || bytes.Contains(b, []byte("=>")) || bytes.Contains(b, []byte(" > ")) ||
		bytes.Contains(b, []byte("→"))
}

// readNames reads "F1 INVITE Alice -> Proxy 1" and "F2 407 Proxy Authentication Required Proxy 1 -> Alice" (RFC 3665's way): a label, what
// the message is, and the two ends. Of several words before the arrow the name is what follows the method, or the known
// reason phrase.
func readNames(line []byte, m *marker) bool {
	if len(line) < 8 || line[0] != 'F' || !isDigit(line[1]) {
		return false
	}
	i := 1
	for i < len(line) && isDigit(line[i]) {
		i++
	}
	if i > 4 || i >= len(line) || line[i] != ' ' && line[i] != ':' {
		return false
	}
	label := line[:i]
	rest := bytes.TrimLeft(line[i+1:], " ")
	a := bytes.Index(rest, []byte(" -> "))
	if a < 0 {
		return false
	}
	left, right := bytes.TrimSpace(rest[:a]), bytes.TrimSpace(rest[a+4:])
	w := bytes.IndexByte(left, ' ')
	if w < 0 || len(right) == 0 || len(right) > 64 {
		return false
	}
	word, name := left[:w], bytes.TrimSpace(left[w+1:])
	if len(word) == 3 && isDigit(word[0]) && isDigit(word[1]) && isDigit(word[2]) {
		name = afterReason(string(word), name)
	} else if tokenLen(word) != len(word) {
		return false
	}
	if len(name) == 0 {
		return false
	}
	if j := bytes.IndexByte(right, '('); j > 0 {
		right = bytes.TrimSpace(right[:j])
	}
	m.set, m.label, m.from, m.to = true, label, name, right
	return true
}

// reasons are the reason phrases that RFCs write in such lines, where they are not those of the status code.
var reasons = map[string][]string{
	"100": {"Trying"}, "180": {"Ringing"}, "181": {"Call Is Being Forwarded", "Call is Being Forwarded"}, "183": {"Session Progress"},
	"200": {"OK"}, "202": {"Accepted"}, "300": {"Multiple Choices"}, "301": {"Moved Permanently"}, "302": {"Moved Temporarily"},
	"400": {"Bad Request"}, "401": {"Unauthorized"}, "403": {"Forbidden"}, "404": {"Not Found"},
	"407": {"Proxy Authentication Required", "Proxy Authorization Required"}, "408": {"Request Timeout"},
	"480": {"Temporarily Unavailable", "Temporarily unavailable"}, "481": {"Call/Transaction Does Not Exist"}, "482": {"Loop Detected"},
	"486": {"Busy Here"}, "487": {"Request Terminated", "Request Cancelled"}, "491": {"Request Pending"}, "500": {"Server Internal Error"},
	"503": {"Service Unavailable"}, "504": {"Server Time-out"}, "600": {"Busy Everywhere"}, "603": {"Decline"},
}

func afterReason(status string, rest []byte) []byte {
	for _, r := range reasons[status] {
		if len(rest) > len(r) && string(rest[:len(r)]) == r && rest[len(r)] == ' ' {
			return bytes.TrimSpace(rest[len(r):])
		}
	}
	// An unknown phrase: the name is the last word, or the last two where the last is a number ("Proxy 1").
	w := bytes.Fields(rest)
	if len(w) == 0 {
		return nil
	}
	last := w[len(w)-1]
	if len(w) >= 2 {
		if _, err := strconv.Atoi(string(last)); err == nil {
			i := bytes.LastIndex(rest, w[len(w)-2])
			return rest[i:]
		}
	}
	return last
}

// wordAt returns where the word stands as a word, -1 if it does not.
func wordAt(b []byte, word string) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(word))
		if i < 0 {
			return -1
		}
		i += at
		end := i + len(word)
		if (i == 0 || !isWordByte(b[i-1])) && (end == len(b) || !isWordByte(b[end])) {
			return i
		}
		at = i + 1
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// findEndpoint returns the first address with a port at or after offset at ("198.51.100.7:5060", "[2001:db8::1]:5060",
// "udp/[198.51.100.7]:5060", "198.51.100.7.5060" as tcpdump writes it), and the offset after it; 0 if there is none.
func findEndpoint(b []byte, at int) (capture.Endpoint, int) {
	for i := at; i < len(b); i++ {
		c := b[i]
		if !(isDigit(c) || c == '[') || i > 0 && (isWordByte(b[i-1]) || b[i-1] == '.') {
			continue
		}
		if e, n := readEndpoint(b[i:]); n > 0 {
			e.Transport = transportBefore(b[:i])
			return e, i + n
		}
	}
	return capture.Endpoint{}, 0
}

// ParseEndpoint reads an address with or without a port; the zero Endpoint if b is none.
func ParseEndpoint(b []byte) capture.Endpoint {
	if len(b) == 0 {
		return capture.Endpoint{}
	}
	e, _ := readEndpoint(b)
	return e
}

func readEndpoint(b []byte) (capture.Endpoint, int) {
	i, open := 0, b[0] == '['
	if open {
		i = 1
	}
	s := i
	for i < len(b) && (isDigit(b[i]) || b[i] == '.' || open && (b[i] == ':' || b[i] >= 'a' && b[i] <= 'f' || b[i] >= 'A' && b[i] <= 'F' || b[i] == '%')) && i-s < 64 {
		i++
	}
	host := b[s:i]
	if open {
		if i >= len(b) || b[i] != ']' {
			return capture.Endpoint{}, 0
		}
		i++
	} else if bytes.Count(host, []byte(".")) == 4 {
		// tcpdump: address, full stop, port.
		j := bytes.LastIndexByte(host, '.')
		if a, err := netip.ParseAddr(string(host[:j])); err == nil {
			if p, err := strconv.ParseUint(string(host[j+1:]), 10, 16); err == nil {
				return capture.Endpoint{Addr: a, Port: uint16(p)}, i
			}
		}
		return capture.Endpoint{}, 0
	}
	host = bytes.TrimRight(host, ".")
	a, err := netip.ParseAddr(string(host))
	if err != nil || a.Is4() && bytes.Count(host, []byte(".")) != 3 {
		return capture.Endpoint{}, 0
	}
	e := capture.Endpoint{Addr: a}
	if !open {
		i = s + len(host)
	}
	if i+1 < len(b) && b[i] == ':' && isDigit(b[i+1]) {
		j := i + 1
		for j < len(b) && isDigit(b[j]) {
			j++
		}
		if p, err := strconv.ParseUint(string(b[i+1:j]), 10, 16); err == nil {
			e.Port = uint16(p)
			i = j
		}
	} else if rest := b[i:]; bytes.HasPrefix(rest, []byte(" port ")) || bytes.HasPrefix(rest, []byte(" on port ")) {
		j := bytes.Index(rest, []byte("port ")) + 5
		k := j
		for k < len(rest) && isDigit(rest[k]) {
			k++
		}
		if p, err := strconv.ParseUint(string(rest[j:k]), 10, 16); err == nil {
			e.Port = uint16(p)
			i += k
		}
	}
	return e, i
}

// transportBefore reads the transport that stands right before an address: "udp/", "UDP:", "TLS ".
func transportBefore(b []byte) capture.Transport {
	b = bytes.TrimRight(b, " :/[")
	for _, t := range [...]capture.Transport{capture.UDP, capture.TCP, capture.TLS, capture.WSS, capture.WS, capture.SCTP} {
		n := t.String()
		if len(b) >= len(n) && bytes.EqualFold(b[len(b)-len(n):], []byte(n)) {
			return t
		}
	}
	return capture.TransportUnknown
}

// findTime finds a time that a logger wrote into a line or before a message, the first from the left.
func findTime(b []byte) syslog.Timestamp {
	for i := 0; i < len(b) && i < 200; i++ {
		c := b[i]
		if i > 0 && (isWordByte(b[i-1]) || b[i-1] == '.' || b[i-1] == ':' || b[i-1] == '-') {
			continue
		}
		if isDigit(c) || c >= 'A' && c <= 'Z' {
			if t, n := syslog.ParseTimestamp(b[i:]); n > 0 {
				return t
			}
		}
	}
	return syslog.Timestamp{}
}
