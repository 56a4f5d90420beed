package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// isCodec reports whether the bytes that a package reads are an attacker's.
func isCodec(dir string) bool {
	return slices.Contains([]string{"sip", "sdp", "syslog", "hep", "digest", "spalog", decodeDir}, dir) ||
		path.Dir(dir) == decodeDir && dir != allDir
}

// fuzz finds codecs without a fuzz target, and fuzz targets that assert nothing: those find only panics.
func fuzz(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Packages() {
		targets := 0
		for _, f := range p.Tests {
			for _, fn := range functions(f.Go) {
				if fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Fuzz") || fn.Type.Params.NumFields() != 1 {
					continue
				}
				targets++
				if !asserts(fn) {
					out = append(out, t.at(fn.Pos(), "%s asserts nothing: say what holds for every input", fn.Name.Name))
				}
			}
		}
		if targets == 0 && isCodec(p.Dir) && len(p.Files) > 0 {
			out = append(out, Violation{p.Dir, 0, "a codec without a fuzz target"})
		}
	}
	return out
}

// asserts reports whether the function that a fuzz target hands to f.Fuzz can fail: it calls Error or Fatal of its t, or hands t to
// another, or panics on purpose. A function that is not a literal is taken at its word.
func asserts(target *ast.FuncDecl) bool {
	found := false
	ast.Inspect(target, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Fuzz" {
			return true
		}
		lit, ok := call.Args[0].(*ast.FuncLit)
		if !ok {
			found = true
			return false
		}
		params := lit.Type.Params.List
		if len(params) == 0 || len(params[0].Names) == 0 {
			return false
		}
		name := params[0].Names[0].Name
		is := func(e ast.Expr) bool { id, ok := e.(*ast.Ident); return ok && id.Name == name }
		ast.Inspect(lit.Body, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := c.Fun.(*ast.SelectorExpr); ok && is(sel.X) {
				found = found || matches([]string{"Error*", "Fatal*", "Fail*"}, sel.Sel.Name)
			}
			found = found || slices.ContainsFunc(c.Args, is)
			return true
		})
		return false
	})
	return found
}
