package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// exported finds types of others in what the public packages export: whoever imports such a package would be tied to that
// library too, and could not even name a type of internal.
func exported(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Packages() {
		if p.Name == "main" || strings.HasPrefix(p.Dir+"/", "internal/") || strings.HasPrefix(p.Dir+"/", "cmd/") {
			continue
		}
		for _, f := range p.Files {
			s := surface{tree: t, names: imports(f.Go)}
			for _, d := range f.Go.Decls {
				s.declaration(d)
			}
			out = append(out, s.out...)
		}
	}
	return out
}

// surface walks over what a file exports.
type surface struct {
	tree  *Tree
	names map[string]string
	out   []Violation
}

func (s *surface) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || receiverExported(d.Recv)) {
			s.types(d.Name.Name, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					if spec.TypeParams != nil {
						s.types(spec.Name.Name, spec.TypeParams)
					}
					s.types(spec.Name.Name, spec.Type)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if !name.IsExported() || d.Tok == token.CONST && spec.Type == nil {
						continue
					}
					if spec.Type != nil {
						s.types(name.Name, spec.Type)
						continue
					}
					// The type is that of the value. Without the type checker, whatever of another library stands in it is taken to
					// be in its type; a body of a function is not.
					for _, v := range spec.Values {
						s.types(name.Name, v)
					}
				}
			}
		}
	}
}

// types reports the foreign names within a type, but not those in what it does not export.
func (s *surface) types(of string, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			return false
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if len(f.Names) == 0 || anyExported(f.Names) {
					s.types(of, f.Type)
				}
			}
			return false
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			from := s.names[x.Name]
			dir, ours := local(from)
			if from != "" && !isStandard(from) && (!ours || strings.HasPrefix(dir, "internal/")) {
				s.out = append(s.out, s.tree.at(n.Pos(), "%s exports %s.%s of %s", of, x.Name, n.Sel.Name, from))
			}
		}
		return true
	})
}

func anyExported(names []*ast.Ident) bool {
	for _, n := range names {
		if n.IsExported() {
			return true
		}
	}
	return false
}

// receiverExported reports whether a method belongs to an exported type.
func receiverExported(recv *ast.FieldList) bool {
	t := recv.List[0].Type
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}
