package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/emit"
	"sipscribe/internal/live/transaction"
	"sipscribe/internal/live/transport"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/neterror"
	"sipscribe/internal/proxyd"
	"sipscribe/spalog"
)

// PhoneConfig is a phone as its file has it: the settings of an SPA, by the names that stand on its pages. Times are in seconds, as there.
type PhoneConfig struct {
	// System
	SyslogServer string `yaml:"Syslog Server"`
	DebugServer  string `yaml:"Debug Server"`
	DebugLevel   *int   `yaml:"Debug Level"`
	// SIP
	MaxForward     int     `yaml:"Max Forward"`
	MaxRedirection int     `yaml:"Max Redirection"`
	MaxAuth        int     `yaml:"Max Auth"`
	UserAgent      string  `yaml:"SIP User Agent Name"`
	T1             seconds `yaml:"SIP T1"`
	T2             seconds `yaml:"SIP T2"`
	T4             seconds `yaml:"SIP T4"`
	TimerB         seconds `yaml:"SIP Timer B"`
	TimerF         seconds `yaml:"SIP Timer F"`
	TimerH         seconds `yaml:"SIP Timer H"`
	TimerD         seconds `yaml:"SIP Timer D"`
	TimerJ         seconds `yaml:"SIP Timer J"`
	InviteExpires  seconds `yaml:"INVITE Expires"`
	ReInvite       seconds `yaml:"ReINVITE Expires"`
	RegRetry       seconds `yaml:"Reg Retry Intvl"`
	KeepAlive      seconds `yaml:"NAT Keep Alive Intvl"`
	StatsInBye     *bool   `yaml:"Stats In BYE"`
	RTPPortMin     uint16  `yaml:"RTP Port Min"`
	RTPPortMax     uint16  `yaml:"RTP Port Max"`
	RTPPacketSize  seconds `yaml:"RTP Packet Size"`
	SymmetricRTP   bool    `yaml:"Symmetric RTP"`
	// Lines
	Line1 *PhoneLine `yaml:"Line 1"`
	Line2 *PhoneLine `yaml:"Line 2"`

	// Address is the device's; "": the one from which the proxy is reached.
	Address string `yaml:"Address"`
	Quirks  string `yaml:"Quirks"`
	// SyslogForm is spa (as the device sends it), rfc5424, rfc3164 or hep.
	SyslogForm string `yaml:"Syslog Form"`
	SyslogPRI  bool   `yaml:"Syslog PRI"`
	Capture    string `yaml:"Capture"`
	// TrustedCA is a file with certificates (PEM) that servers' certificates may be signed by, beside the system's.
	TrustedCA string `yaml:"Trusted CA"`
	// Sound is what calls send and where what comes is kept.
	Sound `yaml:",inline"`
	// Keep, if there, gets the lines of a collector that the phone's syslog would go to, in zone Zone.
	Keep io.Writer      `yaml:"-"`
	Zone *time.Location `yaml:"-"`
	// Check, if there, says what keeps the phone from what it is made for, before it listens or writes anything.
	Check func(*ua.Phone) error `yaml:"-"`
}

// PhoneLine is one line of a PhoneConfig.
type PhoneLine struct {
	SIPPort      uint16 `yaml:"SIP Port"`
	SIPTransport string `yaml:"SIP Transport"`
	DebugOption  string `yaml:"SIP Debug Option"`

	Proxy              string  `yaml:"Proxy"`
	OutboundProxy      string  `yaml:"Outbound Proxy"`
	UseOutboundProxy   bool    `yaml:"Use Outbound Proxy"`
	UseOBProxyInDialog *bool   `yaml:"Use OB Proxy In Dialog"`
	Register           *bool   `yaml:"Register"`
	RegisterExpires    seconds `yaml:"Register Expires"`
	MakeCallWithoutReg *bool   `yaml:"Make Call Without Reg"`
	NATKeepAlive       bool    `yaml:"NAT Keep Alive Enable"`

	DisplayName  string `yaml:"Display Name"`
	UserID       string `yaml:"User ID"`
	Password     string `yaml:"Password"`
	PasswordFile string `yaml:"Password File"`
	AuthID       string `yaml:"Auth ID"`
	UseAuthID    *bool  `yaml:"Use Auth ID"`
	Realm        string `yaml:"Realm"`

	DTMFTxMethod    string  `yaml:"DTMF Tx Method"`
	DialPlan        string  `yaml:"Dial Plan"`
	DND             bool    `yaml:"DND"`
	CfwdAll         string  `yaml:"Cfwd All Dest"`
	CfwdBusy        string  `yaml:"Cfwd Busy Dest"`
	CfwdNoAns       string  `yaml:"Cfwd No Ans Dest"`
	CfwdNoAnsDelay  seconds `yaml:"Cfwd No Ans Delay"`
	AutoAnswer      bool    `yaml:"Auto Answer"`
	AutoAnswerDelay seconds `yaml:"Auto Answer Delay"`
}

// seconds is a time as an SPA's pages have it: 0.5, 240.
type seconds float64

func (s seconds) duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// Seconds turns a time into that of a setting.
func Seconds(d time.Duration) seconds { return seconds(d.Seconds()) }

// maxSeconds is the longest time that a setting may have: what a time.Duration can hold, with room.
const maxSeconds = 1_000_000_000

// checkTimes says which time no phone can wait for.
func (cfg *PhoneConfig) checkTimes() error {
	for _, group := range []any{cfg, cfg.Line1, cfg.Line2} {
		v := reflect.ValueOf(group)
		if v.IsNil() {
			continue
		}
		for i, v := 0, v.Elem(); i < v.NumField(); i++ {
			if s, ok := v.Field(i).Interface().(seconds); ok && !(s >= 0 && s <= maxSeconds) {
				return fmt.Errorf("setting %s: %v is not from 0 to %d seconds", v.Type().Field(i).Tag.Get("yaml"), s, maxSeconds)
			}
		}
	}
	return nil
}

// Phone is a phone on the sockets of this machine.
type Phone struct {
	phone   *ua.Phone
	driver  *transport.Driver
	rtp     *transport.RTP
	closers []func() error
	capture *lateOutput // nil: none is kept
	// Lines has the address of each line.
	Lines []netip.AddrPort
}

// NewPhone makes a phone. notify is told what happens, while the phone is held: it must not wait, nor call Do.
func NewPhone(cfg PhoneConfig, notify func(ua.Event), log *slog.Logger) (*Phone, error) {
	if err := cfg.checkTimes(); err != nil {
		return nil, err
	}
	p := &Phone{}
	ok := false
	defer func() {
		if !ok {
			_ = p.close() // what kept it from being made is told
		}
	}()
	uc := ua.Config{UserAgent: cfg.UserAgent, MaxForward: cfg.MaxForward, MaxRedirection: cfg.MaxRedirection, MaxAuth: cfg.MaxAuth,
		Timers: transaction.Timers{T1: cfg.T1.duration(), T2: cfg.T2.duration(), T4: cfg.T4.duration(), B: cfg.TimerB.duration(), F: cfg.TimerF.duration(),
			H: cfg.TimerH.duration(), D: cfg.TimerD.duration(), J: cfg.TimerJ.duration()},
		InviteExpires: cfg.InviteExpires.duration(), ReInviteExpires: cfg.ReInvite.duration(), RegRetry: cfg.RegRetry.duration(), KeepAlive: cfg.KeepAlive.duration(),
		Rand: rand.Reader, Notify: notify, PacketSize: cfg.RTPPacketSize.duration(), NoStatsInBye: cfg.StatsInBye != nil && !*cfg.StatsInBye}
	if uc.UserAgent == "" {
		uc.UserAgent = spalog.SoftwareAgent
	}
	switch cfg.Quirks {
	case "":
	case "spa":
		uc.Quirks = ua.SPA
	default:
		return nil, fmt.Errorf("setting Quirks: there are none of %q; there is spa", cfg.Quirks)
	}
	find := newResolver()
	var lines []emit.Line
	var listen []transport.Listener
	for i, l := range []*PhoneLine{cfg.Line1, cfg.Line2} {
		if l == nil {
			continue
		}
		lc, option, err := l.config(i+1, cfg.Address, find)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		uc.Lines = append(uc.Lines, lc)
		lines = append(lines, emit.Line{Port: lc.Local.Port(), User: lc.UserID, Option: option})
		// Over TLS a phone is a client: calls come over the connection that it has made, and it has no certificate to listen with.
		if lc.Transport != capture.TLS {
			listen = append(listen, transport.Listener{Transport: lc.Transport, Addr: lc.Local})
		}
		p.Lines = append(p.Lines, lc.Local)
	}
	if len(uc.Lines) == 0 {
		return nil, errors.New("the phone has no line: it needs at least Line 1 with User ID and Proxy")
	}
	trust, err := trustOf(cfg.TrustedCA)
	if err != nil {
		return nil, err
	}
	tap, err := p.emitters(&cfg, lines)
	if err != nil {
		return nil, err
	}
	if err := p.openSound(&cfg, tap, log); err != nil {
		return nil, err
	}
	uc.Media = p.rtp
	if p.phone, err = ua.New(uc); err != nil {
		return nil, err
	}
	if cfg.Check != nil {
		if err := cfg.Check(p.phone); err != nil {
			return nil, err
		}
	}
	if p.driver, err = transport.New(transport.Config{TLS: trust, Listen: listen, Tap: tap, Logger: log, Resolver: find}, p.phone); err != nil {
		return nil, err
	}
	if p.capture != nil {
		if err := p.capture.open(); err != nil {
			ended, end := context.WithCancel(context.Background())
			end()
			_ = p.driver.Run(ended) // closes its sockets
			return nil, fmt.Errorf("setting Capture: %w", err)
		}
	}
	ok = true
	return p, nil
}

// config turns a line into that of the user agent.
func (l *PhoneLine) config(number int, address string, find transport.Resolver) (ua.LineConfig, emit.DebugOption, error) {
	lc := ua.LineConfig{Proxy: l.Proxy, OutboundProxy: l.OutboundProxy, UseOutboundProxy: l.UseOutboundProxy, UserID: l.UserID, DisplayName: l.DisplayName,
		Password: l.Password, Register: l.Register == nil || *l.Register, RegisterExpires: l.RegisterExpires.duration(), NATKeepAlive: l.NATKeepAlive,
		DialPlan: l.DialPlan, DND: l.DND, CfwdAll: l.CfwdAll, CfwdBusy: l.CfwdBusy, CfwdNoAns: l.CfwdNoAns, CfwdNoAnsDelay: l.CfwdNoAnsDelay.duration(),
		AutoAnswer: l.AutoAnswer, AutoAnswerDelay: l.AutoAnswerDelay.duration()}
	lc.NoOutboundProxyInDialog = l.UseOBProxyInDialog != nil && !*l.UseOBProxyInDialog
	lc.NoCallWithoutReg = l.MakeCallWithoutReg != nil && !*l.MakeCallWithoutReg
	if l.UseAuthID == nil && l.AuthID != "" || l.UseAuthID != nil && *l.UseAuthID {
		lc.AuthID = l.AuthID
	}
	if l.Realm != "" {
		lc.Realms = []string{l.Realm}
	}
	option := emit.DebugFull
	var err error
	if l.DebugOption != "" {
		if option, err = emit.ParseDebugOption(l.DebugOption); err != nil {
			return lc, option, err
		}
	}
	if l.DTMFTxMethod != "" {
		if lc.DTMFTx, err = ua.ParseDTMFTxMethod(l.DTMFTxMethod); err != nil {
			return lc, option, fmt.Errorf("setting DTMF Tx Method: %w", err)
		}
	}
	if l.PasswordFile != "" {
		if lc.Password, err = proxyd.ReadPasswordFile(l.PasswordFile); err != nil {
			return lc, option, fmt.Errorf("setting Password File: %w", err)
		}
	}
	lc.Transport = capture.UDP
	if l.SIPTransport != "" {
		if lc.Transport = live.TransportNamed(l.SIPTransport); lc.Transport == capture.TransportUnknown {
			return lc, option, fmt.Errorf("setting SIP Transport: there is no %q; there are UDP, TCP, TLS", l.SIPTransport)
		}
	}
	addr, err := localAddress(address, lc, find)
	if err != nil {
		return lc, option, err
	}
	port := l.SIPPort
	if port == 0 {
		port = uint16(5060 + number - 1)
	}
	lc.Local = netip.AddrPortFrom(addr, port)
	return lc, option, nil
}

// locating is how long the line's server is looked for before the phone has an address.
const locating = 10 * time.Second

// localAddress returns the device's address: the one given, or the one from which the line's server is reached, found as its calls will find it (a domain may
// have SRV records and no address). Nothing is sent to the server to find that out.
func localAddress(given string, l ua.LineConfig, find transport.Resolver) (netip.Addr, error) {
	if given != "" {
		a, err := netip.ParseAddr(given)
		if err != nil {
			return a, fmt.Errorf("setting Address: %q is not an IP address", given)
		}
		return a, nil
	}
	server, err := l.Server()
	if err != nil {
		return netip.Addr{}, err
	}
	var flows []live.Flow
	if f, ok := live.FlowOf(server); ok {
		flows = append(flows, f) // it is an address
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), locating)
		defer cancel()
		if flows, err = find.Resolve(ctx, server); err != nil {
			return netip.Addr{}, fmt.Errorf("the proxy %s: %w", server.Host, neterror.Plain(err))
		}
	}
	for _, f := range flows {
		c, dialErr := net.Dial("udp", f.Remote.String())
		if err = dialErr; err != nil {
			continue
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
	}
	if err == nil {
		err = errors.New("it has no address")
	}
	return netip.Addr{}, fmt.Errorf("the proxy %s: %w", server.Host, neterror.Plain(err))
}

// trustOf returns a TLS configuration that trusts the system's authorities and those in a file.
func trustOf(name string) (*tls.Config, error) {
	if name == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("setting Trusted CA: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("setting Trusted CA: %s has no certificate in PEM form", name)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// emitters makes what the phone says of itself: its syslog, a capture, a file.
func (p *Phone) emitters(cfg *PhoneConfig, lines []emit.Line) (func(*capture.Record), error) {
	level := 3
	if cfg.DebugLevel != nil {
		level = *cfg.DebugLevel
	}
	var tee emit.Tee
	syslogTo, err := p.sender(cfg.SyslogServer, "Syslog Server")
	if err != nil {
		return nil, err
	}
	debugTo, err := p.sender(cfg.DebugServer, "Debug Server")
	if err != nil {
		return nil, err
	}
	switch cfg.SyslogForm {
	case "", "spa":
		tee = append(tee, &emit.SPA{SyslogServer: syslogTo, DebugServer: debugTo, DebugLevel: level, Lines: lines, PRI: cfg.SyslogPRI})
	case "rfc5424", "rfc3164":
		form := emit.RFC5424
		if cfg.SyslogForm == "rfc3164" {
			form = emit.RFC3164
		}
		if syslogTo != nil {
			tee = append(tee, &emit.Syslog{Form: form, Send: syslogTo, Host: p.Lines[0].Addr().String()})
		}
	case "hep":
		if syslogTo != nil {
			tee = append(tee, &emit.HEP{Send: syslogTo, Own: p.Lines[0]})
		}
	default:
		return nil, fmt.Errorf("setting Syslog Form: there is no %q; there are spa, rfc5424, rfc3164, hep", cfg.SyslogForm)
	}
	if cfg.Capture != "" {
		if err := checkPlace(cfg.Capture); err != nil {
			return nil, fmt.Errorf("setting Capture: %w", err)
		}
		p.capture = &lateOutput{name: cfg.Capture}
		w := bufio.NewWriter(p.capture) // which holds the header of the capture until the file is there
		pcap, err := emit.NewPcap(w)
		if err != nil {
			return nil, err
		}
		pcap.Own = p.Lines[0]
		p.closers = append(p.closers, func() error {
			if p.capture.file == nil {
				return nil // the phone was not made
			}
			for _, err := range []error{pcap.Close(), w.Flush(), p.capture.file.Close()} {
				if err != nil {
					return fmt.Errorf("the capture is not whole: %w", err)
				}
			}
			return nil
		})
		tee = append(tee, pcap)
	}
	if cfg.Keep != nil {
		tee = append(tee, &emit.Log{SPA: &emit.SPA{DebugLevel: level, Lines: lines}, Collector: &emit.Collector{W: cfg.Keep, Location: cfg.Zone}, Host: p.Lines[0].Addr().String()})
	}
	var mu sync.Mutex // signalling and sound have goroutines of their own
	return func(rec *capture.Record) {
		mu.Lock()
		defer mu.Unlock()
		_ = tee.Emit(rec) // a collector that is not there does not keep a phone from working
	}, nil
}

// sender returns what sends datagrams to a server of a phone's settings; nil if there is none.
func (p *Phone) sender(server, setting string) (emit.Sender, error) {
	if server == "" {
		return nil, nil
	}
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "514")
	}
	c, err := dialFrom(p.Lines[0].Addr(), server)
	if err != nil {
		return nil, fmt.Errorf("setting %s: %s: %w", setting, server, neterror.Plain(err))
	}
	p.closers = append(p.closers, c.Close)
	return func(b []byte) error { _, err := c.Write(b); return err }, nil
}

// dialFrom returns a socket to a server that sends from an address of the phone, so that its syslog names the device that its messages name. Where that
// cannot be (another family, an address that is none of this machine's, the loopback to somewhere else) it sends from the one that the system takes.
func dialFrom(own netip.Addr, server string) (net.Conn, error) {
	from := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0))}
	if c, err := from.Dial("udp", server); err == nil {
		if to := c.RemoteAddr().(*net.UDPAddr).IP; to.IsLoopback() || !own.IsLoopback() {
			return c, nil
		}
		_ = c.Close() // what leaves the loopback arrives nowhere
	}
	return net.Dial("udp", server)
}

// Do gives the phone a command.
func (p *Phone) Do(f func(ph *ua.Phone, now time.Time, out *live.Outbox) error) error {
	var err error
	if derr := p.driver.Do(func(now time.Time, out *live.Outbox) { err = f(p.phone, now, out) }); derr != nil {
		return derr
	}
	return err
}

// Run drives the phone until the context ends, then closes everything. Whoever ends it has had it hang up and unregister before. The error is that of a socket, or of a capture that
// could not be written.
func (p *Phone) Run(ctx context.Context) error {
	err := p.driver.Run(ctx)
	return errors.Join(err, p.close())
}

func (p *Phone) close() error {
	if p.rtp != nil {
		p.rtp.Close() // before the capture that its packets go to
	}
	var errs []error
	for _, f := range p.closers {
		errs = append(errs, f())
	}
	p.closers = nil
	return errors.Join(errs...)
}
