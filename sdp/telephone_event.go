package sdp

import "iter"

// IsTelephoneEvent reports whether the codec carries digits and other telephone events (RFC 4733).
func (c Codec) IsTelephoneEvent() bool { return equalFold(c.Name, "telephone-event") }

// Events iterates over the ranges of event codes, first and last, that the writer can receive, in the order written: (0, 15) for
// "0-15". What cannot be read is left out. If the codec is telephone-event and has no fmtp, the range is 0 to 15, as RFC 4733
// §7.1.1 has it; if it is another codec there are none.
func (c Codec) Events() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		if !c.IsTelephoneEvent() {
			return
		}
		if len(c.FMTP) == 0 {
			yield(0, 15)
			return
		}
		rest := c.FMTP
		// The MIME parameter is called events; SDP leaves the name out (RFC 4733 §2.4.1). Some write it all the same.
		if name, list, ok := cutByte(rest, '='); ok && equalFold(name, "events") {
			rest = list
		}
		for more := true; more; {
			var element []byte
			element, rest, more = cutByte(rest, ',')
			low, high, isRange := cutByte(trimBlanks(element), '-')
			first, ok := number(low, 255)
			last := first
			if isRange {
				var okLast bool
				last, okLast = number(high, 255)
				ok = ok && okLast && first <= last
			}
			if ok && !yield(int(first), int(last)) {
				return
			}
		}
	}
}

// HasEvent reports whether the writer can receive the event; 0 to 15 are the keys 0 to 9, *, #, A, B, C, D.
func (c Codec) HasEvent(event int) bool {
	for first, last := range c.Events() {
		if first <= event && event <= last {
			return true
		}
	}
	return false
}
