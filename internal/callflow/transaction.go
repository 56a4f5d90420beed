package callflow

import (
	"bytes"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Transaction is a request, its responses and, of an INVITE that was refused, its ACK (RFC 3261 §17). The ACK of a 2xx is a
// transaction of its own (§13.2.2.4), with Method ACK. Numbers are indexes of hops, -1 where none was seen; of a message that was repeated the
// first.
type Transaction struct {
	Method sip.Method
	CSeq   uint32

	Request     int
	Provisional int // first 1xx other than 100
	Final       int
	Ack         int

	// Invite is, of a CANCEL, the INVITE transaction that it ends; Cancel is the reverse. Indexes of transactions, -1.
	Invite, Cancel int
	// Upstream is the transaction that this one passes on: the same request one hop earlier. -1.
	Upstream int

	// Direction is the way of the requests as the observer sees it.
	Direction capture.Direction

	observer int16 // whose view Direction is, -1: nobody's in particular
	key      uint64
	branch   uint64
	last     int32 // newest distinct hop
	conflict bool
}

func newTransaction(h *Hop, key uint64) Transaction {
	return Transaction{Method: h.Method, CSeq: h.CSeq, Request: -1, Provisional: -1, Final: -1, Ack: -1, Invite: -1, Cancel: -1,
		Upstream: -1, observer: -1, key: key, branch: h.branch, last: -1}
}

// findTransactions puts the hops into transactions and finds repeats among them.
func (c *Call) findTransactions() {
	var index map[uint64]int
	if c.mayCut {
		c.withoutEmptyLines()
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		h.index = int32(i)
		if h.Kind != capture.KindMessage {
			continue
		}
		if len(c.copies) > 0 && c.copies[i] >= 0 {
			whole := &c.Hops[c.copies[i]]
			h.Transaction, h.RepeatOf, h.newest, h.Duplicate = whole.Transaction, c.copies[i], c.copies[i], true
			if whole.RepeatOf >= 0 {
				h.RepeatOf = whole.RepeatOf
			}
			continue
		}
		if h.Missing == capture.MissingBody {
			// Perhaps nobody sent it: nothing is concluded from it, and it answers nothing.
			h.Transaction = int32(len(c.Transactions))
			tx := newTransaction(h, mix(h.txKey(h.branch), uint64(i)+1))
			tx.Method = sip.MethodUnknown
			c.Transactions = append(c.Transactions, tx)
			c.place(i, &c.Transactions[h.Transaction])
			continue
		}
		c.cut = c.cut || h.flags&hopCut != 0
		key := h.txKey(h.branch)
		t := -1
		if index == nil {
			for j := len(c.Transactions) - 1; j >= 0; j-- {
				if c.Transactions[j].key == key {
					t = j
					break
				}
			}
			if len(c.Transactions) > 64 {
				index = make(map[uint64]int, 256)
				for j := range c.Transactions {
					index[c.Transactions[j].key] = j
				}
			}
		} else if j, ok := index[key]; ok {
			t = j
		}
		if t < 0 && (c.cut || h.CSeq == 0 && h.Status != 0) {
			if t = c.ofBranch(h); t == undecided && len(c.open) < maxOpen {
				c.open = append(c.open, i)
				continue
			} else if t == undecided {
				t = -1
			}
		}
		if t < 0 && h.Status != 0 {
			t = c.unanswered(h)
		}
		if t < 0 {
			t = len(c.Transactions)
			c.Transactions = append(c.Transactions, newTransaction(h, key))
			if index != nil {
				index[key] = t
			}
		}
		h.Transaction = int32(t)
		c.place(i, &c.Transactions[t])
	}
	c.pairCancels()
	if len(c.open) > 0 {
		c.decide()
	}
}

// contradictory reports whether the order of the transactions is none in which they can have come about: of two requests of one side the one that counts further stands first (RFC 3261
// §8.1.1.5, §10.2), an INVITE or REGISTER before the answer to the last one, an ACK before the 2xx that it acknowledges, or a CANCEL behind the 487 to what it ends.
func (c *Call) contradictory() bool {
	for t := 1; t < len(c.Transactions); t++ {
		tx, before := &c.Transactions[t], &c.Transactions[t-1]
		if tx.Request < 0 || before.last < 0 {
			continue
		}
		if tx.Method == sip.MethodCancel && tx.Invite >= 0 {
			if f := c.Transactions[tx.Invite].Final; f >= 0 && f < tx.Request && c.Hops[f].Status == 487 {
				return true
			}
		}
		if tx.CSeq == before.CSeq {
			if tx.Method == sip.MethodAck && before.Method == sip.MethodInvite && before.Final > tx.Request || tx.Method == sip.MethodInvite && before.Method == sip.MethodAck {
				return true
			}
			continue
		}
		register := tx.Method == sip.MethodRegister && before.Method == sip.MethodRegister
		if !register && c.Hops[tx.Request].fromTag != c.Hops[before.last].fromTag {
			continue
		}
		if tx.CSeq < before.CSeq && tx.CSeq > 0 || max(before.Final, before.Ack) > tx.Request && (register || tx.Method == sip.MethodInvite && before.Method == sip.MethodInvite) {
			return true
		}
	}
	return false
}

// forgetTransactions undoes findTransactions: the hops stand in another order now.
func (c *Call) forgetTransactions() {
	c.Transactions, c.open, c.late = c.Transactions[:0], c.open[:0], false
	for i := range c.Hops {
		h := &c.Hops[i]
		h.Transaction, h.RepeatOf, h.Forwards, h.Duplicate, h.previous, h.newest = -1, -1, -1, false, 0, 0
	}
}

// pairCancels links each CANCEL with the INVITE that it ends: of the same branch, or, where that was lost or rewritten on the way, of the same CSeq number
// (RFC 3261 §9.1). Two logs may show them in the wrong order.
func (c *Call) pairCancels() {
	var few [8]int
	invites := few[:0]
	for t := range c.Transactions {
		if c.Transactions[t].Method == sip.MethodInvite {
			invites = append(invites, t)
		}
	}
	const maxPairs = 64 // further back or on there is no INVITE of this CANCEL
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Method != sip.MethodCancel {
			continue
		}
		at, _ := slices.BinarySearch(invites, t)
		for _, same := range [...]func(o *Transaction) bool{
			func(o *Transaction) bool {
				return o.branch == tx.branch && (o.CSeq == tx.CSeq || o.CSeq == 0 || tx.CSeq == 0)
			},
			func(o *Transaction) bool { return o.CSeq == tx.CSeq && o.Cancel < 0 },
		} {
			for d := 1; d <= maxPairs && tx.Invite < 0; d++ {
				for _, k := range [...]int{at - d, at + d - 1} {
					if k >= 0 && k < len(invites) && same(&c.Transactions[invites[k]]) {
						tx.Invite, c.Transactions[invites[k]].Cancel = invites[k], t
						break
					}
				}
			}
		}
	}
}

// txKey returns the hash of the transaction of a message with this branch (RFC 3261 §17.1.3, §17.2.3). CSeq number and From tag are the same in all
// its messages; they keep apart what clients that make their branches badly would mix up.
func (h *Hop) txKey(branch uint64) uint64 {
	return mix(mix(mix(branch, uint64(txMethod(h.Method))), uint64(h.CSeq)), h.fromTag)
}

// unanswered returns the transaction that a response belongs to whose branch fits none: the newest of its method, CSeq and tags that has no
// final response. A log that was edited, or a gateway that rewrites Via, leaves such responses. -1 if there is none.
func (c *Call) unanswered(h *Hop) int {
	for j := len(c.Transactions) - 1; j >= 0 && j >= len(c.Transactions)-64; j-- {
		tx := &c.Transactions[j]
		if tx.Method != h.Method || tx.CSeq != h.CSeq || tx.Request < 0 || tx.Final >= 0 {
			continue
		}
		r := &c.Hops[tx.Request]
		if r.fromTag != h.fromTag || r.vias != h.vias || r.toTag != 0 && r.toTag != h.toTag {
			continue
		}
		return j
	}
	return -1
}

// maxLook is how many distinct messages of a transaction are compared with a new one. A healthy one has a handful.
const maxLook = 128

// place puts hop i into its transaction: a repeat, or a step forward.
func (c *Call) place(i int, tx *Transaction) {
	h := &c.Hops[i]
	look := 0
	for j := tx.last; j >= 0 && look < maxLook && h.Missing != capture.MissingHead; j = c.Hops[j].previous {
		look++
		if c.sameMessage(&c.Hops[j], h) {
			h.RepeatOf, h.newest = j, int32(i)
			if t := c.transmission(i, int(j)); t >= 0 {
				h.Duplicate, h.newest = true, int32(t)
			}
			return
		}
	}
	h.previous = tx.last
	h.newest = int32(i)
	tx.last = int32(i)
	switch {
	case h.Status == 0 && h.Method == sip.MethodAck && tx.Method != sip.MethodAck:
		if tx.Ack < 0 {
			tx.Ack = i
		}
	case h.Status == 0:
		if tx.Request < 0 {
			tx.Request = i
			c.disordered = c.disordered || h.previous >= 0 // an answer to it stands before it
		} else if h.Method != tx.Method {
			c.disordered = true // or the ACK of one
		}
	case h.Status >= 200:
		if tx.Final < 0 {
			tx.Final = i
			c.disordered = c.disordered || tx.Ack >= 0
		} else if h.Status < 300 && tx.Method == sip.MethodInvite && c.Hops[tx.Final].Status >= 300 {
			// A proxy passes on every 2xx, also one that comes behind the refusal that it has sent (RFC 3261 §16.7, step 5), and it makes a call (§13.2.2.4).
			tx.Final, c.late = i, true
		}
	case h.Status > 100:
		if tx.Provisional < 0 {
			tx.Provisional = i
		}
	}
}

// sameMessage reports whether b is the same message as a on the same way: sent again or seen twice.
func (c *Call) sameMessage(a, b *Hop) bool {
	if a.Status != b.Status || a.Method != b.Method || a.toTag != b.toTag {
		return false
	}
	if a.src >= 0 && b.src >= 0 && a.src != b.src && c.endpoints[a.src].Addr != c.endpoints[b.src].Addr ||
		a.dst >= 0 && b.dst >= 0 && a.dst != b.dst && c.endpoints[a.dst].Addr != c.endpoints[b.dst].Addr {
		return false
	}
	if a.src >= 0 && b.src >= 0 && a.dst >= 0 && b.dst >= 0 && c.endpoints[a.src].Addr == c.endpoints[a.dst].Addr &&
		(a.src != b.src || a.dst != b.dst) {
		return false // all on one host: the ports tell the parties apart
	}
	if a.vias != b.vias {
		return false
	}
	if (a.flags|b.flags)&hopCut != 0 && a.Status != 0 && a.toTag == 0 && a.Time != b.Time {
		return c.sameText(a, b) // whose it is may have been cut off
	}
	if a.mark != 0 && b.mark != 0 {
		// The source names the ends.
		x, y := &c.marks[a.mark-1], &c.marks[b.mark-1]
		if !bytes.Equal(c.text(&x.src), c.text(&y.src)) || !bytes.Equal(c.text(&x.dst), c.text(&y.dst)) {
			return false
		}
	}
	if a.Status > 100 && a.Status < 200 || a.flags&hopNoBranch != 0 {
		// A second 180 may say something new (other SDP, other RSeq), and without a branch a request may be another one.
		return c.sameText(a, b)
	}
	return true
}

// transmission returns the hop with the first record of the transmission that hop i, which repeats hop j, is another record of; -1 if it is a transmission of its own. Each who
// logs sees the transmissions in their order: what he records next is the next that others have recorded.
func (c *Call) transmission(i, j int) int {
	const maxLook = 256
	h := &c.Hops[i]
	first := max(j, i-maxLook)
	from := first
	for k := i - 1; k >= first; k-- {
		if o := &c.Hops[k]; (k == j || int(o.RepeatOf) == j) && o.observer == h.observer && o.source == h.source {
			if c.seenTwice(o, h) {
				return int(o.newest)
			}
			from = int(o.newest) + 1
			break
		}
	}
	for k := max(from, first); k < i; k++ {
		if o := &c.Hops[k]; (k == j || int(o.RepeatOf) == j) && !o.Duplicate && (o.observer != h.observer || o.source != h.source) && c.seenTwice(o, h) {
			return k
		}
	}
	return c.loggedAgain(i, j, first)
}

// loggedAgain returns the transmission from hop first on, of the message of hop j, that hop i shows once more behind a place where the clock of the source has gone back: the same text at
// the same time. A log stands behind itself, or behind another export of the same hours.
func (c *Call) loggedAgain(i, j, first int) int {
	h := &c.Hops[i]
	if h.Time.IsZero() {
		return -1
	}
	back, least := false, h.Time.Clock
	for k := i - 1; k >= first; k-- {
		o := &c.Hops[k]
		if o.source != h.source || o.Time.IsZero() || o.Time.Domain() != h.Time.Domain() {
			continue
		}
		back, least = back || o.Time.Clock > least, min(least, o.Time.Clock)
		if back && (k == j || int(o.RepeatOf) == j) && o.Time.Clock == h.Time.Clock && c.sameText(o, h) {
			return int(o.newest)
		}
	}
	return -1
}

// seenTwice reports whether b is another record of the transmission a, not a new transmission: logged by another host or in another
// source, or so soon after that no timer can have run (T1 is 500 ms; RFC 3261 §17.1.1.1).
func (c *Call) seenTwice(a, b *Hop) bool {
	if a.observer != b.observer && a.observer >= 0 && b.observer >= 0 {
		return true
	}
	if a.Time.IsZero() || b.Time.IsZero() {
		return false
	}
	if a.source != b.source {
		return c.inBoth(a, b)
	}
	return b.Time.Sub(a.Time) < 50*time.Millisecond && a.Time.Precision() < 100*time.Millisecond && c.sameText(a, b) // the text last: it may have to be put together
}

// maxLate is how much later one of two may record a message than the other: less than T1, after which it is sent again.
const maxLate = 400 * time.Millisecond

// inBoth reports whether records a and b of two sources, of the same message, are of one transmission: their times can be the same. A clock of whole seconds is up to one behind,
// and what is logged is logged a little later. Where one of the clocks has no year or no zone the two differ by the same in all such pairs. The texts need not be the same: one
// of the sources may have cut its own.
func (c *Call) inBoth(a, b *Hop) bool {
	early, least := maxLate, -maxLate
	if p := a.Time.Precision(); p >= time.Second {
		early += p
	}
	if p := b.Time.Precision(); p >= time.Second {
		least -= p
	}
	gap := b.Time.Sub(a.Time)
	if a.Time.Domain() != b.Time.Domain() {
		// By the first pair; b is always of the source that is read later.
		if !c.apart.known {
			c.apart.known, c.apart.by = true, gap
			return true
		}
		gap -= c.apart.by
		early, least = early-least, least-early
	}
	return gap >= least && gap <= early
}

// findDoubleLogging looks for a log that has every message twice, as when a device's Syslog Server and Debug Server are one host. With a clock of
// one second a single pair cannot be told from a retransmission after 500 ms; that nearly all messages stand twice, ACKs and
// 100s among them, can. Few messages must be doubled all, many nearly all.
func (c *Call) findDoubleLogging() {
	// Pair each record with the next one of the same message, if that comes at once. A retransmission is a pair of its own then.
	sent, pairs := 0, 0
	pair := func(mark bool) {
		for i := range c.Hops {
			h := &c.Hops[i]
			if h.Kind != capture.KindMessage {
				continue
			}
			if h.RepeatOf < 0 {
				sent++
				h.newest = int32(i) // the record that waits for its twin
				continue
			}
			first := &c.Hops[h.RepeatOf]
			if w := first.newest; w >= 0 && !h.Duplicate && i-int(w) <= 2 && c.twinOf(&c.Hops[w], h) {
				pairs++
				first.newest = -1
				if mark {
					h.Duplicate = true
				}
				continue
			}
			if !h.Duplicate {
				sent++
				first.newest = int32(i)
			}
		}
	}
	pair(false)
	if sent >= 3 && (pairs == sent || sent >= 10 && pairs*10 >= sent*9) {
		pair(true)
	}
}

func (c *Call) twinOf(a, b *Hop) bool {
	return (a.Time.IsZero() || b.Time.Sub(a.Time) <= a.Time.Precision()) && c.sameText(a, b)
}

// findForwards links each message with the one that it passes on: seen before a proxy and behind it.
func (c *Call) findForwards() {
	c.shared, c.sessions = c.sharedHosts(), c.sessionLegs()
	multi := false
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.IsRequest() && h.RepeatOf < 0 {
			if up := c.forwardOf(i, h); up >= 0 {
				from, t := int(c.Hops[up].Transaction), int(h.Transaction)
				if from != t && !c.leadsUp(from, t) {
					continue
				}
				h.Forwards = int32(up)
				multi = true
				if tx := &c.Transactions[t]; tx.Request == i && from != t {
					tx.Upstream = from
				}
			}
		}
	}
	if !multi {
		return
	}
	// Responses: the same status seen before in a transaction downstream; with the same To tag if there is one.
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Status <= 100 || h.RepeatOf >= 0 {
			continue
		}
		for j := i - 1; j >= 0 && j > i-512; j-- {
			d := &c.Hops[j]
			if d.Status != h.Status || d.Transaction < 0 || c.Transactions[d.Transaction].Upstream != int(h.Transaction) {
				continue
			}
			if d.toTag == h.toTag {
				h.Forwards = int32(j)
				break
			}
			if h.Forwards < 0 {
				h.Forwards = int32(j)
			}
		}
	}
}

// leadsUp reports whether transaction up may stand upstream of t: the way up from it has an end, and t is not on it. Branches that were forged, or used
// twice, can name each other.
func (c *Call) leadsUp(up, t int) bool {
	const maxWay = 255 // what Max-Forwards allows (RFC 3261 §20.22)
	for n := 0; n < maxWay; n++ {
		if up == t {
			return false
		}
		if up = c.Transactions[up].Upstream; up < 0 {
			return true
		}
	}
	return false
}

// forwardOf returns the request that request h passes on, -1 if none was seen.
func (c *Call) forwardOf(i int, h *Hop) int {
	if h.second != 0 {
		for j := i - 1; j >= 0 && j > i-512; j-- {
			o := &c.Hops[j]
			if o.branch == h.second && o.Method == h.Method && o.CSeq == h.CSeq && o.IsRequest() && o.fromTag == h.fromTag && o.RepeatOf < 0 &&
				o.flags&hopNoBranch == 0 {
				return j
			}
		}
		// The other side of the proxy may have been logged first: two logs with clocks that differ.
		for j := i + 1; j < len(c.Hops) && j < i+64; j++ {
			o := &c.Hops[j]
			if o.branch == h.second && o.Method == h.Method && o.CSeq == h.CSeq && o.IsRequest() && o.fromTag == h.fromTag && o.RepeatOf < 0 &&
				o.second != h.branch { // each names the other: it came after, as it stands in the log
				return j
			}
		}
	}
	if h.bottom != 0 && h.bottom != h.second {
		// Nobody logged the hop before: the nearest that was seen is where the request began.
		for j := range c.Hops[:min(len(c.Hops), i+64)] {
			o := &c.Hops[j]
			if j != i && o.branch == h.bottom && o.Method == h.Method && o.CSeq == h.CSeq && o.IsRequest() && o.fromTag == h.fromTag && o.RepeatOf < 0 {
				return j
			}
		}
	}
	if up := c.legBefore(i, h); up >= 0 {
		return up
	}
	// A back-to-back user agent, or a proxy that hides the Via before its own: the same method, CSeq and From tag, sent on by the
	// address that the earlier one went to.
	if h.src >= 0 && h.fromTag != 0 {
		for j := i - 1; j >= 0 && j > i-64; j-- {
			o := &c.Hops[j]
			if o.IsRequest() && o.Method == h.Method && o.CSeq == h.CSeq && o.fromTag == h.fromTag && o.branch != h.branch && o.dst >= 0 &&
				c.sameParty(o.dst, h.src) && o.src != h.src && o.RepeatOf < 0 {
				return j
			}
		}
	}
	return -1
}

// sameParty reports whether two endpoints are one party: the same address, and, where the address talks to itself, the same port.
func (c *Call) sameParty(a, b int16) bool {
	x, y := c.endpoints[a], c.endpoints[b]
	if x.Addr != y.Addr {
		return false
	}
	return x.Port == y.Port || !slices.Contains(c.shared, x.Addr)
}
