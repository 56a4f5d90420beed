package locate

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone is a name server on loopback with the records of a zone file.
type zone struct {
	addr    netip.AddrPort
	mu      sync.Mutex
	records map[question][]dns.RR
	asked   []string
	rcode   map[question]int
	silent  atomic.Bool
	soa     dns.RR
	hold    chan struct{} // if set, an answer waits for it
}

func serve(t testing.TB, file string) *zone {
	t.Helper()
	z := &zone{records: map[question][]dns.RR{}, rcode: map[question]int{}}
	p := dns.NewZoneParser(strings.NewReader(file), "example.com.", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		q := question{rr.Header().Name, rr.Header().Rrtype}
		z.records[q] = append(z.records[q], rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	var u net.PacketConn
	var l net.Listener
	for { // a port that is free for both
		var err error
		if u, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp", u.LocalAddr().String()); err == nil {
			break
		}
		u.Close()
	}
	z.addr = netip.MustParseAddrPort(u.LocalAddr().String())
	for _, s := range []*dns.Server{{PacketConn: u, Handler: z}, {Listener: l, Handler: z}} {
		ready := make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go s.ActivateAndServe()
		<-ready
		t.Cleanup(func() { s.Shutdown() })
	}
	return z
}

func (z *zone) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	q := question{m.Question[0].Name, m.Question[0].Qtype}
	z.mu.Lock()
	z.asked = append(z.asked, strings.TrimSuffix(q.name, ".")+" "+dns.TypeToString[q.kind])
	hold, rcode, soa := z.hold, z.rcode[q], z.soa
	z.mu.Unlock()
	if z.silent.Load() {
		return
	}
	if hold != nil {
		<-hold
	}
	a := new(dns.Msg)
	a.SetRcode(m, rcode)
	name := q.name
	if alias := z.records[question{name, dns.TypeCNAME}]; len(alias) > 0 {
		a.Answer = append(a.Answer, alias...)
		name = alias[0].(*dns.CNAME).Target
	}
	a.Answer = append(a.Answer, z.records[question{name, q.kind}]...)
	if len(a.Answer) == 0 && soa != nil {
		a.Ns = append(a.Ns, soa)
	}
	if w.LocalAddr().Network() == "udp" {
		a.Truncate(512)
	}
	w.WriteMsg(a)
}

// questions returns what was asked since the last time.
func (z *zone) questions() []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := z.asked
	z.asked = nil
	return q
}

// loopback is the guard of the tests.
func loopback(a netip.AddrPort) bool { return a.Addr().IsLoopback() }

func resolver(t testing.TB, z *zone, chance func(int) int) *Resolver {
	t.Helper()
	r, err := New(Config{Servers: []netip.AddrPort{z.addr}, Chance: chance, Allow: loopback})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// first is a chance that always takes what comes first.
func first(int) int { return 0 }

// show writes flows as "UDP 192.0.2.1:5060".
func show(flows []live.Flow) string {
	var all []string
	for _, f := range flows {
		s := f.Transport.String() + " " + f.Remote.String()
		if f.Name != "" {
			s += " " + f.Name
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

const addresses = `
a 60 A 192.0.2.1
b 60 A 192.0.2.2
b 60 AAAA 2001:db8::2
alias 60 CNAME a
@ 60 A 192.0.2.9
`

func TestResolve(t *testing.T) {
	const three = addresses + `
@ 60 NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp
@ 60 NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp
@ 60 NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp
_sips._tcp 60 SRV 0 1 5061 a
_sip._tcp 60 SRV 0 1 5060 a
_sip._udp 60 SRV 1 0 5080 a
_sip._udp 60 SRV 0 0 5070 b
`
	const services = addresses + `
_sip._tcp 60 SRV 0 1 5062 alias
_sips._tcp 60 SRV 0 1 5063 a
`
	both := []capture.Transport{capture.UDP, capture.TCP}
	name := live.Target{Host: "example.com"}
	for _, c := range []struct {
		name       string
		zone       string
		transports []capture.Transport
		target     live.Target
		want       string
		asked      string // what was asked, if it matters
	}{
		{"an address asks nothing", "", nil, live.Target{Host: "192.0.2.7"}, "UDP 192.0.2.7:5060", "-"},
		{"loopback by name asks nothing", "", nil, live.Target{Host: "localhost", Port: 5070}, "UDP 127.0.0.1:5070, UDP [::1]:5070", "-"},
		{"NAPTR says which transport, as the example of §4.1", three, both, name, "TCP 192.0.2.1:5060", "example.com NAPTR, _sip._tcp.example.com SRV, a.example.com A, a.example.com AAAA"},
		{"NAPTR: TLS where this side has it, for the name that was asked for", three, nil, name, "TLS 192.0.2.1:5061 example.com", ""},
		{"NAPTR: UDP alone, servers by their priority", three, []capture.Transport{capture.UDP}, name, "UDP 192.0.2.2:5070, UDP [2001:db8::2]:5070, UDP 192.0.2.1:5080", ""},
		{"a sips URI asks for its SRV", three, nil, live.Target{Host: "example.com", Secure: true}, "TLS 192.0.2.1:5061 example.com", "_sips._tcp.example.com SRV, a.example.com A, a.example.com AAAA"},
		{"a transport leaves NAPTR out", three, nil, live.Target{Host: "example.com", Transport: capture.TCP}, "TCP 192.0.2.1:5060", "_sip._tcp.example.com SRV, a.example.com A, a.example.com AAAA"},
		{"a port leaves SRV out", three, nil, live.Target{Host: "b.example.com", Port: 5060}, "UDP 192.0.2.2:5060, UDP [2001:db8::2]:5060", "b.example.com A, b.example.com AAAA"},
		{"a port and a transport", three, nil, live.Target{Host: "example.com", Port: 5099, Transport: capture.TLS}, "TLS 192.0.2.9:5099 example.com", "example.com A, example.com AAAA"},
		{"no NAPTR: the first transport that has SRV", services, nil, name, "TCP 192.0.2.1:5062", ""},
		{"no SRV: the address, over UDP", addresses, nil, name, "UDP 192.0.2.9:5060", ""},
		{"no SRV: the address, over the transport", addresses, nil, live.Target{Host: "example.com", Transport: capture.TCP}, "TCP 192.0.2.9:5060", ""},
		{"no SRV for sips: the address, over TLS", addresses, nil, live.Target{Host: "example.com", Secure: true}, "TLS 192.0.2.9:5061 example.com", ""},
		{"an alias", addresses, nil, live.Target{Host: "alias.example.com", Port: 1}, "UDP 192.0.2.1:1", ""},
		{"a dot at the end, in capitals", addresses, nil, live.Target{Host: "A.Example.COM.", Port: 1}, "UDP 192.0.2.1:1", ""},
		{"NAPTR of other services and with regular expressions are none", addresses + `
@ 60 NAPTR 10 50 "u" "E2U+sip" "!^.*$!sip:x@evil!" .
@ 60 NAPTR 20 50 "s" "SIP+D2U" "!.*!x!" .
@ 60 NAPTR 30 50 "s" "SIP+D2S" "" _sip._sctp
@ 60 NAPTR 30 50 "s" "SIPS+D2U" "" _sips._udp
`, nil, name, "UDP 192.0.2.9:5060", ""},
		{"NAPTR of one order by their preference", addresses + `
@ 60 NAPTR 10 50 "S" "sip+d2u" "" _sip._udp
@ 60 NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp
@ 60 NAPTR 20 1 "s" "SIPS+D2T" "" _sips._tcp
_sip._udp 60 SRV 0 1 1 a
_sip._tcp 60 SRV 0 1 2 a
_sips._tcp 60 SRV 0 1 3 a
`, nil, name, "TCP 192.0.2.1:2, UDP 192.0.2.1:1", ""},
		{"NAPTR into another domain: the certificate is still for the first", addresses + `
@ 60 NAPTR 10 50 "s" "SIPS+D2T" "" _sips._tcp.provider.example.
_sips._tcp.provider.example. 60 SRV 0 1 5061 host.provider.example.
host.provider.example. 60 A 192.0.2.77
`, nil, name, "TLS 192.0.2.77:5061 example.com", ""},
		{"a NAPTR whose SRV are missing", addresses + `@ 60 NAPTR 10 50 "s" "SIP+D2T" "" _sip._tcp` + "\n", nil, name, "TCP 192.0.2.9:5060", ""},
		{"a service that is decidedly not there", addresses + "_sip._udp 60 SRV 0 0 0 .\n_sip._tcp 60 SRV 0 0 5060 a\n", nil, name, "TCP 192.0.2.1:5060", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := serve(t, c.zone)
			r, err := New(Config{Servers: []netip.AddrPort{z.addr}, Transports: c.transports, Chance: first, Allow: loopback})
			if err != nil {
				t.Fatal(err)
			}
			flows, err := r.Resolve(context.Background(), c.target)
			if err != nil || show(flows) != c.want {
				t.Errorf("got  %s (%v)\nwant %s", show(flows), err, c.want)
			}
			if got := strings.Join(z.questions(), ", "); c.asked != "" && got != strings.Trim(c.asked, "-") {
				t.Errorf("asked %s\nwant  %s", got, c.asked)
			}
		})
	}
}

func TestNothingToBeFound(t *testing.T) {
	z := serve(t, addresses+"_sip._tcp 60 SRV 0 0 0 .\n")
	z.mu.Lock()
	z.rcode[question{"bad.example.com.", dns.TypeA}] = dns.RcodeServerFailure
	z.mu.Unlock()
	for _, c := range []struct {
		name   string
		target live.Target
		want   string
	}{
		{"no records", live.Target{Host: "none.example.com"}, "no address for none.example.com: the DNS has none"},
		{"not offered", live.Target{Host: "example.com", Transport: capture.TCP}, "no address for example.com: the DNS says that it has no such service"},
		{"the server fails", live.Target{Host: "bad.example.com", Port: 5060}, fmt.Sprintf("no address for bad.example.com: the name server %s answers SERVFAIL about A bad.example.com", z.addr)},
		{"no name", live.Target{Host: ""}, `"" is no name that the DNS could have`},
		{"too long a name", live.Target{Host: strings.Repeat("x", 64) + ".example.com"}, `"` + strings.Repeat("x", 64) + `.example.com" is no name that the DNS could have`},
		{"a transport that is not to be had", live.Target{Host: "example.com", Transport: capture.WS}, "example.com wants transport WS, which is not to be had here"},
	} {
		if flows, err := resolver(t, z, first).Resolve(context.Background(), c.target); err == nil || err.Error() != c.want || len(flows) > 0 {
			t.Errorf("%s:\ngot  %v, %v\nwant %s", c.name, flows, err, c.want)
		}
	}
	// The guard.
	r, _ := New(Config{Servers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53")}, Allow: loopback})
	_, err := r.Resolve(context.Background(), live.Target{Host: "example.com", Port: 1})
	if want := "no address for example.com: the name server 192.0.2.53:53 was not asked: the network guard does not let it through"; err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestServerThatIsSilentAndTheNext(t *testing.T) {
	one, two := serve(t, addresses), serve(t, addresses)
	one.silent.Store(true)
	r, _ := New(Config{Servers: []netip.AddrPort{one.addr, two.addr}, Timeout: 20 * time.Millisecond, Allow: loopback})
	if flows, err := r.Resolve(context.Background(), live.Target{Host: "a.example.com", Port: 1}); err != nil || show(flows) != "UDP 192.0.2.1:1" {
		t.Error(show(flows), err)
	}
	two.silent.Store(true)
	if _, err := r.Resolve(context.Background(), live.Target{Host: "b.example.com", Port: 1}); err == nil || !strings.Contains(err.Error(), ": no answer in time") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Resolve(ctx, live.Target{Host: "b.example.com", Port: 1}); err == nil {
		t.Error("an answer after the end")
	}
}

func TestAnswerTooLongForUDP(t *testing.T) {
	file := ""
	for i := range 40 {
		file += fmt.Sprintf("many 60 A 192.0.2.%d\n", i+1)
	}
	z := serve(t, file)
	flows, err := resolver(t, z, first).Resolve(context.Background(), live.Target{Host: "many.example.com", Port: 1})
	if err != nil || len(flows) != maxFlows {
		t.Errorf("%d, %v", len(flows), err)
	}
}

// RFC 2782: by weight, each as likely as its share of what is left.
func TestWeights(t *testing.T) {
	srv := func(priority, weight uint16, target string) *dns.SRV {
		return &dns.SRV{Priority: priority, Weight: weight, Target: target}
	}
	records := []*dns.SRV{srv(1, 0, "z"), srv(0, 10, "a"), srv(0, 0, "o"), srv(0, 30, "b")}
	for _, c := range []struct {
		chances []int
		want    string
	}{
		{[]int{0, 0, 0, 0}, "o a b z"},
		{[]int{1, 0, 0, 0}, "a o b z"},
		{[]int{10, 1, 0, 0}, "a b o z"},
		{[]int{11, 0, 1, 0}, "b o a z"},
		{[]int{40, 10, 0, 0}, "b a o z"},
	} {
		i := 0
		got := inOrder(records, func(n int) int { i++; return min(c.chances[i-1], n-1) })
		var names []string
		for _, s := range got {
			names = append(names, s.Target)
		}
		if strings.Join(names, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.chances, names, c.want)
		}
	}
	// Over all numbers that there are, a comes first 10 times, b 30, o once.
	count := map[string]int{}
	for n := range 41 {
		k := 0
		got := inOrder(records, func(int) int { k++; return min(n, (2-min(k, 2))*n) })
		count[got[0].Target]++
	}
	if count["a"] != 10 || count["b"] != 30 || count["o"] != 1 {
		t.Errorf("%v", count)
	}
}

func TestCache(t *testing.T) {
	z := serve(t, addresses)
	z.mu.Lock()
	z.soa, _ = dns.NewRR("example.com. 30 SOA ns. x. 1 1 1 1 20")
	z.mu.Unlock()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r, _ := New(Config{Servers: []netip.AddrPort{z.addr}, Now: func() time.Time { return now }, Allow: loopback})
	ask := func(host, asked string) {
		t.Helper()
		r.Resolve(context.Background(), live.Target{Host: host, Port: 1})
		if got := strings.Join(z.questions(), ", "); got != asked {
			t.Errorf("asked %q, want %q", got, asked)
		}
	}
	ask("a.example.com", "a.example.com A, a.example.com AAAA")
	ask("A.example.com", "")
	now = now.Add(19 * time.Second)
	ask("a.example.com", "")
	now = now.Add(2 * time.Second) // that there is no AAAA is believed for 20 s
	ask("a.example.com", "a.example.com AAAA")
	now = now.Add(40 * time.Second)
	ask("a.example.com", "a.example.com A, a.example.com AAAA")
	// It is bounded.
	for i := range 2*cacheKept + 10 {
		c := &r.dns.cache
		c.get(context.Background(), question{fmt.Sprint(i), 1}, func(context.Context) ([]dns.RR, time.Duration, error) { return nil, time.Hour, nil })
		if len(c.entries) > cacheKept {
			t.Fatal(len(c.entries))
		}
	}
}

// Of several that ask the same at a time one asks for all.
func TestOneAsksForAll(t *testing.T) {
	z := serve(t, addresses)
	hold := make(chan struct{})
	z.mu.Lock()
	z.hold = hold
	z.mu.Unlock()
	r := resolver(t, z, first)
	var all sync.WaitGroup
	const askers = 20
	answered := make(chan string, askers)
	for range askers {
		all.Go(func() {
			flows, _ := r.Resolve(context.Background(), live.Target{Host: "a.example.com", Port: 1})
			answered <- show(flows)
		})
	}
	close(hold)
	all.Wait()
	close(answered)
	for a := range answered {
		if a != "UDP 192.0.2.1:1" {
			t.Error(a)
		}
	}
	if q := z.questions(); !slices.Equal(q, []string{"a.example.com A", "a.example.com AAAA"}) {
		t.Error(q)
	}
}

func TestSystemServers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if _, err := systemServers(path); err == nil || !strings.Contains(err.Error(), "give one, such as 127.0.0.1:53") {
		t.Error(err)
	}
	os.WriteFile(path, []byte("# none\n"), 0o600)
	if _, err := systemServers(path); err == nil || !strings.Contains(err.Error(), "give one, such as 127.0.0.1:53") {
		t.Error(err)
	}
	os.WriteFile(path, []byte("nameserver 127.0.0.53\nnameserver ::1\n"), 0o600)
	if s, err := systemServers(path); err != nil || len(s) != 2 || s[0].String() != "127.0.0.53:53" || s[1].String() != "[::1]:53" {
		t.Error(s, err)
	}
}
