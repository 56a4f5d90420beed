package bindings

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/registrarcore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 8, 20, 16, 40, 0, 0, time.UTC)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path, 0, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func binding(uri string, f live.Flow, expires time.Duration) registrarcore.Binding {
	return registrarcore.Binding{URI: uri, DisplayName: `"Bob"`, Params: ";q=0.5", Q: 500, CallID: "a\xff\x00b@192.0.2.1", CSeq: 1<<32 - 1,
		Path: []string{"<sip:p1.example.com;lr>", "<sip:p2\xfe@example.com;lr>"}, Flow: f, Updated: now, Expires: now.Add(expires)}
}

func flow(t capture.Transport, remote string, conn uint64) live.Flow {
	return live.Flow{Transport: t, Local: netip.MustParseAddrPort("192.0.2.10:5060"), Remote: netip.MustParseAddrPort(remote), Conn: conn}
}

func TestBindingsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bindings.db")
	s := open(t, path)
	secret := s.Secret()
	udp := binding("sip:bob@10.0.0.7:5060", flow(capture.UDP, "203.0.113.7:33012", 0), time.Hour)
	short := binding("sip:bob@10.0.0.8", flow(capture.UDP, "203.0.113.8:5060", 0), -time.Second)
	hidden := binding("sip:bob@10.0.0.9;transport=tcp", flow(capture.TCP, "203.0.113.9:40000", 7), time.Hour)
	public := binding("sip:bob@203.0.113.10:5060;transport=tcp", flow(capture.TCP, "203.0.113.10:40000", 8), time.Hour)
	outbound := binding("sip:bob@203.0.113.11:5060;transport=tls", flow(capture.TLS, "203.0.113.11:40000", 9), time.Hour)
	outbound.Instance, outbound.RegID = "<urn:uuid:1>", 1
	none := binding("sip:bob@phone.example.com", live.Flow{}, time.Hour)
	none.Path = nil
	if err := s.Store("sip:bob@example.com", []registrarcore.Binding{udp, short, hidden, public, outbound, none}, 0); err != nil {
		t.Fatal(err)
	}
	for _, aor := range []string{"sip:\xff\x00odd@example.com", "sip:gone@example.com"} {
		if err := s.Store(aor, []registrarcore.Binding{udp}, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, version, _ := s.Load("sip:gone@example.com")
	if err := s.Store("sip:gone@example.com", nil, version); err != nil {
		t.Fatal(err)
	}
	if err := s.Store("sip:gone@example.com", []registrarcore.Binding{udp}, version); !errors.Is(err, registrarcore.ErrConflict) {
		t.Errorf("a change that another has crossed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, path)
	defer s.Close()
	got, _, _ := s.Load("sip:bob@example.com")
	hidden.Flow.Conn, outbound.Flow.Conn = LostConn, LostConn
	public.Flow = live.Flow{}
	want := []registrarcore.Binding{udp, hidden, public, outbound, none}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got, _, _ := s.Load("sip:\xff\x00odd@example.com"); len(got) != 1 {
		t.Errorf("an odd name has %d bindings", len(got))
	}
	if s.Len() != 2 {
		t.Errorf("%d addresses of record", s.Len())
	}
	if string(s.Secret()) != string(secret) || len(secret) != 32 {
		t.Error("the secret is another")
	}
	if n := s.Expire(now.Add(2 * time.Hour)); n != 6 {
		t.Errorf("%d ran out", n)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// Whatever the disk does, the element goes on: another program holds the database, and the change waits.
func TestTheElementDoesNotWaitForTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bindings.db")
	s := open(t, path)
	other, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		_, version, _ := s.Load("sip:bob@example.com")
		b := binding("sip:bob@10.0.0.7:5060", flow(capture.UDP, "203.0.113.7:33012", 0), time.Hour)
		b.CSeq = uint32(n)
		if err := s.Store("sip:bob@example.com", []registrarcore.Binding{b}, version); err != nil {
			t.Fatal(err)
		}
	}
	if _, pending := s.Written(); pending > 1 {
		t.Errorf("%d wait to be written, of one address of record", pending)
	}
	if _, err := other.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if got, _, _ := s.Load("sip:bob@example.com"); len(got) != 1 || got[0].CSeq != 999 {
		t.Errorf("%+v", got)
	}
}

// What cannot be written waits, and is written when it can be, unless it has changed since.
func TestWhatFailsIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bindings.db")
	s := open(t, path)
	if _, err := s.db.Exec("ALTER TABLE binding RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	old := binding("sip:old@10.0.0.7", flow(capture.UDP, "203.0.113.7:33012", 0), time.Hour)
	s.mu.Lock()
	s.pending["sip:a@example.com"], s.pending["sip:b@example.com"] = []registrarcore.Binding{old}, []registrarcore.Binding{old}
	s.mu.Unlock()
	if err := s.flush(now); err == nil || s.Err() == nil {
		t.Error("it was written without a table")
	}
	if _, err := s.db.Exec("ALTER TABLE away RENAME TO binding"); err != nil {
		t.Fatal(err)
	}
	newer := old
	newer.URI = "sip:new@10.0.0.7"
	s.mu.Lock()
	s.pending["sip:b@example.com"] = []registrarcore.Binding{newer}
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	a, _, _ := s.Load("sip:a@example.com")
	b, _, _ := s.Load("sip:b@example.com")
	if len(a) != 1 || a[0].URI != old.URI || len(b) != 1 || b[0].URI != newer.URI {
		t.Errorf("%v %v", a, b)
	}
}

func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign, newer := filepath.Join(dir, "foreign.db"), filepath.Join(dir, "newer.db")
	for path, text := range map[string]string{foreign: "CREATE TABLE a (b)", newer: "PRAGMA user_version = 9"} {
		db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
		db.Close()
	}
	for path, want := range map[string]string{text: "no SQLite database", foreign: "a database of something else", newer: "its form is 9",
		filepath.Join(dir, "no", "folder.db"): "cannot be made", dir: "it is a folder; name a file in it"} {
		if s, err := Open(path, 0, now); err == nil {
			s.Close()
			t.Errorf("%s was opened", path)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// BenchmarkStore is what a REGISTER costs the element, and the disk behind it.
func BenchmarkStore(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "b.db"), 0, now)
	if err != nil {
		b.Fatal(err)
	}
	f := flow(capture.UDP, "203.0.113.7:33012", 0)
	n := 0
	for b.Loop() {
		aor := fmt.Sprintf("sip:u%d@example.com", n%50_000)
		_, version, _ := s.Load(aor)
		if err := s.Store(aor, []registrarcore.Binding{binding("sip:bob@10.0.0.7:5060", f, time.Hour)}, version); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.StopTimer()
	began := time.Now()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	written, _ := s.Written()
	b.ReportMetric(float64(written), "rows")
	b.ReportMetric(time.Since(began).Seconds(), "s/close")
}
