package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// The folder of the formats, and the one that lists them.
const (
	decodeDir = "internal/decode"
	allDir    = "internal/decode/all"
)

// formats finds folders of internal/decode that declare no format, and formats that internal/decode/all does not list.
func formats(t *Tree) []Violation {
	var out []Violation
	listed := map[string]bool{} // "internal/decode/spa.Format"
	for _, p := range t.Packages() {
		if p.Dir != allDir {
			continue
		}
		for _, f := range p.Files {
			for name := range listedValues(f.Go, Module+"/"+decodeDir, "Format") {
				listed[name] = true
			}
		}
	}
	for _, p := range t.Packages() {
		if path.Dir(p.Dir) != decodeDir || p.Dir == allDir || len(p.Files) == 0 {
			continue
		}
		declared := 0
		for _, f := range p.Files {
			for _, v := range declaredValues(f.Go, Module+"/"+decodeDir, "Format") {
				declared++
				if name := p.Dir + "." + v.name.Name; !listed[name] {
					out = append(out, t.at(v.name.Pos(), "%s.%s is not listed in %s", p.Name, v.name.Name, allDir))
				}
			}
		}
		if declared == 0 {
			out = append(out, Violation{p.Dir, 0, "a folder in " + decodeDir + " that declares no decode.Format"})
		}
	}
	return out
}

// value is a variable of a package with the literal that it is set to.
type value struct {
	name    *ast.Ident
	literal *ast.CompositeLit
}

// declaredValues returns the variables of a file that are set to a literal of the type: var X = &pkg.Type{…}, with or without &.
func declaredValues(f *ast.File, pkg, typ string) []value {
	var list []value
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ValueSpec)
			for i, v := range spec.Values {
				if u, ok := v.(*ast.UnaryExpr); ok && u.Op == token.AND {
					v = u.X
				}
				if lit, ok := v.(*ast.CompositeLit); ok && isType(f, lit.Type, pkg, typ) && i < len(spec.Names) {
					list = append(list, value{spec.Names[i], lit})
				}
			}
		}
	}
	return list
}

// listedValues returns the elements of the slices of that type that a file declares: those of other packages as
// "folder.Name", those of its own as "Name".
func listedValues(f *ast.File, pkg, typ string) map[string]bool {
	list := map[string]bool{}
	names := imports(f)
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		ast.Inspect(g, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			slice, ok := lit.Type.(*ast.ArrayType)
			if !ok || !isType(f, slice.Elt, pkg, typ) {
				return true
			}
			for _, e := range lit.Elts {
				switch e := e.(type) {
				case *ast.Ident:
					list[e.Name] = true
				case *ast.SelectorExpr:
					if x, ok := e.X.(*ast.Ident); ok {
						dir, _ := local(names[x.Name])
						list[dir+"."+e.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	return list
}

// isType reports whether an expression names pkg.typ or a pointer to it, as the file imports pkg.
func isType(f *ast.File, e ast.Expr, pkg, typ string) bool {
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != typ {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && imports(f)[x.Name] == pkg
}

// field returns the text of a string field of a literal.
func field(lit *ast.CompositeLit, name string) string {
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := kv.Key.(*ast.Ident)
		if text, isText := kv.Value.(*ast.BasicLit); ok && isText && key.Name == name && text.Kind == token.STRING {
			return strings.Trim(text.Value, "\"`")
		}
	}
	return ""
}
