package explain

import (
	"bytes"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// info tells an INFO: a key press in one of the two ways that devices have for it, or anything else.
func (t *Teller) info(h *callflow.Hop, m *sip.Message) {
	kind := m.Value(sip.FieldContentType)
	body := m.BodyBytes()
	switch {
	case h.Forwards >= 0:
		t.say("request.forward")
	case bytes.Contains(kind, []byte("dtmf-relay")):
		digit := lineValue(body, "Signal", '=')
		t.fill[placeText] = t.shown(digit)
		if len(digit) == 0 {
			t.sayFar(h, "info.bare", "info.bare.far")
			return
		}
		if string(digit) == "16" || bytes.EqualFold(digit, []byte("hf")) {
			t.sayFar(h, "info.flash", "info.flash.far")
			return
		}
		t.sayFar(h, "info.digit", "info.digit.far")
	case bytes.Contains(kind, []byte("application/dtmf")):
		t.fill[placeText] = t.shown(bytes.TrimSpace(body))
		t.sayFar(h, "info.digit", "info.digit.far")
	case bytes.Contains(kind, []byte("hook-flash")), bytes.Contains(kind, []byte("hook_flash")):
		t.sayFar(h, "info.flash", "info.flash.far")
	case len(kind) > 0:
		t.fill[placeText] = t.shown(kind)
		t.sayFar(h, "info", "info.far")
	default:
		t.sayFar(h, "info.bare", "info.bare.far")
	}
}

// lineValue returns the value of "Name=value" (or another sign between them) on a line of a body.
func lineValue(body []byte, name string, sign byte) []byte {
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		if i := bytes.IndexByte(line, sign); i >= 0 && bytes.EqualFold(bytes.TrimSpace(line[:i]), []byte(name)) {
			return bytes.TrimSpace(line[i+1:])
		}
	}
	return nil
}
