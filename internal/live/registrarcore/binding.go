package registrarcore

import (
	"errors"
	"time"

	"sipscribe/internal/live"
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
