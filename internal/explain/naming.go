package explain

import (
	"bytes"
	"slices"
	"strconv"
	"unsafe"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// nameParties names the participants as a person would, from what the messages show: the name that the source gives, what the party
// does ("the proxy"), the kind of device that it says it is ("the SPA"), the person in From or To.
func (t *Teller) nameParties() {
	c := t.call
	t.parties = t.parties[:0]
	proxies := 0
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Role == callflow.RoleProxy && c.GivenName(p) == nil {
			proxies++
		}
	}
	proxy := 0
	for i := range c.Participants {
		p := &c.Participants[i]
		q := Party{ID: label('p', i+1), Role: p.Role}
		if i < cap(t.parties) {
			q.Endpoints = t.parties[:i+1][i].Endpoints[:0] // of the story before
		}
		switch {
		case c.GivenName(p) != nil:
			q.Name = t.shown(c.GivenName(p))
		case p.Role == callflow.RoleProxy:
			q.Name, q.Article = t.word("word.proxy"), true
			if proxy++; proxies > 1 {
				q.Name, q.Article = capital(t.word("word.proxy"))+" "+strconv.Itoa(proxy), false
			}
		case p.Role == callflow.RoleRegistrar:
			q.Name, q.Article = t.word("word.registrar"), true
		default:
			t.nameEnd(i, p, &q)
		}
		for _, e := range c.Endpoints(p) {
			q.Endpoints = append(q.Endpoints, e.String())
		}
		if len(q.Endpoints) == 0 {
			if h := c.Host(p); h != nil {
				q.Endpoints = append(q.Endpoints, t.shown(h))
			}
		}
		t.parties = append(t.parties, q)
	}
	known := 0
	for i := range t.parties {
		if len(t.parties[i].Endpoints) > 0 {
			known++
		}
	}
	for i := range t.parties {
		if q := &t.parties[i]; known > 1 && len(q.Endpoints) == 0 {
			if host, port, ok := c.SentBy(i); ok {
				if q.SentBy = t.shown(host); len(port) > 0 {
					q.SentBy += ":" + t.shown(port)
				}
			}
		}
	}
	// Two of one name are told apart by a number.
	for i := range t.parties {
		n := 1
		for j := range i {
			if t.parties[j].baseName() == t.parties[i].Name {
				n++
			}
		}
		if n > 1 {
			t.parties[i].Name += " " + strconv.Itoa(n)
		}
	}
}

// isNamed reports whether one of the parties named so far has the name.
func (t *Teller) isNamed(name string) bool {
	for i := range t.parties {
		if t.parties[i].Name == name {
			return true
		}
	}
	return false
}

// baseName is the name without the number that tells it from another of the same name.
func (p *Party) baseName() string {
	n := len(p.Name)
	for n > 0 && p.Name[n-1] >= '0' && p.Name[n-1] <= '9' {
		n--
	}
	if n > 0 && n < len(p.Name) && p.Name[n-1] == ' ' {
		return p.Name[:n-1]
	}
	return p.Name
}

// nameEnd names a participant that is an end of the call, or is not known to be anything else.
func (t *Teller) nameEnd(i int, p *callflow.Participant, q *Party) {
	c := t.call
	agent, agentIsSPA := t.agentOf(i), false
	if spalog.IsAgent(agent) {
		agentIsSPA = !t.isNamed(t.word("word.spa")) // two SPAs: their people tell them apart
	}
	if agentIsSPA {
		q.Name, q.Article = t.word("word.spa"), true
		return
	}
	// The person: From of a request that it made, To of one that it was sent and did not pass on.
	for h := range c.Hops {
		hop := &c.Hops[h]
		if !hop.IsRequest() || hop.Kind != capture.KindMessage {
			continue
		}
		if int(hop.From) == i && hop.Forwards < 0 && p.Role != callflow.RoleServer {
			m := t.parse(hop)
			if name := personName(t.fromOf(m)); name != nil {
				q.Name = t.shown(name)
				return
			}
		}
		if int(hop.To) == i && p.Role != callflow.RoleServer && hop.IsInitial() && hop.Method != sip.MethodRegister && hop.Method != sip.MethodCancel && hop.Method != sip.MethodAck {
			m := t.parse(hop)
			if name := personName(t.toOf(m)); name != nil {
				q.Name = t.shown(name)
				// A call that a proxy or a redirection sends to somebody else keeps its To; whom it goes to now is in the Request-URI.
				if u := m.RequestURI(); t.isNamed(q.Name) && len(u.User) > 0 && !u.Masked && !bytes.Equal(u.User, t.toOf(m).URI.User) {
					q.Name = t.shown(userName(u.User))
				}
				return
			}
		}
	}
	switch {
	case p.Role == callflow.RoleServer:
		q.Name, q.Article = t.word("word.server"), true
	case p.Role == callflow.RoleCallee:
		q.Name, q.Article = t.word("word.callee"), true
	case p.Device:
		q.Name, q.Article = t.word("word.device"), true
	default:
		if e, ok := c.Address(p); ok {
			q.Name = e.String()
			return
		}
		if via := t.sentBy(i); via != nil && !slices.ContainsFunc(c.Participants, func(p callflow.Participant) bool { return p.Device }) {
			q.Name = t.shown(via) // it is not known which side the log is of: there is no other one
			return
		}
		q.Name, q.Article = t.word("word.other"), true
	}
}

// sentBy returns by what address a participant says that it sends a request, nil if no request of it, and no response to one, shows that.
func (t *Teller) sentBy(i int) []byte {
	for h := range t.call.Hops {
		hop := &t.call.Hops[h]
		if int(hop.From) != i && hop.IsRequest() || int(hop.To) != i && hop.IsResponse() || hop.Kind != capture.KindMessage || hop.Forwards >= 0 {
			continue
		}
		if via, ok := t.parse(hop).TopVia(); ok && len(via.Host) > 0 && !sip.Masked(via.Host) {
			if len(via.PortText) > 0 {
				return []byte(t.joined(string(via.Host), ":", string(via.PortText)))
			}
			return via.Host
		}
	}
	return nil
}

// agentOf returns what a participant says about itself: User-Agent, or Server in a response; nil if nothing.
func (t *Teller) agentOf(i int) []byte {
	first := t.call.Participants[i].First
	if first < 0 {
		return nil
	}
	for h := first; h < len(t.call.Hops) && h < first+24; h++ {
		hop := &t.call.Hops[h]
		if int(hop.From) != i || hop.Kind != capture.KindMessage || hop.Forwards >= 0 {
			continue
		}
		m := t.parse(hop)
		if v := m.Value(sip.FieldUserAgent); v != nil {
			return v
		}
		if v := m.Value(sip.FieldServer); v != nil {
			return v
		}
	}
	return nil
}

// addressRead is an address that was read, and where in memory its text begins. That counts for one call only, since storage is used again.
type addressRead struct {
	at *byte
	n  int
	sip.Address
}

// fromOf and toOf return From and To of a message. Names, facts and sentences ask for those of the same message: they are read once.
func (t *Teller) fromOf(m *sip.Message) *sip.Address { return t.fromRead.read(m.Value(sip.FieldFrom)) }

func (t *Teller) toOf(m *sip.Message) *sip.Address { return t.toRead.read(m.Value(sip.FieldTo)) }

func (r *addressRead) read(v []byte) *sip.Address {
	if at := unsafe.SliceData(v); at == nil || at != r.at || len(v) != r.n {
		r.at, r.n, r.Address = at, len(v), sip.ParseAddress(v)
	}
	return &r.Address
}

// personName returns the name of the person or number in an address: the display name, or the user part; nil if there is none or it is
// hidden.
func personName(a *sip.Address) []byte {
	if n := a.Name(); len(n) > 0 && !sip.Masked(n) {
		return n
	}
	if a.URI.Masked || len(a.URI.User) == 0 || sip.Masked(a.URI.User) {
		return nil
	}
	return userName(a.URI.User)
}

// callsNow names whom the call goes to from here on: behind a redirection that is another one, though To keeps the first (RFC 3261 §8.1.3.4).
func (t *Teller) callsNow(u sip.URI) {
	user := userName(u.User)
	if u.Masked || len(user) == 0 {
		return
	}
	if root := t.call.Root; root >= 0 {
		if m := t.parse(&t.call.Hops[root]); bytes.Equal(user, userName(m.RequestURI().User)) || bytes.Equal(user, userName(m.To().URI.User)) {
			return // the same, at another place
		}
	}
	t.calleeName = t.shown(user)
	t.calleeLater = t.calleeName
}

// userName is the user part without the parameters that a telephone number may have ("18005551212;phone-context=…").
func userName(user []byte) []byte {
	if i := bytes.IndexByte(user, ';'); i > 0 {
		user = user[:i]
	}
	return sip.Unescape(user)
}

func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
