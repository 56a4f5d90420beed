package explain

import (
	"bytes"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sdp"
	"sipscribe/sip"
)

// Teller tells calls, one after the other. It is not safe for concurrent use.
type Teller struct {
	assume Assumptions

	call      *callflow.Call
	story     Story
	parties   []Party
	facts     []Fact
	addresses []addressState // of the REGISTERs told so far
	slots     [factIDs]Fact  // the facts found so far; has tells which
	has       uint32
	steps     []Step
	places    []capture.Evidence // storage of evidence
	buf       []byte             // all sentences of the story, one behind the other
	made      []byte             // other texts of it that were put together
	ranges    []textRange
	stepOf    []int32 // step that tells a hop, plus one

	// fill is what stands in the places of the next sentence.
	fill [places]string
	// parties that fill {from} and {to}, -1.
	from, to int

	messages *callflow.Messages
	// From and To that were read last.
	fromRead, toRead addressRead
	offer            sdp.Session
	// offerRead is where the body that offer was read from begins; it counts for one call only, since storage is used again.
	offerRead *byte
	codecs    codecLists
	state     state

	known       [128]knownTemplate
	hop         *callflow.Hop // that is being told
	lastKey     string        // of the sentence said last
	credHop     *callflow.Hop // request whose credentials gave the user ID
	calleeName  string
	calleeLater string
	callerName  string
	// Words of the catalogue that nearly every sentence asks for.
	the, nobody, hiddenFirst string

	near     int       // participant that the facts of the device are of, -1
	endNames [3]string // callerName, calleeName, calleeLater as at the beginning
}

// knownTemplate is a template that was used, by its key.
type knownTemplate struct {
	key string
	template
}

// textRange is a text in Teller.buf.
type textRange struct{ start, end int }

// state is what the story so far has brought.
type state struct {
	challenged  int // hop of the last 401 or 407, -1
	credentials bool
	realms      int
	realm       string // of the last challenge
	nonce       []byte
	redirected  int // hop of the last 3xx, 0 once it was followed, -1
	invite      int // hop of the last INVITE outside a dialog
	ringing     int // hop of the first 180 to 183
	ringTag     int // dialog that rings
	answered    int // hop of the first 2xx to the initial INVITE
	acked       bool
	cancelled   int // hop of the first CANCEL
	refused422  bool
	bye         int
	everLive    bool   // a registration of it was accepted
	removed     bool   // and was removed
	cut         bool   // a message was told to be cut
	nothing     bool   // the last 200 grants no time
	others      bool   // the last 200 lists contacts, and not the one that asked
	cause       string // what the last refusal means for the whole, a key behind "why.", "" if nothing
	causeUser   string
	crossed     bool // the CANCEL and the answer crossed
	tooLate     bool // the CANCEL came behind the answer
	inVain      bool // the CANCEL was refused, and the INVITE went on
	tooBrief    bool
	media       [8]int32  // by party: the hop that brings its last session description that counts, plus one
	changes     [4]change // changes of the call that wait for their answer, by transaction
	refer       int
	shortest    uint32 // Min-SE of the last 422
	elsewhere   bool   // a CANCEL said that the call was answered elsewhere
}

// NewTeller returns a Teller. Assumptions may be nil.
func NewTeller(a Assumptions) *Teller {
	t := &Teller{assume: a, messages: &callflow.Messages{}}
	t.the, t.nobody, t.hiddenFirst = t.word("word.the"), t.word("word.nobody"), t.word("word.hidden.first")
	return t
}

// Messages are the parsed messages of the call that is told, for others who look at it.
func (t *Teller) Messages() *callflow.Messages { return t.messages }

// Tell tells a call. The story holds until the next Tell, and no longer than the call does: its slices and its strings are used again.
func (t *Teller) Tell(c *callflow.Call) *Story {
	t.reset(c)
	t.nameParties()
	t.nameEnds()
	t.endNames = [...]string{t.callerName, t.calleeName, t.calleeLater}
	t.findFacts()
	for i := range c.Hops {
		t.step(i)
	}
	t.markRepeats()
	t.tellEnding()
	t.tellHead()
	t.collect()
	return &t.story
}

func (t *Teller) reset(c *callflow.Call) {
	t.call = c
	t.story = Story{}
	t.offerRead, t.fromRead.at, t.toRead.at = nil, nil, nil
	t.addresses = t.addresses[:0]
	t.facts, t.steps, t.places = t.facts[:0], t.steps[:0], t.places[:0]
	t.buf, t.ranges, t.made = t.buf[:0], t.ranges[:0], t.made[:0]
	t.state = state{challenged: -1, redirected: -1, ringing: -1, ringTag: -1, answered: -1, cancelled: -1, bye: -1, refer: -1}
	t.stepOf = append(t.stepOf[:0], make([]int32, len(c.Hops))...)
	t.clear()
}

// parse returns the message of a hop. It holds as callflow.Messages says.
func (t *Teller) parse(h *callflow.Hop) *sip.Message { return t.messages.Of(t.call, h.Index()) }

func (t *Teller) hasSDP(h *callflow.Hop) bool { return t.messages.HasSDP(t.call, h) }

func (t *Teller) hasCredentials(h *callflow.Hop) bool { return t.messages.HasCredentials(t.call, h) }

// word returns a text of the catalogue without places.
func (t *Teller) word(key string) string {
	tpl := t.template(key)
	if len(tpl.parts) == 0 {
		panic("explain: internal error: the catalogue has no words for " + key)
	}
	return tpl.parts[0].text
}

func (t *Teller) clear() {
	t.fill = [places]string{}
	t.from, t.to, t.hop = -1, -1, nil
}

// say appends a sentence to the text that is being written.
func (t *Teller) say(key string) {
	t.lastKey = key
	tpl := t.template(key)
	if n := len(t.buf); n > 0 && len(t.ranges) > 0 && n > t.ranges[len(t.ranges)-1].start && t.buf[n-1] != ' ' {
		t.buf = append(t.buf, ' ')
	}
	t.put(tpl)
}

// template returns a template of the catalogue. The same few dozen make up nearly all stories: they are found without a look into the catalogue.
func (t *Teller) template(key string) template {
	n := uint(len(key))
	known := &t.known[(n*5+uint(key[n-1])+uint(key[n/2])*3)%uint(len(t.known))]
	if known.key != key {
		tpl, ok := catalogueEN[key]
		if !ok {
			panic("explain: internal error: the catalogue has no " + key)
		}
		known.key, known.template = key, tpl
	}
	return known.template
}

// put appends a template with its places filled in.
func (t *Teller) put(tpl template) {
	for _, p := range tpl.parts {
		at := len(t.buf)
		switch p.place {
		case literal:
			t.buf = append(t.buf, p.text...)
		case placeFrom:
			t.putParty(t.from)
		case placeTo:
			t.putParty(t.to)
		case placeCaller:
			t.buf = append(t.buf, t.callerName...)
		case placeCallee:
			t.buf = append(t.buf, t.calleeName...)
			t.calleeName = t.calleeLater
		case placePeer:
			t.putPeer()
		case placeReason:
			if t.fill[placeReason] == "" {
				t.buf = bytes.TrimRight(t.buf, " ") // a status line need not have one (RFC 3261 §7.2)
			}
			t.buf = append(t.buf, t.fill[placeReason]...)
		default:
			t.buf = append(t.buf, t.fill[p.place]...)
		}
		// Only our own words begin with a capital here: "alice" is written as she writes herself.
		if p.upper && at < len(t.buf) && t.ownWord(at) {
			t.buf[at] -= 'a' - 'A'
		}
	}
}

// ownWord reports whether what stands in the buffer at an offset begins with a word of the catalogue in small letters, not with a name.
func (t *Teller) ownWord(at int) bool {
	if t.buf[at] < 'a' || t.buf[at] > 'z' {
		return false
	}
	text := t.buf[at:]
	n := len(t.the)
	return len(text) > n && text[n] == ' ' && string(text[:n]) == t.the || string(text) == t.nobody || string(text) == t.hiddenFirst
}

// putParty appends a party's name, with its article.
func (t *Teller) putParty(i int) {
	if i < 0 || i >= len(t.parties) {
		t.buf = append(t.buf, t.nobody...)
		return
	}
	if p := &t.parties[i]; p.Article {
		t.buf = append(t.buf, t.the...)
		t.buf = append(t.buf, ' ')
	}
	t.buf = append(t.buf, t.parties[i].Name...)
}

// putPeer appends who a request within a call is for, or from whom a server brings it: the person at the far end. A server in the
// middle passes it on, so it is not meant, nor is it the one who speaks.
func (t *Teller) putPeer() {
	c, end := t.call, t.to
	if t.from >= 0 && t.middle(t.from) {
		end = t.from // it brings what the far end says
	}
	if end < 0 || !t.middle(end) || c.Kind != callflow.KindCall {
		t.putParty(t.to)
		return
	}
	name := t.calleeName
	// Whose end it is: the request of the initiator goes to the callee, and the other way round.
	if h := t.hop; h != nil && c.FromInitiator(h) == (end == t.from) {
		name = t.callerName
	}
	t.buf = append(t.buf, name...)
}

// middle reports whether a participant is a server in the middle of the call, as far as is known.
func (t *Teller) middle(i int) bool {
	switch t.call.Participants[i].Role {
	case callflow.RoleProxy, callflow.RoleRegistrar, callflow.RoleServer:
		return true
	}
	return false
}

// begin starts a text; end closes it and returns its number.
func (t *Teller) begin() { t.ranges = append(t.ranges, textRange{start: len(t.buf)}) }

func (t *Teller) end() int {
	n := len(t.ranges) - 1
	t.ranges[n].end = len(t.buf)
	return n
}

// collect turns the buffer into the strings of the story.
func (t *Teller) collect() {
	all := view(t.buf)
	text := func(i int) string { return all[t.ranges[i].start:t.ranges[i].end] }
	for i := range t.steps {
		t.steps[i].Text = text(i)
	}
	n := len(t.steps)
	t.story.Ending.Text, t.story.Headline, t.story.Summary = text(n), text(n+1), text(n+2)
	t.story.Parties, t.story.Facts, t.story.Steps = t.parties, t.facts, t.steps
}

// evidence returns a list of one place.
func (t *Teller) evidence(e capture.Evidence) []capture.Evidence {
	t.places = append(t.places, e)
	n := len(t.places)
	return t.places[n-1 : n : n]
}

// Shown is text of a log made fit to be shown: at most limit characters, invalid bytes and control characters as \xHH, marks of
// writing direction and other invisible characters as \u{…}.
func Shown(b []byte, limit int) string {
	b = bytes.TrimSpace(b)
	if len(b) <= limit && isPlain(b) {
		return string(b)
	}
	out := make([]byte, 0, min(len(b), limit)+8)
	for n := 0; len(b) > 0; n++ {
		if n == limit {
			return string(append(out, "…"...))
		}
		r, size := utf8.DecodeRune(b)
		out = AppendShown(out, b[:size], r)
		b = b[size:]
	}
	return string(out)
}

// AppendShown appends one character, of which b are the bytes, escaped if it must not be shown as it is.
func AppendShown(dst, b []byte, r rune) []byte {
	switch {
	case r == utf8.RuneError && len(b) <= 1, r < 0x20, r == 0x7f:
		const hex = "0123456789abcdef"
		for _, c := range b {
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		}
		return dst
	case !Showable(r):
		dst = append(dst, '\\', 'u', '{')
		dst = strconv.AppendInt(dst, int64(r), 16)
		return append(dst, '}')
	}
	return append(dst, b...)
}

// Showable reports whether a character may be shown as it is: it is no control character, no mark that turns the direction of writing, and
// not invisible.
func Showable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x061c, r == 0x200b, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return false
	}
	return r < 0x7f || unicode.IsGraphic(r)
}

// nameEnds finds the names of caller and callee for the sentences.
func (t *Teller) nameEnds() {
	c := t.call
	t.callerName, t.calleeName, t.calleeLater = t.nobody, t.hiddenFirst, t.word("word.hidden.later")
	assumed := func(name string) string {
		if v, ok := t.assume[name]; ok {
			return t.joined(Shown([]byte(v), maxShown), " ", t.word("word.assumed"))
		}
		return ""
	}
	var m *sip.Message
	if c.Root >= 0 {
		m = t.parse(&c.Hops[c.Root])
	} else {
		for i := range c.Hops {
			if c.Hops[i].Kind == capture.KindMessage {
				m = t.parse(&c.Hops[i])
				break
			}
		}
	}
	if m == nil {
		return
	}
	if c.Caller >= 0 && t.parties[c.Caller].Name != "" && !c.Participants[c.Caller].Device {
		t.callerName = t.withArticle(c.Caller)
	} else if name := personName(t.fromOf(m)); name != nil {
		t.callerName = t.shown(name)
	} else if v := assumed("caller"); v != "" {
		t.callerName = v
	}
	address := t.toOf(m)
	to := personName(address)
	if to == nil {
		u := m.RequestURI()
		if c.Kind == callflow.KindCall && !u.Masked && len(u.User) > 0 && !sip.Masked(u.User) {
			to = userName(u.User)
		}
	}
	switch {
	case to != nil:
		t.calleeName = t.shown(to)
	case assumed("callee") != "":
		t.calleeName = assumed("callee")
	case !address.URI.Masked && len(address.URI.Host) > 0:
		t.calleeName = t.shown(address.URI.Host) // an address without a user
	case c.Callee >= 0 && t.parties[c.Callee].Name != "":
		t.calleeName = t.withArticle(c.Callee)
	default:
		return
	}
	t.calleeLater = t.calleeName
}

func (t *Teller) withArticle(i int) string {
	if t.parties[i].Article {
		return t.joined(t.the, " ", t.parties[i].Name)
	}
	return t.parties[i].Name
}

// step tells hop i, if it is not another record of one that was told.
func (t *Teller) step(i int) {
	c := t.call
	h := &c.Hops[i]
	if h.Duplicate {
		// A second record of the same transmission: further evidence of the step that it belongs to.
		if s := t.stepOf[h.RepeatOf]; s > 0 {
			old := t.steps[s-1].Evidence
			t.steps[s-1].Evidence = append(old[:len(old):len(old)], c.Evidence(h))
		}
		return
	}
	n := len(t.steps)
	t.steps = slices.Grow(t.steps, 1)[:n+1]
	s := &t.steps[n]
	*s = Step{}
	s.Kind, s.Hop, s.Time, s.Direction, s.From, s.To = h.Kind, i, h.Time, h.Direction, int(h.From), int(h.To)
	s.Evidence = t.evidence(c.Evidence(h))
	t.clear()
	t.from, t.to, t.hop = s.From, s.To, h
	t.begin()
	switch h.Kind {
	case capture.KindMessage:
		m := t.parse(h)
		s.Method = h.Method.String()
		if s.Method == "" {
			s.Method = t.shown(m.MethodName())
		}
		s.CSeq, s.CSeqName = h.CSeq, s.Method
		if h.IsRequest() {
			if name := m.CSeq().MethodName; len(name) > 0 && string(name) != s.Method {
				s.CSeqName = t.shown(name)
			}
		}
		t.fill[placeMethod] = s.Method
		if h.Status != 0 {
			s.Status = int(h.Status)
			t.fill[placeStatus] = StatusCode(s.Status)
			// Most reasons are those of the RFC: they need not be copied.
			t.fill[placeReason] = sip.ReasonPhrase(s.Status)
			if reason := m.Text(m.Reason); string(reason) != t.fill[placeReason] {
				if shown := t.shown(reason); shown != "" {
					t.fill[placeReason] = shown
				}
			}
		}
		switch {
		case h.Missing == capture.MissingBody && h.Status != 0:
			t.say("inside.response")
		case h.Missing == capture.MissingBody:
			t.say("inside.request")
		case h.Missing == capture.MissingHead:
			t.firstLine(i, h, m)
		case m.Kind == sip.KindResponse && m.Status == 0 && !m.Version.IsEmpty():
			t.say("invalid.status")
		case !m.Version.IsEmpty() && !isSIP2(m.Text(m.Version)):
			if h.Status != 0 {
				t.say("invalid.response")
			} else {
				t.say("invalid.request")
			}
		case m.Kind == sip.KindRequest && m.Version.IsEmpty() && !m.MethodSpan.IsEmpty():
			t.say("invalid.request")
		case h.Status != 0:
			t.response(i, h, m)
		default:
			t.request(i, h, m)
		}
		t.logState(h, m)
	case capture.KindEvent:
		t.event(h)
	}
	t.end()
	t.stepOf[i] = int32(n) + 1
}

// isSIP2 reports whether a version is the only one that there is, in whatever case (RFC 3261 §7.1).
func isSIP2(version []byte) bool {
	return string(version) == "SIP/2.0" || bytes.EqualFold(version, []byte("SIP/2.0"))
}

// firstLine tells a message of which the log shows no more than the first line: who sent it is not known.
func (t *Teller) firstLine(i int, h *callflow.Hop, m *sip.Message) {
	if h.Method == sip.MethodCancel && t.state.cancelled < 0 {
		t.state.cancelled = i
	}
	switch {
	case h.Status != 0:
		t.say("response.line")
	case h.Method == sip.MethodInvite:
		// A second call at the same time, or a request inside the dialog, goes elsewhere.
		uri := m.RequestURI()
		t.fill[placeTarget] = t.uriName(uri)
		if root := t.call.Root; root < 0 || root == i || bytes.Equal(uri.Raw, sip.Parse(t.call.Data(&t.call.Hops[root])).RequestURI().Raw) {
			t.say("invite.line")
		} else {
			t.say("invite.line.other")
		}
	default:
		t.say("request.line")
	}
}

// logState adds what the log did to the message, where a reader of the sentence must know it.
func (t *Teller) logState(h *callflow.Hop, m *sip.Message) {
	if h.Missing == capture.MissingHead {
		if len(m.Fields) > 0 {
			t.say("log.head.cut") // what is left of a header field that no one can use
		} else {
			t.say("log.head")
		}
		return
	}
	switch h.Missing {
	case capture.MissingBody:
		return
	case capture.MissingRest:
		t.say("log.rest")
		return
	case capture.MissingSnap:
		t.state.cut = true
		t.say("log.cut.capture")
		return
	case capture.MissingPart, capture.MissingStream:
		t.state.cut = true
		t.say("log.cut.header")
		return
	}
	_, inLine := m.Problem(sip.ProblemCutInLine)
	_, short := m.Problem(sip.ProblemBodyShort)
	captured := t.call.Captured(h) // what is missing from a packet that is whole was not sent
	switch {
	case captured && (inLine || h.HeaderCut()):
		t.say("log.sent.header")
	case captured && short:
		t.say("log.sent.body")
	case short && h.Time.IsZero() && t.shortByCut(h, m):
		t.state.cut = true
		t.say("log.short") // a text that no logger stamped
	case inLine && !h.Time.IsZero(), short && t.shortByCut(h, m):
		t.state.cut = true
		t.say("log.cut")
	case inLine || h.HeaderCut():
		t.state.cut = true
		t.say("log.cut.header")
	}
}

// markRepeats gives the steps their labels and says which repeat which.
func (t *Teller) markRepeats() {
	f, e := 0, 0
	for i := range t.steps {
		s := &t.steps[i]
		if s.Kind == capture.KindMessage {
			f++
			s.Label = label('F', f)
		} else {
			e++
			s.Label = label('E', e)
		}
	}
	for i := range t.steps {
		s := &t.steps[i]
		if r := t.call.Hops[s.Hop].RepeatOf; r >= 0 {
			if j := t.stepOf[r]; j > 0 {
				s.RepeatOf = t.steps[j-1].Label
			}
		}
	}
}

// labels are the first labels of messages, F1, and of parties, p1, made once.
var labels = func() (l [2][256]string) {
	for i := range l[0] {
		l[0][i], l[1][i] = "F"+strconv.Itoa(i), "p"+strconv.Itoa(i)
	}
	return l
}()

// statusCodes are the codes of SIP, 100 to 699, one behind the other.
var statusCodes = func() string {
	b := make([]byte, 0, 3*600)
	for n := int64(100); n < 700; n++ {
		b = strconv.AppendInt(b, n, 10)
	}
	return string(b)
}()

// StatusCode is a status code in digits, which for those of SIP takes no memory; "?" for one that cannot be read.
func StatusCode(n int) string {
	if n < 100 {
		return "?"
	}
	if n >= 100 && n < 700 {
		return statusCodes[3*(n-100):][:3]
	}
	return strconv.Itoa(n)
}

func label(c byte, n int) string {
	switch {
	case c == 'F' && n < len(labels[0]):
		return labels[0][n]
	case c == 'p' && n < len(labels[1]):
		return labels[1][n]
	}
	return string(c) + strconv.Itoa(n)
}
