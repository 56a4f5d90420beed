package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Dialler is what a scripted caller does that our own telephone never would. It calls once, two seconds into the script, and cancels when it rings.
type Dialler uint8

const (
	DiallerOn Dialler = 1 << iota
	// DiallerTwice: it sends the CANCEL twice, also over TCP.
	DiallerTwice
	// DiallerEarly: it sends a CANCEL before its INVITE, as if the network had put them out of order.
	DiallerEarly
	// DiallerAtOnce: it sends the CANCEL at once behind the INVITE, before any provisional response (which §9.1 forbids it).
	DiallerAtOnce
	// DiallerOld: it is of RFC 2543: its branches have no magic cookie, so that transactions are matched by what RFC 3261 §17.2.3 has for those.
	DiallerOld
)

func (d Dialler) String() string {
	s := "cancels when it rings"
	if d&DiallerAtOnce != 0 {
		s = "cancels at once"
	}
	if d&DiallerTwice != 0 {
		s += ", twice"
	}
	if d&DiallerEarly != 0 {
		s += ", and before its INVITE"
	}
	if d&DiallerOld != 0 {
		s += ", of RFC 2543"
	}
	return s
}

// dialler is the element. It has no transactions: it sends its INVITE three times over UDP.
type dialler struct {
	does   Dialler
	at     netip.AddrPort
	flow   live.Flow
	number string
	call   string
	msg    sip.Message

	next       time.Time
	tries      int
	provided   bool
	cancelled  int
	done       bool
	ended      []string // the tags of those who have answered
	nextCancel time.Time
}

func newDialler(does Dialler, at netip.AddrPort, flow live.Flow, number, call string) *dialler {
	return &dialler{does: does, at: at, flow: flow, number: number, call: call}
}

func (d *dialler) start(now time.Time, out *live.Outbox) {
	if d.does&DiallerEarly != 0 {
		d.request("CANCEL", "", out)
	}
	d.invite(now, out)
	if d.does&DiallerAtOnce != 0 {
		d.cancel(now, out)
	}
}

func (d *dialler) request(method, tag string, out *live.Outbox) {
	to := "<sip:" + d.number + "@" + d.flow.Remote.String() + ">"
	if tag != "" {
		to += ";tag=" + tag
	}
	transport, param := d.flow.Transport.String(), param(d.flow.Transport)
	branch := sip.MagicCookie + d.call
	if d.does&DiallerOld != 0 {
		branch = d.call
	}
	seq := 1
	switch method {
	case "BYE":
		branch, seq = branch+"bye"+tag, 2
	case "ACK2":
		method = "ACK"
		if d.does&DiallerOld == 0 {
			branch += "ack" + tag
		}
	}
	q := sip.Draft{Method: method, URI: "sip:" + d.number + "@" + d.flow.Remote.String() + param, Fields: []sip.DraftField{
		{Name: "Via", Value: "SIP/2.0/" + transport + " " + d.at.String() + ";branch=" + branch + ";rport"},
		{Name: "Max-Forwards", Value: "70"}, {Name: "From", Value: "<sip:dialler@dialler.example>;tag=dialler"}, {Name: "To", Value: to},
		{Name: "Call-ID", Value: d.call}, {Name: "CSeq", Value: fmt.Sprintf("%d %s", seq, method)}}}
	if method == "INVITE" {
		q.Fields = append(q.Fields, sip.DraftField{Name: "Contact", Value: "<sip:dialler@" + d.at.String() + param + ">"}, sip.DraftField{Name: "Content-Type", Value: "application/sdp"})
		q.Body = []byte("v=0\r\no=- 1 1 IN IP4 " + d.at.Addr().String() + "\r\ns=-\r\nc=IN IP4 " + d.at.Addr().String() + "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\n")
	}
	out.Send(d.flow, 0, q.AppendTo(nil))
}

func (d *dialler) invite(now time.Time, out *live.Outbox) {
	d.tries++
	d.request("INVITE", "", out)
	d.next = time.Time{}
	if d.flow.Transport == capture.UDP && d.tries < 7 {
		d.next = now.Add(500 * time.Millisecond << (d.tries - 1))
	}
}

func (d *dialler) cancel(now time.Time, out *live.Outbox) {
	d.cancelled++
	d.request("CANCEL", "", out)
	if d.does&DiallerTwice != 0 && d.cancelled == 1 {
		d.request("CANCEL", "", out)
	}
	if d.flow.Transport == capture.UDP && d.cancelled < 11 {
		d.nextCancel = now.Add(min(500*time.Millisecond<<(d.cancelled-1), 4*time.Second))
	} else {
		d.nextCancel = time.Time{}
	}
}

func (d *dialler) Receive(now time.Time, _ live.Flow, data []byte, out *live.Outbox) {
	m := &d.msg
	m.Parse(data)
	if m.IsRequest() {
		if m.Method != sip.MethodAck {
			from := live.Flow{Transport: d.flow.Transport, Local: d.at, Remote: d.flow.Remote}
			out.Send(from, 0, live.AppendReply(nil, m, from, &live.Reply{Status: 200, ToTag: "dialler"}))
		}
		return
	}
	if m.CSeq().Method == sip.MethodCancel && m.IsFinal() {
		if m.Status < 300 || d.provided { // the 481 to the early one says nothing about the other
			d.nextCancel = time.Time{}
		}
		return
	}
	if m.CSeq().Method != sip.MethodInvite {
		return
	}
	d.next = time.Time{}
	switch {
	case m.Status < 200:
		if !d.provided && !d.done && d.cancelled == 0 && m.Status > 100 {
			d.cancel(now, out)
		}
		d.provided = d.provided || m.Status > 100
	case m.Status < 300:
		d.done = true
		d.request("ACK2", string(m.ToTag()), out)
		if tag := string(m.ToTag()); !slices.Contains(d.ended, tag) {
			d.ended = append(d.ended, tag)
			d.request("BYE", tag, out)
		}
	default:
		d.done = true
		d.nextCancel = time.Time{}
		d.request("ACK", string(m.ToTag()), out)
	}
}

func (d *dialler) Wake(now time.Time, out *live.Outbox) {
	if !d.next.IsZero() && !now.Before(d.next) {
		d.invite(now, out)
	}
	if !d.nextCancel.IsZero() && !now.Before(d.nextCancel) {
		d.cancel(now, out)
	}
}

func (d *dialler) Next() time.Time {
	if d.next.IsZero() || !d.nextCancel.IsZero() && d.nextCancel.Before(d.next) {
		return d.nextCancel
	}
	return d.next
}

func (d *dialler) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}
func (d *dialler) Failed(time.Time, live.Flow, uint64, error, *live.Outbox)     {}
func (d *dialler) Closed(time.Time, live.Flow, *live.Outbox)                    {}
