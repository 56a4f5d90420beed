package archtest

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// documents are the pages whose paths must exist.
var documents = []string{"ARCHITECTURE.md", "CONTRIBUTING.md"}

// sourceExt are the endings by which a word is known for a file though it has no slash.
var sourceExt = []string{".go", ".md", ".txt", ".txtar", ".yml", ".yaml", ".mod", ".sum", ".html", ".css", ".js", ".conf", ".golden", ".sql"}

var (
	backquoted = regexp.MustCompile("`([^`]+)`")
	pathWord   = regexp.MustCompile(`^(\./)?[A-Za-z0-9_.*<>-]+(/[A-Za-z0-9_.*<>-]+)*/?$`)
)

// docPaths finds paths in backquotes, and in commands, that name nothing in the tree. A path is written from the root. After one that is, its
// siblings and what is in it may be named for short within the same paragraph or row of a table: `internal/live/dialog/`,
// `proxycore/`. A part in angle brackets, as in `internal/decode/<name>/`, is the reader's to fill in: only what is before it
// must exist. So it is with a star, which must find something.
func docPaths(t *Tree) []Violation {
	var out []Violation
	for _, name := range documents {
		f := t.paths[name]
		if f == nil {
			continue
		}
		var bases []string // rooted paths of this paragraph
		fenced := false
		for i, line := range strings.Split(string(f.Data), "\n") {
			line = strings.TrimRight(line, "\r")
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "|") {
				bases = nil
			}
			for _, w := range wordsOf(line, fenced) {
				w, ok := asPath(t, w)
				if !ok {
					continue
				}
				if t.names(w) {
					bases = append(bases, w)
					continue
				}
				known := func(base string) bool {
					return t.names(path.Join(base, w)) || t.names(path.Join(path.Dir(base), w))
				}
				if !slices.ContainsFunc(bases, known) {
					out = append(out, Violation{f.Path, i + 1, w + " does not exist"})
				}
			}
		}
	}
	return out
}

// wordsOf returns the words of a line that stand in backquotes; within a fence, those that begin with "./".
func wordsOf(line string, fenced bool) []string {
	var words []string
	if fenced {
		for _, w := range strings.Fields(line) {
			if strings.HasPrefix(w, "./") {
				words = append(words, w)
			}
		}
		return words
	}
	for _, m := range backquoted.FindAllStringSubmatch(line, -1) {
		words = append(words, strings.Fields(m[1])...)
	}
	return words
}

// asPath tells a path from other words ("SIP/2.0", "text/plain", "pcap/pcapng") and returns it without ornaments. A path has a slash at its end, or
// begins with "./" or with a folder of the root, or ends as a source file does.
func asPath(t *Tree, w string) (string, bool) {
	w = strings.TrimRight(w, ",.;:)")
	w = strings.TrimSuffix(w, "/...")
	if rest, ok := strings.CutPrefix(w, Module+"/"); ok { // an import path
		w = rest
	}
	if w == "" || !pathWord.MatchString(w) || strings.HasPrefix(w, "..") {
		return "", false
	}
	first, _, slash := strings.Cut(strings.TrimPrefix(w, "./"), "/")
	isPath := strings.HasSuffix(w, "/") || strings.HasPrefix(w, "./") || slash && (t.dirs[first] || first == "internal" || first == "cmd") ||
		slices.Contains(sourceExt, path.Ext(w))
	w = path.Clean(w)
	return w, isPath && w != "." && !t.match(w, true)
}

// names reports whether a path, which may have a star or a part to fill in, names something in the tree.
func (t *Tree) names(p string) bool {
	if before, _, ok := strings.Cut(p, "<"); ok {
		return t.dirs[path.Dir(before+"x")]
	}
	if !strings.Contains(p, "*") {
		return t.Exists(p)
	}
	found := func(name string) bool { ok, _ := path.Match(p, name); return ok }
	for d := range t.dirs {
		if found(d) {
			return true
		}
	}
	return slices.ContainsFunc(t.Files, func(f *File) bool { return found(f.Path) })
}
