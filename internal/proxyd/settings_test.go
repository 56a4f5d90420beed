package proxyd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sipscribe/digest"
	"sipscribe/internal/store/bindings"
)

func levelVar() *slog.LevelVar { return new(slog.LevelVar) }

func TestListen(t *testing.T) {
	for entry, want := range map[string]string{
		"192.0.2.1:5070":                   "UDP 192.0.2.1:5070 192.0.2.1:5070, TCP 192.0.2.1:5070 192.0.2.1:5070",
		"192.0.2.1":                        "UDP 192.0.2.1:5060 192.0.2.1:5060, TCP 192.0.2.1:5060 192.0.2.1:5060",
		"tls:192.0.2.1":                    "TLS 192.0.2.1:5061 192.0.2.1:5061",
		"udp:[2001:db8::1]:5060":           "UDP [2001:db8::1]:5060 [2001:db8::1]:5060",
		"tcp:2001:db8::1":                  "TCP [2001:db8::1]:5060 [2001:db8::1]:5060",
		"0.0.0.0:5060":                     "UDP 0.0.0.0:5060 first.example.com:5060, TCP 0.0.0.0:5060 first.example.com:5060",
		"0.0.0.0:5060 as sip.example.com":  "UDP 0.0.0.0:5060 sip.example.com:5060, TCP 0.0.0.0:5060 sip.example.com:5060",
		"udp:10.0.0.1:5060 as 203.0.113.1": "UDP 10.0.0.1:5060 203.0.113.1:5060",
		"udp:10.0.0.1:5060 as a.b:5080":    "UDP 10.0.0.1:5060 a.b:5080",
		"sctp:192.0.2.1":                   `! cannot listen at "sctp:192.0.2.1": write an address`,
		"ftp:192.0.2.1":                    `! there is no transport "ftp"`,
		"proxy.example.com:5060":           "! write an address of this machine",
		"192.0.2.1:99999":                  "! write an address of this machine",
		"":                                 "! write an address of this machine",
		"224.0.1.75:5060":                  "! multicast",
		"10.0.0.1 as a b":                  "! neither a host name",
		"10.0.0.1 as ":                     "! neither a host name",
	} {
		s := Settings{Listen: []string{entry}, Names: []string{"first.example.com"}}
		ls, err := s.listeners()
		var got []string
		for _, l := range ls {
			got = append(got, l.transport.String()+" "+l.addr.String()+" "+l.sentBy())
		}
		text := strings.Join(got, ", ")
		if bad, ok := strings.CutPrefix(want, "! "); ok {
			if err == nil || !strings.Contains(err.Error(), bad) {
				t.Errorf("%q: %s, %v, want the error %q", entry, text, err, bad)
			}
		} else if err != nil || text != want {
			t.Errorf("%q: %s, %v, want %s", entry, text, err, want)
		}
	}
	twice := Settings{Listen: []string{"127.0.0.1:5060", "udp:127.0.0.1:5060"}}
	if _, err := twice.listeners(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("%v", err)
	}
	nameless := Settings{Listen: []string{"[::]:5060"}}
	if _, err := nameless.listeners(); err == nil || !strings.Contains(err.Error(), "--name") {
		t.Errorf("%v", err)
	}
}

// certificate writes a certificate with its key, valid until a time.
func certificate(t *testing.T, dir, name string, until time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{domain}, NotBefore: until.Add(-time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pk, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pk}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	good, goodKey := certificate(t, dir, "good", time.Now().Add(time.Hour))
	old, oldKey := certificate(t, dir, "old", time.Now().Add(-time.Minute))
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		tls  TLS
		want string
	}{
		{"one that is good", TLS{Cert: good, Key: goodKey, CA: good}, ""},
		{"none", TLS{}, ""},
		{"the key of another", TLS{Cert: good, Key: oldKey}, "the key belongs to another certificate"},
		{"one that has run out", TLS{Cert: old, Key: oldKey}, "have it renewed"},
		{"no PEM", TLS{Cert: text, Key: goodKey}, "not in PEM form"},
		{"no PEM as key", TLS{Cert: good, Key: text}, "the key is not in PEM form"},
		{"no file", TLS{Cert: filepath.Join(dir, "none"), Key: goodKey}, "none"},
		{"no authorities", TLS{CA: text}, "no certificate in PEM form"},
	} {
		_, err := c.tls.load()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	s := start(t, &Settings{Domains: []string{domain}, Listen: []string{"tls:127.0.0.1:0"}, Open: true, TLS: TLS{Cert: good, Key: goodKey}})
	s.end(t)
	if !strings.Contains(s.log.String(), "the proxy is open") {
		t.Errorf("%s", s.log)
	}
}

// SQLite keeps files beside its database: a folder where they cannot be made is told, whether the database is there or not.
func TestDatabaseInAFolderOfOthers(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.db")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{there: "there.db cannot be opened: you may not write in " + dir, filepath.Join(dir, "new.db"): "new.db cannot be made: you may not write in " + dir} {
		if err := checkDatabase(path, func(folder string) bool { return folder != dir }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
		if err := checkDatabase(path, func(string) bool { return true }); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	users := usersFile(t, dir, "alice")
	good := func() Settings {
		return Settings{Domains: []string{domain}, Listen: []string{"127.0.0.1:5060"}, Users: users}
	}
	s := good()
	told, err := s.Check()
	if err != nil || !strings.Contains(told, "1 in "+users+", realm "+domain+", SHA-256, MD5") {
		t.Errorf("%s %v", told, err)
	}
	s.Recurse = true
	if c, err := s.proxyConfig(t.Logf); err != nil || !c.Recurse {
		t.Errorf("recurse does not reach the element: %v", err)
	}
	if more, err := s.Check(); err != nil || strings.Contains(told, "recurse") || !strings.Contains(more, "recurse    where a phone forwards a call to is tried here") {
		t.Errorf("%s %v", more, err)
	}
	// A database is not made by being checked, and one that is there is left as it is; 0 is the default, and said to be so.
	s = good()
	s.Database = filepath.Join(dir, "bindings.db")
	for range 2 {
		told, err := s.Check()
		if err != nil || !strings.Contains(told, "limits     200 requests a second from one source before it says who it is, 1000 at once\n") {
			t.Errorf("%s %v", told, err)
		}
		if _, err := os.Stat(s.Database); !errors.Is(err, fs.ErrNotExist) && s.Limits.Rate == 0 {
			t.Errorf("the database was made: %v", err)
		}
		s.Limits.Rate = 200
		db, err := bindings.Open(s.Database, 10, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	s.Limits.Rate, s.Timers.C = Unlimited, minTimerC+time.Second
	if told, err := s.Check(); err != nil || !strings.Contains(told, "limits     any number of requests") {
		t.Errorf("%s %v", told, err)
	}
	for want, change := range map[string]func(*Settings){
		"no domain":                          func(s *Settings) { s.Domains = nil },
		"no address to listen at":            func(s *Settings) { s.Listen = nil },
		"no users":                           func(s *Settings) { s.Users = "" },
		"neither a host name":                func(s *Settings) { s.Domains = []string{"a b"} },
		"there is no digest algorithm":       func(s *Settings) { s.Algorithms = []string{"MD4"} },
		"named twice":                        func(s *Settings) { s.Algorithms = []string{"MD5", "md5"} },
		"neither a network":                  func(s *Settings) { s.Trust = []string{"office"} },
		"the network is 192.0.2.0/24":        func(s *Settings) { s.Trust = []string{"192.0.2.7/24"} },
		"no user in the users file has":      nil,
		"has the user \"u\" and no password": func(s *Settings) { s.Gateways = []Gateway{{Name: "g", URI: "sip:192.0.2.1", User: "u"}} },
		"has a password and no user":         func(s *Settings) { s.Gateways = []Gateway{{Name: "g", URI: "sip:192.0.2.1", Password: "p"}} },
		"one is enough": func(s *Settings) {
			s.Gateways = []Gateway{{Name: "g", URI: "sip:192.0.2.1", User: "u", Password: "p", PasswordFile: "f"}}
		},
		"gateway 1 has no name":                     func(s *Settings) { s.Gateways = []Gateway{{URI: "sip:192.0.2.1"}} },
		"there is no such gateway":                  func(s *Settings) { s.Routes = []Route{{Prefix: "1", Gateway: "g"}} },
		"less than nothing":                         func(s *Settings) { s.Timers.T1 = -1 },
		"limits: sources: -1 is not from 0":         func(s *Settings) { s.Limits.Sources = -1 },
		"registrar: max_contacts: -1 is not from 0": func(s *Settings) { s.Registrar.MaxContacts = -1 },
		"more than an hour":                         func(s *Settings) { s.Registrar.MinExpires = 2 * time.Hour },
		"no level":                                  func(s *Settings) { s.Log.Level = "loud" },
		"no format":                                 func(s *Settings) { s.Log.Format = "xml" },
		"a certificate needs its key":               func(s *Settings) { s.TLS.Cert = "a" },
		"cannot listen with TLS at 127.0.0.1:5061: there is no certificate": func(s *Settings) { s.Listen = []string{"tls:127.0.0.1:5061"} },
		"there is no folder " + filepath.Join(dir, "none") + " for x.db":    func(s *Settings) { s.Database = filepath.Join(dir, "none", "x.db") },
		users + " is no folder":               func(s *Settings) { s.Database = filepath.Join(users, "x.db") },
		dir + " is a folder":                  func(s *Settings) { s.Database = dir },
		users + " is another kind of file":    func(s *Settings) { s.Database = users },
		"timers: c: 3m0s is not more than 3m": func(s *Settings) { s.Timers.C = 3 * time.Minute },
	} {
		s := good()
		if change == nil {
			s.Realm = "other"
			if told, err := s.Check(); err != nil || !strings.Contains(told, want) {
				t.Errorf("%s: %s %v", want, told, err)
			}
			continue
		}
		change(&s)
		if _, err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The comments of a users file stay, a link stays a link, and the file is replaced in one step.
func TestUsersFileIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "users.txt")
	text := "# the office\r\nalice:" + domain + ":MD5:00000000000000000000000000000000\r\n\n# the shop\nbob:" + domain + ":MD5:00000000000000000000000000000000\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	f, err := LoadUsers(link)
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Remove("alice", ""); n != 1 {
		t.Errorf("%d lines are gone", n)
	}
	if err := f.Put("carol", domain, "secret", []digest.Algorithm{digest.MD5, digest.MD5Sess}); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := "# the office\r\n\n# the shop\nbob:" + domain + ":MD5:00000000000000000000000000000000\ncarol:" + domain + ":MD5:" + digest.HA1(digest.MD5, "carol", domain, "secret") + "\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
