package proxy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
	"sipscribe/sip"
)

// A phone that redirects is followed here if the proxy is set so: the address in its Contact is one more target.
func TestRedirectionIsFollowed(t *testing.T) {
	other := netip.MustParseAddrPort("127.0.0.4:5060")
	forwards := callee(atPhone)
	forwards.Lines[0].CfwdAll = "sip:spa2@" + other.String()
	second := callee(other)
	second.Lines[0].UserID, second.Lines[0].Register = "spa2", false
	d := newDesk(t, func(p *Config, _ *ua.Config) { p.Recurse = true }, forwards, second)
	d.forget()
	d.dial()
	d.net.Run(2 * time.Second)
	d.answer(2)
	d.net.Run(time.Second)
	d.hangUp(0)
	d.want("messages at the phone that redirects", d.seen[1], "< INVITE", "> 302 INVITE", "< ACK")
	d.want("events", d.events, "0 calling", "0 trying 100", "1 turned-away by local 302", "2 incoming", "0 ringing 180", "2 answered by local", "0 answered by remote", "0 ended by local")
	d.settle()
}

// A redirection to a user of ours is looked up as a call to him would be (RFC 3261 §16.5): the name of our domain is no place to send to.
func TestRedirectionToAUserOfOurs(t *testing.T) {
	other := netip.MustParseAddrPort("127.0.0.4:5060")
	for _, c := range []struct {
		name, to string
		absent   bool // the phone that it leads to
		want     []string
	}{
		{"a user whose phone is there", "spa2", false, []string{"0 calling", "0 trying 100", "1 turned-away by local 302", "2 incoming", "0 ringing 180", "2 answered by local", "0 answered by remote", "0 ended by local"}},
		{"a user whose phone is not", "spa2", true, []string{"0 calling", "0 trying 100", "1 turned-away by local 302", "0 ended by remote 480"}},
		{"nobody", "nobody", false, []string{"0 calling", "0 trying 100", "1 turned-away by local 302", "0 ended by remote 404"}},
		{"the phone itself", "18005551212", false, []string{"0 calling", "0 trying 100", "1 turned-away by local 302", "0 ended by remote 408"}},
		{"a number that a gateway takes", "900", false, []string{"0 calling", "0 trying 100", "1 turned-away by local 302", "2 incoming", "0 ringing 180", "2 answered by local", "0 answered by remote", "0 ended by local"}},
	} {
		forwards := callee(atPhone)
		forwards.Lines[0].CfwdAll = c.to
		second := callee(other)
		second.Lines[0].UserID, second.Lines[0].Register = "spa2", c.to == "spa2" && !c.absent
		if c.to == "900" {
			second.Lines[0].UserID = "900"
		}
		d := newDesk(t, func(p *Config, _ *ua.Config) {
			p.Recurse = true
			var users []digest.User
			for _, name := range []string{"spa1", "18005551212", "spa2"} {
				for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
					u, err := digest.NewUser(name, domain, "secret", a)
					if err != nil {
						t.Fatal(err)
					}
					users = append(users, u)
				}
			}
			p.Users = digest.NewUserTable(users)
			p.Gateways, p.Routes = []Gateway{{Name: "gw", URI: "sip:" + other.String()}}, []Route{{Prefix: "900", Gateway: "gw"}}
		}, forwards, second)
		d.forget()
		d.dial()
		d.net.Run(2 * time.Second)
		if slices.Contains(d.events, "2 incoming") {
			d.answer(2)
			d.net.Run(time.Second)
			d.hangUp(0)
			d.net.Run(time.Second)
		}
		d.want(c.name+": messages at the phone that redirects", d.seen[1], "< INVITE", "> 302 INVITE", "< ACK")
		if last := len(d.events) - 1; d.events[last] == "2 ended by remote" {
			d.events = d.events[:last]
		}
		d.want(c.name+": events", d.events, c.want...)
		d.settle()
	}
}

// A change to a call is the caller's to make elsewhere, even if the other side's address is a user of ours.
func TestRedirectionWithinACall(t *testing.T) {
	home := netip.MustParseAddrPort("198.51.100.5:5060")
	for _, tag := range []string{"", ";tag=b"} {
		d := newDoor(t, func(p *Config) { p.Recurse = true })
		d.register("18005551212", home)
		d.register("spa2", netip.MustParseAddrPort("198.51.100.6:5060"))
		uri := "sip:18005551212@" + domain
		got := d.as("spa1", "secret", stranger, "INVITE", uri, "To: <"+uri+">"+tag)
		if len(got) != 2 {
			t.Fatal(told(got))
		}
		moved := live.AppendReply(nil, got[1].Message, udpFrom(atProxy), &live.Reply{Status: 302, ToTag: "b", Fields: []sip.DraftField{{Name: "Contact", Value: "<sip:spa2@" + domain + ">"}}})
		got = d.send(home, string(moved)) // the ACK, and what comes of it
		if last := got[len(got)-1]; last.IsRequest() != (tag == "") || tag != "" && last.Status != 302 {
			t.Errorf("To%s: %s", tag, told(got))
		}
	}
}

// What is not ours to change is not redirected here (§16.5): a call to somebody of another domain.
func TestRedirectionOfWhatIsNotOurs(t *testing.T) {
	other := netip.MustParseAddrPort("127.0.0.4:5060")
	away := callee(other)
	away.Lines[0].UserID, away.Lines[0].Register, away.Lines[0].CfwdAll = "away", false, "sip:18005551212@"+atPhone.String()
	d := newDesk(t, func(p *Config, _ *ua.Config) { p.Recurse = true }, callee(atPhone), away)
	d.forget()
	d.do(0, func(p *ua.Phone, now time.Time, out *live.Outbox) error {
		return p.Dial(now, 1, "sip:away@"+other.String(), out)
	})
	d.net.Run(2 * time.Second)
	if got := strings.Join(d.seen[0], " "); !strings.Contains(got, "< 302 INVITE") {
		t.Errorf("the caller sees %s", got)
	}
}
