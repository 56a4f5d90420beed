package explain

import (
	"sipscribe/internal/callflow"
	"sipscribe/sip"
)

// One Call-ID may carry the registrations of several addresses of record: a server that registers lines, a test program. What is registered is that of the address in To
// (RFC 3261 §10.2), not of the Call-ID.

// addressState is what the REGISTERs of a call have come to for one address of record.
type addressState struct {
	name string // as the story names it
	up   bool   // registered now
}

// maxAddresses is for how many addresses of record of one Call-ID that is kept.
const maxAddresses = 64

// addressOf returns what is kept of an address of record; nil if there is nothing, or no place for it.
func (t *Teller) addressOf(name string, make bool) *addressState {
	for i := range t.addresses {
		if t.addresses[i].name == name {
			return &t.addresses[i]
		}
	}
	if !make || len(t.addresses) == maxAddresses {
		return nil
	}
	t.addresses = append(t.addresses, addressState{name: name})
	return &t.addresses[len(t.addresses)-1]
}

// registeredNow reports whether an address of record is registered where the story stands.
func (t *Teller) registeredNow(name string) bool {
	a := t.addressOf(name, false)
	return a != nil && a.up
}

// setRegistered notes that an address of record is registered now, or no more.
func (t *Teller) setRegistered(name string, up bool) {
	if a := t.addressOf(name, true); a != nil {
		a.up = up
	}
	t.state.everLive = t.state.everLive || up
}

// lastAddress returns the address of record of the last REGISTER that was told, and what is kept of it.
func (t *Teller) lastAddress() (string, addressState) {
	for i := len(t.call.Hops) - 1; i >= 0; i-- {
		if h := &t.call.Hops[i]; h.IsRequest() && h.Method == sip.MethodRegister {
			name := t.registrant(t.parse(h))
			if a := t.addressOf(name, false); a != nil {
				return name, *a
			}
			return name, addressState{}
		}
	}
	return "", addressState{}
}

// severalAddresses reports whether the REGISTERs of a call are for more than one address of record, as far as is kept.
func (t *Teller) severalAddresses() bool {
	return t.call.Kind == callflow.KindRegistration && len(t.addresses) > 1
}

// lastRemoves reports whether the last REGISTER asks for nothing but that registrations be removed.
func (t *Teller) lastRemoves() bool {
	for i := len(t.call.Hops) - 1; i >= 0; i-- {
		if h := &t.call.Hops[i]; h.IsRequest() && h.Method == sip.MethodRegister {
			return !h.HeaderCut() && callflow.Unregisters(t.parse(h))
		}
	}
	return false
}
