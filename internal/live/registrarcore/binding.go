package registrarcore

import (
	"errors"
	"slices"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Binding is an address of record's contact (§10).
type Binding struct {
	// URI is the contact's, as written.
	URI string
	// DisplayName is as written, with its quotes.
	DisplayName string
	// Params are the parameters of the Contact value but expires, as written: ";q=0.5;+sip.instance=…".
	Params string
	// Q is the preference in thousandths, 1000 where none was given.
	Q uint16
	// Instance and RegID are +sip.instance (without quotes) and reg-id (RFC 5626 §4.1); RegID 0: none, or not to be obeyed.
	Instance string
	RegID    uint32
	// CallID and CSeq are those of the REGISTER (§10.3 step 7).
	CallID string
	CSeq   uint32
	// Path are the values that a request to the contact has in its Route (RFC 3327 §5.4).
	Path []string
	// Flow, if it has a transport, is where requests to the contact go instead of the address in URI: the way by which the REGISTER came.
	Flow live.Flow
	// Updated is when it was last refreshed, Expires when it runs out.
	Updated, Expires time.Time
}

// ErrConflict: the bindings were changed since they were loaded.
var ErrConflict = errors.New("registrarcore: the bindings were changed by somebody else")

// ErrFull: the store holds as many addresses of record as it may.
var ErrFull = errors.New("registrarcore: no room for another address of record")

// Bindings keeps bindings by address of record, in the form that AOR gives it. A node that shares them with others implements it over what
// they share.
type Bindings interface {
	// Load returns the bindings of an address of record, run out or not, and their version: 0 if there are none. The slice is not to be
	// changed.
	Load(aor string) ([]Binding, uint64, error)
	// Store puts bindings in the place of those that were loaded with a version, all or none, and takes the slice over; none deletes the
	// address of record. It fails with ErrConflict if that is not the version any more, with ErrFull, or with an error of its own.
	Store(aor string, bindings []Binding, version uint64) error
}

// unexpired returns a copy of the bindings that have not run out.
func unexpired(bindings []Binding, now time.Time) []Binding {
	var out []Binding
	for _, b := range bindings {
		if now.Before(b.Expires) {
			out = append(out, b)
		}
	}
	return out
}

func sortBindings(bindings []Binding) {
	slices.SortStableFunc(bindings, func(a, b Binding) int {
		if a.Q != b.Q {
			return int(b.Q) - int(a.Q)
		}
		return b.Updated.Compare(a.Updated)
	})
}

// apply makes the changes that a request asks for on current, which it may change, and returns what comes out; or says what is owed,
// and then nothing of them is made (§10.3 steps 6 and 7).
func (r *Registrar) apply(now time.Time, q *request, current []Binding) ([]Binding, Answer, bool) {
	if q.fetch {
		return current, Answer{}, true
	}
	if q.all {
		for i := range current {
			// "it MUST remove the binding. If it does agree, it MUST remove the binding only if the CSeq in the request is higher than the value
			// stored for that binding. Otherwise, the update MUST be aborted and the request fails."
			if q.isLate(&current[i]) {
				return nil, r.late(), false
			}
		}
		return nil, Answer{}, true
	}
	// Whether a request is late is told by the bindings before it: two values of it may name one contact, and then the last counts.
	for i := range q.contacts {
		if at := find(current, &q.contacts[i]); at >= 0 && q.isLate(&current[at]) {
			return nil, r.late(), false
		}
	}
	for i := range q.contacts {
		c := &q.contacts[i]
		at := find(current, c)
		if c.expires == 0 {
			if at >= 0 {
				current = slices.Delete(current, at, at+1)
			}
			continue
		}
		b := c.Binding
		b.CallID, b.CSeq = q.callID, q.cseq
		b.Updated, b.Expires = now, now.Add(c.expires)
		if at >= 0 {
			current[at] = b
		} else {
			current = append(current, b)
		}
	}
	if len(current) > r.cfg.MaxContacts {
		return nil, r.tooMany(), false
	}
	return current, Answer{}, true
}

// isLate reports whether a request came after a later one of the same UA: "This algorithm ensures that out-of-order requests from the same
// UA are ignored."
func (q *request) isLate(b *Binding) bool { return b.CallID == q.callID && q.cseq <= b.CSeq }

func (r *Registrar) late() Answer {
	return refuse(500, "the request is older than the last one of its Call-ID") // "the update MUST be aborted and the request fails"
}

// find returns which binding a contact is, -1 if it is none of them: by instance and reg-id where it has both (RFC 5626 §6), else by comparing
// the URIs (§10.3 step 7). Two instances of one URI are two devices, as behind two NATs.
func find(bindings []Binding, c *contact) int {
	for i := range bindings {
		b := &bindings[i]
		if c.RegID != 0 && b.RegID != 0 {
			if c.Instance == b.Instance && c.RegID == b.RegID {
				return i
			}
			continue
		}
		if c.Instance != "" && b.Instance != "" && c.Instance != b.Instance {
			continue
		}
		u := sip.ParseURI([]byte(b.URI))
		if c.uri.Equal(&u) {
			return i
		}
	}
	return -1
}
