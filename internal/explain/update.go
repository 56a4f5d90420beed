package explain

import (
	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// update tells an UPDATE.
func (t *Teller) update(h *callflow.Hop, m *sip.Message) {
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	switch t.mediaChange(h, m) {
	case changeHold:
		t.say("update.hold")
	case changeResume:
		t.say("update.resume")
	case changeMedia, changeFax, changeUnknown:
		t.say("update.media")
	case changeCut:
		t.plain(h, "request.other")
	default:
		t.say("update.refresh")
	}
}
