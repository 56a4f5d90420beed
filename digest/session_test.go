package digest

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// counter is a source of chance for tests.
type counter byte

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		*c++
		b[i] = byte(*c)
	}
	return len(b), nil
}

func session(t testing.TB, cfg SessionConfig) *Session {
	t.Helper()
	if cfg.Username == "" {
		cfg.Username = "spa1"
	}
	if cfg.Password == "" && cfg.HA1 == nil {
		cfg.Password = "secret"
	}
	if cfg.Rand == nil {
		cfg.Rand = new(counter)
	}
	s, err := NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer takes challenges and returns the credentials for the request sent again.
func answer(t *testing.T, s *Session, a *Attempt, method, uri string, challenges ...Challenge) []Credentials {
	t.Helper()
	if err := s.Challenged(a, challenges); err != nil {
		t.Fatal(err)
	}
	return credentials(t, s, a, method, uri)
}

func credentials(t *testing.T, s *Session, a *Attempt, method, uri string) []Credentials {
	t.Helper()
	c, err := s.AppendCredentials(nil, a, method, uri)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTopmostSupportedChallengeIsAnswered(t *testing.T) {
	read := func(values ...string) []Challenge {
		var list []Challenge
		for _, v := range values {
			c, err := ParseChallenge([]byte(v))
			if err != nil {
				continue // "MUST ignore any challenge it does not understand" (RFC 8760 §2.4)
			}
			list = append(list, c)
		}
		return list
	}
	for _, c := range []struct {
		name       string
		challenges []string
		allowed    []Algorithm
		want       string // algorithm and qop of the answer
		err        error
	}{
		{"the first of two that are known", []string{`Digest realm="r",nonce="n",algorithm=SHA-256,qop="auth"`, `Digest realm="r",nonce="n",qop="auth"`}, nil, "SHA-256 auth", nil},
		{"MD5 behind an algorithm that is not known", []string{`Digest realm="r",nonce="n",algorithm=SHA3-256,qop="auth"`, `Digest realm="r",nonce="n",algorithm=MD5,qop="auth"`}, nil, "MD5 auth", nil},
		{"Digest behind Basic", []string{`Basic realm="r"`, `Digest realm="r",nonce="n"`}, nil, " ", nil},
		{"one that cannot be read is passed over", []string{`Digest realm="r,nonce="n"`, `Digest realm="r",nonce="n"`}, nil, " ", nil},
		{"MD5 first, as the server wants it", []string{`Digest realm="r",nonce="n",algorithm=MD5,qop="auth"`, `Digest realm="r",nonce="n",algorithm=SHA-256,qop="auth"`}, nil, "MD5 auth", nil},
		{"local policy forbids MD5", []string{`Digest realm="r",nonce="n",algorithm=MD5,qop="auth"`, `Digest realm="r",nonce="n",algorithm=SHA-512-256,qop="auth"`}, []Algorithm{SHA256, SHA512256}, "SHA-512-256 auth", nil},
		{"local policy forbids an unnamed MD5", []string{`Digest realm="r",nonce="n"`}, []Algorithm{SHA256}, "", ErrUnsupported},
		{"auth among others", []string{`Digest realm="r",nonce="n",qop="auth-int, token , auth"`}, nil, " auth", nil},
		{"auth-int alone is not chosen", []string{`Digest realm="r",nonce="n",qop="auth-int"`}, nil, "", ErrUnsupported},
		{"a qop of unknown words is not none", []string{`Digest realm="r",nonce="n",qop="Auth"`}, nil, "", ErrUnsupported},
		{"-sess with qop", []string{`Digest realm="r",nonce="n",algorithm=md5-SESS,qop="auth"`}, nil, "MD5-sess auth", nil},
		{"-sess without qop has no cnonce", []string{`Digest realm="r",nonce="n",algorithm=MD5-sess`}, nil, "", ErrUnsupported},
		{"another realm", []string{`Digest realm="evil",nonce="n"`}, nil, "", ErrRealm},
		{"nothing", nil, nil, "", ErrUnsupported},
	} {
		s := session(t, SessionConfig{Realms: []string{"r"}, Algorithms: c.allowed})
		var a Attempt
		err := s.Challenged(&a, read(c.challenges...))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		if err != nil {
			continue
		}
		got := credentials(t, s, &a, "INVITE", "sip:a@b")
		if len(got) != 1 || got[0].Algorithm.String()+" "+got[0].QOP.String() != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestProxyAndServerInOneRequest(t *testing.T) {
	s := session(t, SessionConfig{Realms: []string{"proxy", "home"}})
	var a Attempt
	proxy := Challenge{Realm: "proxy", Nonce: "p", QOP: QOPAuth, Proxy: true, Opaque: "", HasOpaque: true}
	home := Challenge{Realm: "home", Nonce: "h", Algorithm: SHA256, QOP: QOPAuth}
	if got := answer(t, s, &a, "REGISTER", "sip:home", proxy); len(got) != 1 || got[0].Field() != "Proxy-Authorization" || got[0].NC != 1 || !got[0].HasOpaque {
		t.Fatalf("%+v", got)
	}
	got := answer(t, s, &a, "REGISTER", "sip:home", home)
	if len(got) != 2 || got[0].Realm != "proxy" || got[0].NC != 2 || got[1].Field() != "Authorization" || got[1].Realm != "home" || got[1].NC != 1 {
		t.Fatalf("%+v", got)
	}
	// The next request of the same Call-ID carries both, from the beginning (RFC 3261 §22.3), and another Call-ID none.
	a.Next()
	if got := credentials(t, s, &a, "BYE", "sip:home"); len(got) != 2 || got[0].NC != 3 || got[1].NC != 2 {
		t.Errorf("%+v", got)
	}
	if got := credentials(t, s, new(Attempt), "INVITE", "sip:home"); len(got) != 0 {
		t.Errorf("another Call-ID carries %+v", got)
	}
	// Both in one response.
	if got := answer(t, s, new(Attempt), "INVITE", "sip:home", proxy, home); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	// A response with a realm of ours and one of somebody else's gets credentials for ours.
	if got := answer(t, s, new(Attempt), "INVITE", "sip:home", Challenge{Realm: "other", Nonce: "o", Proxy: true}, home); len(got) != 1 || got[0].Realm != "home" {
		t.Errorf("%+v", got)
	}
}

func TestNonceCount(t *testing.T) {
	s := session(t, SessionConfig{Realms: []string{"r"}, Preemptive: true, MaxAuth: 9})
	c := Challenge{Realm: "r", Nonce: "n1", QOP: QOPAuth}
	var a Attempt
	first := answer(t, s, &a, "INVITE", "sip:a@b", c)[0]
	for want := uint32(2); want <= 4; want++ {
		var next Attempt
		k := credentials(t, s, &next, "INVITE", "sip:a@b")[0]
		if k.NC != want || k.Nonce != "n1" || k.CNonce == first.CNonce || k.Response == first.Response {
			t.Fatalf("request %d of the nonce: %+v", want, k)
		}
	}
	// A new nonce counts anew, the same one does not.
	c.Stale = true
	if k := answer(t, s, &a, "INVITE", "sip:a@b", c)[0]; k.NC != 5 {
		t.Errorf("the same nonce again, stale: %+v", k)
	}
	c.Nonce = "n2"
	if k := answer(t, s, &a, "INVITE", "sip:a@b", c)[0]; k.NC != 1 || k.Nonce != "n2" {
		t.Errorf("a new nonce: %+v", k)
	}
	// nextnonce is as good as a challenge; a late response does not bring an earlier one back.
	k := credentials(t, s, &a, "INVITE", "sip:a@b")[0]
	info := AuthenticationInfo{NextNonce: "n3", QOP: QOPAuth, CNonce: k.CNonce, NC: k.NC}
	info.RspAuth = k.ComputeRspAuth(HA1(MD5, "spa1", "r", "secret"), nil)
	if err := s.Informed(&k, &info, nil); err != nil {
		t.Fatal(err)
	}
	late := AuthenticationInfo{NextNonce: "n2b"}
	if err := s.Informed(&k, &late, nil); err != nil {
		t.Fatal(err)
	}
	if k := credentials(t, s, &a, "INVITE", "sip:a@b")[0]; k.NC != 1 || k.Nonce != "n3" {
		t.Errorf("after nextnonce: %+v", k)
	}
	info.RspAuth = k.ComputeRspAuth(HA1(MD5, "spa1", "r", "wrong"), nil)
	if err := s.Informed(&k, &info, nil); !errors.Is(err, ErrRspAuth) {
		t.Errorf("a server that does not know the password: %v", err)
	}
	info.CNonce = "another"
	if err := s.Informed(&k, &info, nil); !errors.Is(err, ErrRspAuth) {
		t.Errorf("a proof for another request: %v", err)
	}
}

func TestSessionKeyKeepsItsClientNonce(t *testing.T) {
	s := session(t, SessionConfig{Realms: []string{"r"}, Preemptive: true})
	var a Attempt
	first := answer(t, s, &a, "INVITE", "sip:a@b", Challenge{Realm: "r", Nonce: "n", Algorithm: SHA256Sess, QOP: QOPAuth})[0]
	if k := credentials(t, s, &a, "BYE", "sip:a@b")[0]; k.CNonce != first.CNonce || k.NC != 2 {
		t.Errorf("%+v after %+v", k, first)
	}
	if err := s.Informed(&first, &AuthenticationInfo{NextNonce: "other"}, nil); err != nil {
		t.Fatal(err)
	}
	if k := credentials(t, s, &a, "BYE", "sip:a@b")[0]; k.Nonce != "n" {
		t.Errorf("the nonce that the key is made of was left for another: %+v", k)
	}
}

// TestChallengesEnd: whatever the other side answers, it ends (CVE-2020-28242: a new nonce each time, for ever).
func TestChallengesEnd(t *testing.T) {
	stale := func(n int) Challenge {
		return Challenge{Realm: "r", Nonce: strconv.Itoa(n), Stale: true}
	}
	for _, c := range []struct {
		name    string
		max     int
		next    func(n int) Challenge
		answers int
		err     error
	}{
		{"stale for ever: Max Auth, by default 2", 0, stale, 2, ErrMaxAuth},
		{"stale for ever: Max Auth 5", 5, stale, 5, ErrMaxAuth},
		{"Max Auth 0 answers nothing", -1, stale, 0, ErrMaxAuth},
		{"a wrong password is said once", 255, func(n int) Challenge { return Challenge{Realm: "r", Nonce: strconv.Itoa(n)} }, 1, ErrRejected},
		{"a wrong password, with the same nonce", 255, func(int) Challenge { return Challenge{Realm: "r", Nonce: "n"} }, 1, ErrRejected},
		{"a new realm each time", 0, func(n int) Challenge { return Challenge{Realm: strconv.Itoa(n), Nonce: "n"} }, 1, ErrRealm},
	} {
		s := session(t, SessionConfig{MaxAuth: c.max})
		var a Attempt
		n := 0
		var err error
		for ; n < 1000; n++ {
			if err = s.Challenged(&a, []Challenge{c.next(n)}); err != nil {
				break
			}
			credentials(t, s, &a, "INVITE", "sip:a@b")
		}
		if n != c.answers || !errors.Is(err, c.err) {
			t.Errorf("%s: %d answers, then %v; want %d, %v", c.name, n, err, c.answers, c.err)
		}
		if len(s.spaces) > 1 {
			t.Errorf("%s: %d realms remembered", c.name, len(s.spaces))
		}
	}
}

func TestNonceFromEarlierMayHaveExpired(t *testing.T) {
	s := session(t, SessionConfig{Preemptive: true})
	answer(t, s, new(Attempt), "REGISTER", "sip:r", Challenge{Realm: "r", Nonce: "n1"})
	var a Attempt
	if k := credentials(t, s, &a, "REGISTER", "sip:r"); len(k) != 1 || k[0].Nonce != "n1" {
		t.Fatalf("%+v", k)
	}
	// The server does not say stale. It might be the nonce, so once more.
	if k := answer(t, s, &a, "REGISTER", "sip:r", Challenge{Realm: "r", Nonce: "n2"}); k[0].Nonce != "n2" {
		t.Fatalf("%+v", k)
	}
	if err := s.Challenged(&a, []Challenge{{Realm: "r", Nonce: "n3"}}); !errors.Is(err, ErrRejected) {
		t.Errorf("%v", err)
	}
	// With the nonce that the server gives again it is the password.
	var b Attempt
	k := credentials(t, s, &b, "REGISTER", "sip:r")
	if err := s.Challenged(&b, []Challenge{{Realm: "r", Nonce: k[0].Nonce}}); !errors.Is(err, ErrRejected) {
		t.Errorf("%v", err)
	}
}

// TestURIIsTheRequestURI: with parameters (a well-known stack drops them), and without a way out of the quotes.
func TestURIIsTheRequestURI(t *testing.T) {
	s := session(t, SessionConfig{Username: `a"b\c`})
	var a Attempt
	const uri = `sip:b@h:5080;transport=udp;x="1,2"?Subject=q`
	k := answer(t, s, &a, "INVITE", uri, Challenge{Realm: `r",x="`, Nonce: `n\`, Opaque: `"`, HasOpaque: true, QOP: QOPAuth})[0]
	if k.URI != uri {
		t.Errorf("uri %q", k.URI)
	}
	back, err := ParseCredentials([]byte(k.String()))
	back.Proxy = k.Proxy
	if err != nil || back != k {
		t.Errorf("%s\n%+v\n%+v, %v", k.String(), k, back, err)
	}
}

func TestSessionRefusesWhatItCannotUse(t *testing.T) {
	ha1 := HA1(MD5, "u", "r", "p")
	for _, c := range []struct {
		name string
		cfg  SessionConfig
		want string // "" works
	}{
		{"a line end in the username", SessionConfig{Username: "a\r\nX: y", Rand: new(counter)}, "control characters"},
		{"no username", SessionConfig{Rand: new(counter)}, "empty"},
		{"no randomness", SessionConfig{Username: "a"}, "randomness"},
		{"HA1 without a realm", SessionConfig{Username: "u", Rand: new(counter), HA1: map[Algorithm]string{MD5: ha1}}, "realm"},
		{"a password in place of HA1", SessionConfig{Username: "u", Rand: new(counter), Realms: []string{"r"}, HA1: map[Algorithm]string{MD5: "secret"}}, "32 hexadecimal"},
		{"HA1 of -sess", SessionConfig{Username: "u", Rand: new(counter), Realms: []string{"r"}, HA1: map[Algorithm]string{MD5Sess: ha1}}, "HA1"},
		{"HA1", SessionConfig{Username: "u", Rand: new(counter), Realms: []string{"r"}, HA1: map[Algorithm]string{MD5: ha1}}, ""},
	} {
		s, err := NewSession(c.cfg)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", c.name, err)
		case err == nil:
			var a Attempt
			k := answer(t, s, &a, "INVITE", "sip:a@b", Challenge{Realm: "r", Nonce: "n", Algorithm: SHA256}, Challenge{Realm: "r", Nonce: "n"})
			if len(k) != 1 || k[0].Algorithm != AlgorithmUnnamed || k[0].Response != k[0].Compute(ha1, "INVITE", nil) {
				t.Errorf("%s: without an HA1 for SHA-256: %+v", c.name, k)
			}
		}
	}
	s := session(t, SessionConfig{Rand: strings.NewReader("short")})
	var a Attempt
	if err := s.Challenged(&a, []Challenge{{Realm: "r", Nonce: "n", QOP: QOPAuth}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendCredentials(nil, &a, "INVITE", "sip:a@b"); err == nil {
		t.Error("a cnonce without randomness")
	}
}
