package archtest

import (
	"path"
	"strings"
)

// The folder of the rules, the file that lists them, the package of their type.
const (
	rulesDir    = "internal/diagnose/rules"
	rulesFile   = rulesDir + "/rules.go"
	diagnosePkg = Module + "/internal/diagnose"
)

// rules finds rules that rules.go does not list, that are not alone in a file of their code's name, or that have no test in testdata.
func rules(t *Tree) []Violation {
	var out []Violation
	listed := map[string]bool{}
	if f := t.paths[rulesFile]; f != nil && f.Go != nil {
		listed = listedValues(f.Go, diagnosePkg, "Rule")
	}
	for _, f := range t.Files {
		if f.Go == nil || f.Dir() != rulesDir || f.IsTest() {
			continue
		}
		declared := declaredValues(f.Go, diagnosePkg, "Rule")
		stem := strings.TrimSuffix(path.Base(f.Path), ".go")
		for i, v := range declared {
			name := v.name.Name
			if i > 0 {
				out = append(out, t.at(v.name.Pos(), "%s is the second rule of its file", name))
				continue
			}
			if f.Path == rulesFile {
				out = append(out, t.at(v.name.Pos(), "%s stands in the list; give it a file of its own", name))
				continue
			}
			if !listed[name] {
				out = append(out, t.at(v.name.Pos(), "%s is not listed in %s", name, rulesFile))
			}
			if code := field(v.literal, "Code"); code != strings.ReplaceAll(stem, "_", "-") {
				out = append(out, t.at(v.name.Pos(), "the code of %s is %q, and its file %s.go", name, code, stem))
			}
			if test := rulesDir + "/testdata/" + stem + ".txtar"; !t.Exists(test) {
				out = append(out, t.at(v.name.Pos(), "%s has no test: %s", name, test))
			}
		}
	}
	return out
}
