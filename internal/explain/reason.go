package explain

import (
	"bytes"
	"strconv"

	"sipscribe/sip"
)

// reason is the first value of a Reason header field (RFC 3326 §2): SIP;cause=200;text="Call completed elsewhere".
type reason struct {
	protocol []byte
	cause    int
	text     []byte
}

// reasonOf reads a Reason header field; what it does not have is zero.
func reasonOf(v []byte) reason {
	var r reason
	end := bytes.IndexAny(v, ";,")
	if end < 0 {
		r.protocol = bytes.TrimSpace(v)
		return r
	}
	r.protocol = bytes.TrimSpace(v[:end])
	for v = v[end:]; len(v) > 0 && v[0] == ';'; {
		v = v[1:]
		i := bytes.IndexAny(v, "=;,")
		if i < 0 {
			break
		}
		if v[i] != '=' {
			v = v[i:]
			continue
		}
		name, value := bytes.TrimSpace(v[:i]), bytes.TrimLeft(v[i+1:], " \t")
		n := 0
		if len(value) > 0 && value[0] == '"' {
			for n = 1; n < len(value) && value[n] != '"'; n++ {
				if value[n] == '\\' {
					n++
				}
			}
			n = min(n+1, len(value))
		}
		if j := bytes.IndexAny(value[n:], ";,"); j >= 0 {
			n += j
		} else {
			n = len(value)
		}
		v = value[n:]
		switch value = value[:n]; {
		case bytes.EqualFold(name, []byte("cause")):
			r.cause, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("text")):
			r.text = sip.Unquote(value)
		}
	}
	return r
}

// tellReason adds the reason that a message gives in its Reason header field.
func (t *Teller) tellReason(m *sip.Message) {
	v := m.Value(sip.FieldReason)
	if len(v) == 0 {
		return
	}
	switch r := reasonOf(v); {
	case len(r.text) > 0:
		t.fill[placeText] = `"` + t.shown(r.text) + `"`
	case r.cause != 0:
		t.fill[placeText] = t.shown(r.protocol) + " " + strconv.Itoa(r.cause)
	default:
		t.fill[placeText] = t.shown(v)
	}
	t.say("final.why")
}
