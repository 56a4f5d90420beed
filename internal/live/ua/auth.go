package ua

import (
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
	if c.line.Password == "" || !c.line.isServer(from) {
		return false
	}
	var challenges []digest.Challenge
	for _, id := range [...]sip.FieldID{sip.FieldProxyAuthenticate, sip.FieldWWWAuthenticate} {
		for s := range m.Values(id) {
			if ch, err := digest.ParseChallenge(m.Text(s)); err == nil {
				ch.Proxy = id == sip.FieldProxyAuthenticate
				challenges = append(challenges, ch)
			}
		}
	}
	return c.account.Challenged(&c.attempt, challenges) == nil
}

// accepted takes what the server says of the credentials that it has accepted (RFC 7616 §3.5).
func (c *credentials) accepted(m *sip.Message) {
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
