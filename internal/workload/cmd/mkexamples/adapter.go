package main

import (
	"fmt"
	"net/netip"
	"strings"
)

// adapter is a Sipura or Linksys analogue telephone adapter. Its requests have Via first and Allow behind Content-Length, its responses
// To first and Via behind CSeq; its tags end in o0 where its line 1 calls, and in i0 where it is called.
type adapter struct {
	addr     netip.AddrPort
	user     string
	name     string // the display name, which it does not quote
	domain   string // of the service
	realm    string
	password string
	agent    string
	rtp      int
}

const adapterAllow = "ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER"

// self is the adapter's From, or its To where it is called.
func (a *adapter) self() string { return a.name + " <sip:" + a.user + "@" + a.domain + ">" }

func (a *adapter) contact() string { return a.name + " <sip:" + a.user + "@" + a.addr.String() + ">" }

// dialog is what the messages of one dialog, or of the attempts at one, have in common. local is the adapter's end.
type dialog struct {
	name              string // what identifiers follow from
	callID            string
	local, remote     string // name-addr
	localTag, farTag  string
	farContact        string // URI in the far end's Contact
	challenged        bool   // credentials go into authField, for nonce
	authField, nonce  string
	branches, answers int // how many were made
}

// begin returns a dialog that the adapter begins on its line 1 with somebody, who is a name-addr. name makes its identifiers differ from those
// of other dialogs.
func (a *adapter) begin(name, remote string) *dialog {
	return &dialog{
		name:   name,
		callID: hexOf(8, name+" call a") + "-" + hexOf(8, name+" call b") + "@" + a.addr.Addr().String(),
		local:  a.self(), remote: remote,
		localTag: hexOf(14, name+" tag") + "o0",
		nonce:    hexOf(8, name+" nonce"),
	}
}

// branch returns the branch of the adapter's next transaction.
func (d *dialog) branch() string {
	d.branches++
	return "z9hG4bK-" + hexOf(8, fmt.Sprint(d.name, " branch ", d.branches))
}

// answerTag makes the tag of the next one who answers in the far end's name.
func (d *dialog) answerTag() {
	d.answers++
	d.farTag = "as" + hexOf(8, fmt.Sprint(d.name, " answer ", d.answers))
}

// request is what one request of the adapter has of its own.
type request struct {
	method, uri, branch string
	cseq                int
	inDialog            bool // To has the far end's tag
	bare                bool // no credentials, though they were asked for
	contact             string
	expires             string
	event               string
	body                string
}

// request writes a request. The order of its header field rows is that of the firmware.
func (a *adapter) request(d *dialog, r request) *message {
	m := &message{start: r.method + " " + r.uri + " SIP/2.0", body: r.body}
	m.add("Via", "SIP/2.0/UDP "+a.addr.String()+";branch="+r.branch+";rport")
	m.add("From", tagged(d.local, d.localTag))
	if r.inDialog {
		m.add("To", tagged(d.remote, d.farTag))
	} else {
		m.add("To", d.remote)
	}
	m.add("Call-ID", d.callID)
	m.add("CSeq", fmt.Sprint(r.cseq, " ", r.method))
	m.add("Max-Forwards", "70")
	if d.challenged && !r.bare {
		m.add(d.authField, fmt.Sprintf(`Digest username="%s",realm="%s",nonce="%s",uri="%s",algorithm=MD5,response="%s"`, a.user, a.realm, d.nonce,
			r.uri, digestResponse(a.user, a.realm, a.password, d.nonce, r.method, r.uri)))
	}
	if r.contact != "" {
		m.add("Contact", r.contact)
	}
	if r.expires != "" {
		m.add("Expires", r.expires)
	}
	if r.event != "" {
		m.add("Event", r.event)
	}
	m.add("User-Agent", a.agent)
	m.addLength()
	switch r.method {
	case "INVITE", "REGISTER":
		m.add("Allow", adapterAllow)
		m.add("Supported", "x-sipura")
	}
	if r.body != "" {
		m.add("Content-Type", "application/sdp")
	}
	return m
}

// response writes the adapter's answer to a request; tag is its own (RFC 3261 §8.2.6).
func (a *adapter) response(req *message, status int, tag, body string) *message {
	m := &message{start: statusLine(status), body: body}
	to := req.get("To")
	if status > 100 && !strings.Contains(to, ";tag=") {
		to = tagged(to, tag)
	}
	m.add("To", to)
	m.add("From", req.get("From"))
	m.add("Call-ID", req.get("Call-ID"))
	m.add("CSeq", req.get("CSeq"))
	m.rows = append(m.rows, req.all("Via")...)
	if strings.HasSuffix(req.get("CSeq"), " INVITE") && status > 100 && status < 300 {
		m.add("Contact", a.contact())
	}
	m.add("Server", a.agent)
	m.addLength()
	if body != "" {
		m.add("Allow", adapterAllow)
		m.add("Supported", "x-sipura")
		m.add("Content-Type", "application/sdp")
	}
	return m
}

// offer is all that the adapter can do. id is that of the session.
func (a *adapter) offer(id string) string {
	ip := a.addr.Addr().String()
	return lines(
		"v=0",
		"o=- "+id+" "+id+" IN IP4 "+ip,
		"s=-",
		"c=IN IP4 "+ip,
		"t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP 2 0 4 8 18 96 97 98 100 101", a.rtp),
		"a=rtpmap:2 G726-32/8000",
		"a=rtpmap:0 PCMU/8000",
		"a=rtpmap:4 G723/8000",
		"a=rtpmap:8 PCMA/8000",
		"a=rtpmap:18 G729a/8000",
		"a=rtpmap:96 G726-40/8000",
		"a=rtpmap:97 G726-24/8000",
		"a=rtpmap:98 G726-16/8000",
		"a=rtpmap:100 NSE/8000",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15",
		"a=ptime:30",
		"a=sendrecv",
	)
}

// answer is what it has chosen of an offer.
func (a *adapter) answer(id string) string {
	ip := a.addr.Addr().String()
	return lines(
		"v=0",
		"o=- "+id+" "+id+" IN IP4 "+ip,
		"s=-",
		"c=IN IP4 "+ip,
		"t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP 0 100 101", a.rtp),
		"a=rtpmap:0 PCMU/8000",
		"a=rtpmap:100 NSE/8000",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15",
		"a=ptime:30",
		"a=sendrecv",
	)
}
