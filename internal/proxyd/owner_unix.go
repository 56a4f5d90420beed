//go:build unix

package proxyd

import (
	"errors"
	"io/fs"
	"syscall"
)

// keepOwner gives a file the owner and the group that another had whose place it takes, by chown (os.Chown). Who may not give the owner away keeps the group at least, if he is in
// it; where not even that is allowed, the file is his and his group's. It reports which of the two are the same: the rights that the old group had are not for another.
func keepOwner(chown func(path string, uid, gid int) error, path string, had fs.FileInfo) (sameOwner, sameGroup bool, err error) {
	s, ok := had.Sys().(*syscall.Stat_t)
	if !ok {
		return false, false, nil
	}
	if err = chown(path, int(s.Uid), int(s.Gid)); err == nil {
		return true, true, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		err = chown(path, -1, int(s.Gid))
	}
	if errors.Is(err, fs.ErrPermission) {
		return false, false, nil
	}
	return false, err == nil, err
}
