package archtest

import (
	"path"
	"slices"
	"strings"
)

// vague are names that say nothing about what is inside. What such a file would hold has a name in the field, or belongs to the
// thing that uses it.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "models", "manager", "managers", "misc"}

// names finds folders, packages and files that are named for nothing in particular.
func names(t *Tree) []Violation {
	var out []Violation
	seen := map[string]bool{}
	for _, f := range t.Files {
		if f.Go == nil {
			continue
		}
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.Path), ".go"), "_test")
		if slices.Contains(vague, stem) {
			out = append(out, Violation{f.Path, 0, "a file named " + stem + " holds no one concept"})
		}
		for _, name := range []string{path.Base(f.Dir()), strings.TrimSuffix(f.Go.Name.Name, "_test")} {
			if slices.Contains(vague, name) && !seen[f.Dir()] {
				seen[f.Dir()] = true
				out = append(out, Violation{f.Dir(), 0, "a package named " + name + " holds no one concept"})
			}
		}
	}
	return out
}
