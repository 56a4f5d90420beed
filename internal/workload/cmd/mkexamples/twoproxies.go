package main

import (
	"fmt"
	"strconv"
	"strings"
)

// element is one of those that a call goes through, and what it writes of itself.
type element struct {
	name    string // in the labels
	sentBy  string // in Via
	address string // where its packets come from
	contact string // URI; of a proxy the one with which it stays in the path (RFC 3261 §16.6)
}

var (
	alice  = &element{"Alice", "192.0.2.10:5060", "192.0.2.10", "sip:alice@192.0.2.10:5060"}
	proxy1 = &element{"Proxy 1", "p1.example.com:5060", "198.51.100.1", "sip:p1.example.com;lr"}
	proxy2 = &element{"Proxy 2", "p2.example.net:5060", "203.0.113.1", "sip:p2.example.net;lr"}
	bob    = &element{"Bob", "203.0.113.20:5060", "203.0.113.20", "sip:bob@203.0.113.20:5060"}
)

// via returns the Via value that an element puts on top of a request.
func (e *element) via(branch string) row {
	return row{"Via", "SIP/2.0/UDP " + e.sentBy + ";branch=" + branch}
}

// copyOf returns a copy of a message that can be changed.
func copyOf(m *message) *message { return &message{m.start, append([]row(nil), m.rows...), m.body} }

// received returns a request as the element that it was sent to keeps it: with the sender's address in its Via, if that has a name (RFC 3261
// §18.2.1).
func received(m *message, from *element) *message {
	c := copyOf(m)
	if !strings.HasPrefix(from.sentBy, from.address) {
		c.rows[0].value += ";received=" + from.address
	}
	return c
}

// forward returns the request that a proxy passes on (RFC 3261 §16.6): a Via on top, a hop fewer, without the Route that led to it, and with a
// Record-Route before those of others if it begins a dialog.
func (e *element) forward(m *message, branch string) *message {
	c := &message{start: m.start, rows: append([]row{e.via(branch)}, m.all("Via")...), body: m.body}
	if strings.HasPrefix(m.start, "INVITE ") {
		c.add("Record-Route", "<"+e.contact+">")
	}
	routed := false
	for _, r := range m.rows {
		switch r.name {
		case "Via":
			continue
		case "Route":
			if !routed && r.value == "<"+e.contact+">" {
				routed = true
				continue
			}
		case "Max-Forwards":
			hops, _ := strconv.Atoi(r.value)
			r.value = strconv.Itoa(hops - 1)
		}
		c.rows = append(c.rows, r)
	}
	return c
}

// respond answers a request (RFC 3261 §8.2.6). What a 2xx or 180 says of the dialog goes with it: Record-Route (§12.1.1) and Contact.
func respond(req *message, status int, tag string, from *element, body string) *message {
	m := &message{start: statusLine(status), body: body}
	m.rows = append(m.rows, req.all("Via")...)
	invite := strings.HasSuffix(req.get("CSeq"), " INVITE")
	if invite && status > 100 {
		m.rows = append(m.rows, req.all("Record-Route")...)
	}
	m.add("From", req.get("From"))
	to := req.get("To")
	if !strings.Contains(to, ";tag=") {
		to = tagged(to, tag)
	}
	m.add("To", to)
	m.add("Call-ID", req.get("Call-ID"))
	m.add("CSeq", req.get("CSeq"))
	if invite && status > 100 {
		m.add("Contact", "<"+from.contact+">")
	}
	if body != "" {
		m.add("Content-Type", "application/sdp")
	}
	m.addLength()
	return m
}

// passBack returns the response that a proxy passes on: without its own Via, which is on top (RFC 3261 §16.7).
func passBack(m *message) *message {
	c := copyOf(m)
	c.rows = c.rows[1:]
	return c
}

// page is a text in the manner of RFC 3665: each message under a line that says who sends it to whom.
type page struct {
	out   strings.Builder
	shown []*message
}

// show adds a message and hands it back.
func (p *page) show(from, to *element, m *message) *message {
	p.shown = append(p.shown, m)
	what, _, _ := strings.Cut(m.start, " ")
	if what == "SIP/2.0" {
		what = strings.TrimPrefix(m.start, "SIP/2.0 ")
	}
	fmt.Fprintf(&p.out, "F%d %s %s -> %s\n\n%s\n", len(p.shown), what, from.name, to.name, plain(m))
	return m
}

// toBob sends a request of Alice's through both proxies and returns it as Bob keeps it; branches are those of its three hops. try says that
// each proxy answers 100 at once.
func (p *page) toBob(m *message, branches [3]string, try bool) *message {
	path := []*element{alice, proxy1, proxy2, bob}
	for i, from := range path[:3] {
		to := path[i+1]
		if i > 0 {
			m = from.forward(m, branches[i])
		}
		m = received(p.show(from, to, m), from)
		if try && to != bob {
			p.show(to, from, respond(m, 100, "", nil, ""))
		}
	}
	return m
}

// toAlice sends a request of Bob's through both proxies and returns it as Alice keeps it.
func (p *page) toAlice(m *message, branches [3]string) *message {
	path := []*element{bob, proxy2, proxy1, alice}
	for i, from := range path[:3] {
		if i > 0 {
			m = from.forward(m, branches[i])
		}
		m = received(p.show(from, path[i+1], m), from)
	}
	return m
}

// back sends a response along a path, of which the first element answers.
func (p *page) back(m *message, path ...*element) {
	for i, from := range path[:3] {
		if i > 0 {
			m = passBack(m)
		}
		p.show(from, path[i+1], m)
	}
}

// twoProxies is a call from Alice to Bob through the proxies of both their providers. It is answered, and Bob hangs up.
func twoProxies() *page {
	const (
		fromAlice = `"Alice" <sip:alice@example.com>;tag=` + "4f3a8c01"
		toBob     = `"Bob" <sip:bob@example.net>`
		bobTag    = "b7d91e20"
		callID    = "5d81c6e7a40b@192.0.2.10"
	)
	hops := func(what string) [3]string {
		var b [3]string
		for i := range b {
			b[i] = "z9hG4bK" + hexOf(10, fmt.Sprint("two proxies ", what, i))
		}
		return b
	}
	session := func(user, ip string, port int) string {
		return lines(
			"v=0",
			"o="+user+" 2890844526 2890844526 IN IP4 "+ip,
			"s=-",
			"c=IN IP4 "+ip,
			"t=0 0",
			fmt.Sprintf("m=audio %d RTP/AVP 0 101", port),
			"a=rtpmap:0 PCMU/8000",
			"a=rtpmap:101 telephone-event/8000",
			"a=fmtp:101 0-15",
		)
	}
	request := func(method, uri string, from *element, branch string, routes []*element, cseq int, fromValue, toValue, body string) *message {
		m := &message{start: method + " " + uri + " SIP/2.0", body: body}
		m.rows = append(m.rows, from.via(branch))
		m.add("Max-Forwards", "70")
		for _, r := range routes {
			m.add("Route", "<"+r.contact+">")
		}
		m.add("From", fromValue)
		m.add("To", toValue)
		m.add("Call-ID", callID)
		m.add("CSeq", fmt.Sprint(cseq, " ", method))
		if method == "INVITE" {
			m.add("Contact", "<"+from.contact+">")
		}
		if body != "" {
			m.add("Content-Type", "application/sdp")
		}
		m.addLength()
		return m
	}

	p := new(page)
	b := hops("INVITE")
	invite := p.toBob(request("INVITE", "sip:bob@example.net", alice, b[0], []*element{proxy1}, 1, fromAlice, toBob, session("alice", "192.0.2.10", 49172)), b, true)
	p.back(respond(invite, 180, bobTag, bob, ""), bob, proxy2, proxy1, alice)
	p.back(respond(invite, 200, bobTag, bob, session("bob", "203.0.113.20", 3456)), bob, proxy2, proxy1, alice)
	// The ACK of a 2xx is a transaction of its own, along the route that the dialog has got (RFC 3261 §13.2.2.4, §12.2.1.1).
	b = hops("ACK")
	p.toBob(request("ACK", bob.contact, alice, b[0], []*element{proxy1, proxy2}, 1, fromAlice, tagged(toBob, bobTag), ""), b, false)
	b = hops("BYE")
	bye := p.toAlice(request("BYE", alice.contact, bob, b[0], []*element{proxy2, proxy1}, 231, tagged(toBob, bobTag), fromAlice, ""), b)
	p.back(respond(bye, 200, "", nil, ""), alice, proxy1, proxy2, bob)
	return p
}
