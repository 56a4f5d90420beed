package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/neterror"
)

// hasCertificate reports whether TLS can be listened for.
func (c *Config) hasCertificate() bool {
	t := c.TLS
	return t != nil && (len(t.Certificates) > 0 || t.GetCertificate != nil || t.GetConfigForClient != nil)
}

// serverTLS is the server's side of TLS over a connection. What is asked of clients is up to the configuration (RFC 5922 §7.4).
func (d *Driver) serverTLS(c *net.TCPConn) net.Conn { return tls.Server(c, d.cfg.TLS) }

// greet does the handshake of a connection that was accepted. False: the connection has ended.
func (s *stream) greet(by time.Time) bool {
	d := s.d
	s.conn.SetDeadline(by)
	if err := s.conn.(*tls.Conn).HandshakeContext(d.ctx); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			d.counters.Slow.Add(1)
		} else {
			d.counters.Handshakes.Add(1)
		}
		s.end(fmt.Errorf("no TLS: %w", handshakeError(err)))
		return false
	}
	s.conn.SetWriteDeadline(time.Time{})
	d.mu.Lock()
	s.ready = true
	d.mu.Unlock()
	return true
}

// clientTLS is the client's side: the handshake, and the check of who is at the other end (RFC 5922 §7.3).
func (d *Driver) clientTLS(ctx context.Context, c *net.TCPConn, f live.Flow) (net.Conn, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.cfg.TLS != nil {
		cfg = d.cfg.TLS.Clone()
	}
	who := f.Name
	if who == "" {
		who = f.Remote.Addr().WithZone("").String()
	}
	cfg.ServerName = who
	// RFC 5922 §7.1, §7.2 have rules that are not those of package tls: a sip URI may stand for the name, and a wildcard for nothing. So what
	// it checks is turned off, and all of it is done below, before a byte is written.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(state tls.ConnectionState) error { return verifyIdentity(state.PeerCertificates, cfg, who) }
	t := tls.Client(c, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("no TLS connection with %s (%s): %w", who, f.Remote, handshakeError(err))
	}
	return t, nil
}

// handshakeError says in words what usually is behind it.
func handshakeError(err error) error {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &record):
		return neterror.Worded("the other side does not speak TLS at that port", err)
	case errors.As(err, &alert):
		return neterror.Worded("the other side refuses: "+strings.TrimPrefix(alert.Error(), "tls: "), err)
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return neterror.Worded("the other side did not finish the handshake in time", err)
	}
	return neterror.Worded(strings.TrimPrefix(neterror.Plain(err).Error(), "tls: "), err)
}

// sipDomainUsage is id-kp-sipDomain, the extended key usage of RFC 5924 §4.
const sipDomainUsage = "1.3.6.1.5.5.7.3.20"

// verifyIdentity checks the certificate of a server: that somebody who is trusted vouches for it, now and for this use, and that it is
// for the domain (or the address) that was asked for.
func verifyIdentity(chain []*x509.Certificate, cfg *tls.Config, who string) error {
	if len(chain) == 0 {
		return errors.New("the server showed no certificate")
	}
	leaf := chain[0]
	o := x509.VerifyOptions{Roots: cfg.RootCAs, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if cfg.Time != nil {
		o.CurrentTime = cfg.Time()
	}
	for _, u := range leaf.UnknownExtKeyUsage {
		if u.String() == sipDomainUsage {
			o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		}
	}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(o); err != nil {
		var unknown x509.UnknownAuthorityError
		var invalid x509.CertificateInvalidError
		switch {
		case errors.As(err, &unknown):
			return fmt.Errorf("its certificate (%s) is signed by nobody who is trusted here; give the certificate of its authority", nameOf(leaf))
		case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
			return fmt.Errorf("its certificate (%s) is valid from %s to %s only", nameOf(leaf), leaf.NotBefore.UTC().Format(time.DateOnly),
				leaf.NotAfter.UTC().Format(time.DateOnly))
		}
		return fmt.Errorf("its certificate (%s) is not to be trusted: %w", nameOf(leaf), err)
	}
	if ip, err := netip.ParseAddr(who); err == nil {
		// No domain was asked for. RFC 5922 knows no addresses; a certificate that has this one is as good.
		for _, a := range leaf.IPAddresses {
			if got, ok := netip.AddrFromSlice(a); ok && got.Unmap() == ip.Unmap() {
				return nil
			}
		}
		return fmt.Errorf("its certificate is for %s, not for the address %s", nameOf(leaf), who)
	}
	for _, id := range sipIdentities(leaf) {
		// RFC 5922 §7.2: in its entirety, whatever the case; no suffix, no wildcard.
		if strings.EqualFold(strings.TrimSuffix(id, "."), strings.TrimSuffix(who, ".")) {
			return nil
		}
	}
	return fmt.Errorf("its certificate is for %s, not for %s", nameOf(leaf), who)
}

// sipIdentities returns the domains of a certificate (RFC 5922 §7.1): those of its sip URIs without a user, and its DNS names if there is none.
// The CN of certificates that have no subjectAltName, which an implementation MAY take, is not taken.
func sipIdentities(c *x509.Certificate) []string {
	var ids []string
	for _, u := range c.URIs {
		if host, ok := sipHost(u); ok {
			ids = append(ids, host)
		}
	}
	if len(ids) > 0 {
		return ids
	}
	return c.DNSNames
}

// sipHost returns the host of a sip URI without a user. Package url takes what stands behind "sip:" as opaque.
func sipHost(u *url.URL) (string, bool) {
	if !strings.EqualFold(u.Scheme, "sip") || u.Opaque == "" || strings.Contains(u.Opaque, "@") {
		return "", false
	}
	host, _, _ := strings.Cut(u.Opaque, ";")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return host, host != ""
}

// nameOf returns what a certificate is for, to be told.
func nameOf(c *x509.Certificate) string {
	names := sipIdentities(c)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "nobody"
	}
	if len(names) > 5 {
		names = append(names[:5:5], "…")
	}
	return strings.Join(names, ", ")
}
