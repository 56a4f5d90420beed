package proxy

import (
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// door is a proxy to which strangers come with messages of their own making, in virtual time.
type door struct {
	*testing.T
	proxy  *Proxy
	now    time.Time
	out    live.Outbox
	events []Event
	branch int
	names  live.Flow // where every name is; none: nowhere
}

var stranger = netip.MustParseAddrPort("203.0.113.66:5060")

func newDoor(t *testing.T, change func(*Config)) *door {
	t.Helper()
	d := &door{T: t, now: time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)}
	var users []digest.User
	for _, name := range []string{"spa1", "spa2", "18005551212"} {
		for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
			u, err := digest.NewUser(name, domain, "secret", a)
			if err != nil {
				t.Fatal(err)
			}
			users = append(users, u)
		}
	}
	c := Config{Domains: []string{domain}, Listeners: []Listener{{Transport: capture.UDP, Addr: atProxy}, {Transport: capture.TCP, Addr: atProxy}},
		Users: digest.NewUserTable(users), Rand: seeded(7), Notify: func(e Event) { d.events = append(d.events, e) }}
	if change != nil {
		change(&c)
	}
	var err error
	if d.proxy, err = New(d.now, c); err != nil {
		t.Fatal(err)
	}
	return d
}

func udpFrom(from netip.AddrPort) live.Flow {
	return live.Flow{Transport: capture.UDP, Local: atProxy, Remote: from}
}

// send hands a message to the proxy and returns what it sends for it.
func (d *door) send(from netip.AddrPort, message string) []sent {
	d.out.Reset()
	d.proxy.Receive(d.now, udpFrom(from), []byte(message), &d.out)
	return d.sent()
}

// wait lets time go on, and returns what is sent meanwhile.
func (d *door) wait(t time.Duration) []sent {
	var all []sent
	until := d.now.Add(t)
	for {
		next := d.proxy.Next()
		if next.IsZero() || next.After(until) {
			break
		}
		d.now = next
		d.out.Reset()
		d.proxy.Wake(d.now, &d.out)
		all = append(all, d.sent()...)
	}
	d.now = until
	return all
}

type sent struct {
	to live.Flow
	*sip.Message
}

func (d *door) sent() []sent {
	var all []sent
	for i := 0; i < len(d.out.Items); i++ {
		switch it := d.out.Items[i]; it.Kind {
		case live.ItemSend:
			all = append(all, sent{it.Flow, sip.Parse(append([]byte(nil), it.Data...))})
		case live.ItemResolve:
			if f, ok := live.FlowOf(it.Target); ok {
				d.proxy.Resolved(d.now, it.Ref, []live.Flow{f}, nil, &d.out)
			} else if d.names.Remote.IsValid() {
				d.proxy.Resolved(d.now, it.Ref, []live.Flow{d.names}, nil, &d.out)
			} else {
				d.proxy.Resolved(d.now, it.Ref, nil, fmt.Errorf("no such name"), &d.out)
			}
		}
	}
	return all
}

// one returns the one message that there is, or fails.
func (d *door) one(all []sent, status int) sent {
	d.Helper()
	if len(all) != 1 || int(all[0].Status) != status {
		d.Fatalf("%s, want one %d", told(all), status)
	}
	return all[0]
}

func told(all []sent) string {
	var out []string
	for _, m := range all {
		out = append(out, fmt.Sprintf("%d %s to %s", m.Status, m.MethodName(), m.to.Remote))
	}
	return "sent: [" + strings.Join(out, ", ") + "]"
}

// request writes a request with a branch of its own; a field in more takes the place of one of the same name.
func (d *door) request(method, uri, user string, more ...string) string {
	d.branch++
	fields := []string{"Via: SIP/2.0/UDP 203.0.113.66:5060;branch=z9hG4bK" + fmt.Sprint("x", d.branch), "Max-Forwards: 70",
		"From: <sip:" + user + "@" + domain + ">;tag=t1", "To: <" + uri + ">", "Call-ID: call1@203.0.113.66", "CSeq: " + fmt.Sprint(d.branch) + " " + method,
		"Contact: <sip:" + user + "@203.0.113.66:5060>", "Content-Length: 0"}
	for _, f := range more {
		name, _, _ := strings.Cut(f, ":")
		replaced := false
		for i := range fields {
			if strings.HasPrefix(fields[i], name+":") {
				fields[i], replaced = f, true
			}
		}
		if !replaced {
			fields = append(fields, f)
		}
	}
	return method + " " + uri + " SIP/2.0\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
}

// credentials answers a challenge as a user would, and returns the header field.
func (d *door) credentials(challenge sent, method, uri, user, password string) string {
	d.Helper()
	s, err := digest.NewSession(digest.SessionConfig{Username: user, Password: password, Rand: seeded(byte(d.branch))})
	if err != nil {
		d.Fatal(err)
	}
	var a digest.Attempt
	var challenges []digest.Challenge
	for v := range allValues(challenge.Message) {
		if ch, err := digest.ParseChallenge(v); err == nil {
			ch.Proxy = challenge.Status == 407
			challenges = append(challenges, ch)
		}
	}
	if err := s.Challenged(&a, challenges); err != nil {
		d.Fatal(err)
	}
	c, err := s.AppendCredentials(nil, &a, method, uri)
	if err != nil || len(c) == 0 {
		d.Fatal(err)
	}
	return c[0].Field() + ": " + c[0].String()
}

func allValues(m *sip.Message) iter.Seq[[]byte] {
	if m.Has(sip.FieldProxyAuthenticate) {
		return values(m, sip.FieldProxyAuthenticate)
	}
	return values(m, sip.FieldWWWAuthenticate)
}

// as sends a request twice, the second time with credentials, and returns what is sent then.
func (d *door) as(user, password string, from netip.AddrPort, method, uri string, more ...string) []sent {
	d.Helper()
	first := d.send(from, d.request(method, uri, user, more...))
	if len(first) != 1 || first[0].Status != 401 && first[0].Status != 407 {
		return first
	}
	return d.send(from, d.request(method, uri, user, append(more, d.credentials(first[0], method, uri, user, password))...))
}

// register gives a user a phone.
func (d *door) register(user string, at netip.AddrPort) {
	d.Helper()
	d.one(d.as(user, "secret", at, "REGISTER", "sip:"+domain, "To: <sip:"+user+"@"+domain+">", "Contact: <sip:"+user+"@"+at.String()+">", "Call-ID: reg-"+user), 200)
}

// idle fails if the proxy keeps anything of anybody.
func (d *door) idle() {
	d.Helper()
	if n := d.proxy.Transactions(); n != 0 || d.proxy.counters.Relaying != 0 || len(d.proxy.waiting) != 0 {
		d.Errorf("%d transactions, %d relays, %d look-ups", n, d.proxy.counters.Relaying, len(d.proxy.waiting))
	}
}
