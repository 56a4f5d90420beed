package digest

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	begin  = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)
	phone  = netip.MustParseAddr("192.0.2.7")
	invite = Request{Method: "INVITE", URI: "sip:18005551212@example.com", Source: phone}
	every  = []Algorithm{SHA512256, SHA512256Sess, SHA256, SHA256Sess, MD5, MD5Sess}
)

// users knows spa1 with the password "secret" in every algorithm, and counts questions.
func users(realm string) UserTable {
	var list []User
	for _, a := range []Algorithm{MD5, SHA256, SHA512256} {
		list = append(list, User{"spa1", realm, a, HA1(a, "spa1", realm, "secret")})
	}
	return NewUserTable(list)
}

func authority(t testing.TB, cfg AuthorityConfig) *Authority {
	t.Helper()
	if cfg.Realm == "" {
		cfg.Realm = "example.com"
	}
	if cfg.Users == nil {
		cfg.Users = users(cfg.Realm)
	}
	if cfg.Keys == nil {
		cfg.Keys = []Key{{1, []byte("0123456789abcdef")}}
	}
	if cfg.MaxChallenge == 0 {
		cfg.MaxChallenge = 400
	}
	a, err := NewAuthority(begin, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answered returns credentials for a fresh challenge.
func answered(a *Authority, now time.Time, r Request, alg Algorithm, qop QOP) Credentials {
	c := a.AppendChallenges(nil, now, &r, false)[0]
	k := Credentials{Username: "spa1", Realm: c.Realm, Nonce: c.Nonce, URI: r.URI, Algorithm: alg, QOP: qop, Proxy: c.Proxy}
	if qop != 0 {
		k.NC, k.CNonce = 1, "0a4f113b"
	}
	return signed(k, r.Method, "secret")
}

func signed(k Credentials, method, password string) Credentials {
	k.Response = k.Compute(HA1(k.Algorithm, k.Username, k.Realm, password), method, nil)
	return k
}

// values gives header field values as a message would.
func values(list ...string) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, v := range list {
			if !yield([]byte(v)) {
				return
			}
		}
	}
}

func expect(t *testing.T, what string, got Result, v Verdict, why Reason) {
	t.Helper()
	if got.Verdict != v || got.Reason != why {
		t.Errorf("%s: %v, %q (%v); want %v, %q", what, got.Verdict, got.Reason, got.Err, v, why)
	}
}

func TestVerdicts(t *testing.T) {
	type change = func(k *Credentials, r *Request)
	for _, c := range []struct {
		name   string
		cfg    AuthorityConfig
		alg    Algorithm
		qop    QOP
		change change
		sign   bool // compute the response anew after the change
		v      Verdict
		why    Reason
	}{
		{"right", AuthorityConfig{}, SHA256, QOPAuth, nil, false, Accepted, ReasonNone},
		{"an algorithm that is not named is MD5", AuthorityConfig{}, AlgorithmUnnamed, QOPAuth, nil, false, Accepted, ReasonNone},
		{"without qop", AuthorityConfig{}, MD5, 0, nil, false, Accepted, ReasonNone},
		{"without qop where it is required", AuthorityConfig{RequireQOP: true}, MD5, 0, nil, false, Refused, ReasonQOP},
		{"auth-int, which was not offered", AuthorityConfig{}, MD5, QOPAuthInt, nil, false, Refused, ReasonQOP},
		{"an unknown qop", AuthorityConfig{}, MD5, QOPOther, nil, false, Refused, ReasonQOP},
		{"an algorithm that was not offered", AuthorityConfig{}, SHA512256, QOPAuth, nil, false, Refused, ReasonAlgorithm},
		{"MD5 where only SHA-256 is offered", AuthorityConfig{Algorithms: []Algorithm{SHA256}}, AlgorithmUnnamed, QOPAuth, nil, false, Refused, ReasonAlgorithm},
		{"-sess without qop", AuthorityConfig{Algorithms: every}, MD5Sess, 0, nil, false, Malformed, ReasonSession},
		{"nc 0", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.NC = 0 }, true, Malformed, ReasonCount},
		{"nc starts in the middle", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.NC = 0xffffffff }, true, Accepted, ReasonNone},
		{"a wrong password", AuthorityConfig{}, SHA256, QOPAuth, func(k *Credentials, _ *Request) { *k = signed(*k, "INVITE", "wrong") }, false, Refused, ReasonWrongResponse},
		{"an unknown user", AuthorityConfig{}, SHA256, QOPAuth, func(k *Credentials, _ *Request) { k.Username = "spa2" }, true, Refused, ReasonUnknownUser},
		{"an unknown user with the password of nobody", AuthorityConfig{}, MD5, QOPAuth,
			func(k *Credentials, _ *Request) {
				k.Username = "spa2"
				k.Response = k.Compute(noHA1[:32], "INVITE", nil)
			}, false, Refused, ReasonUnknownUser},
		{"credentials of another method", AuthorityConfig{}, MD5, QOPAuth, func(_ *Credentials, r *Request) { r.Method = "REGISTER" }, false, Refused, ReasonWrongResponse},
		{"a response cut short", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Response = k.Response[:30] }, false, Refused, ReasonWrongResponse},
		{"a response too long (CVE-2022-24754)", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Response += strings.Repeat("0", 900) }, false, Refused, ReasonWrongResponse},
		{"a response of no digits", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Response = strings.Repeat("x", 32) }, false, Refused, ReasonWrongResponse},
		{"a response in upper case", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Response = strings.ToUpper(k.Response) }, false, Accepted, ReasonNone},
		{"a response not yet known (RFC 8760 §2.7)", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Response, k.Nonce = "", "" }, false, Absent, ReasonNoCredentials},
		{"another realm", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Realm = "example.net" }, true, Absent, ReasonOtherRealm},
		{"the realm in another case", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Realm = "EXAMPLE.COM" }, true, Absent, ReasonOtherRealm},
		{"the digest-uri of another callee", AuthorityConfig{}, MD5, QOPAuth, func(_ *Credentials, r *Request) { r.URI = "sip:19005551212@example.com" }, false, Malformed, ReasonURI},
		{"a proxy added a port and a transport", AuthorityConfig{}, MD5, QOPAuth, func(_ *Credentials, r *Request) { r.URI = "sip:18005551212@EXAMPLE.com:5080;transport=tcp" }, false, Accepted, ReasonNone},
		{"the digest-uri is where SIPp sends to", AuthorityConfig{Hosts: []string{"127.0.0.1"}}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.URI = "sip:127.0.0.1:5060" }, true, Accepted, ReasonNone},
		{"the digest-uri is where somebody else sends to", AuthorityConfig{Hosts: []string{"127.0.0.1"}}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.URI = "sip:127.0.0.2:5060" }, true, Malformed, ReasonURI},
		{"a digest-uri with a user at our host", AuthorityConfig{Hosts: []string{"example.com"}}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.URI = "sip:1900@example.com" }, true, Malformed, ReasonURI},
		{"a nonce of the client's own making", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Nonce = "2165bad6" }, true, Stale, ReasonForeignNonce},
		{"the same with a wrong password is not stale", AuthorityConfig{}, MD5, QOPAuth, func(k *Credentials, _ *Request) { k.Nonce = "2165bad6"; *k = signed(*k, "INVITE", "wrong") }, false, Refused, ReasonWrongResponse},
		{"no qop, from another source", AuthorityConfig{}, MD5, 0, func(_ *Credentials, r *Request) { r.Source = netip.MustParseAddr("203.0.113.66") }, false, Stale, ReasonBound},
		{"no qop, for another method", AuthorityConfig{}, MD5, 0, func(k *Credentials, r *Request) { r.Method = "REGISTER"; *k = signed(*k, "REGISTER", "secret") }, false, Stale, ReasonBound},
		{"no qop, the source mapped to IPv6", AuthorityConfig{}, MD5, 0, func(_ *Credentials, r *Request) { r.Source = netip.MustParseAddr("::ffff:192.0.2.7") }, false, Accepted, ReasonNone},
		{"with qop, from another source", AuthorityConfig{}, MD5, QOPAuth, func(_ *Credentials, r *Request) { r.Source = netip.MustParseAddr("203.0.113.66") }, false, Accepted, ReasonNone},
	} {
		a := authority(t, c.cfg)
		r := invite
		k := answered(a, begin, r, c.alg, c.qop)
		if c.change != nil {
			c.change(&k, &r)
		}
		if c.sign {
			k = signed(k, r.Method, "secret")
		}
		got := a.CheckCredentials(begin.Add(time.Second), &r, k)
		expect(t, c.name, got, c.v, c.why)
		if n := a.Counters(); n.Reason(c.why) != 1 || n.Verdict(c.v) != 1 || (n.Windows > 0) != (c.v == Accepted) {
			t.Errorf("%s: %+v", c.name, n)
		}
	}
}

// TestUnknownUserCostsTheSame compares what is done for a user that exists and one that does not: the same hashes, comparisons and look-ups, and
// the same challenge after it.
func TestUnknownUserCostsTheSame(t *testing.T) {
	for _, alg := range every {
		for _, fresh := range []bool{true, false} {
			cost := func(username string) Counters {
				a := authority(t, AuthorityConfig{Algorithms: every})
				k := answered(a, begin, invite, alg, QOPAuth)
				if !fresh {
					k.Nonce = "2165bad6"
				}
				k.Username = username
				k = signed(k, "INVITE", "wrong")
				before := a.Counters()
				res := a.Check(begin, &invite, values(k.String()))
				if res.Verdict != Refused {
					t.Fatalf("%s: %v", username, res)
				}
				n := a.Counters()
				return Counters{Checks: n.Checks - before.Checks, Lookups: n.Lookups - before.Lookups, Hashes: n.Hashes - before.Hashes,
					MACs: n.MACs - before.MACs, Compares: n.Compares - before.Compares}
			}
			known, unknown := cost("spa1"), cost("spa2")
			if known != unknown || known.Lookups != 1 || known.Compares != 1 || known.Hashes < 2 {
				t.Errorf("%v: a known user costs %+v, an unknown one %+v", alg, known, unknown)
			}
		}
	}
}

func TestReplay(t *testing.T) {
	a := authority(t, AuthorityConfig{})
	first := answered(a, begin, invite, MD5, QOPAuth)
	use := func(what string, nc uint32, v Verdict, why Reason) {
		t.Helper()
		k := first
		k.NC = nc
		expect(t, what, a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), v, why)
	}
	use("the first", 1, Accepted, ReasonNone)
	use("the first again", 1, Stale, ReasonReplayed)
	use("after a gap", 5, Accepted, ReasonNone)
	use("one out of the gap, overtaken", 3, Accepted, ReasonNone)
	use("the same again", 3, Stale, ReasonReplayed)
	use("nc above 255", 300, Accepted, ReasonNone)
	use("at the end of the window", 300-windowSize+1, Accepted, ReasonNone)
	use("behind the window", 300-windowSize, Stale, ReasonBehind)
	use("one replayed from behind the window", 5, Stale, ReasonBehind)
	for nc := uint32(301); nc < 301+3*windowSize; nc++ {
		use("counting on", nc, Accepted, ReasonNone)
		use("and again", nc, Stale, ReasonReplayed)
	}
	use("the largest", 1<<32-1, Accepted, ReasonNone)
	use("the largest again", 1<<32-1, Stale, ReasonReplayed)
	use("small ones after it", 1<<20, Stale, ReasonBehind)
	// A nonce used with qop is not good without.
	k := first
	k.QOP, k.NC, k.CNonce = 0, 0, ""
	expect(t, "without qop after with", a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Stale, ReasonSpent)
}

// TestWindow compares the bitmap with a set that forgets nothing.
func TestWindow(t *testing.T) {
	seed := uint32(1)
	chance := func(n uint32) uint32 { seed = seed*1664525 + 1013904223; return seed >> 8 % n }
	for range 200 {
		var w window
		used := map[uint32]bool{}
		largest := uint32(0)
		for range 500 {
			nc := 1 + (largest+chance(40))%2000
			if largest > 20 && chance(2) == 0 {
				nc = largest - chance(20)
			} else if chance(50) == 0 {
				nc = largest + windowSize - 2 + chance(5)
			} else if chance(50) == 0 && largest > windowSize+3 {
				nc = largest - windowSize + 2 - chance(4)
			}
			ok, behind := w.use(nc)
			tooOld := nc <= largest && largest-nc >= windowSize
			if want := !used[nc] && !tooOld; ok != want || behind != tooOld {
				t.Fatalf("nc %d, largest %d: %t, %t; want %t, %t", nc, largest, ok, behind, want, tooOld)
			}
			used[nc] = used[nc] || ok
			largest = max(largest, nc)
		}
	}
}

// TestAdapterWithoutQOP is what an SPA does: INVITE with the nonce of the 407, CANCEL with the same (never judged), the next INVITE with it
// again.
func TestAdapterWithoutQOP(t *testing.T) {
	a := authority(t, AuthorityConfig{})
	k := answered(a, begin, invite, MD5, 0)
	expect(t, "the INVITE", a.CheckCredentials(begin, &invite, k), Accepted, ReasonNone)
	if MayChallenge("CANCEL") || MayChallenge("ACK") || !MayChallenge("INVITE") || !MayChallenge("BYE") {
		t.Error("what may be challenged (RFC 3261 §22.1)")
	}
	expect(t, "the next INVITE with the same nonce", a.CheckCredentials(begin.Add(time.Minute), &invite, k), Stale, ReasonSpent)
	bye := invite
	bye.Method = "BYE"
	expect(t, "a BYE with the same nonce", a.CheckCredentials(begin, &bye, signed(k, "BYE", "secret")), Stale, ReasonSpent)
	// stale=true: the SPA tries again, and that is good.
	again := a.AppendChallenges(nil, begin, &bye, true)[1]
	if !again.Stale || again.Algorithm != MD5 {
		t.Fatalf("%+v", again)
	}
	k.Nonce = again.Nonce
	expect(t, "the BYE after stale=true", a.CheckCredentials(begin, &bye, signed(k, "BYE", "secret")), Accepted, ReasonNone)
}

func TestExpiryAndClocks(t *testing.T) {
	a := authority(t, AuthorityConfig{Lifetime: time.Minute})
	k := answered(a, begin, invite, SHA256, QOPAuth)
	late := answered(a, begin.Add(time.Second), invite, SHA256, QOPAuth)
	expect(t, "at the end of its life", a.CheckCredentials(begin.Add(time.Minute), &invite, k), Accepted, ReasonNone)
	expect(t, "a moment later", a.CheckCredentials(begin.Add(time.Minute+time.Millisecond), &invite, k), Stale, ReasonExpired)
	k.NC = 2
	expect(t, "expired, next nc", a.CheckCredentials(begin.Add(2*time.Minute), &invite, signed(k, "INVITE", "secret")), Stale, ReasonExpired)
	expect(t, "a clock set back by an hour", a.CheckCredentials(begin.Add(-time.Hour), &invite, late), Accepted, ReasonNone)
	expect(t, "and again", a.CheckCredentials(begin.Add(-time.Hour), &invite, late), Stale, ReasonReplayed)
	if x := answered(a, begin.Add(-time.Hour), invite, SHA256, QOPAuth); x.Nonce == late.Nonce {
		t.Error("one nonce twice")
	} else {
		expect(t, "issued while the clock is back", a.CheckCredentials(begin.Add(-time.Hour), &invite, x), Accepted, ReasonNone)
	}
	// Nine years later the stamp comes round; it is another one.
	k = signed(k, "INVITE", "secret")
	expect(t, "after 2^48 microseconds", a.CheckCredentials(begin.Add(1<<48*time.Microsecond), &invite, k), Stale, ReasonEarlierRun)
	// The same node, started again: what was issued before is stale, whatever the clock says.
	again := authority(t, AuthorityConfig{})
	k = answered(a, begin.Add(time.Hour), invite, SHA256, QOPAuth)
	expect(t, "issued before the start, with a clock set back over it", again.CheckCredentials(begin.Add(time.Second), &invite, k), Stale, ReasonEarlierRun)
	old := answered(authority(t, AuthorityConfig{}), begin.Add(-time.Second), invite, SHA256, QOPAuth)
	b, err := NewAuthority(begin.Add(time.Hour), AuthorityConfig{Realm: "example.com", Users: users("example.com"), Keys: []Key{{1, []byte("0123456789abcdef")}},
		Lifetime: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "issued before the start", b.CheckCredentials(begin.Add(time.Hour), &invite, old), Stale, ReasonEarlierRun)
}

func TestEviction(t *testing.T) {
	a := authority(t, AuthorityConfig{MaxNonces: 10})
	var all []Credentials
	unused := answered(a, begin, invite, MD5, QOPAuth)
	for i := range 25 {
		k := answered(a, begin, invite, MD5, QOPAuth)
		expect(t, "first use", a.CheckCredentials(begin, &invite, k), Accepted, ReasonNone)
		all = append(all, k)
		if n := a.Counters(); n.Windows > 10 || i > 9 && n.Evicted != uint64(i-9) {
			t.Fatalf("%+v", n)
		}
	}
	for i, k := range all {
		if i < 15 {
			expect(t, "replayed after its window went", a.CheckCredentials(begin, &invite, k), Stale, ReasonForgotten)
			k.NC = 2
			expect(t, "the next nc of a window that went", a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Stale, ReasonForgotten)
			continue
		}
		expect(t, "replayed", a.CheckCredentials(begin, &invite, k), Stale, ReasonReplayed)
		k.NC = 2
		expect(t, "the next nc", a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Accepted, ReasonNone)
	}
	expect(t, "older than what was dropped, never used", a.CheckCredentials(begin, &invite, unused), Stale, ReasonForgotten)
	// Old ones make room by themselves.
	later := begin.Add(DefaultLifetime + time.Second)
	expect(t, "later", a.CheckCredentials(later, &invite, answered(a, later, invite, MD5, QOPAuth)), Accepted, ReasonNone)
	if n := a.Counters(); n.Windows != 1 || n.Evicted != 15 {
		t.Errorf("%+v", n)
	}
}

// TestNothingIsKeptBeforeThePassword: a million requests from anywhere change nothing but counters.
func TestNothingIsKeptBeforeThePassword(t *testing.T) {
	a := authority(t, AuthorityConfig{})
	var challenges []Challenge
	n := 20000
	if testing.Short() {
		n = 1000
	}
	for i := range n {
		r := invite
		r.Source = netip.AddrFrom4([4]byte{198, byte(i >> 16), byte(i >> 8), byte(i)})
		challenges = a.AppendChallenges(challenges[:0], begin, &r, false)
		k := signed(Credentials{Username: "spa1", Realm: "example.com", Nonce: challenges[0].Nonce, URI: r.URI, Algorithm: MD5, QOP: QOPAuth, NC: 1, CNonce: "c"}, "INVITE", "wrong")
		if res := a.CheckCredentials(begin, &r, k); res.Verdict != Refused {
			t.Fatal(res)
		}
	}
	if a.windows.n != 0 || a.windows.all != nil || a.windows.index != nil || cap(a.text) > 4096 || cap(a.hasher.buf) > 4096 {
		t.Errorf("%d windows, %d and %d bytes of storage", a.windows.n, cap(a.text), cap(a.hasher.buf))
	}
}

func TestNodesAndKeys(t *testing.T) {
	one, two := Key{1, []byte("0123456789abcdef")}, Key{2, []byte("fedcba9876543210")}
	a := authority(t, AuthorityConfig{Node: 1, Keys: []Key{one}})
	b := authority(t, AuthorityConfig{Node: 2, Keys: []Key{one}})
	k := answered(a, begin, invite, SHA256, QOPAuth)
	res := b.CheckCredentials(begin, &invite, k)
	expect(t, "the nonce of another node", res, Stale, ReasonOtherNode)
	if res.Node != 1 {
		t.Errorf("node %d", res.Node)
	}
	expect(t, "at its own node", a.CheckCredentials(begin, &invite, k), Accepted, ReasonNone)
	// Rotation: known to all, then signing, then the old one goes.
	k = answered(a, begin, invite, SHA256, QOPAuth)
	for _, keys := range [][]Key{{one, two}, {two, one}} {
		if err := a.SetKeys(keys); err != nil {
			t.Fatal(err)
		}
		k.NC++
		expect(t, "while both keys are good", a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Accepted, ReasonNone)
	}
	fresh := answered(a, begin, invite, SHA256, QOPAuth)
	if err := a.SetKeys([]Key{two}); err != nil {
		t.Fatal(err)
	}
	k.NC++
	expect(t, "after its key went", a.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Stale, ReasonForeignNonce)
	expect(t, "signed with the new one", a.CheckCredentials(begin, &invite, fresh), Accepted, ReasonNone)
	// Another realm with the same keys.
	c := authority(t, AuthorityConfig{Node: 1, Keys: []Key{two}, Realm: "example.net"})
	k = answered(a, begin, invite, SHA256, QOPAuth)
	k.Realm = "example.net"
	expect(t, "a nonce of another realm", c.CheckCredentials(begin, &invite, signed(k, "INVITE", "secret")), Stale, ReasonForeignNonce)
}

// TestNonceIsSealed changes every bit of a nonce, and every character to every other.
func TestNonceIsSealed(t *testing.T) {
	a := authority(t, AuthorityConfig{Keys: []Key{{0, []byte("0123456789abcdef")}, {255, []byte("0123456789abcdeg")}}})
	text := answered(a, begin, invite, MD5, QOPAuth).Nonce
	now := uint64(begin.UnixMicro())
	if n, m := a.sealer.open(text, now); m == nil || n.node != 0 || n.stamp != a.last {
		t.Fatalf("%+v, %v", n, m)
	}
	for i := range len(text) {
		for c := range 256 {
			b := []byte(text)
			if b[i] == byte(c) {
				continue
			}
			b[i] = byte(c)
			if _, m := a.sealer.open(string(b), now); m != nil {
				t.Fatalf("%q was taken for %q", b, text)
			}
		}
	}
	for _, s := range []string{"", text[:27], text + "A", text[:14] + "\n" + text[14:], text[:27] + "\n"} {
		if _, m := a.sealer.open(s, now); m != nil {
			t.Errorf("%q was taken for %q", s, text)
		}
	}
}

func TestChallenges(t *testing.T) {
	a := authority(t, AuthorityConfig{Proxy: true, Algorithms: []Algorithm{MD5, SHA256, SHA512256}})
	list := a.AppendChallenges(nil, begin, &invite, true)
	var got []string
	for _, c := range list {
		got = append(got, strings.Replace(c.Field()+": "+c.String(), c.Nonce, "N", 1))
	}
	want := []string{
		`Proxy-Authenticate: Digest realm="example.com",nonce="N",algorithm=SHA-256,qop="auth",stale=true`,
		`Proxy-Authenticate: Digest realm="example.com",nonce="N",algorithm=SHA-512-256,qop="auth",stale=true`,
		`Proxy-Authenticate: Digest realm="example.com",nonce="N",algorithm=MD5,qop="auth",stale=true`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("MD5 last (RFC 8760 §2.3):\n%s", strings.Join(got, "\n"))
	}
	longest := 0
	for _, c := range list {
		longest = max(longest, len(c.String()))
	}
	if longest != a.ChallengeSize() || longest > DefaultMaxChallenge {
		t.Errorf("%d bytes, told %d", longest, a.ChallengeSize())
	}
	seen := map[string]bool{}
	for range 1000 {
		n := a.AppendChallenges(nil, begin, &invite, false)[0].Nonce
		if seen[n] {
			t.Fatalf("the nonce %q twice", n)
		}
		seen[n] = true
	}
}

func TestAuthorityRefusesWhatItCannotUse(t *testing.T) {
	good := AuthorityConfig{Realm: "example.com", Users: users("example.com"), Keys: []Key{{1, []byte("0123456789abcdef")}}}
	for _, c := range []struct {
		name   string
		change func(*AuthorityConfig)
		want   string
	}{
		{"nothing wrong", func(*AuthorityConfig) {}, ""},
		{"a realm with a line end", func(c *AuthorityConfig) { c.Realm = "a\r\nContact: b" }, "control characters"},
		{"a realm too long for the budget", func(c *AuthorityConfig) { c.Realm = strings.Repeat("a", 29) }, "121 bytes, 1 more"},
		{"a realm just short enough", func(c *AuthorityConfig) { c.Realm = strings.Repeat("a", 28) }, ""},
		{"no realm", func(c *AuthorityConfig) { c.Realm = "" }, "realm"},
		{"no users", func(c *AuthorityConfig) { c.Users = nil }, "users"},
		{"no key", func(c *AuthorityConfig) { c.Keys = nil }, "key"},
		{"a short key", func(c *AuthorityConfig) { c.Keys = []Key{{1, []byte("short")}} }, "5 bytes"},
		{"two keys of one number", func(c *AuthorityConfig) { c.Keys = append(c.Keys, c.Keys[0]) }, "two keys"},
		{"an algorithm twice", func(c *AuthorityConfig) { c.Algorithms = []Algorithm{MD5, MD5} }, "twice"},
		{"an unknown algorithm", func(c *AuthorityConfig) { c.Algorithms = []Algorithm{AlgorithmUnknown} }, "unknown"},
		{"a negative lifetime", func(c *AuthorityConfig) { c.Lifetime = -1 }, "negative"},
	} {
		cfg := good
		c.change(&cfg)
		if _, err := NewAuthority(begin, cfg); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestCheckFindsOurs: of several values the one for our realm, and of several for our realm the one with our nonce.
func TestCheckFindsOurs(t *testing.T) {
	a := authority(t, AuthorityConfig{Proxy: true})
	other := authority(t, AuthorityConfig{Proxy: true, Node: 7})
	k := answered(a, begin, invite, SHA256, QOPAuth)
	elsewhere, second := answered(other, begin, invite, SHA256, QOPAuth), answered(a, begin, invite, SHA256, QOPAuth)
	foreign := `Digest username="spa1",realm="example.net",nonce="n",uri="sip:a@b",response="00"`
	for _, c := range []struct {
		name   string
		values []string
		v      Verdict
		why    Reason
	}{
		{"none", nil, Absent, ReasonNoCredentials},
		{"others only", []string{foreign, foreign}, Absent, ReasonOtherRealm},
		{"Basic", []string{"Basic c3BhMTpzZWNyZXQ="}, Absent, ReasonOtherRealm},
		{"that cannot be read (CVE-2023-28098)", []string{`Digest username=`}, Absent, ReasonSyntax},
		{"an empty value (GHSA-64qc-9x89-rx5j)", []string{``}, Absent, ReasonOtherRealm},
		{"the scheme alone", []string{`Digest`}, Absent, ReasonSyntax},
		{"ours behind others and behind what cannot be read", []string{foreign, `Digest username="`, k.String()}, Accepted, ReasonNone},
		{"ours behind that of another proxy of the realm", []string{elsewhere.String(), second.String()}, Accepted, ReasonNone},
		{"that of another proxy alone", []string{elsewhere.String()}, Stale, ReasonOtherNode},
	} {
		expect(t, c.name, a.Check(begin, &invite, values(c.values...)), c.v, c.why)
	}
	expect(t, "no iterator", a.Check(begin, &invite, nil), Absent, ReasonNoCredentials)
	many := make([]string, 1000)
	for i := range many {
		many[i] = elsewhere.String()
	}
	before := a.Counters()
	a.Check(begin, &invite, values(many...))
	if n := a.Counters(); n.MACs-before.MACs > maxOurs || n.Lookups-before.Lookups != 1 {
		t.Errorf("a thousand credentials cost %+v, before %+v", n, before)
	}
}

// TestBothSides lets sessions answer authorities, for every algorithm, qop and side, several requests on one nonce.
func TestBothSides(t *testing.T) {
	for _, alg := range append([]Algorithm{AlgorithmUnnamed}, every...) {
		for _, qop := range []QOP{QOPAuth, 0} {
			for _, password := range []string{"secret", "wrong"} {
				name := fmt.Sprintf("%v, qop %q, %s", alg, qop, password)
				a := authority(t, AuthorityConfig{Algorithms: every, Proxy: alg%2 == 0})
				s := session(t, SessionConfig{Password: password, Realms: []string{"example.com"}})
				var try Attempt
				for n := 1; n <= 4; n++ {
					var list []Challenge
					for _, c := range a.AppendChallenges(nil, begin, &invite, n > 1) {
						back, err := ParseChallenge([]byte(c.String()))
						back.Proxy = c.Proxy
						if err != nil || back != c {
							t.Fatalf("%s: %v %+v", name, err, back)
						}
						if c.Algorithm == named(alg) {
							c.Algorithm, c.QOP = alg, qop
							list = append(list, c)
						}
					}
					err := s.Challenged(&try, list)
					if alg.Session() && qop == 0 {
						if err == nil {
							t.Errorf("%s: answered", name)
						}
						break
					}
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					k := credentials(t, s, &try, "INVITE", invite.URI)
					if k[0].Proxy != (alg%2 == 0) {
						t.Errorf("%s: %s", name, k[0].Field())
					}
					res := a.Check(begin, &invite, values(k[0].String()))
					if password == "wrong" {
						expect(t, name, res, Refused, ReasonWrongResponse)
						break
					}
					expect(t, name, res, Accepted, ReasonNone)
					if res.Credentials.Username != "spa1" {
						t.Errorf("%s: %+v", name, res)
					}
					try.Next()
					// More requests on the same nonce: good with qop, once without.
					k = credentials(t, s, &try, "INVITE", invite.URI)
					if res := a.Check(begin, &invite, values(k[0].String())); qop != 0 {
						expect(t, name, res, Accepted, ReasonNone)
					} else {
						expect(t, name, res, Stale, ReasonSpent)
					}
				}
			}
		}
	}
}

// FuzzAuthority: whatever a value is made of, it is accepted only if its response is what HA1 gives, and only once.
func FuzzAuthority(f *testing.F) {
	f.Add("spa1", "secret", "INVITE", "sip:18005551212@example.com", uint32(1), uint8(1), true, "")
	f.Add("spa1", "wrong", "INVITE", "sip:18005551212@example.com", uint32(1), uint8(3), true, `,nc=00000001`)
	f.Add("spa2", "secret", "CANCEL", "sip:18005551212@example.com;x", uint32(0), uint8(0), false, `,username="spa1"`)
	f.Add(`sp"a1`, "", "REGISTER", "sip:example.com", uint32(1), uint8(5), true, `,realm="`)
	f.Fuzz(func(t *testing.T, username, password, method, uri string, nc uint32, alg uint8, qop bool, tail string) {
		a := authority(t, AuthorityConfig{Algorithms: every, Hosts: []string{"example.com"}})
		k := Credentials{Username: username, Realm: "example.com", URI: uri, Algorithm: Algorithm(alg % 7), Nonce: a.AppendChallenges(nil, begin, &invite, false)[0].Nonce}
		if qop {
			k.QOP, k.NC, k.CNonce = QOPAuth, nc, "c"
		}
		k = signed(k, method, password)
		value := append(k.AppendTo(nil), tail...)
		res := a.Check(begin, &invite, values(string(value)))
		if bytes.ContainsAny(k.AppendTo(nil), "\r\n") {
			t.Fatalf("%q leaves its line", value)
		}
		if res.Verdict != Accepted {
			return
		}
		c := res.Credentials
		if c.Username != "spa1" || c.Response != "" && !strings.EqualFold(c.Response, c.Compute(HA1(c.Algorithm, "spa1", "example.com", "secret"), "INVITE", nil)) {
			t.Fatalf("%q was accepted", value)
		}
		if again := a.Check(begin, &invite, values(string(value))); again.Verdict == Accepted {
			t.Fatalf("%q was accepted twice", value)
		}
	})
}

func TestCheckAllocatesOnce(t *testing.T) {
	a := authority(t, AuthorityConfig{})
	all, i := prepared(a, SHA256, 202), 0
	one := func(yield func([]byte) bool) { yield(all[i]) }
	got := testing.AllocsPerRun(200, func() {
		if res := a.Check(begin, &invite, one); res.Verdict != Accepted {
			t.Fatal(res)
		}
		i++
	})
	if got > 1 {
		t.Errorf("%v allocations a check: the copy of the value is one", got)
	}
}

// prepared returns n values with rising nc.
func prepared(a *Authority, alg Algorithm, n int) [][]byte {
	k := answered(a, begin, invite, alg, QOPAuth)
	ha1 := HA1(alg, "spa1", "example.com", "secret")
	all := make([][]byte, n)
	for i := range all {
		k.NC = uint32(i + 1)
		k.Response = k.Compute(ha1, "INVITE", nil)
		all[i] = k.AppendTo(nil)
	}
	return all
}

func BenchmarkCheck(b *testing.B) {
	for _, alg := range []Algorithm{MD5, SHA256, SHA512256Sess} {
		b.Run(alg.String(), func(b *testing.B) {
			a := authority(b, AuthorityConfig{Algorithms: every})
			all := prepared(a, alg, b.N)
			i := 0
			one := func(yield func([]byte) bool) { yield(all[i]) }
			b.ReportAllocs()
			b.ResetTimer()
			for i = range b.N {
				if res := a.Check(begin, &invite, one); res.Verdict != Accepted {
					b.Fatal(res)
				}
			}
		})
	}
}

func BenchmarkChallenges(b *testing.B) {
	a := authority(b, AuthorityConfig{})
	var list []Challenge
	b.ReportAllocs()
	for b.Loop() {
		list = a.AppendChallenges(list[:0], begin, &invite, false)
	}
}
