package proxyd

import (
	"fmt"
	"io"
	"io/fs"
	"runtime"
)

// maxFile is how long a file that is read whole may be: a million users have 250 MB.
const maxFile = 512 << 20

// checkPrivate refuses a file that others may read or write. Windows has no such bits, and is not asked.
func checkPrivate(path, what string, info fs.FileInfo) error {
	if runtime.GOOS == "windows" || info.Mode().Perm()&0o007 == 0 || !info.Mode().IsRegular() {
		return nil
	}
	can := "read"
	if info.Mode().Perm()&0o004 == 0 {
		can = "write"
	}
	return fmt.Errorf("%s: everybody on this machine may %s %s there (mode %04o); take that away: chmod 600 %s", path, can, what, info.Mode().Perm(), path)
}

// appendAll reads the rest of a file.
func appendAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return nil, err
		}
		if len(dst) > maxFile {
			return nil, fmt.Errorf("longer than %d bytes", maxFile)
		}
	}
}
