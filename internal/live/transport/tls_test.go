package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, pool: x509.NewCertPool()}
	a.cert, a.key = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(1)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// server returns the TLS configuration of a server with a certificate.
func (a *authority) server(c *x509.Certificate) *tls.Config {
	cert, key := a.sign(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
}

func forNames(names ...string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: "a.example.com"}, DNSNames: names}
}

func forURI(uri string, names ...string) *x509.Certificate {
	u, err := url.Parse(uri)
	if err != nil {
		panic(err)
	}
	c := forNames(names...)
	c.URIs = []*url.URL{u}
	return c
}

// RFC 5922 §7: who is at the other end.
func TestIdentityOfServer(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	expired := forNames("example.com")
	expired.NotBefore, expired.NotAfter = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)
	onlySIP := forNames("example.com")
	onlySIP.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 20}}
	onlyMail := forNames("example.com")
	onlyMail.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	address := forNames("example.com")
	address.IPAddresses = []net.IP{net.ParseIP("127.0.0.1")}
	for _, c := range []struct {
		name   string
		server *tls.Config
		flow   string // its Name
		want   string // of the error; "": it works
	}{
		{"the name", ca.server(forNames("example.com")), "example.com", ""},
		{"the name in another case, of several", ca.server(forNames("sip.example.com", "Example.COM")), "example.com", ""},
		{"a sip URI", ca.server(forURI("sip:example.com", "host.example.com")), "example.com", ""},
		{"a DNS name counts for nothing beside a sip URI", ca.server(forURI("sip:example.com", "host.example.com")), "host.example.com", "its certificate is for example.com, not for host.example.com"},
		{"a sip URI with a user is none", ca.server(forURI("sip:a@example.com", "host.example.com")), "host.example.com", ""},
		{"another scheme is none", ca.server(forURI("https://example.com/", "host.example.com")), "example.com", "its certificate is for host.example.com, not for example.com"},
		{"a wildcard matches nothing", ca.server(forNames("*.example.com")), "sip.example.com", "its certificate is for *.example.com, not for sip.example.com"},
		{"a suffix is another name", ca.server(forNames("example.com")), "sip.example.com", "its certificate is for example.com, not for sip.example.com"},
		{"the common name alone is not taken", ca.server(forNames()), "a.example.com", "its certificate is for nobody, not for a.example.com"},
		{"another authority", other.server(forNames("example.com")), "example.com", "its certificate (example.com) is signed by nobody who is trusted here; give the certificate of its authority"},
		{"expired", ca.server(expired), "example.com", "its certificate (example.com) is valid from 2001-01-01 to 2002-01-01 only"},
		{"for the domain of SIP alone", ca.server(onlySIP), "example.com", ""},
		{"for mail alone", ca.server(onlyMail), "example.com", "its certificate (example.com) is not to be trusted"},
		{"no name, the address", ca.server(address), "", ""},
		{"no name, not the address", ca.server(forNames("example.com")), "", "its certificate is for example.com, not for the address 127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			peer, e := newScript(), newScript()
			peer.receive = echo
			p := start(t, peer, Config{Listen: at("127.0.0.1", capture.TLS), TLS: c.server})
			d := start(t, e, Config{TLS: &tls.Config{RootCAs: ca.pool}})
			m := request("OPTIONS", "1", capture.TLS, 0)
			to := live.Flow{Transport: capture.TLS, Remote: addr(t, p, capture.TLS), Name: c.flow}
			d.sendNow(t, to, 3, m)
			if c.want == "" {
				h := e.expect(t, "receive")
				if h.data != m || h.flow.Name != c.flow || h.flow.Conn == 0 || h.flow.Transport != capture.TLS {
					t.Errorf("%q over %+v", h.data, h.flow)
				}
				if n := d.Counters().TLS.Received.Load(); n != 1 {
					t.Error(n)
				}
				return
			}
			h := e.expect(t, "failed")
			who := c.flow
			if who == "" {
				who = "127.0.0.1"
			}
			if want := "no TLS connection with " + who + " (" + to.Remote.String() + "): " + c.want; h.ref != 3 || h.flow != to || !strings.HasPrefix(h.err.Error(), want) {
				t.Errorf("got  %v\nwant %s", h.err, want)
			}
			if len(peer.happened) > 0 {
				t.Error("something was sent to whoever it is")
			}
		})
	}
}

// CVE-2020-15260: a connection that was verified for one name is not used for another.
func TestConnectionIsNotUsedForAnotherName(t *testing.T) {
	ca := newAuthority(t)
	peer, e := newScript(), newScript()
	p := start(t, peer, Config{Listen: at("127.0.0.1", capture.TLS), TLS: ca.server(forNames("a.example.com", "c.example.com"))})
	d := start(t, e, Config{TLS: &tls.Config{RootCAs: ca.pool}})
	to := live.Flow{Transport: capture.TLS, Remote: addr(t, p, capture.TLS)}
	send := func(name string) { to.Name = name; d.sendNow(t, to, 1, request("OPTIONS", name, capture.TLS, 0)) }
	send("a.example.com")
	first := peer.expect(t, "receive").flow
	send("b.example.com")
	if h := e.expect(t, "failed"); !strings.Contains(h.err.Error(), "not for b.example.com") {
		t.Error(h.err)
	}
	send("c.example.com")
	if f := peer.expect(t, "receive").flow; f == first {
		t.Error("the connection for a.example.com was used for c.example.com")
	}
	send("a.example.com")
	if f := peer.expect(t, "receive").flow; f != first {
		t.Error("the connection for a.example.com was not used again")
	}
	// Nor is one that was accepted, whoever made it: to its other end nobody has been verified.
	p.sendNow(t, live.Flow{Transport: capture.TLS, Remote: first.Remote}, 5, "x")
	if h := peer.expect(t, "failed"); h.ref != 5 {
		t.Errorf("%+v", h)
	}
	// But it is where the responses go.
	p.sendNow(t, first, 6, "SIP/2.0 200 OK\r\n\r\n")
	if h := e.expect(t, "receive"); h.data != "SIP/2.0 200 OK\r\n\r\n" || h.flow.Name != "a.example.com" {
		t.Errorf("%+v", h)
	}
}

func TestTLSWithWhoeverSpeaksNone(t *testing.T) {
	ca := newAuthority(t)
	e, peer := newScript(), newScript()
	d := start(t, e, Config{Listen: at("127.0.0.1", capture.TLS), TLS: ca.server(forNames("example.com")), Limits: Limits{FirstMessage: 50 * time.Millisecond}})
	p := start(t, peer, Config{Listen: at("127.0.0.1", capture.TCP), Limits: Limits{FirstMessage: 50 * time.Millisecond}})
	// As a server: plain SIP, and somebody who says nothing.
	c := dialTCP(t, addr(t, d, capture.TLS))
	put(t, c, request("OPTIONS", "1", capture.TLS, 0))
	getEnd(t, c)
	getEnd(t, dialTCP(t, addr(t, d, capture.TLS)))
	d.Do(func(time.Time, *live.Outbox) {})
	if n := d.Counters(); n.Handshakes.Load() != 1 || n.Slow.Load() != 1 {
		t.Errorf("%d handshakes failed, %d were slow", n.Handshakes.Load(), n.Slow.Load())
	}
	// As a client: a server that closes the connection.
	d.sendNow(t, live.Flow{Transport: capture.TLS, Remote: addr(t, p, capture.TCP), Name: "example.com"}, 1, "x")
	if h := e.expect(t, "failed"); !strings.HasPrefix(h.err.Error(), "no TLS connection with example.com (127.0.0.1:") {
		t.Error(h.err)
	}
}
