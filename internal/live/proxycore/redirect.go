package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// redirect tries the contacts of a redirection here (§16.7 step 4), if that is wanted and the Request-URI is ours to change (§16.5). It returns true if
// nothing of the response is left to be handed back. Contacts that are tried are noted in how.Without: "the proxy MUST remove them from the response
// before adding the response to the response context". A 305 names a proxy and a 380 another service: they are the caller's.
//
// A contact that is a user of ours is no place to send to but a name to look up, as it would be in a Request-URI (§16.5): its addresses would be ours.
//
// Only a phone that has registered here, by itself or by way of an edge proxy (RFC 3327), is followed: what it names may be a number that a gateway takes, or a host that
// only we reach. What somebody else names, to whom a phone has led the call or a route has, stays for the caller, unless it has been tried.
func (x *Context) redirect(b *branch, m *sip.Message, how *Relay) bool {
	if !x.core.cfg.Recurse || x.Fixed || x.closed || b.cancelled || m.Status < 300 || m.Status > 302 {
		return false
	}
	contacts := 0
	for s := range m.Values(sip.FieldContact) {
		if contacts++; contacts > MaxTargets {
			break
		}
		a := sip.ParseAddress(m.Text(s))
		ours := !a.URI.Params.Has("maddr") && x.core.IsResponsible(&a.URI)
		if _, ok := live.TargetOf(a.URI.Raw); !ok && !ours || a.Star || len(a.URI.Raw) > maxRedirect {
			continue
		}
		if x.secure && !isSecure(&a.URI) {
			continue // "SHOULD NOT recurse to a non-SIPS URI if the Request-URI of the original request was a SIPS URI"
		}
		if x.has(&a.URI) {
			how.Without = append(how.Without, s) // tried already: "Targets can only be placed in the target set once" (§16.5)
			continue
		}
		if t := &x.targets[b.target]; t.Flow.Transport == 0 && len(t.Push) == 0 {
			continue
		}
		// A contact is preferred as its parent was, and among its siblings as q says.
		q := int(x.targets[b.target].Q) * qvalue(&a) / 1000
		if x.add(Target{URI: string(a.URI.Raw), Q: uint16(q)}) {
			x.targets[len(x.targets)-1].ours = ours
			how.Without = append(how.Without, s)
		}
	}
	return contacts > 0 && len(how.Without) == contacts
}

// maxRedirect is the longest URI that a redirection may lead to.
const maxRedirect = 1024

// has reports whether a URI is in the target set.
func (x *Context) has(u *sip.URI) bool {
	for i := range x.targets {
		if x.targets[i].uri.Equal(u) {
			return true
		}
	}
	return false
}

// qvalue returns q in thousandths (§20.10); 1000 where there is none that can be read.
func qvalue(a *sip.Address) int {
	v, has := a.Params.Get("q")
	if !has || len(v) == 0 || len(v) > 5 || v[0] > '1' || v[0] < '0' || len(v) > 1 && v[1] != '.' {
		return 1000
	}
	n := int(v[0]-'0') * 1000
	for i, weight := 2, 100; i < len(v); i, weight = i+1, weight/10 {
		if v[i] < '0' || v[i] > '9' {
			return 1000
		}
		n += int(v[i]-'0') * weight
	}
	return min(n, 1000)
}
