package proxyd

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const domain = "sip.example.com"

// journal is a log that may be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// running is a server that runs.
type running struct {
	*Server
	log  *journal
	stop func()
	done chan error
}

func start(t *testing.T, s *Settings) *running {
	t.Helper()
	r := &running{log: &journal{}, done: make(chan error, 1)}
	s.Log.Level = "debug"
	var level slog.LevelVar
	log, err := s.NewLog(r.log, &level)
	if err != nil {
		t.Fatal(err)
	}
	if r.Server, err = New(s, Options{Log: log, Level: &level, Allow: transport.Loopback}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.done <- r.Run(ctx) }()
	t.Cleanup(func() { cancel() })
	return r
}

// end stops a server and waits for it.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	r.wait(t)
}

func (r *running) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("%v\n%s", err, r.log)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("the server does not stop\n%s", r.log)
	}
}

// usersFile makes a users file.
func usersFile(t *testing.T, dir string, names ...string) string {
	t.Helper()
	path := filepath.Join(dir, "users.txt")
	f, err := OpenUsers(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if err := f.Put(n, domain, "password of "+n, []digest.Algorithm{digest.SHA256, digest.MD5}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	return path
}

// phone is a telephone on a socket of its own.
type phone struct {
	*testing.T
	phone  *ua.Phone
	driver *transport.Driver
	events chan ua.Event
}

func startPhone(t *testing.T, user string, proxy netip.AddrPort, how capture.Transport) *phone {
	t.Helper()
	p := &phone{T: t, events: make(chan ua.Event, 100)}
	element := &seat{}
	any := netip.MustParseAddrPort("127.0.0.1:0")
	d, err := transport.New(transport.Config{Listen: []transport.Listener{{Transport: how, Addr: any}}, Allow: transport.Loopback}, element)
	if err != nil {
		t.Fatal(err)
	}
	p.phone, err = ua.New(ua.Config{Rand: rand.Reader, Notify: func(e ua.Event) { p.events <- e }, Lines: []ua.LineConfig{{Local: d.Listeners()[0].Addr, UserID: user,
		Password: "password of " + user, Proxy: domain, OutboundProxy: proxy.String(), UseOutboundProxy: true, Register: true, Transport: how}}})
	if err != nil {
		t.Fatal(err)
	}
	element.Element, p.driver = p.phone, d
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	p.do(func(now time.Time, out *live.Outbox) error { p.phone.Start(now, out); return nil })
	p.await(ua.EventRegistered)
	return p
}

func (p *phone) do(f func(now time.Time, out *live.Outbox) error) {
	p.Helper()
	var err error
	if derr := p.driver.Do(func(now time.Time, out *live.Outbox) { err = f(now, out) }); derr != nil || err != nil {
		p.Fatal(derr, err)
	}
}

func (p *phone) dial(number string) {
	p.Helper()
	p.do(func(now time.Time, out *live.Outbox) error { return p.phone.Dial(now, 1, number, out) })
}

func (p *phone) hangUp() {
	p.Helper()
	p.do(func(now time.Time, out *live.Outbox) error { return p.phone.HangUp(now, 1, out) })
}

func (p *phone) answer() {
	p.Helper()
	p.do(func(now time.Time, out *live.Outbox) error { return p.phone.Answer(now, 1, out) })
}

// await waits for an event, and passes over others.
func (p *phone) await(kind ua.EventKind) ua.Event {
	p.Helper()
	var seen []string
	timeout := time.After(20 * time.Second)
	for {
		select {
		case e := <-p.events:
			if e.Kind == kind {
				return e
			}
			seen = append(seen, fmt.Sprint(e.Kind, " ", e.Status))
		case <-timeout:
			p.Fatalf("waited in vain for %v: %v", kind, seen)
		}
	}
}

// Two phones call each other through the proxy; it is started anew, and still knows where they are and that they talk.
func TestPhonesCallAcrossARestart(t *testing.T) {
	for _, how := range []capture.Transport{capture.UDP, capture.TCP} {
		t.Run(how.String(), func(t *testing.T) {
			dir := t.TempDir()
			settings := func(listen string) *Settings {
				return &Settings{Domains: []string{domain}, Listen: []string{listen}, Users: usersFile(t, dir, "alice", "bob"), Database: filepath.Join(dir, "bindings.db"),
					Registrar: Registrar{Expires: time.Hour}}
			}
			r := start(t, settings("127.0.0.1:0"))
			at := r.bound[0].addr
			alice, bob := startPhone(t, "alice", at, how), startPhone(t, "bob", at, how)
			alice.dial("bob")
			bob.await(ua.EventIncoming)
			alice.await(ua.EventRinging)
			alice.hangUp()
			bob.await(ua.EventEnded)
			alice.await(ua.EventEnded)

			alice.dial("bob")
			bob.await(ua.EventIncoming)
			bob.answer()
			alice.await(ua.EventAnswered)
			r.end(t)

			r = start(t, settings(at.String()))
			known := 0
			if err := r.driver.Do(func(time.Time, *live.Outbox) { known = r.proxy.Addresses() }); err != nil || known != 2 {
				t.Errorf("%d users are registered after the restart: %v", known, err)
			}
			alice.hangUp()
			bob.await(ua.EventEnded)
			alice.await(ua.EventEnded)
			bob.hangUp() // he has put it on his ear and not down again
			alice.dial("bob")
			bob.await(ua.EventIncoming)
			alice.await(ua.EventRinging)
			bob.answer()
			alice.await(ua.EventAnswered)
			bob.hangUp()
			alice.await(ua.EventEnded)
			r.end(t)
			for _, secret := range []string{"password of", "nonce", "response=", "MD5:"} {
				if strings.Contains(r.log.String(), secret) {
					t.Errorf("the log has %q:\n%s", secret, r.log)
				}
			}
		})
	}
}

// A proxy that is to stop waits for the call that goes on, refuses another, and stops when that is over.
func TestDrainWaitsForCalls(t *testing.T) {
	r := start(t, &Settings{Domains: []string{domain}, Listen: []string{"127.0.0.1:0"}, Users: usersFile(t, t.TempDir(), "alice", "bob", "carol"), HTTP: "127.0.0.1:0"})
	at := r.bound[0].addr
	alice, bob, carol := startPhone(t, "alice", at, capture.UDP), startPhone(t, "bob", at, capture.UDP), startPhone(t, "carol", at, capture.UDP)
	alice.dial("bob")
	bob.await(ua.EventIncoming)
	bob.answer()
	alice.await(ua.EventAnswered)
	if status, body := get(t, r, "/readyz"); status != 200 {
		t.Errorf("readyz: %d %s", status, body)
	}
	r.Drain()
	r.Drain()
	carol.dial("alice")
	if e := carol.await(ua.EventEnded); e.Status != 503 {
		t.Errorf("a new call: %d", e.Status)
	}
	if status, body := get(t, r, "/readyz"); status != 503 || !strings.Contains(body, "draining") {
		t.Errorf("readyz: %d %s", status, body)
	}
	select {
	case <-r.done:
		t.Fatalf("it stopped while somebody talked\n%s", r.log)
	default:
	}
	alice.hangUp()
	bob.await(ua.EventEnded)
	r.wait(t)
	if text := r.log.String(); !strings.Contains(text, "calls=1") {
		t.Errorf("%s", text)
	}
}

// The time to drain is bounded.
func TestDrainHasAnEnd(t *testing.T) {
	r := start(t, &Settings{Domains: []string{domain}, Listen: []string{"127.0.0.1:0"}, Users: usersFile(t, t.TempDir(), "alice", "bob"), Drain: 200 * time.Millisecond})
	alice, bob := startPhone(t, "alice", r.bound[0].addr, capture.UDP), startPhone(t, "bob", r.bound[0].addr, capture.UDP)
	alice.dial("bob")
	bob.await(ua.EventIncoming)
	r.Drain()
	r.wait(t)
	if text := r.log.String(); !strings.Contains(text, "the time to drain is over") {
		t.Errorf("%s", text)
	}
}

func get(t *testing.T, r *running, path string) (int, string) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Get("http://" + r.http.addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestMetricsAndHealth(t *testing.T) {
	dir := t.TempDir()
	r := start(t, &Settings{Domains: []string{domain}, Listen: []string{"127.0.0.1:0"}, Users: usersFile(t, dir, "alice"), HTTP: ":0", Database: filepath.Join(dir, "b.db")})
	startPhone(t, "alice", r.bound[0].addr, capture.UDP)
	if !strings.HasPrefix(r.http.addr(), "127.0.0.1:") {
		t.Errorf("a port alone is at %s", r.http.addr())
	}
	if status, body := get(t, r, "/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
	status, body := get(t, r, "/metrics")
	for _, want := range []string{"sipscribe_proxy_registrations_total 1", "sipscribe_proxy_challenges_total 1", "sipscribe_proxy_addresses_registered 1",
		`sipscribe_proxy_transport_received_total{transport="udp"} 2`, "go_goroutines ", "sipscribe_proxy_draining 0"} {
		if !strings.Contains(body, want) {
			t.Errorf("%d: no %q in\n%s", status, want, body)
		}
	}
	if strings.Contains(body, "alice") {
		t.Error("a name of somebody is in the metrics")
	}
	if status, _ := get(t, r, "/debug/pprof/"); status != 404 {
		t.Errorf("another page: %d", status)
	}
	r.end(t)
}

// A user who is added may call at once; settings that are wrong change nothing.
func TestReloadWhileItRuns(t *testing.T) {
	dir := t.TempDir()
	s := &Settings{Domains: []string{domain}, Listen: []string{"127.0.0.1:0"}, Users: usersFile(t, dir, "alice")}
	r := start(t, s)
	startPhone(t, "alice", r.bound[0].addr, capture.UDP)
	usersFile(t, dir, "bob")
	next := *s
	next.Log.Level = "error"
	if err := r.Reload(with(&next)); err != nil {
		t.Fatal(err)
	}
	startPhone(t, "bob", r.bound[0].addr, capture.UDP)
	if r.log == nil || r.options.Level.Level() != slog.LevelError {
		t.Errorf("level %v", r.options.Level.Level())
	}
	broken := *s
	broken.Trust = []string{"192.0.2.0/33"}
	if err := r.Reload(with(&broken)); err == nil {
		t.Error("a network of 33 bits was taken")
	}
	if err := os.Chmod(s.Users, 0o644); err != nil {
		t.Fatal(err)
	}
	other := next
	other.Realm = "other"
	if err := r.Reload(with(&other)); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), "chmod 600")) {
		t.Errorf("everybody may read the users file: %v", err)
	}
	if err := os.Chmod(s.Users, 0o600); err != nil {
		t.Fatal(err)
	}
	other.Listen, other.Log.Level = []string{"127.0.0.1:1"}, "debug"
	if err := r.Reload(with(&other)); err != nil {
		t.Fatal(err)
	}
	if text := r.log.String(); !strings.Contains(text, `settings="realm, listen"`) {
		t.Errorf("%s", text)
	}
	r.end(t)
	if err := r.Reload(with(&next)); err == nil {
		t.Error("a server that has stopped was reloaded")
	}
}

func with(s *Settings) func() (*Settings, error) { return func() (*Settings, error) { return s, nil } }
