package explain

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"

	"sipscribe/internal/callflow"
	"sipscribe/sdp"
	"sipscribe/sip"
)

// parseOffer reads the session description of a message into t.offer, if it does not stand there already.
func (t *Teller) parseOffer(m *sip.Message) {
	body := wholeLines(m)
	if n := len(body); n > 0 && t.offerRead == &body[0] && len(t.offer.Raw) == n {
		return
	}
	t.offer.Scan(body)
	t.offerRead = nil
	if len(body) > 0 {
		t.offerRead = &body[0]
	}
}

// wholeLines returns the body of a message, without a last line of which the log shows only the beginning: half a line names another port, another codec.
func wholeLines(m *sip.Message) []byte {
	body := m.BodyBytes()
	if m.DeclaredLength-len(body) > len("\r\n") && len(body) > 0 && body[len(body)-1] != '\n' && body[len(body)-1] != '\r' {
		body = body[:bytes.LastIndexByte(body, '\n')+1]
	}
	return body
}

// tellOffer tells what an INVITE offers.
func (t *Teller) tellOffer(h *callflow.Hop, m *sip.Message) {
	if !t.hasSDP(h) {
		if m.DeclaredLength == 0 {
			t.say("offer.none")
		}
		return
	}
	t.remember(h, m)
	codecs := ""
	if told := t.codecs.find(onlyAudio(m).formats); told != nil {
		codecs = told.list
	} else {
		t.parseOffer(m)
		for _, media := range t.offer.AllMedia() {
			if media.IsT38() {
				t.say("offer.fax")
				return
			}
		}
		if codecs, _ = t.codecList(&t.offer); t.unnamedCodecs(h, m) {
			return
		}
	}
	if codecs == "" {
		return
	}
	t.fill[placeCodecs] = codecs
	t.say("offer.codecs")
}

// tellAnswer tells what a 2xx accepts.
func (t *Teller) tellAnswer(h *callflow.Hop, m *sip.Message) {
	t.remember(h, m)
	if told := t.codecs.find(onlyAudio(m).formats); told != nil {
		if told.n == 1 {
			t.fill[placeCodecs] = told.list
			t.say("answer.codec")
		}
		return
	}
	t.parseOffer(m)
	for _, media := range t.offer.AllMedia() {
		if media.IsT38() && !media.IsRejected() {
			t.say("answer.fax")
			return
		}
	}
	codecs, n := t.codecList(&t.offer)
	if n == 1 && !t.unnamedCodecs(h, m) {
		t.fill[placeCodecs] = codecs
		t.say("answer.codec")
	}
}

// unnamedCodecs reports whether the log cut a session description before the line that names one of its codecs.
func (t *Teller) unnamedCodecs(h *callflow.Hop, m *sip.Message) bool {
	if m.DeclaredLength <= len(m.BodyBytes()) || !t.shortByCut(h, m) {
		return false
	}
	for _, media := range t.offer.AllMedia() {
		if !media.IsAudio() || media.IsRejected() {
			continue
		}
		for c := range media.Codecs() {
			if len(c.Name) == 0 {
				return true
			}
		}
		return false
	}
	return false
}

// madeNoOffer reports whether the request that a response answers is known to have no session description.
func (t *Teller) madeNoOffer(h *callflow.Hop) bool {
	r := t.call.Transactions[h.Transaction].Request
	if r < 0 {
		return false
	}
	request := &t.call.Hops[r]
	return !request.HeaderCut() && !t.hasSDP(request) && t.parse(request).DeclaredLength == 0
}

// tellOfferBack tells what a 2xx offers to an INVITE that made no offer (RFC 3261 §13.2.1).
func (t *Teller) tellOfferBack(h *callflow.Hop, m *sip.Message) {
	t.remember(h, m)
	t.parseOffer(m)
	if codecs, n := t.codecList(&t.offer); n > 0 && !t.unnamedCodecs(h, m) {
		t.fill[placeCodecs] = codecs
		t.say("answer.offer")
	}
}

// smallNumbers are the numbers that are written as words.
var smallNumbers = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// countWord writes a number as a person does: up to twelve as a word.
func countWord(n int) string {
	if n >= 0 && n < len(smallNumbers) {
		return smallNumbers[n]
	}
	return strconv.Itoa(n)
}

// codecList names the codecs of the first audio stream (or the first stream): up to three by name, more by number.
func (t *Teller) codecList(s *sdp.Session) (string, int) {
	for _, media := range s.AllMedia() {
		if !media.IsAudio() || media.IsRejected() {
			continue
		}
		text := formatsText(s, media)
		if told := t.codecs.find(text); told != nil {
			return told.list, told.n
		}
		list, n := t.nameCodecs(media)
		t.codecs.add(text, list, n, media.HasConnection())
		return list, n
	}
	return "", 0
}

// nameCodecs names the codecs of a stream, and says how many they are. Telephone events, comfort noise and Cisco's NSE are no codecs.
func (t *Teller) nameCodecs(media sdp.Media) (string, int) {
	var names [3]string
	n := 0
	for c := range media.Codecs() {
		switch {
		case c.IsTelephoneEvent(), c.IsComfortNoise(), bytes.EqualFold(c.Name, []byte("NSE")):
			continue
		}
		if n < len(names) {
			if names[n] = t.shown(c.Name); names[n] == "" {
				names[n] = t.joined("type ", t.shown(c.Format))
			}
		}
		n++
	}
	switch {
	case n == 0:
		return "", 0
	case n == 1:
		return strings.Clone(names[0]), 1 // kept for other calls
	case n == 2:
		return names[0] + " " + t.word("word.and") + " " + names[1], 2
	case n == 3:
		return names[0] + ", " + names[1] + " " + t.word("word.and") + " " + names[2], 3
	}
	return countWord(n) + " codecs, " + names[0] + " first", n
}

// audioOnly is what is read of a session description that has one stream, of audio and not rejected, without taking it apart.
type audioOnly struct {
	address []byte // of the session's connection, nil if it has none or one that is written in an unusual way
	port    []byte
	formats []byte // what formatsText returns
}

// onlyAudio reads a whole session description with one stream of audio; no formats of any other, and of those that are written in an unusual way. That there is no other stream
// behind it, and what else is said of this one, only whoever has seen the text of the formats before knows.
func onlyAudio(m *sip.Message) (a audioOnly) {
	body := m.BodyBytes()
	if m.DeclaredLength > len(body) {
		return audioOnly{}
	}
	const usualLines = 32 // before the stream; far fewer than those that are read of any
	connections := 0
	for lines := 0; lines < usualLines && len(body) > len("m=audio 1 "); lines++ {
		if bytes.HasPrefix(body, []byte("m=")) {
			port := body[len("m=audio "):]
			if !bytes.HasPrefix(body, []byte("m=audio ")) || port[0] < '1' || port[0] > '9' {
				return audioOnly{}
			}
			n := 1
			for n < len(port) && port[n] >= '0' && port[n] <= '9' {
				n++
			}
			if n+1 >= len(port) || port[n] != ' ' || port[n+1] <= ' ' {
				return audioOnly{}
			}
			a.port, a.formats = port[:n], port[n+1:]
			return a
		}
		end := bytes.IndexByte(body, '\n')
		if end < 1 || bytes.IndexByte(body, '\r') != end-1 {
			return audioOnly{}
		}
		if bytes.HasPrefix(body, []byte("c=")) {
			// The first counts (RFC 8866 §5.7).
			if connections++; connections == 1 && bytes.HasPrefix(body, []byte("c=IN IP4 ")) {
				if v := body[len("c=IN IP4 ") : end-1]; isDotted(v) {
					a.address = v
				}
			}
		}
		body = body[end+1:]
	}
	return audioOnly{}
}

// isDotted reports whether b has nothing but digits and dots.
func isDotted(b []byte) bool {
	for _, c := range b {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}

// mediaAddress returns where a session description asks for the media of its first stream, and false if it does not say or the stream is rejected.
func (t *Teller) mediaAddress(m *sip.Message) (address []byte, port int, ok bool) {
	if a := onlyAudio(m); a.address != nil && len(a.port) <= len("65535") {
		port, _ = strconv.Atoi(view(a.port))
		if told := t.codecs.find(a.formats); told != nil && !told.connection && port <= 65535 {
			return a.address, port, true
		}
	}
	t.parseOffer(m)
	for _, media := range t.offer.AllMedia() {
		c, connected := media.Connection()
		port, ok = media.Port()
		return c.Address, port, connected && ok && !media.IsRejected()
	}
	return nil, 0, false
}

// formatsText is the text of a media section from its transport protocol on, behind the port: what its codecs are read from. Nil if it has
// no protocol.
func formatsText(s *sdp.Session, media sdp.Media) []byte {
	proto, ok := s.SpanOf(media.Proto())
	if !ok {
		return nil
	}
	lines := media.Lines()
	return s.Raw[proto.Start:lines[len(lines)-1].Span.End]
}

// codecLists are the lists of codecs that were told last, by the text that they were read from: a device offers the same codecs in every call.
type codecLists struct {
	lists [8]codecsTold
	next  int // that gives way to a new one
}

// codecsTold is a list of codecs in words, and how many they are.
type codecsTold struct {
	text       []byte
	list       string
	n          int
	connection bool // the stream has one of its own
}

// maxFormatsText is the length of the longest text that is kept for its list.
const maxFormatsText = 2048

// find returns the list that was told of a text, nil if it is not kept.
func (l *codecLists) find(text []byte) *codecsTold {
	if len(text) == 0 {
		return nil
	}
	for i := range l.lists {
		if bytes.Equal(l.lists[i].text, text) {
			return &l.lists[i]
		}
	}
	return nil
}

// add keeps the list of a text in place of the one that was added first.
func (l *codecLists) add(text []byte, list string, n int, connection bool) {
	if len(text) == 0 || len(text) > maxFormatsText {
		return
	}
	told := &l.lists[l.next]
	told.text, told.list, told.n, told.connection = append(told.text[:0], text...), list, n, connection
	l.next = (l.next + 1) % len(l.lists)
}

// description is what of a session description tells whether a later one changes anything.
type description struct {
	known bool
	hash  uint64 // of all lines but v= and o=
	held  bool   // the other side is not to send
}

// change is a new offer within a call, which counts when it is accepted.
type change struct {
	settled     bool // an ACK tells that it was accepted
	transaction int32
	kind        byte
	party       int8  // who offers, -1
	offer       int32 // the hop that brings the description, plus one; 0: there is none
}

var descriptionSeed = maphash.MakeSeed()

// described returns the description that a hop, which is given as its number plus one, brings; the zero description for 0. It parses the message: what was parsed before
// may have to be parsed again.
func (t *Teller) described(hop int32) description {
	if hop == 0 {
		return description{}
	}
	m := t.parse(&t.call.Hops[hop-1])
	t.parseOffer(m)
	body := m.BodyBytes()
	// The version in o= changes with each description, whatever it says (RFC 8866 §5.2).
	if i := bytes.Index(body, []byte("\no=")); i >= 0 {
		if j := bytes.IndexByte(body[i+1:], '\n'); j >= 0 {
			body = body[i+1+j:]
		}
	}
	return description{true, maphash.Bytes(descriptionSeed, body), t.offer.IsHeld()}
}

// remember keeps the description that a message brings as the last of its sender. It is read when there is a later one to compare it with.
func (t *Teller) remember(h *callflow.Hop, m *sip.Message) {
	if h.From >= 0 && int(h.From) < len(t.state.media) {
		t.state.media[h.From] = int32(h.Index()) + 1
		if m.DeclaredLength > len(m.BodyBytes()) && t.shortByCut(h, m) {
			t.state.media[h.From] = 0 // what a later one changes cannot be known
		}
	}
}

// Kinds of a change within a call.
const (
	changeHold    = 'h'
	changeResume  = 'r'
	changeFax     = 'f'
	changeMedia   = 'm'
	changeUnknown = 'u' // what its sender had described before is not in the log
	changeNoOffer = 'o'
	changeNothing = 's'
	changeCut     = 'c' // the log cut it off
)

// mediaChange says what a new offer within a call is about, and keeps it until it is answered.
func (t *Teller) mediaChange(h *callflow.Hop, m *sip.Message) byte {
	c := change{transaction: h.Transaction, kind: changeNoOffer, party: -1}
	cut := h.HeaderCut() || m.DeclaredLength > len(m.BodyBytes()) && t.shortByCut(h, m)
	if cut {
		c.kind = changeCut
	}
	if t.hasSDP(h) && !cut {
		var before description
		if h.From >= 0 && int(h.From) < len(t.state.media) {
			c.party = int8(h.From)
			before = t.described(t.state.media[h.From])
		}
		c.offer = int32(h.Index()) + 1
		c.kind = kindOfChange(before, t.described(c.offer)) // which t.offer holds then
		for _, media := range t.offer.AllMedia() {
			if media.IsT38() && !media.IsRejected() {
				c.kind = changeFax
				break
			}
		}
	}
	if t.unsettled(c.party) && c.kind != changeHold && c.kind != changeFax && c.kind != changeNoOffer && c.kind != changeCut {
		c.kind = changeUnknown // whether the one before was accepted is not in the log
	}
	t.state.changes[int(h.Transaction)%len(t.state.changes)] = c
	return c.kind
}

func kindOfChange(before, now description) byte {
	switch {
	case now.held && !before.held:
		return changeHold
	case !now.held && before.held:
		return changeResume
	case !before.known:
		return changeUnknown
	case before.hash == now.hash:
		return changeNothing
	}
	return changeMedia
}

// unsettled reports whether an earlier change that a party offered has no answer in the log, and no ACK that tells of one.
func (t *Teller) unsettled(party int8) bool {
	for i := range t.state.changes {
		c := &t.state.changes[i]
		if c.kind != 0 && c.party == party && party >= 0 && !c.settled && t.call.Transactions[c.transaction].Final < 0 {
			return true
		}
	}
	return false
}

// acceptUnseen takes the ACK of a 2xx that is not in the log as the proof that there was one: the change that it answered holds.
func (t *Teller) acceptUnseen(ack *callflow.Hop) {
	if t.call.Transactions[ack.Transaction].Method != sip.MethodAck {
		return
	}
	for i := range t.state.changes {
		c := &t.state.changes[i]
		if tx := &t.call.Transactions[c.transaction]; c.kind != 0 && tx.Final < 0 && tx.CSeq == ack.CSeq && tx.Request >= 0 && t.call.Hops[tx.Request].From == ack.From {
			c.settled = true
			t.accepted(ack, t.parse(ack), c)
		}
	}
}

// changeOf returns the change that a response answers, through proxies that of the first hop; nil if it is none that was told.
func (t *Teller) changeOf(h *callflow.Hop) *change {
	tx := int(h.Transaction)
	for n := 0; n < 8 && t.call.Transactions[tx].Upstream >= 0; n++ {
		tx = t.call.Transactions[tx].Upstream
	}
	if c := &t.state.changes[tx%len(t.state.changes)]; int(c.transaction) == tx && c.kind != 0 {
		return c
	}
	return nil
}

// accepted notes that a change was accepted by a response, and what the answer describes.
func (t *Teller) accepted(h *callflow.Hop, m *sip.Message, c *change) {
	if c != nil && c.party >= 0 {
		t.state.media[c.party] = c.offer
	}
	if t.hasSDP(h) {
		t.remember(h, m)
	}
}
