//go:build unix

package proxyd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"sipscribe/digest"
)

// A users file that a service reads by its group must be readable to it when a user has been added by somebody else.
func TestUsersFileKeepsItsGroup(t *testing.T) {
	group := 4711
	if os.Geteuid() != 0 {
		mine, err := os.Getgroups()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(mine, func(g int) bool { return g != os.Getegid() })
		if i < 0 {
			t.Skip("whoever runs the test is in one group only")
		}
		group = mine[i]
	}
	name := filepath.Join(t.TempDir(), "users.txt")
	for n, user := range []string{"spa1", "spa2"} {
		f, err := OpenUsers(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Put(user, "example.com", "secret", []digest.Algorithm{digest.MD5}); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if err := os.Chown(name, -1, group); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(name, 0o640); err != nil {
				t.Fatal(err)
			}
		}
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if g := int(info.Sys().(*syscall.Stat_t).Gid); g != group || info.Mode().Perm() != 0o640 {
		t.Errorf("group %d, mode %v; want %d, 0640", g, info.Mode(), group)
	}
}

// What a group may read that the file cannot be given to is not for the group of whoever has written it.
func TestOwnerThatCannotBeKept(t *testing.T) {
	had, err := os.Stat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                 string
		owner, group         error
		sameOwner, sameGroup bool
		err                  error
	}{
		{"all may be given", nil, nil, true, true, nil},
		{"the group alone", fs.ErrPermission, nil, false, true, nil},
		{"nothing", fs.ErrPermission, fs.ErrPermission, false, false, nil},
		{"the disk fails", syscall.EIO, nil, false, false, syscall.EIO},
	} {
		chown := func(_ string, uid, _ int) error {
			if uid < 0 {
				return c.group
			}
			return c.owner
		}
		owner, group, err := keepOwner(chown, "users.txt", had)
		if owner != c.sameOwner || group != c.sameGroup || !errors.Is(err, c.err) {
			t.Errorf("%s: the same owner %v, group %v, %v", c.name, owner, group, err)
		}
		for _, mode := range []fs.FileMode{0o600, 0o640} {
			name := filepath.Join(t.TempDir(), "users.txt")
			if err := os.WriteFile(name, nil, mode); err != nil {
				t.Fatal(err)
			}
			f, err := LoadUsers(name)
			if err != nil {
				t.Fatal(err)
			}
			f.chown = chown
			if err := f.Save(); !errors.Is(err, c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
			if c.err != nil {
				continue
			}
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			wants := mode
			if !c.sameGroup {
				wants = 0o600
			}
			if info.Mode().Perm() != wants || f.Taken() != (!c.sameOwner && wants == 0o600) {
				t.Errorf("%s, %v: mode %v, taken %t", c.name, mode, info.Mode(), f.Taken())
			}
		}
	}
}
