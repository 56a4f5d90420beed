package explain

import (
	"bytes"

	"sipscribe/sip"
)

// addressName names an address as a person would: its user part, or its host.
func (t *Teller) addressName(a sip.Address) string {
	if n := personName(&sip.Address{URI: a.URI}); n != nil {
		return t.shown(n)
	}
	if a.URI.Masked {
		return t.word("word.hidden.later")
	}
	return t.shown(a.URI.Host)
}

// uriName names a URI: user and host.
func (t *Teller) uriName(u sip.URI) string {
	if u.Masked {
		return t.word("word.hidden.later")
	}
	if len(u.User) > 0 {
		if both := userAtHost(u); both != nil {
			return t.shown(both)
		}
		return t.joined(t.shown(userName(u.User)), "@", t.shown(u.Host))
	}
	if len(u.Host) > 0 {
		return t.shown(u.Host)
	}
	return t.shown(u.Raw)
}

// userAtHost returns "user@host" where it stands so in a URI, as it mostly does; nil elsewhere.
func userAtHost(u sip.URI) []byte {
	at := offsetIn(u.Raw, u.User)
	end := at + len(u.User) + 1 + len(u.Host)
	if at < 0 || end > len(u.Raw) || end-at > maxShown || offsetIn(u.Raw, u.Host) != at+len(u.User)+1 || len(userName(u.User)) != len(u.User) ||
		bytes.IndexByte(u.Raw[at:end], ' ') >= 0 {
		return nil
	}
	return u.Raw[at:end]
}

// hostPort names where a contact is.
func (t *Teller) hostPort(u sip.URI) string {
	if u.Masked {
		return t.word("word.hidden.later")
	}
	if len(u.Host) == 0 {
		return t.shown(u.Raw)
	}
	s := t.shown(u.Host)
	if u.Port != 0 {
		s = t.joined(s, ":", t.number(int64(u.Port)))
	}
	return s
}
