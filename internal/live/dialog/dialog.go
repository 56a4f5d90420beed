// Package dialog is the state that two user agents share once a request has been answered (RFC 3261 §12), without I/O: what it is known
// by, where its requests go and what they look like.
//
//	INVITE  ─▶ 180 ;tag=b       FromResponse: an early dialog on the caller's side (§12.1.2)
//	                            FromRequest:  the same dialog on the callee's side (§12.1.1)
//	        ─▶ 200 ;tag=b       Refresh, Confirm
//	BYE                         Request, Route (§12.2.1.1); Receive on the other side (§12.2.2)
//
// The halves, for a caller a and a callee b behind proxies that recorded <sip:p1;lr> and <sip:p2;lr>:
//
//	           at a                          at b
//	ID         call, local a, remote b       call, local b, remote a
//	Local      From of the INVITE            To of the INVITE
//	Remote     To of the INVITE              From of the INVITE
//	RouteSet   p1, p2 (turned round)         p2, p1 (as they came)
//	Target     Contact of the response       Contact of the request
//
// A dialog is a plain value: copying it is a way to try something.
package dialog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// MaxRoutes is the largest route set that is taken: more hops than Max-Forwards lets a request go (§8.1.1.6) cannot be in use.
const MaxRoutes = 70

// ID is what a dialog is known by at one of its ends (§12). A tag can be empty, for peers of RFC 2543 (§12.1.1, §12.1.2).
type ID struct{ CallID, LocalTag, RemoteTag string }

// IDOfRequest returns the dialog that a request belongs to at the end that received it (§12.2.2).
func IDOfRequest(m *sip.Message) ID {
	return ID{string(m.CallID()), string(m.ToTag()), string(m.FromTag())}
}

// IDOfResponse returns the dialog that a response belongs to at the end that sent the request (§12.1.2).
func IDOfResponse(m *sip.Message) ID {
	return ID{string(m.CallID()), string(m.FromTag()), string(m.ToTag())}
}

// State of a dialog (§12).
type State uint8

const (
	// Early: made by a provisional response.
	Early State = iota + 1
	// Confirmed: by a 2xx.
	Confirmed
	// Terminated: by BYE, or by a final response other than 2xx to the INVITE (§12.3).
	Terminated
)

func (s State) String() string {
	switch s {
	case Early:
		return "early"
	case Confirmed:
		return "confirmed"
	case Terminated:
		return "terminated"
	}
	return "none"
}

// Dialog is one end of a dialog.
type Dialog struct {
	ID
	State State
	// Local and Remote are From and To of requests sent here, without tags: `Good Body <sip:spa1@example.com>`.
	Local, Remote string
	// Target is the remote target: the URI that requests are sent to (§12.1).
	Target string
	// RouteSet has the URIs of the proxies to be passed, the nearest first, each with its parameters and without angle brackets.
	RouteSet []string
	// MaxForwards is what requests begin with (§8.1.1.6); 0: 70, as recommended there.
	MaxForwards int
	// Flow is the way by which the peer's messages come. Requests without a route that go to an address that cannot be reached otherwise
	// (a phone behind a NAT) take it.
	Flow live.Flow

	localSeq, remoteSeq uint32 // 0: none yet (§12.1.1, §12.1.2)
}

// Errors of the making of a dialog.
var (
	ErrNoContact = errors.New("no Contact with a SIP URI, so that nobody knows where to send requests (RFC 3261 §8.1.1.8, §12.1)")
	ErrNoTag     = errors.New("no tag that names the other end (RFC 3261 §12.1)")
	ErrRoutes    = fmt.Errorf("more than %d Record-Route values", MaxRoutes)
)

// FromResponse makes the caller's end of the dialog that a response (101 to 299) to a request of his makes (§12.1.2). sent is the
// request as it was sent, with its route: what its Route said is the route set of a peer that does not record any.
func FromResponse(sent, response *sip.Message, from live.Flow) (Dialog, error) {
	d := Dialog{ID: IDOfResponse(response), State: stateOf(response), Local: addressWithoutTag(sent, sip.FieldFrom),
		Remote: addressWithoutTag(sent, sip.FieldTo), Flow: from}
	if d.RemoteTag == "" && d.State != Confirmed {
		return d, ErrNoTag
	}
	cseq := sent.CSeq()
	d.localSeq = cseq.Number
	if err := d.record(response, true); err != nil {
		return d, err
	}
	return d, d.setTarget(response)
}

// FromRequest makes the callee's end of the dialog that his response with toTag makes (§12.1.1).
func FromRequest(m *sip.Message, toTag string, from live.Flow) (Dialog, error) {
	d := Dialog{ID: ID{string(m.CallID()), toTag, string(m.FromTag())}, State: Early, Local: addressWithoutTag(m, sip.FieldTo),
		Remote: addressWithoutTag(m, sip.FieldFrom), Flow: from}
	d.remoteSeq = m.CSeq().Number
	if err := d.record(m, false); err != nil {
		return d, err
	}
	return d, d.setTarget(m)
}

func stateOf(response *sip.Message) State {
	if response.Status >= 200 {
		return Confirmed
	}
	return Early
}

// record takes the route set from Record-Route (§12.1.1: in order; §12.1.2: turned round). A value without angle brackets, which §20.30 does not know, is all
// URI: an lr behind it that was taken for a parameter of the header field would make a strict router of the proxy.
func (d *Dialog) record(m *sip.Message, turn bool) error {
	d.RouteSet = nil
	for s := range m.Values(sip.FieldRecordRoute) {
		if len(d.RouteSet) == MaxRoutes {
			return ErrRoutes
		}
		value := bytes.TrimSpace(m.Text(s))
		if bytes.IndexByte(value, '<') >= 0 {
			value = sip.ParseAddress(value).URI.Raw
		}
		d.RouteSet = append(d.RouteSet, string(value))
	}
	if turn {
		for i, j := 0, len(d.RouteSet)-1; i < j; i, j = i+1, j-1 {
			d.RouteSet[i], d.RouteSet[j] = d.RouteSet[j], d.RouteSet[i]
		}
	}
	return nil
}

func (d *Dialog) setTarget(m *sip.Message) error {
	c, ok := m.Contact()
	if !ok || !c.URI.IsSIP() || len(c.URI.Host) == 0 {
		return ErrNoContact
	}
	d.Target = string(c.URI.AppendRequestURI(nil)) // §12.2.1.1: "stripping any parameters that are not allowed in a Request-URI"
	return nil
}

// Confirm takes the 2xx that turns an early dialog into a confirmed one: the route set is that of the 2xx, whatever the provisional
// response had (§13.2.2.4), and the target its Contact.
func (d *Dialog) Confirm(response *sip.Message) error {
	d.State = Confirmed
	if err := d.record(response, true); err != nil {
		return err
	}
	return d.setTarget(response)
}

// Refresh takes a target refresh request of the other side, or the 2xx to one of this side (re-INVITE, UPDATE): its Contact, if it has
// one, becomes the target (§12.2.1.2, §12.2.2). The route set stays (§12.2).
func (d *Dialog) Refresh(m *sip.Message) {
	if m.Has(sip.FieldContact) {
		// A Contact that is none leaves the target that worked.
		_ = d.setTarget(m)
	}
}

// Receive takes the sequence number of a request of the other side, and returns the status owed for one that is out of order: 500
// (§12.2.2), or 0. An ACK and a CANCEL have the number of their INVITE and are not for Receive.
func (d *Dialog) Receive(m *sip.Message) int {
	c := m.CSeq()
	if !c.Valid {
		return 400
	}
	if d.remoteSeq != 0 && c.Number < d.remoteSeq {
		return 500
	}
	d.remoteSeq = c.Number
	return 0
}

// NextSeq counts up and returns the number of the next request of this side (§12.2.1.1).
func (d *Dialog) NextSeq() uint32 {
	d.localSeq++
	return d.localSeq
}

// SetSeq sets the number of the last request that was sent, for one that was repeated outside of the dialog (after a challenge).
func (d *Dialog) SetSeq(n uint32) { d.localSeq = n }

// Route returns what a request of the dialog has as its Request-URI and in Route, and the URI that it is sent to (§12.2.1.1, §8.1.2): the
// first proxy of the route set if there is one. A first proxy without lr is a strict router of RFC 2543: it stands in the Request-URI, and
// the target at the end of Route.
func (d *Dialog) Route() (requestURI string, route []string, next string) {
	if len(d.RouteSet) == 0 {
		return d.Target, nil, d.Target
	}
	first := sip.ParseURI([]byte(d.RouteSet[0]))
	if first.Params.Has("lr") {
		return d.Target, d.RouteSet, d.RouteSet[0]
	}
	route = append(append(route, d.RouteSet[1:]...), d.Target)
	return d.RouteSet[0], route, d.RouteSet[0]
}

// Request returns a draft of a request in the dialog (§12.2.1.1) with the sequence number seq; via is the whole value of its Via. Fields
// come between Max-Forwards and the body, and Content-Type is among them.
func (d *Dialog) Request(method string, seq uint32, via string, fields []sip.DraftField, body []byte) sip.Draft {
	uri, route, _ := d.Route()
	forwards := d.MaxForwards
	if forwards == 0 {
		forwards = 70
	}
	out := sip.Draft{Method: method, URI: uri, Body: body}
	out.Fields = append(out.Fields,
		sip.DraftField{Name: "Via", Value: via},
		sip.DraftField{Name: "From", Value: withTag(d.Local, d.LocalTag)},
		sip.DraftField{Name: "To", Value: withTag(d.Remote, d.RemoteTag)},
		sip.DraftField{Name: "Call-ID", Value: d.CallID},
		sip.DraftField{Name: "CSeq", Value: strconv.FormatUint(uint64(seq), 10) + " " + method},
		sip.DraftField{Name: "Max-Forwards", Value: strconv.Itoa(forwards)})
	for _, r := range route {
		out.Fields = append(out.Fields, sip.DraftField{Name: "Route", Value: "<" + r + ">"})
	}
	out.Fields = append(out.Fields, fields...)
	return out
}

func withTag(address, tag string) string {
	if tag == "" {
		return address
	}
	return address + ";tag=" + tag
}

// addressWithoutTag returns the value of From or To in a form to which a tag can be added: as it was written, without its tag.
func addressWithoutTag(m *sip.Message, id sip.FieldID) string {
	a := sip.ParseAddress(m.Value(id))
	s := string(a.DisplayName)
	if s != "" {
		s += " "
	}
	s += "<" + string(a.URI.Raw) + ">"
	for p := range a.Params.All {
		if string(p.Name) == "tag" || string(p.Name) == "Tag" || string(p.Name) == "TAG" {
			continue
		}
		s += ";" + string(p.Name)
		if p.HasValue {
			s += "=" + string(p.Value)
		}
	}
	return s
}
