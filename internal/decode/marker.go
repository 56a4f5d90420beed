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
	lines     int              // in which it stands
	near      nearTime         // the time in the last of them
	gap       int              // bytes since, and what a record of each piece takes
}

// markerReach is how many lines further down the message of a marker may begin, empty ones not counted.
const markerReach = 4

// maxMarkerGap is how much may stand in these lines, in bytes: a line can be long, and hold many datagrams. The line with the message does not count.
const maxMarkerGap = 64 << 10

// maxMarkerLines is how many lines may share the work of a marker.
const maxMarkerLines = 4

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

// conflicts reports whether the two cannot be about one message.
func (m *marker) conflicts(o *marker) bool {
	return !m.time.IsZero() && m.direction == capture.DirectionUnknown && !m.src.IsValid() && len(m.label) == 0 && !o.time.IsZero() ||
		m.direction != capture.DirectionUnknown && o.direction != capture.DirectionUnknown && m.direction != o.direction ||
		m.src.IsValid() && o.src.IsValid() || m.peer.IsValid() && o.peer.IsValid() || len(m.label) > 0 && len(o.label) > 0
}

// The words that say which way a message went, as programs write them before an address. A word counts only as a word.
var directionWords = [...]struct {
	word string
	way  capture.Direction
}{
	{"Retransmitting", capture.Sent}, {"Transmitting", capture.Sent}, {"Outgoing", capture.Sent}, {"outgoing", capture.Sent},
	{"Outbound", capture.Sent}, {"SENDING", capture.Sent}, {"Sending", capture.Sent}, {"Sent", capture.Sent}, {"sent", capture.Sent},
	{"Send", capture.Sent}, {"send", capture.Sent}, {"TX", capture.Sent}, {"Tx", capture.Sent}, {"OUT", capture.Sent},
	{"SIP read from", capture.Received}, {"Incoming", capture.Received}, {"incoming", capture.Received},
	{"Inbound", capture.Received}, {"RECEIVED", capture.Received}, {"Received", capture.Received},
	{"received", capture.Received}, {"recv", capture.Received}, {"Recv", capture.Received}, {"READ", capture.Received},
	{"RX", capture.Received}, {"Rx", capture.Received}, {"IN", capture.Received},
}

// readWay returns the direction that the first such word of a text says.
func readWay(text []byte) capture.Direction {
	way, at := capture.DirectionUnknown, -1
	for _, w := range directionWords {
		if i := wordAt(text, w.word); i >= 0 && (at < 0 || i < at) {
			way, at = w.way, i
		}
	}
	return way
}

// maxMarker is the longest line that is read as a marker, in bytes.
const maxMarker = 600

// readMarker reads a line as a marker. It must have an address with what it is to the message ("to", "from", an arrow), or be one of the
// lines that are known to stand alone.
func readMarker(line []byte) marker {
	var m marker
	if len(line) > maxMarker {
		return m
	}
	text := bytes.TrimSpace(line)
	if len(text) < 3 {
		return m
	}
	if readNames(bytes.TrimLeft(text, "#* \t"), &m) || readAlone(text, &m) {
		return m
	}
	first, n0, n1 := findEndpoint(text, 0)
	if n1 == 0 {
		return m
	}
	way := readWay(text[:n0])
	second, n2, n3 := findEndpoint(text, n1)
	if n3 > 0 {
		between := text[n1:n2]
		switch {
		case arrowBack(between):
			m.src, m.dst = second, first
		case arrow(between):
			m.src, m.dst = first, second
		case wordAt(between, "to") >= 0 && (wordAt(between, "sent") >= 0 || endsInWord(text[:n0], "from")):
			m.src, m.dst = first, second
		case wordAt(between, "received") >= 0 && wordAt(between, "from") >= 0, wordAt(between, "from") >= 0 && endsInWord(text[:n0], "to"):
			m.src, m.dst = second, first
		}
		if m.src.IsValid() {
			if way == capture.DirectionUnknown && !arrow(between) {
				way = readWay(between)
			}
			if m.src.Transport == capture.TransportUnknown {
				m.src.Transport = transportIn(text)
			}
			m.dst.Transport = m.src.Transport
			m.set, m.direction, m.time = true, way, findTime(text)
			return m
		}
	}
	before := text[:n0]
	to, from := endsInWord(before, "to"), endsInWord(before, "from")
	switch {
	case bytes.HasPrefix(text, []byte("---> ")), bytes.HasPrefix(text, []byte("--> ")), bytes.HasPrefix(text, []byte("======>>")):
		way = capture.Sent
	case way == capture.DirectionUnknown && (bytes.HasPrefix(text, []byte("<--- ")) || bytes.HasPrefix(text, []byte("<-- "))),
		bytes.HasPrefix(text, []byte("<<=====")):
		way = capture.Received
	case string(text[:min(len(text), 6)]) == "Peer: ":
	case way == capture.Sent && to, way == capture.Received && from:
		// An address without a port may be anything in prose.
		if first.Port == 0 && wordAt(text, "bytes") < 0 && wordAt(text, "SIP") < 0 && wordAt(text, "message") < 0 {
			return m
		}
	default:
		return m
	}
	if first.Transport == capture.TransportUnknown {
		first.Transport = transportIn(text)
	}
	m.direction, m.peer, m.set = way, first, true
	m.time = findTime(text)
	return m
}

// readAlone reads the lines that say a direction and nothing else, or a time and nothing else.
func readAlone(text []byte, m *marker) bool {
	switch s := string(text[:min(len(text), 20)]); {
	case s == "Sent:", bytes.HasPrefix(text, []byte("======>>")) && len(text) < 40, bytes.HasPrefix(text, []byte("Direction: outgoing")):
		m.direction, m.set = capture.Sent, true
	case s == "Received:", bytes.HasPrefix(text, []byte("<<=====")) && bytes.HasSuffix(text, []byte("==")), bytes.HasPrefix(text, []byte("Direction: incoming")):
		m.direction, m.set = capture.Received, true
	case bytes.HasSuffix(text, []byte("$$begin_record")):
		// Lync: "…::08/20/2009-16:40:00.123.00001 (…)$$begin_record".
		if i := bytes.IndexByte(text, '-'); i > 0 {
			m.time, _ = syslog.ParseTimestamp(text[i+1:])
		}
		m.set = true
	case bytes.HasSuffix(text, []byte("/ccsipDisplayMsg:")):
		m.time, m.set = findTime(text), true // Cisco IOS
	default:
		if !isDigit(text[0]) {
			return false
		}
		if ts, n := syslog.ParseTimestamp(text); n > 0 && (bytes.HasPrefix(text[n:], []byte(" IP (")) || bytes.HasPrefix(text[n:], []byte(" IP6 ("))) {
			m.time, m.set = ts, true // tcpdump -v
			return true
		}
		if len(text) > 40 {
			return false
		}
		// baresip: the time in a line of its own.
		ts, n := syslog.ParseTimestamp(text)
		if n == 0 || len(bytes.Trim(text[n:], "#: ")) > 0 || len(text) == n {
			return false
		}
		m.time, m.set = ts, true
	}
	return true
}

// readMarkerBefore reads what stands before a message on its line: a marker, or nothing but the word.
func readMarkerBefore(before []byte) marker {
	if m := readMarker(before); m.set {
		return m
	}
	var m marker
	text := bytes.TrimRight(before, " \t:>=<|-")
	for _, w := range directionWords {
		if bytes.HasSuffix(text, []byte(w.word)) && (len(text) == len(w.word) || !isWordByte(text[len(text)-len(w.word)-1])) {
			m.direction, m.set = w.way, true
		}
	}
	return m
}

// endsInWord reports whether an address is introduced by the word: "to ", "from UDP:", "from IP = ", "to [ V4 ".
func endsInWord(before []byte, word string) bool {
	b := before
	for range 4 {
		b = bytes.TrimRight(b, " \t:=/[")
		n := len(b)
		for n > 0 && isWordByte(b[n-1]) {
			n--
		}
		last := b[n:]
		if bytes.EqualFold(last, []byte(word)) {
			return true
		}
		switch string(bytes.ToUpper(last)) {
		case "UDP", "TCP", "TLS", "SCTP", "WS", "WSS", "IP", "V4", "V6":
			b = b[:n]
		default:
			return false
		}
	}
	return false
}

// transportIn finds the name of a transport as a word of a line; the last one counts.
func transportIn(text []byte) capture.Transport {
	found, at := capture.TransportUnknown, -1
	for _, t := range [...]capture.Transport{capture.UDP, capture.TCP, capture.TLS, capture.SCTP, capture.WSS, capture.WS} {
		name := t.String()
		for _, n := range [...]string{name, lower[t]} {
			if i := wordAt(text, n); i > at {
				found, at = t, i
			}
		}
	}
	return found
}

var lower = [...]string{"", "udp", "tcp", "tls", "sctp", "ws", "wss"}

// arrow reports whether the text between two addresses points from the first to the second.
func arrow(b []byte) bool {
	return bytes.Contains(b, []byte("->")) || bytes.Contains(b, []byte("=>")) || bytes.Contains(b, []byte(" > ")) ||
		bytes.Contains(b, []byte("→"))
}

// arrowBack reports whether it points from the second to the first.
func arrowBack(b []byte) bool {
	return !arrow(b) && (bytes.Contains(b, []byte("<-")) || bytes.Contains(b, []byte("<=")) || bytes.Contains(b, []byte(" < ")) ||
		bytes.Contains(b, []byte("←")))
}

// nearTime is a time in a line that says nothing else about a message, right before it or before its marker.
type nearTime struct {
	time  syslog.Timestamp
	line  int64
	opens bool // the line ends in a colon: it belongs to what follows
}

func readNearTime(line []byte, h *syslog.Header, number int64) nearTime {
	n := nearTime{line: number, time: h.Time}
	if n.time.IsZero() {
		n.time = findTime(line)
	}
	if n.time.IsZero() {
		return nearTime{}
	}
	text := bytes.TrimSpace(line)
	n.opens = len(text) > 0 && text[len(text)-1] == ':'
	return n
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
	if a <= 0 {
		return false
	}
	left, right := bytes.TrimSpace(rest[:a]), bytes.TrimSpace(rest[a+4:])
	if left[0] == '(' {
		// "F3 (100 Trying) Proxy 1 -> Alice".
		i := bytes.IndexByte(left, ')')
		if i < 0 || len(right) == 0 || len(right) > 64 || len(bytes.TrimSpace(left[i+1:])) == 0 {
			return false
		}
		m.set, m.label, m.from, m.to = true, label, bytes.TrimSpace(left[i+1:]), right
		return true
	}
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

// findEndpoint returns the first address at or after offset at ("198.51.100.7:5060", "[2001:db8::1]:5060",
// "udp/[198.51.100.7]:5060", "198.51.100.7.5060" as tcpdump writes it), where it begins and the offset after it, which is 0 if there is none.
func findEndpoint(b []byte, at int) (e capture.Endpoint, start, end int) {
	for i := at; i < len(b); i++ {
		c := b[i]
		if !(isHexDigit(c) || c == '[' || c == ':') || i > 0 && (isWordByte(b[i-1]) || b[i-1] == '.' || c == ':') {
			continue
		}
		if e, n := readEndpoint(b[i:]); n > 0 {
			e.Transport = transportBefore(b[:i])
			return e, i, i + n
		}
	}
	return capture.Endpoint{}, 0, 0
}

func isHexDigit(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

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
	s, colons, letters := i, 0, false
	for i < len(b) && i-s < 64 && (isHexDigit(b[i]) || b[i] == '.' || b[i] == ':' || open && b[i] == '%') {
		switch {
		case b[i] == ':':
			colons++
		case !isDigit(b[i]) && b[i] != '.':
			letters = true
		}
		i++
	}
	host := b[s:i]
	switch {
	case open:
		if i >= len(b) || b[i] != ']' {
			return capture.Endpoint{}, 0
		}
		i++
	case colons >= 2 && (letters || bytes.Contains(host, []byte("::")) || colons >= 7):
		// IPv6 without brackets: tcpdump puts the port behind a full stop.
		host = bytes.TrimRight(host, ".:")
		i = s + len(host)
		if i < len(b) && isWordByte(b[i]) {
			return capture.Endpoint{}, 0
		}
		if j := bytes.LastIndexByte(host, '.'); j > 0 {
			if a, err := netip.ParseAddr(string(host[:j])); err == nil {
				if p, err := strconv.ParseUint(string(host[j+1:]), 10, 16); err == nil {
					return capture.Endpoint{Addr: a, Port: uint16(p)}, i
				}
			}
		}
		a, err := netip.ParseAddr(string(host))
		if err != nil {
			return capture.Endpoint{}, 0
		}
		port, n := readPort(b[s+len(host):])
		return capture.Endpoint{Addr: a, Port: port}, s + len(host) + n
	default:
		n := 0
		for n < len(host) && (isDigit(host[n]) || host[n] == '.') {
			n++
		}
		host = host[:n]
		if bytes.Count(host, []byte(".")) == 4 && host[n-1] != '.' {
			// tcpdump: address, full stop, port.
			j := bytes.LastIndexByte(host, '.')
			if a, err := netip.ParseAddr(string(host[:j])); err == nil {
				if p, err := strconv.ParseUint(string(host[j+1:]), 10, 16); err == nil {
					return capture.Endpoint{Addr: a, Port: uint16(p)}, n
				}
			}
			return capture.Endpoint{}, 0
		}
		host = bytes.TrimRight(host, ".")
		i = len(host)
		if i < len(b) && isWordByte(b[i]) {
			return capture.Endpoint{}, 0
		}
	}
	a, err := netip.ParseAddr(string(host))
	if err != nil {
		return capture.Endpoint{}, 0
	}
	port, n := readPort(b[i:])
	return capture.Endpoint{Addr: a, Port: port}, i + n
}

// portWords introduce a port behind an address.
var portWords = [...]string{":[", ":", " on port ", " port: ", " port = ", " port "}

// readPort reads the port behind an address, in any of the ways in which programs write one, and returns it and its length; 0 if
// there is none.
func readPort(rest []byte) (uint16, int) {
	for _, w := range portWords {
		if len(rest) <= len(w) || string(rest[:len(w)]) != w {
			continue
		}
		k := len(w)
		for k < len(rest) && k < len(w)+5 && isDigit(rest[k]) {
			k++
		}
		p, err := strconv.ParseUint(string(rest[len(w):k]), 10, 16)
		if err != nil || k < len(rest) && isDigit(rest[k]) {
			return 0, 0
		}
		if w == ":[" && k < len(rest) && rest[k] == ']' {
			k++
		}
		return uint16(p), k
	}
	return 0, 0
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
		if !isDigit(c) && (c < 'A' || c > 'Z') {
			continue
		}
		if t, n := syslog.ParseTimestamp(b[i:]); n > 0 {
			if t.Style != syslog.StyleClock || i+n >= len(b) || b[i+n] != ':' {
				return t
			}
			if t, ok := colonFraction(t, b[i+n:]); ok {
				return t
			}
			continue
		}
		if isDigit(c) {
			if t, ok := snomTime(b[i:]); ok {
				return t
			}
		}
		if isDigit(c) && i+8 < len(b) && b[i+1] == ':' {
			// "9:40:00:123": snom pads no hour.
			padded := [9]byte{'0'}
			copy(padded[1:], b[i:i+8])
			if t, n := syslog.ParseTimestamp(padded[:8]); n == 8 && b[i+7] == ':' {
				if t, ok := colonFraction(t, b[i+7:]); ok {
					return t
				}
			}
		}
	}
	return syslog.Timestamp{}
}

// snomTime reads the date and time of a snom: "20/8/2026 9:40:00:123", nothing padded but minutes, seconds and milliseconds. The day is first; the time behind a third colon tells
// it from dates that others write so.
func snomTime(b []byte) (syslog.Timestamp, bool) {
	var n [6]int
	at := 0
	for i, sep := range [6]byte{'/', '/', ' ', ':', ':', ':'} {
		from := at
		for at < len(b) && at-from < 4 && isDigit(b[at]) {
			n[i] = n[i]*10 + int(b[at]-'0')
			at++
		}
		if at == from || at >= len(b) || b[at] != sep || i == 2 && at-from != 4 || i != 2 && at-from > 2 {
			return syslog.Timestamp{}, false
		}
		at++
	}
	t := syslog.Timestamp{Year: int16(n[2]), Month: uint8(n[1]), Day: uint8(n[0]), Hour: uint8(n[3]), Minute: uint8(n[4]), Second: uint8(n[5]), Style: syslog.StyleSlash}
	if n[0] < 1 || n[0] > 31 || n[1] < 1 || n[1] > 12 || n[3] > 23 || n[4] > 59 || n[5] > 60 {
		return syslog.Timestamp{}, false
	}
	t, ok := colonFraction(t, b[at-1:])
	return t, ok && t.FracDigits == 3
}

// colonFraction reads the milliseconds that snom puts behind a colon; rest begins with it. What goes on after them is no time of day but
// something longer, such as a time since the start.
func colonFraction(t syslog.Timestamp, rest []byte) (syslog.Timestamp, bool) {
	n := 1
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if n != 4 {
		return t, n == 1
	}
	if n < len(rest) && rest[n] == ':' {
		return t, false
	}
	t.FracDigits = 3
	t.Nanosecond = (int32(rest[1]-'0')*100 + int32(rest[2]-'0')*10 + int32(rest[3]-'0')) * 1_000_000
	return t, true
}
