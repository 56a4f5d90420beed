package proxycore

import (
	"sipscribe/sip"
)

// challenge is a row of WWW-Authenticate or Proxy-Authenticate that a branch answered with.
type challenge struct {
	branch int
	row    []byte
}

// rank orders final responses, the best first (§16.7 step 6): "It MUST choose from the 6xx class responses if any exist. If no 6xx class
// responses are present, the proxy SHOULD choose from the lowest response class stored in the response context."
func (x *Context) rank(status int) int {
	class := status / 100
	if class >= 6 {
		class = 0
	}
	n := class * 10
	switch status {
	case 401, 407:
		// "SHOULD give preference to responses that provide information affecting resubmission of this request, such as 401, 407, 415,
		// 420, and 484": what asks for credentials comes first, since the caller can always give them.
		n++
	case 415, 420, 484:
		n += 2
	case 408, 503:
		n += 5 // says least; 503 is not even handed on
	case 487:
		n += 4
		if x.cancelled {
			n = class * 10 // what the caller wants to hear; a 401 would make him try again
		}
	default:
		n += 3
	}
	return n
}

// collect adds a final response to the context (§16.7 step 4): its challenges, and itself if it is the best so far.
func (x *Context) collect(n int, m *sip.Message, how *Relay) {
	status := int(m.Status)
	if !x.core.IsRelayable(m) {
		x.timedOut = true
		return
	}
	if status == 401 || status == 407 {
		for i := range m.Fields {
			f := &m.Fields[i]
			if f.ID != sip.FieldWWWAuthenticate && f.ID != sip.FieldProxyAuthenticate {
				continue
			}
			if x.collected += f.Row.Len(); x.collected <= MaxChallenges {
				x.challenges = append(x.challenges, challenge{n, appendRowOf(nil, m, f)})
			}
		}
	}
	if status == 408 && !x.invite {
		return // RFC 4320 §4.2: it is never sent
	}
	if x.bestStatus != 0 && x.rank(status) >= x.rank(x.bestStatus) {
		return // of equal ones the first
	}
	x.best, _ = x.core.AppendRelay(x.best[:0], m, how)
	x.bestStatus, x.bestBranch, x.bestBody = status, n, m.Body.Len()
}

// choose hands the best final response back (§16.7 step 6): all branches are done, and there was no 2xx.
func (x *Context) choose() {
	status := x.bestStatus
	better := func(s int) bool { return status == 0 || x.rank(s) < x.rank(status) }
	own := false
	if x.invite && x.cancelled && (status == 0 || status >= 500 && status < 600 || status == 408) {
		// Nobody confirmed the CANCEL: it had not gone out yet, or there was no answer. The request was terminated by it all the same (§21.4.25).
		status, own = 487, true
	}
	if x.unknown != 0 && better(x.unknown) {
		status, own = x.unknown, true
	}
	if x.timedOut && x.invite && better(408) {
		status, own = 408, true
	}
	if x.unsent && better(503) {
		status, own = 503, true
	}
	if status == 503 {
		// "If the only response that was received is a 503, the proxy SHOULD generate a 500": a 503 would say that this proxy serves no
		// request at all.
		status, own = 500, true
	}
	switch {
	case status == 0 && x.invite:
		x.respond(408) // "If there are no final responses in the context, the proxy MUST send a 408"
	case status == 0:
		// RFC 4320 §4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request. As a consequence, an element that
		// cannot respond before the transaction expires will not send a final response at all."
		x.final, x.closed = true, true
		x.actions = append(x.actions, Action{Kind: ActionDrop})
	case own:
		x.respond(status)
	default:
		x.final, x.closed = true, true
		x.actions = append(x.actions, Action{Kind: ActionRelay, Status: status, Response: x.aggregate()})
	}
}

// aggregate returns the best response, with the challenges of the others if it is a challenge (§16.7 step 7).
func (x *Context) aggregate() []byte {
	if x.bestStatus != 401 && x.bestStatus != 407 {
		return x.best
	}
	header := len(x.best) - x.bestBody - len("\r\n")
	x.buf = append(x.buf[:0], x.best[:header]...)
	for _, c := range x.challenges {
		if c.branch != x.bestBranch {
			x.buf = append(x.buf, c.row...)
		}
	}
	x.buf = append(x.buf, x.best[header:]...)
	return x.buf
}
