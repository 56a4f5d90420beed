package explain

import (
	"bytes"
	"hash/maphash"
	"strconv"

	"sipscribe/internal/callflow"
	"sipscribe/sdp"
	"sipscribe/sip"
)

// tellOffer tells what an INVITE offers.
func (t *Teller) tellOffer(h *callflow.Hop, m *sip.Message) {
	if !h.HasSDP() {
		if m.DeclaredLength == 0 {
			t.say("offer.none")
		}
		return
	}
	t.offer.Parse(m.BodyBytes())
	t.remember(h, m)
	for _, media := range t.offer.AllMedia() {
		if media.IsT38() {
			t.say("offer.fax")
			return
		}
	}
	codecs, _ := t.codecList(&t.offer)
	if codecs == "" {
		return
	}
	t.fill[placeCodecs] = codecs
	t.say("offer.codecs")
}

// tellAnswer tells what a 2xx accepts.
func (t *Teller) tellAnswer(m *sip.Message) {
	t.offer.Parse(m.BodyBytes())
	for _, media := range t.offer.AllMedia() {
		if media.IsT38() && !media.IsRejected() {
			t.say("answer.fax")
			return
		}
	}
	codecs, n := t.codecList(&t.offer)
	if n == 1 {
		t.fill[placeCodecs] = codecs
		t.say("answer.codec")
	}
}

// smallNumbers are the numbers that are written as words.
var smallNumbers = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// codecList names the codecs of the first audio stream (or the first stream): up to three by name, more by number. Telephone events, comfort
// noise and Cisco's NSE are no codecs.
func (t *Teller) codecList(s *sdp.Session) (string, int) {
	for _, media := range s.AllMedia() {
		if !media.IsAudio() || media.IsRejected() {
			continue
		}
		var names [3]string
		n := 0
		for c := range media.Codecs() {
			switch {
			case c.IsTelephoneEvent(), c.IsComfortNoise(), bytes.EqualFold(c.Name, []byte("NSE")):
				continue
			}
			if n < len(names) {
				if names[n] = t.shown(c.Name); names[n] == "" {
					names[n] = "type " + t.shown(c.Format)
				}
			}
			n++
		}
		switch {
		case n == 0:
			return "", 0
		case n == 1:
			return names[0], 1
		case n == 2:
			return names[0] + " " + t.word("word.and") + " " + names[1], 2
		case n == 3:
			return names[0] + ", " + names[1] + " " + t.word("word.and") + " " + names[2], 3
		case n < len(smallNumbers):
			return smallNumbers[n] + " codecs, " + names[0] + " first", n
		}
		return strconv.Itoa(n) + " codecs, " + names[0] + " first", n
	}
	return "", 0
}

var offerSeed = maphash.MakeSeed()

// remember keeps what the last offer of the call was, to see whether a later one changes anything.
func (t *Teller) remember(h *callflow.Hop, m *sip.Message) {
	t.state.lastOffer = maphash.Bytes(offerSeed, m.BodyBytes())
	if h.From >= 0 && int(h.From) < len(t.state.held) {
		t.state.held[h.From] = t.offer.IsHeld()
	}
}

// mediaChange says what a new offer inside a call is about: 'h' hold, 'r' resume, 'f' fax, 'm' other media, 'o' no offer of its own,
// 's' nothing new.
func (t *Teller) mediaChange(h *callflow.Hop, m *sip.Message) byte {
	if !h.HasSDP() {
		return 'o'
	}
	t.offer.Parse(m.BodyBytes())
	for _, media := range t.offer.AllMedia() {
		if media.IsT38() {
			return 'f'
		}
	}
	held := t.offer.IsHeld()
	was := h.From >= 0 && int(h.From) < len(t.state.held) && t.state.held[h.From]
	before := t.state.lastOffer
	t.remember(h, m)
	switch {
	case held && !was:
		return 'h'
	case !held && was:
		return 'r'
	case before == t.state.lastOffer:
		return 's'
	}
	return 'm'
}
