package ua

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/transaction"
	"sipscribe/internal/media"
)

// Config is how a phone is set up. The fields are the parameters of an SPA, by its names (the SPA's name stands in the comment where it
// is another); what is zero takes the value that an SPA comes with.
type Config struct {
	// Lines are Line 1, Line 2 and so on.
	Lines []LineConfig

	// UserAgent is SIP User Agent Name, for User-Agent in requests and Server in responses (SIP Server Name).
	UserAgent string
	// MaxForward is put into Max-Forwards (70).
	MaxForward int
	// MaxAuth is how many times one request is tried with credentials (2).
	MaxAuth int
	// MaxRedirection is how many times a call follows a redirection (5).
	MaxRedirection int
	// Timers are SIP T1, SIP T2, SIP T4 and SIP Timer B, F, H, D, J.
	Timers transaction.Timers
	// Preemptive: requests go out with the credentials of the last challenge, which an SPA does only when it registers.
	Preemptive bool
	// InviteExpires is INVITE Expires: how long a call may ring (240 s).
	InviteExpires time.Duration
	// ReInviteExpires is ReINVITE Expires: how long a change to a call may wait for its answer (30 s).
	ReInviteExpires time.Duration
	// RegRetry is Reg Retry Intvl: how long to wait after a failed registration (30 s).
	RegRetry time.Duration
	// KeepAlive is NAT Keep Alive Intvl (15 s).
	KeepAlive time.Duration
	// Quirks are the ways of a real device that RFC 3261 does not have. The zero value has none.
	Quirks Quirks

	// Rand is where tags, branches, Call-IDs and cnonces come from.
	Rand io.Reader
	// Notify is told what happens, in order, from within the methods of the phone. It may call them.
	Notify func(Event)
	// Media opens the ports of calls and has their sound. Nil: descriptions are exchanged, and nothing is sent or heard.
	Media media.Opener
	// Observe, if there is one, is told each transition of a transaction.
	Observe func(transaction.Transition)
	// MediaPort returns the port at which a new call of a line takes audio, without Media. Nil: 16384, 16386 and so on, by line (RTP Port Min).
	MediaPort func(line int) uint16
	// PacketSize is RTP Packet Size: how much sound a packet should have (20 ms, of 10 to 200; an SPA comes with 30).
	PacketSize time.Duration
	// NoStatsInBye is "Stats In BYE: no": a BYE, and the 200 to one, do not say what was sent and received.
	NoStatsInBye bool
}

// DTMFTxMethod is how keys are sent in a call.
type DTMFTxMethod uint8

const (
	// DTMFAuto: as DTMFAVT if the other side takes telephone-event, else as DTMFINFO.
	DTMFAuto DTMFTxMethod = iota
	// DTMFAVT: with the sound (RFC 4733).
	DTMFAVT
	// DTMFINFO: by INFO with application/dtmf-relay.
	DTMFINFO
)

// ParseDTMFTxMethod returns the method that an SPA's page calls so.
func ParseDTMFTxMethod(s string) (DTMFTxMethod, error) {
	for i, name := range [...]string{"Auto", "AVT", "INFO"} {
		if strings.EqualFold(s, name) {
			return DTMFTxMethod(i), nil
		}
	}
	return DTMFAuto, fmt.Errorf("there is no %q; there are Auto, AVT, INFO", s)
}

// Quirks are what a real SPA does (option --quirks spa).
type Quirks struct {
	// CancelCredentials: a CANCEL carries credentials, computed anew for its method.
	CancelCredentials bool
	// AckContact: the ACK to a refusal carries Contact and User-Agent.
	AckContact bool
	// Sipura: Supported: x-sipura.
	Sipura bool
	// NameAlgorithm: credentials name the algorithm MD5 also where the challenge did not.
	NameAlgorithm bool
}

// SPA are all ways of a real SPA.
var SPA = Quirks{CancelCredentials: true, AckContact: true, Sipura: true, NameAlgorithm: true}

// LineConfig is the set-up of one line.
type LineConfig struct {
	// Local is where the line's messages come and go: the address of the device and SIP Port (5060 for line 1, 5061 for line 2).
	Local netip.AddrPort
	// Transport is SIP Transport (UDP).
	Transport capture.Transport

	// Proxy is the registrar and the domain of the user, such as "sip.example.com" or "127.0.0.1:5060".
	Proxy string
	// OutboundProxy is Outbound Proxy: where requests go in place of Proxy if UseOutboundProxy is set.
	OutboundProxy    string
	UseOutboundProxy bool
	// NoOutboundProxyInDialog is "Use OB Proxy In Dialog: no".
	NoOutboundProxyInDialog bool

	UserID      string
	DisplayName string
	Password    string
	// AuthID is Auth ID, the name for credentials if it is not the User ID (Use Auth ID).
	AuthID string
	// Realms are those that the line answers challenges of. Empty: the first realm that its own proxy names.
	Realms []string

	// Register says that the line registers; RegisterExpires for how long (3600 s).
	Register        bool
	RegisterExpires time.Duration
	// NoCallWithoutReg is "Make Call Without Reg: no".
	NoCallWithoutReg bool
	// NATKeepAlive is NAT Keep Alive Enable: a NOTIFY of the event keep-alive every KeepAlive.
	NATKeepAlive bool

	// DTMFTx is DTMF Tx Method.
	DTMFTx DTMFTxMethod

	// DialPlan of the line. Empty: what an SPA comes with.
	DialPlan string

	// DND: calls are refused as busy.
	DND bool
	// CfwdAll, CfwdBusy and CfwdNoAns are Cfwd All Dest, Cfwd Busy Dest and Cfwd No Ans Dest: a number or a URI to which calls are redirected.
	CfwdAll, CfwdBusy, CfwdNoAns string
	// CfwdNoAnsDelay (20 s).
	CfwdNoAnsDelay time.Duration
	// AutoAnswer: calls are answered by themselves after AutoAnswerDelay.
	AutoAnswer      bool
	AutoAnswerDelay time.Duration
}

// AuthName returns the name for credentials.
func (l *LineConfig) AuthName() string {
	if l.AuthID != "" {
		return l.AuthID
	}
	return l.UserID
}

// Server returns where the requests of the line go that belong to no dialog, or what is wrong with the setting that says it.
func (l *LineConfig) Server() (live.Target, error) {
	name, value := "Proxy", l.Proxy
	if l.UseOutboundProxy {
		name, value = "Outbound Proxy", l.OutboundProxy
	}
	if value == "" {
		return live.Target{}, fmt.Errorf("the setting %s is empty", name)
	}
	if _, _, err := splitServer(value); err != nil {
		return live.Target{}, fmt.Errorf("setting %s: %w", name, err)
	}
	t, ok := live.TargetOf([]byte(l.server()))
	if !ok {
		return t, fmt.Errorf("setting %s: %q is no place to send to", name, value)
	}
	return t, nil
}

// server returns the URI that requests out of a dialog are sent to (§8.1.2): the outbound proxy if there is one, else the Proxy.
func (l *LineConfig) server() string {
	name := l.Proxy
	if l.UseOutboundProxy {
		name = l.OutboundProxy
	}
	host, port, _ := splitServer(name)
	uri := "sip:" + bracketed(host)
	if port != 0 {
		uri += ":" + strconv.Itoa(int(port))
	}
	switch l.Transport {
	case capture.TCP:
		uri += ";transport=tcp"
	case capture.TLS:
		uri += ";transport=tls"
	}
	return uri
}

// withDefaults returns the configuration with everything set.
func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	number := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	if c.UserAgent == "" {
		c.UserAgent = "sipscribe"
	}
	number(&c.MaxForward, 70)
	number(&c.MaxAuth, 2)
	number(&c.MaxRedirection, 5)
	set(&c.InviteExpires, 240*time.Second)
	set(&c.ReInviteExpires, 30*time.Second)
	set(&c.RegRetry, 30*time.Second)
	set(&c.KeepAlive, 15*time.Second)
	set(&c.PacketSize, media.DefaultPtime)
	if c.Notify == nil {
		c.Notify = func(Event) {}
	}
	if c.MediaPort == nil {
		c.MediaPort = func(line int) uint16 { return uint16(16384 + 2*(line-1)) }
	}
	lines := make([]LineConfig, len(c.Lines))
	copy(lines, c.Lines)
	c.Lines = lines
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Transport == capture.TransportUnknown {
			l.Transport = capture.UDP
		}
		set(&l.RegisterExpires, time.Hour)
		set(&l.CfwdNoAnsDelay, 20*time.Second)
		if l.DialPlan == "" {
			l.DialPlan = DefaultDialPlan
		}
	}
	return c
}

// check returns what makes the configuration useless, in the names of the SPA.
func (c *Config) check() error {
	if len(c.Lines) == 0 {
		return fmt.Errorf("a phone needs at least one line")
	}
	if c.Rand == nil {
		return fmt.Errorf("a phone needs a source of chance")
	}
	if c.PacketSize < 10*time.Millisecond || c.PacketSize > 200*time.Millisecond || c.PacketSize%(10*time.Millisecond) != 0 {
		return fmt.Errorf("RTP Packet Size is %v; it can be 10 ms to 200 ms, in steps of 10 ms", c.PacketSize)
	}
	for i, l := range c.Lines {
		switch {
		case l.UserID == "":
			return fmt.Errorf("line %d: User ID is empty", i+1)
		case l.Proxy == "":
			return fmt.Errorf("line %d: Proxy is empty", i+1)
		case l.UseOutboundProxy && l.OutboundProxy == "":
			return fmt.Errorf("line %d: Use Outbound Proxy is on, and Outbound Proxy is empty", i+1)
		case !l.Local.Addr().IsValid() || l.Local.Port() == 0:
			return fmt.Errorf("line %d: no address and SIP Port", i+1)
		case l.Local.Addr().IsUnspecified():
			return fmt.Errorf("line %d: %s is every address of the machine, and nobody can be told to call there: name one", i+1, l.Local.Addr())
		case l.RegisterExpires < time.Second:
			return fmt.Errorf("line %d: Register Expires is under a second", i+1)
		}
		for _, v := range []struct{ name, value string }{{"User ID", l.UserID}, {"Display Name", l.DisplayName}, {"Proxy", l.Proxy},
			{"Outbound Proxy", l.OutboundProxy}, {"Auth ID", l.AuthID}} {
			if strings.ContainsFunc(v.value, unicode.IsControl) || !utf8.ValidString(v.value) {
				return fmt.Errorf("line %d: %s has a control character in it, or bytes that are no text", i+1, v.name)
			}
		}
		if strings.ContainsFunc(l.UserID, unicode.IsSpace) {
			return fmt.Errorf("line %d: User ID %q has a blank in it, and the user of a SIP address has none; the name that is displayed is Display Name", i+1, l.UserID)
		}
		for _, v := range []struct{ name, value string }{{"Proxy", l.Proxy}, {"Outbound Proxy", l.OutboundProxy}} {
			if v.value == "" {
				continue
			}
			if _, _, err := splitServer(v.value); err != nil {
				return fmt.Errorf("line %d: %s: %w", i+1, v.name, err)
			}
		}
		if _, err := ParseDialPlan(l.DialPlan); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		for _, v := range []struct{ name, value string }{{"Cfwd All Dest", l.CfwdAll}, {"Cfwd Busy Dest", l.CfwdBusy}, {"Cfwd No Ans Dest", l.CfwdNoAns}} {
			if v.value == "" {
				continue
			}
			if err := checkAddress(v.value, (&line{LineConfig: &c.Lines[i]}).address(v.value)); err != nil {
				return fmt.Errorf("line %d: %s: %w", i+1, v.name, err)
			}
		}
	}
	return nil
}

// splitServer reads a host name or address, an IPv6 address with or without brackets, and the port behind it; 0: none.
func splitServer(s string) (host string, port uint16, err error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.String(), 0, nil
	}
	if strings.HasPrefix(s, "sip:") || strings.HasPrefix(s, "sips:") {
		return "", 0, fmt.Errorf("%q has %q before it: only the host is wanted, and a port", s, s[:strings.IndexByte(s, ':')+1])
	}
	host = s
	if h, p, ok := strings.Cut(s, ":"); ok && !strings.HasPrefix(s, "[") || strings.Contains(s, "]:") {
		if strings.HasPrefix(s, "[") {
			h, p, _ = strings.Cut(s, "]:")
			h = h[1:]
		}
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("%q: %q is not a port", s, p)
		}
		host, port = h, uint16(n)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String(), port, nil
	}
	if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return "", 0, fmt.Errorf("%q is neither a host name nor an address", s)
	}
	return host, port, nil
}
