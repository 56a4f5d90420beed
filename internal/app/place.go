package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkPlace returns what keeps a file from being written that is written later, after a call that nobody wants to place in vain. Nothing is left behind, and what
// stands in the file stays there.
func checkPlace(name string) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder, not a file", name)
	case err == nil && !info.Mode().IsRegular():
		return nil // a pipe would wait for its reader
	case err == nil:
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s; make it, or choose another place", filepath.Dir(name))
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(name))
}

// lateOutput is a file that is made, in place of what stood there, when all else is in order.
type lateOutput struct {
	name string
	file *os.File
}

func (l *lateOutput) open() (err error) {
	l.file, err = os.Create(l.name)
	return err
}

// Write implements io.Writer.
func (l *lateOutput) Write(p []byte) (int, error) { return l.file.Write(p) }
