package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// place is where a piece of code stands, as far as the rules on calls ask.
type place struct {
	dir     string
	test    bool
	program bool // package main
	floor   int  // -1: none
	bubble  bool // within synctest.Test, where the time is virtual
}

// callRule says where a function may be called or a variable used. names of one package; "Fatal*" is every name that begins so.
type callRule struct {
	pkg     string
	names   []string
	allowed func(place) bool
	text    string
}

var callRules = []callRule{
	{"os", []string{"Exit"}, isFace, "only a program or internal/cli may exit"},
	{"log", []string{"Fatal*", "Panic*"}, isFace, "only a program or internal/cli may exit"},
	{"fmt", []string{"Print", "Printf", "Println"},
		func(p place) bool { return isFace(p) || p.test || strings.HasPrefix(p.dir, "internal/render") },
		"standard output is data: write to the io.Writer that was handed in"},
	{"os", []string{"Stdout", "Stderr"},
		func(p place) bool { return isFace(p) || p.test || p.dir == "internal/tui" || p.dir == "internal/app" },
		"the streams of the process are the faces': write to the io.Writer that was handed in"},
	{"time", []string{"Sleep"},
		func(p place) bool { return !p.test || p.bubble },
		"a test that sleeps is slow or flaky: wait for the event, or sleep within synctest.Test"},
	{"time", []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
		func(p place) bool { return p.test || p.program || p.floor > 2 && p.floor != 3 || isSocket(p.dir) },
		"the clock comes in through the options: a log has its own time, a machine is told it"},
	{"os/exec", []string{"*"}, func(p place) bool { return p.test || p.program }, "nothing that was read may start a process"},
	{"math/rand", []string{"*"}, func(p place) bool { return p.test || p.floor > 5 }, "chance comes in through the options"},
	{"math/rand/v2", []string{"Int*", "Uint*", "N", "Float*", "Perm", "Shuffle", "NormFloat64", "ExpFloat64"},
		func(p place) bool { return p.test || p.floor > 5 }, "chance comes in through the options"},
}

// isFace reports whether the process is the code's own.
func isFace(p place) bool { return p.program || p.dir == "internal/cli" }

// isSocket reports whether the package does I/O for the machines, and so has the real clock.
func isSocket(dir string) bool {
	return slices.Contains([]string{"internal/live/transport", "internal/live/locate", "internal/live/ua", "internal/live/proxy", "internal/live/registrar"}, dir)
}

// calls finds uses of functions out of their place, and of the built-in print and println.
func calls(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.Files {
		if f.Go == nil {
			continue
		}
		at := place{dir: f.Dir(), test: f.IsTest(), program: f.Go.Name.Name == "main", floor: -1}
		if n, ok := Plan.Of(at.dir); ok {
			at.floor = n
		}
		names := imports(f.Go)
		bubbles := bubblesOf(f.Go, names)
		ast.Inspect(f.Go, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "println" || id.Name == "print") {
					out = append(out, t.at(n.Pos(), "%s is for the makers of Go", id.Name))
				}
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if !ok || names[x.Name] == "" {
					return true
				}
				here := at
				here.bubble = slices.ContainsFunc(bubbles, func(b [2]token.Pos) bool { return b[0] <= n.Pos() && n.Pos() < b[1] })
				for _, r := range callRules {
					if r.pkg == names[x.Name] && matches(r.names, n.Sel.Name) && !r.allowed(here) {
						out = append(out, t.at(n.Pos(), "%s.%s: %s", x.Name, n.Sel.Name, r.text))
					}
				}
			}
			return true
		})
	}
	return out
}

// bubblesOf returns the stretches of a file that run in virtual time: the arguments of synctest.Test.
func bubblesOf(f *ast.File, names map[string]string) [][2]token.Pos {
	var list [][2]token.Pos
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Test" {
			if x, ok := sel.X.(*ast.Ident); ok && names[x.Name] == "testing/synctest" {
				list = append(list, [2]token.Pos{call.Lparen, call.Rparen})
			}
		}
		return true
	})
	return list
}

// matches reports whether a list of names, some with a star at the end, has a name.
func matches(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		stem, star := strings.CutSuffix(s, "*")
		return s == name || star && strings.HasPrefix(name, stem)
	})
}

// functions returns the functions and methods of a file.
func functions(f *ast.File) []*ast.FuncDecl {
	var list []*ast.FuncDecl
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			list = append(list, fn)
		}
	}
	return list
}
