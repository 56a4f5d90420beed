package live

import (
	"bytes"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// TargetOf returns where a request to a URI goes, for RFC 3263 §4: host, port, and the transport that it names. false: it is no SIP URI with a host,
// or names a port or transport that there is not. maddr is taken for what it is, the address to use (RFC 3261 §19.1.1), since the URI was given by
// whoever is called; what a Via says is never asked.
func TargetOf(uri []byte) (Target, bool) {
	u := sip.ParseURI(uri)
	if !u.IsSIP() || len(u.Host) == 0 || u.Masked || u.PortText != nil && u.Port == 0 {
		return Target{}, false
	}
	t := Target{Port: u.Port, Secure: bytes.EqualFold(u.Scheme, []byte("sips"))}
	host := u.Host
	if m, ok := u.Params.Get("maddr"); ok && len(m) > 0 {
		host = m
	}
	t.Host = string(bytes.TrimSuffix(bytes.TrimPrefix(host, []byte("[")), []byte("]")))
	if p, ok := u.Params.Get("transport"); ok {
		if t.Transport = TransportNamed(string(p)); t.Transport == capture.TransportUnknown {
			return Target{}, false
		}
	}
	return t, true
}

// TransportNamed returns the transport that a transport parameter, or a Via, names in any case; TransportUnknown for any other than the three
// that are sent over.
func TransportNamed(name string) capture.Transport {
	for _, t := range [...]capture.Transport{capture.UDP, capture.TCP, capture.TLS} {
		if len(name) == 3 && bytes.EqualFold([]byte(name), []byte(t.String())) {
			return t
		}
	}
	return capture.TransportUnknown
}

// FlowOf returns the flow of a target that needs no look-up: an address (RFC 3263 §4.1, §4.2: UDP, or TLS for a sips URI, where no
// transport is named; the port of the transport where none is given).
func FlowOf(t Target) (Flow, bool) {
	addr, err := netip.ParseAddr(t.Host)
	if err != nil {
		return Flow{}, false
	}
	f := Flow{Transport: t.Transport}
	switch {
	case t.Secure:
		f.Transport = capture.TLS
	case f.Transport == capture.TransportUnknown:
		f.Transport = capture.UDP
	}
	port := t.Port
	if port == 0 {
		port = 5060
		if f.Transport == capture.TLS {
			port = 5061
		}
	}
	f.Remote = netip.AddrPortFrom(addr.Unmap(), port)
	return f, true
}
