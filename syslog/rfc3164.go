package syslog

import "bytes"

// parseOrigin reads host and TAG at line[at:] and returns where the text begins.
func (h *Header) parseOrigin(line []byte, at int) int {
	rest := line[at:]
	// Nearly always the first word is a host, and one that no text begins with.
	end := classLen(rest, hostChar)
	if end > 0 && end < len(rest) && rest[end] == ' ' && rest[0] <= '9' {
		h.Host = rest[:end]
		return h.parseTag(line, at+end+1)
	}
	end += wordEnd(rest[end:])
	if end == 0 || end == len(rest) {
		return at // a line of one word: nothing says that it is a host
	}
	if word := rest[:end]; isHost(word) {
		if !isTextWord(word, rest) {
			h.Host = word
			at += end + 1
		}
	} else if word[end-1] == ':' && isAddress(word[:end-1]) {
		h.Host = word[:end-1]
		at += end + 1
	}
	return h.parseTag(line, at)
}

// classLen returns how many characters of a class stand at the beginning of b.
func classLen(b []byte, class uint8) int {
	for i, c := range b {
		if charClass[c]&class == 0 {
			return i
		}
	}
	return len(b)
}

// wordEnd returns the offset of the first blank, or len(b). Host names are short: a loop beats a call.
func wordEnd(b []byte) int {
	for i, c := range b {
		if c == ' ' {
			return i
		}
	}
	return len(b)
}

// Classes of characters in host names and tags.
const (
	hostChar = 1 << iota // letters, digits, '-', '.', '_'
	ip6Char              // hexadecimal digits, ':', '.'
	tagChar              // as hostChar
)

var charClass = func() (t [256]uint8) {
	for c := 0; c < 256; c++ {
		switch {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.':
			t[c] = hostChar | ip6Char | tagChar
		case c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z' || c == '-' || c == '_':
			t[c] = hostChar | tagChar
		case c == ':':
			t[c] = ip6Char
		}
	}
	return
}()

// isHost reports whether a word can be a host name or an address (RFC 5424 §6.2.4 lists the forms).
func isHost(w []byte) bool {
	and := uint8(hostChar)
	for _, c := range w {
		and &= charClass[c]
	}
	return and != 0 || isIPv6(w)
}

// isIPv6 reports whether w has the form of an IPv6 address: at least two colons, and nothing but what such an address is made
// of; brackets and a zone are allowed.
func isIPv6(w []byte) bool {
	if len(w) > 2 && w[0] == '[' && w[len(w)-1] == ']' {
		w = w[1 : len(w)-1]
	}
	if i := bytes.IndexByte(w, '%'); i > 0 {
		for _, c := range w[i+1:] {
			if charClass[c]&hostChar == 0 {
				return false
			}
		}
		w = w[:i]
	}
	colons := 0
	for _, c := range w {
		if charClass[c]&ip6Char == 0 {
			return false
		}
		if c == ':' {
			colons++
		}
	}
	return colons >= 2 && colons <= 7
}

// isAddress reports whether w is an address, not a name: four numbers with dots between, or the form of IPv6.
func isAddress(w []byte) bool {
	dots, digits := 0, 0
	for _, c := range w {
		switch {
		case c == '.' && digits > 0:
			dots++
			digits = 0
		case c-'0' <= 9 && digits < 3:
			digits++
		default:
			return isIPv6(w)
		}
	}
	return dots == 3 && digits > 0
}

// isTextWord reports whether w, the first word of line, which could be a host, is the first of the text: a SIP method before a URI, or
// one of the words that an SPA begins a line with.
func isTextWord(w, line []byte) bool {
	switch c := w[0]; {
	case c >= 'A' && c <= 'Z':
		return isMethod(w) && hasURI(line[len(w)+1:]) || TagBlank(line) > 0 || hasSPAWords(line)
	case c == 's':
		return hasSPAWords(line)
	}
	return false
}

// hasSPAWords reports whether a line begins with what an SPA writes without a line number, and which looks like a host and a text.
func hasSPAWords(line []byte) bool {
	for _, s := range [...]string{"system request reboot", "AUD ALLOC CALL", "AUD Rel Call", "RTP Rx Up", "RSE_DEBUG "} {
		if len(line) >= len(s) && string(line[:len(s)]) == s {
			return true
		}
	}
	return false
}

// parseTag reads "sipura[12]: " or "SPA: " at line[at:] and returns where the text begins; at if there is no tag.
func (h *Header) parseTag(line []byte, at int) int {
	const maxTag = 32 // RFC 3164 §4.1.3
	b := line[at:]
	n := classLen(b, tagChar)
	if n == 0 || n > maxTag || n == len(b) || b[n] != ':' && b[n] != '[' {
		return at
	}
	end := n
	var pid []byte
	if b[n] == '[' {
		const maxPID = 128 // RFC 5424 §6
		k := bytes.IndexByte(b[n:min(len(b), n+maxPID+2)], ']')
		if k < 2 || bytes.IndexByte(b[n:n+k], ' ') >= 0 {
			return at
		}
		pid = b[n+1 : n+k]
		end = n + k + 1
	}
	if end >= len(b) || b[end] != ':' || end+1 < len(b) && b[end+1] != ' ' || isFieldName(b[:n]) {
		return at
	}
	h.App, h.ProcID = b[:n], pid
	return at + min(end+2, len(b))
}

// Record is a record to be written.
type Record struct {
	Priority Priority  // NoPriority: RFC 3164 without PRI; RFC 5424, which must have one, gets user.notice
	Time     Timestamp // as far as the form can say it
	Host     string
	App      string
	ProcID   string
	MsgID    string      // RFC 5424 only
	Data     []SDElement // RFC 5424 only
	// BOM says that Text is UTF-8 and gets a byte order mark, which RFC 5424 §6.4 demands of an originator that knows it. It is
	// left out, and the text is then MSG-ANY, if Text is not valid UTF-8. RFC 5424 only.
	BOM  bool
	Text []byte // as it is: what an octet-counted frame or a datagram carries needs no escape
}

// AppendRFC3164 appends "<PRI>Mmm dd hh:mm:ss HOST TAG[PID]: text" (RFC 3164 §4.1). The PRI is left out for NoPriority: that
// is how a collector writes it into a file. Year, fraction and zone of the time are not written, since the form has no place
// for them; without a date there is no header but the PRI, as devices of the SPA family send it. Blanks and other
// characters that a host or a TAG cannot have become '_', a TAG is cut at 32 characters (§4.1.3).
func AppendRFC3164(dst []byte, r *Record) []byte {
	dst = r.Priority.AppendPRI(dst)
	t := Timestamp{Month: r.Time.Month, Day: r.Time.Day, Hour: r.Time.Hour, Minute: r.Time.Minute, Second: r.Time.Second,
		Style: StyleBSD}
	start := len(dst)
	dst = t.AppendText(dst)
	if _, n := ParseTimestamp(dst[start:]); n != len(dst)-start {
		dst = dst[:start] // there is none
	} else {
		dst = append(dst, ' ')
		if r.Host != "" {
			dst = append(appendClass(dst, r.Host, 255, hostChar|ip6Char), ' ')
		}
		if r.App != "" {
			dst = appendClass(dst, r.App, 32, tagChar)
			if r.ProcID != "" {
				dst = append(dst, '[')
				dst = appendClass(dst, r.ProcID, 128, tagChar)
				dst = append(dst, ']')
			}
			dst = append(dst, ": "...)
		}
	}
	return append(dst, r.Text...)
}

// appendClass appends at most limit bytes of s, with '_' for those of none of the classes.
func appendClass(dst []byte, s string, limit int, class uint8) []byte {
	for i := 0; i < len(s) && i < limit; i++ {
		c := s[i]
		if charClass[c]&class == 0 {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}
