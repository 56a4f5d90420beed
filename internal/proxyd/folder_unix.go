//go:build unix

package proxyd

import "golang.org/x/sys/unix"

// mayWrite reports whether whoever runs this may make a file in a folder.
func mayWrite(folder string) bool { return unix.Access(folder, unix.W_OK|unix.X_OK) == nil }
