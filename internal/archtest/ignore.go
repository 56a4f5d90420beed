package archtest

import (
	"fmt"
	"path"
	"strings"
)

// ignored is the patterns of .gitignore, of the kinds that this project uses.
type ignored []ignorePattern

type ignorePattern struct {
	glob    string
	rooted  bool // begins with a slash: matches from the root only
	dirOnly bool // ends with a slash
}

// parseIgnore reads a .gitignore. A kind of pattern that it does not know is an error, never passed over: a check that reads
// less than it seems to is worse than none.
func parseIgnore(data []byte) (ignored, error) {
	var list ignored
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimRight(line, " \r")
		if line == "" || line[0] == '#' {
			continue
		}
		p := ignorePattern{glob: line}
		p.glob, p.rooted = strings.CutPrefix(p.glob, "/")
		p.glob, p.dirOnly = strings.CutSuffix(p.glob, "/")
		_, err := path.Match(p.glob, "")
		if err != nil || line[0] == '!' || strings.Contains(line, "**") || !p.rooted && strings.Contains(p.glob, "/") {
			return nil, fmt.Errorf(".gitignore:%d: archtest does not know patterns like %q", i+1, line)
		}
		list = append(list, p)
	}
	return list, nil
}

// match reports whether a file or directory is ignored. Directories above it must be asked first.
func (list ignored) match(name string, dir bool) bool {
	for _, p := range list {
		if p.dirOnly && !dir {
			continue
		}
		subject := path.Base(name)
		if p.rooted {
			subject = name
		}
		if ok, _ := path.Match(p.glob, subject); ok {
			return true
		}
	}
	return false
}
