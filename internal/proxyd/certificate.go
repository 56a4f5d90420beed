package proxyd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// load returns the configuration of TLS: the certificate of this side, and whom the other sides' may be signed by.
func (t *TLS) load() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("the certificates of authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM form (-----BEGIN CERTIFICATE-----)", t.CA)
		}
	}
	if t.Cert == "" {
		return c, nil
	}
	cert, err := os.ReadFile(t.Cert)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	key, err := readPrivate(t.Key, "the key of your certificate")
	if err != nil {
		return nil, fmt.Errorf("the key of the certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s with the key %s cannot be used: %w", t.Cert, t.Key, plainTLS(err))
	}
	leaf := pair.Leaf
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return nil, fmt.Errorf("the certificate %s is valid from %s to %s only; have it renewed", t.Cert, leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// plainTLS says without the prefix of package tls what is wrong, and what to look at.
func plainTLS(err error) error {
	text := strings.TrimPrefix(err.Error(), "tls: ")
	switch {
	case strings.Contains(text, "failed to find any PEM data in certificate"):
		text = "it is not in PEM form (-----BEGIN CERTIFICATE-----)"
	case strings.Contains(text, "failed to find any PEM data in key"):
		text = "the key is not in PEM form (-----BEGIN PRIVATE KEY-----)"
	case strings.Contains(text, "private key does not match"):
		text = "the key belongs to another certificate"
	}
	return errors.New(text)
}
