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
		name         string
		owner, group error
		same         bool
		err          error
	}{
		{"all may be given", nil, nil, true, nil},
		{"the group alone", fs.ErrPermission, nil, true, nil},
		{"nothing", fs.ErrPermission, fs.ErrPermission, false, nil},
		{"the disk fails", syscall.EIO, nil, false, syscall.EIO},
	} {
		same, err := keepOwner(func(_ string, uid, _ int) error {
			if uid < 0 {
				return c.group
			}
			return c.owner
		}, "users.txt", had)
		if same != c.same || !errors.Is(err, c.err) {
			t.Errorf("%s: the same group %v, %v", c.name, same, err)
		}
	}
}
