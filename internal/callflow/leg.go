package callflow

import "sipscribe/internal/capture"

// A back-to-back user agent makes a call of its own out of the one that it gets, with another Call-ID, other tags, another CSeq. Where the parties send Session-ID (RFC 7989)
// both legs have the same, and the assembler has put them into one call:
//
//	Alice ─ INVITE, Call-ID a, Session-ID s ─▶ PBX ─ INVITE, Call-ID b, Session-ID s ─▶ Bob

// maxSessions bounds the legs that are told apart.
const maxSessions = 16

// sessionLegs returns the From tags of the requests that began the legs which Session-ID has joined to the call.
func (c *Call) sessionLegs() []uint64 {
	var tags []uint64
	for _, j := range c.Joined {
		if len(tags) < maxSessions && j.Reason == JoinSessionID && j.Hop < len(c.Hops) && c.Hops[j.Hop].fromTag != 0 {
			tags = append(tags, c.Hops[j.Hop].fromTag)
		}
	}
	return tags
}

// leg returns the leg of a hop: 1 and on of those that Session-ID joined, 0 of the first.
func (c *Call) leg(h *Hop) int {
	for n, tag := range c.sessions {
		if h.fromTag == tag || h.toTag == tag {
			return n + 1
		}
	}
	return 0
}

// legBefore returns the request of another leg that request i passes on: the same method, sent by the one that the other went to; -1 if there is none.
func (c *Call) legBefore(i int, h *Hop) int {
	if len(c.sessions) == 0 {
		return -1
	}
	leg := c.leg(h)
	for j := i - 1; j >= 0 && j > i-64; j-- {
		o := &c.Hops[j]
		if o.IsRequest() && o.Method == h.Method && o.RepeatOf < 0 && c.leg(o) != leg && c.passedOn(o, h) {
			return j
		}
	}
	return -1
}

// passedOn reports whether b was sent by the one who received a, as far as the source says.
func (c *Call) passedOn(a, b *Hop) bool {
	if a.dst >= 0 && b.src >= 0 {
		return c.sameParty(a.dst, b.src) && a.src != b.dst
	}
	return a.observer == b.observer && a.source == b.source && a.stated == capture.Received && b.stated == capture.Sent
}
