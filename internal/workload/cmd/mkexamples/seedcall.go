package main

import (
	"net/netip"
	"time"
)

// throughCancel is how many messages of the seed call come before the answer to its CANCEL.
const throughCancel = 7

// seedCall is the call with which sipscribe began: an SPA-3000 calls 1-800-555-1212 through a proxy that asks for credentials, it rings, and
// the caller gives up after 16 seconds. The facts are those of the page in which it was told; identifiers, password and addresses of others
// are made up.
func seedCall() []transmission {
	spa := &adapter{
		addr: netip.MustParseAddrPort("192.168.0.2:5062"),
		user: "spa1", name: "Good Body", domain: "sip.voip-info.org",
		realm: "asterisk", password: "not her real one",
		agent: "Sipura/SPA3000-2.0.13(GWg)",
		rtp:   16388,
	}
	proxy := &pbx{addr: netip.MustParseAddrPort("203.0.113.10:5060"), agentField: "User-Agent", agent: "Asterisk PBX", realm: spa.realm}
	const callee = "sip:18005551212@sip.voip-info.org"
	const atProxy = "sip:18005551212@203.0.113.10"
	const session = "57114093"

	w := newWire(spa.addr, proxy.addr, august20(16, 40, 0, 120))
	d := spa.begin("seed call", "<"+callee+">")
	invite := w.send(spa.request(d, request{method: "INVITE", uri: callee, branch: d.branch(), cseq: 101, contact: spa.contact(), expires: "240",
		body: spa.offer(session)}))
	w.after(31 * time.Millisecond)
	d.answerTag()
	w.hear(proxy.response(invite, 407, d.farTag, atProxy, "", proxy.challenge(407, d.nonce)))
	w.after(4 * time.Millisecond)
	w.send(spa.request(d, request{method: "ACK", uri: callee, branch: branchOf(invite), cseq: 101, inDialog: true, contact: spa.contact()}))

	d.challenged, d.authField = true, "Proxy-Authorization"
	w.after(9 * time.Millisecond)
	invite = w.send(spa.request(d, request{method: "INVITE", uri: callee, branch: d.branch(), cseq: 102, contact: spa.contact(), expires: "240",
		body: spa.offer(session)}))
	d.answerTag()
	w.after(34 * time.Millisecond)
	w.hear(proxy.response(invite, 100, d.farTag, atProxy, ""))
	w.after(402 * time.Millisecond)
	w.hear(proxy.response(invite, 180, d.farTag, atProxy, ""))

	w.after(15900 * time.Millisecond)
	cancel := w.send(spa.request(d, request{method: "CANCEL", uri: callee, branch: branchOf(invite), cseq: 102}))
	w.after(30 * time.Millisecond)
	w.hear(proxy.response(cancel, 200, d.farTag, atProxy, ""))
	w.after(2 * time.Millisecond)
	w.hear(proxy.response(invite, 487, d.farTag, atProxy, ""))
	w.after(5 * time.Millisecond)
	w.send(spa.request(d, request{method: "ACK", uri: callee, branch: branchOf(invite), cseq: 102, inDialog: true, bare: true, contact: spa.contact()}))
	return w.passed
}
