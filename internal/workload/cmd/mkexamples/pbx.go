package main

import (
	"fmt"
	"net/netip"
	"strings"
)

// pbx is an Asterisk, or something like it: proxy, registrar and far end in one for those who call through it.
type pbx struct {
	addr       netip.AddrPort
	agentField string // an early Asterisk names itself in User-Agent in responses too
	agent      string
	realm      string
	// seenAs is where the packets of the other end come from, if a translator of addresses lies between; it goes into Via (RFC 3261
	// §18.2.1, RFC 3581 §4).
	seenAs netip.AddrPort
}

const pbxAllow = "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER"

// response answers a request. toTag is of the far end; contact is a URI, "" for none.
func (p *pbx) response(req *message, status int, toTag, contact, body string, more ...row) *message {
	m := &message{start: statusLine(status), body: body}
	for i, via := range req.all("Via") {
		if i == 0 {
			via.value = strings.TrimSuffix(via.value, ";rport")
			if p.seenAs.IsValid() {
				via.value += fmt.Sprint(";received=", p.seenAs.Addr(), ";rport=", p.seenAs.Port())
			}
		}
		m.rows = append(m.rows, via)
	}
	m.add("From", req.get("From"))
	to := req.get("To")
	if !strings.Contains(to, ";tag=") {
		to = tagged(to, toTag)
	}
	m.add("To", to)
	m.add("Call-ID", req.get("Call-ID"))
	m.add("CSeq", req.get("CSeq"))
	m.add(p.agentField, p.agent)
	m.add("Allow", pbxAllow)
	if contact != "" {
		m.add("Contact", "<"+contact+">")
	}
	m.rows = append(m.rows, more...)
	if body != "" {
		m.add("Content-Type", "application/sdp")
	}
	m.addLength()
	return m
}

// challenge returns the row with which a 401 or 407 asks who is there.
func (p *pbx) challenge(status int, nonce string) row {
	name := "Proxy-Authenticate"
	if status == 401 {
		name = "WWW-Authenticate"
	}
	return row{name, fmt.Sprintf(`Digest realm="%s", nonce="%s"`, p.realm, nonce)}
}

// request writes a request of the far end to the adapter, whose Contact is uri. The far end's From and the adapter's To are those of d.
func (p *pbx) request(d *dialog, method, uri, branch string, cseq int, body string) *message {
	m := &message{start: method + " " + uri + " SIP/2.0", body: body}
	m.add("Via", "SIP/2.0/UDP "+p.addr.String()+";branch="+branch+";rport")
	m.add("From", tagged(d.remote, d.farTag))
	to := d.local
	if method != "INVITE" && method != "CANCEL" {
		to = tagged(to, d.localTag)
	}
	m.add("To", to)
	if method == "INVITE" || method == "ACK" {
		m.add("Contact", "<"+d.farContact+">")
	}
	m.add("Call-ID", d.callID)
	m.add("CSeq", fmt.Sprint(cseq, " ", method))
	m.add("User-Agent", p.agent)
	m.add("Max-Forwards", "70")
	if method == "INVITE" {
		m.add("Allow", pbxAllow)
	}
	if body != "" {
		m.add("Content-Type", "application/sdp")
	}
	m.addLength()
	return m
}

// session is the far end's session description, as an offer or an answer.
func (p *pbx) session(id string, port int) string {
	ip := p.addr.Addr().String()
	return lines(
		"v=0",
		"o=root "+id+" "+id+" IN IP4 "+ip,
		"s=session",
		"c=IN IP4 "+ip,
		"t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP 0 101", port),
		"a=rtpmap:0 PCMU/8000",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-16",
		"a=silenceSupp:off - - - -",
		"a=ptime:20",
		"a=sendrecv",
	)
}
