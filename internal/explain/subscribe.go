package explain

import (
	"bytes"
	"strconv"

	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// subscribe tells a SUBSCRIBE.
func (t *Teller) subscribe(h *callflow.Hop, m *sip.Message) {
	key := "subscribe"
	if t.fill[placeText] = t.eventName(m); t.fill[placeText] == "" {
		t.plain(h, "request.other")
		return
	}
	if n, ok := m.Number(sip.FieldExpires); ok && n == 0 {
		// Within a subscription it ends it; outside one it asks for one report (RFC 6665 §4.1.2.2, §4.4.3).
		if key = "subscribe.remove"; h.IsInitial() {
			key = "subscribe.once"
		}
	}
	t.plain(h, key)
}

// notify tells a NOTIFY.
func (t *Teller) notify(h *callflow.Hop, m *sip.Message) {
	if h.Forwards >= 0 {
		t.say("request.forward")
		return
	}
	event := t.eventName(m)
	t.fill[placeText] = event
	switch {
	case event == "":
		t.say("request.other")
	case event == "keep-alive":
		t.say("notify.keepalive")
	case event == "refer":
		frag := sip.Parse(m.BodyBytes())
		if frag.Kind != sip.KindResponse {
			t.say("notify")
			return
		}
		t.fill[placeStatus], t.fill[placeReason] = strconv.Itoa(int(frag.Status)), t.shown(frag.Text(frag.Reason))
		switch {
		case frag.Status == 100:
			t.say("notify.refer.trying")
		case frag.Status/100 == 1:
			t.say("notify.refer.going")
		case frag.Status/100 == 2:
			t.say("notify.refer.ok")
		default:
			t.say("notify.refer.failed")
		}
	case event == "message-summary":
		// RFC 3842 §5.2: "Messages-Waiting: yes"
		switch waiting := lineValue(m.BodyBytes(), "Messages-Waiting", ':'); {
		case bytes.EqualFold(waiting, []byte("yes")):
			t.say("notify.mwi.yes")
		case bytes.EqualFold(waiting, []byte("no")):
			t.say("notify.mwi.no")
		case bytes.HasPrefix(m.Value(sip.FieldSubscriptionState), []byte("terminated")):
			t.say("notify.end")
		default:
			t.say("notify.mwi")
		}
	case bytes.HasPrefix(m.Value(sip.FieldSubscriptionState), []byte("terminated")):
		t.say("notify.end")
	default:
		t.say("notify")
	}
}

// eventName returns the event package of a SUBSCRIBE, NOTIFY or PUBLISH, without its parameters.
func (t *Teller) eventName(m *sip.Message) string {
	v := m.Value(sip.FieldEvent)
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return t.shown(v)
}
