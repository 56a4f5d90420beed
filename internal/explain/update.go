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
		t.sayFar(h, "update.hold", "update.hold.far")
	case changeResume:
		t.sayFar(h, "update.resume", "update.resume.far")
	case changeMedia, changeFax, changeUnknown:
		t.sayFar(h, "update.media", "update.media.far")
	case changeCut:
		t.plain(h, "request.other")
	default:
		t.sayFar(h, "update.refresh", "update.refresh.far")
	}
}
