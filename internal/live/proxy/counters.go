package proxy

import "sipscribe/digest"

// Counters count what a proxy did. They are read between its methods, by whoever may call those.
type Counters struct {
	Received, NotSIP     uint64
	Relayed              uint64 // requests
	Relaying             int    // now, until their last timer has run out
	Pending              int    // now, without a final response
	Acks                 uint64
	Challenged, Stale    uint64
	Refused              uint64 // requests that were answered here by 4xx to 6xx, challenges aside
	Registered           uint64 // REGISTERs that were accepted
	Expired              uint64 // bindings that ran out
	Silenced             uint64 // answers that a source was not given, since it had been given too many
	Limited              uint64 // requests refused since a source sent too many
	Full                 uint64 // requests refused since there were too many transactions
	WrongPassword        uint64
	NotRelayed, NoAnswer uint64 // responses that were not ours to relay; requests that got no final response
}

// Counters returns what was done so far.
func (p *Proxy) Counters() Counters { return p.counters }

// Digest returns what the two authorities did: of 407 and of 401.
func (p *Proxy) Digest() (proxy, registrar digest.Counters) {
	if p.authority == nil {
		return
	}
	return p.authority.Counters(), p.registry.Counters()
}
