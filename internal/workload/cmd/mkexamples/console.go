package main

import (
	"fmt"
	"net/netip"
	"strings"
)

// console is what Asterisk's chan_sip writes to its console after "sip set debug ip", between the lines of the dial plan. There is no time.
type console struct {
	out   strings.Builder
	peer  netip.AddrPort
	shown []*message
}

// print writes a line of something else.
func (c *console) print(format string, args ...any) { fmt.Fprintf(&c.out, format+"\n", args...) }

// plain is a message as a text shows it.
func plain(m *message) string { return strings.ReplaceAll(string(m.bytes()), "\r\n", "\n") }

// read shows a message that came in, and hands it back.
func (c *console) read(m *message) *message {
	c.shown = append(c.shown, m)
	bodyLines := strings.Count(m.body, "\n")
	c.print("\n<--- SIP read from UDP:%v --->\n%s<------------->\n--- (%d headers %d lines) ---", c.peer, plain(m), len(m.rows)+1, bodyLines)
	return m
}

// transmit shows a response that goes out; a final one to an INVITE goes out until the ACK comes.
func (c *console) transmit(m *message, reliably bool) {
	c.shown = append(c.shown, m)
	how := "Transmitting"
	if reliably {
		how = "Reliably Transmitting"
	}
	c.print("\n<--- %s (no NAT) to %v --->\n%s\n<------------>", how, c.peer, plain(m))
}

// asteriskConsole is a call from a telephone through an Asterisk, as the Asterisk sees the caller's side of it: challenge, ringing, answer,
// and the caller hangs up.
func asteriskConsole() *console {
	const dialled = "sip:202@198.51.100.5"
	phone := netip.MustParseAddrPort("192.0.2.21:5060")
	server := &pbx{addr: netip.MustParseAddrPort("198.51.100.5:5060"), agentField: "Server", agent: "Asterisk PBX 1.8.32.3", realm: "asterisk",
		seenAs: phone}
	c := &console{peer: phone}
	const callID = "3c26700a71b5-fe0c@192.0.2.21"
	request := func(method, uri, branch, toTag string, cseq int, more ...row) *message {
		m := &message{start: method + " " + uri + " SIP/2.0"}
		m.add("Via", "SIP/2.0/UDP "+phone.String()+";branch="+branch+";rport")
		m.add("From", `"Workshop" <sip:201@198.51.100.5>;tag=`+"n4rwk2a9")
		m.add("To", tagged("<"+dialled+">", toTag))
		m.add("Call-ID", callID)
		m.add("CSeq", fmt.Sprint(cseq, " ", method))
		m.add("Max-Forwards", "70")
		m.add("Contact", "<sip:201@"+phone.String()+">")
		m.add("User-Agent", "Example Phone 4.1")
		m.rows = append(m.rows, more...)
		return m
	}
	branch := func(what string) string { return "z9hG4bK-" + hexOf(10, "console "+what) }
	offer := lines(
		"v=0",
		"o=root 1805 1805 IN IP4 192.0.2.21",
		"s=call",
		"c=IN IP4 192.0.2.21",
		"t=0 0",
		"m=audio 11804 RTP/AVP 8 0 101",
		"a=rtpmap:8 PCMA/8000",
		"a=rtpmap:0 PCMU/8000",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15",
		"a=sendrecv",
	)
	withBody := func(m *message) *message {
		m.body = offer
		m.add("Content-Type", "application/sdp")
		m.addLength()
		return m
	}
	withoutBody := func(m *message) *message {
		m.addLength()
		return m
	}
	refusedTag, tag := "as"+hexOf(8, "console refused"), "as"+hexOf(8, "console answered")
	nonce := hexOf(8, "console nonce")
	credentials := func(method, uri string) row {
		return row{"Authorization", fmt.Sprintf(`Digest username="201",realm="asterisk",nonce="%s",uri="%s",response="%s",algorithm=MD5`,
			nonce, uri, digestResponse("201", server.realm, "made up as well", nonce, method, uri))}
	}
	contact := "sip:202@" + server.addr.String()

	invite := c.read(withBody(request("INVITE", dialled, branch("1"), "", 1)))
	c.print("Sending to %v (no NAT)\nUsing INVITE request as basis request - %s", phone, callID)
	c.transmit(server.response(invite, 401, refusedTag, "", "", server.challenge(401, nonce)), true)
	c.print("Scheduling destruction of SIP dialog '%s' in 6400 ms (Method: INVITE)", callID)
	c.read(withoutBody(request("ACK", dialled, branch("1"), refusedTag, 1)))

	invite = c.read(withBody(request("INVITE", dialled, branch("2"), "", 2, credentials("INVITE", dialled))))
	c.print("Found peer '201' for '201'\nLooking for 202 in internal (domain 198.51.100.5)")
	c.transmit(server.response(invite, 100, "", contact, ""), false)
	c.print("    -- Executing [202@internal:1] Dial(\"SIP/201-00000003\", \"SIP/202,20\") in new stack\n    -- Called SIP/202\n    -- SIP/202-00000004 is ringing")
	c.transmit(server.response(invite, 180, tag, contact, ""), false)
	c.print("    -- SIP/202-00000004 answered SIP/201-00000003")
	c.transmit(server.response(invite, 200, tag, contact, server.session("1360284", 18412)), true)
	c.read(withoutBody(request("ACK", contact, branch("3"), tag, 2)))
	bye := c.read(withoutBody(request("BYE", contact, branch("4"), tag, 3, credentials("BYE", contact))))
	c.print("Sending to %v (no NAT)\nScheduling destruction of SIP dialog '%s' in 6400 ms (Method: BYE)", phone, callID)
	c.transmit(server.response(bye, 200, tag, "", ""), false)
	c.print("  == Spawn extension (internal, 202, 1) exited non-zero on 'SIP/201-00000003'")
	return c
}
