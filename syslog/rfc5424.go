package syslog

import (
	"bytes"
	"unicode/utf8"
)

var bom = []byte("\xEF\xBB\xBF")

// parse5424 reads VERSION and what follows at line[at:] (RFC 5424 §6). It reports false, and leaves nothing in h, if the
// line does not have all parts of the header; STRUCTURED-DATA that is malformed is text, as §6.3 allows.
func (h *Header) parse5424(line []byte, at int) bool {
	for n := 0; at < len(line) && n < 3 && line[at]-'0' <= 9; n++ {
		at++
	}
	if at >= len(line) || line[at] != ' ' {
		return false
	}
	at++
	var word [5][]byte // TIMESTAMP HOSTNAME APP-NAME PROCID MSGID
	for i := range word {
		end := wordEnd(line[at:])
		if end == 0 || at+end == len(line) {
			return false
		}
		if w := line[at : at+end]; string(w) != "-" {
			word[i] = w
		}
		at += end + 1
	}
	if word[0] != nil {
		t, n := ParseTimestamp(word[0])
		if t.Style != StyleISOT || n != len(word[0]) {
			return false
		}
		h.Time = t
	}
	h.Shape = ShapeRFC5424
	h.Host, h.App, h.ProcID, h.MsgID = word[1], word[2], word[3], word[4]
	switch n := structuredDataLen(line[at:]); {
	case n > 0:
		h.StructuredData = line[at : at+n]
		at += n
		if at < len(line) && line[at] == ' ' {
			at++
		}
	case at < len(line) && line[at] == '-' && (at+1 == len(line) || line[at+1] == ' '):
		at = min(at+2, len(line))
	}
	if bytes.HasPrefix(line[at:], bom) {
		at += len(bom)
	}
	h.TextStart, h.Text = at, line[at:]
	return true
}

// structuredDataLen returns the length of the SD-ELEMENTs at the beginning of b; 0 if there is none that is whole and followed by
// a blank or the end.
func structuredDataLen(b []byte) int {
	n := 0
	for n < len(b) && b[n] == '[' {
		i, quoted := n+1, false
		for ; i < len(b); i++ {
			switch c := b[i]; {
			case c == '\\' && quoted && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\' || b[i+1] == ']'):
				i++
				continue
			case c == '"':
				quoted = !quoted
				continue
			case c == ']' && !quoted:
			default:
				continue
			}
			break
		}
		if i >= len(b) {
			return 0
		}
		n = i + 1
	}
	if n < len(b) && b[n] != ' ' {
		return 0
	}
	return n
}

// SDParam returns the value of a parameter in STRUCTURED-DATA, unescaped (RFC 5424 §6.3.3), the first if it is there twice;
// nil and false if it is not there. It allocates only if the value has an escape.
func SDParam(sd []byte, id, name string) ([]byte, bool) {
	for len(sd) > 0 && sd[0] == '[' {
		n := 1
		for n < len(sd) && sd[n] != ' ' && sd[n] != ']' {
			n++
		}
		mine := string(sd[1:n]) == id
		sd = sd[n:]
		for len(sd) > 0 && sd[0] == ' ' {
			eq := bytes.IndexByte(sd, '=')
			if eq < 0 || eq+1 >= len(sd) || sd[eq+1] != '"' {
				return nil, false
			}
			key := sd[1:eq]
			sd = sd[eq+2:]
			end, escaped := 0, false
			for ; end < len(sd) && sd[end] != '"'; end++ {
				if sd[end] == '\\' && end+1 < len(sd) && isSDEscaped(sd[end+1]) {
					escaped = true
					end++
				}
			}
			if end >= len(sd) {
				return nil, false
			}
			if mine && string(key) == name {
				if !escaped {
					return sd[:end], true
				}
				return unescapeSD(sd[:end]), true
			}
			sd = sd[end+1:]
		}
		if len(sd) == 0 || sd[0] != ']' {
			return nil, false
		}
		sd = sd[1:]
	}
	return nil, false
}

func isSDEscaped(c byte) bool { return c == '"' || c == '\\' || c == ']' }

// unescapeSD undoes \" \\ \]. Any other backslash stays: "the backslash MUST be treated as a regular backslash" (§6.3.3).
func unescapeSD(v []byte) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && isSDEscaped(v[i+1]) {
			i++
		}
		out = append(out, v[i])
	}
	return out
}

// SDElement is one element of STRUCTURED-DATA: [ID name="value" …].
type SDElement struct {
	ID     string // SD-ID: a registered name, or name@enterprise-number
	Params []SDParameter
}

// SDParameter is one name="value".
type SDParameter struct{ Name, Value string }

// AppendRFC5424 appends the record as RFC 5424 §6 has it. Whatever the fields hold, the result keeps to the grammar:
//
//   - HOSTNAME, APP-NAME, PROCID, MSGID: characters other than printing ASCII become '?', what is too long is cut (255, 48,
//     128 and 32), what is empty is "-". So is a lone "-", which cannot be told from the NILVALUE.
//   - SD-ID and PARAM-NAME: the same, and '=', ']' and '"' become '?' too. An element without an ID, a parameter without a
//     name, and the second element with an ID (which "MUST NOT exist more than once", §6.3.2) are left out.
//   - PARAM-VALUE: '"', '\' and ']' are escaped (§6.3.3); bytes that are not UTF-8 become U+FFFD.
//   - TIMESTAMP: "-" unless date, year and zone are known; no more than six digits of fraction; a leap second, which §6.2.3
//     forbids, makes it "-" too, since any other second would be a lie.
//   - MSG that is empty is left out with the blank before it. One that begins with a byte order mark of its own gets no second.
func AppendRFC5424(dst []byte, r *Record) []byte {
	pri := r.Priority
	if !pri.Valid() {
		pri = MakePriority(User, Notice)
	}
	dst = pri.AppendPRI(dst)
	dst = append(dst, "1 "...)
	dst = appendTimestamp5424(dst, r.Time)
	dst = appendName(append(dst, ' '), r.Host, 255, "-")
	dst = appendName(append(dst, ' '), r.App, 48, "-")
	dst = appendName(append(dst, ' '), r.ProcID, 128, "-")
	dst = appendName(append(dst, ' '), r.MsgID, 32, "-")
	dst = append(dst, ' ')
	data := len(dst)
	for i, e := range r.Data {
		if e.ID == "" || repeated(r.Data[:i], e.ID) {
			continue
		}
		dst = append(dst, '[')
		dst = appendSDName(dst, e.ID)
		for _, p := range e.Params {
			if p.Name == "" {
				continue
			}
			dst = append(dst, ' ')
			dst = appendSDName(dst, p.Name)
			dst = append(dst, '=', '"')
			dst = appendSDValue(dst, p.Value)
			dst = append(dst, '"')
		}
		dst = append(dst, ']')
	}
	if len(dst) == data {
		dst = append(dst, '-')
	}
	if len(r.Text) == 0 {
		return dst
	}
	dst = append(dst, ' ')
	if r.BOM && utf8.Valid(r.Text) && !bytes.HasPrefix(r.Text, bom) {
		dst = append(dst, bom...)
	}
	return append(dst, r.Text...)
}

// repeated reports whether an element before has the same ID as it would be written.
func repeated(before []SDElement, id string) bool {
	var a, b [32]byte
	w := appendSDName(a[:0], id)
	for _, e := range before {
		if e.ID != "" && bytes.Equal(appendSDName(b[:0], e.ID), w) {
			return true
		}
	}
	return false
}

func appendTimestamp5424(dst []byte, t Timestamp) []byte {
	if !t.HasDate() || t.Year == 0 || t.Zone == ZoneNone || t.Second > 59 {
		return append(dst, '-')
	}
	start := len(dst)
	t.Style = StyleISOT
	t.FracDigits = min(t.FracDigits, 6)
	switch t.Zone {
	case ZonePlain:
		t.Zone = ZoneColon
	case ZonePlainMinus:
		t.Zone = ZoneColonMinus
	}
	dst = t.AppendText(dst)
	if _, n := ParseTimestamp(dst[start:]); n != len(dst)-start {
		return append(dst[:start], '-') // a month 13 or the like
	}
	return dst
}

// appendName appends at most limit bytes of s, with '?' for what is not PRINTUSASCII; empty says how an empty one is written.
func appendName(dst []byte, s string, limit int, empty string) []byte {
	if s == "" {
		return append(dst, empty...)
	}
	for i := 0; i < len(s) && i < limit; i++ {
		c := s[i]
		if c < 33 || c > 126 {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendSDName(dst []byte, s string) []byte {
	start := len(dst)
	dst = appendName(dst, s, 32, "")
	for i, c := range dst[start:] {
		if c == '=' || c == ']' || c == '"' {
			dst[start+i] = '?'
		}
	}
	return dst
}

func appendSDValue(dst []byte, s string) []byte {
	for _, r := range s {
		if r < utf8.RuneSelf && isSDEscaped(byte(r)) {
			dst = append(dst, '\\')
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
