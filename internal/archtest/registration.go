package archtest

import "strconv"

// blank are the imports for their effect alone that are right, and why.
var blank = map[string]string{
	"embed":              "the compiler asks for it beside a go:embed of bytes or a string",
	"modernc.org/sqlite": "database/sql knows a driver only by what it registers",
	"time/tzdata":        "a static binary carries the zones with it",
}

// registration finds init functions and imports for their effect: formats, rules and outputs stand in explicit lists, so that their
// order is seen and a test can make a list of its own.
func registration(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.Files {
		if f.Go == nil {
			continue
		}
		for _, spec := range f.Go.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if spec.Name != nil && spec.Name.Name == "_" && blank[p] == "" {
				out = append(out, t.at(spec.Pos(), "imports %s for its effect alone", p))
			}
		}
		for _, fn := range functions(f.Go) {
			if fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, t.at(fn.Pos(), "an init function: what it does, the one who needs it should ask for"))
			}
		}
	}
	return out
}
