package workload

import "strconv"

// What the proxy writes: an Asterisk of the time, which is proxy, registrar and far end in one.

const proxyEndpointText = proxyIP + ":5060"

const proxyAgent = "User-Agent: Asterisk PBX\r\n"
const proxyAllow = "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER\r\n"

// reasons are the phrases of the status codes that occur (RFC 3261 §21).
var reasons = map[int]string{
	100: "Trying",
	180: "Ringing",
	183: "Session Progress",
	200: "OK",
	302: "Moved Temporarily",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	407: "Proxy Authentication Required",
	408: "Request Timeout",
	480: "Temporarily Unavailable",
	486: "Busy Here",
	487: "Request Terminated",
	500: "Server Internal Error",
	503: "Service Unavailable",
	603: "Decline",
}

// proxyResponse writes a response to a request of the adapter and returns its number.
func (c *script) proxyResponse(status int, branch string, cseq int, method string, body bodyKind) int {
	start := c.begin()
	c.putInt("SIP/2.0 ", status, " ")
	c.put(reasons[status], "\r\nVia: SIP/2.0/UDP ", c.localHost, ";branch=", branch, "\r\n")
	c.put("From: ", c.localParty, ";tag=", c.localTag, "\r\nTo: ", c.remoteParty, ";tag=", c.remoteTag)
	c.put("\r\nCall-ID: ", c.callID)
	c.putInt("\r\nCSeq: ", cseq, " ")
	c.put(method, "\r\n", proxyAgent, proxyAllow)
	switch {
	case method == "REGISTER" && status == 200:
		// What is still registered: nothing, after it was taken back.
		if e := c.expires(); e != "0" {
			c.put("Expires: ", e, "\r\nContact: <", c.localContact, ">;expires=", e, "\r\n")
		} else {
			c.put("Expires: 0\r\n")
		}
	case method == "REGISTER":
	case status == 302:
		c.put("Contact: <sip:", c.number, "@elsewhere.example.net>\r\n")
	default:
		c.put("Contact: <", c.remoteContact, ">\r\n")
	}
	switch status {
	case 401:
		c.put(`WWW-Authenticate: Digest realm="`, realm, `", nonce="`, c.nonce, "\"\r\n")
	case 407:
		c.put(`Proxy-Authenticate: Digest realm="`, realm, `", nonce="`, c.nonce, "\"\r\n")
	}
	c.putProxyBody(body)
	return c.end(start)
}

// proxyRequest writes a request of the far end, within a dialog all but the INVITE and its CANCEL, and returns its number.
func (c *script) proxyRequest(method, branch string, cseq int, body bodyKind) int {
	start := c.begin()
	c.put(method, " ", c.localContact, " SIP/2.0\r\nVia: SIP/2.0/UDP ", proxyEndpointText, ";branch=", branch, ";rport\r\n")
	c.put("From: ", c.remoteParty, ";tag=", c.remoteTag, "\r\nTo: ", c.localParty)
	if method != "INVITE" && method != "CANCEL" {
		c.put(";tag=", c.localTag)
	}
	c.put("\r\n")
	if method == "INVITE" || method == "ACK" {
		c.put("Contact: <", c.remoteContact, ">\r\n")
	}
	c.put("Call-ID: ", c.callID)
	c.putInt("\r\nCSeq: ", cseq, " ")
	c.put(method, "\r\n", proxyAgent, "Max-Forwards: 70\r\n")
	if method == "INVITE" {
		c.put(proxyAllow)
	}
	c.putProxyBody(body)
	return c.end(start)
}

// putProxyBody ends a message. This sender says the type before the length.
func (c *script) putProxyBody(body bodyKind) {
	if body == none {
		c.put("Content-Length: 0\r\n\r\n")
		return
	}
	c.put("Content-Type: application/sdp\r\n")
	c.putLength("", c.proxySession())
}

// proxySession returns the far end's session description, in a buffer that the next one takes.
func (c *script) proxySession() []byte {
	media := "sendrecv"
	if c.media == "sendonly" {
		media = "recvonly" // RFC 3264 §6.1: the answer to sendonly
	}
	b := append(c.g.body[:0], "v=0\r\no=root "...)
	b = strconv.AppendInt(b, int64(c.remoteSession), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(c.remoteSession+c.modified), 10)
	b = append(b, " IN IP4 "+proxyIP+"\r\ns=session\r\nc=IN IP4 "+proxyIP+"\r\nt=0 0\r\nm=audio "...)
	b = strconv.AppendInt(b, int64(c.remoteRTPPort), 10)
	b = append(b, " RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\n"+
		"a=fmtp:101 0-16\r\n"+
		"a=silenceSupp:off - - - -\r\n"+
		"a=ptime:20\r\n"+
		"a="...)
	b = append(append(b, media...), "\r\n"...)
	c.g.body = b
	return b
}
