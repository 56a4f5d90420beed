package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// A stranger's request is challenged without state: one answer, the same To tag for each repeat (RFC 3261 §8.2.7), nothing kept and nothing sent
// again.
func TestStatelessChallenge(t *testing.T) {
	for method, status := range map[string]int{"INVITE": 407, "OPTIONS": 407, "SUBSCRIBE": 407, "MESSAGE": 407, "BYE": 407, "NEWMETHOD": 407, "REGISTER": 401} {
		d := newDoor(t, nil)
		uri := "sip:18005551212@" + domain
		if method == "REGISTER" {
			uri = "sip:" + domain
		}
		request := d.request(method, uri, "spa1")
		first := d.one(d.send(stranger, request), status)
		again := d.one(d.send(stranger, request), status)
		if string(first.ToTag()) != string(again.ToTag()) || len(first.ToTag()) == 0 {
			t.Errorf("%s: To tags %q and %q", method, first.ToTag(), again.ToTag())
		}
		if first.to.Remote != stranger {
			t.Errorf("%s: answered to %s", method, first.to.Remote)
		}
		d.idle()
		if next := d.proxy.Next(); !next.IsZero() {
			t.Errorf("%s: something is to be done at %s", method, next)
		}
		if later := d.wait(time.Minute); len(later) != 0 {
			t.Errorf("%s: later %s", method, told(later))
		}
		if ack := d.send(stranger, d.request("ACK", uri, "spa1", "To: <"+uri+">;tag="+string(first.ToTag()))); len(ack) != 0 {
			t.Errorf("%s: the ACK is answered: %s", method, told(ack))
		}
		d.idle()
	}
}

// A response before anybody has proved who he is has at most 120 bytes a challenge more than the request, so that a forged source address
// is not worth much. Where the response goes is the source, whatever Via says.
func TestNoAmplification(t *testing.T) {
	short := "INVITE sip:1@" + domain + " SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1\r\nf:<sip:1@h>;tag=1\r\nt:<sip:1@h>\r\ni:1\r\nCSeq:1 INVITE\r\nMax-Forwards:1\r\nl:0\r\n\r\n"
	forged := func(d *door) string {
		return d.request("INVITE", "sip:1@"+domain, "spa1", "Via: SIP/2.0/UDP 192.0.2.99:9;branch=z9hG4bKf;received=192.0.2.99;rport=9;maddr=192.0.2.98")
	}
	connection := live.Flow{Transport: capture.TCP, Local: atProxy, Remote: stranger, Conn: 1}
	for name, offer := range map[string][]digest.Algorithm{"the default": nil, "MD5": {digest.MD5},
		"three": {digest.SHA256, digest.SHA512256, digest.MD5}, "all": {digest.SHA256, digest.SHA256Sess, digest.SHA512256, digest.SHA512256Sess, digest.MD5, digest.MD5Sess}} {
		d := newDoor(t, func(c *Config) { c.Algorithms = offer })
		requests := map[string]string{
			"as short as can be": short,
			"usual":              d.request("INVITE", "sip:18005551212@"+domain, "spa1"),
			"REGISTER":           d.request("REGISTER", "sip:"+domain, "spa1"),
			"REGISTER, short":    strings.NewReplacer("INVITE sip:1@", "REGISTER sip:", "1 INVITE", "1 REGISTER").Replace(short),
			"a forged Via":       forged(d),
			"OPTIONS":            d.request("OPTIONS", "sip:"+domain, "spa1"),
			"an error":           d.request("INVITE", "sip:1@"+domain, "spa1", "CSeq: 99999999999 INVITE"),
			"no extension":       d.request("INVITE", "sip:1@"+domain, "spa1", "Proxy-Require: a, b"),
			"no hops":            d.request("INVITE", "sip:1@"+domain, "spa1", "Max-Forwards: 0"),
			"CANCEL":             d.request("CANCEL", "sip:1@"+domain, "spa1"),
			"a wrong password":   d.request("INVITE", "sip:1@"+domain, "spa1", `Proxy-Authorization: Digest username="spa1",realm="`+domain+`",nonce="x",uri="sip:1@`+domain+`",response="0123456789abcdef0123456789abcdef"`),
		}
		worst, of := -1000, ""
		for what, r := range requests {
			got := d.send(stranger, r)
			if strings.Contains(what, "short") && len(got) == 0 && d.proxy.counters.Silenced > 0 {
				continue // its answer would be longer than that
			}
			if len(got) != 1 {
				t.Errorf("%s: %s: %s", name, what, told(got))
				continue
			}
			challenges := 0
			for range allValues(got[0].Message) {
				challenges++
			}
			more := len(got[0].Raw) - len(r)
			if more > max(120*challenges, 120) {
				t.Errorf("%s: %s: %d bytes for %d with %d challenges\n%s", name, what, len(got[0].Raw), len(r), challenges, got[0].Raw)
			}
			if challenges > 0 && more/challenges > worst {
				worst, of = more/challenges, what
			}
			if got[0].to.Remote.Addr() != stranger.Addr() {
				t.Errorf("%s: %s goes to %s", name, what, got[0].to.Remote)
			}
		}
		d.out.Reset()
		d.proxy.Receive(d.now, connection, []byte(short), &d.out)
		if got := d.sent(); len(got) != 1 {
			t.Errorf("over a connection, whose address is not forged: %s", told(got))
		}
		t.Logf("%s: at most %d bytes a challenge more than the request (%s)", name, worst, of)
		d.idle()
	}
}

// A source that does not say who it is gets so many bytes, and then nothing: with a forged address that is somebody else, whom a flood would reach.
func TestByteBudgetAndSilence(t *testing.T) {
	d := newDoor(t, func(c *Config) { c.Limits.Rate, c.Limits.Burst = 1e9, 1e9 })
	total, last := 0, 0
	for n := range 5000 {
		for _, s := range d.send(stranger, d.request("INVITE", "sip:1@"+domain, "spa1")) {
			total += len(s.Raw)
			last = n
		}
	}
	if total > 256<<10 || total < 200<<10 || d.proxy.counters.Silenced != uint64(4999-last) {
		t.Errorf("%d bytes in %d answers, %d times silent", total, last+1, d.proxy.counters.Silenced)
	}
	d.one(d.send(netip.MustParseAddrPort("203.0.113.67:5060"), d.request("INVITE", "sip:1@"+domain, "spa1")), 407)
	d.now = d.now.Add(time.Second)
	d.one(d.send(stranger, d.request("INVITE", "sip:1@"+domain, "spa1")), 407)
	d.idle()
}

// Nobody is told apart by the answer who exists and who does not.
func TestUsersCannotBeCounted(t *testing.T) {
	d := newDoor(t, nil)
	answers := map[string]bool{}
	for _, user := range []string{"spa1", "nobody"} {
		for n, to := range []string{"18005551212", "nobody", "spa2"} {
			got := d.as(user, "wrong", netip.AddrPortFrom(stranger.Addr(), uint16(6000+n)), "INVITE", "sip:"+to+"@"+domain)
			if len(got) != 1 {
				t.Fatal(told(got))
			}
			answers[fmt.Sprint(got[0].Status, string(got[0].Text(got[0].Reason)))] = true
		}
	}
	if len(answers) != 1 {
		t.Errorf("%v", answers)
	}
}

// SIPp and some devices write into digest-uri the address that they send to, and not the Request-URI. One of ours is taken; any other, or one with a user that is
// not called, is a 400.
func TestDigestURIThatNamesTheProxy(t *testing.T) {
	for named, want := range map[string]int{"sip:127.0.0.1:5060": 480, "sip:127.0.0.1": 480, "sip:proxy.example.com": 480, "sip:[2001:db8::5]:5060": 480, "sip:spa2@" + domain: 480,
		"sip:203.0.113.1": 400, "sip:19005551212@127.0.0.1": 400, "sip:18005551212@" + domain: 400} {
		d := newDoor(t, func(c *Config) { c.Aliases = []string{"proxy.example.com", "2001:db8::5"} })
		uri := "sip:spa2@" + domain
		first := d.one(d.send(stranger, d.request("INVITE", uri, "spa1")), 407)
		got := d.send(stranger, d.request("INVITE", uri, "spa1", d.credentials(first, "INVITE", named, "spa1", "secret")))
		if len(got) != 1 || int(got[0].Status) != want {
			t.Errorf("%s: %s, want %d", named, told(got), want)
		}
	}
}

// The header fields by which a proxy is asked for a second time, and those of other realms, come to whom they are for.
func TestCredentialsAreStripped(t *testing.T) {
	phone := netip.MustParseAddrPort("203.0.113.70:5060")
	d := newDoor(t, nil)
	d.register("18005551212", phone)
	other := `Proxy-Authorization: Digest username="u",realm="another.example",nonce="n",uri="sip:x",response="0123456789abcdef0123456789abcdef"`
	uri := "sip:18005551212@" + domain
	first := d.one(d.send(stranger, d.request("INVITE", uri, "spa1")), 407)
	mine := d.credentials(first, "INVITE", uri, "spa1", "secret")
	request := d.request("INVITE", uri, "spa1", "Authorization: "+strings.TrimPrefix(other, "Proxy-Authorization: "))
	request = strings.Replace(request, "\r\n\r\n", "\r\n"+mine+"\r\n"+other+"\r\n\r\n", 1)
	got := d.send(stranger, request)
	var relayed *sip.Message
	for _, s := range got {
		if s.to.Remote == phone {
			relayed = s.Message
		}
	}
	if relayed == nil {
		t.Fatal(told(got))
	}
	text := string(relayed.Raw)
	if strings.Contains(text, `username="spa1"`) || strings.Count(text, `realm="another.example"`) != 2 {
		t.Errorf("%s", text)
	}
}
