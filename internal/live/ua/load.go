package ua

import (
	"sipscribe/internal/live/dialog"
	"sipscribe/internal/live/transaction"
)

// Load is what a phone holds at the moment, for metrics and for those who look for leaks.
type Load struct {
	Transactions transaction.Counts
	Calls        int // not over; at most one a line
	Sessions     int // confirmed dialogs, and for 64·T1 those that have ended
	Lookups      int // addresses that are being asked for
}

// Load returns what the phone holds.
func (p *Phone) Load() Load {
	l := Load{Transactions: p.layer.Counts(), Sessions: len(p.sessions), Lookups: len(p.waiting)}
	for _, line := range p.lines {
		if line.call != nil {
			l.Calls++
		}
	}
	return l
}

// Dialogs returns the confirmed dialogs that go on as far as the phone knows, in no order: neither side has ended them, and this one does not
// want to.
func (p *Phone) Dialogs() []dialog.ID {
	var list []dialog.ID
	for id, s := range p.sessions {
		if !s.over && !s.ending && !s.byeAfter {
			list = append(list, id)
		}
	}
	return list
}
