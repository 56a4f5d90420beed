package proxycore

import (
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Route is what the routing information of a request comes to (§16.4). Its slices are of the message, but for a URI that lost its maddr.
type Route struct {
	// URI is the Request-URI to go on with.
	URI []byte
	// Skip is the number of Route values at the top that named this proxy, and are gone.
	Skip int
	// Popped: a strict router sent the request. The last Route value has become the Request-URI, and is gone too.
	Popped bool
	// Remaining is the number of Route values that are left.
	Remaining int
	// Token is what follows the mark in the Route value of ours (or the Request-URI, from a strict router), nil if there was none.
	Token []byte
	// Ours: the request came here because of a value that this proxy had put into Record-Route or Path.
	Ours bool
	// Responsible: the location service has the say about URI (§16.5); otherwise URI is the only target.
	Responsible bool
}

// Preprocess reads the routing information of a request that came over a flow (§16.4).
func (c *Core) Preprocess(m *sip.Message, from live.Flow) Route {
	var r Route
	u := m.RequestURI() // without the angle brackets that have no business there
	r.URI = u.Raw
	total := 0
	var last sip.Span
	for s := range m.Values(sip.FieldRoute) {
		total++
		last = s
	}
	if token, ours := c.isOurs(&u); ours && total > 0 {
		// "If the Request-URI of the request contains a value this proxy previously placed into a Record-Route header field, the proxy MUST
		// replace the Request-URI in the request with the last value from the Route header field, and remove that value."
		r.Popped, r.Ours, r.Token = true, true, token
		a := sip.ParseAddress(m.Text(last))
		u = a.URI
		r.URI = u.Raw
		total--
	}
	r.stripMaddr(c, &u, from)

	n := 0
	for s := range m.Values(sip.FieldRoute) {
		if n == total {
			break
		}
		a := sip.ParseAddress(m.Text(s))
		token, ours := c.isOurs(&a.URI)
		if n == 0 && !ours && !c.IsSelf(&a.URI) || n > 0 && !ours {
			break
		}
		// "If the first value in the Route header field indicates this proxy, the proxy MUST remove that value." A second one of ours is the
		// other half of a pair of Record-Route values (RFC 5658 §5), and goes with it.
		if ours {
			// The last of a pair says where to go on: that one is replaced in responses (§16.7 step 8).
			r.Token, r.Ours = token, true
		}
		n++
	}
	r.Skip = n
	r.Remaining = total - n
	// §16.5: a maddr that is still there predetermines the target; so does a domain that is not ours.
	r.Responsible = !u.Params.Has("maddr") && c.IsResponsible(&u)
	return r
}

// stripMaddr takes a maddr that means us away, and a port and a transport with it that are not the default, if the request came to that port by
// that transport (§16.4).
func (r *Route) stripMaddr(c *Core, u *sip.URI, from live.Flow) {
	maddr, has := u.Params.Get("maddr")
	if !has || !u.IsSIP() {
		return
	}
	if !c.isHost(maddr, u.Port, isSecure(u)) && !c.isDomain(maddr) {
		return
	}
	port := u.Port
	if port == 0 {
		port = defaultPort(isSecure(u))
	}
	if from.Local.IsValid() && from.Local.Port() != port {
		return // "needs to be forwarded to the proxy using the indicated port and transport"
	}
	want := capture.UDP // §19.1.2
	if isSecure(u) {
		want = capture.TLS
	}
	if t, has := u.Params.Get("transport"); has {
		want = transportOf(t)
	}
	if from.Transport != want {
		return
	}
	var out []byte
	head := u.Raw
	if u.Headers != nil {
		head = head[:len(head)-len(u.Headers)-1]
	}
	head = head[:len(head)-len(u.Params.Raw())]
	if u.PortText != nil {
		head = head[:len(head)-len(u.PortText)-1]
	}
	out = append(out, head...)
	for p := range u.Params.All {
		if equalFold(p.Name, "maddr") || equalFold(p.Name, "transport") {
			continue
		}
		out = append(append(out, ';'), p.Name...)
		if p.HasValue {
			out = append(append(out, '='), p.Value...)
		}
	}
	*u = sip.ParseURI(out)
	r.URI = out
}

// transportOf reads a transport parameter (§19.1.1), or the transport of a Via.
func transportOf(b []byte) capture.Transport {
	switch {
	case equalFold(b, "UDP"):
		return capture.UDP
	case equalFold(b, "TCP"):
		return capture.TCP
	case equalFold(b, "TLS"):
		return capture.TLS
	case equalFold(b, "SCTP"):
		return capture.SCTP
	case equalFold(b, "WS"):
		return capture.WS
	case equalFold(b, "WSS"):
		return capture.WSS
	}
	return capture.TransportUnknown
}
