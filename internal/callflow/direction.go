package callflow

import (
	"bytes"
	"slices"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// findDirections concludes which way each message went past the host that logged it, best evidence first:
//
//  1. the source says so (a marker, or the addresses of a packet);
//  2. the log's host is, or is not, the sent-by of the top Via;
//  3. the form of an SPA's own tags;
//  4. User-Agent or Server is the device's own; where both sides have the same, what shows that a proxy stands between them;
//  5. a request's Via has received= or a filled rport, so it has passed a server;
//  6. the other messages of the transaction, and whose tag is in From;
//  7. a response's Via has received= or a filled rport: who answers puts that there (RFC 3261 §18.2.1), and most that answer what a device asks are servers.
//
// What contradicts itself is reported as a conflict and left open.
func (c *Call) findDirections() {
	c.adopt()
	if c.several {
		c.partHosts()
	}
	known := false
	for i := range c.Hops {
		h := &c.Hops[i]
		h.Direction = h.stated
		if h.stated != capture.DirectionUnknown {
			known = true
		}
		if h.observer >= 0 {
			known = true
		}
	}
	if !known {
		return
	}
	for n := range min(len(c.names), maxParticipants) {
		c.voteByObserver(int16(n))
	}
	c.voteByTransaction()
	c.propagateAll()
	for range 8 {
		if !c.voteByReceived() {
			break
		}
		c.propagateAll()
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage || h.stated != capture.DirectionUnknown || h.Transaction < 0 {
			continue
		}
		// A hop that two hosts logged is sent at one and received at the other: each by its own evidence.
		if h.Direction != capture.DirectionUnknown {
			continue
		}
		if tx := &c.Transactions[h.Transaction]; tx.observer == h.observer || tx.observer < 0 {
			h.Direction = tx.wayOf(h)
		}
	}
}

// adopt gives the messages whose logging host was lost the only host that logged the others of the call: rsyslog takes the method of a request for
// the host's name.
func (c *Call) adopt() {
	if len(c.names) != 1 {
		return
	}
	source := int32(-1)
	for i := range c.Hops {
		if c.Hops[i].observer == 0 {
			source = c.Hops[i].source
			break
		}
	}
	for i := range c.Hops {
		if h := &c.Hops[i]; h.observer < 0 && h.source == source && h.unit == capture.Line && h.src < 0 && h.dst < 0 && h.stated == capture.DirectionUnknown {
			h.observer = 0
		}
	}
}

// partHosts tells apart who logs under one name that any host may have, each into a source of his own: a message stands in one of the sources before a proxy, and in another behind it,
// and in none both. Of a log that was rotated the parts are one host's.
func (c *Call) partHosts() {
	for n := range min(len(c.names), maxParticipants) {
		if !sharedAddress(c.text(&c.names[n])) {
			continue
		}
		parted := false
		for i := range c.Hops {
			h := &c.Hops[i]
			if h.Forwards < 0 || int(h.observer) != n || h.observer != c.Hops[h.Forwards].observer {
				continue
			}
			if h.source == c.Hops[h.Forwards].source {
				parted = false
				break
			}
			parted = true
		}
		if !parted {
			continue
		}
		first := int32(-1)
		hosts := map[int32]int16{}
		for i := range c.Hops {
			h := &c.Hops[i]
			if int(h.observer) != n {
				continue
			}
			if first < 0 {
				first = h.source
			}
			if h.source == first || len(hosts) >= maxParticipants {
				continue
			}
			host, ok := hosts[h.source]
			if !ok {
				host = int16(len(c.names))
				hosts[h.source], c.names = host, append(c.names, c.names[n])
			}
			h.observer = host
		}
	}
}

// wayOf returns the direction of a hop by that of its transaction.
func (tx *Transaction) wayOf(h *Hop) capture.Direction {
	if h.Status != 0 {
		return tx.Direction.Opposite()
	}
	return tx.Direction
}

// voteByObserver uses the log's host against the top Via, for the hops that one host logged.
func (c *Call) voteByObserver(n int16) {
	name := c.text(&c.names[n])
	own := uint64(fold(hostHash(name)))
	if sharedAddress(name) && !c.loopbackOfOne(name, own) {
		return // several parties share it: it proves nothing
	}
	several := c.severalSPAs()
	party, logs := false, false
	behind := uint64(0) // the sent-by under which the host is known behind a NAT
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.observer != n || h.Kind != capture.KindMessage {
			continue
		}
		logs = true
		if c.receivedAt(h, name) {
			behind = h.viaHost
		}
		if h.viaHost == own || behind != 0 {
			party = true
			break
		}
	}
	if !logs {
		return
	}
	if !party {
		// The device may be the one who is called: its address is then in Request-URI, Contact or SDP. A name that is in no message
		// is a collector's, and says nothing.
		for i := range c.Hops {
			if h := &c.Hops[i]; h.observer == n && h.Kind == capture.KindMessage && containsWord(c.Data(h), name) {
				party = true
				break
			}
		}
	}
	if !party {
		return
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.observer != n || h.Kind != capture.KindMessage || h.Direction != capture.DirectionUnknown || h.viaHost == 0 {
			continue
		}
		sent := h.viaHost == own || behind != 0 && h.viaHost == behind
		if h.Status != 0 {
			sent = !sent
		}
		way := capture.Received
		if sent {
			way = capture.Sent
		}
		// The form of its tags must not say otherwise: then both ends were logged under one name.
		if against := c.tagWay(h); !several && against != capture.DirectionUnknown && against != way {
			c.Conflicts = append(c.Conflicts, i)
			if h.Transaction >= 0 {
				c.Transactions[h.Transaction].conflict = true
			}
			continue
		}
		h.Direction = way
	}
}

// sharedAddress reports whether a host name or address may be that of several parties at once.
func sharedAddress(name []byte) bool {
	return bytes.HasPrefix(name, []byte("127.")) || bytes.EqualFold(name, []byte("localhost")) ||
		bytes.Equal(name, []byte("::1")) || bytes.Equal(name, []byte("0.0.0.0"))
}

// loopbackOfOne reports whether an address of the loopback network is that of one party: it was chosen, as 127.0.0.1 is not, and others of the call have others.
func (c *Call) loopbackOfOne(name []byte, own uint64) bool {
	if !bytes.HasPrefix(name, []byte("127.")) || bytes.Equal(name, []byte("127.0.0.1")) {
		return false
	}
	return slices.ContainsFunc(c.Hops, func(h Hop) bool { return h.Kind == capture.KindMessage && h.viaHost != 0 && h.viaHost != own })
}

// tagWay returns the direction by the form of an SPA's tags (evidence 3), for the SPA that made them. Of what came by a proxy the caller's tag is not that of the SPA whose log
// this is.
func (c *Call) tagWay(h *Hop) capture.Direction {
	caller, callee := h.flags&hopTagCaller != 0 && !c.byProxy(h), h.flags&hopTagCallee != 0
	switch {
	case caller == callee:
		return capture.DirectionUnknown // neither, or an SPA calls an SPA
	case caller: // From's tag is the device's: it is the client of this transaction
		if h.Status == 0 {
			return capture.Sent
		}
		return capture.Received
	}
	if h.Status == 0 {
		return capture.Received
	}
	return capture.Sent
}

// byProxy reports whether a proxy stands between the client of a message and the one that logged it: it has a Via of each (RFC 3261 §16.6, step 8). The CANCEL, and the ACK of a
// refusal, are the proxy's own and have one (§9.1, §17.1.1.3); that of their INVITE counts.
func (c *Call) byProxy(h *Hop) bool {
	if h.vias > 1 || h.Transaction < 0 {
		return h.vias > 1
	}
	tx := &c.Transactions[h.Transaction]
	if tx.Invite >= 0 {
		tx = &c.Transactions[tx.Invite]
	}
	return tx.last >= 0 && (c.Hops[tx.last].vias > 1 || tx.Request >= 0 && c.Hops[tx.Request].vias > 1)
}

// severalSPAs reports whether an SPA calls an SPA, several hosts logged, or the one that logs passes requests on, and is no telephone: then the form of a tag does not tell
// that it is the logging host's.
func (c *Call) severalSPAs() bool {
	caller, callee, first := false, false, int16(-1)
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage {
			continue
		}
		caller = caller || h.flags&hopTagCaller != 0
		callee = callee || h.flags&hopTagCallee != 0
		if first < 0 {
			first = h.observer
		}
		if h.observer != first || caller && callee || h.Forwards >= 0 && h.Status == 0 && h.observer >= 0 {
			return true
		}
	}
	return false
}

// alikeSPAs reports whether both sides of the call say that they are an SPA.
func (c *Call) alikeSPAs() bool {
	first := uint64(0) // tag of the side that said so first
	for i := range c.Hops {
		h := &c.Hops[i]
		side := h.fromTag
		if h.Status != 0 {
			side = h.toTag
		}
		if h.Kind != capture.KindMessage || side == 0 || side == first {
			continue
		}
		m := sip.Parse(c.Data(h))
		name := m.Value(sip.FieldUserAgent)
		if name == nil {
			name = m.Value(sip.FieldServer)
		}
		switch {
		case !spalog.IsAgent(name):
		case first == 0:
			first = side
		default:
			return true
		}
	}
	return false
}

// receivedAt reports whether a NAT stands between a host and the server that answered it: the server saw the top Via come from the address under
// which the host logs (RFC 3261 §18.2.1, received).
func (c *Call) receivedAt(h *Hop, name []byte) bool {
	if h.flags&hopReceived == 0 {
		return false
	}
	m := sip.Parse(c.Data(h))
	via, ok := m.TopVia()
	if !ok {
		return false
	}
	v, ok := via.Params.Get("received")
	return ok && hostHash(v) == hostHash(name)
}

// containsWord reports whether b has w with nothing of a name or address right before or after it.
func containsWord(b, w []byte) bool {
	for {
		i := bytes.Index(b, w)
		if i < 0 {
			return false
		}
		end := i + len(w)
		if (i == 0 || !isNameByte(b[i-1])) && (end == len(b) || !isNameByte(b[end])) {
			return true
		}
		b = b[i+1:]
	}
}

func isNameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_'
}

// voteByTransaction settles each transaction by what its hops say, then by weaker evidence.
func (c *Call) voteByTransaction() {
	var device []byte // the device's own User-Agent, once it is known
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.Direction == capture.DirectionUnknown {
			continue
		}
		way := h.Direction
		if h.Status != 0 {
			way = way.Opposite()
		}
		tx := &c.Transactions[h.Transaction]
		switch {
		case tx.conflict:
		case tx.Direction == capture.DirectionUnknown:
			tx.Direction, tx.observer = way, h.observer
		case tx.observer != h.observer: // each host has its own view
		case tx.Direction != way && !h.Duplicate && h.stated == capture.DirectionUnknown:
			tx.conflict = true
			c.Conflicts = append(c.Conflicts, i)
		}
	}
	unknown := false
	for t := range c.Transactions {
		if c.Transactions[t].conflict {
			c.Transactions[t].Direction = capture.DirectionUnknown
		} else if c.Transactions[t].Direction == capture.DirectionUnknown {
			unknown = true
		}
	}
	if !unknown {
		return
	}
	several := c.severalSPAs()
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.observer < 0 && h.stated == capture.DirectionUnknown {
			continue
		}
		tx := &c.Transactions[h.Transaction]
		if !tx.isOpen() {
			continue
		}
		if way := c.tagWay(h); way != capture.DirectionUnknown && !several {
			if h.Status != 0 {
				way = way.Opposite()
			}
			tx.Direction, tx.observer = way, h.observer
		}
	}
	if c.alikeSPAs() {
		c.voteByPassage() // the names tell nothing: either may be the one that logs
		return
	}
	// The device's own name for itself, from a message whose way is known.
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || device != nil {
			continue
		}
		tx := &c.Transactions[h.Transaction]
		if tx.wayOf(h) == capture.Sent {
			m := sip.Parse(c.Data(h))
			if device = m.Value(sip.FieldUserAgent); h.Status != 0 {
				device = m.Value(sip.FieldServer)
			}
		}
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.observer < 0 {
			continue
		}
		tx := &c.Transactions[h.Transaction]
		if !tx.isOpen() {
			continue
		}
		m := sip.Parse(c.Data(c.fuller(i)))
		name := m.Value(sip.FieldUserAgent)
		if name == nil {
			name = m.Value(sip.FieldServer)
		}
		way := capture.DirectionUnknown
		switch {
		case device == nil && h.vias > 1 && h.Status == 0 && !c.passesOn(h.observer):
			way = capture.Received // a telephone sends with one Via, whoever's name it has
		case device == nil && name != nil && spalog.IsAgent(name):
			way = capture.Sent // an SPA's log with an SPA's name in the message: its own
		case device != nil && bytes.Equal(name, device):
			way = capture.Sent
		case h.flags&hopReceived != 0 && h.Status == 0:
			way = capture.Received // evidence 5
		}
		if way != capture.DirectionUnknown {
			if h.Status != 0 {
				way = way.Opposite()
			}
			tx.Direction, tx.observer = way, h.observer
		}
	}
}

// voteByPassage settles transactions by the proxy between two telephones, where the log is that of one of them: each proxy adds a Via (RFC 3261 §16.6, step 8), so what has
// one more came to the telephone; and nobody but a proxy asks with Proxy-Authenticate or adds Record-Route, so a response that has these on top of a lone Via came as well.
func (c *Call) voteByPassage() {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.observer < 0 || h.Kind != capture.KindMessage || c.passesOn(h.observer) {
			continue
		}
		tx := &c.Transactions[h.Transaction]
		if tx.conflict || tx.Direction != capture.DirectionUnknown {
			continue
		}
		switch {
		case h.vias > 1:
			tx.Direction, tx.observer = capture.Received, h.observer
		case h.vias == 1 && h.Status != 0:
			if m := sip.Parse(c.Data(h)); m.Has(sip.FieldProxyAuthenticate) || m.Has(sip.FieldRecordRoute) {
				tx.Direction, tx.observer = capture.Sent, h.observer
			}
		}
	}
}

// passesOn reports whether what a host has logged shows a message before and behind a proxy: it is the proxy itself, or both telephones log under one name.
func (c *Call) passesOn(observer int16) bool {
	return slices.ContainsFunc(c.Hops, func(h Hop) bool {
		return h.observer == observer && h.Forwards >= 0 && c.Hops[h.Forwards].observer == observer
	})
}

// voteByReceived uses evidence 7 for the first transaction that nothing else has settled; the others may follow from it. It reports whether there was one.
func (c *Call) voteByReceived() bool {
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Transaction < 0 || h.observer < 0 || h.Status == 0 || h.flags&hopReceived == 0 {
			continue
		}
		if tx := &c.Transactions[h.Transaction]; !tx.conflict && tx.Direction == capture.DirectionUnknown {
			if c.alikeSPAs() {
				return false // who answers may be the device
			}
			tx.Direction, tx.observer = capture.Sent, h.observer
			return true
		}
	}
	return false
}

// propagateAll settles what can be settled by others.
func (c *Call) propagateAll() {
	for range 4 {
		if !c.propagate() {
			break
		}
	}
}

// propagate settles transactions by those that are settled: a CANCEL goes as its INVITE does, the ACK of a 2xx too, and a request in a
// dialog comes from the side whose tag is in From. It reports whether it settled any.
func (c *Call) propagate() bool {
	open := false
	for t := range c.Transactions {
		open = open || c.Transactions[t].isOpen()
	}
	if !open {
		return false // as in most calls
	}
	// Whose tag it is: the way of the requests that have it in From.
	type owner struct {
		way      capture.Direction
		observer int16
	}
	const anybody = -2
	type seen struct {
		tag      uint64
		observer int16
	}
	owners := map[seen]owner{}
	note := func(tag uint64, o owner) {
		for _, by := range [...]int16{o.observer, anybody} {
			if k := (seen{tag, by}); tag != 0 {
				if _, ok := owners[k]; !ok {
					owners[k] = o
				}
			}
		}
	}
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if tx.Direction == capture.DirectionUnknown {
			continue
		}
		from, to := c.txTags(t)
		note(from, owner{tx.Direction, tx.observer})
		note(to, owner{tx.Direction.Opposite(), tx.observer})
	}
	changed := false
	for t := range c.Transactions {
		tx := &c.Transactions[t]
		if !tx.isOpen() {
			continue
		}
		o := owner{observer: -1}
		for _, other := range [...]int{tx.Invite, tx.Cancel} {
			if other >= 0 && o.way == capture.DirectionUnknown {
				o = owner{c.Transactions[other].Direction, c.Transactions[other].observer}
			}
		}
		if o.way == capture.DirectionUnknown {
			// Best as the host saw it that logged this one.
			from, to := c.txTags(t)
			for _, by := range [...]int16{c.Hops[tx.last].observer, anybody} {
				if known, ok := owners[seen{from, by}]; ok {
					o = known
					break
				} else if known, ok := owners[seen{to, by}]; ok {
					o = owner{known.way.Opposite(), known.observer}
					break
				}
			}
		}
		if o.way != capture.DirectionUnknown {
			tx.Direction, tx.observer = o.way, o.observer
			changed = true
		}
	}
	return changed
}

// isOpen reports whether the way of a transaction is still to be found.
func (tx *Transaction) isOpen() bool {
	return !tx.conflict && tx.Direction == capture.DirectionUnknown
}

// txTags returns the From and To tags of a transaction as its messages have them.
func (c *Call) txTags(t int) (from, to uint64) {
	for j := c.Transactions[t].last; j >= 0; j = c.Hops[j].previous {
		h := &c.Hops[j]
		if from == 0 {
			from = h.fromTag
		}
		if to == 0 {
			to = h.toTag
		}
		if from != 0 && to != 0 {
			break
		}
	}
	return from, to
}
