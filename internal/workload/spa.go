package workload

import "strconv"

// What an adapter writes. The order of the header fields is that of its firmware.

// spaFlags vary a request of the adapter.
type spaFlags uint8

const (
	outsideDialog spaFlags = 0
	inDialog      spaFlags = 1 << iota // To has the far end's tag
	noCredentials                      // even after a challenge
	noContact
)

// bodyKind is the session description that a message carries.
type bodyKind uint8

const (
	none   bodyKind = iota
	offer           // all that the sender can do
	answer          // what it has chosen
)

const allow = "Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER\r\nSupported: x-sipura\r\n"
const allowAndType = allow + "Content-Type: application/sdp\r\n"

// begin starts a message, and end ends it and returns its number.
func (c *script) begin() int { return len(c.buf) }

func (c *script) end(start int) int {
	c.msgs = append(c.msgs, span{start, len(c.buf)})
	return len(c.msgs) - 1
}

func (c *script) put(parts ...string) {
	for _, p := range parts {
		c.buf = append(c.buf, p...)
	}
}

func (c *script) putInt(before string, n int, after string) {
	c.buf = append(c.buf, before...)
	c.buf = strconv.AppendInt(c.buf, int64(n), 10)
	c.buf = append(c.buf, after...)
}

// putLength writes Content-Length, the fields that follow it, the empty line and the body.
func (c *script) putLength(fields string, body []byte) {
	c.putInt("Content-Length: ", len(body), "\r\n")
	c.put(fields, "\r\n")
	c.buf = append(c.buf, body...)
}

// spaRequest writes a request of the adapter and returns its number. Credentials go into everything after a challenge, as
// adapters do it, with a digest response of the method's own.
func (c *script) spaRequest(method, uri, branch string, cseq int, flags spaFlags, body bodyKind) int {
	start := c.begin()
	c.put(method, " ", uri, " SIP/2.0\r\nVia: SIP/2.0/UDP ", c.localHost, ";branch=", branch, ";rport\r\n")
	c.put("From: ", c.localParty, ";tag=", c.localTag, "\r\nTo: ", c.remoteParty)
	if flags&inDialog != 0 {
		c.put(";tag=", c.remoteTag)
	}
	c.put("\r\nCall-ID: ", c.callID)
	c.putInt("\r\nCSeq: ", cseq, " ")
	c.put(method, "\r\nMax-Forwards: 70\r\n")
	if c.challenged && flags&noCredentials == 0 {
		field := "Proxy-Authorization"
		if method == "REGISTER" {
			field = "Authorization"
		}
		r := c.g.digest.response(c.user, c.nonce, method, uri)
		c.put(field, `: Digest username="`, c.user, `",realm="`, realm, `",nonce="`, c.nonce, `",uri="`, uri, `",algorithm=MD5,response="`)
		c.buf = append(c.buf, r[:]...)
		c.put("\"\r\n")
	}
	if flags&noContact == 0 {
		c.put("Contact: ", c.name, " <", c.localContact, ">")
		if method == "REGISTER" {
			c.put(";expires=", c.expires())
		}
		c.put("\r\n")
	}
	if method == "INVITE" {
		c.put("Expires: 240\r\n")
	}
	c.put("User-Agent: ", c.agent, "\r\n")
	switch {
	case body != none:
		c.putLength(allowAndType, c.spaSession(body))
	case method == "REGISTER":
		c.putLength(allow, nil)
	default:
		c.putLength("", nil)
	}
	return c.end(start)
}

// expires returns how long the registration is to hold, in seconds (RFC 3261 §10.2.2: 0 takes it back).
func (c *script) expires() string {
	if c.call.Scenario == Unregistered {
		return "0"
	}
	return "3600"
}

// spaResponse writes a response of the adapter to a request of the far end and returns its number.
func (c *script) spaResponse(status int, branch string, cseq int, method string, body bodyKind) int {
	start := c.begin()
	c.putInt("SIP/2.0 ", status, " ")
	c.put(reasons[status], "\r\nTo: ")
	// A BYE within a call that the adapter placed has its ends the other way round; local is always the adapter.
	c.put(c.localParty)
	if status != 100 {
		c.put(";tag=", c.localTag)
	}
	c.put("\r\nFrom: ", c.remoteParty, ";tag=", c.remoteTag, "\r\nCall-ID: ", c.callID)
	c.putInt("\r\nCSeq: ", cseq, " ")
	c.put(method, "\r\nVia: SIP/2.0/UDP ", proxyEndpointText, ";branch=", branch, "\r\n")
	if body != none || status == 180 {
		c.put("Contact: ", c.name, " <", c.localContact, ">\r\n")
	}
	c.put("Server: ", c.agent, "\r\n")
	if body != none {
		c.putLength(allowAndType, c.spaSession(body))
	} else {
		c.putLength("", nil)
	}
	return c.end(start)
}

// spaSession returns the adapter's session description, in a buffer that the next one takes: as an offer all its ten codecs, as
// an answer the one that it has chosen.
func (c *script) spaSession(body bodyKind) []byte {
	b := append(c.g.body[:0], "v=0\r\no=- "...)
	b = strconv.AppendInt(b, int64(c.session), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(c.session+c.modified), 10)
	b = append(append(b, " IN IP4 "...), c.localIP...)
	b = append(append(b, "\r\ns=-\r\nc=IN IP4 "...), c.localIP...)
	b = append(b, "\r\nt=0 0\r\nm=audio "...)
	b = strconv.AppendInt(b, int64(c.rtpPort), 10)
	if body == offer {
		b = append(b, " RTP/AVP 2 0 4 8 18 96 97 98 100 101\r\n"+
			"a=rtpmap:2 G726-32/8000\r\n"+
			"a=rtpmap:0 PCMU/8000\r\n"+
			"a=rtpmap:4 G723/8000\r\n"+
			"a=rtpmap:8 PCMA/8000\r\n"+
			"a=rtpmap:18 G729a/8000\r\n"+
			"a=rtpmap:96 G726-40/8000\r\n"+
			"a=rtpmap:97 G726-24/8000\r\n"+
			"a=rtpmap:98 G726-16/8000\r\n"+
			"a=rtpmap:100 NSE/8000\r\n"...)
	} else {
		b = append(b, " RTP/AVP 0 100 101\r\n"+
			"a=rtpmap:0 PCMU/8000\r\n"+
			"a=rtpmap:100 NSE/8000\r\n"...)
	}
	b = append(b, "a=rtpmap:101 telephone-event/8000\r\n"+
		"a=fmtp:101 0-15\r\n"+
		"a=ptime:30\r\n"+
		"a="...)
	b = append(append(b, c.media...), "\r\n"...)
	c.g.body = b
	return b
}
