//go:build unix

package proxyd

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group that another had whose place it takes. Who may not give the owner away keeps the group at least, if he is in it;
// where not even that is allowed, the file is his.
func keepOwner(path string, had fs.FileInfo) error {
	s, ok := had.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	err := os.Chown(path, int(s.Uid), int(s.Gid))
	if errors.Is(err, fs.ErrPermission) {
		err = os.Chown(path, -1, int(s.Gid))
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
