// Package archtest holds the source tree to its architecture: it reads the files themselves, and says where one of them stands in
// the wrong place.
//
//	fs.FS ─ Load ─▶ *Tree ─ Check.Run ─▶ []Violation       internal/callflow/call.go:9: floor 2 imports internal/decode/spa of floor 3
//
// The checks are values in Checks, the floors are the table Plan. `go test ./internal/archtest` runs them over the module; and over the small
// trees in testdata, each of which has a fault planted in it, so that it is known that each check can fail.
//
// Nothing asks `go list`: the test cache sees which files a test opens, not which a command reads, and a fault would then still
// print "ok (cached)". A file that git ignores is no part of the tree.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the path of the module, as imports name it.
const Module = "sipscribe"

// Tree is the source tree of a module.
type Tree struct {
	Files []*File // in the order of their paths
	fset  *token.FileSet
	dirs  map[string]bool // every directory that holds a file, and those above it; "." is the root
	paths map[string]*File
	ignored
}

// File is one file of the tree.
type File struct {
	Path string // from the root, with slashes
	Data []byte
	// Go is the syntax of a Go file that the go command would build (not one in testdata); nil for others and for what did not
	// parse.
	Go  *ast.File
	Err error // why a Go file did not parse
}

// Dir returns the directory of the file, "." for the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

// IsTest reports whether the file belongs to tests.
func (f *File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Violation is a place that breaks a rule.
type Violation struct {
	Path string
	Line int // from 1; 0: the file or directory as a whole
	Text string
}

// String returns "path:line: text".
func (v Violation) String() string {
	if v.Line == 0 {
		return v.Path + ": " + v.Text
	}
	return v.Path + ":" + strconv.Itoa(v.Line) + ": " + v.Text
}

// Check is one rule of the architecture.
type Check struct {
	Name  string // "floors"
	Title string // what holds, as a sentence
	Run   func(*Tree) []Violation
}

// Checks are all checks, in the order of their names' appearance in CONTRIBUTING.md: the tree as a whole, packages, files, lines.
var Checks = []Check{
	{"syntax", "every Go file parses", syntax},
	{"floors", "imports go strictly down the floors", Plan.check},
	{"names", "no package or file is named for nothing in particular", names},
	{"packagecomment", "every package has exactly one comment, which shows its form", packageComment},
	{"formats", "every format is in the list of formats", formats},
	{"rules", "every rule has a file, a test and a place in the list", rules},
	{"fuzz", "every codec has a fuzz target that asserts something", fuzz},
	{"exported", "public packages export only their own and the standard library's types", exported},
	{"registration", "nothing registers itself", registration},
	{"mainsize", "main only starts the program", mainSize},
	{"calls", "printing, exiting, sleeping and the clock stay in their places", calls},
	{"docpaths", "every path that a document names exists", docPaths},
	{"machinepaths", "no file names a place on somebody's machine", machinePaths},
}

// Load reads a tree. It fails only if a file cannot be read or .gitignore has a pattern that it does not know.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{fset: token.NewFileSet(), dirs: map[string]bool{".": true}, paths: map[string]*File{}}
	if data, err := fs.ReadFile(fsys, ".gitignore"); err == nil {
		if t.ignored, err = parseIgnore(data); err != nil {
			return nil, err
		}
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case d.IsDir() && (d.Name() == ".git" || t.match(name, true)):
			return fs.SkipDir
		case d.Name() == ".git": // a file in a worktree, with the path of its repository in it
			return nil
		case !d.Type().IsRegular() || t.match(name, false):
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		t.add(name, data)
		return nil
	})
	return t, err
}

func (t *Tree) add(name string, data []byte) {
	f := &File{Path: name, Data: data}
	if strings.HasSuffix(name, ".go") && !inTestdata(name) {
		f.Go, f.Err = parser.ParseFile(t.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
		if f.Err != nil {
			f.Go = nil
		}
	}
	t.Files = append(t.Files, f)
	t.paths[name] = f
	for dir := f.Dir(); !t.dirs[dir]; dir = path.Dir(dir) {
		t.dirs[dir] = true
	}
}

// inTestdata reports whether the go command passes the file over.
func inTestdata(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(s string) bool {
		return s == "testdata" || s == "vendor" || s[0] == '_' || s[0] == '.'
	})
}

// Exists reports whether a file or directory stands in the tree.
func (t *Tree) Exists(name string) bool { return t.dirs[name] || t.paths[name] != nil }

// at returns a violation at a place in a Go file.
func (t *Tree) at(pos token.Pos, format string, args ...any) Violation {
	p := t.fset.Position(pos)
	return Violation{p.Filename, p.Line, fmt.Sprintf(format, args...)}
}

// Package is the files of one directory that the go command builds together, tests beside them.
type Package struct {
	Dir   string
	Name  string  // of the files that are no tests; of the tests, without _test, if there are no others
	Files []*File // no tests
	Tests []*File
}

// Packages returns the packages of the tree in the order of their directories.
func (t *Tree) Packages() []*Package {
	var list []*Package
	byDir := map[string]*Package{}
	for _, f := range t.Files {
		if f.Go == nil {
			continue
		}
		p := byDir[f.Dir()]
		if p == nil {
			p = &Package{Dir: f.Dir()}
			byDir[p.Dir], list = p, append(list, p)
		}
		if f.IsTest() {
			p.Tests = append(p.Tests, f)
			if len(p.Files) == 0 {
				p.Name = strings.TrimSuffix(f.Go.Name.Name, "_test")
			}
		} else {
			p.Files = append(p.Files, f)
			p.Name = f.Go.Name.Name
		}
	}
	slices.SortFunc(list, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	return list
}

// isPackage reports whether a folder holds Go files.
func (t *Tree) isPackage(dir string) bool {
	return slices.ContainsFunc(t.Files, func(f *File) bool { return f.Go != nil && f.Dir() == dir })
}

// imports returns what a file imports, by the name under which it is used.
func imports(f *ast.File) map[string]string {
	m := map[string]string{}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		if spec.Name != nil {
			m[spec.Name.Name] = p
		} else {
			m[importName(p)] = p
		}
	}
	return m
}

// importName guesses the name of a package by its path: the last element, or the one before a major version ("…/pgx/v5").
func importName(p string) string {
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(p))
	}
	base, _, _ = strings.Cut(base, ".") // gopkg.in/yaml.v3
	return strings.TrimPrefix(base, "go-")
}

// local returns the directory of an import of this module.
func local(importPath string) (dir string, ok bool) {
	return strings.CutPrefix(importPath, Module+"/")
}

// isStandard reports whether an import is of the standard library: only there has the first element no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return first != Module && !strings.Contains(first, ".")
}

// lineOf returns the number of the line in which the byte at offset stands.
func lineOf(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte{'\n'}) }

func syntax(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.Files {
		if f.Err != nil {
			out = append(out, Violation{f.Path, 0, "does not parse: " + strings.TrimPrefix(f.Err.Error(), f.Path+":")})
		}
	}
	return out
}
