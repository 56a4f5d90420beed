package explain

import (
	"bytes"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// refer tells a REFER.
func (t *Teller) refer(i int, h *callflow.Hop, m *sip.Message) {
	t.state.refer = i
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	a := sip.ParseAddress(m.Value(sip.FieldReferTo))
	t.fill[placeTarget] = t.addressName(a)
	if h.HeaderCut() && t.fill[placeTarget] == "" {
		t.sayFar(h, "refer.cut", "refer.cut.far")
		return
	}
	if bytes.Contains(a.URI.Headers, []byte("Replaces=")) {
		t.sayFar(h, "refer.attended", "refer.attended.far")
		return
	}
	t.sayFar(h, "refer", "refer.far")
}
