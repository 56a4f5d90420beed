package sim

import (
	"bytes"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// hostile is a peer at an address of its own that has seen other people's messages, and uses what it knows against them.
type hostile struct {
	at  netip.AddrPort
	msg sip.Message
	// answers are the statuses that its CANCELs and BYEs got.
	answers []int
}

func (h *hostile) flow(to netip.AddrPort, t capture.Transport) live.Flow {
	f := live.Flow{Transport: t, Remote: at(to, t)}
	if t == capture.UDP {
		f.Local = h.at
	}
	return f
}

// cancel forges the CANCEL of an INVITE that it has seen, from its own address: with the right branch, which is all that the protocol asks (RFC 3261 §9.2),
// but not from the same hop (§22.1).
func (h *hostile) cancel(invite []byte, to netip.AddrPort, t capture.Transport, out *live.Outbox) {
	m := sip.Parse(invite)
	q := sip.Draft{Method: "CANCEL", URI: string(m.Text(m.URISpan)), Fields: []sip.DraftField{{Name: "Via", Value: viaOf(m)},
		{Name: "Max-Forwards", Value: "70"}, {Name: "From", Value: string(m.Value(sip.FieldFrom))}, {Name: "To", Value: string(m.Value(sip.FieldTo))},
		{Name: "Call-ID", Value: string(m.CallID())}, {Name: "CSeq", Value: string(bytes.TrimSuffix(m.Value(sip.FieldCSeq), []byte("INVITE"))) + "CANCEL"}}}
	out.Send(h.flow(to, t), 0, q.AppendTo(nil))
}

// viaOf returns the topmost Via value of a message as it stands, which is that of the last hop.
func viaOf(m *sip.Message) string {
	for s := range m.Values(sip.FieldVia) {
		return string(m.Text(s))
	}
	return ""
}

// bye forges a BYE of a call of which it knows the Call-ID and not the tags.
func (h *hostile) bye(invite []byte, victim netip.AddrPort, t capture.Transport, out *live.Outbox) {
	m := sip.Parse(invite)
	to := m.To()
	q := sip.Draft{Method: "BYE", URI: string(m.Text(m.URISpan)), Fields: []sip.DraftField{{Name: "Via", Value: "SIP/2.0/" + t.String() + " " + h.at.String() + ";branch=z9hG4bKhostile;rport"},
		{Name: "Max-Forwards", Value: "70"}, {Name: "From", Value: string(m.Value(sip.FieldFrom))}, {Name: "To", Value: "<" + string(to.URI.Raw) + ">;tag=guessed"},
		{Name: "Call-ID", Value: string(m.CallID())}, {Name: "CSeq", Value: "4711 BYE"}}}
	out.Send(h.flow(victim, t), 0, q.AppendTo(nil))
}

// junk sends what is no message, half of one, and one that contradicts itself.
func (h *hostile) junk(invite []byte, to netip.AddrPort, t capture.Transport, out *live.Outbox) {
	send := func(b []byte) { out.Send(h.flow(to, t), 0, b) }
	send([]byte("\x00\xff\xfe SIP/2.0\r\n\r\n"))
	send([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnobody\r\nCSeq: 1 INVITE\r\n\r\n"))
	send([]byte("INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP " + h.at.String() + ";branch=z9hG4bKjunk\r\nCSeq: 99999999999 BYE\r\nTo: \"\r\nContent-Length: -7\r\n\r\n"))
	if len(invite) > 40 {
		send(invite[:len(invite)/2])
	}
}

func (h *hostile) Receive(_ time.Time, _ live.Flow, data []byte, _ *live.Outbox) {
	h.msg.Parse(data)
	if m := h.msg.CSeq().Method; h.msg.IsResponse() && (m == sip.MethodCancel || m == sip.MethodBye) {
		h.answers = append(h.answers, int(h.msg.Status))
	}
}

func (h *hostile) Wake(time.Time, *live.Outbox)                                 {}
func (h *hostile) Next() time.Time                                              { return time.Time{} }
func (h *hostile) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (h *hostile) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (h *hostile) Closed(time.Time, live.Flow, *live.Outbox)                    {}
