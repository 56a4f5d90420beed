package ua

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"sipscribe/internal/media"
	"sipscribe/sdp"
)

// audio is the one stream of a call as the two sides have described it (RFC 3264).
type audio struct {
	local, remote netip.AddrPort
	remoteRTCP    netip.AddrPort
	packet        time.Duration // that this side's packets should hold
	ptime         time.Duration // that the other side wants; 0: it does not say
	// codec is the one that was agreed on ("PCMU"), payload the number to send it with; "" before that.
	codec   string
	payload int
	// events is the number to send telephone-event with (RFC 4733), -1 if the other side takes none.
	events int
	// hold: this side has put the other on hold. held: the other side has put this one.
	hold, held bool
	// sends and receives are what the directions of both allow. offerer: the payload types of the offer that holds are this side's.
	sends, receives, offerer bool
	id                       uint64 // sess-id of o=
	versions                 uint64 // how many descriptions were made: sess-version counts on with each (RFC 3264 §8)
}

// formats are what the phone takes, in its order of preference.
var formats = []struct {
	payload int
	name    string
}{{0, "PCMU"}, {8, "PCMA"}}

const eventPayload = 101

// offer returns an offer of all that the phone takes (RFC 3264 §5).
func (a *audio) offer() []byte {
	m := sdp.MediaDescription{Type: "audio", Port: int(a.local.Port()), Proto: "RTP/AVP"}
	for _, f := range formats {
		addFormat(&m, f.payload, f.name)
	}
	addFormat(&m, eventPayload, "telephone-event")
	direction := sdp.SendRecv
	if a.hold {
		direction = sdp.SendOnly
	}
	a.closeMedia(&m, direction)
	return a.write([]sdp.MediaDescription{m})
}

// answer reads an offer and returns the answer to it (RFC 3264 §6): a line for each of the offer's, all but one stream of audio refused.
// false: the two have no codec in common, or there is no audio.
func (a *audio) answer(body []byte) ([]byte, bool) {
	s := sdp.Parse(body)
	var lines []sdp.MediaDescription
	found := false
	for _, m := range s.AllMedia() {
		if !found && a.read(m) {
			found = true
			mine := sdp.MediaDescription{Type: "audio", Port: int(a.local.Port()), Proto: "RTP/AVP"}
			addFormat(&mine, a.payload, a.codec)
			if a.events >= 0 {
				addFormat(&mine, a.events, "telephone-event")
			}
			d := a.direction(m.Direction())
			a.closeMedia(&mine, d)
			a.sends, a.receives, a.offerer = d.Sends(), d.Receives(), false
			lines = append(lines, mine)
			continue
		}
		no := m.Description()
		lines = append(lines, sdp.MediaDescription{Type: no.Type, Proto: no.Proto, Formats: no.Formats}) // port 0
	}
	if !found {
		return nil, false
	}
	return a.write(lines), true
}

// accept reads the answer to an offer of this side, and reports whether there is a codec that both know.
func (a *audio) accept(body []byte) bool {
	for _, m := range sdp.Parse(body).AllMedia() {
		// The answer has its lines in the order of the offer's (§6), which has one.
		if !a.read(m) {
			return false
		}
		d := m.Direction()
		a.sends, a.receives, a.offerer = d.Receives(), d.Sends() && !a.hold, true
		return true
	}
	return false
}

// read takes a stream of the other side's description: its address, the codec that both know, its direction.
func (a *audio) read(m sdp.Media) bool {
	port, ok := m.Port()
	if !m.IsAudio() || !ok || port <= 0 || port > 65535 || string(m.Proto()) != "RTP/AVP" {
		return false
	}
	codec, payload, events := "", 0, -1
	for c := range m.Codecs() {
		if c.IsTelephoneEvent() && events < 0 && c.PayloadType > 0 && c.ClockRate == 8000 {
			events = c.PayloadType
		}
		for _, f := range formats {
			if codec == "" && (c.PayloadType > 0 || f.payload == 0) && bytes.EqualFold(c.Name, []byte(f.name)) && c.ClockRate == 8000 {
				codec, payload = f.name, c.PayloadType
			}
		}
	}
	if codec == "" || payload == events {
		return false
	}
	a.codec, a.payload, a.events = codec, payload, events
	a.ptime, _ = m.Ptime()
	a.remote, a.remoteRTCP = netip.AddrPort{}, netip.AddrPort{}
	if conn, ok := m.Connection(); ok {
		if addr, ok := conn.Addr(); ok && !conn.IsNowhere() {
			a.remote = netip.AddrPortFrom(addr, uint16(port))
			if r, ok := m.RTCP(); ok && r.Port > 0 && r.Port <= 65535 {
				a.remoteRTCP = netip.AddrPortFrom(addr, uint16(r.Port)) // of a=rtcp the port alone: reports go to whom the sound goes
			}
		}
	}
	a.held = m.IsHeld()
	return true
}

// description returns what the two sides have come to, for the session. early: the answer is not final, so that nothing is sent yet.
func (a *audio) description(early bool) media.Description {
	d := media.Description{Remote: a.remote, RemoteRTCP: a.remoteRTCP, PayloadType: uint8(a.payload), Ptime: a.packet, Codecs: map[uint8]media.Codec{},
		Send: a.sends && !early, Receive: a.receives}
	if a.ptime >= 10*time.Millisecond && a.ptime <= 200*time.Millisecond {
		d.Ptime = a.ptime // it is the one who has to take it (RFC 4566 §6)
	}
	for _, f := range formats {
		codec := media.Codec(f.payload)
		if f.name == a.codec {
			d.Codec = codec
			d.Codecs[uint8(a.payload)] = codec
		}
		if a.offerer {
			d.Codecs[uint8(f.payload)] = codec // whoever answers may send any that it was offered (RFC 3264 §6.1)
		}
	}
	if a.events > 0 {
		d.DigitType, d.ReceiveDigits = uint8(a.events), uint8(a.events)
	}
	if a.offerer {
		d.ReceiveDigits = eventPayload
	}
	return d
}

// direction returns the direction of an answer to an offer's (RFC 3264 §6.1), which is less where this side holds.
func (a *audio) direction(offered sdp.Direction) sdp.Direction {
	sends, receives := offered.Receives(), offered.Sends() && !a.hold
	switch {
	case sends && receives:
		return sdp.SendRecv
	case sends:
		return sdp.SendOnly
	case receives:
		return sdp.RecvOnly
	}
	return sdp.Inactive
}

func addFormat(m *sdp.MediaDescription, payload int, name string) {
	pt := strconv.Itoa(payload)
	m.Formats = append(m.Formats, pt)
	m.Attributes = append(m.Attributes, sdp.AttributeField{Name: "rtpmap", Value: pt + " " + name + "/8000"})
	if name == "telephone-event" {
		m.Attributes = append(m.Attributes, sdp.AttributeField{Name: "fmtp", Value: pt + " 0-15"})
	}
}

func (a *audio) closeMedia(m *sdp.MediaDescription, d sdp.Direction) {
	ptime := a.packet
	if ptime == 0 {
		ptime = media.DefaultPtime
	}
	m.Attributes = append(m.Attributes, sdp.AttributeField{Name: "ptime", Value: strconv.Itoa(int(ptime.Milliseconds()))}, sdp.AttributeField{Name: d.String()})
}

func (a *audio) write(media []sdp.MediaDescription) []byte {
	kind := "IP4"
	if a.local.Addr().Is6() {
		kind = "IP6"
	}
	a.versions++
	return sdp.Append(nil, &sdp.Description{
		Origin: sdp.OriginField{Username: "-", SessID: strconv.FormatUint(a.id, 10), SessVersion: strconv.FormatUint(a.id+a.versions-1, 10),
			NetType: "IN", AddrType: kind, Address: a.local.Addr().String()},
		Connection: &sdp.ConnectionField{NetType: "IN", AddrType: kind, Address: a.local.Addr().String()},
		Media:      media,
	})
}
