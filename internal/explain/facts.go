package explain

import (
	"bytes"
	"net/netip"
	"strings"
	"unsafe"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// factID is the number of a fact.
type factID uint8

// The facts, in the order in which they are told.
const (
	factDeviceAddress factID = iota
	factSIPPort
	factUserID
	factDisplayName
	factUserAgent
	factProxy
	factRegistrar
	factServerAgent
	factRealm
	factAddressOfRecord
	factFrom
	factCaller
	factCallee
	factContact
	factExpires
	factMediaAddress
	factPublicAddress
	factCallID
	factIDs
)

// FactNames are the names of the facts, in the order in which they are told, with their labels. Those marked here can be supplied by the
// user where the log does not show them.
var FactNames = [factIDs]struct {
	Name, Label string
	Assumable   bool
}{
	factDeviceAddress:   {"device_address", "Device address", true},
	factSIPPort:         {"sip_port", "SIP port", true},
	factUserID:          {"user_id", "User ID", true},
	factDisplayName:     {"display_name", "Display name", true},
	factUserAgent:       {"user_agent", "Device", true},
	factProxy:           {"proxy", "SIP proxy", true},
	factRegistrar:       {"registrar", "Registrar", true},
	factServerAgent:     {"server_agent", "Server software", false},
	factRealm:           {"realm", "Realm", false},
	factAddressOfRecord: {"address_of_record", "Address registered", false},
	factFrom:            {"from", "From", false},
	factCaller:          {"caller", "Caller", true},
	factCallee:          {"callee", "Number called", true},
	factContact:         {"contact", "Contact", false},
	factExpires:         {"expires", "Registered for", false},
	factMediaAddress:    {"media_address", "Media address", false},
	factPublicAddress:   {"public_address", "Address seen by server", false},
	factCallID:          {"call_id", "Call-ID", false},
}

// found adds a fact that was read from part of the message of a hop. part is a slice of the message; nil stands for the whole of it.
func (t *Teller) found(id factID, value string, h *callflow.Hop, part []byte, where string) {
	f := t.add(id, h, part)
	f.Value, f.Where = value, where
}

// add begins a fact that was read from part of the message of a hop, or was looked for there.
func (t *Teller) add(id factID, h *callflow.Hop, part []byte) *Fact {
	t.has |= 1 << id
	f := &t.slots[id]
	*f = Fact{Name: FactNames[id].Name, Label: FactNames[id].Label}
	if h != nil {
		f.Evidence = t.evidence(t.place(h, part))
	}
	return f
}

// place returns the evidence of part of the message of a hop.
func (t *Teller) place(h *callflow.Hop, part []byte) capture.Evidence {
	if len(part) > 0 {
		if at := offsetIn(t.call.Text(h), part); at >= 0 {
			return t.call.EvidenceOf(h, at, at+len(part))
		}
	}
	return t.call.Evidence(h)
}

// offsetIn returns where part begins in whole. A slice of whole is found by its address, because its bytes may stand in whole more than
// once; a copy by a search for the first place with the same bytes. -1 if there is none.
func offsetIn(whole, part []byte) int {
	if len(part) == 0 || len(whole) == 0 {
		return -1
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	if at <= uintptr(len(whole)) && int(at)+len(part) <= len(whole) {
		return int(at)
	}
	return bytes.Index(whole, part)
}

// hidden adds a fact that the call has but the log does not show, or that the user supplied.
func (t *Teller) hidden(id factID, h *callflow.Hop, part []byte, where string) {
	if v, ok := t.assume[FactNames[id].Name]; ok {
		t.assumed(id, v, h, part)
		return
	}
	f := t.add(id, h, part)
	f.Hidden, f.Where = true, where
}

// assumed adds a fact that the user supplied.
func (t *Teller) assumed(id factID, value string, h *callflow.Hop, part []byte) {
	f := t.add(id, h, part)
	f.Value, f.Assumed, f.Where = Shown([]byte(value), 200), true, "supplied by you"
}

const whyMasked = "in this copy of the log"

// findFacts reads the facts of the call.
func (t *Teller) findFacts() {
	c := t.call
	t.has = 0
	near := t.nearRequest()
	t.near = -1
	if near != nil {
		t.near = int(near.From)
		t.deviceFacts(near)
	}
	t.serverFacts(near)
	t.callFacts()
	// In the order of FactNames, and what the user supplied beside it.
	for id := range factIDs {
		if t.has>>id&1 == 0 && len(t.assume) > 0 && len(c.Hops) > 0 && FactNames[id].Assumable {
			if v, ok := t.assume[FactNames[id].Name]; ok {
				t.assumed(id, v, nil, nil)
			}
		}
		if t.has>>id&1 != 0 {
			t.facts = append(t.facts, t.slots[id])
		}
	}
}

// Assumable reports whether the user can supply a fact that the log hides.
func Assumable(name string) bool {
	for i := range FactNames {
		if FactNames[i].Name == name {
			return FactNames[i].Assumable
		}
	}
	return false
}

// fact returns a fact of the call, nil if it has none of that number.
func (t *Teller) fact(id factID) *Fact {
	if t.has>>id&1 == 0 {
		return nil
	}
	return &t.slots[id]
}

// nearRequest returns the first request that the device sent: the device is the host that logged; where none is known, whoever
// made the call.
func (t *Teller) nearRequest() *callflow.Hop {
	c := t.call
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.IsRequest() && h.Direction == capture.Sent && h.Forwards < 0 {
			return h
		}
	}
	for i := range c.Hops {
		if c.Hops[i].Direction == capture.Received {
			return nil // the log is that of the side that is called
		}
	}
	if c.Root >= 0 {
		return &c.Hops[c.Root]
	}
	return nil
}

// deviceFacts reads what a device says about itself in a request of its own.
func (t *Teller) deviceFacts(h *callflow.Hop) {
	m := t.parse(h)
	via, ok := m.TopVia()
	if ok && len(via.Host) > 0 {
		if sip.Masked(via.Host) {
			t.hidden(factDeviceAddress, h, via.Host, whyMasked)
		} else {
			where := "top Via"
			if host := t.call.Observer(h); bytes.Equal(host, via.Host) {
				where = "who logged, and top Via"
			}
			t.found(factDeviceAddress, t.shown(via.Host), h, via.Host, where)
		}
		port := via.PortText
		where := "top Via"
		if contact, has := m.Contact(); has && bytes.Equal(contact.URI.PortText, port) {
			where = "Via and Contact"
		}
		if len(port) > 0 {
			t.found(factSIPPort, t.shown(port), h, port, where)
		} else if len(via.Transport) > 0 {
			p := "5060"
			if bytes.EqualFold(via.Transport, []byte("TLS")) {
				p = "5061"
			}
			t.found(factSIPPort, p, h, via.Host, "no port in Via: the usual one")
		}
	}
	from := t.fromOf(m)
	user := from.URI.User
	switch cred, where := t.username(m); {
	case cred != nil:
		t.found(factUserID, t.shown(cred), t.credHop, cred, where)
	case len(user) > 0 && !from.URI.Masked:
		t.found(factUserID, t.shown(userName(user)), h, user, "From")
	case from.URI.Masked:
		t.hidden(factUserID, h, m.Value(sip.FieldFrom), whyMasked)
	}
	if name := from.Name(); len(name) > 0 {
		t.found(factDisplayName, t.shown(name), h, name, "From")
	}
	if v := m.Value(sip.FieldUserAgent); len(v) > 0 {
		t.found(factUserAgent, t.deviceName(t.shown(v)), h, v, "User-Agent")
	}
	if t.hasSDP(h) {
		if address, port, ok := t.mediaAddress(m); ok {
			t.found(factMediaAddress, t.joined(t.shown(address), ":", t.number(int64(port))), h, address, "SDP of its offer")
		}
	}
}

// username looks for the user name in the credentials of any request of the device.
func (t *Teller) username(first *sip.Message) ([]byte, string) {
	c := t.call
	for i := range c.Hops {
		h := &c.Hops[i]
		if !t.hasCredentials(h) || h.Forwards >= 0 {
			continue
		}
		cr, id, ok := t.parse(h).Credentials()
		if !ok {
			continue
		}
		if v, ok := cr.Get("username"); ok && len(v) > 0 && !sip.Masked(v) {
			t.credHop = h
			return v, t.inField("the name in its credentials", id)
		}
	}
	return nil, ""
}

// inField says in words where something was read: "the challenge (WWW-Authenticate)".
func (t *Teller) inField(what string, id sip.FieldID) string {
	return t.joined(what, " (", id.String(), ")")
}

// deviceName makes a User-Agent readable where its parts are known: "Sipura/SPA3000-2.0.13(GWg)" is a Sipura SPA3000 with
// firmware 2.0.13(GWg).
func (t *Teller) deviceName(agent string) string {
	maker, rest, ok := strings.Cut(agent, "/")
	if !ok || (maker != "Sipura" && maker != "Linksys" && maker != "Cisco") {
		return agent
	}
	model, firmware, ok := strings.Cut(rest, "-")
	if !ok || model == "" || firmware == "" {
		return agent
	}
	return t.joined(maker, " ", model, ", firmware ", firmware)
}

// serverFacts reads what the other side says about itself.
func (t *Teller) serverFacts(near *callflow.Hop) {
	c := t.call
	realmFound, agentFound, publicFound := false, false, near == nil
	var seen []byte // the Via that was looked at last: all responses to a request have the same
	for i := range c.Hops {
		if realmFound && agentFound && publicFound {
			return
		}
		h := &c.Hops[i]
		if !h.IsResponse() || h.Forwards >= 0 {
			continue
		}
		m := t.parse(h)
		if !realmFound {
			if ch, id, ok := m.Challenge(); ok {
				if realm, ok := ch.Get("realm"); ok && len(realm) > 0 {
					t.found(factRealm, t.shown(realm), h, realm, t.inField("the challenge", id))
					realmFound = true
				}
			}
		}
		if !agentFound && t.serves(h) {
			if v := m.Value(sip.FieldServer); len(v) > 0 && !spalog.IsAgent(v) { // an adapter's name came through the server
				t.found(factServerAgent, t.shown(v), h, v, "Server")
				agentFound = true
			} else if v := m.Value(sip.FieldUserAgent); len(v) > 0 && !spalog.IsAgent(v) {
				t.found(factServerAgent, t.shown(v), h, v, "User-Agent of its responses")
				agentFound = true
			}
		}
		if publicFound || h.Transaction < 0 {
			continue
		}
		if v := m.Value(sip.FieldVia); len(v) == 0 || !bytes.Equal(v, seen) {
			seen = v
			publicFound = (len(v) == 0 || mayHaveReceived(v)) && t.publicAddress(h, m)
		}
	}
}

// serves reports whether a response comes from a server: from the other side of a device's log, or from the host that logs where that is the proxy, registrar or PBX itself;
// not from the telephone that was called.
func (t *Teller) serves(h *callflow.Hop) bool {
	role := callflow.RoleUnknown
	if h.From >= 0 {
		role = t.call.Participants[h.From].Role
	}
	switch role {
	case callflow.RoleProxy, callflow.RoleRegistrar:
		return true
	case callflow.RoleServer: // whoever is asked OPTIONS serves, too, and may be the telephone whose log it is
		return h.Direction != capture.Sent || t.call.Kind == callflow.KindCall
	case callflow.RoleCaller, callflow.RoleCallee:
		return false
	}
	return h.Direction != capture.Sent
}

// mayHaveReceived reports whether a Via may have the parameter received: most have not, and then need not be taken apart.
func mayHaveReceived(via []byte) bool {
	// A parameter begins behind a semicolon or white space (RFC 3261 §25.1, SEMI), where a stack forgot the semicolon too.
	for i := 0; i+2 < len(via); i++ {
		if c := via[i]; (c == ';' || c <= ' ') && via[i+1]|0x20 == 'r' && via[i+2]|0x20 == 'e' {
			return true
		}
	}
	return false
}

// publicAddress looks in the top Via of a response for the address that the server saw, and reports whether it is a fact.
func (t *Teller) publicAddress(h *callflow.Hop, m *sip.Message) bool {
	via, ok := m.TopVia()
	if !ok {
		return false
	}
	v, ok := via.Params.Get("received")
	if !ok || len(v) == 0 || bytes.Equal(v, via.Host) || sip.Masked(v) || !isAddress(via.Host) {
		return false
	}
	value := t.shown(v)
	if p, ok := via.Params.Get("rport"); ok && len(p) > 0 {
		value = t.joined(value, ":", t.shown(p))
	}
	t.found(factPublicAddress, value, h, v, "received in Via: another address than the device's own, so there is a NAT between")
	return true
}

// isAddress reports whether a host is an address, not a name. A name in Via says nothing about a NAT.
func isAddress(host []byte) bool {
	_, err := netip.ParseAddr(string(bytes.Trim(host, "[]")))
	return err == nil
}

// callFacts reads who calls whom, through which proxy.
func (t *Teller) callFacts() {
	c := t.call
	if c.Root < 0 {
		return
	}
	h := &c.Hops[c.Root]
	m := t.parse(h)
	from, to := t.fromOf(m), t.toOf(m)
	// Who calls; of a registration whose it is (To; RFC 3261 §10.2); of another request who sends it.
	who, field, address, where := factCaller, sip.FieldFrom, from, "From"
	switch c.Kind {
	case callflow.KindCall:
	case callflow.KindRegistration:
		who, field, address, where = factAddressOfRecord, sip.FieldTo, to, "To"
	default:
		who = factFrom
	}
	switch {
	case address.URI.Masked:
		t.hidden(who, h, m.Value(field), whyMasked)
	case len(address.URI.Raw) > 0:
		t.found(who, t.uriName(address.URI), h, address.URI.Raw, where)
	}
	uri := m.RequestURI()
	if c.Kind == callflow.KindCall {
		switch {
		case to.URI.Masked:
			t.hidden(factCallee, h, m.Value(sip.FieldTo), whyMasked)
		case len(to.URI.Raw) > 0:
			t.found(factCallee, t.uriName(to.URI), h, to.URI.Raw, "To")
		}
	}
	server, known := factProxy, true
	switch c.Kind {
	case callflow.KindRegistration:
		server = factRegistrar
		t.registrationFacts(h, m)
	case callflow.KindCall:
	default:
		known = false
	}
	if known && t.through(h) {
		switch route := m.Value(sip.FieldRoute); {
		case len(route) > 0 && server == factProxy:
			a := sip.ParseAddress(route)
			t.found(server, t.hostPort(a.URI), h, a.URI.Raw, "Route")
		case uri.Masked:
			t.hidden(server, h, uri.Raw, whyMasked)
		case len(uri.Host) > 0:
			t.found(server, t.hostPort(uri), h, uri.Host, "Request-URI")
		}
	}
	if id := c.FirstCallID(); len(id) > 0 {
		if c.MaskedCallID {
			t.hidden(factCallID, h, m.Value(sip.FieldCallID), whyMasked)
		} else {
			t.found(factCallID, t.shown(id), h, m.Value(sip.FieldCallID), "Call-ID")
		}
	}
}

// through reports whether the request goes to a server, not right to the telephone that is called.
func (t *Teller) through(h *callflow.Hop) bool {
	if h.To < 0 {
		return t.call.Kind == callflow.KindRegistration
	}
	switch t.call.Participants[h.To].Role {
	case callflow.RoleProxy, callflow.RoleRegistrar, callflow.RoleServer:
		return true
	}
	return false
}

// registrationFacts reads where a registration says that the user is, and for how long.
func (t *Teller) registrationFacts(h *callflow.Hop, m *sip.Message) {
	if a, ok := m.Contact(); ok && !a.Star {
		if a.URI.Masked {
			t.hidden(factContact, h, m.Value(sip.FieldContact), whyMasked)
		} else {
			t.found(factContact, t.uriName(a.URI), h, a.URI.Raw, "Contact")
		}
	}
	for i := range t.call.Hops {
		r := &t.call.Hops[i]
		if r.Method != sip.MethodRegister || r.Status/100 != 2 || r.Forwards >= 0 {
			continue
		}
		rm := t.parse(r)
		a, ok := rm.Contact()
		if ok && r.Transaction >= 0 {
			if q := t.call.Transactions[r.Transaction].Request; q >= 0 && t.call.OnlyOthers(q, i) {
				continue // for how long somebody else is registered
			} else if q >= 0 {
				if own, found := callflow.OwnBinding(t.parse(&t.call.Hops[q]), rm); found {
					a = own
				}
			}
		}
		if ok {
			if e, ok := a.Params.Get("expires"); ok {
				t.found(factExpires, t.joined(t.shown(e), " s"), r, e, "expires in the Contact of the 200")
				return
			}
		}
		if e := rm.Value(sip.FieldExpires); len(e) > 0 {
			t.found(factExpires, t.joined(t.shown(e), " s"), r, e, "Expires of the 200")
			return
		}
	}
}
