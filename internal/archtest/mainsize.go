package archtest

import (
	"bytes"
	"fmt"
	"strings"
)

// mainLines is what a program in cmd may have, in lines of all its files.
const mainLines = 50

// mainSize finds programs in cmd that do more than start.
func mainSize(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Packages() {
		if !strings.HasPrefix(p.Dir, "cmd/") {
			continue
		}
		lines := 0
		for _, f := range p.Files {
			lines += bytes.Count(f.Data, []byte{'\n'})
		}
		if lines >= mainLines {
			out = append(out, Violation{p.Dir, 0, fmt.Sprintf("%d lines; under %d is enough to start a program", lines, mainLines)})
		}
	}
	return out
}
