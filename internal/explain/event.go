package explain

import (
	"bytes"
	"strconv"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// event tells what the device says beside SIP.
func (t *Teller) event(h *callflow.Hop) {
	name, line := t.call.Event(h)
	t.fill[placeNumber] = strconv.Itoa(line)
	suffix := ""
	if line == 0 {
		suffix = ".noline"
	}
	switch name {
	case "off-hook", "on-hook", "hook-flash":
		t.say("event." + name + suffix)
	case "calling":
		text := t.call.Data(h)
		if i := bytes.IndexByte(text, ':'); i >= 0 {
			text = text[i+1:]
		}
		if sip.Masked(text) {
			t.say("event.calling.hidden")
			return
		}
		if i := bytes.IndexByte(text, '@'); i >= 0 {
			text = text[:i]
		}
		t.fill[placeText] = t.shown(text)
		t.say("event.calling")
	default:
		t.say("event." + name)
	}
}
