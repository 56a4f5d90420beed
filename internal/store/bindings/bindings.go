// Package bindings keeps the bindings of a registrar over a restart: registrarcore.Bindings over a memory that an embedded SQLite database
// follows.
//
//	Load ◀── memory ◀── Store ──▶ pending ──(writer, at most Delay later)──▶ SQLite ──(Open)──▶ memory
//
// The element never waits for a disk: what it changes is in memory at once, and a goroutine writes what has changed since its last transaction
// in one, at most Delay later. So a crash of the machine may lose the registrations of the last second, whose phones are told nothing of it and
// register again when their time has come; an orderly end loses nothing. An address of record that changes often is written once a transaction,
// as it is then. If the disk fails, what is pending stays pending and is tried again, and Err says why.
//
// The flow of a datagram is good after a restart as it was before: the NAT between has not been told of it. A connection has ended with the process that
// had it: where the phone can be reached at its contact's own address the flow is forgotten, otherwise it is marked as lost (LostConn), so that calls to
// it fail at once and are not sent where nobody is.
package bindings

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/registrarcore"
	"sipscribe/sip"
)

// Delay is how long a change waits at most before it is written.
const Delay = time.Second

// gather is how long the writer waits for more changes to come before it writes the first.
const gather = 200 * time.Millisecond

// LostConn is the number of a connection that has ended with the process that had it. No driver has so many.
const LostConn = math.MaxUint64

// schemaVersion is the user_version of a database that this program writes.
const schemaVersion = 1

const schema = `
CREATE TABLE binding (
	aor BLOB NOT NULL, place INTEGER NOT NULL, uri TEXT NOT NULL, display TEXT NOT NULL, params TEXT NOT NULL, q INTEGER NOT NULL,
	instance TEXT NOT NULL, reg_id INTEGER NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL, path TEXT NOT NULL,
	transport TEXT NOT NULL, local TEXT NOT NULL, remote TEXT NOT NULL, host TEXT NOT NULL,
	updated INTEGER NOT NULL, expires INTEGER NOT NULL,
	PRIMARY KEY (aor, place)
) WITHOUT ROWID;
CREATE INDEX binding_expires ON binding (expires);
CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`

// Store is the bindings. Load, Store, Expire and Next are the element's, called by one goroutine at a time; the others may be called by any.
type Store struct {
	memory *registrarcore.Memory
	db     *sql.DB
	secret []byte
	wake   chan struct{}
	stop   chan struct{}
	done   chan struct{}

	mu      sync.Mutex // guards all below
	pending map[string][]registrarcore.Binding
	err     error
	written uint64
	latest  time.Time // the last expiry that was swept
}

// Open opens a database, or makes it, and restores what has not run out by now. At most maxAORs addresses of record are held.
func Open(path string, maxAORs int, now time.Time) (*Store, error) {
	made := false
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("the database %s: it is a folder; name a file in it", path)
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err == nil {
		f.Close() // so that only its owner can read where everybody is reached
		made = true
	} else if !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("the database cannot be made: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("the database %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{memory: registrarcore.NewMemory(maxAORs), db: db, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		pending: map[string][]registrarcore.Binding{}}
	if err := s.prepare(made); err != nil {
		db.Close()
		return nil, fmt.Errorf("the database %s: %w", path, plain(err))
	}
	if err := s.restore(now); err != nil {
		db.Close()
		return nil, fmt.Errorf("reading the bindings from %s: %w", path, plain(err))
	}
	go s.write()
	return s, nil
}

// plain says what is behind the errors that people meet.
func plain(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "file is not a database"):
		return errors.New("it is no SQLite database; name another file, or take this one away")
	case strings.Contains(text, "database is locked"):
		return errors.New("another program has it; is another proxy running?")
	}
	return err
}

// prepare makes the tables, or checks that they are ours.
func (s *Store) prepare(made bool) error {
	var version int
	if err := s.db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version == 0:
		var tables int
		if err := s.db.QueryRow("SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
			return err
		}
		if tables > 0 && !made {
			return errors.New("it is a database of something else; name another file")
		}
		if _, err := s.db.Exec("BEGIN IMMEDIATE;" + schema + fmt.Sprintf("PRAGMA user_version = %d; COMMIT", schemaVersion)); err != nil {
			return err
		}
	case version != schemaVersion:
		return fmt.Errorf("its form is %d, and this program knows form %d: a newer sipscribe wrote it", version, schemaVersion)
	}
	err := s.db.QueryRow("SELECT value FROM secret WHERE name = 'dialog'").Scan(&s.secret)
	if errors.Is(err, sql.ErrNoRows) {
		s.secret = make([]byte, 32)
		rand.Read(s.secret) // never fails
		_, err = s.db.Exec("INSERT INTO secret VALUES ('dialog', ?)", s.secret)
	}
	return err
}

// Secret is a random key that belongs to the database: proxy.Config.Secret.
func (s *Store) Secret() []byte { return s.secret }

// restore reads what has not run out.
func (s *Store) restore(now time.Time) error {
	rows, err := s.db.Query(`SELECT aor, uri, display, params, q, instance, reg_id, call_id, cseq, path, transport, local, remote, host, updated, expires
		FROM binding WHERE expires > ? ORDER BY aor, place`, now.UnixNano())
	if err != nil {
		return err
	}
	defer rows.Close()
	last := ""
	var bindings []registrarcore.Binding
	put := func() {
		if len(bindings) > 0 {
			_ = s.memory.Store(last, bindings, 0) // past the limit there is no room; those phones register again
		}
		bindings = nil
	}
	for rows.Next() {
		var aor []byte
		var b registrarcore.Binding
		var path, transport, local, remote string
		var updated, expires int64
		if err := rows.Scan(&aor, &b.URI, &b.DisplayName, &b.Params, &b.Q, &b.Instance, &b.RegID, &b.CallID, &b.CSeq, &path, &transport, &local, &remote, &b.Flow.Name,
			&updated, &expires); err != nil {
			return err
		}
		if path != "" {
			b.Path = strings.Split(path, "\n") // no value has a line end
		}
		b.Updated, b.Expires = time.Unix(0, updated), time.Unix(0, expires)
		if b.Flow.Transport = live.TransportNamed(transport); b.Flow.Transport != capture.TransportUnknown {
			if b.Flow.Remote, err = netip.ParseAddrPort(remote); err != nil {
				return fmt.Errorf("the flow of %q: %w", aor, err)
			}
			b.Flow.Local, _ = netip.ParseAddrPort(local)
			b.Flow = afterRestart(&b)
		}
		if string(aor) != last {
			put()
			last = string(aor)
		}
		bindings = append(bindings, b)
	}
	put()
	return rows.Err()
}

// afterRestart returns what is left of the flow of a binding.
func afterRestart(b *registrarcore.Binding) live.Flow {
	f := b.Flow
	if !f.Reliable() {
		return f
	}
	u := sip.ParseURI([]byte(b.URI))
	host := strings.Trim(string(u.Host), "[]")
	if a, err := netip.ParseAddr(host); b.RegID == 0 && err == nil && a.Unmap() == f.Remote.Addr().Unmap() {
		return live.Flow{}
	}
	f.Conn = LostConn
	return f
}

// Load implements registrarcore.Bindings.
func (s *Store) Load(aor string) ([]registrarcore.Binding, uint64, error) { return s.memory.Load(aor) }

// Store implements registrarcore.Bindings.
func (s *Store) Store(aor string, bindings []registrarcore.Binding, version uint64) error {
	if err := s.memory.Store(aor, bindings, version); err != nil {
		return err
	}
	s.mu.Lock()
	s.pending[aor] = bindings
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Expire lets go what has run out, and returns how many bindings that were. The writer does the same in the database.
func (s *Store) Expire(now time.Time) int { return s.memory.Expire(now) }

// Next returns when the next binding runs out.
func (s *Store) Next() time.Time { return s.memory.Next() }

// Len returns the number of addresses of record. It is the element's, as Load is.
func (s *Store) Len() int { return s.memory.Len() }

// Err returns why the last attempt to write failed, nil if it did not.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Written returns how many addresses of record were written, and Pending how many wait.
func (s *Store) Written() (written uint64, pending int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written, len(s.pending)
}

// Close writes what is pending and closes the database.
func (s *Store) Close() error {
	close(s.stop)
	<-s.done
	err := s.flush(time.Now())
	if cerr := s.db.Close(); err == nil {
		err = cerr
	}
	return err
}

// write follows the memory until Close.
func (s *Store) write() {
	defer close(s.done)
	sweep := time.NewTicker(time.Minute)
	defer sweep.Stop()
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-s.wake:
			timer.Reset(gather)
			select {
			case <-timer.C:
			case <-s.stop:
				return
			}
		case <-timer.C: // it failed before
		case <-sweep.C:
		}
		if s.flush(time.Now()) != nil {
			timer.Reset(Delay)
		}
	}
}

// flush writes what is pending, in one transaction.
func (s *Store) flush(now time.Time) error {
	s.mu.Lock()
	batch := s.pending
	s.pending = map[string][]registrarcore.Binding{}
	sweep := now.Sub(s.latest) >= time.Minute
	s.mu.Unlock()
	if len(batch) == 0 && !sweep {
		return nil
	}
	err := s.commit(batch, sweep, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	if err != nil {
		for aor, b := range batch { // what has changed since is newer
			if _, newer := s.pending[aor]; !newer {
				s.pending[aor] = b
			}
		}
		return err
	}
	s.written += uint64(len(batch))
	if sweep {
		s.latest = now
	}
	return nil
}

func (s *Store) commit(batch map[string][]registrarcore.Binding, sweep bool, now time.Time) error {
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if sweep {
		if _, err := tx.Exec("DELETE FROM binding WHERE expires <= ?", now.UnixNano()); err != nil {
			return err
		}
	}
	remove, err := tx.Prepare("DELETE FROM binding WHERE aor = ?")
	if err != nil {
		return err
	}
	add, err := tx.Prepare("INSERT INTO binding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	for aor, bindings := range batch {
		if _, err := remove.Exec([]byte(aor)); err != nil {
			return err
		}
		for i := range bindings {
			b := &bindings[i]
			transport, local, remote := "", "", ""
			if b.Flow.Transport != capture.TransportUnknown {
				transport, remote = b.Flow.Transport.String(), b.Flow.Remote.String()
				if b.Flow.Local.IsValid() {
					local = b.Flow.Local.String()
				}
			}
			if _, err := add.Exec([]byte(aor), i, b.URI, b.DisplayName, b.Params, b.Q, b.Instance, b.RegID, b.CallID, b.CSeq, strings.Join(b.Path, "\n"), transport, local, remote,
				b.Flow.Name, b.Updated.UnixNano(), b.Expires.UnixNano()); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
