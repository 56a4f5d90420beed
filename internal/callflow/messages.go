package callflow

import "sipscribe/sip"

// Messages parses the messages of a call, each once, for all who look at it. The zero value is ready.
type Messages struct {
	call  *Call // the call, and
	seq   int64 // its Seq: a Call is used again for another
	slots []sip.Message
	held  []int // index of the hop that a slot holds, plus one
}

// maxParsed is how many messages are kept parsed at once.
const maxParsed = 128

// Of returns the message of hop i of a call. It holds until maxParsed other hops were asked for, or another call.
func (m *Messages) Of(c *Call, i int) *sip.Message {
	if m.call != c || m.seq != c.Seq {
		m.call, m.seq = c, c.Seq
		clear(m.held)
	}
	slot := i % maxParsed
	for len(m.slots) <= slot {
		m.slots = append(m.slots, sip.Message{})
		m.held = append(m.held, 0)
	}
	if m.held[slot] != i+1 {
		m.slots[slot].Parse(c.Data(&c.Hops[i]))
		m.held[slot] = i + 1
	}
	return &m.slots[slot]
}
