package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// Messages parses the messages of a call, each once, for all who look at it. The zero value is ready.
type Messages struct {
	call  *Call // the call, and
	seq   int64 // its Seq: a Call is used again for another
	slots *[maxParsed]sip.Message
	held  [maxParsed]int32 // index of the hop that a slot holds, plus one
	spare sip.Message
}

// maxParsed is how many messages are kept parsed at once.
const maxParsed = 128

// Of returns the message of hop i of a call. It holds until maxParsed other hops were asked for, or another call. What it holds is text as it was sent, but in its Raw the
// lines of the header may end as the source shows them: places in it are for Call.EvidenceOf.
func (m *Messages) Of(c *Call, i int) *sip.Message {
	if m.call != c || m.seq != c.Seq {
		m.call, m.seq = c, c.Seq
		m.held = [maxParsed]int32{}
		if m.slots == nil {
			m.slots = new([maxParsed]sip.Message)
		}
	}
	slot := uint(i) % maxParsed
	if m.held[slot] != int32(i)+1 {
		c.read(&c.Hops[i], &m.slots[slot])
		m.held[slot] = int32(i) + 1
	}
	return &m.slots[slot]
}

// HasCredentials reports whether a message carries Authorization or Proxy-Authorization.
func (m *Messages) HasCredentials(c *Call, h *Hop) bool { return m.look(c, h)&hopHasCredentials != 0 }

// HasSDP reports whether a message has a session description.
func (m *Messages) HasSDP(c *Call, h *Hop) bool { return m.look(c, h)&hopHasSDP != 0 }

// look notes in the hop what only few ask of a message, the first time that somebody does. It leaves the messages alone that others hold.
func (m *Messages) look(c *Call, h *Hop) hopFlags {
	if h.flags&hopLooked != 0 || h.Kind != capture.KindMessage {
		return h.flags
	}
	msg := &m.spare
	if len(c.Hops) <= maxParsed {
		msg = m.Of(c, h.Index())
	} else {
		msg.Parse(c.Data(h))
	}
	h.flags |= hopLooked
	if msg.Has(sip.FieldProxyAuthorization) || msg.Has(sip.FieldAuthorization) {
		h.flags |= hopHasCredentials
	}
	if msg.Body.Len() > 2 {
		if b := msg.BodyBytes(); b[0] == 'v' && b[1] == '=' || bytes.Contains(msg.Value(sip.FieldContentType), []byte("sdp")) {
			h.flags |= hopHasSDP
		}
	}
	return h.flags
}

// read parses the message of a hop. Of one that is kept in carets the header is read as it stands there, since all that is escaped in it are line ends, and only the body
// is undone, if there is one. One that has problems is undone whole: their places may be line ends.
func (c *Call) read(h *Hop, m *sip.Message) {
	if h.read.len == 0 {
		if h.flags&hopShown == 0 || h.data.off&inPlain != 0 || len(c.whole) == 0 || h.Missing != capture.MissingNothing || !c.readShown(h, m) {
			h.read = span{}
			m.Parse(c.Data(h))
		}
		return
	}
	text := c.text(&h.read)
	_, _ = m.ReadShown(text)
	m.ReadBody(text, int(h.body))
}

// readShown reads the message of a hop that is kept in carets, and reports whether it could.
func (c *Call) readShown(h *Hop, m *sip.Message) bool {
	h.read = h.data
	text := c.text(&h.read)
	body, ok := m.ReadShown(text)
	if !ok {
		return false
	}
	h.body = uint32(body)
	if body < len(text) {
		base := len(c.plain)
		plain, ok := syslog.AppendCaretLines(append(c.plain, text[:body]...), text[body:])
		if !ok {
			return false
		}
		h.read = span{uint32(base) | inPlain, uint32(len(plain) - base)}
		c.plain, text = plain, plain[base:]
	}
	m.ReadBody(text, body)
	return len(m.Problems) == 0
}
