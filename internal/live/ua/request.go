package ua

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// request is one request of a line on its way: through the addresses of its target (RFC 3263 §4.3) and through challenges (RFC 3261 §22.2),
// until somebody has answered it for good.
type request struct {
	line    *line
	session *session // that it is of; nil: out of any dialog
	method  string
	// draft is the request without Via and CSeq, whose places are the first and the fifth.
	draft sip.Draft
	seq   uint32
	// nextSeq returns the number of another try.
	nextSeq func() uint32
	// next is the URI that it is sent to; flow is the way of the dialog that it belongs to, for a target that is not to be looked up.
	next  string
	flow  live.Flow
	flows []live.Flow // still to be tried
	tried []string    // why nothing came of those before them
	auth  *credentials

	client *transaction.Client
	// sent is the request as it was sent last.
	sent      []byte
	cancelled bool
	reason    string // of the cancellation
	done      bool

	// provisional, answered and failed are told what comes; one of the latter two, once (an INVITE's answered again for each further 2xx).
	// failed has the status that the lack of an answer stands for: 408 or 503 (§8.1.3.1).
	provisional func(now time.Time, m *response, out *live.Outbox)
	answered    func(now time.Time, m *response, out *live.Outbox)
	failed      func(now time.Time, status int, reason string, out *live.Outbox)
}

// response is a response and the way it came.
type response struct {
	*sip.Message
	from live.Flow
}

// newRequest returns a request out of any dialog (§8.1.1): from has its tag.
func (l *line) newRequest(method, uri, from, to, callID string, seq uint32) *request {
	r := &request{line: l, method: method, seq: seq, next: l.server(), auth: newCredentials(l, l.account)}
	r.nextSeq = func() uint32 { return r.seq + 1 }
	r.draft = sip.Draft{Method: method, URI: uri, Fields: []sip.DraftField{{Name: "Via"}, {Name: "From", Value: from}, {Name: "To", Value: to},
		{Name: "Call-ID", Value: callID}, {Name: "CSeq"}, {Name: "Max-Forwards", Value: strconv.Itoa(l.phone.cfg.MaxForward)}}}
	r.add("User-Agent", l.phone.cfg.UserAgent)
	return r
}

func (r *request) add(name, value string) {
	r.draft.Fields = append(r.draft.Fields, sip.DraftField{Name: name, Value: value})
}

func (r *request) body(contentType string, body []byte) {
	r.add("Content-Type", contentType)
	r.draft.Body = body
}

// send finds the addresses of the request and sends it to the first.
func (r *request) send(now time.Time, out *live.Outbox) {
	if r.flow.Remote.IsValid() {
		r.flows = []live.Flow{r.flow}
		r.transmit(now, out)
		return
	}
	r.line.phone.resolve(now, r.next, func(now time.Time, flows []live.Flow, err error, out *live.Outbox) {
		if r.cancelled {
			r.fail(now, 487, "cancelled before it was sent", out)
			return
		}
		if len(flows) == 0 {
			reason := "no address"
			if err != nil {
				reason = err.Error()
			}
			r.fail(now, 503, reason, out)
			return
		}
		if r.next == r.line.server() {
			r.line.servers = flows
		}
		r.flows = flows
		r.transmit(now, out)
	}, out)
}

// transmit sends the request to the address at the head, as a transaction of its own.
func (r *request) transmit(now time.Time, out *live.Outbox) {
	flow := r.flows[0]
	// A socket of one family does not reach the other: the driver then takes the address that the system sends from.
	if r.line.Transport == flow.Transport && r.line.Local.Addr().Is4() == flow.Remote.Addr().Unmap().Is4() {
		flow.Local = r.line.Local
	}
	d := r.draft
	d.Fields = append([]sip.DraftField(nil), d.Fields...)
	d.Fields[0].Value = r.line.via(flow)
	d.Fields[4].Value = strconv.FormatUint(uint64(r.seq), 10) + " " + r.method
	if r.line.isServer(flow) {
		d.Fields = append(d.Fields, r.auth.fields(r.method, d.URI)...)
	} else {
		r.auth.shown = nil // what goes straight to the other side proves nothing to it, and would let it guess the password
	}
	r.sent = d.AppendTo(nil)
	c, err := r.line.phone.layer.Send(now, flow, r.sent, r, out)
	if err != nil {
		r.fail(now, 503, err.Error(), out)
		return
	}
	r.client = c
	if r.cancelled {
		r.line.phone.layer.Cancel(now, c, r.reason, nil, out)
	}
}

// via returns the value of Via for a request over a flow. rport asks for the answer at the port that the request comes from (RFC 3581 §3).
func (l *line) via(flow live.Flow) string {
	return "SIP/2.0/" + flow.Transport.String() + " " + l.Local.String() + ";branch=" + l.phone.layer.Branch() + ";rport"
}

// cancel cancels an INVITE, wherever it is on its way (§9.1).
func (r *request) cancel(now time.Time, reason string, out *live.Outbox) {
	if r.cancelled || r.done {
		return
	}
	r.cancelled, r.reason = true, reason
	if r.client != nil {
		r.line.phone.layer.Cancel(now, r.client, reason, nil, out)
	}
}

// respond takes a response to the request.
func (r *request) respond(now time.Time, m *response, out *live.Outbox) {
	switch {
	case m.Status < 200:
		if r.provisional != nil && !r.done {
			r.provisional(now, m, out)
		}
		return
	case r.done && m.Status < 300:
		r.answered(now, m, out) // a further 2xx to an INVITE
		return
	case r.done:
		return
	}
	if (m.Status == 401 || m.Status == 407) && !r.cancelled && !r.late() && r.auth.take(m.Message, m.from) {
		r.seq = r.nextSeq()
		r.transmit(now, out)
		return
	}
	if m.Status == 503 && len(r.flows) > 1 && !r.cancelled {
		r.leave("503 " + string(m.Text(m.Reason)) + " from " + r.flows[0].Remote.String())
		r.flows = r.flows[1:]
		r.transmit(now, out)
		return
	}
	if m.Status < 300 {
		r.auth.accepted(m.Message)
	}
	r.done = true
	r.answered(now, m, out)
}

// late reports whether the session that the request is of has ended. What is sent again then could overtake the BYE, which would be refused for its number
// (§12.2.2), and the other side would stay in the call.
func (r *request) late() bool {
	return r.session != nil && r.method != "BYE" && (r.session.ending || r.session.over)
}

// fail takes word that no final response will come from the address at the head.
func (r *request) fail(now time.Time, status int, reason string, out *live.Outbox) {
	if r.done {
		return
	}
	if len(r.flows) > 1 && !r.cancelled {
		r.leave(reason)
		r.flows = r.flows[1:]
		r.transmit(now, out)
		return
	}
	r.done = true
	r.leave(reason)
	r.failed(now, status, strings.Join(r.tried, "; then "), out)
}

// maxTried is how many addresses are told of a name that none of them has answered for; more of them say no more.
const maxTried = 4

// leave remembers why nothing came of an address: a certificate that is not for the name is said by the first, and the last may only be one where nobody listens.
func (r *request) leave(reason string) {
	if len(r.tried) < maxTried && !slices.Contains(r.tried, reason) {
		r.tried = append(r.tried, reason)
	}
}
