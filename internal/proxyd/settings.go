package proxyd

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/live/proxy"
	"sipscribe/internal/live/transaction"
)

// Settings are what the configuration file says. docs/proxy.md tells what each means.
type Settings struct {
	Domains    []string `yaml:"domains"`
	Listen     []string `yaml:"listen"`
	Names      []string `yaml:"names"`
	Realm      string   `yaml:"realm"`
	Users      string   `yaml:"users"`
	Open       bool     `yaml:"open"`
	Algorithms []string `yaml:"algorithms"`
	Trust      []string `yaml:"trust"`
	AnyFrom    bool     `yaml:"any_from"`
	Recurse    bool     `yaml:"recurse"`
	TLS        TLS      `yaml:"tls"`

	Registrar Registrar `yaml:"registrar"`
	Gateways  []Gateway `yaml:"gateways"`
	Routes    []Route   `yaml:"routes"`

	Timers Timers `yaml:"timers"`
	Limits Limits `yaml:"limits"`

	Database string        `yaml:"database"`
	HTTP     string        `yaml:"http"`
	DNS      []string      `yaml:"dns"`
	Drain    time.Duration `yaml:"drain"`
	Log      Log           `yaml:"log"`

	users int // in the users file, once it was read
}

// TLS are the files of certificates.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	CA   string `yaml:"ca"`
}

// Registrar says for how long bindings are kept, and how many.
type Registrar struct {
	Expires     time.Duration `yaml:"expires"`
	MinExpires  time.Duration `yaml:"min_expires"`
	MaxExpires  time.Duration `yaml:"max_expires"`
	MaxContacts int           `yaml:"max_contacts"`
}

// Gateway is where numbers go that nobody has registered.
type Gateway struct {
	Name         string   `yaml:"name"`
	URI          string   `yaml:"uri"`
	User         string   `yaml:"user"`
	Password     string   `yaml:"password"`
	PasswordFile string   `yaml:"password_file"`
	Realms       []string `yaml:"realms"`
}

// Route sends numbers to a gateway.
type Route struct {
	Prefix  string `yaml:"prefix"`
	Strip   int    `yaml:"strip"`
	Prepend string `yaml:"prepend"`
	Gateway string `yaml:"gateway"`
}

// Timers are those of RFC 3261 that somebody may want to change, and how long the phones of one preference ring.
type Timers struct {
	T1   time.Duration `yaml:"t1"`
	T2   time.Duration `yaml:"t2"`
	T4   time.Duration `yaml:"t4"`
	C    time.Duration `yaml:"c"`
	Ring time.Duration `yaml:"ring"`
}

// Limits bound what strangers can make the proxy do; 0 is the default of internal/live/proxy.
type Limits struct {
	Transactions int     `yaml:"transactions"`
	AORs         int     `yaml:"addresses"`
	Sources      int     `yaml:"sources"`
	Rate         float64 `yaml:"rate"`
	Burst        float64 `yaml:"burst"`
	Bytes        float64 `yaml:"bytes"`
	BytesBurst   float64 `yaml:"bytes_burst"`
	Failures     int     `yaml:"failures"`
}

// Log says what is logged, and how.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Defaults of the settings.
const (
	defaultDrain = time.Minute // systemd kills after 90 s
	DefaultUsers = "users.txt"
)

// minTimerC is what Timer C has to be more than (RFC 3261 §16.6, 11).
const minTimerC = 3 * time.Minute

// Unlimited is what a rate of "off" comes to.
const Unlimited = 1e12

// realm returns the realm of the challenges.
func (s *Settings) realm() string {
	if s.Realm == "" && len(s.Domains) > 0 {
		return s.Domains[0]
	}
	return s.Realm
}

// OfferedAlgorithms returns the algorithms that are offered, by name; without any, SHA-256 and MD5.
func (s *Settings) OfferedAlgorithms() ([]digest.Algorithm, error) {
	if len(s.Algorithms) == 0 {
		return []digest.Algorithm{digest.SHA256, digest.MD5}, nil
	}
	var out []digest.Algorithm
	for _, name := range s.Algorithms {
		a := digest.ParseAlgorithm(name)
		if !a.Known() {
			return nil, fmt.Errorf("there is no digest algorithm %q: there are MD5, SHA-256, SHA-512-256, and each with -sess", name)
		}
		if slices.Contains(out, a) {
			return nil, fmt.Errorf("the digest algorithm %s is named twice", a)
		}
		out = append(out, a)
	}
	return out, nil
}

// trusted returns the networks whose requests need no credentials.
func (s *Settings) trusted() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, t := range s.Trust {
		p, err := netip.ParsePrefix(t)
		if err != nil {
			a, aerr := netip.ParseAddr(t)
			if aerr != nil {
				return nil, fmt.Errorf("trust: %q is neither a network, such as 192.0.2.0/24, nor an address", t)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("trust: %q is an IPv4 network with ::ffff: before it, which does not belong there", t)
		}
		if p.Masked() != p {
			return nil, fmt.Errorf("trust: %s is an address with a length, the network is %s", p, p.Masked())
		}
		out = append(out, p)
	}
	return out, nil
}

// gateways returns the gateways with their passwords.
func (s *Settings) gateways() ([]proxy.Gateway, error) {
	var out []proxy.Gateway
	for i, g := range s.Gateways {
		switch {
		case g.Name == "":
			return nil, fmt.Errorf("gateway %d has no name, by which routes lead to it", i+1)
		case g.Password != "" && g.PasswordFile != "":
			return nil, fmt.Errorf("gateway %q has a password and a password_file: one is enough", g.Name)
		case g.User == "" && (g.Password != "" || g.PasswordFile != ""):
			return nil, fmt.Errorf("gateway %q has a password and no user", g.Name)
		case g.User != "" && g.Password == "" && g.PasswordFile == "":
			return nil, fmt.Errorf("gateway %q has the user %q and no password: give password_file", g.Name, g.User)
		}
		password := g.Password
		if g.PasswordFile != "" {
			var err error
			if password, err = ReadPasswordFile(g.PasswordFile); err != nil {
				return nil, fmt.Errorf("gateway %q: %w", g.Name, err)
			}
		}
		out = append(out, proxy.Gateway{Name: g.Name, URI: g.URI, User: g.User, Password: password, Realms: g.Realms})
	}
	return out, nil
}

// proxyConfig returns the configuration of the element, but for what the server adds: listeners, bindings, chance. People are told by talk what
// is odd and no error.
func (s *Settings) proxyConfig(talk func(text string, args ...any)) (proxy.Config, error) {
	c := proxy.Config{Domains: s.Domains, Realm: s.realm(), Open: s.Open, AnyFrom: s.AnyFrom, Recurse: s.Recurse, Aliases: slices.Clone(s.Names),
		Expires: s.Registrar.Expires, MinExpires: s.Registrar.MinExpires, MaxExpires: s.Registrar.MaxExpires, MaxContacts: s.Registrar.MaxContacts,
		Ring: s.Timers.Ring, TimerC: s.Timers.C, Timers: transaction.Timers{T1: s.Timers.T1, T2: s.Timers.T2, T4: s.Timers.T4},
		Limits: proxy.Limits{Transactions: s.Limits.Transactions, AORs: s.Limits.AORs, Sources: s.Limits.Sources, Rate: s.Limits.Rate, Burst: s.Limits.Burst,
			Bytes: s.Limits.Bytes, BytesBurst: s.Limits.BytesBurst, Failures: s.Limits.Failures}}
	if err := s.check(); err != nil {
		return c, err
	}
	var err error
	if c.Algorithms, err = s.OfferedAlgorithms(); err != nil {
		return c, err
	}
	if c.Trusted, err = s.trusted(); err != nil {
		return c, err
	}
	if c.Gateways, err = s.gateways(); err != nil {
		return c, err
	}
	for _, r := range s.Routes {
		c.Routes = append(c.Routes, proxy.Route{Prefix: r.Prefix, Strip: r.Strip, Prepend: r.Prepend, Gateway: r.Gateway})
	}
	if s.Users != "" {
		users, err := LoadUsers(s.Users)
		if err != nil {
			return c, err
		}
		s.users = users.count()
		if text := users.lacking(s.realm(), c.Algorithms); text != "" {
			talk(text, "file", s.Users)
		}
		c.Users = digest.NewUserTable(users.list)
	}
	return c, nil
}

// check says what is wrong with settings that are each right by themselves.
func (s *Settings) check() error {
	switch {
	case len(s.Domains) == 0:
		return errors.New("no domain: a proxy keeps the users of at least one (--domain example.com, or domains in the file)")
	case len(s.Listen) == 0:
		return errors.New("no address to listen at (--listen 192.0.2.10:5060, or listen in the file)")
	case s.Users == "" && !s.Open:
		return errors.New("no users: give their file (--users users.txt; \"sipscribe proxy user add NAME\" makes it), or say --open for a laboratory where anybody may call")
	case (s.TLS.Cert == "") != (s.TLS.Key == ""):
		return errors.New("a certificate needs its key, and a key its certificate (--cert and --key, or tls: cert, key in the file)")
	}
	for _, d := range s.Domains {
		if err := CheckHost(d); err != nil {
			return fmt.Errorf("domain: %w", err)
		}
	}
	for _, n := range s.Names {
		if err := CheckHost(n); err != nil {
			return fmt.Errorf("name: %w", err)
		}
	}
	for name, d := range map[string]time.Duration{"drain": s.Drain, "timers: t1": s.Timers.T1, "timers: t2": s.Timers.T2, "timers: t4": s.Timers.T4, "timers: c": s.Timers.C,
		"timers: ring": s.Timers.Ring, "registrar: expires": s.Registrar.Expires, "registrar: min_expires": s.Registrar.MinExpires, "registrar: max_expires": s.Registrar.MaxExpires} {
		if d < 0 {
			return fmt.Errorf("%s: %v is less than nothing", name, d)
		}
	}
	if c := s.Timers.C; c > 0 && c <= minTimerC {
		return fmt.Errorf("timers: c: %v is not more than %v, as RFC 3261 §16.6 wants it: it ends calls that still ring", c, minTimerC)
	}
	l := &s.Limits
	for name, n := range map[string]float64{"limits: transactions": float64(l.Transactions), "limits: addresses": float64(l.AORs), "limits: sources": float64(l.Sources),
		"limits: rate": l.Rate, "limits: burst": l.Burst, "limits: bytes": l.Bytes, "limits: bytes_burst": l.BytesBurst, "limits: failures": float64(l.Failures),
		"registrar: max_contacts": float64(s.Registrar.MaxContacts)} {
		if !(n >= 0 && n <= Unlimited) {
			return fmt.Errorf("%s: %v is not from 0 to %v", name, n, Unlimited)
		}
	}
	return nil
}

// CheckHost says whether a host is a name or an address, alone.
func CheckHost(h string) error {
	odd := func(c rune) bool {
		return !(c == '-' || c == '.' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z')
	}
	if h == "" || len(h) > 253 || strings.ContainsFunc(h, odd) {
		if _, err := netip.ParseAddr(h); err != nil {
			return fmt.Errorf("%q is neither a host name, such as sip.example.com, nor an address", h)
		}
	}
	return nil
}

// ReadPasswordFile returns the first line of a file that holds a password.
func ReadPasswordFile(path string) (string, error) {
	data, err := readPrivate(path, "the password")
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", fmt.Errorf("%s: its first line is empty, and should be the password", path)
	}
	return line, nil
}

// readPrivate reads a file that nobody but its owner and group may read or write.
func readPrivate(path, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, not a file", path)
	}
	if err := checkPrivate(path, what, info); err != nil {
		return nil, err
	}
	data := make([]byte, 0, info.Size()+1)
	return appendAll(data, f)
}
