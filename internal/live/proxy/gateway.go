package proxy

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transaction"
	"sipscribe/sip"
)

// gateway is where static routes lead, and the account there.
type gateway struct {
	Gateway
	session *digest.Session // nil: it is not expected to ask
	mark    [gatewayMark]byte
}

func newGateway(g Gateway, chance io.Reader) (*gateway, error) {
	if _, ok := live.TargetOf([]byte(g.URI)); !ok || strings.Contains(g.URI, "@") {
		return nil, fmt.Errorf("gateway %q: its address %q must be a SIP URI without a user, such as sip:gw.example.com:5060", g.Name, g.URI)
	}
	made := &gateway{Gateway: g}
	// Another gateway under the same name is another: its account is not for dialogs with this one.
	sum := sha256.Sum256([]byte(g.Name + "\x00" + g.URI))
	copy(made.mark[:], sum[:])
	if g.User == "" {
		return made, nil
	}
	var err error
	made.session, err = digest.NewSession(digest.SessionConfig{Username: g.User, Password: g.Password, Realms: g.Realms, Rand: chance})
	if err != nil {
		return nil, fmt.Errorf("gateway %q: %w", g.Name, err)
	}
	return made, nil
}

// attempt is what the proxy has shown a gateway for one request.
type attempt struct {
	attempt digest.Attempt
	fields  []sip.DraftField
}

// gatewayAnswers answers the challenge of a gateway where the proxy has an account there, and reports whether it did. The request goes out again
// as another transaction, with the CSeq of the caller: a proxy cannot count that on (§16.6 step 1), and gateways know it from others.
func (p *Proxy) gatewayAnswers(now time.Time, b *branch, c *transaction.Client, m *sip.Message, out *live.Outbox) bool {
	r := b.relay
	if r.ended || b.replaced || r.request == nil {
		return false
	}
	t := r.context.Target(b.target)
	g, ok := t.User.(*gateway)
	if !ok || g == nil || g.session == nil {
		return false
	}
	var challenges []digest.Challenge
	for _, id := range [...]sip.FieldID{sip.FieldProxyAuthenticate, sip.FieldWWWAuthenticate} {
		for v := range values(m, id) {
			if ch, err := digest.ParseChallenge(v); err == nil {
				ch.Proxy = id == sip.FieldProxyAuthenticate
				challenges = append(challenges, ch)
			}
		}
	}
	if b.account == nil {
		b.account = &attempt{}
	}
	if err := g.session.Challenged(&b.account.attempt, challenges); err != nil {
		p.tell(EventGateway, r.from, m, Event{Status: int(m.Status), Because: "gateway " + g.Name + " refuses the account that it is called with (" + err.Error() + "): check its user and password_file"})
		return false
	}
	credentials, err := g.session.AppendCredentials(nil, &b.account.attempt, m.Method.String(), t.URI)
	if err != nil {
		return false
	}
	b.account.fields = nil
	for i := range credentials {
		b.account.fields = append(b.account.fields, sip.DraftField{Name: credentials[i].Field(), Value: credentials[i].String()})
	}
	b.replaced = true
	if p.forward(now, r, b.number, b.target, c.Flow(), b.breadth, b.account, out) {
		return true
	}
	b.replaced = false
	r.branch[b.number] = b
	return false
}

// gatewaySilent tells that a gateway has not answered a call, or cannot be reached: the caller hears a 408 or a 500, which says nothing of it.
func (p *Proxy) gatewaySilent(b *branch, why transaction.End) {
	r := b.relay
	if r.ended || r.request == nil {
		return // the caller has his answer
	}
	g, ok := r.context.Target(b.target).User.(*gateway)
	if !ok || g == nil {
		return
	}
	because := "gateway " + g.Name + " does not answer"
	if why == transaction.EndTransport {
		because = "gateway " + g.Name + " cannot be reached"
	}
	p.whole.Parse(r.request)
	p.tell(EventGateway, r.from, &p.whole, Event{Because: because + ": check its address, " + g.URI + ", and that it runs"})
}
