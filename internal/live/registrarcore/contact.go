package registrarcore

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// request is what a REGISTER asks for.
type request struct {
	fetch    bool // no Contact: only the bindings are asked for (§10.2.3)
	all      bool // "Contact: *": all bindings go (§10.2.2)
	contacts []contact
	path     []string
	callID   string
	cseq     uint32
	flow     live.Flow // the way by which it came, if it came from the UA itself
	outbound bool      // the 200 has Require: outbound
}

// contact is one value of Contact.
type contact struct {
	Binding
	uri     sip.URI
	expires time.Duration // 0: the binding goes
}

// read reads a REGISTER that Check let pass (§10.3 steps 6 and 7), or says what is owed. Nothing in it looks at bindings.
func (r *Registrar) read(m *sip.Message, from live.Flow) (*request, Answer, bool) {
	q := &request{callID: string(m.CallID()), cseq: m.CSeq().Number}
	if len(q.callID) > MaxValue {
		return nil, refuse(400, "Call-ID is too long"), false
	}
	direct := m.ViaCount() == 1
	if a, ok := r.readPath(q, m); !ok {
		return nil, a, false
	}
	if direct && len(q.path) == 0 {
		q.flow = from
	}
	values := 0
	regID, added := false, 0
	for s := range m.Values(sip.FieldContact) {
		if values++; values > r.cfg.MaxContacts {
			return nil, r.tooMany(), false
		}
		v := m.Text(s)
		if string(v) == "*" {
			// The validator has seen that it stands alone, and with Expires: 0 (step 6).
			q.all = true
			continue
		}
		c, a, ok := r.readContact(m, v)
		if !ok {
			return nil, a, false
		}
		if c.RegID != 0 && c.expires > 0 {
			regID = true
		}
		if c.expires > 0 {
			added++
		}
		q.contacts = append(q.contacts, c)
	}
	if values == 0 {
		if m.Has(sip.FieldContact) {
			return nil, refuse(400, "Contact is empty"), false
		}
		q.fetch = true
		return q, Answer{}, true
	}
	if regID {
		if a, ok := r.readOutbound(q, m, direct, added); !ok {
			return nil, a, false
		}
	}
	for i := range q.contacts {
		if a, ok := q.bind(&q.contacts[i], m); !ok {
			return nil, a, false
		}
	}
	return q, Answer{}, true
}

func (r *Registrar) tooMany() Answer {
	a := refuse(403, "more contacts than the "+strconv.Itoa(r.cfg.MaxContacts)+" that an address of record may have")
	a.Reply.Reason = "Too Many Contacts"
	return a
}

// readPath reads the Path (RFC 3327 §5.3).
func (r *Registrar) readPath(q *request, m *sip.Message) (Answer, bool) {
	for s := range m.Values(sip.FieldPath) {
		if len(q.path) == MaxPath || s.Len() > MaxValue {
			return refuse(400, "Path is too long"), false
		}
		q.path = append(q.path, unfolded(m.Text(s)))
	}
	if len(q.path) > 0 && !r.cfg.PathAlways && !supports(m, "path") {
		// "The recommended policy is for the registrar to reject the request with a 420 "Bad Extension" response indicating the Path extension.
		// This approach allows the UA to detect that an intermediate proxy has inappropriately added a Path header field."
		a := refuse(420, "there is a Path, and the UA does not say that it supports it")
		a.Reply.Fields = []sip.DraftField{{Name: "Unsupported", Value: "path"}}
		return a, false
	}
	return Answer{}, true
}

// readContact reads one contact and how long it is to stay (§10.3 step 7).
func (r *Registrar) readContact(m *sip.Message, v []byte) (contact, Answer, bool) {
	if len(v) > MaxValue {
		return contact{}, refuse(400, "a Contact is too long"), false
	}
	a := sip.ParseAddress([]byte(unfolded(v)))
	if len(a.URI.Raw) == 0 || a.URI.Masked {
		return contact{}, refuse(400, "a Contact has no URI"), false
	}
	c := contact{uri: a.URI}
	c.URI, c.DisplayName, c.Q = string(a.URI.Raw), string(a.DisplayName), 1000
	var asked []byte
	has := false
	var params strings.Builder
	for p := range a.Params.All {
		if bytes.EqualFold(p.Name, []byte("expires")) {
			if !has {
				asked, has = p.Value, true
			}
			continue
		}
		params.WriteByte(';')
		params.Write(p.Name)
		if p.HasValue {
			params.WriteByte('=')
			params.Write(p.Value)
		}
		switch {
		case bytes.EqualFold(p.Name, []byte("q")):
			c.Q = qvalue(p.Value)
		case bytes.EqualFold(p.Name, []byte("+sip.instance")):
			c.Instance = string(sip.Unquote(p.Value))
		case bytes.EqualFold(p.Name, []byte("reg-id")):
			n, err := strconv.ParseUint(string(p.Value), 10, 31)
			if err == nil {
				c.RegID = uint32(n)
			}
		}
	}
	c.Params = params.String()
	if c.Instance == "" {
		c.RegID = 0 // RFC 5626 §6: "one with a reg-id but no instance-id is not valid. … it simply ignores the reg-id parameter"
	}
	if !has {
		asked, has = m.Value(sip.FieldExpires), m.Has(sip.FieldExpires)
	}
	c.expires = r.cfg.Expires
	if has {
		c.expires = seconds(asked)
	}
	switch {
	case c.expires > r.cfg.MaxExpires:
		c.expires = r.cfg.MaxExpires // "The registrar MAY choose an expiration less than the requested"
	case c.expires > 0 && c.expires < time.Hour && c.expires < r.cfg.MinExpires:
		// "MAY reject the registration with a response of 423 … MUST contain a Min-Expires header field".
		a := refuse(423, "a contact wants to expire sooner than is allowed")
		a.Reply.Fields = []sip.DraftField{{Name: "Min-Expires", Value: strconv.Itoa(int(r.cfg.MinExpires / time.Second))}}
		return contact{}, a, false
	}
	return c, Answer{}, true
}

// readOutbound looks at a registration that has a reg-id (RFC 5626 §6).
func (r *Registrar) readOutbound(q *request, m *sip.Message, direct bool, added int) (Answer, bool) {
	outbound := direct
	if !direct && len(q.path) > 0 {
		first := sip.ParseAddress([]byte(q.path[0]))
		outbound = first.URI.Params.Has("ob")
	}
	switch {
	case !outbound && supports(m, "outbound"):
		return refuse(439, "the first hop does not support outbound"), false
	case !outbound:
		for i := range q.contacts {
			q.contacts[i].RegID = 0
		}
		return Answer{}, true
	case added > 1:
		return refuse(400, "one contact has a reg-id, and there are others with it"), false
	}
	q.outbound = supports(m, "outbound")
	return Answer{}, true
}

// bind decides whether a contact is bound to the flow that the REGISTER came by, so that requests to it go there and nowhere else: then its own
// address does not matter. That is so for a UA that is the sender itself: it says of itself in Via what it says in Contact, or its contact
// is the address that the packet came from, or one that means nothing outside its own network.
//
// Another contact is an address that requests are sent to because somebody said so. It may not be one that means another machine to us than to
// who registered it.
func (q *request) bind(c *contact, m *sip.Message) (Answer, bool) {
	if c.expires == 0 {
		return Answer{}, true
	}
	if isSecure(&c.uri) {
		// RFC 5630 §5.2: "MUST accept a binding to a SIPS Contact header field only if all the appropriate URIs are of the SIPS scheme".
		u := m.RequestURI()
		secure := isSecure(&u)
		for _, p := range q.path {
			a := sip.ParseAddress([]byte(p))
			secure = secure && isSecure(&a.URI)
		}
		for i := range q.contacts {
			secure = secure && (isSecure(&q.contacts[i].uri) || !q.contacts[i].uri.IsSIP())
		}
		if !secure {
			return refuse(400, "a Contact is a sips URI, and the Request-URI, the Path or another Contact is not"), false
		}
	}
	if !c.uri.IsSIP() {
		return Answer{}, true // nothing is sent there by SIP
	}
	c.Path = q.path
	host := bytes.Trim(c.uri.Host, "[]")
	if maddr, has := c.uri.Params.Get("maddr"); has {
		host = bytes.Trim(maddr, "[]")
	}
	addr, err := netip.ParseAddr(string(host))
	addr = addr.Unmap().WithZone("")
	local := err == nil && !isPublic(addr) || bytes.EqualFold(host, []byte("localhost"))
	if q.flow.Transport != 0 {
		via, _ := m.TopVia()
		if local || c.RegID != 0 || err == nil && addr == q.flow.Remote.Addr().Unmap() || bytes.EqualFold(c.uri.Host, via.Host) {
			c.Flow = q.flow
			return Answer{}, true
		}
	}
	if local && len(q.path) == 0 {
		a := refuse(403, "a Contact is an address that is reached only where it came from, which is not here")
		return a, false
	}
	return Answer{}, true
}

// isPublic reports whether an address means the same machine everywhere.
func isPublic(a netip.Addr) bool {
	b := a.As16()
	shared := a.Is4() && b[12] == 100 && b[13]&0xc0 == 64 // 100.64.0.0/10, behind a provider's NAT (RFC 6598)
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared
}

// supports reports whether a request has an option tag in Supported.
func supports(m *sip.Message, tag string) bool {
	for s := range m.Values(sip.FieldSupported) {
		if strings.EqualFold(string(m.Text(s)), tag) {
			return true
		}
	}
	return false
}

// seconds reads a delta-seconds. "Malformed values SHOULD be treated as equivalent to 3600", and values beyond 2**32-1 as that (§20.10).
func seconds(b []byte) time.Duration {
	if len(b) == 0 {
		return DefaultExpires
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return DefaultExpires
		}
		n = min(n*10+int64(c-'0'), 1<<32-1)
	}
	return time.Duration(n) * time.Second
}

// qvalue reads q in thousandths (§20.10); 1000 if it cannot be read.
func qvalue(v []byte) uint16 {
	if len(v) == 0 || len(v) > 5 || v[0] != '0' && v[0] != '1' || len(v) > 1 && v[1] != '.' {
		return 1000
	}
	n := int(v[0]-'0') * 1000
	for i, weight := 2, 100; i < len(v); i, weight = i+1, weight/10 {
		if v[i] < '0' || v[i] > '9' {
			return 1000
		}
		n += int(v[i]-'0') * weight
	}
	return uint16(min(n, 1000))
}

// unfolded returns a value with each run of line ends and the white space around it as one blank (§7.3.1).
func unfolded(v []byte) string {
	if bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
		return string(v)
	}
	return string(bytes.Join(bytes.FieldsFunc(v, func(c rune) bool { return c == '\r' || c == '\n' }), []byte(" ")))
}

func isSecure(u *sip.URI) bool { return bytes.EqualFold(u.Scheme, []byte("sips")) }
