package workload

// This file is the exchanges of a call: what goes over the wire in which order, and what goes again. A retransmission here
// always has a cause that UDP gives it, as the device sees it:
//
//	the device's request was lost:      it sends it again, and only the last is answered
//	the device's response was lost:     it hears the request again and sends the same response again
//	the device's ACK was lost:          it hears the final response again and sends the same ACK again
//	the device's final was lost:        it sends it again until it hears the ACK
//
// so that an ACK never goes again alone.

// The timers of RFC 3261 §17.1.1.1 and its table 4, in milliseconds.
const (
	timerT1 = 500
	timerT2 = 4000
)

// mostRepeats is how often a message goes again at most: three times lasts 3.5 s, and nobody has given up by then.
const mostRepeats = 3

// transmit puts message m on the wire at a time in microseconds.
func (c *script) transmit(at int64, m int, sent, repeat bool) {
	c.sends = append(c.sends, transmission{at: at, msg: int32(m), sent: sent, repeat: repeat})
	c.last = max(c.last, at)
	if repeat {
		c.g.debt--
	} else {
		c.g.debt += c.g.debtEach
	}
}

// repeats draws how often a message goes again. The share of retransmissions holds itself: every message that goes once adds
// to a debt, every retransmission takes one off, and the higher the debt the likelier is the next. So the share comes out
// within a few messages of what was asked for, and yet no call can be told to have one.
func (c *script) repeats() int {
	n := 0
	for n < mostRepeats && c.g.rng.Float64() < min(0.9, (c.g.debt-float64(n))/20) {
		n++
	}
	return n
}

// requestSent sends a request until the far end has heard it. c.now is then when the answer comes: a round trip after the
// last time. interval is how the wait grows: without bound for INVITE (timer A, RFC 3261 §17.1.1.2), up to T2 for others
// (timer E, §17.1.2.2).
func (c *script) requestSent(m int, invite bool) {
	wait := int64(timerT1)
	c.transmit(c.now, m, true, false)
	for range c.repeats() {
		c.now += wait * 1000
		c.transmit(c.now, m, true, true)
		if wait *= 2; !invite {
			wait = min(wait, timerT2)
		}
	}
	c.step(8, 80)
}

// requestReceived hears a request and answers it, again each time that it comes again. c.now is then when it was first
// answered.
func (c *script) requestReceived(req, resp int) {
	wait := int64(timerT1)
	at := c.now
	c.step(2, 12)
	latency := c.now - at
	n := c.repeats()
	c.transmit(at, req, false, false)
	c.transmit(at+latency, resp, true, false)
	for range n {
		at += wait * 1000
		c.transmit(at, req, false, true)
		c.transmit(at+latency, resp, true, true)
		wait = min(2*wait, timerT2)
	}
}

// finalReceived hears a final response to an INVITE and acknowledges it, again each time that it comes again (timer G of RFC
// 3261 §17.2.1; of a 2xx, §13.3.1.4). c.now is then after the first ACK.
func (c *script) finalReceived(final, ack int) { c.requestReceived(final, ack) }

// finalSent sends a final response to an INVITE until the ACK comes. c.now is then when it came.
func (c *script) finalSent(final, ack int) {
	wait := int64(timerT1)
	n := c.repeats()
	c.transmit(c.now, final, true, false)
	for range n {
		c.now += wait * 1000
		c.transmit(c.now, final, true, true)
		wait = min(2*wait, timerT2)
	}
	c.step(8, 80)
	c.transmit(c.now, ack, false, false)
}

// step lets a machine take its time: between min and max milliseconds pass.
func (c *script) step(min, max int64) { c.now += (min + c.g.rng.Int64N(max-min+1)) * 1000 }

// wait lets people take their time, in milliseconds, counted from now but not before the wire is quiet.
func (c *script) wait(min, max int64) {
	c.step(min, max)
	c.quiet()
}

// quiet lets the time pass until everything has been said.
func (c *script) quiet() {
	if c.now <= c.last {
		c.now = c.last
		c.step(20, 60)
	}
}

// talk lets two people talk, mostly briefly: a quarter of the calls take half of the time.
func (c *script) talk() {
	x := c.g.rng.Float64()
	c.now += (4000 + int64(x*x*120000)) * 1000
	c.quiet()
}

// dial places a call: INVITE, 407 with its ACK, INVITE with credentials, 100.
func (c *script) dial() {
	c.cseq = 101
	c.invite = c.newBranch()
	c.remoteTag = c.newProxyTag()
	c.requestSent(c.spaRequest("INVITE", c.remoteURI, c.invite, c.cseq, outsideDialog, offer), true)
	final := c.proxyResponse(407, c.invite, c.cseq, "INVITE", none)
	c.finalReceived(final, c.spaRequest("ACK", c.remoteURI, c.invite, c.cseq, inDialog|noCredentials, none))

	c.challenged = true
	c.cseq++
	c.invite = c.newBranch()
	c.remoteTag = c.newProxyTag()
	c.step(2, 10)
	c.requestSent(c.spaRequest("INVITE", c.remoteURI, c.invite, c.cseq, outsideDialog, offer), true)
	c.transmit(c.now, c.proxyResponse(100, c.invite, c.cseq, "INVITE", none), false, false)
}

// ring hears 180, or now and then 183 with early media.
func (c *script) ring() {
	c.step(150, 1500)
	c.ringAt = c.now
	if c.g.rng.IntN(8) == 0 {
		c.transmit(c.now, c.proxyResponse(183, c.invite, c.cseq, "INVITE", answer), false, false)
		return
	}
	c.transmit(c.now, c.proxyResponse(180, c.invite, c.cseq, "INVITE", none), false, false)
}

// cancel gives the call up: CANCEL, 200, 487, ACK.
func (c *script) cancel() {
	c.rungAt = c.now
	c.requestSent(c.spaRequest("CANCEL", c.remoteURI, c.invite, c.cseq, outsideDialog|noContact, none), false)
	c.transmit(c.now, c.proxyResponse(200, c.invite, c.cseq, "CANCEL", none), false, false)
	c.step(1, 5)
	c.refuse(487)
}

// refuse hears a final response that is not a success.
func (c *script) refuse(status int) {
	if c.rungAt == 0 {
		c.rungAt = c.now
	}
	final := c.proxyResponse(status, c.invite, c.cseq, "INVITE", none)
	c.finalReceived(final, c.spaRequest("ACK", c.remoteURI, c.invite, c.cseq, inDialog|noCredentials, none))
}

// answer hears 200 to the INVITE. Its ACK is a transaction of its own, to the Contact of the far end (RFC 3261 §13.2.2.4).
func (c *script) answer() {
	c.rungAt, c.answeredAt = c.now, c.now
	final := c.proxyResponse(200, c.invite, c.cseq, "INVITE", answer)
	c.finalReceived(final, c.spaRequest("ACK", c.remoteContact, c.newBranch(), c.cseq, inDialog, none))
}

// reinvite asks the far end to change the direction of the media.
func (c *script) reinvite(direction string) {
	c.cseq++
	c.media = direction
	c.modified++
	branch := c.newBranch()
	c.requestSent(c.spaRequest("INVITE", c.remoteContact, branch, c.cseq, inDialog, offer), true)
	c.transmit(c.now, c.proxyResponse(100, branch, c.cseq, "INVITE", none), false, false)
	c.step(10, 100)
	final := c.proxyResponse(200, branch, c.cseq, "INVITE", answer)
	c.finalReceived(final, c.spaRequest("ACK", c.remoteContact, c.newBranch(), c.cseq, inDialog, none))
}

// hangUp sends BYE.
func (c *script) hangUp() {
	c.endedAt = c.now
	c.cseq++
	branch := c.newBranch()
	c.requestSent(c.spaRequest("BYE", c.remoteContact, branch, c.cseq, inDialog|noContact, none), false)
	c.transmit(c.now, c.proxyResponse(200, branch, c.cseq, "BYE", none), false, false)
}

// hungUp hears BYE.
func (c *script) hungUp() {
	c.endedAt = c.now
	c.remoteCSeq++
	branch := c.newProxyBranch()
	bye := c.proxyRequest("BYE", branch, c.remoteCSeq, none)
	c.requestReceived(bye, c.spaResponse(200, branch, c.remoteCSeq, "BYE", none))
}

// incoming hears an INVITE and answers 100.
func (c *script) incoming() {
	c.remoteCSeq = 102
	c.cseq = 100
	c.invite = c.newProxyBranch()
	c.remoteTag = c.newProxyTag()
	invite := c.proxyRequest("INVITE", c.invite, c.remoteCSeq, offer)
	c.requestReceived(invite, c.spaResponse(100, c.invite, c.remoteCSeq, "INVITE", none))
	c.quiet()
}

// ringHere answers 180.
func (c *script) ringHere() {
	c.step(20, 150)
	c.ringAt = c.now
	c.transmit(c.now, c.spaResponse(180, c.invite, c.remoteCSeq, "INVITE", none), true, false)
}

// answerHere answers 200.
func (c *script) answerHere() {
	c.rungAt, c.answeredAt = c.now, c.now
	final := c.spaResponse(200, c.invite, c.remoteCSeq, "INVITE", answer)
	c.finalSent(final, c.proxyRequest("ACK", c.newProxyBranch(), c.remoteCSeq, none))
}

// refuseHere answers with a final response that is not a success; the ACK is of the INVITE's transaction and has its branch
// (RFC 3261 §17.1.1.3).
func (c *script) refuseHere(status int) {
	if c.rungAt == 0 {
		c.rungAt = c.now
	}
	final := c.spaResponse(status, c.invite, c.remoteCSeq, "INVITE", none)
	c.finalSent(final, c.proxyRequest("ACK", c.invite, c.remoteCSeq, none))
}

// cancelledThere hears CANCEL and answers 200 to it and 487 to the INVITE.
func (c *script) cancelledThere() {
	c.rungAt = c.now
	cancel := c.proxyRequest("CANCEL", c.invite, c.remoteCSeq, none)
	c.requestReceived(cancel, c.spaResponse(200, c.invite, c.remoteCSeq, "CANCEL", none))
	c.step(1, 3)
	c.refuseHere(487)
}

// register registers, or takes the registration back, or is denied.
func (c *script) register() {
	c.cseq = 1 + c.g.rng.IntN(60000)
	c.remoteTag = c.newProxyTag()
	branch := c.newBranch()
	c.requestSent(c.spaRequest("REGISTER", registrarURI, branch, c.cseq, outsideDialog, none), false)
	c.transmit(c.now, c.proxyResponse(401, branch, c.cseq, "REGISTER", none), false, false)

	c.challenged = true
	c.cseq++
	branch = c.newBranch()
	c.step(2, 10)
	c.requestSent(c.spaRequest("REGISTER", registrarURI, branch, c.cseq, outsideDialog, none), false)
	c.transmit(c.now, c.proxyResponse(c.call.Status, branch, c.cseq, "REGISTER", none), false, false)
}
