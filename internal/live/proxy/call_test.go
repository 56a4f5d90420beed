package proxy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

type chance struct{ *rand.ChaCha8 }

func seeded(n byte) chance {
	var seed [32]byte
	seed[0] = n
	return chance{rand.NewChaCha8(seed)}
}

const domain = "sip.voip-info.org"

var (
	atProxy = netip.MustParseAddrPort("127.0.0.1:5060")
	atSPA   = netip.MustParseAddrPort("127.0.0.2:5062")
	atPhone = netip.MustParseAddrPort("127.0.0.3:5060")
)

// desk is a proxy with an SPA that calls and telephones that are called.
type desk struct {
	*testing.T
	net    *wire.Network
	proxy  *Proxy
	phones []*ua.Phone
	nodes  []*wire.Node
	// seen has what each phone sent and received; events what they told.
	seen   [][]string
	events []string
	last   map[string]string // the last message of each kind at the SPA
}

// newDesk returns one whose phones are the SPA (user spa1) and one for each further configuration.
func newDesk(t *testing.T, change func(p *Config, spa *ua.Config), more ...ua.Config) *desk {
	t.Helper()
	d := &desk{T: t, net: wire.New(time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC), 1), last: map[string]string{}}
	d.net.Faults.DelayMin, d.net.Faults.DelayMax = 5*time.Millisecond, 5*time.Millisecond
	var users []digest.User
	for _, name := range []string{"spa1", "18005551212"} {
		for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
			u, err := digest.NewUser(name, domain, "secret", a)
			if err != nil {
				t.Fatal(err)
			}
			users = append(users, u)
		}
	}
	pc := Config{Domains: []string{domain}, Listeners: []Listener{{Transport: capture.UDP, Addr: atProxy}}, Users: digest.NewUserTable(users), Rand: seeded(99)}
	cfgs := append([]ua.Config{{UserAgent: "Sipura/SPA3000-2.0.13(GWg)", Lines: []ua.LineConfig{{Local: atSPA, UserID: "spa1", DisplayName: "Good Body", Register: true}}}}, more...)
	if len(more) == 0 {
		cfgs = append(cfgs, callee(atPhone))
	}
	if change != nil {
		change(&pc, &cfgs[0])
	}
	var err error
	if d.proxy, err = New(d.net.Now(), pc); err != nil {
		t.Fatal(err)
	}
	d.net.Add("proxy", d.proxy, atProxy)
	for i, c := range cfgs {
		for j := range c.Lines {
			l := &c.Lines[j]
			l.Proxy, l.OutboundProxy, l.UseOutboundProxy = domain, atProxy.String(), true
			if l.Password == "" {
				l.Password = "secret"
			}
		}
		c.Rand = seeded(byte(i))
		name := fmt.Sprint(i)
		c.Notify = func(e ua.Event) {
			line := name + " " + e.Kind.String()
			if e.By != ua.Nobody {
				line += " by " + e.By.String()
			}
			if e.Status != 0 {
				line += fmt.Sprint(" ", e.Status)
			}
			d.events = append(d.events, line)
		}
		p, err := ua.New(c)
		if err != nil {
			t.Fatal(err)
		}
		d.phones = append(d.phones, p)
		d.nodes = append(d.nodes, d.net.Add(name, p, c.Lines[0].Local))
		d.seen = append(d.seen, nil)
	}
	d.net.Tap = func(node *wire.Node, rec *capture.Record) {
		if rec.Kind != capture.KindMessage {
			return
		}
		m := sip.Parse(rec.Data)
		for _, v := range sip.Validate(m, sip.RoleProxy) {
			if v.Severity > sip.SeverityTolerated {
				t.Errorf("%s\n%s", v.Text, rec.Data)
			}
		}
		for i := range d.nodes {
			if d.nodes[i] != node {
				continue
			}
			arrow := "<"
			if rec.Direction == capture.Sent {
				arrow = ">"
			}
			what := m.Method.String()
			if m.IsResponse() {
				what = fmt.Sprintf("%d %s", m.Status, what)
			}
			d.seen[i] = append(d.seen[i], arrow+" "+what)
			if i == 0 {
				d.last[what] = string(rec.Data)
			}
		}
	}
	for i, p := range d.phones {
		d.net.Do(d.nodes[i], func(now time.Time, out *live.Outbox) { p.Start(now, out) })
	}
	d.net.Run(time.Second)
	return d
}

func callee(at netip.AddrPort) ua.Config {
	return ua.Config{UserAgent: "callee", Lines: []ua.LineConfig{{Local: at, UserID: "18005551212", Register: true}}}
}

func (d *desk) forget() {
	for i := range d.seen {
		d.seen[i] = nil
	}
	d.events = nil
}

func (d *desk) do(i int, f func(p *ua.Phone, now time.Time, out *live.Outbox) error) {
	d.Helper()
	d.net.Do(d.nodes[i], func(now time.Time, out *live.Outbox) {
		if err := f(d.phones[i], now, out); err != nil {
			d.Error(err)
		}
	})
}

func (d *desk) dial() {
	d.Helper()
	d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "1-800-555-1212", out) })
}

func (d *desk) hangUp(i int) {
	d.Helper()
	d.do(i, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, 1, out) })
}

func (d *desk) answer(i int) {
	d.Helper()
	d.do(i, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Answer(now, 1, out) })
}

// settle takes the registrations back and runs until nothing is left in anybody.
func (d *desk) settle() {
	d.Helper()
	d.net.Run(5 * time.Second)
	for i, p := range d.phones {
		d.net.Do(d.nodes[i], func(now time.Time, out *live.Outbox) { p.Stop(now, out) })
	}
	if !d.net.Settle(time.Hour) {
		d.Errorf("something is left: %v", d.proxy.Next())
	}
	if n := d.proxy.layer.Counts(); n.All() != 0 || d.proxy.counters.Relaying != 0 || len(d.proxy.waiting) != 0 {
		d.Errorf("the proxy has %d transactions, %d relays and %d lookups left", n.All(), d.proxy.counters.Relaying, len(d.proxy.waiting))
	}
}

func (d *desk) want(what string, got []string, want ...string) {
	d.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		d.Errorf("%s:\n%s\nwant\n%s", what, g, w)
	}
}

// The call of the seed page, with the messages that its log no longer shows.
func TestSeedCall(t *testing.T) {
	d := newDesk(t, nil)
	d.want("registration", d.seen[0], "> REGISTER", "< 401 REGISTER", "> REGISTER", "< 200 REGISTER")
	d.forget()
	d.dial()
	d.net.Run(16 * time.Second)
	d.hangUp(0)
	d.net.Run(time.Second)
	d.want("messages at the SPA", d.seen[0], "> INVITE", "< 407 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE", "> CANCEL", "< 200 CANCEL", "< 487 INVITE", "> ACK")
	d.want("messages at the callee", d.seen[1], "< INVITE", "> 180 INVITE", "< CANCEL", "> 200 CANCEL", "> 487 INVITE", "< ACK")
	d.want("events", d.events, "0 calling", "0 trying 100", "1 incoming", "0 ringing 180", "1 ended by remote 487", "0 ended by local 487")
	d.settle()
}

func TestAnsweredAndHungUp(t *testing.T) {
	for by := range 2 {
		d := newDesk(t, nil)
		d.forget()
		d.dial()
		d.net.Run(3 * time.Second)
		d.answer(1)
		d.net.Run(30 * time.Second)
		d.hangUp(by)
		d.net.Run(time.Second)
		bye := []string{"> BYE", "< 200 BYE"}
		if by == 1 {
			bye = []string{"< BYE", "> 200 BYE"}
		}
		d.want("messages at the SPA", d.seen[0], append([]string{"> INVITE", "< 407 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK"}, bye...)...)
		if !strings.Contains(d.last["200 INVITE"], "Record-Route: <sip:"+mark+".") {
			t.Errorf("no Record-Route of the proxy in\n%s", d.last["200 INVITE"])
		}
		d.settle()
	}
}

// The callee answers at the moment at which the caller gives up: the 200 must reach the caller (RFC 3261 §16.7 step 5), who ends the call.
func TestCancelCrossesTheAnswerInTheProxy(t *testing.T) {
	for _, c := range []struct {
		name  string
		cross func(d *desk)
		want  []string
	}{
		{"the 200 passes the proxy first", func(d *desk) { d.answer(1); d.hangUp(0) }, []string{"< 200 INVITE", "> ACK", "> BYE", "< 200 CANCEL", "< 200 BYE"}},
		{"the CANCEL has passed the proxy, and the callee has not got it", func(d *desk) { d.hangUp(0); d.net.Run(6 * time.Millisecond); d.answer(1) },
			[]string{"< 200 CANCEL", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE"}},
	} {
		d := newDesk(t, nil)
		d.forget()
		d.dial()
		d.net.Run(3 * time.Second)
		c.cross(d)
		d.net.Run(2 * time.Second)
		d.want(c.name+": messages at the SPA", d.seen[0], append([]string{"> INVITE", "< 407 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE", "> CANCEL"}, c.want...)...)
		if e := d.events[len(d.events)-1]; e != "1 ended by remote" {
			t.Errorf("%s: the callee talks to nobody: %v", c.name, d.events)
		}
		d.settle()
	}
}

func TestForkToTwoPhones(t *testing.T) {
	other := netip.MustParseAddrPort("127.0.0.4:5060")
	d := newDesk(t, nil, callee(atPhone), callee(other))
	d.forget()
	d.dial()
	d.net.Run(3 * time.Second)
	d.answer(2)
	d.net.Run(time.Second)
	d.want("messages at the phone that was not answered", d.seen[1], "< INVITE", "> 180 INVITE", "< CANCEL", "> 200 CANCEL", "> 487 INVITE", "< ACK")
	d.hangUp(0)
	d.settle()

	// Both are answered at once: the caller gets two 200, keeps one and ends the other.
	d = newDesk(t, nil, callee(atPhone), callee(other))
	d.dial()
	d.net.Run(3 * time.Second)
	d.forget()
	d.answer(1)
	d.answer(2)
	d.net.Run(2 * time.Second)
	if s := strings.Join(d.seen[0], " "); strings.Count(s, "< 200 INVITE") != 2 || strings.Count(s, "> ACK") != 2 || strings.Count(s, "> BYE") != 1 {
		t.Errorf("%s", s)
	}
	d.hangUp(0)
	d.settle()
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config, *ua.Config)
		number string
		want   string
	}{
		{"an unknown number", nil, "999", "0 ended by remote 404"},
		{"a user without a phone", nil, "spa1", "0 ended by remote 486"}, // spa1 is the caller himself, and busy
		{"a wrong password", func(_ *Config, a *ua.Config) { a.Lines[0].Password = "wrong" }, "18005551212", "0 ended by remote 407"},
		{"somebody else's From", func(_ *Config, a *ua.Config) { a.Lines[0].AuthID, a.Lines[0].UserID = "spa1", "boss" }, "18005551212", "0 ended by remote 403"},
	} {
		d := newDesk(t, c.change)
		d.forget()
		d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, c.number, out) })
		d.net.Run(2 * time.Second)
		if e := d.events[len(d.events)-1]; e != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, e, c.want, d.seen[0])
		}
		if t.Failed() {
			return
		}
		d.settle()
	}
}

// A password that is wrong is refused once and not tried again and again (RFC 3261 §22.1).
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	d := newDesk(t, func(_ *Config, a *ua.Config) { a.Lines[0].Password = "wrong" })
	d.want("registration", d.seen[0], "> REGISTER", "< 401 REGISTER", "> REGISTER", "< 401 REGISTER")
	d.want("events", d.events, "0 register-failed by remote 401", "1 registered")
}

func TestUnknownUserLooksLikeAWrongPassword(t *testing.T) {
	answers := map[string]string{}
	for _, user := range []string{"spa1", "nobody"} {
		d := newDesk(t, func(_ *Config, a *ua.Config) { a.Lines[0].UserID, a.Lines[0].Password = user, "wrong" })
		p, r := d.proxy.Digest()
		m := sip.Parse([]byte(d.last["401 REGISTER"]))
		ch := sip.ParseChallenge(m.Value(sip.FieldWWWAuthenticate))
		realm, _ := ch.Get("realm")
		answers[user] = fmt.Sprint(d.seen[0], string(realm), p.Hashes, r.Hashes, p.Lookups, r.Lookups, r.Compares)
	}
	if answers["spa1"] != answers["nobody"] {
		t.Errorf("an outsider can tell:\n%v", answers)
	}
}
