package main

import (
	"net/netip"
	"time"

	"sipscribe/spalog"
)

// home is an adapter behind a home router, and the service that it calls through.
type home struct {
	*wire
	spa      *adapter
	service  *pbx
	register *dialog
	alive    *dialog
	cseq     int // of the next REGISTER
	aliveSeq int // of the next NOTIFY
}

const homeDomain = "sip.example.net"

// dayAtHome is an afternoon: the adapter registers and keeps its registration and the router's mapping alive; somebody calls out and talks, is
// called and talks, does not hear the telephone, finds a number busy, and mistypes one.
func dayAtHome() []transmission {
	h := &home{
		spa: &adapter{
			addr: netip.MustParseAddrPort("192.168.1.20:5060"),
			user: "15035550123", name: "Kitchen", domain: homeDomain,
			realm: homeDomain, password: "made up too",
			agent: "Linksys/SPA2102-5.2.10",
			rtp:   16400,
		},
		service: &pbx{addr: netip.MustParseAddrPort("198.51.100.10:5060"), agentField: "Server", agent: "Example Voice 2.1", realm: homeDomain,
			seenAs: netip.MustParseAddrPort("203.0.113.77:5060")},
		cseq: 48052, aliveSeq: 110038,
	}
	h.wire = newWire(h.spa.addr, h.service.addr, august20(13, 0, 2, 300))
	h.register = h.spa.begin("register", h.spa.self())
	h.register.nonce = hexOf(32, "register nonce")
	h.alive = h.spa.begin("keep-alive", "<sip:"+homeDomain+">")

	h.say(spalog.Event{Kind: spalog.Boot, Text: []byte("WARMBOOT 24 83")})
	h.after(1200 * time.Millisecond)
	h.registers()
	h.keepAlive()

	h.at(12*time.Minute + 31*time.Second)
	h.dialsAndTalks()

	h.at(30 * time.Minute)
	h.keepAlive()

	h.at(46*time.Minute + 5*time.Second)
	h.isCalled()

	h.at(59*time.Minute + 31*time.Second)
	h.registers()
	h.after(25 * time.Second)
	h.keepAlive()

	h.at(83*time.Minute + 44*time.Second)
	h.missesCall()

	h.at(90 * time.Minute)
	h.keepAlive()

	h.at(107*time.Minute + 12*time.Second)
	h.dialsInVain("15035550199", 486, 1900*time.Millisecond)
	h.after(41 * time.Second)
	h.dialsInVain("15035551", 404, 60*time.Millisecond)

	h.at(119*time.Minute + 1*time.Second)
	h.registers()
	h.after(55 * time.Second)
	h.keepAlive()
	return h.passed
}

// registers registers for an hour: the first time the registrar asks who is there, later the old nonce will do.
func (h *home) registers() {
	d, registrar := h.register, "sip:"+homeDomain
	send := func() *message {
		h.cseq++
		return h.send(h.spa.request(d, request{method: "REGISTER", uri: registrar, branch: d.branch(), cseq: h.cseq - 1,
			contact: h.spa.contact() + ";expires=3600"}))
	}
	req := send()
	d.answerTag()
	h.after(48 * time.Millisecond)
	if !d.challenged {
		h.hear(h.service.response(req, 401, d.farTag, "", "", h.service.challenge(401, d.nonce)))
		d.challenged, d.authField = true, "Authorization"
		h.after(11 * time.Millisecond)
		req = send()
		h.after(52 * time.Millisecond)
	}
	h.hear(h.service.response(req, 200, d.farTag, "", "", row{"Contact", "<" + h.contactURI() + ">;expires=3600"}))
	h.after(2 * time.Second)
}

// keepAlive sends the NOTIFY that keeps the router's mapping open. The service does not know the event, and an answer is an answer.
func (h *home) keepAlive() {
	d := h.alive
	req := h.send(h.spa.request(d, request{method: "NOTIFY", uri: "sip:" + homeDomain, branch: d.branch(), cseq: h.aliveSeq, event: "keep-alive"}))
	h.aliveSeq++
	d.answerTag()
	h.after(45 * time.Millisecond)
	h.hear(h.service.response(req, 489, d.farTag, "", ""))
}

func number(user string) string { return "sip:" + user + "@" + homeDomain }

// dial lifts the handset and dials: INVITE, 407, ACK, INVITE with credentials, 100. It returns the second INVITE.
func (h *home) dial(user string) (*dialog, *message) {
	d := h.spa.begin("call to "+user, "<"+number(user)+">")
	d.nonce = hexOf(32, d.name+" nonce")
	d.farContact = "sip:" + user + "@" + h.service.addr.String()
	session := "21" + decimalOf(6, d.name)

	h.say(spalog.Event{Kind: spalog.OffHook, Line: 1})
	h.after(6400 * time.Millisecond)
	h.say(spalog.Event{Kind: spalog.Calling, Number: []byte(user), Host: []byte(homeDomain)})
	h.after(10 * time.Millisecond)
	req := request{method: "INVITE", uri: number(user), branch: d.branch(), cseq: 101, contact: h.spa.contact(), expires: "240", body: h.spa.offer(session)}
	invite := h.send(h.spa.request(d, req))
	d.answerTag()
	h.after(47 * time.Millisecond)
	h.hear(h.service.response(invite, 407, d.farTag, "", "", h.service.challenge(407, d.nonce)))
	h.after(6 * time.Millisecond)
	h.send(h.spa.request(d, request{method: "ACK", uri: number(user), branch: req.branch, cseq: 101, inDialog: true, contact: h.spa.contact()}))
	d.challenged, d.authField = true, "Proxy-Authorization"
	h.after(8 * time.Millisecond)
	req.branch, req.cseq = d.branch(), 102
	invite = h.send(h.spa.request(d, req))
	d.answerTag()
	h.after(50 * time.Millisecond)
	h.hear(h.service.response(invite, 100, "", "", ""))
	return d, invite
}

// dialsAndTalks is a call that is answered. The caller hangs up.
func (h *home) dialsAndTalks() {
	d, invite := h.dial("15035550147")
	h.after(1700 * time.Millisecond)
	h.hear(h.service.response(invite, 180, d.farTag, d.farContact, ""))
	h.say(spalog.Event{Kind: spalog.CallProgress})
	h.after(9 * time.Second)
	h.hear(h.service.response(invite, 200, d.farTag, d.farContact, h.service.session("7301", 18022)))
	h.say(spalog.Event{Kind: spalog.Answered})
	h.after(8 * time.Millisecond)
	h.send(h.spa.request(d, request{method: "ACK", uri: d.farContact, branch: d.branch(), cseq: 102, inDialog: true, contact: h.spa.contact()}))
	h.after(3*time.Minute + 12*time.Second)
	h.say(spalog.Event{Kind: spalog.OnHook, Line: 1})
	bye := h.send(h.spa.request(d, request{method: "BYE", uri: d.farContact, branch: d.branch(), cseq: 103, inDialog: true}))
	h.say(spalog.Event{Kind: spalog.AudioReleased, Line: 1})
	h.after(46 * time.Millisecond)
	h.hear(h.service.response(bye, 200, d.farTag, "", ""))
}

// dialsInVain is a call that is refused, with what the adapter says to that.
func (h *home) dialsInVain(user string, status int, later time.Duration) {
	d, invite := h.dial(user)
	h.after(later)
	h.hear(h.service.response(invite, status, d.farTag, "", ""))
	h.after(5 * time.Millisecond)
	h.send(h.spa.request(d, request{method: "ACK", uri: number(user), branch: branchOf(invite), cseq: 102, inDialog: true, bare: true, contact: h.spa.contact()}))
	h.say(spalog.Event{Kind: spalog.Failed, Text: []byte("w/ Calling " + user)})
	h.after(5 * time.Second)
	h.say(spalog.Event{Kind: spalog.OnHook, Line: 1})
}

// comingCall hears an INVITE and rings. from is the caller's name as the service shows it.
func (h *home) comingCall(user, from string) (*dialog, *message) {
	d := h.spa.begin("call from "+user, `"`+from+`" <`+number(user)+">")
	d.callID = hexOf(32, d.name+" call") + "@" + h.service.addr.Addr().String()
	d.localTag = hexOf(14, d.name+" tag") + "i0"
	d.farContact = "sip:" + user + "@" + h.service.addr.String()
	d.answerTag()
	invite := h.hear(h.service.request(d, "INVITE", h.contactURI(), h.farBranch(d), 102, h.service.session("7302", 18040)))
	h.after(12 * time.Millisecond)
	h.send(h.spa.response(invite, 100, "", ""))
	h.after(40 * time.Millisecond)
	h.send(h.spa.response(invite, 180, d.localTag, ""))
	return d, invite
}

// farBranch is a branch as the service makes it.
func (h *home) farBranch(d *dialog) string {
	return "z9hG4bK" + hexOf(10, d.branch())
}

func (h *home) contactURI() string { return "sip:" + h.spa.user + "@" + h.spa.addr.String() }

// isCalled is a call that comes in and is taken. The caller hangs up.
func (h *home) isCalled() {
	d, invite := h.comingCall("15035550168", "Jane Doe")
	h.after(7 * time.Second)
	h.say(spalog.Event{Kind: spalog.OffHook, Line: 1})
	h.send(h.spa.response(invite, 200, d.localTag, h.spa.answer("21553090")))
	h.after(51 * time.Millisecond)
	h.hear(h.service.request(d, "ACK", h.contactURI(), h.farBranch(d), 102, ""))
	h.after(84 * time.Second)
	bye := h.hear(h.service.request(d, "BYE", h.contactURI(), h.farBranch(d), 103, ""))
	h.after(7 * time.Millisecond)
	h.send(h.spa.response(bye, 200, d.localTag, ""))
	h.say(spalog.Event{Kind: spalog.AudioReleased, Line: 1})
	h.after(3 * time.Second)
	h.say(spalog.Event{Kind: spalog.OnHook, Line: 1})
}

// missesCall is a call that nobody takes until the caller gives up.
func (h *home) missesCall() {
	d, invite := h.comingCall("15035550172", "Dentist")
	h.after(24 * time.Second)
	cancel := h.hear(h.service.request(d, "CANCEL", h.contactURI(), branchOf(invite), 102, ""))
	h.after(6 * time.Millisecond)
	h.send(h.spa.response(cancel, 200, d.localTag, ""))
	h.after(2 * time.Millisecond)
	h.send(h.spa.response(invite, 487, d.localTag, ""))
	h.after(49 * time.Millisecond)
	h.hear(h.service.request(d, "ACK", h.contactURI(), branchOf(invite), 102, ""))
}
