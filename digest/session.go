package digest

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// DefaultMaxAuth is how many challenges a request is answered: the SPA's parameter Max Auth, and its default.
const DefaultMaxAuth = 2

// SessionConfig is what a session is made of: an account at one server.
type SessionConfig struct {
	Username string // Auth ID, or User ID
	Password string
	// HA1 in place of Password, by algorithm without "-sess", for the one realm in Realms.
	HA1 map[Algorithm]string
	// Realms that are answered; none: the first realm that the server names, and no other from then on. Who hands over challenges
	// makes sure that they come from the server that the account is for.
	Realms []string
	// Algorithms that may be used, in any order: the server's preference counts (RFC 8760 §2.4); none: all.
	Algorithms []Algorithm
	// MaxAuth is how many challenges a request is answered, stale ones too; 0: DefaultMaxAuth; negative: none.
	MaxAuth int
	// Preemptive: requests go out with credentials for the realms that have challenged before. Without it, as an SPA does, only after
	// a challenge in the same Call-ID (RFC 3261 §22.3).
	Preemptive bool
	// NameAlgorithm names the algorithm also where the challenge did not, as an SPA does. RFC 7616 §3.4: it "must be" as supplied.
	NameAlgorithm bool
	// Rand is where client nonces come from.
	Rand io.Reader
}

// Session is the client side: what an account knows of the realms that challenged it (RFC 7616 §3.6). It is not safe for concurrent use.
type Session struct {
	cfg    SessionConfig
	spaces []*space
	hasher hasher
}

// space is a protection space: a realm (RFC 3261 §22.1: "the realm string alone defines the protection domain"), of proxies or of the others.
type space struct {
	challenge  Challenge
	qop        QOP
	ha1        string
	nc         uint32
	cnonce     string // of the credentials last made; "-sess" keeps that of the first
	generation uint64 // of the nonce
}

// Attempt is what a request has been through, with its repeats after challenges. The zero value is one that nobody has challenged.
type Attempt struct {
	challenges int
	sent       []sent
}

// sent is a space that the request has credentials for.
type sent struct {
	space      *space
	generation uint64 // of the nonce that went out last
	answered   bool   // after a challenge to this very request
}

// Next begins the next request of the same Call-ID: it carries credentials for the realms that have challenged so far (RFC 3261 §22.3), and is
// answered anew.
func (a *Attempt) Next() {
	a.challenges = 0
	for i := range a.sent {
		a.sent[i].answered = false
	}
}

// Follow returns the attempt of a further request of the same Call-ID, which Next has begun, and leaves that of this one as it is: two requests
// of a dialog can be on their way at once.
func (a *Attempt) Follow() Attempt {
	b := Attempt{sent: slices.Clone(a.sent)}
	b.Next()
	return b
}

// Challenges returns how many responses with challenges the request has had.
func (a *Attempt) Challenges() int { return a.challenges }

// Why a challenge is not answered.
var (
	// ErrMaxAuth: the request has been challenged too often (Max Auth).
	ErrMaxAuth = errors.New("challenged too often")
	// ErrRealm: no challenge is for a realm of this account. To answer would give an offer to guess the password to whoever asks.
	ErrRealm = errors.New("no challenge for a realm of this account")
	// ErrUnsupported: none with an algorithm and a quality of protection that can be used.
	ErrUnsupported = errors.New("no challenge that can be answered")
	// ErrRejected: the credentials were refused with a fresh nonce. "A UAC MUST NOT re-attempt requests with the credentials that have just been
	// rejected" (RFC 3261 §22.1): the password is wrong.
	ErrRejected = errors.New("the username or password was rejected")
	// ErrRspAuth: the server that answered does not know the password.
	ErrRspAuth = errors.New("the server's proof is wrong")
)

// NewSession makes a session.
func NewSession(cfg SessionConfig) (*Session, error) {
	bad := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
	}
	switch {
	case cfg.Username == "" || len(cfg.Username) > maxParam || bad(cfg.Username):
		return nil, fmt.Errorf("digest: the username %q is empty, too long, or has control characters", cfg.Username)
	case cfg.Rand == nil:
		return nil, errors.New("digest: a session needs a source of randomness")
	case len(cfg.HA1) > 0 && len(cfg.Realms) != 1:
		return nil, errors.New("digest: HA1 is good for one realm, which has to be named")
	}
	for a, v := range cfg.HA1 {
		if a.Hash() != a || len(v) != a.HexLen() || v == "" || !isHex(v) {
			return nil, fmt.Errorf("digest: the HA1 for %q is not %d hexadecimal digits in lower case", a, a.HexLen())
		}
	}
	if cfg.MaxAuth == 0 {
		cfg.MaxAuth = DefaultMaxAuth
	}
	cfg.Realms, cfg.Algorithms = slices.Clone(cfg.Realms), slices.Clone(cfg.Algorithms)
	return &Session{cfg: cfg}, nil
}

// isHex reports whether s is *LHEX.
func isHex(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) < 0
}

// Challenged takes the challenges of a 401 or 407, in their order: those that ParseChallenge could read, with Proxy set for those of
// Proxy-Authenticate. If it returns nil the request is to be sent again, with a new CSeq (§22.2) and what AppendCredentials returns; else the
// response is final.
//
// Of the challenges of one realm the topmost that can be answered is (RFC 8760 §2.4); each realm gets credentials of its own. A response that
// challenges several realms is answered if one of them is ours. Two proxies of one realm that each want credentials are not served both (RFC 3261
// §22.3: "MAY"): the second one's challenge looks like a refusal.
func (s *Session) Challenged(a *Attempt, challenges []Challenge) error {
	a.challenges++
	if a.challenges > s.cfg.MaxAuth {
		return fmt.Errorf("%w: %d times, of which %d are answered", ErrMaxAuth, a.challenges, max(s.cfg.MaxAuth, 0))
	}
	var realms []string
	unsupported, answered := false, 0
	for i := range challenges {
		c := &challenges[i]
		if slices.ContainsFunc(challenges[:i], func(o Challenge) bool {
			return o.Realm == c.Realm && o.Proxy == c.Proxy && s.supports(&o)
		}) {
			continue // one above it is taken
		}
		if !s.ours(c.Realm) {
			realms = append(realms, c.Realm)
			continue
		}
		if !s.supports(c) {
			unsupported = true
			continue
		}
		if err := s.take(a, c); err != nil {
			return err
		}
		answered++
	}
	switch {
	case answered > 0:
		return nil
	case unsupported:
		return fmt.Errorf("%w: neither algorithm nor qop of the challenges is known or allowed", ErrUnsupported)
	case len(realms) > 0:
		return fmt.Errorf("%w: %q", ErrRealm, realms)
	}
	return fmt.Errorf("%w: there is none", ErrUnsupported)
}

// ours reports whether a realm is answered.
func (s *Session) ours(realm string) bool {
	return len(s.cfg.Realms) == 0 || slices.Contains(s.cfg.Realms, realm)
}

// supports reports whether a challenge can be answered.
func (s *Session) supports(c *Challenge) bool {
	switch {
	case !c.Algorithm.Known():
		return false
	case c.QOP != 0 && c.QOP&QOPAuth == 0:
		return false // auth-int alone, or words that nobody knows
	case c.QOP == 0 && c.Algorithm.Session():
		return false // needs a cnonce, which MUST NOT be sent without qop (RFC 3261 §22.4, 8)
	case len(s.cfg.Algorithms) > 0 && !slices.ContainsFunc(s.cfg.Algorithms, func(a Algorithm) bool { return named(a) == named(c.Algorithm) }):
		return false
	case len(s.cfg.HA1) > 0 && s.cfg.HA1[c.Algorithm.Hash()] == "":
		return false
	}
	return true
}

func named(a Algorithm) Algorithm {
	if a == AlgorithmUnnamed {
		return MD5
	}
	return a
}

// take makes a challenge the one that its space answers from now on.
func (s *Session) take(a *Attempt, c *Challenge) error {
	i := slices.IndexFunc(a.sent, func(t sent) bool { return t.space.is(c.Realm, c.Proxy) })
	if i >= 0 && !c.Stale {
		// With the nonce of a challenge to this very request, or again the nonce that was answered, it is not the nonce that is wrong. A
		// nonce from earlier may have expired at a server that does not say stale; that is tried once.
		if t := &a.sent[i]; t.answered || c.Nonce == t.space.challenge.Nonce && t.generation == t.space.generation {
			return fmt.Errorf("%w by the realm %q", ErrRejected, c.Realm)
		}
	}
	j := slices.IndexFunc(s.spaces, func(p *space) bool { return p.is(c.Realm, c.Proxy) })
	if j < 0 {
		j = len(s.spaces)
		s.spaces = append(s.spaces, &space{})
		if len(s.cfg.Realms) == 0 {
			s.cfg.Realms = []string{c.Realm}
		}
	}
	p := s.spaces[j]
	if p.generation == 0 || p.challenge.Nonce != c.Nonce || named(p.challenge.Algorithm) != named(c.Algorithm) {
		p.nc, p.cnonce = 0, ""
		p.generation++
	}
	p.challenge = *c
	p.qop = c.QOP & QOPAuth
	p.ha1 = s.cfg.HA1[c.Algorithm.Hash()]
	if p.ha1 == "" {
		p.ha1 = HA1(c.Algorithm, s.cfg.Username, c.Realm, s.cfg.Password)
	}
	if i < 0 {
		i = len(a.sent)
		a.sent = append(a.sent, sent{space: p})
	}
	a.sent[i].answered = true
	return nil
}

func (p *space) is(realm string, proxy bool) bool {
	return p.challenge.Realm == realm && p.challenge.Proxy == proxy
}

// AppendCredentials appends the credentials that a request carries: its method and its Request-URI, exactly as it stands there, with
// parameters. Each goes into a header field row of its own (RFC 3261 §20.7). Every call counts nc up.
//
// It is not for ACK, whose credentials are those of its INVITE, byte by byte (§22.1), nor for CANCEL, which is never challenged and has none
// (§9.1). An SPA puts credentials into its CANCEL, computed for the method CANCEL with the nonce of the INVITE; a user agent that does as it
// does may call this for it.
func (s *Session) AppendCredentials(dst []Credentials, a *Attempt, method, uri string) ([]Credentials, error) {
	if s.cfg.Preemptive {
		for _, p := range s.spaces {
			if !slices.ContainsFunc(a.sent, func(t sent) bool { return t.space == p }) {
				a.sent = append(a.sent, sent{space: p})
			}
		}
	}
	for i := range a.sent {
		t := &a.sent[i]
		c, err := s.credentials(t.space, method, uri)
		if err != nil {
			return dst, err
		}
		t.generation = t.space.generation
		dst = append(dst, c)
	}
	return dst, nil
}

func (s *Session) credentials(p *space, method, uri string) (Credentials, error) {
	c := Credentials{
		Username: s.cfg.Username, Realm: p.challenge.Realm, Nonce: p.challenge.Nonce, URI: uri, Algorithm: p.challenge.Algorithm,
		QOP: p.qop, Opaque: p.challenge.Opaque, HasOpaque: p.challenge.HasOpaque, Proxy: p.challenge.Proxy,
	}
	if s.cfg.NameAlgorithm {
		c.Algorithm = named(c.Algorithm)
	}
	if c.QOP != 0 {
		// "This MUST be specified if a qop directive is sent", and not else (RFC 2617 §3.2.2: cnonce, nc).
		if p.cnonce == "" || !c.Algorithm.Session() {
			var b [8]byte
			if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
				return Credentials{}, fmt.Errorf("digest: no randomness for a cnonce: %w", err)
			}
			p.cnonce = hex.EncodeToString(b[:])
		}
		p.nc++
		c.NC, c.CNonce = p.nc, p.cnonce
	}
	c.Response = string(s.hasher.response(&c, p.ha1, method, nil))
	return c, nil
}

// Informed takes the Authentication-Info (proxy: Proxy-Authentication-Info) of a response to the request with the credentials given: the next
// nonce, and the proof of the server, if there are any.
func (s *Session) Informed(c *Credentials, i *AuthenticationInfo, body []byte) error {
	j := slices.IndexFunc(s.spaces, func(p *space) bool { return p.is(c.Realm, c.Proxy) })
	if j < 0 {
		return fmt.Errorf("%w: %q", ErrRealm, c.Realm)
	}
	p := s.spaces[j]
	if i.RspAuth != "" {
		if i.CNonce != "" && i.CNonce != c.CNonce {
			return fmt.Errorf("%w: it is for the cnonce %q, not %q", ErrRspAuth, i.CNonce, c.CNonce)
		}
		as := *c
		if i.QOP != 0 {
			as.QOP = i.QOP
		}
		if subtle.ConstantTimeCompare([]byte(as.ComputeRspAuth(p.ha1, body)), []byte(i.RspAuth)) != 1 {
			return ErrRspAuth
		}
	}
	// The key of "-sess" is made of the first nonce (RFC 2617 §3.2.2.2); a server that checks without state cannot know it, so we wait
	// until it says stale. A late response does not bring back an earlier nonce.
	if i.NextNonce != "" && !p.challenge.Algorithm.Session() && c.Nonce == p.challenge.Nonce && i.NextNonce != c.Nonce {
		p.challenge.Nonce = i.NextNonce
		p.nc = 0
		p.generation++
	}
	return nil
}
