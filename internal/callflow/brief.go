package callflow

import (
	"bytes"
	"hash/maphash"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
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
// that notation has it. Whoever is to be compared with a brief hop and is none is written in that notation (see sum).

// notation is how the brief hops of a run were written.
type notation uint8

const (
	notationUnknown notation = iota // there is none yet
	notationPlain                   // CR LF
	notationCaret                   // "^M " in the header
)

// isBrief reports whether no more of a message with an outline need be kept than brief hops have. Registrations and lone requests say in other fields how they ended.
func (a *Assembler) isBrief(rec *capture.Record, h *Hop) bool {
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
	return a.call.notation == n
}

// sum returns the hash by which a brief hop is known, of a record with an outline.
func (a *Assembler) sum(rec *capture.Record) uint32 {
	if !rec.Shown {
		return fold(hashOf(rec.Data))
	}
	head, body := rec.Data[:a.outline.Header], rec.Data[a.outline.Header:]
	body = body[min(len("^M "), len(body)):]
	if len(body) > 0 {
		var lines bool
		if a.clean, lines = syslog.AppendCaretLines(a.clean[:0], body); !lines {
			a.clean, _ = rec.Escape.AppendUnescaped(a.clean[:0], body, nil)
		}
		body = a.clean
	}
	return sumOf(head, body)
}

func sumOf(head, body []byte) uint32 { return fold(mix(hashOf(head), maphash.Bytes(seed, body))) }

// sum returns the hash that a hop has or would have if it were brief, 0 if no brief hop can be the same.
func (c *Call) sum(h *Hop) uint32 {
	if h.flags&hopBrief != 0 {
		return uint32(h.viaHost)
	}
	text := c.Data(h)
	if c.notation != notationCaret {
		return fold(hashOf(text))
	}
	end := bytes.Index(text, []byte("\r\n\r\n"))
	if end < 0 || bytes.ContainsAny(text[:end], "^\\") {
		return 0
	}
	head := bytes.ReplaceAll(text[:end+len("\r\n")], []byte("\r\n"), []byte("^M "))
	return sumOf(head, text[end+len("\r\n\r\n"):])
}

// keepBrief keeps of a message what a brief hop has.
func (a *Assembler) keepBrief(c *openCall, p *packed, rec *capture.Record, h *Hop, first bool) {
	p.viaHost = a.sum(rec)
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
