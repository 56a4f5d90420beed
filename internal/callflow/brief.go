package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// A row of a list tells so little of a message that its text is hardly ever asked for: whether it is the same as another one, which decides how often it was sent, and,
// of the few by which a call may be named, From and To. So where no more than rows are asked for (Options.Rows) most hops are brief: they keep a hash of the text,
// those two values where they may count, and nothing else. What memory holds of an open call is a third then, and each message writes to three lines of the cache and not to
// thirteen.
//
//	usual    [ INVITE sip:bob@example.com SIP/2.0^M Via: …^M From: …^M …^M ^M v=0^M … ]    text of the hop
//	brief    [ <sip:alice@example.com>;tag=1 <sip:bob@example.com> ]                        and the hash in the place of viaHost, which no row asks for
//	brief    [ ]                                                                          of an ACK, a response, a BYE …
//
// Brief are the messages of calls whose outline tells all, in the one notation that the first of them had: with carets, or as they were sent. The hash is made of the message as
// that notation has it, so that a message in carets which could be written in another way is none of them. Whoever is to be compared with a brief hop and is none is
// written in that notation (see Call.sum).

// notation is how the brief hops of a run were written.
type notation uint8

const (
	notationUnknown notation = iota // there is none yet
	notationPlain                   // CR LF
	notationCaret                   // "^M " in the header
)

// sumEarly makes the hash of a message with an outline that may be brief, and reports whether it has one. That is before anything is asked about its call, whose memory is
// on its way into the cache meanwhile (see warm).
func (a *Assembler) sumEarly(rec *capture.Record) bool {
	if !a.opts.Rows || !inviteUsage(a.outline.Method) {
		return false
	}
	ok := true
	if rec.Shown {
		a.sum, ok = a.sumShown(rec)
	} else {
		a.sum = fold(hashOf(rec.Data))
	}
	return ok
}

// isBrief reports whether no more of a message with an outline need be kept than brief hops have; hashed says whether it has a hash. Registrations and lone requests say in other fields how
// they ended.
func (a *Assembler) isBrief(rec *capture.Record, h *Hop, hashed bool) bool {
	if !a.opts.Rows || !inviteUsage(h.Method) || h.flags&hopNoBranch != 0 {
		return false
	}
	n := notationPlain
	if rec.Shown {
		n = notationCaret
	}
	if a.call.notation == notationUnknown {
		a.call.notation = n
	}
	return hashed && a.call.notation == n
}

// sumShown returns the hash of a message in carets by which a brief hop is known; false for one that could be written in carets otherwise.
func (a *Assembler) sumShown(rec *capture.Record) (uint32, bool) {
	if !a.outline.OnlyLineEnds {
		return 0, false
	}
	text := rec.Data
	if n := len(text); text[n-1] == ' ' && text[n-2] == 'M' && text[n-3] == '^' {
		text = text[:n-1] // a collector may have lost it
	}
	return fold(hashOf(text)), true
}

// sum returns the hash that a hop has or would have if it were brief, 0 if no brief hop can be the same.
func (c *Call) sum(h *Hop) uint32 {
	if h.flags&hopBrief != 0 {
		return uint32(h.viaHost)
	}
	text := c.Data(h)
	if c.notation == notationCaret {
		if bytes.ContainsAny(text, "^\\") {
			return 0
		}
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("^M "))
		if bytes.HasSuffix(text, []byte("^M ")) {
			text = text[:len(text)-1]
		}
	}
	return fold(hashOf(text))
}

// keepBrief keeps of a message what a brief hop has.
func (a *Assembler) keepBrief(c *openCall, p *packed, rec *capture.Record, h *Hop, first bool) {
	p.viaHost = a.sum
	p.data = span{off: c.text.n}
	p.fromField, p.toField = smallSpan{}, smallSpan{}
	// A row takes the names from the request that stands for the call, which is none in a dialog, or else from its first message.
	if first || h.Status == 0 && h.Method == sip.MethodInvite && h.toTag == 0 {
		from, to := a.outline.From.Of(rec.Data), a.outline.To.Of(rec.Data)
		a.keep(c, from)
		a.keep(c, to)
		p.data.len = uint32(len(from) + len(to))
		p.fromField, p.toField = smallSpan{0, uint16(len(from))}, smallSpan{uint16(len(from)), uint16(len(to))}
	}
	if e := a.outline.Expires; e >= 0 && ringsBriefly(uint32(e)) {
		p.flags |= hopExpires
	}
}
