package callflow

import (
	"bytes"

	"sipscribe/sip"
)

// The 200 to a REGISTER enumerates all the bindings that the address of record has now (RFC 3261 §10.3, step 8), those of other devices among them: it is the one's own binding that
// tells what the REGISTER has come to (§10.2.4).
//
//	REGISTER  Contact: <sip:100@192.0.2.10:5060>                           asked for
//	200       Contact: <sip:100@198.51.100.7>;expires=60                   another device's
//	          Contact: <sip:100@192.0.2.10:5060>;expires=3600              one's own
//
// A registrar that helps a telephone behind a NAT may list the address that it saw (RFC 3581 §4) in place of the one that it was told.

// OwnBinding returns the first binding in a 200 to REGISTER that is one of those which the request asked for, and false if none is.
func OwnBinding(request, response *sip.Message) (sip.Address, bool) {
	via, _ := response.TopVia()
	seen, _ := via.Params.Get("received")
	for s := range response.Values(sip.FieldContact) {
		listed := sip.ParseAddress(response.Text(s))
		if len(seen) > 0 && bytes.EqualFold(seen, bytes.Trim(listed.URI.Host, "[]")) {
			return listed, true
		}
		for r := range request.Values(sip.FieldContact) {
			if asked := sip.ParseAddress(request.Text(r)); sameBinding(&asked, &listed) {
				return listed, true
			}
		}
	}
	return sip.Address{}, false
}

// sameBinding reports whether two contacts can be of one device: they name the same user, host and port, or the same instance (RFC 5626 §4.1). What the log hides can be the same.
func sameBinding(a, b *sip.Address) bool {
	u, v := &a.URI, &b.URI
	if bytes.Equal(u.Raw, v.Raw) || u.Masked || v.Masked || sip.Masked(u.Raw) || sip.Masked(v.Raw) {
		return true
	}
	if x, ok := a.Params.Get("+sip.instance"); ok {
		if y, ok := b.Params.Get("+sip.instance"); ok && bytes.Equal(x, y) {
			return true
		}
	}
	return bytes.Equal(sip.Unescape(u.User), sip.Unescape(v.User)) && bytes.EqualFold(u.Host, v.Host) && contactPort(u) == contactPort(v)
}

// contactPort returns the port of a URI, or the one that counts where it has none (RFC 3263 §4.2).
func contactPort(u *sip.URI) uint16 {
	switch {
	case u.Port != 0 || len(u.PortText) > 0:
		return u.Port
	case bytes.EqualFold(u.Scheme, []byte("sips")):
		return 5061
	}
	return 5060
}

// OnlyOthers reports whether a 200 to REGISTER lists bindings, and among them none that the request asked for: two hops, of which the log has the whole header.
func (c *Call) OnlyOthers(asked, granted int) bool {
	if (c.Hops[asked].flags|c.Hops[granted].flags)&hopCut != 0 {
		return false
	}
	request, response := c.parsed(0, asked), c.parsed(1, granted)
	return onlyOthers(request, response)
}

func onlyOthers(request, response *sip.Message) bool {
	a, ok := request.Contact()
	if !ok || a.Star || !response.Has(sip.FieldContact) {
		return false
	}
	_, own := OwnBinding(request, response)
	return !own
}
