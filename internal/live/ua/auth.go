package ua

import (
	"errors"
	"slices"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// credentials are what one request shows of itself (RFC 3261 §22.2, §22.3). Requests of one Call-ID follow each other: the next begins with the
// realms that have challenged before.
type credentials struct {
	line    *line
	account *digest.Session
	attempt digest.Attempt
	sent    []digest.Credentials
	// shown are the rows that went out last. The ACK for a 2xx has the same (§13.2.2.4).
	shown []sip.DraftField
	// demand is who the last 401 or 407 was from, once it was not answered.
	demand Demand
}

// Demand is whose credentials a 401 or 407 wants that came to nothing. A realm may be that of a gateway behind the proxy, whose account the line does not have.
type Demand struct {
	// Realm that asks: of several one that has not taken the line's credentials. "": none was named.
	Realm string
	// Accepted is a realm that has taken the line's user and password before, of this request or another one; Realm itself if it has. "": none has.
	Accepted string
	// Unknown: the line has no password for that realm, by its setting Realm or since another realm has it.
	Unknown bool
}

// maxAccepted is how many realms are remembered to have taken a line's credentials.
const maxAccepted = 8

// taken remembers the realms whose challenge a request has answered, and that do not ask again.
func (c *credentials) taken(again []digest.Challenge) {
	for i := range c.sent {
		realm := c.sent[i].Realm
		if slices.ContainsFunc(again, func(ch digest.Challenge) bool { return ch.Realm == realm }) {
			continue
		}
		if l := c.line; len(l.accepted) < maxAccepted && !slices.Contains(l.accepted, realm) {
			l.accepted = append(l.accepted, realm)
		}
	}
}

// asked says which of the challenges that came to nothing is to be told of.
func (c *credentials) asked(challenges []digest.Challenge, why error) Demand {
	var d Demand
	accepted := c.line.accepted
	if len(accepted) > 0 {
		d.Accepted = accepted[0]
	}
	if len(challenges) > 0 {
		i := slices.IndexFunc(challenges, func(ch digest.Challenge) bool { return !slices.Contains(accepted, ch.Realm) })
		d.Realm = challenges[max(i, 0)].Realm
		if i < 0 {
			d.Accepted = d.Realm
		}
	}
	d.Unknown = errors.Is(why, digest.ErrRealm)
	return d
}

func newCredentials(l *line, account *digest.Session) *credentials {
	return &credentials{line: l, account: account}
}

// follow returns the credentials of a further request of the same Call-ID.
func (c *credentials) follow() *credentials {
	return &credentials{line: c.line, account: c.account, attempt: c.attempt.Follow()}
}

// fields returns the Authorization and Proxy-Authorization of a request about to go out.
func (c *credentials) fields(method, uri string) []sip.DraftField {
	var err error
	c.shown = nil
	if c.sent, err = c.account.AppendCredentials(c.sent[:0], &c.attempt, method, uri); err != nil {
		return nil // the source of chance has failed; the server will say what it misses
	}
	for i := range c.sent {
		c.shown = append(c.shown, sip.DraftField{Name: c.sent[i].Field(), Value: c.sent[i].String()})
	}
	return c.shown
}

// take takes a 401 or 407, and reports whether the request is worth another try. Only the line's own server is answered: whoever else
// asks wants a digest to guess the password from. A line without a password has nothing to answer with: an empty one would only count as a wrong one.
func (c *credentials) take(m *sip.Message, from live.Flow) bool {
	var challenges []digest.Challenge
	for _, id := range [...]sip.FieldID{sip.FieldProxyAuthenticate, sip.FieldWWWAuthenticate} {
		for s := range m.Values(id) {
			if ch, err := digest.ParseChallenge(m.Text(s)); err == nil {
				ch.Proxy = id == sip.FieldProxyAuthenticate
				challenges = append(challenges, ch)
			}
		}
	}
	var err error
	if c.line.isServer(from) {
		c.taken(challenges)
	}
	if c.line.Password != "" && c.line.isServer(from) {
		if err = c.account.Challenged(&c.attempt, challenges); err == nil {
			return true
		}
	}
	c.demand = c.asked(challenges, err)
	return false
}

// accepted takes what the server says of the credentials that it has accepted (RFC 7616 §3.5).
func (c *credentials) accepted(m *sip.Message) {
	c.taken(nil)
	for _, name := range [...]string{"Authentication-Info", "Proxy-Authentication-Info"} {
		v := m.Named(name)
		if v == nil {
			continue
		}
		info, err := digest.ParseAuthenticationInfo(v)
		if err != nil {
			continue
		}
		for i := range c.sent {
			if c.sent[i].Proxy == (name[0] == 'P') {
				// A proof that is wrong is no reason to hang up on a call that works: the answer went over the same way as the challenge.
				_ = c.account.Informed(&c.sent[i], &info, m.BodyBytes())
			}
		}
	}
}
