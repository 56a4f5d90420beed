// Package registrarcore is the core of a registrar (RFC 3261 §10.3, with Path of RFC 3327, Service-Route of RFC 3608 and the bindings to a
// flow of RFC 5626 §6) as a machine without I/O: a REGISTER comes in, bindings change or do not, and the response owed comes out.
//
//	REGISTER ─▶ Registrar.Register ─▶ Bindings.Load ─ all changes tried on a copy ─ Bindings.Store ─▶ 200 with every binding left
//	                                       ▲                                            │
//	                                       └───────── somebody else was faster ─────────┘   (ErrConflict: at most MaxTries)
//
//	address of record            Contact                        expires  Call-ID, CSeq  flow
//	sip:spa1@sip.voip-info.org   <sip:spa1@192.168.0.2:5062>    3600     a84b4c76e, 2   udp 203.0.113.7:33012
//	                             <sip:spa1@198.51.100.9>;q=0.5   600     843817637, 9   udp 198.51.100.9:5060
//
// A change is made whole or not at all: the bindings of one address of record are replaced in one step that fails if they were changed since
// they were read, so that several nodes can share a store.
package registrarcore

import (
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Defaults of Config, and limits.
const (
	DefaultExpires     = time.Hour      // §10.2: also for a value that cannot be read (§20.10)
	DefaultMinExpires  = time.Minute    // shorter ones are answered with a 423
	DefaultMaxExpires  = 24 * time.Hour // longer ones are shortened
	DefaultMaxContacts = 10             // of one address of record
	MaxTries           = 4              // to store a change that others cross
	MaxValue           = 2048           // bytes of one Contact or Path value
	MaxPath            = 16             // values of Path
)

// Config says what a registrar does.
type Config struct {
	// Domains for which it keeps bindings (§10.3).
	Domains []string
	// Bindings keeps them.
	Bindings Bindings
	// Expires is given where none is asked for; MinExpires and MaxExpires bound what may be asked for. 0: the defaults.
	Expires, MinExpires, MaxExpires time.Duration
	// MaxContacts of one address of record. 0: the default.
	MaxContacts int
	// Extensions are the option tags in Require that are understood. Nil: path and outbound.
	Extensions []string
	// PathAlways takes a Path from a UA that does not say that it supports it; otherwise that is answered with a 420 (RFC 3327 §5.3).
	PathAlways bool
	// ServiceRoute goes into each 200 (RFC 3608 §6.1).
	ServiceRoute []string
}

// Registrar answers REGISTER. Its methods are called by one goroutine at a time.
type Registrar struct {
	cfg        Config
	validator  sip.Validator
	violations []sip.Violation
}

// Answer is what became of a REGISTER.
type Answer struct {
	// Drop: nothing is owed. Otherwise Reply, without a To tag, is.
	Drop  bool
	Reply live.Reply
	// AOR is the address of record concerned, "" where it was not reached.
	AOR string
	// Changed: bindings were added, refreshed or removed; Bindings are those that there are now.
	Changed  bool
	Bindings []Binding
	// Because says why it failed, for people; "" if it did not.
	Because string
}

// New checks the configuration.
func New(cfg Config) (*Registrar, error) { return &Registrar{cfg: cfg}, nil }

// Check tells whether a message is a REGISTER that can be processed (§10.3 steps 1 and 2), and what is owed if not. It comes before
// authentication.
func (r *Registrar) Check(m *sip.Message) (Answer, bool) { return Answer{}, false }

// Register processes a REGISTER that came over a flow (§10.3). authorized says whether whoever sent it, as far as is known, may change the
// bindings of its address of record (step 4): see AOR.
func (r *Registrar) Register(now time.Time, m *sip.Message, from live.Flow, authorized bool) Answer {
	return Answer{}
}

// Lookup returns the bindings of an address of record that have not run out, the highest q first, and of equal ones the one that was
// refreshed last.
func (r *Registrar) Lookup(now time.Time, aor string) ([]Binding, error) { return nil, nil }
