package proxy

import (
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// EventKind says what happened.
type EventKind uint8

const (
	// EventRegistered: bindings of a user were added, refreshed or removed.
	EventRegistered EventKind = iota + 1
	// EventWrongPassword: credentials for our realm that were wrong, or of somebody unknown.
	EventWrongPassword
	// EventLimited: a source has sent too many requests, or tried too many passwords.
	EventLimited
	// EventSilenced: a source has been sent so much without saying who it is that it is told nothing more.
	EventSilenced
	// EventFull: there were as many transactions as there may be.
	EventFull
	// EventRefused: any other request that was answered here by 4xx to 6xx, challenges aside.
	EventRefused
	// EventUnlocated: a gateway, a phone or another's domain was to get a request, and its name has no address.
	EventUnlocated
	// EventGateway: a gateway refuses the account that the proxy has there, or says nothing to a call.
	EventGateway
	eventKinds
)

var eventNames = [eventKinds]string{EventRegistered: "registered", EventWrongPassword: "wrong password", EventLimited: "limited", EventSilenced: "silenced",
	EventFull: "full", EventRefused: "refused", EventUnlocated: "no address",
	EventGateway: "gateway"}

func (k EventKind) String() string {
	if k < eventKinds {
		return eventNames[k]
	}
	return ""
}

// Event is something that an operator may want to know. What it holds came over the network, and is not to be printed as it is.
type Event struct {
	Kind   EventKind
	From   live.Flow
	Method string
	// Status of the answer, 0 if there was none.
	Status int
	// User is who he says he is; in EventRegistered the address of record.
	User string
	// Because says why, for people.
	Because string
	// Contacts is how many there are, in EventRegistered.
	Contacts int
	// Wait is for how long, in EventLimited.
	Wait time.Duration
}

// tell tells an event, if there is anybody to be told.
func (p *Proxy) tell(k EventKind, from live.Flow, m *sip.Message, e Event) {
	if p.cfg.Notify == nil {
		return
	}
	e.Kind, e.From, e.Method = k, from, string(m.MethodName())
	p.cfg.Notify(e)
}
