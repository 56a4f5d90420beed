package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// NextHop returns where the request goes: the first Route value after Push, else the target (§16.6 step 7). false: that is no SIP URI.
func (f *Forward) NextHop(m *sip.Message) (live.Target, bool) {
	target := f.target()
	first, has := f.firstRoute(m)
	uri := target
	if has {
		uri = sip.ParseAddress(first).URI.Raw
	}
	t, ok := live.TargetOf(uri)
	// "If the Request-URI specifies a SIPS resource, the proxy MUST follow the procedures of [4] as if the input URI were a SIPS URI."
	if u := sip.ParseURI(target); isSecure(&u) {
		t.Secure = true
	}
	return t, ok
}

// target is the URI before a strict router at the next hop changes it.
func (f *Forward) target() []byte {
	if f.URI != "" {
		return []byte(f.URI)
	}
	return f.Route.URI
}

// IsStrict reports whether the next hop is a strict router, whose URI takes the place of the Request-URI (§16.6 step 6).
func (f *Forward) IsStrict(m *sip.Message) bool {
	first, has := f.firstRoute(m)
	return has && !isLoose(first)
}

// firstRoute returns the first Route value that the request will have.
func (f *Forward) firstRoute(m *sip.Message) ([]byte, bool) {
	if len(f.Push) > 0 {
		return []byte(f.Push[0]), true
	}
	if f.Route.Remaining == 0 {
		return nil, false
	}
	n := 0
	for s := range m.Values(sip.FieldRoute) {
		if n == f.Route.Skip {
			return m.Text(s), true
		}
		n++
	}
	return nil, false
}
