package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sipscribe/internal/lab"
)

// savedLab is what "lab --save" leaves in a folder: the syslog, a capture of the same messages, and the story. What is there already may be somebody's
// only log of a call, and a name like busy.log is not ours alone: it is replaced if that was asked for (--force), and else left alone.
type savedLab struct {
	dir, name string
	force     bool
}

func (s *savedLab) path(suffix string) string { return filepath.Join(s.dir, s.name+suffix) }

// prepare makes the folder, and says which files are in the way.
func (s *savedLab) prepare() error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return fmt.Errorf("--save: %w", err)
	}
	if s.force {
		return nil
	}
	var there []string
	for _, suffix := range []string{".log", ".pcap", ".txt"} {
		switch _, err := os.Lstat(s.path(suffix)); {
		case err == nil:
			there = append(there, s.path(suffix))
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("--save: %w", err)
		}
	}
	switch len(there) {
	case 0:
		return nil
	case 1:
		return inTheWay(there[0] + " is there already")
	}
	return inTheWay(strings.Join(there[:len(there)-1], ", ") + " and " + there[len(there)-1] + " are there already")
}

func inTheWay(what string) error {
	return withHint(fmt.Errorf("--save: %s, and nothing is replaced", what), "name another folder, or replace what is there with --force")
}

// write writes the files. Without force none is opened that has come since prepare looked.
func (s *savedLab) write(t *terminal, res *lab.Result, story []byte) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if s.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	for _, part := range []struct {
		suffix string
		data   []byte
	}{{".log", res.Log}, {".pcap", res.Pcap}, {".txt", story}} {
		path := s.path(part.suffix)
		f, err := os.OpenFile(path, how, 0o666)
		if errors.Is(err, fs.ErrExist) {
			return inTheWay(path + " is there already")
		}
		if err == nil {
			_, err = f.Write(part.data)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return fmt.Errorf("--save: %w", err)
		}
		t.talk("saved %s", path)
	}
	return nil
}
