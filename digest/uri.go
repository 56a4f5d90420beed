package digest

import (
	"bytes"
	"slices"
	"strings"

	"sipscribe/sip"
)

// SameResource reports whether a digest-uri and a Request-URI name the same: equal bytes; or the same user at the same host, whatever scheme of
// sip and sips, port, parameters and headers are; or the same tel number.
//
// RFC 7616 §3.4.6 wants the same resource, RFC 8760 §2.6, 6 at least a user that the server is willing to serve. A proxy on the way may have
// rewritten the URI (§16.5, §16.6 of RFC 3261), which often adds a port or a transport. To let the user or the host differ would
// let whoever sees credentials spend them on a call to a number of their own choosing.
func SameResource(digestURI, requestURI string) bool {
	if digestURI == requestURI {
		return true
	}
	a, b := sip.ParseURI([]byte(digestURI)), sip.ParseURI([]byte(requestURI))
	switch {
	case a.IsSIP() && b.IsSIP():
		return bytes.Equal(a.User, b.User) && bytes.Equal(a.Password, b.Password) && len(a.Host) > 0 && bytes.EqualFold(a.Host, b.Host)
	case a.IsTel() && b.IsTel():
		return len(a.User) > 0 && bytes.Equal(a.User, b.User)
	}
	return false
}

// names reports whether a digest-uri names one of the hosts, and no user.
func names(hosts []string, digestURI string) bool {
	if len(hosts) == 0 {
		return false
	}
	u := sip.ParseURI([]byte(digestURI))
	return u.IsSIP() && !u.HasAt && slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(string(u.Host), h) })
}
