package syslog

import "bytes"

// What a syslog codec must know of SIP: enough to tell the text of a record from its header, and the lines of a message from prose.

// isMethod reports whether w is a method of SIP: RFC 3261, 3262 (PRACK), 3311 (UPDATE), 3428 (MESSAGE), 3515 (REFER), 3903
// (PUBLISH), 6086 (INFO), 6665 (SUBSCRIBE, NOTIFY).
func isMethod(w []byte) bool {
	switch string(w) {
	case "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "UPDATE", "MESSAGE", "REFER", "PUBLISH", "INFO",
		"SUBSCRIBE", "NOTIFY":
		return true
	}
	return false
}

// maxMethod and maxScheme are longer than any method and scheme in use; they bound what a look at a line costs.
const maxMethod, maxScheme = 24, 24

// methodLen returns how many characters of a method in capitals (with '-' or '_' in it) stand before a blank at the beginning of b; 0 if
// none does.
func methodLen(b []byte) int {
	n := 0
	for n < len(b) && n <= maxMethod && (b[n] >= 'A' && b[n] <= 'Z' || b[n] == '-' || b[n] == '_') {
		n++
	}
	if n < 2 || n > maxMethod || n == len(b) || b[n] != ' ' {
		return 0
	}
	return n
}

// schemeLen returns how many characters of the scheme of a URI (RFC 3986 §3.1) stand before a colon at the beginning of b; 0 if none does.
func schemeLen(b []byte) int {
	if len(b) == 0 || b[0]|0x20 < 'a' || b[0]|0x20 > 'z' {
		return 0
	}
	for i, c := range b {
		switch {
		case c == ':':
			return i
		case i == maxScheme || c|0x20 < 'a' && c-'0' > 9 && c != '+' && c != '-' && c != '.' || c|0x20 > 'z':
			return 0
		}
	}
	return 0
}

// hasURI reports whether b begins with a URI: a scheme, a colon, and something behind it (RFC 3986 §3.1).
func hasURI(b []byte) bool {
	n := schemeLen(b)
	return n > 0 && n+1 < len(b) && b[n+1] > ' '
}

var sipVersion = []byte("SIP/2.0")

// isStartLine reports whether b begins with the start line of a SIP message: a method and a URI, or SIP/2.0 and a status code
// (RFC 3261 §7.1, §7.2). Methods that are not registered count if they are in capitals and the URI is one of SIP.
func isStartLine(b []byte) bool {
	if bytes.HasPrefix(b, sipVersion) {
		b = b[len(sipVersion):]
		return len(b) >= 4 && b[0] == ' ' && b[1]-'1' <= 5 && b[2]-'0' <= 9 && b[3]-'0' <= 9
	}
	n := methodLen(b)
	if n == 0 {
		return false
	}
	uri := b[n+1:]
	return hasURI(uri) && (isMethod(b[:n]) || bytes.HasPrefix(uri, []byte("sip:")) || bytes.HasPrefix(uri, []byte("sips:"))) || TagBlank(b) > 0
}

// TagBlank returns the offset of the blank that rsyslog puts into a request which an SPA sent without a header of syslog; 0 if text
// does not begin with such a request:
//
//	sent     INVITE sip:bob@example.com SIP/2.0
//	written  Aug 20 16:40:00 INVITE sip: bob@example.com SIP/2.0#015#012Via: …
//
// rsyslog's parser takes the method for the host and the scheme, up to its colon, for the TAG; and its templates
// RSYSLOG_TraditionalFileFormat and RSYSLOG_FileFormat put a blank between a TAG and a text that does not begin with one. (Seen of
// rsyslog 8.2302, with a PRI and without; what begins with a bracket, and a response, which has a '/', has no such TAG.) The request
// line must be there whole: "INFO sip: ready" is a host or a level, a TAG and a text. A log that has the like behind a host has it
// from a device that sent it so; who calls TagBlank has to see to that.
func TagBlank(text []byte) int {
	n := methodLen(text)
	if n == 0 {
		return 0
	}
	scheme := schemeLen(text[n+1:])
	n += 1 + scheme
	if scheme == 0 || n+2 >= len(text) || text[n+1] != ' ' || text[n+2] <= ' ' {
		return 0
	}
	const maxURI = 4096
	uri := text[n+2 : min(len(text), n+2+maxURI)]
	end := bytes.Index(uri, sipVersionWord)
	// A web page makes "[email protected]" of an address: that blank is not one of the request line.
	if end <= 0 || bytes.IndexByte(uri[:end], ' ') >= 0 && !bytes.HasPrefix(uri, []byte("[email")) {
		return 0
	}
	return n + 1
}

var sipVersionWord = []byte(" SIP/2.0")

// tokenLen returns how many characters of a token (RFC 3261 §25.1) stand at the beginning of b.
func tokenLen(b []byte) int {
	for i, c := range b {
		if !tokenChar[c] {
			return i
		}
	}
	return len(b)
}

var tokenChar = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "-.!%*_+`'~" {
		t[c] = true
	}
	return
}()

// maxFieldName is longer than any name in use; it bounds what a look at a line costs.
const maxFieldName = 40

// isFieldName reports whether w is the name of a header field, in any case: one that is registered with IANA, or an extension that
// begins with X- or P-. Compact forms (RFC 3261 §7.3.3) are not among them: a letter is too little to go by.
func isFieldName(w []byte) bool {
	if len(w) < 2 || len(w) > maxFieldName {
		return false
	}
	var low [maxFieldName]byte
	for i, c := range w {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		low[i] = c
	}
	if low[1] == '-' && (low[0] == 'x' || low[0] == 'p') {
		return len(w) > 2
	}
	return isRegistered(string(low[:len(w)]))
}

// isRegistered reports whether a name in small letters is one that is registered with IANA. A switch is there when the program starts; a map would have to be made.
func isRegistered(name string) bool {
	switch name {
	case "accept", "accept-contact", "accept-encoding", "accept-language", "accept-resource-priority",
		"additional-identity", "alert-info", "allow", "allow-events", "answer-mode", "authentication-info",
		"authorization", "call-id", "call-info", "cellular-network-info", "contact", "content-disposition",
		"content-encoding", "content-id", "content-language", "content-length", "content-transfer-encoding",
		"content-type", "cseq", "date", "diversion", "encryption", "error-info", "event", "expires", "feature-caps",
		"flow-timer", "from", "geolocation", "geolocation-error", "geolocation-routing", "hide", "history-info",
		"identity", "identity-info", "in-reply-to", "info-package", "join", "max-breadth", "max-forwards", "mime-version",
		"min-expires", "min-se", "organization", "origination-id", "path", "permission-missing", "policy-contact",
		"policy-id", "priority", "priority-share", "priority-verstat", "priv-answer-mode", "privacy", "proxy-authenticate",
		"proxy-authentication-info", "proxy-authorization", "proxy-require", "rack", "reason", "reason-phrase",
		"record-route", "recv-info", "refer-events-at", "refer-sub", "refer-to", "referred-by", "reject-contact",
		"relayed-charge", "remote-party-id", "replaces", "reply-to", "request-disposition", "require", "resource-priority",
		"resource-share", "response-key", "response-source", "restoration-info", "retry-after", "route", "rseq",
		"security-client", "security-server", "security-verify", "server", "service-interact-info", "service-route",
		"session-expires", "session-id", "sip-etag", "sip-if-match", "subject", "subscription-state", "supported",
		"suppress-if-match", "target-dialog", "timestamp", "to", "trigger-consent", "unsupported", "user-agent",
		"user-to-user", "via", "warning", "www-authenticate":
		return true
	}
	return false
}

// spaWords are how the lines begin that an SPA writes beside SIP, but for those with a line number in brackets.
var spaWords = [...]string{"CC:", "Calling:", "SYSCFG:", "AUD ", "RTP ", "RSE_DEBUG", "fu:", "system request "}

// NextDatagram returns where in text the next datagram begins: Wireshark's "Follow UDP stream" and other raw dumps put datagrams one
// after the other without a line end, so that a PRI stands in the middle of a line. It is the offset of the '<' of the first
// PRI after offset 0 behind which something stands that a datagram begins with: the start line of a SIP message, a line
// number in brackets ("[0]Off Hook", "[0:5060]<<"), a date, RFC 5424's version, or words of an SPA. -1 if there is none.
func NextDatagram(text []byte) int {
	for at := 1; at < len(text); {
		i := bytes.IndexByte(text[at:], '<')
		if i < 0 {
			break
		}
		at += i
		if _, n := ParsePRI(text[at:]); n > 0 && beginsDatagram(text[at+n:]) {
			return at
		}
		at++
	}
	return -1
}

func beginsDatagram(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch c := b[0]; {
	case c == '[':
		// [n] or [n:port]
		n := 1
		for n < len(b) && n < 10 && (b[n]-'0' <= 9 || b[n] == ':') {
			n++
		}
		return n > 1 && n < len(b) && b[n] == ']'
	case c-'0' <= 9:
		if _, n := ParseTimestamp(b); n > 0 {
			return true
		}
		if len(b) > 2 && b[1] == ' ' {
			_, n := ParseTimestamp(b[2:])
			return n > 0 || b[2] == '-'
		}
		return false
	}
	if isStartLine(b) {
		return true
	}
	for _, w := range spaWords {
		if len(b) >= len(w) && string(b[:len(w)]) == w {
			return true
		}
	}
	_, n := ParseTimestamp(b)
	return n > 0
}
