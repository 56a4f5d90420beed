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

// maxReasons is how many values of Reason are told: a gateway gives one for SIP and one for the telephone network.
const maxReasons = 3

// tellReason adds the reasons that a message gives in its Reason header field.
func (t *Teller) tellReason(m *sip.Message) {
	if !m.Has(sip.FieldReason) {
		return
	}
	text := ""
	n := 0
	for span := range m.Values(sip.FieldReason) {
		if n++; n > maxReasons {
			break
		}
		if s := t.reasonText(m.Text(span)); s != "" {
			if text != "" {
				text += " " + t.word("word.and") + " "
			}
			text += s
		}
	}
	if text != "" {
		t.fill[placeText] = text
		t.say("final.why")
	}
}

// reasonText returns one value of Reason in words. The causes of the telephone network are those of ITU-T Q.850.
func (t *Teller) reasonText(v []byte) string {
	r := reasonOf(v)
	words := ""
	if bytes.EqualFold(r.protocol, []byte("Q.850")) {
		if key := "cause." + strconv.Itoa(r.cause); len(catalogueEN[key].parts) > 0 {
			words = t.word(key)
		}
	} else if bytes.EqualFold(r.protocol, []byte("SIP")) {
		words = sip.ReasonPhrase(r.cause)
	}
	code := t.shown(r.protocol) + " " + strconv.Itoa(r.cause)
	switch {
	case r.cause == 0 && len(r.text) > 0:
		return `"` + t.shown(r.text) + `"`
	case r.cause == 0:
		return t.shown(bytes.TrimSpace(v))
	case len(r.text) > 0 && (words == "" || !bytes.EqualFold(r.protocol, []byte("Q.850"))):
		return `"` + t.shown(r.text) + `"`
	case len(r.text) > 0:
		return `"` + t.shown(r.text) + `" (` + code + ": " + words + ")"
	case words != "":
		return code + " (" + words + ")"
	}
	return code
}
