package registrarcore

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

var t0 = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)

func udp(remote string) live.Flow {
	return live.Flow{Transport: capture.UDP, Remote: netip.MustParseAddrPort(remote)}
}

// newRegistrar returns a registrar; what is not set of its Config is that of example.com.
func newRegistrar(t testing.TB, cfg Config) *Registrar {
	t.Helper()
	if cfg.Domains == nil {
		cfg.Domains = []string{"example.com"}
	}
	if cfg.Bindings == nil {
		cfg.Bindings = NewMemory(0)
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// register returns a REGISTER of bob; lines replace or are added.
func register(lines ...string) *sip.Message {
	all := []string{"REGISTER sip:example.com SIP/2.0"}
	has := func(name string) bool {
		for _, l := range lines {
			if strings.HasPrefix(l, name+":") {
				return true
			}
		}
		return false
	}
	if len(lines) > 0 && strings.HasSuffix(lines[0], "SIP/2.0") {
		all, lines = []string{lines[0]}, lines[1:]
	}
	for _, f := range []struct{ name, value string }{
		{"Via", "SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKup"}, {"Max-Forwards", "70"}, {"From", "<sip:bob@example.com>;tag=a"},
		{"To", "<sip:bob@example.com>"}, {"Call-ID", "c1@h"}, {"CSeq", "1 REGISTER"}, {"Content-Length", "0"},
	} {
		if !has(f.name) {
			all = append(all, f.name+": "+f.value)
		}
	}
	return sip.Parse([]byte(strings.Join(append(all, lines...), "\r\n") + "\r\n\r\n"))
}

// told returns status and fields of an answer, without Date.
func told(a Answer) string {
	if a.Drop {
		return "drop"
	}
	out := fmt.Sprint(a.Reply.Status)
	for _, f := range a.Reply.Fields {
		if f.Name != "Date" {
			out += " | " + f.Name + ": " + f.Value
		}
	}
	return out
}

// step is a REGISTER at a time after the start, and what comes of it.
type step struct {
	at    time.Duration
	lines []string
	want  string
}

func TestRegister(t *testing.T) {
	const me = "198.51.100.7:5062"
	for _, c := range []struct {
		name  string
		cfg   Config
		steps []step
	}{
		{"one contact, fetched, and run out", Config{}, []step{
			{0, []string{"Contact: <sip:bob@198.51.100.7:5062>", "Expires: 600"}, "200 | Contact: <sip:bob@198.51.100.7:5062>;expires=600"},
			{90*time.Second + 1, nil, "200 | Contact: <sip:bob@198.51.100.7:5062>;expires=510"},
			{600 * time.Second, nil, "200"}}},
		{"step 7: expires of the contact, of the request, of the registrar", Config{MaxExpires: 2 * time.Hour}, []step{
			{0, []string{"Contact: <sip:a@h>;expires=100;q=0.3, \"B\" <sip:b@h>;x=\"y;z\"", "m: sip:c@h;expires=9999999999", "Expires: 200"},
				`200 | Contact: <sip:a@h>;q=0.3;expires=100 | Contact: "B" <sip:b@h>;x="y;z";expires=200 | Contact: <sip:c@h>;expires=7200`}}},
		{"without any expires", Config{Expires: 1800 * time.Second}, []step{{0, []string{"Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=1800"}}},
		{"§20.10: one that cannot be read is 3600", Config{Expires: 1800 * time.Second}, []step{{0, []string{"Contact: <sip:a@h>;expires=soon"}, "200 | Contact: <sip:a@h>;expires=3600"}}},
		{"step 7: too brief", Config{MinExpires: 300 * time.Second}, []step{
			{0, []string{"Contact: <sip:a@h>;expires=1000, <sip:b@h>;expires=299"}, "423 | Min-Expires: 300"},
			{0, nil, "200"},
			{0, []string{"Contact: <sip:a@h>;expires=300"}, "200 | Contact: <sip:a@h>;expires=300"},
			{0, []string{"CSeq: 2 REGISTER", "Contact: <sip:a@h>;expires=0"}, "200"}}},
		{"§10.2.2: contacts are removed one by one", Config{}, []step{
			{0, []string{"Contact: <sip:a@h>, <sip:b@h>"}, "200 | Contact: <sip:a@h>;expires=3600 | Contact: <sip:b@h>;expires=3600"},
			{0, []string{"CSeq: 2 REGISTER", "Contact: <sip:A@h>;expires=0"}, "200 | Contact: <sip:a@h>;expires=3600 | Contact: <sip:b@h>;expires=3600"},
			{0, []string{"CSeq: 3 REGISTER", "Contact: <sip:%61@H>;expires=0"}, "200 | Contact: <sip:b@h>;expires=3600"}}},
		{"step 6: all of them", Config{}, []step{
			{0, []string{"Contact: <sip:a@h>, <sip:b@h>"}, "200 | Contact: <sip:a@h>;expires=3600 | Contact: <sip:b@h>;expires=3600"},
			{0, []string{"Contact: *", "Expires: 10"}, "400"},
			{0, []string{"Contact: *"}, "400"},
			{0, []string{"Contact: *, <sip:x@h>", "Expires: 0"}, "400"},
			{0, []string{"Contact: *", "Expires: 0"}, "500"}, // same Call-ID, same CSeq
			{0, []string{"Contact: *", "Expires: 0", "CSeq: 2 REGISTER"}, "200"}}},
		{"step 6: all of them, by another Call-ID", Config{}, []step{
			{0, []string{"Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=3600"},
			{0, []string{"Call-ID: other", "Contact: *", "Expires: 0"}, "200"}}},
		{"step 7: an older request of one Call-ID changes nothing, nor does what else is in it", Config{}, []step{
			{0, []string{"CSeq: 5 REGISTER", "Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=3600"},
			{0, []string{"CSeq: 5 REGISTER", "Contact: <sip:new@h>, <sip:a@h>"}, "500"},
			{0, []string{"CSeq: 4 REGISTER", "Contact: <sip:a@h>;expires=0"}, "500"},
			{0, nil, "200 | Contact: <sip:a@h>;expires=3600"},
			{0, []string{"Call-ID: other", "CSeq: 1 REGISTER", "Contact: <sip:a@h>;expires=60"}, "200 | Contact: <sip:a@h>;expires=60"}}},
		{"one contact twice: the last counts", Config{}, []step{{0, []string{"Contact: <sip:a@h>;q=0.1, <sip:a@h>;q=0.2"}, "200 | Contact: <sip:a@h>;q=0.2;expires=3600"}}},
		{"too many contacts, in all or in one request", Config{MaxContacts: 2}, []step{
			{0, []string{"Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>"}, "403"},
			{0, []string{"Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=3600"},
			{0, []string{"CSeq: 2 REGISTER", "Contact: <sip:b@h>, <sip:c@h>"}, "403"},
			{0, []string{"CSeq: 3 REGISTER", "Contact: <sip:a@h>;expires=0, <sip:b@h>"}, "200 | Contact: <sip:b@h>;expires=3600"}}},
		{"steps 1 and 5: domains", Config{}, []step{
			{0, []string{"REGISTER sip:other.example SIP/2.0", "Contact: <sip:a@h>"}, "404"},
			{0, []string{"To: <sip:bob@other.example>", "Contact: <sip:a@h>"}, "404"},
			{0, []string{"To: <sip:example.com>", "Contact: <sip:a@h>"}, "404"},
			{0, []string{"To: <sips:%62ob:pw@EXAMPLE.com:5070;user=phone>", "Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=3600"},
			{0, nil, "200 | Contact: <sip:a@h>;expires=3600"}}},
		{"step 2: Require", Config{}, []step{{0, []string{"Require: path, gruu, foo", "Contact: <sip:a@h>"}, "420 | Unsupported: gruu, foo"}}},
		{"another method", Config{}, []step{{0, []string{"INVITE sip:example.com SIP/2.0", "CSeq: 1 INVITE"}, "405 | Allow: REGISTER"}}},
		{"RFC 3327 §5.3: Path", Config{ServiceRoute: []string{"<sip:p.example.com;lr>"}}, []step{
			{0, []string{"Path: <sip:p1;lr>", "Contact: <sip:a@h>"}, "420 | Unsupported: path"},
			{0, []string{"Supported: path", "Path: <sip:p1;lr>,<sip:p2;lr>", "Path: <sip:p3;lr>", "Contact: <sip:a@h>"},
				"200 | Contact: <sip:a@h>;expires=3600 | Path: <sip:p1;lr> | Path: <sip:p2;lr> | Path: <sip:p3;lr> | Service-Route: <sip:p.example.com;lr>"}}},
		{"RFC 3327 §5.3: a Path is always taken", Config{PathAlways: true}, []step{{0, []string{"Path: <sip:p1;lr>", "Contact: <sip:a@h>"}, "200 | Contact: <sip:a@h>;expires=3600 | Path: <sip:p1;lr>"}}},
		{"RFC 5626 §6: instance and reg-id", Config{}, []step{
			{0, []string{"Supported: outbound, path", `Contact: <sip:a@198.51.100.7;ob>;reg-id=1;+sip.instance="<urn:uuid:1>"`}, `200 | Contact: <sip:a@198.51.100.7;ob>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=3600 | Require: outbound`},
			{0, []string{"Supported: outbound, path", "Call-ID: boot", `Contact: <sip:a@198.51.100.8;ob>;reg-id=1;+sip.instance="<urn:uuid:1>"`}, `200 | Contact: <sip:a@198.51.100.8;ob>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=3600 | Require: outbound`},
			{0, []string{"Supported: outbound, path", "Call-ID: boot2", `Contact: <sip:a@198.51.100.8;ob>;reg-id=2;+sip.instance="<urn:uuid:1>", <sip:x@h>`}, "400"},
			{0, []string{"Via: SIP/2.0/UDP edge;branch=z9hG4bKe", "Via: SIP/2.0/UDP h;branch=z9hG4bKf", "Supported: outbound, path", `Contact: <sip:a@198.51.100.8;ob>;reg-id=2;+sip.instance="<urn:uuid:1>"`}, "439"},
			{0, []string{"Call-ID: z", "Contact: <sip:b@h>;reg-id=1"}, `200 | Contact: <sip:a@198.51.100.8;ob>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=3600 | Contact: <sip:b@h>;reg-id=1;expires=3600`}}},
		{"RFC 5626 §6: two flows of one instance are two bindings", Config{}, []step{
			{0, []string{`Contact: <sip:a@h>;reg-id=1;+sip.instance="<u>"`}, `200 | Contact: <sip:a@h>;reg-id=1;+sip.instance="<u>";expires=3600`},
			{0, []string{"CSeq: 2 REGISTER", `Contact: <sip:a@h>;reg-id=2;+sip.instance="<u>"`}, `200 | Contact: <sip:a@h>;reg-id=1;+sip.instance="<u>";expires=3600 | Contact: <sip:a@h>;reg-id=2;+sip.instance="<u>";expires=3600`}}},
		{"two instances of one URI are two devices", Config{}, []step{
			{0, []string{`Contact: <sip:a@192.168.0.2>;+sip.instance="<u>"`}, `200 | Contact: <sip:a@192.168.0.2>;+sip.instance="<u>";expires=3600`},
			{0, []string{`Contact: <sip:a@192.168.0.2>;+sip.instance="<v>"`}, `200 | Contact: <sip:a@192.168.0.2>;+sip.instance="<u>";expires=3600 | Contact: <sip:a@192.168.0.2>;+sip.instance="<v>";expires=3600`}}},
		{"RFC 5630 §5.2: a sips contact among others", Config{}, []step{
			{0, []string{"Contact: <sips:a@h>"}, "400"},
			{0, []string{"REGISTER sips:example.com SIP/2.0", "Contact: <sips:a@h>, <sip:b@h>"}, "400"},
			{0, []string{"REGISTER sips:example.com SIP/2.0", "Contact: <sips:a@h>"}, "200 | Contact: <sips:a@h>;expires=3600"}}},
		{"an address of a private network that it does not come from", Config{}, []step{
			{0, []string{"Via: SIP/2.0/UDP edge;branch=z9hG4bKe", "Via: SIP/2.0/UDP h;branch=z9hG4bKf", "Contact: <sip:a@192.168.0.2>"}, "403"},
			{0, []string{"Via: SIP/2.0/UDP edge;branch=z9hG4bKe", "Via: SIP/2.0/UDP h;branch=z9hG4bKf", "Contact: <sip:a@h;maddr=224.0.1.75>"}, "403"},
			{0, []string{"Via: SIP/2.0/UDP edge;branch=z9hG4bKe", "Via: SIP/2.0/UDP h;branch=z9hG4bKf", "Contact: <sip:a@localhost>"}, "403"},
			{0, []string{"Contact: <sip:a@[::1]>"}, "200 | Contact: <sip:a@[::1]>;expires=3600"}}},
		{"nothing of a header field that is long", Config{}, []step{{0, []string{"Contact: <sip:a@h;" + strings.Repeat("x", MaxValue) + ">"}, "400"}}},
		{"an empty Contact", Config{}, []step{{0, []string{"Contact:"}, "400"}}},
	} {
		r := newRegistrar(t, c.cfg)
		for i, s := range c.steps {
			m := register(s.lines...)
			if got := told(r.Register(t0.Add(s.at), m, udp(me), true)); got != s.want {
				t.Errorf("%s: %d:\n got %s\nwant %s", c.name, i, got, s.want)
			}
		}
	}
}

// TestRFC3665 is RFC 3665 §2.1 to §2.4, without the credentials, and with the sequence numbers that one client would count.
func TestRFC3665(t *testing.T) {
	r := newRegistrar(t, Config{Domains: []string{"biloxi.example.com", "ss2.biloxi.example.com"}})
	tls := live.Flow{Transport: capture.TLS, Remote: netip.MustParseAddrPort("192.0.2.201:40000"), Conn: 7}
	send := func(lines ...string) string {
		m := register(append([]string{"REGISTER sips:ss2.biloxi.example.com SIP/2.0", "Via: SIP/2.0/TLS client.biloxi.example.com:5061;branch=z9hG4bKnashds7", "Max-Forwards: 70",
			"From: Bob <sips:bob@biloxi.example.com>;tag=a73kszlfl", "To: Bob <sips:bob@biloxi.example.com>", "Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com"}, lines...)...)
		a := r.Register(t0, m, tls, true)
		a.Reply.ToTag = "37GkEhwl6"
		return string(live.AppendReply(nil, m, tls, &a.Reply))
	}
	want := func(cseq string, lines ...string) string {
		return strings.Join(append(append([]string{"SIP/2.0 200 OK", "Via: SIP/2.0/TLS client.biloxi.example.com:5061;branch=z9hG4bKnashds7;received=192.0.2.201",
			"From: Bob <sips:bob@biloxi.example.com>;tag=a73kszlfl", "To: Bob <sips:bob@biloxi.example.com>;tag=37GkEhwl6", "Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com",
			"CSeq: " + cseq}, lines...), "Date: Thu, 20 Aug 2026 16:40:00 GMT", "Content-Length: 0", "", ""), "\r\n")
	}
	const contact = "Contact: <sips:bob@client.biloxi.example.com>;expires=3600"
	const mail = "Contact: <mailto:bob@biloxi.example.com>;expires=3600"
	for _, c := range []struct{ name, got, want string }{
		{"§2.1 successful new registration", send("CSeq: 2 REGISTER", "Contact: <sips:bob@client.biloxi.example.com>"), want("2 REGISTER", contact)},
		{"§2.2 update of contact list", send("CSeq: 3 REGISTER", "Contact: mailto:bob@biloxi.example.com"), want("3 REGISTER", contact, mail)},
		{"§2.3 request for current contact list", send("CSeq: 4 REGISTER"), want("4 REGISTER", contact, mail)},
		{"§2.4 cancellation of registration", send("CSeq: 5 REGISTER", "Expires: 0", "Contact: *"), want("5 REGISTER")},
	} {
		if c.got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, c.got, c.want)
		}
	}
}

func TestThirdParty(t *testing.T) {
	r := newRegistrar(t, Config{})
	if a := r.Register(t0, register("Contact: <sip:a@h>"), udp("198.51.100.7:1"), false); a.Reply.Status != 403 || a.Changed {
		t.Errorf("got %s", told(a))
	}
	// A request that is wrong anyway gets the answer of its fault: who sent it does not matter.
	if a := r.Register(t0, register("Require: foo"), udp("198.51.100.7:1"), false); a.Reply.Status != 420 {
		t.Errorf("got %s", told(a))
	}
}

func TestBoundToItsFlow(t *testing.T) {
	from := udp("203.0.113.7:33012")
	for _, c := range []struct {
		name  string
		lines []string
		bound bool
	}{
		{"a phone behind NAT", []string{"Via: SIP/2.0/UDP 192.168.0.2:5062;branch=z9hG4bK1", "Contact: <sip:spa1@192.168.0.2:5062>"}, true},
		{"a phone that is seen as it sees itself", []string{"Contact: <sip:spa1@203.0.113.7:5062>"}, true},
		{"a phone with a name", []string{"Via: SIP/2.0/UDP phone.example.com;branch=z9hG4bK1", "Contact: <sip:spa1@PHONE.example.com>"}, true},
		{"another phone's address", []string{"Contact: <sip:spa1@198.51.100.99>"}, false},
		{"through a proxy with a Path", []string{"Via: SIP/2.0/UDP edge;branch=z9hG4bK1", "Via: SIP/2.0/UDP 192.168.0.2;branch=z9hG4bK1", "Supported: path", "Path: <sip:edge;lr>", "Contact: <sip:spa1@192.168.0.2>"}, false},
		{"by outbound", []string{"Supported: outbound, path", `Contact: <sip:spa1@198.51.100.99;ob>;reg-id=1;+sip.instance="<urn:uuid:1>"`}, true},
	} {
		r := newRegistrar(t, Config{})
		a := r.Register(t0, register(c.lines...), from, true)
		if a.Reply.Status != 200 || len(a.Bindings) != 1 {
			t.Errorf("%s: %s", c.name, told(a))
			continue
		}
		want := live.Flow{}
		if c.bound {
			want = from
		}
		if got := a.Bindings[0].Flow; got != want {
			t.Errorf("%s: bound to %+v", c.name, got)
		}
	}
}

func TestLookupOrder(t *testing.T) {
	r := newRegistrar(t, Config{})
	for i, c := range []string{"<sip:a@h>;q=0.5", "<sip:b@h>;q=0.500;expires=60", "<sip:c@h>", "<sip:d@h>;q=0"} {
		r.Register(t0.Add(time.Duration(i)*time.Second), register("Call-ID: "+strconv.Itoa(i), "Contact: "+c), udp("1.1.1.1:1"), true)
	}
	order := func(now time.Time) (out string) {
		bs, err := r.Lookup(now, "sip:bob@example.com")
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bs {
			out += b.URI[4:5]
		}
		return out
	}
	if got := order(t0.Add(5 * time.Second)); got != "cbad" {
		t.Errorf("order %s", got)
	}
	if got := order(t0.Add(61 * time.Second)); got != "cad" {
		t.Errorf("when one has run out: %s", got)
	}
}

func TestAOR(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:bob@example.com": "sip:bob@example.com", "SIPS:%42ob:pw@EXAMPLE.com.:5061;user=phone?a=b": "sip:Bob@example.com",
		"sip:a%40b@h": "sip:a@b@h", "sip:%00@h": "sip:\x00@h", "sip:h": "", "tel:+1": "", "sip:@h": "",
	} {
		u := sip.ParseURI([]byte(uri))
		if got, ok := AOR(&u); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// shared is a store that others change, and that fails.
type shared struct {
	*Memory
	conflicts int
	load, err error
	loads     int
}

func (s *shared) Load(aor string) ([]Binding, uint64, error) {
	s.loads++
	b, v, _ := s.Memory.Load(aor)
	return b, v, s.load
}

func (s *shared) Store(aor string, b []Binding, v uint64) error {
	if s.conflicts > 0 {
		s.conflicts--
		other := Binding{URI: fmt.Sprintf("sip:other%d@h", s.conflicts), Expires: t0.Add(time.Hour)}
		_, v, _ := s.Memory.Load(aor)
		old, _, _ := s.Memory.Load(aor)
		if err := s.Memory.Store(aor, append(append([]Binding(nil), old...), other), v); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	return s.Memory.Store(aor, b, v)
}

func TestAllOrNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		store *shared
		want  string
		left  int
	}{
		{"somebody else was faster, once", &shared{conflicts: 1}, "200 | Contact: <sip:other0@h>;expires=3600 | Contact: <sip:a@h>;expires=3600", 2},
		{"somebody else is always faster", &shared{conflicts: 99}, "500", MaxTries},
		{"the store fails", &shared{err: errors.New("disk full")}, "500", 0},
		{"the store cannot be read", &shared{load: errors.New("no connection")}, "500", 0},
	} {
		c.store.Memory = NewMemory(0)
		r := newRegistrar(t, Config{Bindings: c.store})
		if got := told(r.Register(t0, register("Contact: <sip:a@h>"), udp("1.1.1.1:1"), true)); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
		if b, _, _ := c.store.Memory.Load("sip:bob@example.com"); len(b) != c.left || c.store.loads > MaxTries {
			t.Errorf("%s: %d bindings, %d tries", c.name, len(b), c.store.loads)
		}
	}
}

func TestMemory(t *testing.T) {
	s := NewMemory(2)
	at := func(d time.Duration) []Binding { return []Binding{{URI: "sip:x", Expires: t0.Add(d)}} }
	must := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
	}
	must(s.Store("a", at(3*time.Second), 0), nil)
	must(s.Store("a", at(3*time.Second), 0), ErrConflict)
	must(s.Store("b", append(at(9*time.Second), at(time.Second)...), 0), nil)
	must(s.Store("c", at(time.Second), 0), ErrFull)
	must(s.Store("c", at(time.Second), 7), ErrConflict)
	if got := s.Next(); got != t0.Add(time.Second) {
		t.Errorf("next %v", got)
	}
	if n := s.Expire(t0.Add(time.Second)); n != 1 || s.Len() != 2 || s.Next() != t0.Add(3*time.Second) {
		t.Errorf("%d ran out, %d left, next %v", n, s.Len(), s.Next())
	}
	_, v, _ := s.Load("a")
	must(s.Store("a", nil, v), nil)
	must(s.Store("a", at(time.Hour), v), ErrConflict) // the version of a record that is gone
	must(s.Store("c", at(2*time.Second), 0), nil)
	if n := s.Expire(t0.Add(time.Minute)); n != 2 || s.Len() != 0 || !s.Next().IsZero() || len(s.queue) != 0 {
		t.Errorf("%d ran out, %d left", n, s.Len())
	}
	// A refresh makes no new place in the queue.
	for i := range 1000 {
		_, v, _ := s.Load("a")
		must(s.Store("a", at(time.Duration(i)*time.Second), v), nil)
	}
	if len(s.queue) != 1 {
		t.Errorf("%d places in the queue", len(s.queue))
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no bindings": {Domains: []string{"h"}}, "no domain": {Bindings: NewMemory(0)},
		"a minimum beyond an hour":    {Domains: []string{"h"}, Bindings: NewMemory(0), MinExpires: 2 * time.Hour},
		"a minimum above the maximum": {Domains: []string{"h"}, Bindings: NewMemory(0), MinExpires: 2 * time.Minute, MaxExpires: time.Minute},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestTorture sends the vectors of RFC 4475 and RFC 5118 to a registrar without authentication: the verdict is that of index.tsv.
func TestTorture(t *testing.T) {
	const dir = "../../../sip/testdata/torture"
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n") {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || f[2] != "registrar" || f[3] != "-" {
			continue
		}
		n++
		raw, err := os.ReadFile(filepath.Join(dir, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		m := sip.Parse(raw)
		u := m.RequestURI()
		r := newRegistrar(t, Config{Domains: []string{string(u.Host), string(m.To().URI.Host), "x"}})
		a := r.Register(t0, m, udp("198.51.100.7:5062"), true)
		want := f[5]
		if f[4] == "accept" {
			want = "200"
		}
		if got := strconv.Itoa(a.Reply.Status); got != want && !(f[0][:7] == "rfc5118" && want == "200" && got == "404") { // its To has another domain
			t.Errorf("%s: %s %s, want %s", f[0], got, a.Because, want)
		}
		switch filepath.Base(f[0]) {
		case "escnull.dat": // two contacts, not one that is cut at the NUL
			if len(a.Bindings) != 2 {
				t.Errorf("%s: %s", f[0], told(a))
			}
		case "cparam01.dat": // it must not become a parameter of the URI
			if !strings.Contains(told(a), ">;unknownparam;expires=") {
				t.Errorf("%s: %s", f[0], told(a))
			}
		case "cparam02.dat": // and here it is one
			if !strings.Contains(told(a), ";unknownparam>;expires=") {
				t.Errorf("%s: %s", f[0], told(a))
			}
		case "regescrt.dat": // the Route in it stays escaped
			if !strings.Contains(told(a), "?Route=%3Csip:sip.example.com%3E>") {
				t.Errorf("%s: %s", f[0], told(a))
			}
		}
	}
	if n < 10 {
		t.Errorf("%d vectors", n)
	}
}

// FuzzRegister holds that what a registrar keeps is bounded, and that its 200 parses and lists just what there is.
func FuzzRegister(f *testing.F) {
	files, _ := filepath.Glob("../../../sip/testdata/torture/*/*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add(register("Contact: \"B\"\r\n <sip:a@h>;q=0.5;+sip.instance=\"<x>\";reg-id=1", "Contact: <sip:b@h>;expires=7", "Supported: path", "Path: <sip:p;lr>,\r\n <sip:q;lr>").Raw)
	f.Add(register("Contact: *", "Expires: 0").Raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := sip.Parse(raw)
		u := m.RequestURI()
		if !u.IsSIP() {
			return
		}
		s := NewMemory(0)
		r := newRegistrar(t, Config{Domains: []string{string(u.Host), string(m.To().URI.Host)}, Bindings: s})
		from := udp("198.51.100.7:5062")
		a := r.Register(t0, m, from, true)
		reply := live.AppendReply(nil, m, from, &a.Reply)
		o := sip.Parse(reply)
		if a.Drop {
			return
		}
		if a.Reply.Status != 200 {
			if s.Len() != 0 || a.Changed {
				t.Fatalf("%d, and something is kept", a.Reply.Status)
			}
			return
		}
		n := 0
		for c := range o.Values(sip.FieldContact) {
			x := sip.ParseAddress(o.Text(c))
			if e, ok := x.Params.Get("expires"); n >= len(a.Bindings) || string(x.URI.Raw) != a.Bindings[n].URI || !ok || string(e) == "0" {
				t.Fatalf("contact %d of\n%q\nout of\n%q", n, reply, raw)
			}
			n++
		}
		if n != len(a.Bindings) || n > DefaultMaxContacts {
			t.Fatalf("%d contacts of %d bindings:\n%q", n, len(a.Bindings), reply)
		}
		for _, b := range a.Bindings {
			if len(b.URI)+len(b.Params)+len(b.DisplayName) > 2*MaxValue || len(b.Path) > MaxPath || strings.ContainsAny(b.URI+b.Params+b.DisplayName+strings.Join(b.Path, ""), "\r\n") {
				t.Fatalf("kept: %+v", b)
			}
			if !b.Expires.After(t0) || b.Expires.After(t0.Add(DefaultMaxExpires)) {
				t.Fatalf("expires %v", b.Expires)
			}
		}
		if s.Expire(t0.Add(DefaultMaxExpires)); s.Len() != 0 {
			t.Fatal("something is left when all has run out")
		}
	})
}

func BenchmarkRegister(b *testing.B) {
	r := newRegistrar(b, Config{})
	m := register("Contact: \"Good Body\" <sip:bob@192.168.0.2:5062>;expires=3600", "User-Agent: Linksys/SPA941-4.1.10")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := r.cfg.Bindings.(*Memory)
		if old, v, _ := s.Load("sip:bob@example.com"); len(old) > 0 {
			_ = s.Store("sip:bob@example.com", nil, v)
		}
		r.Register(t0, m, udp("203.0.113.7:33012"), true)
	}
}
