package callflow

import "sipscribe/sip"

// Messages parses the messages of a call, each once, for all who look at it. The zero value is ready.
type Messages struct {
	call  int64 // Seq of the call, and
	first *Hop  // where its hops stand: together they tell one call from another
	slots []sip.Message
	held  []int // index of the hop that a slot holds, plus one
}

// maxParsed is how many messages are kept parsed at once.
const maxParsed = 128

// Of returns the message of hop i of a call. It holds until maxParsed other hops were asked for, or another call.
func (m *Messages) Of(c *Call, i int) *sip.Message {
	if len(c.Hops) > 0 && (m.call != c.Seq || m.first != &c.Hops[0]) {
		m.call, m.first = c.Seq, &c.Hops[0]
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
