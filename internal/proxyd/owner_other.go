//go:build !unix

package proxyd

import "io/fs"

// keepOwner does nothing: a new file has the rights of its folder.
func keepOwner(func(string, int, int) error, string, fs.FileInfo) (sameOwner, sameGroup bool, err error) {
	return true, true, nil
}
