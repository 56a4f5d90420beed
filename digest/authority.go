package digest

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Users knows what passwords are kept as.
type Users interface {
	// HA1 returns H(username ":" realm ":" password) in hexadecimal digits, in an algorithm without "-sess". ok is false if there is no
	// such user, or none with that algorithm. It should take as long for those as for others.
	HA1(username, realm string, a Algorithm) (ha1 string, ok bool)
}

// Request is what an authority has to know of a request.
type Request struct {
	Method string
	URI    string // the Request-URI, as it stands in the request
	// Source is the address that the packet came from. The port is no part of it: that of a phone behind a NAT changes.
	Source netip.Addr
}

// Limits of an authority; the defaults stand for the zero values of AuthorityConfig.
const (
	DefaultLifetime     = 5 * time.Minute
	DefaultMaxNonces    = 1 << 16
	DefaultMaxChallenge = 120
	maxRealm            = 255
	maxOurs             = 4 // credentials for our realm that are looked at in a request
)

// AuthorityConfig is what an authority is made of.
type AuthorityConfig struct {
	Realm string
	Users Users
	// Keys: the first signs, all are good for checking. To change keys, give a new one to every node as the second, then as the
	// first, then drop the old one when its nonces have expired (SetKeys).
	Keys []Key
	// Node is the number of this node among those with the same keys, and of this authority if a process has several. Only the node
	// that issued a nonce knows what it was used for.
	Node uint16
	// Algorithms that are offered, the preferred first, MD5 last wherever it stands; none: SHA-256, MD5.
	Algorithms []Algorithm
	// Proxy: challenges are Proxy-Authenticate (407), else WWW-Authenticate (401).
	Proxy bool
	// RequireQOP refuses clients without qop. (RFC 3261 §22.4, 8: "must unfortunately remain optional".)
	RequireQOP bool
	// Lifetime of a nonce; 0: DefaultLifetime.
	Lifetime time.Duration
	// MaxNonces is how many nonces are remembered as used; 0: DefaultMaxNonces. Each takes about 100 bytes.
	MaxNonces int
	// MaxChallenge is how many bytes the value of a challenge may have, as it goes to whoever claims to have asked; 0: DefaultMaxChallenge.
	MaxChallenge int
	// SameResource tells whether the digest-uri fits the Request-URI; nil: SameResource.
	SameResource func(digestURI, requestURI string) bool
	// Hosts are names and addresses of this server, without port. A digest-uri without a user at one of them is good for every
	// Request-URI: SIPp and some devices write there where they send the request to. Such credentials do not say whom they call, so
	// whoever can hold a request back and change it may call somebody else with them, once.
	Hosts []string
}

// Authority is the server side for one realm: it challenges, and judges credentials. To issue and to check a nonce it needs no state; what it
// keeps, bounded, is which nonces were used by users who proved themselves. It is not safe for concurrent use.
type Authority struct {
	cfg      AuthorityConfig
	sealer   sealer
	hasher   hasher
	start    uint64
	last     uint64 // stamp issued
	windows  windows
	count    Counters
	search   search
	consider func([]byte) bool // look
	got      [maxHexLen / 2]byte
	want     [maxHexLen / 2]byte
	text     []byte
}

// NewAuthority makes an authority. now is also the time before which it knows nothing: nonces of an earlier run are stale.
func NewAuthority(now time.Time, cfg AuthorityConfig) (*Authority, error) {
	switch {
	case cfg.Realm == "":
		return nil, errors.New("digest: an authority needs a realm")
	case len(cfg.Realm) > maxRealm:
		return nil, fmt.Errorf("digest: the realm has %d bytes, at most %d are possible", len(cfg.Realm), maxRealm)
	case strings.IndexFunc(cfg.Realm, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0:
		return nil, fmt.Errorf("digest: control characters in the realm %q", cfg.Realm)
	case cfg.Users == nil:
		return nil, errors.New("digest: an authority needs users")
	case cfg.Lifetime < 0 || cfg.MaxNonces < 0 || cfg.MaxNonces > 1<<30 || cfg.MaxChallenge < 0:
		return nil, fmt.Errorf("digest: lifetime %v, %d nonces, %d bytes a challenge: one is negative or out of reach", cfg.Lifetime, cfg.MaxNonces, cfg.MaxChallenge)
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []Algorithm{SHA256, MD5}
	}
	cfg.Algorithms = slices.Clone(cfg.Algorithms)
	for i, alg := range cfg.Algorithms {
		if alg == AlgorithmUnnamed || !alg.Known() || slices.Contains(cfg.Algorithms[:i], alg) {
			// "each of these header fields MUST use a different digest algorithm" (RFC 8760 §2.3)
			return nil, fmt.Errorf("digest: algorithm %d of the offered ones, %q, is unknown or offered twice", i+1, alg)
		}
	}
	slices.SortStableFunc(cfg.Algorithms, func(a, b Algorithm) int { return md5Rank(a) - md5Rank(b) })
	if cfg.Lifetime == 0 {
		cfg.Lifetime = DefaultLifetime
	}
	if cfg.MaxNonces == 0 {
		cfg.MaxNonces = DefaultMaxNonces
	}
	if cfg.MaxChallenge == 0 {
		cfg.MaxChallenge = DefaultMaxChallenge
	}
	if cfg.SameResource == nil {
		cfg.SameResource = SameResource
	}
	a := &Authority{cfg: cfg}
	a.consider = a.look
	if err := a.SetKeys(cfg.Keys); err != nil {
		return nil, err
	}
	a.sealer.realm = cfg.Realm
	a.start = uint64(now.UnixMicro())
	a.last = a.start
	a.windows = windows{limit: cfg.MaxNonces, horizon: a.start}
	if n := a.ChallengeSize(); n > cfg.MaxChallenge {
		return nil, fmt.Errorf("digest: a challenge with the realm %q has up to %d bytes, %d more than allowed (MaxChallenge): a shorter realm, or allow more",
			cfg.Realm, n, n-cfg.MaxChallenge)
	}
	return a, nil
}

func md5Rank(a Algorithm) int {
	if a.Hash() == MD5 {
		return 1
	}
	return 0
}

// SetKeys changes the keys. Nonces signed with others are stale from now on.
func (a *Authority) SetKeys(keys []Key) error {
	if len(keys) == 0 {
		return errors.New("digest: an authority needs a key")
	}
	mints := make([]mint, 0, len(keys))
	for _, k := range keys {
		if len(k.Secret) < 16 {
			return fmt.Errorf("digest: key %d has %d bytes, at least 16 are needed", k.ID, len(k.Secret))
		}
		if slices.ContainsFunc(mints, func(m mint) bool { return m.id == k.ID }) {
			return fmt.Errorf("digest: two keys with the number %d", k.ID)
		}
		mints = append(mints, newMint(k))
	}
	a.sealer.mints = mints
	return nil
}

// Realm returns the realm.
func (a *Authority) Realm() string { return a.cfg.Realm }

// ChallengeSize returns how many bytes the longest value of a challenge has.
func (a *Authority) ChallengeSize() int {
	n := 0
	for _, alg := range a.cfg.Algorithms {
		c := a.challenge(alg, strings.Repeat("0", nonceLength), true)
		n = max(n, len(c.AppendTo(nil)))
	}
	return n
}

func (a *Authority) challenge(alg Algorithm, nonce string, stale bool) Challenge {
	return Challenge{Realm: a.cfg.Realm, Nonce: nonce, Algorithm: alg, QOP: QOPAuth, Stale: stale, Proxy: a.cfg.Proxy}
}

// AppendChallenges appends the challenges that a request is owed, the preferred first (RFC 8760 §2.3), each for a header field row of its own.
// They share a new nonce. stale is for Stale. It keeps nothing.
func (a *Authority) AppendChallenges(dst []Challenge, now time.Time, r *Request, stale bool) []Challenge {
	a.last = max(a.last+1, uint64(now.UnixMicro()))
	a.count.Issued++
	a.text = a.sealer.append(a.text[:0], nonce{node: a.cfg.Node, stamp: a.last}, r)
	text := string(a.text)
	for _, alg := range a.cfg.Algorithms {
		dst = append(dst, a.challenge(alg, text, stale))
	}
	return dst
}

// MayChallenge reports whether requests of a method may be challenged at all: not ACK, which has no response, nor CANCEL, which cannot be
// sent again (RFC 3261 §22.1). The ACK is good because its INVITE was.
func MayChallenge(method string) bool { return method != "ACK" && method != "CANCEL" }

// Check finds the credentials for our realm among the values of the request's Authorization or Proxy-Authorization fields, and judges them.
// Those of other realms are not ours to look at (RFC 3261 §22.3).
//
// Retransmissions must have been absorbed before (by a transaction), else they count as replayed.
func (a *Authority) Check(now time.Time, r *Request, values iter.Seq[[]byte]) Result {
	a.search = search{now: uint64(now.UnixMicro())}
	if values != nil {
		values(a.consider)
	}
	f := a.search
	a.search = search{}
	switch {
	case f.ours > 0:
		return a.CheckCredentials(now, r, f.best)
	case f.syntax != nil:
		return a.result(Result{Verdict: Absent, Reason: ReasonSyntax, Err: f.syntax})
	case f.any:
		return a.result(Result{Verdict: Absent, Reason: ReasonOtherRealm})
	}
	return a.result(Result{Verdict: Absent, Reason: ReasonNoCredentials})
}

// search is what Check has found so far. It is part of the authority, and its function made once, because the variables that the body of a range
// over a function uses are allocated, each.
type search struct {
	now    uint64
	best   Credentials
	ours   int
	any    bool
	syntax error
}

// look takes the next value; false when it has seen enough.
func (a *Authority) look(value []byte) bool {
	f := &a.search
	f.any = true
	c, err := ParseCredentials(value)
	if err != nil {
		if _, other := err.(*SchemeError); !other {
			f.syntax = err
		}
		return true
	}
	if c.Realm != a.cfg.Realm {
		return true
	}
	c.Proxy = a.cfg.Proxy
	// Two proxies of one realm on the way have each challenged: the nonce tells which answer is ours (RFC 3261 §22.3).
	if f.ours++; f.ours == 1 {
		f.best = c
	} else if n, m := a.sealer.open(c.Nonce, f.now); m != nil && n.node == a.cfg.Node {
		f.best = c
	}
	return f.ours < maxOurs
}

func (a *Authority) result(r Result) Result {
	a.count.reasons[r.Reason]++
	a.count.verdicts[r.Verdict]++
	return r
}

// CheckCredentials judges credentials.
func (a *Authority) CheckCredentials(now time.Time, r *Request, c Credentials) Result {
	a.count.Checks++
	verdict := func(v Verdict, why Reason) Result {
		return a.result(Result{Verdict: v, Reason: why, Credentials: c})
	}
	// First what does not depend on the user.
	alg := c.Algorithm
	if alg == AlgorithmUnnamed {
		alg = MD5
	}
	switch {
	case c.Realm != a.cfg.Realm:
		return a.result(Result{Verdict: Absent, Reason: ReasonOtherRealm})
	case c.Response == "":
		// "allowed when the UAC has not yet received a challenge" (RFC 8760 §2.7); nobody guesses with it.
		return a.result(Result{Verdict: Absent, Reason: ReasonNoCredentials})
	case !slices.Contains(a.cfg.Algorithms, alg):
		return verdict(Refused, ReasonAlgorithm)
	case c.QOP != QOPAuth && (c.QOP != 0 || a.cfg.RequireQOP):
		return verdict(Refused, ReasonQOP)
	case alg.Session() && c.QOP == 0:
		// RFC 3261 §22.4, 8
		return verdict(Malformed, ReasonSession)
	case c.QOP != 0 && c.NC == 0:
		return verdict(Malformed, ReasonCount)
	case !a.cfg.SameResource(c.URI, r.URI) && !names(a.cfg.Hosts, c.URI):
		return verdict(Malformed, ReasonURI)
	}
	// Then the password, whatever the nonce: only who knows it is told that the nonce is stale (RFC 2617 §3.2.1). Nothing here branches on
	// whether the user exists.
	stamp := uint64(now.UnixMicro())
	n, m := a.sealer.open(c.Nonce, stamp)
	a.count.Lookups++
	ha1, known := a.cfg.Users.HA1(c.Username, a.cfg.Realm, alg.Hash())
	dummy := noHA1[:alg.HexLen()]
	if !known || len(ha1) != len(dummy) {
		ha1, known = dummy, false
	}
	right := a.compare(a.hasher.response(&c, ha1, r.Method, nil), c.Response)
	switch {
	case !known:
		return verdict(Refused, ReasonUnknownUser)
	case !right:
		return verdict(Refused, ReasonWrongResponse)
	}
	res := Result{Verdict: Accepted, Credentials: c, Node: n.node}
	if res.Reason = a.spend(stamp, r, &c, n, m); res.Reason != ReasonNone {
		res.Verdict = Stale
	}
	return a.result(res)
}

const noHA1 = "0000000000000000000000000000000000000000000000000000000000000000"

// compare compares responses in constant time: hexadecimal digits of any case.
func (a *Authority) compare(want []byte, got string) bool {
	a.count.Compares++
	size := len(want) / 2
	clear(a.got[:])
	a.text = append(a.text[:0], got...)
	right := 1
	if len(got) != len(want) {
		right = 0
	} else if _, err := hex.Decode(a.got[:size], a.text); err != nil {
		right = 0
	}
	if _, err := hex.Decode(a.want[:size], want); err != nil {
		right = 0
	}
	return subtle.ConstantTimeCompare(a.want[:size], a.got[:size])&right == 1
}

// spend takes a nonce for a request whose response is right; ReasonNone, or why it does not count.
func (a *Authority) spend(now uint64, r *Request, c *Credentials, n nonce, m *mint) Reason {
	oldest := now - uint64(a.cfg.Lifetime.Microseconds())
	switch {
	case m == nil:
		return ReasonForeignNonce
	case n.node != a.cfg.Node:
		return ReasonOtherNode
	case n.stamp > a.last:
		// Signed with our key and number, but not by us: the clock was set back over a restart.
		return ReasonEarlierRun
	case n.stamp < oldest:
		return ReasonExpired
	}
	w := a.windows.find(n.stamp)
	if w == nil {
		if n.stamp <= a.windows.horizon {
			if n.stamp <= a.start {
				return ReasonEarlierRun
			}
			return ReasonForgotten
		}
		if c.QOP == 0 && a.sealer.binding(m, n.stamp, r) != n.bind {
			return ReasonBound
		}
		a.windows.expire(oldest)
		w = a.windows.add(n.stamp)
	} else if c.QOP == 0 {
		return ReasonSpent
	}
	if c.QOP == 0 {
		w.spend()
		return ReasonNone
	}
	switch ok, behind := w.use(c.NC); {
	case ok:
		return ReasonNone
	case behind:
		return ReasonBehind
	}
	return ReasonReplayed
}

// Counters returns what was done so far.
func (a *Authority) Counters() Counters {
	c := a.count
	c.Hashes, c.MACs = a.hasher.hashes, a.sealer.macs
	c.Windows, c.Evicted = a.windows.n, a.windows.evicted
	return c
}
