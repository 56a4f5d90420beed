package decode

import (
	"bytes"
)

var sipVersion = []byte("SIP/2.0")

// maxBefore is how far into a line a message may begin, in bytes: what loggers write before it.
const maxBefore = 300

// methods are the words that a request can begin with inside a line of other text. At the beginning of a line any token will do.
var methods = [...]string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",
	"REFER", "MESSAGE", "UPDATE"}

// findStart returns where in a line a SIP message begins, and false if none does. The line may go on after the start line, with
// the line ends of the message escaped; a word about SIP in prose, or a Via field, is no message.
func findStart(line []byte) (int, bool) {
	i := bytes.Index(line, sipVersion)
	if i < 0 {
		return lostVersion(line)
	}
	for at := 0; at <= maxBefore+4096; {
		end := i + len(sipVersion)
		rest := line[end:]
		switch {
		case len(rest) >= 4 && rest[0] == ' ' && isDigit(rest[1]) && isDigit(rest[2]) && isDigit(rest[3]) &&
			(len(rest) == 4 || !isDigit(rest[4])):
			// "SIP/2.0 407 …" at the beginning of the line or after something that a logger writes.
			if i <= maxBefore && boundary(line, i) && statusGoesOn(rest[4:]) {
				return i, true
			}
		case endsStartLine(rest):
			if s := requestStart(line[:i]); s >= 0 {
				return s, true
			}
		}
		at = i + 1
		n := bytes.Index(line[at:], sipVersion)
		if n < 0 {
			return 0, false
		}
		i = at + n
	}
	return 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// boundary reports whether a word can begin at i.
func boundary(line []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch line[i-1] {
	case ' ', '\t', ']', '>', ')', '"', '\'', '|', ':', ';', '}', '<', '=', '\x00':
		return true
	}
	return false
}

// statusGoesOn refuses what is prose about a response ("SIP/2.0 200 OK is the answer to …" cannot be told from a reason phrase, but a
// Via field or a quotation can).
func statusGoesOn(rest []byte) bool {
	return len(rest) == 0 || rest[0] == ' ' || rest[0] == '\r' || rest[0] == '\n' || rest[0] == '^' || rest[0] == '#' ||
		rest[0] == '\\' || rest[0] == '<'
}

// endsStartLine reports whether what follows "SIP/2.0" ends a line: its end, or an escaped line end.
func endsStartLine(rest []byte) bool {
	t := bytes.TrimLeft(rest, " \t\r")
	if len(t) == 0 || t[0] == '\n' {
		return true
	}
	for _, e := range [...]string{"^M", "#015", "#012", "\\r", "\\n", "\\015", "\\012", "<013>", "<010>", "\\x0d", "\\x0D", "\"", "'"} {
		if bytes.HasPrefix(t, []byte(e)) {
			return true
		}
	}
	// Flattened by a collector: blanks, then the first header field.
	if len(rest) > 0 && (rest[0] == ' ') {
		for _, f := range [...]string{"Via:", "v:", "Via :", "From:", "To:", "Record-Route:", "Max-Forwards:", "Call-ID:", "CSeq:"} {
			if bytes.HasPrefix(t, []byte(f)) {
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
	if n := tokenLen(b[lead:]); n > 0 && n < 32 && lead+n < len(b) && b[lead+n] == ' ' && uriBegins(b[lead+n+1:]) {
		return lead
	}
	// The method was eaten: "sip:bob@example.com SIP/2.0".
	if uriBegins(b[lead:]) && bytes.IndexByte(trimRightBlank(b[lead:]), ' ') < 0 {
		return lead
	}
	// After a logger's prefix: a known method, and a URI right behind it.
	for _, m := range methods {
		for at := 0; at < len(b) && at <= maxBefore; {
			i := bytes.Index(b[at:], []byte(m))
			if i < 0 {
				break
			}
			i += at
			if i <= maxBefore && boundary(b, i) && i+len(m)+1 < len(b) && b[i+len(m)] == ' ' && uriBegins(b[i+len(m)+1:]) {
				return i
			}
			at = i + 1
		}
	}
	return -1
}

func trimRightBlank(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func tokenLen(b []byte) int {
	i := 0
	for i < len(b) && isTokenByte(b[i]) {
		i++
	}
	return i
}

// uriBegins reports whether b begins like a Request-URI: a scheme, or what a web page left of it.
func uriBegins(b []byte) bool {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '<') {
		b = b[1:]
	}
	n := 0
	for n < len(b) && (b[n] >= 'a' && b[n] <= 'z' || b[n] >= 'A' && b[n] <= 'Z' || n > 0 && (isDigit(b[n]) || b[n] == '+' || b[n] == '-' || b[n] == '.')) {
		n++
	}
	if n > 0 && n < len(b) && b[n] == ':' {
		return true
	}
	return bytes.HasPrefix(b, []byte("[email")) || bytes.HasPrefix(b[min(n, len(b)):], []byte("&colon;"))
}

// lostVersion finds a response whose "SIP/2.0" a syslog daemon took for a host name: "407 Proxy Authentication Required^M Via: …".
func lostVersion(line []byte) (int, bool) {
	if len(line) < 12 || line[0] < '1' || line[0] > '6' || !isDigit(line[1]) || !isDigit(line[2]) || line[3] != ' ' {
		return 0, false
	}
	head := line[:min(len(line), 160)]
	if i := bytes.Index(head, []byte("Via: SIP/2.0")); i > 4 && i < 80 {
		return 0, true
	}
	return 0, false
}
