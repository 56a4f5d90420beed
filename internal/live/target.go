package live

import (
	"net/netip"
	"strings"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// TargetOf returns where a request to a URI goes, for RFC 3263 §4: host, port, and the transport that it names. false if the URI is
// none of SIP or has no host. maddr is taken for what it is, the address to use (§19.1.1), since the URI was given by whoever is called;
// what a Via says is never asked.
func TargetOf(uri string) (Target, bool) {
	u := sip.ParseURI([]byte(uri))
	if !u.IsSIP() || len(u.Host) == 0 {
		return Target{}, false
	}
	t := Target{Host: strings.Trim(string(u.Host), "[]"), Port: u.Port, Secure: strings.EqualFold(string(u.Scheme), "sips")}
	if m, ok := u.Params.Get("maddr"); ok && len(m) > 0 {
		t.Host = strings.Trim(string(m), "[]")
	}
	if p, ok := u.Params.Get("transport"); ok {
		t.Transport = TransportNamed(string(p))
	}
	if t.Secure {
		t.Transport = capture.TLS
	}
	return t, true
}

// TransportNamed returns the transport that a transport parameter, or a Via, names in any case; TransportUnknown for any other.
func TransportNamed(name string) capture.Transport {
	switch strings.ToUpper(name) {
	case "UDP":
		return capture.UDP
	case "TCP":
		return capture.TCP
	case "TLS":
		return capture.TLS
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
	if f.Transport == capture.TransportUnknown {
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
