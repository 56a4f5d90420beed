package proxycore

import (
	"bytes"
	"strconv"
	"strings"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Forward says how a request is forwarded (§16.6).
type Forward struct {
	// Route is what Preprocess found in this very message.
	Route Route
	// URI is the target's. Empty: that of Route.
	URI string
	// Push are values put before the Route header field: the Path of a binding, a proxy that policy wants visited. Where the first has no
	// lr, the request is made as a strict router wants it (§16.6 step 6).
	Push []string
	// RecordRoute are values put before the Record-Route header field, the topmost first; two where the transports differ (RFC 5658).
	RecordRoute []string
	// Via is protocol, transport and sent-by: "SIP/2.0/UDP 192.0.2.1:5060".
	Via string
	// Branch is the part of the branch that is unique (§8.1.1.7), with its cookie. The part for loop detection is put behind it.
	Branch string
	// From is the flow by which the request came: what received and rport of the Via under ours become.
	From live.Flow
	// Breadth is the value of Max-Breadth (Action.Breadth); 0: 1.
	Breadth int
	// Realms are our own: Proxy-Authorization for them goes no further (§22.3).
	Realms []string
	// Unasserted: P-Asserted-Identity and Remote-Party-ID go no further (RFC 3325 §5).
	Unasserted bool
	// Fields are further header fields (§16.6 step 5): credentials for a gateway, a Path of our own. They stand before those of the request.
	Fields []sip.DraftField
}

// AppendForward appends a request as it is forwarded (§16.6): all rows and the body as they came, but for the start line, one Via more, what
// the Via under it says of where the request came from, Max-Forwards, Max-Breadth, Route, Record-Route, the credentials for us and a
// Content-Length. The line ends of rows become CRLF, and a CR inside one, which some would take for a line end, a blank. What stands
// before the start line or behind the body is left out (§18.3).
//
// An ACK or a BYE goes the same way as an INVITE.
func AppendForward(dst []byte, m *sip.Message, how *Forward) []byte {
	target := how.Route.URI
	push := how.Push
	skip, keep := how.Route.Skip, how.Route.Remaining
	// first is the Route value that a strict router at the next hop wants as the Request-URI.
	first, _ := how.firstRoute(m)
	strict := how.IsStrict(m)
	if strict && len(push) > 0 {
		push = push[1:]
	} else if strict {
		skip++
		keep--
	}
	kept := valuesOf(m, sip.FieldRoute, skip, keep)

	// Start line. §16.6 steps 2 and 6.
	dst = append(dst, m.MethodName()...)
	dst = append(dst, ' ')
	if strict {
		a := sip.ParseAddress(first)
		dst = a.URI.AppendRequestURI(dst)
	} else {
		dst = how.appendTarget(dst, target)
	}
	dst = append(dst, " SIP/2.0\r\n"...)

	// What is put on top of the header (§7.3.1: what proxies need SHOULD stand there). Step 8.
	dst = append(dst, "Via: "...)
	dst = append(dst, how.Via...)
	dst = append(dst, ";branch="...)
	dst = append(dst, how.Branch...)
	dst = append(dst, '-')
	dst = appendHex(dst, loopHash(m))
	dst = append(dst, ";rport\r\n"...) // RFC 3581 §3
	for _, v := range how.RecordRoute {
		dst = appendRow(dst, "Record-Route", v) // step 4
	}
	for _, v := range push {
		dst = appendRow(dst, "Route", v) // step 6
	}
	hasRoute := m.Has(sip.FieldRoute)
	if strict && !hasRoute {
		dst = how.appendLastRoute(dst, target)
	}
	if !m.Has(sip.FieldMaxForwards) {
		dst = appendNumber(dst, "Max-Forwards: ", DefaultMaxForwards) // step 3
	}
	breadth := max(how.Breadth, 1)
	if !m.Has(sip.FieldMaxBreadth) {
		dst = appendNumber(dst, "Max-Breadth: ", breadth) // RFC 5393 §5.3.3
	}
	for i := range how.Fields {
		dst = appendRow(dst, how.Fields[i].Name, how.Fields[i].Value)
	}

	lastRoute := -1
	if hasRoute {
		for i := range m.Fields {
			if m.Fields[i].ID == sip.FieldRoute {
				lastRoute = i
			}
		}
	}
	var seen [4]bool // Via, Max-Forwards, Max-Breadth, Content-Length
	for i := range m.Fields {
		f := &m.Fields[i]
		switch f.ID {
		case sip.FieldVia:
			if seen[0] {
				break
			}
			seen[0] = true
			dst = appendFirstVia(dst, m, f, how.From)
			continue
		case sip.FieldMaxForwards:
			if !seen[1] {
				dst = appendNumber(dst, "Max-Forwards: ", hopsLeft(m))
			}
			seen[1] = true
			continue
		case sip.FieldMaxBreadth:
			// "All proxied requests MUST contain a single Max-Breadth header field value."
			if !seen[2] {
				dst = appendNumber(dst, "Max-Breadth: ", breadth)
			}
			seen[2] = true
			continue
		case sip.FieldContentLength:
			if !seen[3] {
				dst = appendNumber(dst, "Content-Length: ", m.Body.Len())
			}
			seen[3] = true
			continue
		case sip.FieldRoute:
			dst = appendKept(dst, m, f, kept)
			if strict && i == lastRoute {
				dst = how.appendLastRoute(dst, target)
			}
			continue
		case sip.FieldProxyAuthorization:
			if isOwnRealm(m.Text(f.Value), how.Realms) {
				continue
			}
		case sip.FieldPAssertedIdentity, sip.FieldRemotePartyID:
			if how.Unasserted {
				continue
			}
		}
		dst = appendRowOf(dst, m, f)
	}
	if !seen[3] {
		dst = appendNumber(dst, "Content-Length: ", m.Body.Len()) // step 9; in datagrams too, where it is harmless and helps (§20.14)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, m.BodyBytes()...)
}

// appendTarget appends the target's URI as a Request-URI.
func (f *Forward) appendTarget(dst, received []byte) []byte {
	if f.URI == "" {
		u := sip.ParseURI(received)
		return u.AppendRequestURI(dst)
	}
	if strings.IndexByte(f.URI, '?') < 0 && strings.IndexByte(f.URI, '=') < 0 {
		return sip.AppendURIText(dst, f.URI) // nothing in it that would have to go
	}
	u := sip.ParseURI([]byte(f.URI))
	return u.AppendRequestURI(dst)
}

// appendLastRoute appends a Route row with the target, which follows all other Route values to the next hop if that is a strict router.
func (f *Forward) appendLastRoute(dst, received []byte) []byte {
	dst = append(dst, "Route: <"...)
	dst = f.appendTarget(dst, received)
	return append(dst, ">\r\n"...)
}

// hopsLeft is Max-Forwards less one (§16.6 step 3). One that is no number counts as not there (RFC 4475 §3.1.2.4), and more than
// DefaultMaxForwards is cut to that, on purpose: the greatest number is what an attacker who forks wants (RFC 5393 §3).
func hopsLeft(m *sip.Message) int {
	n, ok := m.Number(sip.FieldMaxForwards)
	if !ok || n > 255 {
		return DefaultMaxForwards
	}
	return min(max(int(n)-1, 0), DefaultMaxForwards)
}

// appendFirstVia appends the row of the topmost Via with its first value as the server writes it that received the request (§18.2.1).
func appendFirstVia(dst []byte, m *sip.Message, f *sip.Field, from live.Flow) []byte {
	row := m.Text(f.Row)
	first := valuesOf(m, sip.FieldVia, 0, 1)
	dst = appendLines(dst, row[:first.Start-f.Row.Start])
	dst = live.AppendVia(dst, m, from)
	dst = appendLines(dst, trimLineEnd(row[first.End-f.Row.Start:]))
	return append(dst, "\r\n"...)
}

// valuesOf returns from where to where n values of a header field go, over all its rows, the first skip left out. What stands between two of
// them is in the span too. It is empty if n is 0, or if there are not so many.
func valuesOf(m *sip.Message, id sip.FieldID, skip, n int) sip.Span {
	var out sip.Span
	if n <= 0 {
		return out
	}
	i := 0
	for s := range m.Values(id) {
		if i == skip {
			out.Start = s.Start
		}
		if i >= skip {
			out.End = s.End
		}
		if i++; i == skip+n {
			break
		}
	}
	return out
}

// appendKept appends of a row the part that is within kept.
func appendKept(dst []byte, m *sip.Message, f *sip.Field, kept sip.Span) []byte {
	switch {
	case f.Value.Start >= kept.Start && f.Value.End <= kept.End:
		return appendRowOf(dst, m, f)
	case f.Value.End <= kept.Start || f.Value.Start >= kept.End:
		return dst
	}
	dst = append(dst, m.Text(f.Name)...)
	dst = append(dst, ": "...)
	dst = appendLines(dst, m.Raw[max(f.Value.Start, kept.Start):min(f.Value.End, kept.End)])
	return append(dst, "\r\n"...)
}

// appendRowOf appends a row as it came.
func appendRowOf(dst []byte, m *sip.Message, f *sip.Field) []byte {
	dst = appendLines(dst, trimLineEnd(m.Text(f.Row)))
	return append(dst, "\r\n"...)
}

// trimLineEnd takes the line end of a row away. A row that had none, because the message was cut there, was refused.
func trimLineEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// appendLines appends what may go over several lines (§7.3.1): the line ends inside it as CRLF, which the white space of a continuation
// follows; a CR or LF that ends no such line is a blank, so that it begins no header field of somebody else's choosing.
func appendLines(dst, b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 && bytes.IndexByte(b, '\n') < 0 {
		return append(dst, b...)
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c != '\r' && c != '\n':
			dst = append(dst, c)
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n':
			// the LF decides
		case c == '\n' && i+1 < len(b) && (b[i+1] == ' ' || b[i+1] == '\t'):
			dst = append(dst, "\r\n"...)
		default:
			dst = append(dst, ' ')
		}
	}
	return dst
}

// appendRow appends a row of our own making.
func appendRow(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	return append(appendPlain(dst, value), "\r\n"...)
}

func appendNumber(dst []byte, name string, n int) []byte {
	dst = append(dst, name...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, "\r\n"...)
}

// isLoose reports whether a Route value is that of a loose router (§16.6 step 6).
func isLoose(value []byte) bool {
	a := sip.ParseAddress(value)
	return a.URI.Params.Has("lr")
}

// isOwnRealm reports whether credentials are for a realm of ours.
func isOwnRealm(value []byte, realms []string) bool {
	if len(realms) == 0 {
		return false
	}
	c := sip.ParseChallenge(value)
	realm, has := c.Params.Get("realm")
	if !has {
		return false
	}
	realm = sip.Unquote(realm)
	for _, r := range realms {
		if string(realm) == r {
			return true
		}
	}
	return false
}
