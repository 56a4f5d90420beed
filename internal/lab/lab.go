// Package lab places calls for real, on the loopback of one machine and in one process: a proxy with its registrar, a software SPA that calls,
// telephones that are called, and a collector of the SPA's syslog.
//
//	SPA ───────── UDP ─────────▶ proxy, registrar ───── UDP ─────▶ telephones
//	 │ ◀──────────────────── RTP, a second of tone ────────────────▶
//	 │  its tap: emit.SPA
//	 └──── UDP, one message a datagram ────▶ collector ─▶ a log as sysklogd writes it
//
// A scenario says what the telephones do and what happens when; Run plays it and returns the log, from which alone the story is then told,
// and a capture of the same messages. Nothing leaves the machine: the transports send to loopback addresses only.
package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/emit"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
	"sipscribe/internal/neterror"
)

// The people of the lab are those of the seed page.
const (
	Domain      = "sip.voip-info.org"
	User        = "spa1"
	DisplayName = "Good Body"
	Number      = "18005551212"
	Dialled     = "1-800-555-1212"
	password    = "a password of the lab"
	// SIPPort is the SPA's SIP Port in the seed page.
	SIPPort = 5062
)

// Config is how a scenario is played.
type Config struct {
	Scenario *Scenario
	// Ring is how long it rings, where the scenario has it ring; 0: the scenario's own time.
	Ring time.Duration
	// SIPPort is the SPA's port; 0: 5062 if it is free, else another. ProxyPort is the proxy's; 0: any.
	SIPPort, ProxyPort uint16
	// Transport is that between the SPA, the proxy and the telephones: UDP if it is not said, TCP or TLS.
	Transport capture.Transport
	// LogLimit cuts the log as a syslog daemon does (1022 is that of the seed page); 0: nothing is cut.
	LogLimit int
	// Quirks has the SPA do as the real device does.
	Quirks bool
	// Location is the zone of the log's times; nil: the machine's.
	Location *time.Location
	// Talk is told what is going on, a line at a time, for people. nil: nobody is.
	Talk func(format string, args ...any)
}

// Result is what a scenario left behind.
type Result struct {
	// Log is the collector's file.
	Log []byte
	// Pcap is a capture of what the SPA sent and received.
	Pcap []byte
	// SIPPort and ProxyPort are those that were used.
	SIPPort, ProxyPort uint16
	// Messages is how many SIP messages the SPA sent and received; Datagrams how many the collector got.
	Messages, Datagrams int
	// Events are what the SPA told its user, in order; Others what each telephone did.
	Events []ua.Event
	Others [][]ua.Event
}

// settle is how long a scenario waits at most for anything that should happen by itself.
const settle = 40 * time.Second

// Run plays a scenario. It returns what there is also when the context ends: then the calls have been hung up first.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Talk == nil {
		cfg.Talk = func(string, ...any) {}
	}
	if cfg.Transport == capture.TransportUnknown {
		cfg.Transport = capture.UDP
	}
	if cfg.Location == nil {
		cfg.Location = time.Local
	}
	l := &lab{cfg: cfg, ctx: ctx, result: &Result{}}
	err := l.play()
	return l.result, err
}

// lab is one run.
type lab struct {
	cfg    Config
	ctx    context.Context
	result *Result

	tls       *tls.Config
	collector *collector
	proxy     *station
	spa       *phone
	others    []*phone
	users     digest.UserTable
	tap       emit.Emitter
	pcap      *emit.Pcap
	pcapFile  bytes.Buffer
	stop      []func()

	taps   sync.Mutex // held while a tap takes a record: signalling and sound have goroutines of their own
	tapErr error
}

// station is an element on its driver.
type station struct {
	driver *transport.Driver
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// start drives an element at addresses.
func (l *lab) start(element live.Element, tap func(*capture.Record), listen ...transport.Listener) (*station, error) {
	d, err := transport.New(transport.Config{Listen: listen, TLS: l.tls, Tap: tap, Allow: transport.Loopback}, element)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the scenario's context, so that calls can be ended
	s := &station{driver: d, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = d.Run(ctx)
	}()
	l.stop = append(l.stop, s.close)
	return s, nil
}

func (s *station) close() {
	s.cancel()
	<-s.done
}

// phone is a telephone and what it tells.
type phone struct {
	*station
	phone *ua.Phone
	port  uint16
	rtp   *transport.RTP

	mu     sync.Mutex
	events []ua.Event
	came   chan struct{} // closed and made anew with each event
}

func (p *phone) note(e ua.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
	close(p.came)
	p.came = make(chan struct{})
}

// await waits until a telephone has told an event of a kind, from its from'th event on, and returns it and its place behind.
func (l *lab) await(p *phone, from int, within time.Duration, kinds ...ua.EventKind) (ua.Event, int, error) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		p.mu.Lock()
		for i := from; i < len(p.events); i++ {
			for _, k := range kinds {
				if p.events[i].Kind == k {
					e := p.events[i]
					p.mu.Unlock()
					return e, i + 1, nil
				}
			}
		}
		came := p.came
		p.mu.Unlock()
		select {
		case <-came:
		case <-timer.C:
			return ua.Event{}, from, fmt.Errorf("waited %v in vain for %v: %v", within, kinds, p.events)
		case <-l.ctx.Done():
			return ua.Event{}, from, l.ctx.Err()
		}
	}
}

// mark returns the place behind the last event of a telephone.
func (p *phone) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// wait lets time pass.
func (l *lab) wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// heardOut lets the call of the SPA and another telephone go on, at least for a while, until each has sent its tone and heard that of the other: on a machine that has much
// else to do packets are sent late and come late. If that takes too long, as where packets get lost, the call ends all the same.
func (l *lab) heardOut(other *phone) error {
	if err := l.wait(talk); err != nil {
		return err
	}
	deadline := time.Now().Add(settle)
	for time.Now().Before(deadline) {
		a, b := l.spa.rtp.Counts(), other.rtp.Counts()
		if len(a) != 1 || len(b) != 1 {
			return nil // the call has ended by itself
		}
		if a[0].Played && b[0].Played && a[0].Sent == b[0].Received.Packets && b[0].Sent == a[0].Received.Packets {
			return nil
		}
		if err := l.wait(5 * time.Millisecond); err != nil { // nothing tells of a packet
			return err
		}
	}
	return nil
}

// do gives a telephone a command.
func (p *phone) do(f func(ph *ua.Phone, now time.Time, out *live.Outbox) error) error {
	var err error
	if derr := p.driver.Do(func(now time.Time, out *live.Outbox) { err = f(p.phone, now, out) }); derr != nil {
		return derr
	}
	return err
}

func (p *phone) dial(number string) error {
	return p.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return ph.Dial(now, 1, number, out) })
}

func (p *phone) answer() error {
	return p.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return ph.Answer(now, 1, out) })
}

func (p *phone) hangUp() error {
	return p.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { return ph.HangUp(now, 1, out) })
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// play sets everything up, plays the scenario, and takes everything down.
func (l *lab) play() (err error) {
	s := l.cfg.Scenario
	defer func() {
		for i := len(l.stop) - 1; i >= 0; i-- {
			l.stop[i]()
		}
		l.finish()
		if err == nil {
			err = l.tapErr
		}
	}()
	if l.cfg.Transport == capture.TLS {
		if l.tls, err = newTLS(); err != nil {
			return err
		}
	}
	if l.collector, err = newCollector(l.cfg.Location, l.cfg.LogLimit); err != nil {
		return err
	}
	if err := l.tapSPA(); err != nil {
		return err
	}
	if err := l.startProxy(); err != nil {
		return err
	}
	for i, c := range s.Phones {
		p, err := l.startPhone(ua.Config{UserAgent: "sipscribe lab telephone", Lines: []ua.LineConfig{c}}, 0, fmt.Sprintf("telephone %d", i+1), nil)
		if err != nil {
			return err
		}
		l.others = append(l.others, p)
	}
	for _, p := range l.others {
		if _, _, err := l.await(p, 0, settle, ua.EventRegistered); err != nil {
			return err
		}
	}
	if l.spa, err = l.startSPA(); err != nil {
		return err
	}
	l.cfg.Talk("SPA at 127.0.0.1:%d, proxy of %s at 127.0.0.1:%d (%s), syslog at %s", l.spa.port, Domain, l.result.ProxyPort, l.cfg.Transport, l.collector.addr)
	if err := s.play(l); err != nil {
		return l.leave(err)
	}
	return l.leave(nil)
}

// leave ends what is still going on, and waits for the last messages of it.
func (l *lab) leave(cause error) error {
	deadline := time.Now().Add(settle)
	if cause != nil && l.spa != nil {
		_ = l.spa.hangUp() // there may be no call
	}
	for {
		idle := true
		for _, p := range append([]*phone{l.spa}, l.others...) {
			if p == nil {
				continue
			}
			_ = p.do(func(ph *ua.Phone, _ time.Time, _ *live.Outbox) error { idle = idle && ph.Idle(); return nil })
		}
		if idle || time.Now().After(deadline) {
			return cause
		}
		time.Sleep(5 * time.Millisecond) // nothing tells of the end of the last transaction
	}
}

// finish takes what the collector and the tap have.
func (l *lab) finish() {
	r := l.result
	if l.collector != nil {
		l.collector.drain(r.Messages)
		r.Log, r.Datagrams = l.collector.close()
	}
	if l.pcap != nil {
		if err := l.pcap.Close(); err != nil && l.tapErr == nil {
			l.tapErr = err
		}
		r.Pcap = l.pcapFile.Bytes()
	}
	if l.spa != nil {
		r.Events = l.spa.events
	}
	for _, p := range l.others {
		r.Others = append(r.Others, p.events)
	}
}

// startProxy starts the proxy with the accounts of the lab.
func (l *lab) startProxy() error {
	if l.users == nil {
		var users []digest.User
		for _, name := range []string{User, Number, OtherNumber} {
			for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
				u, err := digest.NewUser(name, Domain, password, a)
				if err != nil {
					return err
				}
				users = append(users, u)
			}
		}
		l.users = digest.NewUserTable(users)
	}
	port := l.cfg.ProxyPort
	if l.result.ProxyPort != 0 {
		port = l.result.ProxyPort // started again
	} else if port == 0 {
		var err error
		if port, err = freePort(0); err != nil {
			return err
		}
	}
	at := netip.AddrPortFrom(loopback, port)
	p, err := proxy.New(time.Now(), proxy.Config{Domains: []string{Domain}, Listeners: []proxy.Listener{{Transport: l.cfg.Transport, Addr: at}}, Users: l.users,
		Rand: rand.Reader, MinExpires: time.Second, NonceLifetime: l.cfg.Scenario.NonceLifetime})
	if err != nil {
		return err
	}
	s, err := l.start(p, nil, transport.Listener{Transport: l.cfg.Transport, Addr: at})
	if err != nil {
		return err
	}
	l.proxy, l.result.ProxyPort = s, port
	return nil
}

// startPhone starts a telephone with one line at a port, 0 for any.
func (l *lab) startPhone(cfg ua.Config, port uint16, name string, tap func(*capture.Record)) (*phone, error) {
	if port == 0 {
		var err error
		if port, err = freePort(0); err != nil {
			return nil, err
		}
	}
	line := &cfg.Lines[0]
	line.Local, line.Transport = netip.AddrPortFrom(loopback, port), l.cfg.Transport
	line.Proxy, line.OutboundProxy, line.UseOutboundProxy = Domain, netip.AddrPortFrom(loopback, l.result.ProxyPort).String(), true
	if line.Password == "" {
		line.Password = password
	}
	if line.UserID == "" {
		line.UserID = Number
	}
	line.Register = true
	p := &phone{port: port, came: make(chan struct{})}
	cfg.Rand, cfg.Notify = rand.Reader, p.note
	var err error
	if p.rtp, err = l.startRTP(p, tap); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	cfg.Media = p.rtp
	made, err := ua.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.phone = made
	if p.station, err = l.start(made, tap, transport.Listener{Transport: l.cfg.Transport, Addr: line.Local}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, p.do(func(ph *ua.Phone, now time.Time, out *live.Outbox) error { ph.Start(now, out); return nil })
}

// startRTP makes the sound of a telephone: each call sends a second of tone, and then nothing.
func (l *lab) startRTP(p *phone, tap func(*capture.Record)) (*transport.RTP, error) {
	r, err := transport.NewRTP(transport.RTPConfig{Tap: tap, Allow: transport.Loopback,
		Session: func(int) media.SessionConfig {
			tone := media.TestTone()
			tone.Length = sound
			return media.SessionConfig{Source: tone, StopAtEnd: true, Rand: rand.Reader, CNAME: "lab@" + loopback.String()}
		},
		Heard: func(port media.Port, key byte) {
			// It fails when the telephone has ended, and then nobody listens.
			_ = p.do(func(ph *ua.Phone, now time.Time, _ *live.Outbox) error { ph.Heard(now, port, key); return nil })
		}})
	if err != nil {
		return nil, err
	}
	l.stop = append(l.stop, r.Close)
	return r, nil
}

// startSPA starts the SPA at its port, or at another if that is taken and nobody insists on it.
func (l *lab) startSPA() (*phone, error) {
	cfg := ua.Config{UserAgent: "sipscribe/SPA", Preemptive: l.cfg.Scenario.Preemptive, Lines: []ua.LineConfig{{UserID: User, DisplayName: DisplayName}}}
	if l.cfg.Scenario.SPA != nil {
		l.cfg.Scenario.SPA(&cfg)
	}
	if l.cfg.Quirks {
		cfg.Quirks = ua.SPA
	}
	port := l.cfg.SIPPort
	if port == 0 {
		var err error
		if port, err = freePort(SIPPort); err != nil {
			return nil, err
		}
		if port != SIPPort {
			l.cfg.Talk("port %d of the SPA is taken; it has %d (--sip-port chooses)", SIPPort, port)
		}
	}
	l.result.SIPPort = port
	return l.startPhone(cfg, port, "SPA", l.record)
}

// freePort returns a port of the loopback address that is free for UDP and TCP: the wanted one if it is.
func freePort(want uint16) (uint16, error) {
	for _, p := range []uint16{want, 0, 0, 0} {
		u, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, p)))
		if err != nil {
			continue
		}
		at := u.LocalAddr().(*net.UDPAddr).AddrPort()
		t, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
		_ = u.Close()
		if err != nil {
			continue
		}
		return at.Port(), t.Close()
	}
	return 0, errors.New("no port of 127.0.0.1 is free")
}

// tapSPA makes the SPA's syslog and the capture.
func (l *lab) tapSPA() error {
	var err error
	if l.pcap, err = emit.NewPcap(&l.pcapFile); err != nil {
		return err
	}
	out, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(l.collector.addr))
	if err != nil {
		return fmt.Errorf("the SPA cannot send its syslog to %s: %w", l.collector.addr, neterror.Plain(err))
	}
	l.stop = append(l.stop, func() { _ = out.Close() })
	spa := &emit.SPA{DebugLevel: 3, Lines: []emit.Line{{Option: emit.DebugFull}}, SyslogServer: func(b []byte) error { _, err := out.Write(b); return err }}
	l.tap = emit.Tee{spa, l.pcap}
	return nil
}

// record takes what the SPA sends, receives and says.
func (l *lab) record(rec *capture.Record) {
	l.taps.Lock()
	defer l.taps.Unlock()
	if rec.Kind == capture.KindMessage || rec.Kind == capture.KindEvent {
		l.result.Messages++
	}
	if err := l.tap.Emit(rec); err != nil && l.tapErr == nil {
		l.tapErr = err
	}
}

// Names lists the scenarios.
func Names() string {
	var names []string
	for _, s := range Scenarios {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// Named returns a scenario, nil if there is none of the name.
func Named(name string) *Scenario {
	for _, s := range Scenarios {
		if s.Name == name {
			return s
		}
	}
	return nil
}
