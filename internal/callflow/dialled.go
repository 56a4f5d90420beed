package callflow

import (
	"bytes"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// calls reports whether a call may be one to the number that an event names: a call that does not say whom it calls may be one to anybody. It is To that is looked at, which
// has what was dialled, also where the Request-URI leads elsewhere (RFC 3261 §8.1.1.2), and which a row of a list has, too.
func (a *Assembler) calls(c *openCall, e *capture.Event) bool {
	number := numberOf(e)
	if len(number) == 0 {
		return true
	}
	const maxLook = 512
	known := false
	for i := range c.records[:min(len(c.records), maxLook)] {
		p := &c.records[i]
		if p.kind != capture.KindMessage || p.method != sip.MethodInvite || p.status != 0 || p.toTag != 0 || p.toField.len == 0 {
			continue
		}
		to := sip.ParseAddress(a.store.text(&c.text, span{p.data.off + uint32(p.toField.off), uint32(p.toField.len)}, nil))
		if to.URI.Masked || len(to.URI.User) == 0 || sameNumber(number, sip.Unescape(to.URI.User)) {
			return true
		}
		known = true
	}
	return !known
}

// numberOf returns the number that an event names, nil if it names none: "15035551" of "Calling:15035551@sip.example.net" and of "CC:Failed w/ Calling 15035551".
func numberOf(e *capture.Event) []byte {
	switch eventOf(e.Name).String() {
	case "calling":
		return e.Subject
	case "failed":
		if _, number, ok := bytes.Cut(e.Subject, []byte("w/ Calling ")); ok {
			return bytes.TrimSpace(number)
		}
	}
	return nil
}

// sameNumber reports whether two numbers may be one, of which a dial plan has changed the beginning: "<9,:>" takes digits away, "<:1503>" puts some before it, "<0:0049>" has others
// in the place of few. What hides digits, and a name beside a number, says nothing.
func sameNumber(a, b []byte) bool {
	if bytes.EqualFold(a, b) {
		return true
	}
	a, known := digitsOf(a)
	b, also := digitsOf(b)
	if !known || !also {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	same := 0
	for same < len(a) && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
	}
	const (
		least   = 4 // digits that both end in, where both begin otherwise
		changed = 2 // digits of the shorter one that a dial plan has others for
	)
	return same == len(a) || len(a) < len(b) && same >= least && len(a)-same <= changed
}

// digitsOf returns the digits of a number without what people write between them, and whether it is one.
func digitsOf(number []byte) ([]byte, bool) {
	digits := make([]byte, 0, 32)
	for _, ch := range number {
		switch {
		case ch >= '0' && ch <= '9' || ch == '*' || ch == '#':
			digits = append(digits, ch)
		case bytes.IndexByte([]byte("+-. ()/"), ch) < 0:
			return nil, false
		}
	}
	return digits, len(bytes.Trim(digits, "*#")) > 0 // "****" hides one
}
