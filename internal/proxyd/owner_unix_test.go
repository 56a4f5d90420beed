//go:build unix

package proxyd

import (
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
