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
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/capture"
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
	MaxValue           = 2048           // bytes of one Contact or Path value, or of a Call-ID
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
	// ServiceRoute goes into each 200 (RFC 3608 §6.3).
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
	// Changed: bindings were added, refreshed or removed. Bindings are those that there are now, in a 200.
	Changed  bool
	Bindings []Binding
	// Because says why it failed, for people; "" if it did not.
	Because string
}

// New checks the configuration.
func New(cfg Config) (*Registrar, error) {
	if cfg.Bindings == nil {
		return nil, errors.New("registrarcore: no place to keep bindings")
	}
	if len(cfg.Domains) == 0 {
		return nil, errors.New("registrarcore: no domain to keep bindings for")
	}
	or := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
		*d = d.Truncate(time.Second)
	}
	or(&cfg.Expires, DefaultExpires)
	or(&cfg.MinExpires, DefaultMinExpires)
	or(&cfg.MaxExpires, max(DefaultMaxExpires, cfg.MinExpires))
	if cfg.MinExpires > cfg.MaxExpires {
		return nil, fmt.Errorf("registrarcore: the least time to expire, %v, is more than the greatest, %v", cfg.MinExpires, cfg.MaxExpires)
	}
	if cfg.MinExpires > time.Hour {
		// "If and only if the requested expiration interval is greater than zero AND smaller than one hour AND less than a
		// registrar-configured minimum" (§10.3 step 7).
		return nil, fmt.Errorf("registrarcore: the least time to expire, %v, is more than an hour, which nobody may be refused (RFC 3261 §10.3)", cfg.MinExpires)
	}
	if cfg.MaxContacts <= 0 {
		cfg.MaxContacts = DefaultMaxContacts
	}
	if cfg.Extensions == nil {
		cfg.Extensions = []string{"path", "outbound"}
	}
	return &Registrar{cfg: cfg, validator: sip.Validator{Role: sip.RoleRegistrar, Extensions: cfg.Extensions}}, nil
}

// Check tells whether a message that came over a flow is a REGISTER that can be processed, for a domain of ours (§10.3 steps 1 and 2, §8.2), and
// if not what is owed. It comes before authentication (step 3), and Register does it again.
func (r *Registrar) Check(m *sip.Message, from live.Flow) (Answer, bool) {
	if !m.IsRequest() {
		return Answer{Drop: true}, false
	}
	r.validator.Stream = from.Transport != capture.UDP
	r.violations = r.validator.Append(r.violations[:0], m)
	because := decisive(r.violations)
	switch {
	case because.Code == sip.ViolationNone:
	case because.Status == 0:
		return Answer{Drop: true, Because: because.Text}, false
	default:
		a := refuse(because.Status, because.Text)
		switch because.Status {
		case 400:
			a.Reply.Reason = "Bad Request (" + because.Text + ")" // §21.4.1
		case 405:
			a.Reply.Fields = []sip.DraftField{{Name: "Allow", Value: "REGISTER"}} // §21.4.6: MUST
		case 420:
			// §8.2.2.3: "MUST add an Unsupported header field, and list in it those options it does not understand".
			var tags []string
			for _, v := range r.violations {
				if v.Code == sip.ViolationRequire {
					tags = append(tags, string(m.Text(v.Span)))
				}
			}
			a.Reply.Fields = []sip.DraftField{{Name: "Unsupported", Value: strings.Join(tags, ", ")}}
		}
		return a, false
	}
	u := m.RequestURI()
	if !r.isDomain(u.Host) {
		// Step 1: a server that is a proxy too SHOULD forward it, and does not come here.
		return refuse(404, "the Request-URI names a domain that is not served here"), false
	}
	return Answer{}, true
}

// decisive returns the violation for which a REGISTER cannot be processed: the first fatal one, and without one the first in what the registrar
// needs and cannot read.
func decisive(violations []sip.Violation) sip.Violation {
	for _, v := range violations {
		if v.Severity == sip.SeverityFatal {
			return v
		}
	}
	for _, v := range violations {
		if v.Severity != sip.SeverityRepairable {
			continue
		}
		switch v.Code {
		case sip.ViolationNumber, sip.ViolationQValue:
			continue // "Malformed values SHOULD be treated as equivalent to 3600" (§20.10)
		case sip.ViolationMaxForwards, sip.ViolationDate, sip.ViolationWarning, sip.ViolationJunkBefore, sip.ViolationStartLineBlanks,
			sip.ViolationBranchEmpty, sip.ViolationContentLengths, sip.ViolationBodyLong, sip.ViolationNoContentLength, sip.ViolationNoContentType:
			continue // nothing hangs on it
		case sip.ViolationRepeated:
			if v.Field != sip.FieldExpires {
				continue
			}
		}
		return v
	}
	return sip.Violation{}
}

func refuse(status int, because string) Answer {
	return Answer{Reply: live.Reply{Status: status}, Because: because}
}

// isDomain reports whether a host is a domain of ours.
func (r *Registrar) isDomain(host []byte) bool {
	h := strings.TrimSuffix(string(host), ".")
	for _, d := range r.cfg.Domains {
		if strings.EqualFold(h, strings.TrimSuffix(d, ".")) {
			return true
		}
	}
	return false
}

// Register processes a REGISTER that came over a flow (§10.3). authorized says whether whoever sent it, as far as is known, may change the
// bindings of its address of record (step 4): see AOR.
func (r *Registrar) Register(now time.Time, m *sip.Message, from live.Flow, authorized bool) Answer {
	if a, ok := r.Check(m, from); !ok {
		return a
	}
	if !authorized {
		return refuse(403, "the address of record is somebody else's") // step 4
	}
	to := m.To()
	aor, ok := AOR(&to.URI)
	if !ok || !r.isDomain(to.URI.Host) {
		// Step 5: "If the address-of-record is not valid for the domain in the Request-URI, the registrar MUST send a 404".
		return refuse(404, "the address of record is of no domain that is served here")
	}
	req, a, ok := r.read(m, from)
	if !ok {
		a.AOR = aor
		return a
	}
	for range MaxTries {
		stored, version, err := r.cfg.Bindings.Load(aor)
		if err != nil {
			return r.failed(aor, err)
		}
		current := unexpired(stored, now)
		next, a, ok := r.apply(now, req, current)
		if !ok {
			a.AOR = aor
			return a
		}
		if !req.fetch {
			switch err := r.cfg.Bindings.Store(aor, next, version); {
			case errors.Is(err, ErrConflict):
				continue
			case err != nil:
				return r.failed(aor, err)
			}
		}
		return r.accept(now, m, aor, req, next)
	}
	return r.failed(aor, ErrConflict)
}

// failed: "If any one of them fails (for example, because the back-end database commit failed), the request MUST fail with a 500 (Server Error)
// response and all tentative binding updates MUST be removed" (§10.3 step 7).
func (r *Registrar) failed(aor string, err error) Answer {
	a := refuse(500, err.Error())
	a.AOR = aor
	return a
}

// accept writes the 200 (§10.3 step 8): every binding that there is, with the time that is left to it.
func (r *Registrar) accept(now time.Time, m *sip.Message, aor string, req *request, bindings []Binding) Answer {
	reply := live.Reply{Status: 200}
	add := func(name, value string) {
		reply.Fields = append(reply.Fields, sip.DraftField{Name: name, Value: value})
	}
	for i := range bindings {
		add("Contact", string(bindings[i].appendContact(nil, now)))
	}
	if !req.fetch {
		for _, p := range req.path {
			add("Path", p) // RFC 3327 §5.3
		}
	}
	for _, s := range r.cfg.ServiceRoute {
		add("Service-Route", s) // RFC 3608 §6.3
	}
	if req.outbound {
		add("Require", "outbound") // RFC 5626 §6
	}
	add("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")) // "SHOULD include a Date header field"
	return Answer{Reply: reply, AOR: aor, Changed: !req.fetch, Bindings: bindings}
}

// appendContact appends a binding as a Contact value with the time that is left, in whole seconds, rounded up so that one that is there has some.
func (b *Binding) appendContact(dst []byte, now time.Time) []byte {
	if b.DisplayName != "" {
		dst = append(append(dst, b.DisplayName...), ' ')
	}
	dst = append(dst, '<')
	dst = append(dst, b.URI...)
	dst = append(dst, '>')
	dst = append(dst, b.Params...)
	dst = append(dst, ";expires="...)
	left := (b.Expires.Sub(now) + time.Second - 1) / time.Second
	return strconv.AppendInt(dst, int64(max(left, 0)), 10)
}

// Lookup returns the bindings of an address of record that have not run out, the highest q first, and of equal ones the one that was
// refreshed last.
func (r *Registrar) Lookup(now time.Time, aor string) ([]Binding, error) {
	stored, _, err := r.cfg.Bindings.Load(aor)
	if err != nil {
		return nil, err
	}
	out := unexpired(stored, now)
	sortBindings(out)
	return out, nil
}
