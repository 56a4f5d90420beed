package sim

import (
	"sipscribe/internal/live/dialog"
)

// ghosts looks for calls that one side is in and the other is not: a confirmed dialog of a telephone whose mirror image no other has.
//
// Two kinds cannot be helped without RFC 4028: a side that was restarted cannot say goodbye, and a BYE that the network lost as often as it was
// sent ends the call on one side only (RFC 3261 §15.1.1: the UAC considers the session terminated all the same).
func (w *world) ghosts() {
	for _, st := range w.phones {
		for _, id := range st.phone.Dialogs() {
			if w.hasMirror(st, id) || w.excused(st, id) {
				continue
			}
			w.watch.fail("ghost", "%s is in a call that nobody else is in: %s, tags %s and %s", st.set.Name, id.CallID, id.LocalTag, id.RemoteTag)
		}
	}
}

func (w *world) hasMirror(st *station, id dialog.ID) bool {
	for _, o := range w.phones {
		if o == st {
			continue
		}
		for _, other := range o.phone.Dialogs() {
			if other.CallID == id.CallID && other.LocalTag == id.RemoteTag && other.RemoteTag == id.LocalTag {
				return true
			}
		}
	}
	return false
}

func (w *world) excused(st *station, id dialog.ID) bool {
	if len(id.RemoteTag) >= 5 && id.RemoteTag[:5] == "robot" || id.RemoteTag == "dialler" {
		return true
	}
	for _, o := range w.phones {
		if o == st || o.restarted.IsZero() {
			continue
		}
		for _, c := range o.order { // a repeat of the INVITE may have made it ring again after the restart
			if c.id == id.CallID && !c.begun.After(o.restarted) {
				return true
			}
		}
	}
	return w.watch.byeLost(id.CallID)
}

// leaks looks at what is left when the last timer has run out.
func (w *world) leaks(settled bool) {
	if !settled {
		for _, n := range w.net.Nodes() {
			if next := n.Element.Next(); !next.IsZero() {
				w.watch.fail("leak", "%s still wants to be woken at %v, three hours after everybody has hung up", n.Name, next.Sub(start))
			}
		}
	}
	for _, st := range w.phones {
		if l := st.phone.Load(); l.Transactions.All() != 0 || l.Calls != 0 || l.Sessions != 0 || l.Lookups != 0 || !st.phone.Idle() {
			w.watch.fail("leak", "%s has %d transactions, %d calls, %d sessions, %d lookups left", st.set.Name, l.Transactions.All(), l.Calls, l.Sessions, l.Lookups)
		}
	}
	for _, p := range w.proxies {
		if l := p.proxy.Load(); l.Transactions.All() != 0 || l.Relays != 0 || l.Lookups != 0 || l.Wakes != 0 {
			w.watch.fail("leak", "%s has %d transactions, %d relays, %d lookups, %d times to wake left", p.node.Name, l.Transactions.All(), l.Relays, l.Lookups, l.Wakes)
		}
		for _, user := range []string{numberPhones, numberOther, numberCaller, "2002"} {
			if b, err := p.proxy.Lookup(w.net.Now(), "sip:"+user+"@"+domains[p.index]); err != nil || len(b) != 0 {
				w.watch.fail("leak", "%s still has %d bindings of %s (%v)", p.node.Name, len(b), user, err)
			}
		}
	}
}
