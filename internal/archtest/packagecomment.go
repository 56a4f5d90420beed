package archtest

import (
	"go/ast"
	"path"
	"strings"
)

// packageComment finds packages with no comment or two, and comments that do not open as they should: with "Package name",
// for a program "Command name" with the name of its folder, and with a drawing somewhere (an indented line): the wire layout, the table, a run.
func packageComment(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Packages() {
		var first *File
		for _, f := range append(p.Files, p.Tests...) {
			if f.Go.Doc == nil || strings.HasSuffix(f.Go.Name.Name, "_test") && len(p.Files) > 0 {
				continue
			}
			if first != nil {
				out = append(out, t.at(f.Go.Doc.Pos(), "a second package comment; the first is in %s", path.Base(first.Path)))
				continue
			}
			first = f
			text := f.Go.Doc.Text()
			want := "Package " + p.Name + " "
			if p.Name == "main" {
				want = "Command " + path.Base(p.Dir) + " "
			}
			if !strings.HasPrefix(text, want) {
				out = append(out, t.at(f.Go.Doc.Pos(), "the package comment does not begin with %q", strings.TrimSpace(want)))
			}
			if !hasDrawing(f.Go.Doc) {
				out = append(out, t.at(f.Go.Doc.Pos(), "the package comment does not show the form of the package: no indented line"))
			}
		}
		if first == nil {
			out = append(out, Violation{p.Dir, 0, "no package comment"})
		}
	}
	return out
}

// hasDrawing reports whether a comment has a line that godoc sets as it stands.
func hasDrawing(doc *ast.CommentGroup) bool {
	for line := range strings.Lines(doc.Text()) {
		if line[0] == '\t' || strings.HasPrefix(line, "  ") {
			return true
		}
	}
	return false
}
