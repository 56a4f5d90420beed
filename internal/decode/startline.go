package decode

import (
	"bytes"
	"slices"

	"sipscribe/syslog"
)

var sipVersion = []byte("SIP/2.0")

// maxBefore is how far into a line a message may begin, in bytes: what loggers write before it.
const maxBefore = 300

// maxRequestURI is how long a Request-URI may be, in bytes.
const maxRequestURI = 4096

// maxMethod is how long a method may be that begins a line, in bytes; that of RFC 4475 §3.1.1.2 has 43.
const maxMethod = 64

// maxVersions is how many occurrences of "SIP/2.0" in a line are looked at: a hostile line has as many as it likes.
const maxVersions = 8

// methods are the words that a request can begin with inside a line of other text. At the beginning of a line any token will do.
var methods = [...]string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",
	"REFER", "MESSAGE", "UPDATE"}

// findStart returns where in a line a SIP message begins, and false if none does. The line may go on after the start line, with
// the line ends of the message escaped; a word about SIP in prose, or a Via field, is no message. That a line ends in a start line
// does not make it one: that header fields follow is for the caller to see.
func findStart(line []byte) (int, bool) {
	if len(line) < 11 {
		return 0, false
	}
	// The two usual cases: the line begins with a message.
	if line[0] == 'S' && string(line[:8]) == "SIP/2.0 " {
		if n := statusLen(line[7:]); n > 0 && statusGoesOn(line[7+n:]) {
			return 0, true
		}
	} else if c := line[0]; c >= 'A' && c <= 'Z' {
		n := 1
		for n < len(line) && line[n] >= 'A' && line[n] <= 'Z' {
			n++
		}
		if n < len(line) && line[n] == ' ' && n < 32 {
			uri := line[n+1:]
			if k := bytes.IndexByte(uri[:min(len(uri), maxRequestURI)], ' '); k > 0 {
				if v := uri[k+1:]; len(v) >= 7 && string(v[:7]) == "SIP/2.0" && endsStartLine(v[7:]) && uriBegins(uri) {
					return 0, true
				}
			}
		}
	}
	return findStartSlowly(line)
}

func findStartSlowly(line []byte) (int, bool) {
	head := line[:min(len(line), maxBefore+maxRequestURI)]
	i := bytes.Index(head, sipVersion)
	if i < 0 {
		return 0, false
	}
	if lostVersion(line) {
		return 0, true
	}
	for n := 0; n < maxVersions; n++ {
		rest := line[i+len(sipVersion):]
		switch status := statusLen(rest); {
		case status > 0:
			// "SIP/2.0 407 …" at the beginning of the line or after something that a logger writes.
			if i <= maxBefore && boundary(line, i) && statusGoesOn(rest[status:]) {
				return i, true
			}
		case endsStartLine(rest):
			if s := requestStart(line[:i]); s >= 0 {
				return s, true
			}
			if s := brokenStart(line, i); s >= 0 {
				return s, true
			}
		}
		at := i + 1
		k := bytes.Index(head[at:], sipVersion)
		if k < 0 {
			break
		}
		i = at + k
	}
	return 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// statusLen returns the length of the blank and the status code that b begins with, 0 if it does not. RFC 3665 §3.9 has a second blank.
func statusLen(b []byte) int {
	n := 0
	for n < len(b) && n < 3 && b[n] == ' ' {
		n++
	}
	if n == 0 || len(b) < n+3 || b[n] < '1' || b[n] > '9' || !isDigit(b[n+1]) || !isDigit(b[n+2]) || len(b) > n+3 && isDigit(b[n+3]) {
		return 0
	}
	return n + 3
}

// boundary reports whether a message can begin at i, by what stands right before it.
func boundary(line []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch line[i-1] {
	case ' ', '\t', ']', '>', ')', '"', '\'', '|', ':', ';', '}', '<', '=', '\x00', '#':
		return true
	}
	return escapedEnd(line[:i]) || glued(line[:i])
}

// escapedEnd reports whether b ends in a line end that a collector escaped: an SPA may put a marker and a message into one datagram.
func escapedEnd(b []byte) bool {
	for _, e := range [...]string{"#012", "\\012", "\\n"} {
		if len(b) > len(e) && string(b[len(b)-len(e):]) == e {
			return true
		}
	}
	return false
}

// glued reports whether what stands before a message are the bytes of an IP packet as tcpdump -A prints them: the version and length of the
// header first ("E", or "`" of IPv6), at least 28 bytes (IPv4 and UDP), and dots for what cannot be printed. A TAB or a line
// end in the packet is printed as it is, so that only the last of these bytes may be on the line.
func glued(b []byte) bool {
	b = bytes.TrimLeft(b, " \t")
	return bytes.Count(b, []byte("..")) >= 2 || len(b) >= 28 && (b[0] == 'E' || b[0] == '`') && bytes.Count(b, []byte(".")) >= 4
}

// statusGoesOn refuses what is prose about a response ("SIP/2.0 200 OK is the answer to …" cannot be told from a reason phrase, but a
// Via field or a quotation can).
func statusGoesOn(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	switch rest[0] {
	case ' ', '\r', '\n', '^', '#', '\\', '<':
		return true
	}
	return false
}

// endsStartLine reports whether what follows "SIP/2.0" ends a line: its end, or an escaped line end.
func endsStartLine(rest []byte) bool {
	if len(rest) == 0 || rest[0] == '\n' || rest[0] == '\r' || rest[0] == '^' && len(rest) > 1 && rest[1] == 'M' {
		return true
	}
	t := bytes.TrimLeft(rest, " \t\r")
	if len(t) == 0 || t[0] == '\n' {
		return true
	}
	switch t[0] {
	case '^', '#', '\\', '<', '"', '\'':
		for _, e := range [...]string{"^M", "#015", "#012", "\\r", "\\n", "\\015", "\\012", "<013>", "<010>", "<CR>", "<LF>", "\\x0d", "\\x0D", "\"", "'"} {
			if len(t) >= len(e) && string(t[:len(e)]) == e {
				return true
			}
		}
	case '.':
		// ngrep prints CR as a full stop.
		return len(trimEOL(t)) == 1 && rest[0] == '.'
	}
	// Flattened by a collector: blanks, then the first header field.
	if rest[0] == ' ' {
		for _, f := range [...]string{"Via:", "v:", "Via :", "From:", "To:", "Record-Route:", "Max-Forwards:", "Call-ID:", "CSeq:"} {
			if len(t) >= len(f) && string(t[:len(f)]) == f {
				return true
			}
		}
	}
	return false
}

// requestStart returns where the request begins whose version ends the given text, -1 if there is none.
func requestStart(b []byte) int {
	if len(b) < 6 || b[len(b)-1] != ' ' && b[len(b)-1] != '\t' {
		return -1
	}
	// The usual case: it begins the line, maybe indented.
	lead := 0
	for lead < len(b) && (b[lead] == ' ' || b[lead] == '\t') {
		lead++
	}
	if n := tokenLen(b[lead:]); n > 0 && n < maxMethod && lead <= maxBefore && lead+n < len(b) && b[lead+n] == ' ' && uriBegins(b[lead+n+1:]) &&
		(oneWord(b[lead+n+1:]) || isMethod(b[lead:lead+n])) { // else an address and what a device says, and the message is behind them
		return lead
	}
	// The method was eaten: "sip:bob@example.com SIP/2.0".
	if lead <= maxBefore && uriBegins(b[lead:]) && bytes.IndexByte(trimRightBlank(b[lead:]), ' ') < 0 {
		return lead
	}
	// After a logger's prefix: a known method, and right behind it a URI that goes on to the version.
	head := b[:min(len(b), maxBefore+16)]
	for _, m := range methods {
		for at := 0; ; {
			i := bytes.Index(head[at:], []byte(m))
			if i < 0 {
				break
			}
			i += at
			if i <= maxBefore && boundary(b, i) && i+len(m)+1 < len(b) && b[i+len(m)] == ' ' && uriBegins(b[i+len(m)+1:]) &&
				oneWord(b[i+len(m)+1:]) {
				return i
			}
			at = i + 1
		}
	}
	if methodBreak(b) > 0 {
		return 0 // "PUBLIS H sip:…"
	}
	return -1
}

// brokenStart returns where the request begins whose version is at line[version:] and into whose URI rsyslog put a blank ("INVITE sip:
// bob@example.com SIP/2.0", see syslog.TagBlank); -1 if there is none.
func brokenStart(line []byte, version int) int {
	if version == 0 || line[version-1] != ' ' {
		return -1
	}
	uri := line[max(0, version-1-maxRequestURI) : version-1]
	i := bytes.LastIndex(uri, []byte(": "))
	if i < 0 {
		return -1
	}
	i += version - 1 - len(uri)
	for i > 0 && line[i-1] != ' ' { // the scheme
		i--
	}
	s := i - 1
	for s > 0 && (line[s-1] >= 'A' && line[s-1] <= 'Z' || line[s-1] == '-' || line[s-1] == '_') {
		s--
	}
	if s < 0 || s > maxBefore || !boundary(line, s) || syslog.TagBlank(line[s:]) == 0 {
		return -1
	}
	return s
}

// tagBlank returns the offset in h.Text[start:], where a request begins, of a blank that rsyslog put into its URI; 0 if there is none. The
// sign of rsyslog is that the method stands where the host should be, right behind the date. Anywhere else the blank is one that was sent.
func tagBlank(h *syslog.Header, start int) int {
	if len(h.Host) > 0 {
		return 0
	}
	if start == 0 {
		if h.Shape != syslog.ShapeRFC3164 && h.Shape != syslog.ShapeISO {
			return 0
		}
	} else if !endsInDate(h.Text[:start]) {
		return 0
	}
	return syslog.TagBlank(h.Text[start:])
}

// endsInDate reports whether b ends in a date and a blank: grep writes the name of the file before the line.
func endsInDate(b []byte) bool {
	const shortest, longest = len("Aug 2 16:40:00"), len("2009-08-20T16:40:00.123456789+02:00")
	n := len(b) - 1
	if n < shortest || b[n] != ' ' {
		return false
	}
	for k := shortest; k <= longest && k <= n; k++ {
		if t, used := syslog.ParseTimestamp(b[n-k : n]); used == k && t.Style != syslog.StyleClock {
			return true
		}
	}
	return false
}

// methodBreak returns the offset of the blank that a terminal of 80 columns left inside the method at the beginning of b
// ("PUBLIS H sip:bob@example.com"), 0 if there is none.
func methodBreak(b []byte) int {
	i := bytes.IndexByte(b[:min(len(b), 10)], ' ')
	if i <= 0 {
		return 0
	}
	j := bytes.IndexByte(b[i+1:min(len(b), i+12)], ' ')
	if j <= 0 || !uriBegins(b[i+1+j+1:]) {
		return 0
	}
	for _, m := range methods {
		if len(m) == i+j && m[:i] == string(b[:i]) && m[i:] == string(b[i+1:i+1+j]) {
			return i
		}
	}
	return 0
}

// oneWord reports whether a Request-URI has no blanks in it but those at its end, or those that masking put there.
func oneWord(uri []byte) bool {
	uri = trimRightBlank(bytes.TrimLeft(uri, " \t"))
	i := bytes.IndexByte(uri, ' ')
	return i < 0 || bytes.Contains(uri, []byte("[email"))
}

func trimRightBlank(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func tokenLen(b []byte) int {
	i := 0
	for i < len(b) && tokenByte[b[i]] {
		i++
	}
	return i
}

// tokenByte are the characters of a token (RFC 3261 §25.1).
var tokenByte = func() (t [256]bool) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for _, c := range "-.!%*_+`'~" {
		t[c] = true
	}
	return
}()

// uriBegins reports whether b begins like a Request-URI: a scheme, or what a web page left of it.
func uriBegins(b []byte) bool {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '<') {
		b = b[1:]
	}
	n := 0
	for n < len(b) && n < 32 && (b[n] >= 'a' && b[n] <= 'z' || b[n] >= 'A' && b[n] <= 'Z' || n > 0 && (isDigit(b[n]) || b[n] == '+' || b[n] == '-' || b[n] == '.')) {
		n++
	}
	if n > 0 && n+1 < len(b) && b[n] == ':' && b[n+1] != ' ' {
		return true
	}
	return bytes.HasPrefix(b, []byte("[email"))
}

// lostVersion reports whether a line begins with a response whose "SIP/2.0" a syslog daemon took for a host name: "407 Proxy
// Authentication Required^M Via: …".
func lostVersion(line []byte) bool {
	if line[0] < '1' || line[0] > '6' || !isDigit(line[1]) || !isDigit(line[2]) || line[3] != ' ' {
		return false
	}
	i := bytes.Index(line[:min(len(line), 160)], []byte("Via: SIP/2.0"))
	if i < 6 || i > 80 {
		return false
	}
	// Only an escaped line end can stand before it: in prose there is none.
	b := trimRightBlank(line[:i])
	switch b[len(b)-1] {
	case 'M', '2', '5', 'n', 'r', '>', 'a', 'A':
		return len(b) > 6
	}
	return len(b) < i-1 // two blanks: flattened
}

// isOddStart reports whether a line has the form of a start line that breaks the rules in what names it SIP/2.0: another version, none, or a status code of more than three
// digits (RFC 4475 §3.1.2.16, §3.1.2.19, §3.3.3). It is one only if header fields follow, since prose may have a line like it.
func isOddStart(line []byte) bool {
	if len(line) < 11 || line[0] < 'A' || line[0] > 'Z' {
		return false
	}
	if v, ok := bytes.CutPrefix(line, sipSlash); ok {
		n := versionLen(v)
		rest := v[n:]
		if n == 0 || len(rest) == 0 || rest[0] != ' ' {
			return false
		}
		digits := 1
		for digits < len(rest) && isDigit(rest[digits]) {
			digits++
		}
		return (digits > 4 || digits == 4 && !bytes.HasPrefix(line, sipVersion)) && statusGoesOn(rest[digits:])
	}
	n := tokenLen(line[:min(len(line), maxMethod)])
	if n == len(line) || line[n] != ' ' || !uriBegins(line[n+1:]) {
		return false
	}
	uri := line[n+1:]
	end := 0
	for end < min(len(uri), maxRequestURI) && uri[end] > ' ' {
		end++
	}
	rest := uri[end:]
	if len(bytes.TrimRight(rest, "\r\n")) == 0 {
		scheme, _, _ := bytes.Cut(uri, colon)
		return slices.Contains(methods[:], string(line[:n])) && (bytes.EqualFold(scheme, []byte("sip")) || bytes.EqualFold(scheme, []byte("sips")))
	}
	version, ok := bytes.CutPrefix(bytes.TrimPrefix(rest, blank), sipSlash)
	n = versionLen(version)
	return ok && n > 0 && endsStartLine(version[n:])
}

var sipSlash, blank, colon = []byte("SIP/"), []byte(" "), []byte(":")

// versionLen returns the length of the version that b begins with, two numbers and a full stop; 0 if there is none.
func versionLen(b []byte) int {
	const longest = 8
	n, dots := 0, 0
	for n < min(len(b), longest) && (isDigit(b[n]) || n > 0 && b[n] == '.') {
		if b[n] == '.' {
			dots++
		}
		n++
	}
	if dots != 1 || b[n-1] == '.' {
		return 0
	}
	return n
}
