package proxyd

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live/proxy"
)

// Check tries settings without serving: it reads every file that they name, and opens no socket. It returns what would be served, for people.
func (s *Settings) Check() (string, error) {
	var odd []string
	cfg, err := s.proxyConfig(func(text string, _ ...any) { odd = append(odd, text) })
	if err != nil {
		return "", err
	}
	listeners, err := s.listeners()
	if err != nil {
		return "", err
	}
	if _, err := s.TLS.load(); err != nil {
		return "", err
	}
	if _, err := s.nameServers(); err != nil {
		return "", err
	}
	if _, err := s.level(); err != nil {
		return "", err
	}
	if s.Log.Format != "" && s.Log.Format != "text" && s.Log.Format != "json" {
		return "", fmt.Errorf("log: there is no format %q: there are text and json", s.Log.Format)
	}
	if s.HTTP != "" {
		if _, err := s.operationsAt(); err != nil {
			return "", err
		}
	}
	if s.Database != "" {
		if err := checkDatabase(s.Database, mayWrite); err != nil {
			return "", err
		}
	}
	for _, l := range listeners {
		if l.transport == capture.TLS && s.TLS.Cert == "" {
			return "", fmt.Errorf("cannot listen with TLS at %s: there is no certificate; give one with its key", l.addr)
		}
		cfg.Listeners = append(cfg.Listeners, proxy.Listener{Transport: l.transport, Addr: l.addr, Name: l.sentBy()})
	}
	cfg.Rand = rand.Reader
	if _, err := proxy.New(time.Now(), cfg); err != nil {
		return "", err
	}
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("domains", "%s", strings.Join(s.Domains, ", "))
	for i, l := range listeners {
		name := ""
		if i == 0 {
			name = "listen"
		}
		line(name, "%s:%s, called %s", strings.ToLower(l.transport.String()), l.addr, l.sentBy())
	}
	switch {
	case s.Open:
		line("users", "nobody is asked who he is")
	default:
		var offered []string
		for _, a := range cfg.Algorithms {
			offered = append(offered, a.String())
		}
		line("users", "%d in %s, realm %s, %s", s.users, s.Users, s.realm(), strings.Join(offered, ", "))
	}
	if len(cfg.Trusted) > 0 {
		var nets []string
		for _, n := range cfg.Trusted {
			nets = append(nets, n.String())
		}
		line("trust", "%s", strings.Join(nets, ", "))
	}
	if s.Recurse {
		line("recurse", "where a phone forwards a call to is tried here")
	}
	for i, r := range s.Routes {
		name := ""
		if i == 0 {
			name = "routes"
		}
		how := ""
		switch {
		case r.Strip == 1:
			how = ", without its first digit"
		case r.Strip > 1:
			how = fmt.Sprintf(", without its first %d digits", r.Strip)
		}
		if r.Prepend != "" {
			how += ", with " + r.Prepend + " before it"
		}
		line(name, "%s… to %s%s", r.Prefix, r.Gateway, how)
	}
	for i, g := range cfg.Gateways {
		name := ""
		if i == 0 {
			name = "gateways"
		}
		as := ""
		if g.User != "" {
			as = ", as " + g.User
		}
		line(name, "%s: %s%s", g.Name, g.URI, as)
	}
	limits := cfg.Limits.WithDefaults()
	if limits.Rate >= Unlimited {
		line("limits", "any number of requests from one source")
	} else {
		line("limits", "%g requests a second from one source before it says who it is, %g at once", limits.Rate, limits.Burst)
	}
	if s.Database == "" {
		line("database", "none: registrations are forgotten when the proxy ends")
	} else {
		line("database", "%s", s.Database)
	}
	if s.HTTP != "" {
		line("http", "%s", s.HTTP)
	}
	for _, o := range odd {
		line("mind", "%s", o)
	}
	return b.String(), nil
}

// sqliteMagic is what an SQLite file begins with.
const sqliteMagic = "SQLite format 3\x00"

// checkDatabase says why a database could not be opened, or made, without making it. SQLite makes files beside it while it is open, so that its folder, too, has to be one where
// whoever runs this mayWrite.
func checkDatabase(path string, mayWrite func(folder string) bool) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("database: there is no folder %s for %s; make it, or name another file", folder, filepath.Base(path))
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case !info.IsDir():
		return fmt.Errorf("database: %s is no folder, and cannot hold %s", folder, filepath.Base(path))
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("database: %s is a folder; name a file in it", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return fmt.Errorf("database: %w", err)
	case !mayWrite(folder) && missing:
		return fmt.Errorf("database: %s cannot be made: you may not write in %s", filepath.Base(path), folder)
	case !mayWrite(folder):
		f.Close()
		return fmt.Errorf("database: %s cannot be opened: you may not write in %s, where SQLite keeps files beside it", filepath.Base(path), folder)
	case missing:
		return nil
	}
	defer f.Close()
	head := make([]byte, len(sqliteMagic))
	if n, err := io.ReadFull(f, head); n > 0 && (err != nil || string(head) != sqliteMagic) {
		return fmt.Errorf("database: %s is another kind of file; name one that is not there yet", path)
	}
	return nil
}
