package proxyd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sipscribe/digest"
)

// UsersFile is a users file: its lines as they are, comments too, and what they say (digest.ParseUsers).
type UsersFile struct {
	path  string
	lines []string
	list  []digest.User
	mode  fs.FileMode
	had   fs.FileInfo // nil: the file is new
	taken bool
	chown func(path string, uid, gid int) error
}

// LoadUsers reads a users file. The error wraps fs.ErrNotExist if there is none.
func LoadUsers(path string) (*UsersFile, error) {
	data, err := readPrivate(path, "the keys of your users")
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no users file %s; \"sipscribe proxy user add NAME --users %s\" makes it%w", path, path, silent{fs.ErrNotExist})
		}
		return nil, err
	}
	f := &UsersFile{path: path, mode: 0o600, chown: os.Chown}
	if info, err := os.Stat(path); err == nil {
		f.mode, f.had = info.Mode().Perm(), info
	}
	if f.list, err = digest.ParseUsers(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if text := strings.TrimSuffix(string(data), "\n"); text != "" {
		f.lines = strings.Split(text, "\n")
	}
	return f, nil
}

// OpenUsers is LoadUsers for a file that may have to be made.
func OpenUsers(path string) (*UsersFile, error) {
	f, err := LoadUsers(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &UsersFile{path: path, mode: 0o600, chown: os.Chown}, nil
	}
	return f, err
}

// Users returns what the lines say.
func (f *UsersFile) Users() []digest.User { return f.list }

// count returns how many users there are, whatever number of lines each has.
func (f *UsersFile) count() int {
	type key struct{ name, realm string }
	seen := map[key]struct{}{}
	for _, u := range f.list {
		seen[key{u.Username, u.Realm}] = struct{}{}
	}
	return len(seen)
}

// Has reports whether there is a user in a realm.
func (f *UsersFile) Has(name, realm string) bool {
	return slices.ContainsFunc(f.list, func(u digest.User) bool { return u.Username == name && u.Realm == realm })
}

// Realms returns the realms of the users, in order.
func (f *UsersFile) Realms() []string {
	var out []string
	for _, u := range f.list {
		if !slices.Contains(out, u.Realm) {
			out = append(out, u.Realm)
		}
	}
	return out
}

// Put gives a user a password, in the place of the one that he had.
func (f *UsersFile) Put(name, realm, password string, algorithms []digest.Algorithm) error {
	var made []digest.User
	for _, a := range algorithms {
		if slices.ContainsFunc(made, func(u digest.User) bool { return u.Algorithm == a.Hash() }) {
			continue // -sess has the same HA1
		}
		u, err := digest.NewUser(name, realm, password, a)
		if err != nil {
			return err
		}
		made = append(made, u)
	}
	f.Remove(name, realm)
	for _, u := range made {
		f.lines = append(f.lines, strings.TrimSuffix(string(u.AppendTo(nil)), "\n"))
		f.list = append(f.list, u)
	}
	return nil
}

// Remove takes a user out, of one realm or, with "", of all, and returns how many lines that were.
func (f *UsersFile) Remove(name, realm string) int {
	goes := func(u digest.User) bool { return u.Username == name && (realm == "" || u.Realm == realm) }
	n := 0
	f.lines = slices.DeleteFunc(f.lines, func(line string) bool {
		users, err := digest.ParseUsers([]byte(line))
		if err != nil || len(users) != 1 || !goes(users[0]) {
			return false
		}
		n++
		return true
	})
	f.list = slices.DeleteFunc(f.list, goes)
	return n
}

// Save writes the file in one step, so that a proxy that reads it meanwhile sees the old one or the new one, and a full disk leaves the old one.
func (f *UsersFile) Save() error {
	text := strings.Join(f.lines, "\n")
	if text != "" {
		text += "\n"
	}
	path := f.path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // made with mode 0600
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s for %s; make it, or name another file", filepath.Dir(path), filepath.Base(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be written: you may not write in %s", f.path, filepath.Dir(path))
	case err != nil:
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	_, err = tmp.WriteString(text)
	mode := f.mode &^ 0o007
	owner := func() error {
		if f.had == nil {
			return nil
		}
		sameOwner, sameGroup, err := keepOwner(f.chown, tmp.Name(), f.had) // a service may read it by its group
		if !sameGroup {
			mode &^= 0o070
		}
		f.taken = !sameOwner && mode&0o040 == 0
		return err
	}
	for _, step := range []func() error{tmp.Sync, tmp.Close, owner, func() error { return os.Chmod(tmp.Name(), mode) }, func() error { return os.Rename(tmp.Name(), path) }} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		tmp.Close()
		os.Remove(tmp.Name())
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	return nil
}

// Taken reports whether Save could leave the file neither to its owner nor to a group that reads it: a service that did cannot read it any more.
func (f *UsersFile) Taken() bool { return f.taken }

// lacking says what users cannot sign in with what is offered, "" if all can.
func (f *UsersFile) lacking(realm string, offered []digest.Algorithm) string {
	if len(f.list) == 0 {
		return "the users file has no users: nobody can register or call"
	}
	here := map[string][]digest.Algorithm{}
	for _, u := range f.list {
		if u.Realm == realm {
			here[u.Username] = append(here[u.Username], u.Algorithm)
		}
	}
	if len(here) == 0 {
		return fmt.Sprintf("no user in the users file has the realm %q, so that nobody can register or call; they have %q", realm, f.Realms()[:min(3, len(f.Realms()))])
	}
	n := 0
	for _, has := range here {
		if slices.ContainsFunc(offered, func(a digest.Algorithm) bool { return !slices.Contains(has, a.Hash()) }) {
			n++
		}
	}
	if n > 0 {
		return fmt.Sprintf("%d of %d users have no key for some of the algorithms that are offered, and fail with a phone that takes one of those", n, len(here))
	}
	return ""
}

// silent is an error that has been said in words already.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }
