package callflow

import (
	"bytes"
	"hash/maphash"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// seed makes the hashes of a run. They never leave it: whatever is shown or compared between runs is text.
var seed = maphash.MakeSeed()

func hashOf(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	if h := maphash.Bytes(seed, b); h != 0 {
		return h
	}
	return 1
}

func mix(h, x uint64) uint64 {
	h ^= x + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	h *= 0xff51afd7ed558ccd
	return h ^ h>>32
}

// identity is what puts a message into its call.
type identity struct {
	callID []byte
	hash   uint64
	call   *openCall // that is known by it
	within uint32    // where the Call-ID stands in the text that is kept next; 0: that has it not
	masked bool      // the Call-ID was hidden: it looks like every other one
	apart  bool      // another exchange has the same Call-ID; see standsApart
}

// apartOf is the hash of a Call-ID for what stands apart from another exchange with it.
func apartOf(hash uint64) uint64 { return mix(hash, 0x3261) }

// standsApart reports whether a message is none of the exchange that its Call-ID leads to: a telephone that uses one Call-ID for all it does registers under that of its
// calls. A registration and a call are two things, whatever they are called (RFC 3261 §10.2: the Call-ID of registrations is one of their own).
func standsApart(c *openCall, h *Hop) bool {
	if h.Method == sip.MethodRegister {
		return c.kind == KindCall
	}
	if inviteUsage(h.Method) {
		return c.kind == KindRegistration
	}
	return c.kind == KindRegistration && h.toTag != 0 && h.fromTag != 0 // inside a dialog: that of a call, if there is one
}

// usedAgain reports whether an INVITE is of a second call under a Call-ID whose call has ended: it has another From tag, or a CSeq number that the first was past. After a
// hang-up any other CSeq number will do, since nobody tries again what was answered. What is tried again after a challenge has what the client likes.
func usedAgain(c *openCall, h *Hop) bool {
	s := c
	if h.Status != 0 || h.Method != sip.MethodInvite || h.toTag != 0 || h.fromTag == 0 || s.from == 0 || !s.over || s.confirmed {
		return false
	}
	for i := range s.legs {
		if s.legs[i].branch == fold(h.branch) {
			return false
		}
	}
	again := s.done && !s.challenged && (h.fromTag != s.from || h.CSeq < s.attempt)
	if s.hungUp {
		again = h.fromTag != s.from || h.CSeq != s.attempt
	}
	return again && !s.hasSource(h)
}

// hasSource reports whether the call has a record of the same request already, from another source: a log with whole seconds, say, of which a capture of the same messages
// tells the fractions. Its first INVITE stands behind the end of the call in the log then, if all was over within the second. A log may have cut off the CSeq.
func (s *openCall) hasSource(h *Hop) bool {
	const maxLook = 512
	for i := max(0, len(s.records)-maxLook); i < len(s.records); i++ {
		if p := &s.records[i]; p.status == 0 && p.method == h.Method && (p.cseq == h.CSeq || p.cseq == 0 || h.CSeq == 0) && p.branch == fold(h.branch) && p.fromTag == fold(h.fromTag) {
			return true
		}
	}
	return false
}

func (a *Assembler) identityOf(callID []byte) identity {
	hash := hashOf(callID)
	return identity{callID: callID, hash: hash, call: a.byID.get(hash)}
}

// newest returns the newest record of the call that a message seems to belong to, nil if there is none: most of what identifies the message was looked at there.
func (id *identity) newest() *packed {
	if id.call == nil || len(id.call.records) == 0 {
		return nil
	}
	return &id.call.records[len(id.call.records)-1]
}

// fill reads what the assembler needs out of a message into a hop.
func (a *Assembler) fill(h *Hop, m *sip.Message) identity {
	cseq := m.CSeq()
	h.Method, h.CSeq = m.Method, cseq.Number
	if m.Kind == sip.KindResponse {
		h.Status = max(m.Status, 1)
	}
	a.fillTags(h, m.FromTag(), m.ToTag(), nil)
	a.readVias(h, m)
	h.unbranched()
	if !m.HeaderEnds() {
		h.flags |= hopCut
		if _, inLine := m.Problem(sip.ProblemCutInLine); inLine || !m.Has(sip.FieldCallID) || !m.Has(sip.FieldCSeq) || !m.Has(sip.FieldFrom) || !m.Has(sip.FieldTo) {
			h.flags |= hopCutSurely
		}
	}
	h.fromField, h.toField = fieldSpan(m, sip.FieldFrom), fieldSpan(m, sip.FieldTo)
	return a.identityOf(m.CallID())
}

// warm touches what the message of a call will be compared with, and behind which it is written. Of thousands of open calls nearly all are out of the cache, and each message is of another one
// than the message before: who asks for that memory only when he needs it waits for it, and nothing else is done meanwhile.
func (a *Assembler) warm(c *openCall) {
	if c == nil {
		return
	}
	x := uint64(c.deadline) + c.from // in its second and third line
	if n := len(c.records); n > 0 {
		p := &c.records[n-1]
		x += uint64(p.branch) + uint64(p.clock)
	}
	a.warmed = x
}

// fillOutline is fill for a message that has an outline: a.outline, of data; like is the newest record of the call that it seems to belong to.
func (a *Assembler) fillOutline(h *Hop, data []byte, like *packed) {
	o := &a.outline
	h.Method, h.CSeq = o.Method, o.CSeq
	if o.Kind == sip.KindResponse {
		h.Status = max(o.Status, 1)
	}
	a.fillTags(h, sip.TagOf(o.From.Of(data)), sip.TagOf(o.To.Of(data)), like)
	for n, s := range o.Via[:o.Vias] {
		a.readVia(h, s.Of(data), n, like)
	}
	h.vias = uint8(o.Vias)
	h.unbranched()
	h.fromField, h.toField = small(o.From), small(o.To)
}

func (a *Assembler) fillTags(h *Hop, from, to []byte, like *packed) {
	h.fromTag, h.toTag = a.tag(h, from, like), a.tag(h, to, like)
	if h.fromTag != 0 && like != nil && fold(h.fromTag) == like.fromTag {
		h.flags |= like.flags & hopTagCaller // it was looked at there
	} else if spaLine(from, 'o') != 0 {
		h.flags |= hopTagCaller
	}
	if spaLine(to, 'i') != 0 {
		h.flags |= hopTagCallee
	}
}

// unbranched gives a hop without a branch that identifies anything the key of RFC 2543 (RFC 3261 §17.2.3): the parts that a client repeats in each
// message of the transaction.
func (h *Hop) unbranched() {
	if h.branch == 0 {
		h.flags |= hopNoBranch
		h.branch = mix(mix(h.fromTag, uint64(h.CSeq)), 0x2543)
	}
}

// smallSpan is the place of a header field's value in its message, kept small.
type smallSpan struct{ off, len uint16 }

func fieldSpan(m *sip.Message, id sip.FieldID) smallSpan {
	if f, ok := m.Field(id); ok {
		return small(f.Value)
	}
	return smallSpan{}
}

func small(s sip.Span) smallSpan {
	if s.End >= 1<<16 {
		return smallSpan{}
	}
	return smallSpan{uint16(s.Start), uint16(s.Len())}
}

// tag returns the hash of a tag; a masked one counts as none, but is marked. What like has is not masked.
func (a *Assembler) tag(h *Hop, t []byte, like *packed) uint64 {
	if len(t) == 0 {
		return 0
	}
	k := hashOf(t)
	if like != nil && (fold(k) == like.fromTag || fold(k) == like.toTag) {
		return k
	}
	if sip.Masked(t) {
		h.flags |= hopMaskedTag
		return 0
	}
	return k
}

// readVias reads what matters here of the first two Via values: branch, sent-by and received of the first, the branch of the second, and how many there are.
func (a *Assembler) readVias(h *Hop, m *sip.Message) {
	n := 0
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != sip.FieldVia {
			continue
		}
		v := m.Text(f.Value)
		// A comma separates values (RFC 3261 §7.3.1), unless it is inside quotes, which hardly any Via has.
		if bytes.IndexByte(v, ',') < 0 {
			a.readVia(h, v, n, nil)
			n++
			continue
		}
		n = 0
		for s := range m.Values(sip.FieldVia) {
			a.readVia(h, m.Text(s), n, nil)
			if n++; n == 255 {
				break
			}
		}
		break
	}
	h.vias = uint8(min(n, 255))
}

// readVia reads the n-th Via value, from 0. A branch that like has is not masked.
func (a *Assembler) readVia(h *Hop, v []byte, n int, like *packed) {
	semi := bytes.IndexByte(v, ';')
	if semi < 0 {
		semi = len(v)
	}
	// Rows do not tell who sent what; only whether an INVITE comes from the host that logged it counts.
	if n == 0 && (!a.opts.Rows || h.Status == 0 && h.Method == sip.MethodInvite) {
		// sent-by. ParseVia knows the whole grammar; nearly every Via is written in one way.
		if semi > 12 && string(v[:8]) == "SIP/2.0/" && v[11] == ' ' {
			host := v[12:semi]
			for k := len(host) - 1; k > 0 && k >= len(host)-6; k-- {
				if c := host[k]; c == ':' {
					host = host[:k]
					break
				} else if c < '0' || c > '9' {
					break
				}
			}
			h.viaHost = sentByHash(host)
		}
		if h.viaHost == 0 {
			via := sip.ParseVia(v)
			h.viaHost = hostHash(via.Host)
		}
	}
	p := v[semi:]
	// ";branch=…" first, and nothing behind it or ";rport": so most clients write it.
	if len(p) > 9 && string(p[:8]) == ";branch=" {
		end := bytes.IndexByte(p[8:], ';')
		if end < 0 {
			end = len(p) - 8
		}
		if value := p[8 : 8+end]; len(value) > 0 && value[0] > ' ' && value[len(value)-1] > ' ' {
			a.readBranch(h, value, n, like)
			if p = p[8+end:]; n > 0 || len(p) == 0 || string(p) == ";rport" {
				return
			}
		}
	}
	for len(p) > 1 {
		p = p[1:]
		end := bytes.IndexByte(p, ';')
		if end < 0 {
			end = len(p)
		}
		q := p[:end]
		p = p[end:]
		for len(q) > 0 && (q[0] == ' ' || q[0] == '\t' || q[0] == '\r' || q[0] == '\n') {
			q = q[1:]
		}
		if len(q) < 6 {
			continue
		}
		switch q[0] {
		case 'b', 'B':
			if value, ok := param(q, "branch"); ok {
				a.readBranch(h, value, n, like)
			}
		case 'r', 'R':
			if n > 0 {
				continue
			}
			if value, ok := param(q, "rport"); ok && len(value) > 0 {
				h.flags |= hopReceived
			} else if _, ok := param(q, "received"); ok {
				h.flags |= hopReceived
			}
		}
	}
}

// sentByHash returns the hash of a host as it stands, 0 if there is anything about it that is not a plain host.
func sentByHash(host []byte) uint64 {
	for _, c := range host {
		if hostChar[c] != plainHost {
			if c <= ' ' {
				return 0
			}
			return hostHash(host)
		}
	}
	return hashOf(host)
}

const plainHost = 1

// hostChar marks the characters of a host that is written in the one way that counts: digits, small letters, full stop, hyphen, underscore.
var hostChar = func() (t [256]uint8) {
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyz.-_") {
		t[c] = plainHost
	}
	return t
}()

// hostHash returns the hash of a host however it is written: names without regard to case, IPv6 addresses with or without brackets and in any of their forms
// (RFC 5952 has the one that counts).
func hostHash(host []byte) uint64 {
	plain := true
	for _, c := range host {
		if c >= 'A' && c <= 'Z' || c == ':' || c == '[' {
			plain = false
		}
	}
	if plain {
		return hashOf(host)
	}
	if a, err := netip.ParseAddr(string(bytes.Trim(host, "[]"))); err == nil {
		return hashOf([]byte(a.Unmap().String()))
	}
	return hashOf(bytes.ToLower(host))
}

// param returns the value of "name = value" if q is that parameter.
func param(q []byte, name string) ([]byte, bool) {
	if len(q) <= len(name) || !bytes.EqualFold(q[:len(name)], []byte(name)) {
		return nil, false
	}
	v := bytes.TrimLeft(q[len(name):], " \t")
	if len(v) == 0 || v[0] != '=' {
		return nil, false
	}
	return bytes.TrimSpace(v[1:]), true
}

// readBranch takes a branch, if it identifies anything: one with the magic cookie (RFC 3261 §8.1.1.7) that nobody has hidden. Sent-by is not part of the
// key here, though it is in §17.2.3: a response whose Via was rewritten by a NAT's application gateway still belongs to its request, and a branch is
// unique by itself.
func (a *Assembler) readBranch(h *Hop, branch []byte, n int, like *packed) {
	if len(branch) <= len(sip.MagicCookie) || string(branch[:len(sip.MagicCookie)]) != sip.MagicCookie &&
		!bytes.EqualFold(branch[:len(sip.MagicCookie)], []byte(sip.MagicCookie)) {
		return
	}
	k := hashOf(branch)
	if (like == nil || fold(k) != like.branch) && sip.Masked(branch) {
		return
	}
	if n == 0 {
		if h.branch == 0 {
			h.branch = k
		}
	} else if n == 1 {
		h.second = k
	} else {
		h.bottom = k
	}
}

// txMethod is the method that identifies a transaction: an ACK belongs to its INVITE (RFC 3261 §17.2.3).
func txMethod(m sip.Method) sip.Method {
	if m == sip.MethodAck {
		return sip.MethodInvite
	}
	return m
}

// find returns the call that a message belongs to, nil if it begins a new one. It sets id.masked.
func (a *Assembler) find(id *identity, h *Hop) *openCall {
	c := id.call
	if c != nil && !standsApart(c, h) {
		return c
	}
	if c != nil || a.apart > 0 && len(id.callID) > 0 {
		switch o := a.byID.get(apartOf(id.hash)); {
		case o != nil && (c != nil || !standsApart(o, h)):
			return o
		case c != nil && (h.Method == sip.MethodRegister || inviteUsage(h.Method)):
			id.apart, id.hash = true, apartOf(id.hash)
			return nil
		case c != nil:
			return c
		}
	}
	if id.masked = len(id.callID) == 0 || sip.Masked(id.callID); !id.masked {
		return a.cutBefore(h)
	}
	// The Call-ID tells nothing: tags first, since both sides repeat them, then the branch, then order and CSeq.
	for _, t := range [...]uint64{h.fromTag, h.toTag} {
		if t != 0 {
			if c := a.byTag[t]; c != nil {
				return c
			}
		}
	}
	if h.flags&hopNoBranch == 0 {
		if c := a.byTag[h.branch]; c != nil {
			return c
		}
	}
	if h.flags&hopCut != 0 {
		return a.ofCut(h)
	}
	if h.fromTag == 0 && h.flags&hopMaskedTag != 0 {
		// Everything is hidden. The last call of this source goes on as long as its CSeq fits.
		if c := a.lastMasked; c != nil && c.source == h.source && (h.CSeq == c.cseq || h.CSeq == c.cseq+1) &&
			!(h.Status == 0 && h.Method == sip.MethodInvite && h.CSeq == c.cseq && c.over) {
			return c
		}
	}
	return nil
}

// inviteUsage reports whether a method is one that only a call has.
func inviteUsage(m sip.Method) bool {
	switch m {
	case sip.MethodInvite, sip.MethodAck, sip.MethodBye, sip.MethodCancel, sip.MethodPrack:
		return true
	}
	return false
}

// joined returns the call that a first message of an unknown Call-ID belongs to by what it says itself, and why.
func (a *Assembler) joined(rec *capture.Record, h *Hop) (*openCall, JoinReason) {
	asked := h.Status == 0 && h.Method == sip.MethodInvite && h.toTag == 0 && len(a.refers) > 0
	if !a.parsed && !asked {
		return nil, 0 // a message with an outline has neither of the fields below
	}
	m := a.message(rec)
	if v := m.Value(sip.FieldReplaces); v != nil && h.Status == 0 {
		if i := bytes.IndexByte(v, ';'); i >= 0 {
			v = v[:i]
		}
		if c := a.withText(bytes.TrimSpace(v)); c != nil {
			return c, JoinReplaces
		}
	}
	if v := m.Value(sip.FieldSessionID); v != nil {
		if i := bytes.IndexByte(v, ';'); i >= 0 {
			v = v[:i]
		}
		if v = bytes.TrimSpace(v); len(v) == 32 && !bytes.Equal(v, nilSession) {
			k := mix(hashOf(v), 0x7989)
			if c := a.byTag[k]; c != nil {
				return c, JoinSessionID
			}
		}
	}
	if asked {
		u, from := m.RequestURI(), m.From()
		target, sender := referKey(&u), referKey(&from.URI)
		if rec.Src.IsValid() {
			sender = mix(hashOf(rec.Src.Addr.AsSlice()), 1)
		}
		for i := len(a.refers) - 1; i >= 0 && target != 0; i-- {
			r := &a.refers[i]
			if r.target != target || r.call.seq != r.seq || r.asked != 0 && sender != 0 && r.asked != sender {
				continue
			}
			if !rec.Time.IsZero() && r.at != 0 && rec.Time.Clock-r.at > int64(timerTail) {
				continue
			}
			c := r.call
			a.refers = append(a.refers[:i], a.refers[i+1:]...)
			return c, JoinRefer
		}
	}
	return nil, 0
}

var nilSession = []byte("00000000000000000000000000000000") // RFC 7989 §5

// refer is a REFER that was seen lately: the INVITE that it asks for has a Call-ID of its own. It is used once, by whoever was asked, and soon.
type refer struct {
	target, asked uint64
	call          *openCall
	seq           int64
	cseq          uint32
	at            int64
}

// maxRefers is how many REFERs are remembered. The INVITE that one asks for follows at once.
const maxRefers = 64

// rememberRefer notes a REFER, and forgets one that was refused.
func (a *Assembler) rememberRefer(c *openCall, rec *capture.Record, h *Hop) {
	if h.Status >= 300 {
		for i := range a.refers {
			if a.refers[i].call == c && a.refers[i].cseq == h.CSeq {
				a.refers = append(a.refers[:i], a.refers[i+1:]...)
				return
			}
		}
	}
	if h.Status != 0 {
		return
	}
	for i := range a.refers {
		if a.refers[i].call == c && a.refers[i].seq == c.seq && a.refers[i].cseq == h.CSeq {
			return // again, or a hop further
		}
	}
	m := a.message(rec)
	addr, to := sip.ParseAddress(m.Value(sip.FieldReferTo)), m.To()
	if k := referKey(&addr.URI); k != 0 {
		if len(a.refers) >= maxRefers {
			a.refers = append(a.refers[:0], a.refers[1:]...)
		}
		asked := referKey(&to.URI)
		if rec.Dst.IsValid() {
			asked = mix(hashOf(rec.Dst.Addr.AsSlice()), 1)
		}
		a.refers = append(a.refers, refer{k, asked, c, c.seq, h.CSeq, rec.Time.Clock})
	}
}

func referKey(u *sip.URI) uint64 {
	if u.Masked || len(u.User) == 0 && len(u.Host) == 0 {
		return 0
	}
	return mix(hashOf(u.User), hashOf(bytes.ToLower(u.Host)))
}

// register makes the call findable by what h says.
func (a *Assembler) register(c *openCall, id identity, h *Hop) {
	if a.parsed {
		if v := a.msg.Value(sip.FieldSessionID); v != nil {
			if i := bytes.IndexByte(v, ';'); i >= 0 {
				v = v[:i]
			}
			if v = bytes.TrimSpace(v); len(v) == 32 && !bytes.Equal(v, nilSession) {
				a.tie(c, mix(hashOf(v), 0x7989))
			}
		}
	}
	if a.tying {
		a.tieCut(c, h.fromTag, h.toTag, h.branch, h.flags)
	}
	if !id.masked || len(id.callID) == 0 && h.flags&hopCut != 0 {
		return
	}
	c.masked = true
	a.lastMasked = c
	for _, t := range [...]uint64{h.fromTag, h.toTag} {
		if t != 0 {
			a.tie(c, t)
		}
	}
	if h.flags&hopNoBranch == 0 {
		a.tie(c, h.branch)
	}
}

// tie makes the call findable by a hash, once.
func (a *Assembler) tie(c *openCall, k uint64) {
	if a.byTag[k] == nil {
		a.byTag[k] = c
		c.few().ties = append(c.few().ties, k)
		a.weigh(c)
	}
}
