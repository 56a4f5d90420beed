package callflow

import (
	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Dialog is what a 101 to 299 response with a To tag makes of an INVITE or SUBSCRIBE (RFC 3261 §12): Call-ID and two tags. An INVITE that
// was forked has several.
type Dialog struct {
	// Created is the hop of the response that made it, Confirmed that of its 2xx (-1), Bye that of the first BYE in it (-1).
	Created, Confirmed, Bye int
	initiator, recipient    uint64
}

// findDialogs finds the dialogs of the call.
func (c *Call) findDialogs() {
	early := false // a BYE stands before what made its dialog: the order of the log is not that of the messages
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.RepeatOf >= 0 || h.Transaction < 0 || h.Missing == capture.MissingBody {
			continue
		}
		switch {
		case h.Status > 100 && h.Status < 300 && h.toTag != 0 && (h.Method == sip.MethodInvite || h.Method == sip.MethodSubscribe):
			d := c.dialog(h.fromTag, h.toTag)
			if d < 0 {
				d = len(c.Dialogs)
				c.Dialogs = append(c.Dialogs, Dialog{Created: i, Confirmed: -1, Bye: -1, initiator: h.fromTag, recipient: h.toTag})
			}
			if h.Status >= 200 && c.Dialogs[d].Confirmed < 0 {
				c.Dialogs[d].Confirmed = i
			}
		case h.IsRequest() && h.Method == sip.MethodBye:
			d := c.dialogOfBye(h)
			if early = early || d < 0; d >= 0 && c.Dialogs[d].Bye < 0 {
				c.Dialogs[d].Bye = i
			}
		}
	}
	for i := range c.Hops {
		if !early {
			break
		}
		if h := &c.Hops[i]; h.RepeatOf < 0 && h.Transaction >= 0 && h.Missing != capture.MissingBody && h.IsRequest() && h.Method == sip.MethodBye {
			if d := c.dialogOfBye(h); d >= 0 && c.Dialogs[d].Bye < 0 {
				c.Dialogs[d].Bye = i
			}
		}
	}
}

// dialogOfBye returns the dialog that a BYE ends; of one whose To tag was cut off the only dialog with its From tag.
func (c *Call) dialogOfBye(h *Hop) int {
	d := c.dialog(h.fromTag, h.toTag)
	if d >= 0 || h.flags&hopCut == 0 || h.toTag != 0 || h.fromTag == 0 {
		return d
	}
	for i := range c.Dialogs {
		if e := &c.Dialogs[i]; e.initiator == h.fromTag || e.recipient == h.fromTag {
			if d >= 0 {
				return -1
			}
			d = i
		}
	}
	return d
}

// dialog returns the index of the dialog with the two tags, either way round, -1 if there is none.
func (c *Call) dialog(a, b uint64) int {
	for i := range c.Dialogs {
		d := &c.Dialogs[i]
		if d.initiator == a && d.recipient == b || d.initiator == b && d.recipient == a {
			return i
		}
		if i >= 256 {
			break // more forks than any proxy may make (RFC 5393 §5.3.3: breadth 60)
		}
	}
	return -1
}

// Dialog returns the index of the dialog that a hop belongs to, -1 if none.
func (c *Call) Dialog(h *Hop) int { return c.dialog(h.fromTag, h.toTag) }

// FromInitiator reports whether a request in a dialog comes from the side that made the call: its From tag is the tag that the initial
// INVITE had.
func (c *Call) FromInitiator(h *Hop) bool {
	if c.Root < 0 {
		return false
	}
	return h.fromTag == c.Hops[c.Root].fromTag
}

// SameDialog reports whether two messages have the same two tags, either way round, as far as both have them.
func (c *Call) SameDialog(a, b *Hop) bool {
	if a.fromTag == 0 || b.fromTag == 0 {
		return true
	}
	if a.fromTag == b.fromTag {
		return a.toTag == b.toTag || a.toTag == 0 || b.toTag == 0
	}
	return a.fromTag == b.toTag && (a.toTag == b.fromTag || a.toTag == 0)
}
