package app

import (
	"fmt"
	"os"
	"runtime"
)

// checkPrivate returns an error if others than its owner may read a file that holds passwords. Windows has no such bits; there it is not looked at.
func checkPrivate(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return fmt.Errorf("%s can be read by others (its mode is %#o), and holds a password: chmod 600 %s", name, info.Mode().Perm(), name)
}
