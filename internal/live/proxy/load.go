package proxy

import "sipscribe/internal/live/transaction"

// Load is what a proxy holds at the moment, for those who look for leaks.
type Load struct {
	Transactions transaction.Counts
	Relays       int // requests being relayed
	Lookups      int // addresses that are being asked for
	Wakes        int // times at which relays want to be woken
}

// Load returns what the proxy holds.
func (p *Proxy) Load() Load {
	return Load{Transactions: p.layer.Counts(), Relays: p.counters.Relaying, Lookups: len(p.waiting), Wakes: len(p.wakes)}
}
